"""Image sets: `load` one by name, and split it so that no subject is on two sides.

>>> cohort = load("brain", n=500)
>>> train, validation, test = cohort.split(train=300, validation=50, test=100)
"""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cdae_lessons.datasets import brain, folder, medmnist, mias, photographs
from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.datasets.prepared import kept
from cdae_lessons.errors import DataNotice, InputError, check_count, known
from cdae_lessons.files import data_home

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cohort", "DataNotice", "available", "fetch", "fetch_all", "load", "sources"]

BRAINS = 1000  # drawn unless asked otherwise
KEPT_FROM = 200  # fewer brains are drawn as fast as they are read


class Entry(NamedTuple):
    """What is known of a set before it is loaded."""

    modality: str
    images: str
    sizes: str
    source: str
    licence: str
    needs: str


FONOV = (
    "ICBM 152 template, Fonov et al. 2011, doi 10.1016/j.neuroimage.2010.07.033; every subject is a deformation of it"
)
SUCKLING = "mini-MIAS, Suckling et al. 1994, Excerpta Medica ICS 1069, 375-378"
MEDMNIST = "MedMNIST v2, Yang et al. 2023, Scientific Data 10, 41, doi 10.1038/s41597-022-01721-8"
OWN = {
    "brain": Entry("T1 brain MRI, virtual", "any", "any", FONOV, "free with the ICBM's copyright notice", "nothing"),
    "fundus": Entry("retina photograph, patches", "any", "up to 128", "scikit-image: retina()", "CC0 1.0", "nothing"),
    "histology": Entry(
        "colon immunohistochemistry, patches",
        "any",
        "up to 64",
        "scikit-image: immunohistochemistry()",
        "no known copyright restrictions",
        "nothing",
    ),
    "mias": Entry("mammography", "322", "any (1024)", SUCKLING, "research use only", "network once, or your files"),
    "dx": Entry("dental X-ray", "yours", "any", "your folder of dental radiographs", "its owner's", "your files"),
}
FOLDER = Entry("your own", "yours", "any", "your folder {}", "its owner's", "your files")
MODALITIES = {
    "pathmnist": "colon histology",
    "chestmnist": "chest X-ray",
    "dermamnist": "dermatoscopy",
    "octmnist": "retinal OCT",
    "pneumoniamnist": "chest X-ray",
    "retinamnist": "retina photograph",
    "breastmnist": "breast ultrasound",
    "bloodmnist": "blood microscopy",
    "tissuemnist": "kidney microscopy",
    "organamnist": "abdominal CT, axial",
    "organcmnist": "abdominal CT, coronal",
    "organsmnist": "abdominal CT, sagittal",
}


