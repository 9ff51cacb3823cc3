"""How fast is it here? ``make bench``: one run, half an hour on 2 cores, a table and results/bench.json.

Wall times depend on the machine and on what else it does: compare the ratios. ARGS=--short leaves out the trainings
of the paper's recipe, and takes two minutes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from course import peak_memory, resource

REPEATS = 3
ROUNDS = 7  # of steps, each implementation in turn
NOISES = {
    "p.1_sigma1": "gaussian p=0.1 sigma=1",
    "p.5_sigma1": "gaussian p=0.5 sigma=1",
    "p.2_sigma10": "gaussian p=0.2 sigma=10",
}
STEPS = 240  # of a fast training that is to reach the paper recipe's score: four passes over 300 images
Epoch = Callable[[], list[float]]  # trains on 100 images, and returns when each step of 10 was done


def main() -> None:
    """Measure, print each part as soon as it is known, and write."""
    found = {}
    trainings = [] if "--short" in sys.argv else [partial(_quality, level) for level in NOISES]
    for part in (_waits, _steps, *trainings, _memory):
        for name, value in part().items():
            print(f"{name:45s} {'not reached' if value is None else format(value, '9.3f')}", flush=True)
            found[name] = value
    from cdae_lessons import backend

    path = Path("results/bench.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found | backend.describe(), indent=1), encoding="utf-8")
    print(f"Written to {path}.")


def _waits() -> dict[str, float]:
    """What a student waits for, but for trainings; imports first, while nothing is imported."""
    found = {
        "import_s": _import("import cdae_lessons"),
        "import_keras_s": _import("from cdae_lessons import backend; backend.load_keras()"),
        "import_training_s": _import("from cdae_lessons import training"),
    }
    from cdae_lessons import datasets, denoisers, metrics

    images, noisy = _images()
    clean = images.repeat(5, axis=0)
    return found | {
        "brain_ms_an_image": 10 * _seconds(lambda: datasets.load("brain", n=100, seed=1)),
        "score_500_images_s": _seconds(lambda: metrics.score(clean, clean, data_range=1)),
        "tune_tv_s": _seconds(lambda: denoisers.tune("tv", noisy, images), 1),
    }


def _images() -> tuple[np.ndarray, np.ndarray]:
    from cdae_lessons import datasets, noise

    images = datasets.load("brain", n=100).images
    return images, noise.parse(NOISES["p.5_sigma1"])(images, rng=0)


def _memory() -> dict[str, float]:
    return {} if resource is None else {"peak_memory_MiB": peak_memory(resource.RUSAGE_SELF)}


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


def _steps() -> dict[str, float]:
    """Milliseconds of a step of the paper's network, 64x64 pixels, batches of 10, here and as others write it."""
    from cdae_lessons import models
    from cdae_lessons.models import keras

    images, noisy = _images()
    epochs = {"ours": _ours(models.cnn_dae(), images), "naive_keras": _naive(keras, noisy, images)}
    if keras.backend.backend() == "torch":
        epochs["handwritten"] = _handwritten(noisy, images)
    times = {name: [] for name in epochs}
    for _ in range(ROUNDS):
        for name, epoch in epochs.items():
            times[name].append(1000 * float(np.median(np.diff(epoch()))))
    found = {f"step_ms_{name}": statistics.median(of[1:]) for name, of in times.items()}  # the first round prepares
    for name in list(epochs)[1:]:
        ratios = [ours / other for ours, other in zip(times["ours"][1:], times[name][1:], strict=True)]
        found[f"step_vs_{name}"] = statistics.median(ratios)
    return found


def _ours(model, images) -> Epoch:
    from cdae_lessons import noise, training

    def epoch() -> list[float]:
        done = []
        training.fit(
            model, images, noise.parse("gaussian p=0.5 sigma=1"),
            recipe="paper", epochs=1, progress=False, watch=lambda _: done.append(time.perf_counter()),
        )  # fmt: skip
        return done[:-1]  # the last one is the end of the epoch

    return epoch


def _naive(keras, noisy, images) -> Epoch:
    """The paper's network as a Keras tutorial writes it: a channel axis at the end, and everything by default."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((64, 64, 1))])
    for resize in (layers.MaxPooling2D, layers.MaxPooling2D, layers.UpSampling2D, layers.UpSampling2D):
        model.add(layers.Conv2D(64, 3, padding="same", activation="relu"))
        model.add(resize(2))
    model.add(layers.Conv2D(1, 3, padding="same", activation="sigmoid"))
    model.compile(optimizer="adam", loss="binary_crossentropy")

    def epoch() -> list[float]:
        done = []

        def at_end(batch, logs):  # noqa: ARG001
            done.append(time.perf_counter())

        clock = keras.callbacks.LambdaCallback(on_train_batch_end=at_end)
        model.fit(noisy[..., None], images[..., None], batch_size=10, epochs=1, verbose=0, callbacks=[clock])
        return done

    return epoch


def _handwritten(noisy, images) -> Epoch:
    """The paper's network as one would write it in PyTorch, channels last, float32."""
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

    def epoch() -> list[float]:
        done = []
        for chosen in torch.randperm(len(x)).split(10):
            optimizer.zero_grad()
            error = loss(network(x[chosen]), y[chosen])
            error.backward()
            optimizer.step()
            error.item()  # waits for the GPU, as a progress bar does
            done.append(time.perf_counter())
        return done

    return epoch


def _quality(level: str) -> dict[str, float | None]:
    """What the recipes reach, and when a short fast training has the paper recipe's score, as a share of its time."""
    from cdae_lessons import models

    passes = {
        "paper_cnn_dae": _passes(level, models.cnn_dae(), recipe="paper"),
        "short_unet": _passes(level, models.unet(), recipe="fast", steps=STEPS),
        "fast_cnn_dae": _passes(level, models.cnn_dae(), recipe="fast"),
        "fast_unet": _passes(level, models.unet(), recipe="fast"),
    }
    found = {"short_unet_steps": STEPS}
    for name, ends in passes.items():
        found[f"seconds_{level}_{name}"], found[f"ssim_{level}_{name}"] = ends[-1]
    whole, goal = passes["paper_cnn_dae"][-1]
    reached = [seconds / whole for seconds, ssim in passes["short_unet"] if ssim >= goal]
    return found | {f"time_to_paper_quality_{level}": reached[0] if reached else None}


def _passes(level: str, model, **how) -> list[tuple[float, float]]:
    """Train on 300 brains; the seconds so far and the validation SSIM, whenever that was looked at."""
    from cdae_lessons import datasets, noise, training

    train, validation, _ = datasets.load("brain", n=350).split(train=300, validation=50, test=0)
    ends, started = [], time.perf_counter()

    def watch(state: dict) -> None:
        if "val_ssim" in state.get("row", {}):
            ends.append((time.perf_counter() - started, state["row"]["val_ssim"]))

    corrupt = noise.parse(NOISES[level])
    training.fit(model, train.images, corrupt, validation=validation.images, progress=False, watch=watch, **how)
    return ends


if __name__ == "__main__":
    main()
