"""The layers that take most of a step, each as one call of PyTorch.

Keras adds the bias of a convolution in a pass of its own, and repeats pixels twice where PyTorch's interpolation
goes through the image once; the numbers are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional

from cdae_lessons import backend

keras: Any = backend.load_keras()


@contextmanager
def in_use(model: Any) -> Iterator[None]:
    """Let the layers of `model` that have such a call use it inside the block; blocks may lie in each other."""
    layers = list(every_layer(model))
    before = [layer.autocast for layer in layers]
    replaced = [(layer, call) for layer in layers if (call := _call(layer)) is not None and "call" not in vars(layer)]
    for layer in layers:
        layer.autocast = False  # Keras would cast what comes in bfloat16 to float32 before every layer
    for layer, call in replaced:
        layer.call = call
    try:
        yield
    finally:
        for layer, autocast in zip(layers, before, strict=True):
            layer.autocast = autocast
        for layer, _ in replaced:
            del layer.call


def every_layer(model: Any) -> Iterator[Any]:
    """The layers of a model, and of the models in it."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from every_layer(layer)
        else:
            yield layer


def _call(layer: Any) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """What a layer computes, or None where Keras' own way is to be kept."""
    layers = keras.layers
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
            # A grey value near 1 has steps of 1/256 in bfloat16, and its cross-entropy none at all.
            return layer.activation(x.float() if layer.activation is keras.activations.sigmoid else x)

        return convolve
    if type(layer) is layers.MaxPooling2D and layer.padding == "valid":
        return lambda x: functional.max_pool2d(x, layer.pool_size, layer.strides)
    if type(layer) is layers.UpSampling2D and layer.interpolation == "nearest":
        return lambda x: functional.interpolate(x, scale_factor=tuple(map(float, layer.size)), mode="nearest")
    return None
