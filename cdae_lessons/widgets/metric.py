"""The metric lab: the same image spoilt in different ways, and how differently the scores take it."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from scipy import ndimage

from cdae_lessons import lesions
from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.metrics import WINDOW, ssim_parts
from cdae_lessons.noise import gaussian
from cdae_lessons.widgets import base, panels

_HEIGHT = panels.height(2)


def metric_case(
    clean: np.ndarray,
    *,
    blur: float = 0.0,
    shift: int = 0,
    contrast: float = 1.0,
    noise: float = 0.0,
    dot: float = 0.0,
    seed: int = 0,
) -> dict:
    """One image, changed in up to five ways, and scored: what the metric lab shows for one setting.

    The changes are made in the order of the parameters below; nothing is clipped at the end.

    Parameters
    ----------
    clean : ndarray of shape (H, W), float32 in [0, 1]
        The image.
    blur : float >= 0
        Standard deviation of the Gaussian blur in pixels.
    shift : int
        How many pixels the image moves to the right; its edge is repeated.
    contrast : float
        By what the distance of each pixel from the image's mean is multiplied.
    noise : float >= 0
        Standard deviation of the added Gaussian noise.
    dot : float in [-1, 1]
        Grey levels added by a small round dot, right of the middle.
    seed : int
        Of the noise.

    Returns
    -------
    dict
        ``changed`` and ``error`` = changed − clean (H, W); ``luminance``, ``contrast``, ``structure`` and
        ``ssim_map``, maps (H, W) of SSIM's three parts and their product; ``mse``, ``psnr`` in dB (infinite where
        nothing was changed) and ``ssim``, with data_range 1; ``parts``, the means of the three maps.
    """
    height, width = clean.shape
    changed = ndimage.gaussian_filter(clean, blur) if blur else clean
    changed = np.pad(changed, ((0, 0), (abs(shift),) * 2), mode="edge")[:, abs(shift) - shift :][:, :width]
    changed = changed.mean() + contrast * (changed - changed.mean())
    spotted = lesions.insert(clean[np.newaxis], centre=dot_centre(clean.shape), radius=1.5, contrast=dot)[0]
    changed = (changed + (spotted - clean)).astype(np.float32)
    if noise:
        changed = changed + gaussian(np.zeros((1, height, width), np.float32), p=1, sigma=noise, rng=seed)[0]
    maps = ssim_parts(clean[np.newaxis], changed[np.newaxis], data_range=1)
    luminance, spread, structure = (each[0] for each in maps)
    ssim, psnr = panels.ssim_psnr(clean, changed)
    inside = slice(WINDOW // 2, -(WINDOW // 2))
    return {
        "changed": changed,
        "error": changed - clean,
        "luminance": luminance,
        "contrast": spread,
        "structure": structure,
        "ssim_map": luminance * spread * structure,
        "mse": float(np.mean(np.square(changed - clean, dtype=float))),
        "psnr": psnr,
        "ssim": ssim,
        "parts": tuple(float(each[inside, inside].mean()) for each in (luminance, spread, structure)),
    }


def dot_centre(shape: tuple[int, int]) -> tuple[int, int]:
    """Where the dot is put: right of the middle."""
    return round(0.45 * shape[0]), round(0.62 * shape[1])


def metric_lab(images: np.ndarray | Cohort) -> base.Lab:
    """Spoil an image by hand (blur, shift, contrast, noise, a dot) and see how the scores disagree about it.

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
    controls = panels.image_slider(len(images)) | {
        "blur": base.slider("Blur σ, pixels", 1.0, 0.0, 4.0, 0.25),
        "shift": base.slider("Shift, pixels", 0, 0, min(8, images.shape[2] - 1), 1),
        "contrast": base.slider("Contrast, times", 1.0, 0.0, 2.0, 0.1),
        "noise": base.slider("Noise σ", 0.0, 0.0, 0.5, 0.02),
        "dot": base.slider("Dot, grey levels", 0.0, -1.0, 1.0, 0.1),
    }

    def redraw(settings: dict) -> base.Drawn:
        clean = images[settings.pop("image", 0)]
        case = metric_case(clean, **settings)
        return partial(_draw, clean, case), _text(case)

    return base.Lab("metric lab", controls, redraw, height=_HEIGHT)


def _draw(clean: np.ndarray, case: dict, figure: Figure) -> None:
    panels.picture(figure, panels.place(0), clean, "Clean")
    panels.picture(figure, panels.place(1), case["changed"], "Changed")
    panels.error(figure, panels.place(2), case["error"], "Changed − clean", "blue −0.5, red +0.5")
    panels.picture(figure, panels.place(3), case["ssim_map"], "SSIM, pixel by pixel", "white 1, black 0")
    for column, part in enumerate(_PARTS):
        panels.picture(figure, panels.place(column, 1), case[part], f"Its part: {part}")
    means = {"SSIM": case["ssim"], **dict(zip(_PARTS, case["parts"], strict=True))}
    panels.bars(figure, panels.place(3, 1), means, "Means")


_PARTS = ("luminance", "contrast", "structure")


def _text(case: dict) -> str:
    head = ("", "MSE", "PSNR", "SSIM", *_PARTS)
    psnr = f"{case['psnr']:.1f} dB" if np.isfinite(case["psnr"]) else "infinite: no change"
    row = (
        "With data_range 1",
        f"{case['mse']:.5f}",
        psnr,
        *(f"{value:.3f}" for value in (case["ssim"], *case["parts"])),
    )
    return panels.table(head, [row])
