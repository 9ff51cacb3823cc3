"""The paper's experiment in small: tables, files, resuming, and what goes wrong. A blur stands in for networks."""

import json
import re
import subprocess
import sys
import warnings
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from samples import SHARED, needs_mias
from scipy import ndimage

from cdae_lessons import InputError, denoisers, training
from cdae_lessons.__main__ import main
from cdae_lessons.datasets import Cohort
from cdae_lessons.errors import DataNotice, ResultNotice
from cdae_lessons.studies import measuring, paper, paper_report, sides
from cdae_lessons.studies.configuration import Configuration

SIZE = 16


def cohort(name, *, count=24, seed=0):
    rng = np.random.default_rng(seed)
    images = np.clip(ndimage.gaussian_filter(rng.random((count, SIZE, SIZE)), (0, 2, 2)) * 4 - 1.5, 0, 1)
    return Cohort(images.astype(np.float32), np.arange(count) // 2, name, "made up", "none")


@pytest.fixture
def quick(monkeypatch):
    """Small cohorts, two denoisers, and a training that only counts its calls; returns those."""
    calls = []

    def load(name, **_):
        return cohort(name, seed=len(name))

    def fit(model, clean, corrupt, *, recipe, seed, progress, loss, steps=None, epochs=None):
        calls.append((len(clean), seed))
        table = pd.DataFrame({"epoch": [1, 2], "loss": [1.0, 0.5]})
        return training.History(table, recipe, "gaussian", len(clean), seed, 0.1, "finished")

    def denoise(model, noisy):
        return np.clip(ndimage.gaussian_filter(noisy, (0, 1, 1)), 0, 1)

    monkeypatch.setattr(sides.datasets, "load", load)
    monkeypatch.setattr(paper, "SIZE", SIZE)
    monkeypatch.setattr(paper, "BASELINES", ("noisy", "median_3x3", "gaussian", "training_average"))
    monkeypatch.setattr(measuring.training, "fit", fit)
    monkeypatch.setattr(measuring.training, "denoise", denoise)
    yield calls
    sides.split.cache_clear()


def test_tables_files_and_columns(quick, tmp_path, capsys):
    scores = paper.reproduce("brain", out=tmp_path)
    assert list(scores) == paper_report.COLUMNS
    assert list(pd.read_csv(tmp_path / "scores.csv")) == paper_report.COLUMNS
    blocks = scores.groupby(["dataset", "noise"], sort=False).size()
    assert list(blocks.index) == [
        ("brain", "gaussian p=0.1 sigma=1"),
        ("fundus", "gaussian p=0.1 sigma=1"),
        ("brain+fundus", "gaussian p=0.1 sigma=1"),
        ("brain", "gaussian p=0.5 sigma=1"),
        ("brain", "gaussian p=0.2 sigma=5"),
        ("brain", "gaussian p=0.2 sigma=10"),
        ("brain", "poisson p=0.2 lam=5"),
    ]
    assert {"noisy", "median_3x3", "gaussian", "training_average", "cnn_dae"} == set(scores["method"])
    assert scores["reported"].isna().all()  # the paper's figures are not about brains
    networks = scores[scores["method"] == "cnn_dae"]
    assert list(networks["n_train"]) == [18, 18, 18, 36, 18, 18, 18, 18]
    assert (networks["recipe"] == "fast").all()
    assert ((scores["ssim_low"] <= scores["ssim"]) & (scores["ssim"] <= scores["ssim_high"])).all()
    assert (scores["ssim_range2"] > scores["ssim"]).mean() > 0.9  # a wrong data_range flatters
    pictures = sorted(path.name for path in tmp_path.glob("*.png"))
    assert len(pictures) == 2 * 7
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<img alt=") == 2 * 7
    assert page.count("<table") == 7
    said = capsys.readouterr().out
    assert "brain has fewer images than the 400 of the paper's split" in said
    assert "Table III: brain+fundus" in said
    assert "[1/" in said


def test_no_subject_is_on_both_sides_and_nothing_is_tuned_on_test_images(quick, tmp_path, monkeypatch):
    whole = cohort("brain", seed=5)
    train, _, test = sides.paper_sides(whole)
    assert not set(train.subjects) & set(test.subjects)
    tuned = []
    real = denoisers.tune
    monkeypatch.setattr(measuring.denoisers, "tune", lambda *a: tuned.append(a[2]) or real(*a))
    paper.reproduce("brain", noises="gaussian p=0.5 sigma=1", out=tmp_path, progress=False)
    assert len(tuned) == 2
    for images in tuned:
        np.testing.assert_array_equal(images, train.images)


def test_a_second_call_does_nothing_again(quick, tmp_path, capsys):
    first = paper.reproduce("brain", noises=["gaussian p=0.5 sigma=1"], seeds=2, out=tmp_path, progress=False)
    assert quick == [(18, 0), (18, 1)]
    assert capsys.readouterr().out == ""
    again = paper.reproduce("brain", noises=["gaussian p=0.5 sigma=1"], seeds=2, out=tmp_path)
    assert len(quick) == 2
    pd.testing.assert_frame_equal(first, again)
    assert "6 of 6 runs are kept from before." in capsys.readouterr().out
    paper.reproduce("brain", noises=["gaussian p=0.5 sigma=1"], recipe="paper", out=tmp_path, progress=False)
    assert len(quick) == 3  # another recipe is another run


def test_a_stored_result_is_read_twice_at_most(quick, tmp_path, monkeypatch):
    how = {"noises": ["gaussian p=0.5 sigma=1"], "out": tmp_path, "progress": False}
    paper.reproduce("brain", **how)
    read, real = Counter(), Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **more: read.update([path.name]) or real(path, **more))
    paper.reproduce("brain", **how)
    results = {path.name for path in (tmp_path / "runs").glob("*.json")}
    assert len(results) == 5
    assert {read[name] for name in results} == {2}  # for what is left to do, and for the tables


