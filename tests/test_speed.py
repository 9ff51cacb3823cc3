"""docs/speed.md shows what was measured, and the tools behind it fit the package."""

import dataclasses
import importlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from cdae_lessons import models, training
from cdae_lessons.studies import code
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


def test_the_measurements_are_of_today_s_code(load):
    folder = load("make_speed").FOLDER
    found = {"bench.json": json.loads((folder / "bench.json").read_text(encoding="utf-8"))["code"]}
    for name in ("recipe.csv", "few.csv", "scaling.csv"):
        (found[name],) = set(pd.read_csv(folder / name)["code"])
    same = load("same_results").stand_for
    (made,) = set(found.values())
    assert same(made, code.version("brain")), "What decides docs/speed.md has changed. Run: make speed"
    for kind, rows in pd.read_csv(folder / "short.csv").groupby("set"):
        assert all(same(made, code.version(kind)) for made in set(rows["code"])), "Run: make speed"


def test_no_short_training_died(load):
    short = pd.read_csv(load("make_speed").FOLDER / "short.csv")
    assert len(short) == load("short_trainings").TRAININGS
    assert (short["std"] > load("make_speed").DEAD).all()


def test_the_network_by_hand_is_the_course_s(load):
    by_hand = load("by_hand")
    for name, network in by_hand.NETWORKS.items():
        assert sum(weights.numel() for weights in network().parameters()) == getattr(models, name)(16).count_params()


def test_by_hand_the_network_and_the_loss_are_the_course_s(load):
    by_hand = load("by_hand")
    ours, hand = models.cnn_dae(16), by_hand.CnnDae()
    with torch.no_grad():
        for conv, kernel, bias in zip(hand.convs, ours.get_weights()[::2], ours.get_weights()[1::2], strict=True):
            conv.weight.copy_(torch.tensor(kernel.transpose(3, 2, 0, 1)))
            conv.bias.copy_(torch.tensor(bias))
        x, y = torch.rand(2, 3, 1, 16, 16, generator=torch.Generator().manual_seed(0))
        np.testing.assert_allclose(hand(x)[:, 0], training.denoise(ours, x[:, 0].numpy()), atol=1e-5)
        expected = recipes.dissimilarity(x[:, 0], y[:, 0])
    assert float(by_hand.dissimilarity(x, y)) == pytest.approx(float(expected), rel=1e-5)


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
