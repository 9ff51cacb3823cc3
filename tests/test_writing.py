"""Images are written as files like those that they were read from: what is as it was read gives the same values."""

import errno
import struct
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from samples import CASES, RAMP, dicom, save

from cdae_lessons.datasets import dicom as dicom_files
from cdae_lessons.datasets.reading import kind, read_images
from cdae_lessons.datasets.writing import unit, write
from cdae_lessons.errors import DataNotice, InputError

UNIT = np.linspace(0, 1, 64).reshape(8, 8)
LEVEL = 1 / 255


def read(file, **how):
    return np.stack(list(read_images(file, name=file.name, any_range=True, **how)[0]))


def again(file, images=None, **how):
    """The file written with these images, else with its own."""
    before = file.read_bytes()
    made = write(read(file, **how) if images is None else images, like=file, folder=file.parent / "out", **how)
    assert file.read_bytes() == before
    assert [each.name for each in made.parent.iterdir()] == [made.name]
    return made


def moved(file, by, **how):
    """What the images of a file are after they were changed by as much, written and read."""
    return read(again(file, read(file, **how) + np.float32(by), **how), **how)


# Pictures


def coloured(seed=0):
    return np.random.default_rng(seed).integers(60, 190, (24, 16, 3), np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp", "dib", "pgm", "webp", "jp2", "tif", "jpg", "jfif"])
@pytest.mark.parametrize("colour", [False, True])
def test_pictures_keep_format_and_values(tmp_path, suffix, colour):
    if suffix == "pgm" and colour:
        suffix = "ppm"
    smooth = np.add.outer(np.arange(24), np.arange(16)).astype(np.uint8) * 4
    file = save(np.stack([smooth, smooth + 20, smooth + 40], -1) if colour else smooth, tmp_path / f"a.{suffix}")
    made = again(file)
    with Image.open(file) as before, Image.open(made) as after:
        assert {after.format, before.format} <= ({"BMP", "DIB"} if suffix == "dib" else {before.format})
        assert after.mode == before.mode
        lossy = suffix in ("jpg", "jfif")
        assert np.abs(np.asarray(after).astype(int) - np.asarray(before)).max() <= (2 if colour else 1) * lossy
    assert np.allclose(moved(file, 0.1), read(file) + 0.1, atol=1.6 * LEVEL if lossy else 0.6 * LEVEL)


@pytest.mark.parametrize("suffix", ["png", "pgm"])
def test_16_bits_stay_16(tmp_path, suffix):
    pixels = np.random.default_rng(0).integers(0, 65536, (24, 16), np.uint16)
    file = save(pixels, tmp_path / f"a.{suffix}")
    with Image.open(again(file)) as made:
        assert made.mode in ("I;16", "I")
        assert np.array_equal(np.asarray(made), pixels)
    assert np.allclose(moved(file, -0.1), (read(file) - 0.1).clip(0, 1), atol=1e-5)


def test_of_colours_red_green_and_blue_change_alike(tmp_path):
    file = save(coloured(), tmp_path / "a.png")
    by = np.where(np.arange(16) < 8, 0.1, -0.1)
    with Image.open(again(file, read(file) + by)) as made:
        assert np.abs(np.asarray(made) / 255 - coloured() / 255 - by[:, np.newaxis]).max() <= 0.51 * LEVEL


def test_a_gif_becomes_a_png(tmp_path):
    file = save(RAMP, tmp_path / "a.GIF")
    made = again(file)
    assert made.name == "a.png"
    assert np.array_equal(read(made), read(file))


@pytest.mark.parametrize("mode", ["P", "1", "LA", "RGBA", "CMYK"])
def test_pictures_of_other_modes_become_grey_or_rgb(tmp_path, mode):
    file = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.fromarray(np.full((24, 16, 3), [90, 100, 110], np.uint8)).convert(mode).save(file)
    assert np.abs(read(again(file)) - read(file)).max() <= 1.01 * LEVEL


def test_colours_of_16_bits_lose_8_with_a_notice(tmp_path):
    import zlib

    def chunk(name, content):
        return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

    head = (2).to_bytes(4, "big") * 2 + bytes([16, 2, 0, 0, 0])
    rows = (b"\0" + b"\x80\x01" * 6) * 2
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    with pytest.warns(DataNotice, match="colours of 16 bits, of which 8"):
        made = again(tmp_path / "a.png")
    assert np.array_equal(read(made), read(tmp_path / "a.png"))


def test_size_in_print_and_profile_of_colours_are_kept(tmp_path):
    file = save(coloured(), tmp_path / "a.png", dpi=(300, 300), icc_profile=b"a profile")
    with Image.open(again(file)) as made:
        assert made.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert made.info["icc_profile"] == b"a profile"


def test_a_turned_picture_comes_out_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    file = save(np.arange(96, dtype=np.uint8).reshape(8, 12), tmp_path / "a.png", exif=exif)
    assert read(file).shape == (1, 12, 8)
    assert np.array_equal(read(again(file)), read(file))


# TIFF


@pytest.mark.parametrize("white", [False, True])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"])
def test_tiff_keeps_its_type_polarity_and_pages(tmp_path, dtype, order, white):
    largest = 1 if dtype[0] == "f" else min(np.iinfo(dtype).max, 65535)
    pixels = (np.stack([UNIT, UNIT[::-1]]) * 0.6 * largest + 0.2 * largest).astype(dtype)
    file = tmp_path / "a.tif"
    how = {"compression": "zlib", "resolution": (30, 40), "resolutionunit": 3, "description": "in µm".encode()}
    tifffile.imwrite(file, pixels, byteorder=order, photometric="miniswhite" if white else "minisblack", **how)
    made = again(file)
    with tifffile.TiffFile(made) as opened:
        assert len(opened.pages) == 2
        assert np.array_equal(opened.asarray(), pixels)
        assert opened.pages[0].dtype == dtype
        assert opened.pages[0].photometric == (0 if white else 1)
        assert opened.pages[0].compression != 1
        assert opened.pages[0].description == "in µm"
        assert (opened.pages[0].tags["XResolution"].value, opened.pages[0].tags["ResolutionUnit"].value) == ((30, 1), 3)
    rounding = 6e-4 if dtype == "f2" else 1e-6 if dtype[0] == "f" else 0.51 / largest
    assert np.allclose(moved(file, -0.1), read(file) - 0.1, atol=rounding)


@pytest.mark.parametrize("name", ["bits12.tif", "f64.tif", "miniswhite16.tif", "u16_4095.tif"])
def test_tiff_of_users(tmp_path, name):
    file = tmp_path / name
    file.write_bytes((CASES / name).read_bytes())
    assert np.allclose(read(again(file)), read(file), atol=1e-5)


def test_tiff_of_16_bit_colours(tmp_path):
    pixels = np.random.default_rng(0).integers(9000, 50000, (16, 16, 3), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb")
    assert np.array_equal(tifffile.imread(again(tmp_path / "a.tif")), pixels)
    made = tifffile.imread(again(tmp_path / "a.tif", read(tmp_path / "a.tif") + np.float32(0.1)))
    assert np.abs(made - pixels - 6553.5).max() <= 1


# NIfTI


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 4), (6, 5, 2, 3)])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i8", "f4", ">i2"])
@pytest.mark.parametrize("scaling", [None, (2.5, -1024)])
def test_nifti_keeps_header_affine_type_and_scaling(tmp_path, name, shape, dtype, scaling):
    nibabel = pytest.importorskip("nibabel")
    values = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    affine = np.array([[-2.0, 0, 0, 9], [0, 2, 0, 8], [0, 0, 3, 7], [0, 0, 0, 1]])
    header = nibabel.Nifti1Header(endianness=">" if dtype[0] == ">" else "<")
    header.set_data_dtype(dtype)
    header["descrip"] = b"of a scan"
    before = nibabel.Nifti1Image(values, affine, header)
    before.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"a word"))
    before.header.set_slope_inter(*(scaling or (1, 0)))
    before.to_filename(tmp_path / name)
    file = tmp_path / name
    after = nibabel.load(again(file))
    assert np.array_equal(after.affine, affine)
    assert after.get_data_dtype() == np.dtype(dtype)
    assert bytes(after.header["descrip"]).rstrip(b"\0") == b"of a scan"
    assert len(after.header.extensions) == 1
    assert (after.dataobj.slope, after.dataobj.inter) == (scaling or (1, 0))
    assert np.array_equal(after.dataobj.get_unscaled(), values)
    by = np.float32(25 / unit(file)[0])
    moved_by = nibabel.load(again(file, read(file) + by)).get_fdata() - nibabel.load(file).get_fdata()
    assert np.allclose(moved_by, 25, atol=1e-2)


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 4), (6, 5, 2, 3)])
def test_each_pixel_of_a_slice_changes_where_it_is(tmp_path, shape):
    nibabel = pytest.importorskip("nibabel")
    file = tmp_path / "a.nii"
    nibabel.Nifti1Image(np.full(shape, 100, np.uint8), np.eye(4)).to_filename(file)
    images = read(file)
    wanted = np.random.default_rng(0).random(images.shape, np.float32)
    assert np.abs(read(again(file, wanted)) - wanted).max() <= 0.51 * LEVEL


