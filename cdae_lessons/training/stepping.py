"""One step of a training: as one writes it in PyTorch where torch computes, else by Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any

import numpy as np

from cdae_lessons import backend
from cdae_lessons.errors import InputError, known
from cdae_lessons.training.precision import PRECISIONS, computing, every_layer, fastest

keras: Any = backend.load_keras()
ops = keras.ops

Loss = str | Callable[..., Any]
Step = Callable[[np.ndarray, np.ndarray, float], float]
"""``step(noisy, clean, learning_rate) -> loss``: one step of Adam; the images have shape (N, H, W)."""


def stepping(model: Any, loss: Loss, *, precision: str) -> AbstractContextManager[Step]:
    """Make a `Step` that trains a model in place; it may be used inside the block.

    Parameters
    ----------
    model : keras.Model
        Maps (N, H, W) to (N, H, W).
    loss : str or callable
        A Keras loss, or a function of (clean, denoised).
    precision : {"float32", "bfloat16", "auto"}
        What the layers compute in; "auto": `precision.fastest`. Weights and results stay float32.

    Raises
    ------
    InputError
        On another precision, a model whose weights are all frozen, or with layers of float16.
    """
    precision = fastest() if known(precision, PRECISIONS, what="precision") == "auto" else precision
    if not model.trainable_variables:
        msg = f"The model {model.name!r} has no weights to train. Set trainable = True on it, or on some of its layers."
        raise InputError(msg)
    if any(layer.dtype_policy.name in ("float16", "mixed_float16") for layer in every_layer(model)):
        msg = (
            f"The model {model.name!r} has layers of float16, in which small gradients vanish. Call "
            'keras.config.set_dtype_policy("float32"), build it anew, and train it with precision="bfloat16".'
        )
        raise InputError(msg)
    make = _by_hand if keras.backend.backend() == "torch" else _by_keras
    return make(model, loss, precision)


def measured(loss: Loss, clean: Any, denoised: Any) -> Any:
    """The loss as one number."""
    return ops.mean(keras.losses.get(loss)(*map(ops.convert_to_tensor, (clean, denoised))))


@contextmanager
def _by_hand(model: Any, loss: Loss, precision: str) -> Iterator[Step]:
    import torch

    from cdae_lessons.training import torch_layers

    _keep_memory()
    model.compile(optimizer="adam", loss=loss)  # for evaluate, as the other backends leave it
    constrained = [variable for variable in model.trainable_variables if variable.constraint is not None]
    weights = [variable.value for variable in model.trainable_variables]
    adam, steps = torch.optim.Adam(weights, fused=True), count(1)
    device = weights[0].device
    casting = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")

    def step(noisy: np.ndarray, clean: np.ndarray, learning_rate: float) -> float:
        # Keras adds its epsilon before the correction for the first steps, torch after it.
        adam.param_groups[0] |= {"lr": learning_rate, "eps": 1e-7 / (1 - 0.999 ** next(steps)) ** 0.5}
        adam.zero_grad()
        pair = (np.ascontiguousarray(images, np.float32) for images in (noisy, clean))
        seen, wanted = (torch.from_numpy(images).to(device) for images in pair)
        with casting:
            denoised = model(seen, training=True)
        error = measured(loss, wanted, denoised.float()) + sum(model.losses)
        error.backward()
        adam.step()
        for variable in constrained:
            variable.assign(variable.constraint(variable))
        return float(error.item())

    with torch_layers.in_use(model), torch.enable_grad():
        try:
            yield step
        finally:
            adam.zero_grad()


def _keep_memory() -> None:
    """Let the C library keep what a step frees.

    glibc gives freed memory back to the system, which then hands it out anew page by page: a third of a step. Once a
    block of nearly 32 MiB has come and gone, the most that it looks at, it keeps up to 64 MiB.
    """
    bytearray(2**25 - 2**14)


@contextmanager
def _by_keras(model: Any, loss: Loss, precision: str) -> Iterator[Step]:
    with computing(model, precision):
        # XLA makes TensorFlow slower on a CPU; JAX needs it.
        compiled = keras.backend.backend() == "jax"
        model.compile(optimizer=keras.optimizers.Adam(), loss=loss, jit_compile=compiled)

        def step(noisy: np.ndarray, clean: np.ndarray, learning_rate: float) -> float:
            model.optimizer.learning_rate = learning_rate
            model.reset_metrics()  # else the mean so far is returned
            return float(model.train_on_batch(noisy, clean))

        yield step
