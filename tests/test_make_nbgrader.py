"""The exercises as nbgrader assignments: built from the lessons, and graded by nbgrader itself."""

import builtins
import csv
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: make setup")
import make_nbgrader as tool  # noqa: E402
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook  # noqa: E402
from samples import place  # noqa: E402

from cdae_lessons import checks  # noqa: E402

ROOT = Path(__file__).parents[1]
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
TRAINING = ("06", "07", "09", "12", "13")  # lessons whose exercises take longest: networks are trained
LESSON = "04_small"


def code(name, source, *tags):
    return new_code_cell(source, id=name, metadata={"tags": list(tags)})


BLANK = "def shared(train, test):\n    return None  # your code\n\n\nchecks.check_shared_subjects(shared)"
ANSWER = "def shared(train, test):\n    return len(set(train) & set(test))\n\n\nchecks.check_shared_subjects(shared)"


def lesson():
    cells = [
        new_markdown_cell("# 4 · A lesson\n\nText of the lesson.", id="title"),
        code("pip", "%pip install something"),
        code("imports", "import numpy as np\nfrom cdae_lessons import checks"),
        code("heavy", "images = np.zeros(9)\nnetworks = [image for image in images]"),
        code("old", "def correlate(image, kernel):\n    return None"),
        code("window", "size = 3"),
        code("helper", HELPER),
        code("shadow", "total = sum(size for size in range(9))"),
        new_markdown_cell("*What you see:* something.\n\n## 7 · Exercise: the way back\n\nFlip it.", id="task"),
        code("flip", "slide_back = None  # your code\nchecks.check_slide_back(slide_back)", "exercise"),
        new_markdown_cell("## 8 · Exercise: subjects", id="heading"),
        new_markdown_cell("Count them.", id="more"),
        code("count", BLANK, "exercise"),
        new_markdown_cell("## 9 · Remember", id="end"),
        code("later", "np = None"),
    ]
    return new_notebook(cells=cells)


HELPER = """\
def correlate(image, kernel):
    assert size == 3
    k, (height, width) = len(kernel), image.shape
    out = np.zeros((height - k + 1, width - k + 1))
    for i, j in np.ndindex(out.shape):
        out[i, j] = (image[i : i + k, j : j + k] * kernel).sum()
    return out"""
FLIP = """\
def slide_back(y, kernel, stride):
    spread = np.zeros([stride * (side - 1) + 1 for side in y.shape])
    spread[::stride, ::stride] = y
    return correlate(np.pad(spread, len(kernel) - 1), kernel[::-1, ::-1])


checks.check_slide_back(slide_back)"""


def solutions():
    return new_notebook(cells=[code("flip", FLIP, "solution"), code("count", ANSWER, "solution")])


def test_an_assignment_holds_the_exercises_and_what_they_need():
    source = tool.assignment(lesson(), solutions())
    nbformat.validate(source)
    expected = "top imports window helper task flip flip-test heading more count count-test"
    assert [cell.id for cell in source.cells] == expected.split()
    by_id = {cell.id: cell for cell in source.cells}
    assert by_id["top"].source.startswith("# 4 · A lesson: exercises\n")
    assert by_id["task"].source == "## 7 · Exercise: the way back\n\nFlip it."
    assert [cell.id for cell in source.cells if not cell.metadata.nbgrader.locked] == ["flip", "count"]
    assert {cell.id: cell.metadata.nbgrader.get("points") for cell in source.cells if cell.metadata.nbgrader.grade} == {
        "flip-test": 1,
        "count-test": 1,
    }


def test_the_blank_stands_before_the_solution():
    cells = {cell.id: cell.source for cell in tool.assignment(lesson(), solutions()).cells}
    before, _, rest = cells["count"].partition("### BEGIN SOLUTION\n")
    solution, _, after = rest.partition("### END SOLUTION\n")
    assert before + after == BLANK
    assert solution + after == ANSWER


