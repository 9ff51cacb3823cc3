"""The tile lab: a large image through a network in tiles, with a halo that may be too narrow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from cdae_lessons.errors import InputError, check_images
from cdae_lessons.noise import gaussian
from cdae_lessons.widgets import base, panels

if TYPE_CHECKING:
    import keras

SIDES = (32, 64, 128)
HALOS = (0, 24)
WIDEST = 32  # a halo that is wide enough for the networks of the course, but for deep U-Nets
_PLACES = tuple((4 + 241 * column, 24, 230) for column in range(3))
_HEIGHT = 276
_LIMIT = 0.1  # grey levels of difference in full colour


def tile_case(network: keras.Model, noisy: np.ndarray, *, whole: np.ndarray, side: int, halo: int) -> dict:
    """One image in tiles: what the tile lab shows for one setting.

    Parameters
    ----------
    network : keras.Model
        One of convolutions.
    noisy, whole : ndarray of shape (H, W), floating point
        The noisy image, and what the network makes of it in one piece.
    side, halo : int
        As for `image_files.in_tiles`.

    Returns
    -------
    dict
        ``tiled`` and ``difference`` = tiled − whole (H, W); ``greatest``, its largest absolute value; ``tiles``, how
        many there are; ``times``, how many times the pixels of the image go through the network.
    """
    from cdae_lessons import image_files  # loads Keras, which takes seconds, only where a network is used

    tiled = image_files.in_tiles(network, noisy, side=side, halo=halo)
    down, across = (min(side, length) for length in noisy.shape)
    count = -(-noisy.shape[0] // down) * -(-noisy.shape[1] // across)
    return {
        "tiled": tiled,
        "difference": tiled - whole,
        "greatest": float(np.abs(tiled - whole).max()),
        "tiles": count,
        "times": count * (down + 2 * halo) * (across + 2 * halo) / noisy.size,
    }


def tile_lab(images: Mapping[str, np.ndarray], networks: Mapping[str, keras.Model], *, sigma: float = 0.1) -> base.Lab:
    """Denoise a large image in tiles, and see where it differs from the same network on the whole image.

    Parameters
    ----------
    images : mapping of str to ndarray of shape (H, W), floating point in [0, 1]
        The clean images by name; of large ones the middle is taken.
    networks : mapping of str to keras.Model
        Trained networks of convolutions, by name.
    sigma : float >= 0
        Standard deviation of the Gaussian noise that is added.

    Returns
    -------
    Lab

    Raises
    ------
    InputError
        If there are no images or no networks, or the images are of another type, shape or range.
    """
    if not images or not networks:
        msg = f"Expected images and networks, each by name; received {len(images)} and {len(networks)}."
        raise InputError(msg)
    noisy = {}
    for name, image in images.items():
        clean = check_images(np.asarray(image)[np.newaxis], what=f"image {name!r}")
        noisy[name] = gaussian(_middle(clean), p=1, sigma=sigma, rng=0)[0]
    controls = {
        "image": base.menu("Image", [*noisy]),
        "network": base.menu("Network", [*networks]),
        "side": base.menu("Tile, pixels", SIDES, 64),
        "halo": base.slider("Halo, pixels", 0, *HALOS, 1),
    }
    wholes: dict[tuple[str, str], np.ndarray] = {}

    def redraw(settings: dict) -> base.Drawn:
        from cdae_lessons import image_files

        image, network = noisy[settings["image"]], networks[settings["network"]]
        key = settings["image"], settings["network"]
        if key not in wholes:
            wholes[key] = image_files.in_tiles(network, image, side=max(image.shape), halo=WIDEST)
        case = tile_case(network, image, whole=wholes[key], side=settings["side"], halo=settings["halo"])
        return partial(_draw, image, case), _text(case)

    return base.Lab("tile lab", controls, redraw, height=_HEIGHT)


def _middle(images: np.ndarray) -> np.ndarray:
    starts = [max(0, length - panels.LARGEST) // 2 for length in images.shape[1:]]
    rows, columns = (slice(start, start + panels.LARGEST) for start in starts)
    return images[:, rows, columns]


def _draw(noisy: np.ndarray, case: dict, figure: Figure) -> None:
    panels.picture(figure, _PLACES[0], noisy, "Noisy")
    panels.picture(figure, _PLACES[1], case["tiled"], "Denoised in tiles")
    panels.error(
        figure,
        _PLACES[2],
        case["difference"],
        "In tiles − in one piece",
        f"blue −{_LIMIT}, red +{_LIMIT}",
        limit=_LIMIT,
    )


def _text(case: dict) -> str:
    rows = [
        ("Greatest difference, grey levels", f"{case['greatest']:.4f}"),
        ("Tiles", f"{case['tiles']}"),
        ("Arithmetic, times that of one piece", f"{case['times']:.2f}"),
    ]
    return panels.table(("", ""), rows)
