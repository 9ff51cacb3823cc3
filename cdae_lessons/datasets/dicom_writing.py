"""DICOM files, written as they were read: the same header, and values in the same units; derived, not for diagnosis."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cdae_lessons import __version__
from cdae_lessons.datasets import dicom, dicom_values
from cdae_lessons.datasets.changing import difference, moved
from cdae_lessons.errors import InputError

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.uid import UID

CLAIM = "not for diagnosis"
FEW = 16  # bits, of which every value can be looked at
# What is said of the pixels that were, and signatures of them.
STALE = (
    "SmallestImagePixelValue", "LargestImagePixelValue", "IconImageSequence", "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths", "DigitalSignaturesSequence", "MACParametersSequence",
)  # fmt: skip
PIXELS = "PixelData", "FloatPixelData", "DoubleFloatPixelData"
TABLE = "PaletteColorLookupTable"


def write(target: Path, like: Path, images: np.ndarray, *, window: bool, note: str) -> None:
    """Write images as the frames of a file; see `writing.write`."""
    name = str(like)
    header, frames = dicom.opened(like, name=name)
    if header.BitsAllocated == 1:
        msg = f"{name} has pixels of 1 bit, which have no grey to change. Take it out."
        raise InputError(msg)
    made = []
    for frame, (pixels, before) in enumerate(dicom.decoded(header, frames, name=name, window=window)):
        change = difference(images[frame], before)
        if header.SamplesPerPixel > 1:
            made.append(moved(pixels, change * (2**header.BitsStored - 1), ends=(0, 2**header.BitsStored - 1)))
        elif header.PhotometricInterpretation == "PALETTE COLOR":
            made.append(_coloured(pixels, change, header))
        else:
            made.append(_grey(pixels, before, images[frame], header, frame, window))
    with dicom.quiet():
        _put(header, np.stack(made))
        _say(header, note)
        header.save_as(target, enforce_file_format=True)


def unit(like: Path, *, window: bool) -> tuple[float, str]:
    """What the range from black to white is in the modality's unit; see `writing.unit`."""
    header, frames = dicom.opened(like, name=str(like))
    if header.SamplesPerPixel > 1 or header.PhotometricInterpretation == "PALETTE COLOR":
        return 255, "grey levels, of 255"
    pixels, _ = next(dicom.decoded(header, frames, name=str(like), window=window))
    stored = dicom_values.stored_bits(pixels, header)
    codes = _inverse(stored, header, 0, window)(np.array([0.4, 0.6, 0.9]))
    codes = codes.astype(stored.dtype) if stored.dtype.kind == "f" else np.rint(codes).astype(np.int64)
    values, _ = dicom_values.rescaled(codes, header, 0)
    shades = dicom_values.as_viewed(codes, header, 0, window=window)
    with np.errstate(all="ignore"):  # where all looks alike
        first, second = np.abs(np.diff(values.astype(float)) / np.diff(shades.astype(float)))
    if not np.isclose(first, second, rtol=0.01):
        return 1, "of the range shown"
    return float(first), str(header.get("RescaleType") or ("HU" if header.get("Modality") == "CT" else "stored values"))


def _grey(
    pixels: np.ndarray, before: np.ndarray, image: np.ndarray, header: Dataset, frame: int, window: bool
) -> np.ndarray:
    """Pixels whose stored bits are changed by what it takes to look like an image; padding and other bits stay."""
    stored = dicom_values.stored_bits(pixels, header)
    looks = _inverse(stored, header, frame, window)
    ends = None if stored.dtype.kind == "f" else dicom_values.ends_of(stored, header)
    made = moved(stored, looks(image) - looks(before), ends=ends)
    empty = dicom_values.padding(pixels, stored, header)
    # Nothing becomes padding, either, which would be a hole in the image.
    made = np.where(empty | dicom_values.padding(made, made, header), stored, made)
    if pixels.dtype.kind == "f" or not dicom_values.as_stored(header):
        return made.astype(pixels.dtype)
    return dicom_values.with_bits(pixels, made, header)


