"""Checks of input: what passes unchanged, and what the messages say."""

from __future__ import annotations

import numpy as np
import pytest

from cdae_lessons.errors import InputError, check_images, check_number, known

IMAGES = np.random.default_rng(0).random((2, 5, 4), dtype=np.float32)


def test_known_names_pass_and_others_list_what_there_is():
    assert known("brain", ["brain", "fundus"], what="data set") == "brain"
    with pytest.raises(InputError, match=r"no data set called 'Brian'. Did you mean 'brain'\? Known: brain, fundus\."):
        known("Brian", iter(["brain", "fundus"]), what="data set")
    with pytest.raises(InputError, match=r"called 'xyz'\. Known"):
        known("xyz", ["brain"], what="data set")
    with pytest.raises(InputError, match="called None"):
        known(None, ["brain"], what="data set")


def test_good_images_pass_as_float32_without_a_copy():
    assert check_images(IMAGES) is IMAGES
    assert check_images(IMAGES.astype(float)).dtype == np.float32
    assert check_images(5 * IMAGES - 2, in_range=False).max() > 1


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[0], r"received shape \(5, 4\).*newaxis"),
        (IMAGES[..., np.newaxis], r"images\[\.\.\., 0\]"),
        (IMAGES[:0], "N, H, W >= 1"),
        (IMAGES > 0.5, "floating-point type; received bool"),
        (IMAGES.astype(complex), "floating-point type; received complex"),
        ((255 * IMAGES).astype(np.uint8), "received uint8.*Divide 8-bit images by 255"),
        (255 * IMAGES, r"clean with values in \[0, 1\]; received .* to 2"),
        (-IMAGES, "values in"),
        (np.where(IMAGES > 0.5, np.inf, IMAGES), "NaN or infinity"),
    ],
)
def test_bad_images_are_explained(images, message):
    with pytest.raises(InputError, match=message):
        check_images(images, what="clean")


@pytest.mark.parametrize(("value", "limits"), [(0, {}), (2, {}), ("0.5", {}), (-3, {"low": -np.inf}), (1, {"high": 1})])
def test_good_numbers_pass_as_float(value, limits):
    assert check_number(value, what="p", **limits) == float(value)


@pytest.mark.parametrize(
    ("value", "limits", "message"),
    [
        (-0.1, {}, r"Expected p to be a finite number >= 0; received -0\.1"),
        (np.nan, {}, "received nan"),
        (np.inf, {"low": -np.inf}, "a finite number; received inf"),
        ("much", {}, "received 'much'"),
        (None, {}, "received None"),
        ([1, 2], {}, r"received \[1, 2\]"),
        (1.5, {"high": 1}, ">= 0 and <= 1; received 1.5"),
        (0, {"above": True}, "number > 0; received 0"),
    ],
)
def test_bad_numbers_are_explained(value, limits, message):
    with pytest.raises(InputError, match=message):
        check_number(value, what="p", **limits)


def test_the_error_is_a_value_error():
    assert issubclass(InputError, ValueError)
