"""Tune the classical methods of the denoise lab on brain images, about 10 minutes on one core.

Run by hand, with bm3d installed: python tools/tune_baselines.py. Writes cdae_lessons/weights/baselines.json.
The images are training images of the network that ships; none of them is in ``datasets.load("brain")``.
"""

from __future__ import annotations

import json

import numpy as np

from cdae_lessons import datasets, denoisers, weights
from cdae_lessons.studies import code
from cdae_lessons.widgets.denoise import CLASSICAL
from cdae_lessons.widgets.noise_sliders import LEVELS, corruption

STARTS = ("cdae_lessons.denoisers", "cdae_lessons.noise")  # the code that decides all this
IMAGES, COUNT = 8, 4  # training images; levels of each noise, evenly spaced in octaves
IN_DEVIATIONS = {"h", "weight", "sigma"}  # go with the noise's standard deviation


def main() -> None:
    """Tune and store."""
    clean = datasets.load("brain", n=IMAGES, seed=2016).images
    table = {}
    for noise, slider in LEVELS.items():
        table[noise] = {}
        for level in np.geomspace(slider.range.low, slider.range.high, COUNT):
            noisy = corruption(noise, level)(clean, rng=0)
            deviation = max((noisy.astype(float) - clean).std(), 1e-3)
            chosen = {}
            for method in CLASSICAL.values():
                best = denoisers.tune(method, noisy, clean)
                subtract = bool(best.pop("offset"))
                multiples = {k: round(float(best.pop(k) / deviation), 3) for k in [*best] if k in IN_DEVIATIONS}
                chosen[method] = best | {"multiples_of_deviation": multiples, "subtract_mean": subtract}
            table[noise][f"{level:.4g}"] = chosen
            print(noise, f"{level:.4g}", chosen, flush=True)
    path = weights.FOLDER / "baselines.json"
    made = {"code": code.version("brain", starts=STARTS), "tuned": table}
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
