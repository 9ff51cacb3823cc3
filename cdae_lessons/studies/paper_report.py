"""What `paper.reproduce` leaves behind: tables, pictures and one page that holds them all."""

from __future__ import annotations

import base64
import html
import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cdae_lessons import plotting
from cdae_lessons.datasets import Cohort
from cdae_lessons.studies.configuration import Configuration
from cdae_lessons.studies.store import mean
from cdae_lessons.studies.summary import write_files

COLUMNS = [
    *("dataset", "noise", "method", "recipe", "n_train", "n_test", "seed"),
    *("ssim", "ssim_low", "ssim_high", "psnr", "ssim_range2", "reported", "seconds", "key", "code"),
]

NOTES = (
    "A star marks the best of a table in SSIM, in SSIM inside the body, and in PSNR: they need not agree.",
    "SSIM is scikit-image's, averaged over the test images. Its data_range is 1, which is right for images in [0, 1]; "
    'the column "range 2" has 2, which the paper probably used, and stands here only to be compared with "reported".',
    '"reported" is recalled from the paper, not read from it, and was measured on the paper\'s own images.',
    "The 95 % interval is over the test images (subjects, where known), by bootstrap. It does not cover another seed "
    "of the network: for that, see the rows of the other seeds. Test images of one subject have no interval.",
    '"body" is the SSIM inside the body alone, since on mostly black images plain SSIM measures the background.',
    '"median_3x3" is the paper\'s median, not tuned. The other classical denoisers are tuned on the training images '
    "and know the mean and the spread of the noise, as the network does.",
    '"training_average" is the average of the clean training images, each weighted by how well it explains the noisy '
    "one: a pure prior, without any network.",
)


class Finished(NamedTuple):
    """A run with its result: the table that it is for, its name there, and its test images with what it made of some.

    Parameters
    ----------
    table : str
        "II", "III" or "IV".
    name : str
        The row's name in `paper.REPORTED`.
    config : Configuration
        The run.
    test : Cohort
        The test images.
    result : dict
        As `measuring.measure` returned it.
    examples : ndarray of shape (n, H, W), float32 in [0, 1]
        The first test images as the run's method left them.
    """

    table: str
    name: str
    config: Configuration
    test: Cohort
    result: Mapping[str, Any]
    examples: np.ndarray


def tables(scores: pd.DataFrame, results: Sequence[Finished]) -> list[tuple[str, str, pd.DataFrame]]:
    """The paper's tables, a block for each test set and noise.

    Parameters
    ----------
    scores : DataFrame
        A row a result, with `COLUMNS`.
    results : sequence of Finished
        The same results in the same order.

    Returns
    -------
    list of (str, str, DataFrame)
        "DATASET, NOISE", title, and a row a method with text in every cell; the best of each score is starred.
    """
    rows = scores.assign(
        table=[one.table for one in results],
        body=[mean(one.result["scores"]["ssim_body"]) for one in results],
        no_body=[int(np.isnan(one.result["scores"]["ssim_body"]).sum()) for one in results],
    )
    blocks = []
    for (table, dataset, noise), block in rows.groupby(["table", "dataset", "noise"], sort=False):
        shown = pd.DataFrame(
            {
                "method": block["method"],
                "recipe": block["recipe"],
                "train": block["n_train"].astype(str),
                "seed": block["seed"].astype(str),
                "SSIM": _starred(block["ssim"], "{:.3f}"),
                "95 %": [_interval(low, high) for low, high in zip(block["ssim_low"], block["ssim_high"], strict=True)],
                "body": _starred(block["body"], "{:.3f}"),
                "PSNR dB": _starred(block["psnr"], "{:.1f}"),
                "range 2": block["ssim_range2"].map("{:.3f}".format),
                "reported": ["" if pd.isna(value) else f"{value:.2f}" for value in block["reported"]],
            }
        )
        if block["reported"].isna().all():
            shown = shown.drop(columns=["range 2", "reported"])
        name = f"{dataset}, {noise}"
        title = f"Table {table}: {name}, {block['n_test'].iloc[0]} test images"
        if black := block["no_body"].iloc[0]:
            title += f" ({black} without a body to score: all black)"
        blocks.append((name, title, shown.reset_index(drop=True)))
    return blocks


def text(scores: pd.DataFrame, results: Sequence[Finished]) -> str:
    """`tables` for a terminal, with `NOTES` below."""
    blocks = [f"{title}\n{table.to_string(index=False)}" for _, title, table in tables(scores, results)]
    return "\n\n".join([*blocks, "\n".join(textwrap.fill(note, 110) for note in NOTES)])


