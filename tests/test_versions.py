"""The versions that the tests are run with are those that pyproject.toml promises."""

import re
import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_THE_LOWEST = {"torch"}  # constraints-oldest.txt says why


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([\w.-]+)==(\S+)", line).groups() for line in lines if line and not line.startswith("#")]
    return {package.lower(): Version(version) for package, version in found}


def test_the_oldest_versions_tested_are_the_lower_bounds():
    oldest = pins("constraints-oldest.txt")
    for requirement in map(Requirement, PROJECT["dependencies"]):
        if requirement.name not in NOT_THE_LOWEST:
            (bound,) = requirement.specifier
            assert (bound.operator, Version(bound.version)) == (">=", oldest[requirement.name.lower()]), requirement


def test_every_dependency_is_pinned_to_a_version_that_it_allows():
    tested = pins("constraints.txt")
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    for requirement in map(Requirement, chain.from_iterable(groups)):
        assert requirement.specifier.contains(tested[requirement.name.lower()]), requirement
