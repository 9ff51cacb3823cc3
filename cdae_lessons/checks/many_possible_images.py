"""Exercises of lesson 12: four samplers told apart by numbers, how many to average, samples, and an honest promise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from cdae_lessons import datasets
from cdae_lessons.checks.answers import Hint, array, call, exercise, letters, number

SAMPLER_FAULTS: Mapping[int, str] = MappingProxyType(
    {
        1: "It gives the average D(z) each time.",
        2: "It draws from all people alike, without looking at the scan.",
        3: "It takes the noise for half as strong as it is.",
        4: "It adds white noise to D(z), with the right variance for each pixel.",
    }
)
"""What is wrong with four of the samplers of `five_samplers`."""

_LETTERS = MappingProxyType({"A": 3, "B": None, "C": 4, "D": 2, "E": 1})
_LEVEL, _DRAWN, _SCANS = 3.0, 20, 150


def five_samplers() -> pd.DataFrame:
    """What can be said of five samplers, one of them right, when the truth is known: 150 scans at level 3.

    Returns
    -------
    DataFrame
        A row for each sampler, A to E. The mean squared errors of one sample and of the mean of 20, and the variance
        among the 20, each over the least possible error, that of D(z); and the mean step between neighbouring pixels of
        a sample, over that of the clean images.
    """
    world = datasets.load("brain", n=200, seed=2018).images
    rng = np.random.default_rng(12)
    flat = world.reshape(len(world), -1).astype(float)
    truth = flat[rng.integers(len(flat), size=_SCANS)]
    noisy = truth + _LEVEL * rng.standard_normal(truth.shape)

    def weights(level: float) -> np.ndarray:
        found: np.ndarray = softmax((noisy @ flat.T - (flat**2).sum(axis=1) / 2) / level**2, axis=1)
        return found

    small = flat.astype(np.float32)  # 150 times 20 images are many numbers

    def drawn(chances: np.ndarray) -> np.ndarray:
        return np.stack([small[rng.choice(len(flat), p=each, size=_DRAWN)] for each in chances], axis=1)

    right = weights(_LEVEL)
    average = right @ flat
    spread = np.sqrt((right @ flat**2 - average**2).clip(0))
    repeated = np.broadcast_to(average.astype(np.float32), (_DRAWN, *average.shape))
    samples = {
        None: lambda: drawn(right),
        1: lambda: repeated,
        2: lambda: drawn(np.full_like(right, 1 / len(flat))),
        3: lambda: drawn(weights(_LEVEL / 2)),
        4: lambda: repeated + spread.astype(np.float32) * rng.standard_normal(repeated.shape, np.float32),
    }
    least = np.mean((average - truth) ** 2)

    def detail(images: np.ndarray) -> float:
        pictures = images.reshape(-1, *world.shape[1:])
        return float(np.mean([np.abs(np.diff(pictures, axis=k)).mean() for k in (1, 2)]))

    rows = {}
    for letter, fault in _LETTERS.items():
        found = samples[fault]()
        rows[letter] = (
            np.mean((found[0] - truth) ** 2) / least,
            np.mean((found.mean(axis=0) - truth) ** 2) / least,
            found.var(axis=0, ddof=1).mean() / least,
            detail(found[0]) / detail(truth),
        )
    columns = ["error of one", "error of the mean of 20", "variance among 20", "detail"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


@exercise("Five samplers")
def check_five_samplers(answer: object) -> None:
    """Check which sampler of `five_samplers` has which fault.

    Parameters
    ----------
    answer : list of str
        The letters of the samplers with the faults 1, 2, 3 and 4 of `SAMPLER_FAULTS`, as ``["A", "B", "C", "D"]``.
    """
    order = letters(answer, "ABCDE", what="sampler", twice="each fault is that of another sampler.")
    if len(order) != len(SAMPLER_FAULTS):
        raise Hint("four letters are wanted, one for each fault: the sampler with fault 1 first. One sampler is right.")
    hints = {
        1: "What is the same each time has no variance, and no greater error than D(z).",
        2: "Who never looks at the scan errs even in the mean of 20, and varies as much as people do.",
        3: "Who believes too much draws too few different people: less variance among them than their error asks for.",
        4: "White noise of the right variance has the right errors. What does it do to neighbouring pixels?",
    }
    for fault, letter in zip(SAMPLER_FAULTS, order, strict=True):
        if _LETTERS[letter] != fault:
            right = "is the right one" if _LETTERS[letter] is None else f"has another fault than {fault}"
            raise Hint(f"{letter} {right}. {hints[fault]}")


@exercise("How many to average")
def check_samples_to_average(answer: object) -> None:
    """Check how many samples have a mean whose squared error is at most 5 % above the least possible one.

    Parameters
    ----------
    answer : int
        The smallest number.

    Notes
    -----
    With D = E[x | z] the mean of k samples is D plus the mean of k independent deviations, which has 1/k of their
    variance, and the truth is another such deviation: the mean squared error is (1 + 1/k) times that of D.
    """
    given = number(answer)
    if given == 20:
        return
    hints = {
        19: "at 19 it is 5.3 % above.",
        21: "that is enough; one fewer is, too.",
        40: "a sample is wrong twice as much, and half of that is what D(z) has, too. Which part becomes less by "
        "averaging?",
        10: "that is for the root of the mean squared error. Five per cent of the squared error itself are asked for.",
        5: "the variance of a mean falls with the number of samples, not with its square.",
        400: "the variance of a mean falls with the number of samples, not with its root.",
        1: "one sample has twice the least error: 100 % above it.",
        2: "two samples have one and a half times the least error.",
    }
    if given in hints:
        raise Hint(hints[int(given)])
    if given < 1 or given != int(given):
        raise Hint("a whole number of samples is wanted, 1 or more.")
    raise Hint(
        f"the mean of {given:g} is D(z) plus the mean of {given:g} deviations from it, all independent: "
        f"{100 / given:.1f} % above the least error. {'Fewer' if given > 20 else 'More'} are needed."
    )


@exercise("Common and rare people")
def check_draw_samples(answer: object) -> None:
    """Check a function that draws from the posterior of a world where some images are more common than others.

    Parameters
    ----------
    answer : callable
        ``draw_samples(z, images, shares, s, count, rng)`` of a scan (H, W), the possible images (M, H, W), their shares
        (M,), which sum to one, the level, how many, and a Generator; returns samples of shape (count, H, W).
    """
    rng = np.random.default_rng(0)
    images = 0.5 + 0.25 * rng.standard_normal((6, 5, 4))
    shares = np.array([0.05, 0.3, 0.1, 0.35, 0.05, 0.15])
    s, count = 0.9, 20_000
    z = images[0] + 0.6 * rng.standard_normal(images[0].shape)
    distance = ((z - images) ** 2).sum(axis=(1, 2))
    right = softmax(np.log(shares) - distance / (2 * s**2))
    found = array(call(answer, z, images, shares, s, count, np.random.default_rng(1)))
    if found.shape != (count, *z.shape):
        raise Hint(f"samples of shape (count, H, W) = {(count, *z.shape)} are wanted; this has {found.shape}.")
    if not np.isfinite(found).all():
        raise Hint("some samples are no numbers.")
    apart = np.abs(found[:, np.newaxis] - images).max(axis=(2, 3))
    if (apart.min(axis=1) > 1e-6).any():
        if np.abs(found - np.tensordot(right, images, 1)).max() < 1e-3:
            raise Hint("that is the average, each time. A sample is one of the images.")
        mixed = np.isclose(found[:200, np.newaxis], images, atol=1e-6).any(axis=1).all()
        if mixed:
            raise Hint(
                "each pixel comes from another image. Pixels are not independent: choose one image, and take all of it."
            )
        raise Hint("these are no images of the world. Choose whole images; mix none, and add no noise.")
    often = np.bincount(apart.argmin(axis=1), minlength=len(images)) / count
    mistakes = (
        (np.eye(len(images))[right.argmax()], "it is the most probable image each time. Leave it to chance."),
        (shares, "these are the shares, as if nobody had been scanned. Weigh them by how well each explains the scan."),
        (np.full(len(images), 1 / len(images)), "all images come equally often. Weigh them."),
        (softmax(-distance / (2 * s**2)), "these are the weights where all are equally common. Use the shares, too."),
        (softmax(np.log(shares) - distance / s**2), "in the exponent stands ‖z - x‖² / (2·s²): mind the 2."),
        (softmax(np.log(shares) - distance / (2 * s)), "the exponent has the variance, s squared."),
        (softmax(np.log(shares) - np.sqrt(distance) / (2 * s**2)), "the exponent has the squared distance."),
        (softmax(np.log(shares) + distance / (2 * s**2)), "the sign: who explains the scan better weighs more."),
    )
    if np.abs(often - right).sum() / 2 > 0.015:
        for wrong, hint in mistakes:
            if np.abs(often - wrong).sum() / 2 < 0.015:
                raise Hint(hint)
        told = ", ".join(f"{each:.2f}" for each in often), ", ".join(f"{each:.2f}" for each in right)
        raise Hint(f"the six images should come with the shares {told[1]}; yours come with {told[0]}.")
    found = array(call(answer, z, images, shares, 0.001, 50, np.random.default_rng(2)))
    likeliest = images[(np.log(shares) - distance / (2 * 0.001**2)).argmax()]
    if not np.isfinite(found).all() or np.abs(found - likeliest).max() > 1e-6:
        raise Hint(
            "at level 0.001 every exponential is 0, and 0 / 0 is no weight. Subtract the largest exponent first, or "
            "use scipy.special.softmax."
        )


@exercise("A promise for each person")
def check_promise_for_each(answer: object) -> None:
    """Check a function that calibrates intervals for people, not for pixels.

    Parameters
    ----------
    answer : callable
        ``factor_for_people(errors, spread, share)`` of the errors and the predicted spreads of N people, (N, pixels)
        each, and a share; returns the factor. Right if it is the k-th smallest of the factors that the people need, for
        k = ⌈(N + 1)·share⌉, and infinite where k is more than N.

    References
    ----------
    Vovk, Gammerman & Shafer 2005, doi 10.1007/b106715; Angelopoulos & Bates 2023, doi 10.1561/2200000101.
    """
    rng = np.random.default_rng(0)
    people, share = 29, 0.9
    spread = rng.uniform(0.05, 0.2, (people, 400))
    errors = spread * rng.standard_normal(spread.shape) * rng.uniform(0.5, 2, (people, 1))
    ratios = np.abs(errors) / spread
    each = np.sort(np.quantile(ratios, share, axis=1))
    right = each[27 - 1]  # the 27th of 29
    given = _factor(answer, errors, spread, share)
    mistakes = (
        (
            np.quantile(ratios, share),
            "that pools all pixels. How many of the people have 90 % of theirs inside?",
        ),
        (np.quantile(each, share), "that is the quantile among the people seen. A new one counts, too: (N + 1)."),
        (each[26 - 1], "of 29 people 90 % are 26.1; with the new one 27 are needed."),
        (np.mean(each), "the mean factor is too small for about half of the people."),
        (np.median(each), "the median is too small for half of the people."),
        (each[-1], "the largest keeps the promise, but a smaller factor does, too."),
        (np.sort(ratios.max(axis=1))[27 - 1], "no need for all pixels of a person: 90 % of them are promised."),
        (np.sort(np.quantile(errors / spread, share, axis=1))[27 - 1], "errors have two signs: take their size."),
        (
            np.sort(np.quantile(np.abs(errors), share, axis=1))[27 - 1],
            "how many spreads is each error? Divide by them.",
        ),
        (
            np.sort(np.quantile(np.abs(errors) * spread, share, axis=1))[27 - 1],
            "divide by the spreads, do not multiply.",
        ),
        (np.quantile(np.quantile(ratios, share, axis=0), share), "that is by pixel, over people. First by person."),
    )
    if abs(given - right) > 0.004 * right:
        for wrong, hint in mistakes:
            if abs(given - wrong) < 0.002 * wrong:
                raise Hint(hint)
        kept = np.mean([(row <= given).mean() >= share for row in ratios])
        raise Hint(
            f"with your factor {given:.2f}, {kept:.0%} of these 29 people have 90 % of their pixels inside. What "
            "factor does each person need? Sort them, and count so that a new person is among them."
        )
    other = _factor(answer, errors[:, :200], spread[:, :200], 0.8)
    wanted = np.sort(np.quantile(ratios[:, :200], 0.8, axis=1))[24 - 1]
    if abs(other - wanted) > 0.01 * wanted:
        raise Hint("with a share of 0.8 something is not right. Is 0.9, or 27, written into your function?")
    if not np.isinf(_factor(answer, errors[:5], spread[:5], share)):
        raise Hint(
            "five people cannot promise 90 %: with the new one they are six, and 90 % of six are more than five. "
            "Return np.inf."
        )


def _factor(answer: object, errors: np.ndarray, spread: np.ndarray, share: float) -> float:
    found: Any = call(answer, errors, spread, share, changed="your function changes the arrays that it is given.")
    if np.ndim(found) > 0 and np.size(found) != 1:
        raise Hint(f"one factor is wanted, for all people and pixels; this has the shape {np.shape(found)}.")
    value = np.asarray(found, float).item()
    return value if np.isinf(value) else number(value)
