"""Images that are prepared once, and kept where there is room."""

import errno
import os

import numpy as np
import pytest
from samples import everything

from cdae_lessons.datasets import DataNotice, brain, fetch, load, prepared

pytestmark = pytest.mark.usefixtures("home")


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


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path, monkeypatch):
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    monkeypatch.setenv("CDAE_DATA_DIR", str(blocked))
    monkeypatch.setattr(prepared, "user_cache", lambda: blocked)
    with pytest.warns(DataNotice, match="Prepared images cannot be kept in .*CDAE_DATA_DIR"):
        assert len(load("brain", n=200, size=16)) == 200


def test_brains_are_kept(monkeypatch, home):
    first = load("brain", n=200, size=16)
    assert len(set(first.subjects)) == 200
    monkeypatch.setattr(brain, "draw", None)
    assert np.array_equal(load("brain", n=200, size=16).images, first.images)
    assert len(list((home / "prepared").iterdir())) == 1
    with pytest.raises(TypeError):  # others are drawn, not taken from there
        load("brain", n=200, size=16, seed=1)
