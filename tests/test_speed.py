"""docs/speed.md shows what was measured, and the tools behind it fit the package."""

import dataclasses
import importlib
import json
from pathlib import Path

import pandas as pd
import pytest

from cdae_lessons.training import recipes

ROOT = Path(__file__).parents[1]


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    return importlib.import_module


def test_the_tables_are_those_of_the_measurements(load):
    tool = load("make_speed")
    page = tool.PAGE.read_text(encoding="utf-8")
    assert tool.written(page) == page
    damaged = page.replace("| fast |", "| fastest |")
    assert damaged != page
    assert tool.written(damaged) == page


def test_the_best_score_is_bold_and_the_spread_over_seeds_is_shown(load):
    runs = pd.DataFrame(
        [
            {"set": "brain, 9", "noise": "gaussian p=1", "method": method, "seed": seed, "ssim": ssim + seed / 100}
            for method, ssim in (("fast", 0.5), ("slow", 0.4))
            for seed in (0, 1)
        ]
    )
    runs.loc[3, "ssim"] = 0.5
    assert load("make_speed").scores(runs).splitlines() == [
        "| SSIM | brain, 9: p=1 | beside fast |",
        "| --- | --- | --- |",
        "| fast | **0.505** |  |",
        "| slow | 0.450 | -0.100 to -0.010 |",
    ]


def test_a_score_that_was_not_reached_has_no_time(load):
    tool = load("make_speed")
    found = json.loads((tool.FOLDER / "bench.json").read_text(encoding="utf-8"))
    found["time_to_paper_quality_p.5_sigma1"] = None
    assert tool.quality(found).splitlines()[3].endswith("| not reached |")


def test_every_part_left_out_is_a_part_of_the_recipe(load):
    fast = recipes.RECIPES["fast"]
    for changes in load("ablation").RECIPE.values():
        values = {name: getattr(recipes, str(value), value) for name, value in changes.items()}
        assert not changes or dataclasses.replace(fast, **values) != fast
