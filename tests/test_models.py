"""Shapes, sizes and seeds of the untrained networks."""

import itertools

import numpy as np
import pytest

from cdae_lessons import InputError, models
from cdae_lessons.models import keras, layers

pytestmark = pytest.mark.trains

BUILDERS = {
    "dense": models.dense_autoencoder,
    "tied": lambda size, **seed: models.dense_autoencoder(size, tied=True, **seed),
    "conv": models.conv_autoencoder,
    "stacked dense": models.stacked_autoencoder,
    "stacked conv": lambda size, **seed: models.stacked_autoencoder(size, kind="conv", **seed),
    "cnn_dae": models.cnn_dae,
    "unet": models.unet,
    "encoder_decoder": models.encoder_decoder,
}


@pytest.fixture
def images():
    return np.random.default_rng(0).random((3, 16, 16), dtype=np.float32)


@pytest.mark.parametrize("name", BUILDERS)
def test_every_model_maps_images_to_images_of_the_same_shape(name, images):
    model = BUILDERS[name](16)
    assert model.input_shape == model.output_shape == (None, 16, 16)
    out = model.predict(images, verbose=0)
    assert out.shape == images.shape
    assert out.dtype == np.float32
    assert out.min() >= 0
    assert out.max() <= 1


@pytest.mark.parametrize("name", BUILDERS)
def test_the_seed_alone_decides_the_weights(name, images):
    first, again, other = (BUILDERS[name](16, seed=seed).predict(images, verbose=0) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_no_two_layers_start_with_the_same_weights():
    kernels = [weights for weights in models.cnn_dae(16).get_weights() if weights.shape == (3, 3, 64, 64)]
    assert len(kernels) == 3
    assert not any(np.array_equal(a, b) for a, b in itertools.pairwise(kernels))


def test_building_a_model_leaves_the_global_generators_alone():
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    models.cnn_dae(16)
    assert np.random.rand() == expected  # noqa: NPY002


def test_cnn_dae_is_the_papers_network():
    model = models.cnn_dae(64)
    kinds = [type(layer).__name__ for layer in model.layers if not isinstance(layer, keras.layers.Permute)]
    assert kinds == [
        *("InputLayer", "Reshape", "Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Conv2D"),
        *("UpSampling2D", "Conv2D", "UpSampling2D", "Conv2D", "Reshape"),
    ]
    convs = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.filters for layer in convs] == [64, 64, 64, 64, 1]
    assert [layer.activation.__name__ for layer in convs] == ["relu"] * 4 + ["sigmoid"]
    assert {layer.kernel_size for layer in convs} == {(3, 3)}
    assert model.count_params() == 640 + 3 * 36928 + 577  # = 112,001


def test_an_encoder_decoder_as_it_stands_is_the_papers_network(images):
    ours, paper = models.encoder_decoder(16, seed=3), models.cnn_dae(16, seed=3)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in paper.get_weights()]
    np.testing.assert_array_equal(ours.predict(images, verbose=0), paper.predict(images, verbose=0))


def test_the_settings_of_an_encoder_decoder_do_what_they_say():
    convolutions = lambda model: [layer for layer in model.layers if "conv2d" in layer.name]  # noqa: E731
    deep = convolutions(models.encoder_decoder(16, depth=3, width=8, kernel_size=5))
    assert [layer.kernel_size for layer in deep] == [(5, 5)] * 7
    assert [layer.filters for layer in deep] == [8] * 6 + [1]
    noisy = np.random.default_rng(0).normal(size=(2, 16, 16)).astype(np.float32)

    def answer(**settings):
        model = models.encoder_decoder(16, depth=2, width=4, **settings)
        for layer in convolutions(model)[1:-1]:  # nothing gets through the middle
            layer.set_weights([0 * weights for weights in layer.get_weights()])
        return model, model.predict(noisy, verbose=0)

    blocked = answer()[1]
    assert np.ptp(blocked) < 1e-6
    skipped = answer(skips=True)[1]
    assert np.ptp(skipped) > 0.01
    model, kept = answer(residual=True)
    np.testing.assert_allclose(kept, noisy, atol=1e-6)
    assert model.count_params() == models.encoder_decoder(16, depth=2, width=4).count_params()