def test_shorter_training_is_done_and_named(quick, tmp_path, monkeypatch):
    counting, asked = measuring.training.fit, []

    def fit(*arguments, steps, **keywords):
        asked.append(steps)
        return counting(*arguments, steps=steps, **keywords)

    monkeypatch.setattr(measuring.training, "fit", fit)
    scores = paper.reproduce("brain", noises=paper.LOW, steps=10, out=tmp_path, progress=False)
    assert asked == [10] * 4
    assert set(scores.loc[scores["method"] == "cnn_dae", "recipe"]) == {"fast, 10 steps"}


def test_interrupted_it_resumes(quick, tmp_path, monkeypatch):
    counting = measuring.training.fit

    def interrupted(*arguments, **keywords):
        history = counting(*arguments, **keywords)
        if len(quick) == 2:
            return training.History(history.table, "fast", "gaussian", 18, 1, 0.1, "interrupted")
        return history

    monkeypatch.setattr(measuring.training, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        paper.reproduce("brain", noises="gaussian p=0.5 sigma=1", seeds=3, out=tmp_path, progress=False)
    assert not (tmp_path / "scores.csv").exists()
    scores = paper.reproduce("brain", noises="gaussian p=0.5 sigma=1", seeds=3, out=tmp_path, progress=False)
    assert [seed for _, seed in quick] == [0, 1, 1, 2]  # seed 0 was kept, seed 1 done again
    assert list(scores.loc[scores["method"] == "cnn_dae", "seed"]) == [0, 1, 2]


@pytest.mark.parametrize("damage", ["cut", "no picture", "other run"])
def test_a_damaged_part_is_set_aside_and_done_again(damage, quick, tmp_path, capsys):
    paper.reproduce("brain", noises="gaussian p=0.5 sigma=1", out=tmp_path, progress=False)
    part = next(path for path in (tmp_path / "runs").glob("*.json") if '"cnn_dae"' in path.read_text(encoding="utf-8"))
    if damage == "cut":
        part.write_text(part.read_text()[:50])
    elif damage == "no picture":
        (tmp_path / "models" / part.name).with_suffix(".npz").write_bytes(b"PK")
    else:
        stored = json.loads(part.read_text())
        stored["config"]["seed"] = 9
        part.write_text(json.dumps(stored))
    with pytest.warns(ResultNotice, match="is set aside as .*bad; its run counts as not done"):
        paper.reproduce("brain", noises="gaussian p=0.5 sigma=1", out=tmp_path)
    assert len(quick) == 2
    assert "4 of 5 runs are kept from before." in capsys.readouterr().out
    assert part.with_suffix(".bad").exists()


def test_mammograms_are_compared_with_what_the_paper_reported(quick, tmp_path):
    (tmp_path / "mdb001.pgm").touch()  # mammograms in the folder must not be taken for dental images
    scores = paper.reproduce("mias", data_dir=tmp_path, out=tmp_path / "out", progress=False)
    scores = scores.set_index(["dataset", "noise", "method"]).sort_index()
    low = scores.loc[("mias", "gaussian p=0.1 sigma=1")]
    assert low.loc["noisy", "reported"] == 0.45
    assert low.loc["cnn_dae", "reported"] == 0.81
    high = scores.loc[("mias", "gaussian p=0.2 sigma=10")]
    assert high.loc["cnn_dae", "reported"] == 0.39
    assert "mias+fundus" in scores.index.get_level_values("dataset")


def test_the_combined_network_has_its_own_reported_figure(quick, tmp_path):
    (tmp_path / "dx").mkdir()
    scores = paper.reproduce("mias", noises=paper.LOW, data_dir=tmp_path, out=tmp_path, progress=False)
    both = scores[(scores["dataset"] == "mias+dx") & (scores["method"] == "cnn_dae")]
    assert list(zip(both["n_train"], both["reported"], strict=True)) == [(18, 0.89), (36, 0.90)]


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"recipe": "slow"}, "no recipe called 'slow'"),
        ({"noises": "gausian p=1"}, "Did you mean 'gaussian'"),
        ({"noises": "gaussian q=1"}, "parameter of gaussian called 'q'"),
        ({"noises": "gaussian sigma=-1"}, "sigma"),
        ({"seeds": 0}, "seeds.*received 0"),
        ({"steps": 1.5}, "steps.*whole number.*1.5"),
    ],
)
def test_wrong_arguments_are_answered_before_anything_is_done(keywords, said, quick, tmp_path):
    with pytest.raises(InputError, match=said):
        paper.reproduce("brain", out=tmp_path / "out", progress=False, **keywords)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_named(quick, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="Cannot write .*choose another folder"):
        paper.reproduce("brain", out=tmp_path / "file" / "out", progress=False)


