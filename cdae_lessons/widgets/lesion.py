"""The lesion lab: what a denoiser makes of a lesion that was put there on purpose."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from cdae_lessons import lesions, weights
from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.noise import gaussian
from cdae_lessons.widgets import base, panels
from cdae_lessons.widgets.denoise import Denoiser, check_networks, network_denoiser, shipped_network

if TYPE_CHECKING:
    import keras

_HEIGHT = panels.height(2)


def lesion_case(
    clean: np.ndarray,
    *,
    denoiser: Denoiser,
    centre: tuple[float, float],
    radius: float,
    contrast: float,
    noise: float,
    seed: int = 0,
) -> dict:
    """One image with and without a lesion, both made noisy by the same draw and denoised.

    Parameters
    ----------
    clean : ndarray of shape (H, W), float32 in [0, 1]
        The image without a lesion.
    denoiser : callable
        ``denoiser(noisy) -> images``.
    centre, radius, contrast
        As in `lesions.insert`.
    noise : float >= 0
        Standard deviation of the Gaussian noise.
    seed : int
        Of the noise.

    Returns
    -------
    dict
        ``clean``, ``noisy`` and ``denoised`` (2, H, W), first without the lesion, then with it; ``put_in`` and
        ``came_out`` (H, W), with − without before and after; ``dose`` and ``response``, their means within the
        lesion's radius; ``kept`` = response / dose (NaN without a lesion); ``elsewhere``, the largest absolute value of
        ``came_out`` further away than the lesion reaches; ``invented``, the mean of denoised − clean within the
        radius, both without the lesion.
    """
    pair = np.stack([clean, lesions.insert(clean[np.newaxis], centre=centre, radius=radius, contrast=contrast)[0]])
    noisy = np.concatenate([gaussian(each[np.newaxis], p=1, sigma=noise, rng=seed) for each in pair])
    denoised = denoiser(noisy)
    put_in, came_out = pair[1] - pair[0], denoised[1] - denoised[0]
    core = lesions.disc(clean.shape, centre=centre, radius=radius)
    far = ~lesions.disc(clean.shape, centre=centre, radius=2 * radius)
    dose = float(put_in[core].mean())
    return {
        "clean": pair,
        "noisy": noisy,
        "denoised": denoised,
        "put_in": put_in,
        "came_out": came_out,
        "dose": dose,
        "response": float(came_out[core].mean()),
        "kept": float(came_out[core].mean()) / dose if abs(dose) > 1e-4 else np.nan,
        "elsewhere": float(np.abs(came_out[far]).max()) if far.any() else 0.0,
        "invented": float((denoised[0] - pair[0])[core].mean()),
    }


def lesion_lab(images: np.ndarray | Cohort, network: keras.Model | None = None) -> base.Lab:
    """Put a lesion into an image, and see what a denoiser keeps of it, erases and invents.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1], or Cohort
        The clean images.
    network : keras.Model, optional
        The trained denoiser; by default the one that ships with the package, trained without lesions.

    Returns
    -------
    Lab

    Raises
    ------
    InputError
        On images of another type, shape, size or range, or a network for another size.
    """
    images = panels.images_of(images)
    network = shipped_network(images) if network is None else network
    check_networks({"network": network}, images)
    denoiser = network_denoiser(network)
    height, width = images.shape[1:]
    controls = panels.image_slider(len(images)) | {
        "row": base.slider("Row", round(0.45 * height), 0, height - 1, 1),
        "column": base.slider("Column", round(0.6 * width), 0, width - 1, 1),
        "radius": base.slider("Radius, pixels", 3.0, 1.0, 8.0, 0.5),
        "contrast": base.slider("Contrast", 0.3, -1.0, 1.0, 0.05),
        "noise": base.slider("Noise σ", 0.2, *weights.SIGMAS, 0.05),
        "seed": base.slider("Noise seed", 0, 0, 99, 1),
    }

    def redraw(settings: dict) -> base.Drawn:
        clean = images[settings.pop("image", 0)]
        centre = settings.pop("row"), settings.pop("column")
        case = lesion_case(clean, denoiser=denoiser, centre=centre, **settings)
        return partial(_draw, case, centre, settings["radius"]), _text(case)

    return base.Lab("lesion lab", controls, redraw, height=_HEIGHT)


def _draw(case: dict, centre: tuple[int, int], radius: float, figure: Figure) -> None:
    places = [panels.place(column, row) for row in range(2) for column in range(4)]
    put = partial(panels.picture, figure)
    for row, which in enumerate(("without", "with lesion")):
        for column, (key, name) in enumerate((("clean", "Clean"), ("noisy", "Noisy"), ("denoised", "Denoised"))):
            put(places[4 * row + column], case[key][row], f"{name}, {which}")
    panels.error(figure, places[3], case["put_in"], "The lesion", f"put in: {case['dose']:+.2f} on average")
    kept = f"came out: {case['response']:+.2f}" + ("" if np.isnan(case["kept"]) else f", {case['kept']:.0%}")
    panels.error(figure, places[7], case["came_out"], "Denoised, with − without", kept)
    for place in (places[3], places[7]):
        panels.ring(figure, place, case["put_in"].shape, centre=centre, radius=radius)


def _text(case: dict) -> str:
    kept = "no lesion was put in" if np.isnan(case["kept"]) else f"{case['kept']:.0%} of it"
    rows = [
        ("Lesion put in, mean within its radius", f"{case['dose']:+.3f}"),
        ("The same after noise and denoising", f"{case['response']:+.3f}: {kept}"),
        ("Largest change that the lesion makes elsewhere", f"{case['elsewhere']:.3f}"),
        ("Error there without any lesion: what the denoiser invents", f"{case['invented']:+.3f}"),
    ]
    return panels.table(("", "grey levels"), rows)
