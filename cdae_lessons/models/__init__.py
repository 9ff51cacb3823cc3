"""Untrained networks of the course. Each maps images (N, H, W) to images (N, H, W).

The channel axis lives inside: a Reshape at each end adds and drops it, in the layout that is
fastest for the backend. Initial weights depend on `seed` alone, never on a global generator.
"""

from cdae_lessons.models.autoencoders import (
    TiedAutoencoder,
    conv_autoencoder,
    dense_autoencoder,
    stacked_autoencoder,
)
from cdae_lessons.models.encoder_decoders import cnn_dae, encoder_decoder, unet
from cdae_lessons.models.layers import LAYOUT as LAYOUT
from cdae_lessons.models.layers import keras as keras

__all__ = [
    "TiedAutoencoder",
    "cnn_dae",
    "conv_autoencoder",
    "dense_autoencoder",
    "encoder_decoder",
    "stacked_autoencoder",
    "unet",
]
