"""Studies: the record, the grid, YAML with its mistakes, what is stored and resumed, the report. No Dask here."""

import json
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from samples import save

from cdae_lessons import InputError, noise, plotting, training
from cdae_lessons.__main__ import main
from cdae_lessons.models import keras
from cdae_lessons.studies import code, figures, measuring, networks, running, sides, spec, store, summary
from cdae_lessons.studies.configuration import Configuration, grid, rivals

LOW, HIGH = "gaussian p=0.1 sigma=1", "gaussian p=0.5 sigma=1"
CODE = code.version("brain")
STUDIES = sorted((Path(__file__).parents[1] / "studies").glob("*.yaml"))
SMALL = {
    "dataset": "brain",
    "noise": HIGH,
    "n_train": 6,
    "network": "dense_autoencoder",
    "epochs": "4 steps",
    "size": 16,
}


def stand_in(calls=None, *, fail=(), stop=()):
    """Work that trains nothing: more images and less noise score better, and every call is counted."""

    def work(config):
        if calls is not None:
            calls.append(config)
        if config.seed in fail:
            raise InputError("no such images")
        if config.seed in stop:
            raise KeyboardInterrupt
        ssim = 0.5 + config.n_train / 1000 - 0.1 * (config.noise == HIGH) - 0.2 * (config.network in networks.RIVALS)
        spread = np.linspace(-0.05, 0.05, 10) + 0.01 * config.seed
        return {
            "config": asdict(config),
            "code": config.code,
            "scores": {name: (ssim + spread).tolist() for name in ("ssim", "psnr", "ssim_body", "ssim_range2")},
            "subjects": list(range(10)),
            "history": {},
            "weights": 0 if config.network in networks.RIVALS else 1000,
            "seconds": 0.0 if config.network == "noisy" else 2.0,
            "finished": "2026-11-23T10:00:00+00:00",
            "made_with": {"backend": "torch", "device": "CPU", "python": "3", "keras": "3", "torch": "2", "numpy": "2"}
            | {"scikit-image": "0"},
        }

    return work


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dataset": "brian"}, "data set called 'brian'.*Did you mean 'brain'"),
        ({"dataset": "brain+brain"}, "each set of a mix once"),
        ({"dataset": "folder:a+b+folder:a+b"}, "each set of a mix once"),
        ({"dataset": "brain+brian"}, "data set called 'brian'.*Did you mean 'brain'"),
        ({"dataset": "nodulemnist3d"}, "holds volumes"),
        ({"dataset": "folder:"}, "Expected a folder after 'folder:'"),
        ({"dataset": "folder:a+b+fundus", "n_train": 1}, "n_train >= 2"),
        ({"dataset": "brain+fundus", "n_train": 1}, "n_train >= 2"),
        ({"noise": "gausian p=1"}, "Did you mean 'gaussian'"),
        ({"n_train": 0}, "n_train.*>= 1.*received 0"),
        ({"n_train": True}, "n_train.*whole number.*True"),
        ({"network": "cnn"}, "network called 'cnn'.*cnn_dae"),
        ({"recipe": "slow"}, "recipe called 'slow'"),
        ({"recipe": "tuned"}, "recipe called 'tuned'"),
        ({"epochs": "4 stops"}, "epochs.*'400 steps'.*'4 stops'"),
        ({"epochs": 0}, "epochs.*received 0"),
        ({"seed": -1}, "seed.*>= 0"),
        ({"size": 4}, "size.*>= 8"),
    ],
)
def test_a_configuration_is_checked(change, said):
    with pytest.raises(InputError, match=said):
        Configuration(**SMALL | change)


def test_a_configuration_is_frozen_and_its_hash_names_it(monkeypatch):
    one, same = Configuration(**SMALL), Configuration(**SMALL | {"noise": "gaussian  sigma=1.0 p=0.50"})
    assert one == same
    assert one.key == same.key
    assert one.key == eval(repr(one), {"Configuration": Configuration}).key  # noqa: S307
    with pytest.raises(FrozenInstanceError):
        one.seed = 3
    others = [{"seed": 1}, {"n_train": 7}, {"epochs": 4}, {"recipe": "paper"}, {"noise": LOW}, {"dataset": "fundus"}]
    keys = {Configuration(**SMALL | other).key for other in others}
    assert len(keys | {one.key}) == len(others) + 1
    before = one.key
    monkeypatch.setattr("cdae_lessons.studies.code.version", lambda _: "0.0-other")
    assert one.key != before  # other code, another result


