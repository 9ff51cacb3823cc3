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
LOCAL = (
    "InputLayer", "Conv2D", "MaxPooling2D", "UpSampling2D", "Add", "Concatenate", "Activation", "ReLU", "LeakyReLU",
    "BatchNormalization", "Reshape", "Permute", "ZeroPadding2D", "Cropping2D",
)  # fmt: skip


def takes_any_size(model: Any) -> bool:
    """Whether each output pixel of a network is made of the pixels around it, by rules that do not know the size."""
    convolves = any(type(layer) is keras.layers.Conv2D for layer in model.layers)
    return convolves and all(type(layer).__name__ in LOCAL and _is_local(layer) for layer in model.layers)


def in_tiles(model: Any, images: np.ndarray, *, answer: Callable[[Any, np.ndarray], np.ndarray]) -> np.ndarray:
    """What the network would make of whole images, tile by tile in bounded memory.

    The pixels of a tile that its edges can have reached are cut off, so the result does not depend on the tiles. Images
    that cannot be halved as often as the network wants are continued to the right and below by their mirror image.

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
    step = max(_scale(model, _height(layer)) for layer in model.layers if type(layer) is keras.layers.Conv2D)
    sides = [side + (built - side) % step for side, built in zip(wanted, built_for, strict=True)]
    whole = np.pad(images, ((0, 0), *((0, side - w) for side, w in zip(sides, wanted, strict=True))), mode="symmetric")
    rows, columns = (list(_spans(side, edge=_reach(model, step), step=step)) for side in sides)
    network = rebuilt(model, *(spans[0][0].stop for spans in (rows, columns)))
    made = np.empty(whole.shape, np.float32)
    for (i, kept_i), (j, kept_j) in product(rows, columns):
        tile = answer(network, np.ascontiguousarray(whole[:, i, j]))
        made[:, kept_i, kept_j] = tile[:, _within(kept_i, i), _within(kept_j, j)]
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


def _is_local(layer: Any) -> bool:
    if type(layer) is keras.layers.Conv2D:
        return layer.padding == "same" and layer.strides == (1, 1) and layer.data_format == LAYOUT
    if type(layer) is keras.layers.MaxPooling2D:
        return layer.pool_size == layer.strides
    if type(layer) is keras.layers.UpSampling2D:
        return layer.interpolation == "nearest"
    return type(layer) is not keras.layers.Reshape or len(_sides(list(layer.target_shape))) == 2


def _sides(shape: list[int]) -> list[int]:
    """Where a shape has height and width: its two largest numbers, which are equal since networks are built square."""
    return [place for place, length in enumerate(shape) if length == max(shape)]


def _height(layer: Any) -> int:
    return int(layer.output.shape[1 if LAYOUT == "channels_last" else 2])


def _scale(model: Any, height: int) -> int:
    """How many pixels of the image, and of a rim that the network adds, go to one of maps of this height."""
    built_for = model.input_shape[1]
    rims = (layer.padding[0] for layer in model.layers if type(layer) is keras.layers.ZeroPadding2D)
    return 1 if height == built_for else (built_for + sum(map(sum, rims))) // height


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
    core = CORE // step * step
    length = min(side, core + 2 * edge + side % step)
    done = 0
    while done < side:
        start = max(0, min(done - edge, side - length))
        end = side if start + length == side else start + edge + core
        yield slice(start, start + length), slice(done, end)
        done = end


def _within(kept: slice, tile: slice) -> slice:
    return slice(kept.start - tile.start, kept.stop - tile.start)
