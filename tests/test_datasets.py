import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cdae_lessons.datasets import (
    Cohort,
    DataNotice,
    available,
    brain,
    catalogue,
    fetch,
    load,
    medmnist,
    photographs,
    prepared,
)
from cdae_lessons.errors import InputError

SHARED = Path(os.environ.get("CDAE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
PNEUMONIA = SHARED / "medmnist" / "pneumoniamnist.npz"


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path / "home"))


def cohort(subjects, *, name="toy", side=4):
    """Image i of the toy cohort is filled with i / 1000."""
    count = len(subjects)
    images = np.full((count, side, side), 1e-3, np.float32) * np.arange(count, dtype=np.float32).reshape(-1, 1, 1)
    return Cohort(images, np.array(subjects), name, f"source of {name}", "free")


def numbers(part):
    return np.rint(part.images[:, 0, 0] * 1000).astype(int).tolist()


# Cohort


def test_a_cohort_says_what_it_is():
    toy = cohort([0, 0, 1])
    assert len(toy) == 3
    assert repr(toy) == "Cohort('toy': 3 images of 2 subjects, 4x4, free)"
    with pytest.raises(AttributeError):
        toy.name = "other"


@pytest.mark.parametrize(
    ("images", "subjects", "message"),
    [
        (np.zeros((3, 4)), [0, 1, 2], r"shape \(N, H, W\)"),
        (np.full((1, 4, 4), 2.0), [0], r"\[0, 1\]"),
        (np.zeros((1, 4, 4), np.uint8), [0], "floating-point"),
        (np.full((1, 4, 4), np.nan), [0], "NaN"),
        (np.zeros((3, 4, 4)), [0, 1], "one int or str an image"),
        (np.zeros((2, 4, 4)), [0.5, 1.5], "one int or str an image"),
        (np.zeros((2, 4, 4)), np.array(["a", None], object), "one int or str an image"),
    ],
)
def test_wrong_images_and_subjects(images, subjects, message):
    with pytest.raises(InputError, match=message):
        Cohort(images, np.array(subjects), "toy", "nowhere", "free")


def test_take():
    assert numbers(cohort(range(5)).take(3)) == [0, 1, 2]
    for n in (0, -1, 2.5, "three"):
        with pytest.raises(InputError, match="Expected n to be"):
            cohort(range(5)).take(n)
    with pytest.raises(InputError, match="n <= 5, the number of images in 'toy'; received n=6"):
        cohort(range(5)).take(6)


def test_joining_keeps_subjects_apart():
    joined = cohort([0, 1], name="a") + cohort([0, 0, 1], name="b")
    assert joined.subjects.tolist() == ["a/0", "a/1", "b/0", "b/0", "b/1"]
    assert (joined.name, joined.source, joined.licence) == ("a + b", "source of a + source of b", "free")
    assert len(joined) == 5


def test_joining_parts_of_one_set_keeps_its_labels():
    train, _, test = cohort([0, 0, 1, 1, 2, 2]).split(train=2, validation=0, test=2)
    joined = train + test
    assert joined.name == "toy"
    assert len(set(joined.subjects)) == 2
    assert set(joined.subjects) <= {"0", "1", "2"}


def test_joining_what_does_not_fit():
    with pytest.raises(InputError, match=r"one image size; received 4x4 and 5x5\. Load both with the same size"):
        cohort([0]) + cohort([0], side=5)
    with pytest.raises(TypeError):
        cohort([0]) + np.zeros((1, 4, 4))


# Splits

PAIRS = np.repeat(np.arange(40), 2)
TRIPLES = np.repeat(["c", "a", "b", "e", "d", "f", "g", "h"], 3)


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize(
    ("subjects", "train", "validation", "test"),
    [(PAIRS, 30, 11, 21), (PAIRS, 1, 0, 0), (PAIRS, 80, 0, 0), (TRIPLES, 7, 4, 5), (range(80), 50, 10, 20)],
)
def test_splits_are_exact_and_keep_subjects_apart(subjects, train, validation, test, seed):
    toy = cohort(subjects)
    parts = toy.split(train=train, validation=validation, test=test, seed=seed)
    assert [len(part) for part in parts] == [train, validation, test]
    people = [set(part.subjects.tolist()) for part in parts]
    assert sum(map(len, people)) == len(set.union(*people))
    chosen = [number for part in parts for number in numbers(part)]
    assert len(set(chosen)) == len(chosen)
    for part in parts:
        assert [toy.subjects[number] for number in numbers(part)] == part.subjects.tolist()


