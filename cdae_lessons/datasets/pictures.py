"""PNG, JPEG, PGM, BMP and their like, by Pillow → one grey image each."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cdae_lessons.datasets import images
from cdae_lessons.errors import InputError

JPEG = (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc")
SUFFIXES = (*JPEG, ".png", ".apng", ".pgm", ".ppm", ".pnm", ".pbm", ".pfm", ".bmp", ".dib", ".gif", ".webp")
FORMATS = ("PNG", "JPEG", "TIFF", "PPM", "BMP", "GIF", "WEBP", "JPEG2000")  # no EPS, which is a program
BITMAP = b"BM"


def read(source: Path | BinaryIO, *, name: str) -> np.ndarray:
    """Read a picture; see `reading.read_images`."""
    if isinstance(source, Path) and source.suffix.lower() == ".dib":
        source = _with_header(source, name)
    values = decoded(source, name=name)
    if values.dtype == np.uint8:
        return grey(values)
    return grey(values, largest=1 if values.dtype.kind == "f" else 65535)


def grey(values: np.ndarray, *, largest: int = 255) -> np.ndarray:
    """Images of shape (H, W) or (H, W, 3) → float32 of shape (H, W): divided by `largest`, colour by luminance."""
    made = np.empty(values.shape[:2], np.float32)
    for start in range(0, len(made), 256):  # a few rows at a time, to save memory
        with np.errstate(all="ignore"):  # what is no number, or too large, is found by whoever reads it
            rows = values[start : start + 256].astype(np.float32) / np.float32(largest)
        made[start : start + 256] = rows @ images.LUMINANCE if values.ndim == 3 else rows
    return made


def _with_header(file: Path, name: str) -> io.BytesIO:
    """A ``.dib`` is a bitmap, with its file header or without."""
    try:
        content = file.read_bytes()
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror or error}. Get it anew, or take it out of the folder."
        raise InputError(msg) from error
    return io.BytesIO(content if content.startswith(BITMAP) else BITMAP + bytes(12) + content)


def decoded(source: Path | BinaryIO, *, name: str) -> np.ndarray:
    """What Pillow makes of a file: (H, W) or (H, W, 3), of the type that it is stored in."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(source, formats=FORMATS) as picture:
            images.check_size(picture.height, picture.width, name)
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
