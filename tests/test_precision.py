"""A network trained in bfloat16 learns as well, and is one in float32 afterwards."""

import dataclasses
from functools import partial

import numpy as np
import pytest

from cdae_lessons import InputError, datasets, models, noise, training
from cdae_lessons.models import keras
from cdae_lessons.training import precision

pytestmark = pytest.mark.trains

NOISE = partial(noise.gaussian, p=0.3, sigma=1)


@pytest.fixture(scope="module")
def images():
    return datasets.load("brain", n=60, size=16).images


def train(build, images, *, steps=120, **how):
    model = build(16)
    history = training.fit(
        model, images[:40], NOISE, recipe="fast", steps=steps, validation=images[40:], progress=False, **how
    )
    return model, history.table["val_ssim"].max()


def gradient(build, images, compute_in):
    """What a step of plain gradient descent takes off the weights, as one vector."""
    model = build(16)
    before = model.get_weights()
    with precision.computing(model, compute_in):
        model.compile(optimizer=keras.optimizers.SGD(1.0), loss=training.RECIPES["fast"].loss, jit_compile=False)
        model.train_on_batch(NOISE(images, rng=0), images)
    return np.concatenate([(old - new).ravel() for old, new in zip(before, model.get_weights(), strict=True)])


@pytest.mark.parametrize("build", [models.unet, models.stacked_autoencoder])
def test_a_step_goes_where_that_of_float32_goes(build, images):
    exact, found = (gradient(build, images, compute_in) for compute_in in ("float32", "bfloat16"))
    lengths = np.linalg.norm(exact), np.linalg.norm(found)
    assert (exact != found).any()
    # Three seeds, with AVX512-BF16 and AMX and held back to AVX2: lengths within 0.15 %, cosines from 0.9998.
    assert lengths[1] == pytest.approx(lengths[0], rel=0.01)
    assert exact @ found / np.prod(lengths) > 0.999


@pytest.mark.parametrize("build", [models.unet, models.stacked_autoencoder])
def test_it_learns_as_well_as_float32(build, images):
    exact, goal = train(build, images, precision="float32")
    model, score = train(build, images, precision="bfloat16")
    # The U-Net has 0.78 after 120 steps; in four trainings, one of them held back to AVX2, bfloat16 was within 0.004 of
    # float32. After 48 steps it was within 0.013 in six, at half the score.
    assert score == pytest.approx(goal, abs=0.02)
    assert any((a != b).any() for a, b in zip(model.get_weights(), exact.get_weights(), strict=True))


def test_the_network_is_left_in_float32(images):
    model, _ = train(models.unet, images, steps=10, precision="bfloat16")
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    same = models.unet(16)
    same.set_weights(model.get_weights())
    np.testing.assert_array_equal(training.denoise(model, images), training.denoise(same, images))


def test_inside_all_but_the_end_computes_in_bfloat16():
    model = models.stacked_autoencoder(16, kind="conv")
    with precision.computing(model, "bfloat16"):
        inside = {block.name: [layer.compute_dtype for layer in block.layers] for block in model.layers[1:]}
        assert model.outputs[0].dtype == "float32"
    assert set(inside["encode_1"] + inside["encode_2"] + inside["decode_2"]) == {"bfloat16"}
    assert inside["decode_1"] == ["bfloat16", "float32", "float32"]


def test_an_error_inside_leaves_float32_behind():
    model = models.cnn_dae(16)
    with pytest.raises(KeyboardInterrupt), precision.computing(model, "bfloat16"):
        raise KeyboardInterrupt
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


@pytest.mark.parametrize("faster", ["float32", "bfloat16"])
def test_auto_takes_the_faster_one(faster, monkeypatch):
    monkeypatch.setattr(precision, "fastest", lambda: faster)
    model = models.cnn_dae(16)
    with precision.computing(model, "auto"):
        assert model.get_layer(index=4).compute_dtype == faster


def test_the_faster_one_is_measured(monkeypatch):
    clock = iter(range(100))
    slow = {"float32": 5, "bfloat16": 1}
    ran = []
    convolve = precision.ops.conv

    def conv(images, kernel, **how):
        ran.append(keras.backend.standardize_dtype(kernel.dtype))
        return convolve(images, kernel, **how)

    def now():
        return next(clock) * slow[ran[-1]] if ran else 0

    monkeypatch.setattr(precision.ops, "conv", conv)
    monkeypatch.setattr(precision.time, "perf_counter", now)
    precision.fastest.cache_clear()
    try:
        assert precision.fastest() == "bfloat16"
    finally:
        precision.fastest.cache_clear()
    assert ran.count("float32") == ran.count("bfloat16") >= 3


def test_another_precision_is_answered_before_any_training(images):
    with pytest.raises(InputError, match=r"no precision called 'float16'.*float32, bfloat16, auto"):
        training.fit(models.cnn_dae(16), images, NOISE, precision="float16", progress=False)


def test_a_recipe_of_one_s_own(images):
    recipe = dataclasses.replace(training.RECIPES["fast"], steps=7, batch_size=60)
    history = training.fit(models.conv_autoencoder(16), images, NOISE, recipe=recipe, progress=False)
    assert (history.recipe, len(history.table)) == ("own", 7)
