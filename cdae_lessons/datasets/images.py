"""What readers of image files share: grey values, the largest size that is trusted, and resizing."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from cdae_lessons.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MOST_PIXELS = 36_000_000  # the largest mammograms have 35 million; decoding stays below 500 MiB
LUMINANCE = np.array([0.2125, 0.7154, 0.0721], np.float32)  # of red, green, blue: scikit-image's rgb2gray


def check_size(height: int, width: int, name: str) -> None:
    """See that an image of this name is none that fills the memory."""
    if not 0 < height * width <= MOST_PIXELS:
        msg = (
            f"{name} claims to be {height}x{width} pixels; expected 1 to {MOST_PIXELS // 10**6} million. It may be a "
            "trap. Save it smaller if you trust it."
        )
        raise InputError(msg)


def to_grey(images: np.ndarray) -> np.ndarray:
    """8-bit images (…, H, W) or (…, H, W, 3), told apart by the last axis, → float32 (…, H, W) in [0, 1]."""
    scaled = images.astype(np.float32) / 255
    return scaled @ LUMINANCE if images.shape[-1] == 3 else scaled


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """Resize (…, H, W) to (…, size, size) as skimage.transform.resize(anti_aliasing=True) does, float32 in [0, 1].

    Images that are not square are stretched, as the paper did.
    """
    for axis in (-2, -1):
        if images.shape[axis] != size:
            resizer, lines = _resizer(images.shape[axis], size), np.moveaxis(images, axis, 0)
            resized = (resizer @ lines.reshape(len(lines), -1)).reshape(size, *lines.shape[1:])
            images = np.moveaxis(resized, 0, axis)
    return np.clip(images, 0, 1, order="C")


@lru_cache(maxsize=8)
def _resizer(side: int, size: int) -> csr_array:
    # scikit-image's resizing is linear and treats rows and columns alike, so it is a product with this matrix, which
    # is mostly zeros: 20 times faster, and without BLAS threads, which crawl where a container has part of a core.
    from scipy.sparse import csr_array
    from skimage.transform import resize as resize_image

    return csr_array(resize_image(np.eye(side, dtype=np.float32), (size, side), anti_aliasing=True))
