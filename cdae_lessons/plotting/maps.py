"""What is drawn of a network: its maps, each with what made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cdae_lessons.plotting.layers import Step, kind, steps


@dataclass
class Map:
    """Feature maps of one size, or a vector of numbers, and the layers that made them."""

    shape: tuple[int, int, int] | tuple[int]  # height, width and number of maps; or how many numbers
    kind: str  # of the first of its layers
    made: list[str]  # a line for each of its layers
    sources: list[int] = field(default_factory=list)  # where the flow comes from, then what is added
    weights: int = 0
    block: str = ""
    times: int = 1  # how many equal layers in a row

    @property
    def size(self) -> float:
        """Height in pixels; of a vector, the side of the square image that has as many."""
        return self.shape[0] if len(self.shape) == 3 else self.shape[0] ** 0.5

    @property
    def said(self) -> list[str]:
        """What is written below it: its layers, its shape, and their weights if they have any."""
        first = f"{self.times} × " * (self.times > 1) + self.made[0]
        return [first, *self.made[1:], self.size_said, *[f"{self.weights:,} weights"] * (self.weights > 0)]

    @property
    def size_said(self) -> str:
        """Its shape, as height×width×maps."""
        if len(self.shape) == 3:
            return "×".join(map(str, self.shape))
        return f"{self.shape[0]:,} number{'s' * (self.shape[0] != 1)}"


def maps(model: Any) -> list[Map]:
    """What to draw of a model: layers that change no number's place are told with the map that they work on.

    Layers that only move numbers (Reshape, Permute, padding) are drawn where they end in maps of another shape.
    """
    found = steps(model)
    users: dict[int, list[int]] = {place: [] for place in range(len(found))}
    for place, step in enumerate(found):
        for source in step.sources:
            users[source].append(place)
    drawn: list[Map] = []
    where: dict[int, int] = {}  # from a step to its map
    for place, step in enumerate(found):
        last = place == len(found) - 1
        if step.layer is None:
            drawn.append(Map(_size(found, users, place), "image", ["input"]))
            where[place] = len(drawn) - 1
            continue
        source = max(where[each] for each in step.sources)
        on, of = drawn[source], kind(step.layer)
        if of in _MOVES:
            where[place] = source
            ends = last or any(kind(found[user].layer) not in _MOVES for user in users[place])
            if ends and (shape := _size(found, users, place)) != on.shape:
                how = "flatten" if len(shape) == 1 else "reshape" if len(on.shape) == 1 else "rearrange"
                drawn.append(Map(shape, "image" if last else "move", [how], [source], block=step.block))
                where[place] = len(drawn) - 1
            continue
        if type(step.layer).__name__ == "TiedAutoencoder":
            code, pixels = step.layer.code, step.shape[0]
            there, back = (_activation(a) for a in (step.layer.activation, step.layer.output_activation))
            drawn.append(Map((code,), "dense", ["dense W", *there], [source], (pixels + 1) * code, step.block))
            drawn.append(Map((pixels,), "dense", ["dense Wᵀ", *back], [len(drawn) - 1], pixels, step.block))
            where[place] = len(drawn) - 1
            continue
        line, weights = _told(step.layer, of), getattr(step.layer, "count_params", int)()
        others = [where[each] for each in step.sources if where[each] != source]
        if of in ("other", "each") and step.shape in {found[each].shape for each in step.sources}:
            on.made += ["+ skip"] if type(step.layer).__name__ == "Add" else line
            on.sources += others
            on.weights += weights
            where[place] = source
            continue
        made = Map(_size(found, users, place), of, line, [source, *others], weights, step.block)
        if source == len(drawn) - 1 and (made.shape, made.kind, made.made) == (on.shape, on.kind, on.made):
            on.times, on.weights = on.times + 1, on.weights + weights
        else:
            drawn.append(made)
        where[place] = len(drawn) - 1
    return drawn


_MOVES = {"reshape", "permute", "pad", "crop"}
_NAMES = {"relu": "ReLU", "elu": "ELU", "gelu": "GELU", "selu": "SELU", "linear": ""}
_SAID = {"BatchNormalization": "batch norm", "LayerNormalization": "layer norm", "Concatenate": "concatenate"}


def _size(found: list[Step], users: dict[int, list[int]], place: int) -> tuple[int, int, int] | tuple[int]:
    """Height, width and number of maps, wherever the layers have the axis of maps; or how many numbers."""
    shape = found[place].shape
    if len(shape) == 1:
        return (shape[0],)
    if len(shape) == 2:
        return (*shape, 1)
    first, second, third = shape
    return (first, second, third) if _layout(found, users, place) == "channels_last" else (second, third, first)


def _layout(found: list[Step], users: dict[int, list[int]], place: int) -> str:
    """Where the axis of maps is, as the nearest layer says that knows it."""
    layer = found[place].layer
    if kind(layer) not in _MOVES and hasattr(layer, "data_format"):
        return layer.data_format
    ahead = [user for user in users[place] if kind(found[user].layer) not in _MOVES]
    for user in ahead:
        if hasattr(found[user].layer, "data_format"):
            return found[user].layer.data_format
    if layer is not None and kind(layer) not in _MOVES:
        return _layout(found, users, found[place].sources[0])
    return _layout(found, users, ahead[0]) if ahead else "channels_last"


def _told(layer: Any, of: str) -> list[str]:
    """What a layer does, in lines of a few letters."""
    name = type(layer).__name__
    if of in ("conv", "transposed"):
        kernel = "×".join(map(str, layer.kernel_size))
        stride = [f"stride {max(layer.strides)}"] * (max(layer.strides) > 1)
        spread = [f"dilation {max(layer.dilation_rate)}"] * (max(layer.dilation_rate) > 1)
        called = {"Conv2D": "conv", "Conv2DTranspose": "transposed"}.get(name, name.removesuffix("2D").lower())
        return [f"{called} {kernel}", *stride, *spread, *_activation(layer.activation)]
    if of == "dense":
        return ["dense", *_activation(layer.activation)]
    if of == "pool":
        return [f"{name.removesuffix('Pooling2D').lower()}-pool {'×'.join(map(str, layer.pool_size))}"]
    if of == "upsample":
        return [f"upsample {'×'.join(map(str, layer.size))}"]
    if name == "Activation":
        return _activation(layer.activation)
    return [_SAID.get(name, name)]


def _activation(function: Any) -> list[str]:
    name = function if isinstance(function, str) else getattr(function, "__name__", "activation")
    return [said] if (said := _NAMES.get(name, name)) else []
