"""What several tests write, read or count: image files, real images where there are any, files of a folder, lessons."""

import os
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image
from skimage.transform import resize

from cdae_lessons.datasets import reading

RAMP = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
CASES = Path(__file__).parent / "cases"  # files of users that once went wrong, and their right pixels
SHARED = Path(os.environ.get("CDAE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
needs_mias = pytest.mark.skipif(not (SHARED / "mias").is_dir(), reason=f"no mini-MIAS images in {SHARED / 'mias'}")


def save(pixels, file, **options):
    Image.fromarray(pixels).save(file, **options)
    return file


def dicom(file, pixels, *, signed=False, bits=12, rows=None, **tags):
    pydicom = pytest.importorskip("pydicom")
    header = pydicom.Dataset()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = pydicom.uid.generate_uid()
    header.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    header.Rows, header.Columns = rows or pixels.shape[-2:]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, bits, bits - 1
    header.PixelRepresentation = int(signed)
    header.PixelData = pixels.astype("<i2" if signed else "<u2").tobytes()
    for name, value in tags.items():
        setattr(header, name, value)
    header.save_as(file, enforce_file_format=True)
    return file


def read(file, **how):
    """The only image of a file."""
    found, _ = reading.read_images(file, name=file.name, **how)
    (image,) = found
    return image


def mammograms():
    """Every third one of mini-MIAS."""
    files = sorted((SHARED / "mias").glob("*.pgm"))[::3]
    return np.stack([resize(iio.imread(f) / 255, (64, 64), anti_aliasing=True) for f in files]).clip(0, 1)


def everything(folder):
    """The files in a folder and below, without the locks of downloads."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def place(notebook):
    """The number of a lesson, or the letter of the appendix: what its title begins with, and its key in `EXERCISES`."""
    number = notebook.stem[:2]
    return int(number) if number.isdigit() else "A"
