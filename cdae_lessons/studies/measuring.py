"""One run of a study, from images to scores: what a worker does, and all that it does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from cdae_lessons import __version__, datasets, denoisers, metrics, noise, training
from cdae_lessons.backend import describe
from cdae_lessons.datasets import medmnist
from cdae_lessons.studies import networks

if TYPE_CHECKING:
    from cdae_lessons.datasets.cohort import Cohort
    from cdae_lessons.studies.configuration import Configuration

TEST, VALIDATION = 100, 50  # images kept apart, or a fifth and a tenth of a set of fewer than 500
LARGEST = 1000  # images drawn from a MedMNIST set: some have 100,000
TEST_NOISE = 2016  # seed of the one noisy test set that every run of one data set and noise is scored on

RIVALS = tuple(
    name
    for name in ("noisy", "median", "gaussian", "nl_means", "tv", "bm3d", "training_average")
    if name == "noisy" or name in denoisers.DENOISERS
)
"""What stands beside the networks: the noisy images, and classical denoisers tuned on training images."""

_DECIDE = (  # the modules that a result depends on
    *("backend", "brain", "cohort", "datasets", "denoisers", "folders", "medmnist_files", "metrics", "models"),
    *("networks", "noise", "patches", "readers", "recipes", "training", "trials"),
)


def measure(config: Configuration, *, data_dir: str | os.PathLike | None = None) -> dict[str, Any]:
    """Train one network, or tune one classical method, and score it on the test images.

    Parameters
    ----------
    config : Configuration
        What to do.
    data_dir : path, optional
        Where the images are, see `datasets.load`.

    Returns
    -------
    dict
        Plain numbers, lists and text, ready for JSON: ``config``; ``code`` (`code_version`); ``scores``, lists of
        ``ssim``, ``psnr`` and ``ssim_body`` with an entry for each test image (``data_range=1``); ``subjects``, whom
        each shows, as whole numbers; ``validation_ssim``, the mean over the validation images, by which networks may be
        chosen (None for a classical method); ``history``, the loss of each epoch; ``weights`` (0 for a classical
        method); ``seconds`` of training or tuning; ``finished``, the time (UTC); ``made_with``, versions and device.

    Raises
    ------
    InputError
        If the set has too few images, cannot be loaded, or the training fails.
    KeyboardInterrupt
        After an interrupt: a network that was trained half is not the recipe's.
    """
    train, validation, test = sides(config, data_dir=data_dir)
    corrupt = noise.parse(config.noise)
    noisy = corrupt(test.images, rng=TEST_NOISE)
    started = time.monotonic()
    history, weights, validation_ssim = {}, 0, None
    if config.network == "noisy":
        denoised, seconds = noisy, 0.0
    elif config.network not in RIVALS:
        model, history = _trained(config, train, corrupt)
        seconds, weights = time.monotonic() - started, model.count_params()
        denoised = training.denoise(model, noisy)
        seen = training.denoise(model, training.validation_noise(validation.images, corrupt))
        validation_ssim = round(metrics.score(validation.images, seen, data_range=1)["ssim"].mean(), 5)
    else:
        tuned = denoisers.tune(config.network, corrupt(train, rng=0), train)
        seconds = time.monotonic() - started
        denoised = denoisers.denoise(config.network, noisy, **tuned)
    scores = metrics.score(test.images, denoised, data_range=1)[["ssim", "psnr"]]
    body = metrics.body_mask(test.images)
    scores["ssim_body"] = metrics.score(test.images, denoised, data_range=1, mask=body)["ssim"]
    return {
        "config": asdict(config),
        "code": code_version(),
        "scores": scores.round(5).to_dict(orient="list"),
        "subjects": np.unique(test.subjects, return_inverse=True)[1].tolist(),
        "validation_ssim": validation_ssim,
        "history": history,
        "weights": weights,
        "seconds": round(seconds, 2),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_with": describe(),
    }


def sides(config: Configuration, *, data_dir: str | os.PathLike | None = None) -> tuple[np.ndarray, Cohort, Cohort]:
    """The images of a run, no subject on two sides.

    Test and validation images depend on the data set alone: neither the number of training images nor the seed changes
    them. The seed draws the training images from the rest; those of a small sample are among those of a larger one.

    Parameters
    ----------
    config : Configuration
        A mix, ``"brain+fundus"``, trains on equal shares of its sets, and is validated and tested on the first.
    data_dir : path, optional
        Where the images are.

    Returns
    -------
    train : ndarray of shape (n_train, size, size), float32 in [0, 1]
    validation, test : Cohort

    Raises
    ------
    InputError
        If there are too few images.
    """
    names = config.dataset.split("+")
    splits = [_split(name, config.size, None if data_dir is None else os.fspath(data_dir)) for name in names]
    shares = [config.n_train // len(names) + (i < config.n_train % len(names)) for i in range(len(names))]
    chosen = [
        pool.split(train=share, validation=0, test=0, seed=config.seed)[0].images
        for share, (pool, _, _) in zip(shares, splits, strict=True)
    ]
    return np.concatenate(chosen), *splits[0][1:]


@cache
def code_version() -> str:
    """The package's version and a digest of the modules that a result depends on, as ``"0.1.0-3f2a91c0"``.

    Any change to their text counts, even to a comment: better one training too many than two kinds in one table.
    """
    import hashlib

    folder = resources.files("cdae_lessons")
    text = "\0".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in _DECIDE)
    return f"{__version__}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@lru_cache(maxsize=8)  # a worker does many runs on few sets
def _split(name: str, size: int, data_dir: str | None) -> tuple[Cohort, Cohort, Cohort]:
    published = medmnist.info().get(name)
    n = None if published is None else min(LARGEST, sum(published["n_samples"].values()))
    cohort = datasets.load(name, size=size, n=n, data_dir=data_dir)
    test, validation = min(TEST, len(cohort) // 5), min(VALIDATION, len(cohort) // 10)
    _, validating, testing = cohort.split(train=1, validation=validation, test=test, seed=0)
    rest = ~np.isin(cohort.subjects, np.concatenate([validating.subjects, testing.subjects]))
    return replace(cohort, images=cohort.images[rest], subjects=cohort.subjects[rest]), validating, testing


def length(config: Configuration) -> dict[str, int]:
    """How long a network is trained, as an argument of `training.fit`: ``{"epochs": 100}`` or ``{"steps": 400}``."""
    if isinstance(config.epochs, int):
        return {"epochs": config.epochs}
    if config.epochs is not None:
        return {"steps": int(config.epochs.split()[0])}
    recipe = training.RECIPES[config.recipe]
    return {"epochs": recipe.epochs} if recipe.epochs else {"steps": recipe.steps}


def _trained(
    config: Configuration, train: np.ndarray, corrupt: Callable
) -> tuple[training.keras.Model, dict[str, list]]:
    """A network that saw its training images alone: validation images would be 50 more, also at n = 10."""
    network, build, loss = networks.parse(config.network)
    model = build(config.size, seed=config.seed)
    how = {"recipe": config.recipe, "seed": config.seed, "progress": False}
    ((unit, total),) = length(config).items()
    if network.endswith(networks.LAYERWISE):
        blocks = sum(layer.name.startswith("encode_") for layer in model.layers)
        share = max(1, total // (2 * blocks))
        _finished(*training.pretrain_layerwise(model, train, corrupt, **{unit: share}, **how))
        total = max(1, total - blocks * share)
    history = training.fit(model, train, corrupt, loss=loss, **{unit: total}, **how)
    _finished(history)
    return model, history.table.round(5).to_dict(orient="list")


def _finished(*histories: training.History) -> None:
    if any(history.stopped == "interrupted" for history in histories):
        raise KeyboardInterrupt
