"""One look a method through the whole course: its colour, and a mark and a line for those who see no colours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import matplotlib.colors
import numpy as np

RIVALS = ("median", "gaussian", "bilateral", "nl_means", "tv", "wavelet", "bm3d", "training_average")
"""The methods that are no network: what a network must be compared with."""

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "clean": "#349f4a",
        "noisy": "#827985",
        "median": "#e56d4c",
        "gaussian": "#717724",
        "bilateral": "#c47f77",
        "nl_means": "#c68225",
        "tv": "#bd2e6a",
        "wavelet": "#006b90",
        "bm3d": "#087062",
        "training_average": "#486c41",
        "pca": "#c47f77",
        "dense": "#7d4cad",
        "conv": "#1f93fa",
        "stacked": "#d06bc6",
        "stacked_dense": "#d06bc6",
        "stacked_conv": "#b281ab",
        "cnn_dae": "#2e59d6",
        "unet": "#bc3b00",
    }
)
"""The colour of each method: three times as dark as white paper and three times as bright as a dark page, and those
that meet in one figure far apart for the colour-blind, too."""

_ALSO = {"u_net": "unet", "total_variation": "tv", "average": "training_average"}
_MARKS = "os^Dv*PX<>"


def method(name: str) -> str:
    """The method that a label names, as ``"gaussian"`` for "Gaussian filter" or ``"unet"`` for "U-Net, 400 steps".

    Parameters
    ----------
    name : str
        A label that begins with the name of a method.

    Returns
    -------
    str
        A key of `COLOURS`; empty where the label names none of them.
    """
    text = re.sub(r"[^a-z0-9]+", "_", name.lower())
    found = max((key for key in (*COLOURS, *_ALSO) if text.startswith(key)), key=len, default="")
    return _ALSO.get(found, found)


def looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Choose how each method is drawn: in its own colour, each with another mark; rivals of the networks are dotted.

    Parameters
    ----------
    names : iterable of str
        The labels in one figure, such as "noisy input", "Gaussian filter" and "U-Net". Those that name no method of
        `COLOURS` take colours that are left.

    Returns
    -------
    dict of str to dict
        For each label what matplotlib needs: ``color``, ``marker`` and ``linestyle``; ``ax.plot(x, y, **look)``. A
        second label of one method has a paler tint of its colour, and is dashed.
    """
    methods = {name: method(name) for name in names}
    used = [COLOURS[key] for key in methods.values() if key]
    spare = [colour for colour in dict.fromkeys([*COLOURS.values()][::-1]) if colour not in used] or ["#827985"]
    found: dict[str, dict[str, Any]] = {}
    strange = 0
    for i, (name, key) in enumerate(methods.items()):
        colour = COLOURS[key] if key else spare[strange % len(spare)]
        strange += not key
        again = any(look["color"] == colour for look in found.values())
        colour = _paler(colour) if again else colour
        line = ":" if key in (*RIVALS, "noisy") else "--" if again else "-"
        found[name] = {"color": colour, "marker": _MARKS[i % len(_MARKS)], "linestyle": line}
    return found


def _paler(colour: str) -> str:
    red, green, blue = 0.55 * np.array(matplotlib.colors.to_rgb(colour)) + 0.45  # of white paper
    return matplotlib.colors.to_hex((red, green, blue))
