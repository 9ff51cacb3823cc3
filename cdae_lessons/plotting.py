"""Pictures with a fixed scale, so that noise looks like noise and pictures can be compared.

Figures are made without pyplot, so that widgets may draw from any thread. They are in the user's matplotlib style,
but for what would spoil an image, unless made within `plain`, and carry their caption as alternative text.
"""

from __future__ import annotations

import io
import textwrap
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib.figure
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from cdae_lessons.errors import InputError, check_images, check_number
from cdae_lessons.metrics import score

_PANEL = 1.7  # inches
_DRAWING = threading.RLock()  # fonts and settings are matplotlib's own, for all threads: one picture at a time


class Figure(matplotlib.figure.Figure):
    """A matplotlib figure that shows itself in Jupyter, once, whether or not pyplot was imported."""

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, bytes], dict[str, dict[str, object]]]:
        return {"image/png": png(self)}, {"image/png": {"alt": self.get_label()}}


@contextmanager
def plain() -> Iterator[None]:
    """In this block, or decorated function, figures are made and drawn in matplotlib's own style, not the user's.

    Settings are those of all threads: one at a time can be in here, and what the others draw meanwhile is as plain.
    """
    with _DRAWING, matplotlib.style.context("default"):
        yield


def png(figure: matplotlib.figure.Figure, *, crop: bool = True, compress_level: int = 6) -> bytes:
    """Draw a figure, from any thread, as PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; its label goes into the file as its description.
    crop : bool
        Whether to cut off its empty margins.
    compress_level : int from 0 to 9
        0 is quick, 9 is small.

    Returns
    -------
    bytes
    """
    file = io.BytesIO()
    with _DRAWING:
        figure.savefig(
            file, format="png", bbox_inches="tight" if crop else None,
            metadata={"Description": figure.get_label()}, pil_kwargs={"compress_level": compress_level},
        )  # fmt: skip
    return file.getvalue()


def show(
    columns: Mapping[str, np.ndarray],
    *,
    clean: np.ndarray | None = None,
    rows: int = 3,
    vmin: float = 0,
    vmax: float = 1,
    caption: str | None = None,
) -> Figure:
    """Show the first images of each set side by side, always on the same grey scale.

    Parameters
    ----------
    columns : mapping of str to ndarray of shape (N, H, W), floating point
        What to show: a column for each name, ``{"clean": x, "noisy": z, "denoised": y}``.
    clean : ndarray of shape (N, H, W), floating point in [0, 1], optional
        The clean images: SSIM and PSNR (data_range 1) are then written below the other ones.
    rows : int >= 1
        How many images to show, at most; slice the arrays to choose which.
    vmin, vmax : float
        The values drawn black and white; what lies beyond is drawn black or white too.
    caption : str, optional
        Text below the picture, and its description for those who cannot see it.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        On no columns, on images of another type or of different shapes, or if `vmin` is not below `vmax`.
    """
    check_number(vmax, what="vmax", low=check_number(vmin, what="vmin", low=-np.inf), above=True)
    columns, clean = _first(columns, clean, rows)
    figure, panels = _grid(columns, caption, f"Images in columns: {', '.join(columns)}.", "gray", vmin, vmax)
    if clean is not None:
        for j, images in enumerate(columns.values()):
            if np.array_equal(images, clean):
                continue
            for i, line in enumerate(score(clean, images, data_range=1).itertuples()):
                panels[i, j].axes.set_xlabel(f"SSIM {line.ssim:.2f}, {line.psnr:.1f} dB", fontsize=8)
    return figure


