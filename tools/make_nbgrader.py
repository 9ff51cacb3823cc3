"""Write the exercises as nbgrader assignments, one a lesson or appendix, from the lessons and their solutions.

python tools/make_nbgrader.py                    into build/nbgrader, a whole nbgrader course folder
python tools/make_nbgrader.py 02_noise_and_scores 05_convolutional_autoencoders

An exercise is a code cell with the tag "exercise"; its solution has the same id and the tag "solution" in
notebooks/solutions.
"""

from __future__ import annotations

import argparse
import ast
import os
import subprocess
import symtable
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

CONFIG = '''\
"""nbgrader's settings for this course; make nbgrader wrote them."""

import os

os.environ["CDAE_PROGRESS_DIR"] = os.devnull  # grading leaves the grader's own progress alone
c = get_config()
c.CourseDirectory.course_id = "cdae"
# What stands before a solution is the blank itself, so nothing more is put in its place.
c.ClearSolutions.code_stub = {"python": ""}
c.ExecutePreprocessor.timeout = 600
'''


def main() -> int:
    """Write the source notebooks, and let nbgrader make the release of each."""
    parser = argparse.ArgumentParser(description="Write the exercises as nbgrader assignments.")
    parser.add_argument("--to", type=Path, default=Path("build/nbgrader"), help="the course folder to write")
    parser.add_argument("--notebooks", type=Path, default=Path("notebooks"), help="where lessons and solutions are")
    parser.add_argument("lessons", nargs="*", help="such as 02_noise_and_scores (default: all)")
    options = parser.parse_args()
    solved = {path.stem: path for path in sorted((options.notebooks / "solutions").glob("*.ipynb"))}
    if missing := [name for name in options.lessons if name not in solved]:
        parser.error(f"no solutions for {', '.join(missing)}; there are: {', '.join(solved) or 'none'}")
    options.to.mkdir(parents=True, exist_ok=True)
    (options.to / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    for name in options.lessons or solved:
        lesson = nbformat.read(options.notebooks / f"{name}.ipynb", as_version=4)
        source = assignment(lesson, nbformat.read(solved[name], as_version=4))
        folder = options.to / "source" / name
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(source, folder / f"{name}.ipynb")
        _nbgrader("generate_assignment", name, "--create", "--force", "--log-level=WARN", folder=options.to)
        exercises = sum(cell.metadata.nbgrader.grade for cell in source.cells)
        print(f"{name:36s} {exercises} exercises", flush=True)
    print(f"source/ and release/ are in {options.to}")
    return 0


def _nbgrader(*arguments: str, folder: Path) -> None:
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # nbgrader runs alembic by name
    command = [sys.executable, "-m", "nbgrader", *arguments]
    subprocess.run(command, cwd=folder, env=os.environ | {"PATH": here}, check=True)


def assignment(lesson: NotebookNode, solutions: NotebookNode) -> NotebookNode:
    """Make nbgrader's source notebook: the exercises of a lesson, left blank, a point each, and what they need.

    Of the lesson's other cells come along those that define a name that is needed further down, and the task of each
    exercise. The solution of an exercise is the cell of `solutions` with the same id; one without the other is a
    ValueError. Everything but the answers is locked.
    """
    answers = {cell.id: cell for cell in solutions.cells if "solution" in cell.metadata.get("tags", [])}
    blanks = {cell.id for cell in lesson.cells if "exercise" in cell.metadata.get("tags", [])}
    if blanks != answers.keys() or not blanks:
        msg = f"The lesson has the exercises {sorted(blanks)}, the solutions have {sorted(answers)}."
        raise ValueError(msg)
    cells, needed, task = [], set(), False  # from the last cell to the first
    for cell in reversed(lesson.cells):
        if cell.id in blanks:
            answer = answers[cell.id].source
            cells += [_test(cell), _locked(cell, _with_solution(cell.source, answer), solution=True)]
            for text in (cell.source, answer):
                defined, used = _names(text)
                needed |= used - defined
            task = True
        elif cell.cell_type == "markdown" and task:
            before, heading, section = cell.source.rpartition("\n## ")
            cells.append(_locked(cell, (heading + section).strip()))
            task = not (before or cell.source.startswith("#"))
        elif cell.cell_type == "code":
            defined, used = _names(cell.source)
            if defined & needed:
                cells.append(_locked(cell, cell.source))
                needed = needed - defined | used
    title = lesson.cells[0].source.split("\n")[0]
    text = f"{title}: exercises\n\nWrite your answers in place of the blanks. Each cell answers when you run it."
    cells.append(_locked(new_markdown_cell(id="top"), text))
    return new_notebook(cells=cells[::-1], metadata=lesson.metadata)


def _locked(cell: NotebookNode, source: str, *, solution: bool = False, grade: bool = False) -> NotebookNode:
    """A copy of a cell for nbgrader; students may change it only where it is a solution."""
    new = new_code_cell if cell.cell_type == "code" else new_markdown_cell
    copy = new(source, id=f"{cell.id}-test" if grade else cell.id)
    copy.metadata.nbgrader = {"schema_version": 3, "grade_id": copy.id, "task": False}
    copy.metadata.nbgrader |= {"grade": grade, "locked": not solution, "solution": solution}
    if grade:
        copy.metadata.nbgrader.points = 1
    return copy


def _with_solution(blank: str, answer: str) -> str:
    """The blank, then the solution between nbgrader's marks, then what both end with: the check."""
    before, after = blank.rstrip().split("\n"), answer.rstrip().split("\n")
    end = []
    while before and after and before[-1] == after[-1]:
        end.insert(0, before.pop())
        after.pop()
    return "\n".join([*before, "### BEGIN SOLUTION", *after, "### END SOLUTION", *end])


def _test(cell: NotebookNode) -> NotebookNode:
    """A locked cell, worth a point, that asks the check of an exercise for its verdict."""
    calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    checks = [call for call in calls if ast.unparse(call.func).startswith("checks.check_")]
    if len(checks) != 1:
        msg = f"The exercise {cell.id} calls {len(checks)} checks; expected one checks.check_…(answer)."
        raise ValueError(msg)
    (call,) = checks
    answer = ", ".join(map(ast.unparse, call.args))
    source = f'verdict = {ast.unparse(call.func)}.verdict({answer})\nassert verdict == "right.", verdict'
    return _locked(cell, source, grade=True)


def _names(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell defines at its top level, and those that it uses from outside its functions."""
    try:
        top = symtable.symtable(source, "cell", "exec")
    except SyntaxError:  # a line for IPython, such as %pip
        return set(), set()
    defined = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    used = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    tables = list(top.get_children())
    while tables:
        table = tables.pop()
        tables += table.get_children()
        used |= {s.get_name() for s in table.get_symbols() if s.is_global()}
    return defined, used


if __name__ == "__main__":
    sys.exit(main())
