"""A lab that trains on more and more images: how many does a network need?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cdae_lessons import models, noise, training
from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.errors import InputError
from cdae_lessons.widgets import background, panels
from cdae_lessons.widgets.background import Moment
from cdae_lessons.widgets.base import Drawn, menu, slider
from cdae_lessons.widgets.training_base import RunLab, mean_ssim, median_ssim, network_images, progress

LARGEST = 64  # pixels; with larger images a run would take minutes
_NOISE = partial(noise.gaussian, p=0.3, sigma=1)
_WATCHED = 20  # validation images
_MOST = 300  # training images
_HEIGHT = 360
_SQUARES = ((566, 24, 148), (566, 204, 148))  # of the two images
_TICKS = (5, 10, 20, 50, 100, 200, 300)


@dataclass(frozen=True)
class Result:
    """What a finished run ended with: the validation SSIM of the weights kept, and how it got there."""

    ssim: float
    last: Moment | None


class SampleSizeLab(RunLab):
    """The lab that `sample_size_lab` makes.

    Parameters
    ----------
    pools : mapping of str to ndarray of shape (N, H, W)
        Training images of each set.
    validation : ndarray of shape (M, H, W)
        Validation images of the first set.
    """

    def __init__(self, pools: Mapping[str, np.ndarray], validation: np.ndarray):
        self.pools, self.validation = pools, validation
        self.results: dict[tuple, Result] = {}  # finished runs by mix, n, seed and steps
        self.lines = {"noisy": mean_ssim(validation, training.validation_noise(validation, _NOISE))}
        own, *others = pools
        self.mixes: dict[str, tuple[str, ...]] = {own: (own,)}
        for other in others:
            self.mixes |= {f"half {own}, half {other}": (own, other), other: (other,)}
        self.lines["median filter"] = median_ssim(pools[own], validation, _NOISE)
        high = min(_MOST, *map(len, pools.values()))
        low = min(10, high - 1)
        steps = 200 if validation.shape[1] <= 32 else 100  # some ten seconds on a laptop
        controls = {"mix": menu("Train on", list(self.mixes))} if others else {}
        controls |= {
            "n": slider("Images n", low, low, high, 0.25, log=True),
            "seed": slider("Seed", 0, 0, 9, 1),
            "steps": slider("Steps", steps, 50, 1000, 50),
        }
        super().__init__("sample size lab", controls, height=_HEIGHT)

    def train(self) -> None:
        """Start a run; one that was finished before is shown again instead."""
        if not self.running and (known := self.results.get(self._key(self.settings))):
            self.moment, self.used = known.last, self.settings
            self._say_anew("This run is there already: its point is marked.")
            self.refresh()
            return
        super().train()

    def reset(self) -> None:
        """End the training, forget all runs, and put the controls back to where they were at first."""
        self.results.clear()
        super().reset()

    def work(self, settings: dict, *, report: Callable[[Moment], None], check: Callable[[], None]) -> str:
        key, last = self._key(settings), None

        def keep(moment: Moment) -> None:
            nonlocal last
            last = moment
            report(moment)

        history = background.follow(
            models.cnn_dae(self.validation.shape[1], seed=settings["seed"]),
            self.chosen(settings),
            _NOISE,
            validation=self.validation, report=keep, check=check,
            recipe="fast", steps=settings["steps"], seed=settings["seed"],
        )  # fmt: skip
        if history.stopped != "finished":
            return "Stopped: a run that is not finished leaves no point."
        ssim = float(history.table["val_ssim"].max())
        self.results[key] = Result(ssim, last)
        return f"Finished in {history.seconds:.0f} s: validation SSIM {ssim:.3f}."

    def chosen(self, settings: dict) -> np.ndarray:
        """The training images of these settings: the seed says which; those of a smaller n are among those of a larger.

        Of a mix of two sets one half is from each, the first one's being the larger where n is odd.
        """
        names, n = self.mixes[self._key(settings)[0]], settings["n"]
        parts = []
        for i, name in enumerate(names):
            order = np.random.default_rng([settings["seed"], i]).permutation(len(self.pools[name]))
            parts.append(self.pools[name][order[: (n + len(names) - 1 - i) // len(names)]])
        return np.concatenate(parts)

    def status(self) -> str:
        if self.running:
            return progress(self.moment) if self.moment else ""
        if self.used not in (None, self.settings):
            return "Press Train for the new settings."
        return "" if self.used else "Each finished run becomes a point."

    def draw(self, settings: dict) -> Drawn:
        moment, settings = self.moment, self.used or settings
        noisy = training.validation_noise(self.validation, _NOISE, seed=settings["seed"])[0]
        own = next(iter(self.pools))
        text = f"Mean SSIM of {len(self.validation)} validation images of {own} (data_range 1), noise p·σ = 0.3: "
        text += ", ".join(f"{name} {value:.3f}" for name, value in self.lines.items())
        if self.results:
            text += f"; {len(self.results)} finished run{'s' * (len(self.results) > 1)}, the best "
            text += f"{max(result.ssim for result in self.results.values()):.3f}"
        return partial(self._draw_all, settings, moment, noisy), f"{text}."

    def _key(self, settings: dict) -> tuple:
        return (settings.get("mix", next(iter(self.mixes))), settings["n"], settings["seed"], settings["steps"])

    def _draw_all(self, settings: dict, moment: Moment | None, noisy: np.ndarray, figure: Figure) -> None:
        self._draw_points(figure.add_axes((0.085, 0.13, 0.39, 0.79)), settings, moment)
        self._draw_course(figure.add_axes((0.53, 0.13, 0.22, 0.79)), settings, moment)
        panels.picture(figure, _SQUARES[0], noisy, "Noisy")
        if moment is None or moment.denoised is None:
            instead = "press Train" if moment is None else "not validated yet"
            panels.blank(figure, _SQUARES[1], "Denoised", instead)
        else:
            panels.picture(figure, _SQUARES[1], moment.denoised, "Denoised")

    def _draw_points(self, axes: Axes, settings: dict, moment: Moment | None) -> None:
        series: dict[tuple, list] = {}
        for (mix, n, _, steps), result in list(self.results.items()):
            series.setdefault((mix, steps), []).append((n, result.ssim))
        for i, ((mix, steps), pairs) in enumerate(series.items()):
            sizes = sorted({n for n, _ in pairs})
            means = [np.mean([ssim for n, ssim in pairs if n == size]) for size in sizes]
            axes.plot(sizes, means, f"-C{i % 10}", linewidth=1)
            label = f"{mix}, {steps} steps"
            axes.plot(*zip(*pairs, strict=True), f"C{i % 10}", linestyle="", marker="os^Dv*"[i % 6], label=label)
        if moment is not None and moment.best:
            axes.plot(settings["n"], moment.scores[moment.best], "ok", markersize=13, markerfacecolor="none")
        median = self.lines["median filter"]
        axes.axhline(median, color="0.35", linestyle="-.", linewidth=1.2)
        axes.annotate(
            "median filter", (0.99, median), (0, 3), xycoords=("axes fraction", "data"), textcoords="offset points",
            ha="right", fontsize=8,
        )  # fmt: skip
        # Near the results: on a scale from 0 to 1 one would not see what n changes. The run beside has that scale.
        ends = [median, median + 0.25, *(result.ssim for result in self.results.values())]
        axes.set_ylim(max(0, min(ends) - 0.02), min(1, max(ends) + 0.02))
        n = self.controls["n"].slider
        low, high = n.base**n.min, n.base**n.max
        axes.set(xscale="log", xlim=(0.85 * low, 1.15 * high))
        axes.set_xticks([tick for tick in _TICKS if low <= tick <= high] or [round(high)])
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.minorticks_off()
        axes.set_xlabel("number of training images n", fontsize=9)
        axes.set_ylabel("mean SSIM, validation", fontsize=9)
        _style(axes)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8, framealpha=0.6)

    def _draw_course(self, axes: Axes, settings: dict, moment: Moment | None) -> None:
        steps = settings["steps"] if moment is None else moment.steps  # rounded up to whole epochs
        axes.set(xlim=(0, 1.04 * steps), ylim=(0, 1))
        axes.set_title("the run marked ○", fontsize=9)
        axes.set_xlabel("step", fontsize=9)
        _style(axes)
        for value, style in zip(self.lines.values(), (":", "-."), strict=True):
            axes.axhline(value, color="0.35", linestyle=style, linewidth=1.2)
        if moment is not None:
            each = moment.steps / moment.epochs
            axes.plot([each * epoch for epoch in moment.scores], list(moment.scores.values()), "s--k", markersize=4)


def sample_size_lab(cohorts: object) -> SampleSizeLab:
    """Train on few and on many images and see the learning curve grow, run by run.

    The paper's network is trained at noise p·σ = 0.3 by the fast recipe, so that every run takes equally many steps
    whatever the number of images. Of each set a fifth, at most 20 images, is kept apart, no subject being on both
    sides; that of the first set is the validation set, whatever the network is trained on.

    Parameters
    ----------
    cohorts : Cohort, ndarray of shape (N, H, W), floating point in [0, 1], or mapping of str to either
        The images, at least 5 of a set; square, a side of 16 to 64 pixels that is divisible by 4. With several sets of
        one image size, a menu mixes the first with each other one. Never the test images.

    Returns
    -------
    Lab
        Its ``results`` holds the finished runs by mix, n, seed and steps.

    Raises
    ------
    InputError
        On images of another shape, type, size or range, or too few.
    """
    if not isinstance(cohorts, Mapping):
        cohorts = {getattr(cohorts, "name", "these images"): cohorts}
    if not cohorts:
        msg = "Expected at least one set of images; received none."
        raise InputError(msg)
    pools: dict[str, np.ndarray] = {}
    validation: Any = None
    for name, given in cohorts.items():
        images = network_images(given, what=f"images {name!r}", largest=LARGEST)
        if len(images) < 5:
            msg = f"Expected at least 5 images in {name!r}, to train and to validate on; received {len(images)}."
            raise InputError(msg)
        if validation is not None and images.shape[1:] != validation.shape[1:]:
            msg = (
                f"Expected sets of one image size; received {validation.shape[1]} and {images.shape[1]} pixels. "
                "Load them with the same size=."
            )
            raise InputError(msg)
        cohort = given if isinstance(given, Cohort) else Cohort(images, np.arange(len(images)), name, "", "")
        train, kept = _apart(cohort)
        pools[name] = train
        validation = kept if validation is None else validation
    return SampleSizeLab(pools, validation)


def _apart(cohort: Cohort) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation images, no subject on both sides."""
    if len(np.unique(cohort.subjects)) > 1:
        train, validation, _ = cohort.split(train=None, validation=min(_WATCHED, len(cohort) // 5), test=0)
        if len(train) > 1:
            return train.images, validation.images
    msg = f"{cohort.name!r} shows too few subjects to keep some apart for validation. Load more images."
    raise InputError(msg)


def _style(axes: Axes) -> None:
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize=8)
