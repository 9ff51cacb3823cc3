"""Untrained networks of the course. Each maps images (N, H, W) to images (N, H, W).

The channel axis lives inside: a Reshape at each end adds and drops it, in the layout that is
fastest for the backend. Initial weights depend on `seed` alone, never on a global generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from cdae_lessons import backend
from cdae_lessons.errors import InputError, check_count, known

keras: Any = backend.load_keras()
layers: Any = keras.layers

# Keras on torch copies every channels_last tensor twice a layer; TensorFlow on a CPU knows only channels_last.
LAYOUT = "channels_last" if keras.backend.backend() == "tensorflow" else "channels_first"


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
        self.kernel = self.add_weight((pixels, self.code), initializer=_weights(self.seed), name="kernel")
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
        y = layers.Dense(code, activation=activation, kernel_initializer=_weights(seed), name="encode")(x)
        z = layers.Dense(size * size, activation=output, kernel_initializer=_weights(seed, 1), name="decode")(y)
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
    size, filters = _check_levels(size, filters, what="filters")
    kernel_size = check_count(kernel_size, what="kernel_size", low=1)
    images, x = _input(size)
    for i, width in enumerate(filters):
        x = _conv(width, kernel_size, weights=_weights(seed, i))(x)
        x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)
    for i, width in enumerate((*reversed(filters[:-1]), 1), start=len(filters)):
        x = layers.UpSampling2D(2, data_format=LAYOUT)(x)
        last = i == 2 * len(filters) - 1
        x = _conv(width, kernel_size, weights=_weights(seed, i), activation="sigmoid" if last else "relu")(x)
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
        widths = _check_widths((1024, 256) if widths is None else widths, what="widths")
        size = check_count(size, what="size", low=1)
        blocks = _dense_blocks(size, widths, seed)
    else:
        size, widths = _check_levels(size, (32, 32) if widths is None else widths, what="widths")
        blocks = _conv_blocks(size, widths, seed)
    images = x = keras.Input((size, size), name="images")
    for block in blocks:
        x = block(x)
    return keras.Model(images, x, name="stacked_autoencoder")


def cnn_dae(size: int = 64, *, seed: int = 0) -> keras.Model:
    """Build the paper's network, CNN DAE: five 3x3 convolutions, two max-poolings, two upsamplings.

    Parameters
    ----------
    size : int
        Height and width of the images in pixels, divisible by 4.
    seed : int
        Of the initial weights.

    Returns
    -------
    keras.Model
        Maps (N, size, size) to (N, size, size); 112,001 weights.

    Raises
    ------
    InputError
        If `size` is not positive, whole and divisible by 4.

    References
    ----------
    L. Gondara, "Medical image denoising using convolutional denoising autoencoders", ICDMW 2016,
    241-246, figure 3, doi 10.1109/ICDMW.2016.0041.
    """
    size, _ = _check_levels(size, (64, 64), what="filters")
    images, x = _input(size)  # shapes below for size 64, written (height, width, maps)
    x = _conv(64, weights=_weights(seed, 0))(x)  # (64, 64, 64)
    x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)  # (32, 32, 64)
    x = _conv(64, weights=_weights(seed, 1))(x)  # (32, 32, 64)
    x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)  # (16, 16, 64)
    x = _conv(64, weights=_weights(seed, 2))(x)  # (16, 16, 64)
    x = layers.UpSampling2D(2, data_format=LAYOUT)(x)  # (32, 32, 64)
    x = _conv(64, weights=_weights(seed, 3))(x)  # (32, 32, 64)
    x = layers.UpSampling2D(2, data_format=LAYOUT)(x)  # (64, 64, 64)
    x = _conv(1, weights=_weights(seed, 4), activation="sigmoid")(x)  # (64, 64, 1)
    return keras.Model(images, layers.Reshape((size, size))(x), name="cnn_dae")


def unet(size: int = 64, *, widths: Sequence[int] = (32, 64, 64, 64), seed: int = 0) -> keras.Model:
    """Build a small U-Net: it looks at the image at several scales, and adds the finer ones back on the way up.

    Each 2x2 block of pixels first becomes one place with four channels, which loses nothing and costs a quarter of the
    arithmetic. Each level has two 3x3 convolutions on the way down and two on the way up. Images that cannot be halved
    often enough get a black rim, which is cut off again.

    Parameters
    ----------
    size : int
        Height and width of the images in pixels.
    widths : sequence of int
        Feature maps of each level, from the finest (half of `size`) to the coarsest.
    seed : int
        Of the initial weights.

    Returns
    -------
    keras.Model
        Maps (N, size, size) to (N, size, size); 391,332 weights with the widths above.

    Raises
    ------
    InputError
        If a number is not positive and whole.

    References
    ----------
    O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for biomedical image segmentation", MICCAI 2015,
    234-241, doi 10.1007/978-3-319-24574-4_28. There the finer scale is concatenated, here it is added.
    W. Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural
    network", CVPR 2016, 1874-1883, doi 10.1109/CVPR.2016.207: blocks of pixels as channels.
    """
    size, widths = check_count(size, what="size", low=1), _check_widths(widths, what="widths")
    weights = (_weights(seed, i) for i in count())
    rim = -size % 2 ** len(widths)
    images = keras.Input((size, size), name="images")
    x = _blocks_to_channels(images, rim)
    finer = []
    for i, width in enumerate(widths):
        if i:
            x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)
        for _ in range(2):
            x = _conv(width, weights=next(weights))(x)
        finer.append(x)
    for width, skipped in zip(widths[-2::-1], finer[-2::-1], strict=True):
        x = _conv(width, 1, weights=next(weights), activation="linear")(x)
        x = layers.UpSampling2D(2, data_format=LAYOUT)(x)
        x = layers.Add()([x, skipped])
        for _ in range(2):
            x = _conv(width, weights=next(weights))(x)
    x = _conv(4, weights=next(weights), activation="sigmoid")(x)
    return keras.Model(images, _channels_to_blocks(x, rim), name="unet")


def encoder_decoder(
    size: int = 64,
    *,
    depth: int = 2,
    width: int = 64,
    kernel_size: int = 3,
    skips: bool = False,
    residual: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Build a network between `cnn_dae` and a U-Net, for searches: with the values above it is `cnn_dae`.

    Parameters
    ----------
    size : int
        Height and width of the images in pixels, divisible by 2 for every level.
    depth : int
        Number of poolings, each after a convolution, and of upsamplings.
    width : int
        Feature maps of every convolution but the last.
    kernel_size : int
        Side of the square kernels in pixels.
    skips : bool
        Whether the maps from before each pooling are added after the upsampling of the same level.
    residual : bool
        Whether the last convolution is added to the noisy image, without a sigmoid: the network then learns the noise.
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
    X.-J. Mao, C. Shen, Y.-B. Yang, "Image restoration using very deep convolutional encoder-decoder networks with
    symmetric skip connections", NeurIPS 2016: added skips. K. Zhang et al., "Beyond a Gaussian denoiser", IEEE TIP 26
    (2017) 3142-3155, doi 10.1109/TIP.2017.2662206: learning the noise.
    """
    depth, width = check_count(depth, what="depth", low=1), check_count(width, what="width", low=1)
    kernel_size = check_count(kernel_size, what="kernel_size", low=1)
    size, _ = _check_levels(size, (width,) * depth, what="depth")
    weights = (_weights(seed, i) for i in count())
    images, x = _input(size)
    finer = []
    for _ in range(depth):
        x = _conv(width, kernel_size, weights=next(weights))(x)
        finer.append(x)
        x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)
    x = _conv(width, kernel_size, weights=next(weights))(x)
    for level in reversed(range(depth)):
        x = layers.UpSampling2D(2, data_format=LAYOUT)(x)
        if skips:
            x = layers.Add()([x, finer[level]])
        if level:
            x = _conv(width, kernel_size, weights=next(weights))(x)
    x = _conv(1, kernel_size, weights=next(weights), activation="linear" if residual else "sigmoid")(x)
    x = layers.Reshape((size, size))(x)
    return keras.Model(images, layers.Add()([images, x]) if residual else x, name="encoder_decoder")


