"""Which library computes for Keras, and on what device.

Keras reads ``KERAS_BACKEND`` once, when it is first imported. Importing `cdae_lessons` sets it
before that: the user's own setting wins, else torch (medmnist needs it anyway), else what is
installed. `load_keras` is the one place where the package imports Keras.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from importlib import metadata
from types import ModuleType

from cdae_lessons.errors import InputError

BACKENDS = ("torch", "jax", "tensorflow")


def installed(name: str) -> bool:
    """Whether the module `name` can be found, without importing it."""
    return name in sys.modules or importlib.util.find_spec(name) is not None


def select() -> str | None:
    """Set ``KERAS_BACKEND`` where the user has not, and return it (None where nothing is installed)."""
    if not os.environ.get("KERAS_BACKEND"):
        found = next(filter(installed, BACKENDS), None)
        if found is None:
            return None
        os.environ["KERAS_BACKEND"] = found
    return os.environ["KERAS_BACKEND"]


def load_keras() -> ModuleType:
    """Import Keras with the selected backend and return it.

    Raises
    ------
    InputError
        If ``KERAS_BACKEND`` names no backend or one that is not installed, if nothing is
        installed, or if Keras was imported earlier with another backend.
    """
    wanted = select()
    if wanted is None:
        msg = "Keras needs torch, jax or tensorflow, and none is installed. Run: pip install torch"
        raise InputError(msg)
    if wanted not in BACKENDS:
        msg = (
            f"KERAS_BACKEND is {wanted!r}; expected one of {', '.join(BACKENDS)}. "
            "Correct the environment variable, or unset it, and start Python again."
        )
        raise InputError(msg)
    if not installed(wanted):
        have = ", ".join(filter(installed, BACKENDS)) or "none"
        msg = (
            f"KERAS_BACKEND is {wanted!r}, which is not installed (installed: {have}). "
            f"Run: pip install {wanted}; or unset KERAS_BACKEND and start Python again."
        )
        raise InputError(msg)
    if not installed("keras"):
        msg = "Keras is not installed. Run: pip install keras"
        raise InputError(msg)
    import keras

    if keras.backend.backend() != wanted:
        msg = (
            f"Keras was imported earlier with the {keras.backend.backend()!r} backend, but KERAS_BACKEND says "
            f"{wanted!r}. Restart the kernel and import cdae_lessons before keras."
        )
        raise InputError(msg)
    return keras


def describe() -> dict[str, str]:
    """What computes here: backend, device, precision and versions.

    Returns
    -------
    dict
        Keys ``backend``, ``device`` ("CPU, 2 threads", "CUDA, NVIDIA H100", "MPS", …), ``precision``
        (the Keras dtype policy), ``python``, and the version of each main package.

    Raises
    ------
    InputError
        As `load_keras`.
    """
    keras = load_keras()
    names = ("cdae-lessons", "keras", keras.backend.backend(), "numpy", "scikit-image", "matplotlib", "ipywidgets")
    return {
        "backend": keras.backend.backend(),
        "device": _device(keras.backend.backend()),
        "precision": keras.config.dtype_policy().name,
        "python": platform.python_version(),
        **{name: _version(name) for name in names},
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _device(backend: str) -> str:
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return f"CUDA, {torch.cuda.get_device_name()}"
        if torch.backends.mps.is_available():
            return "MPS, Apple GPU"
        threads = torch.get_num_threads()
        return f"CPU, {threads} thread{'s' * (threads != 1)}"
    if backend == "jax":
        import jax

        first = jax.devices()[0]
        return "CPU" if first.platform == "cpu" else f"{first.platform.upper()}, {first.device_kind}"
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "CPU"
    return f"CUDA, {tf.config.experimental.get_device_details(gpus[0]).get('device_name', 'GPU')}"
