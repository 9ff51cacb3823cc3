"""Exercises of lesson 0: pictures on one grey scale, a leak between subjects, and where a denoiser does harm."""

from __future__ import annotations

import numpy as np

from cdae_lessons.checks.answers import Hint, call, exercise, number

_WHITE = 255

_BREAK_EVEN, _NEAR = 0.0615, 0.006  # of the shipped network inside the head: .061 to .062 for brains of three seeds
_WHOLE = 0.037, 0.004  # the same over the whole picture


@exercise("Count the leak")
def check_shared_subjects(answer: object) -> None:
    """Check a function that counts the subjects that two sides of a split share.

    Parameters
    ----------
    answer : callable
        ``shared_subjects(train, test)`` of two arrays of labels, one an image; returns how many subjects have images
        on both sides.
    """
    train, test = np.array([7, 7, 3, 1, 1, 5]), np.array([9, 3, 1, 8, 1, 2])  # 1 and 3 are shared
    found = call(answer, train, test)
    if isinstance(found, bool | np.bool_):
        raise Hint("that says whether there is a leak. How many subjects are shared?")
    if isinstance(found, set | list | tuple | np.ndarray) and np.ndim(list(found)) == 1:
        raise Hint("that is a collection. Return a number: how many subjects are shared?")
    found = number(found)
    if 0 < found < 1:
        raise Hint("that is a share. How many subjects are shared?")
    if found in (3, 4, 5):
        raise Hint("a subject with several images counts once. Count subjects, not images.")
    if found == 1:
        raise Hint("a subject may stand at any place of the two lists: do not compare them place by place.")
    if found == 7:
        raise Hint("that is everyone who is on one side or the other. Who is on both?")
    if found != 2:
        raise Hint("in [7, 7, 3, 1, 1, 5] and [9, 3, 1, 8, 1, 2] the subjects 1 and 3 are on both sides: 2.")
    if number(call(answer, np.array([0, 0, 1]), np.array([2, 3]))) != 0:
        raise Hint("two sides that share nobody give 0.")
    if number(call(answer, np.array(["a", "b"]), np.array(["b", "b"]))) != 1:
        raise Hint("labels may be texts, too: in ['a', 'b'] and ['b', 'b'] one subject is shared.")


@exercise("One grey scale")
def check_grey_scale(answer: object) -> None:
    """Check a function that turns images into the grey levels of a screen, all on one scale.

    Parameters
    ----------
    answer : callable
        ``to_screen(images)`` of floating-point images (N, H, W), some values below 0 and above 1; returns uint8 of
        the same shape: 255 times the value, from 0 (0 and less) to 255 (1 and more).
    """
    rng = np.random.default_rng(0)
    noisy = np.stack([rng.uniform(-0.5, 1.5, (16, 16)), rng.uniform(0.25, 0.75, (16, 16))])
    shown = call(answer, noisy, changed="your function changes the images themselves. Compute new ones.")
    if not isinstance(shown, np.ndarray) or shown.shape != noisy.shape:
        raise Hint(f"an array of the images' shape {noisy.shape} is wanted.")
    if shown.dtype != np.uint8:
        raise Hint(f"the screen takes whole numbers of the type uint8; these are {shown.dtype}. See astype.")
    if shown.max() <= 1:
        raise Hint("every level is 0 or 1. White is 255: multiply before you make whole numbers.")
    shown = shown.astype(float)
    if _levels(shown, _scaled(noisy, noisy.min(), noisy.max())):
        raise Hint("the darkest pixel of the set is black and the brightest one white. Black is 0 and white is 1.")
    if _levels(shown, _scaled(noisy, noisy.min((1, 2), keepdims=True), noisy.max((1, 2), keepdims=True))):
        raise Hint("each image has a scale of its own, so they cannot be compared. Black is 0 and white is 1 in all.")
    if _levels(shown, _scaled(noisy, 0, noisy.max())):
        raise Hint("white is the brightest pixel found. White is 1, whatever was found.")
    right = _scaled(noisy, 0, 1)
    inside = (noisy > 0) & (noisy < 1)
    if not _levels(shown, right) and _levels(shown[inside], right[inside]):
        if _levels(shown[noisy < 0], 0) and _levels(shown[noisy > 1], 0):
            raise Hint("white pixels are black: 256 does not fit into uint8 and becomes 0. White is 255.")
        raise Hint("levels below 0 and above 255 do not fit into uint8; they become some other grey. See np.clip.")
    if not _levels(shown, right):
        raise Hint("the level is 255 times the value, with 0 for what is below 0 and 255 for what is above 1.")


@exercise("Where it does harm")
def check_break_even(answer: object) -> None:
    """Check the level of noise below which the shipped network makes a brain worse.

    Parameters
    ----------
    answer : float
        The standard deviation of the noise at which the network's picture is, inside the head, as far from the truth
        as the scan.
    """
    sigma = number(answer)
    if not np.isfinite(sigma) or sigma <= 0:
        raise Hint("without noise there is nothing to remove. Give a σ above 0.")
    if sigma > 1:
        raise Hint("σ is meant in grey levels from 0 to 1, as in noise.gaussian(x, p=1, sigma=0.6).")
    if abs(sigma - _BREAK_EVEN) <= _NEAR:
        return
    if abs(sigma - _WHOLE[0]) <= _WHOLE[1]:
        raise Hint(
            "that is where the whole pictures break even. Most of a picture is black, and black is easy: "
            "compare inside the head."
        )
    if sigma > _BREAK_EVEN:
        raise Hint("with that much noise the network's picture is nearer to the truth than the scan. Try less noise.")
    raise Hint("with so little noise the network's picture is further from the truth than the scan. Try more noise.")


def _scaled(images: np.ndarray, black: float | np.ndarray, white: float | np.ndarray) -> np.ndarray:
    return _WHITE * np.clip((images - black) / (white - black), 0, 1)


def _levels(shown: np.ndarray, wanted: np.ndarray | float) -> bool:
    return bool(np.abs(shown - wanted).max() <= 1)  # rounded or cut off, both will do
