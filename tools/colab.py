"""Run notebooks as on Colab: one alone in an empty folder, Colab's versions, nothing of the course installed.

python tools/colab.py notebooks/*.ipynb    in an environment that has constraints-colab.txt and nothing of the course

The course is installed by the notebook's own first cell, from a clone of the last commit in place of GitHub.
Each notebook passes if it runs to its end and leaves every package that was there at its version.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from first_cell import REPOSITORY  # noqa: E402

OWN = {"cdae-lessons", "medmnist"}


def main() -> int:
    """Run each notebook; return 1 if one fails."""
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        clone = Path(place) / "clone.git"
        subprocess.run(["git", "clone", "-q", "--bare", str(ROOT), str(clone)], check=True)
        for path in map(Path, sys.argv[1:]):
            _pip("uninstall", "-q", "-y", *OWN)
            before, started = _installed(), time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                problem = _run(path, Path(folder), clone)
            after = _installed()
            changed = sorted(name for name in before if after.get(name) != before[name])
            added = sorted(after.keys() - before.keys())
            if set(added) != OWN:
                problem = f"{problem} Added: {', '.join(added)}; expected {', '.join(sorted(OWN))}."
            if changed:
                problem = f"{problem} Changed: {', '.join(changed)}."
            print(
                f"{path.name:40s} {time.monotonic() - started:5.0f} s  {problem or 'passed, nothing changed'}",
                flush=True,
            )
            failed += bool(problem)
    return 1 if failed else 0


def _run(path: Path, folder: Path, clone: Path) -> str:
    """Execute a copy of the notebook in an empty folder; return what went wrong."""
    text = path.read_text(encoding="utf-8").replace(f"git+{REPOSITORY}", f"git+{clone.as_uri()}")
    (folder / path.name).write_text(text, encoding="utf-8")
    outside = folder.parent / f"{folder.name}-colab"
    (outside / "google" / "colab").mkdir(parents=True)
    (outside / "google" / "colab" / "__init__.py").touch()
    startup = outside / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "colab.py").write_text("import google.colab\n", encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CDAE_", "KERAS_", "PYTHONPATH"))}
    environment |= {"PYTHONPATH": str(outside), "IPYTHONDIR": str(outside), "HOME": str(outside)}
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", "--output", "run", path.name]
    command += ["--ExecutePreprocessor.timeout=600"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"FAILED\n{done.stderr[-3000:]}"


def _installed() -> dict[str, str]:
    lines = _pip("list", "--format=freeze").splitlines()
    return {name.lower().replace("_", "-"): version for name, _, version in (line.partition("==") for line in lines)}


def _pip(*arguments: str) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
