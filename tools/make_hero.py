"""Draw the picture at the top of the README, docs/hero.png, some seconds: python tools/make_hero.py.

Brains that the network that ships has not seen, at three levels of noise, denoised by it and by tuned rivals.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cdae_lessons import datasets, denoisers, metrics, noise, plotting, training, weights

PATH = Path(__file__).parents[1] / "docs" / "hero.png"
SIGMAS = (0.1, 0.3, 0.6)
SHOWN = 1  # which of the test images
BACKGROUND, INK = "#101418", "#e8e8e8"  # dark as the images are, so that the picture suits a light page and a dark one


def main() -> None:
    """Draw and store."""
    train = datasets.load("brain", n=16, seed=2016).images  # tuned on the network's own training images
    clean = datasets.load("brain", n=SHOWN + 1, seed=2017).images[SHOWN:]
    network = weights.load(clean.shape[1])
    rows = [denoised(clean, train, sigma=sigma, network=network) for sigma in SIGMAS]
    figure = plotting.Figure(figsize=(8.6, 5.6), facecolor=BACKGROUND, layout="constrained")
    axes = figure.subplots(len(rows), len(rows[0]))
    for i, row in enumerate(rows):
        axes[i, 0].set_ylabel(f"noise σ = {SIGMAS[i]:g}", color=INK, fontsize=11)
        for ax, (name, image) in zip(axes[i], row.items(), strict=True):
            ax.imshow(image[0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            if i == 0:
                ax.set_title(name, color=INK, fontsize=11)
            if name != "clean":
                ssim = metrics.score(clean, image, data_range=1)["ssim"].iloc[0]
                ax.set_xlabel(f"SSIM {ssim:.2f}", color=INK, fontsize=10)
    figure.savefig(PATH, dpi=110)
    print(f"{PATH.name}: {PATH.stat().st_size / 1e3:.0f} kB")


def denoised(clean: np.ndarray, train: np.ndarray, *, sigma: float, network: object) -> dict[str, np.ndarray]:
    """A row of the picture: an image of shape (1, H, W) for each column."""
    noisy, noisy_train = (
        noise.gaussian(images, p=1, sigma=sigma, rng=seed) for seed, images in enumerate((clean, train))
    )
    rivals = {
        label: denoisers.denoise(method, noisy, **denoisers.tune(method, noisy_train, train))
        for label, method in (("NL-means, tuned", "nl_means"), ("total variation, tuned", "tv"))
    }
    return {"noisy": noisy, **rivals, "CNN DAE": training.denoise(network, noisy), "clean": clean}


if __name__ == "__main__":
    main()
