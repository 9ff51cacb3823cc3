import errno
import hashlib
import io
import os
import re
import tarfile
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from cdae_lessons import files
from cdae_lessons.__main__ import main
from cdae_lessons.datasets import DataNotice, available, fetch, load, medmnist, mias, prepared, sources
from cdae_lessons.errors import InputError


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def everything(folder):
    """The files in a folder and below, without the locks of downloads."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def breast(server, monkeypatch):
    """BreastMNIST at 28 and 64 pixels as `server` has it."""
    entry = dict(medmnist.info()["breastmnist"])
    for suffix, side in (("", 28), ("_64", 64)):
        stream = io.BytesIO()
        np.savez(stream, **{part: np.full((4, side, side), 100, np.uint8) for part in medmnist.PARTS})
        path = f"/breastmnist{suffix}.npz"
        server.answers[f"{path}?download=1"] = stream.getvalue()
        entry |= {f"url{suffix}": f"{server.address}{path}?download=1", f"MD5{suffix}": md5(stream.getvalue())}
    monkeypatch.setattr(medmnist, "info", lambda: {"breastmnist": entry})
    return entry


# Where data is kept


def test_data_home(home, tmp_path, monkeypatch):
    assert files.data_home() == home
    assert files.data_home(tmp_path / "mine") == tmp_path / "mine"
    assert files.data_home("~") == Path.home()
    monkeypatch.delenv("CDAE_DATA_DIR")
    (tmp_path / "data").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(files, "__file__", str(tmp_path / "cdae_lessons" / "fetching.py"))
    assert files.data_home() == tmp_path / "data"
    (tmp_path / "pyproject.toml").unlink()
    assert files.data_home() == Path(platformdirs.user_cache_dir("cdae-lessons"))


# MedMNIST


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


def test_a_shared_folder_that_cannot_be_written(breast, home, tmp_path, monkeypatch):
    fetch("breastmnist", size=28)
    (home / "prepared").touch()  # no folder can be made there
    monkeypatch.setattr(prepared, "user_cache", lambda: tmp_path / "mine")
    assert len(load("breastmnist", size=28)) == 12
    assert len(load("brain", n=200, size=16)) == 200
    (file,) = (tmp_path / "mine" / "prepared").iterdir()
    written = file.stat().st_mtime_ns
    load("brain", n=200, size=16)
    assert file.stat().st_mtime_ns == written
    assert everything(home) == ["breastmnist.npz", "prepared"]


@pytest.mark.usefixtures("breast", "server")
def test_a_class_is_prepared_by_one_command(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mias, "MIAS", mias.MIAS._replace(address=f"{server.address}/gone"))
    assert main(["fetch", "--all", "--to", str(tmp_path / "class"), "--size", "28"]) == 1
    said = capsys.readouterr().out
    assert "2 sets, 0 of them here" in said
    assert re.search(r"breastmnist +CC BY 4.0 +\S+class/breastmnist.npz", said)
    assert re.search(r"mias +research use only +The server answered 404.*put it into .*mias as all-mias.tar.gz", said)
    assert "1 of 2 sets are missing" in said
    server.answers["/gone"] = mias_archive(322)
    assert main(["fetch", "--all", "--to", str(tmp_path / "class"), "--size", "28"]) == 0
    assert everything(tmp_path / "class") == ["all-mias.tar.gz", "breastmnist.npz"]
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path / "class"))  # as students have it
    server.answers.clear()
    assert load("breastmnist", size=28).images.shape == (12, 28, 28)
    assert available().set_index("name").loc["mias", "cached"]


def test_every_set_says_where_it_is_from_and_where_it_goes(home):
    table = sources(size=28).set_index("name")
    assert set(available()["name"][available()["needs"] == "network once"]) == set(table.index) - {"mias"}
    assert table["address"].str.match(r"https?://").all()
    assert table.drop("mias")["md5"].str.fullmatch("[0-9a-f]{32}").all()
    assert table.drop("mias")["mirror"].str.endswith("?download=1").all()
    assert table["licence"].all()
    assert table["mib"].between(0.5, 500).all()
    assert table.loc["breastmnist", "file"] == home / "medmnist" / "breastmnist.npz"
    assert not table["here"].any()
    assert sources(size=64).set_index("name").loc["breastmnist", "file"].name == "breastmnist_64.npz"


# mini-MIAS


def mias_archive(count):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for number in range(1, count + 1):
            archive.addfile(tarfile.TarInfo(f"mdb{number:03}.pgm"))
    return stream.getvalue()


def test_mias_is_downloaded_if_it_is_complete(server, home, monkeypatch):
    monkeypatch.setattr(mias, "MIAS", mias.MIAS._replace(address=f"{server.address}/all-mias.tar.gz"))
    for content, message in [
        (b"<html>moved</html>", "cannot be read as an archive"),
        (mias_archive(322)[:-50], "cannot be read as an archive"),
        (mias_archive(10), "was not kept: it holds 10 mini-MIAS images, not 322"),
    ]:
        server.answers["/all-mias.tar.gz"] = content
        with pytest.raises(InputError, match=message):
            load("mias")
        assert everything(home) == []
    server.answers["/all-mias.tar.gz"] = mias_archive(322)
    assert fetch("mias") == home / "mias" / "all-mias.tar.gz"
    assert available().set_index("name").loc["mias", "cached"]
    asked = len(server.asked)
    assert fetch("mias") == home / "mias" / "all-mias.tar.gz"
    assert len(server.asked) == asked


def test_mias_never_asks_the_network_for_a_folder_of_the_user(server, tmp_path, monkeypatch):
    monkeypatch.setattr(mias, "MIAS", mias.MIAS._replace(address=f"{server.address}/all-mias.tar.gz"))
    with pytest.raises(InputError, match="no mini-MIAS images"):
        load("mias", data_dir=tmp_path)
    with pytest.raises(InputError, match="no mini-MIAS images"):
        load("mias", download=False)
    assert server.asked == []
    assert everything(tmp_path) == []


# prepared


def test_prepared_is_made_once_for_each_key(home):
    made = []

    def make():
        made.append(1)
        return np.full((2, 4, 4), len(made), np.float32), np.array(["a", "b"])

    for key, times in [((64,), 1), ((64,), 1), ((28,), 2)]:
        images, subjects = prepared.kept("toy", key, make)
        assert len(made) == times
        assert images.max() == times
        assert subjects.tolist() == ["a", "b"]
    assert len(everything(home)) == 2


@pytest.mark.parametrize("content", [b"", b"damaged", None])
def test_a_damaged_prepared_file_is_made_anew(home, content):
    def make():
        return np.ones((2, 4, 4), np.float32), np.arange(2)

    prepared.kept("toy", (), make)
    (file,) = (home / "prepared").iterdir()
    file.write_bytes(file.read_bytes()[:100] if content is None else content)
    assert prepared.kept("toy", (), make)[0].sum() == 32
    with np.load(file) as arrays:
        assert arrays["images"].sum() == 32


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_cache_is_said_once_and_no_obstacle(home, monkeypatch, code):
    def full(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(np, "savez", full)
    with pytest.warns(DataNotice, match=os.strerror(code)) as said:
        images, _ = prepared.kept("toy", (), lambda: (np.ones((2, 4, 4), np.float32), np.arange(2)))
    assert len(said) == 1
    assert images.sum() == 32
    assert everything(home) == []
