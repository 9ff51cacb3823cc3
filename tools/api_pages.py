"""The chapter of `make book` on the package itself: a page for each module, from the docstrings of its public names.

In a docstring `this` is a name of the package, with or without its module, or a parameter of the function described;
what is neither is a broken reference, and an error. Code and all else is written ``so``.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging

PACKAGE = "cdae_lessons"
INTERNAL = {"__main__", "errors", "progress"}  # the commands, and what modules share
SETTINGS = {
    "extensions": ["sphinx.ext.autodoc", "numpydoc"],
    "default_role": "py:obj",
    "nitpicky": True,
    "autodoc_typehints": "none",  # the docstrings say more: shapes, ranges and units
    "autodoc_preserve_defaults": True,
    "add_module_names": False,
    "toc_object_entries_show_parents": "hide",
    "numpydoc_show_class_members": False,  # autodoc does
    "html_domain_indices": False,
}
FIRST = """\
Reference
=========

Every public function and class, by module; ``from cdae_lessons import datasets, noise, metrics`` and so on.

Images are float32 NumPy arrays of shape (N, H, W) with values in [0, 1], the currency of all functions; where they are
taken, a `datasets.Cohort` is taken, too. No function changes what it is given. What is random takes an ``rng`` or a
``seed``, and the same seed gives the same numbers.

**Errors.** Every function checks what it is given, and raises `InputError` where that cannot be right: another shape,
type or range than its description says, a value that is not finite, a name that is not known; and where a file is
missing, damaged, or cannot be read or written. The message says what was expected, what came, and what to do. The pages
say what a function raises only where there is more to it.

.. py:module:: cdae_lessons

.. autoexception:: cdae_lessons.InputError

"""


def write(folder: Path) -> int:
    """Write the pages' sources into a new folder; return how many."""
    modules = [module for module in _modules() if public(module)]
    folder.mkdir()
    for module in modules:
        (folder / f"{_short(module)}.rst").write_text(_page(module), encoding="utf-8")
    firsts = [(module.__doc__ or "").partition("\n")[0].replace("`", "") for module in modules]
    listed = [f"- :doc:`{_short(module)}`: {first}" for module, first in zip(modules, firsts, strict=True)]
    menu = [".. toctree::", "   :hidden:", "", *(f"   {_short(module)}" for module in modules)]
    (folder / "index.rst").write_text("\n".join([FIRST, *listed, "", *menu, ""]), encoding="utf-8")
    return len(modules) + 1


def public(module: ModuleType) -> dict[str, object]:
    """The names that a module offers: those of ``__all__``, else what it defines without an underscore."""
    listed = getattr(module, "__all__", None)
    if listed is None:
        found = {name: value for name, value in vars(module).items() if not name.startswith("_")}
        documented = _documented(module)
        listed = [n for n, v in found.items() if n in documented or getattr(v, "__module__", "") == module.__name__]
    return {name: getattr(module, name) for name in listed}


def connect(app: object) -> None:
    """Make Sphinx read single backticks as the docstrings of this package mean them."""
    app.connect("autodoc-process-docstring", _parameters_are_code, priority=100)  # before numpydoc
    app.connect("missing-reference", _find)
    for module in _modules():
        lacking = {module.__name__: "" if module.__doc__ else "it"}
        lacking |= {f"{module.__name__}.{name}": _lacking(module, name, of) for name, of in public(module).items()}
        for name, what in lacking.items():
            if what:
                logging.getLogger(__name__).warning("%s: nothing is said of %s", name, what)


def _lacking(module: ModuleType, name: str, value: object) -> str:
    """What the description of a public name leaves out: a parameter, what is returned, or all."""
    if not callable(value):
        return "" if _about(module, name, value) else "it"
    text = inspect.getdoc(value) or ""
    if inspect.isclass(value) or not text:
        return "" if text else "it"
    signature = inspect.signature(value)
    listed = {*re.findall(r"\w+", " ".join(re.findall(r"^([\w*, ]+?)(?: :.*)?$", text, re.MULTILINE)))}
    silent = [each for each in signature.parameters if each not in listed and f"`{each}`" not in text]
    gives = signature.return_annotation not in ("None", None, inspect.Signature.empty)
    if gives and "\nParameters\n---" in text and not re.search(r"\n(Returns|Yields)\n---", text):
        silent.append("what it returns")
    return ", ".join(silent)


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__):
        if found.name not in INTERNAL:
            yield importlib.import_module(f"{PACKAGE}.{found.name}")