def test_scattered_subjects_are_kept_apart():
    subjects = np.arange(90) % 9
    train, _, test = cohort(subjects).split(train=60, validation=0, test=20)
    assert len(set(test.subjects)) == 2
    assert not set(train.subjects) & set(test.subjects)


@pytest.mark.parametrize("seed", [None, 0])
def test_more_training_images_leave_the_others_alone(seed):
    small, large = (cohort(PAIRS).split(train=train, validation=10, test=20, seed=seed) for train in (7, 40))
    assert numbers(small[0]) == numbers(large[0])[:7]
    assert numbers(small[1]) == numbers(large[1])
    assert numbers(small[2]) == numbers(large[2])


def test_without_a_seed_the_files_order_is_kept():
    train, validation, test = cohort(PAIRS).split(train=50, validation=4, test=22, seed=None)
    assert numbers(train) == list(range(50))
    assert numbers(validation) == [54, 55, 56, 57]
    assert numbers(test) == list(range(58, 80))
    train, _, test = cohort(TRIPLES).split(train=6, validation=0, test=6, seed=None)
    assert numbers(train + test) == [*range(6), *range(18, 24)]


def test_seeds_give_other_splits():
    tests = [numbers(cohort(range(80)).split(train=10, validation=0, test=10, seed=seed)[2]) for seed in (0, 0, 1)]
    assert tests[0] == tests[1]
    assert tests[0] != tests[2]


def test_the_surplus_of_a_subject_is_on_no_side():
    train, _, test = cohort(np.repeat([0, 1], 5)).split(train=5, validation=0, test=1)
    assert set(train.subjects) != set(test.subjects)
    with pytest.raises(InputError, match=r"10 images of 2 subjects: test=1 and validation=0.*leave 5 for training"):
        cohort(np.repeat([0, 1], 5)).split(train=6, validation=0, test=1)


@pytest.mark.parametrize(
    "wanted", [{"train": 300}, {"train": 1, "test": 80}, {"train": 1, "validation": 80, "test": 1}, {"train": 31}]
)
def test_more_images_than_there_are(wanted):
    with pytest.raises(InputError, match=r"'toy' holds 80 images of 40 subjects.*Ask for fewer images, or load more"):
        cohort(PAIRS).split(**{"validation": 10, "test": 40} | wanted)


@pytest.mark.parametrize("wanted", [{"train": 0}, {"train": -1}, {"test": -1}, {"validation": 0.5}, {"seed": -1}])
def test_senseless_splits(wanted):
    with pytest.raises(InputError, match=f"Expected {next(iter(wanted))} to be"):
        cohort(PAIRS).split(**{"train": 10, "validation": 2, "test": 2} | wanted)


# load


@pytest.mark.parametrize("name", ["brain", "fundus", "histology"])
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


def test_brains_are_kept(monkeypatch, tmp_path):
    first = load("brain", n=200, size=16)
    assert len(set(first.subjects)) == 200
    monkeypatch.setattr(brain, "draw", None)
    assert np.array_equal(load("brain", n=200, size=16).images, first.images)
    assert len(list((tmp_path / "home" / "prepared").iterdir())) == 1
    with pytest.raises(TypeError):  # others are drawn, not taken from there
        load("brain", n=200, size=16, seed=1)


def test_brains_of_two_seeds_are_other_people():
    both = load("brain", n=3, size=16) + load("brain", n=3, size=16, seed=1)
    assert len(set(both.subjects)) == 6