def test_too_few_images_are_told():
    with pytest.raises(InputError, match="at least 4 images.*'brain' has 2"):
        sides.paper_sides(cohort("brain", count=2))


def test_the_last_subject_tests_where_it_has_fewer_images_than_the_paper_s_share():
    whole = replace(cohort("mias", count=20), subjects=np.repeat(["a", "b"], [18, 2]))
    with pytest.warns(DataNotice, match="2 subjects, and one is tested on"):
        train, _, test = sides.paper_sides(whole)
    assert (len(train), set(train.subjects), set(test.subjects)) == (18, {"a"}, {"b"})


def test_one_subject_cannot_be_split():
    with pytest.raises(InputError, match="'mias' holds 20 images of 1 subject: .*leave 0 for training"):
        sides.paper_sides(replace(cohort("mias", count=20), subjects=np.zeros(20, int)))


def test_one_test_subject_has_no_interval_and_is_called_so(quick, tmp_path, monkeypatch, capsys):
    one = replace(cohort("mias"), subjects=np.repeat([0, 1], 12))
    monkeypatch.setattr(sides.datasets, "load", lambda name, **_: one)
    with pytest.warns(DataNotice, match="24 images of 2 subjects, and one is"):
        scores = paper.reproduce("mias", noises=paper.HIGH[0], out=tmp_path)
    said = capsys.readouterr().out
    assert scores["ssim_low"].isna().all()
    assert "one subject" in said
    assert "12 images of 1 subject to train on, " in said
    assert "nan" not in said
    assert "nan" not in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("black", [[-1], slice(None)])
