"""A set of images that knows whom each shows, so that it can be split fairly."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike

from cdae_lessons.errors import DataNotice, InputError, check_count, check_images

FEW = 5  # subjects; the bootstrap over fewer has too little to draw from


@dataclass(frozen=True, eq=False, repr=False)
class Cohort:
    """Images and whom they show.

    Wherever a function takes images it takes a cohort, too, for ``np.asarray(cohort)`` is its images.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), float32 in [0, 1]
        The clean images.
    subjects : ndarray of shape (N,), int or str
        Whom each image shows: images of one subject must stay on one side of a split.
    name : str
        What `load` calls the set.
    source : str
        Where the images are from, with the reference to cite.
    licence : str
        What may be done with them.

    Raises
    ------
    InputError
        If shapes, types, lengths or values are others.
    """

    images: np.ndarray
    subjects: np.ndarray
    name: str
    source: str
    licence: str

    def __post_init__(self) -> None:
        empty = np.ndim(self.images) == 3 and len(self.images) == 0  # the test side of split(test=0)
        images, subjects = self.images if empty else check_images(self.images), np.asarray(self.subjects)
        if subjects.shape != images.shape[:1] or subjects.dtype.kind not in "iuU":
            msg = (
                f"Expected subjects of shape {images.shape[:1]}, one int or str an image; "
                f"received shape {subjects.shape} of {subjects.dtype}."
            )
            raise InputError(msg)
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "subjects", subjects)

    __array_ufunc__ = None  # cohort - array is an error; cohort + cohort joins them

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return self.images.astype(dtype or self.images.dtype, copy=bool(copy))  # NumPy 1.26 refuses copy=None

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        count, height, width = self.images.shape
        people = len(np.unique(self.subjects))
        return f"Cohort({self.name!r}: {count} images of {people} subjects, {height}x{width}, {self.licence})"

    def __add__(self, other: Cohort) -> Cohort:
        """Join two cohorts of the same image size, keeping their subjects apart.

        Under one and the same name, equal labels mean the same subject.

        Raises
        ------
        InputError
            If the images differ in size.
        """
        if not isinstance(other, Cohort):
            return NotImplemented
        if self.images.shape[1:] != other.images.shape[1:]:
            sizes = " and ".join("x".join(map(str, cohort.images.shape[1:])) for cohort in (self, other))
            msg = f"Expected two cohorts of one image size; received {sizes}. Load both with the same size=."
            raise InputError(msg)
        labels = [cohort.subjects.astype(str) for cohort in (self, other)]
        if self.name != other.name:
            labels = [
                np.char.add(f"{name}/", label) for name, label in zip((self.name, other.name), labels, strict=True)
            ]
        texts = {field: (getattr(self, field), getattr(other, field)) for field in ("name", "source", "licence")}
        return Cohort(
            np.concatenate([self.images, other.images]),
            np.concatenate(labels),
            **{field: " + ".join(dict.fromkeys(pair)) for field, pair in texts.items()},
        )

    def take(self, n: int) -> Cohort:
        """The first `n` images.

        Raises
        ------
        InputError
            If there are fewer, or `n` is less than 1.
        """
        n = check_count(n, what="n", low=1)
        if n > len(self):
            msg = f"Expected n <= {len(self)}, the number of images in {self.name!r}; received n={n}."
            raise InputError(msg)
        return self._pick(np.arange(n))

    def split(
        self, *, train: int | None = 300, validation: int = 50, test: int = 100, seed: int | None = 0
    ) -> tuple[Cohort, Cohort, Cohort]:
        """Split into training, validation and test cohorts, every subject on one side only.

        The test subjects are chosen first, then those for validation, then those for training: another `train`
        leaves test and validation as they are, and a smaller training set lies inside a larger one. Where the last
        subject has more images than are still wanted, the surplus is on no side.

        Parameters
        ----------
        train, validation, test : int
            How many images; exact. `validation` and `test` may be 0, which gives an empty cohort; `train` may be None,
            which takes all that are left.
        seed : int or None
            Which subjects. None keeps the order of the files, as the paper did: the first images train, the last test.

        Warns
        -----
        DataNotice
            If there are images to test on, but fewer than five subjects in all.

        Raises
        ------
        InputError
            If there are not that many images, or none is left for training.
        """
        train = None if train is None else check_count(train, what="train", low=1)
        validation, test = check_count(validation, what="validation"), check_count(test, what="test")
        _, first, subject = np.unique(self.subjects, return_index=True, return_inverse=True)
        queue = np.argsort(first)
        if seed is not None:
            queue = np.random.default_rng(check_count(seed, what="seed")).permutation(queue)
        turn = np.argsort(queue)[subject]  # of each image's subject
        order = np.argsort(turn, kind="stable")
        turn = turn[order]

        def last(count: int, end: int) -> tuple[np.ndarray, int]:
            start = max(end - count, 0)
            border = np.searchsorted(turn, turn[start]) if count else end  # where the last subject taken begins
            return order[start:end], int(border)

        testing, end = last(test, len(self))
        validating, end = last(validation, end)
        if end < (1 if train is None else train):
            msg = (
                f"{self._counted()}: test={test} and validation={validation}, with no subject on two sides, leave "
                f"{end} for training; received train={train}. Ask for fewer images, or load more."
                f"{self._about_subjects()}"
            )
            raise InputError(msg)
        if test and len(first) < FEW:
            tested = len(np.unique(self.subjects[testing]))
            msg = (
                f"{self._counted()}, and {'one is' if tested == 1 else f'{tested} are'} tested on. A score over so few "
                f"says little of others, and its interval less.{self._about_subjects()}"
            )
            warnings.warn(msg, DataNotice, stacklevel=2)
        return self._pick(order[: end if train is None else train]), self._pick(validating), self._pick(testing)

    def _counted(self) -> str:
        count = len(np.unique(self.subjects))
        return f"{self.name!r} holds {len(self)} images of {count} subject{'s' * (count != 1)}"

    def _about_subjects(self) -> str:
        if not self.name.startswith("folder:"):
            return ""
        return (
            " In a folder, the subject is the patient's ID of a DICOM file, else the subfolder, else the study of a "
            "DICOM file, else the file: where no ID tells them apart, give each subject a subfolder."
        )

    def _pick(self, chosen: np.ndarray) -> Cohort:
        return replace(self, images=self.images[chosen], subjects=self.subjects[chosen])
