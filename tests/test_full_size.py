"""Images larger than those that a network was built for: the result is that of the network built for them."""

from functools import partial

import numpy as np
import pytest

from cdae_lessons import InputError, models, noise, training
from cdae_lessons.models import LAYOUT, keras
from cdae_lessons.models.layers import layers, with_channel
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


def sequence(*parts, size=16):
    images, x = with_channel(size)
    for part in parts:
        x = part(x)
    return keras.Model(images, layers.Reshape((size, size))(x))


def conv(maps=1, **more):
    return layers.Conv2D(maps, 3, padding="same", data_format=LAYOUT, **more)


def resized(kind, by=2, **more):
    return kind(by, data_format=LAYOUT, **more)


def test_a_network_that_only_pools_at_its_coarsest_scale(image, core):
    pool, up = (partial(resized, kind) for kind in (layers.MaxPooling2D, layers.UpSampling2D))
    model = sequence(conv(4, activation="relu"), pool(), pool(), up(), up(), conv(activation="sigmoid"))
    core(1000)
    whole = training.denoise(model, image[:, :75, :90])
    core(16)
    np.testing.assert_allclose(training.denoise(model, image[:, :75, :90]), whole, atol=1e-5)


def doubled(x):
    return 2 * x


SIZED = {
    "softmax over a row": lambda: sequence(conv(activation="softmax")),
    "a function of one's own": lambda: sequence(conv(activation=doubled)),
    "a layer used twice": lambda: sequence(*[conv()] * 2),
    "each row on its own": lambda: sequence(conv(2), layers.BatchNormalization(axis=2), conv()),
    "a size that cannot be halved": lambda: sequence(
        conv(),
        resized(layers.MaxPooling2D, padding="same"),
        resized(layers.MaxPooling2D, padding="same"),
        resized(layers.UpSampling2D, 4),
        layers.Cropping2D(((0, 2), (0, 2)), data_format=LAYOUT),
        size=14,
    ),
    "rows and columns pooled unlike": lambda: sequence(
        conv(), resized(layers.MaxPooling2D, (1, 2)), resized(layers.UpSampling2D, (1, 2))
    ),
}


@pytest.mark.parametrize("network", SIZED)
def test_a_network_that_knows_its_size_keeps_to_it(network, image):
    model = SIZED[network]()
    with pytest.raises(InputError, match="takes images of"):
        training.denoise(model, image)


@pytest.mark.parametrize(
    "other", [models.dense_autoencoder, models.stacked_autoencoder, partial(models.stacked_autoencoder, kind="conv")]
)
def test_other_networks_fit_one_size(other):
    assert not full_size.takes_any_size(other(16))
