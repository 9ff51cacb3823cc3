"""mini-MIAS: a folder or an archive, by hand or from the network."""

import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image
from samples import SHARED, everything, needs_mias

from cdae_lessons.datasets import available, fetch, load, mias
from cdae_lessons.errors import InputError

pytestmark = pytest.mark.usefixtures("home")


def mammogram(value):
    stream = io.BytesIO()
    Image.fromarray(np.full((1024, 1024), value, np.uint8)).save(stream, "PPM")
    return stream.getvalue()


def archive(file, members):
    """A ZIP or TAR.GZ file of {name: content}."""
    if file.suffix == ".zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
            for name, content in members.items():
                opened.writestr(name, content)
    else:
        with tarfile.open(file, "w:gz") as opened:
            for name, content in members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                opened.addfile(entry, io.BytesIO(content))
    return file


def test_mias_pairs_and_order(tmp_path):
    (tmp_path / "all-mias").mkdir()
    for number in (10, 1, 9, 2):
        (tmp_path / "all-mias" / f"mdb{number:03}.pgm").write_bytes(mammogram(number))
    cohort = load("mias", data_dir=tmp_path, size=16)
    assert np.allclose(cohort.images[:, 0, 0] * 255, [1, 2, 9, 10], atol=1e-3)
    assert cohort.subjects.tolist() == [0, 0, 4, 4]


@pytest.mark.parametrize("name", ["all-mias.tar.gz", "mias.zip"])
@pytest.mark.parametrize("direct", [True, False])
def test_mias_from_an_archive(tmp_path, name, direct):
    members = {"README": b"hello", "x/mdb002.pgm": mammogram(2), "x/mdb001.pgm": mammogram(1), "x/._mdb001.pgm": b"?"}
    file = archive(tmp_path / name, members)
    cohort = load("mias", data_dir=file if direct else tmp_path, size=16)
    assert np.allclose(cohort.images[:, 0, 0] * 255, [1, 2], atol=1e-3)
    assert [found.name for found in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["mias.tar.gz", "mias.zip"])
@pytest.mark.parametrize("path", ["../mdb001.pgm", "/etc/mdb001.pgm", "a/../../mdb001.pgm", "C:\\mdb001.pgm", "..\\x"])
def test_archives_that_lead_out_are_refused(tmp_path, name, path):
    file = archive(tmp_path / name, {"mdb002.pgm": mammogram(2), path: mammogram(1)})
    with pytest.raises(InputError, match="leads out of the archive"):
        load("mias", data_dir=file)
    assert [found.name for found in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_archives_with_links_are_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "mias.tar", "w") as opened:
        entry = tarfile.TarInfo("mdb001.pgm")
        entry.type, entry.linkname = kind, "/etc/passwd"
        opened.addfile(entry)
    with pytest.raises(InputError, match="is a link or device"):
        load("mias", data_dir=tmp_path)


def test_archives_that_unpack_to_something_huge_are_refused(tmp_path):
    archive(tmp_path / "mias.zip", {"mdb001.pgm": bytes(5 * 2**20)})
    with pytest.raises(InputError, match="larger than any"):
        load("mias", data_dir=tmp_path)


@pytest.mark.parametrize("name", ["mias.tar.gz", "mias.zip"])
def test_damaged_archives_are_named(tmp_path, name):
    file = archive(tmp_path / name, {"mdb001.pgm": np.random.default_rng(0).bytes(2**20)})
    file.write_bytes(file.read_bytes()[: 2**19])
    with pytest.raises(InputError, match=rf"{name} cannot be read as an archive"):
        load("mias", data_dir=tmp_path)


def test_mias_of_another_size_or_damaged(tmp_path):
    file = tmp_path / "mdb001.pgm"
    Image.new("L", (8, 8)).save(file)
    with pytest.raises(InputError, match=r"mdb001\.pgm has 8x8 pixels; a mini-MIAS image has 1024x1024"):
        load("mias", data_dir=tmp_path)
    file.write_bytes(mammogram(1)[:1000])
    with pytest.raises(InputError, match=r"mdb001\.pgm cannot be read as an image"):
        load("mias", data_dir=tmp_path)


def test_an_archive_of_something_else(tmp_path):
    archive(tmp_path / "mias.zip", {"README": b"hello"})
    with pytest.raises(InputError, match=r"mias\.zip holds no mini-MIAS images"):
        load("mias", data_dir=tmp_path)


@needs_mias
def test_real_mammograms():
    cohort = load("mias", data_dir=SHARED / "mias")
    assert cohort.images.shape == (24, 64, 64)
    assert cohort.subjects.tolist() == [number // 2 for number in range(24)]
    assert 0.1 < cohort.images.mean() < 0.4
    train, validation, test = cohort.split(train=12, validation=4, test=6)
    assert not set(train.subjects) & set(test.subjects)
    assert (len(train), len(validation), len(test)) == (12, 4, 6)


# The network


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
