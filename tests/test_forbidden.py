"""Files and folders that may not be read: one sentence that names them, and never a traceback."""

import builtins
import json
from pathlib import Path

import pytest
from samples import RAMP, save

from cdae_lessons import InputError, doctor
from cdae_lessons.datasets import DataNotice, available, load, sources
from cdae_lessons.studies import cluster, running, spec, store, summary
from cdae_lessons.studies.configuration import Configuration

pytestmark = pytest.mark.usefixtures("home")
CONFIG = Configuration(dataset="brain", noise="gaussian p=0.5 sigma=1", n_train=6, network="noisy", size=16)


@pytest.fixture
def forbid(monkeypatch):
    """Call it with a file or folder: as chmod 000 does, but for root and on Windows, too."""

    def forbidden(place, *, inside=False):
        """Nothing below it may be looked at; it itself may be opened if only what is `inside` is forbidden."""

        def refused(path):
            return (not inside and Path(path) == place) or place in Path(path).parents

        def raising(real, at_itself=True):
            def call(path, *given, **how):
                if refused(path) and (at_itself or Path(path) != place):
                    raise PermissionError(13, "Permission denied", str(path))
                return real(path, *given, **how)

            return call

        for name in ("open", "read_text", "read_bytes", "iterdir", "replace"):
            monkeypatch.setattr(Path, name, raising(getattr(Path, name)))
        for name in ("stat", "is_dir", "is_file", "exists"):  # which concern the folder that it is in
            monkeypatch.setattr(Path, name, raising(getattr(Path, name), at_itself=False))
        monkeypatch.setattr(builtins, "open", raising(open))

    return forbidden


@pytest.mark.parametrize("name", ["b.png", "b.tif", "b.nii", "b.dcm", "b.dib", "b"])
@pytest.mark.parametrize("n", [None, 1])
def test_a_file_is_passed_over_with_a_notice_whatever_its_kind(name, n, tmp_path, forbid):
    save(RAMP, tmp_path / "a.png")
    (tmp_path / name).write_bytes(bytes(1000))
    forbid(tmp_path / name)
    with pytest.warns(DataNotice, match=r"passed over: 1 x file that may not be read\.$"):
        assert load(f"folder:{tmp_path}", size=8, n=n).subjects.tolist() == ["a.png"]


def test_a_file_that_is_taken_away_meanwhile_is_named(tmp_path, monkeypatch):
    save(RAMP, tmp_path / "a.bmp").rename(tmp_path / "a.dib")
    monkeypatch.setattr(Path, "read_bytes", lambda file: file.with_name("gone").open())
    with pytest.raises(InputError, match=r"a\.dib cannot be read: No such file"):
        load(f"folder:{tmp_path}", size=8)


def test_a_folder_is_named(tmp_path, forbid):
    save(RAMP, tmp_path / "a.png")
    forbid(tmp_path)
    with pytest.raises(
        InputError, match=r"The folder .* cannot be opened: Permission denied\. Get the right to read it"
    ):
        load(f"folder:{tmp_path}")


def test_a_folder_in_one_that_may_not_be_looked_into_is_named(tmp_path, forbid):
    (tmp_path / "inner").mkdir()
    forbid(tmp_path)
    for name, data_dir in ((f"folder:{tmp_path / 'inner'}", None), ("dx", tmp_path / "inner")):
        with pytest.raises(InputError, match="The folder .*inner cannot be opened: Permission denied"):
            load(name, data_dir=data_dir)
    with pytest.raises(InputError, match="There are no mini-MIAS images"):
        load("mias", data_dir=tmp_path / "inner", download=False)


def test_a_subfolder_is_passed_over_with_a_notice(tmp_path, forbid):
    for place in ("anna", "bert"):
        (tmp_path / place).mkdir()
        save(RAMP, tmp_path / place / "a.png")
    forbid(tmp_path / "bert")
    with pytest.warns(DataNotice, match=r"passed over: 1 x folder that may not be opened\.$"):
        assert load(f"folder:{tmp_path}", size=8).subjects.tolist() == ["anna"]


def test_files_of_a_folder_that_may_be_listed_and_no_more_are_counted(tmp_path, forbid):
    for place in ("anna", "bert"):
        (tmp_path / place).mkdir()
        save(RAMP, tmp_path / place / "a.png")
    forbid(tmp_path / "bert", inside=True)
    with pytest.warns(DataNotice, match=r"passed over: 1 x file that may not be read\.$"):
        assert load(f"folder:{tmp_path}", size=8).subjects.tolist() == ["anna"]


def test_mammograms_are_named(tmp_path, forbid):
    save(RAMP, tmp_path / "mdb001.pgm")
    forbid(tmp_path, inside=True)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        load("mias", data_dir=tmp_path)


def test_sets_in_a_folder_that_may_not_be_looked_into_are_not_here(home, forbid):
    (home / "medmnist").mkdir(parents=True)
    (home / "medmnist" / "breastmnist_64.npz").write_bytes(bytes(9))
    forbid(home)
    assert not available().set_index("name")["cached"]["breastmnist"]
    assert not sources()["here"].any()
    with pytest.raises(InputError, match=r"breastmnist_64\.npz is not in .*, and download=False"):
        load("breastmnist", download=False)


@pytest.mark.parametrize("below", ["", "deeper"])
def test_the_doctor_says_where_images_cannot_be_kept(below, home, forbid, monkeypatch):
    home.mkdir(parents=True)
    monkeypatch.setenv("CDAE_DATA_DIR", str(home / below))
    forbid(home)
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    assert [problem for problem in doctor.problems() if "Images cannot be kept in" in problem]


def test_a_result_is_not_set_aside_for_it_may_be_whole(tmp_path, forbid):
    file = tmp_path / f"{CONFIG.key}.json"
    file.write_text("{}")
    forbid(file)
    for call in (
        lambda: running.run([CONFIG], store=tmp_path, progress=False, with_rivals=False, work=None),
        lambda: summary.collect([CONFIG], store=tmp_path),
    ):
        with pytest.raises(InputError, match=r"The result .* cannot be read: Permission denied"):
            call()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_damaged_result_that_cannot_be_set_aside_is_named(tmp_path, monkeypatch):
    (tmp_path / f"{CONFIG.key}.json").write_text(json.dumps({"config": 1}))

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InputError, match=r"cannot be used .*nor set aside: Permission denied\. Delete it"):
        store.read(tmp_path, CONFIG)


def test_a_study_and_a_scheduler_file_are_named(tmp_path, forbid):
    pytest.importorskip("yaml", reason="PyYAML is not installed: pip install pyyaml")
    (tmp_path / "study.yaml").write_text("dataset: brain")
    (tmp_path / "scheduler.json").write_text("{}")
    forbid(tmp_path)
    with pytest.raises(InputError, match=r"Cannot read .*study\.yaml: .*Permission denied"):
        spec.read(tmp_path / "study.yaml")
    pytest.importorskip("distributed", reason="Dask is not installed: pip install distributed")
    with (
        pytest.raises(InputError, match=r"no scheduler file .*scheduler\.json, or it may not be read"),
        cluster.connect(scheduler=str(tmp_path / "scheduler.json")),
    ):
        pass
