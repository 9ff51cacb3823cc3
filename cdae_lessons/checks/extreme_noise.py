"""Exercises of lesson 9: four denoisers told apart without a truth, a rare lesion, an observer, and an honest error."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from scipy import ndimage
from scipy.stats import norm

from cdae_lessons import datasets
from cdae_lessons.checks.answers import Hint, call, exercise, letters, number, same

DENOISER_FAULTS: Mapping[int, str] = MappingProxyType(
    {
        1: "It gives the mean of the training images, whoever was scanned.",
        2: "It gives the one training image that is nearest to the scan.",
        3: "It averages over too wide a neighbourhood.",
        4: "It removes about half of the noise only.",
    }
)
"""What is wrong with the denoisers of `four_denoisers`."""

_LETTERS = MappingProxyType({"A": 3, "B": 2, "C": 4, "D": 1})
_LEVEL, _WIDTH = 0.5, 6
_RARE, _NORM = 0.01, 1.324  # how many have the lesion, and the root of the sum of its squares: see `check_rare_lesion`


def four_denoisers() -> pd.DataFrame:
    """What can be said of four faulty denoisers without a clean image: each subject was scanned twice at level 0.5.

    Returns
    -------
    DataFrame
        A row for each denoiser, A to D: by how much its two pictures of one subject differ (root mean square, in grey
        levels); of how many in 100 subjects they are the same; the standard deviation of the residual over that of the
        noise; and how much structure the residual has, 1 for noise alone.
    """
    train, _, test = datasets.load("brain", n=260, seed=2018).split(train=200, validation=0, test=60)
    rng = np.random.default_rng(9)
    scans = [test.images + _LEVEL * rng.standard_normal(test.images.shape, dtype=np.float32) for _ in range(2)]
    flat = train.images.reshape(len(train.images), -1)

    def nearest(scan: np.ndarray) -> np.ndarray:
        likeness = scan.reshape(len(scan), -1) @ flat.T - (flat**2).sum(axis=1) / 2
        return train.images[likeness.argmax(axis=1)]

    def blurred(scan: np.ndarray, width: float) -> np.ndarray:
        return ndimage.gaussian_filter(scan, (0, width, width))

    ways = {
        1: lambda scan: np.broadcast_to(train.images.mean(axis=0), scan.shape),
        2: nearest,
        3: lambda scan: blurred(scan, _WIDTH),
        4: lambda scan: (scan + blurred(scan, 1)) / 2,
    }
    smooth_noise = np.sqrt(np.mean(blurred(scans[1] - test.images, 2) ** 2))
    rows = {}
    for letter, fault in _LETTERS.items():
        first, second = (ways[fault](scan) for scan in scans)
        alike = np.abs(first - second).max(axis=(1, 2)) < 1e-6
        residual = scans[0] - first
        rows[letter] = (
            np.sqrt(np.mean((first - second) ** 2)),
            100 * alike.mean(),
            residual.std() / _LEVEL,
            np.sqrt(np.mean(blurred(residual, 2) ** 2)) / smooth_noise,
        )
    columns = ["two scans differ by", "% the same", "residual / noise", "structure"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


@exercise("Four denoisers")
def check_four_denoisers(answer: object) -> None:
    """Check which fault each denoiser of `four_denoisers` has.

    Parameters
    ----------
    answer : list of str
        The letters of the denoisers with the faults 1, 2, 3 and 4 of `DENOISER_FAULTS`, as ``["A", "B", "C", "D"]``.
    """
    order = letters(answer, "ABCD")
    if len(order) != len(DENOISER_FAULTS):
        raise Hint("four letters are wanted, one for each fault: the denoiser with fault 1 first.")
    hints = {
        1: "What never changes, whoever is scanned and however often, makes two pictures that are always the same.",
        2: "Two scans of one person have the same nearest image, or another one: equal pictures, or quite other ones.",
        3: "A wide average leaves hardly any noise, so two scans agree closely, but never quite; edges stay in the "
        "residual.",
        4: "If half of the noise is still in the picture, half of it is in the residual, and two scans differ much.",
    }
    for fault, letter in zip(DENOISER_FAULTS, order, strict=True):
        if _LETTERS[letter] != fault:
            raise Hint(f"{letter} has another fault than {fault}. {hints[fault]}")


@exercise("A rare lesion")
def check_rare_lesion(answer: object) -> None:
    """Check the level at which the best denoiser gives back half of a lesion that one person in a hundred has.

    The lesion is that of the lesson, ``lesions.insert`` with a radius of 3 and a contrast of 0.3; all else is known.

    Parameters
    ----------
    answer : float
        The level, to within 0.015.

    Notes
    -----
    The log odds of the lesion, once the scan is seen, are log(q / (1 - q)) + d²/2 + d·n where it is there, with
    d = ‖lesion‖ / s and n a normal draw. The best denoiser draws the lesion with its probability, a half on average
    where the odds' mean is 0: d² = 2·log((1 - q) / q).
    """
    given = number(answer)
    odds = np.log((1 - _RARE) / _RARE)
    right = _NORM / np.sqrt(2 * odds)
    if abs(given - right) <= 0.015:
        return
    mistakes = (
        (
            0.3 / np.sqrt(2 * odds),
            "the 0.3 is one pixel's contrast. All pixels of the lesion speak for it: take the root of the sum of their "
            "squares.",
        ),
        (_NORM / np.sqrt(odds), "in the exponent stands ‖z - x‖² / (2·s²): mind the 2."),
        (_NORM / (2 * odds), "the evidence grows with the square of ‖lesion‖ / s: take a root."),
        (np.sqrt(2 * odds), "that is ‖lesion‖ / s. The level s itself is asked for."),
        (
            _NORM / np.sqrt(2 * odds / np.log(10)),
            "that is the logarithm to base 10. In exp stands the natural one.",
        ),
        (_NORM / np.sqrt(2 * np.log(9)), "that is right for a lesion that one in ten has, and here it is one in 100."),
    )
    for wrong, hint in mistakes:
        if abs(given - wrong) <= 0.012:
            raise Hint(hint)
    if not 0 < given < 20:
        raise Hint("a level is a standard deviation in grey levels, above 0.")
    d = _NORM / given
    raise Hint(
        f"at {given:g} an observer finds it in {norm.cdf(d / np.sqrt(2)):.0%} of pairs, and the best "
        f"denoiser gives back {'more' if given < right else 'less'} than half. Draw a few thousand noises and average "
        "the weight of the candidate that has the lesion."
    )


@exercise("The ideal observer")
def check_observer(answer: object) -> None:
    """Check an observer that knows the healthy images and the lesion, and wants to know who has it.

    Parameters
    ----------
    answer : callable
        ``observer(noisy, healthy, lesion)`` of noisy images and the healthy, clean ones of the same people, each
        (N, H, W), and the lesion (H, W); returns N numbers, the larger the more the scan speaks for the lesion. Right
        if they order the scans as the likelihood ratio does.
    """
    rng = np.random.default_rng(0)
    rows, columns = np.indices((24, 24))
    lesion = 0.3 * np.exp(-((rows - 9) ** 2 / 30 + (columns - 14) ** 2 / 6))
    healthy = rng.uniform(0.1, 0.9, (400, 1, 1)) * np.ones((24, 24)) + rng.normal(0, 0.1, (400, 24, 24))
    ill = np.arange(400) % 2 == 0
    noisy = healthy + ill[:, np.newaxis, np.newaxis] * lesion + 0.6 * rng.standard_normal(healthy.shape)
    found = call(answer, noisy, healthy, lesion, changed="your observer changes the images that it is given.")
    given = np.asarray(found, float)
    if given.shape != (400,):
        raise Hint(f"400 scans, so 400 numbers are wanted; the shape of this is {given.shape}.")
    if not np.isfinite(given).all() or given.std() == 0:
        raise Hint("the numbers should be finite, and differ from scan to scan.")
    difference = noisy - healthy
    right = (difference * lesion).sum(axis=(1, 2))
    likeness = np.corrcoef(given, right)[0, 1]
    if likeness > 0.9999:
        return
    wide = lesion > lesion.max() / 2
    weigh = "Weigh each pixel by what the lesion does to it."
    mistakes = (
        (-right, "the sign: the larger number should be that of the ill."),
        (
            (noisy * lesion).sum(axis=(1, 2)),
            "some people are bright at that place without a lesion. You know the healthy image: use it.",
        ),
        (difference.sum(axis=(1, 2)), "far from the lesion there is only noise, and you added all of it."),
        (difference.max(axis=(1, 2)), "one pixel, the largest, is mostly luck. Use them all."),
        (difference[:, wide].mean(axis=1), f"near the rim the lesion is weaker, so a pixel there says less. {weigh}"),
        (difference[:, lesion > 0.01].mean(axis=1), f"where the lesion is faint a pixel says little. {weigh}"),
        (
            -((difference - lesion) ** 2).sum(axis=(1, 2)),
            "that says how well 'ill' fits. How well does 'healthy' fit? Compare: most of both is the same noise.",
        ),
        (-(difference**2).sum(axis=(1, 2)), "that says how well 'healthy' fits. How well does 'ill' fit?"),
        (
            right / np.sqrt((difference**2).sum(axis=(1, 2))),
            "dividing each scan by its own length lets noise in that has nothing to do with the lesion.",
        ),
        ((difference * np.sqrt(lesion)).sum(axis=(1, 2)), "weigh each pixel by the lesion itself, not by its root."),
        ((difference * lesion**2).sum(axis=(1, 2)), "weigh each pixel by the lesion itself, not by its square."),
    )
    for wrong, hint in mistakes:
        if np.corrcoef(given, wrong)[0, 1] > 0.9999:
            raise Hint(hint)
    auc, best = (np.mean(each[ill][:, np.newaxis] > each[~ill]) for each in (given, right))
    raise Hint(
        f"your AUC is {auc:.2f}; with the same knowledge {best:.2f} can be had. Which of two images explains the scan "
        "better, and by how much: the healthy one, or that with the lesion added?"
    )


@exercise("The error without the truth")
def check_error_without_truth(answer: object) -> None:
    """Check a function that measures a denoiser's mean squared error from two scans of each person, without a truth.

    Parameters
    ----------
    answer : callable
        ``error_without_truth(denoise, first, second, s)`` of a function, two scans (N, H, W) of the same people with
        independent noise, and the level; returns one number.
    """
    rng = np.random.default_rng(0)
    s = 0.3
    clean = ndimage.gaussian_filter(rng.uniform(0, 1, (60, 48, 48)), (0, 2, 2), mode="wrap")
    clean = 0.5 + 3 * (clean - 0.5)
    first, second = (clean + s * rng.standard_normal(clean.shape) for _ in range(2))

    def smooth(images: np.ndarray) -> np.ndarray:
        return 0.1 + ndimage.gaussian_filter(images, (0, 1, 1))  # too bright by 0.1, which a second scan cannot see

    def twice(denoise: object) -> float:
        return _number(call(answer, denoise, first, second, s))

    a, b = smooth(first), smooth(second)
    truth = np.mean((a - clean) ** 2)
    given = twice(smooth)
    own = np.mean((a - first) ** 2)
    mistakes = (
        (own - s**2, "the picture was made from this scan, so its noise is in both. Which scan has other noise?"),
        (own, "the picture was made from this scan, so its noise is in both. Which scan has other noise?"),
        (np.mean((a - second) ** 2), "that is the error and the noise of the second scan. How much of it is noise?"),
        (np.mean((a - second) ** 2) - s, "the noise adds its variance, which is s squared."),
        (np.mean((a - second) ** 2) - 2 * s**2, "only the second scan is noisy here: its noise counts once."),
        (np.mean((a - b) ** 2) / 2, "that is the disagreement. What is wrong in both pictures drops out of it."),
        (np.mean((a - b) ** 2), "that is the disagreement. What is wrong in both pictures drops out of it."),
        (np.mean((first - second) ** 2) / 2, "that is the noise of the scans. What about the pictures?"),
        (np.sqrt(truth), "that is its root. The mean squared error itself is asked for."),
        (np.mean(a - second) ** 2, "square first, then take the mean: else ups and downs cancel."),
        (np.sum((a - second) ** 2) - s**2, "that is a sum over all pixels. Take their mean."),
    )
    for wrong, hint in mistakes:
        if same(given, wrong, 0.02) and not same(given, truth, 0.03):
            raise Hint(hint)
    goal = f"the true error is {truth:.4f}, yours is {given:.4f}. One scan's picture against the other scan: what "
    if abs(given - truth) > 0.002:
        raise Hint(f"{goal}is in that difference beside the error?")
    nothing = twice(lambda images: images)
    if abs(nothing - s**2) > 0.003:
        raise Hint(f"a denoiser that does nothing has an error of s² = {s**2:.2f}; yours says {nothing:.2f}.")
    if _number(call(answer, smooth, first, second, 2 * s)) == 0:
        raise Hint(
            "do not cut off at 0: where the error is small, chance must be free to take it below, else the mean over "
            "many people is too large."
        )


def _number(result: Any) -> float:
    if np.ndim(result) > 0 and np.size(result) > 1:
        raise Hint(f"one number is wanted, the mean over all pixels and images; this has the shape {np.shape(result)}.")
    return number(result.item() if isinstance(result, np.ndarray) else result)
