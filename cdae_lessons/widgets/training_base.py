"""What the labs that train have in common: Train, Stop and Reset, and a training in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import ipywidgets
import numpy as np

from cdae_lessons import denoisers, metrics, training
from cdae_lessons.errors import InputError, check_images
from cdae_lessons.widgets import background
from cdae_lessons.widgets.background import Moment
from cdae_lessons.widgets.base import Drawn, Lab, button, enabled

_PAUSE = 0.4  # seconds between pictures of a running training: each costs it about a tenth of a second


class RunLab(Lab):
    """A lab that trains in the background.

    A training ends within one step of Stop, Reset, `close`, or of another lab of the same title being made, which is
    what happens when its cell is run again. One runs at a time in a process.

    Parameters
    ----------
    title, controls, height
        As for `Lab`; the buttons are added.
    """

    _run: background.Run | None = None

    def __init__(self, title: str, controls: Mapping[str, ipywidgets.Widget], *, height: int):
        background.stop(title)
        self.moment: Moment | None = None  # of the present training or the last one
        self.used: dict | None = None  # its settings
        self.before: tuple[dict, Moment] | None = None  # settings and end of the training before it
        self._note, self._drawn, self._changing = ("", False), 0.0, threading.Lock()
        self._choices = dict(controls)
        buttons = {"train": button("Train", self.train), "stop": button("Stop", self.stop)}
        buttons["reset"] = button("Reset", self.reset)
        self._first = {name: control.value for name, control in controls.items()}
        super().__init__(title, {**controls, **buttons}, self.draw, height=height)
        self.message.layout.min_height = "44px"  # two lines, so that the picture stays in place

    def draw(self, settings: dict) -> Drawn:
        """Return what draws `moment` (None: no training yet) and these settings, and their numbers as HTML."""
        raise NotImplementedError

    def work(self, settings: dict, *, report: Callable[[Moment], None], check: Callable[[], None]) -> str:
        """Train, on the background's thread; return what to say at the end."""
        raise NotImplementedError

    def train(self) -> None:
        """Start a training with the present settings; refused with a message while another one runs."""
        settings = self.settings
        try:
            background.start(partial(self._train, settings), owner=self.title, ready=partial(self._begin, settings))
        except InputError as busy:
            self.say(str(busy))

    def stop(self) -> None:
        """End the training within one step; the best weights are kept."""
        if self._run is not None and self.running:
            self._run.stop()
            self._say_anew("Stopping …")
        else:
            self._say_anew("Nothing is being trained.")

    def reset(self) -> None:
        """End the training, forget it, and put the controls back to where they were at first."""
        with self._changing:
            if self._run is not None:
                self._run.drop()
            self.moment = self.used = self.before = None
            self._note = ("", False)
            self._enable(True)
        for name, value in self._first.items():
            self._choices[name].value = value
        self.refresh()

    def close(self) -> None:
        """End the training, forget it, and take the lab off the page."""
        if self._run is not None:
            self._run.drop()
        super().close()

    @property
    def running(self) -> bool:
        """Whether this lab is training."""
        return self._run is not None and self._run.running and not self._run.dropped

    def wait(self, seconds: float = 300) -> bool:
        """Wait for the end of the training and for the newest picture; return whether both are there."""
        end = time.monotonic() + seconds
        ended = self._run is None or self._run.wait(seconds)
        return super().wait(max(0, end - time.monotonic())) and ended

    def say(self, text: str = "", *, error: bool = False) -> None:
        """Put a line above the picture; it stays, followed by how far the training is, until there is another."""
        if text:
            self._note = (text, error)
        note, error = self._note
        super().say(" ".join(filter(None, (note, self.status()))), error=error)

    def status(self) -> str:
        """How far the training is, or what pressing Train would do."""
        raise NotImplementedError

    def _say_anew(self, text: str) -> None:
        self._note = (text, False)
        self.say()

    def _begin(self, settings: dict, run: background.Run) -> None:
        if self.moment is not None and self.used is not None:
            self.before = self.used, self.moment
        self._run, self.moment, self.used = run, None, settings
        self._enable(False)
        self._say_anew("Getting ready …")

    def _train(self, settings: dict, run: background.Run) -> None:
        """On the background's thread: train, and tell the lab unless the run was dropped."""
        said = ""
        with self.guarded():
            try:
                said = self.work(settings, report=partial(self._report, run), check=run.check)
            except training.Stop:
                said = "Stopped before the training began."
        with self._changing:
            if not run.dropped:
                self._note = (said, False) if said else self._note
                self._enable(True)
                self.refresh()

    def _report(self, run: background.Run, moment: Moment) -> None:
        with self._changing:
            if run.dropped:
                return
            if self.moment is None:
                self._note = ("", False)  # no longer getting ready
            self.moment = moment
            if (now := time.monotonic()) - self._drawn > _PAUSE:
                self._drawn = now
                self.refresh()

    def _enable(self, free: bool) -> None:
        for control in self._choices.values():
            enabled(control, free)


