"""A lesion of known place, size and contrast."""

import numpy as np
import pytest

from cdae_lessons import lesions
from cdae_lessons.errors import InputError


@pytest.fixture
def grey():
    return np.full((2, 21, 31), 0.4, np.float32)


def test_profile(grey):
    added = lesions.insert(grey, centre=(10, 20), radius=4, contrast=0.3) - grey
    assert added.dtype == np.float32
    assert added.shape == grey.shape
    np.testing.assert_array_equal(added[0], added[1])  # one lesion in every image
    assert np.unravel_index(added[0].argmax(), added[0].shape) == (10, 20)  # row first
    np.testing.assert_allclose(added[0, 10, [20, 24, 16, 28]], [0.3, 0.15, 0.15, 0], atol=1e-6)
    np.testing.assert_allclose(added[0, [14, 6, 18], 20], [0.15, 0.15, 0], atol=1e-6)
    rows, columns = np.indices((21, 31))
    np.testing.assert_allclose(added[0][np.hypot(rows - 10, columns - 20) >= 8], 0, atol=1e-7)
    assert (np.diff(added[0, 10, 20:]) <= 1e-6).all()  # falls all the way


def test_dark_none_and_clipped(grey):
    dark = lesions.insert(grey, centre=(10, 20), contrast=-0.3)
    assert dark[0, 10, 20] == pytest.approx(0.1)
    np.testing.assert_array_equal(lesions.insert(grey, centre=(10, 20), contrast=0), grey)
    assert lesions.insert(grey, centre=(10, 20), contrast=1).max() == 1
    assert lesions.insert(grey, centre=(10, 20), contrast=-1).min() == 0


def test_leaves_its_input_alone(grey):
    before = grey.copy()
    lesions.insert(grey, centre=(10, 20))
    np.testing.assert_array_equal(grey, before)


def test_corner_and_fractions(grey):
    assert lesions.insert(grey, centre=(0, 30), contrast=0.3)[0, 0, 30] == pytest.approx(0.7)
    added = lesions.insert(grey, centre=(10.5, 20.5), contrast=0.3) - grey
    np.testing.assert_allclose(added[0, 10:12, 20:22], added[0, 10, 20])


def test_disc_is_where_half_the_contrast_is_left(grey):
    disc = lesions.disc((21, 31), centre=(10, 20), radius=4)
    added = lesions.insert(grey, centre=(10, 20), radius=4, contrast=0.4) - grey
    np.testing.assert_array_equal(disc, added[0] >= 0.2 - 1e-6)
    assert disc.dtype == bool


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"centre": (21, 3)}, "rows 0 to 20"),
        ({"centre": (3, -1)}, "columns 0 to 30"),
        ({"centre": 3}, "received 3"),
        ({"centre": (1, 2, 3)}, "row, column"),
        ({"centre": ("a", "b")}, "row, column"),
        ({"centre": (np.nan, 3)}, "inside the image"),
        ({"radius": 0}, "radius"),
        ({"radius": np.inf}, "radius"),
        ({"contrast": 1.5}, "contrast"),
        ({"contrast": np.nan}, "contrast"),
    ],
)
def test_wrong_input(grey, wrong, message):
    with pytest.raises(InputError, match=message):
        lesions.insert(grey, **{"centre": (10, 20), **wrong})


def test_wrong_images(grey):
    with pytest.raises(InputError, match="shape"):
        lesions.insert(grey[0], centre=(10, 20))
    with pytest.raises(InputError, match=r"\[0, 1\]"):
        lesions.insert(grey * 255, centre=(10, 20))