def test_black_images_have_no_body_to_score(quick, tmp_path, monkeypatch, capsys, black):
    images = cohort("mias").images.copy()
    images[black] = 0
    monkeypatch.setattr(sides.datasets, "load", lambda name, **_: replace(cohort("mias"), images=images))
    with pytest.warns(DataNotice, match="no pixel to score") if black == [-1] else nullcontext():
        scores = paper.reproduce("mias", noises=paper.HIGH[0], out=tmp_path, progress=True)
    said = capsys.readouterr().out
    assert np.isfinite(scores["ssim"]).all()
    assert ("1 without a body" in said) == (black == [-1])
    assert bool(re.search(r"\d +none ", said)) == (black != [-1])


def test_a_pair_at_the_border_is_not_torn():
    whole = cohort("mias", count=23)  # 12 pairs, the last one of a single image
    train, _, test = sides.paper_sides(whole)
    assert not set(train.subjects) & set(test.subjects)
    assert len(test) == 6


def test_the_command_line_passes_everything_on(monkeypatch):
    given = {}
    monkeypatch.setattr(paper, "reproduce", lambda name, **rest: given.update(rest, name=name))
    assert main(["reproduce", "--dataset", "folder:a b", "--noise", "speckle sigma=0.2", "--seeds", "3"]) == 0
    assert given == {
        "name": "folder:a b",
        "partner": None,
        "noises": ["speckle sigma=0.2"],
        "recipe": "fast",
        "steps": None,
        "seeds": 3,
        "data_dir": None,
        "out": "results/folder-a-b-fast",
    }
    assert main(["reproduce"]) == 0
    assert (given["name"], given["noises"], given["out"]) == ("brain", "all", "results/brain-fast")


def test_mistakes_and_interrupts_leave_no_traceback(monkeypatch, capsys):
    assert main(["fetch", "pneumonia"]) == 1
    assert "Did you mean 'pneumoniamnist'" in capsys.readouterr().err

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    def noticed(*_, **__):
        warnings.warn("Only 3 subjects.", DataNotice, stacklevel=1)
        warnings.warn("other", UserWarning, stacklevel=1)

    monkeypatch.setattr(paper, "reproduce", noticed)
    with pytest.warns(DataNotice, match="Only 3"), pytest.warns(UserWarning, match="other"):
        assert main(["reproduce"]) == 0
    monkeypatch.setattr(paper, "reproduce", interrupted)
    assert main(["reproduce"]) == 130
    assert "What was finished is kept" in capsys.readouterr().err


@needs_mias
def test_the_noisy_mammograms_score_as_the_paper_says():
    common = {"dataset": "mias", "noise": paper.LOW, "n_train": 10, "split": "paper"}
    scores = {
        network: np.mean(
            measuring.measure(Configuration(network=network, **common), data_dir=SHARED / "mias")["scores"][
                "ssim_range2"
            ]
        )
        for network in ("noisy", "median_3x3")
    }
    assert scores["noisy"] == pytest.approx(0.45, abs=0.03)
    assert 0.70 < scores["median_3x3"] < 0.80


def test_other_images_of_the_user_s_are_measured_anew(quick, tmp_path, monkeypatch):
    how = {"noises": "gaussian p=0.5 sigma=1", "out": tmp_path, "progress": False}
    paper.reproduce("mias", **how)
    paper.reproduce("mias", **how)
    assert len(quick) == 1
    monkeypatch.setattr(sides.datasets, "load", lambda name, **_: cohort(name, seed=99))
    paper.reproduce("mias", **how)
    assert len(quick) == 2


def test_on_the_command_line_a_notice_is_a_sentence():
    code = (
        "import sys, warnings; from cdae_lessons import __main__, errors; from cdae_lessons.studies import paper\n"
        "paper.reproduce = lambda *_, **__: warnings.warn('Only 3 subjects.', errors.DataNotice)\n"
        "sys.exit(__main__.main(['reproduce']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "Note: Only 3 subjects.\n"
