"""DICOM files, after PS3.3: what each of them shows, and what is no image."""

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from samples import CASES, dicom, read

from cdae_lessons.datasets import images, load
from cdae_lessons.datasets.dicom import survey
from cdae_lessons.datasets.reading import kind, read_images
from cdae_lessons.errors import DataNotice, InputError

pydicom = pytest.importorskip("pydicom")

RIGHT = np.load(CASES / "right.npz")
RAMP = np.arange(64).reshape(8, 8) * 65  # 12 bits
WINDOW = {"WindowCenter": 2048, "WindowWidth": 4096}

pytestmark = pytest.mark.usefixtures("home")


def item(**tags):
    made = pydicom.Dataset()
    for name, value in tags.items():
        setattr(made, name, value)
    return made


def table(entries, *, bits, first=0, words=True):
    data = np.asarray(entries, "<u2" if words else np.uint8).tobytes()
    return item(LUTDescriptor=[len(entries), first, bits], LUTData=data)


def test_dicom_is_scaled_by_its_stored_bits(tmp_path):
    pixels = np.array([[0, 2048], [4095, 1]])
    (image,), patient = read_images(dicom(tmp_path / "a.dcm", pixels, PatientID="P7"), name="a.dcm")
    assert image.dtype == np.float32
    assert np.allclose(image, pixels / 4095)
    assert patient == "P7"


@pytest.mark.parametrize("nobody", ["", "ANONYMOUS", "anonymized", "0000", "XXX", "De-Identified", "N/A", " "])
def test_an_id_that_names_nobody_tells_nobody_apart(tmp_path, nobody):
    for place, study in (("flat1", "1.1"), ("flat2", "1.1"), ("flat3", "1.2"), ("ann/a", "1.3"), ("ann/b", "1.4")):
        file = tmp_path / f"{place}.dcm"
        file.parent.mkdir(exist_ok=True)
        dicom(file, RAMP, PatientID=nobody, StudyInstanceUID=study)
    dicom(tmp_path / "nothing.dcm", RAMP, PatientID=nobody)
    dicom(tmp_path / "ann" / "c.dcm", RAMP, PatientID="ANON007")  # a pseudonym
    found = load(f"folder:{tmp_path}", size=8).subjects.tolist()
    assert found == ["ann", "ann", "ANON007", "study 1.1", "study 1.1", "study 1.2", "nothing.dcm"]


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
        dicom(tmp_path / f"IM{index}", np.full((8, 8), 2000 * index), PatientID=patient)
    assert load(f"folder:{tmp_path}").subjects.tolist() == ["A", "B", "A"]


@pytest.mark.parametrize("name", sorted(name for name in RIGHT.files if name.endswith(".dcm") and name != "ww0.dcm"))
def test_files_of_users(name):
    assert np.allclose(read(CASES / name), RIGHT[name], atol=1e-6)


# Bits


@pytest.mark.parametrize("signed", [False, True])
def test_bits_that_are_not_the_lowest(tmp_path, signed):
    stored = np.array([[-2048, 0, 2047]] if signed else [[0, 2048, 4095]])
    pixels = (stored << 4) | 7  # what lies below is none of the image
    file = dicom(tmp_path / "a.dcm", pixels, signed=signed, HighBit=15)
    assert np.allclose(read(file), (stored - stored.min()) / 4095)


def test_what_lies_above_the_stored_bits_is_left_out(tmp_path):
    file = dicom(tmp_path / "a.dcm", RAMP | 0xF000)  # an overlay, in old files
    assert np.allclose(read(file), RAMP / 4095)


@pytest.mark.parametrize(
    ("photometric", "signed"), [("MONOCHROME1", False), ("MONOCHROME2", False), ("MONOCHROME1", True)]
)
def test_padding_is_black(tmp_path, photometric, signed):
    pixels = RAMP - 2048 * signed
    pixels[0, :4] = padding = -32768 if signed else 4095
    file = dicom(tmp_path / "a.dcm", pixels, signed=signed, PhotometricInterpretation=photometric)
    header = pydicom.dcmread(file)
    header.add_new("PixelPaddingValue", "SS" if signed else "US", padding)
    header.save_as(file)
    shown = RAMP / 4095 if photometric == "MONOCHROME2" else 1 - RAMP / 4095
    shown[0, :4] = shown[pixels == padding] = 0
    assert np.allclose(read(file), shown, atol=1e-6)


