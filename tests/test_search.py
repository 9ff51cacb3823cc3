"""The search for a network: chosen on validation images, resumed, judged with fresh seeds."""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from cdae_lessons import InputError, __main__
from cdae_lessons.studies import measuring, networks, searching, spec
from cdae_lessons.studies.configuration import Configuration, grid
from cdae_lessons.studies.store import ResultNotice

pytest.importorskip("optuna", reason="Optuna is not installed: pip install optuna")

NOISE = "gaussian p=0.5 sigma=1"
CASE = Configuration(
    dataset="brain", noise=NOISE, n_train=50, network="encoder_decoder", epochs="4 steps", seed=7, size=16
)


def stand_in(calls=None, *, stop_at=None):
    """Work that trains nothing. Deep and narrow validates best; the test images say the opposite."""

    def work(config):
        if calls is not None:
            calls.append(config)
            if len(calls) == stop_at:
                raise KeyboardInterrupt
        settings = dict(pair.split("=") for pair in config.network.split()[1:])
        depth, width = int(settings.get("depth", 2)), int(settings.get("width", 64))
        good = 0.5 + 0.1 * depth - width / 1000
        rival = config.network in networks.RIVALS
        return {
            "config": asdict(config),
            "code": config.code,
            "scores": {name: [1 - good] * 10 for name in ("ssim", "psnr", "ssim_body")},
            "subjects": list(range(10)),
            "validation_ssim": None if rival else good,
            "history": {},
            "weights": 0 if rival else 100 * depth * width,
            "seconds": float(width),
            "finished": "2026-11-23T10:00:00+00:00",
            "made_with": {"backend": "torch", "device": "CPU", "python": "3", "keras": "3", "torch": "2", "numpy": "2"}
            | {"scikit-image": "0"},
        }

    return work


def test_the_best_is_chosen_on_validation_images(tmp_path):
    table = searching.search(CASE, store=tmp_path, n_trials=40, progress=False, work=stand_in(), others=["cnn_dae"])
    assert list(table.columns) == list(searching.COLUMNS)
    tried = table[table["front"].notna()]
    assert 10 < len(tried) <= 40
    assert tried["validation_ssim"].is_monotonic_decreasing
    assert tried["network"].is_unique
    _, build, _ = networks.parse(tried["network"].iloc[0])
    assert build.keywords["depth"] == 4
    assert build.keywords["width"] == 8
    assert tried["front"].iloc[0]
    assert table["network"].iloc[-1] == "cnn_dae"
    assert table["front"].iloc[-1] is None


def test_the_paper_s_network_is_tried_first(tmp_path):
    tried = []
    searching.search(CASE, store=tmp_path, n_trials=3, progress=False, work=stand_in(tried))
    assert [config.network for config in tried[:2]] == ["encoder_decoder", "encoder_decoder skips=true"]
    searching.search(CASE, store=tmp_path, n_trials=5, progress=False, work=stand_in(tried))
    assert len({config.network for config in tried}) == len(tried)  # once only


def test_the_front_is_what_nothing_beats(tmp_path):
    table = searching.search(CASE, store=tmp_path, n_trials=25, progress=False, work=stand_in())
    gains = table[["validation_ssim", "seconds", "weights"]].to_numpy(float) * [1, -1, -1]
    for row, front in zip(gains, table["front"], strict=True):
        beaten = ((gains >= row).all(axis=1) & (gains > row).any(axis=1)).any()
        assert front == (not beaten)


def test_a_search_goes_on_where_it_stopped(tmp_path):
    calls = []
    how = {"store": tmp_path, "n_trials": 8, "progress": False}
    with pytest.raises(KeyboardInterrupt):
        searching.search(CASE, work=stand_in(calls, stop_at=5), **how)
    kept = {path.name for path in tmp_path.glob("*.json")}
    assert len(kept) == 4
    more = []
    table = searching.search(CASE, work=stand_in(more), **how)
    assert kept < {path.name for path in tmp_path.glob("*.json")}
    assert len(more) <= 4
    assert not {config.key for config in more} & {name[:-5] for name in kept}
    again = []
    pd.testing.assert_frame_equal(searching.search(CASE, work=stand_in(again), **how), table)
    assert again == []


def test_searches_of_two_cases_do_not_mix(tmp_path):
    how = {"store": tmp_path, "progress": False, "work": stand_in()}
    searching.search(CASE, n_trials=6, **how)
    other = searching.search(replace(CASE, n_train=300), n_trials=3, **how)
    assert len(other) <= 3
    found = [json.loads(path.read_text(encoding="utf-8"))["config"]["n_train"] for path in tmp_path.glob("*.json")]
    assert set(found) == {50, 300}


