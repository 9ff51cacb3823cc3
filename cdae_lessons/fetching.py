"""Where data is kept, and what is prepared once and kept."""

from __future__ import annotations

import hashlib
import os
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

PREPARED = 2  # raise it whenever prepared images would come out differently


class DataNotice(UserWarning):
    """Something about the data to know, which does not stop the work."""


def data_home(data_dir: str | os.PathLike | None = None) -> Path:
    """The folder where data is kept.

    `data_dir` if given, else the environment variable ``CDAE_DATA_DIR``, else ``data/`` of the checkout
    when working in one, else the user's cache folder.
    """
    chosen = data_dir or os.environ.get("CDAE_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser()
    checkout = Path(__file__).parents[1]
    if (checkout / "pyproject.toml").is_file() and (checkout / "data").is_dir():
        return checkout / "data"
    return user_cache()


def user_cache() -> Path:
    """The folder for what can be made again, as the system has it for this user."""
    import pooch

    return Path(pooch.os_cache("cdae-lessons"))


def prepared(name: str, key: tuple, make: Callable[[], tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
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
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                return arrays["images"], arrays["subjects"]
        except Exception:  # noqa: BLE001, S110 - not there yet, or damaged in whatever way: make it anew
            pass
    images, subjects = make()
    for place in places:
        try:
            file = place() / "prepared" / file_name
            with appearing(file) as part, part.open("wb") as stream:
                np.savez(stream, images=images, subjects=subjects)
        except OSError as error:
            problem = error.strerror or error
        else:
            return images, subjects
    msg = (
        f"Prepared images cannot be kept in {data_home() / 'prepared'} ({problem}), so they are prepared anew each "
        "time. Name a folder with room by the environment variable CDAE_DATA_DIR."
    )
    warnings.warn(msg, DataNotice, stacklevel=2)
    return images, subjects


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A file to write, which becomes `target` if all goes well and is gone otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        yield part
        try:
            part.replace(target)
        except PermissionError:  # Windows, when another process has just put its own there and reads it
            if not target.is_file():
                raise
    finally:
        part.unlink(missing_ok=True)
