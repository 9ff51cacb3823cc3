"""Estimate how long a student needs for each part of a lesson, by one rule, from the notebooks themselves.

python tools/minutes.py

Nobody has measured it. What the rule says is compared with what the lessons say, and with the plans of the instructor's
guide, by tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
WORDS = 130  # read in a minute: slowly, for there are formulas
PICTURE = 1.0  # minutes to look at it
CELL = 0.5  # minutes to read it, run it, and read what it says
PREDICTION = 1.0
BUG = 3.0
LAB = 8.0
EXERCISE = {"predict": 6.0, "diagnose": 6.0, "repair": 8.0, "build": 10.0, "improve": 20.0}  # with its text


@dataclass
class Part:
    """A section of a lesson, or an exercise in it."""

    section: int
    title: str
    exercise: bool
    minutes: float


def lessons() -> dict[str, list[Part]]:
    """Return the parts of each lesson, by its number, and of the appendix, by its letter."""
    found = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        found[re.match(r"# (\w+) ·", notebook.cells[0].source)[1]] = parts(notebook)
    return found


def parts(notebook: NotebookNode) -> list[Part]:
    """Divide a lesson where a section or an exercise begins; what precedes the first section is section 0."""
    opening = Part(0, "opening", exercise=False, minutes=0)
    found, section, part = [opening], opening, opening
    for cell in notebook.cells:
        if cell.cell_type == "code":
            part.minutes += 0 if part.exercise else _of_code(cell)
            continue
        for block in re.split(r"^(?=##+ )", cell.source, flags=re.MULTILINE):
            heading = re.match(r"(##+) (?:(\d+) · )?(.*)", block)
            if heading:
                level, number, title = heading.groups()
                exercise = re.search(r"xercise.*?: (.*)", title)
                if title == "References":
                    return found
                if level == "##":
                    section = Part(int(number), title, exercise=False, minutes=0)
                    found.append(section)
                part = section
                if exercise:
                    kind = next(kind for kind in EXERCISE if kind in title)
                    name = re.sub(r" \(.*\)", "", exercise[1]).strip('?"')
                    part = Part(section.section, name, exercise=True, minutes=EXERCISE[kind])
                    found.append(part)
            part.minutes += 0 if part.exercise else _of_text(block)
    return found


def total(found: list[Part]) -> int:
    """Return the minutes of a lesson, to the next five."""
    return 5 * round(sum(part.minutes for part in found) / 5)


def _of_text(text: str) -> float:
    bug = BUG * bool(re.match(r"##+ .*[Ff]ind the bug", text))
    return len(text.split()) / WORDS + PREDICTION * text.count("**Predict first") + bug


def _of_code(cell: NotebookNode) -> float:
    labs = len(re.findall(r"\bwidgets\.(?!order)\w+_lab\(", cell.source))
    pictures = 0 if labs else sum("image/png" in output.get("data", {}) for output in cell.outputs)
    folded = "hide-input" in cell.metadata.get("tags", [])
    return LAB * labs + PICTURE * pictures + CELL * (not folded)


def main() -> None:
    """Print the minutes of each lesson and of its parts."""
    for name, found in lessons().items():
        print(f"lesson {name}: {total(found)} minutes")
        for part in found:
            print(f"  {part.section:2} {part.minutes:5.1f}  {'exercise: ' * part.exercise}{part.title}")


if __name__ == "__main__":
    main()
