"""The user's own images, and dental ones."""

import shutil

import numpy as np
import pytest
from samples import RAMP, SHARED, save

from cdae_lessons.datasets import folder, load
from cdae_lessons.datasets.images import resize
from cdae_lessons.errors import DataNotice, InputError
from cdae_lessons.studies.configuration import Configuration
from cdae_lessons.studies.sides import sides

needs_dental = pytest.mark.skipif(not (SHARED / "dental").is_dir(), reason=f"no dental X-rays in {SHARED / 'dental'}")

pytestmark = pytest.mark.usefixtures("home")


def test_a_folder_in_natural_order_without_other_files(tmp_path):
    for number in (10, 2, 1):
        save(np.full((8, 8), 20 * number, np.uint8), tmp_path / f"image{number}.png")
    for name in ("notes.txt", "labels.csv", ".hidden.png", "README"):
        (tmp_path / name).write_text("no image")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "image1.png").write_text("no image")
    cohort = load(f"folder:{tmp_path}", size=8)
    assert np.allclose(cohort.images[:, 0, 0] * 255, [20, 40, 200])
    assert cohort.subjects.tolist() == ["image1.png", "image2.png", "image10.png"]
    assert str(tmp_path) in cohort.source


def link(place, target):
    try:
        place.symlink_to(target, target_is_directory=target.is_dir())
    except OSError:
        pytest.skip("this system lets nobody make links")


