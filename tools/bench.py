"""How fast is it here? ``make bench``: one run, a quarter of an hour on 2 cores, a table and results/bench.json.

Wall times depend on the machine and on what else it does: compare the ratios. ARGS=--short leaves out the trainings
that are to reach the paper's quality.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
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
STEPS = (("paper", "cnn_dae"), ("fast", "cnn_dae"), ("fast", "unet"))
FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16")  # as /proc/cpuinfo names them
FULL_SIZE = ("unet", "cnn_dae", "tv", "bm3d")
SHORT = 240  # steps of a fast training that is to reach the paper recipe's score: four passes over 300 images
Epoch = Callable[[], list[float]]  # trains on 100 images, and returns when each step was done


def main() -> None:
    """Measure, print each part as soon as it is known, and write."""
    found = {}
    trainings = [] if "--short" in sys.argv else [partial(_quality, level) for level in NOISES]
    # A new process begins with the memory that this one has: first what measures memory.
    for part in (_full_size, _waits, _steps, *trainings, _memory):
        for name, value in part().items():
            print(f"{name:45s} {'not reached' if value is None else format(value, '9.3f')}", flush=True)
            found[name] = value
    from cdae_lessons import backend
    from cdae_lessons.studies import code

    path = Path("results/bench.json")
    path.parent.mkdir(exist_ok=True)
    machine = {"code": code.version("brain"), "processor": _processor()}
    path.write_text(json.dumps(found | machine | backend.describe(), indent=1) + "\n", encoding="utf-8")
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


def _processor() -> str:
    """What of the processor a training uses, as far as the system says."""
    listed = Path("/proc/cpuinfo")
    flags = set(listed.read_text(encoding="utf-8").split()) if listed.exists() else set()
    features = [name for name in FEATURES if name in flags]
    return ", ".join(features) or platform.processor() or platform.machine()


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
    """Milliseconds of a step on 64x64 pixels: `training.fit`, and on torch the same by hand, each in turn."""
    from cdae_lessons import backend, models
    from cdae_lessons.training.precision import fastest

    keras = backend.load_keras()
    images, noisy = _images()
    found = {}
    for recipe, network in STEPS:
        for precision in dict.fromkeys(("float32", fastest())):
            build = getattr(models, network)
            epochs = {"ours": _ours(build(), images, recipe=recipe, precision=precision)}
            if keras.backend.backend() == "torch":
                import by_hand

                epochs["by_hand"] = by_hand.epoch(recipe, network, precision, images)
            if (recipe, network, precision) == ("paper", "cnn_dae", "float32"):
                epochs["naive_keras"] = _naive(keras, noisy, images)
            times = {name: [] for name in epochs}
            for _ in range(ROUNDS):
                for name, epoch in epochs.items():
                    times[name].append(1000 * float(np.median(np.diff(epoch()))))
            case = f"{recipe}_{network}_{precision}"
            found |= {f"step_ms_{case}_{name}": statistics.median(of[1:]) for name, of in times.items()}
            for name in list(epochs)[1:]:  # the first round prepares
                ratios = [ours / other for ours, other in zip(times["ours"][1:], times[name][1:], strict=True)]
                found[f"step_vs_{name}_{case}"] = statistics.median(ratios)
            if "by_hand" in epochs:
                alone = [sys.executable, by_hand.__file__, recipe, network, precision]
                said = subprocess.run(alone, check=True, capture_output=True, text=True).stdout
                found[f"step_ms_{case}_by_hand_alone"] = float(said)
    return found


def _ours(model, images, *, recipe: str, precision: str) -> Epoch:
    from cdae_lessons import noise, training

    def epoch() -> list[float]:
        done = []
        training.fit(
            model, images, noise.parse("gaussian p=0.5 sigma=1"), recipe=recipe, precision=precision,
            epochs=1, progress=False, watch=lambda _: done.append(time.perf_counter()),
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


def _full_size() -> dict[str, float]:
    """Seconds for one image of 1024x1024 pixels, and the most memory that they take, each method in a new process."""
    found = {}
    for method in FULL_SIZE:
        if method == "bm3d" and not find_spec("bm3d"):
            continue
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found |= pool.submit(_one_large_image, method).result()
    return found


def _one_large_image(method: str) -> dict[str, float]:
    from cdae_lessons import datasets, denoisers, models, noise, training

    image = datasets.load("phantoms", n=1, size=1024).images
    noisy = noise.gaussian(image, p=0.5, sigma=1, rng=0)
    if method in denoisers.DENOISERS:
        parameters = {"weight": 0.5} if method == "tv" else {"sigma": 0.5}
        denoisers.denoise(method, noisy[:, :64, :64], **parameters)  # imports
        seconds = _seconds(lambda: denoisers.denoise(method, noisy, **parameters), 1)
    else:
        model = getattr(models, method)()
        seconds = _seconds(lambda: training.denoise(model, noisy))
    memory = {} if resource is None else {f"large_MiB_{method}": peak_memory(resource.RUSAGE_SELF)}
    return {f"large_s_{method}": seconds} | memory


def _quality(level: str) -> dict[str, float | None]:
    """What the recipes reach, and when a short fast training has the paper recipe's score, as a share of its time."""
    from cdae_lessons import models

    passes = {
        "paper_cnn_dae": _passes(level, models.cnn_dae(), recipe="paper"),
        "short_unet": _passes(level, models.unet(), recipe="fast", steps=SHORT),
        "fast_cnn_dae": _passes(level, models.cnn_dae(), recipe="fast"),
        "fast_unet": _passes(level, models.unet(), recipe="fast"),
    }
    found = {"short_unet_steps": SHORT}
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
