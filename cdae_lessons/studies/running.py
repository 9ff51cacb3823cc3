"""Many runs: resumed where they stopped, one after the other or on a Dask cluster, each stored when it is finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import pandas as pd
from tqdm import tqdm

from cdae_lessons.errors import InputError
from cdae_lessons.files import StrPath, folder
from cdae_lessons.progress import bar
from cdae_lessons.studies.configuration import Configuration, rivals, unique
from cdae_lessons.studies.measuring import measure
from cdae_lessons.studies.store import COLUMNS, of_older_code, read, row, write

if TYPE_CHECKING:
    from distributed import Client


def run(
    configs: Iterable[Configuration],
    *,
    store: StrPath,
    client: Client | None = None,
    progress: bool = True,
    with_rivals: bool = True,
    work: Callable[[Configuration], dict[str, Any]] = measure,
) -> pd.DataFrame:
    """Do what is not done yet of a study, and return its table.

    Each result is stored the moment it is finished, so that nothing finished is ever done again: after an interrupt, a
    crash or a closed lid the same call does the rest. What other code decided is measured anew, and that is said. A run
    that fails does not keep the others from being done.

    Parameters
    ----------
    configs : iterable of Configuration
        From `studies.grid` or `studies.read`.
    store : path
        Folder of the results, one JSON file each.
    client : distributed.Client, optional
        A Dask cluster to work on, see `studies.connect`; by default one run after the other, here. One training is one
        task; workers load the images themselves, and only this process writes to `store`.
    progress : bool
        Whether to show a bar with the time left, and a line for each finished run.
    with_rivals : bool
        Whether the noisy images and the tuned classical methods are measured, too. A table needs them.
    work : callable
        What is done for a configuration; by default `studies.measure`, such as ``partial(measure, data_dir="mine")``.

    Returns
    -------
    DataFrame
        A row a run, in the order of `configs`, the rivals last, with ``store.COLUMNS``.

    Raises
    ------
    InputError
        If the folder cannot be written or, when all others are done and stored, if a run failed.
    KeyboardInterrupt
        After an interrupt; what is finished is stored.
    """
    configs = list(configs)
    configs = unique([*configs, *(rivals(configs) if with_rivals else [])])
    store = folder(store)
    rows = {c: row(stored) for c in configs if (stored := read(store, c)) is not None}
    todo = [c for c in configs if c not in rows]
    failed: list[tuple[Configuration, Exception]] = []
    older = of_older_code(store, todo) if todo and progress else 0
    done = _one_by_one(todo, work) if client is None else _on_dask(todo, work, client)
    with closing(done), _told(len(todo), kept=len(rows), older=older, show=progress) as tell:
        for config, found in done:
            found = _checked(config, found)
            if isinstance(found, Exception):
                failed.append((config, found))
                tell(f"{config}: FAILED: {found}")
            else:
                write(store, config, found)
                rows[config] = row(found)
                tell(f"{config}: SSIM {rows[config]['ssim']:.3f} in {found['seconds']:.1f} s")
    if failed:
        config, error = failed[0]
        msg = (
            f"{len(failed)} of {len(configs)} runs failed; the others are kept in {store}, and the same call tries "
            f"these again. The first was {config}. {type(error).__name__}: {error}"
        )
        raise InputError(msg) from error
    return pd.DataFrame([rows[c] for c in configs], columns=list(COLUMNS))


def _one_by_one(configs: Sequence[Configuration], work: Callable[..., Any]) -> Generator[tuple[Configuration, Any]]:
    for config in configs:
        try:
            found = work(config)
        except Exception as error:  # noqa: BLE001 - told at the end, when the others are done
            found = error
        yield config, found


def _on_dask(
    configs: Sequence[Configuration], work: Callable[..., Any], client: Client
) -> Generator[tuple[Configuration, Any]]:
    from distributed import as_completed

    by_key = {f"cdae-{config.key}": config for config in configs}
    # A killed worker's task goes to another one; retries are for errors that may pass, such as a full memory.
    futures = client.map(work, configs, key=list(by_key), pure=False, retries=2)
    pending = {future.key: future for future in futures}
    del futures  # the scheduler keeps a result as long as someone here holds its future
    try:
        for future in as_completed(list(pending.values())):
            found = future.result() if future.status == "finished" else _why(future)
            yield by_key[future.key], found
            del pending[future.key]
    finally:
        # Not cancelled: that would reach the same runs, too, if they are asked for again at once.
        for future in pending.values():
            future.release()


def _why(future: Any) -> Exception:
    return future.exception() if future.status == "error" else InputError("It was cancelled: is the scheduler gone?")


def _checked(config: Configuration, found: Any) -> dict[str, Any] | Exception:
    if isinstance(found, Exception) or found["code"] == config.code:
        return found
    return InputError(
        f"The worker's code is {found['code']}, this one's {config.code}. Install the same version of cdae-lessons "
        "on both, and start the workers anew."
    )


@contextmanager
def _told(todo: int, *, kept: int, older: int, show: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that moves the bar on and adds a line, with the number of the run and the time left."""
    started, done = time.monotonic(), 0

    def tell(line: str) -> None:
        nonlocal done
        done += 1
        shown.update()
        if show:
            left = (time.monotonic() - started) / done * (todo - done)
            tqdm.write(f"[{kept + done}/{kept + todo}] {line}{f'; {duration(left)} left' if done < todo else ''}")

    if show and kept:
        tqdm.write(f"{kept} of {kept + todo} runs are kept from before.")
    if show and older:
        tqdm.write(f"The code that decides {older} of the other {todo} has changed since: they are measured anew.")
    with bar(todo, label="Runs", show=show) as shown:
        yield tell


def duration(seconds: float) -> str:
    """A time in words that a person would use: ``"40 s"``, ``"12 min"``, ``"3.5 h"``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
