"""All images of a file at full size, and the range in which a network sees them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cdae_lessons import training
from cdae_lessons.datasets import reading
from cdae_lessons.datasets.folder import LITTLE
from cdae_lessons.datasets.writing import there
from cdae_lessons.errors import InputError, check_images
from cdae_lessons.files import StrPath
from cdae_lessons.progress import bar
from cdae_lessons.training.full_size import takes_any_size

RIM = 32  # pixels beyond an image's edges
AT_ONCE = 2**22  # pixels that are denoised together, which bounds the memory
NEARLY_ALL = (0.1, 99.9)  # percentiles
LOOKED_AT, BLOCKS, BLOCK = 16, 500, 16  # images of a stack, and blocks of so many pixels, to estimate its noise
CUT_OFF = 0.02  # of the pixels of a block that may be black or white
LEAST_LOST = 0.05  # of the blocks, those with the fewest such pixels, where none has as few


def read(file: StrPath, *, window: bool = True) -> np.ndarray:
    """Read all images of a file as they are, at full size.

    Parameters
    ----------
    file : path
        PNG, JPEG, PGM, BMP, …, TIFF, DICOM or NIfTI, with one image or a stack of frames, pages or slices.
    window : bool
        Whether a DICOM file is seen through its window or VOI LUT; else its whole range is.

    Returns
    -------
    ndarray of shape (N, H, W), float32
        Grey values in [0, 1], as ``datasets.load`` has them but not resized. What is stored as floating-point numbers,
        or has a scaling in NIfTI, keeps its own range, such as Hounsfield units.

    Raises
    ------
    InputError
        If there is no such file, it is damaged or of none of these kinds, or its images differ in size.
    """
    return read_with_patient(file, window=window)[0]


def read_with_patient(file: StrPath, *, window: bool = True) -> tuple[np.ndarray, str | None]:
    """The images of `read`, and the patient that a DICOM file names."""
    file = there(file)
    found, patient = reading.read_images(file, name=str(file), any_range=True, window=window)
    images = list(found)
    sizes = {image.shape for image in images}
    if len(sizes) != 1:
        msg = (
            f"Expected images of one size in {file}; found {len(images)} of the sizes {sorted(sizes)}. Save each alone."
        )
        raise InputError(msg)
    return np.stack(images), patient


def find_range(images: ArrayLike, *, percentiles: tuple[float, float] | None = None) -> tuple[float, float]:
    """Which of the images' values shall be black and white to a network.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point
        All images of a file: they stay comparable.
    percentiles : tuple of float, optional
        Of the pixels of all images, such as ``(1, 99)``. By default black and white are 0 and 1, unless the images
        leave that range or use less than a tenth of it: then the percentiles 0.1 and 99.9 of what is not the darkest
        value of all, which may be the padding around a round scan.

    Returns
    -------
    tuple of float
        Black and white, the first below the second.
    """
    images = check_images(images, in_range=False)
    darkest = images.min()
    inside = images if percentiles else images[images > darkest]
    low, high = np.percentile(inside if inside.size else images, percentiles or NEARLY_ALL)
    low = min(darkest, low) if low == high else low
    if percentiles is None and darkest >= 0 and images.max() <= 1 and high - low >= LITTLE:
        return 0.0, 1.0
    return float(low), float(high if high > low else low + 1)


def denoise(
    model: Any, images: ArrayLike, *, ends: tuple[float, float] | None = None, progress: bool = True
) -> np.ndarray:
    """Denoise images of any size and range with a trained network, in tiles.

    Parameters
    ----------
    model : keras.Model
        As for `training.denoise`.
    images : ndarray of shape (N, H, W), floating point
        Any finite values.
    ends : tuple of float, optional
        What the network shall see as black and white; by default what `find_range` says. Values beyond look black or
        white to it, and stay beyond by as much.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    ndarray of shape (N, H, W), float32
        In the range of `images`.

    Raises
    ------
    InputError
        As `training.denoise`.
    """
    images = check_images(images, what="noisy images", in_range=False)
    low, high = ends or find_range(images)
    made = np.empty_like(images)
    step = max(AT_ONCE // images[0].size, 1)
    with bar(len(images), label="Denoising", show=progress) as shown:
        for start in range(0, len(images), step):
            part = images[start : start + step]
            seen = as_seen(part, (low, high))
            removed = seen - _denoised(model, seen)
            made[start : start + step] = part - removed * np.float32(high - low)
            shown.update(len(part))
    return made


def _denoised(model: Any, images: np.ndarray) -> np.ndarray:
    """Denoised; where a network takes any size, beyond the edges it sees the mirror image and no black frame."""
    height, width = images.shape[1:]
    if (height, width) == tuple(model.input_shape[1:]) or not takes_any_size(model):
        return training.denoise(model, images)
    wider = np.pad(images, ((0, 0), (RIM, RIM), (RIM, RIM)), mode="symmetric")
    return training.denoise(model, wider)[:, RIM:-RIM, RIM:-RIM]


def noise_level(images: ArrayLike, *, ends: tuple[float, float] = (0, 1)) -> float:
    """Estimate the standard deviation of Gaussian noise in images, as a share of the range from black to white.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point
        Noisy images; of many, some are looked at.
    ends : tuple of float
        Black and white, as `find_range` has them.

    Returns
    -------
    float
        The median over blocks of the images, without those that are black or white in part, where noise is cut off.
        Fine texture counts as noise, so the estimate is too large where there is little noise.

    References
    ----------
    Donoho & Johnstone 1994, doi 10.1093/biomet/81.3.425, as ``skimage.restoration.estimate_sigma``.
    """
    from skimage.restoration import estimate_sigma

    images = check_images(images, in_range=False)
    some = as_seen(images[:: -(-len(images) // LOOKED_AT)], ends)
    sides = [range(0, max(side - BLOCK, 0) + 1, BLOCK) for side in some.shape[1:]]
    blocks = [image[i : i + BLOCK, j : j + BLOCK] for image in some for i in sides[0] for j in sides[1]]
    lost = np.array([((block <= 0) | (block >= 1)).mean() for block in blocks])
    whole = np.flatnonzero(lost <= max(CUT_OFF, np.quantile(lost, LEAST_LOST)))
    with warnings.catch_warnings(action="ignore"):  # where all is of one grey there is no detail to look at
        found = [estimate_sigma(blocks[number]) for number in whole[:: -(-len(whole) // BLOCKS)]]
    return float(np.median(np.nan_to_num(found)))


def as_seen(images: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """Images as a network sees them: black is 0, white is 1, and nothing is beyond."""
    low, high = ends
    return ((images - np.float32(low)) / np.float32(high - low)).clip(0, 1)
