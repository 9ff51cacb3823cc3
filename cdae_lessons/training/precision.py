"""What the layers compute in while a network is trained: float32, or bfloat16 where that is faster.

bfloat16 has the range of float32 and 8 bits of precision. Processors with AVX512-BF16 or AMX, and GPUs since 2020,
multiply in it up to several times faster; other processors only imitate it, slowly.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from cdae_lessons import backend
from cdae_lessons.errors import known
from cdae_lessons.models import LAYOUT

PRECISIONS = ("float32", "bfloat16", "auto")
WORTH_IT = 0.8  # bfloat16 must save a fifth of the time of a convolution, since not all of a step is convolutions

keras: Any = backend.load_keras()
ops = keras.ops


@lru_cache(maxsize=1)
def fastest() -> str:
    """Which of the two is faster here, by a convolution of the paper's network; measured once a process, in a moment.

    Returns
    -------
    {"float32", "bfloat16"}
        "bfloat16" where it takes at most `WORTH_IT` of the time.
    """
    shape = (10, 32, 32, 64) if LAYOUT == "channels_last" else (10, 64, 32, 32)

    def seconds(dtype: str) -> float:
        images, kernel = ops.ones(shape, dtype=dtype), ops.ones((3, 3, 64, 64), dtype=dtype)
        times = []
        for _ in range(4):  # the first one prepares
            started = time.perf_counter()
            ops.convert_to_numpy(ops.max(ops.conv(images, kernel, padding="same", data_format=LAYOUT)))
            times.append(time.perf_counter() - started)
        return min(times[1:])

    return "bfloat16" if seconds("bfloat16") <= WORTH_IT * seconds("float32") else "float32"


@contextmanager
def computing(model: keras.Model, precision: str) -> Iterator[None]:
    """Let `model` compute in `precision` inside the block; its weights and its result stay float32.

    Parameters
    ----------
    model : keras.Model
        Compile it inside the block: Keras keeps what it has traced.
    precision : {"float32", "bfloat16", "auto"}
        "auto": `fastest`. In bfloat16 the last layer with weights, and what follows it, still compute in float32,
        since a grey value near 1 would have steps of 1/256 and its cross-entropy none at all.

    Raises
    ------
    InputError
        On another precision.
    """
    precision = fastest() if known(precision, PRECISIONS, what="precision") == "auto" else precision
    layers = list(every_layer(model))
    last = max((i for i, layer in enumerate(layers) if layer.weights), default=0)
    before = [(layer, layer.dtype_policy) for layer in layers[:last]] if precision == "bfloat16" else []
    try:
        for layer, _ in before:
            layer.dtype_policy = "mixed_bfloat16"
        yield
    finally:
        for layer, policy in before:
            layer.dtype_policy = policy
        if before:
            model.make_predict_function(force=True)  # the one in use may have been traced in bfloat16


def every_layer(model: Any) -> Iterator[Any]:
    """The layers of a model, and of the models in it."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from every_layer(layer)
        else:
            yield layer
