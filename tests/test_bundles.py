"""What students and instructors are handed: built, unpacked in an empty folder, and run there."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or not shutil.which("make"), reason="bundles are made from a git checkout, with make"
)


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """The two bundles, unpacked in folders of their own."""
    folder = tmp_path_factory.mktemp("bundles")
    made = run("make", "-s", "-C", ROOT, "student", "instructor", f"DIST={folder}").split()
    assert [Path(name).name for name in made] == [f"cdae-lessons-0.1.0-{who}.zip" for who in ("student", "instructor")]
    for who, name in zip(("student", "instructor"), made, strict=True):
        with zipfile.ZipFile(name) as archive:
            archive.extractall(folder / who)
    return {who: folder / who / "cdae-lessons" for who in ("student", "instructor")}


def files(bundle):
    return {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}


def test_the_instructors_bundle_holds_every_tracked_file(bundles):
    tracked = run("git", "-C", ROOT, "ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")
    assert files(bundles["instructor"]) == {*tracked} - {""}


def test_the_students_bundle_lacks_what_gives_answers_away_and_nothing_else(bundles):
    secret = ("instructor/", "notebooks/solutions/", "tests/", ".ci/")
    left_out = files(bundles["instructor"]) - files(bundles["student"])
    assert {name for name in files(bundles["instructor"]) if name.startswith(secret)} == left_out
    assert {name for name in left_out if name.startswith("notebooks/solutions/")}
    assert not files(bundles["student"]) - files(bundles["instructor"])


@pytest.mark.parametrize(
    ("who", "notebook", "says"),
    [
        ("student", "00_start_here.ipynb", "not attempted yet."),
        ("instructor", "solutions/00_start_here.ipynb", ": right."),
    ],
)
def test_it_runs_where_it_was_unpacked(bundles, tmp_path, who, notebook, says):
    pytest.importorskip("nbclient", reason="nbclient is not installed: make setup")
    bundle = bundles[who]
    here = os.environ | {
        "PYTHONPATH": str(bundle),
        "CDAE_DATA_DIR": str(tmp_path),
        "JUPYTER_RUNTIME_DIR": str(tmp_path),
    }
    found = run(sys.executable, "-c", "import cdae_lessons; print(cdae_lessons.__file__)", cwd=tmp_path, env=here)
    assert Path(found.strip()).is_relative_to(bundle)
    path = bundle / "notebooks" / notebook
    book = json.loads(path.read_text(encoding="utf-8"))
    until = next(n for n, cell in enumerate(book["cells"]) if says in json.dumps(cell.get("outputs")))
    book["cells"] = book["cells"][: until + 1]  # what comes after needs no other files, and minutes
    path.write_text(json.dumps(book).replace(says, "to be said again"), encoding="utf-8")
    run(sys.executable, "tools/course.py", path, cwd=bundle, env=here)
    assert says in path.read_text(encoding="utf-8")
