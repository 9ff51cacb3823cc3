"""The images of a folder at full size, whom each shows, and pieces of them to train and score on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cdae_lessons.datasets import folder as any_folder
from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.datasets.folder_files import listed
from cdae_lessons.datasets.writing import unit
from cdae_lessons.errors import InputError, check_count
from cdae_lessons.files import StrPath
from cdae_lessons.image_files.stacks import as_seen, find_range, noise_level, read_with_patient

FLAT = 0.05  # of the range: a standard deviation below which a piece has nothing to see
TRIES = 40  # places looked at for each piece that is wanted


@dataclass(frozen=True, repr=False)
class Scan:
    """One file: its images as a network sees them, and what is known of it.

    Parameters
    ----------
    file : Path
        The file.
    name : str
        Its place in the folder, as ``"anna/scan.dcm"``.
    subject : str
        Whom it shows.
    images : ndarray of shape (N, H, W), float32 in [0, 1]
        All its images at full size; 0 and 1 are what `find_range` says.
    ends : tuple of float
        What of the file's own values they are.
    wide : float
        How much of `unit` lies between 0 and 1.
    unit : str
        Of the stored values, such as ``"HU"``.
    """

    file: Path
    name: str
    subject: str
    images: np.ndarray
    ends: tuple[float, float]
    wide: float
    unit: str

    def __repr__(self) -> str:
        count, height, width = self.images.shape
        return f"Scan({self.name!r} of {self.subject!r}: {count} of {width}x{height})"

    @property
    def middle(self) -> np.ndarray:
        """The image in the middle of the file, of shape (H, W)."""
        return self.images[len(self.images) // 2]

    def noise(self) -> float:
        """The standard deviation of the noise in that image, as `noise_level` estimates it."""
        return noise_level(self.middle[np.newaxis])


def scans(folder: StrPath, *, subject: str | None = None) -> list[Scan]:
    """Read all image files of a folder and below, at full size.

    Parameters
    ----------
    folder : path
        With PNG, JPEG, TIFF, PGM, BMP, DICOM or NIfTI files.
    subject : str, optional
        Where file names say whom they show: a regular expression that finds it in a name, such as ``"^[^_]+"`` for
        what stands before the first underscore. By default, as in ``datasets.load``, the patient's ID in a DICOM file,
        else the subfolder, else the file.

    Returns
    -------
    list of Scan
        In natural order of their names.

    Raises
    ------
    InputError
        If there is no such folder, no image in it, a damaged one, or a name in which `subject` finds nothing.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        msg = f"There is no folder {folder}. Put your images there, or correct the path."
        raise InputError(msg)
    files, _ = listed(folder)
    if not files:
        msg = f"The folder {folder} holds no images. Expected {any_folder.KINDS} files in it or below."
        raise InputError(msg)
    return [_scan(file, folder, subject) for file in files]


def _scan(file: Path, folder: Path, pattern: str | None) -> Scan:
    inside = file.relative_to(folder)
    images, patient = read_with_patient(file)
    ends = find_range(images)
    whole, name = unit(file)
    who = _named(inside, pattern) if pattern else any_folder.subject_of(inside, patient)  # the rule of datasets.load
    return Scan(file, inside.as_posix(), who, as_seen(images, ends), ends, (ends[1] - ends[0]) * whole, name)


def _named(inside: Path, pattern: str) -> str:
    try:
        found = re.search(pattern, inside.name)
    except re.error as error:
        msg = f"Expected a regular expression, such as '^[^_]+'; received subject={pattern!r}: {error}."
        raise InputError(msg) from error
    if not found or not found.group():
        msg = f"subject={pattern!r} finds nothing in the name {inside.name!r}. Rename it, or correct the pattern."
        raise InputError(msg)
    return found.group()


def pieces(chosen: Sequence[Scan], *, side: int = 64, each: int = 24, seed: int = 0) -> Cohort:
    """Cut square pieces out of scans, as many of each subject, where there is something to see.

    They have the grain of the full-size image, which a smaller copy of it has not.

    Parameters
    ----------
    chosen : sequence of Scan
        What `scans` returned, or some of it.
    side : int
        Of a piece, in pixels.
    each : int
        Pieces of a subject, at most: fewer where nearly all is of one grey.
    seed : int
        Of the places.

    Returns
    -------
    Cohort
        The pieces with their subjects.

    Raises
    ------
    InputError
        If there is nothing to cut.
    """
    side, each = check_count(side, what="side", low=7), check_count(each, what="each", low=1)
    rng = np.random.default_rng(check_count(seed, what="seed"))
    cut, whose = [], []
    for who in dict.fromkeys(scan.subject for scan in chosen):
        of = [scan for scan in chosen if scan.subject == who and min(scan.images.shape[1:]) >= side]
        found: list[np.ndarray] = []
        for _ in range(TRIES * each if of else 0):
            scan = of[rng.integers(len(of))]
            image = scan.images[rng.integers(len(scan.images))]
            row, column = (rng.integers(length - side + 1) for length in image.shape)
            piece = image[row : row + side, column : column + side]
            if piece.std() > FLAT:
                found.append(piece.copy())
            if len(found) == each:
                break
        cut += found
        whose += [who] * len(found)
    if not cut:
        msg = f"Expected scans of at least {side}x{side} pixels with something to see; received {[*chosen]}."
        raise InputError(msg)
    return Cohort(np.stack(cut), np.array(whose), "pieces", "your own", "its owner's")


def halves(chosen: Sequence[Scan], *, seed: int = 0) -> tuple[list[Scan], list[Scan]]:
    """Share scans out in two halves, no subject in both.

    Parameters
    ----------
    chosen : sequence of Scan
        Of four subjects or more.
    seed : int
        Of the draw.

    Returns
    -------
    tuple of list of Scan
        The first half has the odd subject, if there is one.

    Raises
    ------
    InputError
        If there are fewer than four subjects.
    """
    people = list(dict.fromkeys(scan.subject for scan in chosen))
    if len(people) < 4:
        msg = (
            f"Expected images of four subjects or more, to train on some and to test on others; found {len(people)}: "
            f"{', '.join(people)}. Give each person a subfolder, or say with `subject` where a file's name has it."
        )
        raise InputError(msg)
    drawn = np.random.default_rng(check_count(seed, what="seed")).permutation(people)
    first = {*drawn[: -(-len(people) // 2)].tolist()}
    return [scan for scan in chosen if scan.subject in first], [scan for scan in chosen if scan.subject not in first]
