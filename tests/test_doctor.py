"""What the doctor finds, and what it says."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from cdae_lessons import doctor
from cdae_lessons.__main__ import main


def installed(monkeypatch, requires, versions):
    """Let the package require `requires`, and `versions` be installed."""

    def version(name):
        if name not in versions:
            raise doctor.metadata.PackageNotFoundError
        return versions[name]

    changed = {"version": version, "requires": lambda _: requires}
    monkeypatch.setattr(doctor, "metadata", SimpleNamespace(**vars(doctor.metadata) | changed))


def test_the_doctor_is_content_here(capsys):
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "Everything needed is here." in said
    assert "brain" in said
    assert "backend" in said


def test_the_doctor_names_what_is_missing_and_the_remedy(monkeypatch, capsys):
    real = doctor.metadata.version

    def version(name):
        if name == "medmnist":
            raise doctor.metadata.PackageNotFoundError
        return "2.0" if name == "keras" else real(name)

    monkeypatch.setattr(doctor, "metadata", SimpleNamespace(**vars(doctor.metadata) | {"version": version}))
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "PROBLEM: medmnist is not installed. Run: pip install 'medmnist>=3.0'" in said
    assert "PROBLEM: keras is 2.0; keras>=3.8 is needed. Run: pip install -U 'keras>=3.8'" in said


def test_the_doctor_survives_a_broken_backend():
    done = subprocess.run(
        [sys.executable, "-m", "cdae_lessons", "doctor"],
        env=os.environ | {"KERAS_BACKEND": "pytorch"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert "PROBLEM: KERAS_BACKEND is 'pytorch'" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("have", ["2.10.0", "2.6", "2.11.0+cu128", "2.7.0.dev20260101", "2.6.0.post1"])
def test_versions_that_will_do(have, monkeypatch):
    installed(monkeypatch, ["torch>=2.6"], {"torch": have})
    assert doctor.problems() == []


@pytest.mark.parametrize("have", ["2.5.9", "1.99", "2.6.0rc1", "2.6.0.dev20250101", "0.9+cu128"])
def test_versions_that_are_too_old(have, monkeypatch):
    installed(monkeypatch, ["torch>=2.6"], {"torch": have})
    assert doctor.problems() == [f"torch is {have}; torch>=2.6 is needed. Run: pip install -U 'torch>=2.6'"]


def test_extras_and_what_other_systems_need_are_not_asked_for(monkeypatch):
    requires = [
        "pydicom>=3.0; extra == 'medical'",
        "pywinpty>=2; sys_platform == 'none such'",
        "tomli>=2; python_version < '3' or extra == 'x'",
        "here>=1; python_version >= '3'",
    ]
    installed(monkeypatch, requires, {})
    assert doctor.problems() == ["here is not installed. Run: pip install 'here>=1'"]


def test_a_newest_version_may_be_named_too(monkeypatch):
    installed(monkeypatch, ["numpy<3,>=1.26"], {"numpy": "3.1"})
    assert doctor.problems() == ["numpy is 3.1; numpy<3,>=1.26 is needed. Run: pip install -U 'numpy<3,>=1.26'"]
