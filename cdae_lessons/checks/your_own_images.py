"""Exercises of lesson 13: grey values that keep their unit, tiles and their halos, and what goes back into a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy import ndimage

from cdae_lessons.checks.answers import Hint, array, call, compare, exercise, matching, number, same

TILE_FAULTS: Mapping[int, str] = MappingProxyType(
    {
        1: "The tiles have no halo at all.",
        2: "They have a halo, but one that is narrower than the network's reach.",
        3: "The halo is wide enough, but tiles begin in the middle of the blocks that the network pools.",
        4: "Each tile was stretched to its own black and white before, and back afterwards.",
        5: "The tiles were put back one pixel too far to the right.",
    }
)
"""What may be wrong with the tilings of `four_tilings`."""

_TILINGS = MappingProxyType({"A": 4, "B": 2, "C": 1, "D": 3})
_WHOLE, _SIDE, _BLOCK = 192, 32, 4


def four_tilings() -> pd.DataFrame:
    """How four tilings of one image differ from the same network on the whole image.

    The network averages blocks of 4x4 pixels, and these averages over two neighbours each way: it reaches 11 pixels.
    Tiles have 32 pixels a side.

    Returns
    -------
    DataFrame
        A row for each tiling, A to D: the greatest difference of a grey value; by how much the mean of a tile is off
        (root mean square over the tiles); and the share of pixels, in %, that differ by more than 0.0001: of all, and
        of those in the middle of a tile, 12 pixels or more from every seam.
    """
    rng = np.random.default_rng(13)
    image = ndimage.gaussian_filter(rng.random((_WHOLE, _WHOLE)), 6)
    image = (image - image.min()) / np.ptp(image) * np.linspace(0.3, 1, _WHOLE)
    image = np.abs(image + 0.1 * rng.standard_normal(image.shape))
    whole = _tiled(image, halo=16, side=_WHOLE)
    edge = np.arange(_WHOLE) % _SIDE
    middle = np.minimum(edge, _SIDE - 1 - edge) >= 12
    middle = middle[:, np.newaxis] & middle
    ways = {
        1: partial(_tiled, halo=0),
        2: partial(_tiled, halo=4),
        3: partial(_tiled, halo=14),
        4: partial(_tiled, halo=12, stretched=True),
    }
    rows = {}
    for letter, fault in _TILINGS.items():
        gap = ways[fault](image) - whole
        means = gap.reshape(_WHOLE // _SIDE, _SIDE, -1, _SIDE).mean(axis=(1, 3))
        wrong = np.abs(gap) > 1e-4
        rows[letter] = (np.abs(gap).max(), np.sqrt(np.mean(means**2)), 100 * wrong.mean(), 100 * wrong[middle].mean())
    columns = ["greatest difference", "mean of a tile off by", "% of all differ", "% in the middle"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _network(image: np.ndarray) -> np.ndarray:
    """Averages of blocks and of two neighbours each way, and of pixels; beyond the edges it sees black."""
    height, width = image.shape
    blocks = image.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK).mean(axis=(1, 3))
    coarse = ndimage.uniform_filter(blocks, 5, mode="constant")
    fine = ndimage.uniform_filter(image, 3, mode="constant")
    return np.sqrt(0.6 * coarse.repeat(_BLOCK, 0).repeat(_BLOCK, 1) + 0.4 * fine)


def _tiled(image: np.ndarray, *, halo: int, side: int = _SIDE, stretched: bool = False) -> np.ndarray:
    made = np.empty_like(image)
    wide = np.pad(image, halo, mode="symmetric")
    for row in range(0, len(image), side):
        for column in range(0, len(image), side):
            tile = wide[row : row + side + 2 * halo, column : column + side + 2 * halo]
            low, high = (tile.min(), tile.max()) if stretched else (0, 1)
            done = _network((tile - low) / (high - low)) * (high - low) + low
            made[row : row + side, column : column + side] = done[halo : halo + side, halo : halo + side]
    return made


@exercise("Four tilings")
def check_four_tilings(answer: object) -> None:
    """Check which fault each tiling of `four_tilings` has.

    Parameters
    ----------
    answer : dict of str to int
        A number of `TILE_FAULTS` for each of the letters A to D.
    """
    given = matching(answer, _TILINGS, TILE_FAULTS, what="fault", of="tilings")
    hints = {
        1: "Which one is wrong along the seams only, and there as wrong as can be, since each tile ends in black?",
        2: "A narrow halo keeps the black edge away, but not all of what lies beyond it: wrong in fewer pixels than "
        "without one, and never far from a seam.",
        3: "If the blocks lie elsewhere, other pixels are averaged together, everywhere: but the differences are "
        "no larger than the noise.",
        4: "A network is no ruler: it treats a stretched image otherwise, in the middle of a tile, too.",
        5: "Shifted by a pixel, all pixels would differ, and edges the most. One of the faults is in no tiling.",
    }
    for letter, chosen in given.items():
        if chosen != _TILINGS[letter]:
            raise Hint(f"{letter} has another fault. {hints[chosen]}")


@exercise("What a halo costs")
def check_halo_cost(answer: object) -> None:
    """Check the smallest tile whose halo costs no more than a tenth.

    Parameters
    ----------
    answer : int
        The side of a tile in pixels, without its halo: for a network that pools by 8 and reaches 22 pixels, so that
        side and halo are multiples of 8, the least one with which a large image takes at most 1.10 times the
        arithmetic.
    """
    given = number(answer)
    halo = 24
    right = next(side for side in range(8, 5000, 8) if ((side + 2 * halo) / side) ** 2 <= 1.1)
    if given == right:
        return
    mistakes = {
        960: "nearly: 4·24/960 is a tenth, but the corners of the halo count, too. Square the whole.",
        904: "22 is no multiple of 8: a halo of 22 would move the blocks that are pooled. The next one up is 24.",
        902: "22 is no multiple of 8: a halo of 22 would move the blocks that are pooled. The next one up is 24.",
        984 - 8: "nearly: there it is just above 1.10. Take the next multiple of 8.",
        480: "a halo lies on both sides of a tile, and the arithmetic grows with the area.",
        240: "a halo lies on all four sides of a tile.",
        488: "there is a halo on both sides: the tile that is computed is side + 2·24 wide.",
        1032: "that is the tile with its halo. The side without it is asked for.",
    }
    if given in mistakes:
        raise Hint(mistakes[int(given)])
    if given <= 0 or given % 8:
        raise Hint("the side is a whole number of pixels, a multiple of 8, so that all tiles pool the same blocks.")
    cost = ((given + 2 * halo) / given) ** 2
    raise Hint(
        f"tiles of {given:g} take {cost:.3f} times the arithmetic: {'smaller' if given > right else 'larger'} ones."
    )


@exercise("The same grey for the same tissue")
def check_grey(answer: object) -> None:
    """Check a function that makes comparable grey values of several files.

    Parameters
    ----------
    answer : callable
        ``grey(files, centre, width)`` of a list of dicts, each with ``stored`` (H, W), ``slope``, ``intercept``,
        ``inverted`` (MONOCHROME1: the least value is white) and ``own_window``, and of the one window for all of them;
        returns (N, H, W) in [0, 1], as PS3.3 C.11.2.1.2.1 of the DICOM standard has it.
    """
    centre, width = 50.0, 401.0

    def files() -> list[dict]:
        rows = np.array([[-2000, 0, 100, 300, 1010], [1040, 1063, 1064, 1100, 4000]], np.int16)
        return [
            {"stored": rows, "slope": 1.0, "intercept": -1024.0, "inverted": False, "own_window": (40.0, 100.0)},
            {"stored": rows // 2 + 7, "slope": 0.5, "intercept": -80.0, "inverted": False, "own_window": (60.0, 300.0)},
            {"stored": rows + 5, "slope": 0.25, "intercept": -120.0, "inverted": True, "own_window": (90.0, 250.0)},
        ]

    given, expected = array(call(answer, files(), centre, width)), (3, 2, 5)
    if given.shape != expected:
        raise Hint(
            f"an image for each of the 3 files is wanted, in one array of shape {expected}; it is {given.shape}."
        )

    def linear(values: np.ndarray, centre: float, width: float) -> np.ndarray:
        return ((values - (centre - 0.5)) / (width - 1) + 0.5).clip(0, 1)

    def by(change: Callable[[np.ndarray, float, float, dict], np.ndarray], *, turned: bool = True) -> np.ndarray:
        made = [change(file["stored"].astype(float), file["slope"], file["intercept"], file) for file in files()]
        return np.stack([1 - m if file["inverted"] and turned else m for m, file in zip(made, files(), strict=True)])

    def right(v: np.ndarray, s: float, i: float, _: dict) -> np.ndarray:
        return linear(s * v + i, centre, width)

    mistakes = [
        (by(right, turned=False), "in one of the files the least value is white. There a bone is black now."),
        (
            by(lambda v, s, i, f: linear(s * (-v if f["inverted"] else v) + i, centre, width), turned=False),
            "the window belongs to the values as they are. Turn the grey round, after it, not the values before it.",
        ),
        (
            by(lambda v, s, i, f: linear(s * v + i, *f["own_window"])),
            "each file has a window of its own: the same tissue gets another grey. One window is given for all.",
        ),
        *(
            (
                by(lambda v, _s, _i, _f: (v - v.min()) / np.ptp(v), turned=turned),
                "that is each image's own darkest and brightest pixel: the same tissue gets another grey in each file.",
            )
            for turned in (True, False)
        ),
        (
            by(lambda v, _s, _i, _f: linear(v, centre, width)),
            "a window is meant for values in the modality's unit. Make them first: slope and intercept.",
        ),
        (
            by(lambda v, s, i, _: ((s * v + i) - (centre - 0.5)) / (width - 1) + 0.5),
            "beyond the window all is black or white: cut off there.",
        ),
        (
            by(lambda v, s, i, _: ((s * v + i - centre) / width + 0.5).clip(0, 1)),
            "nearly: that is the function LINEAR_EXACT. The usual one is (value - (centre - 0.5)) / (width - 1) + 0.5.",
        ),
        (by(lambda v, s, _i, _f: linear(s * v, centre, width)), "the intercept is missing: slope · stored + it."),
        (by(lambda v, _s, i, _f: linear(v + i, centre, width)), "the slope is missing: it times what is stored."),
        (
            by(lambda v, s, i, _: linear(s * (v + i), centre, width)),
            "the slope multiplies what is stored, not the intercept.",
        ),
        (255 * by(right), "0 to 1 is wanted, not 0 to 255."),
        (1 - by(right), "that is the negative of all of them."),
    ]
    compare(
        given,
        by(right),
        mistakes,
        "value = slope · stored + intercept; black at the lower end of the window, white at the upper one; then turn "
        "round what is inverted.",
    )


@exercise("Back into the file")
def check_store(answer: object) -> None:
    """Check a function that puts what a denoiser removed into the pixels that are stored.

    Parameters
    ----------
    answer : callable
        ``store(stored, removed, slope, width)`` of whole numbers (H, W), what was removed (H, W) in grey values of a
        window that is ``width`` wide, 0 to 1, and the slope of the rescaling; returns whole numbers of the same type,
        rounded to the nearest, and cut off where the type ends.
    """
    stored = np.array([[0, 1000, 1040, 1063], [1064, 1100, 32760, -32765]], np.int16)
    removed = np.array([[0.013, 0.1, -0.9, 0.004], [0.947, -0.253, -0.2, 0.2]])
    slope, width = 2.0, 101.0
    came = call(answer, stored, removed, slope, width, changed="your function changes the pixels that it is given.")
    if not isinstance(came, np.ndarray) or came.dtype != stored.dtype:
        what = f"of type {came.dtype}" if isinstance(came, np.ndarray) else "no array"
        raise Hint(f"the file holds whole numbers of type int16; this is {what}.")
    if came.shape != stored.shape:
        raise Hint(f"a number for each pixel is wanted: shape {stored.shape}; this has {came.shape}.")
    exact = stored - removed * (width - 1) / slope

    def cut(values: np.ndarray) -> np.ndarray:
        return np.clip(values, -32768, 32767)

    right = cut(np.rint(exact))
    mistakes = [
        (np.rint(exact).astype(np.int64).astype(np.int16), "32760 and a little more is no int16: it came out below "
         "zero, a white pixel turned black. Cut off at the ends of the type first."),
        (cut(np.trunc(exact)), "astype cuts the decimals off. Round to the nearest first."),
        (cut(np.floor(exact)), "that rounds down always, which makes an image darker by half a step. Round to the "
         "nearest."),
        (cut(np.rint(stored + removed * (width - 1) / slope)), "what was removed has to go: subtract it."),
        (cut(np.rint(stored - removed * (width - 1))), "that is in the modality's unit; stored steps are others."),
        (cut(np.rint(stored - removed * (width - 1) * slope)), "a stored step is `slope` of the modality's units: to "
         "get steps, divide."),
        (cut(np.rint(stored - removed)), "what was removed is in grey values, where the whole window is 1. How many "
         "of the modality's units is that?"),
        (cut(np.rint(stored - removed / slope)), "what was removed is in grey values, where the whole window is 1. "
         "How many of the modality's units is that?"),
        (cut(np.rint(stored - removed * width / slope)), "nearly: from black to white a window has width - 1 steps "
         "(PS3.3 C.11.2.1.2.1)."),
    ]  # fmt: skip
    for wrong, hint in mistakes:
        if np.array_equal(came, wrong) and not np.array_equal(came, right):
            raise Hint(hint)
    if not np.array_equal(came, right):
        raise Hint(
            f"of {stored.size} pixels {int((came != right).sum())} are others than expected. Grey → units of the "
            "modality → stored steps; then round, cut off at the ends of the type, and keep the type."
        )
    flat = call(answer, stored.astype(np.uint8), np.ones(stored.shape), 1.0, 11.0)
    expected = np.clip(stored.astype(np.uint8).astype(float) - 10, 0, 255)
    if not same(array(flat), expected):
        raise Hint("with another type, uint8, other ends count: ask the type for them, np.iinfo(stored.dtype).")
