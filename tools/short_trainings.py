"""Does a short training ever die? ``python tools/short_trainings.py``: 500 of them, a quarter of an hour on 2 cores.

Sets, sizes, numbers of images, noises, networks, lengths, seeds and precisions are drawn; docs/speed/short.csv has a
row each. A network is dead that answers every image with one grey. Then: python tools/make_speed.py.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

STORE = Path(__file__).parents[1] / "docs" / "speed" / "short.csv"
TRAININGS, HELD_OUT = 500, 5
NETWORKS = ("cnn_dae", "unet", "conv_autoencoder", "encoder_decoder", "dense_autoencoder")
NOISES = ("gaussian p=0.1 sigma=1", "gaussian p=0.3 sigma=1", "gaussian p=0.5 sigma=1", "gaussian p=0.2 sigma=10")
COUNTS = (1, 3, 5, 10, 30, 100, 300)


def main() -> None:
    """Train them all, and write the table."""
    import pandas as pd

    from cdae_lessons.progress import bar
    from cdae_lessons.studies import code

    os.environ["OMP_NUM_THREADS"] = "1"  # for the workers, which start after this
    rows = []
    with (
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
        bar(TRAININGS, label="Short trainings") as shown,
    ):
        for row in pool.map(trained, range(TRAININGS)):
            rows.append(row | {"code": code.version(row["set"])})
            dead = sum(row["std"] < 1e-3 for row in rows)
            shown.update(note=f"{dead} dead")
    pd.DataFrame(rows).to_csv(STORE, index=False, lineterminator="\n")
    print(f"{dead} of {len(rows)} are dead.")


def trained(number: int) -> dict[str, object]:
    """One of them: what it was, and the largest standard deviation over the pixels of an image that it denoised."""
    from cdae_lessons import datasets, metrics, models, noise, training

    rng = np.random.default_rng([2016, number])
    size = int(rng.choice([16, 32, 32, 32, 64]))
    row = {
        "set": str(rng.choice(["brain", "phantoms", "histology"], p=[0.5, 0.25, 0.25])),
        "size": size,
        "n": int(rng.choice(COUNTS)),
        "noise": str(rng.choice(NOISES)),
        "network": str(rng.choice(NETWORKS, p=[0.4, 0.25, 0.15, 0.15, 0.05])),
        "steps": int(rng.choice([20, 40, 60, 100, 300])),
        "seed": int(rng.integers(100)),
        "precision": str(rng.choice(["float32", "bfloat16"])),
    }
    images = datasets.load(row["set"], n=row["n"] + HELD_OUT, size=size).images
    clean, test = images[: row["n"]], images[row["n"] :]
    model, corrupt = getattr(models, row["network"])(size, seed=row["seed"]), noise.parse(row["noise"])
    how = {key: row[key] for key in ("steps", "seed", "precision")}
    training.fit(model, clean, corrupt, recipe="fast", progress=False, **how)
    denoised = training.denoise(model, corrupt(test, rng=1))
    ssim = float(metrics.score(test, denoised, data_range=1)["ssim"].mean())
    return row | {"std": round(float(denoised.std(axis=(1, 2)).max()), 5), "ssim": round(ssim, 4)}


if __name__ == "__main__":
    main()
