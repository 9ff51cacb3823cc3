"""Exercises of lesson 5: shapes, a layer of many maps, networks told by what they follow, and grey noise in colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from scipy.signal import correlate2d

from cdae_lessons.checks.answers import Hint, array, call, compare, exercise, images, matching, same

PLANS: Mapping[int, str] = MappingProxyType(
    {
        1: "convolutions only",
        2: "a pooling by 2",
        3: "a pooling by 3",
        4: "a pooling by 2, then one by 3",
        5: "three poolings by 2",
        6: "a pooling by 2, then a dense layer, a weight for each pair of places",
    }
)
"""What stands between the first and the last convolution of a network; four of the six curves are shown."""

_POOLINGS: Mapping[int, tuple[int, ...]] = {1: (), 2: (2,), 3: (3,), 4: (2, 3), 5: (2, 2, 2), 6: (2,)}
_FOLLOWERS = {"A": 4, "B": 6, "C": 3, "D": 5}

_SHAPES = ((8, 28, 28), (8, 14, 14), (16, 14, 14), (16, 28, 28), (1, 28, 28))


@exercise("Predict the shapes")
def check_layer_shapes(answer: object) -> None:
    """Check the shapes (maps, rows, columns) behind the five layers of the lesson's small network.

    Parameters
    ----------
    answer : list of tuple
        For one grey image of 32x32: 8 filters of 5x5 without padding, pooling by 2, 16 filters of 3x3 with padding,
        upsampling by 2, 1 filter of 3x3 with padding.
    """
    if not isinstance(answer, list | tuple) or len(answer) != len(_SHAPES):
        raise Hint("a list of five shapes is wanted, one a layer, such as [(3, 10, 10), …].")
    for i, (shape, right) in enumerate(zip(answer, _SHAPES, strict=True), start=1):
        if not isinstance(shape, list | tuple) or len(shape) != 3:
            raise Hint(f"layer {i}: three numbers are wanted, (maps, rows, columns).")
        if tuple(shape) != right:
            raise Hint(f"layer {i}: {_shape_mistake(i, tuple(shape), right)}")


def _shape_mistake(layer: int, shape: tuple, right: tuple[int, int, int]) -> str:
    if shape == (right[1], right[2], right[0]):
        return "the maps come first here: (maps, rows, columns)."
    if layer in (2, 4) and shape[0] != right[0]:
        return "pooling and upsampling work on each map alone: their number does not change."
    if shape[0] != right[0]:
        return "a filter sums over all maps that come in and makes one map: there are as many maps as filters."
    hints = {
        1: {
            32: "without padding the kernel must fit into the image: some rows and columns are lost.",
            27: "one too few: 5 pixels fit into 32 at 32 - 5 + 1 places.",
            30: "that is a kernel of 3x3. Here it is 5x5.",
        },
        2: {28: "pooling by 2 keeps one pixel of 2x2.", 26: "pooling by 2 divides by 2."},
        3: {12: "with padding the size stays: zeros are put around the image."},
        4: {14: "upsampling by 2 makes 2x2 pixels of each.", 16: "upsampling by 2 multiplies by 2."},
        5: {
            26: "with padding the size stays.",
            32: "nothing brings the lost pixels back: this network would return a smaller image than it got.",
        },
    }
    return hints[layer].get(shape[1], "see what the layer does to rows and columns, and to the number of maps.")


@exercise("Grey noise in colour")
def check_grey_noise(answer: object) -> None:
    """Check a function that makes noisy grey images of three equal channels.

    Parameters
    ----------
    answer : callable
        ``add_grey_noise(images, rng)`` of images (N, H, W) and a Generator; returns (N, H, W, 3): the images plus
        N(0, 0.2²), one draw for each pixel, the same in all three channels.
    """
    clean = np.random.default_rng(0).uniform(0, 1, (4, 48, 48))
    noisy, again = (_colour(answer, clean, seed=0) for _ in range(2))
    other = _colour(answer, clean, seed=1)
    error = noisy - clean[..., None]
    if np.allclose(error, 0):
        raise Hint("nothing was added: these are the clean images.")
    if not np.array_equal(noisy, again):
        raise Hint("the same rng gave other noise. Draw from the rng that is given.")
    if np.array_equal(noisy, other):
        raise Hint("two different rng gave the same noise. Use the one given; make none inside.")
    if not np.allclose(error, error[..., :1]):
        if np.allclose(error[..., 1:], 0):
            raise Hint("only one channel is noisy: the clean image can be read off the others.")
        raise Hint("each channel has a noise of its own, so a mean of the three is less noisy. A scanner draws once.")
    error = error[..., 0]
    if np.allclose(error, error[:1]):
        raise Hint("all images got the same noise. Draw a value for each pixel of each image.")
    if abs(error.mean()) > 0.02:
        raise Hint("the images became brighter or darker. The noise has a mean of 0.")
    if abs(error.std() - 0.04) < 0.004:
        raise Hint("0.2 is the standard deviation, not its root: do not square it.")
    if noisy.min() >= 0 or noisy.max() <= 1:
        raise Hint("no value is below 0, or none above 1: the noise was clipped. Leave it as it is.")
    if abs(error.std() - 0.2) > 0.01:
        raise Hint(f"the standard deviation of the noise should be 0.2; it is {error.std():.2f}.")


def _colour(answer: object, clean: np.ndarray, *, seed: int) -> np.ndarray:
    changed = "the clean images were changed. Compute a new array."
    noisy = array(call(answer, clean, np.random.default_rng(seed), changed=changed))
    count, *size = clean.shape
    wrong_shapes = {
        (count, 3, *size): "the channels come last here: (N, H, W, 3).",
        clean.shape: "the three channels are missing: (N, H, W, 3). See np.repeat.",
    }
    return images(noisy, (*clean.shape, 3), wrong_shapes)


@exercise("A layer of many maps")
def check_conv_layer(answer: object) -> None:
    """Check a convolutional layer with several maps on both sides.

    Parameters
    ----------
    answer : callable
        ``layer(maps, kernels, biases)`` of arrays of shape (C, H, W), (F, C, k, k) and (F,); returns the ReLU of the
        valid cross-correlation, summed over the C maps, plus the bias: shape (F, H - k + 1, W - k + 1).
    """
    rng = np.random.default_rng(0)
    maps, kernels = rng.normal(size=(2, 7, 6)), rng.normal(size=(3, 2, 3, 3))
    biases = np.array([1.5, -1.0, 0.5])
    given, right = array(call(answer, maps, kernels, biases)), _layer(maps, kernels, biases)
    compare(
        images(given, right.shape, _wrong_layer_shapes(maps, kernels)),
        right,
        _layer_mistakes(maps, kernels, biases),
        "the shape is right, the values are not. Try one map and one filter first, and compare with correlate.",
    )
    for size in (1, 4):  # a second size, and one that is even
        kernels = rng.normal(size=(2, 2, size, size))
        if not same(array(call(answer, maps, kernels, biases[:2])), _layer(maps, kernels, biases[:2])):
            raise Hint(f"right for kernels of 3x3 pixels, not for {size}x{size}: take k from kernels.shape.")


def followers(*, shifts: int = 16) -> dict[str, np.ndarray]:
    """How far four networks with random weights are from moving their output along with their input.

    Each was built by one of `PLANS`; where there is pooling, upsampling by the same factors brings the size back.

    Parameters
    ----------
    shifts : int
        The largest shift, at most 16 pixels.

    Returns
    -------
    dict
        ``shift``, from 0 to `shifts`, and for each of the letters A to D the root mean square of f(shift(x)) −
        shift(f(x)) at each shift, as a share of that of f(x), away from the border.
    """
    size, inner = 96, slice(32, -32)
    image = np.zeros((size, size))
    image[28:-28, 28:-44] = np.random.default_rng(0).random((size - 56, size - 72))
    moved = range(shifts + 1)
    curves = {"shift": np.arange(shifts + 1)}
    for letter, plan in _FOLLOWERS.items():
        network = _network(plan, size)
        first = network(image)
        gaps = [network(np.roll(image, d, axis=1)) - np.roll(first, d, axis=1) for d in moved]
        whole = np.sqrt((first[inner, inner] ** 2).mean())
        curves[letter] = np.array([np.sqrt((gap[inner, inner] ** 2).mean()) for gap in gaps]) / whole
    return curves


@exercise("Who follows?")
def check_followers(answer: object) -> None:
    """Check which plan each of four networks was built by.

    Parameters
    ----------
    answer : dict of str to int
        For each of the letters A to D the number of a plan of `PLANS`.
    """
    given = matching(answer, _FOLLOWERS, PLANS, what="plan", of="curves")
    if len({*given.values()}) < len(given):
        raise Hint("each of the four was built by another plan, so no number comes twice.")
    for letter, right in _FOLLOWERS.items():
        if given[letter] != right:
            raise Hint(f"{letter}: {_plan_mistake(int(given[letter]), right)}")


_ZEROS = {
    1: "convolutions alone follow every shift: their curve would be 0 everywhere.",
    2: "a grid of 2 is met again by every even shift.",
    3: "a grid of 3 is met again by 3, 6, 9, …",
    4: "a pooling by 2 and one by 3 make a grid of 2 · 3 pixels. Which shifts meet that again?",
    5: "three poolings by 2 do not make a grid of 2, nor of 6, but one of 2 · 2 · 2.",
    6: "a layer with a weight for each pair of places takes every moved image for another one, whatever the shift.",
}


def _plan_mistake(given: int, right: int) -> str:
    if (given, right) == (6, 5):
        return "count how far the axis goes: there is a 0 besides the one at the left end."
    if (given, right) == (5, 6):
        return "where would the curve of this plan be 0 again? Here it never is."
    return _ZEROS[given] + " See where this curve is 0."


def _network(plan: int, size: int) -> Callable[[np.ndarray], np.ndarray]:
    """A network of one map with random weights, whose output is as large as its input."""
    rng = np.random.default_rng(1)
    first, last = rng.normal(size=(2, 3, 3))
    factors = _POOLINGS[plan]
    places = (size // 2) ** 2 if plan == 6 else 0
    down, up = rng.normal(size=(places, 64)), rng.normal(size=(64, places)) / 64

    def network(image: np.ndarray) -> np.ndarray:
        x = np.abs(correlate2d(image, first, mode="same"))
        for factor in factors:
            x = x.reshape(len(x) // factor, factor, -1, factor).max(axis=(1, 3))
        if places:
            x = (np.maximum(x.ravel() @ down, 0) @ up).reshape(x.shape)
        for factor in factors[::-1]:
            x = x.repeat(factor, axis=0).repeat(factor, axis=1)
        return correlate2d(x, last, mode="same")

    return network


def _wrong_layer_shapes(maps: np.ndarray, kernels: np.ndarray) -> dict[tuple[int, ...], str]:
    (filters, count, k, _), (height, width) = kernels.shape, maps.shape[1:]
    rows, columns = height - k + 1, width - k + 1
    too_small = "one row and column are missing: a kernel of k pixels fits in H - k + 1 places."
    too_large = "the maps are as large as the images. Keep only the places where the whole kernel fits."
    return {
        (filters, count, rows, columns): "one map for each pair of input and output map. Sum over the input maps.",
        (filters, rows - 1, columns - 1): too_small,
        (filters, height, width): too_large,
        (rows, columns, filters): "the axis of the maps comes first here: (F, H - k + 1, W - k + 1).",
        (count, rows, columns): "there is one output map for each filter, kernels.shape[0], not for each input map.",
        (rows, columns): "that is a single map. Make one for each filter, and stack them.",
    }


def _layer_mistakes(maps: np.ndarray, kernels: np.ndarray, biases: np.ndarray) -> list[tuple[np.ndarray, str]]:
    plain = _layer(maps, kernels, biases, relu=False)
    each = np.stack([_layer(maps[i : i + 1], kernels[:, i : i + 1], 0 * biases, relu=False) for i in range(len(maps))])
    b, k = biases[:, np.newaxis, np.newaxis], kernels.shape[-1]
    relu_at_the_end = "the ReLU comes once, at the very end: sum over the maps first."
    one_bias = "each filter has one bias; it was added once for every input map."
    one_axis = "the kernel was flipped along one axis. A layer slides it as it is."
    return [
        (plain, "the sums are right. The ReLU is missing: what is below 0 becomes 0."),
        (_layer(maps, kernels, 0 * biases), "the bias of each filter is missing."),
        (_layer(maps, kernels, 0 * biases) + b, "the bias comes before the ReLU, not after it."),
        (np.maximum(each, 0).sum(0) + b, relu_at_the_end),
        (np.maximum(each + b, 0).sum(0), relu_at_the_end),
        (np.maximum(each.sum(0) + len(maps) * b, 0), one_bias),
        (_layer(maps, kernels[..., ::-1, ::-1], biases), "the kernel was flipped. A layer slides it as it is."),
        (_layer(maps, kernels[..., ::-1, :], biases), one_axis),
        (_layer(maps, kernels[..., ::-1], biases), one_axis),
        (np.maximum(each[0] + b, 0), "only the first input map was used. Sum over all of them."),
        (np.maximum(each[-1] + b, 0), "only the last input map was used: add to the sum, do not replace it."),
        (np.maximum(each.mean(0) + b, 0), "a layer sums over the input maps; this is their mean."),
        (np.maximum(each.sum(0) / k**2 + b, 0), "a layer sums over the kernel's pixels; this is their mean."),
        (np.maximum(each.mean(0) / k**2 + b, 0), "a layer sums, over pixels and maps; this is a mean."),
    ]


def _layer(maps: np.ndarray, kernels: np.ndarray, biases: np.ndarray, *, relu: bool = True) -> np.ndarray:
    sums = [
        sum(correlate2d(image, kernel, mode="valid") for image, kernel in zip(maps, of_filter, strict=True)) + bias
        for of_filter, bias in zip(kernels, biases, strict=True)
    ]
    return np.maximum(sums, 0) if relu else np.stack(sums)
