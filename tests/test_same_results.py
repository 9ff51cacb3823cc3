"""When results of older code stand for today's."""

import importlib
from pathlib import Path

import pandas as pd
import pytest

from cdae_lessons.studies import code


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "tools")
    return importlib.import_module("same_results")


def test_what_was_found_equal_stands_for_each_other_step_by_step_and_not_backwards(tool, tmp_path):
    record = tmp_path / "record.csv"
    pd.DataFrame({"before": ["-1", "-2", "-8"], "now": ["-2", "-3", "-9"]}).map("0.1.0{}".format).to_csv(record)
    for made, now, same in (("1", "1", True), ("1", "3", True), ("2", "3", True), ("3", "1", False), ("1", "9", False)):
        assert tool.stand_for(f"0.1.0-{made}", f"0.1.0-{now}", record=record) is same


@pytest.mark.parametrize(
    ("now", "others"),
    [
        ({"a": [0.5, None], "b": 1}, []),
        ({"a": [0.5, None]}, ["b"]),
        ({"a": [0.50001, None], "b": 1, "c": 0}, ["a", "c"]),
    ],
)
def test_one_digit_is_a_difference(tool, now, others):
    assert tool.differing({"a": [0.5, None], "b": 1}, now) == others


def test_the_sample_has_every_kind_of_stored_result(tool):
    stored = pd.concat([pd.read_csv(file) for file in tool.STORED])
    kinds = set(stored[["dataset", "network", "size"]].itertuples(index=False, name=None))
    sampled = {(fields["dataset"], fields["network"], fields["size"]) for fields in tool.configurations()}
    assert kinds <= sampled
    assert {dataset for dataset, _, _ in kinds} <= set(tool.versions())
    assert tool.versions()["brain"] == code.version("brain")
