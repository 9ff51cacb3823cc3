"""A stack trained one block at a time."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cdae_lessons import backend
from cdae_lessons.errors import InputError, check_count, check_images
from cdae_lessons.training.batches import Batches, Corrupt, check_corrupt
from cdae_lessons.training.denoising import check_model
from cdae_lessons.training.fitting import carry_out, planned
from cdae_lessons.training.history import History

keras = backend.load_keras()


def pretrain_layerwise(
    model: Any,
    clean: ArrayLike,
    corrupt: Corrupt,
    *,
    recipe: str = "paper",
    epochs: int | None = None,
    steps: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> list[History]:
    """Train the blocks of a `models.stacked_autoencoder` one at a time, from the outside in.

    Block k learns to map ``encode_k`` of the corrupted images' code back to the clean images' code,
    both coded by the blocks before it, which stay fixed. The first block's loss is the recipe's, the
    others' is the squared error, since codes need not lie in [0, 1]. Call `training.fit` afterwards to train
    all together.

    Parameters
    ----------
    model : keras.Model
        From `models.stacked_autoencoder`.
    clean, corrupt, recipe, epochs, steps, batch_size, seed, progress
        As for `training.fit`; the epochs or steps are those of each block.

    Returns
    -------
    list of History
        One a block.

    Raises
    ------
    InputError
        If the model is no stack, or as `training.fit`.

    References
    ----------
    P. Vincent et al., "Stacked denoising autoencoders", JMLR 11 (2010) 3371-3408, section 3.5. There the
    higher layers are corrupted by masking their clean input; here by the noise that comes through.
    """
    clean, seed = check_images(clean, what="clean training images"), check_count(seed, what="seed")
    check_model(model, clean)
    names = {layer.name for layer in model.layers}
    depth = sum(name.startswith("encode_") for name in names)
    if depth == 0 or any(f"decode_{k}" not in names for k in range(1, depth + 1)):
        msg = f"Expected a model from models.stacked_autoencoder; {model.name!r} has no blocks encode_1, decode_1, …"
        raise InputError(msg)
    plan = planned(recipe, n=len(clean), epochs=epochs, steps=steps, batch_size=batch_size)
    inner = planned(recipe, n=len(clean), epochs=epochs, steps=steps, batch_size=batch_size, loss="mse")
    check_corrupt(corrupt, clean)
    histories = []
    images = keras.Input(model.input_shape[1:])
    before, target = images, None
    for k in range(1, depth + 1):
        encode, decode = model.get_layer(f"encode_{k}"), model.get_layer(f"decode_{k}")
        fixed = None
        if k > 1:  # Keras 3.13, which Colab has, builds no model without layers
            fixed = keras.Model(images, before)
            fixed.trainable = False
            coder = keras.models.clone_model(fixed)  # since JAX takes the weights of a model away while it is trained
            coder.set_weights(fixed.get_weights())
            target = partial(_code, coder)
        block = keras.Model(images, decode(encode(before)), name=f"block_{k}")
        batches = Batches(clean, corrupt, recipe=plan.recipe, batch_size=plan.batch_size, seed=seed, target=target)
        how: dict[str, Any] = {"label": f"Block {k} of {depth}", "progress": progress}
        histories.append(carry_out(block, batches, plan if k == 1 else inner, **how))
        if fixed is not None:
            fixed.trainable = True
        before = encode(before)
    return histories


def _code(model: Any, images: np.ndarray) -> np.ndarray:
    code: np.ndarray = keras.ops.convert_to_numpy(model(images, training=False))
    return code
