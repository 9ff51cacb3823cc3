"""Workers for a study: processes on this computer, or a Dask cluster."""

from __future__ import annotations

import ast
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdae_lessons.errors import InputError, check_count

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 10  # seconds that a scheduler has to answer

# What a local worker does first: Ctrl-C reaches all processes of a terminal, and only this one should answer.
_IGNORE_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"


@contextmanager
def connect(
    *, workers: int | None = None, scheduler: str | None = None, memory: str = "auto"
) -> Iterator[Client | None]:
    """Connect to a Dask cluster, or start one on this computer for as long as the block runs.

    Parameters
    ----------
    workers : int, optional
        Start so many processes here, with one thread each, that listen on 127.0.0.1 alone. Where there are GPUs, each
        has one of them, in turn, by ``CUDA_VISIBLE_DEVICES``.
    scheduler : str, optional
        The address of a running scheduler, ``tcp://…``, or its scheduler file, ``….json``, in place of `workers`.
    memory : str
        Limit of each worker, such as ``"2GiB"``; one that needs more is started anew. By default, its share of this
        computer's memory, however many cores it has.

    Yields
    ------
    distributed.Client or None
        For `run`; None, for work without Dask, where neither is given.

    Raises
    ------
    InputError
        If Dask is missing, no scheduler answers, both are given, or workers would run the script that asks for them
        again, and so ask for workers of their own.
    """
    if workers is None and scheduler is None:
        yield None
        return
    if workers is not None and scheduler is not None:
        msg = "Expected workers or a scheduler, not both: the scheduler has workers of its own."
        raise InputError(msg)
    try:
        from distributed import Client
    except ImportError as error:
        msg = "Workers need Dask, which is not installed. Run: pip install distributed"
        raise InputError(msg) from error
    if workers is not None:
        workers = check_count(workers, what="workers", low=1)
        _check_guard()
        with _cluster(workers, memory) as cluster, Client(cluster) as client:
            yield client
        return
    scheduler = str(scheduler)  # not None, for there are no workers
    if scheduler.endswith(".json") and not _readable(Path(scheduler)):  # Dask would wait for it for ever
        msg = (
            f"There is no scheduler file {scheduler}, or it may not be read. "
            f"Start one with: dask scheduler --scheduler-file {scheduler}"
        )
        raise InputError(msg)
    where = {"scheduler_file": scheduler} if scheduler.endswith(".json") else {"address": scheduler}
    try:
        client = Client(**where, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        msg = f"No Dask scheduler answers at {scheduler} ({error}). Start one with: dask scheduler"
        raise InputError(msg) from error
    with client:
        yield client


def _readable(file: Path) -> bool:
    try:
        return file.is_file() and os.access(file, os.R_OK)
    except OSError:  # its folder may not be looked at
        return False


def _check_guard() -> None:
    """Refuse to start workers from the top level of a script: each of them runs the script first, all but its guard."""
    script = sys.modules["__main__"]
    lines = [
        line
        for frame, line in traceback.walk_stack(None)
        if frame.f_globals is vars(script) and frame.f_code.co_name == "<module>"
    ]
    try:
        tree = ast.parse(Path(str(script.__file__)).read_text(encoding="utf-8"))
    except (AttributeError, OSError, SyntaxError, ValueError):  # a notebook, or no text: nothing is run again
        return
    names = {node.lineno: ast.walk(node.test) for node in tree.body if isinstance(node, ast.If)}
    guards = [line for line, test in names.items() if any(getattr(part, "id", "") == "__name__" for part in test)]
    if lines and min(guards, default=lines[0] + 1) > lines[0]:
        msg = (
            f"Each worker runs {script.__file__} again before it works, and would start workers of its own. Put what "
            'the script does below a line:  if __name__ == "__main__":'
        )
        raise InputError(msg)


def _cluster(workers: int, memory: str) -> Any:
    import dask
    from distributed import Nanny, Scheduler, SpecCluster

    limit = 1 / workers if memory == "auto" else memory  # Dask's own "auto" shares by cores
    local = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0"}
    gpus = _gpus()
    spec = {
        i: {
            "cls": Nanny,
            "options": local
            | {"nthreads": 1, "memory_limit": limit, "silence_logs": logging.WARNING, "preload": [_IGNORE_CTRL_C]}
            | {"env": {"CUDA_VISIBLE_DEVICES": gpus[i % len(gpus)]} if gpus else {}},
        }
        for i in range(workers)
    }
    # Read when a worker starts, before it imports anything: one thread each, and the backend of this process.
    start = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    start["KERAS_BACKEND"] = os.environ["KERAS_BACKEND"]
    with dask.config.set({"distributed.nanny.pre-spawn-environ": start}):
        return SpecCluster(spec, {"cls": Scheduler, "options": local}, name="sweep", silence_logs=logging.WARNING)


def _gpus() -> list[str]:
    """The GPUs of this computer, as ``CUDA_VISIBLE_DEVICES`` names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name for name in chosen.split(",") if name.strip()]
    if os.environ["KERAS_BACKEND"] != "torch":  # the others would take a GPU by looking at it
        return []
    import torch

    return [str(i) for i in range(torch.cuda.device_count())]
