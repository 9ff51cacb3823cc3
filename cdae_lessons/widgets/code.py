"""The code lab: what an autoencoder can keep of an image, by the size of its code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.errors import InputError, check_count
from cdae_lessons.metrics import score
from cdae_lessons.widgets import base, panels
from cdae_lessons.widgets.denoise import check_networks, network_denoiser

if TYPE_CHECKING:
    import keras

_HEIGHT = panels.height(1)
_MOST = 200  # images: all their reconstructions are made at once, and kept


def code_cases(images: np.ndarray, models: Mapping[int, keras.Model]) -> dict[int, dict]:
    """Every image through every autoencoder: what the code lab shows.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), float32 in [0, 1]
        The images.
    models : mapping of int to keras.Model
        A trained autoencoder for each code size.

    Returns
    -------
    dict
        For each code size, smallest first: ``images`` (N, H, W), the reconstructions; ``mse`` and ``ssim``
        (data_range 1) of each, (N,).

    Raises
    ------
    InputError
        On no models, a code size that is no positive whole number, or models for images of another size.
    """
    sizes = {check_count(size, what="a code size", low=1): model for size, model in models.items()}
    if not sizes:
        msg = "Expected at least one trained model by its code size, as {64: model}; received none."
        raise InputError(msg)
    check_networks({f"code size {size}": model for size, model in sizes.items()}, images)
    cases = {}
    for size in sorted(sizes):
        made = network_denoiser(sizes[size])(images)
        scores = score(images, made, data_range=1)
        cases[size] = {"images": made, "mse": scores["mse"].to_numpy(), "ssim": scores["ssim"].to_numpy()}
    return cases


def code_lab(images: np.ndarray | Cohort, models: Mapping[int, keras.Model]) -> base.Lab:
    """Move the size of an autoencoder's code and see what is left of an image.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1], or Cohort
        The images; the first 200 of them are used.
    models : mapping of int to keras.Model
        A trained autoencoder for each code size, such as ``{8: model, 64: other}``.

    Returns
    -------
    Lab

    Raises
    ------
    InputError
        On images of another type, shape, size or range, or models that do not fit them.
    """
    images = panels.images_of(images)[:_MOST]
    cases = code_cases(images, models)
    controls = {"code": base.menu("Code size", {str(size): size for size in cases})} | panels.image_slider(len(images))

    def redraw(settings: dict) -> base.Drawn:
        index = settings.get("image", 0)
        draw = partial(_draw, images, cases, settings["code"], index)
        return draw, _text(cases, settings["code"], index, images[0].size)

    return base.Lab("code lab", controls, redraw, height=_HEIGHT)


def _draw(images: np.ndarray, cases: Mapping[int, dict], code: int, index: int, figure: Figure) -> None:
    clean, made = images[index], cases[code]["images"][index]
    panels.picture(figure, panels.place(0), clean, "Image", f"{clean.size} pixels")
    ssim = cases[code]["ssim"][index]
    panels.picture(figure, panels.place(1), made, f"From {code} number{'s' * (code > 1)}", f"SSIM {ssim:.2f}")
    panels.error(figure, panels.place(2), made - clean, "Error", "blue −0.5, red +0.5")
    axes = panels.plot(figure, (598, 24, 116, 150), "Error by code size")
    places = np.arange(len(cases))  # evenly spaced, whatever the sizes
    errors = [case["mse"][index] for case in cases.values()]
    axes.plot(places, errors, "o-", color="C7", markersize=4)
    axes.plot(list(cases).index(code), cases[code]["mse"][index], "D", color="C3", markersize=7)
    highest = max(case["mse"].max() for case in cases.values())  # the same scale for every image
    step = -(-len(cases) // 6)
    axes.set(ylim=(0, 1.05 * highest or 1), xlim=(-0.3, len(cases) - 0.7))
    axes.set(xticks=places[::step], xticklabels=[str(size) for size in cases][::step])
    axes.set_xlabel("code size", fontsize=8, labelpad=1)
    axes.set_ylabel("mean squared error", fontsize=8, labelpad=2)


def _text(cases: Mapping[int, dict], code: int, index: int, pixels: int) -> str:
    rows = [
        (
            f"{size}, {pixels / size:.0f} pixels a number" + ("  ◂" if size == code else ""),
            f"{case['mse'][index]:.5f}",
            f"{case['ssim'][index]:.3f}",
        )
        for size, case in cases.items()
    ]
    return panels.table(("Code size", "MSE", "SSIM, data_range 1"), rows)
