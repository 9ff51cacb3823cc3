"""MedMNIST: files by hand and from the network, their parts, sizes and checksums."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from samples import SHARED, everything

from cdae_lessons.datasets import DataNotice, available, fetch, load, medmnist
from cdae_lessons.errors import InputError

PNEUMONIA = SHARED / "medmnist" / "pneumoniamnist.npz"

pytestmark = pytest.mark.usefixtures("home")


def npz(file, *, side=28, counts=(6, 2, 3), colour=False, **changed):
    """A MedMNIST file whose image i, counted through all parts, is filled with i."""
    parts, first = {}, 0
    for part, count in zip(medmnist.PARTS, counts, strict=True):
        values = np.arange(first, first + count, dtype=np.uint8).reshape(-1, 1, 1)
        parts[part] = np.broadcast_to(values, (count, side, side)).copy()
        if colour:
            parts[part] = np.stack([parts[part] * scale for scale in (1, 2, 3)], -1)
        first += count
    file.parent.mkdir(exist_ok=True, parents=True)
    np.savez_compressed(file, **(parts | changed))
    return file


def levels(part):
    return np.rint(part.images[:, 3, 3] * 255).astype(int).tolist()


@pytest.mark.filterwarnings("ignore::cdae_lessons.datasets.DataNotice")
class TestMedmnist:
    @pytest.mark.parametrize("folder", ["", "medmnist"])
    def test_parts_in_order(self, tmp_path, folder):
        npz(tmp_path / folder / "breastmnist.npz")
        cohort = load("breastmnist", size=28, data_dir=tmp_path, download=False)
        assert cohort.images.shape == (11, 28, 28)
        assert levels(cohort) == list(range(11))
        assert cohort.subjects.tolist() == list(range(11))
        assert cohort.licence == "CC BY 4.0"

    def test_n_is_drawn_by_seed_in_file_order(self, tmp_path):
        npz(tmp_path / "breastmnist.npz", counts=(60, 20, 30))
        drawn = [load("breastmnist", size=28, n=20, seed=seed, data_dir=tmp_path) for seed in (0, 0, 1)]
        assert levels(drawn[0]) == levels(drawn[1]) == drawn[0].subjects.tolist()
        assert levels(drawn[0]) == sorted(set(levels(drawn[0])))
        assert max(levels(drawn[0])) > 80  # from all parts
        assert levels(drawn[0]) != levels(drawn[2])
        with pytest.raises(InputError, match=r"n <= 110, for breastmnist holds 110 images; received n=111"):
            load("breastmnist", size=28, n=111, data_dir=tmp_path)

    def test_colour_becomes_grey(self, tmp_path):
        npz(tmp_path / "pathmnist.npz", colour=True)
        images = load("pathmnist", size=28, data_dir=tmp_path).images
        assert np.allclose(images[10], (0.2125 + 2 * 0.7154 + 3 * 0.0721) * 10 / 255)

    @pytest.mark.parametrize(("size", "suffix", "side"), [(28, "", 28), (32, "_64", 64), (65, "_128", 128)])
    def test_the_smallest_file_that_is_large_enough(self, tmp_path, size, suffix, side):
        npz(tmp_path / f"breastmnist{suffix}.npz", side=side)
        assert load("breastmnist", size=size, data_dir=tmp_path, download=False).images.shape == (11, size, size)

    def test_too_large(self, tmp_path):
        with pytest.raises(InputError, match=r"size up to 224.*received 256"):
            load("breastmnist", size=256, data_dir=tmp_path)

    def test_another_size_lies_there(self, tmp_path):
        npz(tmp_path / "breastmnist.npz")
        message = r"breastmnist_64\.npz is not in .*put it into .*MD5 [0-9a-f]{32}.*size=28 is there already"
        with pytest.raises(InputError, match=message):
            load("breastmnist", data_dir=tmp_path, download=False)

    @pytest.mark.parametrize("kind", ["fake", "short", "empty", "pickled", "keys", "side", "dtype"])
    def test_damaged_files_are_named(self, tmp_path, kind):
        file = npz(tmp_path / "breastmnist.npz", counts=(60, 20, 30))
        content = {"fake": b"this is no archive", "short": file.read_bytes()[:400], "empty": b""}
        if kind in content:
            file.write_bytes(content[kind])
        elif kind == "keys":
            np.savez(file, images=np.zeros((3, 28, 28), np.uint8))
        else:
            bad = {"pickled": np.array([Explosive()], object), "side": np.zeros((3, 32, 32), np.uint8)}
            npz(file, val_images=bad.get(kind, np.zeros((3, 28, 28))))
        with pytest.raises(InputError, match=r"breastmnist\.npz is damaged, or no MedMNIST file.*Delete the file"):
            load("breastmnist", size=28, data_dir=tmp_path)

    def test_without_medmnist(self, monkeypatch):
        monkeypatch.setattr(medmnist, "info", dict)
        with pytest.raises(InputError, match="pip install medmnist"):
            load("breastmnist")
        assert "breastmnist" not in set(available()["name"])


class Explosive:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


def test_every_published_checksum_and_address_is_there():
    info = medmnist.info()
    assert len(info) == 12
    for name, entry in info.items():
        for side in medmnist.MedMNIST(name).sides:
            suffix = "" if side == 28 else f"_{side}"
            assert len(entry[f"MD5{suffix}"]) == 32
            assert entry[f"url{suffix}"].startswith("https://")


@pytest.mark.skipif(not PNEUMONIA.is_file(), reason=f"no older PneumoniaMNIST file at {PNEUMONIA}")
def test_a_real_file_with_another_checksum():
    with pytest.warns(DataNotice, match=r"pneumoniamnist\.npz is not the file that MedMNIST publishes today"):
        cohort = load("pneumoniamnist", size=28, data_dir=SHARED, n=50, download=False)
    assert cohort.images.shape == (50, 28, 28)
    assert 0.3 < cohort.images.mean() < 0.8


# The network


@pytest.mark.usefixtures("breast")
def test_medmnist_is_downloaded_once(server, home):
    cohort = load("breastmnist", n=5)
    assert cohort.images.shape == (5, 64, 64)
    assert np.allclose(cohort.images, 100 / 255)
    assert everything(home) == ["breastmnist_64.npz"]
    server.answers.clear()  # offline from now on
    load("breastmnist")
    load("breastmnist", download=False)
    assert fetch("breastmnist") == home / "medmnist" / "breastmnist_64.npz"
    assert server.asked == [("/breastmnist_64.npz?download=1", None)]
    assert available().set_index("name").loc["breastmnist", "cached"]


@pytest.mark.usefixtures("breast")
def test_medmnist_is_downloaded_to_data_dir(tmp_path):
    file = fetch("breastmnist", size=28, data_dir=tmp_path / "mine")
    assert file == tmp_path / "mine" / "breastmnist.npz"
    assert load("breastmnist", size=28, data_dir=tmp_path / "mine", download=False).images.shape == (12, 28, 28)


@pytest.mark.usefixtures("breast")
def test_download_false_never_asks_the_network(server, home):
    with pytest.raises(InputError, match="download=False"):
        load("breastmnist", download=False)
    assert server.asked == []
    assert not home.exists()


def test_a_failed_download_names_the_size_that_is_there(server, breast, home):
    fetch("breastmnist", size=28)
    server.answers.clear()
    with pytest.raises(InputError, match=r"The server answered 404.*size=28 is there already: ask for that size"):
        load("breastmnist")
    assert everything(home) == ["breastmnist.npz"]


def test_another_file_than_published(breast, home):
    breast["MD5"] = "0" * 32
    with pytest.raises(InputError, match=f"not {'0' * 32}"):
        load("breastmnist", size=28)
    assert everything(home) == []


def test_a_hand_placed_file_with_another_checksum(server, breast, home):
    breast["MD5"] = "0" * 32
    home.mkdir()
    (home / "breastmnist.npz").write_bytes(server.answers["/breastmnist.npz?download=1"])
    with pytest.warns(DataNotice, match=f"its MD5 is .*, not {'0' * 32}"):
        assert len(load("breastmnist", size=28)) == 12
    assert server.asked == []


def test_a_file_that_may_not_be_read(breast, home, monkeypatch):
    fetch("breastmnist", size=28)

    def forbidden(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", forbidden)  # whoever runs the tests may be allowed everything
    with pytest.raises(InputError, match=r"breastmnist\.npz cannot be read: .*Make it readable"):
        load("breastmnist", size=28)
