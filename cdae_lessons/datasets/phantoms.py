"""A cohort of phantoms: random ellipses in a body-like one, the standard test objects of CT reconstruction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cdae_lessons.datasets.image_set import Entry, Images

COUNT = 1000  # drawn unless asked otherwise
FEWEST, MOST = 5, 15  # ellipses inside a body
STRONG = 0.25  # the share of them that differ from their surroundings as bone or air does


class Phantoms:
    """The set ``phantoms``; see `draw`."""

    entry = Entry(
        "phantoms of random ellipses",
        images="any",
        sizes="any",
        source="random ellipses after Shepp & Logan 1974, doi 10.1109/TNS.1974.6499235; drawn by this package",
        licence="that of this package",
        needs="nothing",
    )

    def read(self, *, size: int, n: int | None, seed: int, **_: object) -> Images:
        """Draw the phantoms; each is a subject of its own."""
        count = COUNT if n is None else n
        return draw(count, size=size, seed=seed), np.array([f"{seed}-{index}" for index in range(count)])

    def find(self, **_: object) -> Path:
        """This module: there is no other file."""
        return Path(__file__)

    fetch = find


def draw(count: int, *, size: int, seed: int) -> np.ndarray:
    """Draw `count` phantoms, each a body on black with 5 to 15 ellipses in it.

    Number, place, size, angle and contrast of the ellipses are random, and grey values add up where ellipses overlap,
    as in the phantom of Shepp and Logan. Phantoms share no anatomy. Phantom i depends on `seed` and i only: it is the
    same however many are drawn.

    Parameters
    ----------
    count : int
        How many phantoms.
    size : int
        Side of the images in pixels; a phantom fills most of the image whatever the size. A pixel on an edge has the
        grey value that its share on either side gives.
    seed : int
        Which cohort to draw.

    Returns
    -------
    ndarray of shape (count, size, size), float32 in [0, 1]

    References
    ----------
    Shepp & Logan 1974, The Fourier reconstruction of a head section, IEEE Transactions on Nuclear Science 21(3),
    21-43, doi 10.1109/TNS.1974.6499235.
    """
    side = (np.arange(size, dtype=np.float32) + 0.5) * (2 / size) - 1  # of the image: -1 to 1
    return np.stack([_phantom(np.random.default_rng([seed, index]), side) for index in range(count)])


def _phantom(rng: np.random.Generator, side: np.ndarray) -> np.ndarray:
    """One phantom; lengths are in half sides of the image."""
    body, turn, middle = rng.uniform(0.7, 0.95, 2), rng.uniform(0, np.pi), rng.uniform(-0.04, 0.04, 2)
    tissue, inner = rng.uniform(0.3, 0.5), rng.uniform(0.88, 0.96) * body
    skin = tissue + rng.uniform(-0.15, 0.3)
    count = rng.integers(FEWEST, MOST + 1)
    axes = np.exp(rng.uniform(np.log(0.06), np.log(0.36), (count, 1))) * rng.uniform(0.5, 1, (count, 2))
    strong = rng.random(count) < STRONG
    axes[strong] *= 0.6
    contrasts = np.where(strong, rng.uniform(0.3, 0.5, count), rng.uniform(0.04, 0.18, count))
    # Uniform in the body, and wholly inside it: as far out as the larger axis allows.
    room = 0.95 * (inner - axes.max(1, keepdims=True))
    away, direction = np.sqrt(rng.random((count, 1))), rng.uniform(0, 2 * np.pi, count)
    places = away * room * np.stack([np.cos(direction), np.sin(direction)], 1)
    centres = middle + places @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    angles, signs = rng.uniform(0, np.pi, count), rng.choice([-1, 1], count)

    image = np.zeros((side.size, side.size), np.float32)
    _add(image, side, middle.tolist(), body.tolist(), turn, skin)
    _add(image, side, middle.tolist(), inner.tolist(), turn, tissue - skin)
    for ellipse in zip(centres.tolist(), axes.tolist(), angles.tolist(), (signs * contrasts).tolist(), strict=True):
        _add(image, side, *ellipse)
    return np.clip(image, 0, 1, out=image)


def _add(
    image: np.ndarray, side: np.ndarray, centre: Sequence[float], axes: Sequence[float], angle: float, contrast: float
) -> None:
    """Add an ellipse of this contrast to an image; `angle` turns its first axis from down to right."""
    pixel = 2 / side.size
    reach = max(axes) + pixel
    rows, columns = (slice(*np.searchsorted(side, (middle - reach, middle + reach))) for middle in centre)
    down, right = side[rows, np.newaxis] - centre[0], side[columns] - centre[1]
    cosine, sine = math.cos(angle), math.sin(angle)
    u, v = (cosine * down + sine * right) / axes[0], (cosine * right - sine * down) / axes[1]
    # The distance from the edge, to first order: (u² + v² - 1) / |its gradient|.
    slope = 2 * np.hypot(u / axes[0], v / axes[1])
    image[rows, columns] += contrast * np.clip(0.5 - (u**2 + v**2 - 1) / (slope * pixel + 1e-9), 0, 1)
