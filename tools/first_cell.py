"""Write into every notebook the cell that installs the course, and into every lesson the links to Colab and Binder.

python tools/first_cell.py    after an address or a dependency in pyproject.toml has changed, or for a new notebook
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

KINDS = ("markdown", "code")
LINKS = r"\[Open in Colab\]\(.*?\) · \[Open in Binder\]\(.*?\)"
ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REPOSITORY = PROJECT["project"]["urls"]["Repository"]
REF = PROJECT["tool"]["cdae-lessons"]["ref"]
PLACES = PROJECT["tool"]["cdae-lessons"]["launch"]
NAME = REPOSITORY.removeprefix("https://github.com/")
# medmnist is asked for by name, alone where torch is there: what it depends on could bring another torch.
NEEDED = sorted({re.split("[<>=]", line)[0].lower() for line in PROJECT["project"]["dependencies"]} - {"medmnist"})
INSTALL = f"""\
from importlib import invalidate_caches
from importlib.util import find_spec

# Installs what is missing. Where torch and Keras are there, as on Colab and Kaggle,
# nothing that is there is changed.
if not find_spec("cdae_lessons"):
    module = {{"pillow": "PIL", "pywavelets": "pywt", "scikit-image": "skimage"}}
    needed = "{" ".join(NEEDED[:8])} "
    needed += "{" ".join(NEEDED[8:])}"
    missing = [name for name in needed.split() if not find_spec(module.get(name, name))]
    alone = "" if {{"keras", "torch"}} & {{*missing}} else "--no-deps"
    %pip install -q {{alone}} medmnist git+{REPOSITORY}{"" if REF == "main" else f"@{REF}"}
    if alone and missing:
        %pip install -q {{" ".join(missing)}}
    invalidate_caches()"""


def address(place: str, notebook: str) -> str:
    """The address that opens a lesson in one of `PLACES`."""
    owner, _, name = NAME.partition("/")
    filled = {"OWNER": owner, "NAME": name, "REF": REF, "LESSON": notebook.removesuffix(".ipynb")}
    return re.sub("|".join(filled), lambda found: filled[found[0]], PLACES[place])


def links(notebook: str) -> str:
    """The links that open a lesson elsewhere."""
    return " · ".join(f"[Open in {place}]({address(place, notebook)})" for place in ("Colab", "Binder"))


def main() -> None:
    """Rewrite these parts of the notebooks, and nothing else in them; a second run changes nothing."""
    notebooks = ROOT / "notebooks"
    for path in sorted([*notebooks.glob("*.ipynb"), *notebooks.glob("solutions/*.ipynb")]):
        before = path.read_text(encoding="utf-8")
        notebook = json.loads(before)
        opening, first = (next(cell for cell in notebook["cells"] if cell["cell_type"] == kind) for kind in KINDS)
        title = re.sub(LINKS, links(path.name), "".join(opening["source"]))
        opening["source"], first["source"] = title.splitlines(keepends=True), INSTALL.splitlines(keepends=True)
        after = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        if after != before:
            path.write_text(after, encoding="utf-8", newline="\n")
            print(f"{path.name}: written")


if __name__ == "__main__":
    main()