def test_a_grid_has_every_combination_once():
    configs = grid(**SMALL | {"n_train": [6, 9, 6], "seed": (0, 1)})
    assert [(c.n_train, c.seed) for c in configs] == [(6, 0), (6, 1), (9, 0), (9, 1)]
    classical = grid(**SMALL | {"network": ["tv"], "seed": [0, 1, 2]})
    assert [(c.recipe, c.epochs, c.seed) for c in classical] == [("tuned", None, 0)]  # it has no seeds
    with pytest.raises(InputError, match="there is no noise"):
        grid(dataset="brain", n_train=3, network="unet")
    with pytest.raises(InputError, match="Did you mean 'n_train'"):
        grid(**SMALL, n_trian=3)


def test_a_grid_too_large_is_refused_with_its_count_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("cdae_lessons.studies.configuration.Configuration", lambda **_: pytest.fail("It was begun."))
    with pytest.raises(
        InputError, match=r"at most 20,000 runs; received 100 of n_train, 6,000 of seed, which make 600"
    ):
        grid(**SMALL | {"n_train": [*range(1, 101)], "seed": [*range(6000)]})
    lines = GOOD.replace("[10, 300]", str([*range(1, 5001)]))
    with pytest.raises(
        InputError, match=r"study\.yaml, line 2: .*2 of noise, 5,000 of n_train, 3 of seed, which make 30,"
    ):
        spec.read(study(tmp_path, lines))


def test_rivals_are_measured_once_a_case_and_those_of_a_mix_on_its_first_set():
    mixes = grid(**SMALL | {"dataset": ["brain", "brain+fundus"], "n_train": [6, 9], "seed": [0, 1]})
    beside = rivals(mixes)
    assert {(c.dataset, c.n_train, c.size) for c in beside} == {("brain", 6, 16), ("brain", 9, 16)}
    assert len(beside) == 2 * len(networks.RIVALS)
    assert {"noisy", "tv", "nl_means", "training_average"} <= {c.network for c in beside}


def test_sides_share_no_subject_and_the_test_images_never_change():
    def chosen(**change):
        return sides.sides(Configuration(**SMALL | {"size": 8} | change))

    train, validation, test = chosen(dataset="histology", n_train=40)
    assert (len(train), len(validation), len(test)) == (40, sides.VALIDATION, sides.TEST)
    assert not set(validation.subjects) & set(test.subjects)
    held_out = {image.tobytes() for image in np.concatenate([validation.images, test.images])}
    for change in ({"n_train": 40}, {"n_train": 9}, {"n_train": 40, "seed": 1}):
        again, *kept = chosen(dataset="histology", **change)
        np.testing.assert_array_equal(kept[0].images, validation.images)
        np.testing.assert_array_equal(kept[1].images, test.images)
        assert not {image.tobytes() for image in again} & held_out
    few, more = chosen(n_train=5)[0], chosen(n_train=9)[0]
    np.testing.assert_array_equal(few, more[:5])
    assert (chosen(n_train=5, seed=1)[0] != few).any()  # the seed draws the sample