def test_a_range_of_padding(tmp_path):
    file = dicom(tmp_path / "a.dcm", RAMP, PhotometricInterpretation="MONOCHROME1")
    header = pydicom.dcmread(file)
    header.add_new("PixelPaddingValue", "US", 0)
    header.add_new("PixelPaddingRangeLimit", "US", 130)
    header.save_as(file)
    assert np.allclose(read(file), np.where(RAMP <= 130, 0, 1 - RAMP / 4095), atol=1e-6)


def test_padding_of_bits_that_are_not_the_lowest(tmp_path):
    tags = {"HighBit": 15, "PhotometricInterpretation": "MONOCHROME1", "PixelPaddingValue": 65}
    file = dicom(tmp_path / "a.dcm", RAMP << 4, **tags)
    assert np.allclose(read(file), np.where(RAMP == 65, 0, 1 - RAMP / 4095), atol=1e-6)


# From stored values to what is shown


@pytest.mark.parametrize("slope", [1, -1, 0.5, -2])
def test_a_window_turns_nothing_over(tmp_path, slope):
    tags = {"WindowCenter": 1000 * slope, "WindowWidth": 500}
    values = RAMP * slope
    file = dicom(tmp_path / "a.dcm", RAMP, RescaleSlope=slope, RescaleIntercept=0, **tags)
    shown = ((values - (1000 * slope - 0.5)) / 499 + 0.5).clip(0, 1)
    assert np.allclose(read(file), shown, atol=1e-5)


def test_a_slope_below_zero_without_a_window(tmp_path):
    file = dicom(tmp_path / "a.dcm", RAMP, RescaleSlope=-1, RescaleIntercept=0)
    assert np.allclose(read(file), 1 - RAMP / 4095, atol=1e-6)


@pytest.mark.parametrize(
    ("function", "shown"),
    [("LINEAR_EXACT", [0, 0.25, 0.5, 1]), ("SIGMOID", [*1 / (1 + np.exp([2, 1])), 0.5, 1 / (1 + np.exp(-8))])],
)
def test_the_other_functions_of_a_window(tmp_path, function, shown):
    tags = {"WindowCenter": 100, "WindowWidth": 40, "VOILUTFunction": function}
    assert np.allclose(read(dicom(tmp_path / "a.dcm", np.array([[80, 90, 100, 180]]), **tags)), [shown], atol=1e-3)


@pytest.mark.parametrize(("centre", "shown"), [(100, [0, 1, 1]), (100.5, [0, 0, 1])])
def test_a_window_of_one(tmp_path, centre, shown):
    file = dicom(tmp_path / "a.dcm", np.array([[99, 100, 101]]), WindowCenter=centre, WindowWidth=1)
    assert np.array_equal(read(file), [shown])


@pytest.mark.parametrize(("width", "function"), [(0, None), (0.5, "LINEAR"), (-400, None), (0, "SIGMOID")])
def test_a_window_of_nothing_is_left_out_with_a_notice(tmp_path, width, function):
    tags = {"VOILUTFunction": function} if function else {}
    file = dicom(tmp_path / "a.dcm", RAMP, WindowCenter=40, WindowWidth=width, **tags)
    with pytest.warns(DataNotice, match=rf"at least 1 wide.*with one of {width:g} are read without it"):
        assert np.allclose(read(file), RAMP / 4095)


def test_a_narrow_window_is_one_where_the_standard_has_it(tmp_path):
    tags = {"WindowCenter": 100, "WindowWidth": 0.5, "VOILUTFunction": "LINEAR_EXACT"}
    assert np.array_equal(read(dicom(tmp_path / "a.dcm", np.array([[99, 100, 101]]), **tags)), [[0, 0.5, 1]])


@pytest.mark.parametrize("words", [True, False])
def test_a_table_of_8_bits(tmp_path, words):
    made = table([0, 10, 200, 255], bits=8, words=words)
    file = dicom(tmp_path / "a.dcm", np.array([[0, 1, 2, 3, 4]]), VOILUTSequence=[made])
    assert np.allclose(read(file), np.array([[0, 10, 200, 255, 255]]) / 255)


@pytest.mark.parametrize("largest", [255, 1023, 4095, 65535])
def test_a_table_that_declares_more_bits_than_it_has(tmp_path, largest):
    made = table(np.linspace(0, largest, 4096).round(), bits=16)
    file = dicom(tmp_path / "a.dcm", RAMP, VOILUTSequence=[made])
    assert np.allclose(read(file), RAMP / 4095, atol=2e-3)


def test_a_table_after_rescaling_begins_below_zero(tmp_path):
    made = table(np.arange(256) * 257, bits=16, first=64512)  # -1024, written as 16 bits without a sign
    file = dicom(
        tmp_path / "a.dcm", np.array([[0, 51, 255]]), RescaleSlope=1, RescaleIntercept=-1024, VOILUTSequence=[made]
    )
    assert np.allclose(read(file), [[0, 0.2, 1]])