def test_every_proposal_can_be_built_and_trained(tmp_path):
    asked = []
    searching.search(replace(CASE, size=12), store=tmp_path, n_trials=30, progress=False, work=stand_in(asked))
    for config in asked:
        _, build, _ = networks.parse(config.network)
        build(12)  # 12 pixels can be halved twice
        assert not ("residual=true" in config.network and "loss=" not in config.network)
    assert {"skips=true" in config.network for config in asked} == {True, False}


def test_the_comparison_has_fresh_seeds_and_rivals(tmp_path):
    calls = []
    table = searching.compare(CASE, ["unet", "cnn_dae"], store=tmp_path, progress=False, work=stand_in(calls))
    seeds = {config.seed for config in calls if config.network not in networks.RIVALS}
    assert seeds == {8, 9, 10, 11, 12}
    assert set(table["network"]) == {"unet", "cnn_dae", *networks.RIVALS}
    assert table.loc[table["network"] == "unet", "seeds"].item() == 5


def test_a_real_search_of_two_small_networks(tmp_path, monkeypatch):
    monkeypatch.setattr(searching, "_propose", lambda trial, _: f"encoder_decoder depth=1 width={4 + trial.number}")
    table = searching.search(CASE, store=tmp_path, n_trials=2, progress=False)
    assert sorted(table["network"]) == ["encoder_decoder depth=1 width=4", "encoder_decoder depth=1 width=5"]
    assert table["validation_ssim"].between(-1, 1).all()
    assert table["weights"].min() == 4 * (9 + 1) + 4 * (4 * 9 + 1) + 4 * 9 + 1


def test_a_spec_gives_its_cases():
    given = {"dataset": "brain", "noise": NOISE, "n_train": [50, 300], "network": ["cnn_dae", "unet"]}
    found = searching.cases(grid(**given))
    assert [case.n_train for case in found] == [50, 300]
    assert list(found.values()) == [["cnn_dae", "unet"]] * 2
    with pytest.raises(InputError, match="one seed"):
        searching.cases(grid(**given, seed=[0, 1]))
    assert len(searching.cases(spec.read("studies/search.yaml"))) == 2


def test_the_command_writes_tables_and_a_figure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measuring, "measure", lambda config, *, data_dir: stand_in()(config))
    spec = tmp_path / "few.yaml"
    spec.write_text(
        f"dataset: brain\nnoise: {NOISE}\nn_train: [50, 300]\nnetwork: [cnn_dae]\nsize: 16\n", encoding="utf-8"
    )
    out = tmp_path / "out"
    assert __main__.main(["search", str(spec), "--trials", "5", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "n=300: the best on the validation images is encoder_decoder" in said
    tried, comparison = pd.read_csv(out / "tried.csv"), pd.read_csv(out / "comparison.csv")
    assert set(tried["n_train"]) == set(comparison["n_train"]) == {50, 300}
    assert {"cnn_dae", *networks.RIVALS} < set(comparison["network"])
    assert (out / "search.png").stat().st_size > 10_000
    assert list(out.glob(".*.part")) == []


def test_a_broken_journal_or_no_optuna_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(InputError, match="pip install optuna"):
        searching.search(CASE, store=tmp_path, progress=False, work=stand_in())


def test_a_damaged_result_is_measured_again(tmp_path):
    how = {"store": tmp_path, "n_trials": 3, "progress": False, "others": ["cnn_dae"]}
    table = searching.search(CASE, work=stand_in(), **how)
    config = replace(CASE, network="cnn_dae")
    (tmp_path / f"{config.key}.json").write_text("{", encoding="utf-8")
    again = []
    with pytest.warns(ResultNotice, match="set aside"):
        repeated = searching.search(CASE, work=stand_in(again), **how)
    assert again == [config]
    np.testing.assert_array_equal(repeated["validation_ssim"], table["validation_ssim"])


def test_a_set_without_validation_images_is_refused_after_the_first_network(tmp_path):
    calls = []

    def work(config):
        return stand_in(calls)(config) | {"validation_ssim": None}

    with pytest.raises(InputError, match="'brain' has too few images to keep any. Give it 10 images or more"):
        searching.search(CASE, store=tmp_path, n_trials=5, progress=False, work=work)
    assert len(calls) == 1
