"""Slides of a lesson: each cell in its place, and pages that need no network."""

import re
import types
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: make setup")
pytest.importorskip("nbconvert", reason="nbconvert is not installed: make setup")
import make_slides as tool  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output  # noqa: E402

LESSONS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def said(text):
    return [new_output("stream", text=text)]


def lesson():
    picture = [new_output("display_data", data={"image/png": "iVBORw0KGgo="})]
    long = "x = 1\n" * 30
    return new_notebook(
        cells=[
            new_markdown_cell("# 2 · Noise\n\n[Open in Colab](https://example.org)\n\n**You will** see noise."),
            new_code_cell("import numpy as np"),
            new_code_cell("z = x + y"),
            new_code_cell("plotting.show(z)", outputs=picture),
            new_markdown_cell("*What you see:* dots.\n\n## 3 · Dose $x$\n\nText."),
            new_code_cell(long),
            new_code_cell(long, outputs=said("done")),
        ]
    )


def test_sections_go_right_and_their_cells_down():
    notebook = lesson()
    slides = tool.as_slides(notebook)
    assert [cell.metadata.slideshow.slide_type for cell in slides.cells] == [
        "slide", "skip", "subslide", "subslide", "subslide", "slide", "skip", "subslide"
    ]  # fmt: skip
    assert [cell.source for cell in slides.cells if cell.cell_type == "markdown"] == [
        "# 2 · Noise\n\n**You will** see noise.", "*What you see:* dots.", "## 3 · Dose $x$\n\nText."
    ]  # fmt: skip
    assert notebook == lesson() | {"cells": notebook.cells}
    assert not any("slideshow" in cell.metadata for cell in notebook.cells)


def test_of_figures_and_long_code_only_the_output_is_shown():
    hidden = ["hide-input" in cell.metadata.get("tags", []) for cell in tool.as_slides(lesson()).cells]
    assert hidden == [False, False, False, True, False, False, True, True]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_slides_of_every_lesson_are_a_valid_notebook(path):
    nbformat.validate(tool.as_slides(nbformat.read(path, as_version=4)))


def test_a_long_text_is_divided_between_paragraphs():
    paragraphs = [letter * 400 for letter in "abcde"]
    assert tool.divided("\n\n".join(paragraphs)) == ["\n\n".join(paragraphs[i : i + 2]) for i in (0, 2, 4)]


def test_the_pages_load_nothing_from_a_network(tmp_path, monkeypatch):
    (tmp_path / "scripts").mkdir()
    package = types.SimpleNamespace(origin=str(tmp_path / "scripts" / "__init__.py"))
    monkeypatch.setattr(tool, "SCRIPTS", {"reveal.js": ("package", "")})
    monkeypatch.setattr(tool, "find_spec", lambda name: package)
    nbformat.write(lesson(), tmp_path / "02_noise.ipynb")
    assert tool.main(["--to", str(tmp_path / "slides"), str(tmp_path / "02_noise.ipynb")]) == 0
    page = (tmp_path / "slides" / "02_noise.html").read_text(encoding="utf-8")
    loaded = re.findall(r"<(?:script|link|img)\b[^>]*?\b(?:src|href)=[\"']([^\"']+)", page)
    assert {"reveal.js/dist/reveal.js", "reveal.js/dist/reveal.css", "mathjax/MathJax.js"} <= {
        address.partition("?")[0] for address in loaded
    }
    assert not [address for address in loaded if "//" in address]
    assert not re.search(r"import .* from ['\"]http|@import url\(http", page)
    assert "z</span> " in page
    assert "plotting" not in page


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="make slides installs it"):
        tool.main(["--to", str(tmp_path), "02_noise.ipynb"])
