"""Images → files like those that they were read from: of the same kind, with the same header, in the same units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from cdae_lessons.datasets import dicom_writing, nifti, pictures, reading, tiff, tiff_writing
from cdae_lessons.errors import InputError, check_images
from cdae_lessons.files import StrPath, appearing


def write(images: ArrayLike, *, like: StrPath, folder: StrPath, window: bool = True, note: str = "Changed") -> Path:
    """Write images as a file like the one that they were read from, under the same name in another folder.

    What the images differ by from those of `like` is added to the values there, back through polarity, window or VOI
    LUT, rescaling and bits to what is stored. So images that are as they were read give the same values, and what lies
    beyond a DICOM window, where it looks black or white, stays beyond it by as much. Of colours, red, green and blue
    change alike.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point
        One for each picture, frame, page or slice of `like`, in the same order, of its full size.
    like : path
        The file that they were read from: PNG, JPEG, PGM, BMP, …, TIFF, DICOM or NIfTI. It stays as it is.
    folder : path
        Where the new file goes; made if it is not there. A file of that name in it is replaced.
    window : bool
        Whether the images of a DICOM file were read through its window or VOI LUT.
    note : str
        What was done to the images, for the header of a DICOM file.

    Returns
    -------
    Path
        The file. Its name is that of `like`, or ends in ``.png`` where that is a GIF, which holds 256 colours.

    Raises
    ------
    InputError
        If the images do not fit those of `like`, the new file would be `like` itself, or it cannot be written. No file
        is left half-written.

    Notes
    -----
    Pictures keep their format, their size in print and their profile of colours. JPEG is written in its best quality,
    WebP and JPEG 2000 without loss. What has 1 bit, a palette or CMYK becomes 8-bit grey or RGB; in TIFF, 9 to 15
    packed bits become 16. Transparency is left out.

    NIfTI keeps its header, affine, type and scaling.

    DICOM keeps its header and what fills its unused bits, and gets new UIDs, which the same content gets again; it is
    ``DERIVED\\SECONDARY``, names its source, and says that it is not for diagnosis. Pixels that were compressed are
    uncompressed then; palettes, and colours of other kinds, become RGB. The patient's name stays where it is.
    """
    like, images = there(like), check_images(images, in_range=False)
    made = place(like, folder)
    if made.exists() and made.samefile(like):
        msg = f"{made} would be written over itself. Choose another folder than the one it is in."
        raise InputError(msg)
    expected = reading.count(like)
    if len(images) != expected:
        msg = f"Expected {expected} images, as {like} holds; received {len(images)}."
        raise InputError(msg)
    try:
        with appearing(made) as part:
            _write(part, like, images, window=window, note=note)
    except InputError:
        raise
    except Exception as error:  # what a file says of itself may be beyond what the libraries write
        msg = f"{like} can be read, but not be written again: {error}. Save it anew by the program that made it."
        raise InputError(msg) from error
    return made


def _write(target: Path, like: Path, images: np.ndarray, *, window: bool, note: str) -> None:
    what = reading.kind(like)
    if what == "dicom":
        dicom_writing.write(target, like, images, window=window, note=note)
    elif what == "tiff":
        tiff_writing.write(target, like, images)
    elif what == "nifti":
        nifti.write(target, like, images)
    else:
        pictures.write(target, like, images[0])


def place(like: StrPath, folder: StrPath) -> Path:
    """The file that `write` writes."""
    name = Path(like).name
    return Path(folder) / (f"{name[:-4]}.png" if name.lower().endswith(".gif") else name)


def unit(like: StrPath, *, window: bool = True) -> tuple[float, str]:
    """What a difference of 1 between images that were read from a file is there, and in which unit: ``(400, "HU")``.

    Parameters
    ----------
    like : path
        The file. Of many images, the first one tells.
    window : bool
        As for `write`.

    Returns
    -------
    float
    str
        For the label of a scale; of a DICOM file with a curved table or window, ``"of the range shown"``, with 1.
    """
    like = there(like)
    what = reading.kind(like)
    if what == "dicom":
        return dicom_writing.unit(like, window=window)
    if what == "nifti":
        largest = nifti.largest(like, name=str(like))
    elif what == "tiff":
        largest = next(tiff.pages(like, name=str(like))).largest
    else:
        largest = pictures.stored(like, name=str(like))[1]
    return largest, f"grey levels, of {largest}" if largest > 1 else "in the file's unit"


def there(file: StrPath) -> Path:
    """A file of a kind that is read."""
    file = Path(file)
    if not file.is_file():
        msg = f"There is no file {file}. Correct the path."
        raise InputError(msg)
    if reading.kind(file) is None:
        msg = f"{file} is none of the kinds that are read: PNG, JPEG, TIFF, PGM, BMP, DICOM or NIfTI. Save it as one."
        raise InputError(msg)
    return file
