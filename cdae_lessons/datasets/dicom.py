"""DICOM files → grey images, one a frame; and which files are no images."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cdae_lessons.datasets import images
from cdae_lessons.datasets.dicom_values import as_stored, shown
from cdae_lessons.errors import DataNotice, InputError
from cdae_lessons.files import state

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.uid import UID

SUFFIXES = (".dcm", ".dicom", ".ima")
NO_IMAGE = re.compile("Segmentation|Spectroscopy|^RT (?!Image)")  # though they have rows, and some of them pixels
NOBODY = re.compile(  # as a patient's ID
    r"(|anon(ymous|ymi[sz]ed)?|de-?identified|unknown|none|null|removed|redacted|patient|n/?a|[x0?.-]+)", re.I
)
STUDY = "study "  # begins what stands for a patient who is not named
ROWS = 512  # at a time, to save memory
MOST_FRAMES = 10**5  # no file holds more


def is_dicom(file: Path, head: bytes) -> bool:
    """Whether a file that begins with `head` is DICOM, by its name, its prefix, or its first element.

    Old files have no prefix, and archives name files ``IM0001``, or by their UID.
    """
    explicit, implicit = head[4:6].isalpha() and head[4:6].isupper(), head[6:8] == b"\0\0"
    bare = head[:2] in (b"\x02\0", b"\x08\0") and head[3:4] == b"\0" and (explicit or implicit)
    return file.suffix.lower() in SUFFIXES or head[128:132] == b"DICM" or bare


def survey(file: Path) -> int | str:
    """How many frames a file says it has, or why it is none to read: ``"DICOMDIR"``, ``"RT Plan Storage"``, …

    A file that is damaged counts as one frame, and reading it tells.
    """
    return _surveyed(*state(file))


@lru_cache(maxsize=2**16)  # a study loads the same files again and again
def _surveyed(path: str, *_: int) -> int | str:
    try:
        with quiet():
            header = _header(Path(path), pixels=False)
            uid = header.file_meta.get("MediaStorageSOPClassUID") or header.get("SOPClassUID")
            kind = uid.name if uid else ""
            frames = _frames(header)
    except InputError:
        raise
    except Exception:  # noqa: BLE001 - reading it tells what is wrong
        return 1
    if kind.startswith("Media Storage Directory"):
        return "DICOMDIR"
    if kind and "Rows" not in header:
        return f"{kind} without pixels"
    return kind if NO_IMAGE.search(kind) else frames


def read(file: Path, *, name: str, window: bool = True) -> tuple[Iterator[np.ndarray], str | None]:
    """Read the frames of a file, one by one, and whom they show; see `reading.read_images`."""
    header, frames = opened(file, name=name)
    return (image for _, image in decoded(header, frames, name=name, window=window)), _patient(header)


def opened(file: Path, *, name: str) -> tuple[Dataset, int]:
    """What a file holds that has an image in it, and how many frames."""
    try:
        with quiet():
            header = _header(file)
            frames = _frames(header)
            _patient(header)  # pydicom parses it only now, and what is damaged shows here
        _check_pixels(header, name)
        _check_compression(header.file_meta.TransferSyntaxUID, name)
    except InputError:
        raise
    except Exception as error:  # a damaged or hostile file can make pydicom raise anything
        raise _damaged(name, error) from error
    return header, frames


def decoded(header: Dataset, frames: int, *, name: str, window: bool = True) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The pixels of each frame, as they are stored, or red, green and blue; and the image that they show."""
    from pydicom.pixels import pixel_array  # type: ignore[attr-defined]  # is not in its __all__

    for frame in range(frames):
        try:
            with quiet():
                pixels = pixel_array(header, index=frame, correct_unused_bits=not as_stored(header))
                image = np.empty((header.Rows, header.Columns), np.float32)
                for start in range(0, len(image), ROWS):
                    image[start : start + ROWS] = shown(pixels[start : start + ROWS], header, frame, window=window)
        except Exception as error:  # a damaged or hostile file can make pydicom raise anything
            syntax = header.file_meta.TransferSyntaxUID
            if "does not support" in str(error):
                raise _unread(name, syntax) from error
            several = f"it holds {frames} frames, of which number {frame + 1} cannot be decoded: " if frames > 1 else ""
            hint = ". python-gdcm may decode it" if syntax.is_compressed and not find_spec("gdcm") else ""
            raise _damaged(name, f"{several}{error}{hint}") from error
        if not np.isfinite(image).all():
            msg = f"{name} holds values that are not finite, or of no range. Get it anew, or take it out of the folder."
            raise InputError(msg)
        yield pixels, image


