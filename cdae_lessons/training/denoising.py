"""A trained network at work."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cdae_lessons import backend
from cdae_lessons.errors import InputError, check_images
from cdae_lessons.training import full_size

keras: Any = backend.load_keras()

BATCH = 64  # images at a time, which bounds the memory


def denoise(model: Any, noisy: ArrayLike) -> np.ndarray:
    """Denoise images with a trained network.

    A network of convolutions takes images of any size, in overlapping tiles: the result is that of the same network
    built for the whole image, to within rounding. An image whose sides the network cannot halve as often as its own
    is continued by its mirror image first.

    Parameters
    ----------
    model : keras.Model
        Maps (N, H, W) to (N, H, W).
    noisy : ndarray of shape (N, H, W), floating point
        Any finite values.

    Returns
    -------
    ndarray of shape (N, H, W), float32 in [0, 1]

    Raises
    ------
    InputError
        If the images are not finite, or not of the size that the model was built for and it fits no other.
    """
    noisy = check_images(noisy, what="noisy images", in_range=False)
    if noisy.shape[1:] != tuple(model.input_shape[1:]) and full_size.takes_any_size(model):
        return np.clip(full_size.in_tiles(model, noisy, answer=_answer), 0, 1)
    check_size(model, noisy)
    return np.clip(_answer(model, noisy), 0, 1)


def check_size(model: Any, images: np.ndarray) -> None:
    """See that a network takes images of this size."""
    expected = tuple(model.input_shape[1:])
    if images.shape[1:] != expected:
        msg = (
            f"The model {model.name!r} takes images of {expected} pixels; received {images.shape[1:]}. "
            f"Build it with size={images.shape[-1]}, or load the images with size={expected[-1]}."
        )
        raise InputError(msg)


def _answer(model: Any, images: np.ndarray) -> np.ndarray:
    if keras.backend.backend() != "torch":
        return np.asarray(model.predict(images, batch_size=BATCH, verbose=0))
    import torch

    from cdae_lessons.training import torch_layers

    def part(batch: np.ndarray) -> np.ndarray:
        # torch refuses mirrored arrays, and warns of those that are read-only.
        return model(torch.tensor(np.ascontiguousarray(batch)), training=False).cpu().numpy()

    with torch_layers.in_use(model), torch.no_grad():
        return np.concatenate([part(images[i : i + BATCH]) for i in range(0, len(images), BATCH)])
