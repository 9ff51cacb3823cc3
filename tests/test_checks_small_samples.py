"""Exercises of lesson 8: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest

from cdae_lessons import checks

split, interval = checks.check_subject_split, checks.check_seed_interval
honest = checks.check_honest_score


def by_subject(subjects, n_test, rng):
    chosen = rng.choice(np.unique(subjects), n_test, replace=False)
    testing = np.isin(subjects, chosen)
    return np.flatnonzero(~testing), np.flatnonzero(testing)


def masks(subjects, n_test, rng):
    testing = np.isin(subjects, rng.permutation(np.unique(subjects))[:n_test])
    return ~testing, testing


def by_image(subjects, n_test, rng):
    order = rng.permutation(len(subjects))
    return order[n_test:], order[:n_test]


def images_counted(subjects, n_test, rng):
    names = rng.permutation(np.unique(subjects))
    chosen = names[: max(1, n_test // 2)]
    return np.flatnonzero(~np.isin(subjects, chosen)), np.flatnonzero(np.isin(subjects, chosen))


def first_ones(subjects, n_test, rng):
    testing = np.isin(subjects, np.unique(subjects)[:n_test])
    return np.flatnonzero(~testing), np.flatnonzero(testing)


def own_rng(subjects, n_test, rng):
    return by_subject(subjects, n_test, np.random.default_rng())


def with_replacement(subjects, n_test, rng):
    testing = np.isin(subjects, rng.choice(np.unique(subjects), n_test))
    return np.flatnonzero(~testing), np.flatnonzero(testing)


def trained_on_all(subjects, n_test, rng):
    return np.arange(len(subjects)), by_subject(subjects, n_test, rng)[1]


def one_image_each(subjects, n_test, rng):
    train, test = by_subject(subjects, n_test, rng)
    return train, np.array([np.flatnonzero(subjects == name)[0] for name in np.unique(subjects[test])])


def labels(subjects, n_test, rng):
    train, test = by_subject(subjects, n_test, rng)
    return subjects[train].astype(str), subjects[test].astype(str)


def beyond(subjects, n_test, rng):
    train, test = by_subject(subjects, n_test, rng)
    return train + 1, test + 1


def error(scores):
    return np.std(scores, ddof=1) / np.sqrt(len(scores))


CASES = [
    (split, by_subject, "right."),
    (split, masks, "right."),
    (split, by_image, "choose subjects first"),
    (split, images_counted, "n_test counts subjects"),
    (split, first_ones, "draw them with rng"),
    (split, own_rng, "not with np.random"),
    (split, with_replacement, "n_test counts subjects"),
    (split, trained_on_all, "images are on both sides"),
    (split, one_image_each, "on no side"),
    (split, labels, "indices are wanted"),
    (split, beyond, "out of range"),
    (split, lambda subjects, n_test, rng: subjects, "return two arrays"),
    (interval, lambda s: (np.mean(s), error(s)), "right."),
    (interval, lambda s: (error(s), np.mean(s)), "mean comes first"),
    (interval, lambda s: (np.median(s), error(s)), "should be the mean"),
    (interval, lambda s: (np.mean(s), np.std(s, ddof=1)), "standard deviation: how far"),
    (interval, lambda s: (np.mean(s), np.std(s)), "standard deviation: how far"),
    (interval, lambda s: (np.mean(s), np.std(s) / np.sqrt(len(s))), "ddof=1 makes up"),
    (interval, lambda s: (np.mean(s), np.std(s, ddof=1) / len(s)), "not by the number"),
    (interval, lambda s: (np.mean(s), np.var(s, ddof=1) / len(s)), "the variance"),
    (interval, lambda s: (np.mean(s), 2 * error(s)), "half width"),
    (interval, lambda s: (np.mean(s), 7.0), "standard error: the standard deviation"),
    (interval, lambda s: np.mean(s), "return two numbers"),
    (honest, lambda validation, test: test[np.argmax(validation)], "right."),
    (honest, lambda validation, test: dict(zip(validation, test, strict=True))[max(validation)], "right."),
    (honest, lambda validation, test: max(test), "chosen by the test images"),
    (honest, lambda validation, test: max(validation), "Report the setting's test score"),
    (honest, lambda validation, test: test[np.argmin(validation)], "Higher is better"),
    (honest, lambda validation, test: test[-1], "simply the last"),
    (honest, lambda validation, test: np.mean(test), "mean of all settings"),
    (honest, lambda validation, test: np.argmax(validation), "number of the setting"),
    (honest, lambda validation, test: 0.123, "at the same place"),
    (honest, lambda validation, test: test, "a single number"),
    (split, lambda subjects, n_test, rng: None, "not attempted yet."),
    (interval, None, "not attempted yet."),
    (honest, lambda validation, test: ..., "not attempted yet."),
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1
