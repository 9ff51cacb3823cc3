"""Folders of users at full size: whom each file shows, halves, pieces, tiles; and lesson 13 on three kinds of them."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from samples import dicom, save
from scipy import ndimage

from cdae_lessons import InputError, image_files, models, training, widgets
from cdae_lessons.widgets.tiles import tile_case

LESSON = Path(__file__).parents[1] / "notebooks" / "13_your_own_images.ipynb"


def blob(seed, shape=(96, 80)):
    """A smooth image in [0, 1] with something to see everywhere."""
    image = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 4)
    return (image - image.min()) / np.ptp(image)


# ---- the example files


def test_the_examples_come_from_installed_packages_and_are_copied_once(tmp_path):
    pytest.importorskip("pydicom")
    place = image_files.examples(tmp_path / "deep" / "here")
    found = image_files.scans(place)
    assert len(found) == 11
    assert len({scan.subject for scan in found}) == 10
    (place / "retina.jpg").write_bytes(b"mine")
    assert image_files.examples(place) == place
    assert (place / "retina.jpg").read_bytes() == b"mine"


def test_without_pydicom_the_examples_say_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    monkeypatch.setitem(sys.modules, "pydicom.data", None)
    with pytest.raises(InputError, match=r"come with pydicom, which is not installed. Run: pip install"):
        image_files.examples(tmp_path)


# ---- scans


def test_a_scan_knows_its_unit_its_range_and_its_noise(tmp_path):
    stored = np.rint(blob(0) * 400).astype(int) + 1024
    tags = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024, "WindowCenter": 200.5, "WindowWidth": 401}
    dicom(tmp_path / "a.dcm", stored, PatientID="p1", **tags)
    (scan,) = image_files.scans(tmp_path)
    assert (scan.name, scan.subject, scan.unit) == ("a.dcm", "p1", "HU")
    assert scan.wide == pytest.approx(400, rel=0.01)
    assert np.allclose(scan.middle, blob(0), atol=0.01)
    assert scan.noise() < 0.01
    assert "80x96" in repr(scan)


def test_the_subject_is_the_subfolder_the_file_or_what_a_pattern_finds(tmp_path):
    for name in ("anna/1.png", "anna/2.png", "p1_left.png", "p1_right.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        save((255 * blob(len(name))).astype(np.uint8), tmp_path / name)
    assert [scan.subject for scan in image_files.scans(tmp_path)] == ["anna", "anna", "p1_left.png", "p1_right.png"]
    found = image_files.scans(tmp_path, subject="^[^_.]+")
    assert [scan.subject for scan in found] == ["1", "2", "p1", "p1"]


def test_what_no_scans_can_be_made_of_is_refused_with_a_remedy(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        image_files.scans(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no images"):
        image_files.scans(tmp_path)
    save((255 * blob(1)).astype(np.uint8), tmp_path / "a.png")
    with pytest.raises(InputError, match="finds nothing in the name 'a.png'"):
        image_files.scans(tmp_path, subject="^patient")
    with pytest.raises(InputError, match="Expected a regular expression"):
        image_files.scans(tmp_path, subject="(")


# ---- halves and pieces


@pytest.fixture
def scans(tmp_path):
    for who in range(5):
        (tmp_path / f"p{who}").mkdir()
        for number in range(2):
            save((255 * blob(10 * who + number)).astype(np.uint8), tmp_path / f"p{who}" / f"{number}.png")
    return image_files.scans(tmp_path)


def test_nobody_is_in_both_halves(scans):
    for seed in range(5):
        first, second = image_files.halves(scans, seed=seed)
        people = [{scan.subject for scan in half} for half in (first, second)]
        assert not people[0] & people[1]
        assert (len(people[0]), len(people[1])) == (3, 2)
        assert len(first) + len(second) == len(scans)


def test_fewer_than_four_people_are_no_split(scans):
    with pytest.raises(InputError, match=r"four subjects or more.*found 3: p0, p1, p2. Give each person a subfolder"):
        image_files.halves(scans[:6])


def test_pieces_have_the_grain_of_the_scan_and_know_whom_they_show(scans):
    pieces = image_files.pieces(scans, side=32, each=6)
    assert pieces.images.shape == (30, 32, 32)
    assert [*np.unique(pieces.subjects, return_counts=True)[1]] == [6] * 5
    piece, whose = pieces.images[0], [scan for scan in scans if scan.subject == pieces.subjects[0]]
    windows = [np.lib.stride_tricks.sliding_window_view(scan.middle, (32, 32)) for scan in whose]
    assert any((np.abs(each - piece).max(axis=(2, 3)) == 0).any() for each in windows)
    assert np.array_equal(image_files.pieces(scans, side=32, each=6).images, pieces.images)


def test_what_is_empty_or_too_small_gives_no_piece(tmp_path):
    save(np.full((96, 80), 90, np.uint8), tmp_path / "flat.png")
    for side in (32, 90):
        with pytest.raises(InputError, match="something to see"):
            image_files.pieces(image_files.scans(tmp_path), side=side)


# ---- tiles


@pytest.fixture(scope="module")
def network():
    return models.cnn_dae(16, seed=0)


@pytest.mark.trains
def test_tiles_with_a_halo_are_the_whole_image_and_without_one_are_not(network):
    image = blob(3, (75, 90))
    whole = image_files.in_tiles(network, image, side=100, halo=32)
    gaps = {
        (side, halo): np.abs(image_files.in_tiles(network, image, side=side, halo=halo) - whole).max()
        for side in (16, 32)
        for halo in (0, 12, 13, 16)
    }
    for side in (16, 32):
        assert gaps[side, 12] < 1e-5
        assert gaps[side, 16] < 1e-5
        assert gaps[side, 0] > 10 * gaps[side, 12]
        assert gaps[side, 13] > 10 * gaps[side, 12]  # it pools other pixels together


@pytest.mark.trains
def test_tiles_come_one_by_one_and_cover_the_image_once(network):
    image, seen = blob(4, (40, 50)), np.zeros((40, 50))
    for place, tile in image_files.tiles(network, image, side=16, halo=4):
        assert tile.shape == seen[place].shape
        seen[place] += 1
    assert (seen == 1).all()


@pytest.mark.trains
def test_the_tile_lab_shows_seams_that_a_halo_mends(network):
    lab = widgets.tile_lab({"a": blob(1), "b": blob(2, (600, 60))}, {"net": network})
    first = lab.picture.value
    assert "Greatest difference" in lab.text.value
    lab.controls["halo"].value = 12
    assert lab.wait()
    assert "0.0000" in lab.text.value
    assert lab.picture.value != first
    lab.controls["image"].value = "b"
    lab.controls["side"].value = 128
    assert lab.wait()
    assert "0.0000" in lab.text.value
    assert not lab.message.value
    with pytest.raises(InputError, match="each by name; received 0 and 1"):
        widgets.tile_lab({}, {"net": network})
    with pytest.raises(InputError, match="image 'a'"):
        widgets.tile_lab({"a": 3 * blob(1)}, {"net": network})


@pytest.mark.trains
def test_the_tile_lab_counts_the_arithmetic(network):
    image = blob(5, (64, 64))
    case = tile_case(network, image, whole=training.denoise(network, image[np.newaxis])[0], side=32, halo=8)
    assert case["tiles"] == 4
    assert case["times"] == pytest.approx((48 / 32) ** 2)


# ---- the lesson, from its first cell to its last


def pictures(folder):
    """16-bit TIFF and PNG, whose names begin with the person."""
    for who in range(4):
        tifffile.imwrite(folder / f"p{who}_left.tif", (blob(who) * 65535).astype(np.uint16))
        save((255 * blob(50 + who)).astype(np.uint8), folder / f"p{who}_right.png")
    return "^[^_]+"


def dicoms(folder):
    """CT with a window, two slices a patient."""
    tags = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024, "WindowCenter": 40, "WindowWidth": 400}
    for number in range(8):
        stored = np.rint(blob(number) * 500).astype(int) + 800
        dicom(folder / f"{number}.dcm", stored, PatientID=f"patient {number // 2}", **tags)


def nifti(folder):
    """CT volumes in Hounsfield units, one a patient."""
    nibabel = pytest.importorskip("nibabel")
    for who in range(4):
        volume = np.stack([blob(10 * who + slice_) for slice_ in range(3)], axis=-1) * 1500 - 1000
        nibabel.save(nibabel.Nifti1Image(volume.astype(np.int16), np.eye(4)), folder / f"p{who}.nii.gz")


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore:.*folder:UserWarning")
@pytest.mark.parametrize("make", [pictures, dicoms, nifti])
def test_the_lesson_works_on_a_folder_of_ones_own(make, tmp_path, monkeypatch, capsys):
    (tmp_path / "mine").mkdir()
    subject = make(tmp_path / "mine")
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CDAE_PROGRESS_DIR", str(tmp_path / "progress"))
    monkeypatch.chdir(tmp_path)
    cells = json.loads(LESSON.read_text(encoding="utf-8"))["cells"]
    sources = {cell["id"]: "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"}
    del sources["install"]
    told = {
        "folder": (("FOLDER = None", 'FOLDER = "mine"'), ("SUBJECT = None", f"SUBJECT = {subject!r}")),
        "train": (("STEPS = 250", "STEPS = 3"),),
    }
    for cell, changes in told.items():
        for before, after in changes:
            assert before in sources[cell]
            sources[cell] = sources[cell].replace(before, after)
    namespace = {}
    for cell, source in sources.items():
        exec(compile(source, f"<{cell}>", "exec"), namespace)  # noqa: S102 our own lesson
    said = capsys.readouterr().out
    assert said.count("not checked: other images") == sum("checks.claims(" in source for source in sources.values())
    written = list((namespace["work"] / "denoised").glob(namespace["hero"].file.name))
    assert image_files.read(written[0]).shape == namespace["hero"].images.shape
    assert len({scan.subject for scan in namespace["scans"]}) == 4