# DICOM


pydicom = pytest.importorskip("pydicom")
INSTALLED = sorted((Path(pydicom.__file__).parent / "data" / "test_files").rglob("*"))


def has_images(file):
    try:
        return kind(file) == "dicom" and not isinstance(dicom_files.survey(file), str)
    except InputError:
        return False


FILES = [file for file in [*INSTALLED, *sorted(CASES.glob("*.dcm"))] if file.is_file() and has_images(file)]
SMALL = next(file for file in FILES if file.name == "CT_small.dcm")
STEP = 1 / 4095


def pixels_of(file):
    header, frames = dicom_files.opened(file, name=file.name)
    return header, np.stack([pixels for pixels, _ in dicom_files.decoded(header, frames, name=file.name)])


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.name}")
@pytest.mark.parametrize("window", [True, False])
@pytest.mark.filterwarnings("ignore:::pydicom")
@pytest.mark.filterwarnings("ignore:A DICOM window")
def test_dicom_as_it_was_read_has_the_same_values(tmp_path, file, window):
    try:
        images = read(file, window=window)
    except InputError:  # what cannot be read cannot be written either
        with pytest.raises(InputError):
            write(np.zeros((1, 8, 8)), like=file, folder=tmp_path, window=window)
        assert not any(tmp_path.iterdir())
        return
    made = write(images, like=file, folder=tmp_path, window=window)
    (header, before), (new, after) = pixels_of(file), pixels_of(made)
    assert np.abs(read(made, window=window) - images).max() <= LEVEL
    if header.PhotometricInterpretation != "PALETTE COLOR":
        assert np.array_equal(before, after)
    changed = (images + np.float32(0.05)).clip(0, 1)
    found = read(write(changed, like=file, folder=tmp_path, window=window), window=window)
    inside = (images > 0) & (images < 0.9) & (changed < 1)
    if header.SamplesPerPixel == 1 and header.PhotometricInterpretation != "PALETTE COLOR" and inside.any():
        assert np.median(np.abs(found - changed)[inside]) <= 0.006  # windows may be 100 steps wide
    assert new.ImageType[:2] == ["DERIVED", "SECONDARY"]


