"""Exercises of lesson 10: right, blank, and each wrong answer with its own hint."""

from functools import partial

import numpy as np
import pytest

from cdae_lessons import checks
from cdae_lessons.models.layers import LAYOUT, keras, layers, maps_shape


def pairs(clean, level, rng):
    noisy = np.clip(clean + level * rng.standard_normal(clean.shape), 0, 1)
    return noisy, noisy - clean


def pairs_by(make, clean, level, rng):
    """What `make` returns of the clean images, the noise that was drawn, and a generator."""
    return make(clean, level * rng.standard_normal(clean.shape), rng)


def cut(images):
    return np.clip(images, 0, 1)


def conv(maps, **how):
    return layers.Conv2D(maps, how.pop("kernel", 3), padding="same", data_format=LAYOUT, **how)


def network(size, *, maps=12, depth=4, end="zeros", first="glorot_uniform", kind="residual", out=True):
    z = keras.Input((size, size))
    x = layers.Reshape(maps_shape(size, 1))(z)
    for _ in range(depth):
        x = conv(maps, activation="relu", kernel_initializer=first)(x)
        x = layers.MaxPooling2D(2, data_format=LAYOUT)(x)
    for _ in range(depth):
        x = conv(maps, activation="relu", kernel_initializer=first)(layers.UpSampling2D(2, data_format=LAYOUT)(x))
    y = conv(1, kernel_initializer=end, activation="sigmoid" if kind == "sigmoid" else None)(x)
    y = layers.Reshape((size, size))(y) if out else y
    return keras.Model(z, layers.Subtract()([z, y]) if kind == "residual" else y)


def dilated(size):
    z = keras.Input((size, size))
    x = layers.Reshape(maps_shape(size, 1))(z)
    for dilation in (1, 2, 4, 8, 4, 2):
        x = conv(16, activation="relu", dilation_rate=dilation)(x)
    y = layers.Reshape((size, size))(conv(1, kernel_initializer="zeros")(x))
    return keras.Model(z, layers.Subtract()([z, y]))


def nothing_to_learn(size):
    z = keras.Input((size, size))
    return keras.Model(z, layers.Rescaling(1.0)(z))


