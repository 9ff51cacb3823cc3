"""Any image file → its grey images: a picture has one; TIFF, DICOM and NIfTI files may have many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cdae_lessons.datasets import dicom, nifti, pictures, tiff
from cdae_lessons.errors import InputError

HEAD = 512  # bytes that tell what a file is


def read_images(
    file: Path, *, name: str, any_range: bool = False, window: bool = True
) -> tuple[Iterator[np.ndarray], str | None]:
    """Read the images of a file.

    Parameters
    ----------
    file : Path
        PNG, JPEG, PGM, BMP, …, TIFF, DICOM or NIfTI.
    name : str
        How error messages shall call it.
    any_range : bool
        Whether floating-point values outside [0, 1] and negative ones are taken, too.
    window : bool
        Whether a DICOM file is seen through its window, or VOI LUT; else its whole range of stored bits is.

    Returns
    -------
    images : iterator of ndarray of shape (H, W), float32
        Grey values in [0, 1], one image at a time: whole numbers divided by the largest that their bits hold; of DICOM
        what a viewer shows (rescaling, VOI LUT or window, else the range of the stored bits; white where most is
        white, padding black); floating-point values must lie in [0, 1] already. Colour by luminance, transparency
        ignored.
    patient : str or None
        Of a DICOM file: the patient's ID, or ``"study "`` and its UID where the ID is empty, ``ANONYMOUS`` or its like.

    Raises
    ------
    InputError
        If the file is damaged, no image, too large to be trusted, or has values of no known range; while the images
        are read, too.
    """
    what = kind(file)
    patient: str | None = None
    if what == "dicom":
        found, patient = dicom.read(file, name=name, window=window)
    elif what == "tiff":
        found = tiff.read(file, name=name)
    elif what == "nifti":
        found = nifti.read(file, name=name)
    else:
        found = iter([pictures.read(file, name=name)])
    return (_checked(image, name, any_range=any_range) for image in found), patient


def count(file: Path) -> int:
    """How many images a file says it holds."""
    what = kind(file)
    if what == "dicom":
        found = dicom.survey(file)
        return found if isinstance(found, int) else 0
    if what == "tiff":
        return tiff.count(file)
    return nifti.count(file, name=str(file)) if what == "nifti" else 1


def kind(file: Path) -> str | None:
    """``"picture"``, ``"tiff"``, ``"nifti"`` or ``"dicom"``; None of a file that is none of them."""
    name = file.name.lower()
    for what, suffixes in (("picture", pictures.SUFFIXES), ("tiff", tiff.SUFFIXES), ("nifti", nifti.SUFFIXES)):
        if name.endswith(suffixes):
            return what
    return "dicom" if dicom.is_dicom(file, head(file)) else None


def head(file: Path) -> bytes:
    """The first bytes of a file."""
    with file.open("rb") as stream:
        return stream.read(HEAD)


def _checked(image: np.ndarray, name: str, *, any_range: bool) -> np.ndarray:
    low, high = image.min(), image.max()
    if not np.isfinite([low, high]).all():
        msg = (
            f"{name} holds NaN or infinity in {(~np.isfinite(image)).sum()} of {image.size} pixels. Put numbers there."
        )
        raise InputError(msg)
    if not any_range and not (low >= 0 and high <= 1):
        msg = (
            f"{name} holds values from {low:g} to {high:g}, where whole numbers are divided by the largest that their "
            "bits hold; expected 0 to 1. Scale all your images by one common factor, or load the folder by the name "
            "'folder:PATH rescale=1-99'."
        )
        raise InputError(msg)
    return image
