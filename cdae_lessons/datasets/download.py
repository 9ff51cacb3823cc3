"""Downloads that bear bad networks: resumed, repeated, checked, and made by one process while others wait."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cdae_lessons.errors import InputError
from cdae_lessons.progress import bar

if TYPE_CHECKING:
    import requests

SILENCE = (10, 60)  # seconds to wait for a connection, and for the next bytes
PAUSES = (1, 4, 15)  # seconds before each new attempt
PASSING = (408, 425, 429, 500, 502, 503, 504)  # answers that may be others in a moment
MIB = 2**20


class Source(NamedTuple):
    """Where a file is from, and what is known of it before it is here.

    Parameters
    ----------
    address, mirror : str
        Where it is; `mirror`, asked where the first fails, may be None.
    most : int
        Bytes that it has at most; a server that sends more is not believed.
    licence : str
        What may be done with it.
    md5 : str or None
        The checksum that its publisher names.
    """

    address: str
    mirror: str | None
    most: int
    licence: str
    md5: str | None


def download(source: Source, target: Path, *, check: Callable[[Path], None] | None = None) -> Path:
    """Download a file to `target`, which appears only once it is complete and verified.

    What came of it before a break or an interrupt is kept beside `target`, as ``.NAME.part``, and the next call goes on
    from there. Of several processes one downloads, and the others wait and take its file. Proxies are those of the
    environment variables ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY``.

    Parameters
    ----------
    source : Source
        Addresses and checksum.
    target : Path
        Where the file shall be. If it is there and as it should be, nothing is done.
    check : callable, optional
        Raises InputError if the file is not what it should be; for files without a known checksum.

    Raises
    ------
    InputError
        Without a network, on a server's error, on a wrong checksum or content, and where `target` cannot be
        written; the message says how to fetch the file by hand.
    """
    problems = []
    try:
        with _alone(target):
            if target.is_file() and not _wrong(target, source, check):
                return target
            part = target.with_name(f".{target.name}.part")
            for address in filter(None, (source.address, source.mirror)):
                problem = _obtain(address, part, source, check)
                if problem is None:
                    part.replace(target)
                    return target
                problems.append(problem)
    except OSError as error:
        msg = (
            f"{target} cannot be written: {error.strerror or error}. Make room there, or name another folder by "
            "data_dir= or the environment variable CDAE_DATA_DIR."
        )
        raise InputError(msg) from error
    msg = f"{' '.join(problems)} Try again later. {by_hand(source, target)}"
    raise InputError(msg)


def by_hand(source: Source, target: Path) -> str:
    """How to do without the download: "fetch it yourself and put it there"."""
    also = f", or {source.mirror}," if source.mirror else ""
    known = f" (MD5 {source.md5})" if source.md5 else ""
    return f"Or fetch {source.address}{also} yourself and put it into {target.parent} as {target.name}{known}."


def file_md5(file: Path) -> str:
    """The MD5 checksum of a file, which detects damage (it is no protection against forgery)."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        msg = f"{file} cannot be read: {error.strerror or error}. Make it readable, or delete it and load again."
        raise InputError(msg) from error


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Wait until no other process works at `target`; the system ends the wait if that process dies."""
    from filelock import FileLock, Timeout

    target.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(target.with_name(f".{target.name}.lock"))  # it stays there: removing it would let two in
    try:
        lock.acquire(timeout=0)
    except Timeout:
        sys.stderr.write(f"Another process is downloading {target.name}; waiting for it.\n")
        lock.acquire(poll_interval=0.2)
    try:
        yield
    finally:
        lock.release()


def _wrong(file: Path, source: Source, check: Callable[[Path], None] | None) -> str | None:
    """What is wrong with a file, or None."""
    if source.md5 and (found := file_md5(file)) != source.md5:
        return f"it is damaged, or not the file expected: its MD5 is {found}, not {source.md5}."
    try:
        if check:
            check(file)
    except InputError as error:
        return str(error)
    return None


def _obtain(address: str, part: Path, source: Source, check: Callable[[Path], None] | None) -> str | None:
    """Download from one address; return what is wrong, or None."""
    import requests

    resumed = part.is_file()
    try:
        _persist(address, part, source.most)
    except requests.RequestException as error:
        if error.response is not None:
            return f"The server answered {error.response.status_code} to {address}."
        return f"{address} could not be downloaded: no network, or the connection broke."
    wrong = _wrong(part, source, check)
    if wrong is None:
        return None
    part.unlink()
    if resumed:  # its beginning may have been that of another file
        return _obtain(address, part, source, check)
    return f"What {address} sent was not kept: {wrong}"


def _persist(address: str, part: Path, most: int) -> None:
    """Download, and go on after failures that may pass."""
    import requests

    for pause in (*PAUSES, None):
        try:
            return _stream(address, part, most)
        except requests.RequestException as error:
            if pause is None or not _may_pass(error):
                raise
        time.sleep(pause)
    return None


def _may_pass(error: requests.RequestException) -> bool:
    import requests
    from urllib3.exceptions import NewConnectionError

    if error.response is not None:
        return error.response.status_code in PASSING
    nobody = error.args and isinstance(getattr(error.args[0], "reason", None), NewConnectionError)
    hopeless = (requests.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.ProxyError)
    return not nobody and not isinstance(error, hopeless)


def _stream(address: str, part: Path, most: int) -> None:
    """One attempt: add what `part` lacks."""
    import requests

    have = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(address, headers=headers, stream=True, timeout=SILENCE) as answer:
        if have and answer.status_code == 416:
            return  # it was complete, or of another file: its checksum tells
        answer.raise_for_status()
        have = have if answer.status_code == 206 else 0
        length = answer.headers.get("Content-Length")
        total = most if length is None else have + int(length)
        with part.open("ab" if have else "wb") as file, bar(-(-total // MIB), label=f"{part.name[1:-5]}, MiB") as shown:
            shown.update(have // MIB)
            for chunk in answer.iter_content(2**16):
                file.write(chunk)
                before, have = have, have + len(chunk)
                shown.update(have // MIB - before // MIB)
                if have > most:
                    break  # an endless stream, or another file
    if length is not None and have < total:
        msg = f"{address} broke off after {have} of {total} bytes"
        raise requests.exceptions.ChunkedEncodingError(msg)
