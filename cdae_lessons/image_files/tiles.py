"""A large image through a network in tiles: what each tile must see beside itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cdae_lessons import training
from cdae_lessons.errors import check_count, check_images


def in_tiles(model: Any, image: np.ndarray, *, side: int, halo: int) -> np.ndarray:
    """Denoise one image tile by tile: each tile is cut out with a halo, denoised, and put back without it.

    Beyond its edges the image is continued by its mirror image. `training.denoise` does all this by itself, with
    a halo that is always wide enough; this one is for seeing what happens if it is not.

    Parameters
    ----------
    model, image, side, halo
        As in `tiles`.

    Returns
    -------
    ndarray of shape (H, W), float32 in [0, 1]
    """
    made = np.empty(image.shape, np.float32)
    for place, tile in tiles(model, image, side=side, halo=halo):
        made[place] = tile
    return made


def tiles(model: Any, image: np.ndarray, *, side: int, halo: int) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """Do what `in_tiles` does, one tile after the other.

    Parameters
    ----------
    model : keras.Model
        One of convolutions, as for `training.denoise`.
    image : ndarray of shape (H, W), floating point
        The noisy image.
    side : int
        Of a tile, in pixels, without its halo; a tile is no larger than the image.
    halo : int
        How many pixels around it are denoised with it, and thrown away.

    Yields
    ------
    place : tuple of two slices
        Where the tile goes: rows, columns.
    tile : ndarray, float32 in [0, 1]
        What is there, without its halo.
    """
    image = check_images(np.asarray(image)[np.newaxis], what="the image", in_range=False)[0]
    side, halo = check_count(side, what="side", low=1), check_count(halo, what="halo")
    height, width = image.shape
    down, across = min(side, height), min(side, width)
    rim = [(halo, halo + -length % part) for length, part in zip(image.shape, (down, across), strict=True)]
    wide = np.pad(image, rim, mode="symmetric")
    corners = [(row, column) for row in range(0, height, down) for column in range(0, width, across)]
    cut = [wide[row : row + down + 2 * halo, column : column + across + 2 * halo] for row, column in corners]
    for (row, column), tile in zip(corners, training.denoise(model, np.stack(cut)), strict=True):
        place = slice(row, min(row + down, height)), slice(column, min(column + across, width))
        inside = tile[halo:, halo:]
        yield place, inside[: place[0].stop - row, : place[1].stop - column]
