"""NIfTI files: their slices are images of one subject."""

import gzip
import sys

import numpy as np
import pytest

from cdae_lessons.datasets import load
from cdae_lessons.datasets.reading import count, read_images
from cdae_lessons.errors import InputError

nibabel = pytest.importorskip("nibabel")

VOLUME = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)

pytestmark = pytest.mark.usefixtures("home")


def written(file, values, *, kind=None, slope=None):
    made = (kind or nibabel.Nifti1Image)(values, np.eye(4))
    if slope:
        made.header.set_slope_inter(slope, 0)
    made.to_filename(file)
    return file


def read(file, **how):
    return np.stack(list(read_images(file, name=file.name, **how)[0]))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_slices_stand_upright(tmp_path, name, kind):
    file = written(tmp_path / name, VOLUME, kind=kind)
    upright = [VOLUME[:, ::-1, place].T / 255 for place in range(4)]  # the second axis goes up
    assert count(file) == 4
    assert np.allclose(read(file), upright)


def test_volumes_come_one_after_the_other(tmp_path):
    both = np.stack([VOLUME, 255 - VOLUME], axis=-1)
    image = read(written(tmp_path / "a.nii.gz", both))
    assert image.shape == (8, 5, 6)
    assert np.allclose(image[4:], 1 - image[:4])


def test_one_slice(tmp_path):
    assert np.allclose(read(written(tmp_path / "a.nii", VOLUME[..., 0])), [VOLUME[:, ::-1, 0].T / 255])


@pytest.mark.parametrize(
    ("kind", "largest"), [("i2", 32767), ("u2", 65535), ("i4", 65535), ("f4", 1), ("f8", 1), (">i2", 32767)]
)
def test_every_type(tmp_path, kind, largest):
    values = (VOLUME / 255 * largest).astype(kind)
    assert np.allclose(read(written(tmp_path / "a.nii", values)), np.rot90(values / largest).transpose(2, 0, 1))


def test_values_with_a_slope_are_what_they_say(tmp_path):
    values = VOLUME.astype(np.float32) / 255
    made = nibabel.Nifti1Image(values, np.eye(4))
    made.set_data_dtype(np.int16)
    made.to_filename(tmp_path / "a.nii")
    assert np.allclose(read(tmp_path / "a.nii"), np.rot90(values).transpose(2, 0, 1), atol=1e-4)


def test_hounsfield_units_need_rescaling(tmp_path):
    written(tmp_path / "a.nii", np.linspace(-1024, 3071, 6 * 6 * 4).reshape(6, 6, 4).astype("i2"))
    with pytest.raises(InputError, match=r"holds values from -0\.03.*rescale=1-99"):
        load(f"folder:{tmp_path}", size=8)
    cohort = load(f"folder:{tmp_path} rescale=0-100", size=8)
    assert cohort.subjects.tolist() == ["a.nii"] * 4
    assert cohort.images.min() == 0
    assert cohort.images.max() == 1


@pytest.mark.parametrize("content", [b"", b"this is no volume", bytes(1000), gzip.compress(bytes(400), mtime=0)])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_damaged_files_are_named(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as a NIfTI file|holds"):
        load(f"folder:{tmp_path}", size=8)


def test_a_volume_cut_short(tmp_path):
    file = written(tmp_path / "a.nii", VOLUME)
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(InputError, match="cannot be read as a NIfTI file"):
        read(file)


@pytest.mark.parametrize("shape", [(30000, 30000, 1, 1), (10, 10, 30000, 30000)])
def test_a_huge_volume_is_refused(tmp_path, shape):
    file = written(tmp_path / "a.nii", VOLUME)
    header = nibabel.load(file).header
    header["dim"][:5] = 4, *shape
    file.write_bytes(header.binaryblock + file.read_bytes()[348:])
    with pytest.raises(InputError, match="claims to be"):
        read(file)


def test_colour_is_refused(tmp_path):
    file = written(tmp_path / "a.nii", np.zeros((4, 4, 2), [("R", "u1"), ("G", "u1"), ("B", "u1")]))
    with pytest.raises(InputError, match="expected grey slices"):
        read(file)


def test_without_nibabel_the_extra_is_named(tmp_path, monkeypatch):
    file = written(tmp_path / "a.nii", VOLUME)
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(InputError, match=r'needs nibabel. Run: pip install "cdae-lessons\[medical\]"'):
        read(file)
