"""Exercises of lesson 13: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest

from cdae_lessons import checks


def linear(v, c, w):
    return np.clip((v - (c - 0.5)) / (w - 1) + 0.5, 0, 1)


def turned(seen, file):
    return 1 - seen if file["inverted"] else seen


def of_each(change):
    """An answer that does the same to each file, by its numbers, and turns what is inverted."""

    def answer(files, centre, width):
        return np.stack(
            [turned(change(f["stored"].astype(float), f["slope"], f["intercept"], centre, width), f) for f in files]
        )

    return answer


grey = of_each(lambda v, s, i, c, w: linear(s * v + i, c, w))


def grey_by_ends(files, centre, width):
    low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    ends = [[1, 0] if f["inverted"] else [0, 1] for f in files]
    values = [f["slope"] * f["stored"] + f["intercept"] for f in files]
    return [np.interp(value, [low, high], end) for value, end in zip(values, ends, strict=True)]


def values(file):
    return file["slope"] * file["stored"] + file["intercept"]


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
    (lambda fs, c, w: [linear(values(f), c, w) for f in fs], "the least value is white"),
    (
        lambda fs, c, w: [
            linear((-1 if f["inverted"] else 1) * f["slope"] * f["stored"] + f["intercept"], c, w) for f in fs
        ],
        "Turn the grey round",
    ),
    (lambda fs, c, w: [turned(linear(values(f), *f["own_window"]), f) for f in fs], "One window is given"),
    (of_each(lambda v, s, i, c, w: (v - v.min()) / np.ptp(v)), "own darkest and brightest"),
    (lambda fs, c, w: [(f["stored"] - f["stored"].min()) / np.ptp(f["stored"] * 1.0) for f in fs], "own darkest"),
    (of_each(lambda v, s, i, c, w: linear(v, c, w)), "in the modality's unit"),
    (of_each(lambda v, s, i, c, w: (s * v + i - (c - 0.5)) / (w - 1) + 0.5), "beyond the window"),
    (of_each(lambda v, s, i, c, w: ((s * v + i - c) / w + 0.5).clip(0, 1)), "LINEAR_EXACT"),
    (of_each(lambda v, s, i, c, w: linear(s * v, c, w)), "the intercept is missing"),
    (of_each(lambda v, s, i, c, w: linear(v + i, c, w)), "the slope is missing"),
    (of_each(lambda v, s, i, c, w: linear(s * (v + i), c, w)), "not the intercept"),
    (lambda fs, c, w: 255 * grey(fs, c, w), "not 0 to 255"),
    (lambda fs, c, w: 1 - grey(fs, c, w), "the negative"),
    (lambda fs, c, w: np.zeros((3, 2, 5)), "turn round what is inverted"),
    (lambda fs, c, w: grey(fs, c, w)[0], "an image for each of the 3 files"),
    (lambda fs, c, w: "grey", "array of real numbers"),
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
