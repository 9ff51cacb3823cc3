"""Exercises of lesson 8: a split that keeps subjects apart, an interval over seeds, and a score nobody chose."""

from __future__ import annotations

import numpy as np

from cdae_lessons.checks.answers import Hint, call, compare, exercise, number, pair, same


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


@exercise("Mean and standard error")
def check_seed_interval(answer: object) -> None:
    """Check a function that sums up the scores of several seeds.

    Parameters
    ----------
    answer : callable
        ``summary(scores)`` of an array of shape (K,), a score a seed; returns the mean and its standard error.
    """
    for scores in (np.array([0.60, 0.66, 0.63, 0.71, 0.64, 0.65]), np.array([0.52, 0.50, 0.57])):
        both = pair(call(answer, scores), "return two numbers: the mean and its standard error.")
        mean, error = (float(value) for value in both)
        n, spread = len(scores), scores.std(ddof=1)
        right = spread / np.sqrt(n)
        if same([error, mean], [scores.mean(), right]):
            raise Hint("the mean comes first.")
        compare(mean, scores.mean(), (), "the first number should be the mean of the scores.")
        if same(error, 1.96 * right, tolerance=0.025):
            raise Hint("that is the half width of an interval: two standard errors. One is wanted.")
        deviation = (
            "that is the standard deviation: how far single seeds lie apart. How sure the mean is grows with their "
            "number: divide by the square root of it."
        )
        variance = "that starts from the variance; its square root is the standard deviation."
        mistakes = (
            (spread, deviation),
            (scores.std(), deviation),
            (
                scores.std() / np.sqrt(n),
                "with few seeds the standard deviation comes out too small; ddof=1 makes up for it.",
            ),
            (spread / n, "divide by the square root of the number of seeds, not by the number."),
            (spread**2 / n, variance),
            (spread**2 / np.sqrt(n), variance),
        )
        otherwise = "standard error: the standard deviation (ddof=1) over the square root of the number of scores."
        compare(error, right, mistakes, otherwise)


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
