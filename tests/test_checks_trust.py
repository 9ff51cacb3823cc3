"""Exercises of lesson 9: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from cdae_lessons import checks


def share(w, wo, mask, inserted):
    return (w - wo)[:, mask].mean() / inserted


def share_image_by_image(w, wo, mask, inserted):
    return float(np.mean([(a - b)[mask].mean() / inserted for a, b in zip(w, wo, strict=True)]))


def share_weighted(w, wo, mask, inserted):
    return np.array([np.average((w - wo).mean(axis=0), weights=mask) / inserted])


def exponents(z, x, s):
    return -((z[:, None] - x[None]) ** 2).sum(axis=(2, 3)) / (2 * s**2)


def weights(z, x, s):
    e = exponents(z, x, s)
    w = np.exp(e - e.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True)


def weights_without_z(z, x, s):
    z, x = z.reshape(len(z), -1).astype(float), x.reshape(len(x), -1).astype(float)
    return softmax((z @ x.T - (x**2).sum(axis=1) / 2) / s**2, axis=1)


def weights_by_loop(z, x, s):
    rows = []
    for image in z:
        e = np.array([-np.sum((image - other) ** 2) / (2 * s**2) for other in x])
        w = np.exp(e - e.max())
        rows.append(w / w.sum())
    return rows


def naive(z, x, s):
    w = np.exp(exponents(z, x, s))
    return w / w.sum(axis=1, keepdims=True)


def one_largest_for_all(z, x, s):
    e = exponents(z, x, s)
    w = np.exp(e - e.max())
    return w / w.sum(axis=1, keepdims=True)


def a_small_number_added(z, x, s):
    w = np.exp(exponents(z, x, s)) + 1e-12
    return w / w.sum(axis=1, keepdims=True)


CONTRAST = [
    (share, "right."),
    (share_image_by_image, "right."),
    (share_weighted, "right."),
    (lambda w, wo, m, i: w[:, m].mean() / i, "tissue and all"),
    (lambda w, wo, m, i: (w - wo).mean() / i, "whole image"),
    (lambda w, wo, m, i: (w - wo)[:, m].mean(), "Divide by the contrast"),
    (lambda w, wo, m, i: share(wo, w, m, i), "With minus without"),
    (lambda w, wo, m, i: (w - wo)[:, m].max() / i, "largest pixel"),
    (lambda w, wo, m, i: (w - wo)[:, m].sum() / i, "sum over the pixels"),
    (lambda w, wo, m, i: 1 / share(w, wo, m, i), "upside down"),
    (lambda w, wo, m, i: np.abs((w - wo)[:, m].mean(axis=0)).mean() / i, "absolute values"),
    (lambda w, wo, m, i: (w - wo)[:, m].mean() / abs(i), "dark lesion"),
    (lambda w, wo, m, i: max(share(w, wo, m, i), 0), "below 0"),
    (lambda w, wo, m, i: min(share(w, wo, m, i), 1), "above 1"),
    (lambda w, wo, m, i: (w - wo)[:, m].mean(axis=1) / i, "mean over all images"),
    (lambda w, wo, m, i: 7.0, "divided by inserted"),
    (lambda w, wo, m, i: "much", "a single number"),
    (0.5, "Hand it over without calling it"),
]
WEIGHTS = [
    (weights, "right."),
    (weights_without_z, "right."),
    (weights_by_loop, "right."),
    (lambda z, x, s: np.exp(log_softmax(exponents(z, x, s), axis=1)), "right."),
    (naive, "underflows to 0"),
    (one_largest_for_all, "underflows to 0"),
    (lambda z, x, s: np.nan_to_num(naive(z, x, s)), "underflows to 0"),
    (a_small_number_added, "wrong for 32x32"),
    (lambda z, x, s: softmax(np.maximum(exponents(z, x, s), -700), axis=1), "wrong for 32x32"),
    (lambda z, x, s: softmax(exponents(z, x, 1) / s, axis=1), "not squared"),
    (lambda z, x, s: softmax(exponents(z, x, s) * 2, axis=1), "the 2 is missing"),
    (lambda z, x, s: softmax(exponents(z, x, 1) * s**2, axis=1), "in brackets"),
    (lambda z, x, s: np.exp(exponents(z, x, s)), "do not sum to one"),
    (lambda z, x, s: softmax(exponents(z, x, s), axis=0), "each column"),
    (lambda z, x, s: softmax(exponents(z, x, s)), "all weights together"),
    (lambda z, x, s: softmax(-exponents(z, x, s), axis=1), "the sign"),
    (lambda z, x, s: softmax(exponents(z, x, s) / z[0].size, axis=1), "not their mean"),
    (lambda z, x, s: softmax(-np.sqrt(-exponents(z, x, s) * 2 * s**2) / (2 * s**2), axis=1), "its root"),
    (lambda z, x, s: weights(z, x, s).T, "exchanged"),
    (lambda z, x, s: weights(z, x, s)[0], "should be (2, 3)"),
    (lambda z, x, s: np.full((2, 3), np.nan), "tiny images"),
    (lambda z, x, s: np.full((2, 3), 0.1), "Start from exponent"),
    (lambda z, x, s: weights(z, x, s) if z.size == 8 else weights(z, x, s).T, "should be (2, 4)"),
    (lambda z, x, s: "none", "stopped with ValueError"),
]


CASES = [
    (check, *case)
    for check, cases in ((checks.check_recovered_contrast, CONTRAST), (checks.check_average_weights, WEIGHTS))
    for case in [*cases, (None, "not attempted yet."), (lambda *arguments: None, "not attempted yet.")]
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1
