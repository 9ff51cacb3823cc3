"""Exercises of lesson 4: the pairs a denoising autoencoder learns from, how it is scored, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from cdae_lessons import metrics
from cdae_lessons.checks.answers import Hint, call, compare, exercise, images, letters, pair

P = 0.3
"""Share of pixels that the exercise asks to set to zero."""

EXPERIMENT_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "A": "Choose the p with the best score on the validation images.",
        "B": "Score the noisy images, the tuned filter and the chosen network on the test images, once.",
        "C": "Split the images at random, whoever they show.",
        "D": "Train a network for each p on the training images.",
        "E": "Split by subject: some to train, some to validate, some to test.",
        "F": "Choose the p with the best score on the test images.",
        "G": "Tune the filter on noisy training images.",
    }
)
"""The steps to put in order, as the lesson's table has them."""


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
    generator = np.random.default_rng(1)
    first, target = _pair(answer, clean, generator)
    if np.array_equal(first, clean) and np.array_equal(target, clean):
        raise Hint("the input is clean. From such pairs the network learns to copy, not to denoise.")
    if np.array_equal(first, clean):
        raise Hint("input and target are swapped: this network would learn to add noise. Return (corrupted, clean).")
    if np.array_equal(first, target):
        raise Hint("the target is corrupted too: the network would learn to keep the noise. The target is clean.")
    if not np.array_equal(target, clean):
        raise Hint("the target is not the clean image. Nothing may change it.")
    _check_mask(first, clean)
    second, _ = _pair(answer, clean, generator)
    if np.array_equal(first, second):
        raise Hint(
            "the second call gives the same noise as the first, so the network can learn that noise by heart. "
            "Draw from the rng that is handed over, and make no new one inside."
        )
    again, _ = _pair(answer, clean, np.random.default_rng(1))
    if not np.array_equal(first, again):
        raise Hint("the same rng gives different noise: you draw from somewhere else. Nobody could repeat your run.")


@exercise("An honest experiment")
def check_experiment_order(answer: object) -> None:
    """Check the order of the steps of an experiment: E, then D A with G anywhere, and B last.

    Parameters
    ----------
    answer : list of str
        Five of the letters A to G of the lesson; a string such as "ABC" will do. C and F belong nowhere.
    """
    order = letters(answer, "".join(EXPERIMENT_STEPS))
    if "C" in order:
        raise Hint("with C two images of one subject may be on both sides, and the test asks what was seen already.")
    if "F" in order:
        raise Hint("with F the test images choose, and the score on them is too good. Which images may choose?")
    missing = set("ABDEG") - set(order)
    if missing == {"G"}:
        raise Hint("without a tuned filter beside it, nobody knows whether the network's score is good.")
    if missing:
        raise Hint(f"five steps are needed; {len(missing)} more must find a place.")
    place = {letter: order.index(letter) for letter in order}
    if place["E"] != 0:
        raise Hint("whoever trains or tunes before the split has seen test images. The split comes first.")
    if place["B"] != 4:
        raise Hint("what is done after the test images were scored can be led by that score: B is the last step.")
    if place["A"] < place["D"]:
        raise Hint("a choice among networks comes after their training.")


@exercise("Score a denoiser")
def check_score_denoiser(answer: object) -> None:
    """Check a function that scores noisy images and what a denoiser makes of them.

    Parameters
    ----------
    answer : callable
        ``score_denoiser(denoise, clean, corrupt, rng)``, where ``denoise(images)`` and ``corrupt(images, rng=rng)``
        return images; returns the mean SSIM (data_range 1) of the noisy and of the denoised images.
    """
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:32, :32] / 32
    waves = [0.45 + 0.3 * np.sin(7 * x + i) * np.cos(5 * y - i) for i in range(3)]
    clean = np.stack(waves).astype(np.float32)  # from 0.15 to 0.75
    drawn, denoised = [], []

    def corrupt(images: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
        drawn.append((images * (rng.random(images.shape) >= P)).astype(np.float32))
        return drawn[-1].copy()

    def denoise(images: np.ndarray) -> np.ndarray:
        denoised.append(np.array(images))
        return ((images + np.roll(images, 1, axis=1) + np.roll(images, 1, axis=2)) / 3).astype(np.float32)

    changed = "the clean images were changed: they are the truth that all is compared with."
    found = call(answer, denoise, clean, corrupt, rng, changed=changed)
    if not drawn:
        raise Hint("no noise was drawn. Call corrupt(clean, rng=rng) first.")
    if not denoised:
        raise Hint("the denoiser was never asked. Call denoise on the noisy images.")
    if any(np.array_equal(asked, clean) for asked in denoised):
        raise Hint("the denoiser was given the clean images: it had nothing to do. Hand it the noisy ones.")
    if len(drawn) > 1:
        raise Hint("the noise was drawn twice. Score and denoise the same noisy images, else luck decides.")
    if len(denoised) > 1:
        raise Hint("the denoiser was asked more than once: what it made of the noisy images is to be scored.")
    if not np.array_equal(denoised[0], drawn[0]):
        raise Hint("the denoiser was given other images than the noisy ones. Hand them over as they are.")
    two = "return two numbers: the mean SSIM of the noisy images, then that of the denoised ones."
    found = pair(found, two)
    if any(np.ndim(score) for score in found):
        raise Hint(two)
    _check_scores([float(score) for score in found], clean, drawn[0], denoise(drawn[0]))


def _check_scores(found: list[float], clean: np.ndarray, noisy: np.ndarray, denoised: np.ndarray) -> None:
    def scores(data_range: float = 1, *, kind: str = "ssim", truth: np.ndarray = clean) -> list[float]:
        both = (metrics.score(truth, images, data_range=data_range)[kind].mean() for images in (noisy, denoised))
        return list(both)

    right = scores()
    spread = "data_range is what images can span, from 0 to 1, not what these happen to span."
    truth = "what is compared with the noisy images shows how little was removed. Clean is the truth."
    mistakes = (
        (right[::-1], "the noisy images come first, then the denoised ones."),
        (scores(truth=noisy), truth),
        ([right[0], scores(truth=noisy)[1]], "the denoised images were compared with the noisy ones, not the clean."),
        (scores(2), "data_range=2 is for images from -1 to 1. These go from 0 to 1."),
        (scores(255), "data_range=255 is for images of 8 bits. These go from 0 to 1."),
        (scores(float(np.ptp(noisy))), spread),
        ([scores(float(np.ptp(noisy)))[0], scores(float(np.ptp(denoised)))[1]], spread),
        (scores(float(np.ptp(clean))), spread),
        (scores(kind="psnr"), "that is PSNR. The column ssim is wanted."),
        (scores(kind="mse"), "that is the squared error. The column ssim is wanted."),
    )
    otherwise = 'metrics.score(clean, images, data_range=1)["ssim"].mean(), of the noisy images and of the denoised.'
    compare(found, right, mistakes, otherwise)


def _pair(answer: object, clean: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    changed = "your function changes the clean images themselves. Make a corrupted copy."
    both = pair(call(answer, clean, rng, changed=changed), "two arrays are wanted, as in: return corrupted, clean.")
    return [images(array, clean.shape) for array in both]


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