def load(
    name: str,
    *,
    size: int = 64,
    n: int | None = None,
    seed: int = 0,
    data_dir: str | os.PathLike | None = None,
    download: bool = True,
) -> Cohort:
    """Load a set of images, grey and of one size.

    Parameters
    ----------
    name : str
        One that `available` lists, or ``"folder:PATH"`` for your own PNG, JPEG, TIFF, PGM, BMP or DICOM files.
    size : int
        Height and width of the images. Other shapes are stretched to it with anti-aliasing, as in the paper.
    n : int, optional
        How many images; all by default (1000 of ``brain``, 560 of ``fundus`` and ``histology``). Virtual subjects and
        patches are drawn one by one, so the first n never change; of other sets n are drawn, kept in file order.
    seed : int
        Which images are drawn.
    data_dir : path, optional
        Where the files are, or go; see `cdae_lessons.fetching.data_home` for the default. ``brain``, ``fundus``,
        ``histology`` and ``folder:PATH`` make no use of it.
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
    name = str(name)
    if name.startswith("folder:"):
        place = Path(name.removeprefix("folder:")).expanduser()
        images, subjects = folder.read_folder(place, "folder", size=size, n=n, seed=seed)
        return Cohort(images, subjects, name, FOLDER.source.format(place), FOLDER.licence)
    entry = _entry(name)
    if name == "brain":
        images, subjects = _brains(BRAINS if n is None else n, size=size, seed=seed)
    elif name in photographs.PHOTOGRAPHS:
        images, subjects = photographs.draw(name, size=size, n=n, seed=seed)
    elif name == "mias":
        images, subjects = mias.read_mias(size=size, n=n, seed=seed, data_dir=data_dir, download=download)
    elif name == "dx":
        images, subjects = folder.read_dx(size=size, n=n, seed=seed, data_dir=data_dir)
    else:
        images, subjects = medmnist.read(name, size=size, n=n, seed=seed, data_dir=data_dir, download=download)
    return Cohort(images, subjects, name, entry.source, entry.licence)


def available(*, data_dir: str | os.PathLike | None = None) -> pd.DataFrame:
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

    rows = _catalogue()
    table = pd.DataFrame.from_dict(rows, orient="index", columns=Entry._fields).drop(columns="source")
    table["cached"] = [_cached(name, data_dir) for name in rows]
    return table.rename_axis("name").reset_index()


def fetch(name: str, *, size: int = 64, data_dir: str | os.PathLike | None = None) -> Path:
    """Make sure that the file behind a set is on this computer, and say where.

    Parameters
    ----------
    name : str
        One that `available` lists.
    size : int
        The size that it will be loaded at; MedMNIST has a file for each.
    data_dir : path, optional
        Where it shall be.

    Raises
    ------
    InputError
        On an unknown name, a set that cannot be downloaded, and a failed download.
    """
    size = check_count(size, what="size", low=8)
    entry = _entry(name)
    if entry.needs == "your files":
        msg = (
            f"The images of {name!r} are your own: they cannot be downloaded. Put dental radiographs into "
            f"{data_home(data_dir) / 'dx'}; load any others by the name folder:PATH."
        )
        raise InputError(msg)
    if name == "brain":
        return Path(str(resources.files("cdae_lessons") / "data_files" / "icbm152_t1.npz"))
    if name in photographs.PHOTOGRAPHS:
        return Path(str(resources.files("skimage") / "data" / photographs.PHOTOGRAPHS[name].file))
    if name == "mias":
        return mias.fetch_mias(data_dir)
    return medmnist.fetch(name, size=size, data_dir=data_dir)


def fetch_all(*, size: int = 64, data_dir: str | os.PathLike | None = None) -> pd.DataFrame:
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


def sources(*, size: int = 64, data_dir: str | os.PathLike | None = None) -> pd.DataFrame:
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
    known = {
        name: (medmnist.source(name, size=size), medmnist.place(name, size=size, data_dir=data_dir))
        for name in medmnist.info()
    }
    known["mias"] = (mias.MIAS, mias.mias_place(data_dir))
    rows = [
        {"name": name, **source._asdict(), "file": file, "here": _here(name, size, data_dir)}
        for name, (source, file) in known.items()
    ]
    table = pd.DataFrame(rows).assign(most=lambda table: table["most"] / 2**20)
    return table.rename(columns={"most": "mib"})


def _here(name: str, size: int, data_dir: str | os.PathLike | None) -> bool:
    if name == "mias":
        return mias.find_mias(data_dir) is not None
    return medmnist.find(name, size, data_dir) is not None


def _brains(count: int, *, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    def make() -> tuple[np.ndarray, np.ndarray]:
        labels = np.array([f"{seed}-{index}" for index in range(count)])
        return brain.draw(count, size=size, seed=seed), labels

    return make() if count < KEPT_FROM else kept("brain", (count, size, seed), make)


def _entry(name: str) -> Entry:
    catalogue = _catalogue()
    if name not in catalogue and not medmnist.info() and name in MODALITIES:
        msg = f"The addresses of {name!r} come with medmnist, which is not installed. Run: pip install medmnist"
        raise InputError(msg)
    return catalogue[known(name, catalogue, what="data set")]


def _catalogue() -> dict[str, Entry]:
    sets = {}
    for name, entry in medmnist.info().items():
        modality, count = MODALITIES.get(name, "see medmnist"), sum(entry["n_samples"].values())
        sizes = f"up to {medmnist.sides(name)[-1]}"
        sets[name] = Entry(modality, f"{count}", sizes, MEDMNIST, entry["license"], "network once")
    return {**OWN, **sets, "folder:PATH": FOLDER}


def _cached(name: str, data_dir: str | os.PathLike | None) -> bool:
    if name == "mias":
        return _here(name, 0, data_dir)
    if name in medmnist.info():
        return any(_here(name, side, data_dir) for side in medmnist.sides(name))
    if name == "dx":
        return (data_home(data_dir) / "dx").is_dir()
    return True
