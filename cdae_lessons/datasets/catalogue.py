"""Every image set by its name."""

from __future__ import annotations

from pathlib import Path

from cdae_lessons.datasets import medmnist
from cdae_lessons.datasets.brain import Brain
from cdae_lessons.datasets.folder import Dx, Folder, named
from cdae_lessons.datasets.image_set import ImageSet
from cdae_lessons.datasets.mias import Mias
from cdae_lessons.datasets.phantoms import Phantoms
from cdae_lessons.datasets.photographs import FUNDUS, HISTOLOGY
from cdae_lessons.errors import InputError, known

OWN: dict[str, ImageSet] = {
    "brain": Brain(),
    "phantoms": Phantoms(),
    "fundus": FUNDUS,
    "histology": HISTOLOGY,
    "mias": Mias(),
    "dx": Dx(),
}
FOLDER = "folder:"


def sets() -> dict[str, ImageSet]:
    """All of them, in the order in which they are listed; the last one stands for any folder."""
    published = {name: medmnist.MedMNIST(name) for name in medmnist.info()}
    return {**OWN, **published, f"{FOLDER}PATH": Folder(Path("PATH"))}


def members(mix: str) -> list[str]:
    """The names in ``"brain+fundus"``; a "+" in the path of a folder ends it only before the name of another set."""
    found: list[str] = []
    for part in mix.split("+"):
        is_name = part.startswith(FOLDER) or part in {*OWN, *medmnist.MODALITIES}
        if found and found[-1].startswith(FOLDER) and not is_name:
            found[-1] += f"+{part}"
        else:
            found.append(part)
    return found


def find(name: str) -> ImageSet:
    """The set of that name: one of `sets`, or ``folder:PATH`` with any path, and ``rescale=LOW-HIGH`` if need be."""
    if name in OWN:
        return OWN[name]
    if name.startswith(FOLDER):
        return named(name.removeprefix(FOLDER))
    if " rescale=" in name:
        msg = f"Expected rescale= after folder:PATH alone; received {name!r}. The range of other sets is known."
        raise InputError(msg)
    if name.lower().endswith("mnist3d"):
        msg = (
            f"{name!r} holds volumes, and images are read here. The sets of MedMNIST that hold images are "
            f"{', '.join(medmnist.MODALITIES)}. Of volumes of your own, folder:PATH loads the slices."
        )
        raise InputError(msg)
    if name in medmnist.MODALITIES and not medmnist.info():
        msg = f"The addresses of {name!r} come with medmnist, which is not installed. Run: pip install medmnist"
        raise InputError(msg)
    every = sets()
    return every[known(name, every, what="data set")]
