"""Make slides of lessons, in build/slides: pages that need no network, with reveal.js and MathJax beside them.

python tools/make_slides.py notebooks/*.ipynb
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from traitlets.config import Config

LINES = 22  # of code that fit on a slide
LETTERS = 1000  # of text
TEMPLATE = Path(__file__).parent / "slides.html.j2"
SCRIPTS = {  # where pip puts what the pages load: folder of the slides, package, folder in it
    "reveal.js": ("sphinx_revealjs", "_static/revealjs"),
    "mathjax": ("jupyter_server_mathjax", "static"),
}
SETTINGS = {
    "SlidesExporter": {
        "reveal_url_prefix": "reveal.js",
        "reveal_theme": "white",  # its fonts come along
        "mathjax_url": "mathjax/MathJax.js?config=TeX-AMS-MML_HTMLorMML-full,Safe",
    },
    "TagRemovePreprocessor": {"enabled": True, "remove_input_tags": {"hide-input"}},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a page a notebook."""
    parser = argparse.ArgumentParser(description="Make slides of lessons.")
    parser.add_argument("--to", type=Path, default=Path("build/slides"), help="the folder to write")
    parser.add_argument("notebooks", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    options.to.mkdir(parents=True, exist_ok=True)
    for name in SCRIPTS:
        shutil.copytree(installed(name), options.to / name, dirs_exist_ok=True)
    exporter = SlidesExporter(template_file=str(TEMPLATE), config=Config(SETTINGS))
    for path in options.notebooks:
        slides = as_slides(nbformat.read(path, as_version=4))
        page = options.to / path.with_suffix(".html").name
        page.write_text(exporter.from_notebook_node(slides, {"metadata": {"name": path.stem}})[0], encoding="utf-8")
        print(f"{page}: {sum(cell.metadata.slideshow.slide_type != 'skip' for cell in slides.cells)} slides")
    return 0


def installed(name: str) -> Path:
    """Say where pip has put what the pages load, by its name in SCRIPTS."""
    package, folder = SCRIPTS[name]
    spec = find_spec(package)
    if spec is None:
        msg = f"{package} is not installed; make slides installs it"
        raise SystemExit(msg)
    return Path(spec.origin).parent / folder


def as_slides(notebook: NotebookNode) -> NotebookNode:
    """Give each cell its place: a section goes to the right, what belongs to it downwards.

    A slide a cell. Long texts are divided; of a cell with a figure or a table, and of one with too much code for a
    slide, only the output is shown; imports are skipped.
    """
    slides = nbformat.from_dict({**notebook, "cells": []})
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for text in divided(cell.source):
                slides.cells.append(_placed(new_markdown_cell(text), "slide" if text.startswith("#") else "subslide"))
        elif cell.cell_type == "code":
            slides.cells.append(_placed(nbformat.from_dict(cell), "subslide" if _is_shown(cell) else "skip"))
            if _has_picture(cell) or cell.source.count("\n") >= LINES:
                slides.cells[-1].metadata.tags = sorted({*cell.metadata.get("tags", []), "hide-input"})
    return slides


def divided(text: str) -> list[str]:
    """Divide a text where a section begins, and between paragraphs where it is too long for a slide."""
    parts = []
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("[Open in Colab]"):
            continue
        new = not parts or paragraph.startswith("#") or len(parts[-1]) + len(paragraph) > LETTERS
        parts[len(parts) if new else -1 :] = [paragraph if new else f"{parts[-1]}\n\n{paragraph}"]
    return parts


def _has_picture(cell: NotebookNode) -> bool:
    return any({"image/png", "text/html"} & output.get("data", {}).keys() for output in cell.outputs)


def _is_shown(cell: NotebookNode) -> bool:
    if "google.colab" in cell.source or (cell.source.lstrip().startswith(("import ", "from ")) and not cell.outputs):
        return False
    return bool(cell.outputs) or cell.source.count("\n") < LINES


def _placed(cell: NotebookNode, slide_type: str) -> NotebookNode:
    cell.metadata.slideshow = {"slide_type": slide_type}
    return cell


if __name__ == "__main__":
    sys.exit(main())
