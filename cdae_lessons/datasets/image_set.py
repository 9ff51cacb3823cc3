"""What an image set is: what is known of it, and how it is found, fetched and read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from cdae_lessons.datasets.download import Source
from cdae_lessons.errors import InputError
from cdae_lessons.files import StrPath

Images = tuple[np.ndarray, np.ndarray]
"""Images of shape (N, size, size), float32 in [0, 1], and the subject of each, of shape (N,), int or str."""


class Entry(NamedTuple):
    """What is known of a set before it is loaded; all but `source` are columns of `available`."""

    modality: str
    images: str
    sizes: str
    source: str
    licence: str
    needs: str


class ImageSet(Protocol):
    """A set of images. `catalogue` lists them; the arguments have been checked by `datasets.load` and its like.

    A set takes ``**_`` for arguments that it makes no use of.
    """

    @property
    def entry(self) -> Entry:
        """What is known of it before it is loaded."""

    def read(self, *, size: int, n: int | None, seed: int, data_dir: StrPath | None, download: bool) -> Images:
        """`n` images (None: all) of `size` x `size` pixels, drawn by `seed`."""

    def find(self, *, size: int | None, data_dir: StrPath | None) -> Path | None:
        """Where its file or folder is; None where it is not here. With `size` None, that of any size will do."""

    def fetch(self, *, size: int, data_dir: StrPath | None) -> Path:
        """Where its file is; it is downloaded, if need be."""


@runtime_checkable
class Downloaded(ImageSet, Protocol):
    """A set that comes from the network."""

    def origin(self, *, size: int, data_dir: StrPath | None) -> tuple[Source, Path]:
        """Where its file is from, and where it goes."""


def choose(total: int, n: int | None, *, seed: int, what: str) -> np.ndarray:
    """Indices of `n` of `total` images drawn at random by `seed`, in file order; all of them if `n` is None."""
    if n is None:
        return np.arange(total)
    if n > total:
        msg = f"Expected n <= {total}, for {what} holds {total} images; received n={n}. Ask for fewer, or leave n out."
        raise InputError(msg)
    return np.sort(np.random.default_rng(seed).choice(total, n, replace=False))
