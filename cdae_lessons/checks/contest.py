"""The open exercise of lesson 7: beat BM3D at heavy noise, with a hundred images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from cdae_lessons import datasets, metrics, noise
from cdae_lessons.checks.answers import Hint, call, exercise, images

TRAIN = MappingProxyType({"name": "brain", "n": 100, "seed": 61})
"""The training images, as ``datasets.load(**TRAIN)``; the rivals were tuned on them."""

NOISE = "gaussian p=0.2 sigma=5"

RIVALS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {"tv": (0.361, 17.51, 0.432), "training_average": (0.619, 17.79, 0.446), "bm3d": (0.449, 18.24, 0.413)}
)
"""SSIM, PSNR and SSIM inside the body of the rivals on the test images; a test measures them again."""

_GOAL = "bm3d"


def contest_images() -> tuple[np.ndarray, np.ndarray]:
    """The test images, clean and noisy, of subjects that no lesson trains on."""
    clean = datasets.load("brain", n=50, seed=1608).images
    return clean, noise.parse(NOISE)(clean, rng=4667)


def contest_table(answer: Callable[..., np.ndarray] | None) -> pd.DataFrame:
    """Score a denoiser beside the noisy images and the tuned rivals, on the check's test images.

    Parameters
    ----------
    answer : callable
        ``denoise(noisy)`` of images (N, 64, 64); returns images of the same shape. None leaves it out.

    Returns
    -------
    DataFrame
        A row a method: ``ssim``, ``psnr`` and ``ssim in body``, means over 50 images, data_range 1.
    """
    clean, noisy = contest_images()
    rows = {"noisy": _scores(clean, noisy)} | dict(RIVALS)
    if answer is not None:
        rows["yours"] = _scores(clean, np.clip(answer(noisy), 0, 1))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["ssim", "psnr", "ssim in body"])


@exercise("Beat BM3D")
def check_beat_bm3d(answer: object) -> None:
    """Check that a denoiser is ahead of tuned BM3D in SSIM and in PSNR, on test images that only this check uses.

    Parameters
    ----------
    answer : callable
        ``denoise(noisy)`` of float32 images (N, 64, 64) with noise of standard deviation 1; returns images of the
        same shape, each denoised on its own.
    """
    clean, noisy = contest_images()
    denoised = images(
        call(answer, noisy, changed="your function changes the noisy images. Compute new ones."), clean.shape
    )
    if np.allclose(denoised, noisy):
        raise Hint("the noisy images come back as they are.")
    if denoised.std(axis=0).max() < 0.01:
        raise Hint("all pictures are the same: an average brain, whoever was scanned. Look at the noisy image, too.")
    alone = images(call(answer, noisy[:1]), clean[:1].shape)
    if not np.allclose(alone[0], denoised[0], atol=0.01):
        raise Hint("an image comes out differently when it is alone: each patient must be denoised without the others.")
    denoised = np.clip(denoised, 0, 1)
    ssim, psnr, _ = _scores(clean, denoised)
    goal, goal_psnr, _ = RIVALS[_GOAL]
    beside = f"SSIM {ssim:.2f} and {psnr:.1f} dB; tuned BM3D has {goal:.2f} and {goal_psnr:.1f} dB"
    if ssim > goal and psnr > goal_psnr:
        return
    if ssim > goal:
        raise Hint(
            f"{beside}. The structure looks right, but grey values are farther off. Are these folds the patient's?"
        )
    if psnr > goal_psnr:
        raise Hint(f"{beside}. The grey values are near, the structure is not: is the picture too smooth, or grainy?")
    if psnr < _scores(clean, np.zeros_like(clean))[1]:
        raise Hint(
            f"{beside}. All-black pictures have more dB. Was it trained at this level, a standard deviation of 1?"
        )
    raise Hint(f"{beside}. What helps with few images: fresh noise, and a network that sees more than one scale.")


def _scores(clean: np.ndarray, images: np.ndarray) -> tuple[float, float, float]:
    whole = metrics.score(clean, images, data_range=1).mean()
    inside = metrics.score(clean, images, data_range=1, mask=metrics.body_mask(clean))["ssim"].mean()
    return round(whole["ssim"], 3), round(whole["psnr"], 2), round(inside, 3)
