"""How fast the labs answer: from a control's change to the new picture, in the kernel; 50 moves each.

python tools/bench_widgets.py [MOVES]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from cdae_lessons import datasets, models, widgets
from cdae_lessons.widgets.denoise import SHIPPED


def seconds(lab: widgets.Lab, name: str, moves: int) -> np.ndarray:
    """Move one slider back and forth between the values of its range; the seconds until each picture."""
    slider = lab.controls[name].slider
    values = np.linspace(slider.min, slider.max, 12)
    lab.wait()
    taken = []
    for i in range(moves + 1):
        started = time.perf_counter()
        slider.value = type(slider.value)(values[i % len(values)])
        lab.wait()
        taken.append(time.perf_counter() - started)
    if lab.message.value:
        raise RuntimeError(lab.message.value)
    return np.array(taken[1:])


def main() -> None:
    """Print the table."""
    moves = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    images = datasets.load("brain", n=10)
    autoencoders = {size: models.dense_autoencoder(64, code=size) for size in (4, 16, 64)}
    methods = (SHIPPED, "Median", "Total variation", "NL-means")
    labs = [
        ("noise", "gaussian p", {}, 0.15),
        ("noise", "rician sigma", {"model": "rician"}, 0.15),
        *(("metric", name, {}, 0.15) for name in ("blur", "noise", "dot")),
        ("code", "image", {}, 0.15),
        *(("denoise", "level", {"method": method}, 0.3) for method in methods),
        ("lesion", "contrast", {}, 0.3),
    ]
    print(f"{'lab':10}{'slider':15}{'method':20}{'median':>9}{'95 %':>9}{'goal':>9}")
    for kind, slider, settings, goal in labs:
        make = getattr(widgets, f"{kind}_lab")
        lab = make(images, autoencoders) if kind == "code" else make(images)
        for name, value in settings.items():
            lab.controls[name].value = value
        taken = seconds(lab, slider, moves)
        method = settings.get("method", "")
        median, high = np.median(taken), np.quantile(taken, 0.95)
        print(f"{kind:10}{slider:15}{method:20}{median:8.3f}s{high:8.3f}s{goal:8.2f}s", flush=True)


if __name__ == "__main__":
    main()
