"""Exercises of lesson 5: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from cdae_lessons import checks
from cdae_lessons.models import keras


def correlate(image, kernel, *, mode="valid"):
    return correlate2d(image, kernel, mode=mode)


def sums(maps, kernels, slide=correlate):
    return np.array([[slide(x, w) for x, w in zip(maps, of_filter, strict=True)] for of_filter in kernels])


def column(biases):
    return biases[:, None, None]


def layer(maps, kernels, biases):
    return np.maximum(sums(maps, kernels).sum(1) + column(biases), 0)


def layer_by_loops(maps, kernels, biases):
    filters, _, k, _ = kernels.shape
    _, height, width = maps.shape
    out = [[[0.0] * (width - k + 1) for _ in range(height - k + 1)] for _ in range(filters)]
    for f, i, j in np.ndindex(filters, height - k + 1, width - k + 1):
        out[f][i][j] = max(0, (maps[:, i : i + k, j : j + k] * kernels[f]).sum() + biases[f])
    return out


def layer_by_keras(maps, kernels, biases):
    x, w = maps.transpose(1, 2, 0)[None], kernels.transpose(2, 3, 1, 0)
    out = keras.ops.conv(x.astype("float32"), w.astype("float32"), data_format="channels_last")
    return np.maximum(keras.ops.convert_to_numpy(out)[0].transpose(2, 0, 1) + column(biases), 0)


def with_slide(slide):
    return lambda maps, kernels, biases: np.maximum(sums(maps, kernels, slide).sum(1) + column(biases), 0)


def fixed_size(maps, kernels, biases):
    patches = np.lib.stride_tricks.sliding_window_view(maps, (3, 3), axis=(1, 2))
    return np.maximum(np.einsum("chwij,fcij->fhw", patches, kernels[..., :3, :3]) + column(biases), 0)


LAYERS = [
    (layer, "right."),
    (layer_by_loops, "right."),
    (layer_by_keras, "right."),
    (lambda m, w, b: np.maximum(sums(m, w) + column(b)[:, None], 0), "one map for each pair"),
    (lambda m, w, b: layer(m, w, b)[:, :-1, :-1], "one row and column are missing"),
    (with_slide(lambda x, w: correlate(x, w, mode="same")), "as large as the images"),
    (lambda m, w, b: layer(m, w, b).transpose(1, 2, 0), "the axis of the maps comes first"),
    (lambda m, w, b: layer(m, w, b)[:2], "one output map for each filter"),
    (lambda m, w, b: layer(m, w, b)[0], "a single map"),
    (lambda m, w, b: sums(m, w).sum(1) + column(b), "The ReLU is missing"),
    (lambda m, w, b: layer(m, w, 0 * b), "the bias of each filter is missing"),
    (lambda m, w, b: layer(m, w, 0 * b) + column(b), "the bias comes before the ReLU"),
    (lambda m, w, b: np.maximum(sums(m, w), 0).sum(1) + column(b), "once, at the very end"),
    (lambda m, w, b: np.maximum(sums(m, w) + column(b)[:, None], 0).sum(1), "once, at the very end"),
    (lambda m, w, b: np.maximum((sums(m, w) + column(b)[:, None]).sum(1), 0), "once for every input map"),
    (lambda m, w, b: layer(m, w[..., ::-1, ::-1], b), "the kernel was flipped. A layer"),
    (with_slide(lambda x, w: convolve2d(x, w, mode="valid")), "the kernel was flipped. A layer"),
    (lambda m, w, b: layer(m, w[..., ::-1], b), "flipped along one axis"),
    (lambda m, w, b: layer(m, w[..., ::-1, :], b), "flipped along one axis"),
    (lambda m, w, b: layer(m[:1], w[:, :1], b), "only the first input map"),
    (lambda m, w, b: layer(m[-1:], w[:, -1:], b), "only the last input map"),
    (lambda m, w, b: np.maximum(sums(m, w).mean(1) + column(b), 0), "over the input maps; this is their mean"),
    (lambda m, w, b: layer(m, w / w[0, 0].size, b), "over the kernel's pixels; this is their mean"),
    (lambda m, w, b: layer(m, w / w[0].size, b), "over pixels and maps; this is a mean"),
    (lambda m, w, b: 2 * layer(m, w, b), "the values are not"),
    (lambda m, w, b: "maps", "an array of real numbers"),
    (lambda m, w, b: layer(m, w, b)[:, :2], "the shape should be (3, 5, 4)"),
    (fixed_size, "not for 1x1"),
    (lambda m, w, b: layer(m, w, b) if w.shape[-1] == 3 else m, "not for 1x1"),
    (lambda m, w, b: layer(m, w, b) if w.shape[-1] % 2 else m, "not for 4x4"),
    (3.0, "a function is wanted"),
]


BUILT = {"A": 4, "B": 6, "C": 3, "D": 5}


def built(**changed):
    return BUILT | changed


FOLLOWERS = [
    (BUILT, "right."),
    ({"d": 5, "c": 3, "b": 6, "a": 4}, "right."),
    (dict.fromkeys("ABCD"), "not attempted yet."),
    ([4, 6, 3, 5], "a dict is wanted"),
    ({"A": 4, "B": 6, "C": 3}, "for each of the curves"),
    (built(E=1), "and for no other"),
    (built(A=7), "the numbers 1 to 6; A has 7"),
    (built(A=None), "the numbers 1 to 6; A has None"),
    (built(A=3), "no number comes twice"),
    (built(A=1), "A: convolutions alone follow every shift"),
    (built(A=2), "A: a grid of 2"),
    (built(A=3, C=4), "A: a grid of 3"),
    (built(A=5, D=4), "A: three poolings by 2"),
    (built(A=6, B=4), "A: a layer with a weight for each pair"),
    (built(C=4, A=2), "A: a grid of 2"),
    (built(B=5, D=6), "B: where would the curve of this plan be 0 again"),
    (built(B=1), "B: convolutions alone"),
    (built(C=2), "C: a grid of 2"),
    (built(D=2), "D: a grid of 2"),
    (built(D=1), "D: convolutions alone"),
    ({"A": 4, "B": 2, "C": 3, "D": 6}, "B: a grid of 2"),
    ({"A": 4, "B": 6, "C": 1, "D": 3}, "C: convolutions alone"),
]


SHAPES = [(8, 28, 28), (8, 14, 14), (16, 14, 14), (16, 28, 28), (1, 28, 28)]


def shapes(layer, shape):
    return [*SHAPES[: layer - 1], shape, *SHAPES[layer:]]


PREDICTED = [
    (SHAPES, "right."),
    (tuple(map(list, SHAPES)), "right."),
    (SHAPES[:4], "a list of five shapes"),
    ("8x28x28", "a list of five shapes"),
    (shapes(2, 14), "layer 2: three numbers"),
    (shapes(1, (28, 28, 8)), "the maps come first"),
    (shapes(1, (1, 28, 28)), "as many maps as filters"),
    (shapes(1, (8, 32, 32)), "layer 1: without padding"),
    (shapes(1, (8, 27, 27)), "32 - 5 + 1"),
    (shapes(1, (8, 30, 30)), "Here it is 5x5"),
    (shapes(2, (4, 14, 14)), "their number does not change"),
    (shapes(2, (8, 28, 28)), "one pixel of 2x2"),
    (shapes(2, (8, 26, 26)), "divides by 2"),
    (shapes(3, (128, 14, 14)), "layer 3: a filter sums"),
    (shapes(3, (16, 12, 12)), "zeros are put around"),
    (shapes(4, (16, 14, 14)), "makes 2x2 pixels of each"),
    (shapes(4, (16, 16, 16)), "multiplies by 2"),
    (shapes(5, (16, 28, 28)), "layer 5: a filter sums"),
    (shapes(5, (1, 26, 26)), "the size stays"),
    (shapes(5, (1, 32, 32)), "a smaller image than it got"),
    (shapes(5, (1, 7, 7)), "see what the layer does"),
]


def grey_noise(images, rng):
    return np.repeat((images + rng.normal(0, 0.2, images.shape))[..., None], 3, axis=-1)


def grey_noise_by_stack(images, rng):
    noisy = images + 0.2 * rng.standard_normal(images.shape)
    return np.stack([noisy] * 3, axis=-1)


def in_place(images, rng):
    images += rng.normal(0, 0.2, images.shape)
    return np.repeat(images[..., None], 3, axis=-1)


def one_channel(images, rng):
    colour = np.repeat(images[..., None], 3, axis=-1)
    colour[..., 0] += rng.normal(0, 0.2, images.shape)
    return colour


CHANNELS = [
    (grey_noise, "right."),
    (grey_noise_by_stack, "right."),
    (lambda x, rng: x[..., None] + rng.normal(0, 0.2, (*x.shape, 3)), "A scanner draws once"),
    (one_channel, "read off the others"),
    (in_place, "clean images were changed"),
    (lambda x, rng: grey_noise(x, rng).transpose(0, 3, 1, 2), "channels come last"),
    (lambda x, rng: grey_noise(x, rng)[..., 0], "three channels are missing"),
    (lambda x, rng: grey_noise(x, rng)[:2], "the shape should be"),
    (lambda x, rng: np.repeat(x[..., None], 3, axis=-1), "nothing was added"),
    (lambda x, rng: grey_noise(x, np.random.default_rng()), "the same rng gave other noise"),
    (lambda x, rng: grey_noise(x, np.random.default_rng(0)), "two different rng"),
    (lambda x, rng: x[..., None] + np.repeat(rng.normal(0, 0.2, x.shape[1:])[..., None], 3, -1), "all images got the"),
    (lambda x, rng: np.clip(grey_noise(x, rng), 0, 1), "was clipped"),
    (lambda x, rng: x[..., None] + 0.2 * np.repeat(rng.random(x.shape)[..., None], 3, -1), "a mean of 0"),
    (lambda x, rng: x[..., None] + 0.2 * (grey_noise(x, rng) - x[..., None]), "do not square"),
    (lambda x, rng: x[..., None] + 2 * (grey_noise(x, rng) - x[..., None]), "it is 0.40"),
]
CASES = [
    (check, *case)
    for check, cases in (
        (checks.check_layer_shapes, PREDICTED),
        (checks.check_conv_layer, LAYERS),
        (checks.check_followers, FOLLOWERS),
        (checks.check_grey_noise, CHANNELS),
    )
    for case in [*cases, (None, "not attempted yet.")]
]
CASES += [
    (check, lambda *arguments: None, "not attempted yet.")
    for check in (checks.check_conv_layer, checks.check_grey_noise)
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_right_shapes_are_those_of_keras():
    kinds = ((8, 5, "valid"), None, (16, 3, "same"), 2, (1, 3, "same"))
    image = keras.ops.ones((1, 1, 32, 32))
    options, found = {"data_format": "channels_first"}, []
    for kind in kinds:
        if kind is None:
            image = keras.layers.MaxPooling2D(2, **options)(image)
        elif kind == 2:
            image = keras.layers.UpSampling2D(2, **options)(image)
        else:
            image = keras.layers.Conv2D(*kind[:2], padding=kind[2], **options)(image)
        found.append(tuple(image.shape[1:]))
    assert found == SHAPES


def test_the_curves_are_0_where_the_plans_meet_their_grid_again():
    curves = checks.followers(shifts=16)
    met = {letter: [*np.flatnonzero(curves[letter] < 1e-9)] for letter in "ABCD"}
    assert met == {"A": [0, 6, 12], "B": [0], "C": [0, 3, 6, 9, 12, 15], "D": [0, 8, 16]}
    assert all(np.delete(curves[letter], met[letter]).min() > 0.2 for letter in "ABCD")
    assert {checks.PLANS[plan] for plan in BUILT.values()} < {*checks.PLANS.values()}