def test_no_subject_of_the_test_images_is_trained_on(monkeypatch):
    from cdae_lessons.datasets.cohort import Cohort

    images = np.random.default_rng(0).random((60, 8, 8)).astype(np.float32)
    images[:, 0, 0] = np.arange(60) // 4 / 100  # a corner says who it is
    pairs = Cohort(images, np.arange(60) // 4, "pairs", "made up", "none")
    monkeypatch.setattr(sides.datasets, "load", lambda *_, **__: pairs)
    sides.split.cache_clear()
    try:
        train, validation, test = sides.sides(Configuration(**SMALL | {"n_train": 30, "size": 8}))
        with pytest.raises(InputError, match="received train=60"):
            sides.sides(Configuration(**SMALL | {"n_train": 60, "size": 8}))
    finally:
        sides.split.cache_clear()
    people = [set(part[:, 0, 0].tolist()) for part in (train, validation.images, test.images)]
    assert not people[0] & people[1]
    assert not people[0] & people[2]
    assert not people[1] & people[2]


def test_a_folder_with_a_plus_in_its_path(tmp_path, monkeypatch):
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path / "home"))
    place = tmp_path / "T1+T2" / "c++"
    place.mkdir(parents=True)
    for number in range(10):
        save(np.full((16, 16), 20 * number, np.uint8), place / f"{number}.png")
    config = Configuration(**SMALL | {"dataset": f"folder:{place}", "network": "noisy"})
    assert len(sides.sides(config).train) == 6
    assert len(config.key) == 16
    mix = Configuration(**SMALL | {"dataset": f"folder:{place}+brain", "network": "noisy"})
    assert {c.dataset for c in rivals([mix])} == {config.dataset}
    assert len(sides.sides(mix).train) == 6
    table = summary.summarise([stand_in()(c) for c in (config, mix)])
    assert list(table["tested_on"]) == [config.dataset] * 2


@pytest.mark.parametrize("network", ["dense_autoencoder", "tv"])
def test_too_few_images_are_told_before_the_training(network, tmp_path, monkeypatch):
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path / "home"))
    monkeypatch.setattr(measuring, "_trained", lambda *_: pytest.fail("It was trained."))
    monkeypatch.setattr(measuring, "_classical", lambda *_: pytest.fail("It was tuned."))
    (tmp_path / "few").mkdir()
    for number in range(4):
        save(np.full((16, 16), 60 * number, np.uint8), tmp_path / "few" / f"{number}.png")
    config = Configuration(**SMALL | {"dataset": f"folder:{tmp_path / 'few'}", "n_train": 4, "network": network})
    with pytest.raises(InputError, match=r"at least 5 images, to keep one for the test; 'folder:.*few' has 4"):
        measuring.measure(config)


def test_a_mix_trains_on_equal_shares_and_is_tested_on_the_first():
    alone = sides.sides(Configuration(**SMALL))
    train, _, test = sides.sides(Configuration(**SMALL | {"dataset": "brain+fundus", "n_train": 7}))
    np.testing.assert_array_equal(test.images, alone[2].images)
    np.testing.assert_array_equal(train[:4], alone[0][:4])
    fundus = sides.sides(Configuration(**SMALL | {"dataset": "fundus", "n_train": 3}))[0]
    np.testing.assert_array_equal(train[4:], fundus)


@pytest.mark.trains
def test_a_training_is_measured_on_held_out_images(monkeypatch):
    seen = {}
    real = training.fit

    def fit(model, clean, corrupt, **how):
        seen.update(how, clean=clean, model=model)
        return real(model, clean, corrupt, **how)

    monkeypatch.setattr(measuring.training, "fit", fit)
    config = Configuration(**SMALL | {"seed": 3})
    found = json.loads(json.dumps(measuring.measure(config)))  # plain numbers, lists and text
    assert found["config"] == asdict(config)
    train, validation, test = sides.sides(config)
    np.testing.assert_array_equal(seen["clean"], train)
    assert "validation" not in seen
    assert (seen["steps"], seen["seed"], seen["recipe"]) == (4, 3, "fast")
    assert {name: len(values) for name, values in found["scores"].items()} == dict.fromkeys(
        ("ssim", "psnr", "ssim_body", "ssim_range2"), 100
    )
    assert found["weights"] == 16 * 16 * 64 * 2 + 64 + 256
    assert len(found["history"]["loss"]) == 2
    noisy = training.validation_noise(validation.images, noise.parse(HIGH))
    denoised = training.denoise(seen["model"], noisy)
    validated = measuring.metrics.score(validation.images, denoised, data_range=1)["ssim"].mean()
    assert found["validation_ssim"] == pytest.approx(validated, abs=1e-4)
    assert found["made_with"]["keras"] == keras.__version__
    assert found["seconds"] > 0
    assert (len(found["subjects"]), len(set(found["subjects"]))) == (100, len(set(test.subjects)))


