"""Patches of two photographs that scikit-image ships: a human retina and a stained section of the colon."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from cdae_lessons.datasets.image_set import Entry, Images
from cdae_lessons.datasets.images import resize, to_grey
from cdae_lessons.errors import InputError

PATCHES = 560  # drawn unless asked otherwise: enough for 300 to train, 50 to validate and 100 to test
BLACK = 0.05  # below it lies the black around the retina
INSIDE = 0.98  # the share of a patch that must not be black


@dataclass(frozen=True)
class Photograph:
    """Patches at random places of an image of scikit-image.

    The photograph is cut into blocks with a gap between them; no patch crosses a block's border, and the block is
    the patch's subject. A split that keeps subjects apart thus takes training, validation and test patches from
    separate regions. Patches of one block overlap.
    """

    name: str
    entry: Entry
    image: str  # function of skimage.data
    file: str  # in skimage/data
    grid: int  # blocks along each side
    gap: int  # pixels between blocks
    side: int  # of a patch, in pixels

    def read(self, *, size: int, n: int | None, seed: int, **_: object) -> Images:
        """Draw patches: the first ones are the same however many are drawn."""
        if size > self.side:
            msg = f"Expected a size up to {self.side}, the side of a patch of {self.name!r}; received {size}."
            raise InputError(msg)
        photograph = self.grey()
        corners, subjects = self.places(PATCHES if n is None else n, seed=seed)
        patches = np.stack([photograph[row : row + self.side, column : column + self.side] for row, column in corners])
        return resize(patches, size), subjects

    def find(self, **_: object) -> Path:
        """The photograph, which ships with scikit-image."""
        return Path(str(resources.files("skimage") / "data" / self.file))

    fetch = find

    def grey(self) -> np.ndarray:
        """The whole photograph, (H, W)."""
        return _grey(self.image)

    def places(self, n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Upper left corners (n, 2) of patches, taken from the blocks in turn, and their blocks (n,)."""
        photograph = self.grey()
        inside = _share(photograph > BLACK, self.side) >= INSIDE
        step = photograph.shape[0] // self.grid
        room = step - self.gap - self.side + 1  # corners along each side of a block
        blocks = {}
        for block in range(self.grid**2):
            row, column = (step * index + self.gap // 2 for index in divmod(block, self.grid))
            corners = np.argwhere(inside[row : row + room, column : column + room]) + np.array([row, column])
            if len(corners) > room**2 / 4:
                blocks[block] = np.random.default_rng([seed, block]).permutation(corners)
        most = len(blocks) * min(map(len, blocks.values()))
        if n > most:
            msg = f"Expected n <= {most}, the number of different patches of {self.name!r}; received n={n}."
            raise InputError(msg)
        labels = np.array(list(blocks))[np.arange(n) % len(blocks)]
        return np.array([blocks[label][turn // len(blocks)] for turn, label in enumerate(labels)]), labels


FUNDUS = Photograph(
    "fundus",
    Entry("retina photograph, patches", "any", "up to 128", "scikit-image: retina()", "CC0 1.0", "nothing"),
    "retina",
    "retina.jpg",
    grid=5,
    gap=16,
    side=128,
)
HISTOLOGY = Photograph(
    "histology",
    Entry(
        "colon immunohistochemistry, patches",
        "any",
        "up to 64",
        "scikit-image: immunohistochemistry()",
        "no known copyright restrictions",
        "nothing",
    ),
    "immunohistochemistry",
    "ihc.png",
    grid=4,
    gap=8,
    side=64,
)


def _share(mask: np.ndarray, side: int) -> np.ndarray:
    """The share of true pixels in each window of `side` x `side`, by its upper left corner."""
    total = np.pad(mask.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return (total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]) / side**2


@cache
def _grey(image: str) -> np.ndarray:
    from skimage import data

    return to_grey(getattr(data, image)())
