"""Exercises of lesson 0: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest

from cdae_lessons import checks

RIGHT = [
    lambda train, test: len(set(train) & set(test)),
    lambda train, test: len(np.intersect1d(train, test)),
    lambda train, test: np.isin(np.unique(test), train).sum(),
    lambda train, test: sum(subject in train for subject in np.unique(test)),
]

WRONG = [
    (lambda train, test: bool(set(train) & set(test)), "whether there is a leak"),
    (lambda train, test: set(train) & set(test), "a collection"),
    (lambda train, test: np.intersect1d(train, test), "a collection"),
    (lambda train, test: np.isin(test, train).sum(), "Count subjects, not images"),
    (lambda train, test: np.isin(train, test).sum(), "Count subjects, not images"),
    (lambda train, test: (train[:, None] == test).sum(), "Count subjects, not images"),
    (lambda train, test: (train[: len(test)] == test[: len(train)]).sum(), "place by place"),
    (lambda train, test: len(set(train) | set(test)), "Who is on both?"),
    (lambda train, test: 2, "share nobody"),
    (lambda train, test: len({*map(str, train)} & {*map(str, test)} - {"b"}), "labels may be texts"),
    (lambda train, test: -1, "subjects 1 and 3"),
    (lambda train, test: "two", "a single number"),
    (2, "a function is wanted"),
]


def to_screen(images):
    return (255 * np.clip(images, 0, 1)).astype(np.uint8)


def autoscaled(images):
    return (255 * (images - images.min()) / np.ptp(images)).astype(np.uint8)


def in_place(images):
    np.clip(images, 0, 1, out=images)
    return to_screen(images)


GREY = [
    (to_screen, "right."),
    (lambda images: np.rint(255 * np.minimum(np.maximum(images, 0), 1)).astype("uint8"), "right."),
    (lambda images: np.stack([to_screen(image) for image in images]), "right."),
    (autoscaled, "darkest pixel of the set"),
    (lambda images: np.stack([autoscaled(image) for image in images]), "a scale of its own"),
    (lambda images: to_screen(images / images.max()), "whatever was found"),
    (lambda images: (255 * images).astype(int).astype(np.uint8), "See np.clip"),
    (lambda images: (256 * np.clip(images, 0, 1)).astype(int).astype(np.uint8), "256 does not fit"),
    (lambda images: np.clip(images, 0, 1).astype(np.uint8), "every level is 0 or 1"),
    (lambda images: 255 * np.clip(images, 0, 1), "these are float64"),
    (lambda images: to_screen(images)[0], "the images' shape"),
    (lambda images: 255 - to_screen(images), "0 for what is below 0"),
    (in_place, "changes the images"),
]
CASES = [(checks.check_shared_subjects, answer, "right.") for answer in RIGHT]
CASES += [(checks.check_shared_subjects, *case) for case in WRONG]
CASES += [(checks.check_grey_scale, *case) for case in GREY]
CASES += [
    (check, blank, "not attempted yet.")
    for check in (checks.check_shared_subjects, checks.check_grey_scale)
    for blank in (None, lambda *arguments: None)
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1
