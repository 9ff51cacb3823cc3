"""Exercises of lesson 1: how many numbers to keep, weights that beat any cut, four sick trainings, a tied decoder."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from cdae_lessons.checks.answers import Hint, call, compare, exercise, images, letters, number, same

MISTAKES = MappingProxyType(
    {
        "A": "the learning rate is a hundred times too small",
        "B": "the learning rate is thirty times too large",
        "C": "input and target are shuffled separately, anew in each step",
        "D": "a shortcut adds the input to the output, past the code",
    }
)
"""What may go wrong in a training, by letters: for `check_mistakes`."""

_CURVES = ("C", "A", "D", "B")  # which mistake made which curve


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


# ---- how many numbers to keep, and how much of each


def spectrum(case: int) -> tuple[np.ndarray, float]:
    """Variances in falling order, and a noise, such that no two rules keep equally many."""
    rng = np.random.default_rng(case)
    count, sigma = ((60, 0.3), (200, 2.0), (40, 0.9))[case]
    return np.sort(sigma**2 * np.exp(rng.normal(0.3, 2, count)))[::-1], sigma


@exercise("How many to keep")
def check_best_code(answer: object) -> None:
    """Check ``best_code(variances, sigma)``: how many components of a PCA to keep of an image with noise.

    A component of variance v costs v where it is left out, and sigma² where it is kept.

    Parameters
    ----------
    answer : callable
        Takes the variances of the components on clean images, (K,), in falling order, and the standard deviation of
        the noise of each pixel; returns a whole number from 0 to K.
    """
    for case in range(3):
        variances, sigma = spectrum(case)
        given = number(call(answer, variances, sigma, changed="your function changes the variances that it is given."))
        share = np.cumsum(variances) / variances.sum()
        right = int(np.sum(variances > sigma**2))
        blind = "a fixed share of the variance is blind to the noise: with more noise, fewer are worth keeping."
        mistakes = [
            (len(variances) - right, "you count the components that should go. How many stay?"),
            (np.sum(variances > sigma), "you compare a variance with σ, a standard deviation. Which units has each?"),
            (np.sum(np.sqrt(variances) > sigma**2), "you compare a standard deviation with σ², a variance."),
            (np.sum(variances > 2 * sigma**2), "you drop some that bring more than they cost: kept, each costs σ²."),
            (right - 1, "one too few: a number of components is wanted, not the place of the last one, from 0."),
            (right + 1, "one too many: you also keep the first component that costs more than it brings."),
            (np.mean(variances > sigma**2), "this is the share of the components. How many are they?"),
            *(
                (np.sum(share < wanted) + extra, blind)
                for wanted in (0.8, 0.9, 0.95, 0.99)
                for extra in (0, 1)
            ),
            (len(variances), "you keep them all. What does each add to the error if it is kept? (σ²/4096 is "
             "a mean over pixels, and a variance of h is a sum over them.)"),
        ]  # fmt: skip
        otherwise = (
            f"not for σ = {sigma}. Take one component of variance v. What does it cost if you leave it out? And if you "
            "keep it?"
        )
        compare(given, right, mistakes, otherwise, tolerance=0)


@exercise("Better than any cut")
def check_keep_weights(answer: object) -> None:
    """Check ``keep(variances, sigma)``: what share of each noisy coefficient to keep.

    The smallest expected squared error, the sum of v (1 - w)² + sigma² w², is at w = v / (v + sigma²).

    Parameters
    ----------
    answer : callable
        Takes the variances of the components on clean images, (K,), and the standard deviation of the noise; returns a
        weight for each, (K,), floating point.

    References
    ----------
    N. Wiener, "Extrapolation, interpolation, and smoothing of stationary time series", 1949,
    doi 10.7551/mitpress/2946.001.0001.
    """
    for case in range(3):
        v, sigma = spectrum(case)
        given = call(answer, v, sigma, changed="your function changes the variances that it is given.")
        if np.isscalar(given):
            raise Hint("one weight for all components is no choice: each needs its own.")
        if isinstance(given, np.ndarray) and given.dtype == bool:
            given = given.astype(float)
        w = images(given, v.shape)
        s2 = sigma**2

        def error(weights: np.ndarray, v: np.ndarray = v, s2: float = s2) -> float:
            return float((v * (1 - weights) ** 2 + s2 * weights**2).sum())

        best = error(v / (v + s2))
        if error(w) <= 1.001 * best:
            continue
        with np.errstate(all="ignore"):
            mistakes = [
                ((v > s2).astype(float), "this is the best cut, with weights 0 and 1. Weights between do better."),
                (np.ones_like(v), "you keep everything, and all of the noise with it."),
                (np.zeros_like(v), "you keep nothing: only the mean image is left."),
                (v / (v + sigma), "you add a variance and a standard deviation. Which units has σ?"),
                (v / (v + s2 / 4096), "σ²/4096 is a mean over pixels, and a variance of h is a sum over them."),
                (np.sqrt(v) / (np.sqrt(v) + sigma), "you weigh standard deviations. The error is made of variances."),
                (s2 / (v + s2), "you keep most of what is mostly noise: it is the other way round."),
                (v / s2, "weights above 1 make strong components larger than they were measured."),
                (1 - s2 / v, "weak components get weights below 0: they are turned round."),
                (np.maximum(1 - s2 / v, 0), "nearly: weak components become 0, although each still says a little."),
                (v / v.sum(), "the shares of the variance do not know how strong the noise is."),
            ]  # fmt: skip
        more = error(w) / best
        compare(
            w, v / (v + s2), mistakes,
            f"the expected error is {more:.2f} times the smallest. Of one component it is v (1 − w)² + σ² w²: where is "
            "its slope 0?",
        )  # fmt: skip


# ---- four sick trainings


def four_trainings(images: np.ndarray, *, code: int = 8, steps: int = 300) -> pd.DataFrame:
    """Train a linear autoencoder five times, once as it should be and four times with a mistake.

    Plain NumPy and Adam, all images at once in each step, on images of a quarter of the size: a second or two.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), float32 in [0, 1], H and W divisible by 4
        Clean images to copy.
    code : int
        Length of the code.
    steps : int
        Of each training.

    Returns
    -------
    DataFrame
        A row a step, with the squared error of each training: ``as it should be`` and ``1`` to ``4``. Its ``attrs``
        hold the error of the ``mean image``, and of ``PCA``, which no linear decoder can beat.
    """
    n, height, width = images.shape
    small = images.reshape(n, height // 4, 4, width // 4, 4).mean(axis=(2, 4), dtype=float).reshape(n, -1)
    x = small - small.mean(axis=0)
    squares = np.linalg.svd(x, compute_uv=False) ** 2 / x.size
    kinds: dict[str, dict[str, Any]] = {
        "C": {"shuffled": True},
        "A": {"rate": 1e-4},
        "D": {"shortcut": True},
        "B": {"rate": 0.3},
    }
    table = {"as it should be": _descend(x, code, steps)}
    table |= {str(i + 1): _descend(x, code, steps, **kinds[letter]) for i, letter in enumerate(_CURVES)}
    found = pd.DataFrame(table, index=pd.RangeIndex(1, steps + 1, name="step"))
    found.attrs = {"mean image": float(squares.sum()), "PCA": float(squares[code:].sum())}
    return found


def _descend(
    x: np.ndarray,
    code: int,
    steps: int,
    *,
    shuffled: bool = False,
    rate: float = 0.01,
    shortcut: bool = False,
) -> list[float]:
    """The squared error before each step of Adam, with x W V (+ x) for x, or for x in another order."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(0, x.shape[1] ** -0.5, shape) for shape in ((x.shape[1], code), (code, x.shape[1]))]
    means, squares = [[np.zeros_like(w) for w in weights] for _ in range(2)]
    losses = []
    for step in range(1, steps + 1):
        h = x @ weights[0]
        target = rng.permutation(x) if shuffled else x
        off = h @ weights[1] + shortcut * x - target
        losses.append(float(np.mean(off**2)))
        slopes = (x.T @ (off @ weights[1].T), h.T @ off)
        for w, mean, square, slope in zip(weights, means, squares, slopes, strict=True):
            mean += 0.1 * (slope - mean)
            square += 0.001 * (slope**2 - square)
            w -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-12)
    return losses


