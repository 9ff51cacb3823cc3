"""Image files of every kind, and resizing."""

import numpy as np
import pytest
from PIL import Image
from samples import CASES, RAMP, read, save
from skimage.transform import resize

from cdae_lessons.datasets import images, load
from cdae_lessons.errors import InputError

pytestmark = pytest.mark.usefixtures("home")


# One image of each kind


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "pgm", "gif"])
def test_8_bit_files_are_divided_by_255(tmp_path, suffix):
    image = read(save(RAMP, tmp_path / f"a.{suffix}"))
    assert image.dtype == np.float32
    assert np.allclose(image, RAMP / 255)


@pytest.mark.parametrize("suffix", ["jfif", "jpe", "pbm", "dib", "apng", "j2k"])
def test_rare_suffixes(tmp_path, suffix):
    pixels = np.kron([[0, 1], [1, 0]], np.full((16, 16), 255)).astype(np.uint8)
    kind = {"jfif": "JPEG", "jpe": "JPEG", "apng": "PNG", "pbm": "PPM", "j2k": "JPEG2000"}.get(suffix, "DIB")
    Image.fromarray(pixels).convert("1" if suffix == "pbm" else "L").save(tmp_path / f"a.{suffix}", kind)
    assert np.allclose(load(f"folder:{tmp_path}", size=32).images[0], pixels / 255, atol=0.03)


def test_a_dib_that_is_a_bmp(tmp_path):
    save(RAMP, tmp_path / "a.bmp").rename(tmp_path / "a.dib")
    assert np.allclose(read(tmp_path / "a.dib"), RAMP / 255)


@pytest.mark.parametrize("name", ["a.png", "b.jfif", "c.jpe"])
def test_pictures_of_users(name):
    assert np.allclose(read(CASES / "skipped" / name), np.load(CASES / "right.npz")[f"skipped/{name}"], atol=1e-6)


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


def test_three_columns_are_no_colour(tmp_path):
    assert np.allclose(read(save(RAMP[:, :3], tmp_path / "a.png")), RAMP[:, :3] / 255)


def test_transparency_is_ignored(tmp_path):
    pixels = np.full((4, 4, 4), 100, np.uint8)
    assert np.allclose(read(save(pixels, tmp_path / "a.png")), 100 / 255)


def test_several_frames_of_a_gif_are_refused(tmp_path):
    file = save(RAMP, tmp_path / "a.gif", save_all=True, append_images=[Image.fromarray(255 - RAMP)])
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
