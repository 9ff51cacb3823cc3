"""What a study found: tables that are small enough to keep, and the figures that are made from them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, NullFormatter
from scipy import stats

from cdae_lessons import plotting, results
from cdae_lessons.configurations import Configuration
from cdae_lessons.errors import InputError, known
from cdae_lessons.fetching import appearing
from cdae_lessons.metrics import bootstrap_interval
from cdae_lessons.trials import RIVALS

STORED = resources.files("cdae_lessons") / "data_files" / "studies"
CASE = ["tested_on", "noise", "n_train", "size"]  # what a network shares with its rivals
KIND = ["dataset", "noise", "n_train", "network", "recipe", "epochs", "size"]  # what the seeds of a mean share

SUMMARY = (
    *("tested_on", *KIND, "seeds", "ssim", "ssim_low", "ssim_high", "ssim_body", "psnr"),
    *("rival", "ahead", "ahead_low", "ahead_high", "seconds", "weights"),
)


def collect(configs: Iterable[Configuration], *, store: str | Path) -> tuple[list[dict[str, Any]], str]:
    """The stored results of a study, all of one code, and a sentence on what is missing or left out.

    Parameters
    ----------
    configs : iterable of Configuration
        The study with its rivals.
    store : path
        Folder of the results.

    Returns
    -------
    list of dict
        As `trials.measure` returned them, in the order of `configs`. Where there are results of several versions of
        the code, those of the version with the most, or of the latest of these.
    str
        Empty where all are there and no others.

    Raises
    ------
    InputError
        If there is none.
    """
    order = {_frozen(vars(config)): i for i, config in enumerate(configs)}
    by_code: dict[str, list] = {}
    for result in results.every(Path(store)):
        if _frozen(result["config"]) in order:
            by_code.setdefault(result["code"], []).append(result)
    if not by_code:
        msg = f"There are no results of this study in {store}. Run it first, or name its folder with --out."
        raise InputError(msg)
    code = max(by_code, key=lambda code: (len(by_code[code]), max(result["finished"] for result in by_code[code])))
    chosen = sorted(by_code[code], key=lambda result: order[_frozen(result["config"])])
    notes = []
    if len(chosen) < len(order):
        notes.append(f"{len(order) - len(chosen)} of {len(order)} runs are missing.")
    if len(by_code) > 1:
        others = sum(map(len, by_code.values())) - len(chosen)
        notes.append(f"{others} results of other code than {code} are left out.")
    return chosen, " ".join(notes)


def runs(chosen: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """A row a run, with `results.COLUMNS`."""
    return pd.DataFrame([results.row(result) for result in chosen], columns=list(results.COLUMNS))


def summary(chosen: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Means over seeds, with what is needed to judge them.

    Parameters
    ----------
    chosen : iterable of dict
        From `collect`.

    Returns
    -------
    DataFrame
        A row for each `KIND`. ``ssim`` with its 95 % interval over the seeds (Student's t; NaN for fewer than two);
        ``ssim_body`` and ``psnr``; ``rival``, the best classical method of the same test set, noise and number of
        images; ``ahead``, by how much SSIM the network is ahead of it, with a 95 % interval over the test images
        (subjects, by bootstrap of each image's mean over the seeds); ``made`` and ``versions``.
        The rival is chosen on the test images, which favours the rival.
    """
    chosen = list(chosen)
    table = runs(chosen)
    table["epochs"] = table["epochs"].fillna("").astype(str)
    table["tested_on"] = table["dataset"].str.split("+").str[0]
    classical = table[
        table["network"].isin(RIVALS) & table["network"].ne("noisy") & table["dataset"].eq(table["tested_on"])
    ]
    best = classical.sort_values("ssim").reset_index().groupby(CASE)["index"].last().to_dict()
    rows = []
    for _, group in table.groupby(KIND, sort=False):
        first = group.iloc[0]
        line = {name: first[name] for name in ["tested_on", *KIND]} | {"seeds": len(group)}
        line |= {name: group[name].mean() for name in ("ssim", "ssim_body", "psnr", "seconds", "weights")}
        line["ssim_low"], line["ssim_high"] = interval(group["ssim"])
        rival = best.get(tuple(first[CASE]))
        if rival is not None and first["network"] not in RIVALS:
            own = np.mean([chosen[i]["scores"]["ssim"] for i in group.index], axis=0)
            difference = own - np.array(chosen[rival]["scores"]["ssim"])
            low, high = bootstrap_interval(difference, subjects=np.array(chosen[rival]["subjects"]))
            line |= {"rival": chosen[rival]["config"]["network"], "ahead": difference.mean()}
            line |= {"ahead_low": low, "ahead_high": high}
        rows.append(line)
    made = {"made": max(result["finished"] for result in chosen)[:10], "versions": versions(chosen)}
    return pd.DataFrame(rows, columns=list(SUMMARY)).assign(**made)


def stored(name: str) -> pd.DataFrame:
    """The summary of one of the course's studies, as it is kept in the package.

    Parameters
    ----------
    name : {"mixing", "sample_size", "stacked"}
        A file of ``studies/``; ``make studies`` does it again.

    Returns
    -------
    DataFrame
        As from `summary`.

    Raises
    ------
    InputError
        If there is no such study.
    """
    files = {path.name[:-4]: path for path in STORED.iterdir() if path.name.endswith(".csv")}
    with files[known(name, sorted(files), what="study")].open(encoding="utf-8") as file:
        return pd.read_csv(file)


