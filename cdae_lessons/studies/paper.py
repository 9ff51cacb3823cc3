"""The paper's experiment on any image set: train, score, and compare with fair baselines. And `run`, for grids."""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from cdae_lessons import __version__, datasets, denoisers, metrics, models, noise, training
from cdae_lessons.backend import describe
from cdae_lessons.datasets import Cohort
from cdae_lessons.errors import InputError, check_count, known
from cdae_lessons.files import data_home
from cdae_lessons.studies import paper_report
from cdae_lessons.studies.running import run

__all__ = ["CLASSICAL", "HIGH", "LOW", "REPORTED", "Case", "reproduce", "run"]

LOW = "gaussian p=0.1 sigma=1"
HIGH = ("gaussian p=0.5 sigma=1", "gaussian p=0.2 sigma=5", "gaussian p=0.2 sigma=10", "poisson p=0.2 lam=5")
CLASSICAL = ("noisy", "median", "gaussian", "nl_means", "tv", "bm3d", "training_average")
TEST_NOISE = 2016  # seed of the one noisy test set that every method and every seed is scored on
SHOWN = 3  # test images kept for the pictures

# Mean SSIM of tables II to IV as recalled from the paper, not read from it. Which of its sets table IV is about is
# not recalled either; the noisy images' scores are nearest to those of the mammograms.
REPORTED: Mapping[tuple[str, str], Mapping[str, float]] = MappingProxyType(
    {
        ("mias", LOW): {"noisy": 0.45, "median": 0.73, "cnn_dae": 0.81},
        ("dx", LOW): {"noisy": 0.62, "median": 0.86, "cnn_dae": 0.88},
        ("mias+dx", LOW): {"noisy": 0.63, "median": 0.80, "nl_means": 0.62, "cnn_dae": 0.89, "cnn_dae combined": 0.90},
        ("mias", HIGH[0]): {"noisy": 0.10, "median": 0.28, "nl_means": 0.25, "cnn_dae": 0.70},
        ("mias", HIGH[1]): {"noisy": 0.03, "median": 0.11, "nl_means": 0.03, "cnn_dae": 0.55},
        ("mias", HIGH[2]): {"noisy": 0.01, "median": 0.03, "nl_means": 0.01, "cnn_dae": 0.39},
        ("mias", HIGH[3]): {"noisy": 0.33, "median": 0.17, "nl_means": 0.12, "cnn_dae": 0.85},
    }
)


@dataclass(frozen=True)
class Case:
    """One row of a table of the paper: a test set, a noise, and the training sets of its networks."""

    table: str
    dataset: str
    noise: str
    train: tuple[Cohort, ...]
    test: Cohort


def reproduce(
    dataset: str = "brain",
    *,
    partner: str | None = None,
    noises: Sequence[str] | str = "all",
    recipe: str = "fast",
    steps: int | None = None,
    seeds: int = 1,
    data_dir: str | os.PathLike | None = None,
    out: str | os.PathLike = "results",
    progress: bool = True,
) -> pd.DataFrame:
    """Repeat the paper's tables II, III and IV, with tuned classical denoisers beside the network.

    Table II trains the paper's network on each of two sets at low noise, table III on both together
    (half of each, then all of both), table IV on the first set at higher noise. The training and test
    images are the first and the last of each set, as in the paper: 300 and 22 for ``mias``, 300 and 100
    else, and fewer in proportion where there are fewer. No subject is on both sides. Nothing is chosen on test images.

    Every finished part is kept in `out`; called again after an interrupt, only the rest is done.

    Parameters
    ----------
    dataset : str
        First image set, a name for `datasets.load`.
    partner : str, optional
        Second set. By default ``dx`` beside ``mias`` where the data folder has a folder of that name, else ``fundus``.
    noises : "all" or sequence of str
        Which noise settings, as ``"gaussian p=0.5 sigma=1"``. Tables II and III are about
        ``"gaussian p=0.1 sigma=1"``; all others make table IV.
    recipe : {"paper", "fast"}
        How the networks are trained, see `training.fit`.
    steps : int, optional
        Training steps of each network, rounded up to whole epochs, in place of the recipe's.
    seeds : int
        How many networks are trained for each row, with seeds 0, 1, …
    data_dir : path, optional
        Where the images are, see `datasets.load`.
    out : path
        Folder for ``scores.csv``, ``images.csv`` (a row an image), ``paper_report.html``, the pictures, the trained
        networks (``models/``) and the finished parts (``runs/``).
    progress : bool
        Whether to print a line for each finished part.

    Returns
    -------
    DataFrame
        What ``scores.csv`` holds: a row for each set, noise, method, training set and seed, with the columns of
        `paper_report.COLUMNS`. ``ssim``, its 95 % interval over the test images and ``psnr`` (dB) have
        ``data_range=1``; ``ssim_range2`` has 2, which the paper probably used; ``reported`` is the paper's figure where
        there is one.

    Raises
    ------
    InputError
        On an unknown set, noise or recipe, too few images, or a folder that cannot be written.
    KeyboardInterrupt
        After an interrupt, with the finished parts kept.

    References
    ----------
    L. Gondara, ICDMW 2016, 241-246, doi 10.1109/ICDMW.2016.0041.
    """
    known(recipe, training.RECIPES, what="recipe")
    seeds = check_count(seeds, what="seeds", low=1)
    steps = None if steps is None else check_count(steps, what="steps", low=1)
    wanted = [LOW, *HIGH] if noises == "all" else [noises] if isinstance(noises, str) else list(noises)
    wanted = [noise.name(noise.parse(text)) for text in wanted]
    say = partial(print, flush=True) if progress else lambda *_: None
    out = Path(out)
    try:
        (out / "runs").mkdir(parents=True, exist_ok=True)
        (out / "models").mkdir(exist_ok=True)
    except OSError as error:
        msg = f"Cannot write to {out}: {error}. Choose another folder with out= (--out on the command line)."
        raise InputError(msg) from error

    cases = list(_cases(dataset, partner, wanted, data_dir, say))
    parts = [part for case in cases for part in _parts(case, recipe, steps, seeds)]
    say(f"{len(parts)} parts; the finished ones are kept in {out / 'runs'}.")
    results = []
    for number, (case, config, train) in enumerate(parts, start=1):
        stored = _read(out, config, say)
        if stored is None:
            stored = _measure(case, config, train, out=out, progress=progress)
            how = f"in {stored['seconds']:.1f} s"
        else:
            how = "(kept from before)"
        results.append((case, stored))
        say(f"[{number}/{len(parts)}] {_title(config)}: SSIM {np.mean(stored['scores']['ssim']):.3f} {how}")
    scores = pd.DataFrame([_row(case, stored) for case, stored in results], columns=paper_report.COLUMNS)
    paper_report.write(out, scores, results)
    say(f"\n{paper_report.text(scores, results)}\n")
    say(f"Written to {out}: scores.csv, images.csv, paper_report.html and its pictures.")
    return scores


