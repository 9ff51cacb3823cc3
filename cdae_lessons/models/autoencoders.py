"""Autoencoders with a narrow middle: dense, convolutional, and stacks of either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdae_lessons.errors import check_count, known
from cdae_lessons.models.layers import (
    LAYOUT,
    add_channel,
    check_levels,
    check_widths,
    conv,
    initial_weights,
    keras,
    layers,
    maps_shape,
    with_channel,
)


@keras.saving.register_keras_serializable("cdae_lessons")
class TiedAutoencoder(layers.Layer):
    """Encoder and decoder that share one matrix: y = s(W x + b), z = s'(W^T y + b').

    Parameters
    ----------
    code : int
        Number of hidden units, the length of y.
    activation, output : str
        The functions s and s', by their Keras names.
    seed : int
        Of the initial W.
    """

    def __init__(
        self, code: int, *, activation: str = "sigmoid", output: str = "sigmoid", seed: int = 0, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.code, self.activation, self.output_activation, self.seed = code, activation, output, seed

    def build(self, input_shape: tuple) -> None:
        """Make W (pixels, code), b (code,) and b' (pixels,)."""
        pixels = input_shape[-1]
        self.kernel = self.add_weight((pixels, self.code), initializer=initial_weights(self.seed), name="kernel")
        self.bias = self.add_weight((self.code,), initializer="zeros", name="bias")
        self.output_bias = self.add_weight((pixels,), initializer="zeros", name="output_bias")

    def encode(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Flattened images (N, pixels) to codes (N, code)."""
        return keras.activations.get(self.activation)(keras.ops.matmul(x, self.kernel) + self.bias)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Flattened images (N, pixels) to their reconstructions (N, pixels)."""
        z = keras.ops.matmul(self.encode(x), keras.ops.transpose(self.kernel)) + self.output_bias
        return keras.activations.get(self.output_activation)(z)

    def get_config(self) -> dict:
        """What ``keras`` needs to build the layer again."""
        own = {"code": self.code, "activation": self.activation, "output": self.output_activation, "seed": self.seed}
        return super().get_config() | own


def dense_autoencoder(
    size: int = 64,
    *,
    code: int = 64,
    tied: bool = False,
    activation: str = "sigmoid",
    output: str = "sigmoid",
    seed: int = 0,
) -> keras.Model:
    """Build the plain autoencoder: y = s(W x + b), z = s'(W' y + b').

    Parameters
    ----------
    size : int
        Height and width of the images in pixels.
    code : int
        Number of hidden units, the length of y.
    tied : bool
        Whether W' is the transpose of W; b and b' stay separate.
    activation, output : str
        The functions s and s', by their Keras names. ``output="sigmoid"`` goes with either loss,
        ``"linear"`` with squared error only. With both linear the network can do no more than PCA.
    seed : int
        Of the initial weights.

    Returns
    -------
    keras.Model
        Maps (N, size, size) to (N, size, size). Its layers are called ``encode`` and ``decode``, or
        ``tied`` (a `TiedAutoencoder`).

    Raises
    ------
    InputError
        If `size` or `code` is not a positive whole number.

    References
    ----------
    P. Vincent et al., "Stacked denoising autoencoders", JMLR 11 (2010) 3371-3408, section 2.
    """
    size, code = check_count(size, what="size", low=1), check_count(code, what="code", low=1)
    images = keras.Input((size, size), name="images")
    x = layers.Flatten()(images)  # (N, H * W)
    if tied:
        z = TiedAutoencoder(code, activation=activation, output=output, seed=seed, name="tied")(x)
    else:
        y = layers.Dense(code, activation=activation, kernel_initializer=initial_weights(seed), name="encode")(x)
        z = layers.Dense(size * size, activation=output, kernel_initializer=initial_weights(seed, 1), name="decode")(y)
    return keras.Model(images, layers.Reshape((size, size))(z), name="dense_autoencoder")


def conv_autoencoder(
    size: int = 64, *, filters: Sequence[int] = (16, 8), kernel_size: int = 3, seed: int = 0
) -> keras.Model:
    """Build a convolutional autoencoder with a narrow middle: h_i = s(x * W_i + b_i).

    Each level halves the image on the way in (convolution, ReLU, max-pooling) and doubles it on the
    way out (upsampling, convolution); the last convolution is a sigmoid.

    Parameters
    ----------
    size : int
        Height and width of the images in pixels; divisible by 2 for every level.
    filters : sequence of int
        Feature maps of each level, from the outside in; the code holds
        ``filters[-1] * (size / 2 ** len(filters)) ** 2`` values.
    kernel_size : int
        Side of the square kernels in pixels.
    seed : int
        Of the initial weights.

    Returns
    -------
    keras.Model
        Maps (N, size, size) to (N, size, size).

    Raises
    ------
    InputError
        If a number is not positive and whole, or `size` cannot be halved often enough.

    References
    ----------
    J. Masci et al., "Stacked convolutional auto-encoders for hierarchical feature extraction",
    ICANN 2011, 52-59, doi 10.1007/978-3-642-21735-7_7.
    """
    size, filters = check_levels(size, filters, what="filters")
    kernel_size = check_count(kernel_size, what="kernel_size", low=1)
    images, x = with_channel(size)
    for i, width in enumerate(filters):
        x = conv(width, kernel_size, weights=initial_weights(seed, i))(x)
        x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)
    for i, width in enumerate((*reversed(filters[:-1]), 1), start=len(filters)):
        x = layers.UpSampling2D(2, data_format=LAYOUT)(x)
        last = i == 2 * len(filters) - 1
        x = conv(width, kernel_size, weights=initial_weights(seed, i), activation="sigmoid" if last else "relu")(x)
    return keras.Model(images, layers.Reshape((size, size))(x), name="conv_autoencoder")


