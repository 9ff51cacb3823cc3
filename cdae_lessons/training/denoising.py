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
    if noisy.shape[1:] != shape_of(model) and full_size.takes_any_size(model):
        return np.clip(full_size.in_tiles(model, noisy, answer=_answer), 0, 1)
    check_model(model, noisy)
    return np.clip(_answer(model, noisy), 0, 1)


def check_model(model: Any, images: np.ndarray) -> None:
    """See that a network maps images of this size to images, as all networks here do."""
    expected = shape_of(model)
    if images.shape[1:] != expected:
        msg = (
            f"The model {model.name!r} takes images of {expected} pixels; received {images.shape[1:]}. "
            f"Build it with size={images.shape[-1]}, or load the images with size={expected[-1]}."
        )
        raise InputError(msg)


def shape_of(model: Any) -> tuple[int, int]:
    """The (H, W) of the images that a network maps to images of the same size.

    Raises
    ------
    InputError
        If it is no such Keras model; the message says what to put around it.
    """
    if not isinstance(model, keras.Model):
        remedy = "Make one, such as models.cnn_dae(size=64)."
        if isinstance(model, keras.layers.Layer):
            remedy = "Put it into a model that begins with keras.Input((H, W))."
        elif any(kind.__module__.startswith("torch.nn") for kind in type(model).__mro__):
            inner = "keras.layers.TorchModuleWrapper(module, output_shape=(None, 1, H, W))"
            remedy = _between(inner, (1, "H", "W"))
        msg = f"Expected a Keras model that maps (N, H, W) to (N, H, W); received {type(model).__name__}. {remedy}"
        raise InputError(msg)
    taken, given = (getattr(model, f"{end}_shape", None) for end in ("input", "output"))
    if taken is None:
        msg = (
            f"The model {model.name!r} does not know the size of its images yet. Begin it with keras.Input((H, W)); "
            "put a class of your own into keras.Sequential([keras.Input((H, W)), model])."
        )
        raise InputError(msg)
    if not (isinstance(taken, tuple) and len(taken) == 3 and given == taken and None not in taken[1:]):
        remedy = "Build it from keras.Input((H, W)), with one output of that shape."
        if given == taken and isinstance(taken, tuple) and len(taken) == 4 and 1 in taken:
            remedy = _between("model", taken[1:])
        msg = f"Expected a model that maps (N, H, W) to (N, H, W); {model.name!r} maps {taken} to {given}. {remedy}"
        raise InputError(msg)
    if model.inputs[0].dtype != "float32":
        msg = (
            f"Expected a model that takes float32; {model.name!r} takes {model.inputs[0].dtype}. Call "
            'keras.config.set_floatx("float32"), and build it anew.'
        )
        raise InputError(msg)
    return int(taken[1]), int(taken[2])


def _between(inner: str, shape: tuple[int | str, ...]) -> str:
    """How to give a network with a channel axis images without one."""
    image, maps = (f"({', '.join(map(str, sides))})" for sides in ([side for side in shape if side != 1], shape))
    layers = f"keras.Input({image}), keras.layers.Reshape({maps}), {inner}, keras.layers.Reshape({image})"
    return f"Put it between two reshapes: keras.Sequential([{layers}])."


def _answer(model: Any, images: np.ndarray) -> np.ndarray:
    if keras.backend.backend() != "torch":
        return np.asarray(model.predict(images, batch_size=BATCH, verbose=0), np.float32)
    import torch

    from cdae_lessons.training import torch_layers

    def part(batch: np.ndarray) -> np.ndarray:
        # torch refuses mirrored arrays, and warns of those that are read-only.
        return model(torch.tensor(np.ascontiguousarray(batch)), training=False).float().cpu().numpy()

    with torch_layers.in_use(model), torch.no_grad():
        return np.concatenate([part(images[i : i + BATCH]) for i in range(0, len(images), BATCH)])
