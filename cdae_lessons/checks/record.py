"""What is right so far, kept from lesson to lesson in one small file of the user's own.

It is a convenience: where the file cannot be read or written, nothing is kept, and nobody is told.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from cdae_lessons.errors import InputError
from cdae_lessons.files import appearing, user_cache

RIGHT, TRIED = "right", "tried"


def file() -> Path:
    """Where it is kept: ``CDAE_PROGRESS_DIR`` if that is set, else the user's cache folder.

    It is not the data folder, which a whole class may share.
    """
    return Path(os.environ.get("CDAE_PROGRESS_DIR") or user_cache()) / "progress.json"


def read() -> dict[str, str]:
    """`RIGHT` or `TRIED` for each check that was used, by its name; a damaged file is set aside."""
    with suppress(OSError):
        try:
            states = json.loads(file().read_text(encoding="utf-8"))
            if isinstance(states, dict) and all(state in (RIGHT, TRIED) for state in states.values()):
                return states
        except (ValueError, RecursionError):
            pass
        file().replace(file().with_suffix(".damaged"))
    return {}


def note(name: str, *, right: bool) -> None:
    """Keep that an exercise is right, or was tried. What was right once stays right."""
    states = read()
    state = RIGHT if right else states.get(name, TRIED)
    if states.get(name) == state:
        return
    with suppress(InputError), appearing(file()) as part:
        part.write_text(json.dumps(states | {name: state}, indent=1), encoding="utf-8")
