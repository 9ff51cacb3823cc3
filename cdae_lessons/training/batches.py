"""What a batch holds: pairs of noisy and clean images, drawn anew as the recipe says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cdae_lessons import noise
from cdae_lessons.errors import InputError, check_count, check_images
from cdae_lessons.training.recipes import MOVE_FROM, Recipe

Corrupt = Callable[..., Any]
"""``corrupt(images, rng=generator) -> noisy``, or ``-> (noisy, wanted)``."""


class Batches:
    """Pairs (noisy, target). What a batch holds depends on seed, epoch and number only, whoever asks when.

    Parameters
    ----------
    clean : ndarray of shape (N, H, W), float32 in [0, 1]
        The training images.
    corrupt : callable
        As for `training.fit`.
    recipe : Recipe
        Whether noise is drawn anew, and images are mirrored and shifted.
    batch_size, seed : int
        As for `training.fit`.
    target : callable, optional
        What is to be learned of the clean images, ``target(clean)``; by default they themselves.
    """

    def __init__(
        self,
        clean: np.ndarray,
        corrupt: Corrupt,
        *,
        recipe: Recipe,
        batch_size: int,
        seed: int,
        target: Callable[[np.ndarray], np.ndarray] | None = None,
    ):
        self.clean, self.corrupt, self.recipe, self.target = clean, corrupt, recipe, target
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0
        self.fixed: tuple[np.ndarray, ...] = ()
        if not recipe.fresh_noise:
            self.fixed = pair(clean, corrupt, rng=np.random.default_rng([seed, 0]))
        self._shuffle()

    def __len__(self) -> int:
        return -(-len(self.clean) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """One epoch; the next time, the next."""
        yield from map(self.__getitem__, range(len(self)))
        self.next_epoch()

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, 3, self.epoch, number])
        chosen = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        if len(chosen) == 1:  # torch 2.13 on a CPU cannot differentiate a small convolution of one image
            chosen = chosen.repeat(2)
        kinds = self.fixed or (self.clean,)
        moved = self._moved(np.stack([images[chosen] for images in kinds]), number, rng=rng)
        noisy, wanted = moved if self.fixed else pair(moved[0], self.corrupt, rng=rng)
        return noisy, wanted if self.target is None else self.target(wanted)

    def next_epoch(self) -> None:
        """Go on to the next epoch."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng([self.seed, 2, self.epoch]).permutation(len(self.clean))

    def _moved(self, images: np.ndarray, number: int, *, rng: np.random.Generator) -> np.ndarray:
        """A batch of shape (kinds, N, H, W), mirrored and shifted as the recipe says, each kind alike."""
        step = self.epoch * len(self) + number
        if self.epoch < MOVE_FROM["epoch"] or step < MOVE_FROM["step"]:
            return images
        if self.recipe.flips:
            mirrored = rng.random(images.shape[1]) < 0.5
            images[:, mirrored] = images[:, mirrored, :, ::-1]
        if self.recipe.shift:
            height, width = images.shape[2:]
            down, right = (round(self.recipe.shift * side) for side in (height, width))
            corners = rng.integers((2 * down + 1, 2 * right + 1), size=(images.shape[1], 2))
            wide = np.pad(images, ((0, 0), (0, 0), (down, down), (right, right)), mode="symmetric")
            for k, (i, j) in enumerate(corners):
                images[:, k] = wide[:, k, i : i + height, j : j + width]
        return images


def pair(images: np.ndarray, corrupt: Corrupt, *, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The images with noise, and what is to be learned of them: the images, or what `corrupt` returns beside the noise.

    Whatever `corrupt` does to what it is given, `images` stay as they are.
    """
    made = corrupt(images.copy(), rng=rng)
    noisy, wanted = made if isinstance(made, tuple) else (made, images)
    return np.asarray(noisy, np.float32), np.asarray(wanted, np.float32)


def validation_noise(images: np.ndarray, corrupt: Corrupt, *, seed: int = 0) -> np.ndarray:
    """The validation images with the very noise that `training.fit` gives them under this seed.

    Parameters
    ----------
    images : ndarray of shape (M, H, W), floating point in [0, 1]
        The clean validation images.
    corrupt : callable
        As for `training.fit`.
    seed : int
        The seed of `training.fit`.

    Returns
    -------
    ndarray of shape (M, H, W)
    """
    images, seed = check_images(images, what="validation images"), check_count(seed, what="seed")
    return pair(images, corrupt, rng=np.random.default_rng([seed, 1]))[0]


def check_corrupt(corrupt: Any, clean: np.ndarray) -> None:
    """See that `corrupt` can be called, and returns finite images of the same shape."""
    remedy = "Expected corrupt(images, rng=…), such as functools.partial(noise.gaussian, p=0.5, sigma=1)"
    if not callable(corrupt):
        msg = f"{remedy}; received {corrupt!r}."
        raise InputError(msg)
    try:
        made = pair(clean[:1], corrupt, rng=np.random.default_rng(0))
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        msg = f"{remedy}; calling it failed: {error}"
        raise InputError(msg) from error
    for images in made:
        if images.shape != clean[:1].shape or not np.isfinite(images).all():
            msg = (
                f"{remedy}, that returns finite values of the same shape; for {clean[:1].shape} it returned "
                f"{images.shape}."
            )
            raise InputError(msg)


def name_of(corrupt: Corrupt) -> str:
    """The corruption as text: that of `noise.name`, or the name of a function of one's own."""
    function = getattr(corrupt, "func", corrupt)
    return noise.name(corrupt) if function in noise.NOISES.values() else getattr(function, "__name__", repr(function))
