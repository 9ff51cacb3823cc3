"""The two-dimensional MedMNIST sets, read without importing medmnist (which imports torchvision)."""

from __future__ import annotations

import ast
import importlib.util
import warnings
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cdae_lessons.datasets.download import Source, by_hand, download, file_md5
from cdae_lessons.datasets.image_set import Entry, Images, choose
from cdae_lessons.datasets.images import resize, to_grey
from cdae_lessons.errors import DataNotice, InputError
from cdae_lessons.files import StrPath, data_home

SOURCE = "MedMNIST v2, Yang et al. 2023, Scientific Data 10, 41, doi 10.1038/s41597-022-01721-8"
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
SIDES = (28, 64, 128, 224)
PARTS = ("train_images", "val_images", "test_images")
BATCH = 1000  # images turned into floating point at a time


@cache
def info() -> dict[str, dict[str, Any]]:
    """What the installed medmnist says of its 2-D sets: addresses, checksums, licences, …; empty without medmnist."""
    found = importlib.util.find_spec("medmnist")
    if found is None or found.origin is None:
        return {}
    # Read, not run: info.py makes a folder in the user's home.
    tree = ast.parse(Path(found.origin).with_name("info.py").read_text(encoding="utf-8"))
    assigned = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    return {name: entry for name, entry in ast.literal_eval(assigned["INFO"]).items() if not name.endswith("3d")}


@dataclass(frozen=True)
class MedMNIST:
    """A set of `info`: its training, validation and test images, in this order; colour as luminance.

    Images are resized from the smallest published size that is no smaller. MedMNIST publishes no patient numbers, so
    every image counts as a subject of its own, its position in the whole set, although some sets have several images
    of one patient (ChestMNIST: 112,120 of 30,805).
    """

    name: str

    @property
    def entry(self) -> Entry:
        """What medmnist says of it."""
        modality, sizes = MODALITIES.get(self.name, "see medmnist"), f"up to {self.sides[-1]}"
        return Entry(modality, f"{self.count}", sizes, SOURCE, info()[self.name]["license"], "network once")

    @property
    def count(self) -> int:
        """How many images are published."""
        return sum(info()[self.name]["n_samples"].values())

    @property
    def sides(self) -> list[int]:
        """The sizes that the installed medmnist knows of (before version 3 it was 28 alone)."""
        return [side for side in SIDES if f"MD5{_suffix(side)}" in info()[self.name]]

    def read(self, *, size: int, n: int | None, seed: int, data_dir: StrPath | None, download: bool) -> Images:
        """Read the images from the file, which is downloaded if need be."""
        if not download and self.find(size=size, data_dir=data_dir) is None:
            source, target = self.origin(size=size, data_dir=data_dir)
            msg = (
                f"{target.name} is not in {data_home(data_dir)}, and download=False. Download it by: "
                f"python -m cdae_lessons fetch {self.name}. {by_hand(source, target)}{self._other_sizes(data_dir)}"
            )
            raise InputError(msg)
        file, side = self.fetch(size=size, data_dir=data_dir), self._side(size)
        try:
            with zipfile.ZipFile(file) as archive:
                counts = [_count(archive, part, side, most=self.count) for part in PARTS]
                chosen = choose(sum(counts), n, seed=seed, what=self.name)
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

    def find(self, *, size: int | None, data_dir: StrPath | None) -> Path | None:
        """The file of that size, in the data folder or one level down."""
        home = data_home(data_dir)
        names = [f"{self.name}{_suffix(side)}.npz" for side in (self.sides if size is None else [self._side(size)])]
        places = (place for name in names for place in (home / name, *sorted(home.glob(f"*/{name}"))))
        try:
            return next((place for place in places if place.is_file()), None)
        except OSError:  # the folder may not be looked into
            return None

    def fetch(self, *, size: int, data_dir: StrPath | None) -> Path:
        """Find the file of that size, or download it.

        A file with another checksum than the published one is taken with a `DataNotice`; `read` checks its content.
        """
        source, target = self.origin(size=size, data_dir=data_dir)
        file = self.find(size=size, data_dir=data_dir)
        if file is None:
            try:
                return download(source, target)
            except InputError as error:
                msg = f"{error}{self._other_sizes(data_dir)}"
                raise InputError(msg) from error
        if (other := file_md5(file)) != source.md5:
            msg = (
                f"{file} is not the file that MedMNIST publishes today: its MD5 is {other}, not {source.md5}. It is "
                "used as it is; delete it to download today's file."
            )
            warnings.warn(msg, DataNotice, stacklevel=2)
        return file

    def origin(self, *, size: int, data_dir: StrPath | None) -> tuple[Source, Path]:
        """Where the file of that size is from, and where it goes.

        The mirror, for 28 pixels, is MedMNIST's release of 2022, of the same files.
        """
        published, side = info()[self.name], self._side(size)
        suffix, file = _suffix(side), f"{self.name}{_suffix(side)}.npz"
        mirror = f"https://zenodo.org/records/6496656/files/{file}?download=1" if side == SIDES[0] else None
        labels = 100  # bytes an image, amply
        most = self.count * (side**2 * published["n_channels"] + labels) * 101 // 100 + 2**16
        source = Source(published[f"url{suffix}"], mirror, most, published["license"], published[f"MD5{suffix}"])
        return source, (Path(data_dir).expanduser() if data_dir else data_home() / "medmnist") / file

    def _side(self, size: int) -> int:
        """The smallest published side that is no smaller than `size`."""
        if size > self.sides[-1]:
            msg = (
                f"Expected a size up to {self.sides[-1]}, the largest that {self.name} is published in; "
                f"received {size}."
            )
            raise InputError(msg)
        return next(side for side in self.sides if side >= size)

    def _other_sizes(self, data_dir: StrPath | None) -> str:
        sizes = [str(side) for side in self.sides if self.find(size=side, data_dir=data_dir)]
        return f" Of {self.name}, size={' and '.join(sizes)} is there already: ask for that size." if sizes else ""


def _suffix(side: int) -> str:
    return "" if side == SIDES[0] else f"_{side}"


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
