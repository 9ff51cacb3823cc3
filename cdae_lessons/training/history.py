"""What happened in a training."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd


class Stop(Exception):  # noqa: N818 - like StopIteration, no error
    """What a ``watch`` of `training.fit` raises to end the training."""


@dataclass(frozen=True)
class History:
    """What happened in a training.

    Parameters
    ----------
    table : DataFrame
        A row an epoch: ``epoch``, ``loss``, and with validation images ``val_loss`` and ``val_ssim``
        (``data_range=1``), NaN in epochs that were not validated.
    recipe : str
        Name of the recipe; "own" for one of your own.
    noise : str
        The corruption, as ``"gaussian p=0.5 sigma=1"``.
    n_train : int
        Number of training images.
    seed : int
        The seed.
    seconds : float
        Wall time.
    stopped : {"finished", "interrupted", "stopped"}
        Why it ended: "interrupted" by Ctrl-C or the kernel's interrupt, "stopped" by a ``watch``.
    """

    table: pd.DataFrame = field(repr=False)
    recipe: str
    noise: str
    n_train: int
    seed: int
    seconds: float
    stopped: str
