"""A step by hand takes the weights where Keras' own step takes them, and leaves the model as it was."""

from functools import partial

import numpy as np
import pytest

from cdae_lessons import InputError, datasets, models, noise, training
from cdae_lessons.models import keras
from cdae_lessons.training.recipes import RECIPES
from cdae_lessons.training.stepping import measured, stepping

pytestmark = pytest.mark.trains

NETWORKS = {
    "cnn_dae": models.cnn_dae,
    "unet": models.unet,
    "encoder_decoder": partial(models.encoder_decoder, kernel_size=4, skips=True, residual=True),
    "dense": models.dense_autoencoder,
    "stacked": partial(models.stacked_autoencoder, kind="conv"),
}


@pytest.fixture(scope="module")
def pairs():
    clean = datasets.load("brain", n=20, size=16).images
    return noise.gaussian(clean, p=0.3, sigma=1, rng=0), clean


def moved(before, model):
    return np.concatenate([(new - old).ravel() for old, new in zip(before, model.get_weights(), strict=True)])


@pytest.mark.parametrize("loss", ["binary_crossentropy", "mse", RECIPES["fast"].loss], ids=["bce", "mse", "fast"])
@pytest.mark.parametrize("network", NETWORKS)
def test_three_steps_go_where_those_of_keras_go(network, loss, pairs):
    noisy, clean = pairs
    ours, theirs = NETWORKS[network](16), NETWORKS[network](16)
    before = ours.get_weights()
    theirs.compile(optimizer=keras.optimizers.Adam(), loss=loss, jit_compile=False)
    expected, found = [], []
    with stepping(ours, loss, precision="float32") as step:
        for rate in (1e-3, 1e-4, 1e-3):
            found.append(step(noisy, clean, rate))
            theirs.optimizer.learning_rate = rate
            theirs.reset_metrics()
            expected.append(float(theirs.train_on_batch(noisy, clean)))
    assert found == pytest.approx(expected, rel=1e-3)
    # Adam divides by the gradient's size, so a weight whose gradient is rounding alone goes either way.
    exact, got = moved(before, theirs), moved(before, ours)
    assert exact @ got / (np.linalg.norm(exact) * np.linalg.norm(got)) > 0.99
    assert np.abs(training.denoise(ours, noisy) - training.denoise(theirs, noisy)).mean() < 1e-2


def test_the_loss_is_that_of_before_the_step_whatever_its_form(pairs):
    noisy, clean = pairs
    for loss in ("mse", keras.losses.MeanSquaredError()):
        model = models.cnn_dae(16)
        denoised = training.denoise(model, noisy)
        with stepping(model, loss, precision="float32") as step:
            first, second = step(noisy, clean, 1e-3), step(noisy, clean, 1e-3)
        assert first == pytest.approx(((denoised - clean) ** 2).mean(), rel=1e-4)
        assert first == pytest.approx(float(measured(loss, clean, denoised)), rel=1e-4)
        assert second < first


def test_images_in_any_memory_order_and_precision_are_taken(pairs):
    noisy, clean = pairs
    plain, odd = models.cnn_dae(16), models.cnn_dae(16)
    for model, turned in ((plain, np.array), (odd, lambda images: images.astype(np.float64)[:, ::-1].copy()[:, ::-1])):
        with stepping(model, "mse", precision="float32") as step:
            step(turned(noisy), turned(clean), 1e-3)
    np.testing.assert_array_equal(training.denoise(plain, noisy), training.denoise(odd, noisy))
    upside_down = noisy[:, ::-1, ::-1]
    np.testing.assert_array_equal(training.denoise(odd, upside_down), training.denoise(odd, upside_down.copy()))


def test_a_penalty_on_the_weights_counts(pairs):
    images = keras.Input((16, 16))
    layer = keras.layers.Dense(16, kernel_regularizer=keras.regularizers.L2(1.0))
    model = keras.Model(images, layer(images))
    kernel = layer.get_weights()[0]
    noisy, clean = pairs
    plain = ((noisy @ kernel - clean) ** 2).mean()
    with stepping(model, "mse", precision="float32") as step:
        assert step(noisy, clean, 1e-3) == pytest.approx(plain + (kernel**2).sum(), rel=1e-4)


