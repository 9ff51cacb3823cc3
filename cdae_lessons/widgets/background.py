"""Trainings in the background: watched while they go on, stopped within a batch, one at a time in a process."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cdae_lessons import training
from cdae_lessons.errors import InputError


@dataclass(frozen=True)
class Moment:
    """How far a training has come.

    Parameters
    ----------
    step, steps, epoch, epochs : int
        Steps done and in all, the epoch it is in and how many there will be.
    loss : float
        The mean of this epoch so far.
    rows : tuple of dict
        The finished epochs, as the rows of `training.History.table`.
    denoised : ndarray of shape (H, W), float32 in [0, 1], or None
        The first validation image as denoised when it was last validated; None before that.
    left : float or None
        Seconds to go, as far as one can tell; None at the first step.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    rows: tuple[dict, ...]
    denoised: np.ndarray | None
    left: float | None

    @property
    def scores(self) -> dict[int, float]:
        """Validation SSIM (data_range 1) by epoch, of those that were validated."""
        return {row["epoch"]: row["val_ssim"] for row in self.rows if "val_ssim" in row}

    @property
    def best(self) -> int | None:
        """The epoch with the best validation SSIM, whose weights are kept; None before the first."""
        return max(self.scores, key=self.scores.get, default=None)


def follow(
    model: Any,
    clean: np.ndarray,
    corrupt: Callable,
    *,
    validation: np.ndarray,
    report: Callable[[Moment], None],
    check: Callable[[], None],
    seed: int = 0,
    **how: object,
) -> training.History:
    """Train as `training.fit` does and tell how far it has come.

    Parameters
    ----------
    model, clean, corrupt, validation, seed
        As for `training.fit`.
    report : callable
        ``report(moment)`` after every step and every epoch; should be quick.
    check : callable
        Called after every step; raises `training.Stop` to end the training with the best weights kept.
    **how
        Other arguments of `training.fit`: ``recipe``, ``epochs`` or ``steps``.

    Returns
    -------
    History

    Raises
    ------
    InputError
        As `training.fit`.
    """
    shown = training.validation_noise(validation, corrupt, seed=seed)[:1]
    rows, denoised, first = [], None, None

    def watch(state: dict) -> None:
        nonlocal denoised, first
        now = time.monotonic()
        first = first or now  # the first step is slower than all others
        if "row" in state:
            rows.append(state["row"])
            if "val_ssim" in state["row"]:
                denoised = training.denoise(model, shown)[0]
        step, steps = state["step"], state["steps"]
        left = None if step == 1 else (now - first) / (step - 1) * (steps - step)
        report(Moment(step, steps, state["epoch"], state["epochs"], state["loss"], tuple(rows), denoised, left))
        check()

    return training.fit(model, clean, corrupt, validation=validation, seed=seed, watch=watch, progress=False, **how)


class Run:
    """Work in a thread of its own; made by `start`.

    Parameters
    ----------
    work : callable
        ``work(run)``: what to do. It calls `check` often and deals with its own errors.
    owner : str
        Who started it, for messages.
    """

    def __init__(self, work: Callable[[Run], None], owner: str):
        self.owner, self.dropped = owner, False
        self._asked = threading.Event()
        # A daemon: closing Python does not wait for the end of a training, only, in `_end`, for that of a step.
        self._thread = threading.Thread(target=work, args=(self,), name=f"training of the {owner}", daemon=True)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._asked.is_set()

    def stop(self) -> None:
        """Ask it to end; returns at once."""
        self._asked.set()

    def drop(self) -> None:
        """Ask it to end, and that its result be forgotten."""
        self.dropped = True
        self.stop()

    def check(self) -> None:
        """Raise `training.Stop` if it was asked to end."""
        if self.stopping:
            raise training.Stop

    def wait(self, seconds: float) -> bool:
        """Wait for the end, for so long at most; return whether it has ended."""
        self._thread.join(seconds)
        return not self.running


_turn = threading.Lock()
_latest: Run | None = None  # two trainings at once would halve each other's speed and double the memory


def start(
    work: Callable[[Run], None], *, owner: str, ready: Callable[[Run], None] | None = None, patience: float = 10
) -> Run:
    """Start `work` in the background, if no other runs.

    Parameters
    ----------
    work, owner
        As for `Run`.
    ready : callable, optional
        ``ready(run)`` is called once nothing else runs and before `work` begins.
    patience : float
        How many seconds to wait for another one that was asked to end.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        If another one runs.
    """
    global _latest
    with _turn:
        if _latest is not None and _latest.running and not (_latest.stopping and _latest.wait(patience)):
            msg = f"A training is already running in the {_latest.owner}. Wait until it has ended, or stop it there."
            raise InputError(msg)
        if _latest is None:
            atexit.register(_end)
        run = Run(work, owner)
        if ready is not None:
            ready(run)
        run._thread.start()
        _latest = run
        return run


def _end() -> None:
    # Registered by the first run, so that it comes before what the labs do at the end: wait for their pictures.
    _latest.drop()
    _latest.wait(10)  # torch aborts Python where a thread is cut off inside it


def stop(owner: str) -> None:
    """Ask the training that `owner` started, if it still runs, to end; returns at once."""
    if _latest is not None and _latest.owner == owner:
        _latest.stop()
