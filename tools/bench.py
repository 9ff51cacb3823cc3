"""How fast is it here? ``make bench``: one run, some ten minutes, a table and results/bench.json.

Wall times depend on the machine and on what else it does: compare the ratios. ARGS=--short leaves out the trainings.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

REPEATS = 3
NOISES = {
    "p.1_sigma1": "gaussian p=0.1 sigma=1",
    "p.5_sigma1": "gaussian p=0.5 sigma=1",
    "p.2_sigma10": "gaussian p=0.2 sigma=10",
}


def main() -> None:
    """Measure, print and write."""
    found = {"import_s": _import("import cdae_lessons"), "import_keras_s": _import("from cdae_lessons import training")}
    from cdae_lessons import backend, datasets, metrics, models, noise, training
    from cdae_lessons.models import keras

    images = datasets.load("brain", n=300).images
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

    rivals = {"naive_keras": step_naive}
    if keras.backend.backend() == "torch":
        rivals["handwritten"] = _handwritten(noisy, images)
    for step in (step_ours, *rivals.values()):
        step()
    rounds = [{name: _seconds(step, 1) for name, step in {"ours": step_ours, **rivals}.items()} for _ in range(REPEATS)]
    found["epoch_of_300_images_s"] = statistics.median(times["ours"] for times in rounds)
    for name in rivals:
        found[f"step_vs_{name}"] = statistics.median(times["ours"] / times[name] for times in rounds)
    if "--short" not in sys.argv:
        found |= _quality()
    found["peak_memory_MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for name, value in found.items():
        print(f"{name:40s} {value:9.3f}")
    path = Path("results/bench.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found | backend.describe(), indent=1), encoding="utf-8")
    print(f"Written to {path}.")


def _import(statement: str) -> float:
    """Seconds that a fresh Python needs for it, beyond starting."""

    def run(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True)

    return _seconds(lambda: run(statement)) - _seconds(lambda: run("pass"))


def _seconds(call: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _quality() -> dict[str, float]:
    """Final validation SSIM by noise, recipe and network; the fast recipe's time to the paper recipe's final score."""
    from cdae_lessons import datasets, models, noise, training

    train, validation, _ = datasets.load("brain", n=350, size=32).split(train=300, validation=50, test=0)
    found = {}
    for level, text in NOISES.items():
        goal = seconds = None
        for recipe, build in (("paper", models.cnn_dae), ("fast", models.cnn_dae), ("fast", models.unet)):
            passed, started = [], time.perf_counter()

            def watch(state: dict, *, passed=passed, started=started, goal=goal) -> None:
                score = state.get("row", {}).get("val_ssim")
                if goal is not None and score is not None and score >= goal:
                    passed.append(time.perf_counter() - started)

            history = training.fit(
                build(32), train.images, noise.parse(text),
                recipe=recipe, validation=validation.images, progress=False, watch=watch,
            )  # fmt: skip
            scores = history.table["val_ssim"].dropna()
            found[f"ssim_{level}_{recipe}_{build.__name__}"] = scores.iloc[-1]
            found[f"seconds_{level}_{recipe}_{build.__name__}"] = history.seconds
            if recipe == "paper":
                goal, seconds = scores.iloc[-1], history.seconds
            else:
                found[f"time_to_paper_quality_{level}_{build.__name__}"] = min(passed, default=float("nan")) / seconds
    return found


def _handwritten(noisy, images) -> Callable[[], None]:
    """One epoch of the paper's network as one would write it in PyTorch, channels last, float32."""
    import torch
    from torch import nn

    def conv(maps: int, more: int) -> nn.Module:
        return nn.Conv2d(maps, more, 3, padding=1)

    halve, double = partial(nn.MaxPool2d, 2), partial(nn.Upsample, scale_factor=2)
    parts = []
    for i, resize in enumerate((halve, halve, double, double)):
        parts += [conv(64 if i else 1, 64), nn.ReLU(), resize()]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = nn.Sequential(*parts, conv(64, 1), nn.Sigmoid()).to(device, memory_format=torch.channels_last)
    optimizer, loss = torch.optim.Adam(network.parameters(), 1e-3), nn.BCELoss()
    x, y = (torch.from_numpy(array)[:, None].to(device) for array in (noisy, images))

    def epoch() -> None:
        for chosen in torch.randperm(len(x)).split(10):
            optimizer.zero_grad()
            loss(network(x[chosen]), y[chosen]).backward()
            optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return epoch


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
