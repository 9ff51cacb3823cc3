"""Make the course's site, in build/book: README, executed lessons and the other texts as pages that need no network.

python tools/make_book.py
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import api_pages
import book_access
import book_head
import book_labs
import book_languages
import nbformat
from docutils import nodes
from first_cell import REF, REPOSITORY, ROOT
from nbformat import NotebookNode
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

CONTENTS = {  # what stands in the menu below the README
    "Lessons": ("notebooks/[0-9]*.ipynb",),
    "Appendix": ("notebooks/appendix_*.ipynb",),
    "More": ("docs/*.md", "data/README.md"),
    "For instructors": ("instructor/guide.md", "instructor/classroom.md", "instructor/failures.md"),
}
LABS = "docs/page"  # the labs in one web page, which are shown on the start page
INSTRUCTORS = "instructor"  # the students' bundle lacks this folder: links there lead to the repository
SETTINGS = api_pages.SETTINGS | {
    "project": "cdae-lessons",
    "html_title": "cdae-lessons",
    "html_baseurl": book_head.SITE,
    "html_theme": "furo",
    "extensions": ["myst_nb", "sphinx.ext.mathjax", *api_pages.SETTINGS["extensions"]],
    "nb_execution_mode": "off",  # the outputs are stored
    "myst_enable_extensions": ["dollarmath", "amsmath"],
    "myst_heading_anchors": 4,
    "myst_update_mathjax": False,  # is about later versions than the one that comes with pip
    "mathjax_path": "mathjax/MathJax.js?config=TeX-AMS-MML_HTMLorMML-full,Safe",
    "mathjax2_config": {
        "tex2jax": {"processClass": "math"},
        "messageStyle": "none",
        "fast-preview": {"disabled": True},  # has other fonts, as has the MathML that screen readers get
        "NativeMML": {"styles": {'[mathvariant="script"]': {"font-family": "inherit"}}},
        "HTML-CSS": {
            "availableFonts": [],
            "preferredFont": None,
            "webFont": "STIX-Web",  # the only one that comes along
            "imageFont": None,
            "styles": {"@font-face": {"font-family": "MathJax_Blank", "src": "local('MathJax_Blank')"}},  # asks nobody
        },
    },
    "nb_code_prompt_show": "Show the code",
    "nb_code_prompt_hide": "Hide the code",
    "html_static_path": [str(ROOT / "tools" / name) for name in ("book.css", "book.js")],
    "html_css_files": ["book.css"],
    "html_js_files": [("book.js", {"defer": "defer"})],
    "html_copy_source": False,
    "html_scaled_image_link": False,  # pictures have twice the pixels, and nothing more to show
    "html_show_copyright": False,
    "html_use_index": False,
    "templates_path": [],
}


def main() -> int:
    """Write the site; what Sphinx warns of, a link in vain among it, is an error."""
    parser = argparse.ArgumentParser(description="Make the course's site.")
    parser.add_argument("--to", type=Path, default=Path("build/book"), help="the folder to write")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)  # a smaller course, for tests
    options = parser.parse_args()
    sys.path.insert(0, str(options.root.resolve()))  # the package of this course, not one that is installed
    shutil.rmtree(options.to, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        pages = stage(options.root, Path(folder) / "en")
        failed = build(options.root, Path(folder) / "en", options.to)
        for language in book_languages.languages(options.root):
            only = [*book_languages.catalogs(options.root, language)]
            pages += stage(options.root, Path(folder) / language, only=only, language=language)
            failed |= build(options.root, Path(folder) / language, options.to / language, language=language)
    if (options.root / LABS).is_dir():
        import make_page  # not above: the package of this course, not one that is installed

        labs = book_head.with_labs_told(make_page.page(), options.root)
        (options.to / "labs.html").write_text(labs, encoding="utf-8")
    print(f"{options.to / 'index.html'}: {pages} pages")
    return failed


def stage(root: Path, to: Path, *, only: list[str] | None = None, language: str = "en") -> int:
    """Copy the pages of the course in `root`, and what they show, to a new folder for Sphinx; return how many.

    The README becomes ``index.md``, with the menu; all else keeps its place. With `only`, names without their endings,
    the start page and these are all; translations of theirs go along.
    """
    contents = all_pages(root)
    if only is not None:
        contents = {name: [page for page in of if _name(root, page) in only] for name, of in contents.items()}
        if (root / book_languages.LOCALE).is_dir():
            shutil.copytree(root / book_languages.LOCALE, to / "locale")
    pages = [root / "README.md", *(page for group in contents.values() for page in group)]
    live = book_labs.names(root / LABS, language)
    for page in pages:
        copy = to / page.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if page.suffix == ".ipynb":
            nbformat.write(book_labs.linked(described(nbformat.read(page, as_version=4)), live, language), copy)
            continue
        text = without_badges(page.read_text(encoding="utf-8"))
        copy.write_text(text, encoding="utf-8")
        for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
            if (page.parent / picture).is_file():  # else Sphinx says where it is missing
                (copy.parent / picture).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(page.parent / picture, copy.parent / picture)
    menus = [_menu(name, [page.relative_to(root) for page in group]) for name, group in contents.items() if group]
    of_package = 0
    if (root / api_pages.PACKAGE).is_dir() and only is None:
        of_package = api_pages.write(to / "reference")
        menus.insert(1 + bool(contents["Appendix"]), _menu("Package", [Path("reference/index")]))
    home = (to / "README.md").read_text(encoding="utf-8")
    if (root / LABS).is_dir():
        home = book_labs.framed(home, language)
    (to / "README.md").unlink()
    (to / "index.md").write_text("\n\n".join([home, *menus]), encoding="utf-8")
    return len(pages) + of_package


def all_pages(root: Path) -> dict[str, list[Path]]:
    """The pages of the course in `root` beside its README, by the parts of the menu."""
    return {name: [p for pattern in of for p in sorted(root.glob(pattern))] for name, of in CONTENTS.items()}


def described(notebook: NotebookNode) -> NotebookNode:
    """Hand on what a lesson's pictures say of themselves, and how wide they are: MyST-NB reads it from the cell."""
    for cell in notebook.cells:
        pictures = [output.get("metadata", {}).get("image/png", {}) for output in cell.get("outputs", [])]
        texts = [of["alt"] for of in pictures if "alt" in of]
        widths = [of["width"] for of in pictures if "width" in of]
        image = {"alt": " ".join(texts)} if texts else {}
        if widths:
            image["width"] = f"{max(widths)}px"
        if image:
            cell.metadata["mystnb"] = {"image": image}
    return notebook


