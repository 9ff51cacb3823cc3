"""Images that take long to prepare: made once, and kept."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable

import numpy as np

from cdae_lessons.datasets.image_set import Images
from cdae_lessons.errors import DataNotice, InputError
from cdae_lessons.files import appearing, data_home, user_cache

PREPARED = 2  # raise it whenever prepared images would come out differently


def kept(name: str, key: tuple[object, ...], make: Callable[[], Images]) -> Images:
    """Return ``make()``, or what it returned when it was last called with this `name` and `key`.

    Images that take long to prepare are kept in the folder ``prepared`` of `data_home`, never among the
    user's own files; where that is a shared folder that cannot be written, in the user's cache folder. Where neither
    can be written, the work goes on with a `DataNotice`.

    Parameters
    ----------
    name : str
        Begins the name of the file.
    key : tuple
        Everything that the result depends on; its ``repr`` is what counts.
    make : callable
        Returns the images and their subjects.
    """
    digest = hashlib.sha256(repr((PREPARED, name, key)).encode()).hexdigest()[:20]
    places, file_name = (data_home, user_cache), f"{name}-{digest}.npz"
    for place in places:
        try:
            file = place() / "prepared" / file_name
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
                return arrays["images"], arrays["subjects"]
        except Exception:  # noqa: BLE001, S110 - not there yet, or damaged in whatever way: make it anew
            pass
    images, subjects = make()
    for place in places:
        try:
            file = place() / "prepared" / file_name
            with appearing(file) as part, part.open("wb") as stream:
                np.savez(stream, images=images, subjects=subjects)
        except InputError as error:
            problem = error
        else:
            return images, subjects
    msg = (
        f"Prepared images cannot be kept in {data_home() / 'prepared'}, so they are prepared anew each time. {problem} "
        "Name a folder with room by the environment variable CDAE_DATA_DIR."
    )
    warnings.warn(msg, DataNotice, stacklevel=2)
    return images, subjects
