"""The exercises' answers: right, blank, and each wrong answer with a hint of its own."""

import numpy as np
import pytest

from cdae_lessons import checks
from cdae_lessons.checks import answers


@answers.exercise("Double it")
def check_double(answer):
    if answers.call(answer, 2) != 4:
        raise answers.Hint("2 doubled is 4.")


def unfinished(_):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (lambda x: 2 * x, "Double it: right."),
        (lambda x: x, "Double it: not yet. Hint: 2 doubled is 4."),
        (None, "Double it: not attempted yet."),
        (..., "Double it: not attempted yet."),
        (lambda _: None, "Double it: not attempted yet."),
        (lambda _: ..., "Double it: not attempted yet."),
        (unfinished, "Double it: not attempted yet."),
        (4, "Double it: not yet. Hint: a function is wanted; this is of type int. Hand it over without calling it."),
        (lambda x: x / 0, "Double it: not yet. Your answer stopped with ZeroDivisionError: division by zero"),
        (lambda: 4, "Double it: not yet. Your answer stopped with TypeError"),
    ],
)
def test_a_check_prints_one_line_and_never_raises(answer, line, capsys):
    check_double(answer)
    said = capsys.readouterr().out
    assert said.startswith(line)
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [(lambda x: 2 * x, "right."), (None, "not attempted yet."), (lambda x: x, "not yet. Hint: 2 doubled is 4.")],
)
def test_a_grader_gets_the_verdict_without_the_print(answer, verdict, capsys):
    assert check_double.verdict(answer) == verdict
    assert check_double.title == "Double it"
    assert capsys.readouterr().out == ""


def test_a_blank_needs_no_argument(capsys):
    check_double()
    assert check_double.verdict() == "not attempted yet."
    assert capsys.readouterr().out == "Double it: not attempted yet.\n"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ([1], "of type list"),
        (np.zeros((2, 4, 4)), r"shape should be \(1, 4, 4\); it is \(2, 4, 4\)"),
        (np.zeros((1, 4, 4), int), "floating-point"),
        (np.full((1, 4, 4), np.nan), "finite"),
    ],
)
def test_images_are_checked_before_they_are_judged(answer, hint):
    with pytest.raises(answers.Hint, match=hint):
        answers.images(answer, (1, 4, 4))


def test_numbers():
    assert answers.number("3") == 3
    with pytest.raises(answers.Hint, match="of type list"):
        answers.number([1])
    with pytest.raises(answers.Blank):
        answers.number(None)


@pytest.mark.parametrize(
    ("guess", "measured", "line"),
    [
        (None, 0.3, "SSIM: you said no guess, measured 0.3."),
        (0, 0.3, "SSIM: you said 0, measured 0.3. Not what you said: why?"),
        (0.2, 0.3, "SSIM: you said 0.2, measured 0.3. Close."),
        ("many", 0.3, "SSIM: you said 'many', measured 0.3. A number was asked for."),
        (None, -0.0, "SSIM: you said no guess, measured 0."),
        ("Median", "median", "SSIM: you said Median, measured median. As you said."),
        ("TV", "median", "SSIM: you said TV, measured median. Not what you said: why?"),
    ],
)
def test_a_prediction_stands_beside_what_was_measured(guess, measured, line, capsys):
    checks.reveal("SSIM", guess=guess, measured=measured)
    assert capsys.readouterr().out == line + "\n"
