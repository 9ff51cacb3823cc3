"""TIFF files, written as they were read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cdae_lessons.datasets import tiff
from cdae_lessons.datasets.changing import difference, moved

FOUR_GIB = 2**32
ROOM = 2**20  # for what is no pixel


def write(target: Path, like: Path, images: np.ndarray) -> None:
    """Write images as the pages of a file; see `writing.write`."""
    from tifffile import TiffWriter

    with TiffWriter(target, bigtiff=8 * images.size + ROOM > FOUR_GIB) as file:
        for page, image in zip(tiff.pages(like, name=str(like)), images, strict=True):
            change = difference(image, page.image()) * page.largest
            values = moved(page.values, -change if page.white else change)
            if 255 < page.largest < 65535 and page.values.dtype == np.uint32:  # packed bits, which nobody else writes
                values = np.rint(values * (65535 / page.largest)).clip(0, 65535).astype(np.uint16)
            file.write(np.ascontiguousarray(values), **_as_before(page))


def _as_before(page: tiff.Page) -> dict[str, Any]:
    """Colours or polarity, compression, size in print and description of a page."""
    how: dict[str, Any] = {"photometric": "rgb" if page.values.ndim == 3 else ("minisblack", "miniswhite")[page.white]}
    how |= {"compression": "zlib" if page.page.compression != 1 else None, "metadata": None}
    if page.page.description not in ("", page.page.is_shaped):  # tifffile's own one is of the shape that it had
        how["description"] = page.page.description.encode()
    across, down, unit = (page.page.tags.get(f"{name}") for name in ("XResolution", "YResolution", "ResolutionUnit"))
    if across and down:
        how |= {"resolution": (across.value, down.value), "resolutionunit": int(unit.value) if unit else 1}
    return how
