"""A folder of medical images for those who have none of their own: files that come with pydicom and scikit-image."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from cdae_lessons.errors import InputError
from cdae_lessons.files import StrPath, appearing, user_cache

FOLDER = "example_scans"
DICOM: Mapping[str, str] = MappingProxyType(
    {
        "ct_head.dcm": "J2K_pixelrep_mismatch.dcm",
        "ct_head_squeezed.dcm": "693_J2KI.dcm",
        "ct_spine.dcm": "CT_small.dcm",
        "mr_abdomen.dcm": "examples_overlay.dcm",
        "mr_small.dcm": "MR_small.dcm",
        "us_heart.dcm": "examples_ybr_color.dcm",
        "us_node.dcm": "examples_jpeg2k.dcm",
        "us_node_again.dcm": "examples_rgb_color.dcm",
    }
)
"""Names that say what is in them, and those of pydicom's test files."""
PICTURES: Mapping[str, str] = MappingProxyType(
    {"microscope_cell.png": "cell.png", "microscope_colon.png": "ihc.png", "retina.jpg": "retina.jpg"}
)
"""The same of scikit-image's pictures."""


def examples(folder: StrPath | None = None) -> Path:
    """Copy eleven files of ten subjects from the installed packages pydicom and scikit-image into a folder.

    Nothing is downloaded. What is there already stays.

    Parameters
    ----------
    folder : path, optional
        Where to; by default a folder in the user's cache.

    Returns
    -------
    Path
        The folder: three computed tomographies, two magnetic resonance images, three of ultrasound (two of one
        patient), a retina and two microscope images, of 64x64 to 1411x1411 pixels.

    Raises
    ------
    InputError
        If pydicom is not installed, a package comes without the files, or the folder cannot be written.
    """
    try:
        import pydicom.data
    except ImportError as error:
        msg = 'The example files come with pydicom, which is not installed. Run: pip install "cdae-lessons[medical]"'
        raise InputError(msg) from error
    import skimage

    place = user_cache() / FOLDER if folder is None else Path(folder)
    for names, inside in (
        (DICOM, Path(pydicom.data.__file__).parent / "test_files"),
        (PICTURES, Path(skimage.__file__).parent / "data"),
    ):
        for name, original in names.items():
            if (place / name).is_file():
                continue
            if not (inside / original).is_file():
                msg = f"{original} is not in {inside}, where this release of the package should have it."
                raise InputError(msg)
            with appearing(place / name) as part:
                shutil.copy2(inside / original, part)
    return place