def test_the_header_of_a_ct_is_kept(tmp_path):
    made = write(read(SMALL), like=SMALL, folder=tmp_path, note="Smoothed")
    before, after = pydicom.dcmread(SMALL), pydicom.dcmread(made)
    named = {each.keyword for each in (*before, *after) if before.get(each.tag) != after.get(each.tag)}
    assert named == {
        "ImageType", "InstanceCreationDate", "InstanceCreationTime", "SOPInstanceUID", "SeriesInstanceUID",
        "SeriesDescription", "DerivationDescription", "SourceImageSequence",
    }  # fmt: skip
    assert after.ImageType == ["DERIVED", "SECONDARY", "AXIAL"]
    assert "Smoothed" in after.DerivationDescription
    assert "not for diagnosis" in after.DerivationDescription
    assert "not for diagnosis" in after.SeriesDescription
    assert after.SourceImageSequence[0].ReferencedSOPInstanceUID == before.SOPInstanceUID
    assert after.file_meta.MediaStorageSOPInstanceUID == after.SOPInstanceUID
    assert after.PatientName == before.PatientName


def test_a_series_says_once_that_it_is_derived(tmp_path):
    file = dicom(tmp_path / "a.dcm", RAMP, SeriesDescription="Head")
    once = write(read(file), like=file, folder=tmp_path / "once")
    twice = write(read(once), like=once, folder=tmp_path / "twice")
    assert [pydicom.dcmread(made).SeriesDescription for made in (once, twice)] == [
        "Head derived, not for diagnosis"
    ] * 2