def stacked_autoencoder(
    size: int = 64, *, kind: str = "dense", widths: Sequence[int] | None = None, seed: int = 0
) -> keras.Model:
    """Build an autoencoder as a stack of blocks that `training.pretrain_layerwise` can train one by one.

    Parameters
    ----------
    size : int
        Height and width of the images in pixels; for ``kind="conv"`` divisible by 2 for every block.
    kind : {"dense", "conv"}
        Blocks of a dense layer each, or of a convolution and a max-pooling each.
    widths : sequence of int, optional
        Hidden units (dense, by default 1024, 256) or feature maps (conv, by default 32, 32), from the outside in.
    seed : int
        Of the initial weights.

    Returns
    -------
    keras.Model
        Maps (N, size, size) to (N, size, size). Its layers are ``encode_1`` … ``encode_K`` and
        ``decode_K`` … ``decode_1``; ``decode_k`` inverts ``encode_k``.

    Raises
    ------
    InputError
        If `kind` is unknown, a number is not positive and whole, or `size` cannot be halved often enough.

    References
    ----------
    P. Vincent et al., "Stacked denoising autoencoders", JMLR 11 (2010) 3371-3408, section 3.5.
    """
    known(kind, ("dense", "conv"), what="kind of stack")
    if kind == "dense":
        widths = check_widths((1024, 256) if widths is None else widths, what="widths")
        size = check_count(size, what="size", low=1)
        blocks = _dense_blocks(size, widths, seed)
    else:
        size, widths = check_levels(size, (32, 32) if widths is None else widths, what="widths")
        blocks = _conv_blocks(size, widths, seed)
    images = x = keras.Input((size, size), name="images")
    for block in blocks:
        x = block(x)
    return keras.Model(images, x, name="stacked_autoencoder")


def _dense_blocks(size: int, widths: Sequence[int], seed: int) -> list[keras.Model]:
    sizes = (size * size, *widths)
    blocks = []
    for i, width in enumerate(widths):
        start = [keras.Input((size, size)), layers.Flatten()] if i == 0 else [keras.Input((sizes[i],))]
        dense = layers.Dense(width, activation="sigmoid", kernel_initializer=initial_weights(seed, i))
        blocks.append(keras.Sequential([*start, dense], name=f"encode_{i + 1}"))
    for i in reversed(range(len(widths))):
        weights = initial_weights(seed, 2 * len(widths) - 1 - i)
        dense = layers.Dense(sizes[i], activation="sigmoid", kernel_initializer=weights)
        end = [layers.Reshape((size, size))] if i == 0 else []
        blocks.append(keras.Sequential([keras.Input((widths[i],)), dense, *end], name=f"decode_{i + 1}"))
    return blocks


def _conv_blocks(size: int, widths: Sequence[int], seed: int) -> list[keras.Model]:
    maps = (1, *widths)
    blocks = []
    for i, width in enumerate(widths):
        start = (
            [keras.Input((size, size)), *add_channel(size)] if i == 0 else [keras.Input(maps_shape(size >> i, maps[i]))]
        )
        end = [conv(width, weights=initial_weights(seed, i)), layers.MaxPooling2D(2, data_format=LAYOUT)]
        blocks.append(keras.Sequential([*start, *end], name=f"encode_{i + 1}"))
    for i in reversed(range(len(widths))):
        start = [keras.Input(maps_shape(size >> (i + 1), widths[i])), layers.UpSampling2D(2, data_format=LAYOUT)]
        weights = initial_weights(seed, 2 * len(widths) - 1 - i)
        middle = conv(maps[i], weights=weights, activation="relu" if i else "sigmoid")
        end = [] if i else [layers.Reshape((size, size))]
        blocks.append(keras.Sequential([*start, middle, *end], name=f"decode_{i + 1}"))
    return blocks
