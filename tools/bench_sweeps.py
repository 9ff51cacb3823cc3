"""How well do studies scale? ``make bench-sweeps``: a table and results/bench_sweeps.json.

Three questions: how much faster are two workers than one process, in one-threaded trainings; how much does Dask add to
a run; and what would 10,000 runs on 100 workers cost beside the trainings? In the last, a stand-in answers at once with
a result of the usual size, and all workers share one process: what is measured is an upper bound.
The machine should be idle.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # before anything that computes is imported

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

TRAININGS, STEPS = 8, 600  # of the throughput
TASKS = 300  # of the overhead
RUNS, WORKERS = 10_000, 100  # of the simulation
STUDY = {"dataset": "brain", "noise": "gaussian p=0.5 sigma=1", "network": "cnn_dae"}
run = partial(running.run, with_rivals=False, progress=False)


def main() -> None:
    """Measure, print and write."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        found = throughput(folder) | overhead(folder) | simulation(folder)
    for name, value in found.items():
        print(f"{name:34s} {value:10.3f}")
    path = Path("results/bench_sweeps.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found | backend.describe(), indent=1), encoding="utf-8")
    print(f"Written to {path}.")


def throughput(folder: Path) -> dict[str, float]:
    """Seconds of the same trainings in this process and on two workers, each after a first one to import and load."""
    warm = grid(**STUDY, size=32, n_train=30, epochs="2 steps", seed=list(range(4)))
    real = grid(**STUDY, size=32, n_train=30, epochs=f"{STEPS} steps", seed=list(range(TRAININGS)))
    run(warm, store=folder / "warm")
    serial = _timed(lambda: run(real, store=folder / "serial"))
    with cluster.connect(workers=2) as client:
        client.wait_for_workers(2)
        client.run(_measure_once, warm[0])
        parallel = _timed(lambda: run(real, store=folder / "parallel", client=client))
    return {"serial_s": serial, "two_workers_s": parallel, "two_workers_vs_serial": serial / parallel}


def overhead(folder: Path) -> dict[str, float]:
    """Milliseconds that a run costs on two workers beside its training."""
    configs, work = _many(TASKS), partial(stand_in, made_with=backend.describe())
    with cluster.connect(workers=2) as client:
        client.wait_for_workers(2)
        run(_many(4, first=TASKS), store=folder / "first", client=client, work=work)
        seconds = _timed(lambda: run(configs, store=folder / "over", client=client, work=work))
    return {"overhead_ms_a_run": 1000 * seconds / TASKS}


def simulation(folder: Path) -> dict[str, float]:
    """A large study with stand-ins: time, files and memory."""
    configs, store = _many(RUNS), folder / "many"
    work = partial(stand_in, made_with=backend.describe())
    with _cluster(folder) as (scheduler, file), cluster.connect(scheduler=str(file)) as client:
        client.wait_for_workers(WORKERS, timeout=120)
        run(_many(4, first=RUNS), store=folder / "few", client=client, work=work)
        before = _mebibytes(os.getpid()), _mebibytes(scheduler)
        seconds = _timed(lambda: run(configs, store=store, client=client, work=work))
        after = _mebibytes(os.getpid()), _mebibytes(scheduler)
    found = {"runs": RUNS, "workers": WORKERS, "runs_ms_each": 1000 * seconds / RUNS}
    found["store_MiB"] = sum(path.stat().st_size for path in store.iterdir()) / 2**20
    for name, first, last in zip(("client", "scheduler"), before, after, strict=True):
        found |= {f"{name}_MiB": last, f"{name}_grew_MiB": last - first}
    found["load_s"] = _timed(lambda: summary.runs(every(store)))
    return found | {"resume_s": _timed(lambda: run(configs, store=store))}


def stand_in(config, *, made_with: dict[str, str]) -> dict:
    """A result of the usual size, at once."""
    values = [round(0.5 + config.seed % 97 / 1000 + i / 1000, 5) for i in range(100)]
    scores = dict.fromkeys(("ssim", "ssim_body", "ssim_range2"), values) | {"psnr": [20 + value for value in values]}
    history = dict.fromkeys(("epoch", "loss", "val_loss", "val_ssim"), values[:50])
    result = {"config": asdict(config), "code": config.code, "scores": scores, "subjects": list(range(100))}
    result |= {"history": history, "weights": 112001, "seconds": 30.0, "made_with": made_with}
    return result | {"finished": "2026-11-23T10:00:00+00:00"}


def _many(count: int, *, first: int = 0) -> list:
    return grid(**STUDY, n_train=300, seed=list(range(first, first + count)))


def _measure_once(config) -> float:
    return measuring.measure(config)["seconds"]


@contextmanager
def _cluster(folder: Path):
    """A scheduler in a process of its own, and all workers in another one."""
    file = folder / "scheduler.json"
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    scheduler += ["--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file)]
    many = [sys.executable, __file__, str(file)]
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


async def _serve(file: str) -> None:
    local = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0", "memory_limit": 0}
    serving = [Worker(scheduler_file=file, nthreads=1, name=f"worker {i}", **local) for i in range(WORKERS)]
    await asyncio.gather(*serving)
    await asyncio.gather(*(worker.finished() for worker in serving))


def _mebibytes(process: int) -> float:
    return psutil.Process(process).memory_info().rss / 2**20


def _timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(_serve(sys.argv[1]))
    else:
        main()
