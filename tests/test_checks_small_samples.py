"""Exercises of lesson 8: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest
from scipy import stats

from cdae_lessons import checks

split, seeds = checks.check_subject_split, checks.check_seeds_needed
honest, studies = checks.check_honest_score, checks.check_four_studies
RIGHT = {"A": 4, "B": 1, "C": 2, "D": 3}


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


def seeds_by(*, level=0.975, lost=1, first=2, share=1.0, root=np.sqrt, factor=stats.t.ppf):
    """An answer to `check_seeds_needed`: right, but for what is asked for."""

    def seeds_needed(spread, difference):
        count = np.arange(first, 1000)
        reach = factor(level, count - lost) * spread / root(count)
        return count[reach < share * difference][0]

    return seeds_needed


def one_by_one(spread, difference):
    count = 2
    while stats.t.ppf(0.975, count - 1) * spread / count**0.5 >= difference:
        count += 1
    return count


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
    (seeds, seeds_by(), "right."),
    (seeds, one_by_one, "right."),
    (seeds, seeds_by(factor=lambda level, _: stats.norm.ppf(level)), "1.96 is for many seeds"),
    (seeds, seeds_by(lost=0), "leave K - 1 degrees"),
    (seeds, seeds_by(level=0.95), "2.5 % lie on each side"),
    (seeds, seeds_by(share=0.5), "half of the interval's width"),
    (seeds, seeds_by(root=lambda count: count), "by the square root of K, not by K"),
    (seeds, lambda s, d: one_by_one(s, d) - 1, "still holds 0"),
    (seeds, seeds_by(first=3), "the smallest possible, 2"),
    (seeds, lambda s, d: 500, "the smallest K is wanted"),
    (seeds, lambda s, d: (3, 4), "a single number"),
    (studies, RIGHT, "right."),
    (studies, {letter.lower(): mistake for letter, mistake in RIGHT.items()}, "right."),
    (studies, RIGHT | {"A": 2, "C": 4}, "gains most where seeds differ most"),
    (studies, RIGHT | {"A": 3, "D": 4}, "At n = 300, A has nearly"),
    (studies, RIGHT | {"A": 5}, "all points of A lie above"),
    (studies, RIGHT | {"A": 1, "B": 4}, "What is it that more images dilute"),
    (studies, RIGHT | {"B": 5}, "Four points of B"),
    (studies, RIGHT | {"B": 2, "C": 1}, "What else is small"),
    (studies, RIGHT | {"C": 3, "D": 2}, "C gains at small n only"),
    (studies, RIGHT | {"C": 5}, "No point of C"),
    (studies, {"A": 2, "B": 1, "C": 4, "D": 3} | {"A": 5}, "all points of A"),
    (studies, RIGHT | {"D": 5}, "by the same at every n"),
    (studies, RIGHT | {"D": 7}, "the numbers 1 to 5"),
    (studies, RIGHT | {"D": 4}, "no number comes twice"),
    (studies, {"A": 4}, "each of the studies A, B, C and D"),
    (studies, [4, 1, 2, 3], "a dict is wanted"),
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
    (seeds, None, "not attempted yet."),
    (studies, dict.fromkeys("ABCD"), "not attempted yet."),
    (honest, lambda validation, test: ..., "not attempted yet."),
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_curves_of_the_studies_are_what_their_mistakes_make_of_the_honest_one():
    curves = checks.four_studies()
    above = {letter: curves[letter] - curves["honest"] for letter in "ABCD"}
    assert above["A"].argmax() == 1
    assert (np.diff(curves["A"])[1:] < 0).all()
    assert above["B"][:4].max() < -0.03
    assert above["C"].argmax() == 0
    assert 0 < above["C"].min() < 0.01
    assert np.ptp(above["D"]) < 1e-9
    assert set(checks.STUDY_MISTAKES) == {1, 2, 3, 4, 5}
