"""Draw the pictures of instructor/figure_questions.md: python tools/make_question_figures.py [NAME ...]

Each function makes a small seeded run and returns the picture, and the numbers on which its answer rests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from cdae_lessons import datasets, denoisers, lesions, metrics, models, noise, plotting, training

FOLDER = Path(__file__).parents[1] / "instructor" / "figures"
SIZE = 32
SCALE = 1.5  # of the pictures, to 100 pixels an inch


def noise_once() -> tuple[Any, dict[str, float]]:
    """Ten images, noise that was drawn once, a long training."""
    images = brains(30)
    network = models.dense_autoencoder(SIZE, code=256)
    history = training.fit(
        network, images[:10], partial(noise.gaussian, p=0.3), epochs=150, batch_size=2, loss="mse",
        validation=images[10:], progress=False,
    )  # fmt: skip
    table = history.table[["epoch", "loss", "val_loss"]].dropna()
    figure, axes = plotting.subplots()
    axes[0, 0].plot(table["epoch"], table["loss"], label="training")
    axes[0, 0].plot(table["epoch"], table["val_loss"], "--", label="validation")
    axes[0, 0].set(xlabel="epoch", ylabel="loss")
    plotting.label_lines(axes[0, 0])
    end = table.iloc[-1]
    return figure, {"training": end["loss"], "validation": end["val_loss"], "best": table["val_loss"].min()}


def noisy_target() -> tuple[Any, dict[str, float]]:
    """The same network, once taught the clean image and once the noisy one."""
    images, noisy = brains(24), noise.gaussian(brains(24), p=0.2, rng=1)
    columns = {"clean": images[20:], "noisy": noisy[20:]}
    for name, wants_noise in (("network I", False), ("network II", True)):

        def corrupt(clean: np.ndarray, *, rng: Any, wants_noise: bool = wants_noise) -> tuple[np.ndarray, np.ndarray]:
            seen = noise.gaussian(clean, p=0.2, rng=rng)
            return seen, seen if wants_noise else clean

        network = models.encoder_decoder(SIZE, depth=1, width=16, skips=True)
        training.fit(network, images[:20], corrupt, recipe="fast", steps=300, loss="mse", progress=False)
        columns[name] = training.denoise(network, noisy[20:])
    errors = {name: rms(picture, columns["clean"]) for name, picture in columns.items()}
    return plotting.show(columns, rows=1), errors | {
        "II from its input": rms(columns["network II"], noisy[20:].clip(0, 1))
    }


def clipped() -> tuple[Any, dict[str, float]]:
    """Greys of a black region with noise, after clipping."""
    greys = noise.gaussian(np.zeros((4, SIZE, SIZE), "float32"), p=0.1, clip=True, rng=0).ravel()
    figure, axes = plotting.subplots()
    axes[0, 0].hist(greys, bins=np.linspace(-0.2, 0.5, 36), color="0.4")
    axes[0, 0].axvline(greys.mean(), color="C3", linestyle="--")
    axes[0, 0].annotate("mean", (greys.mean(), 0.9), (6, 0), xycoords=("data", "axes fraction"),
                        textcoords="offset points", color="C3")  # fmt: skip
    axes[0, 0].set(xlabel="grey in the black region", ylabel="pixels")
    return figure, {"at zero": float(np.mean(greys == 0)), "mean": float(greys.mean())}


def residuals() -> tuple[Any, dict[str, float]]:
    """What a Gaussian filter of three widths took away."""
    images = brains(1)
    noisy = noise.gaussian(images, p=0.1, rng=0)
    widths = {"I": 0.5, "II": 3.0, "III": 0.42}
    taken = {name: noisy - ndimage.gaussian_filter(noisy, (0, width, width)) for name, width in widths.items()}
    edges = np.abs(images - ndimage.gaussian_filter(images, (0, 1, 1))).ravel()
    facts = {name: float(np.corrcoef(np.abs(left).ravel(), edges)[0, 1]) for name, left in taken.items()}
    return plotting.show(taken, rows=1, vmin=-0.4, vmax=0.4), facts | {
        f"size {n}": float(r.std()) for n, r in taken.items()
    }


def leak() -> tuple[Any, dict[str, float]]:
    """A method that only looks up its training images, tested on two splits of the same films."""
    first = brains(60)
    films = np.concatenate([first, 0.03 + 0.9 * first])  # two films a person, the second a little paler
    person = np.tile(np.arange(60), 2)
    order = np.random.default_rng(0).permutation(120)
    splits = {
        "split X": (order[:90], order[90:]),
        "split Y": (np.flatnonzero(person < 45), np.flatnonzero(person >= 45)),
    }
    errors = {}
    for name, (known, new) in splits.items():
        looked_up = denoisers.training_average(films[new], images=films[known], sigma=0.05)
        errors[name] = np.sqrt(np.mean((looked_up - films[new]) ** 2, axis=(1, 2)))
    figure, axes = plotting.subplots(height=2.4)
    for row, values in enumerate(errors.values()):
        axes[0, 0].plot(values, np.full(len(values), row) + np.linspace(-0.2, 0.2, len(values)), "o", alpha=0.6)
    axes[0, 0].set(xlabel="error of each test film", yticks=[0, 1], yticklabels=[*errors], ylim=(-0.5, 1.5))
    facts = {name: float(np.median(values)) for name, values in errors.items()}
    both = {name: len({*person[known]} & {*person[new]}) for name, (known, new) in splits.items()}
    return figure, facts | {f"people of {name} on both sides": n for name, n in both.items()}


def straw_man() -> tuple[Any, dict[str, float]]:
    """Total variation with one weight for all levels of noise, and tuned at each."""
    train, test, sigmas = brains(6), brains(12)[6:], (0.05, 0.1, 0.2, 0.4)
    lines: dict[str, list[float]] = {"noisy": [], "TV, line I": [], "TV, line II": []}
    fixed: dict[str, Any] = {}
    for sigma in sigmas:
        pair = [noise.gaussian(images, p=sigma, rng=seed) for seed, images in enumerate((train, test))]
        tuned = denoisers.tune("tv", pair[0], train)
        fixed = fixed or tuned
        lines["noisy"].append(psnr(test, pair[1]))
        lines["TV, line I"].append(psnr(test, denoisers.denoise("tv", pair[1], **fixed)))
        lines["TV, line II"].append(psnr(test, denoisers.denoise("tv", pair[1], **tuned)))
    figure = by_sigma(sigmas, lines, ("k:", "s--", "o-"))
    return figure, {"noisy": lines["noisy"][-1], "I": lines["TV, line I"][-1], "II": lines["TV, line II"][-1]}


def two_teams() -> tuple[Any, dict[str, float]]:
    """The same denoised images, scored with two ranges of the data."""
    images, sigmas = brains(8), (0.05, 0.1, 0.2, 0.4)
    denoised = [denoisers.denoise("median", noise.gaussian(images, p=sigma, rng=0), size=3) for sigma in sigmas]
    lines = {f"team {r}": [psnr(images, picture, data_range=r) for picture in denoised] for r in (1, 2)}
    figure = by_sigma(sigmas, lines, ("o-", "s--"))
    gaps = np.subtract(lines["team 2"], lines["team 1"])
    return figure, {"least gap": float(gaps.min()), "largest gap": float(gaps.max())}


def faint() -> tuple[Any, dict[str, float]]:
    """A linear autoencoder with 16 numbers (PCA), at faint and at heavy noise."""
    train, test = brains(100).reshape(100, -1), brains(120)[100:]
    mean, sigmas = train.mean(axis=0), (0.02, 0.05, 0.1, 0.2, 0.4)
    basis = np.linalg.svd(train - mean, full_matrices=False)[2][:16]
    into, out = [], []
    for sigma in sigmas:
        noisy = noise.gaussian(test, p=sigma, rng=0)
        into.append(psnr(test, noisy))
        out.append(psnr(test, ((noisy.reshape(20, -1) - mean) @ basis.T @ basis + mean).reshape(test.shape)))
    figure = by_sigma(sigmas, {"what goes in": into, "what comes out": out}, ("k:", "o-"))
    return figure, {"gain, faint": out[0] - into[0], "gain, heavy": out[-1] - into[-1]}


def sharp() -> tuple[Any, dict[str, float]]:
    """At extreme noise, the weighted average of the training images; the patient has a bright spot."""
    images = brains(121)
    train, patient = images[:120], images[120:]
    ill = lesions.insert(patient, centre=(18, 12), radius=2, contrast=0.4)
    noisy = noise.gaussian(ill, p=0.5, rng=1)
    out = denoisers.training_average(noisy, images=train, sigma=0.5)
    healthy = denoisers.training_average(noise.gaussian(patient, p=0.5, rng=1), images=train, sigma=0.5)
    spot = ill > patient
    facts = {
        "from the nearest training image": min(rms(out, image) for image in train),
        "share of the spot": float((out - healthy)[spot].mean() / (ill - patient)[spot].mean()),
    }
    return plotting.show({"scan": noisy, "denoised": out}, rows=1), facts


def two_scans() -> tuple[Any, dict[str, float]]:
    """Two scans of one person, denoised by the same method, and the truth."""
    images = brains(121)
    train, patient = images[:120], images[120:]
    one, two = (
        denoisers.training_average(noise.gaussian(patient, p=0.15, rng=seed), images=train, sigma=0.15)
        for seed in (1, 2)
    )
    columns = {"scan 1, denoised": one, "scan 2, denoised": two, "truth": patient}
    return plotting.show(columns, rows=1), {"between": rms(one, two), "error": rms(one, patient)}


def grid() -> tuple[Any, dict[str, float]]:
    """An even image made twice as large by stamps of 3x3 equal weights, two pixels apart."""
    spread = np.zeros((1, 24, 24))
    spread[0, ::2, ::2] = 1
    stamped = ndimage.convolve(spread, np.ones((1, 3, 3)), mode="constant")[:, 2:-4, 2:-4]
    picture = 0.8 * stamped / stamped.max()
    columns = {"what went in": np.full(picture.shape, 0.5), "what came out": picture}
    return plotting.show(columns, rows=1), {"most": float(stamped.max()), "least": float(stamped.min())}


FIGURES: dict[str, Callable[[], tuple[Any, dict[str, float]]]] = {
    function.__name__: function
    for function in (
        noise_once, noisy_target, clipped, residuals, leak, straw_man, two_teams, faint, sharp, two_scans, grid
    )
}  # fmt: skip


def brains(n: int) -> np.ndarray:
    """The first `n` of 150 brains, of shape (n, SIZE, SIZE)."""
    return datasets.load("brain", size=SIZE, n=150, seed=0).images[:n]


def rms(one: np.ndarray, other: np.ndarray) -> float:
    """Root of the mean squared difference."""
    return float(np.sqrt(np.mean((one - other) ** 2)))


def psnr(clean: np.ndarray, other: np.ndarray, *, data_range: float = 1) -> float:
    """Mean PSNR of images, in dB."""
    return float(metrics.score(clean, other, data_range=data_range)["psnr"].mean())


def by_sigma(sigmas: Sequence[float], lines: Mapping[str, Sequence[float]], styles: Sequence[str]) -> Any:
    """A figure of lines of PSNR over the noise, with their names at their ends."""
    figure, axes = plotting.subplots()
    for (name, values), style in zip(lines.items(), styles, strict=True):
        axes[0, 0].plot(sigmas, values, style, label=name)
    axes[0, 0].set(xlabel="noise σ", ylabel="PSNR, dB")
    plotting.label_lines(axes[0, 0])
    return figure


def main() -> None:
    """Draw and store all of them, or those that are named."""
    FOLDER.mkdir(exist_ok=True)
    chosen = sys.argv[1:] or [*FIGURES]
    for name in chosen:
        figure, facts = FIGURES[name]()
        path = FOLDER / f"{name}.png"
        path.write_bytes(plotting.png(figure, scale=SCALE, compress_level=9))
        numbers = ", ".join(f"{key} {value:.3f}" for key, value in facts.items())
        print(f"{name}: {path.stat().st_size / 1e3:.0f} kB; {numbers}", flush=True)


if __name__ == "__main__":
    main()
