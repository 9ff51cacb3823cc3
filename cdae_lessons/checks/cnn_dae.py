"""Exercises of lesson 7: the size of the paper's network, who wins, and which mistake made a table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from cdae_lessons.checks.answers import Hint, call, compare, exercise, matching, number

TABLE_MISTAKES: Mapping[int, str] = MappingProxyType(
    {
        1: "the scores were computed with data_range=2",
        2: "p was read as the share of the pixels that get noise",
        3: "the network was trained for much stronger noise than that of the test",
        4: "only pixels inside the body were scored",
        5: "the network was scored on the images that it was trained on",
    }
)
"""What classmates may have done; four of the five tables are shown."""

_TABLES = {"A": 3, "B": 1, "C": 4, "D": 2}


def _weights(filters: int, *, biases: bool = True, layers: int = 3) -> int:
    first, middle, last = 9 * filters, 9 * filters * filters, 9 * filters
    return first + layers * middle + last + biases * ((layers + 1) * filters + 1)


@exercise("Count the weights")
def check_cnn_dae_weights(answer: object) -> None:
    """Check the number of weights of the CNN DAE with 32 filters a layer.

    Parameters
    ----------
    answer : int
        Kernels and biases of its five 3x3 convolutions, 1 → 32 → 32 → 32 → 32 → 1 maps.
    """
    half = "half of the filters is not half of the weights: the middle kernels shrink on both sides."
    five = "there are five convolutions: one from 1 to 32 maps, three from 32 to 32, one from 32 to 1."
    mistakes = (
        (_weights(64), "that is the network with 64 filters. What changes with 32?"),
        (_weights(64) / 2, half),
        (round(_weights(64) / 2), half),
        (_weights(32, biases=False), "the kernels are right. Each output map has a bias, too."),
        (5 * 9 * 32 + 4 * 32 + 1, "a middle layer has a kernel for each PAIR of maps: 32 in, 32 out."),
        (_weights(32, layers=2), five),
        (_weights(32, layers=4), five),
    )
    otherwise = "for each convolution: 9 · maps in · maps out + maps out. Then add the five."
    compare(number(answer), _weights(32), mistakes, otherwise, tolerance=0)


@exercise("Who wins")
def check_who_wins(answer: object) -> None:
    """Check a function that says which of two methods is better on the same images.

    Parameters
    ----------
    answer : callable
        ``who_wins(first, second)`` of two arrays of shape (N,), SSIM of the same N images; returns "first", "second"
        or "open", by the mean of the differences and twice its standard error.
    """
    rng = np.random.default_rng(0)
    images = rng.normal(0.6, 0.15, 100)  # images differ much more than methods do
    wobble = rng.normal(0, 0.02, 100)
    wobble -= wobble.mean()
    better, same = images + 0.02 + wobble, images + 0.001 + wobble
    found = call(answer, better, images)
    if found not in ("first", "second", "open"):
        raise Hint('return one of the words "first", "second", "open".')
    if found == "second":
        raise Hint("higher SSIM is better: the first method scored higher there.")
    if found == "open":
        raise Hint(
            "there the first is better on nearly every image. Look at the differences image by image, and divide their "
            "standard deviation by the square root of N."
        )
    if call(answer, images, better) != "second":
        raise Hint("the two methods exchanged, the answer should be exchanged, too.")
    if call(answer, same, images) != "open":
        raise Hint("a difference of 0.001 that changes its sign from image to image decides nothing: say open.")
    few = np.array([0.5, 0.6, 0.7, 0.8])
    if call(answer, few + np.array([0.04, -0.03, 0.05, -0.02]), few) != "open":
        raise Hint("four images are few: the standard error is their standard deviation over the square root of 4.")
    error = wobble.std(ddof=1) / np.sqrt(len(wobble))
    if call(answer, images + 2.5 * error + wobble, images) != "first":
        raise Hint("a mean difference of 2.5 standard errors is more than two: the first wins.")
    if call(answer, images + 1.5 * error + wobble, images) != "open":
        raise Hint("a mean difference of 1.5 standard errors is less than two: that is open.")


@exercise("Whose table is it?")
def check_tables(answer: object) -> None:
    """Check which mistake made which table.

    Parameters
    ----------
    answer : dict of str to int
        For each of the letters A to D the number of a mistake of `TABLE_MISTAKES`.
    """
    given = matching(answer, _TABLES, TABLE_MISTAKES, what="mistake", of="tables")
    if len({*given.values()}) < len(given):
        raise Hint("each of the four made another mistake, so no number comes twice.")
    told = {
        ("A", 5): "training images could only flatter the network. Here its row is the one that has fallen.",
        ("B", 4): "without the easy background no PSNR rises. In B all of them do.",
        ("B", 5): "training images would change one row, that of the network. In B all four have risen.",
        ("C", 1): "a wider range adds 6 dB to every PSNR. In C none has risen.",
        ("C", 2): "noise on a tenth of the pixels is what a median removes best. Is the median far ahead in C?",
        ("D", 3): "that changes one row, the network's. Which rows have changed in D?",
        ("D", 4): "the same images are scored in C and in the right table. Could a mask bring the median to the top?",
    }
    otherwise = {
        "A": "three rows of A are those of the right table. What concerns the network alone, and harms it?",
        "B": "in B every method is better, by the same 6 dB. What do all scores share?",
        "C": "in C doing nothing gains most in SSIM, and no PSNR has risen. Which easy pixels may no longer count?",
        "D": "in D the 3x3 median is far ahead. Which noise leaves most of nine neighbours as they are?",
    }
    for letter, right in _TABLES.items():
        if given[letter] != right:
            raise Hint(told.get((letter, int(given[letter])), otherwise[letter]))
