"""Trained models as files: one ``.keras`` file each, with how it was made inside."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdae_lessons import backend
from cdae_lessons.errors import InputError
from cdae_lessons.files import StrPath, appearing
from cdae_lessons.training import file_check
from cdae_lessons.training.denoising import shape_of
from cdae_lessons.training.history import History

keras = backend.load_keras()

_INFO = "cdae_lessons.json"


def save(
    model: Any,
    path: StrPath,
    *,
    history: History | None = None,
    scores: Mapping[str, float] | None = None,
) -> Path:
    """Save a model as one ``.keras`` file, with how it was made and how it scored inside.

    Parameters
    ----------
    model : keras.Model
        The trained model.
    path : str or Path
        The file to write; its name must end in ``.keras``.
    history : History, optional
        From `fit`; its recipe, noise, number of images, seed and seconds are stored.
    scores : mapping of str to float, optional
        For example ``{"ssim": 0.87, "psnr": 25.1}``.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If it is no model that `fit` takes, the name does not end in ``.keras``, the file cannot be written, or `load`
        would not take it; no half-written file stays.
    """
    shape_of(model)
    path = Path(path)
    if path.suffix != ".keras":
        msg = f"Expected a file name that ends in .keras; received {path.name!r}."
        raise InputError(msg)
    made = {} if history is None else {k: v for k, v in vars(history).items() if k != "table"}
    info = made | {"scores": {k: float(v) for k, v in (scores or {}).items()}, "keras": keras.__version__}
    try:
        with appearing(path) as part:
            model.save(part)
            with zipfile.ZipFile(part, "a") as archive:
                archive.writestr(_INFO, json.dumps(info, indent=1))
            _check_that_it_loads(model, part)
    except InputError:
        raise
    except ValueError as error:  # a clock before 1980, which ZIP files cannot say
        msg = f"Cannot write {path}: {error}. Set the clock of this computer."
        raise InputError(msg) from error
    return path


def _check_that_it_loads(model: Any, file: Path) -> None:
    try:
        file_check.check(file)
    except Exception as error:  # whatever `load` would meet
        msg = (
            f"The model {model.name!r} cannot be saved as a file that training.load takes: {error}. Build it of Keras' "
            "layers alone, or keep its weights by model.save_weights and build it anew by your own code."
        )
        raise InputError(msg) from error


def load(path: StrPath) -> Any:
    """Load a model that `save` wrote. Code inside the file is never run (Keras safe mode, and ``file_check.check``).

    Parameters
    ----------
    path : str or Path
        A ``.keras`` file.

    Returns
    -------
    keras.Model

    Raises
    ------
    InputError
        If there is no such file, it is no Keras model, or it holds what safe mode refuses.
    """
    _members(path)
    try:
        file_check.check(Path(path))
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a broken or hostile file can make Keras, h5py or zipfile raise anything
        first = str(error).strip().split("\n")[0][:300]
        msg = f"{path} cannot be loaded as a Keras model: {first} Save it anew with training.save."
        raise InputError(msg) from error


def info(path: StrPath) -> dict[str, Any]:
    """Read how the model in a ``.keras`` file was made, without loading it.

    Parameters
    ----------
    path : str or Path
        A file that `save` wrote.

    Returns
    -------
    dict
        ``recipe``, ``noise``, ``n_train``, ``seed``, ``seconds``, ``stopped`` where known, ``scores`` and ``keras``.

    Raises
    ------
    InputError
        If there is no such file, or `save` did not write it.
    """
    if _members(path).get(_INFO, file_check.LONGEST + 1) > file_check.LONGEST:
        msg = f"{path} says nothing about its training: training.save did not write it."
        raise InputError(msg)
    try:
        with zipfile.ZipFile(path) as archive:
            return dict(json.loads(archive.read(_INFO)))
    except Exception as error:  # damaged or hostile
        msg = f"What {path} says about its training cannot be read: {error}. Save it anew with training.save."
        raise InputError(msg) from error


def _members(path: StrPath) -> dict[str, int]:
    """Names and unpacked sizes of what a ``.keras`` file holds."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {member.filename: member.file_size for member in archive.infolist()}
    except FileNotFoundError as error:
        msg = f"There is no file {path}. Save a model there with training.save, or correct the path."
        raise InputError(msg) from error
    except Exception as error:  # damaged or hostile
        msg = f"{path} is not a .keras file, or is cut short ({error}). Save the model anew with training.save."
        raise InputError(msg) from error