def test_the_unet_has_its_documented_weights_and_looks_at_four_scales():
    model = models.unet(64)
    assert model.count_params() == 997_988
    convs = [layer.output.shape for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {side for shape in convs for side in shape if side in (4, 8, 16)} == {4, 8, 16}
    assert all(32 in shape for shape in (convs[0], convs[-1]))


@pytest.mark.parametrize("rim", [0, 3])
def test_the_unet_takes_blocks_of_pixels_apart_and_puts_them_back(rim):
    images = np.random.default_rng(0).random((3, 16 - rim, 16 - rim), dtype=np.float32)
    x = keras.Input(images.shape[1:])
    channels = layers.blocks_to_channels(x, rim)
    both = keras.Model(x, [channels, layers.channels_to_blocks(channels, rim)])
    apart, back = (keras.ops.convert_to_numpy(part) for part in both(images))
    np.testing.assert_array_equal(back, images)
    if models.LAYOUT == "channels_first":
        apart = apart.transpose(0, 2, 3, 1)
    first = rim // 2  # of the rim on top and on the left
    block = images[0, 4 - first : 6 - first, 6 - first : 8 - first]
    np.testing.assert_array_equal(apart[0, 2, 3], block.ravel())


def test_the_unet_takes_images_of_any_size():
    for size in (7, 28):
        model = models.unet(size)
        assert model.output_shape == (None, size, size)
        assert model.count_params() == 997_988


def test_tied_weights_are_one_matrix_used_twice(images):
    model = models.dense_autoencoder(16, code=7, tied=True)
    kernel, bias, output_bias = model.get_layer("tied").get_weights()
    assert (kernel.shape, bias.shape, output_bias.shape) == ((256, 7), (7,), (256,))
    assert model.count_params() == 256 * 7 + 7 + 256

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    x = images.reshape(3, 256)
    expected = sigmoid(sigmoid(x @ kernel + bias) @ kernel.T + output_bias)
    np.testing.assert_allclose(model.predict(images, verbose=0).reshape(3, 256), expected, rtol=1e-4, atol=1e-5)


def test_a_linear_output_may_leave_the_unit_interval(images):
    out = models.dense_autoencoder(16, activation="linear", output="linear").predict(images, verbose=0)
    assert out.min() < 0


def test_the_conv_autoencoder_has_a_narrow_middle():
    model = models.conv_autoencoder(16, filters=(8, 4))
    sizes = [int(np.prod(layer.output.shape[1:])) for layer in model.layers]
    assert min(sizes) == 4 * 4 * 4


def test_the_blocks_of_a_stack_invert_each_other_in_shape():
    for kind in ("dense", "conv"):
        model = models.stacked_autoencoder(16, kind=kind, widths=(12, 6))
        names = [layer.name for layer in model.layers[1:]]
        assert names == ["encode_1", "encode_2", "decode_2", "decode_1"]
        for k in (1, 2):
            assert model.get_layer(f"encode_{k}").input_shape == model.get_layer(f"decode_{k}").output_shape


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: models.cnn_dae(30), "divisible by 4.*received 30. Try 32"),
        (lambda: models.unet(16, widths=()), "at least one level in widths"),
        (lambda: models.cnn_dae(0), "size"),
        (lambda: models.cnn_dae("64 px"), "size.*'64 px'"),
        (lambda: models.cnn_dae(16.5), "size.*whole number.*16.5"),
        (lambda: models.dense_autoencoder(16, code=0), "code.*>= 1.*received 0"),
        (lambda: models.dense_autoencoder(16, code=float("nan")), "code.*nan"),
        (lambda: models.conv_autoencoder(16, filters=()), "at least one level in filters"),
        (lambda: models.conv_autoencoder(20, filters=(4, 4, 4)), "divisible by 8.*Try"),
        (lambda: models.stacked_autoencoder(16, kind="convolutional"), "Did you mean 'conv'"),
        (lambda: models.stacked_autoencoder(16, widths=(10, -1)), r"widths\[1\].*received -1"),
    ],
)
def test_wrong_sizes_are_answered_clearly(build, said):
    with pytest.raises(InputError, match=said):
        build()
