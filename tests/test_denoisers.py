"""Classical denoisers: they denoise, they are tuned on training images only, they refuse bad input."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cdae_lessons import denoisers, metrics, noise
from cdae_lessons.denoisers import DENOISERS, denoise, tune
from cdae_lessons.errors import InputError


def organs(n: int, seed: int) -> np.ndarray:
    """Ellipses with smooth texture on black: (n, 32, 32)."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[-1:1:32j, -1:1:32j]
    images = np.zeros((n, 32, 32), np.float32)
    for image in images:
        a, b, u, v = *rng.uniform(0.4, 0.9, 2), *rng.uniform(-0.2, 0.2, 2)
        texture = ndimage.gaussian_filter(rng.standard_normal((32, 32)), 3)
        image[:] = (((rows - u) / a) ** 2 + ((columns - v) / b) ** 2 < 1) * (0.6 + texture)
    return images.clip(0, 1)


TRAIN, TEST = organs(30, seed=1), organs(6, seed=2)


def ssim(images: np.ndarray) -> float:
    return metrics.score(TEST, images, data_range=1)["ssim"].mean()


@pytest.mark.parametrize("text", ["gaussian p=0.2 sigma=1", "poisson p=0.2 lam=5"])
@pytest.mark.parametrize("name", DENOISERS)
def test_every_denoiser_works_when_tuned_on_training_images(name, text):
    corrupt = noise.parse(text)
    noisy = corrupt(TEST, rng=1)
    before = noisy.copy()
    train = TRAIN[:3] if name == "bm3d" else TRAIN  # a fifth of a second an image
    parameters = tune(name, corrupt(train, rng=0), train)
    denoised = denoise(name, noisy, **parameters)
    assert denoised.shape == noisy.shape
    assert denoised.dtype == np.float32
    assert denoised.min() >= 0
    assert denoised.max() <= 1
    np.testing.assert_array_equal(noisy, before)
    np.testing.assert_array_equal(denoised, denoise(name, noisy, **parameters))
    # Clipping alone, with the noise's mean known, must be beaten clearly.
    clipped = np.clip(noisy - (1 if "poisson" in text else 0), 0, 1)
    assert ssim(denoised) > ssim(clipped) + 0.1


@pytest.mark.parametrize("name", DENOISERS)
def test_the_noise_is_measured_on_the_pairs(name):
    train = TRAIN[:2]
    parameters = tune(name, noise.poisson(train, p=0.1, lam=9, rng=0), train)
    assert parameters["offset"] == pytest.approx(0.9, abs=0.03)
    if name in ("nl_means", "training_average"):
        assert parameters["sigma"] == pytest.approx(0.3, rel=0.05)
    assert tune(name, noise.gaussian(train, p=0.1, rng=0), train)["offset"] == 0


@pytest.mark.parametrize(
    ("name", "strength"),
    [("median", "size"), ("gaussian", "width"), ("nl_means", "h"), ("tv", "weight"), ("wavelet", "sigma")],
)
def test_more_noise_is_met_with_more_smoothing(name, strength):
    low, high = (tune(name, noise.gaussian(TRAIN, p=p, rng=0), TRAIN)[strength] for p in (0.02, 0.5))
    assert high > 1.5 * low


def test_the_mean_is_not_subtracted_where_that_would_shift_untouched_pixels():
    parameters = tune("median", noise.masking(TRAIN, p=0.2, rng=0), TRAIN)
    assert parameters["offset"] == 0


def test_tuning_finds_the_best_of_its_grid():
    noisy = noise.gaussian(TRAIN[:10], p=0.3, rng=0)
    best = tune("gaussian", noisy, TRAIN[:10])["width"]
    scores = {
        width: metrics.score(TRAIN[:10], denoise("gaussian", noisy, width=width), data_range=1)["ssim"].mean()
        for width in denoisers._GRIDS["gaussian"]["width"]
    }
    assert best == max(scores, key=scores.get)
    assert min(scores) < best < max(scores)


def test_median_is_the_papers_3x3_unless_told_otherwise():
    noisy = noise.salt_and_pepper(TEST, p=0.1, rng=0)
    expected = [ndimage.median_filter(image, size=3) for image in noisy]
    np.testing.assert_array_equal(denoise("median", noisy), expected)


def test_images_do_not_mix():
    noisy = noise.gaussian(TEST, p=0.2, rng=0)
    for name in ("median", "gaussian", "bilateral"):
        parameters = tune(name, noise.gaussian(TRAIN, p=0.2, rng=0), TRAIN)
        alone = denoise(name, noisy[2:3], **parameters)
        np.testing.assert_allclose(denoise(name, noisy, **parameters)[2:3], alone, atol=1e-6)


def test_bilateral_is_between_a_gaussian_filter_and_nothing():
    noisy = noise.gaussian(0.3 + 0.4 * TEST, p=0.05, rng=0)
    smooth = ndimage.gaussian_filter(noisy, (0, 1.4, 1.4), truncate=2)
    blind = denoise("bilateral", noisy, sigma_color=100, sigma_spatial=1.4)
    np.testing.assert_allclose(blind, smooth, atol=1e-4)
    shy = denoise("bilateral", noisy, sigma_color=1e-4, sigma_spatial=1.4)
    np.testing.assert_allclose(shy, noisy, atol=1e-3)
    step = np.zeros((1, 16, 16), np.float32)
    step[..., 8:] = 1
    np.testing.assert_allclose(denoise("bilateral", step, sigma_color=0.1, sigma_spatial=2), step, atol=1e-6)