def error_map(
    clean: np.ndarray,
    columns: Mapping[str, np.ndarray],
    *,
    rows: int = 3,
    limit: float = 0.5,
    caption: str | None = None,
) -> Figure:
    """Show where images are too bright (red) or too dark (blue), always on the same scale.

    Parameters
    ----------
    clean : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images.
    columns : mapping of str to ndarray of shape (N, H, W), floating point
        The images to compare with them: a column for each name. Include the noisy ones.
    rows : int >= 1
        How many images to show, at most.
    limit : float > 0
        The error drawn in full colour, in grey levels; larger ones look the same.
    caption : str, optional
        As in `show`.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        As `show`, or if `limit` is not above 0.
    """
    limit = check_number(limit, what="limit", above=True)
    columns, clean = _first(columns, clean, rows)
    errors = {name: images - clean for name, images in columns.items()}
    alt = f"Maps of image minus clean image, red where too bright, blue where too dark: {', '.join(errors)}."
    figure, panels = _grid(errors, caption, alt, "RdBu_r", -limit, limit)
    figure.set_figwidth(figure.get_figwidth() + 0.9)
    bar = figure.colorbar(panels[0, 0], ax=figure.axes, extend="both", fraction=0.05, aspect=15 * len(panels))
    bar.set_label("image − clean", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return figure


def curves(histories: Mapping[str, Any], *, caption: str | None = None) -> Figure:
    """Show loss and validation SSIM by epoch: training solid, validation dashed.

    Parameters
    ----------
    histories : mapping of str to History or DataFrame
        What `training.fit` returned for each run, or its table: columns ``epoch``, ``loss`` and,
        where there was validation, ``val_loss`` and ``val_ssim``. Runs differ in colour and markers.
    caption : str, optional
        As in `show`.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        On no histories, or one without epochs and losses.
    """
    tables = {label: getattr(history, "table", history) for label, history in histories.items()}
    bad = [k for k, t in tables.items() if not isinstance(t, pd.DataFrame) or not {"epoch", "loss"} <= {*t}]
    if bad or not tables:
        msg = f"Expected at least one history, each with columns epoch and loss; received {bad or 'none'}."
        raise InputError(msg)
    kinds = ["loss"] + ["ssim"] * any("val_ssim" in table for table in tables.values())
    figure, panels = subplots(1, len(kinds))
    axes = dict(zip(kinds, panels[0], strict=True))
    for i, (label, table) in enumerate(tables.items()):
        marks = {"marker": "os^Dv*"[i % 6], "markersize": 4, "markevery": max(1, len(table) // 8)}
        for column, kind, style, set_name in (
            ("loss", "loss", "-", "training"),
            ("val_loss", "loss", "--", "validation"),
            ("val_ssim", "ssim", "--", "validation"),
        ):
            if column in table:
                seen = table.dropna(subset=[column])  # not every epoch is validated
                label_set = f"{label}, {set_name}"
                axes[kind].plot(seen["epoch"], seen[column], style, color=f"C{i}", label=label_set, **marks)
    for kind, ax in axes.items():
        ax.set(xlabel="epoch", ylabel={"loss": "loss", "ssim": "mean SSIM, validation"}[kind])
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(fontsize=8, handlelength=4)
    _describe(figure, caption, f"Curves of {' and '.join(kinds)} by epoch: {', '.join(tables)}.")
    return figure


def subplots(
    rows: int = 1, columns: int = 1, *, caption: str | None = None, width: float = 4.5, height: float = 3.2
) -> tuple[Figure, np.ndarray]:
    """Make a figure for plots of one's own, in the style of the others.

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
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.grid(alpha=0.3)
    _describe(figure, caption, "A plot.")
    return figure, axes


def _first(columns: Mapping[str, np.ndarray], clean: np.ndarray | None, rows: int) -> tuple[dict[str, np.ndarray], Any]:
    columns = {name: check_images(v, what=f"images {name!r}", in_range=False) for name, v in columns.items()}
    clean = None if clean is None else check_images(clean, what="clean images")
    shapes = {name: images.shape for name, images in columns.items()}
    if len({*shapes.values()} | ({clean.shape} if clean is not None else set())) != 1 or not shapes:
        also = "" if clean is None else f" for clean images of shape {clean.shape}"
        msg = f"Expected at least one set of images, all of one shape; received {shapes}{also}."
        raise InputError(msg)
    if rows < 1:
        msg = f"Expected rows to be a whole number >= 1; received {rows!r}."
        raise InputError(msg)
    return {name: images[:rows] for name, images in columns.items()}, None if clean is None else clean[:rows]


def _grid(
    columns: Mapping[str, np.ndarray], caption: str | None, alt: str, cmap: str, vmin: float, vmax: float
) -> tuple[Figure, np.ndarray]:
    rows = len(next(iter(columns.values())))
    titles = [textwrap.fill(name, 20) for name in columns]
    width = _PANEL * len(columns)
    height = (_PANEL + 0.15) * rows + 0.2 * max(title.count("\n") + 1 for title in titles)
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, len(columns), squeeze=False)
    panels = np.empty(axes.shape, AxesImage)
    for j, images in enumerate(columns.values()):
        axes[0, j].set_title(titles[j], fontsize=10)
        for i, image in enumerate(images):
            panels[i, j] = axes[i, j].imshow(
                image, cmap=cmap, vmin=vmin, vmax=vmax, origin="upper", aspect="equal", interpolation="nearest"
            )
            axes[i, j].set(xticks=[], yticks=[])
    _describe(figure, caption, alt)
    return figure, panels


def _describe(figure: Figure, caption: str | None, alt: str) -> None:
    figure.set_label(caption or alt)
    if caption:
        text = textwrap.fill(caption, int(14 * figure.get_figwidth()))
        figure.set_figheight(figure.get_figheight() + 0.2 * (text.count("\n") + 1))
        figure.supxlabel(text, fontsize=9)
