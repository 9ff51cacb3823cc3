"""Convolutional encoders and decoders: the paper's network, a small U-Net, and all that lies between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from cdae_lessons.errors import check_count
from cdae_lessons.models.layers import (
    LAYOUT,
    blocks_to_channels,
    channels_to_blocks,
    check_levels,
    check_widths,
    conv,
    initial_weights,
    keras,
    layers,
    with_channel,
)


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
    size, _ = check_levels(size, (64, 64), what="filters")
    images, x = with_channel(size)  # shapes below for size 64, written (height, width, maps)
    x = conv(64, weights=initial_weights(seed, 0))(x)  # (64, 64, 64)
    x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)  # (32, 32, 64)
    x = conv(64, weights=initial_weights(seed, 1))(x)  # (32, 32, 64)
    x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)  # (16, 16, 64)
    x = conv(64, weights=initial_weights(seed, 2))(x)  # (16, 16, 64)
    x = layers.UpSampling2D(2, data_format=LAYOUT)(x)  # (32, 32, 64)
    x = conv(64, weights=initial_weights(seed, 3))(x)  # (32, 32, 64)
    x = layers.UpSampling2D(2, data_format=LAYOUT)(x)  # (64, 64, 64)
    x = conv(1, weights=initial_weights(seed, 4), activation="sigmoid")(x)  # (64, 64, 1)
    return keras.Model(images, layers.Reshape((size, size))(x), name="cnn_dae")


def unet(size: int = 64, *, widths: Sequence[int] = (32, 64, 128, 128), seed: int = 0) -> keras.Model:
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
        Maps (N, size, size) to (N, size, size); 997,988 weights with the widths above.

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
    size, widths = check_count(size, what="size", low=1), check_widths(widths, what="widths")
    weights = (initial_weights(seed, i) for i in count())
    rim = -size % 2 ** len(widths)
    images = keras.Input((size, size), name="images")
    x = blocks_to_channels(images, rim)
    finer = []
    for i, width in enumerate(widths):
        if i:
            x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)
        for _ in range(2):
            x = conv(width, weights=next(weights))(x)
        finer.append(x)
    for width, skipped in zip(widths[-2::-1], finer[-2::-1], strict=True):
        x = conv(width, 1, weights=next(weights), activation="linear")(x)
        x = layers.UpSampling2D(2, data_format=LAYOUT)(x)
        x = layers.Add()([x, skipped])
        for _ in range(2):
            x = conv(width, weights=next(weights))(x)
    x = conv(4, weights=next(weights), activation="sigmoid")(x)
    return keras.Model(images, channels_to_blocks(x, rim), name="unet")


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
    size, _ = check_levels(size, (width,) * depth, what="depth")
    weights = (initial_weights(seed, i) for i in count())
    images, x = with_channel(size)
    finer = []
    for _ in range(depth):
        x = conv(width, kernel_size, weights=next(weights))(x)
        finer.append(x)
        x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)
    x = conv(width, kernel_size, weights=next(weights))(x)
    for level in reversed(range(depth)):
        x = layers.UpSampling2D(2, data_format=LAYOUT)(x)
        if skips:
            x = layers.Add()([x, finer[level]])
        if level:
            x = conv(width, kernel_size, weights=next(weights))(x)
    x = conv(1, kernel_size, weights=next(weights), activation="linear" if residual else "sigmoid")(x)
    x = layers.Reshape((size, size))(x)
    return keras.Model(images, layers.Add()([images, x]) if residual else x, name="encoder_decoder")
