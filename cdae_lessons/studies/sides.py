"""Which images train, which validate and which test, no subject on two sides."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from cdae_lessons import datasets
from cdae_lessons.datasets import Cohort, catalogue
from cdae_lessons.errors import InputError
from cdae_lessons.files import StrPath
from cdae_lessons.studies.configuration import Configuration

TEST, VALIDATION = 100, 50  # images kept apart, or a fifth and a tenth of a set of fewer than 500
LARGEST = 1000  # images drawn from a published set: some have 100,000
PAPER_TRAIN, PAPER_TEST, PAPER_TEST_MIAS = 300, 100, 22


class Sides(NamedTuple):
    """The images of a run; `train` of shape (n_train, size, size), float32 in [0, 1]; `validation` may be empty."""

    train: np.ndarray
    validation: Cohort
    test: Cohort


def sides(config: Configuration, *, data_dir: StrPath | None = None) -> Sides:
    """The images of a run.

    Parameters
    ----------
    config : Configuration
        With ``split="random"``, test and validation images depend on the data set alone: neither the number of training
        images nor the seed changes them. The seed draws the training images from the rest; those of a small sample are
        among those of a larger one. A mix, ``"brain+fundus"``, trains on equal shares of its sets, and is validated and
        tested on the first. With ``split="paper"``, see `paper_sides`, the first images train and the last ones
        test; a mix is tested on all of its sets.
    data_dir : path, optional
        Where the images are, see `datasets.load`.

    Returns
    -------
    Sides

    Raises
    ------
    InputError
        If there are too few images.
    """
    place = None if data_dir is None else os.fspath(data_dir)
    parts = [split(name, config.size, config.split, place) for name in catalogue.members(config.dataset)]
    pools = [train for train, _, _ in parts]
    if config.split == "paper":
        whole = config.n_train == sum(map(len, pools))
        counts = [len(pool) for pool in pools] if whole else _shares(config.n_train, len(pools))
        chosen = [pool.take(count) for pool, count in zip(pools, counts, strict=True)]
        test = parts[0][2]
        for _, _, other in parts[1:]:
            test = test + other
    else:
        chosen = [
            pool.split(train=count, validation=0, test=0, seed=config.seed)[0]
            for pool, count in zip(pools, _shares(config.n_train, len(pools)), strict=True)
        ]
        test = parts[0][2]
    return Sides(np.concatenate([cohort.images for cohort in chosen]), parts[0][1], test)


def paper_sides(cohort: Cohort) -> tuple[Cohort, Cohort, Cohort]:
    """The first images to train on and the last to test on, as in the paper, or as many as there are; none validates.

    300 and 22 for ``mias``, 300 and 100 else, and fewer in proportion where there are fewer images; at most so many to
    test on that the first subject's are left to train on.

    Raises
    ------
    InputError
        If there are fewer than four images, or all of one subject.
    """
    count, test = len(cohort), PAPER_TEST_MIAS if cohort.name == "mias" else PAPER_TEST
    if count < 4:
        msg = f"Expected at least 4 images to train and test on; {cohort.name!r} has {count}."
        raise InputError(msg)
    if count < PAPER_TRAIN + test:
        test = max(round(count * test / (PAPER_TRAIN + test)), min(6, count // 2))
        others = int((cohort.subjects != cohort.subjects[0]).sum())
        test = min(test, others) or test
    first, none, last = cohort.split(train=None, validation=0, test=test, seed=None)
    return first.take(min(PAPER_TRAIN, len(first))), none, last


def fingerprint(*cohorts: Cohort) -> str:
    """16 letters that change with the images, for `Configuration.images`; empty for those that the code makes."""
    if all(catalogue.find(cohort.name).entry.needs == "nothing" for cohort in cohorts):
        return ""
    pixels = b"".join(np.ascontiguousarray(cohort.images).tobytes() for cohort in cohorts)
    return hashlib.sha256(pixels).hexdigest()[:16]


@lru_cache(maxsize=8)  # a worker does many runs on few sets
def split(name: str, size: int, how: str, data_dir: str | None) -> tuple[Cohort, Cohort, Cohort]:
    """The images of one set that may train, validate and test; see `sides` for the arguments."""
    if how == "paper":
        return paper_sides(datasets.load(name, size=size, data_dir=data_dir))
    published = catalogue.find(name).entry.images
    n = LARGEST if published.isdigit() and int(published) > LARGEST else None
    cohort = datasets.load(name, size=size, n=n, data_dir=data_dir)
    test, validation = min(TEST, len(cohort) // 5), min(VALIDATION, len(cohort) // 10)
    if not test:
        msg = f"Expected at least 5 images, to keep one for the test; {name!r} has {len(cohort)}."
        raise InputError(msg)
    return cohort.split(train=None, validation=validation, test=test, seed=0)


def _shares(total: int, count: int) -> list[int]:
    return [total // count + (i < total % count) for i in range(count)]