def test_rivals_are_tuned_on_training_images_and_scored_on_the_same_noisy_ones(monkeypatch):
    tuned = []
    real = measuring.denoisers.tune
    monkeypatch.setattr(measuring.denoisers, "tune", lambda *given: tuned.append(given[2]) or real(*given))
    config = Configuration(**SMALL | {"network": "gaussian"})
    found = measuring.measure(config)
    np.testing.assert_array_equal(tuned[0], sides.sides(config)[0])
    noisy = measuring.measure(Configuration(**SMALL | {"network": "noisy"}))
    clean = sides.sides(config)[2].images
    z = noise.parse(HIGH)(clean, rng=measuring.TEST_NOISE)
    expected = measuring.metrics.score(clean, z, data_range=1)["psnr"]
    np.testing.assert_allclose(noisy["scores"]["psnr"], expected, atol=1e-4)
    assert np.mean(found["scores"]["ssim"]) > np.mean(noisy["scores"]["ssim"]) + 0.1
    assert (noisy["seconds"], noisy["weights"], len(tuned)) == (0, 0, 1)


@pytest.mark.trains
def test_layer_wise_training_takes_as_many_steps_in_all(monkeypatch):
    steps = []
    for name in ("fit", "pretrain_layerwise"):
        real = getattr(training, name)
        monkeypatch.setattr(
            measuring.training, name, lambda *given, real=real, **how: steps.append(how["steps"]) or real(*given, **how)
        )
    stack = SMALL | {"network": "stacked_conv_layerwise", "epochs": "8 steps", "n_train": 5}
    measuring.measure(Configuration(**stack))
    assert steps == [2, 4]  # 2 for each of two blocks, then 4
    steps.clear()
    measuring.measure(Configuration(**stack | {"network": "stacked_conv"}))
    assert steps == [8]


