"""Patches of two photographs that scikit-image ships: a human retina and a stained section of the colon."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from cdae_lessons.datasets.images import resize, to_grey
from cdae_lessons.errors import InputError

PATCHES = 560  # drawn unless asked otherwise: enough for 300 to train, 50 to validate and 100 to test
BLACK = 0.05  # below it lies the black around the retina
INSIDE = 0.98  # the share of a patch that must not be black


class Photograph(NamedTuple):
    """How to cut patches from an image of scikit-image."""

    image: str  # function of skimage.data
    file: str  # in skimage/data
    grid: int  # blocks along each side
    gap: int  # pixels between blocks
    side: int  # of a patch, in pixels


PHOTOGRAPHS = {
    "fundus": Photograph("retina", "retina.jpg", grid=5, gap=16, side=128),
    "histology": Photograph("immunohistochemistry", "ihc.png", grid=4, gap=8, side=64),
}


def draw(name: str, *, size: int, n: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw patches at random places of the photograph `name`.

    The photograph is cut into blocks with a gap between them; no patch crosses a block's border, and the block is
    the patch's subject. A split that keeps subjects apart thus takes training, validation and test patches from
    separate regions. Patches of one block overlap.

    Parameters
    ----------
    name : {"fundus", "histology"}
        Which photograph.
    size : int
        Side of the images; at most 128 for the fundus, 64 for the histology.
    n : int or None
        How many patches; None for 560. The first ones are the same however many are drawn.
    seed : int
        Which patches.

    Returns
    -------
    images : ndarray of shape (n, size, size), float32 in [0, 1]
    subjects : ndarray of shape (n,), int
        The block.

    Raises
    ------
    InputError
        If `size` is larger than a patch, or `n` than the number of places.
    """
    side = PHOTOGRAPHS[name].side
    if size > side:
        msg = f"Expected a size up to {side}, the side of a patch of {name!r}; received {size}."
        raise InputError(msg)
    photograph = _grey(name)
    corners, subjects = places(photograph, name, n=PATCHES if n is None else n, seed=seed)
    patches = np.stack([photograph[row : row + side, column : column + side] for row, column in corners])
    return resize(patches, size), subjects


def places(photograph: np.ndarray, name: str, *, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Upper left corners (n, 2) of patches, taken from the blocks in turn, and their blocks (n,)."""
    grid, gap, side = PHOTOGRAPHS[name][2:]
    inside = _share(photograph > BLACK, side) >= INSIDE
    step = photograph.shape[0] // grid
    room = step - gap - side + 1  # corners along each side of a block
    blocks = {}
    for block in range(grid**2):
        row, column = (step * index + gap // 2 for index in divmod(block, grid))
        corners = np.argwhere(inside[row : row + room, column : column + room]) + np.array([row, column])
        if len(corners) > room**2 / 4:
            blocks[block] = np.random.default_rng([seed, block]).permutation(corners)
    most = len(blocks) * min(map(len, blocks.values()))
    if n > most:
        msg = f"Expected n <= {most}, the number of different patches of {name!r}; received n={n}."
        raise InputError(msg)
    labels = np.array(list(blocks))[np.arange(n) % len(blocks)]
    corners = np.array([blocks[label][turn // len(blocks)] for turn, label in enumerate(labels)])
    return corners, labels


def _share(mask: np.ndarray, side: int) -> np.ndarray:
    """The share of true pixels in each window of `side` x `side`, by its upper left corner."""
    total = np.pad(mask.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return (total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]) / side**2


@cache
def _grey(name: str) -> np.ndarray:
    from skimage import data

    return to_grey(getattr(data, PHOTOGRAPHS[name].image)())