def without_badges(text: str) -> str:
    """Put their text in place of pictures from elsewhere, which would need a network."""
    text = re.sub(r"^(\[!\[.+\))\n(?=\[!\[)", r"\1 ·\n", text, flags=re.MULTILINE)
    return re.sub(r"!\[([^]]*)\]\(https?://[^)]*\)", r"\1", text)


def build(root: Path, pages: Path, to: Path, *, language: str = "en") -> int:
    """Run Sphinx on what `stage` made; return 0 if it had no warning."""
    settings = SETTINGS | {"language": language}
    if language == "en":
        mathjax = Path(find_spec("jupyter_server_mathjax").origin).parent / "static"
        shutil.copytree(mathjax, to / "_static" / "mathjax")
    else:  # the formulas' fonts are there once
        settings |= book_languages.SETTINGS | {"html_baseurl": book_head.address("", language)}
        settings["mathjax_path"] = f"../../_static/{SETTINGS['mathjax_path']}"
    quiet = {"status": None, "warningiserror": True}
    with docutils_namespace():  # what extensions register there is gone afterwards
        site = Sphinx(str(pages), None, str(to), str(pages.parent / f"doctrees-{language}"), "html", settings, **quiet)
        site.connect("doctree-read", partial(_to_repository, root, language))
        book_head.connect(site, root)
        book_languages.connect(site, root, language)
        if (root / api_pages.PACKAGE).is_dir() and language == "en":
            api_pages.connect(site)
        site.build()
    book_access.mend(to)
    (to / "_sources").rmdir()
    for left in (".buildinfo", "objects.inv"):
        (to / left).unlink(missing_ok=True)
    return site.statuscode


def _to_repository(root: Path, language: str, app: object, page: object) -> None:
    """Let links to files of the course that are no pages go to the repository; the others are for Sphinx to judge.

    From a translated page, those to pages that are not translated go to the English ones.
    """
    root = root.resolve()
    english = {page for of in all_pages(root).values() for page in of} if language != "en" else set()
    folder = (root / app.env.current_document.docname).parent
    for link in [*page.findall(pending_xref)]:
        file, mark, place = link["reftarget"].partition("#")
        target = (folder / file).resolve()
        if link["refdomain"] is not None or not target.is_relative_to(root):
            continue
        path = target.relative_to(root)
        left_out = path.parts[:1] == (INSTRUCTORS,) and not (root / INSTRUCTORS).exists()
        if target in english:
            here = Path(language, app.env.current_document.docname).parent
            address = Path(os.path.relpath(path.with_suffix(".html"), here)).as_posix() + mark + place
        elif (target.exists() and not mark) or left_out:
            kind = "blob" if path.suffix or target.is_file() else "tree"
            address = f"{REPOSITORY}/{kind}/{REF}/{quote(path.as_posix())}"
        else:
            continue
        link.replace_self(nodes.reference("", "", *link[0].children, refuri=address))


def _name(root: Path, page: Path) -> str:
    return page.relative_to(root).with_suffix("").as_posix()


def _menu(name: str, pages: list[Path]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {name}", *(page.as_posix() for page in pages), "```"])


if __name__ == "__main__":
    sys.exit(main())
