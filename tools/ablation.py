"""What is each part of the fast recipe worth? ``python tools/ablation.py --data-dir DIR`` (where PneumoniaMNIST is).

Trains the U-Net with one part at a time left out, at three levels of noise, on two sets, with three seeds; scores the
weights that `training.fit` keeps on validation images. Each run is added to docs/speed/ablation.csv as soon as it is
done, and found there the next time; the table goes to standard output.
"""

from __future__ import annotations

import argparse
import dataclasses
from itertools import product
from pathlib import Path

import pandas as pd

from cdae_lessons import datasets, metrics, models, noise, training
from cdae_lessons.progress import bar
from cdae_lessons.recipes import dissimilarity

STORE = Path(__file__).parents[1] / "docs" / "speed" / "ablation.csv"
SETS = {"brain": 32, "pneumoniamnist": 28}  # pixels
NOISES = ("gaussian p=0.1 sigma=1", "gaussian p=0.5 sigma=1", "gaussian p=0.2 sigma=10")
SEEDS = range(3)
N, VALIDATION, STEPS = 300, 50, 300
FAST = training.RECIPES["fast"]
VARIANTS = {
    "fast": {},
    "noise drawn once": {"fresh_noise": False},
    "no flips": {"flips": False},
    "cross-entropy alone": {"loss": "binary_crossentropy"},
    "SSIM alone": {"loss": dissimilarity},
    "rate .001, no schedule": {"learning_rate": 1e-3, "schedule": False},
    "no averaging": {"averaging": 0.0},
    "batches of 10, 150 steps": {"batch_size": 10},
    "bfloat16": {},
    "paper": {},
}
KEY = ["set", "noise", "recipe", "seed"]


def main() -> None:
    """Run what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="where the MedMNIST files are")
    data_dir = parser.parse_args().data_dir
    done = pd.read_csv(STORE) if STORE.exists() else pd.DataFrame(columns=KEY)
    known = set(done[KEY].itertuples(index=False, name=None))
    wanted = [run for run in product(SETS, NOISES, VARIANTS, SEEDS) if run not in known]
    splits = {name: _split(name, data_dir) for name in {run[0] for run in wanted}}
    with bar(len(wanted), label="Ablation", show=bool(wanted)) as shown:
        for run in wanted:
            row = dict(zip(KEY, run, strict=True)) | _run(*splits[run[0]], *run[1:])
            done = pd.concat([done, pd.DataFrame([row])], ignore_index=True)
            done.to_csv(STORE, index=False, lineterminator="\n")
            shown.update(note=f"{row['set']}, {row['recipe']}: {row['ssim']:.3f}")
    print(table(done))


def _split(name: str, data_dir: str | None) -> tuple[datasets.Cohort, datasets.Cohort]:
    cohort = datasets.load(name, n=N + VALIDATION, size=SETS[name], data_dir=data_dir)
    return cohort.split(train=N, validation=VALIDATION, test=0)[:2]


def _run(train: datasets.Cohort, validation: datasets.Cohort, text: str, variant: str, seed: int) -> dict[str, float]:
    corrupt = noise.parse(text)
    recipe = training.RECIPES["paper"] if variant == "paper" else dataclasses.replace(FAST, **VARIANTS[variant])
    model = models.unet(train.images.shape[-1], seed=seed)
    history = training.fit(
        model, train.images, corrupt,
        recipe=recipe, steps=STEPS * FAST.batch_size // recipe.batch_size, seed=seed, progress=False,
        precision="bfloat16" if variant == "bfloat16" else "float32", validation=validation.images,
    )  # fmt: skip
    noisy = training.validation_noise(validation.images, corrupt, seed=seed)
    scores = metrics.score(validation.images, training.denoise(model, noisy), data_range=1).mean()
    return {"ssim": round(scores["ssim"], 4), "psnr": round(scores["psnr"], 2), "seconds": round(history.seconds, 1)}


def table(runs: pd.DataFrame) -> str:
    """The mean validation SSIM over seeds of every variant, and its gain or loss, as Markdown."""
    means = runs.pivot_table("ssim", "recipe", ["set", "noise"])
    means = means.loc[list(VARIANTS), list(product(SETS, NOISES))]
    fast = runs[runs["recipe"] == "fast"]
    beside = runs.merge(fast, on=["set", "noise", "seed"], suffixes=("", "_fast")).eval("gain = ssim - ssim_fast")
    gains = beside.pivot_table("gain", "recipe", "seed")
    lines = [
        "| recipe | "
        + " | ".join(f"{name}, {text.removeprefix('gaussian ')}" for name, text in means)
        + " | beside fast |",
        "| --- |" + " --- |" * (len(means.columns) + 1),
    ]
    for variant, row in means.iterrows():
        low, high = gains.loc[variant].min(), gains.loc[variant].max()
        gain = "" if variant == "fast" else f"{low:+.3f} to {high:+.3f}"
        lines.append(f"| {variant} | " + " | ".join(f"{value:.3f}" for value in row) + f" | {gain} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
