"""Test lesions: put a known blob into an image, to see whether a denoiser gives it back.

Whether a denoised image can be trusted is not asked of the average image but of the unusual one. A
lesion whose place, size and contrast are known is the simplest unusual thing to look for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cdae_lessons.errors import InputError, check_images, check_number


def insert(images: ArrayLike, *, centre: tuple[float, float], radius: float = 3.0, contrast: float = 0.3) -> np.ndarray:
    """Add one smooth round lesion to every image: x + contrast·cos²(π·d / (4·radius)), for d < 2·radius.

    d is the distance from the centre in pixels. The lesion has its full contrast in the centre, half
    of it at `radius`, and ends at twice that. The result is clipped to [0, 1], so a bright lesion on bright
    tissue may be weaker than asked for: what was really added is ``insert(images, …) - images``.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1]
        The images without a lesion; they are not changed.
    centre : (row, column)
        Where, in pixels, inside the image; need not be whole numbers.
    radius : float > 0
        Distance from the centre at which half the contrast is left, in pixels.
    contrast : float in [-1, 1]
        What is added in the centre, in grey levels; a negative one makes a dark lesion.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]

    Raises
    ------
    InputError
        On images of another shape, type or range, a centre outside the image, or a radius or
        contrast out of range.
    """
    images = check_images(images)
    contrast = check_number(contrast, what="contrast", low=-1, high=1)
    distance, radius = _distances(images.shape[1:], centre, radius)
    profile = np.cos(np.pi / 4 * np.minimum(distance / radius, 2)) ** 2
    return np.clip(images + contrast * profile, 0, 1).astype(np.float32)


def disc(shape: tuple[int, int], *, centre: tuple[float, float], radius: float = 3.0) -> np.ndarray:
    """Mark the pixels at most `radius` away from `centre`: where a lesion has at least half its contrast.

    Parameters
    ----------
    shape : (H, W)
        Size of the image.
    centre, radius
        As in `insert`.

    Returns
    -------
    ndarray of shape (H, W), bool

    Raises
    ------
    InputError
        On a centre outside the image or a radius that is not above 0.
    """
    distance, radius = _distances(shape, centre, radius)
    return distance <= radius


def _distances(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> tuple[np.ndarray, float]:
    height, width = shape
    try:
        row, column = (float(value) for value in centre)
    except (TypeError, ValueError):
        row = column = np.nan
    if not (0 <= row <= height - 1 and 0 <= column <= width - 1):
        msg = (
            f"Expected centre as (row, column) inside the image, rows 0 to {height - 1}, columns 0 to {width - 1}; "
            f"received {centre!r}."
        )
        raise InputError(msg)
    distance = np.hypot(np.arange(height)[:, np.newaxis] - row, np.arange(width) - column)
    return distance, check_number(radius, what="radius", above=True)
