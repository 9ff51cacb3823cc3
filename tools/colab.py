"""Run notebooks as on Colab or Kaggle: each alone in an empty folder, torch and Keras there, nothing of the course.

python tools/colab.py notebooks/*.ipynb    in an environment that has constraints-colab.txt and nothing of the course

The course is installed by the notebook's own first cell, from a clone of the last commit in place of GitHub. That cell
asks for torch and Keras, not for the place's name: what passes here holds wherever both are there.
Each notebook passes if it runs to its end and leaves every package that was there at its version.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from first_cell import REPOSITORY, ROOT

OWN = {"cdae-lessons", "medmnist"}


def main() -> int:
    """Run each notebook; return 1 if one fails."""
    failed = 0
    for path in map(Path, sys.argv[1:]):
        _pip("uninstall", "-q", "-y", *OWN)
        before, started = _installed(), time.monotonic()
        with TemporaryDirectory() as place:
            problem = _run(path, Path(place))
        differ = {line.partition("==")[0] for line in before ^ _installed()}
        if differ != OWN:
            problem += f" Added or changed: {', '.join(sorted(differ))}; expected {', '.join(sorted(OWN))}."
        seconds = time.monotonic() - started
        print(f"{path.name:40s} {seconds:5.0f} s  {problem or 'passed, nothing changed'}", flush=True)
        failed += bool(problem)
    return 1 if failed else 0


def _run(path: Path, place: Path) -> str:
    """Execute a copy of the notebook in an empty folder; return what went wrong."""
    clone, outside, folder = place / "clone.git", place / "outside", place / "here"
    subprocess.run(["git", "clone", "-q", "--bare", str(ROOT), str(clone)], check=True)
    outside.mkdir()
    folder.mkdir()
    text = path.read_text(encoding="utf-8").replace(f"git+{REPOSITORY}", f"git+{clone.as_uri()}")
    (folder / path.name).write_text(text, encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CDAE_", "KERAS_", "PYTHONPATH"))}
    environment |= dict.fromkeys(("IPYTHONDIR", "HOME"), str(outside))
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to=notebook", "--output=run", path.name]
    command += ["--ExecutePreprocessor.timeout=600"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"FAILED\n{done.stderr[-3000:]}"


def _installed() -> set[str]:
    return set(_pip("list", "--format=freeze").lower().replace("_", "-").split())


def _pip(*arguments: str) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
