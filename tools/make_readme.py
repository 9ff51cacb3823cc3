"""Write what README and docs/launch.md have from elsewhere: addresses that open lessons, and the table of results.

python tools/make_readme.py                                   after an address in pyproject.toml has changed
python tools/make_readme.py results/brain-fast/scores.csv     new scores of `make reproduce`, kept in docs/results.csv
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd
from first_cell import PLACES, REPOSITORY, ROOT, address

README = ROOT / "README.md"
LAUNCH = ROOT / "docs" / "launch.md"
FIRST = "00_start_here"
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


def main() -> None:
    """Rewrite these parts of both files; a second run changes nothing."""
    for scores in sys.argv[1:]:
        kept = chosen(pd.read_csv(scores))
        kept.to_csv(RESULTS, index=False, float_format="%.6f", lineterminator="\n")
    for page in (README, LAUNCH):
        page.write_text(renewed(page.read_text(encoding="utf-8"), parts(page)), encoding="utf-8", newline="\n")


def parts(page: Path) -> dict[str, str]:
    """What is written into a page, by the name of its marks."""
    if page == README:
        return {"badges": badges(), "places": others(), "results": results(pd.read_csv(RESULTS))}
    return {"lessons": lessons(), "hub": f"```\n{address('JupyterHub', FIRST)}\n```"}


def renewed(text: str, parts: dict[str, str]) -> str:
    """`text` with each of the `parts` between its marks."""
    for name, part in parts.items():
        text = between(text, name, part)
    return text


def between(text: str, name: str, part: str) -> str:
    """`text` with `part` between the marks ``<!-- name … -->`` and ``<!-- /name -->``."""
    found = re.compile(rf"(<!-- {name}\b[^>]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not found.search(text):
        sys.exit(f"There is no part between <!-- {name} --> and <!-- /{name} -->.")
    return found.sub(lambda marks: f"{marks[1]}{part}\n{marks[2]}", text)


def markdown(heads: list[str], rows: list[list[str]]) -> str:
    """A table."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *rows])


def badges() -> str:
    """Links to the course in Colab and Binder, to its weekly tests and its licence, as pictures."""
    weekly = f"{REPOSITORY}/actions/workflows/weekly.yml"
    licence = "https://img.shields.io/badge/licence-BSD--3--Clause_and_CC_BY_4.0-blue"
    shown = (
        ("Open in Colab", "https://colab.research.google.com/assets/colab-badge.svg", address("Colab", FIRST)),
        ("Open in Binder", "https://mybinder.org/badge_logo.svg", address("Binder", FIRST)),
        ("Weekly tests", f"{weekly}/badge.svg", weekly),
        ("Licence: BSD-3-Clause and CC BY 4.0", licence, "LICENSE"),
    )
    return "\n".join(f"[![{name}]({picture})]({address})" for name, picture, address in shown)


def others() -> str:
    """Links to the first lesson in the places that have no badge."""
    found = ", ".join(f"[{place}]({address(place, FIRST)})" for place in ("Kaggle", "Studio Lab", "Codespaces"))
    return f"Lesson 0 opens by a link, too: Colab and Binder at the top, {found}. [What each needs](docs/launch.md)."


def lessons() -> str:
    """A table of links: a row for each lesson, a column for each place that opens a single notebook by itself."""
    places = [place for place, form in PLACES.items() if "LESSON" in form and "HUB" not in form]
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    rows = [[name, *(f"[{place}]({address(place, name)})" for place in places)] for name in names]
    return markdown(["lesson", *places], rows)


def chosen(scores: pd.DataFrame) -> pd.DataFrame:
    """Of all scores of `reproduce` those that the README shows: a row for each of `NOISES` and `METHODS`."""
    rows = scores[scores["dataset"] == DATASET].set_index(["noise", "method"])
    wanted, here = [(noise, method) for noise in NOISES for method in METHODS], set(rows.index)
    if missing := [" ".join(pair) for pair in wanted if pair not in here]:
        sys.exit(f"No score of {DATASET} for {', '.join(missing)}. Run `make reproduce`.")
    if rows.index.has_duplicates:
        sys.exit("The table is made for one seed: run `make reproduce` without --seeds.")
    return rows.loc[wanted].reset_index()[COLUMNS]


def results(scores: pd.DataFrame) -> str:
    """The table of what `chosen` returns, the best bold, with lines that say how it was made and who is ahead."""
    of = scores.set_index(["noise", "method"])
    best = {score: dict(of.groupby("noise")[score].idxmax()) for score in ("ssim", "psnr")}
    rows = []
    for method, label in METHODS.items():
        rows.append([label])
        for noise in NOISES:
            ssim, low, high = (f"{of.loc[(noise, method), name]:.3f}".replace("0.", ".", 1) for name in COLUMNS[6:9])
            rows[-1].append(f"{f'**{ssim}**' if best['ssim'][noise] == (noise, method) else ssim} ({low} to {high})")
    network = of.xs("cnn_dae", level="method").iloc[0]
    made = (
        f"Mean over {network['n_test']} test images of `{DATASET}`, `data_range=1`; interval over the images by "
        f"bootstrap. The network: recipe {network['recipe']}, {network['n_train']} training images, one seed."
    )
    table = markdown(["SSIM (95 % interval)", *(f"`{noise}`" for noise in NOISES)], rows)
    ahead = [f"Best in {score.upper()}, where it is not the network: {_rivals(best[score])}." for score in best]
    return "\n".join([table, "", made, *ahead])


def _rivals(best: dict[str, tuple[str, str]]) -> str:
    others = (best[noise] for noise in NOISES if best[noise] != (noise, "cnn_dae"))
    return ", ".join(f"`{method}` at `{noise}`" for noise, method in others) or "nothing"


if __name__ == "__main__":
    main()
