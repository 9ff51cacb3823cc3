"""Which code decides a result: found from the imports, not from a list, so that no result of older code passes for new.

What counts is what the code does: comments, docstrings, annotations and the layout of the text do not.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path

from cdae_lessons import __version__
from cdae_lessons.datasets import catalogue

ROOT = Path(__file__).parents[2]
START = "cdae_lessons.studies.measuring"
"""Where a run begins: what this module imports, and what that imports, decides a result."""

_TYPING = {"__future__", "typing", "collections.abc"}
_IDLE = {"annotation", "returns", "type_comment", "type_params", "kind"}


@cache
def version(dataset: str, *, starts: tuple[str, ...] = (START,), root: Path = ROOT) -> str:
    """The package's version and a digest of the code that decides a result on a data set, as ``"0.1.0-3f2a91c0"``.

    Parameters
    ----------
    dataset : str
        As in a `configuration.Configuration`: one name, or several joined by "+". Of the modules that
        `datasets.catalogue` lists, only those of these sets count.
    starts : tuple of str
        The modules where it begins, if it is no run of a study.
    root : Path
        The folder that holds the package.

    Returns
    -------
    str
    """
    sets = [type(catalogue.find(name)).__module__ for name in catalogue.members(dataset)]
    modules = closure([*starts, *sets], root=root, passing_over={catalogue.__name__})
    meaning = {module: _meaning(_tree(module, root)) for module in modules}
    return f"{__version__}-{hashlib.sha256(json.dumps(meaning).encode()).hexdigest()[:8]}"


def closure(modules: Iterable[str], *, root: Path = ROOT, passing_over: Iterable[str] = ()) -> list[str]:
    """The modules given and all of the package that they import, directly or not, in alphabetical order."""
    waiting, passed = list(modules), set(passing_over)
    found: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module not in found | passed:
            found.add(module)
            waiting += imports(module, root=root)
    return sorted(found)


def imports(module: str, *, root: Path = ROOT) -> Iterator[str]:
    """The modules of the package that a module imports, inside functions too, but not for types alone."""
    package = module.partition(".")[0]
    for node in _working(_tree(module, root)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.partition(".")[0] == package)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == package:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if _file(inner, root).is_file() else str(node.module)


def _tree(module: str, root: Path) -> ast.Module:
    return _parsed(_file(module, root).read_text(encoding="utf-8"))


@lru_cache(maxsize=128)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _file(module: str, root: Path) -> Path:
    place = root.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _working(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a syntax tree, without what is for type checkers alone."""
    yield node
    for inner in ast.iter_child_nodes(node):
        if not _for_types(inner):
            yield from _working(inner)


def _meaning(node: object) -> object:
    """A syntax tree as lists, alike in every version of Python, without what changes nothing that a run does."""
    if isinstance(node, list):
        return [_meaning(part) for part in node if not (_for_types(part) or _docstring(part))]
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        node = ast.Assign([node.target], node.value)
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if name not in _IDLE and value not in (None, []))
    return [type(node).__name__, [[name, _meaning(value)] for name, value in fields]]


def _for_types(node: object) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module in _TYPING
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _docstring(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