def test_an_interrupted_training_is_no_result(monkeypatch):
    def interrupted(*_, **how):
        return training.History(pd.DataFrame(), "fast", HIGH, 6, 0, 0.1, "interrupted")

    monkeypatch.setattr(measuring.training, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measuring.measure(Configuration(**SMALL))


def test_what_is_finished_is_never_done_again(tmp_path, capsys):
    calls = []
    configs = grid(**SMALL | {"seed": [0, 1]})
    first = running.run(configs, store=tmp_path, work=stand_in(calls))
    assert len(calls) == 2 + len(networks.RIVALS)
    assert list(first) == list(store.COLUMNS)
    assert list(first["network"])[:3] == ["dense_autoencoder", "dense_autoencoder", "noisy"]
    said = capsys.readouterr().out
    assert f"[1/{len(calls)}] brain, {HIGH}, n=6: dense_autoencoder (fast, 4 steps, seed 0): SSIM 0.406" in said
    assert " left" in said
    again = running.run(configs, store=tmp_path, work=stand_in(calls))
    pd.testing.assert_frame_equal(first, again)
    assert len(calls) == 2 + len(networks.RIVALS)
    more = running.run([*configs, Configuration(**SMALL | {"seed": 2})], store=tmp_path, work=stand_in(calls))
    assert calls[-1].seed == 2
    assert len(calls) == len(more) == len(first) + 1
    assert not list(tmp_path.glob("*.part"))
    capsys.readouterr()
    running.run(configs, store=tmp_path, progress=False, work=stand_in())
    assert capsys.readouterr().out == ""


def test_other_code_is_another_result(tmp_path, monkeypatch, capsys):
    calls, configs = [], [Configuration(**SMALL)]
    running.run(configs, store=tmp_path, progress=False, with_rivals=False, work=stand_in(calls))
    monkeypatch.setattr("cdae_lessons.studies.code.version", lambda _: "9.9.9-new")
    table = running.run(configs, store=tmp_path, with_rivals=False, work=stand_in(calls))
    assert (
        "The code that decides 1 of the other 1 has changed since: they are measured anew." in capsys.readouterr().out
    )
    assert len(calls) == 2
    assert list(table["code"]) == ["9.9.9-new"]
    assert len(list(tmp_path.glob("*.json"))) == 2  # the old one stays
    chosen, note = summary.collect(configs, store=tmp_path)
    assert len(chosen) == 1  # never both in one table
    assert "1 results of other code" in note


def test_results_of_workers_with_other_code_are_refused(tmp_path):
    def old(config):
        return stand_in()(config) | {"code": "0.0.1-old"}

    with pytest.raises(InputError, match="worker's code is 0.0.1-old.*Install the same version"):
        running.run([Configuration(**SMALL)], store=tmp_path, progress=False, with_rivals=False, work=old)
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("damage", ["cut", "empty", "no json", "other run", "no scores"])
def test_a_damaged_result_is_set_aside_and_done_again(damage, tmp_path):
    calls, config = [], Configuration(**SMALL)
    how = {"store": tmp_path, "progress": False, "with_rivals": False, "work": stand_in(calls)}
    running.run([config], **how)
    path = tmp_path / f"{config.key}.json"
    text = path.read_text(encoding="utf-8")
    changed = json.loads(text)
    if damage == "other run":
        changed["config"]["seed"] = 9
    elif damage == "no scores":
        changed["scores"]["ssim"] = []
    whole = json.dumps(changed)
    path.write_text({"cut": text[:50], "empty": "", "no json": "\0" * 99}.get(damage, whole), encoding="utf-8")
    with pytest.warns(store.ResultNotice, match="cannot be used.*set aside"):
        table = running.run([config], **how)
    assert (len(calls), len(table)) == (2, 1)
    assert path.with_suffix(".bad").exists()
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(text)


def test_after_an_interrupt_the_rest_is_done(tmp_path):
    calls, configs = [], grid(**SMALL | {"seed": [0, 1, 2]})
    how = {"store": tmp_path, "progress": False, "with_rivals": False}
    with pytest.raises(KeyboardInterrupt):
        running.run(configs, work=stand_in(calls, stop=[1]), **how)
    table = running.run(configs, work=stand_in(calls), **how)
    assert [c.seed for c in calls] == [0, 1, 1, 2]
    assert list(table["seed"]) == [0, 1, 2]


def test_a_failed_run_does_not_keep_the_others_from_being_done(tmp_path, capsys):
    calls, configs = [], grid(**SMALL | {"seed": [0, 1, 2]})
    how = {"store": tmp_path, "with_rivals": False}
    with pytest.raises(InputError, match=r"1 of 3 runs failed; the others are kept.*seed 1\).*no such images"):
        running.run(configs, work=stand_in(calls, fail=[1]), **how)
    assert [c.seed for c in calls] == [0, 1, 2]
    assert "FAILED: no such images" in capsys.readouterr().out
    running.run(configs, work=stand_in(calls), **how)
    assert [c.seed for c in calls][3:] == [1]


def test_a_result_is_written_at_one_stroke(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="No space left.*what is finished is kept"):
        running.run([Configuration(**SMALL)], store=tmp_path, progress=False, with_rivals=False, work=stand_in())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="Cannot write .*choose another folder"):
        running.run([Configuration(**SMALL)], store=tmp_path / "file" / "out", work=stand_in())


def study(tmp_path, text):
    pytest.importorskip("yaml", reason="PyYAML is not installed: pip install pyyaml")
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


GOOD = """# a study
dataset: brain
noise:
  - gaussian p=0.1 sigma=1
  - gaussian p=0.5 sigma=1
n_train: [10, 300]
network: cnn_dae
epochs: 400 steps
seed: [0, 1, 2]
"""


