"""What one pixel of a network's output sees of its input, and what it makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cdae_lessons import backend
from cdae_lessons.errors import InputError, check_images
from cdae_lessons.plotting.figure import Figure, describe, plain
from cdae_lessons.plotting.layers import field, steps

_DIM = 0.35  # how bright the rest is
_MARK = "#ff9f1c"


@plain()
def receptive_field(
    model: Any, image: np.ndarray, *, at: tuple[int, int] | None = None, caption: str | None = None
) -> Figure:
    """Show which pixels of an image one pixel of the output can depend on, and how much it depends on each.

    Left: the image, bright where the pixel can see it, whatever the weights. This is read off the layers. Right: how
    much the pixel gets brighter where the image does, with these weights and on this image, by the gradient.

    Parameters
    ----------
    model : keras.Model
        As in `architecture`; for images of this size.
    image : ndarray of shape (H, W), floating point
        What goes into the network, such as a noisy image; any finite values.
    at : tuple of int, optional
        Row and column of the pixel of the output; by default the middle.
    caption : str, optional
        As in `show`.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        As `architecture`, or on an image of another size, or a pixel outside it.
    """
    if np.ndim(image) != 2:
        msg = f"Expected one image of shape (H, W); received shape {np.shape(image)}. Use images[0]."
        raise InputError(msg)
    image = check_images(np.asarray(image)[np.newaxis], what="the image", in_range=False)[0]
    found = steps(model)
    if found[0].shape != image.shape or found[-1].shape != image.shape:
        msg = (
            f"Expected a model from images of {image.shape} to such images; received one from {found[0].shape} to "
            f"{found[-1].shape}. Build it for this size, or load the images in that size."
        )
        raise InputError(msg)
    height, width = image.shape
    row, column = (height // 2, width // 2) if at is None else at
    if not (0 <= row < height and 0 <= column < width):
        msg = f"Expected at=(row, column) within {height} rows and {width} columns; received {at}."
        raise InputError(msg)
    seen = field(found, (row, column))
    slopes = gradient(model, image, (row, column))
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    figure = Figure(figsize=(7.4, 0.6 + 3 * height / width), layout="constrained")
    left, right = figure.subplots(1, 2)
    dimmed = np.where(seen, 1, _DIM) * np.clip(image, 0, 1)
    left.imshow(dimmed, cmap="gray", vmin=0, vmax=1, origin="upper", aspect="equal", interpolation="nearest")
    size = f"{np.ptp(rows) + 1}×{np.ptp(columns) + 1}"
    left.set_title(f"it can see {size} of {height}×{width} pixels", fontsize=10)
    limit = np.abs(slopes).max() or 1.0
    picture = right.imshow(
        slopes, cmap="RdBu_r", vmin=-limit / 2, vmax=limit / 2, origin="upper", aspect="equal", interpolation="nearest"
    )
    right.set_title("what each pixel counts, on this image", fontsize=10)
    bar = figure.colorbar(picture, ax=right, extend="both", fraction=0.046)
    bar.set_label("change of the output / change of the input", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    for ax in (left, right):
        _frame(ax, rows[0], columns[0], rows[-1], columns[-1])
        _frame(ax, row, column, row, column)
        ax.set(xticks=[], yticks=[])
    alt = f"{model.name}: the pixel at row {row}, column {column} can see {size} of {height}×{width} pixels."
    describe(figure, caption, alt)
    return figure


def gradient(model: Any, image: np.ndarray, at: tuple[int, int]) -> np.ndarray:
    """How much a pixel of the output changes with each pixel of the input: the slopes at this image, (H, W)."""
    keras: Any = backend.load_keras()
    row, column = at
    if keras.backend.backend() == "torch":
        import torch

        given = keras.ops.convert_to_tensor(image[np.newaxis]).requires_grad_()
        with torch.enable_grad():
            pixel = model(given, training=False)[0, row, column]
        (slopes,) = torch.autograd.grad(pixel, given)
        return keras.ops.convert_to_numpy(slopes)[0]
    if keras.backend.backend() == "jax":
        import jax

        slopes = jax.grad(lambda given: model(given, training=False)[0, row, column])(image[np.newaxis])
        return np.asarray(slopes)[0]
    import tensorflow as tf

    given = tf.convert_to_tensor(image[np.newaxis])
    with tf.GradientTape() as tape:
        tape.watch(given)
        pixel = model(given, training=False)[0, row, column]
    return tape.gradient(pixel, given).numpy()[0]


def _frame(ax: Axes, top: int, left: int, bottom: int, right: int) -> None:
    corner, width, height = (left - 0.5, top - 0.5), right - left + 1, bottom - top + 1
    ax.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=_MARK, linewidth=1.6, clip_on=False))
