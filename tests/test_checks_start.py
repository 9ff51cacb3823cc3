"""Exercise of lesson 0: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest

from cdae_lessons import checks

RIGHT = [
    lambda train, test: len(set(train) & set(test)),
    lambda train, test: len(np.intersect1d(train, test)),
    lambda train, test: np.isin(np.unique(test), train).sum(),
    lambda train, test: sum(subject in train for subject in np.unique(test)),
]

WRONG = [
    (lambda train, test: bool(set(train) & set(test)), "whether there is a leak"),
    (lambda train, test: set(train) & set(test), "a collection"),
    (lambda train, test: np.intersect1d(train, test), "a collection"),
    (lambda train, test: np.isin(test, train).sum(), "Count subjects, not images"),
    (lambda train, test: np.isin(train, test).sum(), "Count subjects, not images"),
    (lambda train, test: (train[:, None] == test).sum(), "Count subjects, not images"),
    (lambda train, test: (train[: len(test)] == test[: len(train)]).sum(), "place by place"),
    (lambda train, test: len(set(train) | set(test)), "Who is on both?"),
    (lambda train, test: 2, "share nobody"),
    (lambda train, test: len({*map(str, train)} & {*map(str, test)} - {"b"}), "labels may be texts"),
    (lambda train, test: -1, "subjects 1 and 3"),
    (lambda train, test: "two", "a single number"),
    (2, "a function is wanted"),
]


@pytest.mark.parametrize("answer", RIGHT)
def test_every_right_answer_passes(answer, capsys):
    checks.check_shared_subjects(answer)
    assert capsys.readouterr().out == "Count the leak: right.\n"


@pytest.mark.parametrize(("answer", "said"), WRONG)
def test_each_wrong_answer_gets_its_own_hint(answer, said, capsys):
    checks.check_shared_subjects(answer)
    line = capsys.readouterr().out
    assert line.startswith("Count the leak: not yet. Hint: ")
    assert said in line
    assert line.count("\n") == 1


@pytest.mark.parametrize("blank", [None, lambda train, test: None])
def test_a_blank_is_no_mistake(blank, capsys):
    checks.check_shared_subjects(blank)
    assert capsys.readouterr().out == "Count the leak: not attempted yet.\n"
