"""Time and memory as work grows: ``python tools/scaling.py``: some minutes on Linux; docs/speed/scaling.csv and .png.

Each number of images and of pixels has a process of its own. The images lie in a file that is opened with
``np.load(mmap_mode="r")``, so that memory holds what is worked on, not all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "docs" / "speed"
CASES = [(n, 64) for n in (100, 300, 1000, 3000, 10_000)] + [(100, 32), (100, 128), (100, 256), (10_000, 256)]
STEPS = 20
TESTED = 100


def main() -> None:
    """Measure every case, and write the table and its picture."""
    import pandas as pd

    from cdae_lessons.studies import code

    rows = []
    for n, size in CASES:
        done = subprocess.run([sys.executable, __file__, str(n), str(size)], check=True, capture_output=True, text=True)
        rows.append({"images": n, "pixels": size} | json.loads(done.stdout))
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows).assign(code=code.version("brain"))
    table.to_csv(FOLDER / "scaling.csv", index=False, lineterminator="\n")
    draw(table)


def draw(table) -> None:
    """The picture beside the table."""
    from cdae_lessons import plotting

    figure = plotting.Figure(figsize=(9, 3.6), layout="constrained")
    times, memory = figure.subplots(1, 2)
    sizes = table[table["images"] == TESTED].sort_values("pixels")
    for column, (label, marker) in {
        "step_ms": ("a training step of 10 images", "o"),
        "denoise_ms": ("denoising one", "s"),
        "tv_ms": ("total variation, one", "^"),
        "score_ms": ("scoring one", "D"),
    }.items():
        times.loglog(sizes["pixels"] ** 2, sizes[column], marker=marker, label=label)
    times.set(xlabel="pixels in an image", ylabel="milliseconds", title=f"Time, {TESTED} images")
    times.set_xticks(sizes["pixels"] ** 2, [f"{size}²" for size in sizes["pixels"]], minor=False)
    times.set_xticks([], minor=True)
    times.legend(fontsize=8)
    for (size, rows), marker in zip(table[table["images"] >= TESTED].groupby("pixels"), "so^D", strict=True):
        if len(rows) > 1:
            rows = rows.sort_values("images")
            memory.semilogx(rows["images"], rows["memory_MiB"], marker=marker, label=f"in memory, {size}² pixels")
            memory.semilogx(rows["images"], rows["file_MiB"], marker=marker, ls=":", label=f"the file, {size}² pixels")
    memory.set(xlabel="training images", ylabel="MiB", yscale="log", title="Memory while training")
    memory.legend(fontsize=8)
    for axes in (times, memory):
        axes.grid(alpha=0.3)
    figure.savefig(FOLDER / "scaling.png", dpi=120)


def measure(n: int, size: int) -> dict[str, float]:
    """One case: milliseconds, and MiB of memory that belong to the process alone, at most, while it trains."""
    from cdae_lessons import datasets, denoisers, metrics, models, noise, training

    corrupt = noise.parse("gaussian p=0.5 sigma=1")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        few = datasets.load("brain", n=TESTED, size=size).images
        file = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n, size, size))
        for start in range(0, n, TESTED):
            file[start : start + TESTED] = few
        file.flush()
        del file
        images, model, seen = np.load(path, mmap_mode="r"), models.cnn_dae(size), []
        training.fit(model, few[:10], corrupt, recipe="fast", batch_size=10, steps=2, progress=False)

        def watch(_: dict) -> None:
            seen.append((time.perf_counter(), _own_memory()))
            if len(seen) == STEPS:
                raise training.Stop

        started = time.perf_counter()
        training.fit(model, images, corrupt, recipe="fast", batch_size=10, progress=False, watch=watch)
        steps = np.diff([moment for moment, _ in seen])
        noisy = corrupt(few, rng=0)
        return {
            "first_step_ms": 1000 * (seen[0][0] - started),
            "step_ms": 1000 * float(np.median(steps)),
            "denoise_ms": _milliseconds(lambda: training.denoise(model, noisy)) / TESTED,
            "tv_ms": _milliseconds(lambda: denoisers.denoise("tv", noisy, weight=0.5)) / TESTED,
            "score_ms": _milliseconds(lambda: metrics.score(few, noisy, data_range=1)) / TESTED,
            "memory_MiB": max(memory for _, memory in seen),
            "file_MiB": path.stat().st_size / 2**20,
        }


def _milliseconds(call) -> float:
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def _own_memory() -> float:
    """MiB of this process without pages of files, which the system takes back when it needs room."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


if __name__ == "__main__":
    if len(sys.argv) > 1:
        found = measure(*map(int, sys.argv[1:]))
        print(json.dumps({name: round(value, 3) for name, value in found.items()}))
    else:
        main()
