"""The cell that installs the course, with a pip that only says what it was asked; and the links that open a lesson."""

import ast
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import first_cell
import pytest

pytest.importorskip("IPython", reason="IPython is not installed: make setup")
COURSE = f"medmnist git+{first_cell.REPOSITORY}{'' if first_cell.REF == 'main' else f'@{first_cell.REF}'}"
SHELL = """
import importlib.util
import sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.register_magic_function(lambda line: print("pip", *line.split()), magic_name="pip")
importlib.util.find_spec = lambda name: None if name in sys.argv[2:] else object()
shell.run_cell(sys.argv[1]).raise_error()
"""


def asked(folder, *missing):
    """What pip is asked for where these modules are missing."""
    command = [sys.executable, "-c", SHELL, first_cell.INSTALL, *missing]
    environment = os.environ | {"IPYTHONDIR": str(folder), "NO_COLOR": "1"}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()


def test_where_the_course_is_there_pip_is_not_asked(tmp_path):
    assert asked(tmp_path) == []


def test_beside_torch_and_keras_the_course_comes_alone(tmp_path):
    assert asked(tmp_path, "cdae_lessons", "medmnist") == [f"pip install -q --no-deps {COURSE}"]


def test_what_else_is_missing_beside_them_comes_with_what_it_needs(tmp_path):
    first, second = asked(tmp_path, "cdae_lessons", "medmnist", "pywt", "skimage", "PIL", "platformdirs")
    assert first == f"pip install -q --no-deps {COURSE}"
    assert second == "pip install -q pillow platformdirs pywavelets scikit-image"


@pytest.mark.parametrize("missing", [["keras"], ["torch"], ["keras", "torch", "scipy"]])
def test_without_torch_or_keras_all_that_the_course_needs_comes(tmp_path, missing):
    assert asked(tmp_path, "cdae_lessons", *missing) == [f"pip install -q {COURSE}"]


def test_every_name_has_a_module():
    """Else it would be missing for ever, and pip asked in vain."""
    shown = re.search(r"module = (\{.*\})", first_cell.INSTALL)[1]
    module = ast.literal_eval(shown)
    assert [name for name in first_cell.NEEDED if not find_spec(module.get(name, name))] == []


@pytest.mark.parametrize("place", first_cell.PLACES)
def test_an_address_is_filled_in(place, monkeypatch):
    monkeypatch.setattr(first_cell, "NAME", "someone/their-course")
    monkeypatch.setattr(first_cell, "REF", "v1")
    found = first_cell.address(place, "07_cnn_dae.ipynb")
    assert found.startswith("https://")
    assert "someone" in found
    assert "their-course" in found
    assert not {"OWNER", "NAME", "REF", "LESSON"} & set(found.replace("=", "/").replace("%2F", "/").split("/"))
    if place != "Codespaces":  # opens the repository as a whole
        assert "07_cnn_dae.ipynb" in found
        assert "v1" in found
