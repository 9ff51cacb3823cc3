"""Exercises of lesson 8: how many seeds, four studies to diagnose, subjects kept apart, and a score nobody chose."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from scipy import stats

from cdae_lessons.checks.answers import Hint, call, compare, exercise, matching, number, pair


@exercise("Keep subjects apart")
def check_subject_split(answer: object) -> None:
    """Check a function that splits images so that no subject is on both sides.

    Parameters
    ----------
    answer : callable
        ``split(subjects, n_test, rng)`` of an array of shape (N,), one label an image, the number of test **subjects**
        and a numpy Generator; returns the indices of the training images and of the test images.
    """
    pairs = np.repeat(np.arange(20), 2)
    uneven = np.random.default_rng(0).permutation(np.repeat(["Ada", "Bo", "Cy", "Di", "Ed", "Flo"], [1, 2, 3, 4, 5, 6]))
    for subjects, n_test, seed in ((pairs, 5, 0), (uneven, 2, 0), (pairs, 15, 1), (uneven, 5, 2)):
        train, test = _split(answer, subjects, n_test, seed=seed)
        if set(train) & set(test):
            raise Hint("some images are on both sides.")
        if set(subjects[train]) & set(subjects[test]):
            raise Hint("some subjects are on both sides: choose subjects first, then take all images of each.")
        if len(train) + len(test) < len(subjects):
            raise Hint("some images are on no side: every image of a subject goes where the subject goes.")
        found = len(set(subjects[test]))
        if found != n_test:
            raise Hint(f"n_test counts subjects: {n_test} were wanted for the test, {found} are there.")
    splits = [set(_split(answer, pairs, 5, seed=seed)[1]) for seed in (0, 0, 1, 2)]
    if splits[1] == splits[2] == splits[3]:
        raise Hint("another rng gives the same test subjects: draw them with rng.")
    if splits[0] != splits[1]:
        raise Hint("the same rng should give the same split: draw with rng, not with np.random.")


@exercise("How many seeds?")
def check_seeds_needed(answer: object) -> None:
    """Check a function that says how many seeds it takes to see a difference.

    Parameters
    ----------
    answer : callable
        ``seeds_needed(spread, difference)`` of two numbers > 0, the standard deviation of a difference over seeds and
        the mean difference to be seen; returns the smallest number of seeds, at least 2 and below 1000, whose 95 %
        interval by Student's t, so wide, is on one side of 0.
    """
    for spread, difference in ((0.02, 0.01), (0.01, 0.02), (0.03, 0.004), (0.01, 0.2), (0.02, 0.03)):
        right = _fewest(spread, difference)
        normal = _fewest(spread, difference, normal=True)
        once = _fewest(spread, difference, root=False)
        mistakes = (
            (
                normal,
                "1.96 is for many seeds. With K of them Student's factor has K - 1 degrees of freedom: stats.t.ppf.",
            ),
            (
                _fewest(spread, difference, lost=0),
                "K seeds leave K - 1 degrees of freedom, since their mean is taken from them.",
            ),
            (
                _fewest(spread, difference, level=0.95),
                "ppf(0.95) leaves 5 % on each side. Of a 95 % interval 2.5 % lie on each side.",
            ),
            (
                _fewest(spread, difference / 2),
                "half of the interval's width counts, from its middle to its end, not the whole width.",
            ),
            (once, "the mean of K seeds is surer by the square root of K, not by K."),
            (
                right - 1,
                "with one seed less than needed the interval still holds 0. Look for the first K that will do.",
            ),
            (right + 1, "one seed less would do. Is your first K the smallest possible, 2?"),
        )
        found = number(call(answer, spread, difference))
        otherwise = (
            f"a spread of {spread:g} and a difference of {difference:g}: the smallest K is wanted with "
            "t(0.975, K - 1) times the spread over the square root of K below the difference."
        )
        compare(found, right, tuple((wrong, hint) for wrong, hint in mistakes if wrong != right), otherwise)


def _fewest(
    spread: float, difference: float, *, level: float = 0.975, lost: int = 1, normal: bool = False, root: bool = True
) -> int:
    """The smallest number of seeds whose interval is shorter than the difference; the keywords make mistakes."""
    seeds = np.arange(2, 1000)
    factor = stats.norm.ppf(level) if normal else stats.t.ppf(level, seeds - lost)
    return int(seeds[factor * spread / (np.sqrt(seeds) if root else seeds) < difference][0])


STUDY_MISTAKES: Mapping[int, str] = MappingProxyType(
    {
        1: "every training had equally many epochs, so few images had few steps",
        2: "of fifty seeds the best one on the test images was reported",
        3: "the test images had weaker noise than they should",
        4: "the first ten training images were test images, too",
        5: "each point is one seed",
    }
)
"""What studies of the sample size may have got wrong; four of the five curves are shown."""

_STUDIES = {"A": 4, "B": 1, "C": 2, "D": 3}
_HONEST = np.array([0.420, 0.570, 0.631, 0.641, 0.642])
_SPREAD = np.array([0.019, 0.008, 0.003, 0.002, 0.002])


def four_studies() -> dict[str, np.ndarray]:
    """Mean SSIM by number of training images as four groups report it, and as an honest study does.

    Each group made one of `STUDY_MISTAKES`. The honest study is that of a U-Net on phantoms, noise p = .5; what the
    mistakes make of it is computed from its means and from the spread of its seeds.

    Returns
    -------
    dict
        ``n``, the numbers of images (5,), ``honest`` and for each of the letters A to D the SSIM (5,).
    """
    n = np.array([3, 10, 30, 100, 300])
    known = np.minimum(n, 10) / 20  # which share of 20 test images is among the training images
    by_heart = np.array([0.88, 0.82, 0.72, 0.68, 0.67])  # SSIM of an image that was trained on
    made = {
        1: np.array([0.20, 0.31, 0.46, 0.59, _HONEST[4]]),
        2: _HONEST + 2.25 * _SPREAD,  # what the largest of fifty normal numbers is on average
        3: _HONEST + 0.09,
        4: (1 - known) * _HONEST + known * by_heart,
    }
    return {"n": n, "honest": _HONEST.copy()} | {letter: made[mistake] for letter, mistake in _STUDIES.items()}


@exercise("Four studies")
def check_four_studies(answer: object) -> None:
    """Check which mistake made which curve of `four_studies`.

    Parameters
    ----------
    answer : dict of str to int
        For each of the letters A to D the number of a mistake of `STUDY_MISTAKES`.
    """
    given = matching(answer, _STUDIES, STUDY_MISTAKES, what="mistake", of="studies")
    if len({*given.values()}) < len(given):
        raise Hint("each of the four made another mistake, so no number comes twice.")
    told = {
        ("A", 2): "the best of fifty seeds gains most where seeds differ most: at n = 3. A gains most at n = 10.",
        ("A", 3): "weaker noise helps at every n. At n = 300, A has nearly the honest score.",
        ("A", 5): "one seed lies on either side of the mean. Up to n = 100 all points of A lie above it.",
        ("B", 5): "one seed lies on either side of the mean. Four points of B lie below it, and far.",
        ("C", 3): "weaker noise helps at every n. C gains at small n only. Where do seeds differ most?",
        ("C", 4): "ten known images among twenty count most at n = 10, where nothing dilutes them. C gains most at 3.",
        ("C", 5): "one seed lies on either side of the mean. No point of C lies below it.",
        ("D", 2): "at n = 300 all seeds are alike, so there is no best one. D is as far above there as at n = 3.",
        (
            "D",
            4,
        ): "at n = 300 ten known images are lost among 300, and nobody can learn them by heart. D gains there, too.",
        ("D", 5): "one seed lies on either side of the mean. D lies above it by the same at every n.",
    }
    otherwise = {
        "A": "A falls from n = 10 on: more images make it worse. What is it that more images dilute?",
        "B": "B meets the honest curve at n = 300 and is far below it at n = 3. What else is small where n is small?",
        "C": "C lies above the honest curve at n = 3 and meets it later. What is large where n is small?",
        "D": "D is the honest curve, moved up as a whole. What helps whatever the number of images?",
    }
    for letter, right in _STUDIES.items():
        if given[letter] != right:
            raise Hint(told.get((letter, int(given[letter])), otherwise[letter]))


@exercise("An honest score")
def check_honest_score(answer: object) -> None:
    """Check a function that chooses a setting on validation scores and reports its test score.

    Parameters
    ----------
    answer : callable
        ``honest_score(validation, test)`` of two arrays of shape (K,), the scores of K settings on the validation and
        on the test images; returns the test score of the setting that is best on validation.
    """
    for on_validation, on_test in (([0.50, 0.61, 0.58, 0.60], [0.49, 0.57, 0.63, 0.55]), ([0.7, 0.4], [0.64, 0.66])):
        validation, test = np.array(on_validation), np.array(on_test)
        best = validation.argmax()
        mistakes = (
            (
                test.max(),
                "the best test score was chosen by the test images, so it is too good. Let validation choose.",
            ),
            (
                validation.max(),
                "that score chose the setting, so it is too good, too. Report the setting's test score.",
            ),
            (test[validation.argmin()], "that is the setting with the lowest validation score. Higher is better."),
            (test[-1], "that is simply the last setting. Validation has a say."),
            (test.mean(), "that is the mean of all settings. One is chosen, by validation."),
            (best, "that is the number of the setting. Its test score is wanted."),
        )
        otherwise = "look for the largest validation score; report the test score at the same place."
        compare(number(call(answer, validation, test)), test[best], mistakes, otherwise)


def _split(answer: object, subjects: np.ndarray, n_test: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    two = "return two arrays: the indices of the training images, then those of the test images."
    found = call(answer, subjects, n_test, np.random.default_rng(seed))
    sides = [np.asarray(side) for side in pair(found, two)]
    if any(side.dtype == bool and side.shape == subjects.shape for side in sides):
        sides = [np.flatnonzero(side) if side.dtype == bool else side for side in sides]
    if any(side.ndim != 1 or not len(side) or side.dtype.kind not in "iu" for side in sides):
        raise Hint("indices are wanted: whole numbers, at least one on each side.")
    if any(side.min() < 0 or side.max() >= len(subjects) for side in sides):
        raise Hint("an index counts images from 0; one of yours is out of range.")
    return sides[0], sides[1]