def test_slices_of_a_series_stay_together_and_the_same_content_has_the_same_uid(tmp_path):
    def uids(number, by, note="Changed"):
        file = dicom(tmp_path / f"{number}.dcm", RAMP, SeriesInstanceUID="1.2.3", SOPInstanceUID=f"1.2.3.{number}")
        made = pydicom.dcmread(write(read(file) + np.float32(by), like=file, folder=tmp_path / "out", note=note))
        return made.SeriesInstanceUID, made.SOPInstanceUID

    assert uids(1, 0) == uids(1, 0)
    assert uids(1, 0)[0] == uids(2, 0)[0] != uids(1, 0, note="Otherwise")[0]
    assert len({uids(1, 0)[1], uids(2, 0)[1], uids(1, 0.1)[1], "1.2.3.1"}) == 4


def test_a_change_in_a_window_is_one_in_hounsfield_units(tmp_path):
    tags = {"RescaleSlope": 2, "RescaleIntercept": -1024, "WindowCenter": 40.5, "WindowWidth": 401, "Modality": "CT"}
    file = dicom(tmp_path / "a.dcm", np.array([[0, 500, 532, 600, 4000]]), **tags)
    assert unit(file) == (pytest.approx(400), "HU")
    made = pydicom.dcmread(again(file, read(file) + np.float32(0.1)))
    assert (made.pixel_array.astype(int) * 2 - 1024).tolist() == [[-984, 16, 80, 216, 6976]]


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("slope", [1, -1, 0.5])
@pytest.mark.parametrize("signed", [False, True])
def test_polarity_and_slope_lead_back(tmp_path, photometric, slope, signed):
    pixels = np.arange(100, 164).reshape(8, 8) * 20 - 2048 * signed
    tags = {"RescaleSlope": slope, "RescaleIntercept": 7, "PhotometricInterpretation": photometric}
    file = dicom(tmp_path / "a.dcm", pixels, signed=signed, **tags)
    assert np.allclose(moved(file, 0.1), read(file) + 0.1, atol=0.6 * STEP)
    brighter = pydicom.dcmread(again(file, read(file) + np.float32(0.1))).pixel_array.astype(int) - pixels
    assert np.all(np.sign(brighter) == (1 if (slope > 0) == (photometric == "MONOCHROME2") else -1))


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_every_window_leads_back(tmp_path, function):
    tags = {"WindowCenter": 2000, "WindowWidth": 1500, "VOILUTFunction": function}
    file = dicom(tmp_path / "a.dcm", np.arange(64).reshape(8, 8) * 64, **tags)
    images = read(file)
    wanted = images + np.where((images > 0.02) & (images < 0.88), np.float32(0.1), 0)
    assert np.abs(read(again(file, wanted)) - wanted).max() < 2e-3
    assert unit(file)[1] == ("of the range shown" if function == "SIGMOID" else "stored values")


