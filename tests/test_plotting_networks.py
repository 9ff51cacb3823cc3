"""Networks drawn as their maps, and what a pixel of their output sees."""

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from matplotlib.text import Text

from cdae_lessons import models, plotting
from cdae_lessons.errors import InputError
from cdae_lessons.models import keras
from cdae_lessons.plotting.layers import field, steps
from cdae_lessons.plotting.maps import maps
from cdae_lessons.plotting.sight import gradient

L = keras.layers
LAST = {"data_format": "channels_last"}


def mine(size=16):
    """What a student may write: activations as layers of their own, a strided and a transposed convolution, a stack."""
    x = images = keras.Input((size, size))
    x = L.Reshape((size, size, 1))(x)
    for _ in range(2):
        x = L.ReLU()(L.BatchNormalization()(L.Conv2D(6, 3, strides=2, padding="same", use_bias=False, **LAST)(x)))
    x = L.Conv2DTranspose(3, 2, strides=2, activation="elu", **LAST)(x)
    x = L.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid", **LAST)(x)
    return keras.Model(images, L.Reshape((size, size))(x), name="mine")


def joined(size=16):
    """A U-Net that concatenates, and subtracts what it finds from the image."""
    x = images = keras.Input((size, size))
    fine = L.Conv2D(4, 3, padding="same", activation="relu", **LAST)(L.Reshape((size, size, 1))(x))
    x = L.Conv2D(8, 3, padding="same", activation="relu", **LAST)(L.AveragePooling2D(2, **LAST)(fine))
    x = L.Concatenate()([L.UpSampling2D(2, interpolation="bilinear", **LAST)(x), fine])
    x = L.Reshape((size, size))(L.Conv2D(1, 3, padding="same", **LAST)(x))
    return keras.Model(images, L.Subtract()([images, x]), name="joined")


NETWORKS = {
    "cnn_dae": models.cnn_dae,
    "unet": lambda size=16: models.unet(size, widths=(4, 8)),
    "unet with a rim": lambda size=18: models.unet(size, widths=(4, 8)),
    "encoder_decoder": lambda size=16: models.encoder_decoder(size, depth=3, width=4),
    "with skips": lambda size=16: models.encoder_decoder(size, depth=2, width=4, skips=True, residual=True),
    "residual": lambda size=16: models.encoder_decoder(size, width=4, residual=True),
    "dense": lambda size=16: models.dense_autoencoder(size, code=9),
    "tied": lambda size=16: models.dense_autoencoder(size, code=9, tied=True),
    "conv": lambda size=16: models.conv_autoencoder(size, filters=(4, 3)),
    "stacked dense": lambda size=16: models.stacked_autoencoder(size, widths=(100, 25)),
    "stacked conv": lambda size=16: models.stacked_autoencoder(size, kind="conv", widths=(4, 4)),
    "stack of three": lambda size=16: models.stacked_autoencoder(size, kind="conv", widths=(4, 4, 4)),
    "mine": mine,
    "joined": joined,
}


@pytest.fixture(params=NETWORKS)
def network(request):
    return NETWORKS[request.param](18 if "rim" in request.param else 16)


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts if text.get_text()]


# ---- the drawing


def test_every_weight_is_told_once(network):
    assert sum(each.weights for each in maps(network)) == network.count_params()
    figure = plotting.architecture(network)
    assert texts(figure)[-1] == f"{network.name}: {network.count_params():,} weights"


def test_no_text_covers_another_or_leaves_the_picture_and_the_width_fits_a_notebook(network):
    figure = plotting.architecture(network, caption="A caption")
    figure.draw_without_rendering()
    page = figure.bbox
    boxes = [Text.get_window_extent(text) for text in [*figure.axes[0].texts, *figure.texts] if text.get_text()]
    for box in boxes:
        assert page.x0 <= box.x0 <= box.x1 <= page.x1
        assert page.y0 <= box.y0 <= box.y1 <= page.y1
    for one, other in combinations(boxes, 2):
        assert min(one.x1, other.x1) - max(one.x0, other.x0) < 0.5 or min(one.y1, other.y1) - max(one.y0, other.y0) < 1
    assert figure.get_figwidth() < 9.8


