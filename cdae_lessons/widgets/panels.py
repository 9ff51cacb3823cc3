"""What the labs' pictures are made of: panels at fixed places, on fixed scales, and tables as text."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any

import ipywidgets
import numpy as np
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Polygon, Rectangle

from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.errors import InputError, check_images
from cdae_lessons.metrics import WINDOW, score
from cdae_lessons.widgets import base

_GREY = (colormaps["gray"](np.arange(256)) * 255).astype(np.uint8)
_RED_BLUE = (colormaps["RdBu_r"](np.arange(256)) * 255).astype(np.uint8)

_SIDE = 168
_EDGE = 190  # grey, so that a white map ends somewhere

LARGEST = 512
"""Largest height or width of a lab's images, in pixels: beyond it no lab would answer while one waits."""


def images_of(images: np.ndarray | Cohort) -> np.ndarray:
    """The images (N, H, W) in an array or a cohort.

    Raises
    ------
    InputError
        If they are no clean images, or too small for SSIM, or too large for a lab.
    """
    images = check_images(images.images if isinstance(images, Cohort) else images)
    height, width = images.shape[1:]
    if min(height, width) < WINDOW or max(height, width) > LARGEST:
        msg = (
            f"A lab takes images of {WINDOW} to {LARGEST} pixels a side; received {height}x{width}. "
            'Load them with size=64, as in datasets.load("brain", size=64).'
        )
        raise InputError(msg)
    return images


def image_slider(count: int) -> dict[str, ipywidgets.Widget]:
    """The control that chooses one of `count` images, if there is anything to choose."""
    return {"image": base.slider("Image", 0, 0, count - 1, 1)} if count > 1 else {}


def ssim_psnr(clean: np.ndarray, image: np.ndarray, *, data_range: float = 1.0) -> tuple[float, float]:
    """SSIM, and PSNR in dB, of one image (H, W)."""
    row = score(clean[np.newaxis], image[np.newaxis], data_range=data_range).iloc[0]
    return float(row["ssim"]), float(row["psnr"])


def place(column: int, row: int = 0) -> tuple[float, float, float]:
    """Left, top and side, in CSS pixels, of one of four squares in a row, with room for a title and a note."""
    return 4 + 181 * column, 24 + 212 * row, _SIDE


def height(rows: int) -> int:
    """The height in CSS pixels of a figure with so many rows of squares."""
    return 4 + 212 * rows


def bars(figure: Figure, at: tuple[float, float, float], values: Mapping[str, float], title: str) -> None:
    """A bar from 0 to 1 for each value (none below 0), with its name and number, in a square; faster than axes."""
    left, top, side = at
    full = _full(figure)
    _label(figure, at, title)
    step = side / len(values)
    for i, (name, value) in enumerate(values.items()):
        y = top + i * step
        figure.text(left / base.WIDTH, 1 - (y + 14) / full, f"{name} {value:.2f}", fontsize=8, va="bottom")
        for share, colour in ((1, "0.9"), (min(1, max(0, value)), "C0")):
            corner = (left / base.WIDTH, 1 - (y + 28) / full)
            figure.add_artist(Rectangle(corner, share * side / base.WIDTH, 12 / full, color=colour, linewidth=0))


def histogram(figure: Figure, at: tuple[float, float, float], values: np.ndarray, title: str, of: str) -> None:
    """How often the values from -1 to 1 occur (those beyond are counted at the ends), in a square; faster than axes."""
    left, top, side = at
    full = _full(figure)
    counts, edges = np.histogram(np.clip(values, -1, 1), np.linspace(-1.025, 1.025, 42))
    x = (left + side * (edges + 1.025) / 2.05) / base.WIDTH
    floor = 1 - (top + side - 14) / full
    y = floor + counts / counts.max() * (side - 32) / full
    corners = [(x[0], floor), *zip(np.repeat(x, 2)[1:-1], np.repeat(y, 2), strict=True), (x[-1], floor)]
    figure.add_artist(Polygon(corners, color="C0", linewidth=0))
    figure.add_artist(Rectangle((x[0], floor), x[-1] - x[0], 1 / full, color="0.3", linewidth=0))
    _label(figure, at, title, of)
    most = f"highest: {100 * counts.max() / counts.sum():.0f} % of pixels"
    figure.text((left + side / 2) / base.WIDTH, 1 - (top + 14) / full, most, fontsize=8, ha="center", va="bottom")
    for value, text in ((-1, "≤ −1"), (0, "0"), (1, "≥ 1")):
        place = (left + side * (value + 1.025) / 2.05) / base.WIDTH
        align = {-1: "left", 1: "right"}.get(value, "center")
        figure.text(place, floor - 3 / full, text, fontsize=8, ha=align, va="top")


def plot(figure: Figure, at: tuple[float, float, float, float], title: str = "") -> Axes:
    """Axes for a plot at (left, top, width, height) in CSS pixels, the title above them."""
    left, top, width, height = at
    full = _full(figure)
    axes = figure.add_axes((left / base.WIDTH, 1 - (top + height) / full, width / base.WIDTH, height / full))
    axes.set_title(title, fontsize=9, y=1, pad=4)  # with y given, matplotlib need not look for it
    axes.tick_params(labelsize=8, length=3, pad=2)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return axes


