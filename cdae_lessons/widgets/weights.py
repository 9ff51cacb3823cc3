"""The weights lab: which pixels a classical denoiser averages for one pixel, and how much each of them counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np
from matplotlib.figure import Figure
from numpy.lib.stride_tricks import sliding_window_view
from skimage import restoration

from cdae_lessons import denoisers
from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.errors import known
from cdae_lessons.noise import gaussian
from cdae_lessons.plotting.weights import effective
from cdae_lessons.widgets import base, panels

REACH = 11
"""How far away NL-means looks for patches, in pixels."""


def gaussian_weights(noisy: np.ndarray, pixel: tuple[int, int], *, width: float) -> np.ndarray:
    """The weights of a Gaussian filter: near pixels count, whatever they show."""
    rows, columns = _away(noisy, pixel)
    return _normal(np.exp(-(rows**2 + columns**2) / (2 * width**2)))


def median_weights(noisy: np.ndarray, pixel: tuple[int, int], *, size: int) -> np.ndarray:
    """The weights of a median: all lies on the pixel in the middle of the sorted window."""
    rows, columns = _away(noisy, pixel)
    window = np.flatnonzero(np.maximum(abs(rows), abs(columns)) <= size // 2)
    order = window[np.argsort(noisy.flat[window], kind="stable")]
    weights = np.zeros_like(noisy)
    weights.flat[order[len(order) // 2]] = 1
    return weights


def bilateral_weights(
    noisy: np.ndarray, pixel: tuple[int, int], *, sigma_color: float, sigma_spatial: float
) -> np.ndarray:
    """The weights of a bilateral filter: near pixels of a similar grey count."""
    rows, columns = _away(noisy, pixel)
    near = np.maximum(abs(rows), abs(columns)) <= np.ceil(2 * sigma_spatial)
    alike = np.exp(-(((noisy - noisy[pixel]) / sigma_color) ** 2) / 2)
    return _normal(near * alike * gaussian_weights(noisy, pixel, width=sigma_spatial))


def nl_means_weights(noisy: np.ndarray, pixel: tuple[int, int], *, h: float, sigma: float) -> np.ndarray:
    """The weights of NL-means: pixels count whose patches look alike, beyond what the noise explains."""
    # scikit-image's fast version, asked for 7x7, compares rows and columns -2 to 3, and divides by 49 all the same.
    patches = sliding_window_view(np.pad(noisy, (2, 3), mode="reflect"), (6, 6))
    distance = np.sum((patches - patches[pixel]) ** 2 - 2 * sigma**2, axis=(2, 3)) / 49
    rows, columns = _away(noisy, pixel)
    alike = np.exp(-np.maximum(distance, 0) / h**2)
    return _normal(alike * (np.maximum(abs(rows), abs(columns)) <= REACH))


def tv_weights(noisy: np.ndarray, pixel: tuple[int, int], *, weight: float, step: float = 0.01) -> np.ndarray:
    """How much total variation's answer at each pixel moves with the grey of one, by poking it.

    That is also how much the answer at this pixel moves with the grey of each other: the answer minimises an energy, so
    the two are the same (Moreau 1965, doi 10.24033/bsmf.1625).
    """
    poke = np.zeros_like(noisy)
    poke[pixel] = step
    up, down = (
        restoration.denoise_tv_chambolle(each, weight=weight, eps=0, max_num_iter=1000)
        for each in (noisy + poke, noisy - poke)
    )
    return (up - down) / (2 * step)


_METHODS: Mapping[str, tuple[Callable[..., np.ndarray], Callable[[float, float], dict[str, float]], str]] = (
    MappingProxyType(
        {
            "gaussian": (gaussian_weights, lambda s, _: {"width": s}, "width {width:.2g} pixels"),
            "median": (median_weights, lambda s, _: {"size": 2 * max(1, round(2 * s)) + 1}, "window {size:d} pixels"),
            "bilateral": (
                bilateral_weights,
                lambda s, sigma: {"sigma_color": 2 * s * sigma, "sigma_spatial": 2.0},
                "grey levels alike within {sigma_color:.2g}, width {sigma_spatial:.2g} pixels",
            ),
            "nl_means": (nl_means_weights, lambda s, sigma: {"h": 0.6 * s * sigma, "sigma": sigma}, "h = {h:.2g}"),
            "tv": (tv_weights, lambda s, sigma: {"weight": s * sigma}, "weight {weight:.2g}"),
        }
    )
)


def weights_case(
    clean: np.ndarray, *, pixel: tuple[int, int], denoiser: str, strength: float, noise: float, seed: int = 0
) -> dict:
    """One noisy image, denoised, and the weights of one of its pixels: what the weights lab shows for one setting.

    Parameters
    ----------
    clean : ndarray of shape (H, W), float32 in [0, 1]
        The image.
    pixel : (int, int)
        Row and column.
    denoiser : {"gaussian", "median", "bilateral", "nl_means", "tv"}
        The method.
    strength : float > 0
        1 is about right for faint noise; more averages more.
    noise : float > 0
        Standard deviation of the Gaussian noise.
    seed : int
        Of the noise.

    Returns
    -------
    dict
        ``noisy``, ``denoised`` and ``weights`` (H, W); ``pixels``, how many equal weights let as much noise through;
        ``greys``, of the pixel in the clean, noisy and denoised image; ``said``, the parameters in words.

    Raises
    ------
    InputError
        On another denoiser.
    """
    find, choose, words = _METHODS[known(denoiser, _METHODS, what="denoiser")]
    parameters = choose(strength, noise)
    noisy = gaussian(clean[np.newaxis], p=1, sigma=noise, rng=seed)
    more = {"patch_distance": REACH} if denoiser == "nl_means" else {}
    denoised = denoisers.denoise(denoiser, noisy, **parameters, **more)[0]
    weights = find(noisy[0].astype(float), pixel, **parameters)
    return {
        "noisy": noisy[0],
        "denoised": denoised,
        "weights": weights,
        "pixels": effective(weights),
        "greys": (float(clean[pixel]), float(noisy[0][pixel]), float(denoised[pixel])),
        "said": words.format(**parameters),
    }


def weights_lab(images: np.ndarray | Cohort) -> base.Lab:
    """Choose a pixel and a denoiser, and see which pixels it averages there.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1], or Cohort
        The clean images.

    Returns
    -------
    Lab

    Raises
    ------
    InputError
        On images of another type, shape, size or range.
    """
    images = panels.images_of(images)
    height, width = images.shape[1:]
    names = {name.replace("_", "-"): name for name in _METHODS}
    controls = panels.image_slider(len(images)) | {
        "denoiser": base.menu("Denoiser", names, "nl_means"),
        "row": base.slider("Row", round(0.45 * height), 0, height - 1, 1),
        "column": base.slider("Column", round(0.6 * width), 0, width - 1, 1),
        "strength": base.slider("Strength", 1.0, 0.25, 4.0, 0.25, log=True),
        "noise": base.slider("Noise σ", 0.1, 0.02, 0.5, 0.02),
        "seed": base.slider("Noise seed", 0, 0, 99, 1),
    }

    def redraw(settings: dict) -> base.Drawn:
        clean = images[settings.pop("image", 0)]
        pixel = settings.pop("row"), settings.pop("column")
        case = weights_case(clean, pixel=pixel, **settings)
        return partial(_draw, clean, case, pixel), _text(case)

    return base.Lab("weights lab", controls, redraw, height=panels.height(1), rows=2)


def _draw(clean: np.ndarray, case: dict, pixel: tuple[int, int], figure: Figure) -> None:
    panels.picture(figure, panels.place(0), clean, "Clean, x")
    panels.picture(figure, panels.place(1), case["noisy"], "Noisy, z")
    faint = np.log10(np.clip(case["weights"], 1e-4, 1)) / 4 + 1  # 0 at .0001, 1 at 1
    panels.picture(figure, panels.place(2), 1 - faint, "Weights", "black 1, white .0001 or less")
    panels.picture(figure, panels.place(3), case["denoised"], "Denoised", case["said"])
    for place in range(4):
        panels.ring(figure, panels.place(place), clean.shape, centre=pixel, radius=2.5)


def _text(case: dict) -> str:
    head = ("Grey of the pixel", "clean", "noisy", "denoised")
    rows = [("", *(f"{grey:.3f}" for grey in case["greys"]))]
    said = f"The weights let as much independent noise through as {case['pixels']:.3g} equal ones would."
    return panels.table(head, rows) + panels.paragraph(said)


def _away(noisy: np.ndarray, pixel: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.indices(noisy.shape)
    return np.asarray(rows - pixel[0]), np.asarray(columns - pixel[1])


def _normal(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()