def test_a_spec_is_a_grid(tmp_path):
    configs = spec.read(study(tmp_path, GOOD))
    assert configs == grid(
        dataset="brain", noise=[LOW, HIGH], n_train=[10, 300], network="cnn_dae", epochs="400 steps", seed=[0, 1, 2]
    )
    assert len(configs) == 12
    two = spec.read(study(tmp_path, GOOD + "---\n" + GOOD.replace("cnn_dae", "unet")))
    assert len(two) == 24


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("network: cnn_dae", "network: cnn", 7, "network: There is no network called 'cnn'"),
        ("network: cnn_dae", "netwrok: cnn_dae", 7, "netwrok.*Did you mean 'network'"),
        ("  - gaussian p=0.5 sigma=1", "  - gaussian q=0.5", 5, "noise: There is no parameter of gaussian called 'q'"),
        ("[10, 300]", "[10, many]", 6, "n_train: Expected n_train.*'many'"),
        ("[10, 300]", "[]", 6, "n_train: the list is empty"),
        ("[10, 300]", "[10, [30]]", 6, "n_train: Expected a value or a list of values"),
        ("epochs: 400 steps", "epochs: soon", 8, "epochs: Expected epochs.*'soon'"),
        ("seed: [0, 1, 2]", "seed: [0, 1", 10, "this is no YAML"),
        ("dataset: brain", "recipe: fast", 2, "A configuration needs.*there is no dataset"),
        ("seed: [0, 1, 2]", "network: unet", 9, "The key 'network' is here twice"),
    ],
)
def test_mistakes_in_a_spec_are_told_with_key_and_line(old, new, line, said, tmp_path):
    with pytest.raises(InputError, match=rf"study\.yaml, line {line}: {said}"):
        spec.read(study(tmp_path, GOOD.replace(old, new)))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("010", "received 010, which is 8 to YAML"),
        ("0o10", "received '0o10'"),
        ("0x10", "received 0x10, which is 16 to YAML"),
        ("0b11", "received 0b11, which is 3 to YAML"),
        ("1:30", "received 1:30, which is 90 to YAML"),
        ("1_0", "received 1_0, which is 10 to YAML"),
        ("08", "received 08"),
        ("'010'", "received 010"),
        ("yes", "whole number; received True"),
    ],
)
@pytest.mark.parametrize("key", ["n_train", "seed", "size"])
def test_a_number_is_what_it_looks_like(key, number, said, tmp_path):
    lines = [line for line in GOOD.splitlines() if not line.startswith(key)]
    with pytest.raises(InputError, match=rf"study\.yaml, line 1: {key}: Expected .*{said}"):
        spec.read(study(tmp_path, "\n".join([f"{key}: [{number}]", *lines])))


