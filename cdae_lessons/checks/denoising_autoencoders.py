"""Exercises of lesson 4: curves to diagnose, the pairs a denoiser learns from, how it is scored, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from cdae_lessons import metrics
from cdae_lessons.checks.answers import Hint, call, compare, exercise, images, letters, matching, pair

STRONGEST = 0.5
"""The largest standard deviation of the noise that the exercise asks for, in grey levels."""

CURVE_MISTAKES: Mapping[int, str] = MappingProxyType(
    {
        1: "the target was the noisy pixel",
        2: "the noise of the training was weaker than that of the test",
        3: "the noise of the training was stronger than that of the test",
        4: "most pixels of the training set were bright",
        5: "the inputs were shuffled, the targets were not",
    }
)
"""What classmates may have done wrong; four of the five curves are shown."""

_CURVES = {"A": 4, "B": 1, "C": 5, "D": 2}

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


def classmates() -> dict[str, np.ndarray]:
    """What the networks of four classmates give for one measured pixel, once trained: their curves.

    Each made one of `CURVE_MISTAKES`. The pixel is .2 or .8, as often one as the other; the noise of the test has a
    standard deviation of .2.

    Returns
    -------
    dict
        ``z``, the measured values (201,), and for each of the letters A to D what is given for them (201,).
    """
    z = np.linspace(-0.4, 1.4, 201)
    made = {
        1: z,
        2: _average(z, sigma=0.1, bright=0.5),
        4: _average(z, sigma=0.2, bright=0.9),
        5: np.full_like(z, 0.5),
    }
    return {"z": z} | {letter: made[mistake] for letter, mistake in _CURVES.items()}


@exercise("Whose curve is it?")
def check_curves(answer: object) -> None:
    """Check which mistake made which curve.

    Parameters
    ----------
    answer : dict of str to int
        For each of the letters A to D the number of a mistake of `CURVE_MISTAKES`.
    """
    given = matching(answer, _CURVES, CURVE_MISTAKES, what="mistake", of="curves")
    if len({*given.values()}) < len(given):
        raise Hint("each of the four made another mistake, so no number comes twice.")
    told = {
        ("A", 2): "weaker noise makes the curve steeper, but leaves its middle at .5. Where is the middle of A?",
        ("A", 3): "stronger noise makes the curve flatter, but leaves its middle at .5. Where is the middle of A?",
        ("B", 5): "who cannot learn anything from the input gives one value for all. B follows its input exactly.",
        ("C", 1): "who learned to copy gives back what was measured. C gives the same for every measurement.",
        ("C", 3): "even much stronger noise leaves the guess some slope. C has none: what does its input tell it?",
        ("D", 3): "the more noise a network expects, the less it believes the measurement, and the flatter its curve.",
        ("D", 4): "a set of mostly bright pixels moves the curve to the left. The middle of D is at .5.",
    }
    otherwise = {
        "A": "A takes most measurements for bright, even .4. Which training set makes that a good guess?",
        "B": "B is the line D(z) = z: it gives back what it gets. Which target asks for that?",
        "C": "C gives .5, the mean of all targets, whatever it gets. When is nothing better to be had?",
        "D": "D is nearly a step: it trusts the measurement more than it should. What did it take the noise for?",
    }
    for letter, right in _CURVES.items():
        if given[letter] != right:
            raise Hint(told.get((letter, int(given[letter])), otherwise[letter]))


def _average(z: np.ndarray, *, sigma: float, bright: float) -> np.ndarray:
    """E[x | z] of a pixel that is .8 with probability `bright`, else .2."""
    odds = bright / (1 - bright) * np.exp(((z - 0.2) ** 2 - (z - 0.8) ** 2) / (2 * sigma**2))
    return 0.2 + 0.6 * odds / (1 + odds)


@exercise("Noise of unknown strength")
def check_pairs(answer: object) -> None:
    """Check ``pairs(clean, rng)``: the input, each image with noise of its own strength, and the target.

    Parameters
    ----------
    answer : callable
        Takes images of shape (N, H, W) and a Generator; returns (input, target), both of that shape.
    """
    rng = np.random.default_rng(0)
    clean = rng.uniform(0, 1, (400, 12, 12)).astype(np.float32)
    generator = np.random.default_rng(1)
    first, target = _pair(answer, clean, generator)
    if np.array_equal(first, clean) and np.array_equal(target, clean):
        raise Hint("the input is clean. From such pairs the network learns to copy, not to denoise.")
    if np.array_equal(first, clean):
        raise Hint("input and target are swapped: this network would learn to add noise. Return (noisy, clean).")
    if np.array_equal(first, target):
        raise Hint("the target is noisy too: the network would learn to keep the noise. The target is clean.")
    if not np.array_equal(target, clean):
        raise Hint("the target is not the clean image. Nothing may change it.")
    _check_noise(first, clean)
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
        drawn.append((images * (rng.random(images.shape) >= 0.3)).astype(np.float32))
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


def _check_noise(noisy: np.ndarray, clean: np.ndarray) -> None:
    """Whether the noise is Gaussian, and its strength another for each image, evenly from 0 to `STRONGEST`."""
    if not np.array_equal(noisy[0].shape, clean[0].shape) or (noisy.min() >= 0 and noisy.max() <= 1):
        raise Hint("the noisy images were clipped. Cut-off noise has a mean that is not 0: leave it as it is.")
    added = noisy.astype(float) - clean
    if np.allclose(added, added[:1], atol=1e-6):
        raise Hint("every image of the batch has the same noise. Draw noise of the whole shape (N, H, W).")
    if np.allclose(added, added[:, :1, :1], atol=1e-6):
        raise Hint("all pixels of an image are moved alike, which changes its brightness. Draw a number a pixel.")
    strengths = added.std(axis=(1, 2))
    if (added.mean(axis=(1, 2)) > 0.4 * strengths).mean() > 0.5:
        raise Hint("the noise makes the images brighter on the whole. Its mean is 0: standard_normal, not random.")
    spread = strengths / strengths.mean()
    if spread.std() < 0.15:  # the estimate from 144 pixels alone has 0.06
        shape = (added**4).mean() / (added**2).mean() ** 2  # 3 for one Gaussian
        if shape > 3.3:
            raise Hint("each pixel has a strength of its own, so all images are as noisy. Draw one number an image.")
        raise Hint("all images have noise of one strength. Draw one number an image, rng.uniform of shape (N, 1, 1).")
    if strengths.max() > 1.25 * STRONGEST:
        raise Hint(f"the noisiest image has a standard deviation of {strengths.max():.2f}; 0.5 should be the most.")
    if not 0.22 < strengths.mean() < 0.28 or strengths.min() > 0.05 or strengths.max() < 0.45:
        raise Hint(
            f"standard deviations from {strengths.min():.2f} to {strengths.max():.2f}, {strengths.mean():.2f} on "
            "average. Those of rng.uniform(0, 0.5) would be 0.25 on average, from nearly 0 to 0.5."
        )
    if np.diff(np.sort(strengths)).max() > 0.06:  # of 400 strengths from 0 to 0.5
        raise Hint("there are only a few strengths, with gaps between them. rng.uniform draws any number.")
    fourth = ((added / strengths[:, None, None]) ** 4).mean()
    if fourth < 2.5:
        raise Hint("the noise is not Gaussian: draw it by rng.standard_normal, not by rng.uniform.")
