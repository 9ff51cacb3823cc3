"""The mini-MIAS mammograms, as a folder or an archive."""

from __future__ import annotations

import io
import os
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

import numpy as np

from cdae_lessons.datasets.download import Source, by_hand, download
from cdae_lessons.datasets.images import choose, read_image, resize
from cdae_lessons.datasets.prepared import kept
from cdae_lessons.errors import InputError
from cdae_lessons.files import data_home, state

MIAS = Source(
    "http://peipa.essex.ac.uk/pix/mias/all-mias.tar.gz",
    mirror=None,
    most=400 * 2**20,  # 322 images of 1 MiB, before they are packed
    licence="research use only",
    md5=None,
)
MIAS_NAME = re.compile(r"mdb([0-9]{3})\.pgm", re.IGNORECASE)
MIAS_COUNT, MIAS_SIDE = 322, 1024
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")
LARGEST = 4 * 2**20  # bytes of an archive's member: a mini-MIAS image has 1 MiB


def read_mias(
    *, size: int, n: int | None, seed: int, data_dir: str | os.PathLike | None, download: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Read mini-MIAS mammograms from the data folder, or download them where none was given.

    Returns
    -------
    images : ndarray of shape (N, size, size), float32 in [0, 1]
        In the order of their numbers; 322 in the full set.
    subjects : ndarray of shape (N,), int
        The woman: an odd number and the next even one are her left and right breast.

    Raises
    ------
    InputError
        If there are no such images and they cannot be downloaded, fewer than `n`, or one that is not 1024x1024
        pixels; if an archive is damaged, or has paths or links that lead out of it.
    """
    place = find_mias(data_dir)
    if place is None and download and not data_dir:
        place = fetch_mias(data_dir)
    if place is None:
        msg = (
            f"There are no mini-MIAS images (mdb001.pgm, ...) nor an archive of them in {data_home(data_dir)}. "
            f"Put them there. {by_hand(MIAS, mias_place(data_dir))}"
        )
        raise InputError(msg)

    def make() -> tuple[np.ndarray, np.ndarray]:
        images = {}
        for name, source in _mias_files(place):
            image, _ = read_image(source, name=f"{place}: {name}")
            if image.shape != (MIAS_SIDE, MIAS_SIDE):
                height, width = image.shape
                msg = (
                    f"{place}: {name} has {height}x{width} pixels; a mini-MIAS image has {MIAS_SIDE}x{MIAS_SIDE}. "
                    f"For other images use load('folder:{place}')."
                )
                raise InputError(msg)
            images[int(MIAS_NAME.fullmatch(name)[1])] = resize(image, size)
        if not images:
            msg = f"{place} holds no mini-MIAS images. Expected mdb001.pgm, mdb002.pgm, ..."
            raise InputError(msg)
        numbers = sorted(images)
        return np.stack([images[number] for number in numbers]), (np.array(numbers) - 1) // 2

    files = [place] if place.is_file() else sorted(path for _, path in _mias_files(place))
    images, subjects = kept("mias", (size, *map(state, files)), make)
    chosen = choose(len(images), n, seed=seed, what=str(place))
    return images[chosen], subjects[chosen]


def find_mias(data_dir: str | os.PathLike | None) -> Path | None:
    """The data folder if it holds mini-MIAS images, else an archive of them in it, or None.

    `data_dir` may be the archive itself.
    """
    place = data_home(data_dir)
    if place.is_file() or next(_mias_files(place), None):
        return place
    archives = [*place.glob("*mias*"), *place.glob("mias/*")]
    return next((file for file in sorted(archives) if file.name.lower().endswith(ARCHIVES)), None)


def fetch_mias(data_dir: str | os.PathLike | None) -> Path:
    """Download the archive of mini-MIAS, unless it or its images are there, and say where it is.

    No checksum of it is known: it is taken if it can be unpacked and holds 322 images of its names.
    """
    return find_mias(data_dir) or download(MIAS, mias_place(data_dir), check=_check_mias)


def mias_place(data_dir: str | os.PathLike | None) -> Path:
    """Where `fetch_mias` puts the archive."""
    return data_home(data_dir) / "mias" / "all-mias.tar.gz"


def _check_mias(archive: Path) -> None:
    count = sum(1 for _ in _mias_files(archive))
    if count != MIAS_COUNT:
        msg = f"it holds {count} mini-MIAS images, not {MIAS_COUNT}."
        raise InputError(msg)


def _mias_files(place: Path) -> Iterator[tuple[str, Path | BinaryIO]]:
    """Name and content of each mini-MIAS image in a folder (and below) or an archive."""
    files = (
        _members(place) if place.is_file() else ((path.name, path) for path in sorted(place.rglob("*.[pP][gG][mM]")))
    )
    return ((name, source) for name, source in files if MIAS_NAME.fullmatch(name))


def _members(archive: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Name, without its folder, and content of each file in a ZIP or TAR archive, which is never unpacked to disk."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                for entry in opened.infolist():
                    name = _safe(entry.filename, archive, size=entry.file_size)
                    if not entry.is_dir():
                        yield name, io.BytesIO(opened.read(entry))
        else:
            with tarfile.open(archive, tarinfo=_Member) as opened:
                for entry in opened:
                    name = _safe(entry.name, archive, size=entry.size, plain=entry.isfile() or entry.isdir())
                    if entry.isfile():
                        yield name, io.BytesIO(opened.extractfile(entry).read())
    except InputError:
        raise
    except Exception as error:  # a damaged or hostile file can make tarfile and zipfile raise anything
        msg = f"{archive} cannot be read as an archive: {error}. It is damaged, or no ZIP or TAR file. Get it anew."
        raise InputError(msg) from error


class _Member(tarfile.TarInfo):
    """A header that promises no more than LARGEST, be it of a file or of the long names and notes before a file."""

    @classmethod
    def frombuf(cls, *arguments: object) -> tarfile.TarInfo:
        """Read a header before anything it announces is read."""
        entry = super().frombuf(*arguments)
        if entry.size > LARGEST:
            msg = f"{entry.name!r} is larger than any mini-MIAS image"
            raise tarfile.ReadError(msg)
        return entry


def _safe(name: str, archive: Path, *, size: int, plain: bool = True) -> str:
    path = PureWindowsPath(name)  # takes both kinds of slash, and drive letters
    if path.anchor or ".." in path.parts or not plain or size > LARGEST:
        msg = (
            f"{archive} holds {name!r}, which leads out of the archive, is a link or device, or is larger than any "
            "mini-MIAS image. Do not trust this archive; get it from another place."
        )
        raise InputError(msg)
    return path.name
