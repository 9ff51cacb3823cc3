"""Cohorts: what they hold, and how they are joined and split."""

from dataclasses import replace

import numpy as np
import pytest

from cdae_lessons.datasets import Cohort
from cdae_lessons.errors import DataNotice, InputError


def cohort(subjects, *, name="toy", side=4):
    """Image i of the toy cohort is filled with i / 1000."""
    count = len(subjects)
    images = np.full((count, side, side), 1e-3, np.float32) * np.arange(count, dtype=np.float32).reshape(-1, 1, 1)
    return Cohort(images, np.array(subjects), name, f"source of {name}", "free")


def numbers(part):
    return np.rint(part.images[:, 0, 0] * 1000).astype(int).tolist()


def test_a_cohort_says_what_it_is():
    toy = cohort([0, 0, 1])
    assert len(toy) == 3
    assert repr(toy) == "Cohort('toy': 3 images of 2 subjects, 4x4, free)"
    with pytest.raises(AttributeError):
        toy.name = "other"


@pytest.mark.parametrize(
    ("images", "subjects", "message"),
    [
        (np.zeros((3, 4)), [0, 1, 2], r"shape \(N, H, W\)"),
        (np.full((1, 4, 4), 2.0), [0], r"\[0, 1\]"),
        (np.zeros((1, 4, 4), np.uint8), [0], "floating-point"),
        (np.full((1, 4, 4), np.nan), [0], "NaN"),
        (np.zeros((3, 4, 4)), [0, 1], "one int or str an image"),
        (np.zeros((2, 4, 4)), [0.5, 1.5], "one int or str an image"),
        (np.zeros((2, 4, 4)), np.array(["a", None], object), "one int or str an image"),
    ],
)
def test_wrong_images_and_subjects(images, subjects, message):
    with pytest.raises(InputError, match=message):
        Cohort(images, np.array(subjects), "toy", "nowhere", "free")


def test_take():
    assert numbers(cohort(range(5)).take(3)) == [0, 1, 2]
    for n in (0, -1, 2.5, "three"):
        with pytest.raises(InputError, match="Expected n to be"):
            cohort(range(5)).take(n)
    with pytest.raises(InputError, match="n <= 5, the number of images in 'toy'; received n=6"):
        cohort(range(5)).take(6)


def test_joining_keeps_subjects_apart():
    joined = cohort([0, 1], name="a") + cohort([0, 0, 1], name="b")
    assert joined.subjects.tolist() == ["a/0", "a/1", "b/0", "b/0", "b/1"]
    assert (joined.name, joined.source, joined.licence) == ("a + b", "source of a + source of b", "free")
    assert len(joined) == 5


def test_joining_parts_of_one_set_keeps_its_labels():
    train, _, test = cohort(np.repeat(range(5), 2)).split(train=2, validation=0, test=2)
    joined = train + test
    assert joined.name == "toy"
    assert len(set(joined.subjects)) == 2
    assert set(joined.subjects) <= set("01234")


def test_joining_what_does_not_fit():
    with pytest.raises(InputError, match=r"one image size; received 4x4 and 5x5\. Load both with the same size"):
        cohort([0]) + cohort([0], side=5)
    with pytest.raises(TypeError):
        cohort([0]) + np.zeros((1, 4, 4))


# Splits

PAIRS = np.repeat(np.arange(40), 2)
TRIPLES = np.repeat(["c", "a", "b", "e", "d", "f", "g", "h"], 3)


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize(
    ("subjects", "train", "validation", "test"),
    [(PAIRS, 30, 11, 21), (PAIRS, 1, 0, 0), (PAIRS, 80, 0, 0), (TRIPLES, 7, 4, 5), (range(80), 50, 10, 20)],
)
def test_splits_are_exact_and_keep_subjects_apart(subjects, train, validation, test, seed):
    toy = cohort(subjects)
    parts = toy.split(train=train, validation=validation, test=test, seed=seed)
    assert [len(part) for part in parts] == [train, validation, test]
    people = [set(part.subjects.tolist()) for part in parts]
    assert sum(map(len, people)) == len(set.union(*people))
    chosen = [number for part in parts for number in numbers(part)]
    assert len(set(chosen)) == len(chosen)
    for part in parts:
        assert [toy.subjects[number] for number in numbers(part)] == part.subjects.tolist()


def test_scattered_subjects_are_kept_apart():
    subjects = np.arange(90) % 9
    train, _, test = cohort(subjects).split(train=60, validation=0, test=20)
    assert len(set(test.subjects)) == 2
    assert not set(train.subjects) & set(test.subjects)