def _inverse(stored: np.ndarray, header: Dataset, frame: int, window: bool) -> Callable[[np.ndarray], np.ndarray]:
    """From what is seen back to what is stored, by looking at every value that can be, or of many bits, at those here.

    Of many that look alike, it is the one in their middle; of those beyond a window, the one at its edge.
    """
    low, high = dicom_values.ends_of(stored, header)
    few = stored.dtype.kind != "f" and header.BitsStored <= FEW
    codes = np.arange(low, high + 1, dtype=np.int32) if few else np.unique(stored)
    codes = codes[~dicom_values.padding(codes, codes, header)]
    seen = dicom_values.as_viewed(codes, header, frame, window=window).astype(np.float64)
    shades, place = np.unique(seen, return_inverse=True)
    if len(shades) < 2:
        return np.zeros_like
    counts = np.bincount(place)
    middle = np.bincount(place, weights=codes) / counts
    rising = middle[-1] > middle[0]
    for end, last in ((0, rising), (-1, not rising)):
        alike = codes[place == np.arange(len(shades))[end]]
        middle[end] = alike.max() if last else alike.min()
    return lambda image: np.interp(image, shades, middle)


def _coloured(pixels: np.ndarray, change: np.ndarray, header: Dataset) -> np.ndarray:
    """Indices into a palette → red, green and blue of 8 bits, changed."""
    stored = dicom_values.stored_bits(pixels, header)
    colours, first = dicom_values.palette(header, dicom_values.ends_of(stored, header))
    shown = np.stack([dicom_values.looked_up(stored, table, first) for table in colours.T], axis=-1)
    return moved(np.rint(255 * shown.clip(0, 1)).astype(np.uint8), change * 255)


def _put(header: Dataset, pixels: np.ndarray) -> None:
    """Put pixels, of shape (N, H, W) or (N, H, W, 3), into a header, and what it says of them."""
    from pydicom.uid import ExplicitVRLittleEndian

    syntax = header.file_meta.TransferSyntaxUID
    if pixels.ndim == 4:
        bits = 8 if header.PhotometricInterpretation == "PALETTE COLOR" else header.BitsStored
        header.SamplesPerPixel, header.PlanarConfiguration, header.PhotometricInterpretation = 3, 0, "RGB"
        header.PixelRepresentation, header.BitsStored, header.HighBit = 0, bits, bits - 1
        for name in [each for each in header.dir(TABLE) if TABLE in each]:
            delattr(header, name)
    elif syntax.is_compressed and not dicom_values.as_stored(header):
        header.HighBit = header.BitsStored - 1
    header.BitsAllocated = 8 * pixels.dtype.itemsize
    little = syntax.is_compressed or syntax.is_little_endian
    content = pixels.astype(pixels.dtype.newbyteorder("<" if little else ">")).tobytes()
    if pixels.dtype.kind == "f":
        setattr(header, "FloatPixelData" if pixels.dtype.itemsize == 4 else "DoubleFloatPixelData", content)
    else:
        header.add_new("PixelData", "OB" if header.BitsAllocated == 8 else "OW", content + b"\0" * (len(content) % 2))
    if syntax.is_compressed:
        header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for name in STALE:
        if name in header:
            delattr(header, name)


def _say(header: Dataset, note: str) -> None:
    """Say in a header what became of the image, and from which it is (PS3.3, C.7.6.1.1)."""
    from pydicom import Dataset
    from pydicom.uid import SecondaryCaptureImageStorage

    kind = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID") or SecondaryCaptureImageStorage
    before = str(header.get("SOPInstanceUID") or "")
    header.ImageType = ["DERIVED", "SECONDARY", *_texts(header.get("ImageType"))[2:]]
    for element in header.iterall():
        if element.keyword == "FrameType":
            element.value = ["DERIVED", *_texts(element.value)[1:]]
    header.DerivationDescription = f"{note[:900]} (cdae-lessons {__version__}); {CLAIM}"
    suffix = f"derived, {CLAIM}"
    series = str(header.get("SeriesDescription") or "").removesuffix(suffix).strip()  # may be derived already
    header.SeriesDescription = f"{series[: 62 - len(suffix)]} {suffix}".strip()
    if before:
        source = Dataset()
        source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = kind, before
        header.SourceImageSequence = [source]
    now = datetime.now()
    header.InstanceCreationDate, header.InstanceCreationTime = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    content = next(header[name].value for name in PIXELS if name in header)
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = kind
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = _uid(before, note, content)
    header.SeriesInstanceUID = _uid(str(header.get("SeriesInstanceUID") or before), note)


def _uid(*of: Any) -> UID:
    """A UID that the same content gets again, so that the slices of a series stay together."""
    from pydicom.uid import generate_uid

    parts = [hashlib.sha256(each if isinstance(each, bytes) else each.encode()).hexdigest() for each in of]
    return generate_uid(entropy_srcs=["cdae-lessons", *parts])


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value or []]