def _cases(dataset: str, partner: str | None, noises: list[str], data_dir, say) -> Iterator[Case]:
    train, test = _sides(datasets.load(dataset, data_dir=data_dir), say)
    if LOW in noises:
        second = _partner(dataset, partner, data_dir)
        more_train, more_test = _sides(second, say)
        yield Case("II", train.name, LOW, (train,), test)
        yield Case("II", second.name, LOW, (more_train,), more_test)
        half = min(len(train), len(more_train)) // 2
        small = train.take(half) + more_train.take(half)
        yield Case("III", f"{train.name}+{second.name}", LOW, (small, train + more_train), test + more_test)
    for level in noises:
        if level != LOW:
            yield Case("IV", train.name, level, (train,), test)


def _partner(dataset: str, partner: str | None, data_dir) -> Cohort:
    if partner is None:
        # Only a folder of that name: load("dx") takes any image in data_dir, the mammograms too.
        dental = dataset == "mias" and (data_home(data_dir) / "dx").is_dir()
        partner = "dx" if dental else "histology" if dataset == "fundus" else "fundus"
    return datasets.load(partner, data_dir=data_dir)


def _sides(cohort: Cohort, say) -> tuple[Cohort, Cohort]:
    """The first images to train on and the last to test on, as in the paper, or as many as there are."""
    train, test = 300, 22 if cohort.name == "mias" else 100
    count = len(cohort)
    if count < 4:
        msg = f"Expected at least 4 images to train and test on; {cohort.name!r} has {count}."
        raise InputError(msg)
    if count < train + test:
        say(f"{cohort.name} has {count} images, fewer than the {train + test} of the paper's split, which is scaled.")
        test = max(round(count * test / (train + test)), min(6, count // 2))
        train = count - test
    while True:
        try:
            first, _, last = cohort.split(train=train, validation=0, test=test, seed=None)
        except InputError:  # the subject at the border has images on the test side
            train -= 1
        else:
            say(f"{cohort.name}: {train} images to train on, {test} to test on.")
            return first, last


def _parts(case: Case, recipe: str, steps: int | None, seeds: int) -> Iterator[tuple[Case, dict[str, Any], Cohort]]:
    """What is to be measured for one row of a table, each with the configuration that names its result."""
    common = {"table": case.table, "dataset": case.dataset, "noise": case.noise, "n_test": len(case.test)}
    common |= {"test": _digest(case.test.images), "version": __version__}
    for method in CLASSICAL:
        if method in ("noisy", "median") or method in denoisers.DENOISERS:
            how = {"noisy": "none", "median": "3x3"}.get(method, "tuned")
            yield case, _config(common, method, how, case.train[0], 0), case.train[0]
    for train in case.train:
        for seed in range(seeds):
            yield case, _config(common | {"steps": steps}, "cnn_dae", recipe, train, seed), train


def _config(common: dict[str, Any], method: str, recipe: str, train: Cohort, seed: int) -> dict[str, Any]:
    own = {"method": method, "recipe": recipe, "n_train": len(train), "train": _digest(train.images), "seed": seed}
    return common | own


def _digest(images: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(images).tobytes()).hexdigest()[:16]


def _title(config: Mapping[str, Any]) -> str:
    how = f" ({config['recipe']}, {config['n_train']} images, seed {config['seed']})"
    return f"{config['dataset']}, {config['noise']}: {config['method']}{how if config['method'] == 'cnn_dae' else ''}"


def _stem(config: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:12]
    words = f"{config['dataset']} {config['noise']} {config['method']} {config['seed']}"
    return f"{paper_report.slug(words)[-80:]}-{digest}"


def _read(out: Path, config: dict[str, Any], say) -> dict[str, Any] | None:
    """The stored result of a part, or None. A file that cannot be read is set aside, never trusted."""
    path = out / "runs" / f"{_stem(config)}.json"
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
            stored["examples"] = file["examples"]
        fits = stored["config"] == config and len(stored["scores"]["ssim"]) == config["n_test"]
        why = "" if fits else "it belongs to another run"
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        why = f"{type(error).__name__}: {error}"
    if why:
        say(f"{path.name} cannot be used ({why}); it is set aside as .bad and done again.")
        path.replace(path.with_suffix(".bad"))
        return None
    return stored


def _measure(case: Case, config: dict[str, Any], train: Cohort, *, out: Path, progress: bool) -> dict[str, Any]:
    """Do one part and store it: the pictures first, the scores last, each at one stroke."""
    corrupt = noise.parse(case.noise)
    clean, noisy = case.test.images, corrupt(case.test.images, rng=TEST_NOISE)
    started = time.monotonic()
    stem, history = _stem(config), None
    if config["method"] == "cnn_dae":
        model = models.cnn_dae(clean.shape[1], seed=config["seed"])
        history = training.fit(
            model,
            train.images,
            corrupt,
            recipe=config["recipe"],
            steps=config["steps"],
            seed=config["seed"],
            progress=progress,
        )
        if history.stopped == "interrupted":  # a network trained half is not the recipe's
            raise KeyboardInterrupt
        denoised = training.denoise(model, noisy)
    else:
        denoised = _classical(config["method"], noisy, train.images, corrupt)
    seconds = time.monotonic() - started
    body = metrics.body_mask(clean)
    scores = metrics.score(clean, denoised, data_range=1)
    scores["ssim_range2"] = metrics.score(clean, denoised, data_range=2)["ssim"]
    scores["ssim_body"] = metrics.score(clean, denoised, data_range=1, mask=body)["ssim"]
    result = {
        "config": config,
        "seconds": seconds,
        "scores": scores.to_dict(orient="list"),
        "loss": [] if history is None else history.table["loss"].tolist(),
        "made_with": describe(),
    }
    if history is not None:
        means = {"ssim": scores["ssim"].mean(), "psnr": scores["psnr"].mean()}
        training.save(model, out / "models" / f"{stem}.keras", history=history, scores=means)
    path = out / "runs" / f"{stem}.json"
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, examples=denoised[:SHOWN])
    part.replace(path.with_suffix(".npz"))
    part.write_text(json.dumps(result, indent=1), encoding="utf-8")
    part.replace(path)
    return result | {"examples": denoised[:SHOWN]}


def _classical(method: str, noisy: np.ndarray, train: np.ndarray, corrupt) -> np.ndarray:
    if method == "noisy":
        return noisy
    if method == "median":  # the paper's baseline as it stands: 3x3, and nothing tuned
        return denoisers.denoise("median", noisy, size=3)
    return denoisers.denoise(method, noisy, **denoisers.tune(method, corrupt(train, rng=0), train))


def _row(case: Case, stored: Mapping[str, Any]) -> dict[str, Any]:
    config, scores = stored["config"], stored["scores"]
    low, high = metrics.bootstrap_interval(np.array(scores["ssim"]), subjects=case.test.subjects)
    combined = case.table == "III" and config["method"] == "cnn_dae" and config["n_train"] == len(case.train[-1])
    key = "cnn_dae combined" if combined else config["method"]
    return {
        **{name: config[name] for name in ("dataset", "noise", "method", "n_train", "n_test", "seed")},
        "recipe": config["recipe"] if config.get("steps") is None else f"{config['recipe']}, {config['steps']} steps",
        "ssim": np.mean(scores["ssim"]),
        "ssim_low": low,
        "ssim_high": high,
        "psnr": np.mean(scores["psnr"]),
        "ssim_range2": np.mean(scores["ssim_range2"]),
        "reported": REPORTED.get((config["dataset"], config["noise"]), {}).get(key, np.nan),
        "seconds": stored["seconds"],
    }
