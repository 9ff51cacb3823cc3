"""One rule of evidence: methods are compared on the same images, and the interval says which one is ahead."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from numpy.typing import ArrayLike

from cdae_lessons.errors import InputError, known
from cdae_lessons.metrics import bootstrap_interval, score

METRICS = ("ssim", "psnr", "mse")
"""What `paired` compares; of the last one less is better."""


def paired(
    clean: ArrayLike,
    methods: Mapping[str, ArrayLike],
    *,
    against: str,
    data_range: float,
    metric: str = "ssim",
    mask: ArrayLike | None = None,
    subjects: ArrayLike | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare methods with one of them, image by image: the mean difference, its 95 % interval, and a verdict.

    Two intervals that overlap say little, since both methods have the same hard images; the interval of the difference
    on the same images says what was found.

    Parameters
    ----------
    clean : ndarray of shape (N, H, W), floating point in [0, 1]
        The clean images.
    methods : mapping of str to ndarray of shape (N, H, W)
        The images that each method made of them, as for `metrics.compare`.
    against : str
        The method that the others are compared with, a key of `methods`.
    data_range, mask
        As in `metrics.score`.
    metric : {"ssim", "psnr", "mse"}
        The score.
    subjects, seed
        As in `metrics.bootstrap_interval`: the interval is over subjects. It knows nothing of what training again with
        another seed would change.

    Returns
    -------
    DataFrame
        A row for each other method, with the mean ``difference`` (method minus `against`), ``low`` and ``high`` of its
        interval, and the ``verdict``: "ahead" or "behind" where the whole interval is on one side of 0, "open" else.
        With fewer than two subjects there is no interval, and all is open.

    Raises
    ------
    InputError
        As `metrics.compare`; on an `against` or a `metric` that is not there, on no other method, or on a PSNR that is
        infinite for both.

    References
    ----------
    Efron & Tibshirani 1993, doi 10.1201/9780429246593, chapter 13.

    Examples
    --------
    >>> made = {"tv": by_tv, "cnn_dae": by_network}  # doctest: +SKIP
    >>> paired(clean, made, against="tv", data_range=1, subjects=test.subjects)  # doctest: +SKIP
    """
    known(metric, METRICS, what="metric")
    known(against, methods, what="method")
    if len(methods) < 2:
        msg = f"Expected a method to compare with {against!r}; received that one alone. Add another to `methods`."
        raise InputError(msg)
    found = {name: score(clean, images, data_range=data_range, mask=mask)[metric] for name, images in methods.items()}
    rows = {}
    for name, scores in found.items():
        if name == against:
            continue
        differences = scores - found[against]
        if (differences.isna() & scores.notna()).any():
            msg = (
                f"Expected images that differ from the clean ones; {name!r} and {against!r} both have an infinite PSNR "
                'somewhere, which has no difference. Use metric="ssim" or metric="mse".'
            )
            raise InputError(msg)
        low, high = bootstrap_interval(differences, subjects=subjects, seed=seed)
        rows[name] = (differences.mean(), low, high, _verdict(float(low), float(high), less_is_better=metric == "mse"))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["difference", "low", "high", "verdict"])
    return table.rename_axis(f"{metric}, against {against}")


def _verdict(low: float, high: float, *, less_is_better: bool) -> str:
    if low > 0:
        return "behind" if less_is_better else "ahead"
    if high < 0:
        return "ahead" if less_is_better else "behind"
    return "open"
