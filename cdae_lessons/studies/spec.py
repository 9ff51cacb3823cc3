"""Studies as YAML files: the keys of a configuration, each a value or a list; a list is an axis of the grid.

    dataset: brain
    noise: [gaussian p=0.1 sigma=1, gaussian p=0.5 sigma=1]
    n_train: [10, 30, 100, 300]
    network: cnn_dae
    epochs: 400 steps
    seed: [0, 1, 2, 3, 4]

A line ``---`` begins another grid of the same study.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdae_lessons.errors import InputError
from cdae_lessons.studies.configuration import REQUIRED, Configuration, check, grid, unique

if TYPE_CHECKING:
    import yaml

TEXTS = ("dataset", "noise", "network", "recipe", "split", "images")
"""The keys whose values are texts."""


def read(path: str | Path) -> list[Configuration]:
    """Read the configurations of a study.

    Parameters
    ----------
    path : str or Path
        A YAML file, see the top of this module.

    Returns
    -------
    list of Configuration
        No configuration occurs twice.

    Raises
    ------
    InputError
        If the file cannot be read, or holds what is no study; names the line and the key.
    """
    try:
        import yaml
    except ImportError as error:
        msg = "Reading a study needs PyYAML, which is not installed. Run: pip install pyyaml"
        raise InputError(msg) from error
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"Cannot read {path}: {error}. Give the path of a study, such as studies/sample_size.yaml."
        raise InputError(msg) from error
    try:
        documents = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        msg = f"{path}{where}: this is no YAML: {getattr(error, 'problem', None) or error}."
        raise InputError(msg) from error
    if not documents:
        msg = f"{path} is empty. It needs the keys {', '.join(REQUIRED)}."
        raise InputError(msg)
    return unique(config for node in documents for config in _grid(path, node))


def _grid(path: str | Path, node: Any) -> list[Configuration]:
    if node.id != "mapping":
        raise _mistake(path, node, "Expected lines such as 'n_train: [10, 300]'.")
    axes = {}
    for key, value in node.value:
        name = key.value if key.id == "scalar" else "a list"
        if name in axes:
            raise _mistake(path, key, f"The key {name!r} is here twice. Write a list: {name}: [first, second].")
        entries = value.value if value.id == "sequence" else [value]
        if not entries:
            raise _mistake(path, value, f"{name}: the list is empty.")
        axes[name] = [_value(path, name, key, entry) for entry in entries]
    try:
        return grid(**axes)
    except InputError as error:
        raise _mistake(path, node, str(error)) from error


def _value(path: str | Path, name: str, key: yaml.Node, node: Any) -> object:
    from yaml.constructor import SafeConstructor

    if node.id != "scalar":
        raise _mistake(path, node, f"{name}: Expected a value or a list of values.")
    text, value = node.value, SafeConstructor().construct_object(node)
    if name in TEXTS:  # as written: to YAML "no" is a truth value, and 2026-11-28 a date
        value = text
    elif (type(value) is int and str(value) != text.removeprefix("+")) or re.fullmatch(r"0\d+", text):
        means = f", which is {value} to YAML" if type(value) is int else ""
        msg = (
            f"{name}: Expected a whole number with the digits 0 to 9, the first of them not 0; received {text}{means}."
        )
        raise _mistake(path, node, msg)
    try:
        return check(name, value)
    except InputError as error:
        at = key if "key of a configuration" in str(error) else node
        raise _mistake(path, at, f"{name}: {error}") from error


def _mistake(path: str | Path, node: yaml.Node, what: str) -> InputError:
    return InputError(f"{path}, line {node.start_mark.line + 1}: {what}")
