"""What Binder, conda, the weekly tests and other systems need, as far as it can be told here."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"matplotlib": "matplotlib-base"}
yaml = pytest.importorskip("yaml")


def read(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "torch"), [("environment.yml", "pytorch-cpu"), ("environment-gpu.yml", "pytorch-gpu")]
)
def test_conda_installs_what_the_package_needs(name, torch):
    listed = read(name)["dependencies"]
    requirements = [Requirement(line) for line in listed[1:] if isinstance(line, str)]
    requirements += [Requirement(line) for line in listed[-1]["pip"]]
    conda = {requirement.name.lower(): requirement.specifier for requirement in requirements}
    assert re.fullmatch(r"python=3\.\d+", listed[0])  # Binder asks for just this form
    for needed in map(Requirement, [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lab"]]):
        found = conda[torch if needed.name == "torch" else CONDA_NAMES.get(needed.name, needed.name.lower())]
        (bound,) = needed.specifier
        (conda_bound,) = found
        assert SpecifierSet(f">={bound.version}").contains(conda_bound.version), needed


def test_the_two_conda_files_differ_in_torch_alone():
    cpu, gpu = (set(map(str, read(name)["dependencies"])) for name in ("environment.yml", "environment-gpu.yml"))
    assert cpu ^ gpu == {"pytorch-cpu>=2.6", "pytorch-gpu>=2.6"}


@pytest.mark.parametrize("name", ["postBuild", "start"])
@pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="Binder's scripts are for bash")
def test_binders_scripts(name):
    file = ROOT / name
    assert os.access(file, os.X_OK)
    subprocess.run(["bash", "-n", str(file)], check=True)
    if name == "start":
        said = subprocess.run([str(file), "env"], check=True, capture_output=True, text=True).stdout
        assert "\nKERAS_BACKEND=torch\n" in f"\n{said}"


@pytest.mark.parametrize("name", ["test", "weekly"])
def test_github_tests_on_every_system(name):
    workflow = read(f".github/workflows/{name}.yml")
    (job,) = (job for job in workflow["jobs"].values() if "strategy" in job)
    matrix = job["strategy"]["matrix"]
    promised = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert matrix["python"] == (promised if name == "weekly" else [promised[0], promised[-1]])
    assert {system.partition("-")[0] for system in matrix["system"]} == {"ubuntu", "macos", "windows"}
    assert workflow["permissions"] == {"contents": "read"}
    steps = read(job["uses"])
    inputs = steps[True]["workflow_call"]["inputs"]  # YAML reads the key "on" as true
    assert {*job["with"]} <= {*inputs}
    assert {name for name, of in inputs.items() if of.get("required")} <= {*job["with"]}


def test_a_failure_of_the_weekly_tests_opens_an_issue():
    report = read(".github/workflows/weekly.yml")["jobs"]["report"]
    assert report["permissions"] == {"issues": "write"}
    assert report["if"].startswith("failure()")


def test_github_does_what_make_test_does():
    """On Linux, word by word but for the solutions, which need no other system."""
    steps = read(".github/workflows/steps.yml")["jobs"]["steps"]["steps"]
    said = " ".join(step.get("run", "") for step in steps)
    recipe = re.search(r"^test:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    for option in re.findall(r"--[\w-]+(?: [\w/.]+)?|\bmypy|\bruff \w+|\bcoverage (?!erase)\w+", recipe):
        assert option in said


@pytest.mark.parametrize("path", sorted((ROOT / "cdae_lessons").rglob("*.py")), ids=lambda path: path.name)
def test_the_package_runs_on_every_system(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"os\.(system|fork|popen)|shell=True|/dev/null|[\"']/tmp", text)
    for call in re.findall(r"(?:\.read_text|\.write_text|(?<![.\w])open)\([^\n]*", text):
        assert "encoding=" in call or re.search(r"[\"'][rwa]b[\"']", call), call


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_help_lists_every_target():
    (phony,) = re.findall(r"^\.PHONY:((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    said = subprocess.run(["make", "-s", "-C", ROOT], check=True, capture_output=True, text=True).stdout
    listed = re.findall(r"^make ([\w-]+) +\S", said, re.MULTILINE)
    assert sorted([*listed, "help"]) == sorted(phony.replace("\\", "").split())


@pytest.mark.skipif(shutil.which("make") is None or os.name == "nt", reason="needs make, and a shell")
@pytest.mark.parametrize(
    ("target", "version", "said"),
    [
        ("lab", (3, 10), "The course needs Python 3.11 or newer.*make lab PYTHON=python3.12"),
        ("test-colab", (3, 13), "This needs Python 3.11.*make test-colab PYTHON=python3.11"),
    ],
)
def test_make_names_the_python_that_it_needs(tmp_path, target, version, said):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).touch()
    python = tmp_path / "old"
    python.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec echo Python {version[0]}.{version[1]}\n'
        f'exec python3 -c "import sys; sys.version_info = {version}; exec(sys.argv[1])" "$2"\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    done = subprocess.run(["make", "-C", tmp_path, target, f"PYTHON={python}"], capture_output=True, text=True)
    assert done.returncode == 2
    assert re.search(said, done.stdout, re.DOTALL)
    assert not list(tmp_path.glob(".venv*"))
