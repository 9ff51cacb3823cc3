"""What several tests write, read or count: image files, real images where there are any, and the files of a folder."""

import os
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image
from skimage.transform import resize

RAMP = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
SHARED = Path(os.environ.get("CDAE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
needs_mias = pytest.mark.skipif(not (SHARED / "mias").is_dir(), reason=f"no mini-MIAS images in {SHARED / 'mias'}")


def save(pixels, file, **options):
    Image.fromarray(pixels).save(file, **options)
    return file


def mammograms():
    """Every third one of mini-MIAS."""
    files = sorted((SHARED / "mias").glob("*.pgm"))[::3]
    return np.stack([resize(iio.imread(f) / 255, (64, 64), anti_aliasing=True) for f in files]).clip(0, 1)


def everything(folder):
    """The files in a folder and below, without the locks of downloads."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