@pytest.mark.parametrize("seed", [None, 0])
def test_more_training_images_leave_the_others_alone(seed):
    small, large = (cohort(PAIRS).split(train=train, validation=10, test=20, seed=seed) for train in (7, 40))
    assert numbers(small[0]) == numbers(large[0])[:7]
    assert numbers(small[1]) == numbers(large[1])
    assert numbers(small[2]) == numbers(large[2])


def test_without_a_seed_the_files_order_is_kept():
    train, validation, test = cohort(PAIRS).split(train=50, validation=4, test=22, seed=None)
    assert numbers(train) == list(range(50))
    assert numbers(validation) == [54, 55, 56, 57]
    assert numbers(test) == list(range(58, 80))
    train, _, test = cohort(TRIPLES).split(train=6, validation=0, test=6, seed=None)
    assert numbers(train + test) == [*range(6), *range(18, 24)]


@pytest.mark.parametrize(
    ("subjects", "said"), [([0] * 8 + [1] * 8, "2 subjects, and one is"), ("aaaabbbbcccdddd", "4 subjects, and 2 are")]
)
def test_few_subjects_are_noticed(subjects, said):
    toy = cohort(list(subjects))
    with pytest.warns(DataNotice, match=f"holds 1[56] images of {said} tested on"):
        toy.split(train=1, validation=0, test=5)
    toy.split(train=1, validation=1, test=0)


def test_a_folder_s_split_says_what_makes_a_subject():
    theirs = replace(cohort([0] * 10), name="folder:mine")
    with pytest.raises(InputError, match="10 images of 1 subject: .*patient's ID.*each subject a subfolder"):
        theirs.split(train=None, validation=0, test=2)


def test_seeds_give_other_splits():
    tests = [numbers(cohort(range(80)).split(train=10, validation=0, test=10, seed=seed)[2]) for seed in (0, 0, 1)]
    assert tests[0] == tests[1]
    assert tests[0] != tests[2]


def test_the_surplus_of_a_subject_is_on_no_side():
    train, _, test = cohort(np.repeat(range(5), 5)).split(train=20, validation=0, test=1)
    assert not set(train.subjects) & set(test.subjects)
    with pytest.raises(InputError, match=r"25 images of 5 subjects: test=1 and validation=0.*leave 20 for training"):
        cohort(np.repeat(range(5), 5)).split(train=21, validation=0, test=1)


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("subjects", [PAIRS, TRIPLES, range(80)])
def test_training_takes_all_that_is_left(subjects, seed):
    toy = cohort(subjects)
    train, validation, test = toy.split(train=None, validation=4, test=5, seed=seed)
    others = {*validation.subjects.tolist(), *test.subjects.tolist()}
    assert (len(validation), len(test)) == (4, 5)
    left = [number for number, subject in enumerate(toy.subjects.tolist()) if subject not in others]
    assert sorted(numbers(train)) == left
    with pytest.raises(InputError, match=f"leave {len(left)} for training"):
        toy.split(train=len(left) + 1, validation=4, test=5, seed=seed)
    assert numbers(toy.split(train=len(left), validation=4, test=5, seed=seed)[0]) == numbers(train)


def test_training_takes_all_where_nothing_else_is_wanted():
    assert numbers(cohort(PAIRS).split(train=None, validation=0, test=0, seed=None)[0]) == list(range(80))


@pytest.mark.parametrize("subjects", [[0] * 10, np.repeat([0, 1], 5), range(3)])
def test_training_is_never_left_empty(subjects):
    with pytest.raises(InputError, match=r"leave 0 for training; received train=None\. Ask for fewer images"):
        cohort(subjects).split(train=None, validation=2, test=1)


@pytest.mark.parametrize(
    "wanted", [{"train": 300}, {"train": 1, "test": 80}, {"train": 1, "validation": 80, "test": 1}, {"train": 31}]
)
def test_more_images_than_there_are(wanted):
    with pytest.raises(InputError, match=r"'toy' holds 80 images of 40 subjects.*Ask for fewer images, or load more"):
        cohort(PAIRS).split(**{"validation": 10, "test": 40} | wanted)


@pytest.mark.parametrize("wanted", [{"train": 0}, {"train": -1}, {"test": -1}, {"validation": 0.5}, {"seed": -1}])
def test_senseless_splits(wanted):
    with pytest.raises(InputError, match=f"Expected {next(iter(wanted))} to be"):
        cohort(PAIRS).split(**{"train": 10, "validation": 2, "test": 2} | wanted)
