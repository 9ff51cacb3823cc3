"""Exercises of lesson 3: four residuals, noise that neighbours share, an average for counts, and dead pixels."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from cdae_lessons.checks.answers import Hint, call, compare, exercise, images, letters, number
from cdae_lessons.errors import check_images

FAULTS = MappingProxyType(
    {
        1: "It averages over too wide a neighbourhood.",
        2: "Its weights do not sum to one.",
        3: "Its weights are centred one pixel beside the pixel.",
        4: "It gives most of the weight to the pixel itself.",
    }
)
"""What is wrong with the four denoisers of `faulty_residuals`; the order is not that of the letters."""

_LETTERS = MappingProxyType({"A": 3, "B": 4, "C": 1, "D": 2})


def faulty_residuals(noisy: ArrayLike) -> dict[str, np.ndarray]:
    """Denoise images with four faulty Gaussian filters, and return what each of them took away.

    Parameters
    ----------
    noisy : ndarray of shape (N, H, W), floating point
        The noisy images.

    Returns
    -------
    dict of str to ndarray of shape (N, H, W)
        For each of the letters A to D noisy minus denoised. Which of `FAULTS` made which is the exercise.
    """
    z = check_images(noisy, what="noisy images", in_range=False).astype(float)
    good = ndimage.gaussian_filter(z, (0, 1, 1))
    made = {
        1: ndimage.gaussian_filter(z, (0, 3.5, 3.5)),
        2: 0.75 * good,
        3: np.roll(good, 1, axis=2),
        4: ndimage.gaussian_filter(z, (0, 0.45, 0.45)),
    }
    return {letter: z - made[fault] for letter, fault in _LETTERS.items()}


@exercise("Four residuals")
def check_residuals(answer: object) -> None:
    """Check which of the residuals A to D shows which fault.

    Parameters
    ----------
    answer : list of str
        The letters in the order of `FAULTS`, as ``["A", "B", "C", "D"]``.
    """
    order = letters(answer, "ABCD", what="residual", twice="each fault made one residual: no letter comes twice.")
    if len(order) != 4:
        raise Hint(f"four letters are wanted, one for each fault in the order 1 to 4; these are {len(order)}.")
    right = {fault: letter for letter, fault in _LETTERS.items()}
    said = {fault: _LETTERS[letter] for fault, letter in zip(FAULTS, order, strict=True)}
    wrong = [fault for fault in FAULTS if order[fault - 1] != right[fault]]
    if not wrong:
        return
    if said[1] == 3 and said[3] == 1:
        raise Hint(
            "faults 1 and 3 both leave edges. A shift leaves them as in a relief, bright on one side and dark on the "
            "opposite side of the head; a wide average treats both sides alike."
        )
    if 4 in wrong:
        raise Hint(
            "fault 4: who keeps the pixel takes hardly anything away. Which residual has the smallest standard "
            "deviation?"
        )
    if 2 in wrong:
        raise Hint(
            "fault 2: a sum of weights below one darkens every pixel in proportion to its grey. Which residual is a "
            "pale copy of the brain, flat parts and all?"
        )
    raise Hint("faults 1 and 3: look at the left and at the right rim of the head, and at their signs.")


@exercise("Noise that neighbours share")
def check_noise_left(answer: object) -> None:
    """Check a function that tells how much noise an average leaves.

    Parameters
    ----------
    answer : callable
        ``noise_left(weights, correlation, sigma)`` of the weights (M,), the correlations of the noise (M, M) and its
        standard deviation; returns the standard deviation of the noise in the average.
    """
    rng = np.random.default_rng(3)
    weights = rng.uniform(0.2, 1, 5)
    weights /= weights.sum()
    mixed = rng.normal(size=(5, 3)) + 0.8
    covariance = mixed @ mixed.T + 0.3 * np.eye(5)
    correlation = covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    sigma = 0.3
    variance = weights @ correlation @ weights
    alone = (weights**2).sum()
    mistakes = (
        (sigma * np.sqrt(alone), "this is right for independent noise only: the correlations were not used."),
        (sigma / np.sqrt(5), "this holds for five equal weights and independent noise. Use weights and correlation."),
        (sigma / np.sqrt(1 / alone * correlation.sum() / 5), "use each pair: w_j times w_k times their correlation."),
        (variance, "that is a variance, and sigma is not used: take the root, then times sigma."),
        (sigma**2 * variance, "that is the variance. The standard deviation is its root."),
        (np.sqrt(variance), "sigma was not used."),
        (sigma * variance, "the root is missing: sigma times the root of the sum over all pairs."),
        (sigma**2 * np.sqrt(variance), "sigma is a standard deviation already: outside the root it is not squared."),
        (sigma * np.sqrt(correlation.sum()) / 5, "every weight was taken as 1 / 5. They differ here."),
        (sigma * np.sqrt(np.outer(weights, weights).sum()), "the correlations are missing from the sum over pairs."),
        (sigma * np.sqrt((weights @ correlation).sum()), "each pair needs both weights: w_j and w_k."),
    )
    otherwise = "the variance is the sum over all pairs j, k of w_j · w_k · correlation_jk, times sigma²."
    compare(number(call(answer, weights, correlation, sigma)), sigma * np.sqrt(variance), mistakes, otherwise)


@exercise("An average for counts")
def check_counting_average(answer: object) -> None:
    """Check the average of candidate images, each weighted by how likely it is to give the counts.

    Parameters
    ----------
    answer : callable
        ``counting_average(counts, images, peak)`` of counted photons (H, W), candidates (M, H, W) with values above 0,
        and the mean count where an image is 1; returns the average (H, W).
    """
    rng = np.random.default_rng(0)
    candidates = rng.uniform(0.1, 0.9, (4, 3, 3))
    peak = 4.0
    counts = rng.poisson(peak * candidates[0])
    right = _average(_log_likelihood(counts, candidates, peak), candidates)
    found = _image(answer, counts, candidates, peak)
    squares = ((counts / peak - candidates) ** 2).sum(axis=(1, 2))
    rate = peak * candidates
    plain = np.exp(_log_likelihood(counts, candidates, peak))
    unnormalised = np.tensordot(plain, candidates, 1)
    gaussian = "this weighs by squared distances, as for Gaussian noise. Counts have another likelihood: Poisson's."
    mistakes = (
        (candidates.mean(axis=0), "all candidates got the same weight: the counts were not used."),
        (candidates[np.argmax(plain)], "this is the most likely candidate alone. Average them all, by their weights."),
        (_average((counts * np.log(rate)).sum(axis=(1, 2)), candidates), "the - rate of the Poisson law is missing."),
        (
            _average((counts * np.log(candidates) - candidates).sum(axis=(1, 2)), candidates),
            "the rate is peak · image: a candidate of grey .5 sends peak / 2 photons.",
        ),
        (
            _average((counts / peak * np.log(candidates) - candidates).sum(axis=(1, 2)), candidates),
            "the law of Poisson is one of whole counts: do not divide them by the peak.",
        ),
        (
            _average((counts * np.log(rate) - rate).mean(axis=(1, 2)), candidates),
            "the likelihoods of the pixels are multiplied, so their logarithms are summed; this is their mean.",
        ),
        (_average(_by_logarithms(counts, rate), candidates), "the weights are exp of the log-likelihood, not itself."),
        (unnormalised, "the weights do not sum to one: divide by their sum."),
        (peak * right, "these are mean counts. Return grey levels: average the images, not peak · image."),
        (_each_by_itself(counts, candidates, peak), "each pixel chose for itself: sum the logarithms over all pixels."),
        (_average(-squares / (2 * 0.5 / peak), candidates), gaussian),
        (_average(-squares / 2, candidates), gaussian),
        (_average(-(squares * peak**2) / 2, candidates), gaussian),
        (_average(-squares * peak, candidates), gaussian),
    )
    otherwise = "weight each candidate by exp(sum of counts · log(rate) - rate) with rate = peak · image."
    compare(found, right, mistakes, otherwise)

    # Real images have thousands of pixels: the logarithms are large, of either sign.
    for peak in (0.5, 400.0):
        candidates = rng.uniform(0.1, 0.9, (3, 48, 48))
        counts = rng.poisson(peak * candidates[1])
        found = _image(answer, counts, candidates, peak)
        if not np.isfinite(found).all():
            raise Hint(
                "right for tiny images; on 48x48 exp overflows or underflows, and inf / inf or 0 / 0 is no number. "
                "Subtract the largest logarithm before exp: that changes no weight after the division."
            )
        compare(
            found, _average(_log_likelihood(counts, candidates, peak), candidates), (),
            "right for tiny images, wrong for 48x48. Subtract the largest logarithm; cut nothing off.", tolerance=1e-3,
        )  # fmt: skip


def _by_logarithms(counts: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """The logarithm of minus the log-likelihood: what one gets who weighs by the logarithms themselves."""
    return np.log(np.abs((counts * np.log(rate) - rate).sum(axis=(1, 2))))


def _each_by_itself(counts: np.ndarray, candidates: np.ndarray, peak: float) -> np.ndarray:
    """The average of one who forgets the sum over pixels: weights of their own for each."""
    rate = peak * candidates
    weights = np.exp(counts * np.log(rate) - rate)
    return np.asarray((weights * candidates).sum(axis=0) / weights.sum(axis=0))


@exercise("Dead pixels")
def check_dead_pixels(answer: object) -> None:
    """Check a function that fills dead pixels from the living ones around them.

    Parameters
    ----------
    answer : callable
        ``fill(noisy, alive, width)`` of images (N, H, W), a mask (N, H, W) of bool, and the standard deviation of the
        Gaussian weights in pixels; returns new images: the living pixels as they were, the dead ones filled.
    """
    rng = np.random.default_rng(1)
    ramp = np.linspace(0.2, 1, 24)
    clean = np.stack([np.tile(ramp, (24, 1)), np.tile(ramp[::-1, None], (1, 24))])
    noisy = clean + rng.normal(0, 0.05, clean.shape)
    alive = rng.random(clean.shape) > 0.3
    changed = "what was given was changed. Compute new images."
    given = np.where(alive, noisy, 0)
    found = images(call(answer, given, alive, 1.2, changed=changed), clean.shape)
    right = _filled_in(noisy, alive, 1.2)
    others = images(call(answer, np.where(alive, noisy, 0.7), alive, 1.2, changed=changed), clean.shape)

    if not np.allclose(found[alive], noisy[alive], atol=1e-6):
        raise Hint("living pixels have changed. Only the dead ones shall be filled: np.where(alive, noisy, filled).")
    if np.abs(found[~alive]).max() < 1e-9:
        raise Hint("the dead pixels are as black as before.")
    inner = np.zeros(alive.shape, bool)
    inner[:, 5:-5, 5:-5] = True
    off = np.abs(found - right)
    close = 0.03
    if off[inner & ~alive].max() > close and (found - right)[inner & ~alive].mean() < -0.05:
        raise Hint(
            "dead pixels count as black ones, so all that is filled is too dark. Their weight must be missing from the "
            "sum of weights, too: divide by the weights of the living pixels."
        )
    if not np.allclose(found, others, atol=1e-3):
        raise Hint("what the dead pixels deliver is used: another detector's dead pixels deliver .7, not 0.")
    if off[inner & ~alive].max() > close:
        raise Hint("not the Gaussian average of the living pixels, with this width, of the same image.")
    if off[~alive].max() > 0.08:
        raise Hint(
            "right in the middle, wrong near the rim. np.roll brings pixels in from the opposite side; pixels beyond "
            "the rim do not exist, and have no weight."
        )


def _log_likelihood(counts: np.ndarray, candidates: np.ndarray, peak: float) -> np.ndarray:
    rate = peak * candidates
    return (counts * np.log(rate) - rate).sum(axis=(1, 2))


def _average(logarithms: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    weights = np.exp(logarithms - logarithms.max())
    return np.tensordot(weights / weights.sum(), candidates, 1)


def _image(answer: object, counts: np.ndarray, candidates: np.ndarray, peak: float) -> np.ndarray:
    found: Any = call(answer, counts, candidates, peak)
    if np.shape(found) == (len(candidates),):
        raise Hint("these are the weights, one for each candidate. Return the average image that they make.")
    if np.shape(found) != counts.shape:
        raise Hint(f"the average should have the shape of an image, {counts.shape}; it is {np.shape(found)}.")
    return np.asarray(found, float)


def _filled_in(noisy: np.ndarray, alive: np.ndarray, width: float) -> np.ndarray:
    total, weights = (
        ndimage.gaussian_filter(each.astype(float), (0, width, width), mode="constant")
        for each in (np.where(alive, noisy, 0), alive)
    )
    return np.where(alive, noisy, total / weights)