def test_lengths_are_what_they_look_like(tmp_path):
    with pytest.raises(InputError, match="line 8: epochs: Expected .*received 0100, which is 64 to YAML"):
        spec.read(study(tmp_path, GOOD.replace("400 steps", "0100")))
    plain = spec.read(study(tmp_path, GOOD.replace("400 steps", "+100").replace("[10, 300]", "[10, 1e2, 300.0]")))
    assert {(config.epochs, config.n_train) for config in plain} == {(100, 10), (100, 100), (100, 300)}
    assert {config.epochs for config in spec.read(study(tmp_path, GOOD.replace("400 steps", "null")))} == {None}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("dataset: brain", "dataset: no", "There is no data set called 'no'"),
        ("dataset: brain", "dataset: 2026-11-28", "There is no data set called '2026-11-28'"),
        ("dataset: brain", "dataset:", "There is no data set called ''"),
        ("network: cnn_dae", "network: 010", "There is no network called '010'"),
        ("network: cnn_dae", "network: cnn_dae\n[a]: b", "There is no key of a configuration called 'a list'"),
    ],
)
def test_texts_are_taken_as_written(old, new, said, tmp_path):
    with pytest.raises(InputError, match=said):
        spec.read(study(tmp_path, GOOD.replace(old, new)))


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is empty"), ("- brain\n", "line 1: Expected lines such as"), ("a: [\n", "line 2: this is no YAML")],
)
def test_what_is_no_spec_is_told(text, said, tmp_path):
    with pytest.raises(InputError, match=said):
        spec.read(study(tmp_path, text))
    with pytest.raises(InputError, match="Cannot read"):
        spec.read(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", [path for path in STUDIES if path.stem != "search"], ids=lambda path: path.stem)
def test_the_studies_of_the_course_are_valid(path):
    pytest.importorskip("yaml", reason="PyYAML is not installed: pip install pyyaml")
    configs = spec.read(path)
    assert len({c.seed for c in configs}) >= 5
    assert len(configs) < 500


def test_there_are_the_three_studies():
    assert {path.stem for path in STUDIES} >= {"sample_size", "mixing", "stacked"}


def test_a_dry_run_counts_and_estimates_and_does_nothing(tmp_path, capsys, monkeypatch):
    path = study(tmp_path, GOOD.replace("cnn_dae", "dense_autoencoder") + "size: 16\n")
    asked = []
    monkeypatch.setattr("cdae_lessons.studies.duration._step", lambda *given: asked.append(given) or 0.01)
    monkeypatch.setattr("cdae_lessons.studies.duration._classical", lambda *_: 0.0)
    out = tmp_path / "out"
    assert main(["sweep", str(path), "--out", str(out), "--dry-run", "--workers", "2"]) == 0
    said = capsys.readouterr().out
    assert f"{12 + 4 * len(networks.RIVALS)} runs, {4 * len(networks.RIVALS)} of them rivals; 0 are done." in said
    assert "about 48 s" in said  # 12 x 400 x 0.01
    assert "With 2 workers, if each has a core: 24 s" in said
    assert asked == [("dense_autoencoder", 16, "fast")]  # timed once
    assert not out.exists()


@pytest.mark.trains
def test_the_estimate_is_made_by_timing_a_few_steps():
    from cdae_lessons.studies import duration

    one, ten = (Configuration(**SMALL | {"epochs": steps}) for steps in ("100 steps", "1000 steps"))
    assert duration.steps(ten) == 1000
    assert duration.steps(Configuration(**SMALL | {"epochs": 3})) == 6  # two batches of 5 or fewer
    assert duration.steps(Configuration(**SMALL | {"epochs": None, "recipe": "paper"})) == 100
    assert duration.seconds([one]) > 0
    assert duration.seconds([Configuration(**SMALL | {"network": "tv"})]) > 0
    assert duration.seconds([Configuration(**SMALL | {"network": "noisy"})]) == 0


def test_a_report_has_tables_and_figures(tmp_path, capsys):
    path = study(tmp_path, GOOD.replace("dataset: brain", "dataset: [brain, brain+fundus]"))
    configs = spec.read(path)
    running.run(configs, store=tmp_path / "out", progress=False, work=stand_in())
    (tmp_path / "out" / "0123456789abcdef.json").write_text("{")
    with pytest.warns(store.ResultNotice):
        assert main(["sweep", str(path), "--out", str(tmp_path / "out"), "--report", str(tmp_path / "kept")]) == 0
    assert "Written to" in capsys.readouterr().out
    names = {"runs.csv", "summary.csv", "sample_size.png", "heat_map.png", "cost.png"}
    assert {file.name for file in (tmp_path / "kept").iterdir()} == names
    runs = pd.read_csv(tmp_path / "kept" / "runs.csv")
    assert list(runs) == list(store.COLUMNS)
    assert len(runs) == 24 + 4 * len(networks.RIVALS)
    table = pd.read_csv(tmp_path / "kept" / "summary.csv")
    network = table[(table["network"] == "cnn_dae") & (table["dataset"] == "brain+fundus") & (table["noise"] == LOW)]
    assert list(network["n_train"]) == [10, 300]
    assert set(network["seeds"]) == {3}
    assert list(network["ssim"].round(5)) == [0.52, 0.81]  # seeds at 0, .01 and .02
    reach = 4.302653 * 0.01 / np.sqrt(3)  # Student's t with 2 degrees of freedom
    np.testing.assert_allclose(network["ssim_high"] - network["ssim"], reach, atol=2e-5)
    np.testing.assert_allclose(network["ahead"], 0.21, atol=1e-5)
    assert (network["ahead_low"] <= network["ahead"] + 1e-5).all()
    assert set(network["tested_on"]) == {"brain"}
    assert set(network["rival"]) <= set(networks.RIVALS) - {"noisy"}
    assert (table["made"] == "2026-11-23").all()
    assert table["versions"].str.contains(CODE, regex=False).all()
    figure = figures.sample_size(table)  # from the CSV alone
    assert "Made on 2026-11-23" in figure.get_label()
    assert CODE in figure.get_label()
    assert len(figure.axes) == 2
    assert {"cnn_dae", "cnn_dae, brain+fundus", "tv", "noisy"} <= {text.get_text() for text in figure.axes[0].texts}
    assert "tv" in {text.get_text() for text in figures.cost(table).legends[0].get_texts()}
    line = next(c for c in figure.axes[0].containers if c.get_label() == "cnn_dae")
    np.testing.assert_allclose(line.lines[0].get_xydata(), [[10, 0.52], [300, 0.81]], atol=1e-5)
    assert line.lines[0].get_color() == plotting.COLOURS["cnn_dae"]
    heat = figures.heat_map(table)
    assert [text.get_text() for text in heat.axes[0].texts] == ["0.52", "0.81", "0.42", "0.71"]


def test_the_figures_of_a_report_are_the_same_in_any_style(tmp_path, style):
    configs = spec.read(study(tmp_path, GOOD))
    running.run(configs, store=tmp_path / "out", progress=False, work=stand_in())
    chosen, _ = summary.collect(configs, store=tmp_path / "out")
    for folder, restyle in (("plain", lambda: None), ("styled", style)):
        restyle()
        figures.write(tmp_path / folder, chosen)
    for name in ("sample_size.png", "heat_map.png", "cost.png"):
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "styled" / name).read_bytes(), name


