"""TIFF files of every kind."""

import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image
from samples import CASES, RAMP, read, save

from cdae_lessons.datasets import images, load
from cdae_lessons.datasets.reading import read_images
from cdae_lessons.errors import InputError

RIGHT = np.load(CASES / "right.npz")
UNIT = np.linspace(0, 1, 64).reshape(8, 8)

pytestmark = pytest.mark.usefixtures("home")


def written(file, pixels, **how):
    tifffile.imwrite(file, pixels, **{"photometric": "rgb" if pixels.ndim == 3 else "minisblack", **how})
    return file


@pytest.mark.parametrize("name", sorted(name for name in RIGHT.files if name.endswith(".tif")))
def test_files_of_users(name):
    assert np.allclose(read(CASES / name), RIGHT[name], atol=1e-6)


@pytest.mark.parametrize("white", [False, True])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["u1", "u2", "i1", "i2", "f2", "f4", "f8"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_every_type_either_polarity_and_order(tmp_path, kind, order, white, compression):
    kind = np.dtype(kind)
    largest = 1 if kind.kind == "f" else np.iinfo(kind).max
    pixels = (UNIT * largest).astype(kind)
    how = {"byteorder": order, "compression": compression, "photometric": "miniswhite" if white else "minisblack"}
    image = read(written(tmp_path / "a.tif", pixels, **how))
    unit = pixels.astype(float) / largest
    assert image.dtype == np.float32
    assert np.allclose(image, 1 - unit if white else unit, atol=1e-6)


@pytest.mark.parametrize("mode", ["I;16", "F", "L"])
@pytest.mark.parametrize("white", [False, True])
def test_what_pillow_alone_decompresses(tmp_path, mode, white):
    kind, largest = {"I;16": ("u2", 65535), "F": ("f4", 1), "L": ("u1", 255)}[mode]
    pixels = (UNIT * largest).astype(kind)
    Image.fromarray(pixels).save(tmp_path / "a.tif", compression="tiff_lzw")
    if white:
        content = (tmp_path / "a.tif").read_bytes()
        place = content.index(b"\x06\x01\x03\x00\x01\x00\x00\x00")  # the tag of the photometric interpretation
        (tmp_path / "a.tif").write_bytes(content[: place + 8] + b"\0" + content[place + 9 :])
    unit = pixels / largest
    assert np.allclose(read(tmp_path / "a.tif"), 1 - unit if white else unit, atol=1e-6)


@pytest.mark.parametrize("kind", ["u2", "f4", "f2"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colour_becomes_grey_by_luminance(tmp_path, kind, planar):
    pixels = np.random.default_rng(0).random((16, 16, 3))
    largest = 65535 if kind == "u2" else 1
    stored = (pixels * largest).astype(kind)
    file = written(
        tmp_path / "a.tif", np.moveaxis(stored, -1, 0) if planar == "separate" else stored, planarconfig=planar
    )
    assert np.allclose(read(file), stored.astype(float) / largest @ images.LUMINANCE, atol=1e-6)


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
@pytest.mark.parametrize("grey", [False, True])
def test_transparency_is_ignored(tmp_path, kind, grey):
    largest = {"u1": 255, "u2": 65535, "f4": 1}[kind]
    pixels = np.zeros((8, 8, 2 if grey else 4))
    pixels[..., :-1] = UNIT[..., np.newaxis]
    stored = (pixels * largest).astype(kind)
    how = {"photometric": "minisblack" if grey else "rgb", "planarconfig": "contig", "extrasamples": ["unassalpha"]}
    assert np.allclose(read(written(tmp_path / "a.tif", stored, **how)), UNIT, atol=0.005)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("order", "<>")
def test_packed_bits(tmp_path, bits, order):
    values = np.linspace(0, 2**bits - 1, 8 * 9).astype(int).reshape(8, 9)  # a row ends within a byte
    rows = ((values[..., np.newaxis] >> np.arange(bits)[::-1]) & 1).reshape(8, -1)
    packed = np.packbits(rows, axis=1).tobytes()
    file = written(tmp_path / "a.tif", np.zeros((8, 9), "u2"), byteorder=order, rowsperstrip=8, metadata=None)
    with tifffile.TiffFile(file, mode="r+") as opened:
        tags = opened.pages[0].tags
        place = tags["StripOffsets"].value[0]
        tags["BitsPerSample"].overwrite(bits)
        tags["StripByteCounts"].overwrite(len(packed))
    content = file.read_bytes()
    file.write_bytes(content[:place] + packed + content[place + len(packed) :])
    assert np.allclose(read(file), values / (2**bits - 1), atol=1e-6)


@pytest.mark.parametrize("worst", [1.5, -0.1])
def test_values_out_of_range_are_refused_or_rescaled(tmp_path, worst):
    pixels = np.full((8, 8), 0.5, np.float32)
    pixels[0, 0] = worst
    file = save(pixels, tmp_path / "a.tif")
    with pytest.raises(InputError, match=r"a\.tif holds values from .*expected 0 to 1.*folder:PATH rescale=1-99"):
        read(file)
    assert np.array_equal(read(file, any_range=True), pixels)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("any_range", [False, True])
@pytest.mark.parametrize("worst", [np.nan, np.inf])
def test_what_is_no_number_is_named(tmp_path, kind, any_range, worst):
    pixels = UNIT.astype(kind)
    pixels[0, :3] = worst
    with pytest.raises(InputError, match=r"a\.tif holds NaN or infinity in 3 of 64 pixels"):
        read(written(tmp_path / "a.tif", pixels), any_range=any_range)


def test_negative_whole_numbers_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"a\.tif holds values from -0\.03125"):
        read(written(tmp_path / "a.tif", np.array([[-1024, 3071]], "i2")))


def test_32_bits_that_are_16(tmp_path):
    pixels = np.array([[0, 65535]], np.int32)
    assert np.array_equal(read(save(pixels, tmp_path / "a.tif")), [[0, 1]])
    with pytest.raises(InputError, match=r"a\.tif holds values from .* to 1\.06813"):
        read(save(pixels + 4465, tmp_path / "a.tif"))


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
def test_pages_are_images_of_one_subject(tmp_path, kind):
    largest = {"u1": 255, "u2": 65535, "f4": 1}[kind]
    pixels = (np.array([0.2, 0.6, 1])[:, np.newaxis, np.newaxis] * np.ones((3, 8, 8)) * largest).astype(kind)
    written(tmp_path / "a.tif", pixels, photometric="minisblack")
    cohort = load(f"folder:{tmp_path}", size=8)
    assert np.allclose(cohort.images[:, 0, 0], [0.2, 0.6, 1], atol=1e-4)
    assert cohort.subjects.tolist() == ["a.tif"] * 3
    assert len(load(f"folder:{tmp_path}", size=8, n=2)) == 2


def test_pages_that_pillow_decompresses(tmp_path):
    pages = [Image.fromarray(page) for page in (RAMP, 255 - RAMP)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    found, _ = read_images(tmp_path / "a.tif", name="a.tif")
    first, second = found
    assert np.allclose(first, RAMP / 255)
    assert np.allclose(second, 1 - RAMP / 255)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_every_orientation_is_upright(tmp_path, orientation, kind):
    upright = np.arange(12).reshape(3, 4) / 255
    turn = {
        1: lambda x: x, 2: np.fliplr, 3: lambda x: np.rot90(x, 2), 4: np.flipud,
        5: np.transpose, 6: np.rot90, 7: lambda x: np.rot90(x, 2).T, 8: lambda x: np.rot90(x, -1),
    }[orientation]  # fmt: skip
    largest = np.iinfo(kind).max
    stored = np.ascontiguousarray((turn(upright) * largest).round()).astype(kind)
    file = written(tmp_path / "a.tif", stored, extratags=[(274, "H", 1, orientation, True)])
    assert np.allclose(read(file), upright, atol=1e-4)


def test_smaller_copies_are_no_images(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(UNIT.astype("f4"))
        writer.write(UNIT[::2, ::2].astype("f4"), subfiletype=1)
    assert read(tmp_path / "a.tif").shape == (8, 8)


def test_channels_that_are_no_colour(tmp_path):
    file = written(tmp_path / "a.tif", np.zeros((8, 8, 5), "u2"), photometric="minisblack", planarconfig="contig")
    with pytest.raises(InputError, match="it has 5 channels.* of uint16; expected grey, or RGB"):
        read(file)


def test_complex_values_are_refused(tmp_path):
    with pytest.raises(InputError, match="of complex64; expected grey, or RGB"):
        read(written(tmp_path / "a.tif", UNIT.astype(np.complex64)))


@pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "1"])
def test_other_colours_are_left_to_pillow(tmp_path, mode):
    picture = Image.fromarray(np.stack([RAMP] * 3, -1)).convert(mode)
    picture.save(tmp_path / "a.tif")
    grey = np.asarray(picture.convert("RGB")) / 255 @ images.LUMINANCE
    assert np.allclose(read(tmp_path / "a.tif"), grey, atol=0.01)


def test_a_compression_that_nothing_here_knows_is_named(tmp_path):
    file = written(tmp_path / "a.tif", UNIT)
    with tifffile.TiffFile(file, mode="r+") as opened:
        opened.pages[0].tags["Compression"].overwrite(5)
    with warnings.catch_warnings(), pytest.raises(InputError, match=r"a\.tif cannot be read as an image"):
        read(file)
