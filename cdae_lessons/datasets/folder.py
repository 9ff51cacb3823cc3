"""The user's own images: any folder."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from cdae_lessons.datasets.dicom import STUDY
from cdae_lessons.datasets.folder_files import listed
from cdae_lessons.datasets.image_set import Entry, Images, choose
from cdae_lessons.datasets.images import resize
from cdae_lessons.datasets.prepared import kept
from cdae_lessons.datasets.reading import count, read_images
from cdae_lessons.errors import DataNotice, InputError
from cdae_lessons.files import StrPath, data_home, state

KINDS = "PNG, JPEG, TIFF, PGM, BMP, DICOM or NIfTI"
READING = 2  # raise it whenever files are read differently
SOME = 500  # images tell the range of a set
LITTLE = 0.1  # of the range 0 to 1: a set that uses less is too dark to learn from


@dataclass(frozen=True)
class Folder:
    """The images in a folder and below, in natural order of the file names.

    A file may hold many images: frames, pages or slices. The subject of an image is the patient's ID in a DICOM file,
    else the subfolder that it lies in (however deep), else the study of a DICOM file, else the file itself. An ID such
    as ``ANONYMOUS`` is none.

    With `rescale`, two percentiles of the pixels of all images become 0 and 1 of all images alike, whatever their range
    was. The images stay comparable, as they would not if each were stretched on its own.
    """

    place: Path
    rescale: tuple[float, float] | None = None

    @property
    def entry(self) -> Entry:
        """What is known of any folder."""
        return Entry("your own", "yours", "any", f"your folder {self.place}", "its owner's", "your files")

    def read(self, *, size: int, n: int | None, seed: int, **_: object) -> Images:
        """Read the images, or all of them as they were prepared before."""
        return read_folder(self.place, "folder", size=size, n=n, seed=seed, rescale=self.rescale)

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
        try:
            return place if place.is_dir() else None
        except OSError:  # it may not be looked at, as `read_folder` says
            return None

    def fetch(self, *, data_dir: StrPath | None, **_: object) -> NoReturn:
        """Refuse: there is no place to download them from."""
        _refuse("dx", data_dir)


def named(text: str) -> Folder:
    """The folder that ``PATH`` or ``PATH rescale=LOW-HIGH`` stands for."""
    path, found, percentiles = text.partition(" rescale=")
    if not path.strip():
        msg = f"Expected a folder after 'folder:'; received {'folder:' + text!r}. Name it: 'folder:my_images'."
        raise InputError(msg)
    place = Path(path).expanduser()
    if not found:
        return Folder(place)
    return Folder(place, percentiles_of(percentiles))


def percentiles_of(text: str) -> tuple[float, float]:
    """The two percentiles that a text such as ``1-99`` names."""
    try:
        low, high = map(float, text.split("-"))
    except ValueError:
        low = high = 0
    if not 0 <= low < high <= 100:
        msg = (
            f"Expected rescale=LOW-HIGH, two percentiles of 0 to 100, as in 'folder:PATH rescale=1-99'; received "
            f"rescale={text}."
        )
        raise InputError(msg)
    return low, high


def read_folder(
    folder: Path, name: str, *, size: int, n: int | None, seed: int, rescale: tuple[float, float] | None = None
) -> Images:
    """Read a folder's images; see `Folder`. `name` begins that of the file in which they are kept, prepared."""
    _check(folder)
    files, passed = listed(folder)
    if passed:
        kinds = ", ".join(f"{number} x {what}" for what, number in sorted(passed.items()))
        warnings.warn(f"In {folder}, passed over: {kinds}.", DataNotice, stacklevel=4)
    if not files:
        msg = f"The folder {folder} holds no images. Expected {KINDS} files in it or below."
        raise InputError(msg)
    wanted: dict[Path, list[int] | None] = dict.fromkeys(files)
    if n is not None and rescale is None:
        wanted = _drawn(files, n, seed=seed, what=str(folder))

    def make() -> Images:
        images, subjects = [], []
        for file, frames in wanted.items():
            found, patient = read_images(file, name=str(file), any_range=rescale is not None)
            chosen = [_resized(image, size) for number, image in enumerate(found) if not frames or number in frames]
            images += chosen
            subjects += [subject_of(file.relative_to(folder), patient)] * len(chosen)
        return np.stack(images), np.array(subjects)

    numbers = list(filter(None, wanted.values()))
    key = (READING, size, str(folder.resolve()), rescale is not None, numbers, *map(state, wanted))
    images, subjects = kept(name, key, make)
    if rescale is not None:
        images = _rescaled(images, rescale, folder)
        drawn = choose(len(images), n, seed=seed, what=str(folder))
        images, subjects = images[drawn], subjects[drawn]
    low, high = np.percentile(images[:: max(len(images) // SOME, 1)], [0.1, 99.9])
    if high - low < LITTLE:
        msg = (
            f"The images of {folder} use little of the range 0 to 1: nearly all pixels lie in {low:.3g} to {high:.3g}, "
            "where noise of the usual strength hides them, and an all-black image scores well. Rescale all of them "
            f"alike, by percentiles of the set: load 'folder:{folder} rescale=1-99'."
        )
        warnings.warn(msg, DataNotice, stacklevel=4)
    return images, subjects


def _check(folder: Path) -> None:
    """Raise an error that says why there is no such folder to read."""
    try:
        if folder.is_file():
            msg = f"{folder} is a file. Name the folder that it is in, 'folder:{folder.parent}'."
            raise InputError(msg)
        if not folder.is_dir():
            msg = f"There is no folder {folder}. Put your images there, or correct the path."
            raise InputError(msg)
        next(folder.iterdir(), None)
    except OSError as error:
        msg = f"The folder {folder} cannot be opened: {error.strerror or error}. Get the right to read it, or copy it."
        raise InputError(msg) from error


def subject_of(file: Path, patient: str | None) -> str:
    """Whom a file shows, by its place in the folder and the patient that it names."""
    unnamed = patient is None or (patient.startswith(STUDY) and len(file.parts) > 1)
    return file.parts[0] if unnamed else str(patient)


def _drawn(files: list[Path], n: int, *, seed: int, what: str) -> dict[Path, list[int] | None]:
    """Which files `n` images are in that are drawn by `seed`, and which ones of each file."""
    every = [(file, number) for file in files for number in range(count(file))]
    wanted: dict[Path, list[int] | None] = {}
    for index in choose(len(every), n, seed=seed, what=what):
        file, number = every[index]
        wanted[file] = [*(wanted.get(file) or []), number]
    return wanted


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    """Resized, whatever its range; `resize` itself takes 0 to 1."""
    low, high = min(image.min(), 0), max(image.max(), 1)
    if (low, high) == (0, 1):
        return resize(image, size)
    return resize((image - low) / (high - low), size) * (high - low) + low


def _rescaled(images: np.ndarray, percentiles: tuple[float, float], folder: Path) -> np.ndarray:
    low, high = np.percentile(images, percentiles)
    if not low < high:
        msg = f"The images of {folder} cannot be rescaled: those percentiles of their pixels are both {low:g}."
        raise InputError(msg)
    return np.clip((images - np.float32(low)) / np.float32(high - low), 0, 1)


def _refuse(name: str, data_dir: StrPath | None) -> NoReturn:
    msg = (
        f"The images of {name!r} are your own: they cannot be downloaded. Put dental radiographs into "
        f"{data_home(data_dir) / 'dx'}; load any others by the name folder:PATH."
    )
    raise InputError(msg)
