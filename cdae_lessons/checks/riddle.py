"""The riddle of lesson 0: two bright spots in a denoised picture, of which one was there. Lesson 9 solves it."""

from __future__ import annotations

from typing import Any

import numpy as np

from cdae_lessons import datasets, lesions, noise, plotting, training, weights

SIGMA = 0.45
"""Standard deviation of the noise of the riddle's scan, in grey levels."""

_PLACES = {"A": (21, 42), "B": (41, 47)}  # row and column
_THERE, _RADIUS, _CONTRAST = "B", 3.0, 0.3  # a lesion was put in here before the noise; the other spot is the network's
_SEED, _NUMBER, _DRAW = 2017, 35, 4  # which brain (the network was trained on those of seed 2016), and which noise
_MARK = "#ff9f1c"


def case() -> dict[str, np.ndarray]:
    """The images of the riddle, each (1, 64, 64): the clean brain with its one lesion, two scans, both denoised.

    Returns
    -------
    dict
        ``clean``; ``scan`` and ``again``, the same brain with two draws of noise; ``denoised`` and
        ``denoised_again``, what the shipped network makes of them.
    """
    healthy = datasets.load("brain", n=_NUMBER + 1, seed=_SEED).images[_NUMBER:]
    clean = lesions.insert(healthy, centre=_PLACES[_THERE], radius=_RADIUS, contrast=_CONTRAST)
    scans = []
    for rng in (_DRAW, _DRAW + 1):
        draw = noise.gaussian(np.zeros((60, *clean.shape[1:]), np.float32), p=1, sigma=SIGMA, rng=rng)
        scans.append(clean + draw[_NUMBER : _NUMBER + 1])
    network = weights.load(clean.shape[1])
    first, second = (training.denoise(network, scan) for scan in scans)
    return {"clean": clean, "scan": scans[0], "denoised": first, "again": scans[1], "denoised_again": second}


def riddle(*, solved: bool = False, caption: str | None = None) -> plotting.Figure:
    """Show a noisy scan and what the shipped network makes of it, with two spots circled: which was there?

    Parameters
    ----------
    solved : bool
        Whether to show the answer, too: what was there, and what the network makes of a second scan.
    caption : str, optional
        As in `plotting.show`.

    Returns
    -------
    Figure
    """
    images = case()
    columns = {"the scan": images["scan"], "network's picture": images["denoised"]}
    if solved:
        columns |= {"the same, second scan": images["denoised_again"], "what was there": images["clean"]}
    figure = plotting.show(columns, rows=1, caption=caption)
    width, height = figure.get_size_inches()
    figure.set_size_inches(9.6 if solved else 7.2, height + (2.4 if solved else 3.6) - width / len(columns))
    for ax in figure.axes[1:]:
        for name, (row, column) in _PLACES.items():
            ring: Any = {"markersize": 36 if not solved else 24, "markeredgewidth": 2, "color": _MARK}
            ax.plot(column, row, "o", fillstyle="none", **ring)
            ax.text(column + 7, row - 5, name, color=_MARK, fontsize=14, fontweight="bold")
    return figure


def sealed(what: str, *, guess: str | None) -> None:
    """Print a prediction whose answer is kept for a later lesson.

    Parameters
    ----------
    what : str
        What was to be guessed.
    guess : str or None
        "A" or "B"; None if there was none.
    """
    said = "no guess" if guess is None else str(guess).strip().upper()
    strange = "" if guess is None or said in _PLACES else " (Say A or B.)"
    print(f"{what}: you said {said}.{strange} The answer is kept for lesson 9.")  # noqa: T201
