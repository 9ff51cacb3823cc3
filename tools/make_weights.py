"""Train the network that ships with the course (cdae_lessons/weights), about 5 minutes on one core.

Run by hand: python tools/make_weights.py [--steps 4000]. The same seed and machine give the same weights.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np

from cdae_lessons import datasets, denoisers, metrics, models, noise, training, weights
from cdae_lessons.studies import code

STARTS = ("cdae_lessons.models", "cdae_lessons.training", "cdae_lessons.denoisers")  # the code that decides all this
SEED, TRAIN = 2016, 2000
TEST_SEED, TEST = 2017, 50
LEVELS = (0.1, 0.3, 0.6)


def any_gaussian(images: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise with a level of its own for each image, equally likely in each octave of the range."""
    low, high = np.log(weights.SIGMAS)
    sigma = np.exp(rng.uniform(low, high, (len(images), 1, 1))).astype(np.float32)
    return images + sigma * rng.standard_normal(images.shape, dtype=np.float32)


def main() -> None:
    """Train, score on held-out subjects, store."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=4000)
    steps = parser.parse_args().steps
    clean = datasets.load("brain", n=TRAIN, seed=SEED).images
    test = datasets.load("brain", n=TEST, seed=TEST_SEED).images
    model = models.cnn_dae(clean.shape[1], seed=0)
    history = training.fit(model, clean, any_gaussian, recipe="fast", steps=steps, seed=0)
    made = {
        "network": "cnn_dae, 112,001 weights, stored as float16",
        "train": f"brain, seed={SEED}, n={TRAIN}",
        "noise": "Gaussian, p=1, sigma log-uniform in {} to {}".format(*weights.SIGMAS),
        "recipe": f"fast, {steps} steps of 5 images, seed 0",
        "code": code.version("brain", starts=STARTS),
    }
    held_out = f"brain, seed={TEST_SEED}, n={TEST}; noise rng=0"
    path = weights.save(model, {"made": made, "test": held_out, "ssim": {}})
    model = weights.load(clean.shape[1])  # as rounded as users get it
    table = {}
    for sigma in LEVELS:
        corrupt = partial(noise.gaussian, p=1, sigma=sigma)
        noisy, noisy_train = corrupt(test, rng=0), corrupt(clean[:16], rng=1)
        tv = denoisers.denoise("tv", noisy, **denoisers.tune("tv", noisy_train, clean[:16]))
        images = {"noisy": noisy, "tv": tv, "network": training.denoise(model, noisy)}
        table[f"{sigma:g}"] = metrics.compare(test, images, data_range=1)["ssim"].round(3).to_dict()
    weights.save(model, {"made": made, "test": held_out, "ssim": table})
    print(f"{path.stat().st_size / 1e3:.0f} kB after {history.seconds:.0f} s; mean SSIM {table}")


if __name__ == "__main__":
    main()
