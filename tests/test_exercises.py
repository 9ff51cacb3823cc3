"""Every exercise: a blank in the lesson, a solution beside it, named wrong answers with hints, and no lucky mutants.

The wrong answers are the ``CASES`` of the files test_checks_*.py.
"""

# ruff: noqa: T201  the count is for reading: pytest -rP

import ast
import copy
import json
import re
import runpy
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from samples import place

from cdae_lessons import checks

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHECKS = [check for lesson in checks.EXERCISES.values() for check in lesson]
TRAINED = {
    "check_beat_bm3d",
    "check_break_even",
    "check_both",
}  # solved with a network: too slow to repeat, the notebook's run says it


def solutions(lesson):
    return lesson.parent / "solutions" / lesson.name


@cache
def cells(path, tag):
    """The code cells with a tag, by id."""
    found = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    return {cell["id"]: cell for cell in found if tag in cell["metadata"].get("tags", [])}


def printed(cell):
    return "".join("".join(output.get("text", "")) for output in cell["outputs"])


def name_of(check):
    return check.__name__


# ---- what the contract in CONTRIBUTING.md says


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
class TestLesson:
    def test_it_has_two_to_four_exercises_in_the_order_of_the_course(self, lesson):
        called = [
            name
            for cell in cells(lesson, "exercise").values()
            for name in re.findall(r"^checks\.(check_\w+)\(\w+\)$", "".join(cell["source"]), flags=re.MULTILINE)
        ]
        assert called == [check.__name__ for check in checks.EXERCISES[place(lesson)]]
        assert 2 <= len(called) <= 4

    def test_every_exercise_is_left_blank_and_says_so(self, lesson):
        for cell in cells(lesson, "exercise").values():
            assert printed(cell).endswith(": not attempted yet.\n")

    def test_exercises_and_solutions_pair_up_by_their_ids(self, lesson):
        assert [*cells(lesson, "exercise")] == [*cells(solutions(lesson), "solution")]

    def test_every_solution_is_right_and_reasoned(self, lesson):
        notebook = json.loads(solutions(lesson).read_text(encoding="utf-8"))["cells"]
        for before, cell in pairwise(notebook):
            if cell["id"] in cells(lesson, "exercise"):
                assert "**Task.**" in "".join(before["source"])
                assert "**Reasoning.**" in "".join(before["source"])
                assert printed(cell).endswith(": right.\n")
                ends = ["".join(c["source"]).rsplit("\n", 1)[-1] for c in (cell, cells(lesson, "exercise")[cell["id"]])]
                assert ends[0] == ends[1]  # the same call of the same check

    def test_the_solutions_ran_from_top_to_bottom(self, lesson):
        notebook = json.loads(solutions(lesson).read_text(encoding="utf-8"))
        counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert counts == [*range(1, len(counts) + 1)]
        first = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
        assert "".join(first["source"]) == runpy.run_path(str(ROOT / "tools" / "first_cell.py"))["INSTALL"]
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
        assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]
        assert "widgets" not in notebook["metadata"]


def test_a_lab_for_ordering_stands_below_the_same_steps_as_a_table():
    labs = []
    for lesson in LESSONS:
        notebook = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
        for before, cell in pairwise(notebook):
            if found := re.search(r"order_lab\(checks\.(\w+), ", "".join(cell["source"])):
                labs.append(lesson.stem)
                rows = re.findall(r"^\| ([A-Z]) \| (.+) \|$", "".join(before["source"]), flags=re.MULTILINE)
                steps = getattr(checks, found.group(1))
                assert [(letter, step.replace("`", "")) for letter, step in rows] == [*steps.items()]
    assert labs


# ---- right, blank, and wrong answers with hints of their own


@cache
def cases():
    """Every (check, answer, what it says) of the files test_checks_*.py."""
    files = sorted((ROOT / "tests").glob("test_checks_*.py"))
    return [case for file in files for case in runpy.run_path(str(file)).get("CASES", [])]


def of(check):
    """Right answers, blanks, and what the wrong ones are told; `runpy` makes functions anew, so by name."""
    mine = [(answer, said) for case, answer, said in cases() if case.__name__ == check.__name__]
    right, blank = ([answer for answer, said in mine if said == line] for line in ("right.", "not attempted yet."))
    return right, blank, [said for _, said in mine if said not in ("right.", "not attempted yet.")]


@pytest.mark.parametrize("check", CHECKS, ids=name_of)
def test_there_is_a_right_answer_a_blank_and_three_wrong_ones_with_hints_of_their_own(check):
    right, blank, wrong = of(check)
    assert right
    assert blank
    assert len(set(wrong)) >= 3


def test_the_count(record_property):
    rows = [(lesson, check, *of(check)) for lesson, checks_of in checks.EXERCISES.items() for check in checks_of]
    print("\nlesson  exercise                    right  blank  wrong  hints")
    for lesson, check, right, blank, wrong in rows:
        print(f"{lesson!s:>6s}  {check.title:26s}{len(right):7d}{len(blank):7d}{len(wrong):7d}{len(set(wrong)):7d}")
    right, blank, wrong = (sum(map(len, column)) for column in list(zip(*rows, strict=True))[2:])
    hints = sum(len(set(row[-1])) for row in rows)
    told = f"{right} right answers, {blank} blanks, {wrong} wrong answers with {hints} hints"
    record_property("summary", f"{len(rows)} exercises: {told} (pytest -rP tests/test_exercises.py: of each)")
    assert len(rows) >= 24
    assert hints >= 300


# ---- mutants of the solutions


