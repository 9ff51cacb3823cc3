"""The files of a folder: which are read as images, and which are passed over, and why."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path

from cdae_lessons.datasets import dicom, reading

MADE_HERE = (".keras", ".npz")  # what this package may have put there itself
HIDDEN = (".", "__MACOSX", "Thumbs.db", "desktop.ini")
UNREADABLE = "file that may not be read"


def listed(folder: Path) -> tuple[list[Path], Counter[str]]:
    """The files that are images, in natural order of their names, and how many others there are of each kind.

    Hidden files, and those that hold text, such as notes and tables, are no image and not counted.
    """
    taken, passed = [], Counter[str]()
    for file in _files(folder, passed):
        try:
            reason = _reason(file)
        except OSError:
            reason = UNREADABLE
        if reason is None:
            taken.append(file)
        elif reason:
            passed[reason] += 1
    return sorted(taken, key=lambda file: _order(file, folder)), passed


def _files(folder: Path, passed: Counter[str]) -> Iterator[Path]:
    """All files in a folder and below, each folder once: under its own name rather than that of a link to it."""
    waiting, seen = deque([folder]), set()
    while waiting:
        place = waiting.popleft()
        if place.resolve() in seen:
            continue
        seen.add(place.resolve())
        try:
            inside = [entry for entry in place.iterdir() if not entry.name.startswith(HIDDEN)]
        except OSError:
            passed["folder that may not be opened"] += 1
            continue
        for entry in inside:
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:  # of a folder that may be listed and no more
                passed[UNREADABLE] += 1
                continue
            if is_folder:
                (waiting.append if entry.is_symlink() else waiting.appendleft)(entry)
            elif is_file:
                yield entry
            else:
                passed["link or file that leads nowhere"] += 1


def _reason(file: Path) -> str | None:
    """Why a file is passed over; None if it is read, empty if nobody would take it for an image."""
    head = reading.head(file)  # of every file: one that may not be read is found here, whatever its name
    what = reading.kind(file)
    if what == "dicom":
        found = dicom.survey(file)
        return found if isinstance(found, str) else None
    if what:
        return None
    if file.suffix.lower() in MADE_HERE or _is_text(head):
        return ""
    return f"{file.suffix.lower()} file" if file.suffix else "file without a suffix that is no DICOM"


def _is_text(head: bytes) -> bool:
    return not re.search(rb"[\x00-\x08\x0e-\x1a]", head)


def _order(file: Path, folder: Path) -> list[str | int]:
    """Sort key: by name, 2 before 10."""
    parts = re.split(r"([0-9]+)", file.relative_to(folder).as_posix())
    return [int(part) if part.isdigit() else part.lower() for part in parts]
