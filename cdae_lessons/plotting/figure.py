"""The figure that all pictures are: made without pyplot, so that widgets may draw from any thread, in matplotlib's own
style, whatever the user's is, and with its caption as alternative text."""

from __future__ import annotations

import inspect
import io
import struct
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import matplotlib.axes
import matplotlib.figure
import matplotlib.style
import numpy as np
from PIL import Image

_DRAWING = threading.RLock()  # fonts and settings are matplotlib's own, for all threads: one picture at a time
_plain = False  # whether the thread that draws is within `plain`
_Kind = TypeVar("_Kind", bound=type)

SHARP = 2
"""Pixels of a picture to a pixel of the page, each way: what most screens have now."""


@contextmanager
def plain() -> Iterator[None]:
    """In this block, or decorated function, figures are made and drawn in matplotlib's own style, not the user's.

    Settings are those of all threads: one at a time can be in here, and what the others draw meanwhile is as plain.
    """
    global _plain
    with _DRAWING:
        if _plain:  # a block within a block: to set all settings takes a millisecond
            yield
            return
        with matplotlib.style.context("default"):
            _plain = True
            try:
                yield
            finally:
                _plain = False


def _always_plain(kind: _Kind) -> _Kind:
    """Have all that a class does to a picture done within `plain`.

    Matplotlib asks for the user's style whenever something is added, and again when it is drawn. In a dark style the
    numbers at the axes of a white figure would be white.
    """
    for name in dir(kind):
        method = inspect.getattr_static(kind, name)
        if inspect.isfunction(method) and (name == "__init__" or not name.startswith(("_", "get_"))):
            setattr(kind, name, plain()(method))
    return kind


@_always_plain
class Axes(matplotlib.axes.Axes):
    """A plot in a ``Figure``; what is added to it is in matplotlib's own style, too."""


@_always_plain
class Figure(matplotlib.figure.Figure):
    """A figure in matplotlib's own style that shows itself in Jupyter, once and sharply, with or without pyplot."""

    def add_subplot(self, *args: Any, **options: Any) -> Any:
        """As matplotlib's, which ``subplots`` calls, too; with ``Axes`` unless it is told otherwise."""
        kind = {} if {"projection", "polar"} & {*options} else {"axes_class": Axes}
        return super().add_subplot(*args, **kind | options)

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, bytes], dict[str, dict[str, object]]]:
        picture = png(self, scale=SHARP)
        return {"image/png": picture}, {"image/png": metadata(picture, str(self.get_label()), scale=SHARP)}


def png(figure: matplotlib.figure.Figure, *, crop: bool = True, compress_level: int = 6, scale: float = 1) -> bytes:
    """Draw a figure, from any thread, as PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; its label goes into the file as its description. One that is no `Figure` is in the user's style.
    crop : bool
        Whether to cut off its empty margins.
    compress_level : int from 0 to 9
        0 is quick, 9 is small.
    scale : float > 0
        How many times as wide and high, in pixels; 2 is sharp on most screens.

    Returns
    -------
    bytes
    """
    file = io.BytesIO()
    with _DRAWING:
        figure.savefig(
            file, format="png", dpi=scale * figure.dpi, bbox_inches="tight" if crop else None,
            metadata={"Description": figure.get_label()}, pil_kwargs={"compress_level": compress_level},
        )  # fmt: skip
    return file.getvalue()


def metadata(picture: bytes, alt: str, *, scale: float) -> dict[str, object]:
    """What goes with a PNG into a notebook: its description, and the size at which it is shown, in CSS pixels."""
    width, height = struct.unpack(">II", picture[16:24])
    return {"alt": alt, "width": round(width / scale), "height": round(height / scale)}


@plain()
def subplots(
    rows: int = 1, columns: int = 1, *, caption: str | None = None, width: float = 4.5, height: float = 3.2
) -> tuple[Figure, np.ndarray]:
    """Make a figure for plots of one's own, in the style of the others, as is what is added to it.

    Parameters
    ----------
    rows, columns : int >= 1
        Number of plots.
    caption : str, optional
        As in `show`.
    width, height : float > 0
        Of each plot, in inches.

    Returns
    -------
    Figure
    ndarray of Axes, of shape (rows, columns)
    """
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    axes: np.ndarray = figure.subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.grid(alpha=0.3)
    describe(figure, caption, "A plot.")
    return figure, axes


def describe(figure: Figure, caption: str | None, alt: str) -> None:
    """Give a figure its caption, below it and as its description; `alt` is the description where there is none."""
    figure.set_label(caption or alt)
    if caption:
        text = textwrap.fill(caption, int(14 * figure.get_figwidth()))
        figure.set_figheight(figure.get_figheight() + 0.2 * (text.count("\n") + 1))
        figure.supxlabel(text, fontsize=9)


@plain()
def lettering(text: str, width: int, *, scale: float) -> Image.Image:
    """A caption as figures have it, as a picture `width` pixels wide with `scale` pixels to a CSS pixel."""
    figure = Figure(dpi=100)
    inches = width / scale / 100
    lines = textwrap.wrap(text, int(14 * inches))
    figure.set_size_inches(inches, 0.1 + 0.2 * len(lines))
    figure.text(0.5, 0.5, "\n".join(lines), fontsize=9, ha="center", va="center")
    return Image.open(io.BytesIO(png(figure, crop=False, scale=scale))).convert("RGB")


def stacked(above: Image.Image, below: Image.Image) -> Image.Image:
    """One picture with another below it, both beginning at the left."""
    joined = Image.new("RGB", (above.width, above.height + below.height), below.getpixel((0, 0)))
    joined.paste(above, (0, 0))
    joined.paste(below, (0, above.height))
    return joined
