"""A trained network at work."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cdae_lessons.errors import InputError, check_images


def denoise(model: Any, noisy: ArrayLike) -> np.ndarray:
    """Denoise images with a trained network.

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
        If the images are not finite, or not of the size that the model was built for.
    """
    noisy = check_images(noisy, what="noisy images", in_range=False)
    check_size(model, noisy)
    denoised: np.ndarray = np.clip(model.predict(noisy, batch_size=64, verbose=0), 0, 1)
    return denoised


def check_size(model: Any, images: np.ndarray) -> None:
    """See that a network takes images of this size."""
    expected = tuple(model.input_shape[1:])
    if images.shape[1:] != expected:
        msg = (
            f"The model {model.name!r} takes images of {expected} pixels; received {images.shape[1:]}. "
            f"Build it with size={images.shape[-1]}, or load the images with size={expected[-1]}."
        )
        raise InputError(msg)
