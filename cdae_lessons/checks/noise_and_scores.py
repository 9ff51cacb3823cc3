"""Exercises of lesson 2: the paper's noise, the noise of a real detector, and PSNR inside the body."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from cdae_lessons.checks.answers import Hint, call, compare, exercise, images, number, same

_PEAK, _SIGMA = 20.0, 0.1
_GREYS = (0.0, 0.25, 0.25, 0.9)  # one flat image each
_CLEAN = np.broadcast_to(np.array(_GREYS, np.float32)[:, None, None], (4, 96, 96))
_CHANGED = "the clean images were changed. Compute a new array; images += … changes the caller's."


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


@exercise("PSNR inside the body")
def check_body_psnr(answer: object) -> None:
    """Check a function that computes PSNR over the pixels of a mask.

    Parameters
    ----------
    answer : callable
        ``body_psnr(clean, image, mask, data_range)`` of two images (H, W), a mask (H, W) of bool and a number;
        returns the PSNR in dB over the pixels where the mask is True.
    """
    rng = np.random.default_rng(0)
    clean = rng.random((16, 16))
    image = clean + rng.normal(0, 0.1, clean.shape)
    mask = np.zeros(clean.shape, bool)
    mask[3:9, 2:13] = True  # 66 of 256 pixels
    image[~mask] += 0.3
    scale = 4.0
    error, given = np.square(clean - image), scale * image
    inside = error[mask]
    right = -10 * np.log10(inside.mean())
    own = "that is the image's own range, and noise makes it wider. Use the data_range that is given."
    mistakes = (
        (-right, "the sign: less error should give more decibels. The range stands above, the MSE below."),
        (-10 * np.log10(error.mean()), "the mask was not used: that is the whole image."),
        (-10 * np.log10(inside.sum() / mask.size), "outside the mask zeros were counted. Divide by the pixels inside."),
        (-10 * np.log(inside.mean()), "that is the natural logarithm. Decibels want np.log10."),
        (2 * right, "20 goes with the root of the MSE; with the MSE itself it is 10."),
        (right / 2, "10 goes with the MSE; with its root it is 20."),
        (-10 * np.log10(scale * inside.mean()), "the range has to be squared, as the error is."),
        (-10 * np.log10(scale**2 * inside.mean()), "data_range was not used. These images go from 0 to 4, not to 1."),
        (-10 * np.log10(inside.sum()), "mean squared error: divide the sum by the number of pixels inside."),
        (-20 * np.log10(np.sqrt(inside).mean()), "square the errors first, then take their mean."),
        (-10 * np.mean(np.log10(inside)), "take the mean of the squared errors first, then one logarithm."),
        (right + 20 * np.log10(np.ptp(given[mask]) / scale), own),
        (right + 20 * np.log10(np.ptp(given) / scale), own),
    )
    otherwise = "10 · log10(data_range² / MSE), with the MSE over the pixels where the mask is True."
    compare(number(call(answer, scale * clean, given, mask, scale)), right, mistakes, otherwise)