def test_a_report_of_a_part_says_so(tmp_path, capsys):
    path = study(tmp_path, GOOD)
    assert main(["sweep", str(path), "--out", str(tmp_path / "out"), "--report"]) == 1
    assert "no results of this study" in capsys.readouterr().err
    running.run(spec.read(path)[:1], store=tmp_path / "out", progress=False, with_rivals=False, work=stand_in())
    assert main(["sweep", str(path), "--out", str(tmp_path / "out"), "--report"]) == 0
    total = 12 + 4 * len(networks.RIVALS)
    assert f"1 runs. {total - 1} of {total} runs are missing." in capsys.readouterr().out


def test_the_command_line_runs_a_study(tmp_path, monkeypatch, capsys):
    asked = {}

    def measure(config, *, data_dir):
        asked["data_dir"] = data_dir
        return stand_in()(config)

    monkeypatch.setattr(measuring, "measure", measure)
    monkeypatch.chdir(tmp_path)
    path = study(tmp_path, GOOD)
    assert main(["sweep", str(path), "--data-dir", "mine"]) == 0
    total = 12 + 4 * len(networks.RIVALS)
    assert f"All {total} runs are in {Path('results', 'study')}." in capsys.readouterr().out
    assert len(list((tmp_path / "results" / "study").glob("*.json"))) == total
    assert asked == {"data_dir": "mine"}
    assert main(["sweep", str(study(tmp_path, "dataset: brain\nnoise: fog\n"))]) == 1
    assert "line 2: noise: There is no noise model called 'fog'" in capsys.readouterr().err


def test_without_dask_all_but_workers_works(tmp_path):
    code = (
        "import sys\n"
        "sys.modules['distributed'] = sys.modules['dask'] = None\n"
        "from cdae_lessons.studies import cluster\n"
        "with cluster.connect() as client:\n"
        "    assert client is None\n"
        "with cluster.connect(workers=2) as client:\n"
        "    pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=False, env=os.environ
    )
    assert "InputError: Workers need Dask, which is not installed. Run: pip install distributed" in done.stderr


def test_without_pyyaml_the_remedy_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(InputError, match="pip install pyyaml"):
        spec.read(tmp_path / "study.yaml")


@pytest.mark.parametrize("path", [path for path in STUDIES if path.stem != "search"], ids=lambda path: path.stem)
def test_what_the_package_keeps_of_a_study_is_that_study(path):
    pytest.importorskip("yaml", reason="PyYAML is not installed: pip install pyyaml")
    configs = spec.read(path)
    kept = summary.stored(path.stem)
    trained = kept[~kept["network"].isin(networks.RIVALS)]
    names = ["dataset", "noise", "n_train", "network", "recipe", "epochs", "size"]
    expected = {tuple(getattr(config, name) for name in names) for config in configs}
    assert set(trained[names].itertuples(index=False, name=None)) == expected
    assert trained["seeds"].min() >= 5
    assert set(kept["network"]) >= set(networks.RIVALS) - {"bm3d"}
    assert kept["made"].nunique() == kept["versions"].nunique() == 1


def test_a_study_that_is_not_kept_is_told():
    with pytest.raises(InputError, match="sample_size"):
        summary.stored("sample-size")
