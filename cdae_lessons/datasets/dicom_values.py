"""What DICOM pixels mean, after part 3 of the standard (PS3.3): bits, rescaling, tables, window, padding, colour."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from cdae_lessons.datasets import images
from cdae_lessons.errors import DataNotice

if TYPE_CHECKING:
    from pydicom import Dataset

Range = tuple[float, float]


def shown(pixels: np.ndarray, header: Dataset, frame: int, *, window: bool = True) -> np.ndarray:
    """Pixels of a frame, or some rows of them, as a viewer shows them: grey, float32.

    Those with floating-point pixels and no window keep their range, all others lie in [0, 1]. Without `window`, it is
    the whole range of the stored bits that lies there, whatever window or VOI LUT a file has.
    """
    return _colour(pixels, header) if header.SamplesPerPixel > 1 else _grey(pixels, header, frame, window)


def _colour(pixels: np.ndarray, header: Dataset) -> np.ndarray:
    """Red, green and blue by luminance; a window is for grey images only (C.11.2.1.2)."""
    if pixels.ndim != 3 or pixels.shape[-1] != 3:
        msg = f"{header.SamplesPerPixel} samples a pixel; expected 1, or 3 of a colour"
        raise ValueError(msg)
    return np.divide(pixels, 2**header.BitsStored - 1, dtype=np.float32).clip(0, 1) @ images.LUMINANCE


def _grey(pixels: np.ndarray, header: Dataset, frame: int, window: bool) -> np.ndarray:
    stored = stored_bits(pixels, header)
    if header.PhotometricInterpretation == "PALETTE COLOR":
        grey, first = palette(header, ends_of(stored, header))
        return looked_up(stored, grey @ images.LUMINANCE, first).clip(0, 1)
    # What is padding is black, whatever the polarity (C.7.5.1.1.2).
    return np.where(padding(pixels, stored, header), 0, as_viewed(stored, header, frame, window=window))


def as_viewed(stored: np.ndarray, header: Dataset, frame: int, *, window: bool) -> np.ndarray:
    """Stored bits of a grey frame → what they look like, as `shown` has it, were none of them padding."""
    values, ends = rescaled(stored, header, frame)
    viewing = _group(header, frame, "FrameVOILUTSequence")
    image = _viewed(values, ends, viewing, header) if window else _whole(values, ends, header)
    return 1 - image if header.PhotometricInterpretation == "MONOCHROME1" else image


def as_stored(header: Dataset) -> bool:
    """Whether pixels come with all their bits; other ways of compression know the stored ones alone."""
    from pydicom.uid import RLELossless

    syntax = header.file_meta.TransferSyntaxUID
    return syntax == RLELossless or not syntax.is_compressed


def stored_bits(pixels: np.ndarray, header: Dataset) -> np.ndarray:
    """The stored bits, which need not be the lowest ones, without what lies above and below them."""
    bits, low = header.BitsStored, max(header.HighBit + 1 - header.BitsStored, 0)
    whole = low == 0 and bits >= 8 * pixels.dtype.itemsize
    if pixels.dtype.kind == "f" or whole or not as_stored(header):
        return pixels
    raw = pixels.view(pixels.dtype.str.replace("i", "u")) >> low
    raw &= raw.dtype.type(2**bits - 1)
    if not header.PixelRepresentation:
        return raw
    sign = 2 ** (bits - 1)
    return (raw ^ raw.dtype.type(sign)).astype(np.int64 if bits > 31 else np.int32) - sign


def with_bits(pixels: np.ndarray, stored: np.ndarray, header: Dataset) -> np.ndarray:
    """Pixels with other stored bits, and the same ones above and below them: the inverse of `stored_bits`."""
    bits, low = header.BitsStored, max(header.HighBit + 1 - header.BitsStored, 0)
    raw = pixels.view(pixels.dtype.str.replace("i", "u"))
    mask = raw.dtype.type((2**bits - 1) << low)
    placed = (stored.astype(np.int64) << low).astype(raw.dtype) & mask
    return ((raw & ~mask) | placed).astype(raw.dtype).view(pixels.dtype)


def ends_of(stored: np.ndarray, header: Dataset) -> tuple[int, int]:
    """The least and the largest value that can be stored; 0 and 1 of floating-point ones."""
    if stored.dtype.kind == "f":
        return 0, 1
    half = 2 ** (header.BitsStored - 1)
    return (-half, half - 1) if header.PixelRepresentation else (0, 2 * half - 1)


def _group(header: Dataset, frame: int, name: str) -> Dataset:
    """Where a frame's settings are: in its functional group, in that which all frames share, or in the header."""
    own, shared = header.get("PerFrameFunctionalGroupsSequence"), header.get("SharedFunctionalGroupsSequence")
    for group in [*(own or [])[frame : frame + 1], *(shared or [])[:1]]:
        if group.get(name):
            return group[name].value[0]
    return header


def rescaled(stored: np.ndarray, header: Dataset, frame: int) -> tuple[np.ndarray, Range]:
    """After the modality LUT, in the modality's own units, such as HU: the values, and the ends of their range."""
    item, ends = _group(header, frame, "PixelValueTransformationSequence"), ends_of(stored, header)
    if item.get("ModalityLUTSequence"):
        table, first = _table(item.ModalityLUTSequence[0], "LUT", ends, header)
        return looked_up(stored, table, first), (0, _largest(table))
    slope, intercept = (
        default if item.get(key) is None else float(item[key].value)
        for key, default in (("RescaleSlope", 1), ("RescaleIntercept", 0))
    )
    low, high = sorted(end * slope + intercept for end in ends)
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept), (low, high)