def test_the_paper_s_network_is_drawn_to_scale_with_its_shapes():
    figure = plotting.architecture(models.cnn_dae(64))
    shapes = [text for text in texts(figure) if text.endswith(("×64", "×1"))]
    assert shapes == ["64×64×1", "64×64×64", "32×32×64", "32×32×64", "16×16×64", "16×16×64", "32×32×64", "32×32×64",
                      "64×64×64", "64×64×1"]  # fmt: skip
    fronts = [patch.get_path().get_extents() for patch in figure.axes[0].patches if len(patch.get_path()) == 5][::3]
    np.testing.assert_allclose(
        [box.height / fronts[0].height * 64 for box in fronts], [64, 64, 32, 32, 16, 16, 32, 32, 64, 64]
    )
    assert fronts[1].width > 3 * fronts[0].width  # 64 maps are thicker than one
    said = texts(figure)
    assert (said.count("conv 3×3"), said.count("max-pool 2×2"), said.count("upsample 2×2")) == (5, 2, 2)
    assert (said.count("ReLU"), said.count("sigmoid"), said.count("36,928 weights")) == (4, 1, 3)
    assert "then max-pool 2×2 32×32×64, then conv 3×3 ReLU 32×32×64 36,928 weights" in figure.get_label()


def test_vectors_are_as_high_as_the_image_with_as_many_pixels():
    drawn = maps(models.dense_autoencoder(64, code=16))
    assert [each.size for each in drawn] == [64, 64, 4, 64, 64]
    assert [each.made[0] for each in drawn] == ["input", "flatten", "dense", "dense", "reshape"]
    tied = maps(models.dense_autoencoder(64, code=16, tied=True))
    assert [each.shape for each in tied] == [each.shape for each in drawn]  # the code is inside one layer
    assert [each.made[0] for each in tied][2:4] == ["dense W", "dense Wᵀ"]


def test_a_unet_goes_down_and_up_with_a_dashed_arrow_for_each_skip():
    drawn = maps(models.unet(64))
    assert [each.times for each in drawn if each.made[0] == "conv 3×3"] == [2, 2, 2, 2, 2, 2, 2, 1]
    assert sorted({each.size for each in drawn}) == [4, 8, 16, 32, 64]
    added = [(drawn[each.sources[1]].shape, each.shape) for each in drawn if len(each.sources) > 1]
    assert added == [((8, 8, 128),) * 2, ((16, 16, 64),) * 2, ((32, 32, 32),) * 2]
    figure = plotting.architecture(models.unet(64))
    assert sum(patch.get_linestyle() == "--" for patch in figure.axes[0].patches) == 3
    assert figure.get_label().count("A skip from") == 3
    assert figure.get_figheight() > 5


def test_a_skip_over_others_goes_over_their_heads():
    figure = plotting.architecture(models.encoder_decoder(16, residual=True))
    (line,) = (line for line in figure.axes[0].lines if line.get_linestyle() == "--")
    boxes = [patch.get_path().get_extents().y1 for patch in figure.axes[0].patches if len(patch.get_path()) == 5]
    assert line.get_ydata()[-1] > max(boxes)
    assert "+ skip" in texts(figure)
    lines = [line.get_ydata()[-1] for line in plotting.architecture(joined()).axes[0].lines]
    assert len(lines) == len({*lines}) == 2  # one above the other


def test_blocks_of_a_stack_are_named():
    assert {"encode_1", "encode_2", "decode_2", "decode_1"} <= {
        *texts(plotting.architecture(models.stacked_autoencoder(16, widths=(100, 25))))
    }
    assert [each.block for each in maps(models.stacked_autoencoder(16, kind="conv", widths=(4,)))] == [
        "", "encode_1", "encode_1", "decode_1", "decode_1",
    ]  # fmt: skip


