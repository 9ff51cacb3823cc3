"""Write the tables of docs/speed.md from the measurements in docs/speed.

python tools/make_speed.py                        after tools/ablation.py or tools/scaling.py
python tools/make_speed.py results/bench.json     new figures of `make bench`, kept in docs/speed/bench.json
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pandas as pd
from first_cell import ROOT
from make_readme import between, markdown

PAGE = ROOT / "docs" / "speed.md"
FOLDER = ROOT / "docs" / "speed"
LEVELS = {
    "p.1_sigma1": "`gaussian p=0.1 sigma=1`",
    "p.5_sigma1": "`gaussian p=0.5 sigma=1`",
    "p.2_sigma10": "`gaussian p=0.2 sigma=10`",
}
WAITS = {
    "import_s": "`import cdae_lessons`",
    "import_keras_s": "Keras with its backend",
    "import_training_s": "`from cdae_lessons import training`, Keras included",
    "score_500_images_s": "scoring 500 images",
    "tune_tv_s": "tuning total variation on 100 images",
}
SCALING = {
    "step_ms": "a step of 10, ms",
    "denoise_ms": "denoising one, ms",
    "tv_ms": "total variation, one, ms",
    "score_ms": "scoring one, ms",
    "memory_MiB": "memory while training, MiB",
    "file_MiB": "file, MiB",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite the tables; a second run changes nothing."""
    parser = argparse.ArgumentParser(description="Write the tables of docs/speed.md.")
    parser.add_argument("bench", type=Path, nargs="?", help="a bench.json of `make bench`, to be kept and shown")
    bench = parser.parse_args(arguments).bench
    if bench is not None:
        shutil.copyfile(bench, FOLDER / "bench.json")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def written(text: str) -> str:
    """The page with its tables as the measurements have them."""
    found = json.loads((FOLDER / "bench.json").read_text(encoding="utf-8"))
    for name, part in (
        ("step", step(found)),
        ("quality", quality(found)),
        ("waits", waits(found)),
        ("recipe", scores(pd.read_csv(FOLDER / "recipe.csv"))),
        ("few", scores(pd.read_csv(FOLDER / "few.csv"))),
        ("scaling", scaling(pd.read_csv(FOLDER / "scaling.csv"))),
    ):
        text = between(text, name, part)
    return text


def step(found: dict) -> str:
    """Milliseconds of a training step, and ours beside the others'."""
    names = {"ours": "`training.fit`", "handwritten": "PyTorch by hand", "naive_keras": "Keras as in its tutorials"}
    rows = [
        [label, f"{found[f'step_ms_{name}']:.1f}", f"{found[f'step_vs_{name}']:.2f}" if name != "ours" else ""]
        for name, label in names.items()
        if f"step_ms_{name}" in found
    ]
    made = f"{found['device']}, Keras {found['keras']}, backend {found['backend']}"
    return f"{markdown(['a step of 10 images', 'ms', 'ours beside it'], rows)}\n\n{made}."


def quality(found: dict) -> str:
    """What is reached, and when, beside the paper's recipe."""
    rows = []
    for level, label in LEVELS.items():
        row = [label]
        for run in ("paper_cnn_dae", "short_unet", "fast_cnn_dae", "fast_unet"):
            row.append(f"{found[f'ssim_{level}_{run}']:.3f} in {found[f'seconds_{level}_{run}']:.0f} s")
        ratio = found[f"time_to_paper_quality_{level}"]
        rows.append([*row, "not reached" if ratio is None else f"{ratio:.3f} of its time"])
    heads = [
        "noise",
        "`cnn_dae`, paper",
        f"`unet`, fast, {found['short_unet_steps']} steps",
        "`cnn_dae`, fast",
        "`unet`, fast",
        "the second has the first's score after",
    ]
    return markdown(heads, rows)


def waits(found: dict) -> str:
    """Seconds of what a student waits for."""
    rows = [[label, f"{found[name]:.2f}"] for name, label in WAITS.items()]
    rows.append(["a brain, milliseconds", f"{found['brain_ms_an_image']:.1f}"])
    rows.append(["peak memory of the whole run, MiB", f"{found['peak_memory_MiB']:.0f}"])
    return markdown(["", "seconds"], rows)


def scaling(cases: pd.DataFrame) -> str:
    """Time and memory by number and size of the images."""
    rows = [
        [str(case["images"]), f"{case['pixels']}x{case['pixels']}", *(_short(case[name]) for name in SCALING)]
        for case in cases.to_dict("records")
    ]
    return markdown(["images", "pixels", *SCALING.values()], rows)


def scores(runs: pd.DataFrame) -> str:
    """The mean SSIM over seeds of every method as Markdown; its gain or loss beside the fast recipe, seed by seed."""
    methods, sets = list(dict.fromkeys(runs["method"])), list(dict.fromkeys(runs["set"]))
    noises = list(dict.fromkeys(runs["noise"]))
    means = runs.pivot_table("ssim", "method", ["set", "noise"]).loc[methods, list(product(sets, noises))]
    best = means.max()
    heads = [f"{name}: {text.removeprefix('gaussian ')}" for name, text in means]
    rows = [
        [method] + [f"**{value:.3f}**" if value == best[case] else f"{value:.3f}" for case, value in row.items()]
        for method, row in means.iterrows()
    ]
    if len(set(runs["seed"])) > 1:
        fast = runs[runs["method"] == "fast"]
        beside = runs.merge(fast, on=["set", "noise", "seed"], suffixes=("", "_fast")).eval("gain = ssim - ssim_fast")
        gains = beside.pivot_table("gain", "method", "seed")
        heads.append("beside fast")
        for row in rows:
            low, high = gains.loc[row[0]].min(), gains.loc[row[0]].max()
            row.append("" if row[0] == "fast" else f"{low:+.3f} to {high:+.3f}")
    return markdown(["SSIM", *heads], rows)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
