"""Exercise of lesson 0: how many subjects are on both sides of a split."""

from __future__ import annotations

import numpy as np

from cdae_lessons.checks.answers import Hint, call, exercise, number


@exercise("Count the leak")
def check_shared_subjects(answer: object) -> None:
    """Check a function that counts the subjects that two sides of a split share.

    Parameters
    ----------
    answer : callable
        ``shared_subjects(train, test)`` of two arrays of labels, one an image; returns how many subjects have images
        on both sides.
    """
    train, test = np.array([7, 7, 3, 1, 1, 5]), np.array([9, 3, 1, 8, 1, 2])  # 1 and 3 are shared
    found = call(answer, train, test)
    if isinstance(found, bool | np.bool_):
        raise Hint("that says whether there is a leak. How many subjects are shared?")
    if isinstance(found, set | list | tuple | np.ndarray) and np.ndim(list(found)) == 1:
        raise Hint("that is a collection. Return a number: how many subjects are shared?")
    found = number(found)
    if found in (3, 4, 5):
        raise Hint("a subject with several images counts once. Count subjects, not images.")
    if found == 1:
        raise Hint("a subject may stand at any place of the two lists: do not compare them place by place.")
    if found == 7:
        raise Hint("that is everyone who is on one side or the other. Who is on both?")
    if found != 2:
        raise Hint("in [7, 7, 3, 1, 1, 5] and [9, 3, 1, 8, 1, 2] the subjects 1 and 3 are on both sides: 2.")
    if number(call(answer, np.array([0, 0, 1]), np.array([2, 3]))) != 0:
        raise Hint("two sides that share nobody give 0.")
    if number(call(answer, np.array(["a", "b"]), np.array(["b", "b"]))) != 1:
        raise Hint("labels may be texts, too: in ['a', 'b'] and ['b', 'b'] one subject is shared.")
