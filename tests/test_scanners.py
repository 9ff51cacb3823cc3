"""Scanners: projections and their inverse, and what the noise of each does to neighbouring pixels."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest
from scipy.special import ive
from skimage.transform import radon

from cdae_lessons import models, noise, scanners, training
from cdae_lessons.datasets import load
from cdae_lessons.errors import InputError

SCANNERS = {"low_dose_ct": scanners.low_dose_ct, "mri": scanners.mri}


def disc(size=64, *, grey=0.5, radius=0.4, at=(0.0, 0.0)):
    centres = (np.arange(size) - (size - 1) / 2) / size
    down, right = np.meshgrid(centres, centres, indexing="ij")
    return np.where(np.hypot(down - at[0], right - at[1]) < radius, grey, 0).astype(np.float32)[None]


def neighbours(noise_alone):
    """Correlation of the noise in pixels side by side."""
    return np.corrcoef(noise_alone[..., :-1].ravel(), noise_alone[..., 1:].ravel())[0, 1]


@pytest.mark.parametrize("name", SCANNERS)
def test_a_scan_keeps_the_shape_and_is_reproducible(name):
    scan, images = SCANNERS[name], np.concatenate([disc(32), disc(32, grey=0.9)])
    before = images.copy()
    seen = scan(images, rng=3)
    assert seen.shape == images.shape
    assert seen.dtype == np.float32
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(seen, scan(images, rng=np.random.default_rng(3)))
    for other in (scan(images, rng=4), scan(images)):
        assert np.mean(seen != other) > 0.5
    grey = scan(np.full((2, 32, 32), 0.5, np.float32), rng=3)
    assert abs(np.corrcoef(*(grey - 0.5).reshape(2, -1))[0, 1]) < 0.9  # each image has noise of its own


def test_a_ray_through_a_disc_sees_its_grey_value_times_its_width():
    rays = scanners.project(disc(), views=36)
    assert rays.shape == (1, 36, scanners.project(disc(), views=1).shape[2])
    half = rays.shape[2] // 2
    middle = rays[0, :, half - 1 : half + 2].mean(1)
    np.testing.assert_allclose(middle, 0.5 * 0.8, atol=0.03)
    np.testing.assert_allclose(rays.sum(2) * 64, disc().sum(), rtol=1e-5)  # no view loses any of the image


def test_views_are_those_of_scikit_image():
    image = disc(at=(0.05, -0.2), radius=0.15)
    angles = np.arange(45) * 4.0
    theirs = radon(image[0], theta=angles, circle=False)[1:-1].T / 64
    ours = scanners.project(image, views=45)[0]
    width = min(theirs.shape[1], ours.shape[1])
    middles = [(a.shape[1] - width) // 2 for a in (theirs, ours)]
    cut = [a[:, m : m + width].ravel() for a, m in zip((theirs, ours), middles, strict=True)]
    assert np.corrcoef(*cut)[0, 1] > 0.99  # .86 where up and down are exchanged


@pytest.mark.parametrize("window", scanners.WINDOWS)
@pytest.mark.parametrize("size", [32, 63])
def test_without_noise_the_image_comes_back(window, size):
    image = disc(size)
    back = scanners.reconstruct(scanners.project(image, views=120), size=size, window=window)
    assert back.dtype == np.float32
    inside, outside = disc(size, radius=0.3)[0] > 0, disc(size, radius=0.45)[0] == 0
    assert back[0][inside].mean() == pytest.approx(0.5, abs=0.01)
    assert np.abs(back[0][inside] - 0.5).max() < 0.05
    assert back[0][outside].mean() == pytest.approx(0, abs=0.01)


def test_a_ct_has_noise_like_that_of_its_photons():
    images = np.repeat(disc(grey=0.8), 20, axis=0)
    inside = np.broadcast_to(disc(radius=0.2) > 0, images.shape)
    clear = scanners.low_dose_ct(images, photons=1e9, rng=0)
    assert np.abs(clear - images)[inside].max() < 0.05
    spread = [(scanners.low_dose_ct(images, photons=n, rng=0) - clear)[inside].std() for n in (1e3, 4e3, 1.6e4)]
    assert spread[0] / spread[1] == pytest.approx(2, rel=0.05)  # as the root of their number
    assert spread[1] / spread[2] == pytest.approx(2, rel=0.05)


def test_a_ct_without_any_photon_is_an_image_still():
    dark = scanners.low_dose_ct(np.ones((1, 32, 32), np.float32), photons=0.1, rng=0)
    assert np.isfinite(dark).all()


def test_noise_of_a_ct_is_correlated_as_that_of_pixels_is_not():
    grey = np.full((20, 64, 64), 0.5, np.float32)
    pixels = noise.gaussian(grey, p=1, sigma=0.1, rng=0) - grey
    assert abs(neighbours(pixels)) < 0.02
    found = {}
    for window in scanners.WINDOWS:
        many, few = (scanners.low_dose_ct(grey, photons=photons, window=window, rng=0) for photons in (1e9, 1e4))
        found[window] = neighbours((few - many)[:, 16:-16, 16:-16])
    assert found["hann"] > 0.5
    assert 0.05 < found["ramp"] < 0.2


def test_the_noise_of_a_ray_is_that_of_the_logarithm_of_its_photons(monkeypatch):
    images, photons = np.repeat(disc(32, grey=0.7), 400, axis=0), 2e3
    seen = []
    monkeypatch.setattr(scanners, "reconstruct", lambda rays, **_: seen.append(rays) or rays)
    scanners.low_dose_ct(images, photons=photons, views=8, rng=0)
    through = np.exp(-scanners.ABSORPTION * scanners.project(images[:1], views=8)[0].astype(float))
    theory = 1 / np.sqrt(photons * through) / scanners.ABSORPTION  # to first order
    np.testing.assert_allclose(np.std(seen[0], axis=0) / theory, 1, atol=0.15)
    assert np.mean(np.std(seen[0], axis=0) / theory) == pytest.approx(1, abs=0.01)
    assert theory.max() > 1.5 * theory.min()


def test_the_noise_of_a_ct_has_the_power_spectrum_of_its_filter():
    """Equal noise on all rays, with a filter of response H, gives noise of power |H(f)|² / f in the image."""
    size, count = 64, 200
    bins = scanners.project(np.zeros((1, size, size), np.float32), views=90).shape[2]
    rays = np.random.default_rng(0).standard_normal((count, 90, bins)).astype(np.float32)
    for window, at_half in (("ramp", 1.0), ("hann", 0.25)):  # |H|² / f, over f, at half of the highest frequency
        block = scanners.reconstruct(rays, size=size, window=window)[:, 16:-16, 16:-16]
        taper = np.hanning(32)[:, None] * np.hanning(32)
        power = (np.abs(np.fft.fft2(block * taper)) ** 2).mean(axis=0)
        down, right = np.meshgrid(*[np.fft.fftfreq(32)] * 2, indexing="ij")
        radius = np.hypot(down, right)
        rings = [power[np.abs(radius - f) < 0.02].mean() / f for f in (0.1, 0.25)]
        hann = {"ramp": 1.0, "hann": ((1 + np.cos(np.pi * 0.2)) / 2) ** 2}[window]
        # linear interpolation between bins smooths, too: by sinc⁴ of the frequency
        smoothing = (np.sinc(0.25) / np.sinc(0.1)) ** 4
        assert rings[1] / rings[0] == pytest.approx(at_half / hann * smoothing, rel=0.2), window


def test_the_mean_of_a_magnitude_is_that_of_rice():
    for grey in (0.0, 0.05, 0.1, 0.3, 0.8):
        seen = scanners.mri(np.full((40, 32, 32), grey, np.float32), sigma=0.1, rng=0)
        k = grey**2 / (4 * 0.1**2)
        laguerre = (1 + 2 * k) * ive(0, k) + 2 * k * ive(1, k)
        assert seen.mean() == pytest.approx(0.1 * np.sqrt(np.pi / 2) * laguerre, abs=0.002)


def test_mri_with_all_lines_is_rician_noise():
    dark, bright = np.zeros((20, 32, 32), np.float32), np.full((20, 32, 32), 0.8, np.float32)
    seen = scanners.mri(dark, sigma=0.1, rng=0)
    assert seen.min() >= 0
    assert seen.mean() == pytest.approx(0.1 * np.sqrt(np.pi / 2), rel=0.02)  # Rayleigh
    assert noise.rician(dark, sigma=0.1, rng=0).mean() == pytest.approx(seen.mean(), rel=0.02)
    assert (scanners.mri(bright, sigma=0.1, rng=0) - bright).std() == pytest.approx(0.1, rel=0.03)
    np.testing.assert_allclose(scanners.mri(bright, sigma=0), bright, atol=1e-6)


def test_mri_of_half_the_lines_is_quieter_and_blurred_from_top_to_bottom():
    bright = np.full((20, 32, 32), 0.8, np.float32)
    seen = scanners.mri(bright, sigma=0.1, lines=0.5, rng=0) - bright
    assert seen.std() == pytest.approx(0.1 * np.sqrt(0.5), rel=0.05)
    image = disc(at=(0, 0), radius=0.25)
    blur = np.abs(scanners.mri(image, sigma=0, lines=0.25) - image)
    middle = blur.shape[1] // 2
    assert blur[0, :, middle].max() > 5 * blur[0, 0].max()
    stripes = np.zeros((1, 32, 32), np.float32)
    stripes[:, :, ::2] = 1  # fine detail from left to right is measured in every line
    np.testing.assert_allclose(scanners.mri(stripes, sigma=0, lines=0.25), stripes, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda image: scanners.project(image[:, :20]), "Expected square images; received 20x32"),
        (lambda image: scanners.project(image, views=0), "Expected views"),
        (lambda image: scanners.project(image * 3), "0 to 1"),
        (lambda image: scanners.low_dose_ct(image, photons=0), "Expected photons"),
        (lambda image: scanners.low_dose_ct(image, window="hamming"), "hamming"),
        (lambda image: scanners.mri(image, sigma=-1), "Expected sigma"),
        (lambda image: scanners.mri(image, lines=0), "Expected lines"),
        (lambda image: scanners.mri(image, lines=1.5), "Expected lines"),
        (lambda image: scanners.reconstruct(scanners.project(image), size=33), "Expected sinograms with 49 bins"),
        (lambda image: scanners.reconstruct(scanners.project(image) * np.nan, size=32), "finite"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError) as caught:
        call(disc(32))
    assert re.search(message, str(caught.value)), caught.value


def test_a_window_that_does_not_exist_is_told_before_the_work(monkeypatch):
    monkeypatch.setattr(scanners, "_beam", lambda *_: pytest.fail("Images were projected."))
    with pytest.raises(InputError, match="hamming"):
        scanners.low_dose_ct(disc(32), window="hamming")
    with pytest.raises(InputError, match="hamming"):
        scanners.reconstruct(np.zeros((1, 9, 48), np.float32), size=32, window="hamming")


def test_what_is_kept_for_the_next_call_is_small(monkeypatch):
    scanners._kept.cache_clear()
    small = scanners.project(disc(16), views=8)
    assert scanners._kept.cache_info().currsize == 1
    monkeypatch.setattr(scanners, "_MOST", 2 * 8 * 16**2 - 1)
    large = scanners.project(disc(16), views=8)
    assert scanners._kept.cache_info().currsize == 1
    np.testing.assert_array_equal(small, large)
    scanners._kept.cache_clear()
    scanners.project(disc(16), views=8)
    assert scanners._kept.cache_info().currsize == 0
    sizes = scanners._made(16, 8)
    assert sizes.nnz == 2 * 8 * 16**2  # by which memory is judged
    assert scanners._kept.cache_info().maxsize * 12 * 2**23 < 2**29


def test_a_network_learns_from_a_scanner():
    images = load("brain", n=6, size=32, seed=0)
    corrupt = partial(scanners.low_dose_ct, photons=1e3, views=30)
    assert corrupt(images, rng=0).shape == scanners.mri(images, rng=0).shape == (6, 32, 32)
    history = training.fit(models.cnn_dae(32, seed=0), images, corrupt, recipe="fast", steps=8, seed=0)
    assert np.isfinite(history.table["loss"]).all()