@pytest.mark.parametrize("name", ["fundus", "histology"])
def test_patches_split_into_separate_regions(name):
    corners, blocks = catalogue.OWN[name].places(photographs.PATCHES, seed=0)
    side = catalogue.OWN[name].side
    owner = np.full(catalogue.OWN[name].grey().shape, -1)
    for (row, column), block in zip(corners, blocks, strict=True):
        patch = owner[row : row + side, column : column + side]
        assert patch.shape == (side, side)
        assert np.isin(patch, (-1, block)).all()
        patch[:] = block
    along = [(owner[:, 1:], owner[:, :-1]), (owner[1:], owner[:-1])]
    assert not any(((a != b) & (a >= 0) & (b >= 0)).any() for a, b in along)  # not even neighbours
    assert len({tuple(corner) for corner in corners.tolist()}) == len(corners)
    assert [len(part) for part in load(name).split()] == [300, 50, 100]


def test_fundus_patches_show_the_retina():
    assert np.median(load("fundus", n=100).images, (1, 2)).min() > 0.15


@pytest.mark.parametrize("name", ["fundus", "histology"])
def test_patches_have_their_limits(name):
    side = catalogue.OWN[name].side
    assert load(name, n=2, size=side).images.shape == (2, side, side)
    with pytest.raises(InputError, match=f"size up to {side}.*received {side + 1}"):
        load(name, size=side + 1)
    with pytest.raises(InputError, match=r"the number of different patches.*received n=10000000"):
        load(name, n=10_000_000)


@pytest.mark.parametrize(
    ("typed", "meant"), [("brian", "brain"), ("Fundus", "fundus"), ("pneumonia", "pneumoniamnist")]
)
def test_unknown_names(typed, meant):
    for function in (load, fetch):
        with pytest.raises(InputError, match=rf"no data set called '{typed}'\. Did you mean '{meant}'\? Known: brain,"):
            function(typed)


def test_three_dimensional_sets_are_unknown():
    with pytest.raises(InputError, match="no data set called 'organmnist3d'"):
        load("organmnist3d")


@pytest.mark.parametrize("size", [0, -64, 7, 64.5, np.nan, "big", None])
def test_senseless_sizes(size):
    with pytest.raises(InputError, match="Expected size to be"):
        load("brain", size=size)


@pytest.mark.parametrize("wanted", [{"n": 0}, {"n": -3}, {"n": 1.5}, {"seed": -1}, {"seed": None}])
def test_senseless_numbers(wanted):
    with pytest.raises(InputError, match=f"Expected {next(iter(wanted))} to be"):
        load("brain", **wanted)


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path, monkeypatch):
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    monkeypatch.setenv("CDAE_DATA_DIR", str(blocked))
    monkeypatch.setattr(prepared, "user_cache", lambda: blocked)
    with pytest.warns(DataNotice, match="Prepared images cannot be kept in .*CDAE_DATA_DIR"):
        assert len(load("brain", n=200, size=16)) == 200


# MedMNIST


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


# available and fetch


def test_available_lists_every_set(tmp_path):
    npz(tmp_path / "breastmnist_64.npz", side=64)
    table = available(data_dir=tmp_path).set_index("name")
    assert list(table.columns) == ["modality", "images", "sizes", "licence", "needs", "cached"]
    assert not table.isna().any(axis=None)
    assert table.index[0] == "brain"
    assert len(table) == 19
    assert table.loc[["brain", "breastmnist", "mias", "chestmnist"], "cached"].tolist() == [True, True, False, False]
    assert table.loc["dermamnist", "licence"] == "CC BY-NC 4.0"
    assert table.loc["breastmnist", ["images", "sizes"]].tolist() == ["780", "up to 224"]
    assert table.loc["brain", "needs"] == "nothing"


def test_fetching_what_ships():
    for name in ("brain", "fundus", "histology"):
        assert fetch(name).is_file()
    for name in ("dx", "folder:PATH"):
        with pytest.raises(InputError, match=f"The images of '{name}' are your own: they cannot be downloaded"):
            fetch(name)


def test_importing_is_light():
    heavy = ("keras", "torch", "medmnist", "skimage", "scipy", "pandas", "PIL")
    code = f"import sys, cdae_lessons.datasets; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
