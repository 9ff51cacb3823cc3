"""Scanners: what a CT or an MR scanner would show of an image, with the noise where it arises.

`noise` changes pixels, each for itself. A scanner measures something else than pixels, noise falls on that, and the
reconstruction carries it into the image. There the noise of neighbouring pixels is correlated after a CT, and after an
MRI that has left out lines.

Both functions can be given to `training.fit` as ``corrupt``: ``functools.partial(scanners.low_dose_ct, photons=300)``.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft, sparse

from cdae_lessons.errors import InputError, check_count, check_images, check_number, check_rng, known
from cdae_lessons.noise import Seed

WINDOWS = ("ramp", "hann")
"""Filters of `reconstruct`: the sharp ramp alone, or smoothed by a Hann window, with less noise."""

ABSORPTION = 4.0
"""Along a white line across the whole image of `low_dose_ct`, exp(-4) = 2 % of the photons get through."""


def project(images: ArrayLike, *, views: int = 90) -> np.ndarray:
    """Mean grey value along every ray of a parallel beam, times the share of the image's side that the ray crosses.

    Parameters
    ----------
    images : ndarray of shape (N, size, size), floating point in [0, 1]
        The images, square.
    views : int
        Directions of the beam, evenly spaced over half a turn.

    Returns
    -------
    ndarray of shape (N, views, bins), float32
        The sinograms. The ``bins``, as wide as a pixel, are as many as cover the image's diagonal.

    References
    ----------
    J. Radon 1917; A. C. Kak, M. Slaney, "Principles of computerized tomographic imaging", IEEE Press 1988, chapter 3.
    """
    images, views = _square(images), check_count(views, what="views", low=1)
    size = images.shape[1]
    rays = (_beam(size, views) @ images.reshape(len(images), -1).T).T / size
    return rays.reshape(len(images), views, -1).astype(np.float32)


def reconstruct(sinograms: np.ndarray, *, size: int, window: str = "ramp") -> np.ndarray:
    """Filtered back-projection: the images whose projections these are, but for noise and the finite number of rays.

    Parameters
    ----------
    sinograms : ndarray of shape (N, views, bins), floating point
        As from `project`.
    size : int
        Height and width of the images in pixels.
    window : {"ramp", "hann"}
        See `WINDOWS`.

    Returns
    -------
    ndarray of shape (N, size, size), float32
        Grey values; noise may carry them below 0 and above 1.

    Raises
    ------
    InputError
        If the sinograms are not those of images of this size.

    References
    ----------
    Kak & Slaney 1988, section 3.3: the ramp is made where the rays are, not in frequency, lest the mean be lost.
    """
    size, window = check_count(size, what="size", low=1), known(window, WINDOWS, what="window")
    sinograms = check_images(sinograms, what="sinograms", in_range=False)
    count, views, bins = sinograms.shape
    if bins != _bins(size):
        msg = f"Expected sinograms with {_bins(size)} bins for images of {size}x{size}; received {bins}."
        raise InputError(msg)
    length = fft.next_fast_len(2 * bins, real=True)
    distance = np.minimum(np.arange(length), length - np.arange(length))
    ramp = np.where(distance % 2, -1 / (np.pi * np.maximum(distance, 1)) ** 2, 0.0)
    ramp[0] = 0.25
    response = fft.rfft(ramp).real
    if window == "hann":
        response *= (1 + np.cos(np.pi * np.linspace(0, 1, len(response)))) / 2
    filtered = fft.irfft(fft.rfft(sinograms * size, length) * response, length)[:, :, :bins]
    back = (_beam(size, views).T @ filtered.reshape(count, -1).T).T * (np.pi / views)
    return back.reshape(count, size, size).astype(np.float32)


def low_dose_ct(
    images: ArrayLike, *, photons: float = 300.0, views: int = 90, window: str = "ramp", rng: Seed = None
) -> np.ndarray:
    """A CT with few photons: count ~ Poisson(photons·exp(-a·ray)), then -ln(count / photons) / a, reconstructed.

    Parameters
    ----------
    images : ndarray of shape (N, size, size), floating point in [0, 1]
        What absorbs: black is air, and a white line across the image absorbs a = `ABSORPTION`.
    photons : float, above 0, up to 1e9
        Photons that each detector would count without a patient. Fewer photons, more noise.
    views, window
        As in `project` and `reconstruct`.
    rng : Generator, int or None
        Source of randomness or its seed; None draws new noise each time.

    Returns
    -------
    ndarray of shape (N, size, size), float32

    References
    ----------
    T. M. Buzug, "Computed tomography", Springer 2008, doi 10.1007/978-3-540-39408-2, chapters 2 and 9. A detector that
    counted nothing is taken to have counted half a photon.
    """
    photons = check_number(photons, what="photons", above=True, high=1e9)
    known(window, WINDOWS, what="window")  # before all that work
    rays = project(images, views=views)
    counts = check_rng(rng).poisson(photons * np.exp(-ABSORPTION * rays.astype(float)))
    measured = -np.log(np.maximum(counts, 0.5) / photons) / ABSORPTION
    return reconstruct(measured.astype(np.float32), size=np.shape(images)[-1], window=window)


def mri(images: ArrayLike, *, sigma: float = 0.1, lines: float = 1.0, rng: Seed = None) -> np.ndarray:
    """A magnitude MR image: noise on the measured spatial frequencies, of which the outer lines may be left out.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images.
    sigma : float >= 0
        Standard deviation of the noise in the real and in the imaginary part of each frequency, scaled so that with all
        lines it is that of the pixels: the noise is then that of `noise.rician`.
    lines : float, above 0, up to 1
        Share of the H lines that are measured, those of low frequencies: a quicker scan, with less noise, and blurred.
    rng : Generator, int or None
        Source of randomness or its seed; None draws new noise each time.

    Returns
    -------
    ndarray of shape (N, H, W), float32, never negative

    References
    ----------
    H. Gudbjartsson, S. Patz, Magn. Reson. Med. 34 (1995) 910-914, doi 10.1002/mrm.1910340618.
    """
    images, sigma = check_images(images), check_number(sigma, what="sigma")
    lines = check_number(lines, what="lines", above=True, high=1)
    rng = check_rng(rng)
    height = images.shape[1]
    draws = rng.standard_normal((2, *images.shape), dtype=np.float32)
    measured = fft.fft2(images, norm="ortho") + sigma * (draws[0] + 1j * draws[1])
    order = np.argsort(np.abs(fft.fftfreq(height)), kind="stable")  # low frequencies first
    measured[:, order[max(1, round(lines * height)) :]] = 0
    return np.abs(fft.ifft2(measured, norm="ortho")).astype(np.float32)


def _square(images: ArrayLike) -> np.ndarray:
    images = check_images(images)
    if images.shape[1] != images.shape[2]:
        msg = f"Expected square images; received {images.shape[1]}x{images.shape[2]}. Cut or pad them."
        raise InputError(msg)
    return images


def _bins(size: int) -> int:
    return int(np.ceil(size * np.sqrt(2))) + 2


def _beam(size: int, views: int) -> sparse.csc_array:
    """The beam of these images, made once and kept if it takes little memory."""
    return _kept(size, views) if 2 * views * size**2 <= _MOST else _made(size, views)


def _made(size: int, views: int) -> sparse.csc_array:
    """Of shape (views * bins, size * size): each pixel is shared by the two bins into whose midst its centre falls."""
    centres = np.arange(size) - (size - 1) / 2
    down, right = (each.reshape(-1, 1) for each in np.meshgrid(centres, centres, indexing="ij"))
    angles = np.pi * np.arange(views) / views
    place = right * np.cos(angles) - down * np.sin(angles) + (_bins(size) - 1) / 2  # (size * size, views)
    left = np.floor(place).astype(np.int32)
    share = place - left
    rows = np.arange(views, dtype=np.int32) * _bins(size) + left
    entries = np.stack([1 - share, share], axis=-1).ravel(), np.stack([rows, rows + 1], axis=-1).ravel()
    kind = np.int32 if 2 * rows.size < 2**31 else np.int64
    ends = np.arange(0, 2 * rows.size + 1, 2 * views, dtype=kind)  # of the columns, a pixel each; they need no sorting
    return sparse.csc_array((*entries, ends), shape=(views * _bins(size), size * size))


_MOST = 2**23  # entries of a beam that is kept: 96 MiB, for 90 views of 215x215 pixels
_kept = lru_cache(maxsize=4)(_made)
