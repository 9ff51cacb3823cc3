"""How well do studies scale? ``make bench-sweeps``: a table and results/bench_sweeps.json.

Three questions: how much faster are two workers than one process, in one-threaded trainings; how much does Dask add to
a run; and what would 10,000 runs on 100 workers cost beside the trainings? In the last, a stand-in answers at once with
a result of the usual size, and all workers share one process: what is measured is an upper bound.
The machine should be idle.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # before anything that computes is imported

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import psutil
from distributed import Worker

from cdae_lessons import backend
from cdae_lessons.studies import cluster, measuring, running, summary
from cdae_lessons.studies.configuration import grid
from cdae_lessons.studies.store import every

QUIET = {"with_rivals": False, "progress": False}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trainings", type=int, default=8, help="runs of the throughput (default: 8)")
    parser.add_argument("--steps", type=int, default=600, help="steps of each (default: 600)")
    parser.add_argument("--tasks", type=int, default=300, help="runs of the overhead (default: 300)")
    parser.add_argument("--runs", type=int, default=10_000, help="runs of the simulation (default: 10,000)")
    parser.add_argument("--workers", type=int, default=100, help="workers of the simulation (default: 100)")
    parser.add_argument("--serve", nargs=2, metavar=("FILE", "N"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(_serve(options.serve[0], int(options.serve[1])))
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        found |= throughput(Path(folder), options.trainings, options.steps)
        found |= overhead(Path(folder), options.tasks)
        found |= simulation(Path(folder), options.runs, options.workers)
    for name, value in found.items():
        print(f"{name:34s} {value:10.3f}")
    path = Path("results/bench_sweeps.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found | backend.describe(), indent=1), encoding="utf-8")
    print(f"Written to {path}.")


def throughput(folder: Path, trainings: int, steps: int) -> dict[str, float]:
    """Seconds of the same trainings in this process and on two workers, each after a first one to import and load."""
    common = {"dataset": "brain", "noise": "gaussian p=0.5 sigma=1", "network": "cnn_dae", "size": 32}
    warm = grid(**common, n_train=30, epochs="2 steps", seed=list(range(4)))
    real = grid(**common, n_train=30, epochs=f"{steps} steps", seed=list(range(trainings)))
    running.run(warm, store=folder / "warm", **QUIET)
    serial = _timed(lambda: running.run(real, store=folder / "serial", **QUIET))
    with cluster.connect(workers=2) as client:
        client.wait_for_workers(2)
        client.run(_measure_once, warm[0])
        parallel = _timed(lambda: running.run(real, store=folder / "parallel", client=client, **QUIET))
    return {"serial_s": serial, "two_workers_s": parallel, "two_workers_vs_serial": serial / parallel}


def overhead(folder: Path, tasks: int) -> dict[str, float]:
    """Milliseconds that a run costs on two workers beside its training."""
    configs, work = _many(tasks), partial(stand_in, made_with=backend.describe())
    with cluster.connect(workers=2) as client:
        client.wait_for_workers(2)
        running.run(_many(4, first=tasks), store=folder / "first", client=client, work=work, **QUIET)
        seconds = _timed(lambda: running.run(configs, store=folder / "over", client=client, work=work, **QUIET))
    return {"overhead_ms_a_run": 1000 * seconds / tasks}


def simulation(folder: Path, runs: int, workers: int) -> dict[str, float]:
    """A large study with stand-ins: time, files and memory."""
    configs, store = _many(runs), folder / "many"
    work = partial(stand_in, made_with=backend.describe())
    with _cluster(folder, workers) as (scheduler, file), cluster.connect(scheduler=str(file)) as client:
        client.wait_for_workers(workers, timeout=120)
        running.run(_many(4, first=runs), store=folder / "few", client=client, work=work, **QUIET)
        before = _mebibytes(os.getpid()), _mebibytes(scheduler)
        seconds = _timed(lambda: running.run(configs, store=store, client=client, work=work, **QUIET))
        after = _mebibytes(os.getpid()), _mebibytes(scheduler)
    size = sum(path.stat().st_size for path in store.iterdir())
    return {
        "runs": runs,
        "workers": workers,
        "runs_ms_each": 1000 * seconds / runs,
        "store_MiB": size / 2**20,
        "client_MiB": after[0],
        "client_grew_MiB": after[0] - before[0],
        "scheduler_MiB": after[1],
        "scheduler_grew_MiB": after[1] - before[1],
        "load_s": _timed(lambda: summary.runs(every(store))),
        "resume_s": _timed(lambda: running.run(configs, store=store, **QUIET)),
    }


def stand_in(config, *, made_with: dict[str, str]) -> dict:
    """A result of the usual size, at once."""
    values = [round(0.5 + config.seed % 97 / 1000 + i / 1000, 5) for i in range(100)]
    return {
        "config": asdict(config),
        "code": config.code,
        "scores": {
            "ssim": values,
            "psnr": [20 + value for value in values],
            "ssim_body": values,
            "ssim_range2": values,
        },
        "subjects": list(range(100)),
        "history": dict.fromkeys(("epoch", "loss", "val_loss", "val_ssim"), values[:50]),
        "weights": 112001,
        "seconds": 30.0,
        "finished": "2026-11-23T10:00:00+00:00",
        "made_with": made_with,
    }


def _many(count: int, *, first: int = 0) -> list:
    common = {"dataset": "brain", "noise": "gaussian p=0.5 sigma=1", "n_train": 300, "network": "cnn_dae"}
    return grid(**common, seed=list(range(first, first + count)))


def _measure_once(config) -> float:
    return measuring.measure(config)["seconds"]


@contextmanager
def _cluster(folder: Path, workers: int):
    """A scheduler in a process of its own, and all workers in another one."""
    file = folder / "scheduler.json"
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    scheduler += ["--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file)]
    many = [sys.executable, __file__, "--serve", str(file), str(workers)]
    started = []
    try:
        started.append(subprocess.Popen(scheduler, stderr=subprocess.DEVNULL))
        while not file.exists():
            time.sleep(0.1)
        started.append(subprocess.Popen(many, stderr=subprocess.DEVNULL))
        yield started[0].pid, file
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


async def _serve(file: str, count: int) -> None:
    local = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0", "memory_limit": 0}
    serving = [Worker(scheduler_file=file, nthreads=1, name=f"worker {i}", **local) for i in range(count)]
    await asyncio.gather(*serving)
    await asyncio.gather(*(worker.finished() for worker in serving))


def _mebibytes(process: int) -> float:
    return psutil.Process(process).memory_info().rss / 2**20


def _timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
