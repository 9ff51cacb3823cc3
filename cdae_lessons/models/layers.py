"""What the networks are built of: layers in the layout that is fastest for the backend, and initial weights by seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdae_lessons import backend
from cdae_lessons.errors import InputError, check_count

keras: Any = backend.load_keras()
layers: Any = keras.layers

# Keras on torch copies every channels_last tensor twice a layer; TensorFlow on a CPU knows only channels_last.
LAYOUT = "channels_last" if keras.backend.backend() == "tensorflow" else "channels_first"
"""Where Keras has the channel axis of feature maps."""


def conv(filters: int, kernel_size: int = 3, *, weights: keras.Initializer, activation: str = "relu") -> layers.Layer:
    """A convolution that keeps height and width."""
    return layers.Conv2D(
        filters, kernel_size, padding="same", activation=activation, data_format=LAYOUT, kernel_initializer=weights
    )


def maps_shape(size: int, maps: int) -> tuple[int, int, int]:
    """Shape of the feature maps of an image, in `LAYOUT`."""
    return (size, size, maps) if LAYOUT == "channels_last" else (maps, size, size)


def add_channel(size: int) -> list[layers.Layer]:
    """Layers that give images (size, size) a channel axis, in `LAYOUT`."""
    if LAYOUT == "channels_last":
        return [layers.Reshape((size, size, 1))]
    # A transposed (height, width, channel) is what torch recognises as its channels-last memory format, and then keeps
    # from layer to layer: the same numbers a sixth faster than after a plain Reshape((1, size, size)).
    return [layers.Reshape((size, size, 1)), layers.Permute((3, 1, 2))]


def with_channel(size: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The input of a network, and the same with a channel axis."""
    images = x = keras.Input((size, size), name="images")
    for layer in add_channel(size):
        x = layer(x)
    return images, x


def blocks_to_channels(images: keras.KerasTensor, rim: int) -> keras.KerasTensor:
    """(size, size) with `rim` more rows and columns to (half, half, 4), as channels in `LAYOUT`."""
    size = images.shape[1]
    half = (size + rim) // 2
    x = layers.Reshape((size, size, 1))(images)
    if rim:
        x = layers.ZeroPadding2D(_sides(rim), data_format="channels_last")(x)
    x = layers.Reshape((half, 2, half, 2))(x)
    x = layers.Permute((1, 3, 2, 4))(x)
    x = layers.Reshape((half, half, 4))(x)
    return x if LAYOUT == "channels_last" else layers.Permute((3, 1, 2))(x)  # as in add_channel


def channels_to_blocks(x: keras.KerasTensor, rim: int) -> keras.KerasTensor:
    """The inverse of `blocks_to_channels`."""
    if LAYOUT != "channels_last":
        x = layers.Permute((2, 3, 1))(x)
    half = x.shape[1]
    x = layers.Reshape((half, half, 2, 2))(x)
    x = layers.Permute((1, 3, 2, 4))(x)
    x = layers.Reshape((2 * half, 2 * half, 1))(x)
    if rim:
        x = layers.Cropping2D(_sides(rim), data_format="channels_last")(x)
    return layers.Reshape((2 * half - rim, 2 * half - rim))(x)


def _sides(rim: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return ((rim // 2, rim - rim // 2),) * 2


def initial_weights(seed: int, layer: int = 0) -> keras.Initializer:
    """A layer's own: two layers of one shape must not start equal, nor models of neighbouring seeds share any."""
    return keras.initializers.GlorotUniform(seed=1000 * check_count(seed, what="seed") + layer)


def check_widths(widths: Sequence[int], *, what: str) -> tuple[int, ...]:
    """Return `widths` if there is one at least and all are positive whole numbers."""
    if not widths:
        msg = f"Expected at least one level in {what}; received {widths!r}."
        raise InputError(msg)
    return tuple(check_count(width, what=f"{what}[{i}]", low=1) for i, width in enumerate(widths))


def check_levels(size: int, widths: Sequence[int], *, what: str) -> tuple[int, tuple[int, ...]]:
    """Return `size` and `widths` if as many levels as there are widths can halve the size."""
    size, widths = check_count(size, what="size", low=1), check_widths(widths, what=what)
    factor = 2 ** len(widths)
    if size % factor:
        near = max(factor, round(size / factor) * factor)
        msg = (
            f"Expected a size divisible by {factor}, since {len(widths)} levels halve it; received {size}. Try {near}."
        )
        raise InputError(msg)
    return size, widths
