"""The user's own images: any folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from cdae_lessons.datasets.image_set import Entry, Images, choose
from cdae_lessons.datasets.images import is_dicom, read_image, resize
from cdae_lessons.datasets.prepared import kept
from cdae_lessons.errors import InputError
from cdae_lessons.files import StrPath, data_home, state

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".pgm", ".ppm", ".pnm", ".bmp", ".gif", ".webp", ".jp2")


@dataclass(frozen=True)
class Folder:
    """The images in a folder and below, in natural order of the file names.

    The subject of an image is the patient's ID in a DICOM file, else the subfolder that it lies in (however deep),
    else the file itself.
    """

    place: Path

    @property
    def entry(self) -> Entry:
        """What is known of any folder."""
        return Entry("your own", "yours", "any", f"your folder {self.place}", "its owner's", "your files")

    def read(self, *, size: int, n: int | None, seed: int, **_: object) -> Images:
        """Read the images, or all of them as they were prepared before."""
        return read_folder(self.place, "folder", size=size, n=n, seed=seed)

    def find(self, **_: object) -> Path:
        """The folder; whether there are images in it, reading them tells."""
        return self.place

    def fetch(self, *, data_dir: StrPath | None, **_: object) -> NoReturn:
        """Refuse: there is no place to download them from."""
        _refuse(f"folder:{self.place}", data_dir)


class Dx:
    """Dental radiographs: a folder ``dx`` in the data folder, or `data_dir` itself."""

    entry = Entry("dental X-ray", "yours", "any", "your folder of dental radiographs", "its owner's", "your files")

    def read(self, *, size: int, n: int | None, seed: int, data_dir: StrPath | None, **_: object) -> Images:
        """Read the images as those of a `Folder`."""
        place = self.find(data_dir=data_dir) or data_home(data_dir) / ("" if data_dir else "dx")
        return read_folder(place, "dx", size=size, n=n, seed=seed)

    def find(self, *, data_dir: StrPath | None, **_: object) -> Path | None:
        """The folder of that name."""
        place = data_home(data_dir) / "dx"
        return place if place.is_dir() else None

    def fetch(self, *, data_dir: StrPath | None, **_: object) -> NoReturn:
        """Refuse: there is no place to download them from."""
        _refuse("dx", data_dir)


def read_folder(folder: Path, name: str, *, size: int, n: int | None, seed: int) -> Images:
    """Read a folder's images; see `Folder`. `name` begins that of the file in which they are kept, prepared."""
    if not folder.is_dir():
        msg = f"There is no folder {folder}. Put your images there, or correct the path."
        raise InputError(msg)
    found = sorted(
        (file for file in folder.rglob("*") if _is_image(file, folder)), key=lambda file: _order(file, folder)
    )
    if not found:
        msg = f"The folder {folder} holds no images. Expected PNG, JPEG, TIFF, PGM, BMP or DICOM files in it or below."
        raise InputError(msg)
    files = [found[index] for index in choose(len(found), n, seed=seed, what=str(folder))]

    def make() -> Images:
        images, subjects = np.empty((len(files), size, size), np.float32), []
        for index, file in enumerate(files):
            image, patient = read_image(file, name=str(file))
            images[index] = resize(image, size)
            subjects.append(patient or file.relative_to(folder).parts[0])
        return images, np.array(subjects)

    return kept(name, (size, str(folder.resolve()), *map(state, files)), make)


def _is_image(file: Path, folder: Path) -> bool:
    """Whether a file is an image by its name; hidden ones are not taken."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in file.relative_to(folder).parts)
    return not hidden and file.is_file() and (file.suffix.lower() in PICTURES or is_dicom(file))


def _order(file: Path, folder: Path) -> list[str | int]:
    """Sort key: by name, 2 before 10."""
    parts = re.split(r"([0-9]+)", file.relative_to(folder).as_posix())
    return [int(part) if part.isdigit() else part.lower() for part in parts]


def _refuse(name: str, data_dir: StrPath | None) -> NoReturn:
    msg = (
        f"The images of {name!r} are your own: they cannot be downloaded. Put dental radiographs into "
        f"{data_home(data_dir) / 'dx'}; load any others by the name folder:PATH."
    )
    raise InputError(msg)
