"""Results of runs as files: one JSON a finished run, named by the hash of its configuration."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdae_lessons.errors import InputError, ResultNotice
from cdae_lessons.files import appearing

if TYPE_CHECKING:
    from cdae_lessons.studies.configuration import Configuration

COLUMNS = (
    *("dataset", "noise", "n_train", "network", "recipe", "epochs", "seed", "size"),
    *("ssim", "ssim_body", "psnr", "n_test", "weights", "seconds", "device", "code", "finished"),
)


def folder(store: str | Path) -> Path:
    """Make the folder of a study, if it is not there, and return it.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    store = Path(store)
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"Cannot write to {store}: {error}. Choose another folder with store= (--out on the command line)."
        raise InputError(msg) from error
    return store


def write(store: Path, key: str, result: Mapping[str, Any]) -> None:
    """Store a result at one stroke: whoever looks sees all of it or nothing.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        with appearing(store / f"{key}.json") as part:
            part.write_text(json.dumps(result, separators=(",", ":")), encoding="utf-8")
    except OSError as error:
        msg = f"Cannot write to {store}: {error}. Make room there, and start again: what is finished is kept."
        raise InputError(msg) from error


def read(store: Path, config: Configuration) -> dict[str, Any] | None:
    """The stored result of a configuration under the present code, or None. A damaged file is set aside."""
    return _read(store / f"{config.key}.json", config)


def every(store: Path) -> Iterator[dict[str, Any]]:
    """All results in a folder, of whatever code. Damaged files are set aside."""
    for path in sorted(Path(store).glob("*.json")):
        result = _read(path)
        if result is not None:
            yield result


def row(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result as a row of a table with `COLUMNS`: scores are means over the test images."""
    means = {name: sum(values) / len(values) for name, values in result["scores"].items()}
    return {
        **result["config"],
        **{name: means[name] for name in ("ssim", "ssim_body", "psnr")},
        "n_test": len(result["subjects"]),
        "device": result["made_with"]["device"],
        **{name: result[name] for name in ("weights", "seconds", "code", "finished")},
    }


def _read(path: Path, config: Configuration | None = None) -> dict[str, Any] | None:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        row(result)
        fits = config is None or result["config"] == vars(config)
        why = "" if fits else "it belongs to another run"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        why = f"{type(error).__name__}: {error}"
    if not why:
        return result
    aside = path.with_suffix(".bad")
    path.replace(aside)
    msg = f"{path} cannot be used ({why}). It is set aside as {aside.name}; its run counts as not done."
    warnings.warn(msg, ResultNotice, stacklevel=3)
    return None
