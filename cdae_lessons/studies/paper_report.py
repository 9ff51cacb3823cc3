"""What `experiments.reproduce` leaves behind: tables, pictures and one page that holds them all."""

from __future__ import annotations

import base64
import html
import io
import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cdae_lessons import plotting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cdae_lessons.studies.paper import Case

COLUMNS = [
    *("dataset", "noise", "method", "recipe", "n_train", "n_test", "seed"),
    *("ssim", "ssim_low", "ssim_high", "psnr", "ssim_range2", "reported", "seconds"),
]

NOTES = (
    "A star marks the best of a table in SSIM, in SSIM inside the body, and in PSNR: they need not agree.",
    "SSIM is scikit-image's, averaged over the test images. Its data_range is 1, which is right for images in [0, 1]; "
    'the column "range 2" has 2, which the paper probably used, and stands here only to be compared with "reported".',
    '"reported" is recalled from the paper, not read from it, and was measured on the paper\'s own images.',
    "The 95 % interval is over the test images (subjects, where known), by bootstrap. It does not cover another seed "
    "of the network: for that, see the rows of the other seeds.",
    '"body" is the SSIM inside the body alone, since on mostly black images plain SSIM measures the background.',
    '"median" is the paper\'s 3x3 median, not tuned. The other classical denoisers are tuned on the training images '
    "and know the mean and the spread of the noise, as the network does.",
    '"training_average" is the average of the clean training images, each weighted by how well it explains the noisy '
    "one: a pure prior, without any network.",
)


def tables(
    scores: pd.DataFrame, results: Sequence[tuple[Case, Mapping[str, Any]]]
) -> list[tuple[str, str, pd.DataFrame]]:
    """The paper's tables, a block for each test set and noise.

    Parameters
    ----------
    scores : DataFrame
        A row a result, with `COLUMNS`.
    results : sequence of (Case, dict)
        The same results with their tables and scores an image, in the same order.

    Returns
    -------
    list of (str, str, DataFrame)
        "DATASET, NOISE", title, and a row a method with text in every cell; the best of each score is starred.
    """
    rows = scores.assign(
        table=[case.table for case, _ in results],
        body=[sum(stored["scores"]["ssim_body"]) / len(stored["scores"]["ssim_body"]) for _, stored in results],
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
                "95 %": [
                    f"{low:.3f}-{high:.3f}" for low, high in zip(block["ssim_low"], block["ssim_high"], strict=True)
                ],
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
        blocks.append((name, title, shown.reset_index(drop=True)))
    return blocks


def text(scores: pd.DataFrame, results: Sequence[tuple[Case, Mapping[str, Any]]]) -> str:
    """`tables` for a terminal, with `NOTES` below."""
    blocks = [f"{title}\n{table.to_string(index=False)}" for _, title, table in tables(scores, results)]
    return "\n\n".join([*blocks, "\n".join(textwrap.fill(note, 110) for note in NOTES)])


def write(out: Path, scores: pd.DataFrame, results: Sequence[tuple[Case, Mapping[str, Any]]]) -> None:
    """Write ``scores.csv``, ``images.csv``, the pictures and ``report.html`` into `out`, each at one stroke.

    Parameters
    ----------
    out : Path
        An existing folder.
    scores, results
        As for `tables`.
    """
    _replace(out / "scores.csv", scores.to_csv(index=False).encode())
    _replace(out / "images.csv", _images(results).to_csv(index=False).encode())
    sections = []
    for name, title, table in tables(scores, results):
        chosen = [(case, stored) for case, stored in results if f"{case.dataset}, {case.noise}" == name]
        pictures = []
        for kind, figure in (("comparison", _comparison(name, chosen)), ("curves", _curves(name, chosen))):
            png = _png(figure)
            _replace(out / f"{kind}-{slug(name)}.png", png)
            pictures.append(_embed(png, figure.get_label()))
        sections.append(
            f"<h2>{html.escape(title)}</h2>\n{table.to_html(index=False, border=0)}\n" + "\n".join(pictures)
        )
    _replace(out / "report.html", _page(sections, results[0][1]["made_with"]).encode())


def slug(text: str) -> str:
    """`text` as a file name on any system."""
    return re.sub(r"[^\w=.]+", "-", text)


def _starred(values: pd.Series, form: str) -> list[str]:
    return [form.format(value) + ("*" if value == values.max() else " ") for value in values]


def _images(results: Sequence[tuple[Case, Mapping[str, Any]]]) -> pd.DataFrame:
    names = ["dataset", "noise", "method", "recipe", "n_train", "seed"]
    parts = []
    for case, stored in results:
        part = pd.DataFrame({name: stored["config"][name] for name in names}, index=range(len(case.test)))
        parts.append(part.assign(image=part.index, subject=case.test.subjects, **stored["scores"]))
    return pd.concat(parts, ignore_index=True)


def _comparison(name: str, chosen: Sequence[tuple[Case, Mapping[str, Any]]]) -> Figure:
    clean = chosen[0][0].test.images[: len(chosen[0][1]["examples"])]
    columns = {"clean": clean}
    for _, stored in chosen:
        config = stored["config"]
        if config["seed"] == 0:
            label = f"{config['method']} ({config['n_train']})" if config["method"] in columns else config["method"]
            columns[label] = stored["examples"]
    caption = (
        f"{name}. The first test images, each with its SSIM (data_range 1) and PSNR, on one grey scale from 0 to 1."
    )
    return plotting.show(columns, clean=clean, caption=caption)


def _curves(name: str, chosen: Sequence[tuple[Case, Mapping[str, Any]]]) -> Figure:
    runs = {}
    for _, stored in chosen:
        if stored["loss"]:
            config, loss = stored["config"], stored["loss"]
            table = pd.DataFrame({"epoch": range(1, len(loss) + 1), "loss": loss})
            runs[f"{config['n_train']} images, seed {config['seed']}"] = table
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


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight")
    return buffer.getvalue()


def _embed(png: bytes, alt: str) -> str:
    data = base64.b64encode(png).decode()
    return f'<img alt="{html.escape(alt, quote=True)}" src="data:image/png;base64,{data}">'


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