def network_images(images: Any, *, what: str, largest: int) -> np.ndarray:
    """Return the images of a cohort, or the array itself, checked to suit every network of the labs.

    Raises
    ------
    InputError
        If they are no images, not square, or of a side that is not divisible by 4 or not from 16 to `largest`.
    """
    images = check_images(getattr(images, "images", images), what=what)
    height, width = images.shape[1:]
    if height != width or height % 4 or not 16 <= height <= largest:
        msg = (
            f"Expected {what} that are square, with a side from 16 to {largest} pixels that is divisible by 4; "
            f"received {height}x{width}. Load them with size={min(64, largest)}."
        )
        raise InputError(msg)
    return images


def two_sides(train: Any, validation: Any, *, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the images to train on, at least 2, and those to watch, checked by `network_images`, of one size."""
    train = network_images(train, what="training images", largest=largest)
    validation = network_images(validation, what="validation images", largest=largest)
    if len(train) < 2:
        msg = f"Expected at least 2 training images; received {len(train)}."
        raise InputError(msg)
    if train.shape[1:] != validation.shape[1:]:
        msg = (
            f"Expected training and validation images of one size; received {train.shape[1]} and "
            f"{validation.shape[1]} pixels. Load them with the same size=."
        )
        raise InputError(msg)
    return train, validation


def mean_ssim(clean: np.ndarray, images: np.ndarray) -> float:
    """Mean SSIM with data_range 1."""
    return float(metrics.score(clean, images, data_range=1)["ssim"].mean())


def median_ssim(train: np.ndarray, validation: np.ndarray, corrupt: Callable) -> float:
    """Mean SSIM on validation images of a median filter tuned on the first training images."""
    few = train[:8]
    tuned = denoisers.tune("median", corrupt(few, rng=0), few)
    return mean_ssim(validation, denoisers.denoise("median", training.validation_noise(validation, corrupt), **tuned))


def progress(moment: Moment) -> str:
    """How far a training is, in a sentence or two."""
    ssim = f", validation SSIM {list(moment.scores.values())[-1]:.3f}" if moment.scores else ""
    left = "" if moment.left is None else f" About {moment.left:.0f} s left."
    return (
        f"Epoch {moment.epoch} of {moment.epochs}, step {moment.step} of {moment.steps}: "
        f"loss {moment.loss:.3f}{ssim}.{left}"
    )


def summary(history: training.History, *, epochs: int) -> str:
    """How a training ended and which weights were kept, in a sentence or two."""
    table = history.table
    ended = "Finished" if history.stopped == "finished" else "Stopped"
    ended += f" after {len(table)} of {epochs} epochs"
    if "val_ssim" not in table:
        return f"{ended}, before any was validated: the weights are those from before the training."
    row: Any = table["val_ssim"].idxmax()
    best = table.loc[row]
    return (
        f"{ended} in {history.seconds:.0f} s. Kept: the weights of epoch {best['epoch']:.0f}, "
        f"validation SSIM {best['val_ssim']:.3f}."
    )
