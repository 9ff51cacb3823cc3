"""Images larger than those that a network was built for: the result is that of the network built for them."""

from functools import partial

import numpy as np
import pytest

from cdae_lessons import models, noise, training
from cdae_lessons.training import full_size

pytestmark = pytest.mark.trains

NETWORKS = {
    "cnn_dae": models.cnn_dae,
    "unet": models.unet,
    "conv": models.conv_autoencoder,
    "skips": partial(models.encoder_decoder, depth=3, kernel_size=5, skips=True, residual=True),
}


@pytest.fixture(scope="module")
def image():
    y, x = np.mgrid[:280, :360].astype(np.float32)
    return noise.gaussian((0.5 + 0.4 * np.sin(y / 9) * np.cos(x / 13))[None], p=0.3, sigma=1, rng=0)


@pytest.fixture
def core(monkeypatch):
    return partial(monkeypatch.setattr, full_size, "CORE")


def build(network, size):
    """A network whose answer depends on its surroundings: biases of 0 would hide what happens at an edge."""
    model = NETWORKS[network](size)
    rng = np.random.default_rng(0)
    model.set_weights([w if w.ndim > 1 else rng.normal(0, 0.1, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


@pytest.mark.parametrize(("network", "size"), [*((name, 32) for name in NETWORKS), ("unet", 28), ("unet", 50)])
def test_the_tiles_cannot_be_seen(network, size, image, core):
    model = build(network, size)
    core(1000)
    whole = training.denoise(model, image)
    core(32)
    tiled = training.denoise(model, image)
    assert whole.shape == image.shape
    assert whole.std() > 1e-3
    np.testing.assert_allclose(tiled, whole, atol=1e-5)


@pytest.mark.parametrize(("network", "size"), [*((name, 32) for name in NETWORKS), ("unet", 28)])
def test_the_result_is_that_of_the_network_built_for_the_size(network, size, image):
    model = build(network, size)
    larger = NETWORKS[network](size + 64)
    larger.set_weights(model.get_weights())
    square = image[:, : size + 64, : size + 64]
    np.testing.assert_allclose(training.denoise(model, square), training.denoise(larger, square), atol=1e-5)
    small = image[:, : size - 16, : size - 16]
    smaller = NETWORKS[network](size - 16)
    smaller.set_weights(model.get_weights())
    np.testing.assert_allclose(training.denoise(model, small), training.denoise(smaller, small), atol=1e-5)


def test_a_rim_of_mirror_image_is_cut_off_again(image):
    model = build("cnn_dae", 32)
    cut = training.denoise(model, image[:, :61, :62])
    continued = training.denoise(model, np.pad(image[:, :61, :62], ((0, 0), (0, 3), (0, 2)), mode="symmetric"))
    np.testing.assert_allclose(cut, continued[:, :61, :62], atol=1e-6)


def test_several_images_and_what_the_network_was_built_for(image):
    model = build("unet", 32)
    both = np.concatenate([image, image[:, ::-1]])[:, :40]
    np.testing.assert_array_equal(training.denoise(model, both)[1], training.denoise(model, both[1:])[0])
    assert model.input_shape == (None, 32, 32)


@pytest.mark.parametrize(
    "other", [models.dense_autoencoder, models.stacked_autoencoder, partial(models.stacked_autoencoder, kind="conv")]
)
def test_other_networks_fit_one_size(other):
    assert not full_size.takes_any_size(other(16))
