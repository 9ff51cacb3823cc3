"""Models that users bring: taken as they are, or refused with what to put around them, which then works."""

import re
from functools import partial

import numpy as np
import pytest

from cdae_lessons import InputError, backend, models, noise, training

keras = backend.load_keras()
layers = keras.layers

SIDE = 16
NOISE = partial(noise.gaussian, p=1, sigma=0.2)
IMAGES = np.random.default_rng(0).random((6, SIDE, SIDE), dtype=np.float32)
on_torch = pytest.mark.skipif(keras.backend.backend() != "torch", reason="TorchModuleWrapper needs the torch backend")


def filtered(images):
    return layers.Conv2D(1, 3, padding="same", data_format="channels_last")(images)


def with_channel(shape=(SIDE, SIDE, 1)):
    images = keras.Input(shape)
    first = shape[0] == 1
    kind = "channels_first" if first else "channels_last"
    return keras.Model(images, layers.Conv2D(1, 3, padding="same", data_format=kind)(images))


def residual(subtract):
    images = keras.Input((SIDE, SIDE))
    found = layers.Reshape((SIDE, SIDE))(filtered(layers.Reshape((SIDE, SIDE, 1))(images)))
    return keras.Model(images, subtract(images, found))


def sliced():
    images = keras.Input((SIDE, SIDE))
    maps = images[..., None]
    return keras.Model(images, keras.ops.squeeze(maps - filtered(maps), -1))


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(1, 3, padding="same", data_format="channels_last")

    def call(self, images):
        return self.conv(images[..., None])[..., 0]


def torch_module():
    from torch import nn

    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))


def trained(model, **how):
    return training.fit(model, IMAGES, NOISE, progress=False, **{"steps": 2, "precision": "float32"} | how)


REFUSED = [
    (with_channel, "maps .*16, 16, 1.* Put it between two reshapes: "),
    (partial(with_channel, (1, SIDE, SIDE)), "maps .*1, 16, 16.* Put it between two reshapes: "),
    (partial(with_channel, (SIDE, SIDE, 3)), r"Build it from keras\.Input\(\(H, W\)\), with one output of that shape"),
    (partial(with_channel, (None, None, 1)), "maps .*None, None, 1.* Put it between"),
    (lambda: keras.Sequential([layers.Conv2D(1, 3)]), r"does not know the size .* Begin it with keras\.Input"),
    (Own, r"does not know the size .*keras\.Sequential\(\[keras\.Input\(\(H, W\)\), model\]\)"),
    (lambda: layers.Dense(3), "received Dense. Put it into a model that begins with"),
    (lambda: models.cnn_dae, r"received function\. Make one, such as models\.cnn_dae"),
    (lambda: None, "received NoneType"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED)
def test_what_maps_no_images_to_images_is_refused_with_a_remedy(make, said, tmp_path):
    model = make()
    for use in (
        trained,
        lambda model: training.denoise(model, IMAGES),
        lambda model: training.pretrain_layerwise(model, IMAGES, NOISE, steps=1, progress=False),
        lambda model: training.save(model, tmp_path / "a.keras"),
    ):
        with pytest.raises(InputError, match=said):
            use(model)
    assert not list(tmp_path.iterdir())


def remedied(model):
    """What the message tells to do, done."""
    with pytest.raises(InputError) as error:
        trained(model)
    way = re.search(r"keras\.Sequential\(\[.*\]\)", str(error.value))[0].replace("H, W", f"{SIDE}, {SIDE}")
    return eval(way, {"keras": keras, "model": model, "module": model})  # noqa: S307 - our own text


@pytest.mark.parametrize("make", [with_channel, Own, pytest.param(torch_module, marks=on_torch)])
def test_the_remedy_works_and_trains_the_model_in_place(make):
    model = remedied(make())
    before = training.denoise(model, IMAGES)
    assert trained(model, steps=20).table["loss"].iloc[-1] > 0
    after = training.denoise(model, IMAGES)
    assert after.shape == IMAGES.shape
    assert not np.allclose(before, after)


@pytest.mark.parametrize(
    "make",
    [
        lambda: residual(lambda images, found: images - found),
        lambda: residual(lambda images, found: keras.ops.clip(images - 2 * found, 0, 1)),
        lambda: residual(lambda images, found: layers.Subtract()([images, found])),
        sliced,
        lambda: remedied(with_channel()),
    ],
)
def test_what_save_takes_load_takes(make, tmp_path):
    model = make()
    trained(model)
    loaded = training.load(training.save(model, tmp_path / "a.keras"))
    np.testing.assert_array_equal(training.denoise(loaded, IMAGES), training.denoise(model, IMAGES))


@pytest.mark.parametrize(
    "make",
    [
        lambda: residual(lambda images, found: layers.Lambda(lambda pair: pair[0] - pair[1])([images, found])),
        lambda: remedied(Own()),
        pytest.param(lambda: remedied(torch_module()), marks=on_torch),
    ],
)
def test_what_load_would_refuse_is_not_saved(make, tmp_path):
    with pytest.raises(InputError, match=r"cannot be saved as a file that training\.load takes: it names"):
        training.save(make(), tmp_path / "a.keras")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"seed": None}, "seed to be a whole number >= 0; received None"),
        ({"seed": -1}, "seed to be a whole number >= 0; received -1"),
        ({"seed": 1.5}, "seed to be a whole number"),
        ({"loss": "nope"}, "Expected a Keras loss.*received loss='nope'"),
        ({"loss": 3}, "Expected a Keras loss"),
        ({"watch": 3}, "Expected watch to be a function"),
    ],
)
def test_senseless_arguments(how, said):
    with pytest.raises(InputError, match=said):
        trained(models.conv_autoencoder(SIDE), **how)


@pytest.mark.parametrize(
    "build",
    [models.cnn_dae, models.unet, models.dense_autoencoder, models.conv_autoencoder, models.stacked_autoencoder],
)
@pytest.mark.parametrize("seed", [None, -1, "a"])
def test_a_model_s_seed_is_a_whole_number(build, seed):
    with pytest.raises(InputError, match="Expected seed to be a whole number"):
        build(SIDE, seed=seed)


def test_a_floatx_of_float64_is_named():
    keras.config.set_floatx("float64")
    try:
        model = models.cnn_dae(SIDE)
    finally:
        keras.config.set_floatx("float32")
    for use in (trained, lambda model: training.denoise(model, IMAGES)):
        with pytest.raises(InputError, match=r'takes float64\. Call keras\.config\.set_floatx\("float32"\)'):
            use(model)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_under_a_global_policy_images_stay_float32(policy):
    keras.config.set_dtype_policy(policy)
    try:
        model = models.cnn_dae(SIDE)
    finally:
        keras.config.set_dtype_policy("float32")
    assert training.denoise(model, IMAGES).dtype == np.float32
    if policy == "mixed_float16":
        with pytest.raises(InputError, match="has layers of float16.*set_dtype_policy"):
            trained(model)
    else:
        assert np.isfinite(trained(model).table["loss"]).all()


@on_torch
def test_a_caller_who_has_switched_gradients_off_can_train():
    import torch

    with torch.no_grad():
        assert np.isfinite(trained(models.conv_autoencoder(SIDE)).table["loss"]).all()
        assert not torch.is_grad_enabled()
