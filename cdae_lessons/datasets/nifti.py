"""NIfTI files → the slices of all their volumes, one by one."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cdae_lessons.datasets import images, pictures
from cdae_lessons.datasets.changing import difference, moved
from cdae_lessons.errors import InputError

logging.getLogger("nibabel").addHandler(logging.NullHandler())  # what is wrong with a file, our errors say
SUFFIXES = (".nii", ".nii.gz")
MOST_SLICES = 10**5


def count(file: Path, *, name: str) -> int:
    """How many slices a file says it has."""
    return int(np.prod(_opened(file, name).shape[2:]))


def read(file: Path, *, name: str) -> Iterator[np.ndarray]:
    """Read the slices of a file along its third axis, volume after volume, one by one; see `reading.read_images`.

    They are turned as viewers show them, with the second axis upwards.
    """
    opened = _opened(file, name)
    largest = _largest(opened)
    for place in np.ndindex(opened.shape[:1:-1]):
        try:
            values = np.asarray(opened.dataobj[(..., *place[::-1])])
        except Exception as error:  # a damaged or hostile file can make nibabel raise anything
            raise _damaged(name, error) from error
        yield pictures.grey(np.rot90(values), largest=largest)


def largest(file: Path, *, name: str) -> int:
    """What the values of a file are divided by: the largest of their bits, and of 16 where there are more; else 1."""
    return _largest(_opened(file, name))


def write(target: Path, like: Path, images: np.ndarray) -> None:
    """Write images as the slices of a file; see `writing.write`."""
    opened = _opened(like, str(like))
    slope, intercept = opened.dataobj.slope, opened.dataobj.inter
    values = np.asarray(opened.dataobj.get_unscaled())
    places = [place[::-1] for place in np.ndindex(opened.shape[:1:-1])]
    for place, before, image in zip(places, read(like, name=str(like)), images, strict=True):
        change = np.rot90(difference(image, before), -1) * _largest(opened) / slope
        values[(..., *place)] = moved(values[(..., *place)], change)
    made = type(opened)(values, opened.affine, opened.header)
    made.header.set_slope_inter(slope, intercept)  # else nibabel would find others
    with gzip.open(target, "wb") if like.name.lower().endswith(".gz") else target.open("wb") as stream:
        made.to_stream(stream)


def _largest(opened: Any) -> int:
    kind = opened.get_data_dtype()
    scaled = kind.kind == "f" or opened.dataobj.slope != 1 or opened.dataobj.inter != 0
    return 1 if scaled else min(int(np.iinfo(kind).max), 65535)


def _opened(file: Path, name: str) -> Any:
    """An image of nibabel, whose own types do not know its parts."""
    try:
        import nibabel
        from nibabel.imageglobals import LoggingOutputSuppressor
    except ImportError as error:
        msg = f'{name} is a NIfTI file, which needs nibabel. Run: pip install "cdae-lessons[medical]"'
        raise InputError(msg) from error
    try:
        with LoggingOutputSuppressor():
            opened: Any = nibabel.load(file, mmap=False, keep_file_open=True)
        shape, kind = opened.shape, opened.get_data_dtype()
    except Exception as error:  # a damaged or hostile file can make nibabel raise anything
        raise _damaged(name, error) from error
    if not 2 <= len(shape) <= 4 or kind.kind not in "uif":
        msg = f"{name} holds {kind} values of shape {shape}; expected grey slices, or volumes of them. Save it as such."
        raise InputError(msg)
    images.check_size(shape[0], shape[1], name)
    if int(np.prod(shape[2:], dtype=object)) > MOST_SLICES:
        msg = f"{name} claims to be a stack of shape {shape}; expected {MOST_SLICES} slices at most. It may be a trap."
        raise InputError(msg)
    return opened


def _damaged(name: str, error: Exception) -> InputError:
    return InputError(f"{name} cannot be read as a NIfTI file: {error}. Get it anew, or take it out of the folder.")
