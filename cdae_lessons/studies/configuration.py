"""What one run is: a small record, checked, whose hash names its result. And grids of them."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from cdae_lessons import noise
from cdae_lessons.datasets import catalogue
from cdae_lessons.errors import InputError, check_count, known
from cdae_lessons.studies import code, networks
from cdae_lessons.studies.networks import CLASSICAL, RIVALS
from cdae_lessons.training import RECIPES


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One run: a network trained, or a classical method tuned, and scored on the test images of its data set.

    Parameters
    ----------
    dataset : str
        A name for `datasets.load`, or several joined by "+": a mix, trained on equal shares, tested on the first. The
        path of a folder may hold a "+", but before the name of another set.
    noise : str
        As ``"gaussian p=0.5 sigma=1"``; kept as `noise.name` writes it.
    n_train : int
        Number of training images, at least one of each set.
    network : str
        One of ``networks.NETWORKS``, with settings if you like, as ``"encoder_decoder depth=3 loss=mse"``, or of
        ``networks.CLASSICAL``, which have no recipe, length or seed.
    recipe : str
        One of `training.RECIPES`.
    epochs : int or str, optional
        Length of the training in place of the recipe's: passes over the images, or a number of steps, as
        ``"400 steps"``. Compare samples of different sizes at equal steps.
    seed : int
        Of the choice of training images, the initial weights, the noise and the order.
    size : int
        Height and width of the images.
    split : {"random", "paper"}
        Which images train and which test, see ``sides.sides``.
    images : str
        Of images that are files and may change: their ``sides.fingerprint``, so that a result is one of these images.

    Raises
    ------
    InputError
        On a value that is none of these.
    """

    dataset: str
    noise: str
    n_train: int
    network: str
    recipe: str = "fast"
    epochs: int | str | None = None
    seed: int = 0
    size: int = 64
    split: str = "random"
    images: str = ""

    def __post_init__(self) -> None:
        if self.network in CLASSICAL:
            for name, value in {"recipe": "tuned", "epochs": None, "seed": 0}.items():
                object.__setattr__(self, name, value)
        for name in FIELDS:
            if self.network not in CLASSICAL or name != "recipe":
                object.__setattr__(self, name, check(name, getattr(self, name)))
        sets = len(catalogue.members(self.dataset))
        if self.n_train < sets:
            msg = f"Expected n_train >= {sets}, an image of each set of {self.dataset!r}; received {self.n_train}."
            raise InputError(msg)

    @property
    def key(self) -> str:
        """16 letters that name the result: a hash of the record and of the code that decides it."""
        text = json.dumps([asdict(self), self.code], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def code(self) -> str:
        """The ``code.version`` that decides the result."""
        return code.version(self.dataset)

    def __str__(self) -> str:
        text = f"{self.dataset}, {self.noise}, n={self.n_train}: {self.network}"
        if self.network in CLASSICAL:
            return text
        return f"{text} ({self.recipe}{'' if self.epochs is None else f', {_length(self.epochs)}'}, seed {self.seed})"


FIELDS = tuple(Configuration.__dataclass_fields__)
REQUIRED = ("dataset", "noise", "n_train", "network")
SPLITS = ("random", "paper")
MOST = 20_000
"""Runs of a grid: at ten seconds each they take two days."""


def check(name: str, value: Any) -> object:
    """Return the value of one field of a `Configuration` as it is kept, or raise an error that says what is wrong.

    Parameters
    ----------
    name : str
        One of `FIELDS`.
    value : object
        What was given for it.

    Raises
    ------
    InputError
        If there is no such field, or it cannot have that value.
    """
    known(name, FIELDS, what="key of a configuration")
    if name == "dataset":
        return _dataset(str(value))
    if name == "noise":
        return noise.name(noise.parse(str(value)))
    if name == "network":
        return _network(str(value))
    if name == "images":
        return str(value)
    if name == "split":
        return known(value, SPLITS, what="split")
    if name == "recipe":
        return known(value, RECIPES, what="recipe")
    if name == "epochs":
        return _epochs(value)
    if isinstance(value, bool):
        msg = f"Expected {name} to be a whole number; received {value!r}."
        raise InputError(msg)
    return check_count(value, what=name, low={"n_train": 1, "seed": 0, "size": 8}[name])


def grid(**axes: object) -> list[Configuration]:
    """Every combination of the values given for each field; a value that is no list or tuple stands for itself.

    >>> grid(dataset="brain", noise="gaussian p=0.5 sigma=1", n_train=[10, 300], network="cnn_dae", seed=[0, 1])

    Parameters
    ----------
    **axes
        Fields of `Configuration`.

    Returns
    -------
    list of Configuration
        The last axis runs fastest; no configuration occurs twice.

    Raises
    ------
    InputError
        On a field that is unknown or missing, more than ``MOST`` combinations, and as `Configuration`.
    """
    for name in axes:
        known(name, FIELDS, what="key of a configuration")
    missing = [name for name in REQUIRED if name not in axes]
    if missing:
        msg = f"A configuration needs {', '.join(REQUIRED)}; there is no {', '.join(missing)}."
        raise InputError(msg)
    values = [axis if isinstance(axis, list | tuple) else [axis] for axis in axes.values()]
    if (count := math.prod(map(len, values))) > MOST:
        sizes = ", ".join(f"{len(axis):,} of {name}" for name, axis in zip(axes, values, strict=True) if len(axis) > 1)
        msg = (
            f"Expected a grid of at most {MOST:,} runs; received {sizes}, which make {count:,}. Leave some out, or "
            "make several studies of it."
        )
        raise InputError(msg)
    return unique(Configuration(**dict(zip(axes, chosen, strict=True))) for chosen in product(*values))


def rivals(configs: Iterable[Configuration]) -> list[Configuration]:
    """What a table needs beside its networks: the noisy images and the tuned classical methods, once for each case.

    They are tuned on as many images, of seed 0. The rivals of a mix are tuned on its first set, that of the test
    images, alone.

    Parameters
    ----------
    configs : iterable of Configuration
        The networks.

    Returns
    -------
    list of Configuration
    """
    cases = dict.fromkeys((catalogue.members(c.dataset)[0], c.noise, c.n_train, c.size) for c in configs)
    return [
        Configuration(dataset=dataset, noise=level, n_train=n, network=network, size=size)
        for dataset, level, n, size in cases
        for network in RIVALS
    ]


def unique(configs: Iterable[Configuration]) -> list[Configuration]:
    """The configurations in their order, each once."""
    return list(dict.fromkeys(configs))


def _dataset(text: str) -> str:
    names = catalogue.members(text)
    for name in names:
        catalogue.find(name)
    if len(set(names)) < len(names):
        msg = f"Expected each set of a mix once; received {text!r}."
        raise InputError(msg)
    return text


def _network(text: str) -> str:
    if " " not in text.strip():
        known(text, [*networks.NETWORKS, *CLASSICAL], what="network")
    return text if text in CLASSICAL else networks.parse(text)[0]


def _epochs(value: object) -> int | str | None:
    if value is None:
        return None
    steps = re.fullmatch(r"\s*([1-9]\d*)\s+steps?\s*", value) if isinstance(value, str) else None
    if steps:
        return f"{int(steps[1])} steps"
    try:
        return check_count(value, what="epochs", low=1)
    except InputError as error:
        msg = f"Expected epochs to be a whole number >= 1, or such as '400 steps'; received {value!r}."
        raise InputError(msg) from error


def _length(epochs: int | str) -> str:
    return f"{epochs} epochs" if isinstance(epochs, int) else epochs
