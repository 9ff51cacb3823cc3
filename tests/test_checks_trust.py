"""Exercises of lesson 9: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest
from scipy import ndimage

from cdae_lessons import checks, lesions


def matched(noisy, healthy, lesion):
    return ((noisy - healthy) * lesion).sum(axis=(1, 2))


def likelihood_ratio(noisy, healthy, lesion):
    without, within = (((noisy - each) ** 2).sum(axis=(1, 2)) for each in (healthy, healthy + lesion))
    return without - within


def by_loop(noisy, healthy, lesion):
    return [float(((z - h) * lesion).mean()) for z, h in zip(noisy, healthy, strict=True)]


def error(denoise, first, second, s):
    return np.mean((denoise(first) - second) ** 2) - s**2


def both_ways(denoise, first, second, s):
    return (error(denoise, first, second, s) + error(denoise, second, first, s)) / 2


def noise_measured(denoise, first, second, s):
    return np.mean((denoise(first) - second) ** 2) - np.mean((first - second) ** 2) / 2


FOUR = [
    (["D", "B", "A", "C"], "right."),
    ("d, b, a, c", "right."),
    (["B", "D", "A", "C"], "What never changes"),
    (["D", "A", "B", "C"], "Two scans of one person"),
    (["D", "B", "C", "A"], "A wide average"),
    (["D", "B", "A"], "four letters are wanted"),
    (["D", "B", "A", "E"], "there is no step 'E'"),
    (["D", "D", "A", "C"], "no step is done twice"),
    (3, "a list of letters"),
]
RARE = [
    (0.437, "right."),
    (0.43, "right."),
    (0.099, "All pixels of the lesion"),
    (0.618, "mind the 2"),
    (0.144, "take a root"),
    (3.03, "The level s itself"),
    (0.663, "base 10"),
    (0.632, "one in ten"),
    (0.3, "more than half"),
    (1.0, "less than half"),
    (-1, "above 0"),
    ("small", "a single number"),
]
OBSERVER = [
    (matched, "right."),
    (likelihood_ratio, "right."),
    (by_loop, "right."),
    (lambda z, h, m: -matched(z, h, m), "the sign"),
    (lambda z, h, m: (z * m).sum(axis=(1, 2)), "bright at that place"),
    (lambda z, h, m: (z - h).sum(axis=(1, 2)), "only noise"),
    (lambda z, h, m: (z - h).max(axis=(1, 2)), "mostly luck"),
    (lambda z, h, m: (z - h)[:, m > m.max() / 2].mean(axis=1), "near the rim"),
    (lambda z, h, m: (z - h)[:, m > 0.01].sum(axis=1), "where the lesion is faint"),
    (lambda z, h, m: -((z - h - m) ** 2).mean(axis=(1, 2)), "how well 'ill' fits"),
    (lambda z, h, m: ((z - h) ** 2).mean(axis=(1, 2)) * -1, "how well 'healthy' fits"),
    (lambda z, h, m: matched(z, h, m) / np.linalg.norm((z - h).reshape(len(z), -1), axis=1), "its own length"),
    (lambda z, h, m: ((z - h) * np.sqrt(m)).sum(axis=(1, 2)), "not by its root"),
    (lambda z, h, m: ((z - h) * m**2).sum(axis=(1, 2)), "not by its square"),
    (lambda z, h, m: (z - h)[:, 9, 14], "can be had"),
    (lambda z, h, m: ((z - h) * m).sum(), "400 numbers are wanted"),
    (lambda z, h, m: np.zeros(len(z)), "differ from scan to scan"),
    (lambda z, h, m: np.full(len(z), np.nan), "finite"),
    (lambda z, h, m: (z.fill(0), matched(z, h, m))[1], "changes the images"),
    (lambda z, h, m: "all", "stopped with ValueError"),
    (0.5, "Hand it over without calling it"),
]
ERROR = [
    (error, "right."),
    (both_ways, "right."),
    (noise_measured, "right."),
    (lambda d, a, b, s: np.mean((d(a) - a) ** 2) - s**2, "its noise is in both"),
    (lambda d, a, b, s: np.mean((d(a) - a) ** 2), "its noise is in both"),
    (lambda d, a, b, s: np.mean((d(a) - b) ** 2), "How much of it is noise"),
    (lambda d, a, b, s: np.mean((d(a) - b) ** 2) - s, "s squared"),
    (lambda d, a, b, s: np.mean((d(a) - b) ** 2) - 2 * s**2, "counts once"),
    (lambda d, a, b, s: np.mean((d(a) - d(b)) ** 2) / 2, "drops out of it"),
    (lambda d, a, b, s: np.mean((d(a) - d(b)) ** 2), "drops out of it"),
    (lambda d, a, b, s: np.mean((a - b) ** 2) / 2, "What about the pictures"),
    (lambda d, a, b, s: np.sqrt(error(d, a, b, s)), "that is its root"),
    (lambda d, a, b, s: np.mean(d(a) - b) ** 2, "square first"),
    (lambda d, a, b, s: np.sum((d(a) - b) ** 2) - s**2, "sum over all pixels"),
    (lambda d, a, b, s: np.mean((d(a) - b) ** 2, axis=(1, 2)) - s**2, "one number is wanted"),
    (lambda d, a, b, s: max(error(d, a, b, s), 0), "do not cut off"),
    (lambda d, a, b, s: 7.0, "in that difference beside"),
    (lambda d, a, b, s: np.mean((d(a) - b) ** 2) - s**2 if d(a)[0, 0, 0] != a[0, 0, 0] else 0.0, "does nothing"),
    (lambda d, a, b, s: "little", "a single number"),
    (0.5, "Hand it over without calling it"),
]

CASES = [
    (check, *case)
    for check, cases, blanks in (
        (checks.check_four_denoisers, FOUR, [None]),
        (checks.check_rare_lesion, RARE, [None, ...]),
        (checks.check_observer, OBSERVER, [None, lambda *arguments: None]),
        (checks.check_error_without_truth, ERROR, [None, lambda *arguments: None]),
    )
    for case in [*cases, *((blank, "not attempted yet.") for blank in blanks)]
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_table_of_four_denoisers_tells_them_apart():
    table = checks.four_denoisers()
    assert [*table.index] == ["A", "B", "C", "D"]
    same = table["% the same"]
    assert same["D"] == 100
    assert 20 < same["B"] < 100
    assert same["A"] == same["C"] == 0
    assert table.loc["C", "residual / noise"] < 0.7 < table.drop("C")["residual / noise"].min()
    assert table["two scans differ by"].idxmax() == "C"
    assert table.loc["A", "structure"] > 1.3


def test_half_of_a_rare_lesion_comes_back_at_that_level():
    black = np.zeros((1, 64, 64), np.float32)
    lesion = lesions.insert(black, centre=(26, 22), radius=3, contrast=0.3)[0]
    norm = np.linalg.norm(lesion)
    assert norm == pytest.approx(1.324, abs=0.001)
    d = norm / 0.437  # what z says of the lesion, in standard deviations of the noise along it
    evidence = d * (d + np.random.default_rng(0).standard_normal(100_000)) - d**2 / 2
    share = 1 / (1 + 99 * np.exp(-evidence))
    assert share.mean() == pytest.approx(0.5, abs=0.01)


def test_the_error_is_measured_though_both_scans_share_it():
    rng = np.random.default_rng(1)
    clean = ndimage.gaussian_filter(rng.uniform(0, 1, (100, 64, 64)), (0, 3, 3))
    first, second = (clean + 0.5 * rng.standard_normal(clean.shape) for _ in range(2))
    truth = ((clean - 0.9) ** 2).mean()
    measured = error(lambda z: np.full_like(z, 0.9), first, second, 0.5)
    assert measured == pytest.approx(truth, abs=0.005)