@pytest.mark.parametrize("network", NETWORKS)
def test_the_layers_are_left_as_they_were(network, pairs):
    model = NETWORKS[network](16)
    noisy, clean = pairs

    def state(layers):
        for layer in layers:
            if isinstance(layer, keras.Model):
                yield from state(layer.layers)
            else:
                yield layer.autocast, layer.dtype_policy.name, "call" in vars(layer)

    before = list(state(model.layers))
    with stepping(model, "mse", precision="bfloat16") as step:
        step(noisy, clean, 1e-3)
        seen = training.denoise(model, noisy)  # as a watch does
        step(noisy, clean, 0.0)
    assert list(state(model.layers)) == before
    with pytest.raises(ZeroDivisionError), stepping(model, "mse", precision="bfloat16"):
        raise ZeroDivisionError
    assert list(state(model.layers)) == before
    if keras.backend.backend() == "torch":  # the others denoise in bfloat16 inside
        np.testing.assert_allclose(training.denoise(model, noisy), seen, atol=1e-5)
    np.testing.assert_allclose(
        np.clip(model.predict(noisy, verbose=0), 0, 1), training.denoise(model, noisy), atol=1e-5
    )


def test_a_constraint_on_the_weights_holds(pairs):
    images = keras.Input((16, 16))
    layer = keras.layers.Dense(16, kernel_constraint=keras.constraints.NonNeg())
    with stepping(keras.Model(images, layer(images)), "mse", precision="float32") as step:
        step(*pairs, 1e-2)
    assert layer.get_weights()[0].min() == 0


def test_a_model_without_weights_to_train_is_refused():
    model = models.cnn_dae(16)
    model.trainable = False
    with pytest.raises(InputError, match="no weights to train"), stepping(model, "mse", precision="float32"):
        pass


def test_layers_of_another_precision_and_those_in_two_models_work(pairs):
    conv = keras.layers.Conv2D(1, 3, padding="same", data_format=models.LAYOUT)
    shape = (16, 16, 1) if models.LAYOUT == "channels_last" else (1, 16, 16)
    part = keras.Sequential([keras.Input(shape), conv])
    images = keras.Input((16, 16))
    x = keras.layers.Reshape(shape)(images)
    other = "float64" if keras.backend.backend() == "torch" else "float32"  # JAX knows no other by default
    exact = keras.layers.Conv2D(1, 3, padding="same", data_format=models.LAYOUT, dtype=other)
    x = exact(keras.layers.Add()([part(x), conv(x)]))
    model = keras.Model(images, keras.layers.Reshape((16, 16), dtype="float32")(x))
    with stepping(model, "mse", precision="bfloat16") as step:
        assert step(*pairs, 1e-3) > step(*pairs, 1e-3) > 0
    np.testing.assert_allclose(
        training.denoise(model, pairs[0]), np.clip(model.predict(pairs[0], verbose=0), 0, 1), atol=1e-5
    )


def test_two_uses_that_overlap_leave_the_layers_as_they_were(pairs):
    """As a lab's training in its own thread and a cell that denoises."""
    model = models.cnn_dae(16)
    first, second = (stepping(model, "mse", precision="float32") for _ in range(2))
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    training.denoise(model, pairs[0])
    second.__exit__(None, None, None)
    assert all(layer.autocast for layer in model.layers)
    assert not any("call" in vars(layer) for layer in model.layers)


def test_a_sigmoid_of_its_own_is_computed_in_float32(pairs):
    shape = (16, 16, 1) if models.LAYOUT == "channels_last" else (1, 16, 16)
    model = keras.Sequential(
        [
            keras.Input((16, 16)),
            keras.layers.Reshape(shape),
            keras.layers.Conv2D(
                1, 3, padding="same", data_format=models.LAYOUT, bias_initializer=keras.initializers.Constant(8.0)
            ),
            keras.layers.Activation("sigmoid"),
            keras.layers.Reshape((16, 16)),
        ]
    )
    with stepping(model, "binary_crossentropy", precision="bfloat16") as step:
        first, second = step(*pairs, 1e-1), step(*pairs, 1e-1)
    assert second < first
