"""The README says what the repository holds, briefly: addresses, figures, a picture, and a door for each reader."""

import importlib
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from cdae_lessons.studies import code

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    return importlib.import_module("make_readme")


@pytest.mark.parametrize("name", ["README.md", "docs/launch.md"])
def test_badges_links_and_table_are_what_the_command_writes(tool, name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert tool.renewed(text, tool.parts(ROOT / name)) == text, "Run: python tools/make_readme.py"


def test_every_place_has_a_link(tool):
    """Those that open one notebook have a link to each lesson."""
    launch = (ROOT / "docs" / "launch.md").read_text(encoding="utf-8")
    text = README + launch
    assert not [place for place in tool.PLACES if tool.address(place, tool.FIRST) not in text]
    assert tool.address("Kaggle", "13_your_own_images") in launch


def test_the_results_are_those_of_today_s_code(tool):
    (made,) = set(pd.read_csv(tool.RESULTS)["code"])
    same = importlib.import_module("same_results").stand_for
    assert same(made, code.version(tool.DATASET)), "What decides the README's results has changed. Run: make readme"


def test_the_citation_names_the_same_repository():
    assert f"\nrepository-code: {REPOSITORY}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_picture_comes_first_and_is_small():
    first = README.index("![Brains at three levels of noise")
    assert first < README.index("**denoising medical images") < README.index("## Start")
    assert (ROOT / "docs" / "hero.png").stat().st_size < 200_000


def test_a_newcomer_finds_each_door_before_the_first_heading():
    head = README.partition("\n## ")[0]
    site = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Documentation"]
    assert f"**Try it now**, without installing anything: [the labs in one web page]({site}labs.html)" in head
    for door in ("You learn", "You teach", "You do research"):
        assert f"- **{door}.**" in head
    for page in ("notebooks/00_start_here.ipynb", "instructor/guide.md", "docs/reproduce.md", "docs/own_files.md"):
        assert f"]({page})" in head


def test_it_can_be_read_at_one_sitting():
    assert len(README.split()) <= 1650


def scores(tool, **network):
    rows = [
        {"dataset": "brain", "noise": noise, "method": method, "recipe": "fast", "n_train": 300, "n_test": 100,
         "seed": 0, "ssim": 0.5, "ssim_low": 0.4, "ssim_high": 0.6, "psnr": 20.0, "code": "0.1.0-0"}
        | (network if method == "cnn_dae" else {})
        for noise in tool.NOISES for method in tool.METHODS
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_rival_that_wins_is_named(tool):
    table = tool.results(scores(tool, ssim=0.75, psnr=19.0))
    assert table.count("**.750** (.400 to .600)") == len(tool.NOISES)
    assert "Best in SSIM, where it is not the network: nothing." in table
    assert f"Best in PSNR, where it is not the network: `noisy` at `{tool.NOISES[0]}`, " in table


def test_scores_that_the_table_needs_must_be_there_once(tool):
    whole = scores(tool)
    others = whole.assign(dataset="fundus")
    assert tool.chosen(pd.concat([others, whole])).equals(whole[tool.COLUMNS])
    with pytest.raises(SystemExit, match="No score of brain for .*cnn_dae.*make reproduce"):
        tool.chosen(whole.iloc[:-1])
    with pytest.raises(SystemExit, match="one seed"):
        tool.chosen(pd.concat([whole, whole.assign(seed=1)]))


def test_a_part_without_marks_is_named(tool):
    with pytest.raises(SystemExit, match="There is no part between <!-- badges -->"):
        tool.between("# Course", "badges", "new")
