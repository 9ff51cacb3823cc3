"""The figures of a study, made from its summary, and the files that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from cdae_lessons import plotting
from cdae_lessons.studies.networks import RIVALS
from cdae_lessons.studies.summary import csv, runs, summarise, write_files


@plotting.plain()
def sample_size(table: pd.DataFrame) -> plotting.Figure:
    """SSIM by number of training images, a panel for each test set and noise: networks solid, the others dotted.

    Parameters
    ----------
    table : DataFrame
        From `summarise`, or its CSV.

    Returns
    -------
    Figure
    """

    def draw(ax: Axes, lines: pd.DataFrame, look: Mapping[str, Any], network: bool) -> None:
        lines = lines.sort_values("n_train")
        reach = lines["ssim_high"] - lines["ssim"] if network else None  # the interval is symmetrical
        ax.errorbar(lines["n_train"], lines["ssim"], yerr=reach, capsize=3, **look)
        ax.set_xscale("log")
        ticks = sorted(table["n_train"].unique())
        ax.set_xticks(ticks, [str(n) for n in ticks])
        ax.set_xlim(ticks[0] / 1.2, ticks[-1] * 1.2)
        ax.minorticks_off()

    text = (
        "Mean SSIM of the test images by number of training images. Bars: 95 % interval over seeds. Dotted: classical."
    )
    figure = _panels(table, draw, text, xlabel="training images")
    for ax in figure.axes:
        plotting.label_lines(ax)
    return figure


@plotting.plain()
def cost(table: pd.DataFrame) -> plotting.Figure:
    """SSIM by seconds of training, a panel for each test set and noise; a larger mark is a larger sample.

    Parameters
    ----------
    table : DataFrame
        From `summarise`, or its CSV.

    Returns
    -------
    Figure
    """
    largest, seconds = table["n_train"].max(), table["seconds"][table["seconds"] > 0]
    subs = (1, 2, 5) if seconds.max() < 100 * seconds.min() else (1,)

    def draw(ax: Axes, lines: pd.DataFrame, look: Mapping[str, Any], network: bool) -> None:  # noqa: ARG001
        lines = lines[lines["seconds"] > 0]  # the noisy images cost nothing
        if len(lines):
            sizes = 15 + 60 * lines["n_train"] / largest
            look = {name: look[name] for name in ("color", "marker", "label")}
            ax.scatter(lines["seconds"], lines["ssim"], s=sizes, **look)
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=subs))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(NullFormatter())

    text = "Mean SSIM by seconds of training or tuning. A larger mark is a larger sample."
    return _with_legend(_panels(table, draw, text, xlabel="seconds"))


@plotting.plain()
def heat_map(table: pd.DataFrame) -> plotting.Figure:
    """SSIM by noise and number of training images, a panel for each network and test set, all on one scale.

    Parameters
    ----------
    table : DataFrame
        From `summarise`, or its CSV.

    Returns
    -------
    Figure
    """
    table = _labelled(table)
    table = table[~table["network"].isin(RIVALS)]
    groups = list(table.groupby(["tested_on", "size", "label"], sort=False))
    columns = min(2, len(groups))
    rows, caption = -(-len(groups) // columns), _caption("Mean SSIM by noise and sample size.", table)
    figure, axes = plotting.subplots(rows, columns, width=8.2 / columns, height=2.4, caption=caption)
    for ax, ((tested_on, _, label), group) in zip(axes.flat, groups, strict=False):
        cells = group.pivot_table("ssim", "noise", "n_train", sort=False)
        ax.imshow(cells, vmin=0, vmax=1, cmap="viridis", origin="upper", aspect="auto", interpolation="nearest")
        for (i, j), value in np.ndenumerate(cells.to_numpy()):
            if np.isfinite(value):
                ax.text(j, i, f"{value:.2f}", ha="center", va="center", color="black" if value > 0.6 else "white")
        ax.set_xticks(range(cells.shape[1]), cells.columns)
        ax.set_yticks(range(cells.shape[0]), [level.replace(" ", "\n", 1) for level in cells.index], fontsize=8)
        ax.set(title=f"{label} on {tested_on}", xlabel="training images")
        ax.grid(visible=False)
    for ax in axes.flat[len(groups) :]:
        ax.remove()
    return figure


@plotting.plain()
def write(out: str | Path, chosen: Iterable[Mapping[str, Any]]) -> list[Path]:
    """Write ``runs.csv``, ``summary.csv`` and the figures of a study, each at one stroke.

    Parameters
    ----------
    out : path
        Folder; made if it is not there.
    chosen : iterable of dict
        From `collect`.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    chosen = list(chosen)
    table = summarise(chosen)
    files = {"runs.csv": csv(runs(chosen)), "summary.csv": csv(table)}
    if not table["network"].isin(RIVALS).all():
        files |= {f"{draw.__name__}.png": plotting.png(draw(table)) for draw in (sample_size, heat_map, cost)}
    return write_files(out, files)


def _panels(table: pd.DataFrame, draw: Callable, text: str, *, xlabel: str) -> plotting.Figure:
    table = _labelled(table)
    labels = sorted(table["label"].unique(), key=lambda label: (label in RIVALS, label))
    looks = {label: look | {"label": label, "markersize": 5} for label, look in plotting.looks(labels).items()}
    groups = list(table.groupby(["tested_on", "noise", "size"], sort=False))
    columns = min(2, len(groups))  # so that it fits the cell of a notebook
    rows, caption = -(-len(groups) // columns), _caption(text, table)
    figure, axes = plotting.subplots(rows, columns, width=8.2 / columns, caption=caption)
    for ax, ((tested_on, level, _), group) in zip(axes.flat, groups, strict=False):
        for label, lines in group.groupby("label"):
            draw(ax, lines, looks[str(label)], label not in RIVALS)
        ax.set_title(f"{tested_on}, {level}", fontsize=10)
        ax.set(xlabel=xlabel, ylabel="mean SSIM, test")
    for ax in axes.flat[len(groups) :]:
        ax.remove()
    return figure


def _with_legend(figure: plotting.Figure) -> plotting.Figure:
    """One legend for all panels, each label once, where there are no lines with ends to label."""
    shown: dict[str, Any] = {}
    for ax in figure.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            shown.setdefault(label, handle)
    figure.set_figheight(figure.get_figheight() + 0.18 * -(-len(shown) // 3))
    shown = dict(sorted(shown.items(), key=lambda item: (item[0] in RIVALS, item[0])))
    figure.legend(shown.values(), shown.keys(), loc="outside upper left", ncols=3, fontsize=8, frameon=False)
    return figure


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    """With a column ``label``: the network, and what else tells two lines of one panel apart."""
    networks = table[~table["network"].isin(RIVALS)]
    several = [name for name in ("recipe", "epochs") if len(set(networks[name].fillna(""))) > 1]
    labels = []
    for row in table.to_dict("records"):
        mix = [row["dataset"]] * (row["dataset"] != row["tested_on"])
        own = [str(row[name]) for name in several] if row["network"] not in RIVALS else []
        labels.append(", ".join([row["network"], *mix, *filter(None, own)]))
    return table.assign(label=labels)


def _caption(text: str, table: pd.DataFrame) -> str:
    return f"{text} Made on {table['made'].iloc[0]} with {table['versions'].iloc[0]}."
