"""Where results are kept: one JSON file a finished run, named by the hash of its configuration and of the code."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cdae_lessons.errors import InputError, ResultNotice
from cdae_lessons.files import appearing
from cdae_lessons.studies.configuration import Configuration

COLUMNS = (
    *("dataset", "noise", "n_train", "network", "recipe", "epochs", "seed", "size"),
    *("ssim", "ssim_body", "psnr", "n_test", "weights", "seconds", "device", "code", "finished"),
)


def write(store: Path, config: Configuration, result: Mapping[str, Any]) -> None:
    """Store a result at one stroke: whoever looks sees all of it or nothing."""
    with appearing(store / f"{config.key}.json") as part:
        part.write_text(json.dumps(result, separators=(",", ":")), encoding="utf-8")


def read(store: Path, config: Configuration) -> dict[str, Any] | None:
    """The stored result of a configuration under the present code, or None. A damaged file is set aside.

    Raises
    ------
    InputError
        If it may not be read, or is damaged and cannot be set aside.
    """
    return _read(store / f"{config.key}.json", config)


def every(store: Path) -> Iterator[dict[str, Any]]:
    """All results in a folder, of whatever code. Damaged files are set aside."""
    for path in sorted(store.glob("[!.]*.json")):  # what begins with a dot is being written by another process
        result = _read(path)
        if result is not None:
            yield result


def of_older_code(store: Path, configs: Collection[Configuration]) -> int:
    """How many of these runs are stored, but as other code made them."""
    wanted = {frozen(vars(config)): config.code for config in configs}
    found = {
        frozen(result["config"])
        for result in every(store)
        if result["code"] != wanted.get(frozen(result["config"]), result["code"])
    }
    return len(found)


def examples(folder: Path, config: Configuration) -> np.ndarray | None:
    """What a run made of the first test images, where `measuring.measure` kept it; None if it is not whole.

    Returns
    -------
    ndarray of shape (n, H, W), float32
    """
    try:
        with np.load(folder / f"{config.key}.npz", allow_pickle=False) as file:
            return file["examples"]
    except Exception:  # noqa: BLE001 - not there, or damaged in whatever way: the run is done again
        return None


def set_aside(store: Path, config: Configuration, why: str) -> None:
    """Let a stored run count as not done, and say why."""
    _set_aside(store / f"{config.key}.json", why)


def row(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result as a row of a table with `COLUMNS`: scores are means over the test images that have one."""
    means = {name: mean(values) for name, values in result["scores"].items()}
    return {
        **result["config"],
        **{name: means[name] for name in ("ssim", "ssim_body", "psnr")},
        "n_test": len(result["subjects"]),
        "device": result["made_with"]["device"],
        **{name: result[name] for name in ("weights", "seconds", "code", "finished")},
    }


def mean(values: Sequence[float]) -> float:
    """The mean of the scores that are numbers; NaN if none is."""
    found = [value for value in values if not math.isnan(value)]
    return sum(found) / len(found) if found or not values else math.nan


def frozen(config: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The fields of a configuration as something to look up."""
    return tuple(sorted(config.items()))


def _read(path: Path, config: Configuration | None = None) -> dict[str, Any] | None:
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        row(result)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:  # it may be whole
        msg = f"The result {path} cannot be read: {error.strerror or error}. Get the right to, or name another folder."
        raise InputError(msg) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        _set_aside(path, f"{type(error).__name__}: {error}")
        return None
    if config is not None and result["config"] != vars(config):
        _set_aside(path, "it belongs to another run")
        return None
    return result


def _set_aside(path: Path, why: str) -> None:
    aside = path.with_suffix(".bad")
    try:
        path.replace(aside)
    except OSError as error:
        msg = f"{path} cannot be used ({why}), nor set aside: {error.strerror or error}. Delete it."
        raise InputError(msg) from error
    msg = f"{path} cannot be used ({why}). It is set aside as {aside.name}; its run counts as not done."
    warnings.warn(msg, ResultNotice, stacklevel=4)