@exercise("Four sick trainings")
def check_mistakes(answer: object) -> None:
    """Check which of `MISTAKES` made which of the curves 1 to 4 of `four_trainings`.

    Parameters
    ----------
    answer : list of str
        A letter for each curve, in their order.
    """
    found = letters(answer, "ABCD", what="mistake", twice="each mistake made one curve: no letter stands twice.")
    if len(found) != 4:
        raise Hint(f"four letters are wanted, one for each curve; there are {len(found)}.")
    of = dict(zip("1234", found, strict=True))
    if of["3"] != "D":
        raise Hint(
            "look at curve 3: it falls below what any linear decoder can reach from 8 numbers. How can an image get "
            "to the output without passing through the code?"
        )
    if of["1"] != "C":
        raise Hint(
            "look at curve 1: it settles at the error of the mean image, and stays. When is the mean image the best "
            "that one can do?"
        )
    if of["2"] != "A":
        raise Hint("look at the first steps of curves 2 and 4: one hardly moves and is still falling, the other jumps.")


# ---- a tied decoder


@exercise("Tied weights")
def check_reconstruct(answer: object) -> None:
    """Check ``reconstruct(x, W, b, b_out)``: x̂ = s(h Wᵀ + b'), h = s(x W + b), s the sigmoid, images as rows.

    Parameters
    ----------
    answer : callable
        Takes x of shape (N, pixels), W (pixels, code), b (code,) and b_out (pixels,); returns x̂ of shape (N, pixels).
    """
    rng = np.random.default_rng(0)
    # A square W comes first: there a forgotten transpose gives numbers, which can be told apart, and no error.
    for pixels, code in ((5, 5), (6, 3)):
        x, w = rng.random((4, pixels)), rng.normal(size=(pixels, code))
        b, b_out = rng.normal(size=code), rng.normal(size=pixels)
        made = call(answer, x, w, b, b_out, changed="your function changes its arguments. Compute new arrays instead.")
        h = _sigmoid(x @ w + b)
        if isinstance(made, np.ndarray) and same(made, h):
            raise Hint("this is the code h. The decoder is still missing: h goes back through W transposed.")
        compare(
            images(made, x.shape),
            _sigmoid(h @ w.T + b_out),
            _slips(x, w, b, b_out),
            "the numbers differ. Write down h = s(x W + b) first, then x̂ = s(h Wᵀ + b').",
        )


