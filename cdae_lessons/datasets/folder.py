"""The user's own images: any folder."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from cdae_lessons.datasets.images import choose, find_images, read_image, resize
from cdae_lessons.datasets.prepared import kept
from cdae_lessons.errors import InputError
from cdae_lessons.files import data_home, state


def read_folder(folder: Path, name: str, *, size: int, n: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Read the images in `folder` and below.

    The subject of an image is the patient's ID in a DICOM file, else the subfolder of `folder` that it lies in
    (however deep), else the file itself.

    Returns
    -------
    images : ndarray of shape (N, size, size), float32 in [0, 1]
        In natural order of the file names.
    subjects : ndarray of shape (N,), str

    Raises
    ------
    InputError
        If there is no such folder, no image in it, fewer than `n`, or one that cannot be read.
    """
    if not folder.is_dir():
        msg = f"There is no folder {folder}. Put your images there, or correct the path."
        raise InputError(msg)
    found = find_images(folder)
    if not found:
        msg = f"The folder {folder} holds no images. Expected PNG, JPEG, TIFF, PGM, BMP or DICOM files in it or below."
        raise InputError(msg)
    files = [found[index] for index in choose(len(found), n, seed=seed, what=str(folder))]

    def make() -> tuple[np.ndarray, np.ndarray]:
        images, subjects = np.empty((len(files), size, size), np.float32), []
        for index, file in enumerate(files):
            image, patient = read_image(file, name=str(file))
            images[index] = resize(image, size)
            subjects.append(patient or file.relative_to(folder).parts[0])
        return images, np.array(subjects)

    return kept(name, (size, str(folder.resolve()), *map(state, files)), make)


def read_dx(
    *, size: int, n: int | None, seed: int, data_dir: str | os.PathLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Read dental radiographs, as `read_folder`: from ``dx`` in the data folder, or from `data_dir` itself."""
    place = data_home(data_dir)
    folder = place if data_dir and not (place / "dx").is_dir() else place / "dx"
    return read_folder(folder, "dx", size=size, n=n, seed=seed)
