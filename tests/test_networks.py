"""Networks of studies by name: what a text names, and what it must not."""

import numpy as np
import pytest

from cdae_lessons import InputError, models
from cdae_lessons.studies import networks
from cdae_lessons.training import recipes


@pytest.mark.parametrize("text", networks.NETWORKS)
def test_every_network_can_be_built_by_its_name(text):
    name, build, loss = networks.parse(text)
    assert (name, loss) == (text, None)
    assert build(16, seed=1).output_shape == (None, 16, 16)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("encoder_decoder skips=TRUE  depth=3", "encoder_decoder depth=3 skips=true"),
        ("encoder_decoder depth=2 width=64 skips=false", "encoder_decoder"),
        ("encoder_decoder loss=mse residual=true", "encoder_decoder residual=true loss=mse"),
        ("cnn_dae loss=dissimilarity", "cnn_dae loss=dissimilarity"),
        ("dense_autoencoder tied=true code=32", "dense_autoencoder code=32 tied=true"),
    ],
)
def test_two_texts_of_one_network_have_one_name(text, name):
    assert networks.parse(text)[0] == name
    assert networks.parse(name)[0] == name


def test_settings_reach_the_builder_and_the_training():
    _, build, loss = networks.parse("encoder_decoder depth=1 width=8 kernel_size=5 loss=dissimilarity")
    assert loss is recipes.dissimilarity
    expected = models.encoder_decoder(16, depth=1, width=8, kernel_size=5, seed=3)
    for ours, theirs in zip(build(16, seed=3).get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cnn_dea", "cnn_dae"),
        ("", "network"),
        ("encoder_decoder deph=3", "depth"),
        ("encoder_decoder depth", "key=value"),
        ("encoder_decoder depth=2 depth=3", "once"),
        ("encoder_decoder depth=0", "depth.*>= 1"),
        ("encoder_decoder depth=1.5", "depth"),
        ("encoder_decoder skips=1", "true, false"),
        ("encoder_decoder loss=mean", "mse"),
        ("encoder_decoder seed=3", "setting of encoder_decoder"),
        ("stacked_conv_layerwise loss=mse", "no settings"),
    ],
)
def test_what_names_no_network_is_told(text, said):
    with pytest.raises(InputError, match=said):
        networks.parse(text)
