"""The posterior lab: one pixel that was dark or bright, what was measured, and the average of what it may have been."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy.special import softmax

from cdae_lessons import plotting
from cdae_lessons.errors import InputError, check_number
from cdae_lessons.widgets import base, panels

if TYPE_CHECKING:
    import keras

LEVELS = (0.2, 0.8)
"""The two grey levels that the pixel can have, dark and bright."""

_HEIGHT = 236
_MEASURED = np.linspace(-0.5, 1.5, 201)
_COLOURS = {"dark": "#3b5b92", "bright": "#c77c11"}
_NETWORKS = (plotting.COLOURS["dense"], plotting.COLOURS["unet"], plotting.COLOURS["tv"])


def posterior_case(measured: ArrayLike, *, sigma: float, bright: float) -> dict:
    """What a measured grey level says of a pixel that was one of `LEVELS`: what the posterior lab shows.

    The measurement is z = x + sigma·n with standard normal n, so by Bayes' rule the weight of a level is its share
    times exp(-(z - level)² / (2·sigma²)), divided by the sum over both.

    Parameters
    ----------
    measured : array_like of float
        The measured values z, of any shape.
    sigma : float > 0
        Standard deviation of the noise, in grey levels.
    bright : float in [0, 1]
        Share of the pixels that are bright.

    Returns
    -------
    dict
        ``weights`` (2, …): how probable dark and bright are, in the light of z; ``average`` (…): their mean grey
        level, E[x | z], the guess with the least squared error; ``nearest`` (…): the level nearer to z; ``error`` (…):
        the mean squared error of ``average`` among all pixels that were measured as z.
    """
    z = np.asarray(measured, float)
    levels = np.reshape(LEVELS, (2, *[1] * z.ndim))
    shares = np.reshape([1 - bright, bright], levels.shape)
    with np.errstate(divide="ignore"):  # the logarithm of no share at all is minus infinity, and its weight 0
        weights = softmax(np.log(shares) - (z - levels) ** 2 / (2 * sigma**2), axis=0)
    average = (weights * levels).sum(axis=0)
    return {
        "weights": weights,
        "average": average,
        "nearest": np.where(z < np.mean(LEVELS), *LEVELS),
        "error": (weights * (levels - average) ** 2).sum(axis=0),
    }


def posterior_lab(networks: Mapping[str, keras.Model] | None = None, *, sigma: float = 0.3) -> base.Lab:
    """Measure one pixel that was dark or bright: how much each of the two weighs, and which guess errs least.

    Parameters
    ----------
    networks : mapping of str to keras.Model, optional
        Up to three trained networks by name, each from a measured value to a guess, (N, 1) to (N, 1): where did they
        land? They are drawn as they are, whatever the sliders say.
    sigma : float in [0.02, 1]
        Where the slider of the noise stands at first: what the networks were trained with.

    Returns
    -------
    Lab

    Raises
    ------
    InputError
        On more than three networks, one that takes or gives something else, or a `sigma` out of range.
    """
    lines = {name: _line(name, network) for name, network in (networks or {}).items()}
    if len(lines) > len(_NETWORKS):
        msg = (
            f"Expected at most {len(_NETWORKS)} networks, so that their lines can be told apart; received {len(lines)}."
        )
        raise InputError(msg)
    controls = {
        "measured": base.slider("Measured z", 0.6, -0.5, 1.5, 0.05),
        "sigma": base.slider("Noise σ", check_number(sigma, what="sigma", low=0.02, high=1), 0.02, 1.0, 0.02),
        "bright": base.slider("Share of bright", 0.5, 0.0, 1.0, 0.05),
    }

    def redraw(settings: dict) -> base.Drawn:
        z, sigma, bright = settings["measured"], settings["sigma"], settings["bright"]
        case = posterior_case(z, sigma=sigma, bright=bright)
        return partial(_draw, lines, settings, case), _text(lines, z, case)

    return base.Lab("posterior lab", controls, redraw, height=_HEIGHT)


def _line(name: str, network: keras.Model) -> np.ndarray:
    """What a network guesses for all of `_MEASURED`."""
    try:
        guesses = np.asarray(network.predict(_MEASURED[:, np.newaxis], verbose=0), float)
    except Exception as error:
        msg = f"Expected a network for one number, (N, 1); {name!r} does not take it: {error}"
        raise InputError(msg) from error
    if guesses.shape != (len(_MEASURED), 1):
        msg = f"Expected a network that gives one number for each; {name!r} gives shape {guesses.shape[1:]}."
        raise InputError(msg)
    return guesses[:, 0]


def _draw(lines: Mapping[str, np.ndarray], settings: dict, case: dict, figure: Figure) -> None:
    z, sigma, bright = settings["measured"], settings["sigma"], settings["bright"]
    how_often = panels.plot(figure, (30, 24, 236, 166), "What is measured, and what it was")
    for (name, colour), level, share in zip(_COLOURS.items(), LEVELS, (1 - bright, bright), strict=True):
        height = share * np.exp(-((_MEASURED - level) ** 2) / (2 * sigma**2))  # the density, but for a factor
        how_often.fill_between(_MEASURED, height, color=colour, alpha=0.35, linewidth=0)
        how_often.plot(_MEASURED, height, color=colour, linewidth=1.2)
        how_often.text(level, share * 1.02 + 0.02, name, color=colour, fontsize=8, ha="center", va="bottom")
    how_often.axvline(z, color="0.15", linewidth=1.2)
    how_often.set(xlim=(-0.5, 1.5), ylim=(0, 1.18), yticks=[], xticks=[-0.5, 0, 0.5, 1, 1.5])
    how_often.set_xlabel("measured z", fontsize=8, labelpad=1)
    _draw_weights(figure, case["weights"])
    guess = panels.plot(figure, (448, 24, 176, 166), "The guess for each z")
    guess.plot(_MEASURED, posterior_case(_MEASURED, sigma=sigma, bright=bright)["average"], color="0.15", linewidth=2)
    marked = [("best guess", "0.15", float(case["average"]))]
    for (name, line), colour in zip(lines.items(), _NETWORKS, strict=False):
        guess.plot(_MEASURED, line, color=colour, linewidth=1.6, linestyle="--")
        marked.append((name, colour, float(np.interp(z, _MEASURED, line))))
    for level in LEVELS:
        guess.axhline(level, color="0.8", linewidth=0.8, zorder=0)
    guess.plot(z, case["average"], "o", color="0.15", markersize=6)
    guess.set(xlim=(-0.5, 1.5), ylim=(0.1, 0.9), xticks=[-0.5, 0.5, 1.5], yticks=[*LEVELS, 0.5])
    guess.set_xlabel("measured z", fontsize=8, labelpad=1)
    for i, (name, colour, value) in enumerate(marked):
        y = 1 - (44 + 38 * i) / _HEIGHT
        figure.text(632 / base.WIDTH, y, f"{name}\n{value:.3f}", color=colour, fontsize=8, va="top")


def _draw_weights(figure: Figure, weights: np.ndarray) -> None:
    axes = panels.plot(figure, (318, 24, 84, 166), "Weights")
    axes.bar([0, 1], weights, color=[*_COLOURS.values()], alpha=0.6, width=0.7)
    for place, weight in enumerate(weights):
        axes.text(place, weight + 0.02, f"{weight:.2f}", fontsize=8, ha="center", va="bottom")
    axes.set(xlim=(-0.6, 1.6), ylim=(0, 1.18), xticks=[0, 1], xticklabels=[*_COLOURS], yticks=[])


def _text(lines: Mapping[str, np.ndarray], z: float, case: dict) -> str:
    dark, bright = case["weights"]
    (low, high), average = LEVELS, float(case["average"])
    rows = [
        ("Best guess, the average", f"{dark:.3f} · {low:g} + {bright:.3f} · {high:g} = {average:.3f}"),
        ("Root of its mean squared error, for pixels measured so", f"{np.sqrt(case['error']):.3f}"),
        ("The nearer of the two levels", f"{case['nearest']:.1f}"),
    ]
    rows += [(f"{name}, as it was trained", f"{np.interp(z, _MEASURED, line):.3f}") for name, line in lines.items()]
    return panels.table((f"Measured {z:g}", "grey level"), rows)
