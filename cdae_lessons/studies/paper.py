"""The paper's experiment on any image set: a set of configurations, and a report on them with fair baselines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cdae_lessons import metrics, noise
from cdae_lessons.datasets import Cohort
from cdae_lessons.errors import InputError, check_count, known
from cdae_lessons.files import StrPath, data_home, folder
from cdae_lessons.studies import paper_report, sides, store
from cdae_lessons.studies.configuration import Configuration
from cdae_lessons.studies.measuring import measure
from cdae_lessons.studies.networks import RIVALS
from cdae_lessons.studies.paper_report import Finished
from cdae_lessons.studies.running import run
from cdae_lessons.training import RECIPES

LOW = "gaussian p=0.1 sigma=1"
HIGH = ("gaussian p=0.5 sigma=1", "gaussian p=0.2 sigma=5", "gaussian p=0.2 sigma=10", "poisson p=0.2 lam=5")

# Mean SSIM of tables II to IV as recalled from the paper, not read from it. Which of its sets table IV is about is
# not recalled either; the noisy images' scores are nearest to those of the mammograms.
REPORTED: Mapping[tuple[str, str], Mapping[str, float]] = MappingProxyType(
    {
        ("mias", LOW): {"noisy": 0.45, "median_3x3": 0.73, "cnn_dae": 0.81},
        ("dx", LOW): {"noisy": 0.62, "median_3x3": 0.86, "cnn_dae": 0.88},
        ("mias+dx", LOW): {
            "noisy": 0.63,
            "median_3x3": 0.80,
            "nl_means": 0.62,
            "cnn_dae": 0.89,
            "cnn_dae combined": 0.90,
        },
        ("mias", HIGH[0]): {"noisy": 0.10, "median_3x3": 0.28, "nl_means": 0.25, "cnn_dae": 0.70},
        ("mias", HIGH[1]): {"noisy": 0.03, "median_3x3": 0.11, "nl_means": 0.03, "cnn_dae": 0.55},
        ("mias", HIGH[2]): {"noisy": 0.01, "median_3x3": 0.03, "nl_means": 0.01, "cnn_dae": 0.39},
        ("mias", HIGH[3]): {"noisy": 0.33, "median_3x3": 0.17, "nl_means": 0.12, "cnn_dae": 0.85},
    }
)

SIZE = 64
BASELINES = ("noisy", "median_3x3", *(name for name in RIVALS if name not in ("noisy", "median")))
"""What stands beside the network: the paper's median as it stands, and the others tuned."""


class Part(NamedTuple):
    """A run, the table that it is for, its name among the `REPORTED`, and its test images."""

    table: str
    name: str
    config: Configuration
    test: Cohort


def reproduce(
    dataset: str = "brain",
    *,
    partner: str | None = None,
    noises: Sequence[str] | str = "all",
    recipe: str = "fast",
    steps: int | None = None,
    seeds: int = 1,
    data_dir: StrPath | None = None,
    out: StrPath = "results",
    progress: bool = True,
) -> pd.DataFrame:
    """Repeat the paper's tables II, III and IV, with tuned classical denoisers beside the network.

    Table II trains the paper's network on each of two sets at low noise, table III on both together
    (half of each, then all of both), table IV on the first set at higher noise. The training and test
    images are the first and the last of each set, as in the paper: 300 and 22 for ``mias``, 300 and 100
    else, and fewer in proportion where there are fewer. No subject is on both sides. Nothing is chosen on test images.

    Every finished run is kept in `out`; called again, only the rest is done, and what other code or images decided is
    measured anew.

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
        Folder for ``scores.csv``, ``images.csv`` (a row an image), ``report.html``, the pictures, the finished runs
        (``runs/``) and their networks (``models/``), both under the ``key`` of their row.
    progress : bool
        Whether to print a line for each finished run.

    Returns
    -------
    DataFrame
        What ``scores.csv`` holds: a row for each set, noise, method, training set and seed, with the columns of
        ``paper_report.COLUMNS``. ``ssim``, its 95 % interval over the test images and ``psnr`` (dB) have
        ``data_range=1``; ``ssim_range2`` has 2, which the paper probably used; ``reported`` is the paper's figure where
        there is one.

    Raises
    ------
    InputError
        On an unknown set, noise or recipe, too few images, or a folder that cannot be written.
    KeyboardInterrupt
        After an interrupt, with the finished runs kept.

    References
    ----------
    L. Gondara, ICDMW 2016, 241-246, doi 10.1109/ICDMW.2016.0041.
    """
    known(recipe, RECIPES, what="recipe")
    seeds = check_count(seeds, what="seeds", low=1)
    steps = None if steps is None else check_count(steps, what="steps", low=1)
    wanted = [LOW, *HIGH] if noises == "all" else [noises] if isinstance(noises, str) else list(noises)
    wanted = [noise.name(noise.parse(text)) for text in wanted]
    say = partial(print, flush=True) if progress else lambda *_: None
    sides.split.cache_clear()  # the user's images may have changed since the last call
    networks = {"recipe": recipe, "epochs": None if steps is None else f"{steps} steps"}
    parts = list(_parts(dataset, partner, wanted, networks, seeds=seeds, data_dir=data_dir, say=say))
    configs = [part.config for part in parts]
    out = folder(out)
    runs, kept = folder(out / "runs"), folder(out / "models")
    for config in configs:
        if store.examples(kept, config) is None and store.read(runs, config) is not None:
            store.set_aside(runs, config, "its pictures are missing or damaged")
    run(configs, store=runs, progress=progress, with_rivals=False, work=partial(measure, data_dir=data_dir, keep=kept))
    finished = [_finished(part, runs, kept) for part in parts]
    scores = pd.DataFrame([_row(one) for one in finished], columns=paper_report.COLUMNS)
    paper_report.write(out, scores, finished)
    say(f"\n{paper_report.text(scores, finished)}\n")
    say(f"Written to {out}: scores.csv, images.csv, report.html and its pictures.")
    return scores


