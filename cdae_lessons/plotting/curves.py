"""Curves with their names at their ends, and the usual comparison of methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.colors
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from cdae_lessons.errors import InputError
from cdae_lessons.plotting.figure import Figure, describe, plain, subplots
from cdae_lessons.plotting.palette import RIVALS, looks, method


@plain()
def curves(histories: Mapping[str, Any], *, caption: str | None = None) -> Figure:
    """Show loss and validation SSIM by epoch: training solid, validation dashed.

    Parameters
    ----------
    histories : mapping of str to History or DataFrame
        What `training.fit` returned for each run, or its table: columns ``epoch``, ``loss`` and,
        where there was validation, ``val_loss`` and ``val_ssim``. Runs differ in colour (`looks`) and markers.
    caption : str, optional
        As in `show`.

    Returns
    -------
    Figure
        With the name of each run at the end of its line.

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
    for (label, look), table in zip(looks(tables).items(), tables.values(), strict=True):
        look |= {"markersize": 4, "markevery": max(1, len(table) // 8)}
        for column, kind, style in (("loss", "loss", "-"), ("val_loss", "loss", "--"), ("val_ssim", "ssim", "--")):
            if column in table:
                seen = table.dropna(subset=[column])  # not every epoch is validated
                named = column != "loss" or "val_loss" not in table  # one line of each run in each panel
                look |= {"linestyle": style, "label": label if named else f"_{label}"}
                axes[kind].plot(seen["epoch"], seen[column], **look)
    for kind, ax in axes.items():
        ax.set(xlabel="epoch", ylabel={"loss": "loss", "ssim": "mean SSIM, validation"}[kind])
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if any("val_loss" in table for table in tables.values()):
        sets: dict[str, Any] = {"training": "-", "validation": "--"}
        lines = [Line2D([], [], color="0.5", linestyle=style) for style in sets.values()]
        axes["loss"].legend(lines, list(sets), fontsize=8, handlelength=4)
    describe(figure, caption, f"Curves of {' and '.join(kinds)} by epoch: {', '.join(tables)}.")
    for ax in axes.values():
        label_lines(ax)
    return figure


def label_lines(ax: Axes) -> None:
    """Write the label of each line beside its right end, in its colour, so that none covers another.

    Call it last, when limits and sizes of the plot stand; a legend is then not needed.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        A plot with lines or error bars that were given a ``label``.

    Raises
    ------
    InputError
        If no line has a label.
    """
    ends = []
    for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
        line = handle[0] if isinstance(handle, tuple) else handle  # of error bars
        if isinstance(line, Line2D):
            places = np.asarray(line.get_xydata(), float)
            places = places[np.isfinite(places).all(axis=1)]
            if len(places):
                ends.append((str(label), line, places[places[:, 0].argmax()]))
    if not ends:
        msg = 'Expected lines with labels; received none. Draw them with ax.plot(x, y, label="name") first.'
        raise InputError(msg)
    figure: Any = ax.figure
    figure.draw_without_rendering()  # a constrained layout finds the size of the plot now
    pixels = ax.get_window_extent().height
    ends.sort(key=lambda end: ax.transData.transform(end[2])[1])
    wanted = [ax.transAxes.inverted().transform(ax.transData.transform(place))[1] for *_, place in ends]
    leader = {"arrowstyle": "-", "lw": 0.7, "shrinkA": 1, "shrinkB": 3, "relpos": (0, 0.5)}
    room = 1.25 * 8 / 72 * figure.dpi / pixels  # of a line of text, as a share of the plot's height
    for (label, line, place), height in zip(ends, apart(wanted, room), strict=True):
        colour = _legible(line.get_color(), text=ax.title.get_color())
        ax.annotate(
            label, place, (1.04, height), textcoords="axes fraction", annotation_clip=False,
            color=colour, fontsize=8, va="center", ha="left",
            arrowprops=leader | {"color": line.get_color()},
        )  # fmt: skip


def apart(places: Sequence[float], room: float) -> np.ndarray:
    """Move places on a line so that neighbours are `room` apart, each as little as that needs.

    Parameters
    ----------
    places : sequence of float
        In ascending order.
    room : float > 0
        The smallest distance.

    Returns
    -------
    ndarray of float
        In the same order, within 0 and 1 if there is room. Places that get in each other's way become a group with its
        middle where theirs was.
    """
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _low(groups[-1], room) < _low(groups[-2], room) + len(groups[-2]) * room:
            last = groups.pop()
            groups[-1] += last
    return np.concatenate([_low(group, room) + room * np.arange(len(group)) for group in groups])


@plain()
def scores(table: pd.DataFrame, *, caption: str | None = None) -> Figure:
    """Show mean SSIM and PSNR of several methods with their intervals, the best one on top.

    Parameters
    ----------
    table : DataFrame
        From `metrics.compare`: a row a method, with ``ssim``, ``ssim_low``, ``ssim_high`` and the same for ``psnr``.
    caption : str, optional
        As in `show`.

    Returns
    -------
    Figure
        Methods in the order of their SSIM and in their colours (`looks`). Dashed lines stand at the noisy input, and at
        the best of the methods that are no network, the rival to beat.

    Raises
    ------
    InputError
        On a table without rows or without these columns.
    """
    units = {"ssim": ("mean SSIM", ".3f"), "psnr": ("mean PSNR, dB", ".1f")}
    columns = [f"{metric}{end}" for metric in units for end in ("", "_low", "_high")]
    if not isinstance(table, pd.DataFrame) or table.empty or not {*columns} <= {*table}:
        came = f"columns {[*table]}" if isinstance(table, pd.DataFrame) else f"an object of type {type(table).__name__}"
        msg = f"Expected the table of metrics.compare, a row a method with {', '.join(columns)}; received {came}."
        raise InputError(msg)
    drawn = looks(map(str, table.index))  # in the order of the table: a method looks as in other pictures of it
    table = table.sort_values("ssim", kind="stable")
    names = [str(name) for name in table.index]
    of = {name: method(name) for name in names}
    marked = [
        *[name for name in names if of[name] == "noisy"][-1:],
        *[name for name in names if of[name] in RIVALS][-1:],
    ]
    titles = [f"{name} (best rival)" if name in marked and of[name] in RIVALS else name for name in names]
    figure, panels = subplots(1, 2, width=4.3, height=0.8 + 0.27 * len(names))
    for ax, (metric, (what, digits)) in zip(panels[0], units.items(), strict=True):
        values = dict(zip(names, table[columns[:3] if metric == "ssim" else columns[3:]].to_numpy(), strict=True))
        for row, (name, (value, low, high)) in enumerate(values.items()):
            colour = drawn[name]["color"]
            ax.plot([low, high], [row, row], color=colour, linewidth=2.5, solid_capstyle="butt", alpha=0.6)
            ax.plot(value, row, "o", color=colour, markersize=6)
            ax.annotate(
                f"{value:{digits}}", (1, row), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                fontsize=8, va="center", annotation_clip=False,
            )  # fmt: skip
        for name in marked:
            ax.axvline(values[name][0], color=drawn[name]["color"], linestyle="--", linewidth=1, zorder=0)
        ax.set(xlabel=what, ylim=(-0.6, len(names) - 0.4))
        ax.set_yticks(range(len(names)), titles if metric == "ssim" else [""] * len(names))
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
    describe(figure, caption, f"Mean SSIM and PSNR with 95 % intervals, best first: {', '.join(reversed(names))}.")
    return figure


def _low(group: Sequence[float], room: float) -> float:
    """Where the lowest of a group stands if its middle stays, and all of it within 0 and 1."""
    height = room * (len(group) - 1)
    return max(0.0, min(float(np.mean(group)) - height / 2, 1 - height))


def _legible(colour: Any, *, text: Any) -> tuple[float, ...]:
    """A colour as text, which needs more contrast than a line: nearer to that of all other text."""
    line, ink = (np.array(matplotlib.colors.to_rgb(each)) for each in (colour, text))
    return tuple(0.65 * line + 0.35 * ink)
