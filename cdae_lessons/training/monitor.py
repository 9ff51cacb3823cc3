"""Who looks on while a network is trained: who records, who stops it, the bar, and the user's watch."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from cdae_lessons import backend, metrics
from cdae_lessons.errors import InputError
from cdae_lessons.progress import Bar
from cdae_lessons.training.denoising import denoise

keras: Any = backend.load_keras()

Watch = Callable[[dict[str, Any]], None]
Validation = tuple[np.ndarray, np.ndarray]
"""Clean images and the same with noise, each of shape (M, H, W)."""


class Record(keras.callbacks.Callback):
    """A row an epoch, every so many of them validated, and the weights that are best so far.

    Parameters
    ----------
    validation : (clean, noisy) or None
        Without it the weights of the last finished epoch count as the best.
    every : int
        Epochs from one validation to the next; the last one is validated in any case.
    """

    def __init__(self, validation: Validation | None, *, every: int):
        super().__init__()
        self.validation, self.every = validation, every
        self.rows: list[dict[str, float]] = []
        self.best: list[np.ndarray] | None = None
        self.best_epoch, self._best_ssim = 0, -np.inf

    @property
    def epoch(self) -> int:
        """The epoch that goes on, counted from 1."""
        return len(self.rows) + 1

    def on_train_begin(self, logs: Any = None) -> None:
        """Keep the weights from before, lest none be finished."""
        self._keep(0)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add a row, and keep the weights if they are the best."""
        number = epoch + 1
        row = {"epoch": number, "loss": logs["loss"]}
        if self.validation is None:
            self._keep(number)
        elif number == self.params["epochs"] or number % self.every == 0:
            clean, noisy = self.validation
            denoised = denoise(self.model, noisy)
            loss = self.model.compute_loss(y=clean, y_pred=denoised)
            row["val_loss"] = float(keras.ops.convert_to_numpy(loss))
            row["val_ssim"] = metrics.score(clean, denoised, data_range=1)["ssim"].mean()
            if row["val_ssim"] > self._best_ssim:
                self._best_ssim = row["val_ssim"]
                self._keep(number)
        self.rows.append(row)

    def restore(self) -> None:
        """Give the model the best weights."""
        if self.best is not None:
            self.model.set_weights(self.best)

    def kept(self) -> str:
        """Which weights these are, in a sentence."""
        if self.best_epoch == 0:
            return "No epoch was finished: the weights are those from before."
        why = "the best on the validation images" if self.validation is not None else "the last finished"
        return f"The weights are those of epoch {self.best_epoch}, {why}."

    def _keep(self, epoch: int) -> None:
        self.best, self.best_epoch = self.model.get_weights(), epoch


class StopAtNaN(keras.callbacks.Callback):
    """Ends a training whose loss is no number any more."""

    def __init__(self, record: Record):
        super().__init__()
        self.record = record

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss."""
        if not np.isfinite(logs["loss"]):
            msg = (
                f"The loss became {logs['loss']} in epoch {self.record.epoch}, so the training was stopped and the "
                "last good weights were kept. Usual causes: a learning rate that is too high, cross-entropy with an "
                "output that is not a sigmoid, or noise so large that numbers overflow."
            )
            raise InputError(msg)


class StopAtInterrupt(keras.callbacks.Callback):
    """Ends a training after the step in which an interrupt came; a second one ends it at once.

    Inside a step Keras may take the interrupt for a mistake in the inputs of a layer, and go on with a warning.
    """

    def __init__(self) -> None:
        super().__init__()
        self.asked = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hold interrupts back inside the block, where Python would have raised them."""
        usual = signal.default_int_handler
        ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is usual
        if ours:
            signal.signal(signal.SIGINT, self._note)
        try:
            yield
            self.on_train_batch_end(0)  # it may have come after the last step
        finally:
            if ours:
                signal.signal(signal.SIGINT, usual)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Raise the interrupt that has been held back."""
        if self.asked:
            raise KeyboardInterrupt

    def _note(self, *_: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class MoveBar(keras.callbacks.Callback):
    """Moves a progress bar on, with the loss and the last validation score."""

    def __init__(self, bar: Bar, record: Record):
        super().__init__()
        self.bar, self.record = bar, record

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move on by a step."""
        last = self.record.rows[-1] if self.record.rows else {}
        ssim = f", validation SSIM {last['val_ssim']:.3f}" if "val_ssim" in last else ""
        self.bar.update(note=f"Epoch {self.record.epoch}, loss {logs['loss']:.4f}{ssim}")


class TellWatch(keras.callbacks.Callback):
    """Calls the user's watch after every step and every epoch; comes after `Record`."""

    def __init__(self, watch: Watch, record: Record, *, steps_an_epoch: int):
        super().__init__()
        self.watch, self.record, self.steps_an_epoch = watch, record, steps_an_epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Tell of a step."""
        self._tell(self.record.epoch, batch + 1, loss=float(logs["loss"]))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell of an epoch, with its row."""
        row = dict(self.record.rows[-1])
        self._tell(epoch + 1, self.steps_an_epoch, loss=float(logs["loss"]), row=row)

    def _tell(self, epoch: int, batch: int, **what: Any) -> None:
        epochs = self.params["epochs"]
        step, steps = (epoch - 1) * self.steps_an_epoch + batch, epochs * self.steps_an_epoch
        self.watch({"step": step, "steps": steps, "epoch": epoch, "epochs": epochs, **what})
