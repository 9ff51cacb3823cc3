"""Images of any size for a network that was built for one size: the same network, built anew, on overlapping tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from cdae_lessons import backend
from cdae_lessons.models import LAYOUT

keras: Any = backend.load_keras()

CORE = 512  # pixels of a tile, in each direction, beside those at its edges that are cut off
PLAIN = (
    "InputLayer", "Conv2D", "MaxPooling2D", "UpSampling2D", "Add", "Concatenate", "Activation", "ReLU", "LeakyReLU",
    "BatchNormalization", "Reshape", "Permute", "ZeroPadding2D", "Cropping2D",
)  # fmt: skip
POINTWISE = ("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "tanh", "sigmoid")
AXES, CHANNELS = ((1, 2), (3, -1)) if LAYOUT == "channels_last" else ((2, 3), (1,))  # of maps


def takes_any_size(model: Any) -> bool:
    """Whether each output pixel of a network is made of the pixels around it, by rules that do not know the size.

    It says yes for networks of square images, made of layers that it knows and each of which is used once.
    """
    if type(model).__name__ not in ("Functional", "Sequential"):
        return False
    known = all(type(layer).__name__ in PLAIN for layer in model.layers)
    convolves = any(type(layer) is keras.layers.Conv2D for layer in model.layers)
    square = len({*model.input_shape[1:], *model.output_shape[1:]}) == 1
    if not (known and convolves and square):
        return False
    uses = [len(layer.get("inbound_nodes", ())) for layer in model.get_config()["layers"]]
    return max(uses) <= 1 and all(_is_local(model, layer) for layer in model.layers)


def in_tiles(model: Any, images: np.ndarray, *, answer: Callable[[Any, np.ndarray], np.ndarray]) -> np.ndarray:
    """What the network would make of whole images, tile by tile in bounded memory.

    The pixels of a tile that its edges can have reached are cut off, so the result does not depend on the tiles. Images
    whose size differs from the model's by what cannot be halved as often are continued to the right and below by their
    mirror image.

    Parameters
    ----------
    model : keras.Model
        One that `takes_any_size`.
    images : ndarray of shape (N, H, W), float32
        Any finite values.
    answer : callable
        ``answer(model, images)``, for images of the model's size.

    Returns
    -------
    ndarray of shape (N, H, W)
    """
    built_for, wanted = model.input_shape[1:], images.shape[1:]
    # What moves by as many pixels meets the same poolings.
    step = max(_scale(model, _height(layer)) for layer in model.layers if _has_maps(layer))
    sides = [side + (built - side) % step for side, built in zip(wanted, built_for, strict=True)]
    rim = [(0, side - w) for side, w in zip(sides, wanted, strict=True)]
    rows, columns = (list(_spans(side, edge=_reach(model, step), step=step)) for side in sides)
    network = rebuilt(model, *(spans[0][0].stop for spans in (rows, columns)))
    made = np.empty((len(images), *sides), np.float32)
    for number, image in enumerate(images):
        whole = np.pad(image, rim, mode="symmetric")
        for (i, kept_i), (j, kept_j) in product(rows, columns):
            tile = answer(network, whole[None, i, j])[0]
            made[number, kept_i, kept_j] = tile[_within(kept_i, i), _within(kept_j, j)]
    return made[:, : wanted[0], : wanted[1]]


def rebuilt(model: Any, height: int, width: int) -> Any:
    """The same network with the same weights for images of another size, that differs by what `in_tiles` calls step."""
    more = height - model.input_shape[1], width - model.input_shape[2]

    def anew(layer: Any) -> Any:
        config = layer.get_config()
        if type(layer) is keras.layers.Reshape:
            shape = list(layer.target_shape)
            for place, by in zip(_sides(shape), more, strict=True):
                shape[place] += by // _scale(model, shape[place])
            config["target_shape"] = tuple(shape)
        return type(layer).from_config(config)

    images = keras.Input((height, width))
    network = keras.models.clone_model(model, input_tensors=images, clone_function=anew)
    network.set_weights(model.get_weights())
    return network


def _is_local(model: Any, layer: Any) -> bool:
    """Whether a layer treats all places alike, each of which stands for a whole number of pixels."""
    kinds = keras.layers
    if getattr(layer, "activation", None) not in (None, *map(keras.activations.get, POINTWISE)):
        return False
    if _has_maps(layer):
        height, width = (layer.output.shape[axis] for axis in AXES)
        if layer.data_format != LAYOUT or height != width or not _is_whole(model, height):
            return False
    if type(layer) is kinds.Conv2D:
        return layer.padding == "same" and layer.strides == (1, 1)
    if type(layer) is kinds.MaxPooling2D:
        return layer.pool_size == layer.strides and layer.padding == "valid"
    if type(layer) is kinds.UpSampling2D:
        return layer.interpolation == "nearest"
    if type(layer) is kinds.ZeroPadding2D:
        return model.input_shape[1] in layer.input.shape
    if type(layer) is kinds.BatchNormalization:
        return layer.axis in CHANNELS
    if type(layer) is kinds.Reshape:
        sides = [layer.target_shape[place] for place in _sides(list(layer.target_shape))]
        return len(sides) == 2 and _is_whole(model, sides[0])
    return True


def _has_maps(layer: Any) -> bool:
    return type(layer) in (keras.layers.Conv2D, keras.layers.MaxPooling2D, keras.layers.UpSampling2D)


def _sides(shape: list[int]) -> list[int]:
    """Where a shape has height and width: its two largest numbers, which are equal since the images are square."""
    return [place for place, length in enumerate(shape) if length == max(shape)]


def _height(layer: Any) -> int:
    return int(layer.output.shape[AXES[0]])


def _scale(model: Any, height: int) -> int:
    """How many pixels of the image, and of a rim that the network adds, go to one of maps of this height."""
    return 1 if height == model.input_shape[1] else _with_rim(model) // height


def _is_whole(model: Any, height: int) -> bool:
    return height == model.input_shape[1] or _with_rim(model) % height == 0


def _with_rim(model: Any) -> int:
    rims = (layer.padding[0] for layer in model.layers if type(layer) is keras.layers.ZeroPadding2D)
    return int(model.input_shape[1] + sum(map(sum, rims)))


def _reach(model: Any, step: int) -> int:
    """How far away a pixel can change the result, at most, in whole steps."""
    pixels = 2 * step  # of the blocks that a pixel is pooled with, and repeated in
    for layer in model.layers:
        if type(layer) is keras.layers.Conv2D:
            ahead = max(k // 2 * d for k, d in zip(layer.kernel_size, layer.dilation_rate, strict=True))
            pixels += ahead * _scale(model, _height(layer))
    return -(-pixels // step) * step


def _spans(side: int, *, edge: int, step: int) -> Iterator[tuple[slice, slice]]:
    """Tiles along one side, all of one length, and what is kept of each."""
    core = max(CORE // step, 1) * step
    length = min(side, core + 2 * edge + side % step)
    done = 0
    while done < side:
        start = max(0, min(done - edge, side - length))
        end = side if start + length == side else start + edge + core
        yield slice(start, start + length), slice(done, end)
        done = end


def _within(kept: slice, tile: slice) -> slice:
    return slice(kept.start - tile.start, kept.stop - tile.start)
