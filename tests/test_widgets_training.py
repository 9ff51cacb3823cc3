"""The labs that train: in the background, one at a time, stopped within a step, never a dead widget."""

import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from cdae_lessons import InputError, metrics, models, noise, training, widgets
from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.widgets import background
from cdae_lessons.widgets.background import Moment
from cdae_lessons.widgets.training import NETWORKS
from cdae_lessons.widgets.training_base import summary

pytestmark = pytest.mark.trains


def discs(count, size=16, seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    centres, radii = rng.uniform(5, 11, (count, 2, 1, 1)), rng.uniform(2, 5, (count, 1, 1))
    distance = np.hypot(y - centres[:, 0], x - centres[:, 1])
    return (1 / (1 + np.exp(2 * (distance - radii)))).astype(np.float32)


TRAIN, VALIDATION = discs(40), discs(30, seed=1)


def small(size=16, seed=0):
    return models.dense_autoencoder(size, code=8, seed=seed)


def until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def endless(lab, name="epochs"):
    """Ask for a training that does not end before the test has done its part, however slow this machine is."""
    control = lab.controls[name]
    control.box.max = control.slider.max = control.value = 10**6


@pytest.fixture
def lab():
    made = widgets.training_lab(TRAIN, VALIDATION)
    made.controls["network"].value = "dense"
    assert made.wait()
    yield made
    made.close()
    assert made.wait()


@pytest.fixture
def sizes(monkeypatch):
    """Makes a sample size lab with a small network in place of the paper's; `trained` lists its trainings."""
    real, made = background.follow, []

    def follow(model, clean, corrupt, **how):
        if "steps" in how:
            made[0].trained.append((len(clean), how["seed"], how["steps"]))
        return real(model, clean, corrupt, **how)

    def make(cohorts):
        made.append(widgets.sample_size_lab(cohorts))
        made[0].trained = []
        made[0].controls["steps"].value = 50
        assert made[0].wait()
        return made[0]

    monkeypatch.setattr(background, "follow", follow)
    monkeypatch.setattr(models, "cnn_dae", small)
    yield make
    for each in made:
        each.close()
        assert each.wait()


# ---- trainings in the background


def test_a_training_is_followed_step_by_step():
    moments, model = [], small()
    corrupt = noise.parse("gaussian p=0.3")
    history = background.follow(
        model, TRAIN, corrupt, validation=VALIDATION, report=moments.append, check=lambda: None, seed=2, epochs=4,
        recipe="fast",
    )  # fmt: skip
    assert sorted({moment.step for moment in moments}) == list(range(1, 33))
    assert {(moment.steps, moment.epochs) for moment in moments} == {(32, 4)}
    last = moments[-1]
    table = history.table.dropna()
    assert last.scores == dict(zip(table["epoch"], table["val_ssim"], strict=True))
    assert last.best == table.loc[table["val_ssim"].idxmax(), "epoch"]
    assert moments[0].left is None
    assert last.left == 0
    assert moments[0].denoised is None
    noisy = training.validation_noise(VALIDATION, corrupt, seed=2)
    assert last.best == 4  # so the model holds what was seen last
    np.testing.assert_allclose(last.denoised, training.denoise(model, noisy)[0], atol=1e-6)
    kept = metrics.score(VALIDATION, training.denoise(model, noisy), data_range=1)["ssim"].mean()
    assert kept == pytest.approx(last.scores[4], abs=1e-5)  # the very noise that the training was validated on


def test_one_training_runs_at_a_time_and_one_that_was_asked_to_end_is_waited_for():
    free = threading.Event()

    def work(run):
        while not free.is_set():
            try:
                run.check()
            except training.Stop:
                return
            time.sleep(0.001)

    first = background.start(work, owner="first lab")
    assert first.running
    with pytest.raises(InputError, match="already running in the first lab"):
        background.start(work, owner="second lab")
    background.stop("second lab")
    assert not first.stopping
    background.stop("first lab")
    # It waits for the first, and is not refused.
    second = background.start(work, owner="second lab", ready=lambda run: run.stop())
    assert not first.running
    assert second.wait(300)
    free.set()
    assert background.start(work, owner="third lab").wait(300)


def test_what_must_be_ready_is_so_before_the_work_begins():
    free, begun = threading.Event(), []
    run = background.start(lambda _: free.wait(300), owner="lab", ready=lambda run: begun.append(run.running))
    free.set()
    assert run.wait(300)
    assert begun == [False]


def test_python_ends_in_the_middle_of_a_training():
    code = """
import time
import numpy as np
from cdae_lessons import widgets
lab = widgets.training_lab(np.random.default_rng(0).random((40, 16, 16)), np.zeros((5, 16, 16)))
epochs = lab.controls["epochs"]
epochs.box.max = epochs.slider.max = epochs.value = 10**6
lab.train()
while lab.moment is None:
    time.sleep(0.01)
print(repr(lab), lab.running)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.stdout == "An interactive training lab: run this notebook to use it. True\n"
    assert (done.returncode, done.stderr) == (0, "")


# ---- the training lab


@pytest.mark.parametrize("recipe", training.RECIPES)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_trains_to_the_end_by_every_recipe(network, recipe, lab, capsys):
    for name, value in {"network": network, "recipe": recipe, "n": 10, "epochs": 2, "level": 1.0}.items():
        lab.controls[name].value = value
    assert lab.wait()
    at_rest = lab.picture.value
    lab.train()
    assert lab.controls["n"].box.disabled
    assert lab.wait()
    assert "Finished after 2 of 2 epochs" in lab.message.value
    assert lab.moment.step == lab.moment.steps == (4 if recipe == "fast" else 2)
    assert (lab.history.recipe, lab.history.n_train, lab.history.noise) == (recipe, 10, "gaussian p=1 sigma=1")
    assert not lab.controls["n"].box.disabled
    assert lab.picture.value != at_rest
    for name in ("noisy", "median filter", "network at its best"):
        assert name in lab.text.value
    assert capsys.readouterr() == ("", "")


def test_stop_ends_within_a_step_and_keeps_the_best_weights(lab, capsys):
    endless(lab)
    lab.controls["train"].click()
    until(lambda: lab.moment is not None and len(lab.moment.scores) >= 3)
    until(lambda: "s left" in lab.message.value)
    assert "Getting ready" not in lab.message.value
    lab.controls["stop"].click()
    step = lab.moment.step
    assert lab.wait()
    assert lab.moment.step <= step + 1
    assert not lab.running
    assert "Stopped after" in lab.message.value
    assert f"Kept: the weights of epoch {lab.moment.best}" in lab.message.value
    noisy = training.validation_noise(VALIDATION[:20], noise.parse("gaussian p=0.3"))
    kept = metrics.score(VALIDATION[:20], training.denoise(lab.model, noisy), data_range=1)["ssim"].mean()
    assert kept == pytest.approx(max(lab.moment.scores.values()), abs=1e-5)
    assert lab.history.stopped == "stopped"
    lab.stop()
    assert "Nothing is being trained" in lab.message.value
    assert capsys.readouterr() == ("", "")


def test_stop_says_so_at_once_and_may_come_before_the_first_step(lab, monkeypatch):
    free = threading.Event()

    def follow(*_, check, **__):
        assert free.wait(300)
        check()

    monkeypatch.setattr(background, "follow", follow)
    lab.train()
    lab.stop()
    assert "Stopping …" in lab.message.value
    free.set()
    assert lab.wait()
    assert "Stopped before the training began." in lab.message.value
    assert lab.model is None


def test_stop_while_the_median_filter_is_tuned_trains_nothing(lab, monkeypatch):
    monkeypatch.setattr("cdae_lessons.widgets.training.median_ssim", lambda *_: lab.stop())
    lab.train()
    assert lab.wait()
    assert "Stopped before the training began." in lab.message.value
    assert lab.moment is None


def test_the_end_of_a_training_is_told_with_the_weights_that_were_kept():
    rows = [{"epoch": 1, "val_ssim": 0.5}, {"epoch": 2, "val_ssim": 0.7}, {"epoch": 3, "val_ssim": 0.6}]
    rest = {"recipe": "fast", "noise": "none", "n_train": 1, "seed": 0, "seconds": 2.0, "stopped": "stopped"}
    said = summary(training.History(pd.DataFrame(rows), **rest), epochs=9)
    assert said == "Stopped after 3 of 9 epochs in 2 s. Kept: the weights of epoch 2, validation SSIM 0.700."
    said = summary(training.History(pd.DataFrame(), **rest), epochs=9)
    assert said.startswith("Stopped after 0 of 9 epochs, before any was validated")


def test_a_second_training_is_refused_and_the_first_goes_on(lab, sizes):
    other = sizes(TRAIN)
    endless(lab)
    lab.train()
    until(lambda: lab.moment is not None)
    for refused in (lab, other):
        refused.train()
        assert "already running in the training lab" in refused.message.value
        assert 'role="status"' in refused.message.value  # said kindly, no alarm
    assert lab.running
    assert other.trained == []
    assert not other.controls["n"].box.disabled
    lab.stop()
    other.train()  # does not have to be pressed twice
    assert other.wait()
    assert len(other.trained) == 1


def test_an_error_is_a_message_and_the_lab_lives_on(lab, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(background, "follow", lambda *_, **__: 1 / 0)
        lab.train()
        assert lab.wait()
    assert "ZeroDivisionError" in lab.message.value
    assert 'role="alert"' in lab.message.value
    assert not lab.controls["n"].box.disabled
    lab.controls["epochs"].value = 1
    lab.train()
    assert lab.wait()
    assert "Finished after 1 of 1" in lab.message.value
    assert "Error" not in lab.message.value


def test_reset_forgets_a_training_at_once(lab):
    first = {name: control.value for name, control in lab.controls.items() if name in lab.settings}
    first["network"] = "CNN DAE"
    endless(lab)
    lab.controls["level"].value = 0.8
    lab.train()
    until(lambda: lab.moment is not None)
    run = lab._run
    lab.controls["reset"].click()
    assert not lab.running
    assert run.wait(300)
    assert lab.wait()
    assert lab.moment is None
    assert lab.used is None
    assert lab.settings == first
    assert not lab.controls["n"].box.disabled
    assert "Stopped" not in lab.message.value
    assert "10 epochs of 8 steps, 5 images a step" in lab.message.value


@pytest.mark.parametrize("how", ["close", "cell run again"])
def test_a_training_ends_with_its_lab(how, lab):
    endless(lab)
    lab.train()
    until(lambda: lab.moment is not None)
    run = lab._run
    lab.close() if how == "close" else widgets.training_lab(TRAIN, VALIDATION)
    assert run.wait(300)


def test_at_rest_it_says_what_train_would_do_and_follows_its_controls(lab):
    lab.controls["recipe"].value = "paper"
    lab.controls["n"].value = 35
    assert lab.wait()
    assert "10 epochs of 4 steps, 10 images a step" in lab.message.value
    before = lab.picture.value
    lab.controls["level"].slider.value = 0.9
    assert lab.wait()
    assert lab.picture.value != before
    assert lab.model is None


def test_the_training_before_stays_for_comparison(lab):
    lab.controls["epochs"].value = 3
    for level in (0.3, 0.6):
        lab.controls["level"].value = level
        lab.train()
        assert lab.wait()
    assert (lab.before[0]["level"], lab.used["level"]) == (0.3, 0.6)
    shown = lab.picture.value
    lab.controls["level"].value = 0.9
    assert lab.wait()
    assert lab.picture.value == shown
    assert "Press Train to use the new settings" in lab.message.value
    lab.reset()
    assert lab.wait()
    assert lab.before is None
    assert "Finished" not in lab.message.value


@pytest.mark.parametrize(
    ("train", "said"),
    [
        (TRAIN[:, :12], "square.*received 12x16"),
        (np.zeros((4, 18, 18), np.float32), "divisible by 4; received 18x18"),
        (np.zeros((4, 8, 8), np.float32), "received 8x8"),
        (np.zeros((2, 132, 132), np.float32), "received 132x132.*size=64"),
        (TRAIN[:1], "at least 2 training images"),
        (discs(4, 20), "of one size"),
        (TRAIN[0], "newaxis"),
    ],
)
def test_images_that_do_not_suit_every_network_are_refused(train, said):
    with pytest.raises(InputError, match=said):
        widgets.training_lab(train, VALIDATION)


# ---- the sample size lab


def test_each_finished_run_is_a_point_and_is_not_trained_twice(sizes):
    lab = sizes(TRAIN)
    for n in (10, 20, 10):
        lab.controls["n"].value = n
        assert lab.wait()
        lab.train()
        assert lab.wait()
    assert lab.trained == [(10, 0, 50), (20, 0, 50)]
    assert "there already" in lab.message.value
    assert (lab.used["n"], lab.moment) == (10, lab.results["these images", 10, 0, 50].last)
    shown = lab.picture.value
    lab.refresh()
    assert lab.wait()
    assert lab.picture.value == shown  # the point was marked at once
    assert list(lab.results) == [("these images", 10, 0, 50), ("these images", 20, 0, 50)]
    for result in lab.results.values():
        assert result.ssim == max(result.last.scores.values())
    assert "2 finished runs" in lab.text.value
    lab.controls["seed"].value = 1
    assert lab.wait()
    assert "Press Train for the new settings." in lab.message.value
    lab.train()
    assert lab.wait()
    assert lab.trained[-1] == (10, 1, 50)
    lab.reset()
    assert lab.wait()
    assert lab.results == {}
    assert lab.settings == {"n": 10, "seed": 0, "steps": 200}


def test_a_run_counts_by_the_weights_that_were_kept(sizes, monkeypatch):
    rows = ({"epoch": 1, "val_ssim": 0.7}, {"epoch": 2, "val_ssim": 0.6})

    def follow(*_, report, **__):
        report(Moment(2, 2, 2, 2, 0.5, rows, None, 0.0))
        return training.History(pd.DataFrame(rows), "fast", "none", 1, 0, 2.0, "finished")

    lab = sizes(TRAIN)
    monkeypatch.setattr(background, "follow", follow)
    lab.train()
    assert lab.wait()
    assert [result.ssim for result in lab.results.values()] == [0.7]


def test_a_finished_run_does_not_take_the_place_of_one_that_goes_on(sizes):
    lab = sizes(TRAIN)
    lab.train()
    assert lab.wait()
    finished = lab.settings
    endless(lab, "steps")
    lab.train()
    until(lambda: lab.moment is not None)
    lab.controls["steps"].value = finished["steps"]
    lab.train()
    assert "already running" in lab.message.value
    assert lab.used["steps"] == 10**6


def test_a_run_that_was_stopped_leaves_no_point(sizes):
    lab = sizes(TRAIN)
    endless(lab, "steps")
    lab.train()
    until(lambda: lab.moment is not None)
    lab.stop()
    assert lab.wait()
    assert "no point" in lab.message.value
    assert lab.results == {}


def test_the_present_run_grows_in_the_picture(sizes):
    lab = sizes(TRAIN)
    endless(lab, "steps")
    lab.train()
    until(lambda: lab.moment is not None and len(lab.moment.scores) >= 1)
    until(lambda: "step" in lab.message.value)
    early = lab.picture.value
    until(lambda: len(lab.moment.scores) >= 10 and lab.picture.value != early)
    assert lab.running


def test_sets_are_mixed_half_and_half_and_scored_on_the_first():
    bright = np.clip(discs(50, seed=3) + 0.5, 0, 1)
    lab = widgets.sample_size_lab({"discs": discs(60), "bright": bright, "dark": 0.1 * discs(40)})
    assert list(lab.mixes) == ["discs", "half discs, half bright", "bright", "half discs, half dark", "dark"]
    assert lab.controls["n"].box.max == 32  # the smallest set, less a fifth
    assert len(lab.validation) == 12
    assert lab.validation.min() < 0.4
    for mix, shares in {"discs": (7, 0), "half discs, half bright": (4, 3), "bright": (0, 7)}.items():
        chosen = lab.chosen(lab.settings | {"mix": mix, "n": 7})
        assert (sum(image.min() < 0.5 for image in chosen), sum(image.min() >= 0.5 for image in chosen)) == shares


def test_smaller_samples_lie_in_larger_ones_and_the_seed_says_which():
    lab = widgets.sample_size_lab(TRAIN)

    def chosen(n, seed):
        return {image.tobytes() for image in lab.chosen({"n": n, "seed": seed, "steps": 50})}

    assert len(chosen(20, 0)) == 20
    assert chosen(10, 0) < chosen(20, 0)
    assert chosen(10, 0) != chosen(10, 1)
    assert not chosen(32, 0) & {image.tobytes() for image in lab.validation}


def test_no_subject_is_on_both_sides():
    subjects = np.repeat(np.arange(10), 4)
    cohort = Cohort(TRAIN, subjects, "discs", "made up", "none")
    owner = {image.tobytes(): subject for image, subject in zip(TRAIN, subjects, strict=True)}
    lab = widgets.sample_size_lab(cohort)
    sides = [{owner[image.tobytes()] for image in images} for images in (lab.pools["discs"], lab.validation)]
    assert not sides[0] & sides[1]
    assert all(sides)


@pytest.mark.parametrize(
    ("cohorts", "said"),
    [
        ({}, "at least one set"),
        (TRAIN[:4], "at least 5 images in 'these images'"),
        ({"a": TRAIN, "b": discs(9, 20)}, "one image size; received 16 and 20 pixels"),
        (np.zeros((6, 68, 68), np.float32), "from 16 to 64"),
        (Cohort(TRAIN, np.zeros(40, int), "one", "", ""), "'one' shows too few subjects"),
    ],
)
def test_sets_that_cannot_be_used_are_refused(cohorts, said):
    with pytest.raises(InputError, match=said):
        widgets.sample_size_lab(cohorts)


def test_a_run_takes_its_time_by_the_size_of_the_images():
    for size, steps in ((32, 200), (64, 100)):
        assert widgets.sample_size_lab(np.zeros((6, size, size), np.float32)).settings["steps"] == steps


def test_a_moment_before_the_first_validation_has_no_best():
    assert Moment(1, 2, 1, 1, 0.5, ({"epoch": 1, "loss": 0.5},), None, None).best is None
