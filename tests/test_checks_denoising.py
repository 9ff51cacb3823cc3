"""Exercises of lesson 3: the right answers, a blank, and each wrong answer with a hint of its own."""

import numpy as np
import pytest

from cdae_lessons import noise
from cdae_lessons.checks import denoising


def masked(clean, rng, p=0.3):
    return clean * (rng.random(clean.shape) >= p)


def in_place(clean, rng):
    copy = clean.copy()
    clean[rng.random(clean.shape) < 0.3] = 0
    return clean, copy


PAIRS = [
    (lambda clean, rng: (masked(clean, rng), clean), "right."),
    (lambda clean, rng: [noise.masking(clean, p=0.3, rng=rng), clean.copy()], "right."),
    (lambda clean, rng: (np.where(rng.uniform(size=clean.shape) < 0.7, clean, 0), clean), "right."),
    (None, "not attempted yet."),
    (lambda clean, rng: None, "not attempted yet."),
    (lambda clean, rng: (None, None), "not attempted yet."),
    (lambda clean, rng: (clean, masked(clean, rng)), "input and target are swapped"),
    (lambda clean, rng: (masked(clean, rng),) * 2, "the target is corrupted too"),
    (lambda clean, rng: (masked(clean, rng), masked(clean, rng)), "the target is not the clean image"),
    (lambda clean, rng: (clean, clean), "the input is clean"),
    (lambda clean, rng: (masked(clean, np.random.default_rng(0)), clean), "the second call gives the same noise"),
    (lambda clean, rng: (masked(clean, np.random.default_rng()), clean), "the same rng gives different noise"),
    (lambda clean, rng: (clean * (rng.random(clean.shape[1:]) >= 0.3), clean), "every image of the batch has the same"),
    (lambda clean, rng: (clean * (rng.random((len(clean), 1, 1)) >= 0.3), clean), "whole images are set to zero"),
    (lambda clean, rng: (masked(clean, rng, p=0.7), clean), "kept and masked are swapped"),
    (lambda clean, rng: (masked(clean, rng, p=0.1), clean), "30 % are wanted"),
    (lambda clean, rng: (clean + rng.normal(size=clean.shape), clean), "neither the clean value nor 0"),
    (in_place, "changes the clean images themselves"),
    (lambda clean, rng: masked(clean, rng), "two arrays are wanted"),
    (lambda clean, rng: (masked(clean, rng)[0], clean), "the shape should be (12, 16, 16)"),
]


@pytest.mark.parametrize(("answer", "part"), PAIRS)
def test_pairs(answer, part, capsys):
    denoising.check_pairs(answer)
    line = capsys.readouterr().out
    assert line.startswith("Training pairs: ")
    assert line.count("\n") == 1
    assert part in line
