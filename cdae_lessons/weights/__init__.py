"""The small trained network that ships with the course, so that the labs answer at once.

It is the paper's CNN DAE (`models.cnn_dae`), trained by ``tools/make_weights.py`` on 2000 images of virtual subjects of
the ``brain`` cohort for Gaussian noise of any standard deviation from 0.05 to 1, drawn anew for each image: it is not
told the level. Its subjects are those of ``datasets.load("brain", seed=2016)``: none is among those of another seed.

The weights are stored as float16 numbers alone, in no file format that could hold code. How it scores on
subjects that it has not seen stands in ``cnn_dae_brain.json``, with the noisy images and tuned total variation
beside it; a test sees that it still does.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cdae_lessons.errors import check_count

if TYPE_CHECKING:
    import keras

SIGMAS = (0.05, 1.0)
"""Least and greatest standard deviation of the noise that the network was trained for, in grey levels."""

FOLDER = Path(__file__).parent
_NAME = "cnn_dae_brain"


def load(size: int = 64) -> keras.Model:
    """The shipped network, for images of a size of your own.

    Parameters
    ----------
    size : int
        Height and width of the images in pixels, divisible by 4. It was trained at 64.

    Returns
    -------
    keras.Model
        Maps (N, size, size) to (N, size, size), for `training.denoise`.

    Raises
    ------
    InputError
        If `size` is not positive, whole and divisible by 4.
    """
    from cdae_lessons import models  # loads Keras, which takes seconds: only those who want the network wait

    model = models.cnn_dae(check_count(size, what="size", low=1))
    with np.load(FOLDER / f"{_NAME}.npz", allow_pickle=False) as file:
        # By number, not by name; kernels have the same shape in either layout.
        model.set_weights([file[f"w{i}"].astype(np.float32) for i in range(len(file.files))])
    return model


def scores() -> dict:
    """How the shipped network scored when it was made.

    Returns
    -------
    dict
        ``made``: how it was trained, and by which code. ``test``: which images scored it. ``ssim``: for each sigma, as
        text, the mean SSIM (``data_range=1``) of ``noisy``, ``tv`` (tuned) and ``network``.
    """
    return json.loads((FOLDER / f"{_NAME}.json").read_text(encoding="utf-8"))


def save(model: keras.Model, scores: dict) -> Path:
    """Store a trained `models.cnn_dae` and its scores as the network that ships: for ``tools/make_weights.py``.

    Parameters
    ----------
    model : keras.Model
        The network.
    scores : dict
        What `scores` shall return.

    Returns
    -------
    Path
        The file of the weights.
    """
    path = FOLDER / f"{_NAME}.npz"
    np.savez_compressed(path, **{f"w{i}": w.astype(np.float16) for i, w in enumerate(model.get_weights())})
    path.with_suffix(".json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    return path


@cache
def baselines() -> dict:
    """Parameters of the classical methods, tuned on brain images by ``tools/tune_baselines.py``.

    Returns
    -------
    dict
        For each noise model, each level (as text), each method: its parameters; ``multiples_of_deviation`` holds those
        that go with the noise's standard deviation, and ``subtract_mean`` says whether its mean is to be subtracted.
    """
    return json.loads((FOLDER / "baselines.json").read_text(encoding="utf-8"))["tuned"]
