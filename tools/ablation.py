"""What is each part of the fast recipe worth? ``python tools/ablation.py --data-dir DIR``, for docs/speed.md.

DIR holds PneumoniaMNIST and, in a folder ``dental``, at least 30 dental X-rays. Two studies, each run of which is added
to its CSV file in docs/speed as soon as it is done, and found there the next time. Then: python tools/make_speed.py.

recipe    the U-Net with one part at a time left out: 300 images, three levels of noise, three seeds
few       20 or 100 images and long trainings: with and without flips and shifts, beside the paper's network and rivals
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache, partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parents[1] / "docs" / "speed"
NOISES = ("gaussian p=0.1 sigma=1", "gaussian p=0.5 sigma=1", "gaussian p=0.2 sigma=10")
KEY = ["set", "noise", "method", "seed", "code"]

RECIPE_SETS = ("brain, 300", "pneumoniamnist, 300")
RECIPE = {  # what differs from the fast recipe
    "fast": {},
    "noise drawn once": {"fresh_noise": False},
    "cross-entropy alone": {"loss": "binary_crossentropy"},
    "SSIM alone": {"loss": "dissimilarity"},
    "rate .001, no schedule": {"learning_rate": 1e-3, "schedule": False},
    "batches of 10, 150 steps": {"batch_size": 10},
    "float32": {},
    "narrower U-Net": {},
    "paper": {},
}
FEW_SETS = ("dental, 20", "pneumoniamnist, 100")
FEW = (
    "noisy", "gaussian", "tv", "bm3d", "training_average", "cnn_dae, paper",
    "fast", "moved from the start", "as they lie",
)  # fmt: skip
SIZES = {"brain": 32, "pneumoniamnist": 28, "dental": 64}  # pixels


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data-dir", type=Path, help="where PneumoniaMNIST and the dental X-rays are")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    asked = parser.parse_args()
    from cdae_lessons.studies import code

    made = code.version("brain")
    for name, runs, measure in (
        ("recipe", product(RECIPE_SETS, NOISES, RECIPE, range(3), [made]), part_of_the_recipe),
        ("few", product(FEW_SETS, NOISES, FEW, range(3), [made]), few_images),
    ):
        _complete(FOLDER / f"{name}.csv", list(runs), measure, asked)


def _complete(store: Path, runs: list[tuple], measure, asked: argparse.Namespace) -> None:
    done = pd.read_csv(store) if store.exists() else pd.DataFrame(columns=KEY)
    known = set(done[KEY].itertuples(index=False, name=None))
    missing = [run for run in runs if run not in known]
    if missing:
        from cdae_lessons.progress import bar

        os.environ["OMP_NUM_THREADS"] = "1"  # for the workers, which start after this
        with (
            ProcessPoolExecutor(asked.workers, mp_context=get_context("spawn")) as pool,
            bar(len(missing), label=f"Study {store.stem}") as shown,
        ):
            waiting = {pool.submit(measure, asked.data_dir, *run): run for run in missing}
            for future in as_completed(waiting):
                row = dict(zip(KEY, waiting[future], strict=True)) | future.result()
                done = pd.concat([done, pd.DataFrame([row])], ignore_index=True)
                done.to_csv(store, index=False, lineterminator="\n")
                shown.update(note=f"{row['set']}, {row['method']}: {row['ssim']:.3f}")
    done.set_index(KEY).loc[runs].reset_index().to_csv(store, index=False, lineterminator="\n")


def part_of_the_recipe(data_dir: Path | None, name: str, text: str, method: str, seed: int, _: str) -> dict[str, float]:
    """Validation scores of a U-Net that was trained with one part of the fast recipe left out."""
    from cdae_lessons import models
    from cdae_lessons.training import recipes

    fast = recipes.RECIPES["fast"]
    changes = {key: getattr(recipes, str(value), value) for key, value in RECIPE[method].items()}
    recipe = recipes.RECIPES["paper"] if method == "paper" else dataclasses.replace(fast, **changes)
    unet = partial(models.unet, widths=(32, 64, 64, 64)) if method == "narrower U-Net" else models.unet
    return _trained(
        data_dir, name, text, unet, recipe=recipe, seed=seed, stop_in_time=True,
        steps=300 * fast.batch_size // recipe.batch_size,
        precision="float32" if method == "float32" else "bfloat16",
    )  # fmt: skip


def few_images(data_dir: Path | None, name: str, text: str, method: str, seed: int, _: str) -> dict[str, float]:
    """Validation scores of a rival that was tuned, or a network that was trained, on few images."""
    from cdae_lessons import denoisers, models, noise, training
    from cdae_lessons.training.recipes import MOVE_FROM

    if method == "cnn_dae, paper":
        return _trained(data_dir, name, text, models.cnn_dae, recipe="paper", seed=seed, precision="bfloat16")
    if method in FEW[FEW.index("fast") :]:
        still = {"flips": False, "shift": 0.0} if method == "as they lie" else {}
        recipe = dataclasses.replace(training.RECIPES["fast"], **still)
        begin = {"epoch": 0, "step": 0} if method == "moved from the start" else {}
        with patch.dict(MOVE_FROM, begin):
            return _trained(data_dir, name, text, models.unet, recipe=recipe, seed=seed, precision="bfloat16")
    train, validation = (part.images for part in _split(name, data_dir))
    noisy = training.validation_noise(validation, noise.parse(text), seed=seed)
    seen = noise.parse(text)(train, rng=[seed, 2])
    chosen = {} if method == "noisy" else denoisers.tune(method, seen, train)
    return _scores(validation, noisy if method == "noisy" else denoisers.denoise(method, noisy, **chosen))


def _trained(data_dir, name, text, build, *, seed, stop_in_time=False, **how) -> dict[str, float]:
    from cdae_lessons import noise, training

    train, validation = (part.images for part in _split(name, data_dir))
    corrupt, model = noise.parse(text), build(train.shape[-1], seed=seed)
    watched = {"validation": validation} if stop_in_time else {}
    history = training.fit(model, train, corrupt, seed=seed, progress=False, **watched, **how)
    noisy = training.validation_noise(validation, corrupt, seed=seed)
    return _scores(validation, training.denoise(model, noisy)) | {"seconds": round(history.seconds, 1)}


def _scores(clean: np.ndarray, denoised: np.ndarray) -> dict[str, float]:
    from cdae_lessons import metrics

    scores = metrics.score(clean, denoised, data_range=1).mean()
    return {"ssim": round(scores["ssim"], 4), "psnr": round(scores["psnr"], 2)}


@lru_cache
def _split(name: str, data_dir: Path | None) -> tuple:
    from cdae_lessons import datasets

    kind, n = name.split(", ")
    load = partial(datasets.load, size=SIZES[kind])
    if kind == "dental":
        cohort, validation = load(f"folder:{data_dir}/dental", n=30), 10
    else:  # with some to spare, since no subject of the patches straddles the split
        cohort, validation = load(kind, n=int(n) + 100, data_dir=data_dir), 50
    return cohort.split(train=int(n), validation=validation, test=0)[:2]


if __name__ == "__main__":
    main()
