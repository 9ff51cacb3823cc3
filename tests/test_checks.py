"""The exercises' answers: right, blank, and each wrong answer with a hint of its own."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cdae_lessons import checks
from cdae_lessons.checks import answers, record


@answers.exercise("Double it")
def check_double(answer):
    if answers.call(answer, 2) != 4:
        raise answers.Hint("2 doubled is 4.")


def unfinished(_):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (lambda x: 2 * x, "Double it: right."),
        (lambda x: x, "Double it: not yet. Hint: 2 doubled is 4."),
        (None, "Double it: not attempted yet."),
        (..., "Double it: not attempted yet."),
        (lambda _: None, "Double it: not attempted yet."),
        (lambda _: ..., "Double it: not attempted yet."),
        (unfinished, "Double it: not attempted yet."),
        (4, "Double it: not yet. Hint: a function is wanted; this is of type int. Hand it over without calling it."),
        (lambda x: x / 0, "Double it: not yet. Your answer stopped with ZeroDivisionError: division by zero"),
        (lambda: 4, "Double it: not yet. Your answer stopped with TypeError"),
    ],
)
def test_a_check_prints_one_line_and_never_raises(answer, line, capsys):
    check_double(answer)
    said = capsys.readouterr().out
    assert said.startswith(line)
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [(lambda x: 2 * x, "right."), (None, "not attempted yet."), (lambda x: x, "not yet. Hint: 2 doubled is 4.")],
)
def test_a_grader_gets_the_verdict_without_the_print(answer, verdict, capsys):
    assert check_double.verdict(answer) == verdict
    assert check_double.title == "Double it"
    assert capsys.readouterr().out == ""


def test_a_blank_needs_no_argument(capsys):
    check_double()
    assert check_double.verdict() == "not attempted yet."
    assert capsys.readouterr().out == "Double it: not attempted yet.\n"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ([1], "of type list"),
        (np.zeros((2, 4, 4)), r"shape should be \(1, 4, 4\); it is \(2, 4, 4\)"),
        (np.zeros((1, 4, 4), int), "floating-point"),
        (np.full((1, 4, 4), np.nan), "finite"),
    ],
)
def test_images_are_checked_before_they_are_judged(answer, hint):
    with pytest.raises(answers.Hint, match=hint):
        answers.images(answer, (1, 4, 4))


def test_numbers():
    assert answers.number("3") == 3
    with pytest.raises(answers.Hint, match="of type list"):
        answers.number([1])
    with pytest.raises(answers.Blank):
        answers.number(None)


@pytest.mark.parametrize(
    ("guess", "measured", "line"),
    [
        (None, 0.3, "SSIM: you said no guess, measured 0.3."),
        (0, 0.3, "SSIM: you said 0, measured 0.3. Not what you said: why?"),
        (0.2, 0.3, "SSIM: you said 0.2, measured 0.3. Close."),
        ("many", 0.3, "SSIM: you said 'many', measured 0.3. A number was asked for."),
        (None, -0.0, "SSIM: you said no guess, measured 0."),
        ("Median", "median", "SSIM: you said Median, measured median. As you said."),
        ("TV", "median", "SSIM: you said TV, measured median. Not what you said: why?"),
    ],
)
def test_a_prediction_stands_beside_what_was_measured(guess, measured, line, capsys):
    checks.reveal("SSIM", guess=guess, measured=measured)
    assert capsys.readouterr().out == line + "\n"


# ---- what is kept from lesson to lesson


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv("CDAE_PROGRESS_DIR", str(tmp_path / "new"))
    return tmp_path / "new" / "progress.json"


def so_far(title):
    return checks.progress().xs(title, level="exercise")["so far"].item()


def test_progress_tells_right_from_tried_from_not_attempted(kept, capsys):
    table = checks.progress()
    assert [*table.index.names] == ["lesson", "exercise"]
    assert set(table["so far"]) == {"not attempted yet"}
    assert not kept.exists()
    checks.check_cnn_dae_weights(None)  # a blank is no try
    assert so_far("Count the weights") == "not attempted yet"
    checks.check_cnn_dae_weights(5)
    assert so_far("Count the weights") == "tried"
    checks.check_cnn_dae_weights(28353)
    assert so_far("Count the weights") == "right"
    checks.check_cnn_dae_weights(5)
    assert so_far("Count the weights") == "right"  # once is enough
    assert json.loads(kept.read_text()) == {"check_cnn_dae_weights": "right"}
    assert [*kept.parent.iterdir()] == [kept]


def test_a_grader_leaves_the_progress_alone(kept):
    assert checks.check_cnn_dae_weights.verdict(28353) == "right."
    assert not kept.exists()


def test_progress_lists_every_check_once_in_the_order_of_the_course():
    listed = [check for lesson in checks.EXERCISES.values() for check in lesson]
    assert {check.__name__ for check in listed} == {name for name in checks.__all__ if name.startswith("check_")}
    assert len({check.title for check in listed}) == len(listed) == len(checks.progress())
    assert [*checks.EXERCISES] == [*range(14), "A"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"check_pairs": "perfect"}', '{"a": [1]}', "[" * 100_000, "\udcff"])
def test_a_damaged_file_is_set_aside(kept, capsys, damage):
    kept.parent.mkdir()
    kept.write_bytes(damage.encode(errors="surrogateescape"))
    checks.check_cnn_dae_weights(28353)
    assert so_far("Count the weights") == "right"
    assert kept.with_suffix(".damaged").read_bytes() == damage.encode(errors="surrogateescape")
    assert capsys.readouterr().out == "Count the weights: right.\n"


def a_file_in_the_way(folder):
    folder.write_text("")


def a_folder_in_its_place(folder):
    (folder / "progress.json").mkdir(parents=True)
    (folder / "progress.damaged").mkdir()


def a_read_only_folder(folder):
    folder.mkdir(mode=0o500)


@pytest.mark.parametrize("obstacle", [a_file_in_the_way, a_folder_in_its_place, a_read_only_folder])
def test_where_nothing_can_be_kept_nobody_is_told(kept, capfd, obstacle):
    obstacle(kept.parent)
    checks.check_cnn_dae_weights(28353)
    assert capfd.readouterr() == ("Count the weights: right.\n", "")
    assert obstacle is a_read_only_folder or so_far("Count the weights") == "not attempted yet"  # root may write


def test_two_kernels_at_once_leave_a_whole_file(kept):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: record.note(f"check_{i % 20}", right=i % 2 == 0), range(200)))
    assert set(record.read().values()) <= {"right", "tried"}
    assert [*kept.parent.iterdir()] == [kept]


def test_the_progress_is_the_users_own_even_where_the_data_is_shared(tmp_path, monkeypatch):
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("CDAE_PROGRESS_DIR")
    assert tmp_path not in record.file().parents


def test_no_test_writes_where_a_user_has_progress():
    assert os.environ["CDAE_PROGRESS_DIR"] == os.devnull
