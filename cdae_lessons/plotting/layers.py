"""A Keras model as a list of steps, and which pixels of its input one pixel of its output depends on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cdae_lessons.errors import InputError


class Step(NamedTuple):
    """A layer at work: which steps it takes, and the shape of what it makes, without the axis of images."""

    layer: Any  # None for an input of the model
    sources: tuple[int, ...]
    shape: tuple[int, ...]
    block: str  # the model inside the model that the layer belongs to, "" if to none


def steps(model: Any) -> list[Step]:
    """The layers of a model in an order in which each follows what it needs; models inside it are opened.

    Raises
    ------
    InputError
        If the layers of the model cannot be known without running it.
    """
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        msg = (
            "Expected a Keras model whose layers are connected from an Input on (functional, or Sequential that begins "
            f"with keras.Input); received {type(model).__name__}. Build it that way."
        )
        raise InputError(msg)
    found = [Step(None, (), _shape(tensor), "") for tensor in model.inputs]
    ends = _follow(model, [*range(len(found))], "", found)
    if len(found) <= len(model.inputs) or len(ends) != 1:
        msg = f"Expected a model with layers and one output; received {model.name!r} with {len(ends)} outputs."
        raise InputError(msg)
    return found


def field(found: list[Step], at: tuple[int, int]) -> np.ndarray:
    """Which pixels of the first input a pixel of the output can depend on, whatever the weights: bool, (H, W).

    It is followed backwards, from each layer to the values that it takes. A layer of an unknown kind counts as one that
    changes each value for itself if it has no weights and keeps the shape, else as one that mixes everything.
    """
    needed = [np.zeros(step.shape, bool) for step in found]
    needed[-1][at] = True
    for step, here in zip(found[::-1], needed[::-1], strict=True):
        if step.layer is not None and here.any():
            shapes = [found[source].shape for source in step.sources]
            for source, part in zip(step.sources, _needs(step.layer, here, shapes), strict=True):
                needed[source] |= part
    return needed[0].reshape(found[0].shape[:2])


def kind(layer: Any) -> str:
    """Which kind of layer it is, of those that are treated alike."""
    names = {base.__name__ for base in type(layer).__mro__}
    for found, of in _KINDS.items():
        if names & of:
            return found
    return "other"


_KINDS = {
    "transposed": {"Conv2DTranspose"},
    "conv": {"Conv2D", "DepthwiseConv2D", "SeparableConv2D"},
    "pool": {"MaxPooling2D", "AveragePooling2D"},
    "upsample": {"UpSampling2D"},
    "pad": {"ZeroPadding2D"},
    "crop": {"Cropping2D"},
    "reshape": {"Reshape", "Flatten"},
    "permute": {"Permute"},
    "concatenate": {"Concatenate"},
    "dense": {"Dense"},
    "each": {"BatchNormalization"},
}


def _follow(model: Any, given: list[int], block: str, found: list[Step]) -> list[int]:
    """Add the steps of a model, whose inputs are the steps `given`, to those `found`; return those of its outputs."""
    places = {id(tensor): place for tensor, place in zip(model.inputs, given, strict=True)}

    def place(tensor: Any) -> int:
        if id(tensor) not in places:
            layer, call, which = tensor._keras_history
            sources = [place(source) for source in layer._inbound_nodes[call].input_tensors]
            if getattr(layer, "inputs", None) and getattr(layer, "outputs", None):
                places[id(tensor)] = _follow(layer, sources, layer.name, found)[which]
            else:
                found.append(Step(layer, tuple(sources), _shape(tensor), block))
                places[id(tensor)] = len(found) - 1
        return places[id(tensor)]

    return [place(tensor) for tensor in model.outputs]


def _shape(tensor: Any) -> tuple[int, ...]:
    shape = tuple(tensor.shape[1:])
    if None in shape:
        msg = f"Expected a model for images of one size; received one of shape {shape}. Build it with its size."
        raise InputError(msg)
    return shape


def _needs(layer: Any, here: np.ndarray, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Which values of each source a layer needs for those values of its output that are True in `here`."""
    shape, of = shapes[0], kind(layer)
    if of == "reshape":
        return [here.reshape(shape)]
    if of == "permute":
        return [here.transpose(np.argsort(np.subtract(layer.dims, 1)))]
    if of == "concatenate":
        axis = layer.axis - (layer.axis > 0)  # without the axis of images
        return np.split(here, np.cumsum([each[axis] for each in shapes])[:-1], axis=axis)
    if of == "dense":
        return [np.broadcast_to(here.any(axis=-1, keepdims=True), shape)]
    if of in ("conv", "transposed", "pool", "upsample", "pad", "crop"):
        last = layer.data_format == "channels_last"
        maps, size = (np.moveaxis(here, -1, 0), shape[:2]) if last else (here, shape[1:])
        channels = shape[-1] if last else shape[0]
        if of in ("conv", "transposed"):
            maps = np.broadcast_to(maps.any(axis=0), (channels, *maps.shape[1:]))
        rows, columns = (_uses(layer, of, axis, maps.shape[axis + 1], size[axis]) for axis in (0, 1))
        maps = rows.T @ maps.astype(np.float32) @ columns > 0
        return [np.moveaxis(maps, 0, -1) if last else maps]
    alone = of == "each" or not getattr(layer, "weights", None)
    return [here if alone and each == here.shape else np.full(each, True) for each in shapes]


def _uses(layer: Any, of: str, axis: int, after: int, before: int) -> np.ndarray:
    """Which of the `before` rows (axis 0) or columns (1) each of the `after` ones takes: (after, before)."""
    to, of_it = np.ogrid[:after, :before]
    if of == "pad":
        uses = of_it == to - layer.padding[axis][0]
    elif of == "crop":
        uses = of_it == to + layer.cropping[axis][0]
    elif of == "upsample":
        place = (to + 0.5) / layer.size[axis] - 0.5  # among the rows that come in
        reach = {"nearest": 0.5, "bilinear": 1}.get(layer.interpolation, 3)
        uses = np.abs(place - of_it) < reach
    else:
        window, stride = (layer.pool_size if of == "pool" else layer.kernel_size)[axis], layer.strides[axis]
        step = 1 if of == "pool" else layer.dilation_rate[axis]
        reach = (window - 1) * step + 1
        small, large = (before, after) if of == "transposed" else (after, before)
        rim = max((small - 1) * stride + reach - large, 0) // 2 if layer.padding == "same" else 0
        inside = (to - of_it * stride if of == "transposed" else of_it - to * stride) + rim
        uses = (inside >= 0) & (inside < reach) & (inside % step == 0)
    return uses.astype(np.float32)
