"""Noise: each model's statistics, which no noise at all would fail, and its errors."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from samples import mammograms, needs_mias

from cdae_lessons import metrics, noise
from cdae_lessons.errors import InputError

RAMP = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(1, 64, 64).repeat(40, axis=0)


def grey(value: float, shape: tuple[int, ...] = (50, 64, 64)) -> np.ndarray:
    return np.full(shape, value, np.float32)


@pytest.mark.parametrize("name", noise.NOISES)
def test_every_model_keeps_the_shape_and_is_reproducible(name):
    corrupt, before = noise.NOISES[name], RAMP.copy()
    noisy = corrupt(RAMP, rng=3)
    assert noisy.shape == RAMP.shape
    assert noisy.dtype == np.float32
    assert np.isfinite(noisy).all()
    np.testing.assert_array_equal(RAMP, before)
    np.testing.assert_array_equal(noisy, corrupt(RAMP, rng=3))
    np.testing.assert_array_equal(noisy, corrupt(RAMP, rng=np.random.default_rng(3)))
    np.testing.assert_array_equal(noisy, corrupt(RAMP.astype(np.float64), rng=3))
    rng = np.random.default_rng(3)
    for other in (corrupt(RAMP, rng=4), corrupt(RAMP), [corrupt(RAMP, rng=rng) for _ in range(2)][1]):
        assert np.mean(noisy != other) > 0.05


@pytest.mark.parametrize("name", noise.NOISES)
def test_every_model_draws_noise_for_each_image_and_pixel(name):
    noisy = noise.NOISES[name](grey(0.5), rng=0)
    assert noisy.std() > 0.02
    for a, b in ((noisy[:-1], noisy[1:]), (noisy[:, :-1], noisy[:, 1:]), (noisy[:, :, :-1], noisy[:, :, 1:])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.015  # about 6 standard errors


@pytest.mark.parametrize("name", noise.NOISES)
def test_clipping_is_only_done_when_asked(name):
    corrupt, reaches = noise.NOISES[name], name not in ("masking", "salt_and_pepper")
    free, clipped = corrupt(RAMP, rng=0), corrupt(RAMP, rng=0, clip=True)
    assert (free.max() > 1) == reaches
    np.testing.assert_array_equal(clipped, np.clip(free, 0, 1))


def test_gaussian_scales_the_noise_by_the_factor_p():
    error = noise.gaussian(grey(0.3), p=0.2, sigma=5, mean=2, rng=0) - 0.3
    assert error.mean() == pytest.approx(0.4, abs=0.01)
    assert error.std() == pytest.approx(1.0, rel=0.01)
    assert np.mean(np.abs(error - 0.4) < 1) == pytest.approx(0.6827, abs=0.005)
    assert noise.gaussian(grey(0), rng=0).min() < -0.3


def test_poisson_adds_multiples_of_p_with_its_mean_and_variance():
    error = noise.poisson(grey(0.25), p=0.2, lam=5, rng=0).astype(float) - 0.25
    np.testing.assert_allclose(error / 0.2, np.round(error / 0.2), atol=1e-5)
    assert error.mean() == pytest.approx(1.0, rel=0.01)
    assert error.var() == pytest.approx(0.2, rel=0.02)


@pytest.mark.parametrize(("x", "peak"), [(0.8, 50), (0.2, 50), (0.5, 4)])
def test_shot_noise_grows_with_the_light(x, peak):
    noisy = noise.shot(grey(x), peak=peak, rng=0).astype(float)
    np.testing.assert_allclose(noisy * peak, np.round(noisy * peak), atol=1e-4)
    assert noisy.mean() == pytest.approx(x, rel=0.01)
    assert noisy.var() == pytest.approx(x / peak, rel=0.02)
    assert not noise.shot(grey(0), peak=peak, rng=0).any()


def test_masking_sets_a_share_of_pixels_to_zero_and_leaves_the_rest():
    noisy = noise.masking(grey(0.6), p=0.3, rng=0)
    assert np.mean(noisy == 0) == pytest.approx(0.3, abs=0.005)
    assert set(np.unique(noisy)) == {np.float32(0), np.float32(0.6)}
    assert not noise.masking(grey(0.6), p=1, rng=0).any()


def test_salt_and_pepper_replaces_half_by_white_and_half_by_black():
    noisy = noise.salt_and_pepper(grey(0.6), p=0.4, rng=0)
    assert np.mean(noisy == 0) == pytest.approx(0.2, abs=0.005)
    assert np.mean(noisy == 1) == pytest.approx(0.2, abs=0.005)
    assert np.mean(noisy == np.float32(0.6)) == pytest.approx(0.6, abs=0.005)


@pytest.mark.parametrize("x", [0.2, 0.9])
def test_speckle_is_proportional_to_the_signal(x):
    noisy = noise.speckle(grey(x), sigma=0.3, rng=0)
    assert noisy.mean() == pytest.approx(x, rel=0.01)
    assert noisy.std() == pytest.approx(0.3 * x, rel=0.01)


def test_rician_noise_lifts_the_background():
    background = noise.rician(grey(0), sigma=0.2, rng=0)
    assert background.min() >= 0
    assert background.mean() == pytest.approx(0.2 * np.sqrt(np.pi / 2), rel=0.01)
    signal = noise.rician(grey(0.5), sigma=0.2, rng=0).astype(float)
    assert np.mean(signal**2) == pytest.approx(0.5**2 + 2 * 0.2**2, rel=0.01)


@pytest.mark.parametrize("name", ["gaussian", "poisson", "masking", "salt_and_pepper"])
def test_p_zero_is_no_noise(name):
    np.testing.assert_array_equal(noise.NOISES[name](RAMP, p=0, rng=0), RAMP)


@needs_mias
def test_the_factor_reading_of_p_gives_the_papers_scores():
    images = mammograms()
    noisy = noise.gaussian(images, p=0.1, sigma=1, rng=0)
    share = np.where(np.random.default_rng(0).random(images.shape) < 0.1, noise.gaussian(images, p=1, rng=1), images)
    assert metrics.score(images, noisy, data_range=2)["ssim"].mean() == pytest.approx(0.45, abs=0.04)
    assert metrics.score(images, share, data_range=2)["ssim"].mean() < 0.3


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("gaussian", {"p": -0.1}),
        ("gaussian", {"sigma": -1}),
        ("gaussian", {"sigma": np.nan}),
        ("gaussian", {"mean": np.inf}),
        ("poisson", {"lam": -1}),
        ("poisson", {"lam": 1e20}),
        ("poisson", {"p": "much"}),
        ("shot", {"peak": 0}),
        ("masking", {"p": 1.1}),
        ("salt_and_pepper", {"p": np.nan}),
        ("speckle", {"sigma": -0.1}),
        ("rician", {"sigma": None}),
    ],
)
def test_bad_levels_are_refused_by_name(name, levels):
    with pytest.raises(InputError, match=rf"Expected {next(iter(levels))} to be a finite number"):
        noise.NOISES[name](RAMP, **levels)


@pytest.mark.parametrize("name", noise.NOISES)
def test_bad_images_are_refused(name):
    for images, message in (
        (RAMP[0], "newaxis"),
        (RAMP[..., None], "channel axis"),
        (RAMP[:0], "shape"),
        ((RAMP * 255).astype(np.uint8), "Divide 8-bit images by 255"),
        (RAMP * 255, "values in"),
        (RAMP - 0.5, "values in"),
        (np.where(RAMP > 0.5, np.nan, RAMP), "NaN"),
    ):
        with pytest.raises(InputError, match=message):
            noise.NOISES[name](images, rng=0)


def test_noises_cannot_be_changed():
    with pytest.raises(TypeError):
        noise.NOISES["gaussian"] = noise.poisson


@pytest.mark.parametrize(
    "text",
    ["gaussian p=0.5 sigma=1", "gaussian p=0.2 mean=-0.5 sigma=10", "poisson p=0.2 lam=5", "shot peak=12.5", "rician"],
)
def test_parse_and_name_are_inverse(text):
    corrupt = noise.parse(text)
    assert noise.name(corrupt) == text
    function, *pairs = text.split()
    levels = {k: float(v) for k, v in (pair.split("=") for pair in pairs)}
    np.testing.assert_array_equal(corrupt(RAMP, rng=0), noise.NOISES[function](RAMP, rng=0, **levels))


def test_name_is_short_and_leaves_out_the_seed():
    assert noise.name(partial(noise.gaussian, p=1 / 3, sigma=1.0, rng=3)) == "gaussian p=0.333333333333 sigma=1"
    assert noise.name(noise.masking) == "masking"
    for text in ("gaussian sigma=2 p=0.3 mean=0.1", "gaussian mean=0.1 p=.3 sigma=2.0"):  # one noise, one name
        assert noise.name(noise.parse(text)) == "gaussian p=0.3 mean=0.1 sigma=2"
    assert noise.name(partial(noise.gaussian, sigma=2, p=0.3)) == "gaussian p=0.3 sigma=2"
    with pytest.raises(InputError, match=r"a function of cdae_lessons\.noise"):
        noise.name(np.abs)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gausian p=0.5", r"Did you mean 'gaussian'\? Known: gaussian, poisson"),
        ("", "no noise model called ''"),
        ("gaussian lam=5", "no parameter of gaussian called 'lam'.*Known: p, mean, sigma, clip"),
        ("gaussian rng=5", "no parameter of gaussian called 'rng'"),
        ("gaussian p", "key=value"),
        ("gaussian p=1 p=2", "once"),
        ("gaussian p=a", "Expected p in 'gaussian p=a' to be a finite number"),
        ("gaussian p=-1", "Expected p to be a finite number >= 0"),
        ("shot peak=nan", "Expected peak"),
    ],
)
def test_parse_explains_mistakes(text, message):
    with pytest.raises(InputError, match=message):
        noise.parse(text)


def test_noise_scores_and_denoisers_need_no_keras():
    code = "import sys, cdae_lessons.noise, cdae_lessons.metrics, cdae_lessons.denoisers, cdae_lessons.plotting\n"
    code += "assert not {'keras', 'torch', 'jax', 'tensorflow', 'matplotlib.pyplot', 'bm3d'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True)