def _viewed(values: np.ndarray, ends: Range, item: Dataset, header: Dataset) -> np.ndarray:
    """After the VOI LUT or the first window, else the whole range: in [0, 1]."""
    if item.get("VOILUTSequence"):
        table, first = _table(item.VOILUTSequence[0], "LUT", ends, header)
        return looked_up(values, table, first) / np.float32(_largest(table))
    centre, width = (np.ravel(item.get(key, []))[:1] for key in ("WindowCenter", "WindowWidth"))
    if centre.size and width.size and centre[0] is not None and width[0] is not None:
        image = _windowed(values, float(centre[0]), float(width[0]), str(item.get("VOILUTFunction") or "LINEAR"))
        if image is not None:
            return image
    return _whole(values, ends, header)


def _whole(values: np.ndarray, ends: Range, header: Dataset) -> np.ndarray:
    """The whole range, as [0, 1]."""
    low, high = ends
    with np.errstate(all="ignore"):  # a range of nothing is found by its values
        image = (values - np.float32(low)) / np.float32(high - low)
    return image.clip(0, 1) if "PixelData" in header else image


def _windowed(values: np.ndarray, centre: float, width: float, function: str) -> np.ndarray | None:
    """Values through a window (C.11.2.1.2, C.11.2.1.3), or None where it is none."""
    linear = function.upper() not in ("LINEAR_EXACT", "SIGMOID")
    if not (width >= 1 if linear else width > 0):
        msg = (
            "A DICOM window must be at least 1 wide, or more than 0 where its function is LINEAR_EXACT or SIGMOID "
            f"(PS3.3, C.11.2.1.2); images with one of {width:g} are read without it, from their whole range."
        )
        warnings.warn(msg, DataNotice, stacklevel=2)
        return None
    if function.upper() == "SIGMOID":
        with np.errstate(over="ignore"):
            return 1 / (1 + np.exp(-4 * (values - np.float32(centre)) / np.float32(width)))
    if not linear:
        return ((values - np.float32(centre)) / np.float32(width) + np.float32(0.5)).clip(0, 1)
    if width == 1:
        return (values > centre - 0.5).astype(np.float32)
    return ((values - np.float32(centre - 0.5)) / np.float32(width - 1) + np.float32(0.5)).clip(0, 1)


def padding(pixels: np.ndarray, stored: np.ndarray, header: Dataset) -> np.ndarray:
    """Where there is no image, only what fills the rectangle. Its value may lie beyond the stored bits."""
    if header.get("PixelPaddingValue") is None:
        return np.zeros(stored.shape, bool)
    bounds = [header.PixelPaddingValue, header.get("PixelPaddingRangeLimit", header.PixelPaddingValue)]
    low, high = sorted(_signed(bound, header) for bound in bounds)
    return ((pixels >= low) & (pixels <= high)) | ((stored >= low) & (stored <= high))


def _signed(value: int, header: Dataset) -> int:
    """A value of 16 bits whose sign was written, or read, otherwise than that of the pixels."""
    bits = header.BitsAllocated
    return (value + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1) if header.PixelRepresentation else value % 2**bits


# Tables


def palette(header: Dataset, ends: Range) -> tuple[np.ndarray, int]:
    """Three tables of colours → the colours, of shape (n, 3), in [0, 1], and the index of the first one."""
    from pydicom.pixels import apply_color_lut  # type: ignore[attr-defined]  # is not in its __all__

    if "RedPaletteColorLookupTableData" in header:
        names = [f"{colour}PaletteColorLookupTable" for colour in ("Red", "Green", "Blue")]
        tables = [_table(header, name, ends, header) for name in names]
        first, colours = tables[0][1], np.stack([table for table, _ in tables], axis=-1)
    else:
        count, first, _ = header.RedPaletteColorLookupTableDescriptor
        colours = apply_color_lut(np.arange(first, first + (count or 2**16)), header)[:, :3]
    return colours.astype(np.float32) / np.float32(255 if colours.max() < 256 else 65535), first


def _table(item: Dataset, name: str, ends: Range, header: Dataset) -> tuple[np.ndarray, int]:
    """A look-up table, whatever way its entries are packed, and the value that its first entry is for."""
    count, first, _ = item[f"{name}Descriptor"].value
    data, count = item[f"{name}Data"].value, count or 2**16
    if isinstance(data, bytes):
        words = np.dtype("<u2" if header.original_encoding[1] is not False else ">u2")
        table = np.frombuffer(data, words if len(data) >= 2 * count else np.uint8)
    else:
        table = np.atleast_1d(np.array(data, "<u2"))
        table = table if len(table) >= count else table.view(np.uint8)
    if not table.size:
        msg = f"its table {name} is empty"
        raise ValueError(msg)
    return table[:count], first - 2**16 if first >= 2**15 and ends[0] < 0 else first


def looked_up(values: np.ndarray, table: np.ndarray, first: int) -> np.ndarray:
    """Entries of a table; values below and above it take its first and last one."""
    places = np.rint(values) if values.dtype.kind == "f" else values.astype(np.int64 if values.itemsize > 2 else "i4")
    return table[(places - first).clip(0, len(table) - 1).astype(np.int32)].astype(np.float32)


def _largest(table: np.ndarray) -> int:
    """The largest value of a table's entries. Many declare 16 bits and use 12, so the entries tell."""
    return 2 ** max(int(table.max()).bit_length(), 8) - 1
