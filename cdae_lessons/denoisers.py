"""Classical denoisers, called like a trained network: what a network has to beat.

They are told what a network could learn from its training pairs: the noise's mean (`offset`) and
standard deviation (`sigma`), measured by `tune`, which also chooses their other parameters on
training images. A baseline left at its defaults is a straw man: in the paper NL-means scored no
better than the noisy images; tuned, it passes the paper's network at low noise.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage
from scipy.special import softmax
from skimage import restoration

from cdae_lessons.errors import InputError, check_images, check_number, known
from cdae_lessons.metrics import score


def median(noisy: np.ndarray, *, size: int = 3, offset: float = 0.0) -> np.ndarray:
    """Replace each pixel by the median of the `size` x `size` pixels around it (3x3, as in the paper).

    Parameters
    ----------
    noisy : ndarray of shape (N, H, W), floating point
        The noisy images.
    size : int
        Side of the square, odd.
    offset : float
        Mean of the noise, which is subtracted first.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]
    """
    if size not in range(1, 1000, 2):
        msg = f"Expected size to be an odd whole number of pixels; received {size!r}."
        raise InputError(msg)
    return _clipped(ndimage.median_filter(noisy - np.float32(offset), size=(1, size, size)))


def gaussian(noisy: np.ndarray, *, width: float, offset: float = 0.0) -> np.ndarray:
    """Average around each pixel with a Gaussian of standard deviation `width`, in pixels.

    Parameters
    ----------
    noisy, offset
        As in `median`.
    width : float >= 0
        Standard deviation in pixels.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]
    """
    width = check_number(width, what="width")
    return _clipped(ndimage.gaussian_filter(noisy - np.float32(offset), (0, width, width)))


def nl_means(noisy: np.ndarray, *, sigma: float, h: float, patch_distance: int = 6, offset: float = 0.0) -> np.ndarray:
    """Average pixels whose 7x7 patches look alike, up to `patch_distance` pixels away.

    `h` (in grey levels) sets how alike; `sigma` is the noise's standard deviation. Buades et al.
    2005, doi 10.1109/CVPR.2005.38.

    Parameters
    ----------
    noisy, offset
        As in `median`.
    sigma : float >= 0
        Standard deviation of the noise, in grey levels.
    h : float > 0
        How alike patches must be, in grey levels.
    patch_distance : int
        How far away they may be, in pixels.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]
    """
    sigma, h = check_number(sigma, what="sigma"), check_number(h, what="h", above=True)
    if patch_distance not in range(1, 1000):
        msg = f"Expected patch_distance to be a whole number of pixels >= 1; received {patch_distance!r}."
        raise InputError(msg)
    return _each(
        noisy, offset, restoration.denoise_nl_means, sigma=sigma, h=h, patch_size=7, patch_distance=patch_distance
    )


def tv(noisy: np.ndarray, *, weight: float, offset: float = 0.0) -> np.ndarray:
    """Find the image that is near the noisy one and has little total variation (Chambolle).

    A larger `weight` gives a smoother image. Rudin et al. 1992, doi 10.1016/0167-2789(92)90242-F;
    Chambolle 2004, doi 10.1023/B:JMIV.0000011325.36760.1e.

    Parameters
    ----------
    noisy, offset
        As in `median`.
    weight : float > 0
        How smooth the result is.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]
    """
    weight = check_number(weight, what="weight", above=True)
    # With scikit-image's own eps it stops early, at a point that depends little on the weight.
    return _each(noisy, offset, restoration.denoise_tv_chambolle, weight=weight, eps=1e-5, max_num_iter=1000)


def wavelet(noisy: np.ndarray, *, sigma: float, offset: float = 0.0) -> np.ndarray:
    """Shrink small Daubechies-2 wavelet coefficients by BayesShrink, given the noise's `sigma`.

    Chang et al. 2000, doi 10.1109/83.862633.

    Parameters
    ----------
    noisy, offset
        As in `median`.
    sigma : float > 0
        Standard deviation of the noise, in grey levels.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]
    """
    sigma = check_number(sigma, what="sigma", above=True)
    levels = max(1, int(np.log2(min(noisy.shape[1:]) / 3)))  # as many as the 4-tap filter has room for
    return _each(
        noisy, offset, restoration.denoise_wavelet,
        sigma=sigma, wavelet="db2", wavelet_levels=levels, rescale_sigma=False,
    )  # fmt: skip


def bilateral(
    noisy: np.ndarray, *, sigma_color: float | np.float32, sigma_spatial: float, offset: float = 0.0
) -> np.ndarray:
    """Average pixels that are near (`sigma_spatial`, pixels) and alike (`sigma_color`, grey levels).

    Not scikit-image's: up to 0.26 its table of spatial weights is one row and column too large, which
    skews the average. Tomasi & Manduchi 1998, doi 10.1109/ICCV.1998.710815.

    Parameters
    ----------
    noisy, offset
        As in `median`.
    sigma_color : float > 0
        How alike pixels must be, in grey levels.
    sigma_spatial : float > 0
        How near they must be, in pixels.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]
    """
    sigma_color = np.float32(check_number(sigma_color, what="sigma_color", above=True))
    sigma_spatial = check_number(sigma_spatial, what="sigma_spatial", above=True)
    noisy = noisy - np.float32(offset)
    _, height, width = noisy.shape
    reach = int(np.ceil(2 * sigma_spatial))
    padded = np.pad(noisy, ((0, 0), (reach, reach), (reach, reach)), mode="symmetric")
    total, weights = np.zeros_like(noisy), np.zeros_like(noisy)
    for row, column in np.ndindex(2 * reach + 1, 2 * reach + 1):
        near = np.float32(np.exp(-((row - reach) ** 2 + (column - reach) ** 2) / (2 * sigma_spatial**2)))
        neighbour = padded[:, row : row + height, column : column + width]
        weight = near * np.exp(-(((neighbour - noisy) / sigma_color) ** 2) / 2)
        total += weight * neighbour
        weights += weight
    return _clipped(total / weights)


def bm3d(noisy: np.ndarray, *, sigma: float, offset: float = 0.0) -> np.ndarray:
    """Filter stacks of similar patches together (BM3D), given the noise's `sigma`.

    Needs the package bm3d, free for non-commercial use only. Dabov et al. 2007,
    doi 10.1109/TIP.2007.901238.

    Parameters
    ----------
    noisy, offset
        As in `median`.
    sigma : float > 0
        Standard deviation of the noise, in grey levels.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]
    """
    from bm3d import BM3DProfile
    from bm3d import bm3d as filtered

    if min(noisy.shape[1:]) < 16:  # the library crashes Python on 8x8
        msg = f"bm3d needs images of at least 16x16 pixels; received {noisy.shape[1:]}. Use larger ones."
        raise InputError(msg)
    profile = BM3DProfile()
    profile.num_threads = 1  # else the result varies a little from run to run
    profile.nf = 16  # coarser noise variances: five times as fast as the default 32, no worse for white noise
    return _each(noisy, offset, filtered, sigma_psd=check_number(sigma, what="sigma", above=True), profile=profile)


def training_average(noisy: np.ndarray, *, images: np.ndarray, sigma: float, offset: float = 0.0) -> np.ndarray:
    """Average the training `images` x_i with weights ∝ exp(-‖z - x_i‖² / (2·sigma²)).

    For Gaussian noise this is the best guess, in mean squared error, of one who believes that only
    the training images exist. What it shows of a new patient comes from other patients.

    Parameters
    ----------
    noisy, offset
        As in `median`.
    images : ndarray of shape (M, H, W), floating point in [0, 1]
        The clean training images.
    sigma : float > 0
        Standard deviation of the noise, in grey levels.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]
    """
    sigma = check_number(sigma, what="sigma", above=True)
    images = check_images(images, what="training images")
    x = images.reshape(len(images), -1).astype(float)
    if noisy.shape[1:] != images.shape[1:]:
        msg = f"Expected noisy images of the training images' size {images.shape[1:]}; received {noisy.shape[1:]}."
        raise InputError(msg)
    z = noisy.reshape(len(noisy), -1) - offset
    # ‖z‖² is the same for every x_i: softmax cancels it.
    weights = softmax((z @ x.T - (x**2).sum(axis=1) / 2) / sigma**2, axis=1)
    return _clipped((weights @ x).reshape(noisy.shape))


_ALL = (median, gaussian, nl_means, tv, wavelet, bilateral, bm3d, training_average)

DENOISERS: Mapping[str, Callable[..., np.ndarray]] = MappingProxyType(
    {function.__name__: function for function in _ALL if function is not bm3d or find_spec("bm3d")}
)
"""Every denoiser by name: (N, H, W) noisy to (N, H, W) float32 in [0, 1]; each subtracts `offset` first."""

_GRIDS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "median": {"size": (3, 5, 7, 9, 13, 19, 27)},
    "gaussian": {"width": (0.3, 0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8)},
    "nl_means": {"h": (0.2, 0.4, 0.6, 0.8, 1.1, 1.5, 2.1, 3), "patch_distance": (2, 3, 4, 6, 8, 11), "sigma": (1,)},
    "tv": {"weight": (0.2, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6)},
    "wavelet": {"sigma": (0.8, 1, 1.15, 1.3, 1.5, 2)},
    "bilateral": {"sigma_color": (1, 1.4, 2, 2.8, 4, 5.6, 8), "sigma_spatial": (1, 1.4, 2, 2.8, 4, 5.6)},
    "bm3d": {"sigma": (1, 1.2, 1.4, 1.7)},
}
_IN_SIGMAS = {"h", "weight", "sigma", "sigma_color"}  # their grids are multiples of the noise's sigma


def denoise(name: str, noisy: ArrayLike, **parameters: object) -> np.ndarray:
    """Denoise images with a classical method.

    Parameters
    ----------
    name : str
        A name of `DENOISERS`.
    noisy : ndarray of shape (N, H, W), floating point
        The noisy images; any finite values.
    **parameters
        Those of the method; ``**tune(name, noisy_train, clean_train)`` gives them all.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]

    Raises
    ------
    InputError
        On an unknown method or parameter, a missing parameter, one out of range, or on images of
        another shape or type.
    """
    function = _find(name)
    accepted = {k: p for k, p in inspect.signature(function).parameters.items() if k != "noisy"}
    for key in parameters:
        known(key, accepted, what=f"parameter of {name}")
    missing = [k for k, p in accepted.items() if p.default is p.empty and k not in parameters]
    if missing:
        msg = f"{name} needs {', '.join(missing)}. Take them from tune({name!r}, noisy_train, clean_train)."
        raise InputError(msg)
    check_number(parameters.get("offset", 0), what="offset", low=-np.inf)
    return function(check_images(noisy, what="noisy images", in_range=False), **parameters)


def tune(name: str, noisy: ArrayLike, clean: ArrayLike) -> dict[str, object]:
    """Choose the parameters of a classical method on training images.

    The noise's mean and standard deviation are measured on all pairs. The other parameters
    are searched one after the other, twice, over a grid for the best mean SSIM (data_range 1) of
    up to 16 images (8 for bm3d), spread evenly over the set. The mean is subtracted only if that
    scores better: where noise changes only some pixels it would shift the others.

    Parameters
    ----------
    name : str
        A name of `DENOISERS`.
    noisy : ndarray of shape (N, H, W), floating point
        Noisy training images. Never test images: that would be choosing by the answer.
    clean : ndarray of shape (N, H, W), floating point in [0, 1]
        Their clean originals.

    Returns
    -------
    dict
        For ``denoise(name, noisy_test, **tune(name, noisy_train, clean_train))``.

    Raises
    ------
    InputError
        On an unknown method, or on images of another shape, type or range.
    """
    function = _find(name)
    clean = check_images(clean, what="clean images")
    noisy = check_images(noisy, what="noisy images", in_range=False)
    if noisy.shape != clean.shape:
        msg = f"Expected a noisy image for each clean one: {clean.shape}; received {noisy.shape}."
        raise InputError(msg)
    noise = noisy.astype(float) - clean
    sigma = max(noise.std(), 1e-3)  # no method can work with a noise of exactly nothing
    offset = noise.mean() if abs(noise.mean()) > 4 * sigma / np.sqrt(noise.size) else 0.0
    if name == "training_average":
        return {"images": clean, "sigma": sigma, "offset": offset}

    grid = {k: tuple(v * sigma if k in _IN_SIGMAS else v for v in values) for k, values in _GRIDS[name].items()}
    grid["offset"] = (0.0, offset) if offset else (0.0,)
    sample = np.unique(np.linspace(0, len(clean) - 1, 8 if name == "bm3d" else 16).astype(int))

    @cache
    def mean_ssim(*values: float) -> float:
        denoised = function(noisy[sample], **dict(zip(grid, values, strict=True)))
        return score(clean[sample], denoised, data_range=1)["ssim"].mean()

    best = {key: values[len(values) // 2] for key, values in grid.items()}
    for key in (*grid, *grid):
        # mypy infers no type of a lambda with a default
        best[key] = max(grid[key], key=lambda value, key=key: mean_ssim(*{**best, key: value}.values()))  # type: ignore[misc]
    return best


def _find(name: str) -> Callable[..., np.ndarray]:
    if name == "bm3d" and name not in DENOISERS:
        msg = "The denoiser 'bm3d' is not installed. Run: pip install bm3d (free for non-commercial use only)."
        raise InputError(msg)
    return DENOISERS[known(name, DENOISERS, what="denoiser")]


def _each(noisy: np.ndarray, offset: float, function: Callable, **parameters: object) -> np.ndarray:
    return _clipped(np.stack([function(image - np.float32(offset), **parameters) for image in noisy]))


def _clipped(images: np.ndarray) -> np.ndarray:
    return np.clip(images, 0, 1).astype(np.float32)
