"""Where data is kept, how it is downloaded, and what is prepared once and kept."""

from __future__ import annotations

import hashlib
import os
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from cdae_lessons.errors import InputError

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
    import pooch

    return Path(pooch.os_cache("cdae-lessons"))


def download(url: str, target: Path, *, md5: str | None = None, check: Callable[[Path], None] | None = None) -> Path:
    """Download `url` to `target`, which appears only once it is complete and verified.

    Several processes may do so at once: each writes a file of its own, and the last to finish wins.

    Parameters
    ----------
    url : str
        The address.
    target : Path
        Where the file shall be.
    md5 : str, optional
        The checksum that the file must have.
    check : callable, optional
        Raises InputError if the downloaded file is not what it should be; for files without a known checksum.

    Raises
    ------
    InputError
        Without a network, on a server's error, on a wrong checksum or content, and where `target` cannot be
        written; the message says how to fetch the file by hand.
    """
    import pooch
    import requests

    known = f" (MD5 {md5})" if md5 else ""
    remedy = f"Or fetch {url} yourself and put it into {target.parent} as {target.name}{known}."
    try:
        with _appearing(target) as part:
            pooch.HTTPDownloader(progressbar=True, timeout=60)(url, str(part), None)
            if md5 and (found := file_md5(part)) != md5:
                msg = (
                    f"What {url} sent is damaged, or not the file expected: its MD5 is {found}, not {md5}. "
                    f"It was not kept. Try again later. {remedy}"
                )
                raise InputError(msg)
            if check:
                check(part)
    except requests.HTTPError as error:
        msg = f"The server answered {error.response.status_code} to {url}. Try again later. {remedy}"
        raise InputError(msg) from error
    except requests.RequestException as error:
        msg = f"{url} could not be downloaded: no network, or the connection broke. Try again online. {remedy}"
        raise InputError(msg) from error
    except OSError as error:
        msg = (
            f"{target} cannot be written: {error.strerror or error}. Make room there, or name another folder by "
            "data_dir= or the environment variable CDAE_DATA_DIR."
        )
        raise InputError(msg) from error
    return target


def file_md5(file: Path) -> str:
    """The MD5 checksum of a file, which detects damage (it is no protection against forgery)."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def prepared(name: str, key: tuple, make: Callable[[], tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return ``make()``, or what it returned when it was last called with this `name` and `key`.

    Images that take long to prepare are kept in the folder ``prepared`` of `data_home`, never among the
    user's own files. Where that folder cannot be written, the work goes on with a `DataNotice`.

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
    file = data_home() / "prepared" / f"{name}-{digest}.npz"
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return arrays["images"], arrays["subjects"]
    except Exception:  # noqa: BLE001, S110 - not there yet, or damaged in whatever way: make it anew
        pass
    images, subjects = make()
    try:
        with _appearing(file) as part, part.open("wb") as stream:
            np.savez(stream, images=images, subjects=subjects)
    except OSError as error:
        msg = (
            f"Prepared images cannot be kept in {file.parent} ({error.strerror or error}), so they are prepared anew "
            "each time. Name a folder with room by the environment variable CDAE_DATA_DIR."
        )
        warnings.warn(msg, DataNotice, stacklevel=2)
    return images, subjects


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
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