def interval(values: Iterable[float]) -> tuple[float, float]:
    """95 % interval of a mean by Student's t; NaN for fewer than two values."""
    values = np.asarray(list(values), float)
    if len(values) < 2:
        return np.nan, np.nan
    reach = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - reach, values.mean() + reach


def versions(chosen: Iterable[Mapping[str, Any]]) -> str:
    """With what the results were made, as one line: ``"code 0.1.0-3f2a91c0, keras 3.15.1, …"``."""
    seen: dict[str, dict[str, None]] = {}
    for result in chosen:
        made = result["made_with"]
        backend = made["backend"]
        names = {"code": result["code"], "python": made["python"]}
        names |= {name: made[name] for name in ("keras", backend, "numpy", "scikit-image", "device")}
        for name, value in names.items():
            seen.setdefault(name, {})[value] = None
    return ", ".join(f"{name} {' and '.join(values)}" for name, values in seen.items())


def sample_size(table: pd.DataFrame) -> plotting.Figure:
    """SSIM by number of training images, a panel for each test set and noise: networks solid, the others dotted.

    Parameters
    ----------
    table : DataFrame
        From `summary`, or its CSV.

    Returns
    -------
    Figure
    """

    def draw(ax, lines: pd.DataFrame, look: Mapping[str, Any], network: bool) -> None:
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
    return _panels(table, draw, text, xlabel="training images")


def cost(table: pd.DataFrame) -> plotting.Figure:
    """SSIM by seconds of training, a panel for each test set and noise; a larger mark is a larger sample.

    Parameters
    ----------
    table : DataFrame
        From `summary`, or its CSV.

    Returns
    -------
    Figure
    """
    largest, seconds = table["n_train"].max(), table["seconds"][table["seconds"] > 0]
    subs = (1, 2, 5) if seconds.max() < 100 * seconds.min() else (1,)

    def draw(ax, lines: pd.DataFrame, look: Mapping[str, Any], network: bool) -> None:  # noqa: ARG001
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
    return _panels(table, draw, text, xlabel="seconds")


def heat_map(table: pd.DataFrame) -> plotting.Figure:
    """SSIM by noise and number of training images, a panel for each network and test set, all on one scale.

    Parameters
    ----------
    table : DataFrame
        From `summary`, or its CSV.

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
        ax.imshow(cells, vmin=0, vmax=1, cmap="viridis", aspect="auto")
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
    table = summary(chosen)
    files = {"runs.csv": csv(runs(chosen)), "summary.csv": csv(table)}
    if not table["network"].isin(RIVALS).all():
        files |= {f"{draw.__name__}.png": png(draw(table)) for draw in (sample_size, heat_map, cost)}
    return write_files(out, files)


def write_files(out: str | Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, each at one stroke.

    Parameters
    ----------
    out : path
        Folder; made if it is not there.
    files : mapping of str to bytes
        Contents by name.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    out = results.folder(out)
    for name, content in files.items():
        with appearing(out / name) as part:
            part.write_bytes(content)
    return [out / name for name in files]


def csv(table: pd.DataFrame) -> bytes:
    """A table as CSV, rounded to five places."""
    return table.round(5).to_csv(index=False, lineterminator="\n").encode()


def png(figure: plotting.Figure) -> bytes:
    """A figure as PNG, with its caption inside the file, too."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight", metadata={"Description": figure.get_label()})
    return buffer.getvalue()


def _panels(table: pd.DataFrame, draw: Callable, text: str, *, xlabel: str) -> plotting.Figure:
    table = _labelled(table)
    looks = {}
    for i, label in enumerate(sorted(table["label"].unique(), key=lambda label: (label in RIVALS, label))):
        marks = {"color": f"C{i % 10}", "marker": "os^Dv*PX<>"[i % 10], "label": label}
        looks[label] = marks | {"linestyle": ":" if label in RIVALS else "-", "markersize": 5}
    groups = list(table.groupby(["tested_on", "noise", "size"], sort=False))
    columns = min(2, len(groups))  # so that it fits the cell of a notebook
    rows, caption = -(-len(groups) // columns), _caption(text, table)
    figure, axes = plotting.subplots(rows, columns, width=8.2 / columns, caption=caption)
    for ax, ((tested_on, level, _), group) in zip(axes.flat, groups, strict=False):
        for label, lines in group.groupby("label"):
            draw(ax, lines, looks[label], label not in RIVALS)
        ax.set_title(f"{tested_on}, {level}", fontsize=10)
        ax.set(xlabel=xlabel, ylabel="mean SSIM, test")
    for ax in axes.flat[len(groups) :]:
        ax.remove()
    shown = {}  # one legend for all panels, each label once
    for ax in figure.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            shown.setdefault(label, handle)
    lines = -(-len(shown) // 3)
    figure.set_figheight(figure.get_figheight() + 0.18 * lines)
    shown = {label: shown[label] for label in looks if label in shown}
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


def _frozen(config: Mapping[str, Any]) -> tuple:
    return tuple(sorted(config.items(), key=lambda item: item[0]))
