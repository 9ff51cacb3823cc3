"""A lab that builds networks between the paper's and a U-Net: poolings, skips, and what the last layer predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cdae_lessons import metrics, models, noise, training
from cdae_lessons.plotting.layers import field, steps
from cdae_lessons.widgets import background, panels
from cdae_lessons.widgets.background import Moment
from cdae_lessons.widgets.base import Drawn, checkbox, slider
from cdae_lessons.widgets.training_base import RunLab, progress, two_sides

LARGEST = 64  # pixels; with larger images a run would take minutes
_WATCHED = 20  # validation images
_DIM = 0.35  # how bright is what a pixel cannot see
_HEIGHT = panels.height(2)
_MARKS = "os^Dv*PX"


@dataclass(frozen=True)
class Result:
    """What a finished run ended with: mean SSIM inside the body of the validation images, denoised and noisy."""

    ssim: float
    noisy: float


class NetworkLab(RunLab):
    """The lab that `network_lab` makes; ``model`` is that of the last finished training, None before it."""

    def __init__(self, train: np.ndarray, validation: np.ndarray):
        self.train_images, self.validation = train, validation
        self.body = metrics.body_mask(validation)
        self.model: models.keras.Model | None = None
        self.results: dict[tuple, Result] = {}  # finished runs by poolings, skips, residual, level and steps
        self._seen: dict[tuple, np.ndarray] = {}
        deepest = int(np.log2(train.shape[1] & -train.shape[1]))
        controls = {
            "depth": slider("Poolings", 2, 1, min(4, deepest), 1),
            "level": slider("Noise σ", 0.05, 0.05, 1.0, 0.05),
            "steps": slider("Steps", 240, 60, 600, 60),
            "skips": checkbox("Skips"),
            "residual": checkbox("Predicts the noise"),
        }
        super().__init__("network lab", controls, height=_HEIGHT)

    def train(self) -> None:
        """Start a run; one that was finished before is not trained again."""
        if not self.running and _key(self.settings) in self.results:
            self._say_anew("This run is there already.")
            self.refresh()
            return
        super().train()

    def reset(self) -> None:
        """End the training, forget all runs, and put the controls back to where they were at first."""
        self.results.clear()
        super().reset()

    def work(self, settings: dict, *, report: Callable[[Moment], None], check: Callable[[], None]) -> str:
        model, corrupt = build(settings, self.train_images.shape[1]), _corruption(settings["level"])
        history = background.follow(
            model, self.train_images, corrupt,
            validation=self.validation, report=report, check=check,
            recipe="fast", loss="mse", steps=settings["steps"],
        )  # fmt: skip
        if history.stopped != "finished":
            return "Stopped: a run that is not finished leaves no point."
        noisy = training.validation_noise(self.validation, corrupt)
        ssim, before = (self._inside(images) for images in (training.denoise(model, noisy), noisy))
        self.model, self.results[_key(settings)] = model, Result(ssim, before)
        verdict = "above" if ssim > before else "below"
        return (
            f"Finished in {history.seconds:.0f} s: SSIM inside the body {ssim:.3f}, {verdict} the noisy {before:.3f}."
        )

    def status(self) -> str:
        if self.running:
            return progress(self.moment) if self.moment else ""
        if self.used not in (None, self.settings):
            return "Press Train for the new settings."
        return "" if self.used else "Each finished run becomes a point."

    def draw(self, settings: dict) -> Drawn:
        moment, settings = self.moment, self.used or settings
        size = self.validation.shape[1]
        seen = self._view(settings, size)
        noisy = training.validation_noise(self.validation, _corruption(settings["level"]))[0]
        wide = int(np.ptp(np.flatnonzero(seen.any(axis=0)))) + 1
        text = f"The network has {build(settings, size).count_params():,} weights; the pixel in the middle can see "
        text += f"{wide}×{wide} of {size}×{size} pixels."
        if self.results:
            text += (
                f" SSIM inside the body, less that of the noisy images: {'; '.join(map(_told, self.results.items()))}."
            )
        return partial(self._draw_all, moment, noisy, seen, wide), text

    def _inside(self, images: np.ndarray) -> float:
        return float(metrics.score(self.validation, images, data_range=1, mask=self.body)["ssim"].mean())

    def _view(self, settings: dict, size: int) -> np.ndarray:
        """Which pixels the one in the middle can see, (H, W)."""
        kind = settings["depth"], settings["skips"], settings["residual"]
        if kind not in self._seen:
            self._seen[kind] = field(steps(build(settings, size)), (size // 2, size // 2))
        return self._seen[kind]

    def _draw_all(self, moment: Moment | None, noisy: np.ndarray, seen: np.ndarray, wide: int, figure: Figure) -> None:
        _draw_runs(figure.add_axes((0.085, 0.12, 0.385, 0.8)), dict(self.results))
        clean = self.validation[0]
        first, second, third, fourth = (panels.place(column, row) for row in range(2) for column in (2, 3))
        panels.picture(figure, first, np.where(seen, 1, _DIM) * clean, f"Seen: {wide}×{wide}", "clean; dark is unseen")
        panels.picture(figure, second, noisy, "Noisy", _scores(clean, noisy))
        error = "Error, denoised − clean"
        if moment is None or moment.denoised is None:
            instead = "press Train" if moment is None else "not validated yet"
            panels.blank(figure, third, "Denoised", instead)
            panels.blank(figure, fourth, error, instead)
            return
        panels.picture(figure, third, moment.denoised, "Denoised", _scores(clean, moment.denoised))
        panels.error(figure, fourth, moment.denoised - clean, error, "blue −0.2, red +0.2", limit=0.2)


def network_lab(train: object, validation: object) -> NetworkLab:
    """Choose poolings, skips and what is predicted, train, and see where the network is ahead of the noisy images.

    The networks are those of `models.encoder_decoder` with 64 maps, trained at one noise level by the fast recipe with
    squared error. With two poolings, without skips, and predicting the image, it is the paper's network.

    Parameters
    ----------
    train : Cohort, or ndarray of shape (N, H, W), floating point in [0, 1]
        The training images, at least 2; square, a side of 16 to 64 pixels that is divisible by 4.
    validation : Cohort, or ndarray of shape (M, H, W), floating point in [0, 1]
        Other images of the same size; the first 20 are used. Never the test images.

    Returns
    -------
    Lab
        Its ``results`` holds the finished runs by poolings, skips, residual, level and steps; its ``model`` the network
        of the last one.

    Raises
    ------
    InputError
        On images of another shape, type, size or range.
    """
    train, validation = two_sides(train, validation, largest=LARGEST)
    return NetworkLab(train, validation[:_WATCHED])


def build(settings: Mapping[str, Any], size: int) -> models.keras.Model:
    """The untrained network of these settings."""
    chosen = {name: settings[name] for name in ("depth", "skips", "residual")}
    return models.encoder_decoder(size, **chosen)


def _corruption(level: float) -> partial:
    return partial(noise.gaussian, p=level, sigma=1)


def _key(settings: Mapping[str, Any]) -> tuple:
    return tuple(settings[name] for name in ("depth", "skips", "residual", "level", "steps"))


def _named(key: tuple) -> str:
    depth, skips, residual = key[:3]
    return f"{depth} pooling{'s' * (depth > 1)}{', skips' * skips}{', noise' * residual}"


def _told(run: tuple[tuple, Result]) -> str:
    key, result = run
    return f"{_named(key)}, {key[4]} steps, at σ = {key[3]:g} {result.ssim - result.noisy:+.3f}"


def _draw_runs(axes: Axes, results: Mapping[tuple, Result]) -> None:
    series: dict[tuple, list] = {}
    for key, result in results.items():
        series.setdefault((_named(key), key[4]), []).append((key[3], result.ssim - result.noisy))
    for i, ((name, count), pairs) in enumerate(series.items()):
        look: dict[str, Any] = {"color": f"C{i % 10}", "marker": _MARKS[i % len(_MARKS)], "linewidth": 1}
        axes.plot(*zip(*sorted(pairs), strict=True), label=f"{name}, {count} steps", **look)
    gains = [result.ssim - result.noisy for result in results.values()]
    axes.axhline(0, color="0.35", linestyle="-.", linewidth=1.2)
    axes.annotate("as good as the noisy image", (0.04, 0), (0, 3), textcoords="offset points", fontsize=8)
    axes.set(xscale="log", xlim=(0.035, 1.4), ylim=(min(-0.25, *gains, 0) - 0.02, max(0.5, *gains, 0) + 0.02))
    axes.set_xticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("noise σ of the training and the test", fontsize=9)
    axes.set_title("SSIM inside the body, less that of the noisy image", fontsize=9)
    if results:
        axes.legend(fontsize=8, framealpha=0.6, loc="lower right")


def _scores(clean: np.ndarray, image: np.ndarray) -> str:
    ssim, psnr = panels.ssim_psnr(clean, image)
    return f"SSIM {ssim:.2f}, {psnr:.1f} dB"
