"""Exercises of lesson 6: gradients to diagnose, what is left of an error, whose pairs train block 2, equal steps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from cdae_lessons.checks.answers import Hint, call, exercise, images, matching, number, pair

GRADIENT_CAUSES: Mapping[int, str] = MappingProxyType(
    {
        1: "sigmoids, weights drawn with a standard deviation of 0.01",
        2: "ReLU, weights drawn with a standard deviation of 0.01",
        3: "ReLU, weights drawn three times as large as He's",
        4: "ReLU, He's weights; the two lowest layers were frozen and never set free again",
        5: "ReLU, He's weights; the learning rate was a thousand times too small",
    }
)
"""What may be behind the gradients of a stack; four of the five are shown."""

_GRADIENTS = {"A": 2, "B": 4, "C": 1, "D": 3}
_UNITS, _LAYERS = 128, 8


def gradients_by_layer() -> dict[str, np.ndarray]:
    """How large the gradient is in each layer of four untrained stacks, and of one as it should be.

    Each stack has eight dense layers of 128 units, the last one without an activation, and gets the same random input
    and target. Four have one of `GRADIENT_CAUSES`.

    Returns
    -------
    dict
        For each of the letters A to D, and for ``"sound"`` (ReLU, He's weights), the root mean square of the gradient
        by the weights of each layer, from the lowest to the highest (8,).
    """
    he = (2 / _UNITS) ** 0.5
    made = {
        1: _sizes("sigmoid", spread=0.01),
        2: _sizes("relu", spread=0.01),
        3: _sizes("relu", spread=3 * he),
        4: _sizes("relu", spread=he) * np.array([0, 0] + [1] * (_LAYERS - 2)),
    }
    return {letter: made[cause] for letter, cause in _GRADIENTS.items()} | {"sound": _sizes("relu", spread=he)}


def _sizes(activation: str, *, spread: float) -> np.ndarray:
    """The root mean square of the gradient of a squared error by the weights of each layer (8,)."""
    rng = np.random.default_rng(0)
    weights = [spread * rng.standard_normal((_UNITS, _UNITS)) for _ in range(_LAYERS)]
    outs = [rng.standard_normal((50, _UNITS))]
    for k, weight in enumerate(weights):
        before = outs[-1] @ weight
        squeezed = 1 / (1 + np.exp(-before)) if activation == "sigmoid" else np.maximum(before, 0)
        outs.append(before if k == _LAYERS - 1 else squeezed)
    error = 2 * (outs[-1] - rng.standard_normal((50, _UNITS))) / outs[-1].size
    sizes = []
    for k in reversed(range(_LAYERS)):
        out = outs[k + 1]
        if k < _LAYERS - 1:
            error = error * (out * (1 - out) if activation == "sigmoid" else out > 0)
        sizes.append(np.sqrt(((outs[k].T @ error) ** 2).mean()))
        error = error @ weights[k].T
    return np.array(sizes[::-1])


@exercise("Whose gradient is it?")
def check_gradients(answer: object) -> None:
    """Check which cause is behind which gradients.

    Parameters
    ----------
    answer : dict of str to int
        For each of the letters A to D the number of a cause of `GRADIENT_CAUSES`.
    """
    given = matching(answer, _GRADIENTS, GRADIENT_CAUSES, what="cause", of="pictures")
    if 5 in given.values():
        raise Hint("the learning rate says how far a step goes along the gradient. Does it change the gradient itself?")
    if len({*given.values()}) < len(given):
        raise Hint("each picture has another cause, so no number comes twice.")
    told = {
        ("A", 1): "sigmoids give about .5 whatever comes in, so only the error shrinks. In A all layers are alike.",
        ("A", 3): "weights that are too large make the gradient too large. Is A above the grey line or below it?",
        ("C", 2): "with ReLU and small weights, what comes up shrinks as the error does. Which end would be larger?",
        ("D", 2): "weights that are too small make the gradient too small. Is D above the grey line or below it?",
    }
    otherwise = {
        "A": "A is far too small, and in all layers alike: the input dies on its way up as the error does going down.",
        "B": "where B has bars, they are as they should be. What gives a gradient of exactly 0, in two layers only?",
        "C": "C shrinks from layer to layer, going down. What multiplies the error by little each time?",
        "D": "D is far too large, and in all layers alike. What is multiplied by too much, on the way up and down?",
    }
    for letter, right in _GRADIENTS.items():
        if given[letter] != right:
            raise Hint(told.get((letter, int(given[letter])), otherwise[letter]))


@exercise("What is left of an error")
def check_error_left(answer: object) -> None:
    """Check what share of an error is left below some layers of sigmoids.

    Parameters
    ----------
    answer : callable
        ``left(units, spread, depth)``: layers of ``units`` sigmoids each, weights with a mean of 0 and a standard
        deviation of ``spread``, so small that every sigmoid stays near .5; returns the factor by which the typical size
        of the error has changed ``depth`` layers further down, ``(spread * units**0.5 / 4)**depth``.
    """
    for units, spread, depth in ((256, 0.01, 1), (256, 0.01, 3), (100, 0.02, 2), (64, 0.05, 4)):
        found = number(call(answer, units, spread, depth))
        each = spread * units**0.5 / 4
        if np.isclose(found, each**depth, rtol=0.02):
            continue
        asked = f"left({units}, {spread}, {depth})"
        mistakes = (
            (each, "that is what one layer leaves. The next one leaves the same share of what it gets."),
            (depth * each, "shares of shares are multiplied, not added."),
            ((4 * each) ** depth, "the slope of the sigmoid is missing: where it gives .5 it is .5 · (1 - .5)."),
            ((2 * each) ** depth, "the slope of a sigmoid that gives .5 is .5 · (1 - .5), not .5."),
            ((spread * units / 4) ** depth, "terms of either sign cancel in part: a sum of n grows as the root of n."),
            ((spread / 4) ** depth, "an error is a sum over all units above it, not one term of that sum."),
            ((spread**2 * units / 16) ** depth, "that is what is left of the square of the error. Take its root."),
            ((spread * (units / 2) ** 0.5 / 4) ** depth, "only of ReLU units half are silent; of sigmoids none is."),
            (each**-depth, "that is by how much it would grow going up. It shrinks going down."),
        )
        for wrong, hint in mistakes:
            if np.isclose(found, wrong, rtol=0.02):
                raise Hint(hint)
        raise Hint(f"{asked} should be about {each**depth:.2g}; it is {found:.2g}. Begin with one layer.")


@exercise("Vincent's pairs")
def check_masked_codes(answer: object) -> None:
    """Check the pairs on which Vincent and others train a block that is not the first.

    Parameters
    ----------
    answer : callable
        ``masked_codes(code, clean, rng)``, where ``code(images)`` returns the codes of images, of shape (N, units);
        returns (input, target): the codes of the clean images with a quarter of their numbers set to 0 at random, and
        the same codes as they are.
    """
    rng = np.random.default_rng(0)
    clean = rng.uniform(0.1, 0.9, (200, 8, 8)).astype(np.float32)
    weights = rng.standard_normal((64, 40)) / 8
    asked: list[np.ndarray] = []

    def code(given: np.ndarray) -> np.ndarray:
        asked.append(np.array(given))
        return 1 / (1 + np.exp(-(np.reshape(given, (len(given), 64)) - 0.5) @ weights))

    whole = code(clean)
    asked.clear()
    generator = np.random.default_rng(1)
    changed = "your function changes the clean images themselves. Make a corrupted copy."
    first, target = _codes(call(answer, code, clean, generator, changed=changed), whole)
    if not asked:
        raise Hint("no codes were computed. Call code(clean).")
    if not np.allclose(target, whole):
        raise Hint("the target is the code of the clean image, whole: what block 2 shall find again.")
    if np.allclose(first, whole):
        raise Hint("input and target are equal: this block would learn to copy, not to denoise.")
    if not any(np.array_equal(given, clean) for given in asked) or len(asked) > 1:
        raise Hint("images were corrupted: those are Xie's pairs. Vincent's input is the clean code, corrupted.")
    gone = first == 0
    if not np.allclose(first[~gone], whole[~gone]):
        scaled = np.allclose(first[~gone], whole[~gone] / 0.75) or np.allclose(first[~gone], whole[~gone] / 0.25)
        if scaled:
            raise Hint("what is kept was made larger, as dropout does. Here it stays as it is.")
        raise Hint("numbers that were not set to 0 have changed. Masking leaves the others as they are.")
    if np.array_equal(gone, np.broadcast_to(gone[:1], gone.shape)):
        raise Hint("all images of the batch lose the same numbers. Draw a mask of the shape of the codes.")
    if np.array_equal(gone, np.broadcast_to(gone[:, :1], gone.shape)):
        raise Hint("a code is kept or lost as a whole. Draw a number for each of its entries.")
    if abs(gone.mean() - 0.75) < 0.05:
        raise Hint("three quarters of the numbers are gone: what is kept and what is lost are swapped.")
    if abs(gone.mean() - 0.25) > 0.05:
        raise Hint(f"a quarter of the numbers should be 0; here it is a share of {gone.mean():.2f}.")
    second, _ = _codes(call(answer, code, clean, generator), whole)
    if np.array_equal(first, second):
        raise Hint("the second call masks as the first did. Draw from the rng that is handed over; make no new one.")
    again, _ = _codes(call(answer, code, clean, np.random.default_rng(1)), whole)
    if not np.array_equal(first, again):
        raise Hint("the same rng gives other masks: you draw from somewhere else. Nobody could repeat your run.")


def _codes(answer: object, like: np.ndarray) -> list[np.ndarray]:
    both = pair(answer, "two arrays are wanted, as in: return corrupted, clean_codes.")
    hint = "block 2 never sees pixels: what comes in are codes, and so is the target."
    pixels: dict[tuple[int, ...], str] = {(len(like), 8, 8): hint}
    return [images(np.asarray(array, float), like.shape, pixels) for array in both]


@exercise("Share out the steps")
def check_equal_steps(answer: object) -> None:
    """Check a function that shares a number of training steps between the blocks and the whole stack.

    Parameters
    ----------
    answer : callable
        ``share(total, blocks)`` returns two whole numbers: the steps of each block and the steps of all together, such
        that together they are ``total``; both at least 1.
    """
    for total, blocks in ((240, 2), (300, 3), (101, 4)):
        two = "return two numbers: the steps of each block, and the steps of all together."
        each, together = pair(call(answer, total, blocks), two)
        if each != int(each) or together != int(together):
            raise Hint(f"half a step cannot be trained: share({total}, {blocks}) gave {each} and {together}. Try //.")
        if each < 1:
            raise Hint("the blocks get no step: nothing is trained layer by layer.")
        if together == total:
            raise Hint("training all together takes all of the steps already; what the blocks got comes on top.")
        if together < 1:
            raise Hint("no step is left for training all together.")
        if each + together == total and blocks > 1:
            raise Hint("each of the blocks gets its steps, so they count once for every block.")
        used = blocks * each + together
        if used != total:
            more = "more" if used > total else "less"
            raise Hint(f"{blocks} blocks of {each} steps and {together} together are {used}, {more} than {total}.")
