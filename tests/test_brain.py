import time
from pathlib import Path

import numpy as np
import pytest

from cdae_lessons.datasets import brain

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def brains():
    return brain.draw(60, size=64, seed=0)


def test_images_are_float32_in_range(brains):
    assert brains.shape == (60, 64, 64)
    assert brains.dtype == np.float32
    assert brains.min() == 0
    assert 0.7 < brains.max() <= 1


def test_no_slice_is_nearly_empty_or_cut_off(brains):
    inside = (brains > 0.1).mean((1, 2))
    assert inside.min() > 0.12
    assert inside.max() < 0.6
    frame = np.ones((64, 64), bool)
    frame[1:-1, 1:-1] = False
    assert (brains[:, frame] > 0.1).mean() < 0.01


def test_tissue_and_ventricles_differ(brains):
    bright = np.array([np.percentile(image[image > 0.1], 90) for image in brains])
    dark = np.array([np.percentile(image[image > 0.1], 10) for image in brains])
    assert (bright - dark).min() > 0.2


def test_a_subject_is_the_same_however_many_are_drawn(brains):
    assert np.array_equal(brain.draw(5, size=64, seed=0), brains[:5])


def test_another_seed_gives_others(brains):
    other = brain.draw(5, size=64, seed=1)
    assert np.abs(other - brains[:5]).mean((1, 2)).min() > 0.01


def test_subjects_differ_from_one_another(brains):
    flat = brains.reshape(len(brains), -1)
    distance = np.sqrt(((flat[:, np.newaxis] - flat) ** 2).mean(-1))
    np.fill_diagonal(distance, np.inf)
    assert distance.min() > 0.02


def test_size_changes_the_pixels_not_the_field_of_view():
    small, large = (brain.draw(2, size=size, seed=3) for size in (64, 128))
    assert large.shape == (2, 128, 128)
    assert np.abs(large.reshape(2, 64, 2, 64, 2).mean((2, 4)) - small).mean() < 0.02


def test_the_deformation_never_folds():
    for index in range(150):
        points = brain._anatomy(np.random.default_rng([1, index]), 64)
        across, down = np.gradient(points, brain.FIELD / 64, axis=(1, 2))
        normal = np.cross(across, down, axis=0)
        mean = normal.mean((1, 2))
        assert (np.tensordot(mean / np.linalg.norm(mean), normal, 1)).min() > 0.2


def test_views_lie_as_a_radiologist_looks_at_them(monkeypatch):
    monkeypatch.setattr(brain, "WARP", 0)
    monkeypatch.setattr(brain, "POSE", 0)
    seen = set()
    for index in range(30):
        points = brain._anatomy(np.random.default_rng([0, index]), 64)  # right, anterior, up
        down, across = points[:, -1, 32] - points[:, 0, 32], points[:, 32, -1] - points[:, 32, 0]
        seen.add((np.abs(down).argmax(), np.sign(down[np.abs(down).argmax()]), np.abs(across).argmax()))
        assert across[np.abs(across).argmax()] < 0  # right, or anterior, on the left
    assert seen == {(1, -1, 0), (2, -1, 0), (2, -1, 1)}  # anterior up in axial slices, superior up in the others


def test_drawing_is_quick():
    start = time.process_time()  # the processor's, so that it does not matter what else runs
    brain.draw(50, size=64, seed=9)
    assert (time.process_time() - start) / 50 < 0.02  # 3 ms here


def test_the_licence_lies_beside_the_template():
    folder = ROOT / "cdae_lessons" / "data_files"
    assert "Copyright (C) 1993-2009 Louis Collins" in (folder / "icbm152_licence.txt").read_text()
    assert (folder / "icbm152_t1.npz").stat().st_size < 1_000_000
