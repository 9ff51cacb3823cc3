"""Exercises of lesson 7: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest

from cdae_lessons import checks, models


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
