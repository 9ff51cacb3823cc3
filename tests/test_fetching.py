import errno
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest

from cdae_lessons import fetching, folders, medmnist_files
from cdae_lessons.datasets import DataNotice, available, fetch, load
from cdae_lessons.errors import InputError

NOWHERE = "http://127.0.0.1:9/file.npz"  # the discard port: nothing listens


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def everything(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "home"


@pytest.fixture
def server():
    """A web server on this machine: `server.answers` maps a path to (status, content, announced length)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            status, content, length = self.server.answers.get(self.path, (404, b"<html>not found</html>", None))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content) if length is None else length))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.answers, running.asked = {}, []
        running.address = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=[0.02])
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def breast(server, monkeypatch):
    """BreastMNIST at 28 and 64 pixels as `server` has it."""
    entry = dict(medmnist_files.info()["breastmnist"])
    for suffix, side in (("", 28), ("_64", 64)):
        stream = io.BytesIO()
        np.savez(stream, **{part: np.full((4, side, side), 100, np.uint8) for part in medmnist_files.PARTS})
        path = f"/breastmnist{suffix}.npz"
        server.answers[path] = (200, stream.getvalue(), None)
        entry |= {f"url{suffix}": f"{server.address}{path}?download=1", f"MD5{suffix}": md5(stream.getvalue())}
        server.answers[f"{path}?download=1"] = server.answers.pop(path)
    monkeypatch.setattr(medmnist_files, "info", lambda: {"breastmnist": entry})
    return entry


# Where data is kept


def test_data_home(home, tmp_path, monkeypatch):
    assert fetching.data_home() == home
    assert fetching.data_home(tmp_path / "mine") == tmp_path / "mine"
    assert fetching.data_home("~") == Path.home()
    monkeypatch.delenv("CDAE_DATA_DIR")
    (tmp_path / "data").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(fetching, "__file__", str(tmp_path / "cdae_lessons" / "fetching.py"))
    assert fetching.data_home() == tmp_path / "data"
    (tmp_path / "pyproject.toml").unlink()
    assert fetching.data_home() == Path(pooch.os_cache("cdae-lessons"))


# download


def test_download_makes_folders_and_leaves_one_file(server, tmp_path, capsys):
    server.answers["/a"] = (200, b"content", None)
    target = tmp_path / "x" / "y" / "a"
    assert fetching.download(f"{server.address}/a", target, md5=md5(b"content")) == target
    assert target.read_bytes() == b"content"
    assert everything(tmp_path) == ["a"]
    assert "100%" in capsys.readouterr().err  # a progress bar


def test_download_replaces_a_damaged_file(server, tmp_path):
    server.answers["/a"] = (200, b"content", None)
    (tmp_path / "a").write_bytes(b"damaged")
    fetching.download(f"{server.address}/a", tmp_path / "a", md5=md5(b"content"))
    assert (tmp_path / "a").read_bytes() == b"content"


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_server_errors(server, tmp_path, status):
    server.answers["/a"] = (status, b"<html>sorry</html>", None)
    message = (
        rf"The server answered {status} to {server.address}/a.*Or fetch .* yourself and put it into .* \(MD5 123\)"
    )
    with pytest.raises(InputError, match=message):
        fetching.download(f"{server.address}/a", tmp_path / "a", md5="123")
    assert everything(tmp_path) == []


def test_a_web_page_or_another_file_instead(server, tmp_path):
    server.answers["/a"] = (200, b"<html>please log in</html>", None)
    with pytest.raises(
        InputError, match=r"damaged, or not the file expected: its MD5 is [0-9a-f]{32}, not 123.*not kept"
    ):
        fetching.download(f"{server.address}/a", tmp_path / "a", md5="123")
    assert everything(tmp_path) == []


def test_a_connection_that_breaks(server, tmp_path):
    server.answers["/a"] = (200, b"cont", 7)
    with pytest.raises(InputError, match=r"the connection broke|its MD5 is"):
        fetching.download(f"{server.address}/a", tmp_path / "a", md5=md5(b"content"))
    assert everything(tmp_path) == []


def test_no_network(tmp_path):
    with pytest.raises(InputError, match=r"no network, or the connection broke.*Or fetch http://127.0.0.1:9/file.npz"):
        fetching.download(NOWHERE, tmp_path / "a")
    assert everything(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_read_only_folder(tmp_path, monkeypatch, code):
    def full(self, url, output_file, *args, **kwargs):
        Path(output_file).write_bytes(b"some")
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", full)
    with pytest.raises(InputError, match=rf"a cannot be written: {os.strerror(code)}.*CDAE_DATA_DIR"):
        fetching.download(NOWHERE, tmp_path / "a")
    assert everything(tmp_path) == []


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "folder").touch()
    with pytest.raises(InputError, match=r"cannot be written"):
        fetching.download(NOWHERE, tmp_path / "folder" / "a")


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(self, url, output_file, *args, **kwargs):
        Path(output_file).write_bytes(b"some")
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetching.download(NOWHERE, tmp_path / "a")
    assert everything(tmp_path) == []


def test_a_file_that_another_process_is_reading(server, tmp_path, monkeypatch):
    def held(self, target):  # what Windows says
        raise PermissionError(errno.EACCES, "in use")

    server.answers["/a"] = (200, b"content", None)
    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(InputError, match="cannot be written: in use"):
        fetching.download(f"{server.address}/a", tmp_path / "a")
    (tmp_path / "a").write_bytes(b"content")
    fetching.download(f"{server.address}/a", tmp_path / "a", md5=md5(b"content"))
    assert everything(tmp_path) == ["a"]


def test_several_processes_at_once(server, tmp_path):
    content = np.random.default_rng(0).bytes(2**20)
    server.answers["/a"] = (200, content, None)
    code = (
        "from pathlib import Path; from cdae_lessons.fetching import download; "
        f"download({server.address + '/a'!r}, Path({str(tmp_path / 'a')!r}), md5={md5(content)!r})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert (tmp_path / "a").read_bytes() == content
    assert everything(tmp_path) == ["a"]


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
    assert server.asked == ["/breastmnist_64.npz?download=1"]
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
    (home / "breastmnist.npz").write_bytes(server.answers["/breastmnist.npz?download=1"][1])
    with pytest.warns(DataNotice, match=f"its MD5 is .*, not {'0' * 32}"):
        assert len(load("breastmnist", size=28)) == 12
    assert server.asked == []


# mini-MIAS


def mias_archive(count):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for number in range(1, count + 1):
            archive.addfile(tarfile.TarInfo(f"mdb{number:03}.pgm"))
    return stream.getvalue()


def test_mias_is_downloaded_if_it_is_complete(server, home, monkeypatch):
    monkeypatch.setattr(folders, "MIAS_URL", f"{server.address}/all-mias.tar.gz")
    for content, message in [
        (b"<html>moved</html>", "cannot be read as an archive"),
        (mias_archive(322)[:-50], "cannot be read as an archive"),
        (mias_archive(10), "holds 10 mini-MIAS images, not 322. It was not kept"),
    ]:
        server.answers["/all-mias.tar.gz"] = (200, content, None)
        with pytest.raises(InputError, match=message):
            load("mias")
        assert everything(home) == []
    server.answers["/all-mias.tar.gz"] = (200, mias_archive(322), None)
    assert fetch("mias") == home / "mias" / "all-mias.tar.gz"
    assert available().set_index("name").loc["mias", "cached"]
    asked = len(server.asked)
    assert fetch("mias") == home / "mias" / "all-mias.tar.gz"
    assert len(server.asked) == asked


def test_mias_never_asks_the_network_for_a_folder_of_the_user(server, tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MIAS_URL", f"{server.address}/all-mias.tar.gz")
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
        images, subjects = fetching.prepared("toy", key, make)
        assert len(made) == times
        assert images.max() == times
        assert subjects.tolist() == ["a", "b"]
    assert len(everything(home)) == 2


@pytest.mark.parametrize("content", [b"", b"damaged", None])
def test_a_damaged_prepared_file_is_made_anew(home, content):
    def make():
        return np.ones((2, 4, 4), np.float32), np.arange(2)

    fetching.prepared("toy", (), make)
    (file,) = (home / "prepared").iterdir()
    file.write_bytes(file.read_bytes()[:100] if content is None else content)
    assert fetching.prepared("toy", (), make)[0].sum() == 32
    with np.load(file) as arrays:
        assert arrays["images"].sum() == 32


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_cache_is_said_once_and_no_obstacle(home, monkeypatch, code):
    def full(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(np, "savez", full)
    with pytest.warns(DataNotice, match=os.strerror(code)) as said:
        images, _ = fetching.prepared("toy", (), lambda: (np.ones((2, 4, 4), np.float32), np.arange(2)))
    assert len(said) == 1
    assert images.sum() == 32
    assert everything(home) == []