def _patient(header: Dataset) -> str | None:
    """The patient's ID, or where that says nothing, the study: the images of one study show one patient."""
    patient = str(header.get("PatientID") or "").strip()
    if not NOBODY.fullmatch(patient):
        return patient
    study = str(header.get("StudyInstanceUID") or "")
    return f"{STUDY}{study}" if study else None


def _header(file: Path, *, pixels: bool = True) -> Dataset:
    """What a file holds, with what old files lack; `pixels` or not."""
    try:
        from pydicom import dcmread
        from pydicom.dataset import FileMetaDataset
        from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
    except ImportError as error:
        msg = f'{file} is a DICOM file, which needs pydicom. Run: pip install "cdae-lessons[medical]"'
        raise InputError(msg) from error
    _check_deflated(file)
    header = dcmread(file, force=True, stop_before_pixels=not pixels)
    if not hasattr(header, "file_meta"):
        header.file_meta = FileMetaDataset()
    if not header.file_meta.get("TransferSyntaxUID"):
        implicit, little = header.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        header.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    if "BitsAllocated" in header:
        usual = {"BitsStored": header.BitsAllocated, "SamplesPerPixel": 1, "PixelRepresentation": 0}
        usual |= {"HighBit": (header.get("BitsStored") or header.BitsAllocated) - 1}
        for key, value in {**usual, "PhotometricInterpretation": "MONOCHROME2"}.items():
            if header.get(key) is None:
                setattr(header, key, value)
    return header


@contextmanager
def quiet() -> Iterator[None]:
    """Pass on our own notices, and none of pydicom's warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for one in caught:
        if issubclass(one.category, DataNotice):
            warnings.warn(one.message, stacklevel=4)


def _check_deflated(file: Path) -> None:
    from pydicom.filereader import read_dataset, read_preamble
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    with file.open("rb") as stream:
        read_preamble(stream, force=True)
        meta = read_dataset(
            stream, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, *_: tag.group > 2
        )
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:  # pydicom inflates it in one go
        msg = f"{file} is deflated, which is not read here. Save it uncompressed."
        raise InputError(msg)


def _frames(header: Dataset) -> int:
    frames = max(int(header.get("NumberOfFrames") or 1), 1)
    if frames > MOST_FRAMES:
        msg = f"it claims to be {frames} frames"
        raise ValueError(msg)
    return frames


def _check_pixels(header: Dataset, name: str) -> None:
    if "Rows" not in header or not any(f"{kind}PixelData" in header for kind in ("", "Float", "DoubleFloat")):
        raise _damaged(name, "it holds no pixels")
    images.check_size(header.Rows, header.Columns, name)


def _check_compression(syntax: UID, name: str) -> None:
    from pydicom.pixels import get_decoder  # type: ignore[attr-defined]  # is not in its __all__

    if not syntax.is_compressed:
        return
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise _unread(name, syntax) from error
    if not decoder.is_available:
        raise _unread(name, syntax, gdcm=any("gdcm" in missing for missing in decoder.missing_dependencies))


def _unread(name: str, syntax: UID, *, gdcm: bool = False) -> InputError:
    needs = 'which needs python-gdcm. Run: pip install "cdae-lessons[medical]"'
    remedy = needs if gdcm else "of a kind that is not read here. Save it uncompressed."
    return InputError(f"{name} is compressed as {syntax.name}, {remedy}")


def _damaged(name: str, error: object) -> InputError:
    return InputError(f"{name} cannot be read as a DICOM image: {error}. Get it anew, or take it out of the folder.")
