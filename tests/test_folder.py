"""The user's own images, and dental ones."""

from pathlib import Path

import numpy as np
import pytest
from samples import RAMP, SHARED, save

from cdae_lessons.datasets import folder, load
from cdae_lessons.errors import InputError

needs_dental = pytest.mark.skipif(not (SHARED / "dental").is_dir(), reason=f"no dental X-rays in {SHARED / 'dental'}")

pytestmark = pytest.mark.usefixtures("home")


def test_a_folder_in_natural_order_without_other_files(tmp_path):
    for number in (10, 2, 1):
        save(np.full((8, 8), number, np.uint8), tmp_path / f"image{number}.png")
    for name in ("notes.txt", "labels.csv", ".hidden.png", "README"):
        (tmp_path / name).write_text("no image")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "image1.png").write_text("no image")
    cohort = load(f"folder:{tmp_path}", size=8)
    assert np.allclose(cohort.images[:, 0, 0] * 255, [1, 2, 10])
    assert cohort.subjects.tolist() == ["image1.png", "image2.png", "image10.png"]
    assert str(tmp_path) in cohort.source


def test_a_file_without_suffix_that_may_not_be_read_is_passed_over(tmp_path, monkeypatch):
    save(RAMP, tmp_path / "a.png")
    (tmp_path / "README").touch()
    opened = Path.open

    def forbidden(file, *how, **more):
        if file.name == "README":
            raise PermissionError
        return opened(file, *how, **more)

    monkeypatch.setattr(Path, "open", forbidden)
    assert load(f"folder:{tmp_path}", size=8).subjects.tolist() == ["a.png"]


def test_a_subfolder_is_a_subject(tmp_path):
    for place in ("anna/day1", "anna/day2", "bert"):
        (tmp_path / place).mkdir(parents=True)
        save(RAMP, tmp_path / place / "a.png")
    assert load(f"folder:{tmp_path}").subjects.tolist() == ["anna", "anna", "bert"]


def test_the_same_files_seen_from_another_folder(tmp_path):
    (tmp_path / "anna" / "day1").mkdir(parents=True)
    save(RAMP, tmp_path / "anna" / "day1" / "a.png")
    assert load(f"folder:{tmp_path}").subjects.tolist() == ["anna"]
    assert load(f"folder:{tmp_path / 'anna'}").subjects.tolist() == ["day1"]


def test_images_that_are_not_square_are_stretched(tmp_path):
    pixels = np.zeros((32, 64), np.uint8)
    pixels[:, 32:] = 255
    save(pixels, tmp_path / "a.png")
    image = load(f"folder:{tmp_path}", size=16).images[0]
    assert image[:, :7].max() < 0.01
    assert image[:, 9:].min() > 0.99


def test_n_draws_by_seed_in_file_order(tmp_path):
    for number in range(20):
        save(np.full((8, 8), number, np.uint8), tmp_path / f"{number}.png")
    drawn = [load(f"folder:{tmp_path}", size=8, n=5, seed=seed).images[:, 0, 0] for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert (np.diff(drawn[0]) > 0).all()
    with pytest.raises(InputError, match=r"n <= 20.*received n=21"):
        load(f"folder:{tmp_path}", n=21)


def test_a_changed_file_is_read_anew(tmp_path):
    for value in (0, 255):
        save(np.full((8, 8 + value), value, np.uint8), tmp_path / "a.png")
        assert load(f"folder:{tmp_path}").images.max() == value / 255


def test_prepared_images_are_not_decoded_again(tmp_path, monkeypatch):
    save(RAMP, tmp_path / "a.png")
    first = load(f"folder:{tmp_path}")
    monkeypatch.setattr(folder, "read_image", None)
    again = load(f"folder:{tmp_path}")
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.subjects, again.subjects)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]  # nothing written among the user's files


def test_empty_and_missing_folders(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(InputError, match=r"holds no images\. Expected PNG"):
        load(f"folder:{tmp_path}")
    with pytest.raises(InputError, match=r"There is no folder .*nowhere"):
        load(f"folder:{tmp_path / 'nowhere'}")
    with pytest.raises(InputError, match=r"There is no folder .*dx"):
        load("dx")
    with pytest.raises(InputError, match=r"There are no mini-MIAS images .* nor an archive"):
        load("mias", data_dir=tmp_path)
    with pytest.raises(InputError, match="There are no mini-MIAS images"):
        load("mias", download=False)


@needs_dental
def test_dental_x_rays():
    cohort = load("dx", data_dir=SHARED / "dental", n=3)
    assert cohort.images.shape == (3, 64, 64)
    assert cohort.images.std() > 0.05


def test_dx_in_its_subfolder(tmp_path):
    (tmp_path / "dx").mkdir()
    save(RAMP, tmp_path / "dx" / "1.png")
    save(RAMP, tmp_path / "mdb001.png")  # another set's
    assert load("dx", data_dir=tmp_path).subjects.tolist() == ["1.png"]