def _parts(
    dataset: str,
    partner: str | None,
    noises: Sequence[str],
    networks: Mapping[str, Any],
    *,
    seeds: int,
    data_dir: StrPath | None,
    say: Any,
) -> Iterator[Part]:
    """Every row of the tables: the baselines of each test set and noise, then the networks."""

    def rows(table: str, names: Sequence[str], level: str, counts: Sequence[int], test: Cohort) -> Iterator[Part]:
        common = Configuration(
            dataset="+".join(names), noise=level, n_train=counts[0], network="cnn_dae", **networks,
            size=SIZE, split="paper", images="".join(images[name] for name in names),
        )  # fmt: skip
        for name in BASELINES:
            yield Part(table, name, replace(common, network=name), test)
        for count, name in zip(counts, ("cnn_dae", "cnn_dae combined"), strict=False):
            for seed in range(seeds):
                yield Part(table, name, replace(common, n_train=count, seed=seed), test)

    names = [dataset, partner or _partner(dataset, data_dir)] if LOW in noises else [dataset]
    cohorts, images = {}, {}
    for name in names:
        train, _, test = cohorts[name] = sides.split(name, SIZE, "paper", None if data_dir is None else str(data_dir))
        images[name] = sides.fingerprint(train, test)
        _tell(name, train, test, say)
    train, _, test = cohorts[dataset]
    if LOW in noises:
        second, _, more_test = cohorts[names[1]]
        half = min(len(train), len(second)) // 2
        yield from rows("II", names[:1], LOW, [len(train)], test)
        yield from rows("II", names[1:], LOW, [len(second)], more_test)
        yield from rows("III", names, LOW, [2 * half, len(train) + len(second)], test + more_test)
    for level in noises:
        if level != LOW:
            yield from rows("IV", names[:1], level, [len(train)], test)


def _tell(name: str, train: Cohort, test: Cohort, say: Any) -> None:
    wanted = sides.PAPER_TRAIN + (sides.PAPER_TEST_MIAS if name == "mias" else sides.PAPER_TEST)
    if len(train) + len(test) < wanted:
        say(f"{name} has fewer images than the {wanted} of the paper's split, which is scaled.")
    seen, others = (len(np.unique(side.subjects)) for side in (train, test))
    say(
        f"{name}: {len(train)} images of {seen} subject{'s' * (seen != 1)} to train on, {len(test)} of {others} "
        f"other{'s' * (others != 1)} to test on."
    )


def _partner(dataset: str, data_dir: StrPath | None) -> str:
    # Only a folder of that name: load("dx") takes any image in data_dir, the mammograms too.
    if dataset == "mias" and (data_home(data_dir) / "dx").is_dir():
        return "dx"
    return "histology" if dataset == "fundus" else "fundus"


def _finished(part: Part, runs: Path, kept: Path) -> Finished:
    result, examples = store.read(runs, part.config), store.examples(kept, part.config)
    if result is None or examples is None:  # another process has taken it away since
        msg = f"The result of {part.config} has gone from {runs}. Run the same command again."
        raise InputError(msg)
    return Finished(*part, result, examples)


def _row(one: Finished) -> dict[str, Any]:
    config, scores = one.config, one.result["scores"]
    low, high = metrics.bootstrap_interval(np.array(scores["ssim"]), subjects=one.test.subjects)
    return {
        **{name: getattr(config, name) for name in ("dataset", "noise", "n_train", "seed")},
        "method": config.network,
        "n_test": len(one.test),
        "recipe": _recipe(config),
        "ssim": np.mean(scores["ssim"]),
        "ssim_low": low,
        "ssim_high": high,
        "psnr": np.mean(scores["psnr"]),
        "ssim_range2": np.mean(scores["ssim_range2"]),
        "reported": REPORTED.get((config.dataset, config.noise), {}).get(one.name, np.nan),
        "seconds": one.result["seconds"],
        "key": config.key,
        "code": config.code,
    }


def _recipe(config: Configuration) -> str:
    own = {"noisy": "none", "median_3x3": "3x3"}.get(config.network, config.recipe)
    return own if config.epochs is None else f"{own}, {config.epochs}"