def test_a_table_leads_back(tmp_path):
    table = pydicom.Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    table.LUTData = (65535 * (np.arange(4096) / 4095) ** 0.5).astype("<u2").tobytes()
    file = dicom(tmp_path / "a.dcm", np.arange(64).reshape(8, 8) * 50 + 100, VOILUTSequence=[table])
    assert np.allclose(moved(file, 0.05), read(file) + 0.05, atol=2e-3)


def test_what_is_beyond_a_window_stays_beyond(tmp_path):
    file = dicom(tmp_path / "a.dcm", np.array([[0, 24, 2048, 4000]]), WindowCenter=2048, WindowWidth=1001)
    made = pydicom.dcmread(again(file, read(file) + np.float32([[0.01, 0, 0, -0.01]])))
    assert made.pixel_array.tolist() == [[10, 24, 2048, 3990]]


def test_other_bits_and_padding_stay(tmp_path):
    pixels = np.arange(100, 164).reshape(8, 8) * 20
    pixels[0] = 4000
    file = dicom(tmp_path / "a.dcm", pixels | 0xA000, PixelPaddingValue=4000)
    made = pydicom.dcmread(again(file, read(file) + np.float32(1000 / 4095)))  # from 3000 to 4000, for one
    raw = np.frombuffer(made.PixelData, "<u2").reshape(8, 8)
    assert np.all(raw & 0xF000 == 0xA000)
    assert np.all(raw[0] & 0xFFF == 4000)
    assert not np.any(raw[1:] & 0xFFF == 4000)
    assert np.all((raw[1:] & 0xFFF) >= pixels[1:])


def test_bits_that_are_not_the_lowest(tmp_path):
    pixels = (np.arange(100, 164).reshape(8, 8) * 20 << 4) | 7
    file = dicom(tmp_path / "a.dcm", pixels, HighBit=15)
    made = pydicom.dcmread(again(file, read(file) + np.float32(0.1)))
    raw = np.frombuffer(made.PixelData, "<u2").reshape(8, 8)
    assert np.array_equal(raw & 15, np.full((8, 8), 7))
    assert np.abs((raw >> 4) - (pixels >> 4) - 409.5).max() <= 0.5


def test_floating_point_pixels(tmp_path):
    header = pydicom.dcmread(dicom(tmp_path / "a.dcm", RAMP))
    del header.PixelData, header.BitsStored, header.HighBit, header.PixelRepresentation
    header.BitsAllocated, header.FloatPixelData = 32, UNIT.astype("<f4").tobytes()
    header.save_as(tmp_path / "a.dcm")
    assert np.array_equal(read(again(tmp_path / "a.dcm")), read(tmp_path / "a.dcm"))
    inner = (UNIT < 0.9) & (UNIT > 0)
    assert np.allclose(moved(tmp_path / "a.dcm", 0.05)[0][inner], UNIT[inner] + 0.05, atol=1e-6)


@pytest.mark.parametrize("name", ["FrameType", "SmallestImagePixelValue"])
def test_what_is_said_of_the_pixels_that_were_is_mended(tmp_path, name):
    group, kinds = pydicom.Dataset(), pydicom.Dataset()
    kinds.FrameType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    group.CTImageFrameTypeSequence = [kinds]
    file = dicom(tmp_path / "a.dcm", RAMP, SharedFunctionalGroupsSequence=[group])
    header = pydicom.dcmread(file)
    header.add_new("SmallestImagePixelValue", "US", 3)
    header.save_as(file)
    made = pydicom.dcmread(again(file))
    if name == "FrameType":
        inside = made.SharedFunctionalGroupsSequence[0].CTImageFrameTypeSequence[0]
        assert inside.FrameType == ["DERIVED", "PRIMARY", "AXIAL"]
    else:
        assert name not in made


