"""Exercises of lesson 11: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest

from cdae_lessons import checks

RIGHT = {"A": 3, "B": 4, "C": 1, "D": 2}


def weighed(z, guess, s):
    m = np.mean((z - guess) ** 2)
    return guess + (1 - s**2 / m) * (z - guess)


def by(weight):
    """A mean with another weight, ``weight(v, s)`` of the error of the guess and of the noise."""

    def mean(z, guess, s):
        w = weight(np.mean((z - guess) ** 2) - s**2, s)
        return w * z + (1 - w) * guess

    return mean


PAIRINGS = [
    (RIGHT, "right."),
    ({"a": 3, "b": 4, "c": 1, "d": 2}, "right."),
    (RIGHT | {"A": 1, "C": 3}, "A keeps all detail"),
    (RIGHT | {"B": 2, "D": 4}, "B makes air grey"),
    (RIGHT | {"C": 2, "D": 1}, "C changes nothing"),
    (RIGHT | {"D": 4, "B": 2, "C": 1}, "B makes air grey"),
    (RIGHT | {"A": 4, "B": 3}, "A keeps all detail"),
    (RIGHT | {"A": 1}, "no number comes twice"),
    (RIGHT | {"A": 7}, "numbers 1 to 4"),
    ({"A": 3}, "for each of the denoisers"),
    (3, "a dict is wanted"),
]
PUT_BACK = [
    (weighed, "right."),
    (by(lambda v, s: v / (v + s**2)), "right."),
    (by(lambda v, s: s**2 / (v + s**2)), "are exchanged"),
    (by(lambda v, s: (v + s**2) / (v + 2 * s**2)), "What else"),
    (by(lambda v, s: 0.5), "err equally"),
    (by(lambda v, s: v**0.5 / (v**0.5 + s)), "not by standard deviations"),
    (by(lambda v, s: s / (v + s**2) ** 0.5), "not by standard deviations"),
    (lambda z, guess, s: z, "that is the scan"),
    (lambda z, guess, s: guess, "that is the guess"),
    (by(lambda v, s: s**2), "the weight is a share"),
    (by(lambda v, s: 0.9), "as a function of w"),
    (lambda z, guess, s: z.mean(), "the shape should be"),
    (lambda z, guess, s: (z.fill(0), guess)[1], "changes the images"),
    (0.5, "Hand it over without calling it"),
]
SIGMA = [
    (-1, "right."),
    (-0.99, "right."),
    (0.5, "for the true noise"),
    (0.2, "if the scans had noise of 0.4"),
    (0.25, "no half of the factor"),
    (0, "nothing keeps w above 0"),
    (1, "mind the sign"),
    (3, "grows with w"),
    (-3, "together 0.08"),
    (-4, "enters as its square"),
    (7, "the divergence of"),
    ("less", "a single number"),
]
MRI = [
    (lambda first, second: (np.abs(first), second.real), "right."),
    (lambda first, second: (abs(first), np.real(second)), "right."),
    (lambda first, second: (np.abs(first), np.abs(second)), "never 0"),
    (lambda first, second: (np.abs(first), np.abs(first)), "the very scan"),
    (lambda first, second: (np.abs(first), first.real), "which the network sees. Its noise"),
    (lambda first, second: (np.abs(first), second.imag), "noise alone"),
    (lambda first, second: (np.abs(first), np.abs(second) - 0.1 * np.sqrt(np.pi / 2)), "too dark in bright tissue"),
    (lambda first, second: (np.abs(first), np.sqrt(np.maximum(np.abs(second) ** 2 - 0.02, 0))), "mean of a root"),
    (lambda first, second: (np.abs(first), np.abs(second) ** 2 - 0.02), "x² on average"),
    (lambda first, second: (np.abs(first), np.abs(second.real)), "became positive"),
    (lambda first, second: (np.abs(first), np.maximum(second.real, 0)), "was cut off"),
    (lambda first, second: (np.abs(first), np.clip(second.real, 0, 1)), "was cut off"),
    (lambda first, second: (np.abs(first), (first.real + second.real) / 2), "half of its noise"),
    (lambda first, second: (np.abs(first), second.real + 0.1), "off by +0.1"),
    (lambda first, second: (first.real, second.real), "the scanner shows magnitudes"),
    (lambda first, second: (second.real, np.abs(first)), "are exchanged"),
    (lambda first, second: (np.abs(first), second), "no complex ones"),
    (lambda first, second: np.abs(first), "two arrays are wanted"),
    (0.5, "Hand it over without calling it"),
]

CASES = [
    (check, *case)
    for check, cases, blanks in (
        (checks.check_four_pairings, PAIRINGS, [None, dict.fromkeys("ABCD")]),
        (checks.check_put_back, PUT_BACK, [None, lambda *arguments: None]),
        (checks.check_wrong_sigma, SIGMA, [None, ...]),
        (checks.check_mri_pair, MRI, [None, lambda *arguments: None, lambda *arguments: (None, None)]),
    )
    for case in [*cases, *((blank, "not attempted yet.") for blank in blanks)]
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_table_of_four_pairings_tells_them_apart():
    table = checks.four_pairings()
    assert [*table.index] == ["A", "B", "C", "D"]
    left, detail, air = (table[column] for column in table)
    assert left["C"] == pytest.approx(1, abs=0.001)
    assert left["B"] < 0.5
    assert left["D"] < 0.5
    assert 0.5 < left["A"] < 0.9
    assert detail["D"] < 0.95 * min(detail["A"], detail["B"], detail["C"])
    assert air["B"] > 0.08
    assert air.drop("B").abs().max() < 0.03


def test_the_pixel_put_back_errs_less_than_scan_and_guess():
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, (10, 50, 50))
    z, guess = (x + each * rng.standard_normal(x.shape) for each in (0.1, 0.05))
    errors = [np.mean((each - x) ** 2) for each in (z, guess, weighed(z, guess, 0.1))]
    assert errors[2] == pytest.approx(1 / (1 / 0.1**2 + 1 / 0.05**2), rel=0.03)
    assert errors[2] < 0.9 * min(errors[:2])


def test_sure_with_a_wrong_sigma_turns_the_image_around():
    rng = np.random.default_rng(1)
    z = 0.2 * rng.standard_normal(100_000) + 0.2 * rng.standard_normal(100_000)
    w = np.linspace(-2, 2, 401)
    for sigma, best in ((0.2, 0.5), (0.4, -1)):
        sure = (w - 1) ** 2 * np.mean(z**2) + 2 * sigma**2 * w - sigma**2
        assert w[sure.argmin()] == pytest.approx(best, abs=0.03)