def _dense_blocks(size: int, widths: Sequence[int], seed: int) -> list[keras.Model]:
    sizes = (size * size, *widths)
    blocks = []
    for i, width in enumerate(widths):
        start = [keras.Input((size, size)), layers.Flatten()] if i == 0 else [keras.Input((sizes[i],))]
        dense = layers.Dense(width, activation="sigmoid", kernel_initializer=_weights(seed, i))
        blocks.append(keras.Sequential([*start, dense], name=f"encode_{i + 1}"))
    for i in reversed(range(len(widths))):
        weights = _weights(seed, 2 * len(widths) - 1 - i)
        dense = layers.Dense(sizes[i], activation="sigmoid", kernel_initializer=weights)
        end = [layers.Reshape((size, size))] if i == 0 else []
        blocks.append(keras.Sequential([keras.Input((widths[i],)), dense, *end], name=f"decode_{i + 1}"))
    return blocks


def _conv_blocks(size: int, widths: Sequence[int], seed: int) -> list[keras.Model]:
    maps = (1, *widths)
    blocks = []
    for i, width in enumerate(widths):
        start = (
            [keras.Input((size, size)), *_add_channel(size)] if i == 0 else [keras.Input(_shape(size >> i, maps[i]))]
        )
        conv = [_conv(width, weights=_weights(seed, i)), layers.MaxPooling2D(2, data_format=LAYOUT)]
        blocks.append(keras.Sequential([*start, *conv], name=f"encode_{i + 1}"))
    for i in reversed(range(len(widths))):
        start = [keras.Input(_shape(size >> (i + 1), widths[i])), layers.UpSampling2D(2, data_format=LAYOUT)]
        weights = _weights(seed, 2 * len(widths) - 1 - i)
        conv = _conv(maps[i], weights=weights, activation="relu" if i else "sigmoid")
        end = [] if i else [layers.Reshape((size, size))]
        blocks.append(keras.Sequential([*start, conv, *end], name=f"decode_{i + 1}"))
    return blocks


