"""Every figure in the instructor's answers is computed."""

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


def test_the_questions_are_numbered_from_one():
    assert [*PARTS] == [str(number + 1) for number in range(len(PARTS))]
    assert len(re.findall(r"```python", TEXT)) >= 15
