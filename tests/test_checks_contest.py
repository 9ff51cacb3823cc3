"""The open exercise of lesson 7: what beats the rivals, what does not, and whether their scores are still true."""

from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from cdae_lessons import checks, datasets, denoisers, noise
from cdae_lessons.checks import contest


@cache
def images():
    return datasets.load(**contest.TRAIN).images


def smooth(noisy, width=2.8):
    return ndimage.gaussian_filter(noisy, (0, width, width))


def average(noisy):
    return denoisers.training_average(noisy, images=images(), sigma=1.0)


def good(noisy):
    """Ahead of BM3D in both scores without a network: the average, with the smoothed image where they differ."""
    return 0.7 * average(noisy) + 0.3 * smooth(noisy, 2)


def in_place(noisy):
    noisy[:] = good(noisy)
    return noisy


def standardised(noisy):
    return good((noisy - noisy.mean(axis=0)) / noisy.std() + 0.2)


def sharp_and_dark(noisy):
    return 0.8 * average(noisy)


def grainy(noisy):
    return good(noisy) + 0.03 * np.random.default_rng(0).standard_normal(noisy.shape[1:])


CASES = [
    (good, "right."),
    (lambda noisy: good(noisy) + 0.0, "right."),
    (None, "not attempted yet."),
    (lambda noisy: None, "not attempted yet."),
    (lambda noisy: noisy, "come back as they are"),
    (lambda noisy: np.clip(noisy, 0, 1), "All-black pictures"),
    (lambda noisy: np.broadcast_to(images().mean(0), noisy.shape), "all pictures are the same"),
    (in_place, "changes the noisy images"),
    (standardised, "without the others"),
    (average, "Are these folds the patient's"),
    (grainy, "is the picture too smooth"),
    (smooth, "What helps with few images"),
    (lambda noisy: good(noisy)[..., None], "the shape should be (50, 64, 64)"),
    (lambda noisy: np.full_like(noisy, np.nan), "finite"),
    (good(np.zeros((1, 64, 64), np.float32)), "a function is wanted"),
]
CASES = [(checks.check_beat_bm3d, *case) for case in CASES]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_rivals_score_what_is_said_when_tuned_on_the_training_images():
    clean, noisy = contest.contest_images()
    noisy_train = noise.parse(contest.NOISE)(images(), rng=0)
    for name, (ssim, psnr, inside) in contest.RIVALS.items():
        if name not in denoisers.DENOISERS:
            assert name == "bm3d"  # not everybody may use it
            continue
        denoised = denoisers.denoise(name, noisy, **denoisers.tune(name, noisy_train, images()))
        found = contest._scores(clean, denoised)
        assert np.allclose(found, (ssim, psnr, inside), atol=0.01), (name, found)


def test_nobody_is_both_trained_on_and_tested():
    clean, _ = contest.contest_images()
    distance = np.abs(clean[:, None] - images()).max(axis=(2, 3))
    assert distance.min() > 0.1


def test_the_table_puts_an_answer_beside_the_noisy_images_and_the_rivals():
    table = checks.contest_table(good)
    assert [*table.index] == ["noisy", "tv", "training_average", "bm3d", "yours"]
    assert table.loc["yours", "ssim"] > table.loc["bm3d", "ssim"] > table.loc["noisy", "ssim"]
    assert "yours" not in checks.contest_table(None).index
