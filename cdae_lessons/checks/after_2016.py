"""Exercises of lesson 10: the width of a view, four mistakes with a predicted noise, pairs to learn it from, and a
network for faint and heavy noise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from cdae_lessons import datasets
from cdae_lessons.checks.answers import Blank, Hint, call, exercise, matching, number, pair, same
from cdae_lessons.errors import InputError

NOISE_MISTAKES: Mapping[int, str] = MappingProxyType(
    {
        1: "It returns the predicted noise, and not the image.",
        2: "It adds the predicted noise, and does not subtract it.",
        3: "Its last layer is a ReLU, so it predicts no noise below 0.",
        4: "It was trained for weaker noise, and predicts half of what there is.",
        5: "It predicts no noise at all.",
    }
)
"""What may be wrong with the networks of `four_subtractions`."""

_MADE_BY = MappingProxyType({"A": 3, "B": 1, "C": 4, "D": 2})
_LEVEL = 0.05
# Of `check_both`: pixels, how wide it must see, and how many weights it may have.
_SIZE, _SEEN, _WEIGHTS = 64, 40, 60_000


@exercise("A wider view")
def check_wider_view(answer: object) -> None:
    """Check how wide seven dilated convolutions see, and how many plain ones see as far.

    Parameters
    ----------
    answer : list of two int
        The width of the view, in pixels, of seven 3x3 convolutions of dilations 1, 2, 3, 4, 3, 2, 1; and how many 3x3
        convolutions without dilation have the same view.
    """
    if answer is None or answer is ...:
        raise Blank
    given = pair(answer, "two numbers are wanted: [width in pixels, number of plain convolutions].")
    if all(each is None or each is ... for each in given):
        raise Blank
    width, plain = (number(each) for each in given)
    wrong: dict[float, str] = {
        15: "that is without dilation. With dilation d the outer pixels of a kernel lie d to each side, not 1.",
        16: "the dilations add up to 16: that is how far it sees to ONE side.",
        17: "that is one side and the pixel itself. It sees to both sides.",
        32: "both sides, and the pixel in the middle has its place, too.",
        39: "you added the widths of the kernels. Each adds 2·d pixels to what was seen; its middle is no new one.",
        21: "seven kernels of 3 pixels overlap: each adds 2·d pixels to what was seen.",
        63: "nine pixels of a kernel are three in a row. Count along one row.",
    }
    if width != 33:
        begin = "begin with the one pixel of the output. A kernel with dilation d adds d pixels on each side."
        raise Hint(f"the width: {wrong.get(width, begin)}")
    if plain == 33:
        raise Hint("how many: each plain convolution adds two pixels, one on each side, not one.")
    if plain == 17:
        raise Hint("how many: the first pixel is there before any convolution.")
    if plain == 7:
        raise Hint("how many: seven plain ones see 15 pixels.")
    if plain != 16:
        raise Hint(f"how many: {plain:g} plain ones see {1 + 2 * plain:g} pixels, and 33 are wanted.")


def four_subtractions() -> pd.DataFrame:
    """What four networks that should subtract a predicted noise do to brains with noise of level 0.05.

    Each has another mistake; but for that, its prediction is perfect.

    Returns
    -------
    DataFrame
        A row for each network, A to D: the mean of D(z) - x over the noise's level; its standard deviation over the
        same; and which share of the pixels is brighter than in the noisy image, in %.
    """
    x = datasets.load("brain", n=20, seed=2018).images.astype(float)
    y = _LEVEL * np.random.default_rng(10).standard_normal(x.shape)
    z = x + y
    made = {1: y, 2: z + y, 3: z - np.maximum(y, 0), 4: z - y / 2, 5: z}
    rows = {}
    for letter, mistake in _MADE_BY.items():
        error = made[mistake] - x
        brighter = made[mistake] > z + 1e-9
        rows[letter] = error.mean() / _LEVEL, error.std() / _LEVEL, 100 * brighter.mean()
    columns = ["mean error / level", "spread of the error / level", "% brighter than z"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


@exercise("Four subtractions")
def check_four_subtractions(answer: object) -> None:
    """Check which mistake each network of `four_subtractions` has.

    Parameters
    ----------
    answer : dict of str to int
        For each network its mistake, as in `NOISE_MISTAKES`: ``{"A": 1, "B": 2, "C": 3, "D": 4}``.
    """
    given = matching(answer, _MADE_BY, NOISE_MISTAKES, what="mistake", of="networks")
    hints = {
        1: "The noise alone, taken for the image, is wrong by the whole image: look for a spread far above the noise.",
        2: "Whoever adds the noise has it twice: a spread of 2, and as many pixels become brighter as darker.",
        3: "What only subtracts makes no pixel brighter. The dark half of the noise stays, so the mean is below 0.",
        4: "Half of the noise stays, of either sign: a spread of 0.5 around a mean of 0.",
        5: "Who predicts nothing changes nothing: no pixel would be brighter than in z, and the spread would be 1.",
    }
    for letter, mistake in _MADE_BY.items():
        if given[letter] != mistake:
            raise Hint(f"{letter} has another mistake than {given[letter]}. {hints[given[letter]]}")


@exercise("Pairs for the noise")
def check_noise_pairs(answer: object) -> None:
    """Check a function that makes pairs for a network which predicts the noise in images that were stored as files.

    Parameters
    ----------
    answer : callable
        ``noise_pairs(clean, level, rng)`` of clean images (N, H, W), a level and a generator; returns the noisy images,
        cut off to [0, 1], and what a network must predict so that noisy minus predicted is the clean image.
    """
    clean = np.random.default_rng(3).uniform(0, 1, (6, 32, 32))
    clean[:, :, :12] = 0.0
    level = 0.2
    result = call(answer, clean, level, np.random.default_rng(4), changed="your function changes the clean images.")
    noisy, wanted = (np.asarray(each, float) for each in pair(result, "two arrays are wanted: return noisy, wanted."))
    for name, images in (("noisy", noisy), ("wanted", wanted)):
        if images.shape != clean.shape:
            raise Hint(f"{name}: the shape should be {clean.shape}, as of the clean images; it is {images.shape}.")
        if not np.isfinite(images).all():
            raise Hint(f"{name}: all values should be finite.")
    if noisy.min() < -1e-6 or noisy.max() > 1 + 1e-6:
        raise Hint("the noisy images are stored in files: nothing in them is below 0 or above 1.")
    added = noisy - clean
    inside = (clean > 0.3) & (clean < 0.7)  # where hardly anything is cut off
    if same(noisy, clean, 1e-9):
        raise Hint("the noisy images have no noise.")
    spread = added[inside].std()
    if not 0.75 * level < spread < 1.05 * level:
        raise Hint(f"the noise that was added spreads by {spread:.3f}, and the level is {level}.")
    if (noisy[:, :, :12] > 0).mean() < 0.3:
        raise Hint("on a black background half of the noise is above 0, and stays there.")
    if same(wanted, clean, 1e-6):
        raise Hint("that is the clean image. This network predicts what is to be subtracted from the noisy one.")
    if same(wanted, -added, 1e-6):
        raise Hint("the sign: noisy minus predicted should be the clean image.")
    if same(noisy - wanted, clean, 1e-6):
        return
    if abs(np.corrcoef(added[inside], wanted[inside])[0, 1]) < 0.2:
        raise Hint(
            "that is another draw of noise than the one in the noisy images. Nobody can predict it: the average of all "
            "that it could be is 0, and the network will learn 0."
        )
    whole = (noisy > 0) & (noisy < 1)  # nothing was cut off there
    if same(wanted[whole], added[whole], 1e-6):
        raise Hint(
            "where the noisy image was cut off, less was added than was drawn: noisy minus wanted is not the clean "
            "image there."
        )
    raise Hint("noisy minus wanted should be the clean image, in every pixel.")


@exercise("Begin at the scan")
def check_both(answer: object) -> None:
    """Check a network that begins at the noisy image and sees far, with few weights.

    Parameters
    ----------
    answer : callable
        ``network(size)``, which returns a Keras model from images (N, size, size) to such images. At 64 pixels: before
        any training it returns what it is given; the pixel in the middle can see at least 40x40 pixels; it has at most
        60,000 weights; and all of them can learn.
    """
    model: Any = call(answer, _SIZE)
    if not hasattr(model, "count_params") or not hasattr(model, "predict"):
        raise Hint("your function should return a Keras model, as keras.Model(z, images).")
    from cdae_lessons.plotting.layers import field, steps  # loads what draws networks: only here

    try:
        found = steps(model)
    except InputError as error:
        raise Hint(str(error)) from None
    if found[0].shape != (_SIZE, _SIZE) or found[-1].shape != (_SIZE, _SIZE):
        raise Hint(
            f"from images ({_SIZE}, {_SIZE}) to such images, please; yours goes from {found[0].shape} to "
            f"{found[-1].shape}. layers.Reshape adds and takes away the axis of the maps."
        )
    count = model.count_params()
    if count > _WEIGHTS:
        raise Hint(f"it has {count:,} weights, and {_WEIGHTS:,} are allowed. Half as many maps have a quarter of them.")
    if not model.trainable_variables:
        raise Hint("it has nothing that could learn.")
    given = np.random.default_rng(0).normal(0.3, 1, (2, _SIZE, _SIZE)).astype(np.float32)
    made = np.asarray(model.predict(given, verbose=0), float)
    if not same(made, given, 1e-5):
        if np.abs(made).max() < 1e-6:
            raise Hint("before training it returns black. What is missing between the noisy image and the output?")
        if made.min() >= 0 and made.max() <= 1:
            raise Hint(
                "before training it stays within 0 and 1, as after a sigmoid, and a noisy image does not. Let the last "
                "convolution predict what is to be subtracted, without a sigmoid."
            )
        raise Hint(
            f"before training it differs from the noisy image by up to {np.abs(made - given).max():.2f}. Subtract a "
            'prediction that begins at 0: kernel_initializer="zeros" in the last convolution.'
        )
    seen = field(found, (_SIZE // 2, _SIZE // 2))
    wide = min(np.ptp(np.flatnonzero(seen.any(axis=1))), np.ptp(np.flatnonzero(seen.any(axis=0)))) + 1
    if wide < _SEEN:
        raise Hint(
            f"the pixel in the middle sees {wide} pixels across, and {_SEEN} are wanted. What widens a view, and costs "
            "little?"
        )
    if _blocked(model, given):
        raise Hint(
            "it cannot learn: every weight has a slope of 0, since more than the last convolution begins at 0. Only "
            "that one may."
        )


def _blocked(model: Any, noisy: np.ndarray) -> bool:
    """Whether one step of training changes nothing."""
    before = [np.array(each) for each in model.get_weights()]
    model.compile(optimizer="sgd", loss="mse")
    model.train_on_batch(noisy, np.zeros_like(noisy))
    after = model.get_weights()
    model.set_weights(before)
    unchanged = all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    return unchanged or any(each.ndim > 1 and not each.any() for each in after)
