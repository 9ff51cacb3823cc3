"""Exercises of lesson 1: the right answers, a blank, and each wrong answer with a hint of its own."""

# ruff: noqa: N803  W is a matrix in every book

import numpy as np
import pytest

from cdae_lessons import checks
from cdae_lessons.checks.autoencoders import spectrum


def s(a):
    return 1 / (1 + np.exp(-a))


def changes_its_arguments(x, W, b, b_out):
    x *= 1.5
    return s(s(x @ W + b) @ W.T + b_out)


def sorts_in_place(variances, sigma):
    variances.sort()
    return int(np.sum(variances > sigma**2))


def scales_in_place(variances, sigma):
    variances /= variances + sigma**2
    return variances


def explains(share):
    return lambda v, sigma: int(np.searchsorted(np.cumsum(v) / v.sum(), share)) + 1


BEST_CODE = [
    (lambda v, sigma: int(np.sum(v > sigma**2)), "right."),
    (lambda v, sigma: np.sum(np.sqrt(v) > sigma), "right."),
    (lambda v, sigma: int(np.argmin(v.sum() - np.r_[0, np.cumsum(v - sigma**2)])), "right."),
    (None, "not attempted yet."),
    (lambda v, sigma: None, "not attempted yet."),
    (lambda v, sigma: np.sum(v <= sigma**2), "you count the components that should go"),
    (lambda v, sigma: np.sum(v > sigma), "you compare a variance with σ"),
    (lambda v, sigma: np.sum(np.sqrt(v) > sigma**2), "you compare a standard deviation with σ²"),
    (lambda v, sigma: np.flatnonzero(v > sigma**2).max(), "one too few"),
    (lambda v, sigma: np.argmax(v < sigma**2) + 1, "one too many"),
    (lambda v, sigma: np.mean(v > sigma**2), "this is the share of the components"),
    (explains(0.9), "a fixed share of the variance"),
    (explains(0.95), "a fixed share of the variance"),
    (lambda v, sigma: len(v), "you keep them all"),
    (lambda v, sigma: np.sum(v > sigma**2 / 4096), "is a mean over pixels"),
    (lambda v, sigma: np.sum(v > 2 * sigma**2), "you drop some that bring more"),
    (lambda v, sigma: 7, "not for σ = 0.3"),
    (lambda v, sigma: v > sigma**2, "a single number is wanted"),
    (sorts_in_place, "your function changes the variances"),
]

KEEP = [
    (lambda v, sigma: v / (v + sigma**2), "right."),
    (lambda v, sigma: 1 / (1 + sigma**2 / v), "right."),
    (lambda v, sigma: np.round(v / (v + sigma**2), 3), "right."),
    (None, "not attempted yet."),
    (lambda v, sigma: None, "not attempted yet."),
    (lambda v, sigma: np.where(v > sigma**2, 1.0, 0.0), "this is the best cut"),
    (lambda v, sigma: np.ones_like(v), "you keep everything"),
    (lambda v, sigma: np.zeros_like(v), "you keep nothing"),
    (lambda v, sigma: v / (v + sigma), "you add a variance and a standard deviation"),
    (lambda v, sigma: np.sqrt(v) / (np.sqrt(v) + sigma), "you weigh standard deviations"),
    (lambda v, sigma: sigma**2 / (v + sigma**2), "it is the other way round"),
    (lambda v, sigma: v / sigma**2, "weights above 1"),
    (lambda v, sigma: 1 - sigma**2 / v, "weak components get weights below 0"),
    (lambda v, sigma: np.maximum(1 - sigma**2 / v, 0), "nearly"),
    (lambda v, sigma: v / v.sum(), "the shares of the variance"),
    (lambda v, sigma: np.full_like(v, 0.5), "the expected error is"),
    (lambda v, sigma: np.float64(0.5), "one weight for all"),
    (lambda v, sigma: 0.5, "one weight for all"),
    (lambda v, sigma: v > sigma**2, "this is the best cut"),
    (lambda v, sigma: v / (v + sigma**2 / 4096), "is a mean over pixels"),
    (scales_in_place, "your function changes the variances"),
]

