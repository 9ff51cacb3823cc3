"""Which sliders go with which noise model: all of its parameters in the noise lab, its level elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from cdae_lessons.errors import known
from cdae_lessons.noise import NOISES
from cdae_lessons.weights import SIGMAS


class Range(NamedTuple):
    """What `base.slider` takes: its label, first value, least and greatest one, and step, a factor minus 1 if `log`."""

    label: str
    value: float
    low: float
    high: float
    step: float
    log: bool = False


class Level(NamedTuple):
    """The one slider that makes a noise stronger: which parameter it moves, and the values of the others."""

    parameter: str
    range: Range
    others: Mapping[str, float] = {}


PARAMETERS: Mapping[str, Mapping[str, Range]] = {
    "gaussian": {
        "p": Range("p", 0.1, 0.0, 1.0, 0.05),
        "mean": Range("Mean", 0.0, -1.0, 1.0, 0.1),
        "sigma": Range("σ", 1.0, 0.0, 5.0, 0.1),
    },
    "poisson": {"p": Range("p", 0.2, 0.0, 1.0, 0.05), "lam": Range("λ", 5.0, 0.0, 20.0, 0.5)},
    "shot": {"peak": Range("Photons at x = 1", 30.0, 1.0, 1000.0, 0.25, log=True)},
    "masking": {"p": Range("Share masked p", 0.25, 0.0, 1.0, 0.05)},
    "salt_and_pepper": {"p": Range("Share replaced p", 0.1, 0.0, 1.0, 0.05)},
    "speckle": {"sigma": Range("Noise σ", 0.2, 0.0, 2.0, 0.05)},
    "rician": {"sigma": Range("Noise σ", 0.1, 0.0, 1.0, 0.02)},
}
"""Of each noise model of `noise.NOISES`, all parameters."""


def _alone(noise: str, low: float, high: float) -> Level:
    """The only parameter of a noise model, in a part of its range."""
    ((parameter, whole),) = PARAMETERS[noise].items()
    return Level(parameter, whole._replace(low=low, high=high))


LEVELS: Mapping[str, Level] = {
    "gaussian": Level("sigma", Range("Noise σ", 0.2, *SIGMAS, 0.05), {"p": 1.0}),
    "poisson": Level("p", Range("Noise p (λ = 5)", 0.1, 0.05, 0.5, 0.05), {"lam": 5.0}),
    "shot": _alone("shot", 1.0, 1000.0),
    "masking": _alone("masking", 0.05, 0.9),
    "salt_and_pepper": _alone("salt_and_pepper", 0.05, 0.9),
    "speckle": _alone("speckle", 0.05, 1.0),
    "rician": _alone("rician", 0.02, 0.5),
}
"""Of each noise model of `noise.NOISES`, its level, within the range that classical methods were tuned for."""


def corruption(noise: str, level: float) -> partial:
    """The noise model `noise` with the slider of `LEVELS` at `level`, to be called as ``corrupt(images, rng=…)``."""
    of = LEVELS[known(noise, LEVELS, what="noise model")]
    return partial(NOISES[noise], **of.others, **{of.parameter: level})
