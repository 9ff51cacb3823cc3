"""The instructor's guide: minutes by one rule, plans that fit their slots, objectives that an exercise shows."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: make setup")
import minutes as tool  # noqa: E402

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "instructor" / "guide.md").read_text(encoding="utf-8")
LESSONS = tool.lessons()
VERBS = {
    "predict": {"predict"},
    "diagnose": {"tell"},
    "repair": {"repair"},
    "build": {"write", "build"},
    "improve": {"improve"},
}
ROW = re.compile(r"Lesson (\w+), (sections? ([\d, toand]*\d))?(?:, )?((?:\*[^*]+\*(?:, )?)*)")


def table(heading):
    """The rows of the table in a section, without its head."""
    lines = GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0].split("\n")
    rows = [[each.strip() for each in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return rows[2:]


def planned(text):
    """Return the parts of lessons that a plan names, openings included."""
    found = []
    for lesson, _, sections, exercises in ROW.findall(text):
        assert sections or exercises, text
        numbers = set()
        for first, last in re.findall(r"(\d+)(?: to (\d+))?", sections):
            numbers |= {*range(int(first), int(last or first) + 1)}
        names = set(re.findall(r"\*([^*]+)\*", exercises))
        parts = LESSONS[lesson]
        assert numbers <= {part.section for part in parts}, text
        assert names <= {part.title for part in parts if part.exercise}, text
        chosen = numbers | {0} if numbers else set()
        found += [p for p in parts if (p.title in names if p.exercise else p.section in chosen)]
    return found


def spent(parts):
    return sum(part.minutes for part in parts)


def test_the_minutes_are_those_of_the_rule():
    told = {row[0].split()[0]: int(row[2]) for row in table("What the lessons take")}
    assert told.keys() == LESSONS.keys()
    assert {name: told[name] for name, parts in LESSONS.items() if abs(told[name] - tool.total(parts)) > 5} == {}
    rule = GUIDE.split("The **minutes** are")[1].split("`python")[0]
    assert [float(found) for found in re.findall(r"\d+", rule)] == [
        tool.WORDS, tool.LAB, tool.BUG, *(tool.EXERCISE[kind] for kind in ("predict", "repair", "build", "improve"))
    ]  # fmt: skip
    assert tool.EXERCISE["predict"] == tool.EXERCISE["diagnose"]


def test_the_minutes_agree_with_what_the_lessons_state():
    apart = {}
    for path in tool.NOTEBOOKS.glob("*.ipynb"):
        text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown")
        stated = int(re.search(r"(\d+) minutes (?:of yours?|for you|of your time)", text)[1])
        name = re.match(r"# (\w+) ·", text)[1]
        if abs(stated - tool.total(LESSONS[name])) > 15:
            apart[name] = stated
    assert apart == {}


def test_a_plan_fits_its_slot():
    lab = [(int(row[0]), row[1]) for row in table("One lab of 90 minutes")]
    assert sum(slot for slot, _ in lab) <= 90
    three = table("Three labs of 90 minutes")
    begun = [k for k, row in enumerate(three) if row[0]] + [len(three)]
    assert len(begun) == 4
    for first, last in pairwise(begun):
        assert sum(int(row[1]) for row in three[first:last]) <= 90
    for slot, what in lab + [(int(row[1]), row[2]) for row in three]:
        assert spent(planned(what)) <= slot + 0.5, what
    assert sum(bool(planned(what)) for _, what in lab) == 5


def test_the_weeks_fit():
    weeks = table("Six weeks, and two more")
    assert [row[0] for row in weeks] == list("12345678")
    assert [row[1] for row in weeks] == [path.stem for path in sorted((ROOT / "instructor/lectures").glob("*.md"))]
    taught = []
    for _, _, lab, slot, rest, home in weeks:
        in_class = planned(lab)
        lessons = re.findall(r"\d+", rest)
        taught += lessons
        assert set(re.findall(r"Lesson (\d+)", lab)) == set(lessons)
        assert spent(in_class) <= int(slot) + 2 <= 92, lab
        at_home = sum(spent(LESSONS[name]) for name in lessons) - spent(in_class)
        assert abs(at_home - int(home)) <= 10, rest
    assert taught == [name for name in LESSONS if name != "A"]


def test_self_study_takes_as_long_as_it_says():
    hours = [int(found) for found in re.findall(r"about (\d+) (?:hours|more)", GUIDE.split("## Self-study")[1])]
    parts = [[spent(LESSONS[str(name)]) for name in numbers] for numbers in (range(10), range(10, 14))]
    assert hours == [round(sum(each) / 60) for each in parts]


def test_a_plan_that_is_too_long_is_found():
    parts = planned("Lesson 2, sections 1 to 3 and 10, *four detectors*; Lesson 7, *who wins*")
    assert [(part.section, part.exercise) for part in parts] == [
        (0, False), (1, False), (2, False), (3, False), (3, True), (10, False), (4, True)
    ]  # fmt: skip
    assert 20 < spent(parts) < 50
    with pytest.raises(AssertionError):
        planned("Lesson 2, *no such exercise*")
    with pytest.raises(AssertionError):
        planned("Lesson 2, sections 1 and 99")
    with pytest.raises(AssertionError):
        planned("Lesson 2, all of it")


def test_each_exercise_shows_an_objective():
    rows = table("What students can do afterwards")
    shown = Counter((lesson, name.strip("*")) for lesson, _, name in rows)
    assert shown == Counter((name, part.title) for name, parts in LESSONS.items() for part in parts if part.exercise)
    kinds = {
        (name, part.title): {kind for kind, took in tool.EXERCISE.items() if took == part.minutes}
        for name, parts in LESSONS.items()
        for part in parts
    }
    for lesson, objective, name in rows:
        allowed = set().union(*(VERBS[kind] for kind in kinds[lesson, name.strip("*")]))
        assert objective.split()[0].strip(",") in allowed, objective


def test_the_objectives_keep_what_the_lessons_promise():
    rows = table("What students can do afterwards")
    for path in tool.NOTEBOOKS.glob("*.ipynb"):
        text = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown")
        name = re.match(r"# (\w+) ·", text)[1]
        promised = " ".join(re.findall(r"\*\*You will\b.*?\n\n", text, flags=re.DOTALL))
        told = " ".join(objective for lesson, objective, _ in rows if lesson == name)
        common = set(re.findall(r"\w{5,}", promised.lower())) & set(re.findall(r"\w{5,}", told.lower()))
        assert len(common) >= 3, f"lesson {name}: {sorted(common)}"


def test_the_parts_are_those_of_the_notebooks():
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# 2 · Noise"),
            nbformat.v4.new_markdown_cell("word " * tool.WORDS + "\n\n## 1 · Find the bug"),
            nbformat.v4.new_code_cell("widgets.noise_lab(x)"),
            nbformat.v4.new_markdown_cell("### Exercise (build): a real detector\n\n" + "word " * 500),
            nbformat.v4.new_code_cell("x = 1"),
            nbformat.v4.new_markdown_cell("## References\n\n" + "word " * 500),
        ]
    )
    opening, bug, exercise = tool.parts(notebook)
    assert opening.minutes == pytest.approx(1 + 4 / tool.WORDS)
    assert bug.minutes == pytest.approx(tool.BUG + tool.LAB + tool.CELL + 6 / tool.WORDS)
    assert (exercise.title, exercise.section, exercise.minutes) == ("a real detector", 1, tool.EXERCISE["build"])
