"""Every figure in the instructor's answers, and on the failure sheet, is computed."""

import re
from pathlib import Path

import pytest

QUESTIONS = Path(__file__).parents[1] / "instructor" / "questions.md"
TEXT = QUESTIONS.read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^\*\*(\d+)\.\*\* (.*?)(?=^\*\*\d|^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize(("number", "text"), PARTS.items(), ids=PARTS)
def test_a_question_has_points_and_an_answer_whose_figures_are_right(number, text):
    question, _, answer = text.partition("*Answer.*")
    assert re.match(r"\(\d\) ", question)
    assert answer.strip()
    code = "\n".join(re.findall(r"```python\n(.*?)```", answer, flags=re.DOTALL))
    assert not code or "assert " in code
    exec(compile(code, f"question {number}", "exec"), {})  # noqa: S102


def test_the_figures_of_the_failure_sheet_are_right():
    code = re.findall(
        r"```python\n(.*?)```", (QUESTIONS.parent / "failures.md").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    assert sum(block.count("assert ") for block in code) == 7
    exec(compile("\n".join(code), "failures.md", "exec"), {})  # noqa: S102


def test_the_questions_are_numbered_from_one():
    assert [*PARTS] == [str(number + 1) for number in range(len(PARTS))]
    assert len(re.findall(r"```python", TEXT)) >= 15


def test_the_kit_links_to_what_is_there():
    for page in QUESTIONS.parent.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_guide_has_the_run_times_of_the_readme():
    readme = (QUESTIONS.parents[1] / "README.md").read_text(encoding="utf-8")
    guide = (QUESTIONS.parent / "guide.md").read_text(encoding="utf-8")
    measured = re.findall(r"^\| \[(\d\d)_.*\| (\d+) \|$", readme, flags=re.MULTILINE)
    told = re.findall(r"^\| (\d+) [A-Z][^|]*\| (\d+) \|", guide, flags=re.MULTILINE)
    assert [(number.zfill(2), seconds) for number, seconds in told] == measured
    assert len(measured) == 14
