"""Noise models: clean images in, noisy images out, the whole set at once.

Every function maps float32 images of shape (N, H, W) in [0, 1] to a new float32 array of the same
shape. Nothing is clipped unless ``clip=True``: clipping bends the noise (it is no longer Gaussian,
and on a black background its mean is no longer zero). The same ``rng`` seed gives the same noise.

On the paper's ``p`` (Gondara 2016, doi 10.1109/ICDMW.2016.0041). "p" has two readings: a **factor**
that scales the noise, z = x + p·n, or the **share of pixels** that are corrupted. On mini-MIAS with
p=0.1, sigma=1, the factor gives the paper's own scores (SSIM with data_range 2: noisy .45, median .74;
reported .45 and .73), the share gives .19 and .99. So in `gaussian` and `poisson` p is a factor;
only `masking` and `salt_and_pepper` have a p that is a share of pixels.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from cdae_lessons.errors import InputError, check_images, check_number, check_rng, known, settings

Seed = np.random.Generator | int | None


def gaussian(
    images: ArrayLike, *, p: float = 0.1, mean: float = 0.0, sigma: float = 1.0, clip: bool = False, rng: Seed = None
) -> np.ndarray:
    """z = x + p·n, n ~ N(mean, sigma²): the paper's Gaussian noise, with standard deviation p·sigma.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images x.
    p : float >= 0
        Factor of the noise (not a share of pixels: see the top of this module).
    mean : float
        Mean of n, in grey levels; it shifts every pixel by p·mean.
    sigma : float >= 0
        Standard deviation of n, in grey levels.
    clip : bool
        Whether to clip the result to [0, 1].
    rng : Generator, int or None
        Source of randomness or its seed; None draws new noise each time.

    Returns
    -------
    ndarray of shape (N, H, W), float32

    Raises
    ------
    InputError
        On images of another shape, type or range, or a level that is negative or not finite.

    References
    ----------
    Gondara 2016, doi 10.1109/ICDMW.2016.0041.
    """
    images, p = check_images(images), check_number(p, what="p")
    mean, sigma = check_number(mean, what="mean", low=-np.inf), check_number(sigma, what="sigma")
    noisy = _normal(images, rng)
    noisy *= p * sigma
    noisy += p * mean
    noisy += images
    return _clipped(noisy, clip)


def poisson(images: ArrayLike, *, p: float = 0.2, lam: float = 5.0, clip: bool = False, rng: Seed = None) -> np.ndarray:
    """z = x + p·n, n ~ Poisson(lam): the paper's Poisson noise, with mean p·lam and variance p²·lam.

    It is added whatever the image shows. In a real detector the noise depends on the light that
    arrives: that is `shot`.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images x.
    p : float >= 0
        Factor of the noise (not a share of pixels: see the top of this module).
    lam : float from 0 to 1e9
        Mean, and variance, of n.
    clip, rng
        As in `gaussian`.

    Returns
    -------
    ndarray of shape (N, H, W), float32

    Raises
    ------
    InputError
        As `gaussian`.

    References
    ----------
    Gondara 2016, doi 10.1109/ICDMW.2016.0041.
    """
    images, p = check_images(images), check_number(p, what="p")
    lam = check_number(lam, what="lam", high=1e9)
    noisy = check_rng(rng).poisson(lam, images.shape).astype(np.float32)
    noisy *= p
    noisy += images
    return _clipped(noisy, clip)


def shot(images: ArrayLike, *, peak: float = 30.0, clip: bool = False, rng: Seed = None) -> np.ndarray:
    """z = Poisson(peak·x) / peak: photon noise, as in X-ray and CT counts; variance x / peak.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images x: the expected light, 1 being the brightest.
    peak : float, above 0, up to 1e9
        Photons counted on average at x = 1. Fewer photons, more noise.
    clip, rng
        As in `gaussian`.

    Returns
    -------
    ndarray of shape (N, H, W), float32
        Multiples of 1 / peak, never negative.

    Raises
    ------
    InputError
        As `gaussian`, or if `peak` is not above 0.

    References
    ----------
    Foi et al. 2008, doi 10.1109/TIP.2008.2001399.
    """
    images, peak = check_images(images), check_number(peak, what="peak", above=True, high=1e9)
    noisy = check_rng(rng).poisson(images * peak).astype(np.float32)
    noisy /= peak
    return _clipped(noisy, clip)


def masking(images: ArrayLike, *, p: float = 0.25, clip: bool = False, rng: Seed = None) -> np.ndarray:
    """z = 0 with probability p, else x: the first denoising autoencoder's corruption.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images x.
    p : float in [0, 1]
        Share of pixels set to zero.
    clip, rng
        As in `gaussian`; clipping changes nothing here.

    Returns
    -------
    ndarray of shape (N, H, W), float32

    Raises
    ------
    InputError
        As `gaussian`, or if `p` is above 1.

    References
    ----------
    Vincent et al. 2008, doi 10.1145/1390156.1390294.
    """
    images, p = check_images(images), check_number(p, what="p", high=1)
    return _clipped(images * (_uniform(images, rng) >= p), clip)


def salt_and_pepper(images: ArrayLike, *, p: float = 0.1, clip: bool = False, rng: Seed = None) -> np.ndarray:
    """z = 0 or 1 with probability p/2 each, else x: dead and saturated pixels.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images x.
    p : float in [0, 1]
        Share of pixels replaced, half of them by 0 and half by 1.
    clip, rng
        As in `gaussian`; clipping changes nothing here.

    Returns
    -------
    ndarray of shape (N, H, W), float32

    Raises
    ------
    InputError
        As `gaussian`, or if `p` is above 1.

    References
    ----------
    Vincent et al. 2010, https://jmlr.org/papers/v11/vincent10a.html, section 4.3.
    """
    images, p = check_images(images), check_number(p, what="p", high=1)
    draw = _uniform(images, rng)
    noisy = np.where(draw < p, np.float32(1), images)
    noisy[draw < p / 2] = 0
    return _clipped(noisy, clip)


def speckle(images: ArrayLike, *, sigma: float = 0.2, clip: bool = False, rng: Seed = None) -> np.ndarray:
    """z = x·(1 + n), n ~ N(0, sigma²): noise that grows with the signal, as in ultrasound.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images x.
    sigma : float >= 0
        Standard deviation of the noise as a share of the signal.
    clip, rng
        As in `gaussian`.

    Returns
    -------
    ndarray of shape (N, H, W), float32

    Raises
    ------
    InputError
        As `gaussian`.

    References
    ----------
    Goodman 1976, doi 10.1364/JOSA.66.001145; the Gaussian n is the usual simplification.
    """
    images, sigma = check_images(images), check_number(sigma, what="sigma")
    noisy = _normal(images, rng)
    noisy *= sigma
    noisy += 1
    noisy *= images
    return _clipped(noisy, clip)


def rician(images: ArrayLike, *, sigma: float = 0.1, clip: bool = False, rng: Seed = None) -> np.ndarray:
    """z = sqrt((x + n₁)² + n₂²), n₁, n₂ ~ N(0, sigma²): the noise of magnitude MR images.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images x.
    sigma : float >= 0
        Standard deviation of the noise in the real and in the imaginary channel, in grey levels.
    clip, rng
        As in `gaussian`.

    Returns
    -------
    ndarray of shape (N, H, W), float32
        Never negative; a black background becomes grey, with mean sigma·sqrt(pi / 2).

    Raises
    ------
    InputError
        As `gaussian`.

    References
    ----------
    Gudbjartsson & Patz 1995, doi 10.1002/mrm.1910340618.
    """
    images, sigma = check_images(images), check_number(sigma, what="sigma")
    rng = check_rng(rng)
    real, imaginary = _normal(images, rng), _normal(images, rng)
    real *= sigma
    real += images
    imaginary *= sigma
    return _clipped(np.hypot(real, imaginary), clip)


NOISES: Mapping[str, Callable[..., np.ndarray]] = MappingProxyType(
    {function.__name__: function for function in (gaussian, poisson, shot, masking, salt_and_pepper, speckle, rician)}
)
"""Every noise model by name, for menus and tests."""


def parse(text: str) -> partial:
    """Return the noise that `text` names, ready to be called as ``corrupt(images, rng=...)``.

    Parameters
    ----------
    text : str
        A name of `NOISES`, then ``key=value`` pairs: ``"gaussian p=0.5 sigma=1"``.

    Returns
    -------
    functools.partial
        The noise model with these parameters; `name` turns it back into text.

    Raises
    ------
    InputError
        On an unknown model or parameter, or a value that is no number or out of range.
    """
    model, pairs = settings(text, NOISES, what="noise model")
    function = NOISES[model]
    for key in pairs:
        known(key, _parameters(function), what=f"parameter of {model}")
    parameters = {key: check_number(value, what=f"{key} in {text!r}", low=-np.inf) for key, value in pairs.items()}
    corrupt = partial(function, **parameters)
    corrupt(np.zeros((1, 1, 1), np.float32), rng=0)  # a level out of range fails here, not after hours of training
    return corrupt


def name(corrupt: Callable[..., np.ndarray]) -> str:
    """Return the text of a noise model and its parameters, for tables and file names.

    Parameters
    ----------
    corrupt : function of `NOISES`, or a functools.partial of one
        What `parse` returns, or ``partial(gaussian, p=0.5, sigma=1)``.

    Returns
    -------
    str
        ``"gaussian p=0.5 sigma=1"``: the parameters given, in the order of the function's own, so that one noise has
        one name; no ``rng``.

    Raises
    ------
    InputError
        If `corrupt` is no function of `NOISES`.
    """
    function, parameters = getattr(corrupt, "func", corrupt), getattr(corrupt, "keywords", {})
    if function not in NOISES.values():
        msg = f"Expected a function of cdae_lessons.noise, or a partial of one; received {corrupt!r}."
        raise InputError(msg)
    pairs = [f"{key}={parameters[key]:.12g}" for key in _parameters(function) if key in parameters]
    return " ".join([function.__name__, *pairs])


def _parameters(function: Callable) -> list[str]:
    return [key for key in inspect.signature(function).parameters if key not in ("images", "rng")]


def _normal(images: np.ndarray, rng: Seed) -> np.ndarray:
    return check_rng(rng).standard_normal(images.shape, dtype=np.float32)


def _uniform(images: np.ndarray, rng: Seed) -> np.ndarray:
    return check_rng(rng).random(images.shape, dtype=np.float32)


def _clipped(noisy: np.ndarray, clip: bool) -> np.ndarray:
    return np.clip(noisy, 0, 1, out=noisy) if clip else noisy
