"""How fast is it here? ``make bench``: one run, a minute or two, a table and results/bench.json.

Wall times depend on the machine and on what else it does: compare the ratios.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPEATS = 3


def main() -> None:
    """Measure, print and write."""
    found = {"import_s": _import("import cdae_lessons"), "import_keras_s": _import("from cdae_lessons import training")}
    from cdae_lessons import backend, datasets, metrics, models, noise, training
    from cdae_lessons.models import keras

    images = datasets.load("brain", n=100).images
    found["brain_ms_an_image"] = 10 * _seconds(lambda: datasets.load("brain", n=100, seed=1))
    clean = images[:100].repeat(5, axis=0)
    found["score_500_images_s"] = _seconds(lambda: metrics.score(clean, clean, data_range=1))
    corrupt = noise.parse("gaussian p=0.5 sigma=1")
    noisy = corrupt(images, rng=0)

    ours, naive = models.cnn_dae(), _naive(keras)

    def step_ours() -> None:
        training.fit(ours, images, corrupt, recipe="paper", epochs=1, progress=False)

    def step_naive() -> None:
        naive.fit(noisy, images, batch_size=10, epochs=1, verbose=0)

    step_ours()
    step_naive()
    pairs = [(_seconds(step_ours, 1), _seconds(step_naive, 1)) for _ in range(REPEATS)]
    found["epoch_of_100_images_s"] = statistics.median(a for a, _ in pairs)
    found["step_vs_naive_keras"] = statistics.median(a / b for a, b in pairs)
    found["peak_memory_MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for name, value in found.items():
        print(f"{name:24s} {value:9.3f}")
    path = Path("results/bench.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found | backend.describe(), indent=1), encoding="utf-8")
    print(f"Written to {path}.")


def _import(statement: str) -> float:
    """Seconds that a fresh Python needs for it, beyond starting."""

    def run(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603

    return _seconds(lambda: run(statement)) - _seconds(lambda: run("pass"))


def _seconds(call: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _naive(keras):
    """The paper's network as a Keras tutorial writes it: a channel axis at the end, and everything by default."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((64, 64, 1))])
    for resize in (layers.MaxPooling2D, layers.MaxPooling2D, layers.UpSampling2D, layers.UpSampling2D):
        model.add(layers.Conv2D(64, 3, padding="same", activation="relu"))
        model.add(resize(2))
    model.add(layers.Conv2D(1, 3, padding="same", activation="sigmoid"))
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


if __name__ == "__main__":
    main()
