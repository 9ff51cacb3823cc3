"""PNG, JPEG, PGM, BMP and their like, by Pillow → one grey image each."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from cdae_lessons.datasets import images
from cdae_lessons.datasets.changing import difference, moved
from cdae_lessons.errors import DataNotice, InputError

JPEG = (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc")
SUFFIXES = (*JPEG, ".png", ".apng", ".pgm", ".ppm", ".pnm", ".pbm", ".pfm", ".bmp", ".dib", ".gif", ".webp")
FORMATS = ("PNG", "JPEG", "TIFF", "PPM", "BMP", "GIF", "WEBP", "JPEG2000")  # no EPS, which is a program
BITMAP = b"BM"
BEST: dict[str, dict[str, Any]] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}


def read(source: Path | BinaryIO, *, name: str) -> np.ndarray:
    """Read a picture; see `reading.read_images`."""
    return grey(*stored(source, name=name))


def stored(source: Path | BinaryIO, *, name: str) -> tuple[np.ndarray, int]:
    """A picture as it is stored, but upright: the values, of shape (H, W) or (H, W, 3), and their largest one."""
    values = decoded(opened(source, name=name), name=name)
    if values.dtype == np.uint8:
        return values, 255
    return values, 1 if values.dtype.kind == "f" else 65535


def write(target: Path, like: Path, image: np.ndarray) -> None:
    """Write an image as a picture; see `writing.write`."""
    from PIL import Image

    values, largest = stored(like, name=str(like))
    values = values.clip(0, largest).astype(np.uint16) if largest == 65535 else values
    made = Image.fromarray(moved(values, difference(image, grey(values, largest)) * largest))
    with warnings.catch_warnings(action="ignore"), Image.open(opened(like, name=str(like)), formats=FORMATS) as before:
        deep = "RGB;16" in str(before.tile)
        kept = {key: before.info[key] for key in ("dpi", "icc_profile") if before.info.get(key)}
        kind = {"GIF": "PNG", "MPO": "JPEG"}.get(str(before.format), str(before.format))
    if deep:
        msg = f"{like} has colours of 16 bits, of which 8 are read and written here."
        warnings.warn(msg, DataNotice, stacklevel=4)
    if before.mode != made.mode:
        kept.pop("icc_profile", None)  # is of other colours
    made.save(target, kind, **BEST.get(kind, {}), **kept)


def grey(values: np.ndarray, largest: int = 255) -> np.ndarray:
    """Images of shape (H, W) or (H, W, 3) → float32 of shape (H, W): divided by `largest`, colour by luminance."""
    made = np.empty(values.shape[:2], np.float32)
    for start in range(0, len(made), 256):  # a few rows at a time, to save memory
        with np.errstate(all="ignore"):  # what is no number, or too large, is found by whoever reads it
            rows = values[start : start + 256].astype(np.float32) / np.float32(largest)
        made[start : start + 256] = rows @ images.LUMINANCE if values.ndim == 3 else rows
    return made


def opened(source: Path | BinaryIO, *, name: str) -> Path | BinaryIO:
    """What Pillow shall open: the source, but a ``.dib`` is a bitmap, with its file header or without."""
    if not isinstance(source, Path) or source.suffix.lower() != ".dib":
        return source
    try:
        content = source.read_bytes()
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
