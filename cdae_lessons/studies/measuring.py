"""One run, from images to scores: all that `run`, `reproduce` and `search` do, here or on a worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from cdae_lessons import denoisers, metrics, noise, training
from cdae_lessons.backend import describe
from cdae_lessons.files import StrPath, appearing
from cdae_lessons.studies import networks
from cdae_lessons.studies.configuration import Configuration
from cdae_lessons.studies.sides import Sides, sides

TEST_NOISE = 2016  # seed of the one noisy test set that every run of one data set and noise is scored on
BORDER = metrics.WINDOW // 2  # pixels whose SSIM does not count
EXAMPLES = 3  # test images kept for pictures


def measure(config: Configuration, *, data_dir: StrPath | None = None, keep: StrPath | None = None) -> dict[str, Any]:
    """Train one network, or tune one classical method, and score it on the test images.

    Parameters
    ----------
    config : Configuration
        What to do.
    data_dir : path, optional
        Where the images are, see `datasets.load`.
    keep : path, optional
        Folder for the trained network, ``KEY.keras``, and for what was made of the first test images, ``KEY.npz``.

    Returns
    -------
    dict
        Plain numbers, lists and text, ready for JSON: ``config``; ``code``, what decided it (``code.version``);
        ``scores``, lists of ``ssim``, ``psnr`` and ``ssim_body`` (``data_range=1``; NaN in an image without a body) and
        ``ssim_range2`` (``data_range=2``) with an entry for each test image; ``subjects``, whom each shows, as whole
        numbers; ``validation_ssim``, the mean over the validation images, by which networks may be chosen (None for a
        classical method, or without such images); ``history``, the loss of each epoch; ``weights`` (0 for a classical
        method); ``seconds`` of training or tuning; ``finished``, the time (UTC); ``made_with``, versions and device.

    Raises
    ------
    InputError
        If the set has too few images, cannot be loaded, or the training fails.
    KeyboardInterrupt
        After an interrupt: a network that was trained half is not the recipe's.
    """
    images = sides(config, data_dir=data_dir)
    corrupt = noise.parse(config.noise)
    noisy = corrupt(images.test.images, rng=TEST_NOISE)
    started = time.monotonic()
    model, history, validation_ssim = None, None, None
    if config.network in networks.CLASSICAL:
        denoised = _classical(config.network, noisy, images.train, corrupt)
    else:
        model, history = _trained(config, images.train, corrupt)
        denoised = training.denoise(model, noisy)
    seconds = 0.0 if config.network == "noisy" else time.monotonic() - started
    if model is not None and len(images.validation):
        validation_ssim = _validated(model, images, corrupt)
    scores = _scores(images.test.images, denoised)
    if keep is not None:
        _keep(Path(keep), config, denoised, model, history, scores)
    return {
        "config": asdict(config),
        "code": config.code,
        "scores": {name: np.round(values, 5).tolist() for name, values in scores.items()},
        "subjects": np.unique(images.test.subjects, return_inverse=True)[1].tolist(),
        "validation_ssim": validation_ssim,
        "history": {} if history is None else history.table.round(5).to_dict(orient="list"),
        "weights": 0 if model is None else model.count_params(),
        "seconds": round(seconds, 2),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": describe(),
    }


def length(config: Configuration) -> dict[str, int]:
    """How long a network is trained, as an argument of `training.fit`: ``{"epochs": 100}`` or ``{"steps": 400}``."""
    if isinstance(config.epochs, int):
        return {"epochs": config.epochs}
    if config.epochs is not None:
        return {"steps": int(config.epochs.split()[0])}
    recipe = training.RECIPES[config.recipe]
    return {"epochs": recipe.epochs} if recipe.epochs else {"steps": recipe.steps}


def _classical(method: str, noisy: np.ndarray, train: np.ndarray, corrupt: Callable[..., np.ndarray]) -> np.ndarray:
    if method == "noisy":
        return noisy
    if method in networks.UNTUNED:
        name, parameters = networks.UNTUNED[method]
        return denoisers.denoise(name, noisy, **parameters)
    return denoisers.denoise(method, noisy, **denoisers.tune(method, corrupt(train, rng=0), train))


def _trained(
    config: Configuration, train: np.ndarray, corrupt: Callable[..., np.ndarray]
) -> tuple[Any, training.History]:
    """A network that saw its training images alone: validation images would be 50 more, also at n = 10."""
    network, build, loss = networks.parse(config.network)
    model = build(config.size, seed=config.seed)
    how: dict[str, Any] = {"recipe": config.recipe, "seed": config.seed, "progress": False}
    ((unit, total),) = length(config).items()
    if network.endswith(networks.LAYERWISE):
        blocks = sum(layer.name.startswith("encode_") for layer in model.layers)
        share = max(1, total // (2 * blocks))
        _finished(*training.pretrain_layerwise(model, train, corrupt, **{**how, unit: share}))
        total = max(1, total - blocks * share)
    history = training.fit(model, train, corrupt, loss=loss, **{**how, unit: total})
    _finished(history)
    return model, history


def _finished(*histories: training.History) -> None:
    if any(history.stopped == "interrupted" for history in histories):
        raise KeyboardInterrupt


def _validated(model: Any, images: Sides, corrupt: Callable[..., np.ndarray]) -> float:
    clean = images.validation.images
    seen = training.denoise(model, training.validation_noise(clean, corrupt))
    return round(float(metrics.score(clean, seen, data_range=1)["ssim"].mean()), 5)


def _scores(clean: np.ndarray, denoised: np.ndarray) -> dict[str, np.ndarray]:
    whole, body = metrics.score(clean, denoised, data_range=1), metrics.body_mask(clean)
    inside = np.full(len(clean), np.nan)
    if body[:, BORDER:-BORDER, BORDER:-BORDER].any():
        inside = metrics.score(clean, denoised, data_range=1, mask=body)["ssim"].to_numpy()
    return {
        "ssim": whole["ssim"].to_numpy(),
        "psnr": whole["psnr"].to_numpy(),
        "ssim_body": inside,
        "ssim_range2": metrics.score(clean, denoised, data_range=2)["ssim"].to_numpy(),
    }


def _keep(
    folder: Path,
    config: Configuration,
    denoised: np.ndarray,
    model: Any,
    history: training.History | None,
    scores: dict[str, np.ndarray],
) -> None:
    if model is not None:
        means = {name: float(scores[name].mean()) for name in ("ssim", "psnr")}
        training.save(model, folder / f"{config.key}.keras", history=history, scores=means)
    with appearing(folder / f"{config.key}.npz") as part, part.open("wb") as file:
        np.savez_compressed(file, examples=denoised[:EXAMPLES])
