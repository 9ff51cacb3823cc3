"""Paired differences, their verdicts, and the claims of a lesson."""

import numpy as np
import pytest

from cdae_lessons import checks, evidence, metrics
from cdae_lessons.errors import InputError

RNG = np.random.default_rng(0)
CLEAN = RNG.random((12, 16, 16), dtype=np.float32)
HARD = np.linspace(0.1, 0.5, 12, dtype=np.float32)[:, None, None]  # each image harder than the one before
NOISE = RNG.standard_normal(CLEAN.shape, dtype=np.float32)
METHODS = {
    "filter": CLEAN + HARD * NOISE,
    "network": CLEAN + (HARD - 0.02) * NOISE,  # a little better on every image
    "worse": CLEAN + (HARD + 0.02) * NOISE,
    "another": CLEAN + HARD * np.roll(NOISE, 1, axis=2),
}
SUBJECTS = np.repeat(np.arange(6), 2)


def paired(methods=METHODS, **options):
    return evidence.paired(CLEAN, methods, **{"against": "filter", "data_range": 1, "subjects": SUBJECTS} | options)


@pytest.mark.parametrize("metric", evidence.METRICS)
def test_a_small_lead_on_every_image_is_seen_though_the_methods_own_intervals_overlap(metric):
    table = paired(metric=metric)
    assert dict(table["verdict"]) == {"network": "ahead", "worse": "behind", "another": "open"}
    own = metrics.compare(CLEAN, METHODS, data_range=1, subjects=SUBJECTS)
    assert own.loc["network", f"{metric}_low"] < own.loc["filter", f"{metric}_high"]
    assert own.loc["filter", f"{metric}_low"] < own.loc["network", f"{metric}_high"]
    difference = own.loc["network", metric] - own.loc["filter", metric]
    assert table.loc["network", "difference"] == pytest.approx(difference)
    assert table.loc["network", "low"] < difference < table.loc["network", "high"]
    assert table.index.name == f"{metric}, against filter"


def test_the_interval_is_over_subjects():
    values = metrics.score(CLEAN, METHODS["network"], data_range=1) - metrics.score(
        CLEAN, METHODS["filter"], data_range=1
    )
    low, high = metrics.bootstrap_interval(values["ssim"], subjects=SUBJECTS, seed=3)
    row = paired(seed=3).loc["network"]
    assert (row["low"], row["high"]) == (low, high)
    assert row["low"] != paired(subjects=None, seed=3).loc["network", "low"]


def test_with_one_subject_all_is_open():
    table = paired(subjects=np.zeros(12))
    assert set(table["verdict"]) == {"open"}
    assert table[["low", "high"]].isna().all(axis=None)


def test_the_mask_is_used():
    mask = np.zeros(CLEAN.shape, bool)
    mask[:, :, :8] = True
    half = METHODS["filter"].copy()
    half[:, :, 8:] = CLEAN[:, :, 8:]
    assert paired({"filter": METHODS["filter"], "half": half}, metric="mse").loc["half", "verdict"] == "ahead"
    same = paired({"filter": METHODS["filter"], "half": half}, metric="mse", mask=mask).loc["half"]
    assert (same["difference"], same["verdict"]) == (0, "open")


def test_mistakes_are_explained():
    for options, message in (
        ({"against": "fliter"}, "Did you mean 'filter'"),
        ({"metric": "rmse"}, "Known: ssim, psnr, mse"),
        ({"methods": {"filter": METHODS["filter"]}}, "that one alone"),
        ({"methods": {"filter": CLEAN, "copy": CLEAN}, "metric": "psnr"}, "both have an infinite PSNR"),
        ({"subjects": [1, 2]}, "one subject for each"),
    ):
        with pytest.raises(InputError, match=message):
            paired(**options)


# ---- claims


def test_claims_that_hold_are_one_line(capsys):
    assert checks.claims({"a": True, "b": np.True_}) is None
    checks.claims({"a": True})
    assert capsys.readouterr().out == (
        "✓ 2 claims of this section hold on this machine\n✓ 1 claim of this section holds on this machine\n"
    )


def test_claims_that_fail_are_named_and_nothing_is_printed(capsys):
    with pytest.raises(AssertionError, match=r"^2 of 3 claims do not hold on this machine: b is blue; c is far$"):
        checks.claims({"a": True, "b is blue": np.False_, "c is far": False})
    assert capsys.readouterr().out == ""


def test_claims_about_other_images_are_not_checked(capsys):
    checks.claims({"a": False}, only_if=False)
    assert capsys.readouterr().out == "not checked: other images\n"


@pytest.mark.parametrize("value", [1, 0.5, None, "yes", np.array([True, False])])
def test_a_claim_is_true_or_false_and_nothing_else(value):
    with pytest.raises(InputError, match="True or False for each claim.* for 'a'"):
        checks.claims({"a": value})


def test_no_claims_are_a_mistake():
    with pytest.raises(InputError, match="no claim"):
        checks.claims({})
