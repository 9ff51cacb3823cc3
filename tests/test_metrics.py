"""Scores: scikit-image's SSIM, its parts, intervals and masks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from samples import mammograms, needs_mias
from skimage.draw import ellipse
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from cdae_lessons import metrics
from cdae_lessons.errors import DataNotice, InputError


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    clean = rng.random((6, 24, 31), dtype=np.float32)
    return clean, clean + rng.normal(0, 0.5, clean.shape).astype(np.float32)


@pytest.mark.parametrize("data_range", [1, 2])
def test_scores_are_those_of_scikit_image(pair, data_range):
    clean, noisy = pair
    table = metrics.score(clean, noisy, data_range=data_range)
    assert list(table) == ["ssim", "psnr", "mse"]
    for row, x, y in zip(table.itertuples(), clean, noisy, strict=True):
        assert row.ssim == pytest.approx(structural_similarity(x, y, data_range=data_range), abs=1e-5)
        assert row.psnr == pytest.approx(peak_signal_noise_ratio(x, y, data_range=data_range), abs=1e-4)
        assert row.mse == pytest.approx(np.mean((x - y) ** 2), rel=1e-5)


def test_equal_images_have_the_best_score_without_a_warning(pair):
    table = metrics.score(pair[0], pair[0], data_range=1)
    np.testing.assert_allclose(table["ssim"], 1)
    assert np.isposinf(table["psnr"]).all()
    assert (table["mse"] == 0).all()


def test_a_mask_limits_the_score(pair):
    clean, _ = pair
    half = np.zeros(clean.shape, bool)
    half[:, :, :12] = True
    spoilt = np.where(half, clean, 1 - clean)
    inside = metrics.score(clean, spoilt, data_range=1, mask=half)
    outside = metrics.score(clean, spoilt, data_range=1, mask=~half)
    assert (inside["mse"] == 0).all()
    assert (inside["ssim"] > 0.6).all()  # windows at the edge see both halves
    assert (outside["ssim"] < 0.1).all()
    expected = np.mean((clean - spoilt)[:, :, 12:] ** 2, axis=(1, 2))
    np.testing.assert_allclose(outside["mse"], expected, rtol=1e-5)
    np.testing.assert_allclose(outside["psnr"], -10 * np.log10(expected), rtol=1e-5)


def test_an_image_without_a_pixel_to_score_is_nan_and_left_out_of_means(pair):
    clean, noisy = pair
    mask = np.ones(clean.shape, bool)
    mask[[1, 3]] = False
    mask[3, :3] = True  # the border does not count
    subjects = np.arange(len(clean)) % 3
    with pytest.warns(DataNotice, match=f"no pixel to score in 2 of {len(clean)} images, number 1, 3:"):
        table = metrics.score(clean, noisy, data_range=1, mask=mask)
    with pytest.warns(DataNotice):
        means = metrics.compare(clean, {"noisy": noisy}, data_range=1, mask=mask, subjects=subjects)
    left = [i for i in range(len(clean)) if i not in (1, 3)]
    assert table.isna().all(axis=1).tolist() == [i in (1, 3) for i in range(len(clean))]
    pd.testing.assert_frame_equal(
        means, metrics.compare(clean[left], {"noisy": noisy[left]}, data_range=1, subjects=subjects[left])
    )


def test_a_full_mask_changes_nothing(pair):
    full = metrics.score(*pair, data_range=1, mask=np.ones(pair[0].shape, bool))
    np.testing.assert_allclose(full, metrics.score(*pair, data_range=1))


def test_parts_multiply_to_scikit_images_ssim(pair):
    parts = metrics.ssim_parts(*pair, data_range=1)
    product = parts.luminance * parts.contrast * parts.structure
    for ours, x, y in zip(product, *pair, strict=True):
        mean, theirs = structural_similarity(x.astype(float), y.astype(float), data_range=1, full=True)
        np.testing.assert_allclose(ours, theirs, atol=1e-10)
        assert ours[3:-3, 3:-3].mean() == pytest.approx(mean, abs=1e-10)
    assert max(part.max() for part in parts) <= 1 + 1e-12


def test_each_part_sees_its_own_kind_of_difference(pair):
    clean = 0.25 + 0.25 * pair[0]
    luminance, contrast, structure = metrics.ssim_parts(clean, clean + 0.4, data_range=1)
    assert luminance.max() < 0.9
    np.testing.assert_allclose([contrast, structure], 1, atol=1e-5)

    mean = clean.mean()
    luminance, contrast, structure = metrics.ssim_parts(clean, mean + 0.2 * (clean - mean), data_range=1)
    assert luminance.min() > 0.9
    assert contrast.max() < 0.8
    assert structure.min() > 0.7

    _, contrast, structure = metrics.ssim_parts(clean, clean.max() - clean + clean.min(), data_range=1)
    np.testing.assert_allclose(contrast, 1, atol=1e-5)
    assert structure.max() < -0.2


def test_compare_gives_means_with_intervals_in_the_order_given(pair):
    clean, noisy = pair
    table = metrics.compare(clean, {"noisy": noisy, "half": (clean + noisy) / 2}, data_range=1)
    assert table.index.to_list() == ["noisy", "half"]
    assert list(table) == [m + end for m in ("ssim", "psnr", "mse") for end in ("", "_low", "_high")]
    for name, images in (("noisy", noisy), ("half", (clean + noisy) / 2)):
        scores = metrics.score(clean, images, data_range=1)
        for metric in scores:
            assert table.loc[name, metric] == pytest.approx(scores[metric].mean())
            low, high = metrics.bootstrap_interval(scores[metric].to_numpy())
            assert (table.loc[name, f"{metric}_low"], table.loc[name, f"{metric}_high"]) == pytest.approx((low, high))
    assert table.loc["half", "ssim_low"] > table.loc["noisy", "ssim_high"]


def test_compare_stands_equal_images(pair):
    row = metrics.compare(pair[0], {"clean": pair[0]}, data_range=1).loc["clean"]
    assert row["ssim_low"] == pytest.approx(1)
    assert row[["psnr", "psnr_low", "psnr_high"]].to_list() == [np.inf] * 3


def test_the_interval_is_as_wide_as_statistics_say():
    values = np.random.default_rng(0).normal(5, 2, 200)
    low, high = metrics.bootstrap_interval(values)
    error = values.std() / np.sqrt(200)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)
    assert (low, high) == metrics.bootstrap_interval(values)
    assert (low, high) != metrics.bootstrap_interval(values, seed=1)


def test_images_of_one_subject_count_together():
    per_subject = np.random.default_rng(0).normal(size=50)
    values, subjects = np.repeat(per_subject, 4), np.repeat(np.arange(50), 4)
    single = np.ptp(metrics.bootstrap_interval(per_subject))
    assert np.ptp(metrics.bootstrap_interval(values, subjects=subjects)) == pytest.approx(single)
    assert np.ptp(metrics.bootstrap_interval(values)) == pytest.approx(single / 2, rel=0.1)


def test_subjects_with_more_images_weigh_more():
    low, high = metrics.bootstrap_interval(np.array([0.0, 0, 0, 1]), subjects=np.array(["a", "a", "a", "b"]))
    assert (low, high) == (0, 1)
    columns = metrics.bootstrap_interval(np.ones((4, 3)), subjects=np.array(["a", "a", "a", "b"]))
    np.testing.assert_array_equal(columns, np.ones((2, 3)))


def test_one_subject_has_no_interval():
    assert np.isnan(metrics.bootstrap_interval(np.array([0.5, 0.7]), subjects=np.array([1, 1]))).all()


@pytest.mark.parametrize(
    ("values", "subjects"),
    [([], None), ([np.nan], None), ([[1, np.nan], [1, 2]], None), ([1, 2], [1]), ([1, 2], [[1, 2], [3, 4]])],
)
def test_bootstrap_refuses_bad_values(values, subjects):
    with pytest.raises(InputError, match="scores without NaN"):
        metrics.bootstrap_interval(values, subjects=subjects)


def test_the_body_is_found_without_holes_or_labels():
    image, body = np.full((64, 64), 0.01, np.float32), np.zeros((64, 64), bool)
    body[ellipse(34, 30, 20, 16)] = True
    image[body] = 0.5
    image[ellipse(34, 30, 5, 5)] = 0  # a ventricle belongs to the body
    image[3:9, 50:60] = 1  # a film label does not
    found = metrics.body_mask(np.stack([image, 0.3 * image, np.zeros_like(image), np.ones_like(image)]))
    assert found.dtype == bool
    for mask in found[:2]:
        assert np.mean(mask != body) < 0.05
        assert mask[34, 30]
        assert not mask[:10, 48:].any()
    assert not found[2].any()
    assert found[3].all()


def test_both_of_two_organs_are_kept():
    image = np.zeros((1, 64, 64), np.float32)
    image[0][ellipse(32, 16, 20, 10)] = 0.6
    image[0][ellipse(32, 48, 16, 9)] = 0.6
    mask = metrics.body_mask(image)[0]
    assert mask[32, 16]
    assert mask[32, 48]
    assert not mask[32, 32]


@needs_mias
def test_in_mammograms_the_mask_leaves_out_the_background():
    images = mammograms()
    mask = metrics.body_mask(images)
    assert ((mask.mean(axis=(1, 2)) > 0.2) & (mask.mean(axis=(1, 2)) < 0.6)).all()
    black = np.zeros_like(images)
    assert metrics.score(images, black, data_range=1)["ssim"].mean() > 0.3
    assert metrics.score(images, black, data_range=1, mask=mask)["ssim"].mean() < 0.01


def test_mistakes_are_explained(pair):
    clean, noisy = pair
    for call, message in (
        (lambda: metrics.score(clean, noisy[:3], data_range=1), r"of the same size.*received \(3, 24, 31\)"),
        (lambda: metrics.score(clean[:, :6], noisy[:, :6], data_range=1), "at least 7x7 pixels"),
        (lambda: metrics.score(clean * 255, noisy, data_range=1), "clean images with values in"),
        (lambda: metrics.score(clean, noisy * np.nan, data_range=1), "finite"),
        (lambda: metrics.score(clean, noisy, data_range=0), "data_range to be a finite number > 0"),
        (lambda: metrics.ssim_parts(clean, noisy, data_range=-1), "data_range"),
        (lambda: metrics.compare(clean, {"a": noisy}, data_range=np.nan), "data_range"),
        (lambda: metrics.score(clean, noisy, data_range=1, mask=np.ones(clean.shape)), "type bool"),
        (lambda: metrics.score(clean, noisy, data_range=1, mask=np.ones(clean[0].shape, bool)), "shape"),
        (lambda: metrics.score(clean, noisy, data_range=1, mask=clean < 0), "no pixel to score in any image"),
        (lambda: metrics.compare(clean, {"a": noisy}, data_range=1, subjects=np.arange(3)), "one subject for each"),
        (lambda: metrics.body_mask(clean[0]), "newaxis"),
    ):
        with pytest.raises(InputError, match=message):
            call()
    with pytest.raises(TypeError, match="data_range"):
        metrics.score(clean, noisy)