SICK = [
    (["C", "A", "D", "B"], "right."),
    ("cadb", "right."),
    (None, "not attempted yet."),
    (["A", "B", "C", "D"], "look at curve 3"),
    (["A", "C", "D", "B"], "look at curve 1"),
    (["C", "B", "D", "A"], "look at the first steps of curves 2 and 4"),
    (["C", "A", "D"], "four letters are wanted"),
    (["C", "A", "D", "D"], "no letter stands twice"),
    (["C", "A", "D", "E"], "there is no mistake 'E'"),
    ([None] * 4, "not attempted yet."),
    (7, "a list of letters is wanted"),
]

RECONSTRUCT = [
    (lambda x, W, b, c: s(s(x @ W + b) @ W.T + c), "right."),
    (lambda x, W, b, c: s((W @ s(W.T @ x.T + b[:, None])).T + c), "right."),
    (lambda x, W, b, c: s(s(x @ W + b) @ W.T + c).astype(np.float32), "right."),
    (None, "not attempted yet."),
    (lambda x, W, b, c: None, "not attempted yet."),
    (lambda x, W, b, c: s(x @ W + b), "this is the code h"),
    (lambda x, W, b, c: s((x @ W + b) @ W + b), "all three mistakes are still there"),
    (lambda x, W, b, c: s(s(x @ W + b) @ W + b), "two slips are left in the decoder"),
    (lambda x, W, b, c: s(s(x @ W + b) @ W + c), "the decoder uses W as it is"),
    (lambda x, W, b, c: s(s(x @ W.T + b) @ W + c), "the transpose is in the encoder"),
    (lambda x, W, b, c: s(x @ W + b) @ W.T + c, "the decoder has no sigmoid"),
    (lambda x, W, b, c: s((x @ W + b) @ W.T + c), "the encoder has no sigmoid"),
    (lambda x, W, b, c: (x @ W + b) @ W.T + c, "no sigmoid anywhere"),
    (lambda x, W, b, c: s(s(x @ W) @ W.T + c), "the encoder's bias b is missing"),
    (lambda x, W, b, c: s(s(x @ W + b) @ W.T), "the decoder's bias b_out is missing"),
    (lambda x, W, b, c: s(s(x @ W) @ W.T), "both biases are missing"),
    (lambda x, W, b, c: s(s(x @ W + b) @ W.T + b), "the decoder adds b,"),
    (lambda x, W, b, c: np.tanh(x), "the numbers differ"),
    (lambda x, W, b, c: x[:1], "the shape should be (4, 5)"),
    (changes_its_arguments, "your function changes its arguments"),
    (lambda x: x, "Your answer stopped with TypeError"),
]


CASES = [(checks.check_best_code, *case) for case in BEST_CODE]
CASES += [(checks.check_keep_weights, *case) for case in KEEP]
CASES += [(checks.check_mistakes, *case) for case in SICK]
CASES += [(checks.check_reconstruct, *case) for case in RECONSTRUCT]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_rule_is_the_best_cut_and_the_weights_are_better():
    for case in range(3):
        v, sigma = spectrum(case)
        cuts = v.sum() - np.r_[0, np.cumsum(v - sigma**2)]
        w = v / (v + sigma**2)
        assert cuts.argmin() == np.sum(v > sigma**2)
        assert np.sum(v * (1 - w) ** 2 + sigma**2 * w**2) < 0.95 * cuts.min()


def test_the_sick_trainings_look_as_the_hints_say():
    rng = np.random.default_rng(0)
    images = (0.5 + 0.02 * rng.normal(size=(60, 12)) @ rng.normal(size=(12, 32 * 32))).reshape(60, 32, 32)
    table = checks.four_trainings(images.clip(0, 1).astype(np.float32))
    mean, floor = table.attrs["mean image"], table.attrs["PCA"]
    end = table.iloc[-1]
    assert [*table] == ["as it should be", "1", "2", "3", "4"]
    assert 0.999 * floor < end["as it should be"] < 1.1 * floor
    assert (table["1"].iloc[100:] > 0.9 * mean).all()
    assert floor < end["2"] < table["2"].iloc[0]
    assert end["3"] < 0.1 * floor
    assert table["4"].iloc[1:10].max() > 2 * mean
    assert checks.MISTAKES.keys() == {*"ABCD"}
