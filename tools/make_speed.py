"""Write the tables of docs/speed.md from the measurements in docs/speed; `make speed` does all of it.

python tools/make_speed.py                        after tools/ablation.py, short_trainings.py or scaling.py
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
LARGE = {
    "unet": "`unet`",
    "cnn_dae": "`cnn_dae`",
    "tv": "total variation, not tuned",
    "bm3d": "BM3D, sigma known",
}
STEPS = (("paper", "cnn_dae"), ("fast", "cnn_dae"), ("fast", "unet"))
DEAD = 1e-3  # grey levels: a standard deviation over the pixels that counts as none
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
        ("large", large(found)),
        ("quality", quality(found)),
        ("waits", waits(found)),
        ("recipe", scores(pd.read_csv(FOLDER / "recipe.csv"))),
        ("few", scores(pd.read_csv(FOLDER / "few.csv"))),
        ("short", short(pd.read_csv(FOLDER / "short.csv"))),
        ("scaling", scaling(pd.read_csv(FOLDER / "scaling.csv"))),
    ):
        text = between(text, name, part)
    return text


def step(found: dict) -> str:
    """Milliseconds of a training step, and ours beside the same by hand."""
    rows = []
    for recipe, network in STEPS:
        for precision in ("float32", "bfloat16"):
            case = f"{recipe}_{network}_{precision}"
            if f"step_ms_{case}_ours" in found:
                ours, hand, alone = (found[f"step_ms_{case}_{who}"] for who in ("ours", "by_hand", "by_hand_alone"))
                ratio = found[f"step_vs_by_hand_{case}"]
                label = f"`{network}`, {recipe}, {precision}"
                rows.append(
                    [label, f"{ours:.1f}", f"{hand:.1f}", f"{ratio:.2f}", f"{alone:.1f}", f"{ours / alone:.2f}"]
                )
    heads = ["a step", "`fit`, ms", "by hand, ms", "`fit` beside it", "by hand alone, ms", "`fit` beside it"]
    naive = found["step_vs_naive_keras_paper_cnn_dae_float32"]
    made = f"{found['device']}, {found['processor']}; Keras {found['keras']}, {found['backend']} {found['torch']}"
    beside = f"`fit` takes {naive:.2f} of the time of Keras as its tutorials use it (first row)."
    return f"{markdown(heads, rows)}\n\n{made}. {beside}"


def large(found: dict) -> str:
    """Seconds and memory of one image of 1024x1024 pixels."""
    rows = []
    for name, label in LARGE.items():
        seconds, memory = found[f"large_s_{name}"], found[f"large_MiB_{name}"]
        rows.append([label, f"{seconds:.1f}", f"{seconds / found['large_s_bm3d']:.2f}", f"{memory:.0f}"])
    return markdown(["1024x1024 pixels", "seconds", "beside BM3D", "memory of the process at most, MiB"], rows)


def short(runs: pd.DataFrame) -> str:
    """How many short trainings died, by network."""
    parts = {f"`{network}`": of for network, of in runs.groupby("network")} | {"all": runs}
    rows = [
        [label, str(len(of)), f"{of['steps'].min()} to {of['steps'].max()}", str((of["std"] < DEAD).sum())]
        for label, of in parts.items()
    ]
    return markdown(["network", "trainings", "steps", "dead"], rows)


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
