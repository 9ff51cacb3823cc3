"""Exercises of lesson 3: the pairs from which a denoising autoencoder learns."""

from __future__ import annotations

import numpy as np

from cdae_lessons.checks.answers import Hint, call, exercise, images

P = 0.3
"""Share of pixels that the exercise asks to set to zero."""


@exercise("Training pairs")
def check_pairs(answer: object) -> None:
    """Check ``pairs(clean, rng)``: the input with 30 % of its pixels set to zero, and the target.

    Parameters
    ----------
    answer : callable
        Takes images of shape (N, H, W) and a Generator; returns (input, target), both of that shape.
    """
    rng = np.random.default_rng(0)
    clean = rng.uniform(0.2, 1, (12, 16, 16)).astype(np.float32)  # no zero of its own
    given = clean.copy()
    generator = np.random.default_rng(1)
    first, target = _pair(answer, given, generator)
    if not np.array_equal(given, clean):
        raise Hint("your function changes the clean images themselves. Make a corrupted copy.")
    if np.array_equal(first, clean) and np.array_equal(target, clean):
        raise Hint("the input is clean. From such pairs the network learns to copy, not to denoise.")
    if np.array_equal(first, clean):
        raise Hint("input and target are swapped: this network would learn to add noise. Return (corrupted, clean).")
    if np.array_equal(first, target):
        raise Hint("the target is corrupted too: the network would learn to keep the noise. The target is clean.")
    if not np.array_equal(target, clean):
        raise Hint("the target is not the clean image. Nothing may change it.")
    _check_mask(first, clean)
    second, _ = _pair(answer, clean.copy(), generator)
    if np.array_equal(first, second):
        raise Hint(
            "the second call gives the same noise as the first, so the network can learn that noise by heart. "
            "Draw from the rng that is handed over, and make no new one inside."
        )
    again, _ = _pair(answer, clean.copy(), np.random.default_rng(1))
    if not np.array_equal(first, again):
        raise Hint("the same rng gives different noise: you draw from somewhere else. Nobody could repeat your run.")


def _pair(answer: object, clean: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    result = call(answer, clean, rng)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise Hint("two arrays are wanted, as in: return corrupted, clean.")
    return [images(array, clean.shape) for array in result]


def _check_mask(corrupted: np.ndarray, clean: np.ndarray) -> None:
    zero = corrupted == 0
    if not np.array_equal(corrupted[~zero], clean[~zero]):
        raise Hint("some pixels are neither the clean value nor 0. Masking sets pixels to zero and leaves the others.")
    if (zero == zero[:1]).all():
        raise Hint("every image of the batch has the same mask. Draw a mask of the whole shape (N, H, W).")
    if zero.all(axis=(1, 2)).any() or (zero == zero[:, :1, :1]).all():
        raise Hint("whole images are set to zero. Draw one number a pixel, not one an image.")
    share = zero.mean()  # its standard deviation is 0.008 here
    if abs(share - (1 - P)) < 0.05:
        raise Hint(f"{share:.0%} of the pixels are zero: kept and masked are swapped. Keep where the draw is >= 0.3.")
    if abs(share - P) > 0.05:
        raise Hint(f"{share:.0%} of the pixels are zero; 30 % are wanted.")
