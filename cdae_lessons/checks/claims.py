"""What a lesson's text claims, checked out of the way: one line, in a folded cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cdae_lessons.errors import InputError


def claims(held: Mapping[str, bool], *, only_if: bool = True) -> None:
    """Check what a section claims, and print one line.

    Parameters
    ----------
    held : mapping of str to bool
        Whether each claim holds, by the sentence that makes it: ``{"The U-Net is ahead of TV": low > 0}``.
    only_if : bool
        Whether the images are those that the text speaks of, as ``DATASET == "brain"``. If not, nothing is checked.

    Raises
    ------
    AssertionError
        If a claim does not hold; it names those that do not.
    InputError
        If there are no claims, or one is neither true nor false (a number, an array, None).

    Examples
    --------
    >>> claims({"The median is below .5": 0.4 < 0.5, "The noisy images are below the median": 0.2 < 0.4})
    ✓ 2 claims of this section hold on this machine
    """
    strange = {claim: value for claim, value in held.items() if not isinstance(value, bool | np.bool_)}
    if strange or not held:
        came = ", ".join(f"{value!r} for {claim!r}" for claim, value in strange.items()) or "no claim"
        msg = f"Expected True or False for each claim, as {{'a is above b': a > b}}; received {came}."
        raise InputError(msg)
    if not only_if:
        print("not checked: other images")  # noqa: T201
        return
    failed = [claim for claim, holds in held.items() if not holds]
    if failed:
        raise AssertionError(f"{len(failed)} of {len(held)} claims do not hold on this machine: {'; '.join(failed)}")
    one = len(held) == 1
    print(f"✓ {len(held)} claim{'s' * (not one)} of this section hold{'s' * one} on this machine")  # noqa: T201
