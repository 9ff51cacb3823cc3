"""What an image differs by from the one that was read is added to the values of its file."""

from __future__ import annotations

import numpy as np

from cdae_lessons.errors import InputError


def difference(image: np.ndarray, before: np.ndarray) -> np.ndarray:
    """What an image of shape (H, W) differs by from the one that was read, float64; exactly 0 where it does not."""
    if image.shape != before.shape:
        msg = (
            f"Expected images of the file's own size, {before.shape[0]}x{before.shape[1]} pixels; received "
            f"{image.shape[0]}x{image.shape[1]}. Read them by image_files.read, and resize nothing."
        )
        raise InputError(msg)
    return image.astype(np.float64) - before


def moved(values: np.ndarray, by: np.ndarray, *, ends: tuple[int, int] | None = None) -> np.ndarray:
    """The values of a file, each changed by as much in its own unit, colours all alike; a new array of the same type.

    Parameters
    ----------
    values : ndarray of shape (H, W) or (H, W, 3)
        Whole numbers or floating-point ones.
    by : ndarray of shape (H, W), float64
        Rounded for whole numbers.
    ends : tuple of int, optional
        The least and the greatest whole number that may come out; by default those that the type holds.
    """
    by = by[..., np.newaxis] if values.ndim == 3 else by
    if values.dtype.kind == "f":
        return (values + by).astype(values.dtype)
    low, high = ends or (np.iinfo(values.dtype).min, np.iinfo(values.dtype).max)
    # 64 bits hold whatever 32 do, and steps are added to them exactly.
    whole = values.astype(np.int64) + np.rint(by).clip(-(2.0**62), 2.0**62).astype(np.int64)
    return whole.clip(max(low, -(2**63)), min(high, 2**63 - 1)).astype(values.dtype)
