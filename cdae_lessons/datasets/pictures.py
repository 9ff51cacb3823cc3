"""PNG, JPEG, PGM, BMP and their like, by Pillow → one grey image each."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from cdae_lessons.datasets import images
from cdae_lessons.errors import InputError

JPEG = (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc")
SUFFIXES = (*JPEG, ".png", ".apng", ".pgm", ".ppm", ".pnm", ".pbm", ".pfm", ".bmp", ".dib", ".gif", ".webp")
BITMAP = b"BM"


def read(file: Path, *, name: str) -> np.ndarray:
    """Read a picture; see `reading.read_images`."""
    values = images._decoded(_with_header(file, name) if file.suffix.lower() == ".dib" else file, name)
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
