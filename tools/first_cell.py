"""Write into every notebook the cell that installs the course, and into every lesson the links to Colab and Binder.

python tools/first_cell.py    after the repository's address in pyproject.toml has changed, or for a new notebook
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REPOSITORY = PROJECT["project"]["urls"]["Repository"]
REF = PROJECT["tool"]["cdae-lessons"]["ref"]
NAME = REPOSITORY.removeprefix("https://github.com/")
INSTALL = f"""\
import importlib.util
import sys

# Installs what is missing. On Colab its own Keras, torch, NumPy, ... stay as they are.
if importlib.util.find_spec("cdae_lessons") is None:
    alone = "--no-deps" if "google.colab" in sys.modules else ""
    %pip install -q {{alone}} medmnist git+{REPOSITORY}{"" if REF == "main" else f"@{REF}"}
    importlib.invalidate_caches()"""


def colab(notebook: str) -> str:
    """The address that opens a lesson in Colab."""
    return f"https://colab.research.google.com/github/{NAME}/blob/{REF}/notebooks/{notebook}"


def binder(notebook: str) -> str:
    """The address that opens a lesson in Binder."""
    return f"https://mybinder.org/v2/gh/{NAME}/{REF}?urlpath=lab/tree/notebooks/{notebook}"


def links(notebook: str) -> str:
    """The links that open a lesson elsewhere."""
    return f"[Open in Colab]({colab(notebook)}) · [Open in Binder]({binder(notebook)})"


def main() -> None:
    """Rewrite the notebooks that differ; a second run changes nothing."""
    notebooks = ROOT / "notebooks"
    for path in sorted([*notebooks.glob("*.ipynb"), *notebooks.glob("solutions/*.ipynb")]):
        notebook = nbformat.read(path, as_version=4)
        before = nbformat.writes(notebook)
        opening, first = notebook.cells[0], next(cell for cell in notebook.cells if cell.cell_type == "code")
        opening.source = re.sub(
            r"\[Open in Colab\]\(.*?\) · \[Open in Binder\]\(.*?\)", links(path.name), opening.source
        )
        first.source = INSTALL
        if nbformat.writes(notebook) != before:
            nbformat.write(notebook, path)
            print(f"{path.name}: written")


if __name__ == "__main__":
    main()