def picture(figure: Figure, at: tuple[float, float, float], image: np.ndarray, title: str, note: str = "") -> None:
    """Put an image (H, W) into a square at (left, top, side) in CSS pixels, on the grey scale from 0 to 1.

    The title stands above, `note` below. It is written into the figure as it is, without axes: five times as fast.
    """
    _pixels(figure, at, _GREY[np.rint(np.clip(image, 0, 1) * 255).astype(int)], title, note)


def error(
    figure: Figure,
    at: tuple[float, float, float],
    difference: np.ndarray,
    title: str,
    note: str = "",
    *,
    limit: float = 0.5,
) -> None:
    """Put a difference of images (H, W) there: red above 0, blue below, in full colour at `limit`."""
    level = np.clip(difference / limit, -1, 1) * 127.5 + 127.5
    _pixels(figure, at, _RED_BLUE[np.rint(level).astype(int)], title, note)


def blank(figure: Figure, at: tuple[float, float, float], title: str, instead: str) -> None:
    """Keep a square free for a picture that is not there yet, and say so in it."""
    left, top, side = at
    full = _full(figure)
    corner = (left / base.WIDTH, 1 - (top + side) / full)
    figure.add_artist(Rectangle(corner, side / base.WIDTH, side / full, facecolor="0.96", edgecolor="0.75"))
    middle = (left + side / 2) / base.WIDTH, 1 - (top + side / 2) / full
    figure.text(*middle, instead, fontsize=9, color="0.3", ha="center", va="center")
    _label(figure, at, title)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """An HTML table; the first cell of each row names it."""
    style = 'style="padding: 1px 14px 1px 0; text-align: left; font-weight: normal; white-space: nowrap"'
    top = "".join(f'<th scope="col" {style}><b>{html.escape(cell)}</b></th>' for cell in head)
    body = ""
    for first, *rest in rows:
        cells = "".join(f"<td {style}>{html.escape(cell)}</td>" for cell in rest)
        body += f'<tr><th scope="row" {style}>{html.escape(first)}</th>{cells}</tr>'
    return f'<table style="line-height: 1.35; border-collapse: collapse"><tr>{top}</tr>{body}</table>'


def paragraph(text: str) -> str:
    """A line of text as HTML."""
    return f'<p style="margin: 2px 0">{html.escape(text)}</p>'


def ring(
    figure: Figure,
    at: tuple[float, float, float],
    shape: tuple[int, int],
    *,
    centre: tuple[float, float],
    radius: float,
) -> None:
    """Draw a thin ring on an image of `shape` (H, W) put there; centre (row, column) and radius in its pixels."""
    left, top, _, _, pixel = _fit(at, shape)
    height = _full(figure)
    x, y = left + (centre[1] + 0.5) * pixel, top + (centre[0] + 0.5) * pixel
    across = 2 * radius * pixel
    figure.add_artist(
        Ellipse(
            (x / base.WIDTH, 1 - y / height), across / base.WIDTH, across / height,
            transform=figure.transFigure, fill=False, edgecolor="0.35", linewidth=0.8, linestyle=":",
        )
    )  # fmt: skip


class _Pixels(Artist):
    """RGBA pixels that go into the picture as they are; matplotlib's own images are resampled, which takes longer."""

    def __init__(self, pixels: np.ndarray, left: int, bottom: int):
        super().__init__()
        self.pixels, self.left, self.bottom = np.ascontiguousarray(pixels[::-1]), left, bottom

    def draw(self, renderer: Any) -> None:
        settings = renderer.new_gc()
        renderer.draw_image(settings, self.left, self.bottom, self.pixels)
        settings.restore()


def _fit(at: tuple[float, float, float], shape: tuple[int, int]) -> tuple[float, float, float, float, float]:
    """Left, top, width and height of an image, centred in its square place, and the side of one of its pixels."""
    left, top, side = at
    pixel = side / max(shape)
    height, width = shape[0] * pixel, shape[1] * pixel
    return left + (side - width) / 2, top + (side - height) / 2, width, height, pixel


def _pixels(figure: Figure, at: tuple[float, float, float], colours: np.ndarray, title: str, note: str) -> None:
    left, top, width, height, _ = _fit(at, colours.shape[:2])
    scale = base.DPI / base.CSS
    rows, columns = (
        np.arange(round(side * scale)) * count // round(side * scale)
        for side, count in zip((height, width), colours.shape[:2], strict=True)
    )
    drawn = colours[np.ix_(rows, columns)]
    drawn[[0, -1], :, :3] = drawn[:, [0, -1], :3] = _EDGE
    full = round(figure.get_size_inches()[1] * base.DPI)
    figure.add_artist(_Pixels(drawn, round(left * scale), full - round(top * scale) - len(rows)))
    _label(figure, at, title, note)


def _full(figure: Figure) -> float:
    """The height of a figure in CSS pixels."""
    return figure.get_size_inches()[1] * base.CSS


def _label(figure: Figure, at: tuple[float, float, float], title: str, note: str = "") -> None:
    """Write a title above a square, and a note below it."""
    left, top, side = at
    middle, full = (left + side / 2) / base.WIDTH, _full(figure)
    figure.text(middle, 1 - (top - 5) / full, title, fontsize=9, ha="center", va="bottom")
    if note:
        figure.text(middle, 1 - (top + side + 4) / full, note, fontsize=8, ha="center", va="top")