@plotting.plain()
def write(out: Path, scores: pd.DataFrame, results: Sequence[Finished]) -> None:
    """Write ``scores.csv``, ``images.csv``, the pictures and ``report.html`` into `out`, each at one stroke.

    Parameters
    ----------
    out : Path
        An existing folder.
    scores, results
        As for `tables`.
    """
    files = {
        "scores.csv": scores.to_csv(index=False).encode(),
        "images.csv": _images(results).to_csv(index=False).encode(),
    }
    sections = []
    for name, title, table in tables(scores, results):
        chosen = [one for one in results if f"{one.config.dataset}, {one.config.noise}" == name]
        pictures = []
        for kind, figure in (("comparison", _comparison(name, chosen)), ("curves", _curves(name, chosen))):
            picture = files[f"{kind}-{slug(name)}.png"] = plotting.png(figure)
            pictures.append(_embed(picture, str(figure.get_label())))
        sections.append(
            f"<h2>{html.escape(title)}</h2>\n{table.to_html(index=False, border=0)}\n" + "\n".join(pictures)
        )
    files["report.html"] = _page(sections, results[0].result["made_with"]).encode()
    write_files(out, files)


def slug(text: str) -> str:
    """`text` as a file name on any system."""
    return re.sub(r"[^\w=.]+", "-", text)


def _starred(values: pd.Series, form: str) -> list[str]:
    best = values.max()
    return ["none " if pd.isna(value) else form.format(value) + ("*" if value == best else " ") for value in values]


def _interval(low: float, high: float) -> str:
    return "one subject" if pd.isna(low) else f"{low:.3f}-{high:.3f}"


def _images(results: Sequence[Finished]) -> pd.DataFrame:
    names = ["dataset", "noise", "network", "recipe", "n_train", "seed"]
    parts = []
    for one in results:
        part = pd.DataFrame({name: getattr(one.config, name) for name in names}, index=range(len(one.test)))
        part = part.rename(columns={"network": "method"})
        parts.append(part.assign(image=part.index, subject=one.test.subjects, **one.result["scores"]))
    return pd.concat(parts, ignore_index=True)


def _comparison(name: str, chosen: Sequence[Finished]) -> plotting.Figure:
    clean = chosen[0].test.images[: len(chosen[0].examples)]
    columns = {"clean": clean}
    for one in chosen:
        method = one.config.network
        if one.config.seed == 0:
            columns[f"{method} ({one.config.n_train})" if method in columns else method] = one.examples
    caption = (
        f"{name}. The first test images, each with its SSIM (data_range 1) and PSNR, on one grey scale from 0 to 1."
    )
    return plotting.show(columns, clean=clean, caption=caption)


def _curves(name: str, chosen: Sequence[Finished]) -> plotting.Figure:
    runs = {}
    for one in chosen:
        if one.result["history"]:
            runs[f"{one.config.n_train} images, seed {one.config.seed}"] = pd.DataFrame(one.result["history"])
    return plotting.curves(runs, caption=f"{name}: training loss by epoch. A pass over more images is a longer epoch.")


def _page(sections: Sequence[str], made_with: Mapping[str, str]) -> str:
    versions = ", ".join(f"{name} {value}" for name, value in made_with.items())
    notes = "".join(f"<p>{html.escape(part)}</p>" for part in NOTES)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>CNN DAE: the paper\'s tables</title>\n'
        "<style>body{font:16px/1.5 sans-serif;max-width:75em;margin:2em auto;padding:0 1em;color:#222;background:#fff}"
        "img{max-width:100%;height:auto;display:block;margin:1em 0}td,th{padding:.15em .8em;text-align:right}"
        "td:first-child,th:first-child{text-align:left}tr:nth-child(even){background:#f3f3f3}"
        "table{border-collapse:collapse;font-variant-numeric:tabular-nums}</style></head><body>\n"
        "<h1>CNN DAE against tuned classical denoisers</h1>\n"
        "<p>The experiment of L. Gondara, <i>Medical image denoising using convolutional denoising autoencoders</i>, "
        '2016, <a href="https://doi.org/10.1109/ICDMW.2016.0041">doi 10.1109/ICDMW.2016.0041</a>.</p>\n'
        + "\n".join(sections)
        + f"\n<h2>How to read this</h2>{notes}<p>Made on {date.today()} with {html.escape(versions)}.</p>\n"
        + "</body></html>\n"
    )


def _embed(png: bytes, alt: str) -> str:
    data = base64.b64encode(png).decode()
    return f'<img alt="{html.escape(alt, quote=True)}" src="data:image/png;base64,{data}">'
