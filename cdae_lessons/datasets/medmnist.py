"""The two-dimensional MedMNIST sets, read without importing medmnist (which imports torchvision)."""

from __future__ import annotations

import ast
import importlib.util
import os
import warnings
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

from cdae_lessons.datasets.download import Source, by_hand, file_md5
from cdae_lessons.datasets.images import choose, resize, to_grey
from cdae_lessons.errors import DataNotice, InputError
from cdae_lessons.files import data_home

SIDES = (28, 64, 128, 224)
PARTS = ("train_images", "val_images", "test_images")
BATCH = 1000  # images turned into floating point at a time


@cache
def info() -> dict[str, dict]:
    """What the installed medmnist says of its 2-D sets: addresses, checksums, licences, …; empty without medmnist."""
    found = importlib.util.find_spec("medmnist")
    if found is None:
        return {}
    # Read, not run: info.py makes a folder in the user's home.
    tree = ast.parse(Path(found.origin).with_name("info.py").read_text(encoding="utf-8"))
    assigned = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}
    return {name: entry for name, entry in ast.literal_eval(assigned["INFO"]).items() if not name.endswith("3d")}


def read(
    name: str, *, size: int, n: int | None, seed: int, data_dir: str | os.PathLike | None, download: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Read the set `name`: its training, validation and test images, in this order.

    MedMNIST publishes no patient numbers, so every image counts as a subject of its own, although some
    sets have several images of one patient (ChestMNIST: 112,120 of 30,805).

    Parameters
    ----------
    name : str
        One of `info`.
    size : int
        Side of the images: the smallest published size (28, 64, 128, 224) that is no smaller is resized.
    n : int or None
        How many to draw at random by `seed`, kept in file order; None for all.
    seed : int
        Which to draw.
    data_dir : path or None
        Where the file is, or shall be downloaded to.
    download : bool
        Whether to download what is not there.

    Returns
    -------
    images : ndarray of shape (N, size, size), float32 in [0, 1]
        Grey; colour sets by luminance.
    subjects : ndarray of shape (N,), int
        Position in the whole set.

    Raises
    ------
    InputError
        On a size above 224, a file that is missing and cannot be downloaded, or a file that is damaged.
    """
    file = fetch(name, size=size, data_dir=data_dir, download=download)
    side = _side(name, size)
    try:
        with zipfile.ZipFile(file) as archive:
            counts = [_count(archive, part, side, most=sum(info()[name]["n_samples"].values())) for part in PARTS]
            chosen = choose(sum(counts), n, seed=seed, what=name)
            images = np.empty((len(chosen), size, size), np.float32)
            first = filled = 0
            for part, count in zip(PARTS, counts, strict=True):
                wanted = chosen[(chosen >= first) & (chosen < first + count)] - first
                with archive.open(f"{part}.npy") as stream:
                    pixels = np.lib.format.read_array(stream, allow_pickle=False)
                for start in range(0, len(wanted), BATCH):
                    batch = resize(to_grey(pixels[wanted[start : start + BATCH]]), size)
                    images[filled : filled + len(batch)] = batch
                    filled += len(batch)
                first += count
    except InputError:
        raise
    except Exception as error:  # a damaged or hostile file can make zipfile and NumPy raise anything
        msg = (
            f"{file} is damaged, or no MedMNIST file of {side}x{side} pixels: {error}. Expected 8-bit "
            f"{', '.join(PARTS)}. Delete the file and load again."
        )
        raise InputError(msg) from error
    return images, chosen


def fetch(name: str, *, size: int, data_dir: str | os.PathLike | None, download: bool = True) -> Path:
    """Find the file that `read` needs, or download it, and say where it is.

    A file with another checksum than the published one is taken with a `DataNotice`; `read` checks its content.

    Raises
    ------
    InputError
        On a size above 224, or if the file is missing and cannot be downloaded.
    """
    known = source(name, size=size)
    target = place(name, size=size, data_dir=data_dir)
    file = find(name, size, data_dir)
    if file is not None:
        if (other := file_md5(file)) != known.md5:
            msg = (
                f"{file} is not the file that MedMNIST publishes today: its MD5 is {other}, not {known.md5}. It is "
                "used as it is; delete it to download today's file."
            )
            warnings.warn(msg, DataNotice, stacklevel=2)
        return file
    sizes = [str(other) for other in sides(name) if find(name, other, data_dir)]
    hint = f" Of {name}, size={' and '.join(sizes)} is there already: ask for that size." if sizes else ""
    if not download:
        msg = (
            f"{target.name} is not in {data_home(data_dir)}, and download=False. Download it by: "
            f"python -m cdae_lessons fetch {name}. {by_hand(known, target)}{hint}"
        )
        raise InputError(msg)
    try:
        return downloading.download(known, target)
    except InputError as error:
        msg = f"{error}{hint}"
        raise InputError(msg) from error


def source(name: str, *, size: int) -> Source:
    """Where the file that `read` needs is from.

    The mirror, for 28 pixels, is MedMNIST's release of 2022, of the same files.
    """
    entry, side = info()[name], _side(name, size)
    mirror = f"https://zenodo.org/records/6496656/files/{name}.npz?download=1" if side == SIDES[0] else None
    labels = 100  # bytes an image, amply
    most = sum(entry["n_samples"].values()) * (side**2 * entry["n_channels"] + labels) * 101 // 100 + 2**16
    suffix = _suffix(side)
    return Source(entry[f"url{suffix}"], mirror, most, entry["license"], entry[f"MD5{suffix}"])


def find(name: str, size: int, data_dir: str | os.PathLike | None) -> Path | None:
    """The file that `read` needs, in the data folder or one level down; None if there is none."""
    file = place(name, size=size, data_dir=data_dir).name
    home = data_home(data_dir)
    return next((found for found in (home / file, *sorted(home.glob(f"*/{file}"))) if found.is_file()), None)


def place(name: str, *, size: int, data_dir: str | os.PathLike | None) -> Path:
    """Where `fetch` puts the file that `read` needs."""
    folder = Path(data_dir).expanduser() if data_dir else data_home() / "medmnist"
    return folder / f"{name}{_suffix(_side(name, size))}.npz"


def _suffix(side: int) -> str:
    return "" if side == SIDES[0] else f"_{side}"


def sides(name: str) -> list[int]:
    """The sizes that the installed medmnist knows of (before version 3 it was 28 alone)."""
    return [side for side in SIDES if f"MD5{_suffix(side)}" in info()[name]]


def _side(name: str, size: int) -> int:
    """The smallest published side that is no smaller than `size`."""
    published = sides(name)
    if size > published[-1]:
        msg = f"Expected a size up to {published[-1]}, the largest that {name} is published in; received {size}."
        raise InputError(msg)
    return next(side for side in published if side >= size)


def _count(archive: zipfile.ZipFile, part: str, side: int, *, most: int) -> int:
    """How many images a part has, told from its header alone: 8-bit ones of the right size, no more than published."""
    with archive.open(f"{part}.npy") as stream:
        old = np.lib.format.read_magic(stream) == (1, 0)
        header = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(stream)
    if dtype != np.uint8 or shape[1:] not in ((side, side), (side, side, 3)) or not 0 < shape[0] <= most:
        msg = f"{part} holds {dtype} of shape {shape}"
        raise ValueError(msg)
    return shape[0]
