"""Clear answers to mistakes: what was expected, what came, what to do.

Every public function checks its arguments by these and raises `InputError` where one does not fit; what it calls
inside the package trusts it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike


class InputError(ValueError):
    """A mistake in what was given to the package, with the remedy in its message."""


class DataNotice(UserWarning):
    """Something about the data to know, which does not stop the work."""


class ResultNotice(UserWarning):
    """Something about stored results that deserves a look, though the work goes on."""


def known(name: str, names: Iterable[str], *, what: str) -> str:
    """Return `name` if it is one of `names`, else raise an error that lists them and the nearest.

    Parameters
    ----------
    name : str
        What the user typed.
    names : iterable of str
        The names that exist.
    what : str
        What is being named, for the message: "noise model", "data set", …

    Raises
    ------
    InputError
        If `name` is not among `names`.
    """
    names = list(names)
    if name in names:
        return name
    near = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    msg = f"There is no {what} called {name!r}.{hint} Known: {', '.join(names)}."
    raise InputError(msg)


def settings(text: str, names: Iterable[str], *, what: str) -> tuple[str, dict[str, str]]:
    """Return the name and the settings in a text such as ``"gaussian p=0.5 sigma=1"``.

    Parameters
    ----------
    text : str
        A name, then ``key=value`` pairs.
    names : iterable of str
        The names that exist.
    what : str
        What is being named, for the message.

    Returns
    -------
    str
        The name.
    dict of str to str
        The values by their keys.

    Raises
    ------
    InputError
        If the name is not among `names`, or a word is no pair or names a key again.
    """
    name, *pairs = text.split() or [""]
    known(name, names, what=what)
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key in found:
            msg = f"Expected each setting of {name} once, as key=value, in {text!r}; received {pair!r}."
            raise InputError(msg)
        found[key] = value
    return name, found


def check_images(images: ArrayLike, *, what: str = "images", in_range: bool = True) -> np.ndarray:
    """Return `images` as float32 after checking the package's one currency.

    Parameters
    ----------
    images : array-like of shape (N, H, W), floating point
        The images, or a `Cohort` of them; values in [0, 1] when `in_range`.
    what : str
        Name of the argument, for the message.
    in_range : bool
        Whether values must lie in [0, 1] (clean images) or may be any finite number (noisy ones).

    Returns
    -------
    ndarray of shape (N, H, W), float32

    Raises
    ------
    InputError
        On another shape, type or range, or on values that are not finite.
    """
    try:
        images = np.asarray(images)
    except ValueError as error:  # of unequal lengths
        msg = f"Expected {what} of one size, as an array of shape (N, H, W): {error} Resize them, then np.stack them."
        raise InputError(msg) from error
    if images.ndim != 3 or 0 in images.shape:
        msg = (
            f"Expected {what} of shape (N, H, W) with N, H, W >= 1; received shape {images.shape}."
            f"{_to_three_axes(images.shape)}"
        )
        raise InputError(msg)
    if not np.issubdtype(images.dtype, np.floating):
        remedy = "Divide 8-bit images by 255 first." if images.dtype == np.uint8 else "Convert with .astype('float32')."
        msg = f"Expected {what} of a floating-point type; received {images.dtype}. {remedy}"
        raise InputError(msg)
    with np.errstate(invalid="ignore"):
        low, high = images.min(), images.max()  # NaN if there is one; no copy, since images may be larger than memory
    if not (np.isfinite(low) and np.isfinite(high)):
        msg = f"Expected finite values; {what} hold NaN or infinity."
        raise InputError(msg)
    if in_range and (low < 0 or high > 1):
        msg = (
            f"Expected {what} with values in [0, 1]; received {low:.3g} to {high:.3g}. "
            "Scale all images by one common factor, or clip."
        )
        raise InputError(msg)
    return images.astype(np.float32, copy=False)


def _to_three_axes(shape: tuple[int, ...]) -> str:
    """How to make (N, H, W) of images of another shape, as a sentence after a space; empty where nothing is known."""
    if len(shape) == 2:
        return " Use images[np.newaxis] for a single image."
    if len(shape) != 4:
        return ""
    for axis, taken, moved in ((-1, "images[..., 0]", "images"), (1, "images[:, 0]", "np.moveaxis(images, 1, -1)")):
        if shape[axis] == 1:
            return f" Drop the channel axis: {taken}."
        if shape[axis] in (3, 4):  # red, green and blue differ: one of them is not the grey image
            colours = moved if shape[axis] == 3 else f"{moved}[..., :3]"
            return f" Make colour images grey: skimage.color.rgb2gray({colours})."
    return " Take one channel, slice or frame of each image."


def check_number(value: object, *, what: str, low: float = 0.0, high: float = np.inf, above: bool = False) -> float:
    """Return `value` as a float after checking ``low <= value <= high`` (``low < value`` if `above`).

    Raises
    ------
    InputError
        If `value` is not a finite number in that range.
    """
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number is caught below
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number) or number < low or number > high or (above and number == low):
        lower = f"{'>' if above else '>='} {low:g}" if np.isfinite(low) else ""
        upper = f"<= {high:g}" if np.isfinite(high) else ""
        limits = " and ".join(filter(None, (lower, upper)))
        msg = f"Expected {what} to be a finite number{' ' + limits if limits else ''}; received {value!r}."
        raise InputError(msg)
    return number


def check_count(value: object, *, what: str, low: int = 0) -> int:
    """Return `value` as an int after checking that it is a whole number and at least `low`.

    Raises
    ------
    InputError
        If it is not.
    """
    try:
        number = check_number(value, what=what, low=low)
    except InputError:
        number = np.nan
    if not number.is_integer():
        msg = f"Expected {what} to be a whole number >= {low}; received {value!r}."
        raise InputError(msg)
    return int(number)


def check_rng(rng: np.random.Generator | int | None) -> np.random.Generator:
    """Return the generator, or one of that seed; None makes one that differs each time.

    Raises
    ------
    InputError
        If it is none of these.
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        msg = f"Expected rng to be a numpy.random.Generator, a whole number >= 0 as seed, or None; received {rng!r}."
        raise InputError(msg) from error
