"""Exercises of lesson 13: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest

from cdae_lessons import checks


def grey(stored, slope, intercept, centre, width):
    values = slope * stored + intercept
    return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def grey_by_ends(stored, slope, intercept, centre, width):
    low = centre - 0.5 - (width - 1) / 2
    return np.interp(slope * stored + intercept, [low, low + width - 1], [0, 1])


def linear(v, c, w):
    return (v - (c - 0.5)) / (w - 1) + 0.5


def store(stored, removed, slope, width):
    ends = np.iinfo(stored.dtype)
    return np.rint(stored - removed * (width - 1) / slope).clip(ends.min, ends.max).astype(stored.dtype)


def like(change):
    """An answer with a mistake in it, that keeps the type and its ends."""

    def answer(stored, removed, slope, width):
        ends = np.iinfo(stored.dtype)
        return change(stored.astype(float), removed, slope, width).clip(ends.min, ends.max).astype(stored.dtype)

    return answer


GREY = [
    (grey, "right."),
    (grey_by_ends, "right."),
    (lambda v, s, i, c, w: (v - v.min()) / np.ptp(v.astype(float)), "own darkest and brightest"),
    (lambda v, s, i, c, w: linear(v, c, w).clip(0, 1), "in the modality's unit"),
    (lambda v, s, i, c, w: linear(s * v + i, c, w), "beyond the window"),
    (lambda v, s, i, c, w: ((s * v + i - c) / w + 0.5).clip(0, 1), "LINEAR_EXACT"),
    (lambda v, s, i, c, w: ((s * v + i - c) / w).clip(0, 1), "medium grey"),
    (lambda v, s, i, c, w: 1 - grey(v, s, i, c, w), "negative"),
    (lambda v, s, i, c, w: linear(s * v, c, w).clip(0, 1), "the intercept is missing"),
    (lambda v, s, i, c, w: linear(v + i, c, w).clip(0, 1), "the slope is missing"),
    (lambda v, s, i, c, w: linear(s * (v + i), c, w).clip(0, 1), "not the intercept"),
    (lambda v, s, i, c, w: 255 * grey(v, s, i, c, w), "not 0 to 255"),
    (lambda v, s, i, c, w: np.zeros(v.shape), "at the lower end of the window"),
    (lambda v, s, i, c, w: grey(v, s, i, c, w)[0], "a grey value for each pixel"),
    (lambda v, s, i, c, w: (v.fill(0), grey(v, s, i, c, w))[1], "changes the pixels"),
    (lambda v, s, i, c, w: "grey", "array of real numbers"),
    (0.5, "Hand it over without calling it"),
]
TILINGS = [
    ({"A": 4, "B": 2, "C": 1, "D": 3}, "right."),
    ({"a": 4, "b": 2, "c": 1, "d": 3}, "right."),
    ({"A": 3, "B": 2, "C": 1, "D": 4}, "the blocks lie elsewhere"),
    ({"A": 4, "B": 1, "C": 2, "D": 3}, "ends in black"),
    ({"A": 4, "B": 2, "C": 2, "D": 3}, "A narrow halo"),
    ({"A": 4, "B": 2, "C": 1, "D": 4}, "no ruler"),
    ({"A": 4, "B": 2, "C": 1, "D": 5}, "in no tiling"),
    ({"A": 4, "B": 2, "C": 1}, "for each of the tilings"),
    ({"A": 4, "B": 2, "C": 1, "D": 7}, "numbers 1 to 5"),
    ("ABCD", "a dict is wanted"),
]
COST = [
    (984, "right."),
    (984.0, "right."),
    (960, "Square the whole"),
    (904, "no multiple of 8"),
    (976, "just above"),
    (480, "both sides of a tile"),
    (240, "all four sides"),
    (488, "side + 2·24"),
    (1032, "without it"),
    (512, "larger ones"),
    (2048, "smaller ones"),
    (983, "a whole number of pixels"),
    (-8, "a whole number of pixels"),
    ("large", "a single number"),
]
STORE = [
    (store, "right."),
    (lambda v, r, s, w: np.rint(v - r * (w - 1) / s).astype(np.int64).astype(v.dtype), "out below"),
    (like(lambda v, r, s, w: v - r * (w - 1) / s), "cuts the decimals off"),
    (like(lambda v, r, s, w: np.floor(v - r * (w - 1) / s)), "rounds down always"),
    (like(lambda v, r, s, w: np.rint(v + r * (w - 1) / s)), "subtract it"),
    (like(lambda v, r, s, w: np.rint(v - r * (w - 1))), "in the modality's unit"),
    (like(lambda v, r, s, w: np.rint(v - r * (w - 1) * s)), "divide"),
    (like(lambda v, r, s, w: np.rint(v - r)), "the whole window is 1"),
    (like(lambda v, r, s, w: np.rint(v - r / s)), "the whole window is 1"),
    (like(lambda v, r, s, w: np.rint(v - r * w / s)), "width - 1 steps"),
    (like(lambda v, r, s, w: 0 * v), "are others than expected"),
    (lambda v, r, s, w: np.rint(v - r * (w - 1) / s), "of type float64"),
    (lambda v, r, s, w: store(v, r, s, w)[0], "a number for each pixel"),
    (lambda v, r, s, w: np.rint(v - r * (w - 1) / s).clip(-32768, 32767).astype(v.dtype), "other ends count"),
    (lambda v, r, s, w: (v.fill(0), store(v, r, s, w))[1], "changes the pixels"),
    (lambda v, r, s, w: [1], "no array"),
    (0.5, "Hand it over without calling it"),
]

CASES = [
    (check, *case)
    for check, cases, blanks in (
        (checks.check_grey, GREY, [None, lambda *arguments: None]),
        (checks.check_four_tilings, TILINGS, [None, dict.fromkeys("ABCD")]),
        (checks.check_halo_cost, COST, [None, ...]),
        (checks.check_store, STORE, [None, lambda *arguments: None]),
    )
    for case in [*cases, *((blank, "not attempted yet.") for blank in blanks)]
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_table_of_four_tilings_tells_them_apart():
    table = checks.four_tilings()
    assert [*table.index] == ["A", "B", "C", "D"]
    far = table["% in the middle"]
    assert far["B"] == far["C"] == 0
    assert min(far["A"], far["D"]) > 90
    assert table.loc["C", "% of all differ"] > 1.5 * table.loc["B", "% of all differ"]
    assert table["greatest difference"].idxmax() == "C"
    assert table.loc["A", "mean of a tile off by"] > 10 * table.loc["D", "mean of a tile off by"]


def test_the_cost_of_a_halo_is_what_a_tile_is_larger_by():
    cost = {side: ((side + 48) / side) ** 2 for side in (976, 984)}
    assert cost[984] <= 1.1 < cost[976]
