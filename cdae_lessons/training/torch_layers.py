"""The layers that take most of a step, each as one call of PyTorch.

Keras adds the bias of a convolution in a pass of its own, and repeats pixels twice where PyTorch's interpolation
goes through the image once; the numbers are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch.nn import functional

from cdae_lessons import backend
from cdae_lessons.training.precision import every_layer

keras: Any = backend.load_keras()


_LOCK = Lock()
_USES: WeakKeyDictionary[Any, tuple[int, bool]] = WeakKeyDictionary()
"""Of each layer: how many blocks it is in, maybe in several threads, and what its autocast was before."""


@contextmanager
def in_use(model: Any) -> Iterator[None]:
    """Let the layers of `model` that have such a call use it inside the block; blocks may overlap."""
    layers = {id(layer): layer for layer in every_layer(model) if layer.compute_dtype == "float32"}
    with _LOCK:
        for layer in layers.values():
            times, autocast = _USES.get(layer, (0, layer.autocast))
            _USES[layer] = times + 1, autocast
            if times == 0:
                layer.autocast = False  # Keras would cast what comes in bfloat16 to float32 before every layer
                if (call := _call(layer)) is not None:
                    layer.call = call
    try:
        yield
    finally:
        with _LOCK:
            for layer in layers.values():
                times, autocast = _USES[layer]
                _USES[layer] = times - 1, autocast
                if times == 1:
                    del _USES[layer]
                    layer.autocast = autocast
                    vars(layer).pop("call", None)


def _call(layer: Any) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """What a layer computes, or None where Keras' own way is to be kept."""
    layers = keras.layers

    def activated(x: torch.Tensor) -> torch.Tensor:
        # A grey value near 1 has steps of 1/256 in bfloat16, and its cross-entropy none at all.
        return layer.activation(x.float() if layer.activation is keras.activations.sigmoid else x)

    if type(layer) is layers.Activation:
        return activated
    if getattr(layer, "data_format", None) != "channels_first":
        return None
    odd = type(layer) is layers.Conv2D and all(side % 2 for side in layer.kernel_size)
    if odd and layer.padding == "same" and layer.strides == (1, 1):

        def convolve(x: torch.Tensor) -> torch.Tensor:
            bias = layer.bias.value if layer.use_bias else None
            x = functional.conv2d(
                x, layer.kernel.value.permute(3, 2, 0, 1), bias,
                padding="same", dilation=layer.dilation_rate, groups=layer.groups,
            )  # fmt: skip
            return activated(x)

        return convolve
    if type(layer) is layers.MaxPooling2D and layer.padding == "valid":
        return lambda x: functional.max_pool2d(x, layer.pool_size, layer.strides)
    if type(layer) is layers.UpSampling2D and layer.interpolation == "nearest":
        return lambda x: functional.interpolate(x, scale_factor=tuple(map(float, layer.size)), mode="nearest")
    return None
