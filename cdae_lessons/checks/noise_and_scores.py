"""Exercises of lesson 2: which noise it was, the paper's noise, a real detector, and what a lesion costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np

from cdae_lessons.checks.answers import Blank, Hint, call, compare, exercise, images, number, pair, same

_PEAK, _SIGMA = 20.0, 0.1
_GREYS = (0.0, 0.25, 0.25, 0.9)  # one flat image each
_CLEAN = np.broadcast_to(np.array(_GREYS, np.float32)[:, None, None], (4, 96, 96))
_CHANGED = "the clean images were changed. Compute a new array; images += … changes the caller's."


_KINDS = ("gaussian", "clipped gaussian", "shot and electronics", "speckle", "rician", "salt and pepper")
_DETECTORS = ("rician", "clipped gaussian", "shot and electronics", "salt and pepper")
_PHOTONS = 50.0
_TOLD: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("A", "clipped gaussian"): "clipping would darken white as much as it lifts black. A leaves white alone.",
        ("A", "salt and pepper"): "salt and pepper spreads most at black and at white. A spreads least at black.",
        ("B", "rician"): "magnitudes lift black and leave white alone. B darkens white, too.",
        ("B", "salt and pepper"): "salt and pepper spreads most at black and at white. B spreads least there.",
        ("C", "speckle"): "speckle multiplies, so at black nothing is left of it. C still has noise at black.",
        ("D", "clipped gaussian"): "clipping takes noise away at black and at white. D has most of it there.",
    }
)


@exercise("Four detectors")
def check_detectors(answer: object) -> None:
    """Check which noise made each column of the table in the lesson, and how many photons the third one counted.

    Parameters
    ----------
    answer : (list of str, float)
        A name for each of A, B, C and D: "gaussian", "clipped gaussian", "shot and electronics", "speckle", "rician" or
        "salt and pepper"; and the mean number of photons of detector C at white.
    """
    names, photons = pair(answer, 'two things are wanted: (["…", "…", "…", "…"], photons).')
    if names is None or names is ...:
        raise Blank
    if isinstance(names, str) or not isinstance(names, list | tuple) or len(names) != len(_DETECTORS):
        raise Hint("four names are wanted, for A, B, C and D, in a list.")
    if all(str(name).strip() in ("", "…", "...", "None") for name in names):
        raise Blank
    given = [str(name).strip().lower().replace("_", " ") for name in names]
    strange = [name for name in given if name not in _KINDS]
    if strange:
        raise Hint(f"there is no {strange[0]!r} here. The names are: {', '.join(_KINDS)}.")
    for letter, name, right in zip("ABCD", given, _DETECTORS, strict=True):
        if name == right:
            continue
        if name == "gaussian":
            raise Hint(f"plain Gaussian noise has mean 0 and one spread at every grey level. {letter} has not.")
        otherwise = f"look again at {letter}: where is its mean not 0, and where does it spread most?"
        raise Hint(_TOLD.get((letter, name), otherwise))
    mistakes = (
        (
            1 / 0.15**2,
            "at white the electronics add noise, too. Take away the variance at black, where no photon comes.",
        ),
        (1 / (0.15 - 0.05), "spreads do not add, variances do: square both before you take the difference."),
        (1 / (0.15 - 0.05) ** 2, "spreads do not add, variances do: square each before you take the difference."),
        (0.15**2 - 0.05**2, "that is the variance of the photons. It is 1 / photons at white."),
        (np.sqrt(_PHOTONS), "the variance of z at white is 1 / photons: no root."),
        (1 / 0.05**2, "that is the electronics alone. Photons come where it is bright."),
    )
    otherwise = "counted photons have the variance x / photons; the electronics add theirs. Subtract, then solve."
    compare(number(photons), _PHOTONS, mistakes, otherwise, tolerance=0.015)


@exercise("The paper's noise")
def check_paper_noise(answer: object) -> None:
    """Check a function that adds the paper's Gaussian noise: z = x + p·n, n ~ N(0, 1), in every pixel, not clipped.

    Parameters
    ----------
    answer : callable
        ``corrupt(images, p, rng)`` of images (N, H, W), a factor and a Generator; returns the noisy images.
    """
    p = 0.3
    noisy = _drawn(lambda rng: call(answer, _CLEAN, p, rng, changed=_CHANGED))
    error = noisy.astype(float) - _CLEAN
    untouched = (error[1] == 0).mean()
    if untouched > 0.1:
        raise Hint(f"{untouched:.0%} of the pixels are clean. p is a factor, no share: every pixel gets p times n.")
    if error[1].min() >= 0:
        raise Hint("the noise is never below 0, so the images became brighter. n has a mean of 0: see rng.normal.")
    if noisy.min() >= 0 or noisy.max() <= 1:
        raise Hint("no value is below 0, or none above 1: the noise was clipped, so its mean is no longer 0.")
    if error[0].std() < 0.5 * error[3].std():
        raise Hint("dark pixels have less noise than bright ones. The noise is added, not multiplied.")
    if np.corrcoef(error[1].ravel(), error[2].ravel())[0, 1] > 0.3:
        raise Hint("all images got the same noise. Draw a value for each pixel of each image: images.shape.")
    if abs(error.mean()) > 0.02:
        raise Hint("the images became brighter or darker. n has a mean of 0: see rng.normal, not rng.random.")
    mistakes = (
        (1, "p was not used: the noise has a standard deviation of 1."),
        (p**2, "p is the factor of n, so it is the standard deviation of the noise; here it was squared."),
        (np.sqrt(p), "p is the standard deviation of the noise, not its variance: no root."),
    )
    found = error.std()
    otherwise = f"the standard deviation of the noise should be p = {p}; it is {found:.2f}."
    compare(found, p, mistakes, otherwise, tolerance=0.05)
    if np.mean(np.abs(error) > 2 * p) < 0.03:  # 0.046 of normal numbers
        raise Hint("the noise has the right width and no tails: it is not normal. See rng.normal.")


@exercise("A real detector")
def check_detector_noise(answer: object) -> None:
    """Check a function that adds photon noise and then the noise of the electronics.

    Parameters
    ----------
    answer : callable
        ``detector_noise(images, peak, sigma, rng)`` of images (N, H, W), a dose, a standard deviation and a
        Generator; returns Poisson(peak·x) / peak + N(0, sigma²), not clipped.
    """
    noisy = _drawn(partial(_detected, answer))
    error = noisy.astype(float) - _CLEAN
    mean, deviation = error.mean(axis=(1, 2)), error.std(axis=(1, 2))
    expected = np.sqrt(np.array(_GREYS) / _PEAK + _SIGMA**2)
    if noisy[3].mean() > 5:
        raise Hint("the pictures are as bright as the photon counts. Divide the counts by peak.")
    if mean[0] > 0.5:
        raise Hint("a black image became bright, though no light came. The photons' rate is peak times x.")
    if deviation[0] < 1e-6 < abs(mean[0]):
        raise Hint("the electronics added one number to all pixels. Draw one for each: rng.normal with a shape.")
    if noisy.min() >= 0 or noisy.max() <= 1:
        if deviation[0] < 1e-6:
            raise Hint("a black image stays black. The electronics add noise where no photon came, too.")
        raise Hint("no value is below 0, or none above 1: that noise was clipped. Leave it as it is.")
    if abs(mean[3] - _GREYS[3]) < 0.05:
        raise Hint("bright pixels became twice as bright: the counts are the image. Do not add the image again.")
    if np.abs(mean).max() > 0.02:
        raise Hint("the noise changed the mean. It should be zero on average, in dark and in bright images.")
    _check_levels(deviation, expected)
    if abs(np.corrcoef(error[1].ravel(), error[2].ravel())[0, 1]) > 0.3:
        raise Hint("two images got the same noise. Draw a value for each pixel of each image.")
    if not np.allclose(deviation, expected, rtol=0.1):
        raise Hint("the variance at grey level x should be x / peak + sigma².")


def _detected(answer: object, rng: np.random.Generator) -> object:
    try:
        return call(answer, _CLEAN, _PEAK, _SIGMA, rng, changed=_CHANGED)
    except ValueError as error:
        if "lam" in str(error):
            raise Hint("a count needs a rate >= 0. First count photons, then add the electronics' noise.") from None
        raise


def _drawn(corrupted: Callable[[np.random.Generator], object]) -> np.ndarray:
    """Noisy images, after checking that they follow from the rng."""
    noisy, again, other = (images(corrupted(np.random.default_rng(seed)), _CLEAN.shape) for seed in (0, 0, 1))
    if np.array_equal(noisy, _CLEAN):
        raise Hint("nothing was added: the images come back as they went in.")
    if not np.array_equal(noisy, again):
        raise Hint("the same rng gave other noise. Draw all noise from the rng that is given.")
    if np.array_equal(noisy, other):
        raise Hint("two different rng gave the same noise. Use the one given; make none inside.")
    return noisy


def _check_levels(deviation: np.ndarray, expected: np.ndarray) -> None:
    """Raise the `Hint` that fits the noise found in a black and in a bright image, if one does."""
    dark, bright = deviation[0], deviation[3]
    photons, near = np.sqrt(_GREYS[3] / _PEAK), partial(same, tolerance=0.1)
    if near(dark, _SIGMA) and near(bright, _SIGMA):
        raise Hint("bright pixels have no more noise than dark ones. Where is the photon noise?")
    if near(dark, _SIGMA**2):
        raise Hint("rng.normal wants the standard deviation sigma, not the variance sigma².")
    if near(dark, np.sqrt(_SIGMA)):
        raise Hint("sigma is a standard deviation already: no square root of it.")
    if near(dark, _SIGMA / _PEAK):
        raise Hint("sigma is in grey levels: add the electronics' noise after dividing by peak.")
    if dark > expected[0] * 1.5 and near(dark, bright):
        raise Hint("dark and bright pixels have the same noise. The photons' rate is peak times x.")
    if near(bright, np.hypot(photons / np.sqrt(_PEAK), _SIGMA)) or near(bright, np.hypot(photons * _PEAK, _SIGMA)):
        raise Hint("the photon noise has the wrong size: the rate is peak times x, and peak divides the counts.")


@exercise("What a lesion costs")
def check_equal_noise(answer: object) -> None:
    """Check a function that finds the white noise that costs as much squared error as a lost lesion.

    Parameters
    ----------
    answer : callable
        ``equal_noise(sick, healthy)`` of two sets of images (N, H, W), with and without the lesion; returns the
        standard deviation of the Gaussian noise which, added to every pixel of ``sick``, has the same MSE as
        ``healthy``.
    """
    healthy = np.random.default_rng(0).uniform(0.2, 0.6, (3, 16, 16))
    sick = healthy.copy()
    sick[:, 4:8, 5:7] += 0.4
    sick[:, 6, 6] -= 0.2
    lesion = sick - healthy
    squares, inside = lesion**2, lesion > 0
    right = np.sqrt(squares.mean())
    mistakes = (
        (right**2, "that is the MSE itself, a squared grey level. A standard deviation is its root."),
        (
            np.sqrt(squares[inside].mean()),
            "the noise falls on every pixel, so divide by all of them, not by the lesion's.",
        ),
        (squares[inside].mean(), "the noise falls on every pixel, so divide by all of them; and take the root."),
        (lesion.std(), "np.std takes the mean away first. What the lesion adds on average is lost, too."),
        (lesion.mean(), "that is the lesion's mean over the image. Errors are squared before their mean is taken."),
        (
            np.sqrt(squares.sum()),
            "that is the sum over the pixels. Each pixel of noise costs sigma squared: take the mean.",
        ),
        (np.sqrt(squares.sum() / len(sick)), "that is the sum over an image. Take the mean over its pixels."),
        (lesion.max(), "that is the lesion's contrast. How many of the pixels have it?"),
        (10 * np.log10(1 / right**2), "those are decibels. The standard deviation is wanted, in grey levels."),
    )
    otherwise = "noise of standard deviation sigma has an MSE of sigma squared. Which MSE has the lost lesion?"
    compare(number(call(answer, sick, healthy)), right, mistakes, otherwise)
