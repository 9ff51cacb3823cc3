import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.transform import resize

from cdae_lessons.datasets import folder, images, load
from cdae_lessons.errors import InputError

SHARED = Path(os.environ.get("CDAE_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
needs_mias = pytest.mark.skipif(not (SHARED / "mias").is_dir(), reason=f"no mini-MIAS images in {SHARED / 'mias'}")
needs_dental = pytest.mark.skipif(not (SHARED / "dental").is_dir(), reason=f"no dental X-rays in {SHARED / 'dental'}")
RAMP = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4


@pytest.fixture(autouse=True)
def _home(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path_factory.mktemp("home")))


def save(pixels, file, **options):
    Image.fromarray(pixels).save(file, **options)
    return file


def read(file):
    return images.read_image(file, name=file.name)[0]


def dicom(file, pixels, *, signed=False, bits=12, **tags):
    pydicom = pytest.importorskip("pydicom")
    header = pydicom.Dataset()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = pydicom.uid.generate_uid()
    header.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    header.Rows, header.Columns = pixels.shape[-2:]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, bits, bits - 1
    header.PixelRepresentation = int(signed)
    header.PixelData = pixels.astype("<i2" if signed else "<u2").tobytes()
    for name, value in tags.items():
        setattr(header, name, value)
    header.save_as(file, enforce_file_format=True)
    return file


# One image of each kind


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "pgm", "gif"])
def test_8_bit_files_are_divided_by_255(tmp_path, suffix):
    image = read(save(RAMP, tmp_path / f"a.{suffix}"))
    assert image.dtype == np.float32
    assert np.allclose(image, RAMP / 255)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_files_are_divided_by_65535(tmp_path, suffix):
    pixels = RAMP.astype(np.uint16) * 257
    assert np.allclose(read(save(pixels, tmp_path / f"a.{suffix}")), pixels / 65535, atol=1e-5)


@pytest.mark.parametrize("largest", [1023, 4095, 65535])
def test_pgm_files_are_divided_by_the_largest_value_they_state(tmp_path, largest):
    pixels = (RAMP.astype(np.uint16) * (largest // 255)).astype(">u2")
    (tmp_path / "a.pgm").write_bytes(b"P5 8 8 %d\n" % largest + pixels.tobytes())
    assert np.allclose(read(tmp_path / "a.pgm"), pixels / largest, atol=1e-4)


def test_colour_becomes_grey_by_luminance(tmp_path):
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 0, 0] = pixels[0, 1, 1] = pixels[1, 0, 2] = 255
    assert np.allclose(read(save(pixels, tmp_path / "a.png")), [[0.2125, 0.7154], [0.0721, 0]])


def test_jpeg_with_equal_channels_is_as_its_grey(tmp_path):
    grey = np.full((16, 16), 100, np.uint8)
    assert np.allclose(read(save(np.stack([grey] * 3, -1), tmp_path / "a.jpg")), 100 / 255, atol=0.01)


def test_transparency_is_ignored(tmp_path):
    pixels = np.full((4, 4, 4), 100, np.uint8)
    assert np.allclose(read(save(pixels, tmp_path / "a.png")), 100 / 255)


def test_float_tiff_in_range_is_taken_as_it_is(tmp_path):
    pixels = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    assert np.array_equal(read(save(pixels, tmp_path / "a.tif")), pixels)


@pytest.mark.parametrize("worst", [1.5, -0.1, np.nan])
def test_float_tiff_out_of_range_is_refused(tmp_path, worst):
    pixels = np.full((8, 8), 0.5, np.float32)
    pixels[0, 0] = worst
    with pytest.raises(InputError, match=r"a\.tif holds float32 values.*expected 0 to 1"):
        read(save(pixels, tmp_path / "a.tif"))


def test_32_bit_tiff_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"a\.tif holds int32 values.*expected 0 to 65535"):
        read(save(np.full((8, 8), 70000, np.int32), tmp_path / "a.tif"))


@pytest.mark.parametrize("suffix", ["tif", "gif"])
def test_several_frames_are_refused(tmp_path, suffix):
    second = Image.fromarray(255 - RAMP)
    file = save(RAMP, tmp_path / f"a.{suffix}", save_all=True, append_images=[second])
    with pytest.raises(InputError, match="holds 2 frames; expected one image a file"):
        read(file)


def test_a_huge_image_is_refused(tmp_path, monkeypatch):
    file = save(RAMP, tmp_path / "a.png")
    monkeypatch.setattr(images, "MOST_PIXELS", 63)
    with pytest.raises(InputError, match=r"a\.png claims to be 8x8 pixels; expected 1 to"):
        read(file)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "pgm", "bmp"])
