"""Scores: how near are the denoised images to the clean ones?

SSIM is scikit-image's, with its defaults (uniform 7x7 windows). `data_range` has no default, since a wrong one makes
every score look better: 1 for images in [0, 1]. The paper's scores probably used 2, what scikit-image once guessed for
float images; print those only beside the paper's own.

On mostly black images plain SSIM largely measures the background: an all-black picture scores .335 on mini-MIAS. Give
``mask=body_mask(clean)`` to score the body alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import ndimage
from skimage.metrics import structural_similarity

from cdae_lessons.errors import DataNotice, InputError, check_images, check_number

WINDOW = 7
"""Side of the window over which SSIM compares two images, in pixels."""

_RESAMPLES = 2000


class SSIMParts(NamedTuple):
    """The three factors of SSIM, each of shape (N, H, W)."""

    luminance: np.ndarray
    contrast: np.ndarray
    structure: np.ndarray


def score(clean: ArrayLike, images: ArrayLike, *, data_range: float, mask: ArrayLike | None = None) -> pd.DataFrame:
    """Score each image against its clean original.

    Parameters
    ----------
    clean : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images, H and W at least 7.
    images : ndarray of shape (N, H, W), floating point
        The noisy or denoised images, in the same order; any finite values.
    data_range : float > 0
        The distance from the darkest to the brightest possible value: 1 for images in [0, 1].
    mask : ndarray of shape (N, H, W), bool, optional
        The pixels that count, such as ``body_mask(clean)``. SSIM's map, of the whole images, is averaged over the mask.

    Returns
    -------
    DataFrame
        A row an image, with columns ``ssim`` (at most 1), ``psnr`` in dB (infinite where the images
        are equal) and ``mse``. As in scikit-image, the mean SSIM leaves out a border of 3 pixels. NaN, with a
        ``DataNotice``, in an image where the mask leaves no pixel to score, as that of a black image does.

    Raises
    ------
    InputError
        On images of another type, size or shape, on a `data_range` that is not above 0, or on a mask
        that leaves no image a pixel to score.

    References
    ----------
    Wang et al. 2004, doi 10.1109/TIP.2003.819861.
    """
    clean, images, data_range = _pair(clean, images, data_range)
    mask = np.broadcast_to(True, clean.shape) if mask is None else _check_mask(mask, clean.shape)
    rows = []
    for x, y, inside in zip(clean, images, mask, strict=True):
        if not _interior(inside).any():
            rows.append((np.nan, np.nan, np.nan))
            continue
        ssim = structural_similarity(x, y, data_range=data_range, full=True)[1]
        mse = np.mean(np.square(x - y)[inside])
        with np.errstate(divide="ignore"):
            psnr = 10 * np.log10(data_range**2 / mse)
        rows.append((ssim[_interior(inside)].mean(), psnr, mse))
    return pd.DataFrame(rows, columns=["ssim", "psnr", "mse"])


def compare(
    clean: ArrayLike,
    methods: Mapping[str, ArrayLike],
    *,
    data_range: float,
    mask: ArrayLike | None = None,
    subjects: ArrayLike | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean scores of several methods on the same images, with 95 % intervals.

    Parameters
    ----------
    clean : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images.
    methods : mapping of str to ndarray of shape (N, H, W)
        The images that each method made of them. Include the noisy ones: they are the baseline.
    data_range, mask
        As in `score`.
    subjects, seed
        As in `bootstrap_interval`. All methods share the same resamples.

    Returns
    -------
    DataFrame
        A row a method, with columns ``ssim``, ``ssim_low``, ``ssim_high``, the same for ``psnr`` and ``mse``; without
        the images that `score` leaves NaN.

    Raises
    ------
    InputError
        As `score` and `bootstrap_interval`.
    """
    rows = {}
    for method, images in methods.items():
        table = score(clean, images, data_range=data_range, mask=mask)
        low, high = bootstrap_interval(table.to_numpy(), subjects=subjects, seed=seed)
        columns = {metric: (table[metric].mean(), low[i], high[i]) for i, metric in enumerate(table)}
        rows[method] = {
            f"{metric}{end}": value
            for metric, values in columns.items()
            for end, value in zip(("", "_low", "_high"), values, strict=True)
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")


def bootstrap_interval(
    values: ArrayLike, *, subjects: ArrayLike | None = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of a mean, by resampling: how far would it move with other test images?

    The percentile bootstrap, with 2000 resamples. It knows nothing of what training again with
    another seed would change.

    Parameters
    ----------
    values : ndarray of shape (N,) or (N, K)
        Scores of N images; may be infinite. An image all of whose scores are NaN is left out, as in a mean of pandas.
    subjects : ndarray of shape (N,), optional
        Who each image shows. All images of a subject are drawn together: they resemble each other, and treated as
        independent they would make the interval too narrow.
    seed : int
        Of the resampling.

    Returns
    -------
    low, high : float, or ndarray of shape (K,)
        NaN where there are fewer than two subjects (or images) to resample.

    Raises
    ------
    InputError
        On no values, some NaN in a row, or `subjects` of another length.

    References
    ----------
    Efron & Tibshirani 1993, doi 10.1201/9780429246593, chapter 13.
    """
    table = np.asarray(values, float)
    whom = np.arange(len(table)) if subjects is None else np.asarray(subjects)
    if whom.shape == table.shape[:1]:
        scored = ~np.isnan(table).all(axis=tuple(range(1, table.ndim)))
        table, whom = table[scored], whom[scored]
    if not table.size or np.isnan(table).any() or whom.shape != table.shape[:1]:
        msg = (
            f"Expected scores without NaN, at least one, and one subject for each; received {table.shape} scores "
            f"({np.isnan(table).sum()} NaN) and {whom.shape} subjects."
        )
        raise InputError(msg)
    names, index, counts = np.unique(whom, return_inverse=True, return_counts=True)
    if len(names) < 2:
        return np.full(table.shape[1:], np.nan)[()], np.full(table.shape[1:], np.nan)[()]
    sums = np.zeros((len(names), *table.shape[1:]))
    np.add.at(sums, index, table)
    rng = np.random.default_rng(seed)
    picks = (rng.integers(len(names), size=len(names)) for _ in range(_RESAMPLES))
    means = [sums[pick].sum(axis=0) / counts[pick].sum() for pick in picks]
    # inverted_cdf does not interpolate, so infinite scores do no harm.
    low, high = np.quantile(means, [0.025, 0.975], axis=0, method="inverted_cdf")
    return low, high


def ssim_parts(clean: ArrayLike, images: ArrayLike, *, data_range: float) -> SSIMParts:
    """SSIM taken apart: maps of luminance, contrast and structure, whose product is its map.

    With the means μ, standard deviations σ and covariance σxy of the 7x7 window around a pixel,

    - luminance = (2·μx·μy + C1) / (μx² + μy² + C1): are both equally bright?
    - contrast = (2·σx·σy + C2) / (σx² + σy² + C2): do both vary equally much?
    - structure = (σxy + C2/2) / (σx·σy + C2/2): do both vary together?

    where C1 = (0.01·data_range)² and C2 = (0.03·data_range)².

    Parameters
    ----------
    clean, images, data_range
        As in `score`.

    Returns
    -------
    SSIMParts
        A named tuple ``luminance, contrast, structure`` of float64 maps of shape (N, H, W), each at
        most 1. Without a border of 3 pixels the mean of their product is scikit-image's SSIM.

    Raises
    ------
    InputError
        As `score`.

    References
    ----------
    Wang et al. 2004, equations 6, 9 and 10, doi 10.1109/TIP.2003.819861.
    """
    x, y, data_range = _pair(clean, images, data_range)
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    unbiased = WINDOW**2 / (WINDOW**2 - 1)
    # Rounding can leave a variance just below zero.
    var_x = np.maximum(unbiased * (_window_mean(x * x) - mean_x**2), 0)
    var_y = np.maximum(unbiased * (_window_mean(y * y) - mean_y**2), 0)
    covariance = unbiased * (_window_mean(x * y) - mean_x * mean_y)
    deviations = np.sqrt(var_x * var_y)
    return SSIMParts(
        luminance=(2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1),
        contrast=(2 * deviations + c2) / (var_x + var_y + c2),
        structure=(covariance + c2 / 2) / (deviations + c2 / 2),
    )


def body_mask(clean: ArrayLike) -> np.ndarray:
    """Find the body apart from a black background, to score it alone.

    The body is what is brighter than a tenth of the image's brightest part, with its holes filled
    and without pieces less than 0.3 times as large as the largest one (film labels, scratches).
    Compute it from clean images: from noisy ones, the noise would decide what is scored.

    Parameters
    ----------
    clean : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images.

    Returns
    -------
    ndarray of shape (N, H, W), bool
        True inside the body; nowhere in a black image; everywhere where there is no background.

    Raises
    ------
    InputError
        On images of another shape, type or range.
    """
    clean = check_images(clean, what="clean images")
    step = max(1, round(min(clean.shape[1:]) / 32))
    smooth = ndimage.gaussian_filter(clean, (0, step / 2, step / 2))
    bright = smooth > 0.1 * np.percentile(smooth, 99, axis=(1, 2), keepdims=True)
    return np.stack([_largest_pieces(image, step) for image in bright])


def _largest_pieces(bright: np.ndarray, step: int) -> np.ndarray:
    # Eroding first cuts the bridges to labels that touch the body.
    core = ndimage.binary_erosion(bright, iterations=step, border_value=1)
    pieces, _ = ndimage.label(core)
    areas = np.bincount(pieces[core], minlength=1)
    core &= (areas >= 0.3 * areas.max())[pieces]
    return ndimage.binary_fill_holes(ndimage.binary_dilation(core, iterations=step) & bright)


def _window_mean(images: np.ndarray) -> np.ndarray:
    return ndimage.uniform_filter(images, size=(1, WINDOW, WINDOW))


def _interior(mask: np.ndarray) -> np.ndarray:
    """`mask` without the border, where windows reach beyond the image: (H, W)."""
    border = WINDOW // 2
    inside = np.zeros_like(mask)
    inside[border:-border, border:-border] = mask[border:-border, border:-border]
    return inside


def _pair(clean: ArrayLike, images: ArrayLike, data_range: float) -> tuple[np.ndarray, np.ndarray, float]:
    clean = check_images(clean, what="clean images")
    images = check_images(images, what="images", in_range=False)
    if images.shape != clean.shape:
        msg = f"Expected as many images, of the same size, as clean ones: {clean.shape}; received {images.shape}."
        raise InputError(msg)
    if min(clean.shape[1:]) < WINDOW:
        msg = f"SSIM needs images of at least {WINDOW}x{WINDOW} pixels; received {clean.shape[1:]}. Use larger ones."
        raise InputError(msg)
    # float64, since SSIM subtracts squares that are nearly equal.
    return clean.astype(float), images.astype(float), check_number(data_range, what="data_range", above=True)


def _check_mask(mask: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.asarray(mask)
    if mask.dtype != bool or mask.shape != shape:
        msg = f"Expected a mask of type bool and shape {shape}; received {mask.dtype} {mask.shape}."
        raise InputError(msg)
    empty = [i for i, inside in enumerate(mask) if not _interior(inside).any()]
    if len(empty) == len(mask):
        msg = f"The mask leaves no pixel to score in any image (the outer {WINDOW // 2} pixels never count). Widen it."
        raise InputError(msg)
    if empty:
        msg = (
            f"The mask leaves no pixel to score in {len(empty)} of {len(mask)} images, number "
            f"{', '.join(map(str, empty[:10]))}{' …' * (len(empty) > 10)}: their scores are NaN, and left out of means."
        )
        warnings.warn(msg, DataNotice, stacklevel=3)
    return mask