def test_what_students_write_is_told():
    said = texts(plotting.architecture(mine()))
    for text in ("conv 3×3", "stride 2", "batch norm", "ReLU", "transposed 4×4", "ELU", "sigmoid"):
        assert text in said
    said = texts(plotting.architecture(joined()))
    assert {"average-pool 2×2", "concatenate", "Subtract"} <= {*said}
    x = L.GaussianNoise(0.1)(images := keras.Input((8, 8)))
    network = keras.Model(images, L.Activation("linear")(L.Activation("relu")(x)))
    assert [each.said for each in maps(network)] == [["input", "GaussianNoise", "ReLU", "8×8×1"]]


# ---- what a pixel sees


def averaging(network):
    """The same network with weights above 0 that average, so that no way from input to output is closed."""
    for layer in network._flatten_layers():
        own = (
            [np.abs(w) + 0.01 if w.ndim > 1 else w for w in layer.get_weights()] if not hasattr(layer, "layers") else []
        )
        if own and "batch" not in layer.name:
            layer.set_weights([w / w.sum(axis=tuple(range(w.ndim - 1))) if w.ndim > 1 else w for w in own])
    return network


@pytest.mark.trains
def test_a_pixel_sees_what_can_change_it_and_nothing_else(network):
    rng, at = np.random.default_rng(0), (6, 9)
    averaging(network)
    size = network.input_shape[1]
    reached = np.zeros((size, size), bool)
    for _ in range(60):  # max-pooling lets through one pixel of four
        reached |= gradient(network, rng.random((size, size), dtype=np.float32), at) != 0
    seen = field(steps(network), at)
    assert not (reached & ~seen).any()
    for axis in (0, 1):
        np.testing.assert_array_equal(reached.any(axis=axis), seen.any(axis=axis))


SINGLE = {
    "valid, stride 2": lambda: L.Conv2D(1, 3, strides=2, **LAST),
    "same, stride 3": lambda: L.Conv2D(1, 5, strides=3, padding="same", **LAST),
    "dilated": lambda: L.Conv2D(1, 3, dilation_rate=2, padding="same", **LAST),
    "not square": lambda: L.Conv2D(1, (1, 4), padding="same", **LAST),
    "transposed": lambda: L.Conv2DTranspose(1, 3, strides=2, **LAST),
    "transposed, same": lambda: L.Conv2DTranspose(1, 4, strides=2, padding="same", **LAST),
    "average pooling": lambda: L.AveragePooling2D(3, strides=2, padding="same", **LAST),
    "upsampling": lambda: L.UpSampling2D((2, 3), **LAST),
    "bilinear": lambda: L.UpSampling2D(2, interpolation="bilinear", **LAST),
    "padding": lambda: L.ZeroPadding2D(((1, 2), (3, 0)), **LAST),
    "cropping": lambda: L.Cropping2D(((1, 2), (3, 0)), **LAST),
    "rows by columns": lambda: L.Permute((2, 1, 3)),
    "dense over maps": lambda: L.Dense(1),
    "batch norm": lambda: L.BatchNormalization(),
    "a rest": lambda: L.GlobalAveragePooling2D(keepdims=True, **LAST),
}


