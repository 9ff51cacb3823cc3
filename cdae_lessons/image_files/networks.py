"""The network that denoises files: the one that ships, a saved one, or one that is trained on a folder first."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cdae_lessons import models, noise, training, weights
from cdae_lessons.datasets.folder import KINDS
from cdae_lessons.datasets.folder_files import listed
from cdae_lessons.errors import InputError
from cdae_lessons.image_files.stacks import as_seen, find_range, read

SHIPPED = "shipped"
SIDE = 64  # pixels of the pieces that a network is trained on, and of those that the shipped one knows
PIECES = 1000
FLAT = 0.02  # of the range: a standard deviation that counts as an empty piece
FACTOR = 2  # between the noise that is there and the one that a network knows: more is worth a word


class Network(NamedTuple):
    """A network, what there is to say of it, and the least and greatest standard deviation of the noise it knows."""

    model: Any
    about: str
    sigmas: tuple[float, float] | None


def shipped() -> Network:
    """The network that comes with the course."""
    low, high = weights.SIGMAS
    about = (
        f"The network that ships knows brains of {SIDE}x{SIDE} pixels (virtual T1 MRI, in [0, 1]) with Gaussian noise "
        f"of standard deviation {low:g} to {high:g}. On other images it is for trying things out: it may wipe out or "
        "invent what brains lack or have (lesson 9). Train one on images like yours: --train FOLDER."
    )
    return Network(weights.load(SIDE), about, weights.SIGMAS)


def saved(file: Path) -> Network:
    """A network that `training.save` has written."""
    model = training.load(file)
    try:
        made = training.info(file)
        how = str(made["noise"])
    except (InputError, KeyError):
        return Network(model, f"{file} does not say what it was trained for.", None)
    size = "x".join(map(str, model.input_shape[1:]))
    about = f"{file}: trained on {made.get('n_train')} images of {size} pixels with noise {how}."
    try:
        sigma = deviation(how)
    except InputError:  # a noise of somebody's own
        return Network(model, about, None)
    return Network(model, about, (sigma / FACTOR, sigma * FACTOR))


def trained(folder: Path, *, corrupt: Any, steps: int | None, keep: Path, progress: bool) -> Network:
    """A network trained on pieces of clean images for a noise, with the fast recipe, and kept as a file."""
    pieces, count = cut(folder)
    model = models.cnn_dae(SIDE)
    history = training.fit(model, pieces, corrupt, recipe="fast", steps=steps, progress=progress)
    if history.stopped != "finished":
        raise KeyboardInterrupt
    training.save(model, keep, history=history)
    about = (
        f"Trained in {history.seconds:.0f} s with the fast recipe, for noise {history.noise}, on {len(pieces)} pieces "
        f"of {SIDE}x{SIDE} pixels of {count} images in {folder}, which were taken to be clean. Kept as {keep}."
    )
    return saved(keep)._replace(about=about)


def cut(folder: Path, *, n: int = PIECES, seed: int = 0) -> tuple[np.ndarray, int]:
    """Pieces of the full-size images of a folder, drawn where there is something to see; and the number of images.

    They are no smaller copies of the images, whose grain would be another one than that of the files to denoise.
    """
    if not folder.is_dir():
        msg = f"There is no folder {folder}. Put clean images there to train on, or correct the path."
        raise InputError(msg)
    files, _ = listed(folder)
    rng = np.random.default_rng(seed)
    pieces, count, small = [], 0, 0
    for file in files:
        images = read(file)
        count += len(images)
        if min(images.shape[1:]) < SIDE:
            small += len(images)
            continue
        seen = as_seen(images, find_range(images))
        for _ in range(-(-n // len(files))):
            image = seen[rng.integers(len(seen))]
            row, column = (rng.integers(side - SIDE + 1) for side in image.shape)
            pieces.append(image[row : row + SIDE, column : column + SIDE].copy())
    pieces = [piece for piece in pieces if piece.std() > FLAT]
    if not pieces:
        msg = (
            f"{folder} has nothing to train on: {count} images, {small} of them with a side below {SIDE} pixels. "
            f"Expected {KINDS} files with clean images like those to denoise."
        )
        raise InputError(msg)
    return np.stack(pieces), count


def noise_of(sigma: float) -> Any:
    """Gaussian noise of a standard deviation, as `training.fit` takes it, cut off at black and white as in files."""
    return partial(noise.gaussian, p=round(sigma, 4), sigma=1, clip=True)


def deviation(text: str) -> float:
    """The standard deviation of a noise, such as ``"gaussian p=0.5 sigma=1"``, on medium grey."""
    grey = np.full((1, SIDE, SIDE), 0.5, np.float32)
    return float(noise.parse(text)(grey, rng=0).std())
