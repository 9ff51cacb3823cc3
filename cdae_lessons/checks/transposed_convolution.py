"""Exercises of the appendix on transposed convolutions: a slide that stamps, whose stamps they were, a kernel without a
grid."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from scipy.signal import convolve2d

from cdae_lessons.checks.answers import Hint, array, call, compare, exercise, images, matching, same

STAMPS: Mapping[int, tuple[int, int]] = MappingProxyType(
    {1: (3, 2), 2: (5, 2), 3: (4, 2), 4: (4, 3), 5: (5, 3), 6: (2, 3)}
)
"""Six layers: the side of the kernel, and the stride."""

_LETTERS = MappingProxyType({"A": 5, "B": 2, "C": 6, "D": 4})


@exercise("Back by a slide")
def check_slide_back(answer: object) -> None:
    """Check the transposed convolution with a stride, made of zeros, a flip and a cross-correlation.

    Parameters
    ----------
    answer : callable
        ``slide_back(y, kernel, stride)`` of arrays of shape (H, W) and (k, k); returns shape
        ((H - 1) * stride + k, (W - 1) * stride + k).
    """
    rng = np.random.default_rng(0)
    y, kernel = rng.normal(size=(4, 5)), rng.normal(size=(3, 3))
    given, right = array(call(answer, y, kernel, 2)), _stamped(y, kernel, 2)
    if same(given, convolve2d(y.repeat(2, 0).repeat(2, 1), kernel)):
        raise Hint("each value was repeated: that is upsampling. A stamp begins at one pixel: zeros stand between.")
    one_axis = "the kernel is flipped along one axis only. Flip rows AND columns."
    transposed = "a transposed kernel is not a flipped one: reverse both axes, do not exchange them."
    compare(
        images(given, right.shape, _SLIDE_SHAPES),
        right,
        (
            (
                _stamped(y, kernel[::-1, ::-1], 2),
                "the kernel slides as it is. That agrees with the stamps only where a kernel looks the same turned by "
                "180 degrees: test with another one.",
            ),
            (_stamped(y, kernel[::-1], 2), one_axis),
            (_stamped(y, kernel[:, ::-1], 2), one_axis),
            (_stamped(y, kernel.T, 2), transposed),
            (_stamped(y, kernel.T[::-1, ::-1], 2), transposed),
        ),
        "the size is right. Compare with stamp(y, kernel, stride): each value stamps the kernel, times itself.",
    )
    for size, stride in ((3, 1), (2, 2), (5, 3)):
        kernel = rng.normal(size=(size, size))
        if not same(array(call(answer, y, kernel, stride)), _stamped(y, kernel, stride)):
            raise Hint(
                f"right for 3x3 pixels and stride 2, not for {size}x{size} and stride {stride}: take both as given."
            )


_SLIDE_SHAPES: Mapping[tuple[int, ...], str] = MappingProxyType(
    {
        (6, 7): "the stride does nothing yet: neighbours of y must land two pixels apart, with zeros between them.",
        (10, 12): "one row and column too many: zeros stand between the values, and none after the last one.",
        (12, 15): "with stride 2 one zero stands between two values, stride - 1 of them, not stride.",
        (7, 9): "going forward lost k - 1 rows and columns, and going back must return them: 'full', not 'same'.",
        (5, 7): "pad with zeros before the slide: going back must make the image larger, not smaller.",
        (11, 13): "two rows and columns too many: pad k - 1 zeros on each side, not k.",
    }
)


def stamped_patterns() -> dict[str, np.ndarray]:
    """What four of the layers `STAMPS` make of a map of ones, with kernels of ones: pictures to diagnose.

    Returns
    -------
    dict of str to ndarray of shape (24, 24)
        For each of the letters A to D how many stamps land on a pixel far from the border, as a share of the most.
    """
    counts = {letter: _stamped(np.ones((24, 24)), np.ones((k, k)), s) for letter, (k, s) in _layers().items()}
    inside = {letter: count[12:36, 12:36] for letter, count in counts.items()}
    return {letter: count / count.max() for letter, count in inside.items()}


@exercise("Whose stamps?")
def check_stamps(answer: object) -> None:
    """Check which of the layers `STAMPS` made which pattern.

    Parameters
    ----------
    answer : dict of str to int
        For each of the letters A to D the number of a layer.
    """
    given = matching(answer, _LETTERS, STAMPS, what="layer", of="pictures")
    for letter, (side, stride) in _layers().items():
        k, s = STAMPS[int(given[letter])]
        if (k, s) == (side, stride):
            continue
        if k % s == 0:
            raise Hint(f"{k} is a multiple of {s}: there every pixel is hit equally often. {letter} is not flat.")
        if s != stride:
            raise Hint(f"{letter}: count the pixels from one bright square to the next. The stamps are that far apart.")
        if side < stride:
            raise Hint(f"{letter} is black where no stamp lands. How large can its kernel be, beside its stride?")
        if k < s:
            raise Hint(
                f"a kernel smaller than its stride leaves pixels black, where no stamp lands. {letter} has none."
            )
        if s == 2:
            raise Hint(
                f"{letter}: the stride is right. Larger kernels overlap more often, so one stamp more or less makes a "
                "smaller difference: how dark is the darkest pixel, beside the brightest?"
            )
        raise Hint(
            f"{letter}: the stride is right. Draw one row of stamps of {k} pixels, {s} apart: how many pixels in a row "
            "are hit twice?"
        )


@exercise("A kernel without a grid")
def check_even_kernel(answer: object) -> None:
    """Check the repair of a kernel whose stamps leave a grid on a flat map.

    Parameters
    ----------
    answer : callable
        ``even(kernel, stride)`` of an array of shape (k, k) and its stride, not above k; returns the kernel of that
        shape that makes a flat image of a flat map, far from the border, has the same sum of weights, and differs
        least, in the sum of squares.
    """
    rng = np.random.default_rng(0)
    changed = "the kernel that was handed over has changed. Work on a copy."
    for size, stride in ((4, 2), (3, 2), (5, 3)):
        kernel = rng.uniform(0.1, 1, (size, size))
        given = images(array(call(answer, kernel, stride, changed=changed)), kernel.shape)
        groups, right = _groups(stride), _even(kernel, stride)
        share = kernel.sum() / stride**2
        means = kernel + sum((kernel.mean() - kernel[g].mean()) * _ones(kernel, g) for g in groups)
        scaled = sum(kernel * _ones(kernel, g) * share / kernel[g].sum() for g in groups)
        here = f" (kernel {size}x{size}, stride {stride})."
        compare(
            given,
            right,
            (
                (kernel, "this is the kernel as it was, with its grid."),
                (means, f"the weights that meet on a pixel add up: make their sums equal, not their means{here}"),
                (
                    scaled,
                    "flat, by multiplying. To add the same number to all weights of a pixel changes less, and works "
                    "where their sum is 0, too.",
                ),
            ),
            _fault(given, kernel, stride, here),
        )


def _fault(given: np.ndarray, kernel: np.ndarray, stride: int, here: str) -> str:
    sums = np.array([given[group].sum() for group in _groups(stride)])
    if np.ptp(sums) > 1e-4 * np.abs(kernel).sum():
        return (
            f"on a flat map of ones the pixels still differ, from {sums.min():.2f} to {sums.max():.2f}{here} "
            "Which weights of neighbouring stamps meet on one pixel?"
        )
    if abs(given.sum() - kernel.sum()) > 1e-4 * kernel.sum():
        return f"flat, but the weights have another sum than before, so all images get brighter or darker{here}"
    return f"flat, and as bright as before, but more was changed than needed{here}"


def _layers() -> dict[str, tuple[int, int]]:
    return {letter: STAMPS[number] for letter, number in _LETTERS.items()}


def _stamped(y: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """The transposed convolution: ((H - 1) * stride + k, (W - 1) * stride + k)."""
    rows, columns = y.shape
    spread = np.zeros(((rows - 1) * stride + 1, (columns - 1) * stride + 1))
    spread[::stride, ::stride] = y
    return convolve2d(spread, kernel)


def _groups(stride: int) -> list[tuple[slice, slice]]:
    """The weights that meet on one pixel, for each kind of pixel."""
    return [(slice(a, None, stride), slice(b, None, stride)) for a, b in np.ndindex(stride, stride)]


def _ones(kernel: np.ndarray, group: tuple[slice, slice]) -> np.ndarray:
    ones = np.zeros_like(kernel)
    ones[group] = 1
    return ones


def _even(kernel: np.ndarray, stride: int) -> np.ndarray:
    made = kernel.copy()
    for group in _groups(stride):
        made[group] += (kernel.sum() / stride**2 - kernel[group].sum()) / kernel[group].size
    return made
