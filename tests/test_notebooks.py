"""Committed notebooks hold what a reader on a web page needs: run in order, no error, no machine's path."""

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def cells(path, kind):
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind and "".join(cell["source"]).strip()]


def outputs(path):
    return [output for cell in cells(path, "code") for output in cell["outputs"]]


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_every_cell_was_executed_in_order(self, path):
        counts = [cell["execution_count"] for cell in cells(path, "code")]
        assert counts == list(range(1, len(counts) + 1))

    def test_no_error_and_no_warning_is_stored(self, path):
        assert not [output for output in outputs(path) if output["output_type"] == "error"]
        assert not [output for output in outputs(path) if output.get("name") == "stderr"]

    def test_no_path_of_a_machine_is_stored(self, path):
        for output in outputs(path):
            text = json.dumps({kind: data for kind, data in output.items() if kind != "data"})
            text += json.dumps({kind: data for kind, data in output.get("data", {}).items() if "image" not in kind})
            assert not re.search(r"/(home|root|Users|tmp|work)/|[A-Z]:\\\\", text)

    def test_no_widget_state_is_stored(self, path):
        assert "widgets" not in json.loads(path.read_text(encoding="utf-8"))["metadata"]

    def test_it_opens_and_closes_as_lessons_do(self, path):
        text = "\n".join("".join(cell["source"]) for cell in cells(path, "markdown"))
        for part in ("**You will**", "**You will learn**", "**You need**", "Predict first", "Where this fails"):
            assert part in text
        for part in ("**Recap.**", "## References", "doi.org", "minutes on a laptop"):
            assert part in text

    def test_every_picture_is_described(self, path):
        for cell in cells(path, "code"):
            if any("image/png" in output.get("data", {}) for output in cell["outputs"]):
                assert "caption=" in "".join(cell["source"])
