"""TIFF files → the images of their pages, by tifffile, or by Pillow where it knows more."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cdae_lessons.datasets import images, pictures
from cdae_lessons.errors import InputError

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what is wrong with a file, our errors say
SUFFIXES = (".tif", ".tiff")
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
PLANAR = "SYX"
# What makes an image upright that is stored in one of the eight orientations: transposed or not, rows and columns.
UPRIGHT = {
    2: (False, 1, -1),
    3: (False, -1, -1),
    4: (False, -1, 1),
    5: (True, 1, 1),
    6: (True, 1, -1),
    7: (True, -1, -1),
    8: (True, -1, 1),
}


def count(file: Path) -> int:
    """How many pages a file has, without those that are smaller copies of others; 1 of a damaged one."""
    from tifffile import TiffFile

    try:
        with TiffFile(file) as opened:
            return len(_places(opened))
    except Exception:  # noqa: BLE001 - reading it tells what is wrong
        return 1


class Page(NamedTuple):
    """A page as it is stored, but upright: whole numbers are divided by `largest`, and `white` is zero or not."""

    values: np.ndarray
    largest: int
    white: bool
    page: TiffPage

    def image(self) -> np.ndarray:
        """As grey values; see `reading.read_images`."""
        made = pictures.grey(self.values, largest=self.largest)
        return np.subtract(1, made, out=made) if self.white else made


def read(file: Path, *, name: str) -> Iterator[np.ndarray]:
    """Read the pages of a file, one by one; see `reading.read_images`."""
    return (page.image() for page in pages(file, name=name))


def pages(file: Path, *, name: str) -> Iterator[Page]:
    """The pages of a file, one by one, without those that are smaller copies of others."""
    from tifffile import TiffFile

    try:
        with TiffFile(file) as opened:
            for place in _places(opened):
                yield _page(file, opened, place, name)
    except InputError:
        raise
    except Exception as error:  # a damaged or hostile file can make the decoders raise anything
        msg = (
            f"{name} cannot be read as an image: {error}. It is damaged, cut short, or of a rare kind. "
            "Get it anew, save it as 8- or 16-bit grey PNG, or take it out of the folder."
        )
        raise InputError(msg) from error


def _places(opened: TiffFile) -> list[int]:
    return [place for place in range(len(opened.pages)) if not opened.pages[place].aspage().is_reduced]


def _page(file: Path, opened: TiffFile, place: int, name: str) -> Page:
    page = opened.pages[place].aspage()
    images.check_size(page.imagelength, page.imagewidth * page.imagedepth, name)
    images.check_size(page.tilelength or 1, page.tilewidth or 1, name)
    grey = page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO) and page.samplesperpixel <= 2
    colour = page.photometric == RGB and page.samplesperpixel >= 3
    kind = "u" if page.dtype is None else page.dtype.kind
    eight = kind in "ub" and page.bitspersample <= 8
    if eight and not (page.bitspersample == 8 and (grey or colour)):
        return Page(_upright(_by_pillow(file, place, page), page), 255, False, page)
    if kind not in "uif" or not (grey or colour):
        msg = f"it has {page.samplesperpixel} channels, {page.photometric!r}, of {page.dtype}; expected grey, or RGB"
        raise ValueError(msg)
    try:
        values = _by_tifffile(page)
    except (NotImplementedError, ValueError) as error:
        if "imagecodecs" not in str(error) or not (eight or page.samplesperpixel == 1):
            raise
        values = _by_pillow(file, place, page)
        if eight:
            return Page(_upright(values, page), 255, False, page)
    return Page(_upright(values, page), _largest(page), page.photometric == WHITE_IS_ZERO, page)


def _largest(page: TiffPage) -> int:
    """What whole numbers are divided by: the largest of their bits, and of 16 where there are more."""
    if page.dtype is None or page.dtype.kind == "f":
        return 1
    return 2 ** (page.bitspersample - (page.dtype.kind == "i")) - 1 if page.bitspersample <= 16 else 65535


def _by_tifffile(page: TiffPage) -> np.ndarray:
    """The values of a page, of shape (H, W), or (H, W, 3) of colours; transparency is left out."""
    values = _unpacked(page) if page.bitspersample % 8 else page.asarray()
    if page.samplesperpixel > 1:
        values = np.moveaxis(values, 0, -1) if page.axes == PLANAR else values
        values = values[..., :3] if page.photometric == RGB else values[..., 0]
    if values.shape[:2] != (page.imagelength, page.imagewidth):
        msg = f"it holds values of shape {values.shape}"
        raise ValueError(msg)
    return values


def _unpacked(page: TiffPage) -> np.ndarray:
    """Values of 9 to 31 bits that are packed without a gap, each row from a whole byte on."""
    if page.compression != 1 or page.is_tiled or page.samplesperpixel > 1:
        msg = f"{page.bitspersample} packed bits that are compressed, tiled or coloured need imagecodecs"
        raise ValueError(msg)
    segments = page.parent.filehandle.read_segments(page.dataoffsets, page.databytecounts)
    stored = b"".join(segment[0] or b"" for segment in segments if isinstance(segment, tuple))
    stride = -(-page.imagewidth * page.bitspersample // 8)
    rows = np.frombuffer(stored, np.uint8, count=stride * page.imagelength).reshape(page.imagelength, stride)
    powers = 2 ** np.arange(page.bitspersample, dtype=np.uint32)[::-1]
    values = np.empty((page.imagelength, page.imagewidth), np.uint32)
    for row, packed in enumerate(rows):
        bits = np.unpackbits(packed)[: page.imagewidth * page.bitspersample]
        values[row] = bits.reshape(page.imagewidth, page.bitspersample) @ powers
    return values


def _upright(image: np.ndarray, page: TiffPage) -> np.ndarray:
    tag = page.tags.get("Orientation")
    turned, rows, columns = UPRIGHT.get(tag.value if tag else 1, (False, 1, 1))
    return (np.swapaxes(image, 0, 1) if turned else image)[::rows, ::columns]


def _by_pillow(file: Path, place: int, page: TiffPage) -> np.ndarray:
    """What Pillow reads of a page: whole numbers or floating-point ones as they are stored, colours in 8 bits."""
    from PIL import Image

    with warnings.catch_warnings(action="ignore"), Image.open(_unturned(file, page), formats=["TIFF"]) as picture:
        picture.seek(place)
        picture.load()
        grey = picture.mode in ("L", "I", "F") or picture.mode.startswith("I;16")
        return np.asarray(picture if grey else picture.convert("L" if picture.mode == "1" else "RGB"))


def _unturned(file: Path, page: TiffPage) -> Path | io.BytesIO:
    """A file without its orientation: Pillow turns most pages upright, and garbles some (in 13.0)."""
    tag = page.tags.get("Orientation")
    if tag is None or tag.value == 1:
        return file
    content = bytearray(file.read_bytes())
    content[tag.valueoffset : tag.valueoffset + 2] = (1).to_bytes(
        2, "little" if page.parent.byteorder == "<" else "big"
    )
    return io.BytesIO(content)
