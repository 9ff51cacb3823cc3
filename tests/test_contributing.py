"""CONTRIBUTING.md: the map shows the package as it is."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAP, _, RULES = TEXT.partition("## The rules")
ROOMS = {p.stem for p in (ROOT / "cdae_lessons").iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}
MERMAID = re.search(r"```mermaid\n(.*?)```", MAP, re.DOTALL)[1]
ORDER = re.findall(r"`(\w+)`", re.search(r"before it: (.*?)\. `make", MAP, re.DOTALL)[1])


def test_every_file_that_is_named_exists():
    named = {path for path in re.findall(r"`([\w./-]+)`", TEXT) if "/" in path or path.endswith(".md")}
    assert len(named) > 25
    assert not [path for path in named if not (ROOT / path).exists()]


def test_every_constant_that_is_named_stands_where_it_is_said():
    pairs = re.findall(r"`([A-Z]+)` in `([\w/.]+)`", MAP)
    assert len(pairs) >= 4
    for name, path in pairs:
        assert re.search(rf"^{name}\b.* = ", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name


def test_the_picture_has_every_room_and_no_other():
    shown = {*re.findall(r"(\w+)\[\"<b>\1</b>", MERMAID)}
    assert shown | {"errors", "files", "backend", "progress"} == {*ORDER}
    assert {*ORDER} == ROOMS - {"__init__", "__main__", "doctor"}


@pytest.mark.parametrize("name", ORDER)
def test_a_module_imports_only_from_those_before_it(name):
    place = ROOT / "cdae_lessons" / name
    imported = set()
    for path in place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "cdae_lessons":
                imported |= {each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.removeprefix("cdae_lessons.").partition(".")[0])
    assert not imported & {*ORDER[ORDER.index(name) + 1 :]}