def _conv(filters: int, kernel_size: int = 3, *, weights: keras.Initializer, activation: str = "relu") -> layers.Layer:
    return layers.Conv2D(
        filters, kernel_size, padding="same", activation=activation, data_format=LAYOUT, kernel_initializer=weights
    )


def _shape(size: int, maps: int) -> tuple[int, int, int]:
    return (size, size, maps) if LAYOUT == "channels_last" else (maps, size, size)


def _add_channel(size: int) -> list[layers.Layer]:
    if LAYOUT == "channels_last":
        return [layers.Reshape((size, size, 1))]
    # A transposed (height, width, channel) is what torch recognises as its channels-last memory format, and then keeps
    # from layer to layer: the same numbers a sixth faster than after a plain Reshape((1, size, size)).
    return [layers.Reshape((size, size, 1)), layers.Permute((3, 1, 2))]


def _input(size: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    images = x = keras.Input((size, size), name="images")
    for layer in _add_channel(size):
        x = layer(x)
    return images, x


def _blocks_to_channels(images: keras.KerasTensor, rim: int) -> keras.KerasTensor:
    """(size, size) with `rim` more rows and columns to (half, half, 4), as channels in `LAYOUT`."""
    size = images.shape[1]
    half = (size + rim) // 2
    x = layers.Reshape((size, size, 1))(images)
    if rim:
        x = layers.ZeroPadding2D(_sides(rim), data_format="channels_last")(x)
    x = layers.Reshape((half, 2, half, 2))(x)
    x = layers.Permute((1, 3, 2, 4))(x)
    x = layers.Reshape((half, half, 4))(x)
    return x if LAYOUT == "channels_last" else layers.Permute((3, 1, 2))(x)  # as in _add_channel


def _channels_to_blocks(x: keras.KerasTensor, rim: int) -> keras.KerasTensor:
    """The inverse of `_blocks_to_channels`."""
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


def _weights(seed: int, layer: int = 0) -> keras.Initializer:
    # A layer's own seed: two layers of one shape must not start equal, nor models of neighbouring seeds share any.
    return keras.initializers.GlorotUniform(seed=1000 * seed + layer)


def _check_widths(widths: Sequence[int], *, what: str) -> tuple[int, ...]:
    if not widths:
        msg = f"Expected at least one level in {what}; received {widths!r}."
        raise InputError(msg)
    return tuple(check_count(width, what=f"{what}[{i}]", low=1) for i, width in enumerate(widths))


def _check_levels(size: int, widths: Sequence[int], *, what: str) -> tuple[int, tuple[int, ...]]:
    size, widths = check_count(size, what="size", low=1), _check_widths(widths, what=what)
    factor = 2 ** len(widths)
    if size % factor:
        near = max(factor, round(size / factor) * factor)
        msg = (
            f"Expected a size divisible by {factor}, since {len(widths)} levels halve it; received {size}. Try {near}."
        )
        raise InputError(msg)
    return size, widths