def _slips(x: np.ndarray, w: np.ndarray, b: np.ndarray, b_out: np.ndarray) -> list[tuple[np.ndarray, str]]:
    h = _sigmoid(x @ w + b)
    found = [
        (h @ w.T + b_out, "the decoder has no sigmoid: its outputs are not between 0 and 1, as grey values must be."),
        (
            _sigmoid((x @ w + b) @ w.T + b_out),
            "the encoder has no sigmoid. Without a non-linear s the code is only a projection, as in PCA.",
        ),
        ((x @ w + b) @ w.T + b_out, "no sigmoid anywhere. Both h and x̂ go through s."),
        (_sigmoid(_sigmoid(x @ w) @ w.T + b_out), "the encoder's bias b is missing."),
        (_sigmoid(h @ w.T), "the decoder's bias b_out is missing: tied weights share W, not the biases."),
        (_sigmoid(_sigmoid(x @ w) @ w.T), "both biases are missing: tied weights share W, not the biases."),
    ]
    if w.shape[0] == w.shape[1]:
        transpose = "the decoder uses W as it is. It must be transposed: W maps pixels to code, Wᵀ code to pixels."
        found += [
            (_sigmoid(h @ w + b_out), transpose),
            (
                _sigmoid(_sigmoid(x @ w.T + b) @ w + b_out),
                "the transpose is in the encoder. Here W has the shape (pixels, code): x @ W encodes, h @ W.T decodes.",
            ),
            (_sigmoid(h @ w.T + b), "the decoder adds b, the encoder's bias, where b_out belongs."),
            (_sigmoid(h @ w + b), "two slips are left in the decoder: W is not transposed, and b is not its bias."),
            (
                _sigmoid((x @ w + b) @ w + b),
                "all three mistakes are still there. Write down h first: what is done to the sum before it is a code?",
            ),
        ]
    return found
