"""Image files of every kind, and resizing."""

import sys

import numpy as np
import pytest
from PIL import Image
from samples import RAMP, save
from skimage.transform import resize

from cdae_lessons.datasets import images, load
from cdae_lessons.errors import InputError

pytestmark = pytest.mark.usefixtures("home")


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
