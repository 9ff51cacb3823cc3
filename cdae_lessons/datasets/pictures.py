"""PNG, JPEG, PGM, BMP and their like, by Pillow → one grey image each."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from cdae_lessons.datasets import images
from cdae_lessons.datasets.changing import difference, moved
from cdae_lessons.errors import DataNotice

JPEG = (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc")
SUFFIXES = (*JPEG, ".png", ".apng", ".pgm", ".ppm", ".pnm", ".pbm", ".pfm", ".bmp", ".dib", ".gif", ".webp")
BITMAP = b"BM"
BEST: dict[str, dict[str, Any]] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}


def read(file: Path, *, name: str) -> np.ndarray:
    """Read a picture; see `reading.read_images`."""
    return grey(*stored(file, name=name))


def stored(file: Path, *, name: str) -> tuple[np.ndarray, int]:
    """A picture as it is stored, but upright: the values, of shape (H, W) or (H, W, 3), and their largest one."""
    values = images._decoded(opened(file), name)
    if values.dtype == np.uint8:
        return values, 255
    return values, 1 if values.dtype.kind == "f" else 65535


def write(target: Path, like: Path, image: np.ndarray) -> None:
    """Write an image as a picture; see `writing.write`."""
    from PIL import Image

    values, largest = stored(like, name=str(like))
    values = values.clip(0, largest).astype(np.uint16) if largest == 65535 else values
    made = Image.fromarray(moved(values, difference(image, grey(values, largest)) * largest))
    with warnings.catch_warnings(action="ignore"), Image.open(opened(like), formats=images.FORMATS) as before:
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


def opened(file: Path) -> Path | io.BytesIO:
    """What Pillow shall open: the file, but a ``.dib`` is a bitmap, with its file header or without."""
    if file.suffix.lower() != ".dib":
        return file
    content = file.read_bytes()
    return io.BytesIO(content if content.startswith(BITMAP) else BITMAP + bytes(12) + content)