def test_what_is_no_image_is_counted(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    save(RAMP, tmp_path / "a.png")
    for name in ("test-SR.dcm", "rtplan.dcm", "rtdose.dcm", "waveform_ecg.dcm"):
        shutil.copy(pydicom.data.get_testdata_file(name, download=False), tmp_path / name)
    for name in ("b.heic", "c.HEIC", "d.xlsx", "e"):
        (tmp_path / name).write_bytes(bytes(range(256)))
    link(tmp_path / "gone", tmp_path / "nowhere")
    with pytest.warns(DataNotice) as noticed:
        assert load(f"folder:{tmp_path}", size=8).subjects.tolist() == ["a.png"]
    (text,) = [str(one.message) for one in noticed]
    assert text.partition("passed over: ")[2].rstrip(".").split(", ") == [
        "2 x .heic file",
        "1 x .xlsx file",
        "1 x 12-lead ECG Waveform Storage without pixels",
        "1 x Comprehensive SR Storage without pixels",
        "1 x RT Dose Storage",
        "1 x RT Plan Storage without pixels",
        "1 x file without a suffix that is no DICOM",
        "1 x link or file that leads nowhere",
    ]


def test_linked_folders_are_taken_once_and_without_end(tmp_path):
    inside, outside = tmp_path / "set", tmp_path / "elsewhere"
    for place in (inside / "bert", outside / "carl"):
        place.mkdir(parents=True)
        save(RAMP, place / "a.png")
    link(inside / "anna", outside)
    for number in range(9):
        link(inside / f"again{number}", inside / "bert")
    link(inside / "bert" / "loop", inside)
    assert load(f"folder:{inside}", size=8).subjects.tolist() == ["anna", "bert"]


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
        save(np.full((8, 8), 10 * number, np.uint8), tmp_path / f"{number}.png")
    drawn = [load(f"folder:{tmp_path}", size=8, n=5, seed=seed).images[:, 0, 0] for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    assert (np.diff(drawn[0]) > 0).all()
    with pytest.raises(InputError, match=r"n <= 20.*received n=21"):
        load(f"folder:{tmp_path}", n=21)


def test_a_changed_file_is_read_anew(tmp_path):
    for factor in (2, 4):
        save(RAMP[:, : 2 * factor] // 4 * factor, tmp_path / "a.png")
        image = load(f"folder:{tmp_path}", size=8).images[0]
        assert image[7, 0] == pytest.approx(56 * factor / 255, abs=0.01)


def test_prepared_images_are_not_decoded_again(tmp_path, monkeypatch):
    save(RAMP, tmp_path / "a.png")
    first = load(f"folder:{tmp_path}")
    monkeypatch.setattr(folder, "read_images", None)
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


@pytest.mark.parametrize("wrong", ["folder:", "folder: ", "folder: rescale=1-99"])
def test_a_folder_must_be_named(wrong, tmp_path, monkeypatch):
    save(RAMP, tmp_path / "a.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"Expected a folder after 'folder:'; received '{wrong}'"):
        load(wrong)
    assert len(load("folder:.")) == 1


def test_a_file_is_no_folder(tmp_path):
    file = save(RAMP, tmp_path / "a.png")
    with pytest.raises(InputError, match=r"a\.png is a file\. Name the folder that it is in, 'folder:.*'\."):
        load(f"folder:{file}")


# Range


def dark(place, *, levels=(0, 400, 1000, 4095)):
    """12 bits in files of 16, each image with its own part of the set's range."""
    for index, level in enumerate(levels):
        save(np.linspace(0, level, 64).reshape(8, 8).astype(np.uint16), place / f"{index}.png")


def test_a_dark_set_is_noticed_with_its_remedy(tmp_path):
    dark(tmp_path)
    with pytest.warns(DataNotice, match=r"nearly all pixels lie in 0 to 0\.06.*load 'folder:.* rescale=1-99'"):
        load(f"folder:{tmp_path}", size=8)


def test_one_bright_pixel_makes_no_set_bright(tmp_path):
    dark(tmp_path, levels=[1000] * 20)
    pixels = np.full((8, 8), 500, np.uint16)
    pixels[0, 0] = 65535
    save(pixels, tmp_path / "hot.png")
    with pytest.warns(DataNotice, match="use little of the range"):
        load(f"folder:{tmp_path}", size=8)


def test_rescaling_takes_the_whole_set_alike(tmp_path):
    dark(tmp_path)
    cohort = load(f"folder:{tmp_path} rescale=0-100", size=8)
    assert np.allclose(cohort.images.max(axis=(1, 2)), np.array([0, 400, 1000, 4095]) / 4095, atol=1e-3)
    assert cohort.name == f"folder:{tmp_path} rescale=0-100"
    few = load(f"folder:{tmp_path} rescale=0-100", size=8, n=2)
    assert all(any(np.array_equal(image, other) for other in cohort.images) for image in few.images)
    low, high = np.percentile(cohort.images, [10, 90])
    cut = load(f"folder:{tmp_path} rescale=10-90", size=8)
    assert np.allclose(cut.images, ((cohort.images - low) / (high - low)).clip(0, 1), atol=1e-3)


def test_rescaling_takes_any_range(tmp_path):
    values = np.linspace(-1000, 3000, 32 * 32, dtype=np.float32).reshape(32, 32)
    save(values, tmp_path / "a.tif")
    image = load(f"folder:{tmp_path} rescale=0-100", size=32).images[0]
    assert np.allclose(image, (values + 1000) / 4000, atol=1e-6)
    small = load(f"folder:{tmp_path} rescale=0-100", size=8).images[0]
    shrunk = resize((values + 1000) / 4000, 8)
    assert np.allclose(small, (shrunk - shrunk.min()) / np.ptp(shrunk), atol=1e-5)


@pytest.mark.parametrize("wrong", ["", "1", "99-1", "1-99-100", "a-b", "-1-99", "0-101", "nan-99", "5-5"])
def test_percentiles_that_are_none(tmp_path, wrong):
    dark(tmp_path)
    with pytest.raises(InputError, match=rf"Expected rescale=LOW-HIGH.*received rescale={wrong}"):
        load(f"folder:{tmp_path} rescale={wrong}")


def test_a_flat_set_cannot_be_rescaled(tmp_path):
    dark(tmp_path, levels=[0, 0])
    with pytest.raises(InputError, match=r"cannot be rescaled.* are both 0\."):
        load(f"folder:{tmp_path} rescale=1-99")


@pytest.mark.parametrize("name", ["brain rescale=1-99", "dx rescale=1-99", "pneumoniamnist rescale=1-99"])
def test_other_sets_are_not_rescaled(name):
    with pytest.raises(InputError, match="Expected rescale= after folder:PATH alone"):
        load(name)


def test_a_study_can_name_a_rescaled_folder(tmp_path):
    dark(tmp_path, levels=[1000, 4095] * 5)
    name = f"folder:{tmp_path} rescale=1-99"
    config = Configuration(dataset=name, noise="gaussian p=0.1 sigma=1", n_train=4, network="noisy", size=8)
    assert sides(config).test.images.max() == 1


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
