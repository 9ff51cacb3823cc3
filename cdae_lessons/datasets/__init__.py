"""Image sets: `load` one by name, and split it so that no subject is on two sides.

>>> cohort = load("brain", n=500)
>>> train, validation, test = cohort.split(train=300, validation=50, test=100)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cdae_lessons.datasets import catalogue
from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.datasets.image_set import Downloaded, Entry
from cdae_lessons.errors import DataNotice, InputError, check_count
from cdae_lessons.files import StrPath

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cohort", "DataNotice", "available", "fetch", "fetch_all", "load", "sources"]


def load(
    name: str,
    *,
    size: int = 64,
    n: int | None = None,
    seed: int = 0,
    data_dir: StrPath | None = None,
    download: bool = True,
) -> Cohort:
    """Load a set of images, grey and of one size.

    Parameters
    ----------
    name : str
        One that `available` lists, or ``"folder:PATH"`` for your own PNG, JPEG, TIFF, PGM, BMP, DICOM or NIfTI files,
        each with one image or many. Where they use little of their range, or have another one than 0 to 1,
        ``"folder:PATH rescale=1-99"`` makes the 1st and the 99th percentile of the whole set's pixels 0 and 1.
    size : int
        Height and width of the images. Other shapes are stretched to it with anti-aliasing, as in the paper.
    n : int, optional
        How many images; all by default (1000 of ``brain`` and ``phantoms``, 560 of ``fundus`` and ``histology``).
        Virtual subjects and patches are drawn one by one, so the first n never change; of other sets n are drawn, kept
        in file order.
    seed : int
        Which images are drawn.
    data_dir : path, optional
        Where the files are, or go; see `cdae_lessons.files.data_home` for the default. ``brain``, ``phantoms``,
        ``fundus``, ``histology`` and ``folder:PATH`` make no use of it.
    download : bool
        Whether files that are not there may be downloaded.

    Returns
    -------
    Cohort

    Raises
    ------
    InputError
        On an unknown name, a size or number that the set does not have, missing or damaged files, and failed downloads.
    """
    size, seed = check_count(size, what="size", low=8), check_count(seed, what="seed")
    n = None if n is None else check_count(n, what="n", low=1)
    chosen = catalogue.find(str(name))
    images, subjects = chosen.read(size=size, n=n, seed=seed, data_dir=data_dir, download=download)
    return Cohort(images, subjects, str(name), chosen.entry.source, chosen.entry.licence)


def available(*, data_dir: StrPath | None = None) -> pd.DataFrame:
    """The sets that `load` knows.

    Parameters
    ----------
    data_dir : path, optional
        Where to look for files that are there already.

    Returns
    -------
    DataFrame
        A row a set: name, modality, images, sizes in pixels, licence, what it needs (nothing, the network once, your
        files), and whether it can be loaded now without a network.
    """
    import pandas as pd

    every = catalogue.sets()
    entries = {name: one.entry for name, one in every.items()}
    table = pd.DataFrame.from_dict(entries, orient="index", columns=Entry._fields).drop(columns="source")
    table["cached"] = [one.find(size=None, data_dir=data_dir) is not None for one in every.values()]
    return table.rename_axis("name").reset_index()


def fetch(name: str, *, size: int = 64, data_dir: StrPath | None = None) -> Path:
    """Make sure that the file behind a set is on this computer, and say where.

    Parameters
    ----------
    name : str
        One that `available` lists.
    size : int
        The size that it will be loaded at; MedMNIST has a file for each.
    data_dir : path, optional
        Where it shall be.

    Returns
    -------
    Path
        The file; for a set that the package makes, the file that it makes it from.

    Raises
    ------
    InputError
        On an unknown name, a set that cannot be downloaded, and a failed download.
    """
    size = check_count(size, what="size", low=8)
    return catalogue.find(str(name)).fetch(size=size, data_dir=data_dir)


def fetch_all(*, size: int = 64, data_dir: StrPath | None = None) -> pd.DataFrame:
    """Fetch every set that can be downloaded, to prepare a class; what fails does not stop the rest.

    Parameters
    ----------
    size, data_dir
        As for `fetch`.

    Returns
    -------
    DataFrame
        `sources`, with ``problem`` in place of ``here``: why a set could not be fetched, else empty.
    """
    table = sources(size=size, data_dir=data_dir).drop(columns="here")
    problems = []
    for name in table["name"]:
        try:
            fetch(name, size=size, data_dir=data_dir)
        except InputError as error:
            problems.append(str(error))
        else:
            problems.append("")
    return table.assign(problem=problems)


def sources(*, size: int = 64, data_dir: StrPath | None = None) -> pd.DataFrame:
    """Where the sets that can be downloaded are from, and where their files go, for those who fetch them by hand.

    Parameters
    ----------
    size, data_dir
        As for `fetch`.

    Returns
    -------
    DataFrame
        A row a set: name, address, mirror (None where there is none), the most MiB that the file has, licence, md5
        (None where none is published), the file to put it into, and whether the set is here.
    """
    import pandas as pd

    size = check_count(size, what="size", low=8)
    rows = []
    for name, one in catalogue.sets().items():
        if isinstance(one, Downloaded):
            source, file = one.origin(size=size, data_dir=data_dir)
            here = one.find(size=size, data_dir=data_dir) is not None
            rows.append({"name": name, **source._asdict(), "file": file, "here": here})
    table = pd.DataFrame(rows).assign(most=lambda table: table["most"] / 2**20)
    return table.rename(columns={"most": "mib"})