def test_the_test_asks_the_check_for_its_verdict():
    cells = {cell.id: cell.source for cell in tool.assignment(lesson(), solutions()).cells}
    right, wrong = {}, {}
    exec(cells["imports"] + "\nsize = 3\n" + HELPER + "\n" + FLIP + "\n" + cells["flip-test"], right)  # noqa: S102
    with pytest.raises(AssertionError, match="not attempted yet"):
        exec(cells["imports"] + "\nslide_back = None\n" + cells["flip-test"], wrong)  # noqa: S102


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_every_lesson_makes_an_assignment_in_which_no_name_is_missing(path):
    lesson = nbformat.read(ROOT / "notebooks" / path.name, as_version=4)
    source = tool.assignment(lesson, nbformat.read(path, as_version=4))
    known, graded = {*dir(builtins), "display"}, 0  # IPython has that one, too
    for cell in source.cells:
        if cell.cell_type == "code":
            defined, used = tool._names(cell.source)
            assert used <= known | defined, cell.id
            known |= defined
        graded += cell.metadata.nbgrader.grade
    assert graded == len(checks.EXERCISES[place(path)])


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.launch] * (path.stem[:2] in TRAINING), id=path.stem) for path in SOLUTIONS],
)
def test_each_answer_earns_its_point_and_a_blank_none(path, monkeypatch):
    monkeypatch.setenv("CDAE_PROGRESS_DIR", os.devnull)
    lesson, solved = (nbformat.read(file, as_version=4) for file in (ROOT / "notebooks" / path.name, path))
    blanks, answers = ({cell.id: cell.source for cell in notebook.cells} for notebook in (lesson, solved))
    names = {"display": lambda *_: None}
    for cell in tool.assignment(lesson, solved).cells:
        if cell.metadata.nbgrader.solution:
            exec(blanks[cell.id], names)  # noqa: S102
        elif cell.metadata.nbgrader.grade:
            with pytest.raises(AssertionError):
                exec(cell.source, names)  # noqa: S102
            exec(answers[cell.id.removesuffix("-test")], names)  # noqa: S102
            exec(cell.source, names)  # noqa: S102
        elif cell.cell_type == "code":
            exec(cell.source, names)  # noqa: S102


def test_an_exercise_without_its_solution_is_an_error():
    lacking = new_notebook(cells=solutions().cells[:1])
    with pytest.raises(ValueError, match=r"\['count', 'flip'\].*\['flip'\]"):
        tool.assignment(lesson(), lacking)


def test_an_exercise_without_a_check_is_an_error():
    blank, solved = (new_notebook(cells=[code("flip", "answer = 1", tag)]) for tag in ("exercise", "solution"))
    with pytest.raises(ValueError, match="flip calls 0 checks"):
        tool.assignment(blank, solved)


def test_an_unknown_lesson_is_named(tmp_path):
    done = run(tmp_path, sys.executable, tool.__file__, "--notebooks", tmp_path, "09_missing", check=False)
    assert done.returncode == 2
    assert "no solutions for 09_missing" in done.stderr


def run(folder, *command, check=True):
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1800)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def nbgrader(course, *command):
    return run(course, sys.executable, "-m", "nbgrader", *command).stdout


def submit(course, lesson, student, answers):
    """Put what a student hands in, the release with these answers by their cells, where nbgrader looks for it."""
    notebook = nbformat.read(course / "release" / lesson / f"{lesson}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    file = course / "submitted" / student / lesson / f"{lesson}.ipynb"
    file.parent.mkdir(parents=True)
    nbformat.write(notebook, file)


def graded(course, lesson):
    """The score and the largest one possible, by student, as nbgrader exports them."""
    nbgrader(course, "autograde", lesson)
    nbgrader(course, "export", "--to=grades.csv")
    with (course / "grades.csv").open(encoding="utf-8") as file:
        return {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}


@pytest.mark.skipif(not find_spec("nbgrader"), reason="nbgrader is not installed: pip install nbgrader")
def test_nbgrader_gives_full_marks_to_the_right_submission_only(tmp_path):
    notebooks, course = tmp_path / "notebooks", tmp_path / "course"
    (notebooks / "solutions").mkdir(parents=True)
    nbformat.write(lesson(), notebooks / f"{LESSON}.ipynb")
    nbformat.write(solutions(), notebooks / "solutions" / f"{LESSON}.ipynb")
    run(tmp_path, sys.executable, tool.__file__, "--notebooks", notebooks, "--to", course)

    release = course / "release" / LESSON / f"{LESSON}.ipynb"
    assert "SOLUTION" not in release.read_text(encoding="utf-8")
    assert "np.pad" not in release.read_text(encoding="utf-8")

    submit(course, LESSON, "right", {"flip": FLIP, "count": ANSWER})
    submit(course, LESSON, "half", {"flip": FLIP.replace("[::-1, ::-1]", ""), "count": ANSWER})
    submit(course, LESSON, "cheat", {"flip-test": "pass", "count-test": "pass"})
    assert graded(course, LESSON) == {"right": (2, 2), "half": (1, 2), "cheat": (0, 2)}


@pytest.mark.launch
@pytest.mark.skipif(not find_spec("nbgrader"), reason="nbgrader is not installed: pip install nbgrader")
@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_each_lesson_is_graded_right_half_right_and_empty(path, tmp_path):
    run(ROOT, sys.executable, tool.__file__, "--to", tmp_path, path.stem)
    answers = {
        c.id: c.source for c in nbformat.read(path, as_version=4).cells if "solution" in c.metadata.get("tags", [])
    }
    half = dict([*answers.items()][: len(answers) // 2])
    for student, given in {"right": answers, "half": half, "empty": {}}.items():
        submit(tmp_path, path.stem, student, given)
    worth = len(checks.EXERCISES[place(path)])
    assert graded(tmp_path, path.stem) == {"right": (worth, worth), "half": (worth // 2, worth), "empty": (0, worth)}
