"""The public functions of datasets: load, available, fetch, fetch_all, sources."""

import io
import re
import subprocess
import sys
import tarfile

import numpy as np
import pytest

from cdae_lessons.__main__ import main
from cdae_lessons.datasets import available, catalogue, fetch, load, mias, sources
from cdae_lessons.errors import InputError

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize("name", ["brain", "phantoms", "fundus", "histology"])
def test_sets_that_ship(name):
    few, more = load(name, n=3), load(name, n=30)
    assert more.images.shape == (30, 64, 64)
    assert np.array_equal(few.images, more.images[:3])
    assert few.subjects.tolist() == more.subjects[:3].tolist()
    assert not np.array_equal(few.images, load(name, n=3, seed=1).images)
    assert more.images.std((1, 2)).min() > 0.005
    assert more.source
    assert more.licence
    assert len(load(name, n=3, size=32).images[0]) == 32


@pytest.mark.parametrize("name", ["brain", "phantoms"])
def test_subjects_of_two_seeds_are_others(name):
    both = load(name, n=3, size=16) + load(name, n=3, size=16, seed=1)
    assert len(set(both.subjects)) == 6


@pytest.mark.parametrize(
    ("typed", "meant"), [("brian", "brain"), ("Fundus", "fundus"), ("pneumonia", "pneumoniamnist")]
)
def test_unknown_names(typed, meant):
    for function in (load, fetch):
        with pytest.raises(InputError, match=rf"no data set called '{typed}'\. Did you mean '{meant}'\? Known: brain,"):
            function(typed)


@pytest.mark.parametrize("name", ["organmnist3d", "nodulemnist3d", "VesselMNIST3D"])
def test_three_dimensional_sets_are_refused_for_what_they_are(name):
    for function in (load, fetch):
        with pytest.raises(
            InputError, match=f"'{name}' holds volumes, and images are read here.*organamnist"
        ) as caught:
            function(name)
        assert "Did you mean" not in str(caught.value)


@pytest.mark.parametrize("size", [0, -64, 7, 64.5, np.nan, "big", None])
def test_senseless_sizes(size):
    with pytest.raises(InputError, match="Expected size to be"):
        load("brain", size=size)


@pytest.mark.parametrize("wanted", [{"n": 0}, {"n": -3}, {"n": 1.5}, {"seed": -1}, {"seed": None}])
def test_senseless_numbers(wanted):
    with pytest.raises(InputError, match=f"Expected {next(iter(wanted))} to be"):
        load("brain", **wanted)


# The catalogue


def test_every_set_is_found_by_its_name_and_lives_in_the_module_of_its_kind():
    found = {name: catalogue.find(name) for name in catalogue.sets()}
    assert {name: one.entry for name, one in found.items()} == {n: one.entry for n, one in catalogue.sets().items()}
    kinds = {name: type(one).__module__.removeprefix("cdae_lessons.datasets.") for name, one in found.items()}
    own = {"brain": "brain", "phantoms": "phantoms", "fundus": "photographs", "histology": "photographs"}
    own |= {"mias": "mias", "dx": "folder", "folder:PATH": "folder"}
    assert kinds == {name: own.get(name, "medmnist") for name in kinds}


def test_a_folder_is_found_by_any_path(tmp_path):
    assert catalogue.find(f"folder:{tmp_path}").find() == tmp_path
    assert str(tmp_path) in catalogue.find(f"folder:{tmp_path}").entry.source


# available, fetch and sources


def test_available_lists_every_set(tmp_path):
    (tmp_path / "breastmnist_64.npz").touch()
    table = available(data_dir=tmp_path).set_index("name")
    assert list(table.columns) == ["modality", "images", "sizes", "licence", "needs", "cached"]
    assert not table.isna().any(axis=None)
    assert table.index[0] == "brain"
    assert len(table) == 19
    cached = table["cached"].to_dict()
    assert [cached[name] for name in ("brain", "breastmnist", "mias", "chestmnist")] == [True, True, False, False]
    assert table.loc["dermamnist", "licence"] == "CC BY-NC 4.0"
    assert table.loc["breastmnist", ["images", "sizes"]].tolist() == ["780", "up to 224"]
    assert table.loc["brain", "needs"] == "nothing"


def test_fetching_what_ships():
    for name in ("brain", "phantoms", "fundus", "histology"):
        assert fetch(name).is_file()
    for name in ("dx", "folder:PATH", "folder:mine"):
        with pytest.raises(InputError, match=f"The images of '{name}' are your own: they cannot be downloaded"):
            fetch(name)


def test_importing_is_light():
    heavy = ("keras", "torch", "medmnist", "skimage", "scipy", "pandas", "PIL")
    code = f"import sys, cdae_lessons.datasets; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.usefixtures("breast")
def test_a_class_is_prepared_by_one_command(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mias, "MIAS", mias.MIAS._replace(address=f"{server.address}/gone"))
    assert main(["fetch", "--all", "--to", str(tmp_path / "class"), "--size", "28"]) == 1
    said = capsys.readouterr().out
    assert "2 sets, 0 of them here" in said
    assert re.search(r"breastmnist +CC BY 4.0 +\S+class/breastmnist.npz", said)
    assert re.search(r"mias +research use only +The server answered 404.*put it into .*mias as all-mias.tar.gz", said)
    assert "1 of 2 sets are missing" in said
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for number in range(1, 323):
            archive.addfile(tarfile.TarInfo(f"mdb{number:03}.pgm"))
    server.answers["/gone"] = stream.getvalue()
    assert main(["fetch", "--all", "--to", str(tmp_path / "class"), "--size", "28"]) == 0
    files = {path.name for path in (tmp_path / "class").rglob("*") if path.is_file() and path.suffix != ".lock"}
    assert files == {"all-mias.tar.gz", "breastmnist.npz"}
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