@pytest.mark.parametrize("kind", ["fake", "empty", "short"])
def test_damaged_files_are_named(tmp_path, suffix, kind):
    file = save(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8), tmp_path / f"a.{suffix}")
    content = {"fake": b"this is no image", "empty": b"", "short": file.read_bytes()[: file.stat().st_size // 2]}
    file.write_bytes(content[kind])
    with pytest.raises(InputError, match=rf"a\.{suffix} cannot be read as an image"):
        load(f"folder:{tmp_path}")


# DICOM


def test_dicom_is_scaled_by_its_stored_bits(tmp_path):
    pixels = np.array([[0, 2048], [4095, 1]])
    image, patient = images.read_image(dicom(tmp_path / "a.dcm", pixels, PatientID="P7"), name="a.dcm")
    assert image.dtype == np.float32
    assert np.allclose(image, pixels / 4095)
    assert patient == "P7"


def test_dicom_monochrome1_is_inverted(tmp_path):
    file = dicom(tmp_path / "a.dcm", np.array([[0, 4095]]), PhotometricInterpretation="MONOCHROME1")
    assert np.allclose(read(file), [[1, 0]])


def test_dicom_rescale_then_window(tmp_path):
    pixels = np.array([[0, 1024, 1064, 1104, 4095]])  # -1024, 0, 40, 80, 3071 Hounsfield units
    file = dicom(tmp_path / "a.dcm", pixels, RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=40, WindowWidth=80)
    assert np.allclose(read(file), [[0, 0, 0.5, 1, 1]], atol=0.01)


def test_dicom_signed_pixels(tmp_path):
    file = dicom(tmp_path / "a.dcm", np.array([[-2048, 0, 2047]]), signed=True)
    assert np.allclose(read(file), [[0, 2048 / 4095, 1]])


def test_dicom_voi_table(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    table = pydicom.Dataset()
    table.LUTDescriptor, table.LUTData = [4, 0, 8], np.array([0, 10, 200, 255], "<u2").tobytes()
    file = dicom(tmp_path / "a.dcm", np.array([[0, 1, 2, 3]]), VOILUTSequence=[table])
    assert np.allclose(read(file), np.array([[0, 10, 200, 255]]) / 255)


def test_dicom_frames_are_refused(tmp_path):
    file = dicom(tmp_path / "a.dcm", np.zeros((2, 4, 4)), NumberOfFrames=2)
    with pytest.raises(InputError, match=r"a\.dcm holds 2 frames"):
        read(file)


@pytest.mark.parametrize("kind", ["fake", "short"])
def test_damaged_dicom_is_named(tmp_path, kind):
    file = dicom(tmp_path / "a.dcm", np.zeros((32, 32)))
    file.write_bytes(b"this is no image" * 20 if kind == "fake" else file.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"a\.dcm cannot be read as a DICOM image"):
        load(f"folder:{tmp_path}")


def test_dicom_without_pydicom_names_the_extra(tmp_path, monkeypatch):
    file = dicom(tmp_path / "a.dcm", np.zeros((4, 4)))
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(InputError, match=r'pip install "cdae-lessons\[medical\]"'):
        read(file)


def test_dicom_without_suffix_is_found_and_patients_stay_together(tmp_path):
    for index, patient in enumerate(["A", "B", "A"]):
        dicom(tmp_path / f"IM{index}", np.full((8, 8), index), PatientID=patient)
    assert load(f"folder:{tmp_path}").subjects.tolist() == ["A", "B", "A"]


# Resizing


@pytest.mark.parametrize("shape", [(1024, 1024), (150, 90), (20, 30)])
def test_resizing_is_scikit_images(shape):
    image = np.random.default_rng(0).random(shape, dtype=np.float32)
    assert np.allclose(images.resize(image, 64), resize(image, (64, 64), anti_aliasing=True), atol=1e-5)


def test_resizing_takes_many_and_stays_in_range():
    many = np.random.default_rng(0).integers(0, 2, (3, 40, 40)).astype(np.float32)
    small = images.resize(many, 16)
    assert small.shape == (3, 16, 16)
    assert small.dtype == np.float32
    assert small.flags.c_contiguous
    assert np.allclose(small[1], images.resize(many[1], 16))
    assert small.min() >= 0
    assert small.max() <= 1


# Folders


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


# mini-MIAS


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
    file = save(RAMP, tmp_path / "mdb001.pgm")
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
