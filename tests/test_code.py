"""Which code decides a result: found from the imports; and no module imports in a circle."""

import graphlib
import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cdae_lessons import weights
from cdae_lessons.studies import code, summary

PACKAGE = code.ROOT / "cdae_lessons"
MODULES = [
    ".".join(path.relative_to(code.ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package that may be changed."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, root / "cdae_lessons", ignore=shutil.ignore_patterns("__pycache__"))
    return root


def version(root, dataset="brain"):
    code.version.cache_clear()
    return code.version(dataset, root=root)


def changed(root, module, old, new):
    """The versions before and after a change of a module of the copy, which is then undone."""
    path = root / "cdae_lessons" / module
    text = path.read_text(encoding="utf-8")
    assert old in text
    before = version(root)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    try:
        return before, version(root)
    finally:
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("noise.py", "noisy *= p * sigma", "noisy *= 2 * p * sigma"),
        ("metrics.py", "WINDOW = 7", "WINDOW = 9"),
        ("datasets/brain.py", "WARP = 4.5", "WARP = 5.5"),
        ("studies/sides.py", "TEST, VALIDATION = 100, 50", "TEST, VALIDATION = 100, 40"),
        ("training/recipes.py", "learning_rate=5e-3", "learning_rate=4e-3"),
    ],
)
def test_what_decides_a_result_changes_its_version(module, old, new, copy):
    before, after = changed(copy, module, old, new)
    assert before != after


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("plotting/images.py", "_PANEL = 2.05", "_PANEL = 2.7"),
        ("studies/figures.py", "capsize=3", "capsize=4"),
        ("datasets/phantoms.py", "import", "UNUSED = 1\nimport"),  # another set than the run's
        ("noise.py", '"""Noise models', '"""The noise models'),
        ("noise.py", "noisy *= p * sigma\n", "noisy *= p * sigma  # a comment\n\n"),
        ("noise.py", "p: float = 0.1, mean", "p: int = 0.1, mean"),
        ("noise.py", "NOISES: Mapping[str, Callable[..., np.ndarray]] =", "NOISES ="),
        ("noise.py", "import inspect\n", "import inspect\nfrom typing import Any\n"),
    ],
)
def test_what_does_not_decide_it_leaves_it(module, old, new, copy):
    before, after = changed(copy, module, old, new)
    assert before == after


def test_a_mix_depends_on_all_of_its_sets(copy):
    assert len({version(copy, name) for name in ("brain", "fundus", "brain+fundus")}) == 3
    assert version(copy) == version(code.ROOT)


RUN = """
import sys
from cdae_lessons.studies import measuring, running
from cdae_lessons.studies.configuration import Configuration

config = Configuration(dataset="brain", noise="gaussian p=0.5 sigma=1", n_train=2, network="noisy", size=16)
running.run([config], store=sys.argv[1], with_rivals=False)
"""


def test_a_result_of_older_code_is_measured_anew_and_one_of_the_same_is_kept(copy, tmp_path):
    def said(module=None, old="", new=""):
        path = copy / "cdae_lessons" / str(module or "noise.py")
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-c", RUN, str(tmp_path)], cwd=copy, capture_output=True, encoding="utf-8", check=True
            )
        finally:
            path.write_text(text, encoding="utf-8")
        return done.stdout

    assert "[1/1]" in said()
    again = said("plotting/images.py", "_PANEL = 2.05", "_PANEL = 2.7")
    assert "1 of 1 runs are kept from before." in again
    assert "[1/1]" not in again
    anew = said("noise.py", "noisy *= p * sigma", "noisy *= 2 * p * sigma")
    assert "The code that decides 1 of the other 1 has changed since: they are measured anew." in anew
    assert "[1/1]" in anew


@pytest.fixture
def stand_for(monkeypatch):
    """Whether results of one code are those of another."""
    monkeypatch.syspath_prepend(code.ROOT / "tools")
    return importlib.import_module("same_results").stand_for


@pytest.mark.parametrize("name", ["mixing", "sample_size", "stacked"])
def test_a_stored_study_is_of_today_s_code(name, stand_for):
    table = summary.stored(name)
    stale = sorted({dataset for dataset, made in zip(table["dataset"], table["code"], strict=True)
                    if not stand_for(made, code.version(dataset))})  # fmt: skip
    assert not stale, "What decides this study has changed. Run: make studies"


def test_the_search_is_of_today_s_code(stand_for):
    (made,) = set(pd.read_csv(code.ROOT / "docs" / "search" / "comparison.csv")["code"])
    assert stand_for(made, code.version("brain")), "What decides the search has changed. Run: make studies"


@pytest.mark.parametrize(
    ("tool", "made"),
    [
        ("make_weights", lambda: weights.scores()["made"]["code"]),
        ("tune_baselines", lambda: json.loads((weights.FOLDER / "baselines.json").read_text(encoding="utf-8"))["code"]),
    ],
)
def test_what_ships_is_of_today_s_code(tool, made, stand_for):
    starts = importlib.import_module(tool).STARTS
    assert stand_for(made(), code.version("brain", starts=starts)), "What decides it has changed. Run: make weights"


def test_no_modules_import_each_other_in_a_circle_not_even_for_types():
    graph = {module: set(code.imports(module)) - {module} for module in MODULES}
    text = {module: code._file(module, code.ROOT).read_text(encoding="utf-8") for module in MODULES}
    assert not [module for module, lines in text.items() if "if TYPE_CHECKING:\n    from cdae_lessons" in lines]
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_fits_into_a_page_or_two(module):
    lines = code._file(module, code.ROOT).read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST.get(module, 300)


LONGEST = {  # these are mostly docstrings
    "cdae_lessons.denoisers": 380,
    "cdae_lessons.noise": 350,
    "cdae_lessons.metrics": 320,
}


def test_each_folder_of_the_package_says_what_it_is():
    assert all(
        (folder / "__init__.py").is_file() for folder in map(Path, {path.parent for path in PACKAGE.rglob("*.py")})
    )
