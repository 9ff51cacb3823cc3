"""Is everything there? One page that says what computes, what is installed, where data is, and what to mend."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from cdae_lessons import backend, datasets
from cdae_lessons.errors import InputError
from cdae_lessons.files import data_home


def problems() -> list[str]:
    """What is missing or too old, each with its remedy; an empty list where all is well.

    Returns
    -------
    list of str
    """
    found = []
    for needed in map(Requirement, metadata.requires("cdae-lessons") or []):
        if needed.marker and not needed.marker.evaluate({"extra": ""}):  # not here, or an extra that nobody asked for
            continue
        wanted = f"{needed.name}{needed.specifier}"
        try:
            have = metadata.version(needed.name)
        except metadata.PackageNotFoundError:
            found.append(f"{needed.name} is not installed. Run: pip install '{wanted}'")
            continue
        if not needed.specifier.contains(have, prereleases=True):
            found.append(f"{needed.name} is {have}; {wanted} is needed. Run: pip install -U '{wanted}'")
    try:
        backend.load_keras()
    except (InputError, ImportError) as error:
        found.append(str(error))
    home = data_home(None)
    if not _usable(home):
        found.append(f"Images cannot be kept in {home}. Set CDAE_DATA_DIR to a folder that you may write to.")
    return found


def _usable(home: Path) -> bool:
    """Whether images can be kept in a folder; one with images to read is enough."""
    try:
        nearest = next(folder for folder in (home, *home.parents) if folder.exists())
        return nearest.is_dir() and (os.access(nearest, os.W_OK) or (home.is_dir() and any(home.iterdir())))
    except OSError:  # it may not be looked at
        return False


def text(found: list[str]) -> str:
    """The state of this installation, and of the image sets, as a page of text.

    Parameters
    ----------
    found : list of str
        What `problems` returned.

    Returns
    -------
    str
    """
    try:
        state = backend.describe()
    except (InputError, ImportError):
        state = {"python": platform.python_version(), "backend": "none that works"}
    sets = datasets.available()[["name", "modality", "needs", "cached"]]
    sets = sets.assign(cached=sets["cached"].map({True: "ready", False: "not here"}))
    lines = [f"{name:14s} {value}" for name, value in state.items()]
    lines += [f"{'images in':14s} {data_home(None)}", "", sets.to_string(index=False), ""]
    lines += [f"PROBLEM: {problem}" for problem in found] or ["Everything needed is here."]
    return "\n".join(lines)