def test_a_modality_table(tmp_path):
    made = table([0, 1000, 3000, 4095], bits=16)
    file = dicom(tmp_path / "a.dcm", np.array([[0, 1, 2, 3]]), ModalityLUTSequence=[made])
    assert np.allclose(read(file), np.array([[0, 1000, 3000, 4095]]) / 4095)


def test_settings_of_each_frame(tmp_path):
    groups = [
        item(
            PixelValueTransformationSequence=[item(RescaleSlope=slope, RescaleIntercept=0)],
            FrameVOILUTSequence=[item(WindowCenter=128 * slope, WindowWidth=256 * slope)],
        )
        for slope in (1, 2)
    ]
    pixels = np.stack([RAMP // 16, RAMP // 16])
    file = dicom(tmp_path / "a.dcm", pixels, NumberOfFrames=2, PerFrameFunctionalGroupsSequence=groups)
    found, _ = read_images(file, name="a.dcm")
    assert [np.allclose(image, RAMP // 16 / 255, atol=2e-3) for image in found] == [True, True]


# Colour


def coloured(file, pixels, **tags):
    return dicom(
        file, pixels, bits=8, rows=pixels.shape[-3:-1], BitsAllocated=8, SamplesPerPixel=3, PlanarConfiguration=0,
        PhotometricInterpretation="RGB", PixelData=pixels.astype(np.uint8).tobytes(), **tags,
    )  # fmt: skip


def test_a_window_is_not_for_colour(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3))
    file = coloured(tmp_path / "a.dcm", pixels, WindowCenter=10, WindowWidth=20, RescaleSlope=2, RescaleIntercept=5)
    assert np.allclose(read(file), pixels / 255 @ images.LUMINANCE, atol=1e-6)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette(tmp_path, bits):
    colours = np.random.default_rng(0).integers(0, 256, (4, 3))
    tags = {"PhotometricInterpretation": "PALETTE COLOR", **WINDOW}
    for column, colour in enumerate(("Red", "Green", "Blue")):
        entries = colours[:, column] if bits == 8 else colours[:, column] * 257
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [4, 10, bits]
        tags[f"{colour}PaletteColorLookupTableData"] = entries.astype(np.uint8 if bits == 8 else "<u2").tobytes()
    file = dicom(tmp_path / "a.dcm", np.array([[0, 10, 11, 12, 13, 14]]), **tags)
    grey = colours / 255 @ images.LUMINANCE
    assert np.allclose(read(file), [grey[[0, 0, 1, 2, 3, 3]]], atol=1e-6)


# Frames, headers and what is no image


def test_frames_are_images_of_one_subject(tmp_path):
    pixels = np.arange(3)[:, np.newaxis, np.newaxis] * np.ones((3, 8, 8), int) * 2000
    dicom(tmp_path / "a.dcm", pixels, NumberOfFrames=3)
    cohort = load(f"folder:{tmp_path}", size=8)
    assert np.allclose(cohort.images[:, 0, 0], np.array([0, 2000, 4000]) / 4095)
    assert cohort.subjects.tolist() == ["a.dcm"] * 3
    drawn = load(f"folder:{tmp_path}", size=8, n=2)
    assert len(drawn) == 2
    assert set(drawn.images[:, 0, 0]) < set(cohort.images[:, 0, 0])


def test_frames_that_are_not_there():
    with pytest.raises(
        InputError, match="cine_header.dcm cannot be read .*it holds 100 frames, of which number 1 cannot"
    ):
        list(read_images(CASES / "cine_header.dcm", name="cine_header.dcm")[0])


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"])
def test_a_bare_data_set(tmp_path, syntax):
    implicit, little = syntax == "1.2.840.10008.1.2", syntax != "1.2.840.10008.1.2.2"
    header = pydicom.dcmread(dicom(tmp_path / "whole.dcm", RAMP))
    header.PixelData = RAMP.astype("<u2" if little else ">u2").tobytes()
    del header.file_meta
    header.preamble = None
    pydicom.dcmwrite(tmp_path / "a.dcm", header, implicit_vr=implicit, little_endian=little, enforce_file_format=False)
    assert (tmp_path / "a.dcm").read_bytes()[128:132] != b"DICM"
    assert np.allclose(read(tmp_path / "a.dcm"), RAMP / 4095)


@pytest.mark.parametrize("name", ["a.img", "a.dic", "a.acr", "a", "a.MR.17", "1.2.840.113619"])
@pytest.mark.parametrize("bare", [False, True])
def test_whatever_it_is_called(tmp_path, name, bare):
    content = (CASES / ("nopreamble.dcm" if bare else "voi16_12.dcm")).read_bytes()
    (tmp_path / name).write_bytes(content)
    assert np.allclose(load(f"folder:{tmp_path}", size=8).images[0], RIGHT["voi16_12.dcm"], atol=1e-6)


def test_the_headers_that_old_files_lack(tmp_path):
    file = dicom(tmp_path / "a.dcm", RAMP)
    header = pydicom.dcmread(file)
    for name in ("SamplesPerPixel", "PhotometricInterpretation", "PixelRepresentation", "HighBit"):
        del header[name]
    header.save_as(file)
    assert np.allclose(read(file), RAMP / 4095)


@pytest.mark.filterwarnings("ignore:The images of .* use little of the range")
def test_a_cd_with_its_directory(tmp_path):
    with pytest.warns(DataNotice, match=r"passed over: 1 x DICOMDIR\.$"):
        cohort = load(f"folder:{CASES / 'cd_with_dicomdir'}", size=8)
    assert np.allclose(cohort.images, RIGHT["cd_with_dicomdir/IM/IM0001"], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("MRSpectroscopyStorage", "MR Spectroscopy Storage"),
        ("RTDoseStorage", "RT Dose Storage"),
        ("SegmentationStorage", "Segmentation Storage"),
        ("RTImageStorage", 1),
        ("CTImageStorage", 1),
    ],
)
def test_what_has_rows_and_is_no_image(tmp_path, name, reason):
    file = dicom(tmp_path / "a.dcm", RAMP)
    header = pydicom.dcmread(file)
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID = getattr(pydicom.uid, name)
    header.save_as(file)
    assert survey(file) == reason


def test_lossless_jpeg_names_what_it_needs(monkeypatch):
    file = pydicom.data.get_testdata_file("MR_small_jpeg_ls_lossless.dcm", download=False)
    monkeypatch.setattr("pydicom.pixels.common.CoderBase.is_available", False)
    monkeypatch.setattr("pydicom.pixels.common.CoderBase.missing_dependencies", ["gdcm - requires gdcm>=3.0.10"])
    with pytest.raises(
        InputError, match=r"compressed as JPEG-LS Lossless.* needs python-gdcm.*cdae-lessons\[medical\]"
    ):
        read(Path(file))


@pytest.mark.parametrize("name", ["MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "MR_small_RLE.dcm"])
def test_lossless_compression_loses_nothing(name):
    if "jpeg_ls" in name:
        pytest.importorskip("gdcm")
    files = [Path(pydicom.data.get_testdata_file(each, download=False)) for each in (name, "MR_small.dcm")]
    compressed, plain = map(read, files)
    assert np.array_equal(compressed, plain)


INSTALLED = sorted((Path(pydicom.__file__).parent / "data" / "test_files").rglob("*"))
FILES = [file for file in INSTALLED if file.is_file() and kind(file) == "dicom"]
REFUSED = {  # and why
    "JPEG-lossy.dcm": "JPEG Extended",
    "JPGExtended.dcm": "JPEG Extended",
    "JPEG2000-embedded-sequence-delimiter.dcm": "all available plugins|^$",  # older releases of gdcm make it flat
    "MR_truncated.dcm": "pixel data is less than expected",
    "badVR.dcm": "1A",
    "empty_charset_LEI.dcm": "no pixels",
    "image_dfl.dcm": "deflated",
    "meta_missing_tsyntax.dcm": "no pixels",
    "nested_priv_SQ.dcm": "no pixels",
    "no_meta.dcm": "no pixels",
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.name}")
@pytest.mark.filterwarnings("ignore:::pydicom")
def test_files_of_pydicom_are_read_or_refused_for_a_reason(file):
    header = pydicom.dcmread(file, force=True)
    try:
        found = survey(file)
        seen = [] if isinstance(found, str) else list(read_images(file, name=file.name)[0])
    except InputError as error:
        problem = str(error)
    else:
        problem = ""
    if find_spec("gdcm") is None and re.search("needs python-gdcm|python-gdcm may decode it", problem):
        assert header.file_meta.TransferSyntaxUID.is_compressed
    elif problem or file.name in REFUSED:
        assert re.search(REFUSED[file.name], problem)
    elif isinstance(found, str):
        assert re.search("^RT Dose|^Segmentation" if "PixelData" in header else "DICOMDIR|without pixels", found)
    else:
        assert len(seen) == found == int(header.get("NumberOfFrames") or 1)
        assert {image.shape for image in seen} == {(header.Rows, header.Columns)}
        assert {image.dtype for image in seen} == {np.dtype(np.float32)}
