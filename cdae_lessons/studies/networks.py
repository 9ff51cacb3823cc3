"""What a run measures: a network by name, as ``"encoder_decoder depth=3 loss=mse"``, or one of its rivals."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

from cdae_lessons import denoisers, models
from cdae_lessons.errors import InputError, check_count, known, settings
from cdae_lessons.training import recipes

keras: Any = models.keras

LAYERWISE = "_layerwise"

NETWORKS: Mapping[str, Callable[..., keras.Model]] = MappingProxyType(
    {
        "cnn_dae": models.cnn_dae,
        "unet": models.unet,
        "encoder_decoder": models.encoder_decoder,
        "dense_autoencoder": models.dense_autoencoder,
        "conv_autoencoder": models.conv_autoencoder,
        "stacked_dense": partial(models.stacked_autoencoder, kind="dense"),
        "stacked_conv": partial(models.stacked_autoencoder, kind="conv"),
        f"stacked_dense{LAYERWISE}": partial(models.stacked_autoencoder, kind="dense"),
        f"stacked_conv{LAYERWISE}": partial(models.stacked_autoencoder, kind="conv"),
    }
)
"""Every network of a study by name: ``build(size, seed=…)``. Layer-wise ones spend half of their length on the blocks
one by one and half on all together, so that they see as many images as the same stack trained end to end."""

LOSSES: Mapping[str, str | Callable] = MappingProxyType(
    {"mse": "mse", "mae": "mae", "dissimilarity": recipes.dissimilarity}
)
"""What ``loss=`` may name, in place of the recipe's."""


RIVALS = tuple(
    name
    for name in ("noisy", "median", "gaussian", "nl_means", "tv", "bm3d", "training_average")
    if name == "noisy" or name in denoisers.DENOISERS
)
"""What stands beside the networks: the noisy images, and classical denoisers tuned on training images."""

UNTUNED: Mapping[str, tuple[str, Mapping[str, object]]] = MappingProxyType({"median_3x3": ("median", {"size": 3})})
"""The paper's own baseline as it stands: a denoiser and its parameters, nothing tuned."""

CLASSICAL = (*RIVALS, *UNTUNED)
"""All that is no network."""


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[str, Callable[..., keras.Model], str | Callable | None]:
    """Return the network that `text` names.

    Parameters
    ----------
    text : str
        A name of `NETWORKS`, then ``key=value`` pairs: whole numbers and true or false for the builder, and ``loss``.

    Returns
    -------
    name : str
        `text` in a form of its own: settings in the builder's order, none that is the builder's own.
    build : callable
        ``build(size, seed=…)``, an untrained model.
    loss : str or callable, optional
        For `training.fit`; None for the recipe's.

    Raises
    ------
    InputError
        On an unknown network, setting or value.
    """
    network, pairs = settings(text, NETWORKS, what="network")
    builder = NETWORKS[network]
    defaults = {
        key: parameter.default
        for key, parameter in inspect.signature(builder).parameters.items()
        if type(parameter.default) in (int, bool) and key not in ("size", "seed")
    }
    settable = list(defaults) if network.endswith(LAYERWISE) else [*defaults, "loss"]
    given: dict[str, Any] = {}
    for key, value in pairs.items():
        if not settable:
            msg = f"The network {network!r} has no settings; received {key}={value}."
            raise InputError(msg)
        known(key, settable, what=f"setting of {network}")
        given[key] = known(value, LOSSES, what="loss") if key == "loss" else _value(value, key, defaults[key])
    loss = given.pop("loss", None)
    own = {key: given[key] for key, default in defaults.items() if given.get(key, default) != default}
    words = [network, *(f"{key}={str(value).lower()}" for key, value in own.items())]
    name = " ".join(words if loss is None else [*words, f"loss={loss}"])
    return name, partial(builder, **own), None if loss is None else LOSSES[loss]


def _value(text: str, key: str, default: int | bool) -> int | bool:
    if isinstance(default, bool):
        return known(text.lower(), ("true", "false"), what=f"value of {key}") == "true"
    return check_count(int(text) if text.isascii() and text.isdigit() else text, what=key, low=1)
