"""Make the lectures, in build/lectures: of each a page of slides and a sheet of notes, which need no other file.

python tools/make_lectures.py instructor/lectures/*.md

The source of a lecture is Markdown. Slides are parted by a line of three dashes, and what follows "Note:" is what to
say. "picture: 5#cell-28" shows the picture that the notebook of lesson 5 holds in the cell of that id. A sentence that
ends with [5#cell-27] has its figures from that cell; a test looks for them there.
"""

from __future__ import annotations

import argparse
import base64
import re
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
import make_slides
import mistune
import nbformat
from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
TEMPLATE = Path(__file__).parent / "lecture.html.j2"
SOURCE = re.compile(r" ?\[(\w+)#([\w-]+)\]")
SLIDE = re.compile(r"(?P<shown>.*?)\n+Note:\s+(?P<note>.*)", re.DOTALL)
PICTURE = re.compile(r"^picture: (\w+)#([\w-]+)$", re.MULTILINE)


@dataclass
class Slide:
    """What is shown, as Markdown; its picture, as base64, with what it shows in words; and what to say."""

    text: str
    picture: str
    alt: str
    tall: bool
    note: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Write two pages a lecture."""
    parser = argparse.ArgumentParser(description="Make the lectures.")
    parser.add_argument("--to", type=Path, default=Path("build/lectures"), help="the folder to write")
    parser.add_argument("lectures", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    reveal = make_slides.installed("reveal.js")
    options.to.mkdir(parents=True, exist_ok=True)
    template = jinja2.Template(TEMPLATE.read_text(encoding="utf-8"), trim_blocks=True, lstrip_blocks=True)
    for path in options.lectures:
        slides = read(path.read_text(encoding="utf-8"))
        title = slides[0].text.splitlines()[0].lstrip("# ")
        for sheet in (False, True):
            page = options.to / f"{path.stem}{'_notes' * sheet}.html"
            what = {"slides": slides, "title": title, "sheet": sheet, "html": html}
            page.write_text(template.render(what, asset=lambda name: asset(reveal / name)), encoding="utf-8")
        print(f"{options.to / path.stem}.html: {len(slides)} slides; {page.name}: what to say")
    return 0


def read(text: str) -> list[Slide]:
    """Divide a lecture into its slides."""
    slides = []
    for part in re.split(r"^---$", text, flags=re.MULTILINE):
        found = SLIDE.fullmatch(part.strip())
        if not found:
            msg = f"a slide has no note, a paragraph that begins with Note: {part.strip()[:60]!r}"
            raise ValueError(msg)
        shown, picture, alt, tall = found["shown"], "", "", False
        for lesson, name in PICTURE.findall(shown):
            output = picture_of(cell(lesson, name))
            picture = "".join(output.data["image/png"].split())
            alt = output.metadata["image/png"]["alt"]
            width, height = struct.unpack(">II", base64.b64decode(picture)[16:24])
            tall = height > 0.7 * width
        slides.append(Slide(PICTURE.sub("", shown).strip(), picture, alt, tall, found["note"].strip()))
    return slides


def cell(lesson: str, name: str) -> NotebookNode:
    """Return the cell of a lesson that has this id."""
    cells = {one.id: one for one in _notebook(lesson).cells}
    if name not in cells:
        msg = f"lesson {lesson} has no cell {name}"
        raise ValueError(msg)
    return cells[name]


def picture_of(found: NotebookNode) -> NotebookNode:
    """Return the output that holds the picture of a cell."""
    for output in found.get("outputs", []):
        if "image/png" in output.get("data", {}):
            return output
    msg = f"the cell {found.id} shows no picture"
    raise ValueError(msg)


def html(text: str) -> str:
    """Turn Markdown into HTML, without the sources of its figures."""
    return str(mistune.html(SOURCE.sub("", text)))


def asset(path: Path) -> str:
    """Return a script or a style that may stand inside a page."""
    return path.read_text(encoding="utf-8").replace("</script", r"<\/script")


@cache
def _notebook(lesson: str) -> NotebookNode:
    beginning = "appendix" if lesson == "A" else f"{lesson.zfill(2)}_"
    paths = [*NOTEBOOKS.glob(f"{beginning}*.ipynb")]
    if not paths:
        msg = f"there is no lesson {lesson}"
        raise ValueError(msg)
    return nbformat.read(paths[0], as_version=4)


if __name__ == "__main__":
    sys.exit(main())