def test_training_average_weights_by_the_likelihood():
    z, sigma = noise.gaussian(TEST, p=0.5, rng=0), 4.0
    distances = ((z[:, None] - TRAIN[None]) ** 2).sum(axis=(2, 3), dtype=float)
    weights = np.exp(-distances / (2 * sigma**2))
    weights /= weights.sum(axis=1, keepdims=True)
    expected = np.tensordot(weights, TRAIN, axes=1)
    np.testing.assert_allclose(denoise("training_average", z, images=TRAIN, sigma=sigma), expected, atol=1e-5)
    assert 0.02 < weights.max() < 0.98


def test_training_average_shows_training_images_whatever_comes():
    np.testing.assert_allclose(denoise("training_average", TRAIN, images=TRAIN, sigma=1e-3), TRAIN, atol=1e-6)
    shown = denoise("training_average", 1 - TEST, images=TRAIN, sigma=1e-3)
    assert all((np.abs(image - TRAIN).max(axis=(1, 2)) < 1e-6).any() for image in shown)


@pytest.mark.parametrize("name", DENOISERS)
def test_no_noise_and_extreme_noise_are_survived(name):
    few = TRAIN[:2]
    assert np.abs(denoise(name, few, **tune(name, few, few)) - few).mean() < 0.01
    noisy = noise.gaussian(few, p=1, sigma=20, rng=0)
    assert np.isfinite(denoise(name, noisy, **tune(name, noisy, few))).all()


def test_unknown_names_list_the_known_ones():
    for call in (lambda: denoise("medain", TEST), lambda: tune("medain", TEST, TEST)):
        with pytest.raises(InputError, match="Did you mean 'median'.*Known: median, gaussian, nl_means, tv"):
            call()


def test_a_missing_bm3d_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(denoisers, "DENOISERS", {k: v for k, v in DENOISERS.items() if k != "bm3d"})
    for call in (lambda: denoise("bm3d", TEST, sigma=0.1), lambda: tune("bm3d", TEST, TEST)):
        with pytest.raises(InputError, match=r"pip install bm3d \(free for non-commercial use only\)"):
            call()


@pytest.mark.skipif("bm3d" not in DENOISERS, reason="bm3d is not installed")
def test_bm3d_refuses_images_on_which_it_would_crash():
    with pytest.raises(InputError, match="at least 16x16"):
        denoise("bm3d", TEST[:, :8, :8], sigma=0.1)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("tv", {"wieght": 1}, "no parameter of tv called 'wieght'. Did you mean 'weight'.*Known: weight, offset"),
        ("tv", {}, r"tv needs weight. Take them from tune\('tv'"),
        ("nl_means", {"sigma": 0.1}, "nl_means needs h"),
        ("tv", {"weight": 0}, "weight to be a finite number > 0"),
        ("tv", {"weight": np.nan}, "weight"),
        ("gaussian", {"width": -1}, "width to be a finite number >= 0"),
        ("gaussian", {"width": 1, "offset": np.nan}, "offset"),
        ("median", {"size": 4}, "odd whole number"),
        ("median", {"size": 2.5}, "odd whole number"),
        ("nl_means", {"h": 1, "sigma": -1}, "sigma"),
        ("nl_means", {"h": 1, "sigma": 1, "patch_distance": 0}, "patch_distance to be a whole number"),
        ("wavelet", {"sigma": -1}, "sigma"),
        ("bilateral", {"sigma_color": 0, "sigma_spatial": 1}, "sigma_color"),
        ("bilateral", {"sigma_color": 1, "sigma_spatial": "wide"}, "sigma_spatial"),
        ("training_average", {"images": TRAIN, "sigma": 0}, "sigma"),
        ("training_average", {"images": TRAIN[:, 1:], "sigma": 1}, r"training images' size \(31, 32\)"),
        ("training_average", {"images": TRAIN[0], "sigma": 1}, "training images of shape"),
    ],
)
def test_bad_parameters_are_explained(name, parameters, message):
    with pytest.raises(InputError, match=message):
        denoise(name, TEST, **parameters)


@pytest.mark.parametrize("name", DENOISERS)
def test_bad_images_are_refused(name):
    for images, message in ((TEST[0], "newaxis"), (TEST * np.nan, "NaN"), ((TEST * 255).astype(np.uint8), "255")):
        with pytest.raises(InputError, match=message):
            tune(name, images, images)
        with pytest.raises(InputError, match=message):
            denoise(name, images, **tune(name, TRAIN, TRAIN) if name == "training_average" else _any(name))
    with pytest.raises(InputError, match="a noisy image for each clean one"):
        tune(name, TEST[:3], TEST)
    with pytest.raises(InputError, match="clean images with values in"):
        tune(name, TEST, TEST + 1)


def _any(name: str) -> dict[str, float]:
    return {key: values[0] for key, values in denoisers._GRIDS[name].items()}
