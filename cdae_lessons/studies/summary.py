"""What a study found, as tables that are small enough to keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cdae_lessons.datasets import catalogue
from cdae_lessons.errors import InputError, known
from cdae_lessons.files import StrPath, appearing, folder
from cdae_lessons.metrics import bootstrap_interval
from cdae_lessons.studies.configuration import Configuration
from cdae_lessons.studies.networks import RIVALS
from cdae_lessons.studies.store import COLUMNS, every, frozen, row

STORED = resources.files("cdae_lessons") / "data_files" / "studies"
CASE = ["tested_on", "noise", "n_train", "size"]  # what a network shares with its rivals
KIND = ["dataset", "noise", "n_train", "network", "recipe", "epochs", "size"]  # what the seeds of a mean share

SUMMARY = (
    *("tested_on", *KIND, "seeds", "ssim", "ssim_low", "ssim_high", "ssim_body", "psnr"),
    *("rival", "ahead", "ahead_low", "ahead_high", "seconds", "weights", "code"),
)


def collect(configs: Iterable[Configuration], *, store: StrPath) -> tuple[list[dict[str, Any]], str]:
    """The stored results of a study, all of one code for each data set, and a sentence on what is missing.

    Parameters
    ----------
    configs : iterable of Configuration
        The study with its rivals.
    store : path
        Folder of the results.

    Returns
    -------
    list of dict
        As `studies.measure` returned them, in the order of `configs`. Where there are results of several versions of
        the code that decides those of a data set, those of the version with the most, or of the latest of these.
    str
        Empty where all are there and no others.

    Raises
    ------
    InputError
        If there is none.
    """
    order = {frozen(vars(config)): i for i, config in enumerate(configs)}
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for result in every(Path(store)):
        if frozen(result["config"]) in order:
            found.setdefault(result["config"]["dataset"], {}).setdefault(result["code"], []).append(result)
    if not found:
        msg = f"There are no results of this study in {store}. Run it first, or name its folder with --out."
        raise InputError(msg)
    chosen, codes = [], []
    for by_code in found.values():
        code = max(by_code, key=lambda code: (len(by_code[code]), max(result["finished"] for result in by_code[code])))
        chosen += by_code[code]
        codes.append(code)
    chosen.sort(key=lambda result: order[frozen(result["config"])])
    notes = []
    if len(chosen) < len(order):
        notes.append(f"{len(order) - len(chosen)} of {len(order)} runs are missing.")
    others = sum(len(results) for by_code in found.values() for results in by_code.values()) - len(chosen)
    if others:
        notes.append(f"{others} results of other code than {' and '.join(codes)} are left out.")
    return chosen, " ".join(notes)


def runs(chosen: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """A row a run, with `store.COLUMNS`."""
    return pd.DataFrame([row(result) for result in chosen], columns=list(COLUMNS))


def summarise(chosen: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Means over seeds, with what is needed to judge them.

    Parameters
    ----------
    chosen : iterable of dict
        From `collect`.

    Returns
    -------
    DataFrame
        A row for each ``KIND``. ``ssim`` with its 95 % interval over the seeds (Student's t; NaN for fewer than two);
        ``ssim_body`` and ``psnr``; ``rival``, the best classical method of the same test set, noise and number of
        images; ``ahead``, by how much SSIM the network is ahead of it, with a 95 % interval over the test images
        (subjects, by bootstrap of each image's mean over the seeds); ``code``, what decided it (``code.version``);
        ``made`` and ``versions``.
        The rival is chosen on the test images, which favours the rival.
    """
    chosen = list(chosen)
    table = runs(chosen)
    table["epochs"] = table["epochs"].fillna("").astype(str)
    table["tested_on"] = [catalogue.members(dataset)[0] for dataset in table["dataset"]]
    classical = table[
        table["network"].isin(RIVALS) & table["network"].ne("noisy") & table["dataset"].eq(table["tested_on"])
    ]
    best = classical.sort_values("ssim").reset_index().groupby(CASE)["index"].last().to_dict()
    rows = []
    for _, group in table.groupby(KIND, sort=False):
        first = group.iloc[0]
        line = {name: first[name] for name in ["tested_on", *KIND, "code"]} | {"seeds": len(group)}
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
        As from `summarise`.

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
    out = folder(out)
    for name, content in files.items():
        with appearing(out / name) as part:
            part.write_bytes(content)
    return [out / name for name in files]


def csv(table: pd.DataFrame) -> bytes:
    """A table as CSV, rounded to five places."""
    return table.round(5).to_csv(index=False, lineterminator="\n").encode()
