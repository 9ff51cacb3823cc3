"""Resizing, and what readers of image files share. `reading` reads the files of a folder, this module mini-MIAS."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from cdae_lessons.errors import InputError

if TYPE_CHECKING:
    from pydicom import Dataset
    from scipy.sparse import csr_array

DICOM = (".dcm", ".dicom", ".ima")
FORMATS = ("PNG", "JPEG", "TIFF", "PPM", "BMP", "GIF", "WEBP", "JPEG2000")  # no EPS, which is a program
MOST_PIXELS = 36_000_000  # the largest mammograms have 35 million; decoding stays below 500 MiB
LUMINANCE = np.array([0.2125, 0.7154, 0.0721], np.float32)  # of red, green, blue: scikit-image's rgb2gray


def read_image(source: Path | BinaryIO, *, name: str) -> tuple[np.ndarray, str | None]:
    """Read one image.

    Parameters
    ----------
    source : Path or binary file
        The image: PNG, JPEG, TIFF, PGM, BMP, … or DICOM.
    name : str
        How error messages shall call it.

    Returns
    -------
    image : ndarray of shape (H, W), float32 in [0, 1]
        Grey values: whole numbers divided by the largest that their type holds (for DICOM, rescale and VOI LUT applied,
        the range of the stored bits; MONOCHROME1 inverted); floating-point ones must lie in [0, 1] already. Colour by
        luminance, transparency ignored.
    patient : str or None
        The patient's ID of a DICOM file.

    Raises
    ------
    InputError
        If the file is damaged, not an image, too large to be trusted, has several frames, or values of no known range.
    """
    if isinstance(source, Path) and is_dicom(source):
        return _read_dicom(source, name)
    return _read_picture(source, name), None


def is_dicom(file: Path) -> bool:
    """Whether a file is a DICOM image, by its name or its content."""
    if file.suffix.lower() in DICOM:
        return True
    if file.suffix and not re.fullmatch(r"\.[0-9]+", file.suffix):  # archives name files IM0001 or by their UID
        return False
    with suppress(OSError), file.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM"
    return False


def to_grey(images: np.ndarray) -> np.ndarray:
    """8-bit images (…, H, W) or (…, H, W, 3), told apart by the last axis, → float32 (…, H, W) in [0, 1]."""
    scaled = images.astype(np.float32) / 255
    return scaled @ LUMINANCE if images.shape[-1] == 3 else scaled


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """Resize (…, H, W) to (…, size, size) as skimage.transform.resize(anti_aliasing=True) does, float32 in [0, 1].

    Images that are not square are stretched, as the paper did.
    """
    for axis in (-2, -1):
        if images.shape[axis] != size:
            resizer, lines = _resizer(images.shape[axis], size), np.moveaxis(images, axis, 0)
            resized = (resizer @ lines.reshape(len(lines), -1)).reshape(size, *lines.shape[1:])
            images = np.moveaxis(resized, 0, axis)
    return np.clip(images, 0, 1, order="C")


@lru_cache(maxsize=8)
def _resizer(side: int, size: int) -> csr_array:
    # scikit-image's resizing is linear and treats rows and columns alike, so it is a product with this matrix, which
    # is mostly zeros: 20 times faster, and without BLAS threads, which crawl where a container has part of a core.
    from scipy.sparse import csr_array
    from skimage.transform import resize as resize_image

    return csr_array(resize_image(np.eye(side, dtype=np.float32), (size, side), anti_aliasing=True))


def _read_picture(source: Path | BinaryIO, name: str) -> np.ndarray:
    values = _decoded(source, name)
    if values.dtype == np.uint8:
        grey = np.empty(values.shape[:2], np.float32)
        for start in range(0, len(grey), 256):  # a few rows at a time, to save memory
            grey[start : start + 256] = to_grey(values[start : start + 256])
        return grey
    largest = 1 if values.dtype.kind == "f" else 65535
    if not (values.min() >= 0 and values.max() <= largest):  # false for NaN, too
        msg = (
            f"{name} holds {values.dtype} values from {values.min():g} to {values.max():g}; expected 0 to {largest}. "
            "Scale all your images by one common factor, and save them as 8- or 16-bit grey PNG."
        )
        raise InputError(msg)
    return np.divide(values, largest, dtype=np.float32)


def _decoded(source: Path | BinaryIO, name: str) -> np.ndarray:
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(source, formats=FORMATS) as picture:
            _check_size(picture.height, picture.width, name)
            frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
            picture.load()
            ImageOps.exif_transpose(picture, in_place=True)
            grey = picture.mode in ("L", "I", "F") or picture.mode.startswith("I;16")
            values = np.asarray(picture if grey else picture.convert("L" if picture.mode == "1" else "RGB"))
    except InputError:
        raise
    except Exception as error:  # a damaged or hostile file can make the decoders raise anything
        msg = (
            f"{name} cannot be read as an image: {error}. It is damaged, cut short, or not the kind its name says. "
            "Get it anew, save it as 8- or 16-bit grey PNG, or take it out of the folder."
        )
        raise InputError(msg) from error
    if frames > 1:
        msg = f"{name} holds {frames} frames; expected one image a file. Save the frames as single files."
        raise InputError(msg)
    return values


# Nothing hands a DICOM file to this module any more: dicom.py reads them. What it has for them stays until the studies
# are measured anew, since the key of their results holds this module's code.


def _read_dicom(file: Path, name: str) -> tuple[np.ndarray, str | None]:
    try:
        import pydicom
        from pydicom.pixels import apply_modality_lut, apply_voi_lut  # type: ignore[attr-defined]  # are not in its __all__
    except ImportError as error:
        msg = f'{name} is a DICOM file, which needs pydicom. Run: pip install "cdae-lessons[medical]"'
        raise InputError(msg) from error
    try:
        with warnings.catch_warnings(action="ignore"):
            _check_syntax(pydicom.filereader.read_file_meta_info(file).get("TransferSyntaxUID"))
            header = pydicom.dcmread(file)
            frames = int(header.get("NumberOfFrames") or 1)
            _check_size(header.Rows * frames, header.Columns, name)
            values = np.asarray(apply_voi_lut(apply_modality_lut(header.pixel_array, header), header), np.float32)
            low, high = _dicom_range(header, apply_modality_lut)
        colour = header.get("SamplesPerPixel", 1) == 3
        inverted = header.get("PhotometricInterpretation") == "MONOCHROME1"
        patient = str(header.get("PatientID") or "") or None
    except InputError:
        raise
    except Exception as error:  # a damaged or hostile file can make pydicom raise anything
        msg = f"{name} cannot be read as a DICOM image: {error}. Get it anew, or take it out of the folder."
        raise InputError(msg) from error
    if not (np.isfinite(values).all() and -np.inf < low < high < np.inf):
        msg = f"{name} holds values that are not finite, or of no range ({low:g} to {high:g}). Get it anew."
        raise InputError(msg)
    if values.ndim != 2 + colour:
        msg = f"{name} holds {frames} frames; expected one image a file. Save the frames as single files."
        raise InputError(msg)
    image = np.clip((values - low) / (high - low), 0, 1)
    image = image @ LUMINANCE if colour else image
    return 1 - image if inverted else image, patient


def _check_syntax(uid: str | None) -> None:
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    if uid == DeflatedExplicitVRLittleEndian:  # pydicom inflates it in one go, whatever comes out
        msg = "deflated files are not taken; save it uncompressed"
        raise ValueError(msg)


def _check_size(height: int, width: int, name: str) -> None:
    if not 0 < height * width <= MOST_PIXELS:
        msg = (
            f"{name} claims to be {height}x{width} pixels; expected 1 to {MOST_PIXELS // 10**6} million. It may be a "
            "trap. Save it smaller if you trust it."
        )
        raise InputError(msg)


def _dicom_range(header: Dataset, apply_modality_lut: Callable[..., np.ndarray]) -> tuple[float, float]:
    """Smallest and largest value that the pixels can have after the modality and VOI look-ups."""
    for name in ("VOILUTSequence", "ModalityLUTSequence"):
        if header.get(name):
            return 0, 2 ** header[name][0].LUTDescriptor[2] - 1
    signed, bits = header.PixelRepresentation, header.BitsStored
    ends = np.array([-(2 ** (bits - 1)) if signed else 0, 2 ** (bits - signed) - 1])
    low, high = np.sort(apply_modality_lut(ends, header))
    return float(low), float(high)