def _short(module: ModuleType) -> str:
    return module.__name__.removeprefix(f"{PACKAGE}.")


def _documented(module: ModuleType) -> dict[str, list[str]]:
    """The constants of a module that a string below says something of."""
    docs = ModuleAnalyzer.for_module(module.__name__).find_attr_docs()
    return {name: lines for (owner, name), lines in docs.items() if not owner}


def _page(module: ModuleType) -> str:
    title, name = _short(module), module.__name__
    parts = [f"{title}\n{'=' * len(title)}", f".. automodule:: {name}", f".. py:currentmodule:: {name}"]
    for name, value in public(module).items():
        if inspect.isclass(value):
            kind = "autoexception" if issubclass(value, BaseException) else "autoclass"
            members = ", ".join(n for n, of in vars(value).items() if not n.startswith("_") and _own(of, value))
            parts.append(f".. {kind}:: {name}\n" + f"   :members: {members}" * bool(members))
        elif callable(value):
            parts.append(f".. autofunction:: {name}")
        else:
            text = [f"   {line}" for line in _about(module, name, value)]
            parts.append("\n".join([f".. py:data:: {name}", "", *text]))
    return "\n\n".join(parts) + "\n"


def _own(member: object, owner: type) -> bool:
    """Whether a class says something of a member, and not the library that it is made with."""
    function = getattr(member, "fget", None) or getattr(member, "__func__", member)
    return getattr(function, "__module__", "") == owner.__module__ and bool(function.__doc__)


def _about(module: ModuleType, name: str, value: object) -> list[str]:
    """What is said of a constant, by the module that defines it."""
    inside = [each for key, each in sys.modules.items() if key.startswith(f"{module.__name__}.")]
    for each in (module, *inside):
        if vars(each).get(name) is value and name in (docs := _documented(each)):
            return _code(docs[name], _parameters(module))
    return []


def _parameters(thing: object) -> set[str]:
    """The names that a docstring may use without an owner: of parameters, and of a class' attributes."""
    if inspect.ismodule(thing):
        return set().union(*(_parameters(each) for each in public(thing).values() if callable(each)))
    names = set()
    if callable(thing):
        with suppress(ValueError):  # made in C
            names |= {*inspect.signature(thing).parameters}
    if inspect.isclass(thing):
        names |= {*dir(thing), *getattr(thing, "__annotations__", {})}
    return names


def _code(lines: list[str], names: set[str]) -> list[str]:
    return [re.sub(r"(?<![`:\w])`(\w+)`(?![`_])", lambda m: f"``{m[1]}``" if m[1] in names else m[0], s) for s in lines]


def _parameters_are_code(app: object, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:  # noqa: ARG001
    owner = name.rpartition(".")[0]
    of_class = _parameters(pkgutil.resolve_name(owner)) if what in ("method", "property", "attribute") else set()
    lines[:] = _code(lines, _parameters(thing) | of_class)


def _find(app: object, env: object, node: object, contnode: object) -> object:
    """A name without the package's, and a field of a class, lead where they are described."""
    if node["refdomain"] != "py":
        return None
    domain, target = env.domains["py"], node["reftarget"]
    for path in (f"{PACKAGE}.{target}", f"{node.get('py:module')}.{target}", target):
        if path in domain.objects:
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", path, node, contnode)
        owner, _, field = path.rpartition(".")
        is_class = owner in domain.objects and domain.objects[owner].objtype == "class"
        if is_class and field in _parameters(pkgutil.resolve_name(owner)):
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", owner, node, contnode)
    return None
