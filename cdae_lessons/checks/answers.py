"""What every exercise check shares: a blank is no mistake, a mistake gets its hint, nothing is raised.

A check is written as a function that tests an answer and raises `Hint` with what the answer got wrong;
`exercise` turns it into one that prints a single stable line.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from cdae_lessons.checks import record

BLANK, RIGHT = "not attempted yet.", "right."
"""Two of the verdicts; the others begin with "not yet."."""


class Check(Protocol):
    """What `exercise` makes: it prints one line, and tells graders its verdict without printing."""

    __name__: str
    title: str
    verdict: Callable[[object], str]

    def __call__(self, answer: object = None, /) -> None:
        """Print the verdict on an answer."""


class Hint(Exception):  # noqa: N818  it is no error of ours, but what a student reads
    """A wrong answer, and what to think about."""


class Blank(Exception):  # noqa: N818
    """Nothing was filled in yet."""


def exercise(title: str) -> Callable[[Callable[[object], None]], Check]:
    """Turn a test of an answer into a check that prints one line, keeps it for `progress`, and never raises.

    Parameters
    ----------
    title : str
        Name of the exercise, printed first.

    Returns
    -------
    decorator
        For functions of one answer that return nothing if it is right, and raise `Hint` or `Blank` if not. The check
        has its `title`, and ``verdict(answer) -> str`` for graders: what the check prints after the title, such as
        ``"right."`` or ``"not attempted yet."``, without printing it.
    """

    def decorate(test: Callable[[object], None]) -> Check:
        @functools.wraps(test)
        def check(answer: object = None, /) -> None:
            verdict = made.verdict(answer)
            print(f"{title}: {verdict}")  # noqa: T201
            if verdict != BLANK:
                record.note(test.__name__, right=verdict == RIGHT)

        made: Any = check
        made.title, made.verdict = title, functools.partial(_verdict, test)
        return made

    return decorate


def number(answer: Any) -> float:
    """Return an answer as a float; `Hint` if it is none, `Blank` for None and ``...``."""
    _filled(answer)
    try:
        return float(answer)
    except (TypeError, ValueError):
        raise Hint(f"a single number is wanted; this is {_kind(answer)}.") from None


def images(
    answer: object, shape: tuple[int, ...], wrong_shapes: Mapping[tuple[int, ...], str] = MappingProxyType({})
) -> np.ndarray:
    """Return an answer as an array after checking shape, type and that it is finite; foreseen shapes have hints."""
    _filled(answer)
    if not isinstance(answer, np.ndarray):
        raise Hint(f"an array of images is wanted; this is {_kind(answer)}.")
    if answer.shape != shape:
        raise Hint(wrong_shapes.get(answer.shape, f"the shape should be {shape}; it is {answer.shape}."))
    if answer.dtype.kind != "f" or not np.isfinite(answer).all():
        raise Hint("floating-point values are wanted, all of them finite.")
    return answer


def pair(answer: Any, hint: str) -> list[Any]:
    """Return an answer of two things as a list; `hint` if there are not two."""
    if not isinstance(answer, tuple | list | np.ndarray) or len(answer) != 2:
        raise Hint(hint)
    return list(answer)


def letters(answer: object, known: str, *, what: str = "step", twice: str = "no step is done twice.") -> list[str]:
    """Return an answer as a list of letters, each one of those `known` and none twice; ``"a, c"`` is as good.

    `what` the letters stand for, and the hint for one that stands `twice`, are said to the student.
    """
    _filled(answer)
    if isinstance(answer, list | tuple) and answer and all(letter is None or letter is ... for letter in answer):
        raise Blank
    if not isinstance(answer, list | tuple | str):
        raise Hint('a list of letters is wanted, such as ["A", "B"].')
    order = [str(letter).strip().upper() for letter in answer]
    order = [letter for letter in order if letter not in ("", ",")] if isinstance(answer, str) else order
    strange = [letter for letter in order if letter not in tuple(known)]
    if strange:
        raise Hint(f"the {what}s are called {known[0]} to {known[-1]}; there is no {what} {strange[0]!r}.")
    if len(set(order)) < len(order):
        raise Hint(twice)
    return order


def matching(answer: Any, letters: Iterable[str], known: Mapping[int, Any], *, what: str, of: str) -> dict[str, Any]:
    """Return an answer as a dict that has, for each of the `letters` and no other, one of the `known` numbers.

    `what` the numbers stand for, such as "mistake", and what the letters stand for, such as "curves", are said to the
    student.
    """
    if not isinstance(answer, Mapping):
        raise Hint('a dict is wanted, such as {"A": 1, "B": 2, "C": 3, "D": 4}.')
    given = {str(letter).strip().upper(): chosen for letter, chosen in answer.items()}
    if all(chosen is None or chosen is ... for chosen in given.values()):
        raise Blank
    if {*given} != {*letters}:
        raise Hint(f"a {what} is wanted for each of the {of} A, B, C and D, and for no other.")
    for letter, chosen in given.items():
        if chosen not in known:
            raise Hint(f"the {what}s have the numbers 1 to {len(known)}; {letter} has {chosen!r}.")
    return given


def array(answer: object) -> np.ndarray:
    """Return an answer as an array of floats, since a list is as good; `Hint` if it holds no real numbers."""
    found = np.asarray(answer)
    if found.dtype.kind not in "fiu":
        raise Hint("return an array of real numbers.")
    return found.astype(float)


def call(function: object, *arguments: Any, changed: str = "") -> object:
    """Call a student's function on copies; `Blank` if it returns nothing, `Hint` if it is no function.

    `changed` is the hint for a function that changes an array that it is given; without one it may.
    """
    _filled(function)
    if not callable(function):
        raise Hint(f"a function is wanted; this is {_kind(function)}. Hand it over without calling it.")
    given = [each.copy() if isinstance(each, np.ndarray) else each for each in arguments]
    try:
        with np.errstate(all="ignore"):  # what is no number gets its hint, not a warning
            result = function(*given)
    except NotImplementedError:
        raise Blank from None
    _filled(result)
    if changed and not all(map(np.array_equal, given, arguments)):
        raise Hint(changed)
    return result


def compare(
    given: ArrayLike,
    right: ArrayLike,
    mistakes: Iterable[tuple[ArrayLike, str]],
    otherwise: str,
    tolerance: float = 1e-4,
) -> None:
    """Raise the `Hint` of a wrong answer: of the first of the foreseen ones that is like it, else `otherwise`."""
    if same(given, right, tolerance):
        return
    raise Hint(next((hint for wrong, hint in mistakes if same(given, wrong, tolerance)), otherwise))


def same(given: ArrayLike, wanted: ArrayLike, tolerance: float = 1e-4) -> bool:
    """Whether two answers differ nowhere by more than a share of the largest value wanted."""
    if np.shape(given) != np.shape(wanted):
        return False
    return bool(np.abs(np.subtract(given, wanted)).max() <= tolerance * np.abs(wanted).max())


def reveal(what: str, *, guess: float | str | None, measured: float | str, close: float = 0.1) -> None:
    """Print a prediction beside what was measured.

    Parameters
    ----------
    what : str
        What was to be guessed.
    guess : float, str or None
        The prediction; None if there was none.
    measured : float or str
        What came out, rounded as it shall be printed.
    close : float
        How far off a number may be to count as close.
    """
    if guess is None:
        said, verdict = "no guess", ""
    elif isinstance(measured, str):
        said = str(guess)
        verdict = " As you said." if said.strip().lower() == measured.strip().lower() else " Not what you said: why?"
    else:
        try:
            distance = abs(float(guess) - measured)
        except (TypeError, ValueError):
            said, verdict = repr(guess), " A number was asked for."
        else:
            said = f"{float(guess):g}"
            verdict = " Close." if distance <= close + 1e-9 else " Not what you said: why?"
    value = measured if isinstance(measured, str) else f"{measured + 0.0:g}"  # never "-0"
    print(f"{what}: you said {said}, measured {value}.{verdict}")  # noqa: T201


def _verdict(test: Callable[[object], None], answer: object = None, /) -> str:
    try:
        _filled(answer)
        test(answer)
    except Blank:
        return BLANK
    except Hint as hint:
        return f"not yet. Hint: {hint}"
    except KeyboardInterrupt:
        return "stopped."
    except Exception as error:  # noqa: BLE001  whatever a student's code raises, the answer is a line, not a traceback
        return f"not yet. Your answer stopped with {type(error).__name__}: {error}"
    return RIGHT


def _filled(answer: object) -> None:
    if answer is None or answer is ...:
        raise Blank


def _kind(answer: object) -> str:
    return "a function" if callable(answer) else f"of type {type(answer).__name__}"
