"""The mini-MIAS mammograms, as a folder or an archive."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

import numpy as np

from cdae_lessons.datasets import pictures
from cdae_lessons.datasets.download import Source, by_hand, download
from cdae_lessons.datasets.image_set import Entry, Images, choose
from cdae_lessons.datasets.images import resize
from cdae_lessons.datasets.prepared import kept
from cdae_lessons.errors import InputError
from cdae_lessons.files import StrPath, data_home, state

MIAS = Source(
    "http://peipa.essex.ac.uk/pix/mias/all-mias.tar.gz",
    mirror=None,
    most=400 * 2**20,  # 322 images of 1 MiB, before they are packed
    licence="research use only",
    md5=None,
)
NAME = re.compile(r"mdb([0-9]{3})\.pgm", re.IGNORECASE)
COUNT, SIDE = 322, 1024
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")
LARGEST = 4 * 2**20  # bytes of an archive's member: a mini-MIAS image has 1 MiB


class Mias:
    """The set ``mias``, in the order of the images' numbers.

    The subject is the woman: an odd number and the next even one are her left and right breast.
    """

    entry = Entry(
        "mammography",
        images=f"{COUNT}",
        sizes=f"any ({SIDE})",
        source="mini-MIAS, Suckling et al. 1994, Excerpta Medica ICS 1069, 375-378",
        licence=MIAS.licence,
        needs="network once, or your files",
    )

    def read(self, *, size: int, n: int | None, seed: int, data_dir: StrPath | None, download: bool) -> Images:
        """Read the mammograms in the data folder; they are downloaded only where no folder of the user's is given."""
        place = self.find(data_dir=data_dir)
        if place is None and download and not data_dir:
            place = self.fetch(data_dir=data_dir)
        if place is None:
            msg = (
                f"There are no mini-MIAS images (mdb001.pgm, ...) nor an archive of them in {data_home(data_dir)}. "
                f"Put them there. {by_hand(*self.origin(data_dir=data_dir))}"
            )
            raise InputError(msg)
        try:
            files = [place] if place.is_file() else _pictures(place)
            images, subjects = kept("mias", (size, *map(state, files)), partial(_prepare, place, size))
        except OSError as error:
            msg = f"{place} cannot be read: {error.strerror or error}. Get the right to read it, or copy it."
            raise InputError(msg) from error
        chosen = choose(len(images), n, seed=seed, what=str(place))
        return images[chosen], subjects[chosen]

    def find(self, *, data_dir: StrPath | None, **_: object) -> Path | None:
        """The data folder, or archive, if it is one of mini-MIAS images, else an archive of them in the folder."""
        place = data_home(data_dir)
        try:
            if place.is_file() or _pictures(place):
                return place
        except OSError:  # it may not be looked at
            return None
        archives = [*place.glob("*mias*"), *place.glob("mias/*")]
        return next((file for file in sorted(archives) if file.name.lower().endswith(ARCHIVES)), None)

    def fetch(self, *, data_dir: StrPath | None, **_: object) -> Path:
        """Download the archive, unless it or its images are there, and say where it is.

        No checksum of it is known: it is taken if it can be unpacked and holds 322 images of its names.
        """
        return self.find(data_dir=data_dir) or download(*self.origin(data_dir=data_dir), check=_check)

    def origin(self, *, data_dir: StrPath | None, **_: object) -> tuple[Source, Path]:
        """Where the archive is from, and where it goes."""
        return MIAS, data_home(data_dir) / "mias" / "all-mias.tar.gz"


def _prepare(place: Path, size: int) -> Images:
    images = {}
    for name, number, source in _files(place):
        image = pictures.read(source, name=f"{place}: {name}")
        if image.shape != (SIDE, SIDE):
            height, width = image.shape
            msg = (
                f"{place}: {name} has {height}x{width} pixels; a mini-MIAS image has {SIDE}x{SIDE}. "
                f"For other images use load('folder:{place}')."
            )
            raise InputError(msg)
        images[number] = resize(image, size)
    if not images:
        msg = f"{place} holds no mini-MIAS images. Expected mdb001.pgm, mdb002.pgm, ..."
        raise InputError(msg)
    numbers = sorted(images)
    return np.stack([images[number] for number in numbers]), (np.array(numbers) - 1) // 2


def _check(archive: Path) -> None:
    count = sum(1 for _ in _files(archive))
    if count != COUNT:
        msg = f"it holds {count} mini-MIAS images, not {COUNT}."
        raise InputError(msg)


def _files(place: Path) -> Iterator[tuple[str, int, Path | BinaryIO]]:
    """Name, number and content of each mini-MIAS image in a folder or an archive."""
    files: Iterable[tuple[str, Path | BinaryIO]]
    files = _members(place) if place.is_file() else [(picture.name, picture) for picture in _pictures(place)]
    for name, content in files:
        if match := NAME.fullmatch(name):
            yield name, int(match[1]), content


def _pictures(folder: Path) -> list[Path]:
    """The mini-MIAS images in a folder and below."""
    return sorted(file for file in folder.rglob("*.[pP][gG][mM]") if NAME.fullmatch(file.name))


def _members(archive: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Name, without its folder, and content of each file in a ZIP or TAR archive, which is never unpacked to disk."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                for packed in opened.infolist():
                    name = _safe(packed.filename, archive, size=packed.file_size)
                    if not packed.is_dir():
                        yield name, io.BytesIO(opened.read(packed))
        else:
            with tarfile.open(archive, tarinfo=_Member) as tar:
                for entry in tar:
                    name = _safe(entry.name, archive, size=entry.size, plain=entry.isfile() or entry.isdir())
                    if content := tar.extractfile(entry):
                        yield name, io.BytesIO(content.read())
    except InputError:
        raise
    except Exception as error:  # a damaged or hostile file can make tarfile and zipfile raise anything
        msg = f"{archive} cannot be read as an archive: {error}. It is damaged, or no ZIP or TAR file. Get it anew."
        raise InputError(msg) from error


class _Member(tarfile.TarInfo):
    """A header that promises no more than LARGEST, be it of a file or of the long names and notes before a file."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        """Read a header before anything it announces is read."""
        entry = super().frombuf(buf, encoding, errors)
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
