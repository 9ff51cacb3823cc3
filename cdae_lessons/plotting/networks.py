"""A network drawn as its maps, and what one of its pixels sees."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import matplotlib.colors
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon

from cdae_lessons.plotting.figure import Figure, describe, plain
from cdae_lessons.plotting.maps import Map, maps

_FILLS = {"image": "#e3e3e3", "move": "#c9ccd1", "conv": "#9dbcf0", "transposed": "#8fd0d8", "dense": "#cdb6e6",
          "pool": "#f2c38b", "upsample": "#a5d6a7"}  # fmt: skip
_EDGE = "#3c3c3c"
_INK = "black"
_HIGH = 1.15  # inches: the front of the largest map
_DEEP = 0.2  # how far it goes back, as a share of its height
_TALL = 1 + _DEEP
_LINE = 0.135
_FONT = 7.5
_ROW = 11  # maps that stand in one row


@plain()
def architecture(model: Any, *, caption: str | None = None) -> Figure:
    """Draw a network as its maps: heights to scale, thicker where there are more maps, with what makes each of them.

    Below each box stand the layers that made it, its shape (height×width×maps, or how many numbers), and their weights.
    A network with skips between its sizes, or with many layers, is drawn as a U; a model inside the model has a frame.

    Parameters
    ----------
    model : keras.Model
        Functional, or Sequential that begins with ``keras.Input``; of one output.
    caption : str, optional
        As in `show`; without one the description lists the layers.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the layers of the model cannot be known without running it.
    """
    drawn = maps(model)
    skips = [(source, place) for place, each in enumerate(drawn) for source in each.sources[1:]]
    in_u = len(drawn) > _ROW or any(source > 0 for source, _ in skips)
    boxes = _as_u(drawn) if in_u else _as_row(drawn)
    figure = Figure(figsize=(1, 1))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.axis("off")
    blocks = list(dict.fromkeys(each.block for each in drawn if each.block))
    for block in blocks:
        inside = [box for box in boxes if box.of.block == block]
        _draw_frame(ax, block, inside, top=max(box.top for box in (inside if in_u else boxes)))
    for box in boxes:
        _draw_box(ax, box)
        for source in box.of.sources[:1]:
            _draw_arrow(ax, boxes[source], box)
    top = max(box.top for box in boxes) + (0.3 if blocks else 0.05)
    for source, place in skips:
        between = [box for box in boxes[source + 1 : place] if box.y == boxes[source].y]
        top += 0.16 * bool(between)
        _draw_skip(ax, boxes[source], boxes[place], top if between else None)
    total = f"{model.name}: {model.count_params():,} weights"
    left, right = min(box.x - box.room / 2 for box in boxes), max(box.x + box.room / 2 for box in boxes)
    ax.text(left + 0.08, top + 0.12, total, fontsize=10, ha="left", va="bottom")
    top, bottom = top + 0.4, min(box.bottom for box in boxes) - 0.1
    figure.set_size_inches(right - left, top - bottom)
    parts = [" ".join(each.said) for each in drawn]
    joined = [
        f" A skip from {drawn[source].size_said} to the later {drawn[place].size_said}." for source, place in skips
    ]
    describe(figure, caption, f"{total}. {', then '.join(parts)}.{''.join(joined)}")
    ax.set(xlim=(left, right), ylim=(top - figure.get_figheight(), top))  # an inch is an inch
    return figure


class _Box(NamedTuple):
    """A map at its place, in inches: the middle of what is drawn, the height of its front, and its text below that."""

    of: Map
    lines: list[str]
    x: float
    y: float
    high: float
    text: float
    room: float  # for it and its text, from side to side

    @property
    def thick(self) -> float:
        return 0.05 + 0.045 * math.log2(self.of.shape[2]) if len(self.of.shape) == 3 else 0.1

    @property
    def deep(self) -> float:
        return _DEEP * self.high if len(self.of.shape) == 3 else 0

    @property
    def left(self) -> float:
        return self.x - (self.thick + self.deep) / 2

    @property
    def right(self) -> float:
        return self.x + (self.thick + self.deep) / 2

    @property
    def top(self) -> float:
        return self.y + (self.high + self.deep) / 2

    @property
    def bottom(self) -> float:
        return self.text - _LINE * len(self.lines)


def _as_row(drawn: list[Map]) -> list[_Box]:
    """All maps in one row; shapes stand beside shapes below it."""
    highs = _highs(drawn)
    most = max(len(each.made) for each in drawn)
    texts = [
        each.said[: len(each.made)] + [""] * (most - len(each.made)) + each.said[len(each.made) :] for each in drawn
    ]
    text, room = -_TALL * max(highs) / 2 - 0.1, _room(drawn, texts)
    each_with = enumerate(zip(drawn, texts, highs, strict=True))
    return [_Box(each, lines, room * i, 0, high, text, room) for i, (each, lines, high) in each_with]


def _as_u(drawn: list[Map]) -> list[_Box]:
    """A row for each size, the largest on top; what changes the size stands below or above what it takes."""
    texts = [[part for line in each.said for part in _short(line)] for each in drawn]
    room, y = _room(drawn, texts), 0.0
    talls: dict[float, float] = {}
    deepest: dict[float, int] = {}
    for each, lines, high in zip(drawn, texts, _highs(drawn), strict=True):
        talls[each.size] = _TALL * high
        deepest[each.size] = max(deepest.get(each.size, 0), len(lines))
    middles = {}
    for size in sorted(talls, reverse=True):
        middles[size] = y - talls[size] / 2
        y -= talls[size] + 0.3 + _LINE * deepest[size]
    column = -1
    taken: set[tuple[int, float]] = set()
    boxes: list[_Box] = []
    for each, lines, high in zip(drawn, texts, _highs(drawn), strict=True):
        turns = bool(boxes) and each.size != boxes[-1].of.size and (column, each.size) not in taken
        column += not turns
        taken.add((column, each.size))
        middle = middles[each.size]
        boxes.append(_Box(each, lines, room * column, middle, high, middle - talls[each.size] / 2 - 0.08, room))
    return boxes


def _highs(drawn: list[Map]) -> list[float]:
    largest = max(each.size for each in drawn)
    return [max(_HIGH * each.size / largest, 0.06) for each in drawn]


def _short(line: str) -> list[str]:
    """A line, or two where one would make the columns wide."""
    return line.split(" ") if line.endswith(" weights") and len(line) > 12 else [line]


def _room(drawn: list[Map], texts: list[list[str]]) -> float:
    """The width of a column: of the longest line of text, or of the widest map and an arrow."""
    rim = 0.2 if any(each.block for each in drawn) else 0.1
    return max(0.78, rim + 0.057 * max(len(line) for lines in texts for line in lines))


def _draw_box(ax: Axes, box: _Box) -> None:
    fill, deep = matplotlib.colors.to_rgb(_FILLS.get(box.of.kind, _FILLS["move"])), box.deep
    x, y = box.left, box.y - (box.high + deep) / 2
    corners = [(0, 0), (box.thick, 0), (box.thick, box.high), (0, box.high)]
    faces = {1.0: [(x + i, y + j) for i, j in corners]}
    if deep:
        side = [(box.thick, 0), (box.thick + deep, deep), (box.thick + deep, box.high + deep), (box.thick, box.high)]
        lid = [(0, box.high), (box.thick, box.high), (box.thick + deep, box.high + deep), (deep, box.high + deep)]
        faces |= {0.85: [(x + i, y + j) for i, j in side], 1.06: [(x + i, y + j) for i, j in lid]}
    for light, face in faces.items():
        colour = [min(1, light * part) for part in fill]
        ax.add_patch(Polygon(face, facecolor=colour, edgecolor=_EDGE, linewidth=0.7, joinstyle="round"))
    for i, line in enumerate(box.lines):
        ax.text(box.x, box.text - _LINE * i, line, fontsize=_FONT, ha="center", va="top")


def _draw_arrow(ax: Axes, source: _Box, box: _Box) -> None:
    """To the right; straight down or up; or to the right and then down or up."""
    if source.y == box.y:
        start, end = (source.right + 0.02, box.y), (box.left - 0.02, box.y)
    else:
        down = source.y > box.y
        start = source.x, source.bottom - 0.02 if down else source.top + 0.02
        end = box.x, box.top + 0.02 if down else box.bottom - 0.02
        if source.x != box.x:
            ax.plot([source.right + 0.02, box.x], [source.y, source.y], color=_INK, linewidth=0.9)
            start = box.x, source.y
    ax.add_patch(FancyArrowPatch(start, end, **_line("-")))


def _draw_skip(ax: Axes, source: _Box, box: _Box, over: float | None) -> None:
    """A dashed arrow to the right, or, where others stand between, over their heads at height `over`."""
    if over is None:
        ax.add_patch(FancyArrowPatch((source.right + 0.02, source.y), (box.left - 0.02, box.y), **_line("--")))
        return
    ax.plot([source.x, source.x, box.x], [source.top + 0.02, over, over], color=_INK, linestyle="--", linewidth=0.9)
    ax.add_patch(FancyArrowPatch((box.x, over), (box.x, box.top + 0.02), **_line("--")))


def _draw_frame(ax: Axes, block: str, boxes: list[_Box], *, top: float) -> None:
    left, right = min(box.x - box.room / 2 for box in boxes) + 0.06, max(box.x + box.room / 2 for box in boxes) - 0.06
    bottom, top = min(box.bottom for box in boxes) - 0.02, top + 0.05
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": _INK, "linewidth": 0.8, "linestyle": ":", "zorder": 0}
    ax.add_patch(FancyBboxPatch((left, bottom), right - left, top - bottom, boxstyle="round,pad=0.03", **look))
    ax.text(left + 0.03, top + 0.06, block, fontsize=_FONT, style="italic", ha="left", va="bottom")


def _line(style: str) -> dict[str, Any]:
    return {"arrowstyle": "-|>", "mutation_scale": 7, "linestyle": style, "linewidth": 0.9, "color": _INK,
            "shrinkA": 0, "shrinkB": 0}  # fmt: skip