def test_pixels_of_one_bit_are_refused(tmp_path):
    file = dicom(tmp_path / "a.dcm", RAMP, bits=1, BitsAllocated=1, PixelData=bytes(8))
    with pytest.raises(InputError, match="pixels of 1 bit"):
        again(file, np.zeros((1, 8, 8), np.float32))
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.skipif(find_spec("gdcm") is None, reason="needs python-gdcm")
def test_a_compressed_file_is_written_uncompressed(tmp_path):
    file = next(each for each in FILES if each.name == "MR_small_jpeg_ls_lossless.dcm")
    made = pydicom.dcmread(write(read(file), like=file, folder=tmp_path))
    assert made.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert not made["PixelData"].is_undefined_length


# What cannot be


@pytest.mark.parametrize("linked", [False, True])
def test_a_file_is_never_written_over_itself(tmp_path, linked):
    file = save(RAMP, tmp_path / "a.png")
    folder, before = tmp_path, file.read_bytes()
    if linked:
        folder = tmp_path / "linked"
        folder.mkdir()
        try:
            (folder / "a.png").symlink_to(file)
        except OSError:
            pytest.skip("no links here")
    with pytest.raises(InputError, match="over itself. Choose another folder"):
        write(read(file), like=file, folder=folder)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 8, 8)), "Expected 1 images, as .*a.png holds; received 2"),
        (np.zeros((1, 64, 64)), "the file's own size, 8x8 pixels; received 64x64"),
        (np.full((1, 8, 8), np.nan), "finite"),
        (np.zeros((8, 8)), r"shape \(N, H, W\)"),
    ],
)
def test_images_that_do_not_fit_are_refused_and_leave_no_file(tmp_path, images, message):
    file = save(RAMP, tmp_path / "a.png")
    with pytest.raises(InputError, match=message):
        write(images, like=file, folder=tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))


def test_a_file_that_is_not_there_or_no_image(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        write(UNIT[np.newaxis], like=tmp_path / "a.png", folder=tmp_path / "out")
    (tmp_path / "a.txt").write_text("words", encoding="utf-8")
    with pytest.raises(InputError, match="none of the kinds that are read"):
        write(UNIT[np.newaxis], like=tmp_path / "a.txt", folder=tmp_path / "out")


def test_frames_that_are_not_there_leave_no_file(tmp_path):
    pixels = np.ones((3, 8, 8), int) * 2000
    file = dicom(tmp_path / "a.dcm", pixels, NumberOfFrames=3)
    file.write_bytes(file.read_bytes()[:-64])
    with pytest.raises(InputError, match="cannot be (read|decoded)"):
        write(np.zeros((3, 8, 8)), like=file, folder=tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.nii", "a.nii.gz", "a.dcm"])
def test_a_full_disk_is_said_and_leaves_no_file(tmp_path, name, monkeypatch):
    pytest.importorskip("nibabel")
    import nibabel

    if name.startswith("a.nii"):
        nibabel.Nifti1Image(RAMP[..., np.newaxis], np.eye(4)).to_filename(tmp_path / name)
    else:
        (dicom if name == "a.dcm" else lambda file, pixels: save(pixels, file))(tmp_path / name, RAMP)
    images = read(tmp_path / name)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    for owner, method in (
        (Image.Image, "save"), (tifffile.TiffWriter, "write"), (nibabel.Nifti1Image, "to_stream"),
        (pydicom.dataset.FileDataset, "save_as"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, method, full)
    with pytest.raises(InputError, match="Cannot write .*No space left.*Make room"):
        write(images, like=tmp_path / name, folder=tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_folder_that_is_none(tmp_path):
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(InputError, match="Cannot write"):
        again(save(RAMP, tmp_path / "a.png"))


def test_nothing_is_warned_of(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("a.png", "a.tif", "a.bmp"):
            again(save(RAMP, tmp_path / name))
            for made in (tmp_path / "out").iterdir():
                made.unlink()


def test_what_a_library_cannot_write_is_said(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise struct.error("required argument is not an integer")

    monkeypatch.setattr(tifffile.TiffWriter, "write", refuse)
    with pytest.raises(InputError, match=r"a\.tif can be read, but not be written again: required argument"):
        again(save(RAMP, tmp_path / "a.tif"))
    assert not list((tmp_path / "out").iterdir())
