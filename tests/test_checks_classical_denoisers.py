"""Exercises of lesson 3: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest
from scipy import ndimage

from cdae_lessons import checks
from cdae_lessons.errors import InputError


def poisson_logs(counts, images, peak):
    rate = peak * images
    return (counts * np.log(rate) - rate).sum(axis=(1, 2))


def weighted(logs, images):
    weights = np.exp(logs - logs.max())
    return np.tensordot(weights / weights.sum(), images, 1)


def counting(counts, images, peak):
    return weighted(poisson_logs(counts, images, peak), images)


def unsafe(counts, images, peak):
    weights = np.exp(poisson_logs(counts, images, peak))
    return np.tensordot(weights / weights.sum(), images, 1)


def cut_off(counts, images, peak):
    weights = np.exp(np.clip(poisson_logs(counts, images, peak), -700, 700))
    return np.tensordot(weights / weights.sum(), images, 1)


def squares(counts, images, peak):
    return weighted(-((counts / peak - images) ** 2).sum(axis=(1, 2)) / 2, images)


def each_pixel(counts, images, peak):
    weights = np.exp(counts * np.log(peak * images) - peak * images)
    return (weights * images).sum(axis=0) / weights.sum(axis=0)


COUNTING = [
    (lambda k, x, peak: x.mean(axis=0), "the counts were not used"),
    (lambda k, x, peak: x[poisson_logs(k, x, peak).argmax()], "most likely candidate alone"),
    (lambda k, x, peak: weighted((k * np.log(peak * x)).sum(axis=(1, 2)), x), "the - rate"),
    (lambda k, x, peak: weighted((k * np.log(x) - x).sum(axis=(1, 2)), x), "the rate is peak · image"),
    (lambda k, x, peak: weighted((k / peak * np.log(x) - x).sum(axis=(1, 2)), x), "whole counts"),
    (lambda k, x, peak: weighted(poisson_logs(k, x, peak) / k.size, x), "this is their mean"),
    (
        lambda k, x, peak: np.tensordot(poisson_logs(k, x, peak) / poisson_logs(k, x, peak).sum(), x, 1),
        "exp of the log-likelihood",
    ),
    (lambda k, x, peak: np.tensordot(np.exp(poisson_logs(k, x, peak)), x, 1), "do not sum to one"),
    (squares, "as for Gaussian noise"),
    (unsafe, "overflows or underflows"),
    (cut_off, "cut nothing off"),
    (lambda k, x, peak: poisson_logs(k, x, peak), "these are the weights"),
    (lambda k, x, peak: 1.0, "the shape of an image"),
    (lambda k, x, peak: peak * counting(k, x, peak), "these are mean counts"),
    (each_pixel, "each pixel chose for itself"),
    (lambda k, x, peak: 0.5 * x[0], "weight each candidate by exp"),
]


def fill(noisy, alive, width, mode="constant"):
    total = ndimage.gaussian_filter(np.where(alive, noisy, 0), (0, width, width), mode=mode)
    weights = ndimage.gaussian_filter(alive.astype(float), (0, width, width), mode=mode)
    return np.where(alive, noisy, total / weights)


def in_place(noisy, alive, width):
    noisy[~alive] = fill(noisy, alive, width)[~alive]
    return noisy


def blurred(noisy, alive, width):
    return ndimage.gaussian_filter(noisy, (0, width, width))


def sevens_are_used(noisy, alive, width):
    value = np.median(noisy[~alive])
    return fill(noisy, alive, width) + 0.1 * value * ~alive


DEAD = [
    (in_place, "was changed"),
    (blurred, "living pixels have changed"),
    (lambda z, alive, width: z.copy(), "as black as before"),
    (lambda z, alive, width: np.where(alive, z, blurred(z, alive, width)), "count as black ones"),
    (lambda z, alive, width: fill(z, alive, width, mode="wrap"), "wrong near the rim"),
    (lambda z, alive, width: fill(z, alive, 3 * width), "with this width"),
    (sevens_are_used, "what the dead pixels deliver is used"),
    (lambda z, alive, width: z[0], "the shape should be"),
]


def pairs(weights, correlation):
    return weights @ correlation @ weights


LEFT = [
    (lambda w, c, s: s * np.sqrt((w**2).sum()), "independent noise only"),
    (lambda w, c, s: s / np.sqrt(len(w)), "five equal weights"),
    (lambda w, c, s: pairs(w, c), "a variance, and sigma is not used"),
    (lambda w, c, s: s**2 * pairs(w, c), "that is the variance"),
    (lambda w, c, s: np.sqrt(pairs(w, c)), "sigma was not used"),
    (lambda w, c, s: s * pairs(w, c), "the root is missing"),
    (lambda w, c, s: s**2 * np.sqrt(pairs(w, c)), "not squared"),
    (lambda w, c, s: s * np.sqrt(c.mean()), "taken as 1 / 5"),
    (lambda w, c, s: s * w.sum(), "missing from the sum over pairs"),
    (lambda w, c, s: s * np.sqrt((w @ c).sum()), "needs both weights"),
    (lambda w, c, s: 2.0, "the sum over all pairs"),
    (lambda w, c, s: w, "a single number"),
]

RESIDUALS = [
    (["A", "D", "C", "B"], "faults 1 and 3 both leave edges"),
    (["B", "D", "A", "C"], "fault 4"),
    (["D", "C", "A", "B"], "fault 2"),
    (["C", "D", "A"], "four letters are wanted"),
    (["C", "D", "A", "E"], "no residual 'E'"),
    (["C", "C", "A", "B"], "twice"),
    (["A", "C", "D", "B"], "fault 2"),
    (3, "a list of letters"),
]

CASES = [
    (checks.check_residuals, ["C", "D", "A", "B"], "right."),
    (checks.check_residuals, "c, d, a, b", "right."),
    (checks.check_residuals, None, "not attempted yet."),
    (checks.check_residuals, ..., "not attempted yet."),
    *[(checks.check_residuals, answer, said) for answer, said in RESIDUALS],
    (checks.check_noise_left, lambda w, c, s: s * np.sqrt(pairs(w, c)), "right."),
    (checks.check_noise_left, lambda w, c, s: np.sqrt((np.outer(s * w, s * w) * c).sum()), "right."),
    (checks.check_noise_left, lambda w, c, s: None, "not attempted yet."),
    (checks.check_noise_left, None, "not attempted yet."),
    *[(checks.check_noise_left, answer, said) for answer, said in LEFT],
    (checks.check_counting_average, counting, "right."),
    (checks.check_counting_average, lambda k, x, peak: None, "not attempted yet."),
    (checks.check_counting_average, None, "not attempted yet."),
    *[(checks.check_counting_average, answer, said) for answer, said in COUNTING],
    (checks.check_dead_pixels, fill, "right."),
    (checks.check_dead_pixels, lambda z, alive, width: fill(z, alive, width, mode="reflect"), "right."),
    (checks.check_dead_pixels, lambda z, alive, width: None, "not attempted yet."),
    (checks.check_dead_pixels, None, "not attempted yet."),
    *[(checks.check_dead_pixels, answer, said) for answer, said in DEAD],
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert line.startswith(f"{check.title}: ")
    assert said in line


def test_the_four_residuals_show_what_their_hints_say():
    flat = np.pad(np.full((1, 40, 40), 0.6, np.float32), ((0, 0), (12, 12), (12, 12)))
    noisy = flat + np.random.default_rng(0).normal(0, 0.1, flat.shape)
    shown = checks.faulty_residuals(noisy)
    by_fault = {fault: shown[letter] for fault, letter in zip(checks.FAULTS, "CDAB", strict=True)}
    assert min(by_fault, key=lambda fault: by_fault[fault].std()) == 4
    inside = {fault: residual[0, 20:44, 20:44].mean() for fault, residual in by_fault.items()}
    assert inside[2] > 0.1 > 0.02 > max(abs(inside[fault]) for fault in (1, 3, 4))
    left, right = (by_fault[3][0, 20:44, at].mean() for at in (12, 51))
    assert left > 0.1
    assert right < 0.1
    assert by_fault[3][0, 20:44, 52].mean() < -0.1
    both = [by_fault[1][0, 20:44, at].mean() for at in (12, 51)]
    assert min(both) > 0.1


def test_residuals_of_what_are_no_images_are_refused():
    with pytest.raises(InputError, match="noisy images"):
        checks.faulty_residuals(np.zeros((4, 4)))
