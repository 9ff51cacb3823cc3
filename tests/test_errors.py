"""Checks of input: what passes unchanged, and what the messages say."""

from __future__ import annotations

import re

import numpy as np
import pytest
from skimage.color import rgb2gray

from cdae_lessons.errors import InputError, check_count, check_images, check_number, check_rng, known

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


@pytest.mark.parametrize(
    ("shape", "remedy"),
    [
        ((5, 8, 8, 1), r"Drop the channel axis: images\[\.\.\., 0\]\.$"),
        ((5, 1, 8, 8), r"Drop the channel axis: images\[:, 0\]\.$"),
        ((5, 8, 8, 3), r"grey: skimage\.color\.rgb2gray\(images\)\.$"),
        ((5, 8, 8, 4), r"rgb2gray\(images\[\.\.\., :3\]\)\.$"),
        ((5, 3, 8, 8), r"rgb2gray\(np\.moveaxis\(images, 1, -1\)\)\.$"),
        ((5, 9, 8, 8), r"Take one channel, slice or frame of each image\.$"),
    ],
)
def test_other_axes_are_answered_with_what_makes_grey_images_of_them(shape, remedy):
    with pytest.raises(InputError, match=remedy) as error:
        check_images(np.zeros(shape))
    way = re.search(r"(images\[\S+ ?\S*\]|rgb2gray\(.*\))\.$", str(error.value))
    if way:
        made = eval(way[1], {"images": np.zeros(shape), "np": np, "rgb2gray": rgb2gray})  # noqa: S307 - our own text
        assert check_images(made).shape == (5, 8, 8)


def test_images_of_unequal_sizes_are_answered():
    with pytest.raises(InputError, match=r"Expected photographs of one size.*np\.stack"):
        check_images([np.zeros((8, 8)), np.zeros((8, 9))], what="photographs")


@pytest.mark.parametrize("value", [None, -1, 1.5, "a", np.nan])
def test_what_is_no_seed_is_answered(value):
    with pytest.raises(InputError, match="Expected seed to be a whole number >= 0; received"):
        check_count(value, what="seed")


@pytest.mark.parametrize("rng", [-1, 1.5, "a"])
def test_what_is_no_source_of_randomness_is_answered(rng):
    with pytest.raises(InputError, match="Expected rng to be a numpy.random.Generator, a whole number"):
        check_rng(rng)


def test_a_generator_goes_on_where_it_was():
    rng = np.random.default_rng(3)
    assert check_rng(rng) is rng
    assert check_rng(3).random() == rng.random()


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
