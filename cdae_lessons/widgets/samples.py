"""The samples lab: one noisy scan, people who could have made it, drawn one after another, and their average."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from scipy.special import softmax

from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.errors import InputError
from cdae_lessons.widgets import base, panels

_MOST = 50  # samples
_HEIGHT = panels.height(2)


def samples_case(clean: np.ndarray, world: np.ndarray, *, noise: float, count: int, seed: int = 0) -> dict:
    """Scan a person with noise, and draw those of a world who could have made the scan.

    Every image of the world is as common as the others, so by Bayes' rule the weight of image x_i, in the light of the
    scan z, is proportional to exp(-‖z - x_i‖² / (2·noise²)); a sample is an image drawn with these weights.

    Parameters
    ----------
    clean : ndarray of shape (H, W), floating point in [0, 1]
        The person.
    world : ndarray of shape (M, H, W), floating point in [0, 1]
        All who are held for possible.
    noise : float > 0
        Standard deviation of the Gaussian noise, in grey levels.
    count : int >= 1
        How many samples to draw.
    seed : int
        Of the noise and of the samples; more samples begin with the same ones.

    Returns
    -------
    dict
        ``noisy`` (H, W); ``weights`` (M,); ``samples`` (count, H, W); ``average`` (H, W), E[x | z]; ``predicted``, the
        root mean squared error that the weights expect of the average.
    """
    rng = np.random.default_rng(seed)
    noisy = clean + noise * rng.standard_normal(clean.shape)
    flat = world.reshape(len(world), -1).astype(float)
    weights = softmax((flat @ noisy.ravel() - (flat**2).sum(axis=1) / 2) / noise**2)
    average = weights @ flat
    variance = weights @ flat**2 - average**2
    drawn = np.minimum(np.searchsorted(np.cumsum(weights), rng.random(count)), len(world) - 1)
    return {
        "noisy": noisy,
        "weights": weights,
        "samples": world[drawn],
        "average": average.reshape(clean.shape),
        "predicted": float(np.sqrt(variance.mean().clip(0))),
    }


def samples_lab(world: np.ndarray | Cohort, others: np.ndarray | Cohort | None = None) -> base.Lab:
    """Draw people who could have made one noisy scan: each is sharp, and their average errs least.

    Parameters
    ----------
    world : ndarray of shape (M, H, W), floating point in [0, 1], or Cohort
        All who are held for possible, two images at least.
    others : ndarray of shape (N, H, W), floating point in [0, 1], or Cohort, optional
        People who are not among them, to be scanned, too.

    Returns
    -------
    Lab

    Raises
    ------
    InputError
        On images of another type, shape, size or range, or fewer than two in the world.
    """
    world = panels.images_of(world)
    if len(world) < 2:
        msg = f"Expected a world of at least two images; received {len(world)}. Give those of a training set."
        raise InputError(msg)
    scanned = {"one of these": world}
    if others is not None:
        scanned["somebody else"] = panels.images_of(others)
        if scanned["somebody else"].shape[1:] != world.shape[1:]:
            msg = f"Expected others of shape (N, {world.shape[1]}, {world.shape[2]}); received {np.shape(others)}."
            raise InputError(msg)
    most = min(map(len, scanned.values()))
    sample = base.slider("Samples", 1, 1, _MOST, 1)

    def another() -> None:
        sample.box.value = sample.value % _MOST + 1

    controls = {
        **panels.image_slider(most),
        **({"scanned": base.menu("Scanned", [*scanned])} if len(scanned) > 1 else {}),
        "noise": base.slider("Noise σ", 3.0, 0.5, 10.0, 0.25),
        "count": sample,
        "seed": base.slider("Scan number", 0, 0, 99, 1),
        "another": base.button("Draw another sample", another),
    }
    first = next(iter(scanned))

    def redraw(settings: dict) -> base.Drawn:
        clean = scanned[settings.pop("scanned", first)][settings.pop("image", 0)]
        case = samples_case(clean, world, **settings)
        return partial(_draw, clean, case, settings["noise"]), _text(clean, case)

    return base.Lab("samples lab", controls, redraw, height=_HEIGHT, rows=2)


def _rms(difference: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(difference, dtype=float))))


def _draw(clean: np.ndarray, case: dict, noise: float, figure: Figure) -> None:
    samples = case["samples"]
    running = samples.mean(axis=0, dtype=float)
    counted = f"Mean of {len(samples)} sample{'s' * (len(samples) > 1)}"
    scale = 1 + 4 * noise  # black is -2σ, white 1 + 2σ: hardly any noise is cut off
    panels.picture(figure, panels.place(0), (case["noisy"] + 2 * noise) / scale, "Scan", f"black {-2 * noise:g}")
    panels.picture(figure, panels.place(0, 1), clean, "Truth")
    made = {f"Sample {len(samples)}": samples[-1], counted: running, "Average of all, D(z)": case["average"]}
    for column, (name, image) in enumerate(made.items(), start=1):
        note = f"error {_rms(image - clean):.3f}"
        panels.picture(figure, panels.place(column), image, name, note)
        panels.error(figure, panels.place(column, 1), image - clean, "minus truth, ±0.5")


def _text(clean: np.ndarray, case: dict) -> str:
    samples, average = case["samples"], case["average"]
    squared = np.mean((samples - clean) ** 2, axis=(1, 2), dtype=float).mean()
    least = _rms(average - clean) ** 2
    ratio = f"{squared / least:.2f}" if least > 1e-6 else "nothing is uncertain"
    rows = [
        ("People in use, 1 / Σ w²", f"{1 / np.square(case['weights']).sum():.1f}"),
        ("Error of the average, as the weights expect it", f"{case['predicted']:.3f}"),
        ("Error of the average, root mean square", f"{np.sqrt(least):.3f}"),
        ("Squared error of these samples over that of the average", ratio),
    ]
    return panels.table(("This scan", ""), rows)
