"""Patches of photographs: separate regions, and limits."""

import numpy as np
import pytest

from cdae_lessons.datasets import catalogue, load, photographs
from cdae_lessons.errors import InputError


@pytest.mark.parametrize("name", ["fundus", "histology"])
def test_patches_split_into_separate_regions(name):
    corners, blocks = catalogue.OWN[name].places(photographs.PATCHES, seed=0)
    side = catalogue.OWN[name].side
    owner = np.full(catalogue.OWN[name].grey().shape, -1)
    for (row, column), block in zip(corners, blocks, strict=True):
        patch = owner[row : row + side, column : column + side]
        assert patch.shape == (side, side)
        assert np.isin(patch, (-1, block)).all()
        patch[:] = block
    along = [(owner[:, 1:], owner[:, :-1]), (owner[1:], owner[:-1])]
    assert not any(((a != b) & (a >= 0) & (b >= 0)).any() for a, b in along)  # not even neighbours
    assert len({tuple(corner) for corner in corners.tolist()}) == len(corners)
    assert [len(part) for part in load(name).split()] == [300, 50, 100]


def test_fundus_patches_show_the_retina():
    assert np.median(load("fundus", n=100).images, (1, 2)).min() > 0.15


@pytest.mark.parametrize("name", ["fundus", "histology"])
def test_patches_have_their_limits(name):
    side = catalogue.OWN[name].side
    assert load(name, n=2, size=side).images.shape == (2, side, side)
    with pytest.raises(InputError, match=f"size up to {side}.*received {side + 1}"):
        load(name, size=side + 1)
    with pytest.raises(InputError, match=r"the number of different patches.*received n=10000000"):
        load(name, n=10_000_000)
