"""Where data is kept, and how files are written."""

import errno
import os
from pathlib import Path

import platformdirs
import pytest

from cdae_lessons import files
from cdae_lessons.errors import InputError

pytestmark = pytest.mark.usefixtures("home")


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


def test_a_file_appears_whole_with_its_folder(tmp_path):
    target = tmp_path / "x" / "a.tar.gz"
    for content in ("first", "second"):
        with files.appearing(target) as part:
            part.write_text(content, encoding="utf-8")
            assert part.suffix == ".gz"
            assert part.name.startswith(".")
            assert not target.exists() or target.read_text(encoding="utf-8") == "first"
        assert target.read_text(encoding="utf-8") == content
    assert [file.name for file in target.parent.iterdir()] == ["a.tar.gz"]


def write(target, error):
    """Fail in the midst of it."""
    with files.appearing(target) as part:
        part.write_text("half", encoding="utf-8")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_what_is_broken_off_leaves_nothing_and_says_so(error, tmp_path):
    (tmp_path / "a").write_text("before", encoding="utf-8")
    with pytest.raises(error):
        write(tmp_path / "a", error())
    assert [file.read_text(encoding="utf-8") for file in tmp_path.iterdir()] == ["before"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_read_only_disk_is_told(code, tmp_path):
    message = f"Cannot write .*a: {os.strerror(code)}. Make room there, or choose another"
    with pytest.raises(InputError, match=message):
        write(tmp_path / "a", OSError(code, os.strerror(code)))
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be_is_told(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match="Cannot write .*b: "):
        files.folder(tmp_path / "a" / "b")
    with pytest.raises(InputError, match="Cannot write "), files.appearing(tmp_path / "a" / "b"):
        pytest.fail("there is no folder to write to")


def test_where_another_process_has_just_written_the_same_its_file_stays(tmp_path, monkeypatch):
    def in_use(*_):
        raise PermissionError(errno.EACCES, "in use")  # as Windows does

    monkeypatch.setattr(Path, "replace", in_use)
    with pytest.raises(InputError, match="Cannot write"), files.appearing(tmp_path / "a.txt") as part:
        part.write_text("ours", encoding="utf-8")
    (tmp_path / "a.txt").write_text("theirs", encoding="utf-8")
    with files.appearing(tmp_path / "a.txt") as part:
        part.write_text("ours", encoding="utf-8")
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["theirs"]


def test_a_changed_file_has_another_state(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    before = files.state(tmp_path / "a")
    assert files.state(tmp_path / "." / "a") == before
    (tmp_path / "a").write_bytes(b"22")
    assert files.state(tmp_path / "a") != before
