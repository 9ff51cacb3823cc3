"""Which pixels an average listens to: maps of weights on one logarithmic scale."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LogNorm

from cdae_lessons.errors import InputError, check_images
from cdae_lessons.plotting.figure import Figure, describe

_PANEL = 2.05  # inches: three pixels of the page for each of 64
_FAINT = 1e-3  # below it a weight is white


def effective(weights: np.ndarray) -> float:
    """How many equal weights would let as much independent noise through: 1 / Σ w²."""
    return float(1 / np.square(weights, dtype=float).sum())


def weight_maps(
    maps: Mapping[str, np.ndarray],
    *,
    pixel: tuple[int, int],
    noisy: np.ndarray | None = None,
    outline: np.ndarray | None = None,
    columns: int = 4,
    caption: str | None = None,
) -> Figure:
    """Show the weights that one pixel gives to all pixels, on one scale; below each map how many pixels that is.

    Parameters
    ----------
    maps : mapping of str to ndarray of shape (H, W)
        For each method its weights, which sum to one. Those below .001, and negative ones, are white.
    pixel : (int, int)
        Row and column of the pixel whose weights they are; a ring marks it.
    noisy : ndarray of shape (H, W), optional
        The noisy image, drawn first.
    outline : ndarray of shape (H, W), optional
        The clean image, whose contours are drawn faintly on each map, so that one sees where the weights lie.
    columns : int >= 1
        How many panels stand side by side.
    caption : str, optional
        As in `show`.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        On no maps, on maps of another shape or with a value that is not finite, or on a pixel outside.
    """
    sheets = {**({"noisy": noisy} if noisy is not None else {}), **maps}
    stack = {
        name: check_images(np.asarray(each)[None], what=f"map {name!r}", in_range=False)[0]
        for name, each in sheets.items()
    }
    shapes = {each.shape for each in stack.values()} | ({np.shape(outline)} if outline is not None else set())
    if not maps or len(shapes) != 1:
        msg = f"Expected at least one map of weights, all of one shape; received {sorted(shapes)}."
        raise InputError(msg)
    row, column = pixel
    height, width = shapes.pop()
    if not (0 <= row < height and 0 <= column < width):
        msg = f"Expected a pixel (row, column) within {height}x{width}; received {pixel}."
        raise InputError(msg)
    rows = math.ceil(len(stack) / columns)
    columns = min(columns, len(stack))
    figure = Figure(figsize=(_PANEL * columns + 0.8, (_PANEL + 0.5) * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    colours = colormaps["magma_r"].with_extremes(under="white")
    drawn: Any = None
    for ax in axes.flat[len(stack) :]:
        ax.set_axis_off()
    for ax, (name, each) in zip(axes.flat, stack.items(), strict=False):
        ax.set(xticks=[], yticks=[])
        ax.set_title(textwrap.fill(name, 24), fontsize=10)
        if name == "noisy" and noisy is not None:
            ax.imshow(each, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        else:
            shown = np.where(each > 0, each, _FAINT / 10)
            drawn = ax.imshow(shown, cmap=colours, norm=LogNorm(_FAINT, 1), interpolation="nearest")
            pixels = effective(each)
            ax.set_xlabel(f"worth {pixels:.3g} pixels" if pixels > 1.05 else "all on one pixel", fontsize=8)
            if outline is not None:
                ax.contour(outline, levels=(0.15, 0.45), colors="0.6", linewidths=0.5)
        ax.plot(column, row, "o", markersize=9, markerfacecolor="none", markeredgecolor="#1f93fa", markeredgewidth=1.5)
    bar = figure.colorbar(drawn, ax=figure.axes, extend="min", fraction=0.05, aspect=16 * rows)
    bar.set_label("weight (share of the average)", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    describe(figure, caption, f"Weights of the pixel in row {row}, column {column}: {', '.join(maps)}.")
    return figure
