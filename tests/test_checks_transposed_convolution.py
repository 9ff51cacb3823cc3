"""Exercises of the appendix on transposed convolutions: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from cdae_lessons import checks


def spread(y, stride, rest=0):
    out = np.zeros(((len(y) - 1) * stride + 1 + rest, (y.shape[1] - 1) * stride + 1 + rest))
    out[::stride, ::stride] = y
    return out


def slide(y, kernel, pad=None):
    return correlate2d(np.pad(y, len(kernel) - 1 if pad is None else pad), kernel, mode="valid")


def turned(kernel):
    return kernel[::-1, ::-1]


def slide_back(y, kernel, stride):
    return slide(spread(y, stride), turned(kernel))


def stamp(y, kernel, stride):
    k = len(kernel)
    out = np.zeros([(n - 1) * stride + k for n in y.shape])
    for i, j in np.ndindex(y.shape):
        out[i * stride : i * stride + k, j * stride : j * stride + k] += y[i, j] * kernel
    return out


SLIDES = [
    (slide_back, "right."),
    (stamp, "right."),
    (lambda y, w, s: convolve2d(spread(y, s), w).tolist(), "right."),
    (lambda y, w, s: slide(spread(y, s), w), "slides as it is"),
    (lambda y, w, s: slide(spread(y, s), w[::-1]), "one axis only"),
    (lambda y, w, s: slide(spread(y, s), w[:, ::-1]), "one axis only"),
    (lambda y, w, s: slide(spread(y, s), w.T), "do not exchange"),
    (lambda y, w, s: slide(spread(y, s), turned(w.T)), "do not exchange"),
    (lambda y, w, s: slide(y, turned(w)), "the stride does nothing yet"),
    (lambda y, w, s: slide(spread(y, s, s - 1), turned(w)), "none after the last one"),
    (lambda y, w, s: slide(y.repeat(s, 0).repeat(s, 1), turned(w)), "that is upsampling"),
    (lambda y, w, s: slide(spread(y, s + 1), turned(w)), "one zero stands between"),
    (lambda y, w, s: slide(spread(y, s), turned(w), 1), "'full', not 'same'"),
    (lambda y, w, s: slide(spread(y, s), turned(w), 0), "not smaller"),
    (lambda y, w, s: slide(spread(y, s), turned(w), len(w)), "pad k - 1 zeros"),
    (lambda y, w, s: slide_back(y, w, s)[1:], "the shape should be (9, 11)"),
    (lambda y, w, s: slide_back(y, w, s) / 9, "the size is right"),
    (lambda y, w, s: slide_back(y, w, 2), "not for 3x3 and stride 1"),
    (lambda y, w, s: slide(spread(y, s), turned(w), 2), "not for 2x2 and stride 2"),
    (lambda y, w, s: "stamps", "an array of real numbers"),
    (np.ones(3), "a function is wanted"),
]


def sides(**layers):
    return {"A": 5, "B": 2, "C": 6, "D": 4} | layers


LETTERS = [
    (sides(), "right."),
    ({"a": 5, "b ": 2, "c": 6, "d": 4}, "right."),
    ([5, 2, 6, 4], "a dict is wanted"),
    ({"A": 5, "B": 2, "C": 6}, "and for no other"),
    (sides(A=7), "A has 7"),
    (sides(C=None), "C has None"),
    (sides(A=3), "4 is a multiple of 2"),
    (sides(B=3), "B is not flat"),
    (sides(A=2), "A: count the pixels"),
    (sides(B=5), "B: count the pixels"),
    (sides(C=1), "C: count the pixels"),
    (sides(D=1), "D: count the pixels"),
    (sides(C=4), "C is black where"),
    (sides(A=6), "A has none"),
    (sides(D=6), "D has none"),
    (sides(B=1), "B: the stride is right. Larger kernels"),
    (sides(A=4), "A: the stride is right. Draw one row"),
    (sides(D=5), "D: the stride is right. Draw one row"),
]


def by_groups(kernel, stride, change):
    """Each group of weights that meet on a pixel, changed by a function of it and of the share of each pixel."""
    made = kernel.copy()
    for a, b in np.ndindex(stride, stride):
        made[a::stride, b::stride] = change(kernel[a::stride, b::stride], kernel.sum() / stride**2)
    return made


def even(kernel, stride):
    return by_groups(kernel, stride, lambda group, share: group + (share - group.sum()) / group.size)


def by_least_squares(kernel, stride):
    """The nearest kernel of those with equal sums, found without groups."""
    k = len(kernel)
    rows, columns = np.indices((k, k)).reshape(2, -1)
    kinds = rows % stride * stride + columns % stride
    sums = (kinds == np.arange(stride**2)[:, None]).astype(float)
    missing = kernel.sum() / stride**2 - sums @ kernel.ravel()
    return kernel + (np.linalg.pinv(sums) @ missing).reshape(k, k)


def in_place(kernel, stride):
    kernel[:] = even(kernel, stride)
    return kernel


KERNELS = [
    (even, "right."),
    (by_least_squares, "right."),
    (lambda w, s: w, "as it was"),
    (lambda w, s: by_groups(w, s, lambda g, share: g + w.mean() - g.mean()), "not their means (kernel 3x3, stride 2)"),
    (lambda w, s: by_groups(w, s, lambda g, share: g * share / g.sum()), "flat, by multiplying"),
    (lambda w, s: np.full_like(w, w.mean()), "more was changed than needed (kernel 4x4"),
    (lambda w, s: by_groups(w, s, lambda g, share: np.full_like(g, share / g.size)), "more was changed than needed"),
    (lambda w, s: by_groups(w, s, lambda g, share: g + (1 - g.sum()) / g.size), "another sum than before"),
    (lambda w, s: (w + turned(w)) / 2, "pixels still differ"),
    (lambda w, s: even(w, 2), "still differ, from"),
    (lambda w, s: even(w, s)[1:], "the shape should be (4, 4)"),
    (in_place, "Work on a copy"),
    (lambda w, s: "even", "an array of real numbers"),
    (4, "a function is wanted"),
]
CASES = [
    (check, *case)
    for check, cases in (
        (checks.check_slide_back, SLIDES),
        (checks.check_stamps, LETTERS),
        (checks.check_even_kernel, KERNELS),
    )
    for case in [*cases, (None, "not attempted yet.")]
]
CASES += [
    (check, lambda *arguments: None, "not attempted yet.")
    for check in (checks.check_slide_back, checks.check_even_kernel)
]
CASES += [(checks.check_stamps, dict.fromkeys("ABCD"), "not attempted yet.")]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_what_is_called_right_is_the_adjoint():
    rng = np.random.default_rng(1)
    x, y, kernel = rng.normal(size=(11, 9)), rng.normal(size=(5, 4)), rng.normal(size=(3, 3))
    forward = (correlate2d(x, kernel, mode="valid")[::2, ::2] * y).sum()
    assert np.isclose(forward, (x * slide_back(y, kernel, 2)).sum())
    assert not np.isclose(forward, (x * slide_back(y, turned(kernel), 2)).sum())


def test_the_patterns_are_those_of_four_different_layers():
    patterns = checks.stamped_patterns()
    assert [*patterns] == [*"ABCD"]
    assert {pattern.shape for pattern in patterns.values()} == {(24, 24)}
    period = {"A": 3, "B": 2, "C": 3, "D": 3}
    for letter, pattern in patterns.items():
        assert np.array_equal(pattern[period[letter] :], pattern[: -period[letter]])
        assert not np.array_equal(pattern[1:], pattern[:-1])
        assert pattern.max() == 1
    assert patterns["C"].min() == 0
    assert {letter: round(float(pattern.min()), 2) for letter, pattern in patterns.items() if letter != "C"} == {
        "A": 0.25,
        "B": 0.44,
        "D": 0.25,
    }


@pytest.mark.parametrize(("size", "stride"), [(4, 2), (3, 2), (5, 3)])
def test_an_even_kernel_leaves_no_grid(size, stride):
    kernel = np.random.default_rng(2).normal(size=(size, size))
    inner = np.s_[2 * size : -2 * size, 2 * size : -2 * size]
    assert np.ptp(stamp(np.ones((20, 20)), kernel, stride)[inner]) > 0.1
    assert np.ptp(stamp(np.ones((20, 20)), even(kernel, stride), stride)[inner]) < 1e-9
