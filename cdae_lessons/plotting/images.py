"""Images side by side, on fixed scales, so that noise looks like noise and pictures can be compared."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from cdae_lessons.errors import InputError, check_count, check_images, check_number
from cdae_lessons.metrics import score
from cdae_lessons.plotting.figure import Figure, describe, plain

_PANEL = 2.05  # inches: three pixels of the page for each of 64
_PAGE = 9.6  # as wide as a notebook


@plain()
def show(
    columns: Mapping[str, np.ndarray],
    *,
    clean: np.ndarray | None = None,
    rows: int = 3,
    wrap: int | None = None,
    vmin: float = 0,
    vmax: float = 1,
    caption: str | None = None,
) -> Figure:
    """Show the first images of each set side by side, always on the same grey scale.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (N, H, W), floating point
        What to show: a column for each name, ``{"clean": x, "noisy": z, "denoised": y}``.
    clean : ndarray of shape (N, H, W), floating point in [0, 1], optional
        The clean images: SSIM and PSNR (data_range 1) are then written below the other ones.
    rows : int >= 1
        How many images to show, at most; slice the arrays to choose which.
    wrap : int >= 1, optional
        Show the first image of each set alone, and so many of them side by side; the others go below.
    vmin, vmax : float
        The values drawn black and white; what lies beyond is drawn black or white too.
    caption : str, optional
        Text below the picture, and its description for those who cannot see it.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        On no columns, on images of another type or of different shapes, or if `vmin` is not below `vmax`.
    """
    check_number(vmax, what="vmax", low=check_number(vmin, what="vmin", low=-np.inf), above=True)
    wrap = wrap if wrap is None else check_count(wrap, what="wrap", low=1)
    columns, clean = _first(columns, clean, rows if wrap is None else 1)
    alt = f"Images{' in columns' * (wrap is None)}: {', '.join(columns)}."
    figure, panels = _grid(columns, caption, alt, "gray", vmin, vmax, wrap)
    if clean is not None:
        for j, images in enumerate(columns.values()):
            if np.array_equal(images, clean):
                continue
            for i, line in enumerate(score(clean, images, data_range=1).itertuples()):
                panels[i, j].axes.set_xlabel(f"SSIM {line.ssim:.2f}, {line.psnr:.1f} dB", fontsize=8)
    return figure


@plain()
def error_map(
    clean: np.ndarray,
    columns: Mapping[str, np.ndarray],
    *,
    rows: int = 3,
    limit: float = 0.5,
    caption: str | None = None,
) -> Figure:
    """Show where images are too bright (red) or too dark (blue), always on the same scale.

    Parameters
    ----------
    clean : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images.
    columns : mapping of str to ndarray of shape (N, H, W), floating point
        The images to compare with them: a column for each name. Include the noisy ones.
    rows : int >= 1
        How many images to show, at most.
    limit : float > 0
        The error drawn in full colour, in grey levels; larger ones look the same.
    caption : str, optional
        As in `show`.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        As `show`, or if `limit` is not above 0.
    """
    limit = check_number(limit, what="limit", above=True)
    columns, clean = _first(columns, clean, rows)
    errors = {name: images - clean for name, images in columns.items()}
    alt = f"Maps of image minus clean image, red where too bright, blue where too dark: {', '.join(errors)}."
    figure, panels = _grid(errors, caption, alt, "RdBu_r", -limit, limit)
    figure.set_figwidth(figure.get_figwidth() + 0.9)
    bar = figure.colorbar(panels[0, 0], ax=figure.axes, extend="both", fraction=0.05, aspect=15 * len(panels))
    bar.set_label("image − clean", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return figure


def thumbnails(ax: Axes, places: np.ndarray, images: np.ndarray, *, side: float = 0.1) -> list[int]:
    """Put images into a plot where they belong, as many as fit without touching, the first ones first.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        A plot whose limits stand; they stay.
    places : ndarray of shape (N, 2)
        Where each image has its middle, in the units of the axes.
    images : ndarray of shape (N, H, W), floating point
        The images, 0 drawn black and 1 white.
    side : float > 0
        Their height, as a share of the height of the plot.

    Returns
    -------
    list of int
        Which images were drawn.
    """
    side = check_number(side, what="side", low=0, above=True)
    images = check_images(images, what="images", in_range=False)
    if np.shape(places) != (len(images), 2):
        msg = (
            f"Expected a place (x, y) for each of {len(images)} images; received an array of shape {np.shape(places)}."
        )
        raise InputError(msg)
    pixels = ax.get_window_extent()
    share = np.array([side * pixels.height / pixels.width, side])
    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    half = share * (high - low) / 2
    chosen = spaced((places - low) / (high - low) / share, 1)
    for i in chosen:
        (left, bottom), (right, top) = places[i] - half, places[i] + half
        ax.imshow(
            images[i], cmap="gray", vmin=0, vmax=1, extent=(left, right, bottom, top), origin="upper",
            aspect="auto", interpolation="antialiased",
        )  # fmt: skip
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    return chosen


def spaced(places: np.ndarray, room: float) -> list[int]:
    """Choose points (N, 2), the first ones first, so that squares of side `room` around them do not touch."""
    chosen: list[int] = []
    for i, place in enumerate(places):
        if all(np.abs(place - places[other]).max() >= room for other in chosen):
            chosen.append(i)
    return chosen


def _first(columns: Mapping[str, np.ndarray], clean: np.ndarray | None, rows: int) -> tuple[dict[str, np.ndarray], Any]:
    columns = {name: check_images(v, what=f"images {name!r}", in_range=False) for name, v in columns.items()}
    clean = None if clean is None else check_images(clean, what="clean images")
    shapes = {name: images.shape for name, images in columns.items()}
    if len({*shapes.values()} | ({clean.shape} if clean is not None else set())) != 1 or not shapes:
        also = "" if clean is None else f" for clean images of shape {clean.shape}"
        msg = f"Expected at least one set of images, all of one shape; received {shapes}{also}."
        raise InputError(msg)
    if rows < 1:
        msg = f"Expected rows to be a whole number >= 1; received {rows!r}."
        raise InputError(msg)
    return {name: images[:rows] for name, images in columns.items()}, None if clean is None else clean[:rows]


def _grid(
    columns: Mapping[str, np.ndarray],
    caption: str | None,
    alt: str,
    cmap: str,
    vmin: float,
    vmax: float,
    wrap: int | None = None,
) -> tuple[Figure, np.ndarray]:
    """A figure, and its images as an array with a column for each name."""
    titles = [textwrap.fill(name, 20) for name in columns]
    side = len(columns) if wrap is None else min(wrap, len(columns))
    rows = len(next(iter(columns.values()))) if wrap is None else -(-len(columns) // side)
    width = min(_PANEL * side, _PAGE)
    lettering = 0.2 * max(title.count("\n") + 1 for title in titles)
    height = (width / side + 0.15) * rows + lettering * (1 if wrap is None else rows)
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, side, squeeze=False)
    if wrap is not None:
        for spare in axes.flat[len(columns) :]:
            spare.remove()
        axes = axes.reshape(1, -1)[:, : len(columns)]
    panels = np.empty(axes.shape, AxesImage)
    for j, images in enumerate(columns.values()):
        axes[0, j].set_title(titles[j], fontsize=10)
        for i, image in enumerate(images):
            panels[i, j] = axes[i, j].imshow(
                image, cmap=cmap, vmin=vmin, vmax=vmax, origin="upper", aspect="equal", interpolation="nearest"
            )
            axes[i, j].set(xticks=[], yticks=[])
    describe(figure, caption, alt)
    return figure, panels
