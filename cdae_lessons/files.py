"""Where data is kept, and how every file is written: at one stroke, or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from cdae_lessons.errors import InputError

StrPath = str | os.PathLike[str]


def data_home(data_dir: StrPath | None = None) -> Path:
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
    return user_cache_path("cdae-lessons")


def folder(place: StrPath) -> Path:
    """Make a folder, if it is not there, and return it.

    Parameters
    ----------
    place : path
        The folder; those above it are made, too.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If it cannot be made.
    """
    place = Path(place)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(place, error) from error
    return place


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A file to write, which becomes `target` if all goes well and is gone otherwise.

    Its folder is made if it is not there. It begins with a dot, and ends as `target` does.

    Raises
    ------
    InputError
        If it cannot be written: a full disk, a folder that is read-only, or no folder.
    """
    folder(target.parent)
    part = target.with_name(f".{target.stem}.{uuid.uuid4().hex}.part{target.suffix}")
    try:
        yield part
        try:
            part.replace(target)
        except PermissionError:  # Windows, when another process has just put its own there and reads it
            if not target.is_file():
                raise
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        part.unlink(missing_ok=True)


def state(file: Path) -> tuple[str, int, int]:
    """Path, size and time of a file, which tell whether it has changed.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    tuple of str, int, int
        Its whole path, its bytes, and the time of its last change in nanoseconds.
    """
    status = file.stat()
    return str(file.resolve()), status.st_size, status.st_mtime_ns


def _unwritable(place: Path, error: OSError) -> InputError:
    return InputError(
        f"Cannot write {place}: {error.strerror or error}. Make room there, or choose another folder that you may "
        "write to; what is finished is kept."
    )