def code(check):
    """The imports of a solutions notebook, the solution itself, and the name of its answer."""
    lesson = next(path for path in LESSONS if check in checks.EXERCISES[place(path)])
    notebook = json.loads(solutions(lesson).read_text(encoding="utf-8"))["cells"]
    imports = "".join(next(cell for cell in notebook if cell["id"] == "imports")["source"])
    sources = ("".join(cell["source"]) for cell in cells(solutions(lesson), "solution").values())
    source = next(source for source in sources if f"checks.{check.__name__}(" in source)
    body, _, call = source.rpartition("\n")
    return imports, body, re.search(r"\((\w+)\)", call).group(1)


SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Div,
    ast.USub: ast.UAdd, ast.MatMult: ast.Mult, ast.BitAnd: ast.BitOr, ast.Gt: ast.Lt, ast.GtE: ast.Lt, ast.LtE: ast.Gt,
}  # fmt: skip


def changes(node):
    """What a slip of the pen could make of a node of the syntax tree."""
    for field in ("op", "ops"):
        operator = getattr(node, field, None)
        operator = operator[0] if isinstance(operator, list) else operator
        if type(operator) in SWAPS:
            swapped = SWAPS[type(operator)]()
            yield {field: [swapped] if field == "ops" else swapped}
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield {"value": node.value + 1}
        yield {"value": -node.value or 2}
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield {"value": not node.value}
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name):
        yield {"slice": ast.Slice()}
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mean", "sum", "max", "std", "argmax"):
        yield {
            "attr": {"T": "real", "mean": "sum", "sum": "mean", "max": "min", "std": "var", "argmax": "argmin"}[
                node.attr
            ]
        }
    if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) > 1 and isinstance(node.ctx, ast.Load):
        yield {"elts": node.elts[:-1]}
        for i in range(len(node.elts) - 1):
            yield {"elts": [*node.elts[:i], node.elts[i + 1], node.elts[i], *node.elts[i + 2 :]]}
    if isinstance(node, ast.Call) and len(node.args) > 1:
        yield {"args": node.args[::-1]}


def mutants(source):
    """Each program with one change in it, as source code."""
    tree = ast.parse(source)
    for i, node in enumerate(ast.walk(tree)):
        for change in changes(node):
            mutant = copy.deepcopy(tree)
            changed = list(ast.walk(mutant))[i]
            for field, value in change.items():
                setattr(changed, field, value)
            yield ast.unparse(ast.fix_missing_locations(mutant))


def verdict(check, imports, source, answer):
    namespace = {}
    try:
        with np.errstate(all="ignore"):
            exec(compile(f"{imports}\n{source}", "<solution>", "exec"), namespace)  # noqa: S102 our own code
            return check.verdict(namespace[answer])
    except Exception as error:  # noqa: BLE001 a mutant may be no program at all
        return f"{type(error).__name__} before the check"


EQUIVALENT = {  # as right as the solution
    # the noise is as likely with the other sign
    "check_paper_noise": {"return images - p * rng.normal(0, 1, images.shape)"},
    "check_noise_pairs": {"noisy = np.clip(clean - level * rng.standard_normal(clean.shape), 0, 1)"},
    "check_pairs": {"return (clean - strength * rng.standard_normal(clean.shape), clean)"},
    "check_detector_noise": {"noisy = counts / peak - rng.normal(0, sigma, images.shape)"},
    # the same axes in the other order
    "check_counting_average": {"logarithm = (counts * np.log(rate) - rate).sum(axis=(2, 1))"},
    "check_grey_noise": {"noisy = images - rng.normal(0, 0.2, images.shape)"},
    # the larger of two numbers, in either order; lists that are equally long anyway
    "check_conv_layer": {
        "return np.maximum(0, np.stack(sums) + biases[:, None, None])",
        "sums = [sum((correlate2d(x, w, mode='valid') for x, w in zip(maps, filters, strict=False))) "
        "for filters in kernels]",
    },
    # one step may come at several places
    "check_experiment_order": {"answer = ['E', 'D', 'G', 'A', 'B']"},
    # any share of the steps will do, if together they are the total
    "check_equal_steps": {"each = total // (3 * blocks)", "each = total // (2 + blocks)"},
    # the same axes in the other order; the last axis of two
    "check_draw_samples": {"distance2 = ((z - images) ** 2).sum(axis=(2, 1))"},
    "check_promise_for_each": {"needed = np.sort(np.quantile(np.abs(errors) / spread, share, axis=-1))"},
    # all pairs come, in either order
    "check_even_kernel": {"group = repaired[b::stride, a::stride]"},
    # of 100 values, one more or less does not matter; a sum has the sign of the mean
    "check_who_wins": {
        "error = difference.std(ddof=2) / np.sqrt(len(difference))",
        "error = difference.std(ddof=-1) / np.sqrt(len(difference))",
        "return 'first' if difference.sum() > 0 else 'second'",
    },
    # nobody needs so many seeds; of fewer than two Student's factor is no number
    "check_seeds_needed": {"count = np.arange(2, 1001)", "count = np.arange(-2, 1000)"},
    # any negative number stands for the length that fits
    "check_observer": {"changes = (noisy - healthy).reshape(len(noisy), -2)"},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("check", [check for check in CHECKS if check.__name__ not in TRAINED], ids=name_of)
def test_mutants_of_the_solution_are_caught(check):
    imports, source, answer = code(check)
    assert verdict(check, imports, source, answer) == "right."
    reference = ast.unparse(ast.parse(source)).split("\n")
    tried = [*mutants(source)]
    survivors = [mutant for mutant in tried if verdict(check, imports, mutant, answer) == "right."]
    print(f"{check.title}: {len(tried) - len(survivors)} of {len(tried)} mutants are caught")
    changed = {line.strip() for mutant in survivors for line in mutant.split("\n") if line not in reference}
    assert changed == EQUIVALENT.get(check.__name__, set())
    assert tried
