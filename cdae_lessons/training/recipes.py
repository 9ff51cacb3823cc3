"""How networks are trained: the paper's recipe, and a faster one that ends better."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cdae_lessons import backend
from cdae_lessons.errors import InputError
from cdae_lessons.models import LAYOUT

keras: Any = backend.load_keras()
ops = keras.ops

# Flips and shifts keep few images from being learned by heart, but a network that has not yet learned how such images
# look does better without them, and one that sees many never needs them: docs/speed.md. So they begin once both have
# passed.
MOVE_FROM = {"epoch": 20, "step": 400}
# At first Adam moves the weights of all layers in step, and what they do to an image multiplies: a rate that rises
# faster blows the feature maps up a thousandfold in ten steps, and the images come out all black.
WARMUP = 50
FLOOR = 1e-30  # of a grey level in the cross-entropy; float32 ends at 1e-38, and 1e-7 below white


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    loss : str or callable
        A Keras loss, or a function of (clean, denoised).
    learning_rate : float
        Of Adam; its peak where there is a schedule.
    batch_size : int
        Images a step.
    epochs, steps : int
        Length of the training: passes over the images, or steps whatever the number of images. One of the two is 0.
    fresh_noise : bool
        Whether every epoch draws its noise anew; else the whole set is corrupted once.
    flips : bool
        Whether half of the images are mirrored left to right, chosen anew every epoch. Begins with ``MOVE_FROM``.
    shift : float
        Largest shift of an image in each direction, as a share of its side, drawn anew every epoch; what leaves the
        image is mirrored in. Begins with ``MOVE_FROM``; 0 for none.
    schedule : bool
        Whether the learning rate warms up, as `learning_rate` says, and then falls to 0 along a cosine.
    """

    loss: str | Callable
    learning_rate: float
    batch_size: int
    epochs: int = 0
    steps: int = 0
    fresh_noise: bool = False
    flips: bool = False
    shift: float = 0.0
    schedule: bool = False


def dissimilarity(clean: Any, images: Any) -> Any:
    """1 - SSIM, averaged over a batch, with the constants and the 7x7 window of scikit-image and ``data_range=1``.

    Parameters
    ----------
    clean, images : tensor of shape (N, H, W), values in [0, 1]

    Returns
    -------
    tensor, a scalar in [0, 2]

    References
    ----------
    Z. Wang et al., "Image quality assessment: from error visibility to structural similarity",
    IEEE TIP 13 (2004) 600-612, equation 13, doi 10.1109/TIP.2003.819861.
    """
    axis = -1 if LAYOUT == "channels_last" else 1

    def mean(x: Any) -> Any:  # one axis after the other: 14 additions a pixel instead of 49
        for window in ((7, 1), (1, 7)):
            x = ops.average_pool(x, window, strides=1, padding="valid", data_format=LAYOUT)
        return x

    x, y = ops.expand_dims(clean, axis), ops.expand_dims(images, axis)
    ux, uy = mean(x), mean(y)
    unbiased = 49 / 48
    vx, vy, vxy = (unbiased * (mean(a * b) - m) for a, b, m in ((x, x, ux * ux), (y, y, uy * uy), (x, y, ux * uy)))
    c1, c2 = 0.01**2, 0.03**2
    ssim = (2 * ux * uy + c1) * (2 * vxy + c2) / ((ux * ux + uy * uy + c1) * (vx + vy + c2))
    return 1 - ops.mean(ssim)


def cross_entropy(clean: Any, images: Any) -> Any:
    """Binary cross-entropy, averaged over all pixels, that brings back a network whose images have turned black.

    Keras takes all grey levels below 1e-7 for that number. What is darker has no slope, so the network stays there.

    Parameters
    ----------
    clean, images : tensor of one shape, values in [0, 1]

    Returns
    -------
    tensor, a scalar
    """
    dark, bright = (ops.log(ops.maximum(share, FLOOR)) for share in (images, 1 - images))
    return -ops.mean(clean * dark + (1 - clean) * bright)


def cross_entropy_and_dissimilarity(clean: Any, images: Any) -> Any:
    """`cross_entropy` plus five times `dissimilarity`: the loss of the fast recipe."""
    return cross_entropy(clean, images) + 5 * dissimilarity(clean, images)


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "paper": Recipe("binary_crossentropy", learning_rate=1e-3, batch_size=10, epochs=100),
        "fast": Recipe(
            cross_entropy_and_dissimilarity,
            learning_rate=5e-3,
            batch_size=5,
            steps=1000,
            fresh_noise=True,
            flips=True,
            shift=1 / 16,
            schedule=True,
        ),
    }
)
"""The two recipes of the course by name."""


def learning_rate(recipe: Recipe, step: int, *, steps: int) -> float:
    """Adam's learning rate in a step of a training, counted from 0.

    With a schedule it rises in equal parts, by which it would reach its peak after a tenth of the steps or after
    `WARMUP`, whichever is later; from where it meets the cosine that falls from the peak to 0, it follows that.
    """
    if not recipe.schedule:
        return recipe.learning_rate
    rising = (step + 1) / max(WARMUP, steps / 10)
    falling = (1 + math.cos(math.pi * (step + 0.5) / steps)) / 2
    return recipe.learning_rate * min(rising, falling)


def check_loss(loss: str | Callable[..., Any]) -> str | Callable[..., Any]:
    """Return `loss` if Keras has one of that name, or it can be called.

    Raises
    ------
    InputError
        If not.
    """
    try:
        found = keras.losses.get(loss)
    except (ValueError, TypeError):
        found = None
    if not callable(found):
        msg = f"Expected a Keras loss, such as 'mse', or a function of (clean, denoised); received loss={loss!r}."
        raise InputError(msg)
    return loss
