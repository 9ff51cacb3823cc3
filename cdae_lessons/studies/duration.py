"""How long will a study take? Told before it begins, from a few steps of each network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cache

from cdae_lessons import datasets, denoisers, noise, training
from cdae_lessons.studies import measuring, networks, sides
from cdae_lessons.studies.configuration import Configuration

STEPS = 20
TUNING = 16  # images that `denoisers.tune` looks at


def seconds(configs: Iterable[Configuration]) -> float:
    """Estimate how long runs take on this computer, one after the other.

    Each network is trained for 20 steps at each image size, each classical method is tuned on one image.
    Good to a third or so: the rest of the computer's work is not known.

    Parameters
    ----------
    configs : iterable of Configuration
        The runs.

    Returns
    -------
    float
    """
    step, classical = cache(_step), cache(_classical)  # kept for this study only: the computer may be busier later
    total = 0.0
    for config in configs:
        if config.network not in networks.RIVALS:
            total += steps(config) * step(config.network, config.size, config.recipe)
        elif config.network != "noisy":
            total += classical(config.network, config.size)
    return total


def steps(config: Configuration) -> int:
    """Training steps of a configuration, one a batch."""
    ((unit, total),) = measuring.length(config).items()
    batch = min(training.RECIPES[config.recipe].batch_size, config.n_train)
    return total if unit == "steps" else total * -(-config.n_train // batch)


def _step(network: str, size: int, recipe: str) -> float:
    images = datasets.load("brain", n=2 * training.RECIPES[recipe].batch_size, size=size).images
    model = networks.parse(network)[1](size)
    corrupt = noise.parse("gaussian p=0.5 sigma=1")
    how = {"recipe": recipe, "progress": False}
    training.fit(model, images, corrupt, steps=2, **how)  # the first steps are slower
    return training.fit(model, images, corrupt, steps=STEPS, **how).seconds / STEPS


def _classical(method: str, size: int) -> float:
    clean = datasets.load("brain", n=1, size=size).images
    noisy = noise.parse("gaussian p=0.5 sigma=1")(clean, rng=0)
    found: dict[str, object] = {}
    tuning = _timed(lambda: found.update(denoisers.tune(method, noisy, clean)))
    return TUNING * tuning + sides.TEST * _timed(lambda: denoisers.denoise(method, noisy, **found))


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
