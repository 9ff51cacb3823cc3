"""Phantoms: random ellipses in a body, no two alike."""

import numpy as np
import pytest

from cdae_lessons.datasets import load, phantoms


@pytest.fixture(scope="module")
def drawn():
    return phantoms.draw(60, size=64, seed=0)


def test_images_are_float32_in_range(drawn):
    assert drawn.shape == (60, 64, 64)
    assert drawn.dtype == np.float32
    assert drawn.min() == 0
    assert drawn.max() <= 1


def test_a_body_of_middle_grey_lies_on_black(drawn):
    frame = np.ones((64, 64), bool)
    frame[1:-1, 1:-1] = False
    assert (drawn[:, frame] == 0).mean() > 0.98
    body = (drawn > 0.05).mean((1, 2))
    assert body.min() > 0.3
    assert body.max() < 0.8
    middle = np.array([np.median(image[image > 0.05]) for image in drawn])
    assert middle.min() > 0.2
    assert middle.max() < 0.6


def test_every_body_has_structures_in_it(drawn):
    greys = [len(np.unique(np.round(image, 2))) for image in drawn]
    assert min(greys) > 10
    assert (drawn.max((1, 2)) > 0.8).mean() > 0.1  # some as bright as bone


def test_ellipses_are_5_to_15_and_inside_the_body(monkeypatch):
    added = []
    monkeypatch.setattr(phantoms, "_add", lambda image, side, *ellipse: added.append(ellipse))
    counts = []
    for index in range(300):
        added.clear()
        phantoms.draw(1, size=8, seed=index)
        (middle, body, turn, _), _, *inside = added
        counts.append(len(inside))
        angle = np.linspace(0, 2 * np.pi, 50)
        for centre, axes, own, _ in inside:
            edge = np.stack([axes[0] * np.cos(angle), axes[1] * np.sin(angle)]).T @ turned(own) + centre
            u, v = ((edge - np.array(middle)) @ turned(turn).T / body).T
            assert (u**2 + v**2).max() < 1
    assert set(counts) == set(range(phantoms.FEWEST, phantoms.MOST + 1))


def turned(angle):
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def test_a_phantom_is_the_same_however_many_are_drawn(drawn):
    assert np.array_equal(phantoms.draw(5, size=64, seed=0), drawn[:5])


def test_another_seed_gives_others(drawn):
    other = phantoms.draw(5, size=64, seed=1)
    assert np.abs(other - drawn[:5]).mean((1, 2)).min() > 0.01


def test_no_two_are_alike(drawn):
    flat = drawn.reshape(len(drawn), -1)
    distance = np.sqrt(((flat[:, np.newaxis] - flat) ** 2).mean(-1))
    np.fill_diagonal(distance, np.inf)
    assert distance.min() > 0.02


@pytest.mark.parametrize("size", [8, 9, 100])
def test_any_size(size):
    images = phantoms.draw(20, size=size, seed=0)
    assert images.shape == (20, size, size)
    assert 0.1 < images.mean() < 0.4


def test_size_changes_the_pixels_not_the_phantom():
    small, large = (phantoms.draw(10, size=size, seed=3) for size in (64, 256))
    error = large.reshape(10, 64, 4, 64, 4).mean((2, 4)) - small
    assert np.abs(error).mean() < 0.002
    assert np.abs(error).max() < 0.2  # a pixel on an edge has what its share on either side gives


@pytest.mark.parametrize(("axes", "angle"), [((0.5, 0.3), 0), ((0.5, 0.3), 1), ((0.3, 0.3), 2), ((0.1, 0.6), 0.5)])
def test_an_ellipse_has_its_area_and_its_place(axes, angle):
    side = (np.arange(128, dtype=np.float32) + 0.5) / 64 - 1
    image = np.zeros((128, 128), np.float32)
    phantoms._add(image, side, (0.2, -0.1), axes, angle, 0.5)
    assert np.isclose(image.sum(), 0.5 * np.pi * axes[0] * axes[1] * 64**2, rtol=0.01)
    assert image.max() == 0.5
    centre = [(image.sum(1) * side).sum() / image.sum(), (image.sum(0) * side).sum() / image.sum()]
    assert np.allclose(centre, [0.2, -0.1], atol=1e-3)


def test_angle_zero_lies_along_the_first_axis():
    side = (np.arange(64, dtype=np.float32) + 0.5) / 32 - 1
    image = np.zeros((64, 64), np.float32)
    phantoms._add(image, side, (0, 0), (0.8, 0.2), 0, 1)
    assert (image[:, 32] > 0.5).sum() > 3 * (image[32] > 0.5).sum()


def test_every_phantom_is_a_subject():
    cohort = load("phantoms", n=40, size=16)
    assert len(set(cohort.subjects)) == 40
    assert [len(part) for part in cohort.split(train=None, validation=5, test=5)] == [30, 5, 5]
    assert "Shepp" in cohort.source
