"""Exercises of lesson 7: right, blank, and each wrong answer with its own hint."""

import json
from pathlib import Path

import numpy as np
import pytest

from cdae_lessons import checks, models
from cdae_lessons.studies import paper

ROOT = Path(__file__).parents[1]


def who_wins(first, second):
    difference = np.asarray(first) - second
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    if abs(difference.mean()) <= 2 * error:
        return "open"
    return "first" if difference.mean() > 0 else "second"


def unpaired(first, second):
    error = np.hypot(first.std(), second.std()) / np.sqrt(len(first))
    gap = first.mean() - second.mean()
    return "open" if abs(gap) <= 2 * error else "first" if gap > 0 else "second"


def deviation_for_error(first, second):
    difference = first - second
    if abs(difference.mean()) <= 2 * difference.std():
        return "open"
    return "first" if difference.mean() > 0 else "second"


def mean_alone(first, second):
    return "first" if first.mean() > second.mean() else "second"


def large_gap(first, second):
    gap = (first - second).mean()
    return "open" if abs(gap) < 0.005 else "first" if gap > 0 else "second"


def within(errors):
    """Open within so many standard errors."""

    def answer(first, second):
        difference = first - second
        if abs(difference.mean()) <= errors * difference.std(ddof=1) / np.sqrt(len(difference)):
            return "open"
        return "first" if difference.mean() > 0 else "second"

    return answer


def exchanged(first, second):
    return {"first": "second", "second": "first", "open": "open"}[who_wins(first, second)]


CASES = [
    (checks.check_cnn_dae_weights, None, "not attempted yet."),
    (checks.check_who_wins, lambda first, second: None, "not attempted yet."),
    (checks.check_cnn_dae_weights, 28353, "right."),
    (checks.check_cnn_dae_weights, 112001, "network with 64 filters"),
    (checks.check_cnn_dae_weights, 56000, "half of the filters"),
    (checks.check_cnn_dae_weights, 28224, "has a bias, too"),
    (checks.check_cnn_dae_weights, 1569, "each PAIR of maps"),
    (checks.check_cnn_dae_weights, 37601, "five convolutions"),
    (checks.check_cnn_dae_weights, 5, "Then add the five"),
    (checks.check_cnn_dae_weights, "many", "a single number"),
    (checks.check_who_wins, who_wins, "right."),
    (checks.check_who_wins, unpaired, "image by image"),
    (checks.check_who_wins, deviation_for_error, "square root of N"),
    (checks.check_who_wins, within(3), "2.5 standard errors is more than two"),
    (checks.check_who_wins, within(1), "1.5 standard errors is less than two"),
    (checks.check_who_wins, mean_alone, "decides nothing"),
    (checks.check_who_wins, large_gap, "four images are few"),
    (checks.check_who_wins, exchanged, "higher SSIM is better"),
    (checks.check_who_wins, lambda first, second: "first", "exchanged"),
    (checks.check_who_wins, lambda first, second: True, "one of the words"),
    (checks.check_tables, {"A": 3, "B": 1, "C": 4, "D": 2}, "right."),
    (checks.check_tables, {"d": 2, "c": 4, "b": 1.0, "a": 3}, "right."),
    (checks.check_tables, None, "not attempted yet."),
    (checks.check_tables, dict.fromkeys("ABCD"), "not attempted yet."),
    (checks.check_tables, [3, 1, 4, 2], "a dict is wanted"),
    (checks.check_tables, {"A": 3, "B": 1}, "for each of the tables"),
    (checks.check_tables, {"A": 3, "B": 1, "C": 4, "D": None}, "D has None"),
    (checks.check_tables, {"A": 3, "B": 1, "C": 4, "D": 6}, "D has 6"),
    (checks.check_tables, {"A": 3, "B": 3, "C": 4, "D": 2}, "no number comes twice"),
    (checks.check_tables, {"A": 5, "B": 1, "C": 4, "D": 2}, "could only flatter"),
    (checks.check_tables, {"A": 2, "B": 1, "C": 4, "D": 3}, "and harms it"),
    (checks.check_tables, {"A": 3, "B": 4, "C": 1, "D": 2}, "In B all of them do"),
    (checks.check_tables, {"A": 3, "B": 5, "C": 4, "D": 2}, "all four have risen"),
    (checks.check_tables, {"A": 3, "B": 2, "C": 4, "D": 1}, "by the same 6 dB"),
    (checks.check_tables, {"A": 3, "B": 1, "C": 2, "D": 4}, "Is the median far ahead in C"),
    (checks.check_tables, {"A": 3, "B": 1, "C": 5, "D": 2}, "may no longer count"),
    (checks.check_tables, {"A": 3, "B": 1, "C": 4, "D": 5}, "leaves most of nine neighbours"),
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_right_number_is_counted_from_the_formula_that_fits_the_real_network():
    from cdae_lessons.checks.cnn_dae import _weights

    assert _weights(64) == models.cnn_dae(64).count_params()
    assert _weights(32) == 28353


def test_the_numbers_that_the_lesson_quotes_are_those_stored():
    """Of the long runs: a row a noise of docs/speed.md and of docs/results.csv."""
    text = "".join(
        "".join(cell["source"])
        for cell in json.loads((ROOT / "notebooks" / "07_cnn_dae.ipynb").read_text(encoding="utf-8"))["cells"]
    )
    stored = json.loads((ROOT / "docs" / "speed" / "bench.json").read_text(encoding="utf-8"))
    for level in ("p.1_sigma1", "p.5_sigma1", "p.2_sigma10"):
        paper, fast = (f"{stored[f'ssim_{level}_{recipe}_cnn_dae']:.3f}" for recipe in ("paper", "fast"))
        assert f"|{paper}|{fast}|" in text
    assert f"(3000, {stored['ssim_p.5_sigma1_paper_cnn_dae']:.3f})" in text
    assert f"(1000, {stored['ssim_p.5_sigma1_fast_cnn_dae']:.3f})" in text


def test_the_reported_numbers_of_the_lesson_are_those_of_the_package():
    text = "".join(
        "".join(cell["source"])
        for cell in json.loads((ROOT / "notebooks" / "07_cnn_dae.ipynb").read_text(encoding="utf-8"))["cells"]
    )
    for row in paper.REPORTED.values():
        names = ("noisy", "median_3x3", "nl_means", "cnn_dae")
        told = [f"{row[name]:.2f}"[1:] if name in row else "–" for name in names]
        assert f"|{'|'.join(told)}" in text