VIEW = [
    ([33, 16], "right."),
    ((33, 16), "right."),
    (np.array([33, 16]), "right."),
    ([15, 7], "without dilation"),
    ([16, 16], "ONE side"),
    ([17, 16], "both sides"),
    ([32, 16], "the pixel in the middle has its place"),
    ([39, 19], "the widths of the kernels"),
    ([21, 16], "overlap"),
    ([63, 31], "three in a row"),
    ([40, 16], "begin with the one pixel"),
    ([33, 33], "adds two pixels"),
    ([33, 17], "before any convolution"),
    ([33, 7], "see 15 pixels"),
    ([33, 20], "20 plain ones see 41 pixels"),
    (33, "two numbers are wanted"),
    (["wide", 16], "a single number"),
]
SUBTRACTIONS = [
    ({"A": 3, "B": 1, "C": 4, "D": 2}, "right."),
    ({"a": 3, "b": 1, "c": 4, "d": 2}, "right."),
    ({"A": 1, "B": 3, "C": 4, "D": 2}, "by the whole image"),
    ({"A": 2, "B": 1, "C": 4, "D": 3}, "has it twice"),
    ({"A": 3, "B": 1, "C": 4, "D": 3}, "makes no pixel brighter"),
    ({"A": 4, "B": 1, "C": 3, "D": 2}, "Half of the noise stays"),
    ({"A": 3, "B": 1, "C": 5, "D": 2}, "changes nothing"),
    ({"A": 3, "B": 1, "C": 6, "D": 2}, "the numbers 1 to 5"),
    ({"A": 3, "B": 1}, "A, B, C and D"),
    ([3, 1, 4, 2], "a dict is wanted"),
]
PAIRS = [
    (pairs, "right."),
    (partial(pairs_by, lambda x, y, rng: (cut(x + y), cut(x + y) - x)), "right."),
    (partial(pairs_by, lambda x, y, rng: (cut(x + y), np.maximum(np.minimum(y, 1 - x), -x))), "right."),
    (partial(pairs_by, lambda x, y, rng: (cut(x + y), 0.2 * rng.standard_normal(x.shape))), "another draw of noise"),
    (partial(pairs_by, lambda x, y, rng: (cut(x + y), y)), "less was added than was drawn"),
    (partial(pairs_by, lambda x, y, rng: (cut(x + y), (cut(x + y) - x) / 2)), "in every pixel"),
    (partial(pairs_by, lambda x, y, rng: (x + y, y)), "below 0 or above 1"),
    (partial(pairs_by, lambda x, y, rng: (cut(x + y), x - cut(x + y))), "the sign"),
    (partial(pairs_by, lambda x, y, rng: (cut(x + y), x)), "This network predicts"),
    (partial(pairs_by, lambda x, y, rng: (x, 0 * x)), "have no noise"),
    (partial(pairs_by, lambda x, y, rng: (cut(x + 0.2 * y), cut(x + 0.2 * y) - x)), "spreads by"),
    (partial(pairs_by, lambda x, y, rng: (cut(x - np.abs(y) * (x == 0) + y * (x > 0)), y)), "stays there"),
    (partial(pairs_by, lambda x, y, rng: (cut(x + y), y + 0.2 * rng.standard_normal(x.shape))), "in every pixel"),
    (partial(pairs_by, lambda x, y, rng: (cut(x + y)[0], y[0])), "the shape should be"),
    (partial(pairs_by, lambda x, y, rng: (cut(x + y), y * np.nan)), "finite"),
    (partial(pairs_by, lambda x, y, rng: cut(x + y)), "two arrays are wanted"),
    (partial(pairs_by, lambda x, y, rng: (x.fill(0), cut(y), y)[1:]), "changes the clean images"),
    (0.5, "Hand it over without calling it"),
]
BOTH = [
    (network, "right."),
    (dilated, "right."),
    (partial(network, maps=40), "weights, and 60,000 are allowed"),
    (partial(network, depth=2), "pixels across"),
    (partial(network, end="glorot_uniform"), "begins at 0: kernel_initializer"),
    (partial(network, kind="plain"), "it returns black"),
    (partial(network, kind="sigmoid", end="glorot_uniform"), "as after a sigmoid"),
    (partial(network, first="zeros"), "every weight has a slope of 0"),
    (partial(network, kind="plain", out=False), "to such images, please"),
    (nothing_to_learn, "nothing that could learn"),
    (lambda size: "a network", "should return a Keras model"),
    (0.5, "Hand it over without calling it"),
]

CASES = [
    (check, *case)
    for check, cases, blanks in (
        (checks.check_wider_view, VIEW, [None, ..., [None, None]]),
        (checks.check_four_subtractions, SUBTRACTIONS, [dict.fromkeys("ABCD")]),
        (checks.check_noise_pairs, PAIRS, [None, lambda *arguments: None]),
        (checks.check_both, BOTH, [None, lambda size: None]),
    )
    for case in [*cases, *((blank, "not attempted yet.") for blank in blanks)]
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_table_of_four_subtractions_tells_them_apart():
    table = checks.four_subtractions()
    assert [*table.index] == ["A", "B", "C", "D"]
    mean, spread, brighter = (table[column] for column in table)
    assert brighter["A"] == 0
    assert mean["A"] == pytest.approx(-0.4, abs=0.02)
    assert spread["B"] > 3
    assert spread["C"] == pytest.approx(0.5, abs=0.01)
    assert spread["D"] == pytest.approx(2, abs=0.02)


def test_seven_dilated_convolutions_see_33_pixels_as_16_plain_ones_do():
    from cdae_lessons.plotting.layers import field, steps

    for dilations in ((1, 2, 3, 4, 3, 2, 1), (1,) * 16):
        stack = [conv(1, dilation_rate=dilation) for dilation in dilations]
        ends = layers.Reshape(maps_shape(64, 1)), layers.Reshape((64, 64))
        model = keras.Sequential([keras.Input((64, 64)), ends[0], *stack, ends[1]])
        seen = field(steps(model), (32, 32))
        assert np.ptp(np.flatnonzero(seen.any(axis=1))) + 1 == 33
