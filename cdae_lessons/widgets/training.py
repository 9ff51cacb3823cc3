"""A lab that trains a network and shows how it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cdae_lessons import models, noise, training
from cdae_lessons.backend import describe
from cdae_lessons.widgets import background, panels
from cdae_lessons.widgets.background import Moment
from cdae_lessons.widgets.base import Drawn, menu, slider
from cdae_lessons.widgets.training_base import RunLab, mean_ssim, median_ssim, progress, summary, two_sides

NETWORKS: Mapping[str, Callable[..., models.keras.Model]] = MappingProxyType(
    {
        "dense": models.dense_autoencoder,
        "convolutional": models.conv_autoencoder,
        "CNN DAE": models.cnn_dae,
        "U-Net": models.unet,
    }
)
"""The networks of the lab by the names in its menu; each takes the side of the images."""

LARGEST = 128  # pixels; larger images would take more memory than a free Binder has
_WATCHED = 20  # validation images: enough to follow a training, few enough to score after every epoch
_MOST = 1000  # training images
_HEIGHT = panels.height(2)


class TrainingLab(RunLab):
    """The lab that `training_lab` makes; ``model`` and ``history`` are those of the last training, None before it."""

    def __init__(self, train: np.ndarray, validation: np.ndarray):
        self.train_images, self.validation = train, validation
        self.model: models.keras.Model | None = None
        self.history: training.History | None = None
        self.median: dict[float, float] = {}  # SSIM of the tuned median filter, by noise level
        self._seen: dict[float, tuple[np.ndarray, float]] = {}
        self.device = describe()["device"]
        n = min(_MOST, len(train))
        controls = {
            "network": menu("Network", list(NETWORKS), "CNN DAE"),
            "recipe": menu("Recipe", list(training.RECIPES), "fast"),
            "level": slider("Noise p·σ", 0.3, 0.05, 1.0, 0.05),
            "n": slider("Images n", min(60, n), min(10, n - 1), n, 0.1, log=True),
            "epochs": slider("Epochs", 10, 1, 100, 1),
        }
        super().__init__("training lab", controls, height=_HEIGHT)

    def work(self, settings: dict, *, report: Callable[[Moment], None], check: Callable[[], None]) -> str:
        clean, level = self.train_images[: settings["n"]], settings["level"]
        corrupt = _corruption(level)
        if level not in self.median:
            self.median[level] = median_ssim(self.train_images, self.validation, corrupt)
        check()
        model = NETWORKS[settings["network"]](clean.shape[1])
        history = background.follow(
            model, clean, corrupt,
            validation=self.validation, report=report, check=check,
            recipe=settings["recipe"], epochs=settings["epochs"],
        )  # fmt: skip
        self.model, self.history = model, history
        return summary(history, epochs=settings["epochs"])

    def status(self) -> str:
        moment, settings = self.moment, self.settings
        if self.running:
            return f"{progress(moment) if moment else ''} Device: {self.device}.".strip()
        if self.used is None:
            batch = min(training.RECIPES[settings["recipe"]].batch_size, settings["n"])
            steps = -(-settings["n"] // batch)
            return f"{settings['epochs']} epochs of {steps} steps, {batch} images a step. Device: {self.device}."
        return "" if settings == self.used else "Press Train to use the new settings."

    def draw(self, settings: dict) -> Drawn:
        moment, settings = self.moment, self.used or settings
        noisy, noisy_ssim = self._noisy(settings["level"])
        lines = {"noisy": noisy_ssim, "median filter": self.median.get(settings["level"])}
        draw = partial(_draw, settings, moment, lines, self.before, self.validation[0], noisy)
        return draw, self._numbers(lines, moment)

    def _noisy(self, level: float) -> tuple[np.ndarray, float]:
        """The first validation image with noise, and the mean SSIM of all of them."""
        if level not in self._seen:
            noisy = training.validation_noise(self.validation, _corruption(level))
            self._seen[level] = noisy[0], mean_ssim(self.validation, noisy)
        return self._seen[level]

    def _numbers(self, lines: Mapping[str, float | None], moment: Moment | None) -> str:
        parts = [f"{name} {value:.3f}" for name, value in lines.items() if value is not None]
        if moment is not None and moment.best:
            parts.append(f"network at its best, epoch {moment.best}: {moment.scores[moment.best]:.3f}")
        return f"Mean SSIM of {len(self.validation)} validation images (data_range 1): {', '.join(parts)}."


def training_lab(train: object, validation: object) -> TrainingLab:
    """Train a network and watch it learn.

    Parameters
    ----------
    train : Cohort, or ndarray of shape (N, H, W), floating point in [0, 1]
        The training images, at least 2; square, a side of 16 to 128 pixels that is divisible by 4.
    validation : Cohort, or ndarray of shape (M, H, W), floating point in [0, 1]
        Other images of the same size; the first 20 are used. Never the test images.

    Returns
    -------
    Lab
        Its ``model`` and ``history`` are those of the last training.

    Raises
    ------
    InputError
        On images of another shape, type, size or range.
    """
    train, validation = two_sides(train, validation, largest=LARGEST)
    return TrainingLab(train, validation[:_WATCHED])


def _corruption(level: float) -> partial:
    return partial(noise.gaussian, p=level, sigma=1)


def _draw(
    settings: dict,
    moment: Moment | None,
    lines: Mapping[str, float | None],
    before: tuple[dict, Moment] | None,
    clean: np.ndarray,
    noisy: np.ndarray,
    figure: Figure,
) -> None:
    loss = figure.add_axes((0.075, 0.6, 0.395, 0.33))
    ssim = figure.add_axes((0.075, 0.11, 0.395, 0.35))
    loss.set_title(f"{settings['network']}, {settings['n']} images, {settings['recipe']}", fontsize=9)
    _draw_loss(loss, moment)
    _draw_ssim(ssim, moment, lines, before)
    for axes in (loss, ssim):
        axes.set_xlim(0, 1.03 * settings["epochs"])
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
        axes.grid(alpha=0.3)
        axes.tick_params(labelsize=8)
    ssim.set_xlabel("epoch", fontsize=9)
    _draw_images(figure, clean, noisy, moment)


def _draw_loss(axes: Axes, moment: Moment | None) -> None:
    axes.set_ylabel("loss", fontsize=9)
    if moment is None:
        axes.set_ylim(0, 1)
        return
    marks: dict[str, Any] = {"markersize": 4, "markevery": max(1, moment.epochs // 20)}
    done = [(row["epoch"], row["loss"]) for row in moment.rows]
    seen = [(row["epoch"], row["val_loss"]) for row in moment.rows if "val_loss" in row]
    axes.plot(*_columns(done), "o-C0", label="training", **marks)
    axes.plot(*_columns(seen), "s--C1", label="validation", **marks)
    if moment.step < moment.steps:
        axes.plot(moment.step / moment.steps * moment.epochs, moment.loss, "oC0", markerfacecolor="none", markersize=5)
    axes.set_ylim(0, 1.08 * max(loss for _, loss in [*done, *seen, (0, moment.loss)]))
    axes.legend(fontsize=8, handlelength=3)


def _draw_ssim(
    axes: Axes, moment: Moment | None, lines: Mapping[str, float | None], before: tuple[dict, Moment] | None
) -> None:
    axes.set_ylim(0, 1)
    axes.set_ylabel("validation SSIM", fontsize=9)
    for (name, value), style in zip(lines.items(), (":", "-."), strict=True):
        if value is not None:
            axes.axhline(value, color="0.35", linestyle=style, linewidth=1.2, label=name)
    if before is not None and before[1].scores:
        axes.plot(*_columns(before[1].scores.items()), "x-", color="0.6", markersize=4, label="last time")
    if moment is not None and moment.best:
        axes.plot(*_columns(moment.scores.items()), "s--C1", markersize=4, label="now, ★ kept")
        axes.plot(moment.best, moment.scores[moment.best], "*C1", markersize=11)
    axes.legend(
        fontsize=8, handlelength=1.8, handletextpad=0.4, columnspacing=0.8, frameon=False,
        loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0, ncols=5,
    )  # fmt: skip


def _columns(pairs: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    pairs = list(pairs)
    return [x for x, _ in pairs], [y for _, y in pairs]


def _draw_images(figure: Figure, clean: np.ndarray, noisy: np.ndarray, moment: Moment | None) -> None:
    first, second, third, fourth = (panels.place(column, row) for row in range(2) for column in (2, 3))
    panels.picture(figure, first, clean, "Clean")
    panels.picture(figure, second, noisy, "Noisy", _scores(clean, noisy))
    error = "Error, denoised − clean"
    if moment is None or moment.denoised is None:
        instead = "press Train" if moment is None else "not validated yet"
        panels.blank(figure, third, "Denoised", instead)
        panels.blank(figure, fourth, error, instead)
        return
    panels.picture(figure, third, moment.denoised, "Denoised", _scores(clean, moment.denoised))
    panels.error(figure, fourth, moment.denoised - clean, error, "blue −0.5, red +0.5")


def _scores(clean: np.ndarray, image: np.ndarray) -> str:
    ssim, psnr = panels.ssim_psnr(clean, image)
    return f"SSIM {ssim:.2f}, {psnr:.1f} dB"
