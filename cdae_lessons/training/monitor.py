"""Who looks on while a network is trained: who records, and who ends a training that has gone wrong."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from cdae_lessons import backend, metrics
from cdae_lessons.errors import InputError
from cdae_lessons.training.denoising import denoise
from cdae_lessons.training.stepping import Loss, measured

keras: Any = backend.load_keras()

Watch = Callable[[dict[str, Any]], None]
Validation = tuple[np.ndarray, np.ndarray]
"""Clean images and the same with noise, each of shape (M, H, W)."""


class Record:
    """A row an epoch, every so many of them validated, and the weights that are best so far.

    Parameters
    ----------
    model : keras.Model
        The network that is trained.
    loss : str or callable
        What it is trained by.
    validation : (clean, noisy) or None
        Without it the weights of the last finished epoch count as the best.
    every, epochs : int
        Epochs from one validation to the next, and in all; the last one is validated in any case.
    """

    def __init__(self, model: Any, loss: Loss, validation: Validation | None, *, every: int, epochs: int):
        self.model, self.loss, self.validation, self.every, self.epochs = model, loss, validation, every, epochs
        self.rows: list[dict[str, float]] = []
        self.best: list[np.ndarray] = model.get_weights()
        self.best_epoch, self._best_ssim = 0, -np.inf

    def add(self, loss: float) -> dict[str, float]:
        """Add a row for the epoch that has ended, keep the weights if they are the best, and return the row."""
        number = len(self.rows) + 1
        row = {"epoch": number, "loss": loss}
        if self.validation is None:
            self._keep(number)
        elif number == self.epochs or number % self.every == 0:
            clean, noisy = self.validation
            denoised = denoise(self.model, noisy)
            row["val_loss"] = float(keras.ops.convert_to_numpy(measured(self.loss, clean, denoised)))
            row["val_ssim"] = metrics.score(clean, denoised, data_range=1)["ssim"].mean()
            if row["val_ssim"] > self._best_ssim:
                self._best_ssim = row["val_ssim"]
                self._keep(number)
        self.rows.append(row)
        return dict(row)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Give the model the best weights after the block, however it ends."""
        try:
            yield
        finally:
            self.model.set_weights(self.best)

    def said(self) -> str:
        """The last validation score, for the bar; nothing where there is none."""
        last = self.rows[-1] if self.rows else {}
        return f", validation SSIM {last['val_ssim']:.3f}" if "val_ssim" in last else ""

    def kept(self) -> str:
        """Which weights these are, in a sentence."""
        if self.best_epoch == 0:
            return "No epoch was finished: the weights are those from before."
        why = "the best on the validation images" if self.validation is not None else "the last finished"
        return f"The weights are those of epoch {self.best_epoch}, {why}."

    def _keep(self, epoch: int) -> None:
        self.best, self.best_epoch = self.model.get_weights(), epoch


def check_finite(loss: float, *, epoch: int) -> None:
    """See that a loss is a number."""
    if not np.isfinite(loss):
        msg = (
            f"The loss became {loss} in epoch {epoch}, so the training was stopped and the last good weights were "
            "kept. Usual causes: a learning rate that is too high, cross-entropy with an output that is not a sigmoid, "
            "or noise so large that numbers overflow."
        )
        raise InputError(msg)


@contextmanager
def held_back() -> Iterator[Callable[[], None]]:
    """Hold an interrupt back until the step in which it came is over; a second one comes through at once.

    Inside a step Keras may take the interrupt for a mistake in the inputs of a layer, and go on with a warning.

    Yields
    ------
    callable
        Call it after a step: it raises the `KeyboardInterrupt` that was held back.
    """
    asked = False

    def note(*_: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    def let_through() -> None:
        if asked:
            raise KeyboardInterrupt

    usual = signal.default_int_handler
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is usual
    if ours:
        signal.signal(signal.SIGINT, note)
    try:
        yield let_through
        let_through()  # it may have come after the last step
    finally:
        if ours:
            signal.signal(signal.SIGINT, usual)
