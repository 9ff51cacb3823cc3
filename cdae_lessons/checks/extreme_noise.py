"""Exercises of lesson 9: what is left of a lesion, and the weights of the training average."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdae_lessons.checks.answers import Hint, call, compare, exercise, number, same


@exercise("Recovered contrast")
def check_recovered_contrast(answer: object) -> None:
    """Check a function that measures which share of a lesion's contrast a denoiser gives back.

    Parameters
    ----------
    answer : callable
        ``recovered_contrast(with_lesion, without_lesion, mask, inserted)`` of two arrays of denoised images of shape
        (N, H, W), a mask of shape (H, W) and the mean contrast that was inserted inside the mask; returns one
        number, the mean difference inside the mask over ``inserted``.
    """
    rng = np.random.default_rng(0)
    mask = np.zeros((8, 8), bool)
    mask[2:5, 3:6] = True
    without = rng.uniform(0.2, 0.6, (4, 8, 8))
    change = rng.normal(0, 0.02, (4, 8, 8))  # what a lesion does to a denoised image is never quite even
    change[:, mask] += 0.1
    inside, right = change[:, mask], change[:, mask].mean() / 0.25
    tissue = (
        "that is how bright the place is, tissue and all. The tissue is in the image without the lesion, too: take "
        "the difference."
    )
    mistakes = (
        (
            -right,
            "the sign is turned round: a bright lesion that is there makes the image brighter. With minus without.",
        ),
        (change.mean() / 0.25, "you averaged over the whole image. Only the pixels inside the mask count."),
        (inside.mean(), "that is in grey levels. Divide by the contrast that was inserted."),
        ((without + change)[:, mask].mean() / 0.25, tissue),
        (inside.max() / 0.25, "that is the largest pixel. One pixel is mostly luck: take the mean."),
        (inside.sum() / 0.25, "that is the sum over the pixels. Take their mean."),
        (1 / right, "upside down: divide what came back by what was inserted."),
    )
    otherwise = "with minus without, the mean of that inside the mask over all images, divided by inserted."
    compare(_share(answer, without + change, without, mask, 0.25), right, mistakes, otherwise)

    ripple = np.zeros((1, 8, 8))
    ripple[0, mask] = [0.3, -0.3, 0.3, -0.3, 0, 0.3, -0.3, 0.3, -0.3]
    if abs(_share(answer, 0.5 + ripple, np.full((1, 8, 8), 0.5), mask, 0.25)) > 1e-6:
        raise Hint("absolute values turn every ripple into contrast. Let ups and downs cancel.")
    for times, inserted, hint in (
        (-1, -0.25, "a dark lesion (inserted below 0) that comes back dark is recovered: its share is positive."),
        (-1, 0.25, "do not clip: a share below 0 says that the place became darker, and that must be seen."),
        (4, 0.25, "do not clip: a share above 1 says that the lesion was exaggerated, and that must be seen."),
    ):
        found = _share(answer, without + times * change, without, mask, inserted)
        compare(found, times * inside.mean() / inserted, (), hint)


@exercise("Safe weights")
def check_average_weights(answer: object) -> None:
    """Check a function that computes the weights of the training average without underflow.

    Parameters
    ----------
    answer : callable
        ``average_weights(noisy, images, sigma)`` of arrays of shape (N, H, W) and (M, H, W); returns the weights
        proportional to exp(-‖z - x_i‖² / (2·sigma²)), shape (N, M), each row summing to one.
    """
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 1, (3, 2, 2))
    noisy = rng.uniform(0, 1, (2, 2, 2))
    sigma = 0.6
    squares = ((noisy[:, np.newaxis] - images) ** 2).sum(axis=(2, 3))

    found = _weights(answer, noisy, images, sigma)
    right = _normal(-squares / (2 * sigma**2))
    if same(found.T, right):
        raise Hint("rows and columns are exchanged: one row for each noisy image, one column for each training image.")
    if found.shape != (2, 3):
        raise Hint(f"for 2 noisy and 3 training images the shape should be (2, 3); it is {found.shape}.")
    if not np.isfinite(found).all():
        raise Hint("some weights are NaN or infinite already for tiny images.")
    plain = np.exp(-squares / (2 * sigma**2))
    columns = "each column sums to one. Each ROW should: the weights of one noisy image (axis=1)."
    mean = "‖z - x‖² is the SUM of the squared differences over the pixels, not their mean."
    mistakes = (
        (plain, "these weights do not sum to one: divide each row by its sum."),
        (plain / plain.sum(axis=0), columns),
        (plain / plain.sum(), "all weights together sum to one. Each row should: axis=1, keepdims=True."),
        (_normal(-squares / (2 * sigma)), "sigma is not squared: divide by 2·sigma²."),
        (_normal(-squares / sigma**2), "the 2 is missing: divide by 2·sigma²."),
        (_normal(-squares / 2 * sigma**2), "divide by (2·sigma²), all of it in brackets."),
        (_normal(squares / (2 * sigma**2)), "the sign: images that are FAR away should get the SMALL weights."),
        (_normal(-squares / 4 / (2 * sigma**2)), mean),
        (_normal(-np.sqrt(squares) / (2 * sigma**2)), "‖z - x‖² is the squared distance; here is its root."),
    )
    otherwise = "not these weights. Start from exponent = -‖z - x_i‖² / (2·sigma²), one for each pair."
    compare(found, right, mistakes, otherwise)

    # Real images have thousands of pixels: every exponent is near minus half their number.
    images = rng.uniform(0, 1, (4, 32, 32)).astype(np.float32)
    noisy = np.stack([images[0] + 0.01, 30 + images[1]]).astype(np.float32)  # far away, the second much farther
    found = _weights(answer, noisy, images, 0.1)
    if found.shape != (2, 4):
        raise Hint(f"for 2 noisy and 4 training images the shape should be (2, 4); it is {found.shape}.")
    if not np.isfinite(found).all() or not np.allclose(found.sum(axis=1), 1, atol=1e-3):
        raise Hint(
            "on 32x32 images exp underflows to 0, and 0 / 0 is NaN. Subtract the largest exponent of each row before "
            "exp: that changes no weight after the division."
        )
    exponents = -((noisy[:, np.newaxis].astype(float) - images) ** 2).sum(axis=(2, 3)) / (2 * 0.1**2)
    cut_off = (
        "right for tiny images, wrong for 32x32. Did you cut off large numbers, or add a small one to avoid 0 / 0? "
        "Subtract the largest exponent of each row instead."
    )
    compare(found, _normal(exponents), (), cut_off, tolerance=1e-3)


def _share(answer: object, *arguments: object) -> float:
    result: Any = call(answer, *arguments)
    if np.ndim(result) > 0 and np.size(result) > 1:
        raise Hint(f"one number is wanted, the mean over all images; this has the shape {np.shape(result)}.")
    return number(result.item() if isinstance(result, np.ndarray) else result)


def _weights(answer: object, noisy: np.ndarray, images: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(call(answer, noisy, images, sigma), dtype=float)


def _normal(exponents: np.ndarray) -> np.ndarray:
    weights = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