@pytest.mark.trains
@pytest.mark.parametrize("name", SINGLE)
def test_each_layer_passes_on_what_it_needs(name):
    x = SINGLE[name]()(L.Reshape((10, 10, 1))(images := keras.Input((10, 10))))
    network = averaging(keras.Model(images, L.Reshape(x.shape[1:3])(x)))
    image = np.random.default_rng(0).random((10, 10), dtype=np.float32)
    rows, columns = network.output_shape[1:]
    for at in ((0, 0), (rows - 1, columns - 1), (rows // 2, columns // 2)):
        np.testing.assert_array_equal(field(steps(network), at), gradient(network, image, at) != 0, err_msg=str(at))


def test_the_paper_s_network_sees_less_than_half_of_a_side():
    seen = field(steps(models.cnn_dae(64)), (32, 30))
    assert (seen.any(axis=1).sum(), seen.any(axis=0).sum(), seen.sum()) == (22, 26, 22 * 26)
    assert field(steps(models.unet(64)), (32, 30)).all()


@pytest.mark.trains
def test_the_receptive_field_is_drawn_on_the_image():
    network, image = averaging(models.conv_autoencoder(32)), np.random.default_rng(0).random((32, 32), dtype=np.float32)
    figure = plotting.receptive_field(network, image, at=(0, 20), caption="A caption")
    left, right = figure.axes[:2]
    assert left.get_title() == "it can see 7×14 of 32×32 pixels"
    shown = left.images[0].get_array()
    np.testing.assert_allclose(shown[:7, 13:27], image[:7, 13:27])
    np.testing.assert_allclose(shown[7:], 0.35 * image[7:])
    for ax in (left, right):
        outer, pixel = ax.patches
        assert (outer.get_xy(), outer.get_width(), outer.get_height()) == ((12.5, -0.5), 14, 7)
        assert (pixel.get_xy(), pixel.get_width(), pixel.get_height()) == ((19.5, -0.5), 1, 1)
    slopes = right.images[0].get_array()
    np.testing.assert_allclose(slopes, gradient(network, image, (0, 20)))
    low, high = right.images[0].get_clim()
    assert -low == high == pytest.approx(np.abs(slopes).max() / 2)
    assert figure.get_label() == "A caption"
    assert "row 16, column 16" in plotting.receptive_field(network, image).get_label()


@pytest.mark.trains
def test_the_gradient_is_the_slope():
    network, image = averaging(models.dense_autoencoder(8, code=4)), np.full((8, 8), 0.5, np.float32)
    slopes = gradient(network, image, (2, 3))
    moved = image.copy()
    moved[5, 1] += 0.1
    rise = np.subtract(*(network.predict(x[None], verbose=0)[0, 2, 3] for x in (moved, image)))
    assert slopes[5, 1] == pytest.approx(rise / 0.1, rel=0.02)


# ---- mistakes


class Own(keras.Model):
    def call(self, x):
        return x


def test_mistakes_are_explained():
    two = keras.Model(x := keras.Input((8, 8)), [L.ReLU()(x), L.ELU()(x)])
    anysize = keras.Sequential([keras.Input((None, None, 1)), L.Conv2D(1, 3, **LAST)])
    network, image = models.conv_autoencoder(8), np.zeros((8, 8), np.float32)
    for call, message in (
        (lambda: plotting.architecture(Own()), "connected from an Input on.*received Own"),
        (lambda: plotting.architecture(keras.Sequential([L.Dense(3)])), "received Sequential"),
        (lambda: plotting.architecture("unet"), "received str"),
        (lambda: plotting.architecture(two), "one output; received .* with 2 outputs"),
        (lambda: plotting.architecture(anysize), "of one size"),
        (lambda: plotting.receptive_field(network, image[None]), r"one image of shape \(H, W\).*Use images\[0\]"),
        (lambda: plotting.receptive_field(network, np.zeros((16, 16))), r"from images of \(16, 16\)"),
        (lambda: plotting.receptive_field(network, image, at=(8, 0)), "within 8 rows and 8 columns"),
        (lambda: plotting.receptive_field(network, image, at=(-1, 0)), "within 8 rows"),
        (lambda: plotting.receptive_field(network, np.zeros((8, 8), int)), "floating-point"),
    ):
        with pytest.raises(InputError, match=message):
            call()


def test_no_network_no_keras():
    code = "import sys\nfrom cdae_lessons import animation, evidence, plotting\n"
    code += "assert not {'keras', 'torch'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True)
