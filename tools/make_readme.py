"""Write what the README has from elsewhere: the badges' addresses, and the table of results.

python tools/make_readme.py                                   after the address in pyproject.toml has changed
python tools/make_readme.py results/brain-fast/scores.csv     new scores of `make reproduce`, kept in docs/results.csv
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from first_cell import REPOSITORY, ROOT, binder, colab

README = ROOT / "README.md"
RESULTS = ROOT / "docs" / "results.csv"
COLUMNS = ["noise", "method", "recipe", "n_train", "n_test", "seed", "ssim", "ssim_low", "ssim_high", "psnr", "code"]
DATASET = "brain"
NOISES = ("gaussian p=0.1 sigma=1", "gaussian p=0.5 sigma=1", "gaussian p=0.2 sigma=5", "gaussian p=0.2 sigma=10")
METHODS = {
    "noisy": "noisy",
    "median_3x3": "median, 3x3, not tuned",
    "gaussian": "Gaussian filter, tuned",
    "nl_means": "NL-means, tuned",
    "tv": "total variation, tuned",
    "training_average": "`training_average`",
    "cnn_dae": "`cnn_dae`, the paper's",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Rewrite the two parts; a second run changes nothing."""
    parser = argparse.ArgumentParser(description="Write the README's badges and table of results.")
    parser.add_argument("scores", type=Path, nargs="?", help="a scores.csv of `reproduce`, to be kept and shown")
    scores = parser.parse_args(arguments).scores
    if scores is not None:
        kept = chosen(pd.read_csv(scores))
        kept.to_csv(RESULTS, index=False, float_format="%.6f", lineterminator="\n")
    text = README.read_text(encoding="utf-8")
    for name, part in (("badges", badges()), ("results", results(pd.read_csv(RESULTS)))):
        text = between(text, name, part)
    README.write_text(text, encoding="utf-8")
    return 0


def between(text: str, name: str, part: str) -> str:
    """`text` with `part` between the marks ``<!-- name … -->`` and ``<!-- /name -->``."""
    found = re.compile(rf"(<!-- {name}\b[^>]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not found.search(text):
        sys.exit(f"{README.name} has no part between <!-- {name} --> and <!-- /{name} -->.")
    return found.sub(lambda marks: f"{marks[1]}{part}\n{marks[2]}", text)


def badges() -> str:
    """Links to the course in Colab and Binder, to its weekly tests and its licence, as pictures."""
    weekly = f"{REPOSITORY}/actions/workflows/weekly.yml"
    licence = "https://img.shields.io/badge/licence-BSD--3--Clause_and_CC_BY_4.0-blue"
    return "\n".join(
        f"[![{name}]({picture})]({address})"
        for name, picture, address in (
            ("Open in Colab", "https://colab.research.google.com/assets/colab-badge.svg", colab("00_start_here.ipynb")),
            ("Open in Binder", "https://mybinder.org/badge_logo.svg", binder("00_start_here.ipynb")),
            ("Weekly tests", f"{weekly}/badge.svg", weekly),
            ("Licence: BSD-3-Clause and CC BY 4.0", licence, "LICENSE"),
        )
    )


def chosen(scores: pd.DataFrame) -> pd.DataFrame:
    """Of all scores of `reproduce` those that the README shows, in its order.

    Parameters
    ----------
    scores : DataFrame
        With at least the columns ``dataset`` and `COLUMNS`.

    Returns
    -------
    DataFrame
        With `COLUMNS`: a row for each of `NOISES` and `METHODS`.
    """
    rows = scores[scores["dataset"] == DATASET].set_index(["noise", "method"])
    wanted, here = [(noise, method) for noise in NOISES for method in METHODS], set(rows.index)
    if missing := [pair for pair in wanted if pair not in here]:
        sys.exit(f"No score of {DATASET} for {', '.join(' '.join(pair) for pair in missing)}. Run `make reproduce`.")
    if rows.index.has_duplicates:
        sys.exit("The table is made for one seed: run `make reproduce` without --seeds.")
    return rows.loc[wanted].reset_index()[COLUMNS]


def results(scores: pd.DataFrame) -> str:
    """The table of results, with a line that says how it was made and who is ahead.

    Parameters
    ----------
    scores : DataFrame
        As `chosen` returns it.

    Returns
    -------
    str
        Markdown; the best of each column is bold.
    """
    best = {score: _best(scores, score) for score in ("ssim", "psnr")}
    lines = ["| SSIM (95 % interval) | " + " | ".join(f"`{noise}`" for noise in NOISES) + " |"]
    lines.append("| --- |" + " --- |" * len(NOISES))
    of = scores.set_index(["noise", "method"])
    for method, label in METHODS.items():
        shown = []
        for noise in NOISES:
            ssim, low, high = (_short(of.loc[(noise, method), name]) for name in ("ssim", "ssim_low", "ssim_high"))
            shown.append(f"{f'**{ssim}**' if best['ssim'][noise] == method else ssim} ({low} to {high})")
        lines.append(f"| {label} | " + " | ".join(shown) + " |")
    network = scores[scores["method"] == "cnn_dae"].iloc[0]
    made = (
        f"Mean over {network['n_test']} test images of `{DATASET}`, `data_range=1`; interval over the images by "
        f"bootstrap. The network: recipe {network['recipe']}, {network['n_train']} training images, one seed."
    )
    ahead = [f"Best in {score.upper()}, where it is not the network: {_rivals(best[score])}." for score in best]
    return "\n".join([*lines, "", made, *ahead])


def _best(scores: pd.DataFrame, score: str) -> dict[str, str]:
    rows = scores.loc[scores.groupby("noise")[score].idxmax()]
    return dict(zip(rows["noise"], rows["method"], strict=True))


def _rivals(best: dict[str, str]) -> str:
    found = [f"`{best[noise]}` at `{noise}`" for noise in NOISES if best[noise] != "cnn_dae"]
    return ", ".join(found) or "nothing"


def _short(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


if __name__ == "__main__":
    sys.exit(main())
