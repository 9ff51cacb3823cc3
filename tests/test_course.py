"""`make course`: notebooks executed in place, each in a process of its own, on every system."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: make setup")
pytest.importorskip("nbclient", reason="nbclient is not installed: make setup")
pytest.importorskip("ipykernel", reason="ipykernel is not installed: make setup")
from nbformat.v4 import new_code_cell, new_notebook  # noqa: E402

TOOL = Path(__file__).parents[1] / "tools" / "course.py"
# All but the kernel lack it: an older IPython, which runs in the kernel, needs `resource` where there is no Windows.
WINDOWS = """
import os, sys
if "ipykernel_launcher" not in sys.orig_argv:
    del os.fork
    sys.modules["resource"] = None
"""


def course(folder, *, startup="", **notebooks):
    """Execute notebooks of one cell each; return the process that did it."""
    (folder / "sitecustomize.py").write_text(startup, encoding="utf-8")
    for name, code in notebooks.items():
        nbformat.write(new_notebook(cells=[new_code_cell(code)]), folder / f"{name}.ipynb")
    command = [sys.executable, str(TOOL), *(f"{name}.ipynb" for name in notebooks)]
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=1200, check=False
    )


def line(done, name):
    """Seconds, peak memory and whatever follows of one notebook."""
    return re.search(rf"^{name}.ipynb +(\d+) +(\d+|-)(.*)$", done.stdout, re.MULTILINE).groups()


def output(folder, name):
    (cell,) = nbformat.read(folder / f"{name}.ipynb", as_version=4).cells
    return "".join(part.get("text", "") for part in cell.outputs)


def test_what_is_printed_bit_by_bit_is_stored_as_one_block(tmp_path):
    done = course(tmp_path, bits="print(6, flush=True)\nprint(7, flush=True)\n6 * 7")
    assert done.returncode == 0, done.stderr
    (cell,) = nbformat.read(tmp_path / "bits.ipynb", as_version=4).cells
    assert [each.output_type for each in cell.outputs] == ["stream", "execute_result"]
    assert cell.outputs[0].text == "6\n7\n"


def test_each_notebook_has_its_own_peak_and_one_that_fails_stops_no_other(tmp_path):
    done = course(tmp_path, large="print(len(b'x' * 300 * 2**20))", bad="1 / 0", small="print(6 * 7)")
    assert done.returncode == 1, done.stderr
    assert output(tmp_path, "large") == f"{300 * 2**20}\n"
    assert output(tmp_path, "small") == "42\n"
    assert output(tmp_path, "bad") == ""
    assert line(done, "bad")[1:] == ("-", "  FAILED")
    assert "ZeroDivisionError" in done.stdout
    assert "1 failed" in done.stdout
    if sys.platform != "win32":
        assert 300 < int(line(done, "large")[1]) < 1000
        assert int(line(done, "small")[1]) < 300


@pytest.mark.skipif(sys.platform == "win32", reason="takes from other systems what Windows lacks")
def test_it_needs_nothing_that_windows_lacks(tmp_path):
    done = course(tmp_path, startup=WINDOWS, one="print(6 * 7)")
    assert done.returncode == 0, done.stderr
    assert output(tmp_path, "one") == "42\n"
    assert line(done, "one")[1:] == ("-", "")
    assert "all green" in done.stdout
