"""Studies on a real Dask scheduler with two worker processes: the same results, and what survives kill -9."""

import inspect
import os
import re
import subprocess
import sys
import time
from collections import Counter

import pandas as pd
import pytest

from cdae_lessons import InputError
from cdae_lessons.studies import cluster, running
from cdae_lessons.studies.configuration import grid
from cdae_lessons.studies.networks import RIVALS

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install distributed")

SMALL = {
    "dataset": "brain",
    "noise": "gaussian p=0.5 sigma=1",
    "n_train": 6,
    "network": "dense_autoencoder",
    "epochs": "4 steps",
    "size": 16,
}


def work_in(folder):
    """Work that trains nothing: it notes each call, kills its worker, or waits, as files in `folder` ask it to."""

    def work(config):  # sent to the workers as it stands, which cannot import this module
        import os
        import signal
        import time
        from dataclasses import asdict
        from pathlib import Path

        here = Path(folder)
        with (here / "calls.txt").open("a", encoding="utf-8") as calls:
            calls.write(f"{config.seed}\n")
        if (here / f"kill {config.seed}").exists():
            (here / f"kill {config.seed}").unlink()
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        until = time.monotonic() + 600
        while config.seed >= 4 and (here / "hold").exists() and time.monotonic() < until:
            time.sleep(0.01)
        return {
            "config": asdict(config),
            "code": config.code,
            "scores": {name: [config.seed / 10] for name in ("ssim", "psnr", "ssim_body")},
            "subjects": [0],
            "weights": 0,
            "seconds": 0.0,
            "finished": "2026-11-23T10:00:00+00:00",
            "made_with": {"device": "CPU"},
        }

    return work


CLIENT = """
import sys
from cdae_lessons.studies import cluster, running
from cdae_lessons.studies.configuration import grid

{work_in}

if __name__ == "__main__":
    address, folder, axes = sys.argv[1:]
    with cluster.connect(scheduler=address) as client:
        work = work_in(folder)
        running.run(grid(**eval(axes)), store=folder, client=client, with_rivals=False, progress=False, work=work)
"""


SCRIPTS = {
    "unguarded": ("start()\n", False),
    "in a function": ("def main():\n    start()\n\nmain()\n", False),
    "guarded": ('if __name__ == "__main__":\n    start()\n', True),
    "guarded function": ('def main():\n    start()\n\nif "__main__" == __name__:\n    main()\n', True),
    "guarded by an early end": ('if __name__ != "__main__":\n    raise SystemExit\nstart()\n', True),
    "guarded too late": ('start()\nif __name__ == "__main__":\n    pass\n', False),
}


@pytest.mark.parametrize("kind", SCRIPTS)
def test_a_script_that_workers_would_run_again_is_told_in_one_sentence(kind, tmp_path):
    text, good = SCRIPTS[kind]
    script = tmp_path / "script.py"
    start = (
        "from cdae_lessons.studies import cluster\n"
        "cluster._cluster = lambda *_: exit('workers')\n"
        "def start():\n"
        "    with cluster.connect(workers=1): pass\n"
    )
    script.write_text(start + text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, encoding="utf-8", check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))},
    )  # fmt: skip
    assert done.returncode == 1
    if good:
        assert done.stderr.strip() == "workers"
    else:
        last = done.stderr.strip().splitlines()[-1]
        assert re.search(
            r"InputError: Each worker runs .*script\.py again .*below a line:  if __name__ == .__main__.:$", last
        )
        assert len(done.stderr.splitlines()) < 20


@pytest.fixture(scope="module")
def client():
    with cluster.connect(workers=2, memory="4GiB") as client:
        client.wait_for_workers(2, timeout=600)
        yield client


@pytest.fixture
def eight():
    return SMALL | {"seed": list(range(8))}


def stored_in(folder):
    """The stored results; what begins with a dot was being written when its process was killed."""
    return list(folder.glob("[!.]*.json"))


def calls(folder):
    return Counter(map(int, (folder / "calls.txt").read_text(encoding="utf-8").split()))


def wait_until(condition):
    until = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < until, "it did not come to this within ten minutes"
        time.sleep(0.01)


@pytest.mark.trains
def test_two_workers_give_the_results_of_one_process(client, tmp_path):
    networks = ["dense_autoencoder", "conv_autoencoder"]
    configs = grid(**SMALL | {"network": networks, "n_train": 5, "seed": [0, 1]})
    there = running.run(configs, store=tmp_path / "there", client=client, progress=False)
    here = running.run(configs, store=tmp_path / "here", progress=False)
    own = ["seconds", "finished", "device"]
    # Two processes may take different kernels of torch: .00013 dB apart where it was seen, two seeds .1 dB.
    pd.testing.assert_frame_equal(there.drop(columns=own), here.drop(columns=own), atol=2e-3)
    assert abs(there["psnr"].iloc[0] - there["psnr"].iloc[1]) > 0.02  # seeds are told apart
    names = {path.name for path in (tmp_path / "here").iterdir()}
    assert {path.name for path in (tmp_path / "there").iterdir()} == names
    assert len(names) == 4 + len(RIVALS)


def test_a_killed_worker_s_run_is_done_again(client, eight, tmp_path):
    (tmp_path / "kill 2").touch()
    work = work_in(str(tmp_path))
    how = {"store": tmp_path, "client": client, "with_rivals": False, "progress": False}
    table = running.run(grid(**eight), work=work, **how)
    assert list(table["seed"]) == list(range(8))
    assert len(stored_in(tmp_path)) == 8
    assert calls(tmp_path)[2] == 2
    before = calls(tmp_path)
    running.run(grid(**eight), work=work, **how)
    assert calls(tmp_path) == before
    client.wait_for_workers(2, timeout=600)  # the nanny started another one


def test_after_a_killed_client_only_the_rest_is_done(client, eight, tmp_path):
    (tmp_path / "hold").touch()
    script = tmp_path / "client.py"
    script.write_text(CLIENT.format(work_in=inspect.getsource(work_in)), encoding="utf-8")
    arguments = [client.scheduler.address, str(tmp_path), repr(eight)]
    with subprocess.Popen([sys.executable, str(script), *arguments]) as other:
        try:
            wait_until(lambda: len(stored_in(tmp_path)) == 4 and set(calls(tmp_path)) & {4, 5, 6, 7})
        finally:
            other.kill()  # -9, in the middle of the fifth run
    stored = {path.name: path.stat().st_mtime_ns for path in stored_in(tmp_path)}
    (tmp_path / "hold").unlink()
    work = work_in(str(tmp_path))
    how = {"store": tmp_path, "client": client, "with_rivals": False, "progress": False}
    table = running.run(grid(**eight), work=work, **how)
    assert list(table["seed"]) == list(range(8))
    assert not table.duplicated(["seed"]).any()
    assert len(stored_in(tmp_path)) == 8
    assert {seed: calls(tmp_path)[seed] for seed in range(4)} == dict.fromkeys(range(4), 1)
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in stored} == stored


def test_an_interrupt_takes_the_rest_off_the_scheduler(client, eight, tmp_path, monkeypatch):
    (tmp_path / "hold").touch()
    real, written = running.write, []

    def write(*given):
        real(*given)
        written.append(given)
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(running, "write", write)
    work = work_in(str(tmp_path))
    how = {"store": tmp_path, "client": client, "with_rivals": False, "progress": False}
    with pytest.raises(KeyboardInterrupt):
        running.run(grid(**eight), work=work, **how)
    wait_until(lambda: not [key for key in client.futures if key.startswith("cdae-")])
    (tmp_path / "hold").unlink()
    monkeypatch.undo()
    assert len(running.run(grid(**eight), work=work, **how)) == 8
    done_twice = [seed for seed, count in calls(tmp_path).items() if count > 1]
    stored = {given[2]["config"]["seed"] for given in written}
    assert not stored & set(done_twice)


def test_a_run_that_fails_on_a_worker_is_told(client, eight, tmp_path):
    def work(config):
        from cdae_lessons import InputError

        msg = "no such images"
        raise InputError(msg)

    # Else the scheduler may answer with results of the test before, whose runs have the same names.
    wait_until(lambda: not client.run_on_scheduler(lambda dask_scheduler: [*dask_scheduler.tasks]))
    with pytest.raises(InputError, match="8 of 8 runs failed.*no such images"):
        running.run(grid(**eight), store=tmp_path, client=client, with_rivals=False, progress=False, work=work)


def test_workers_have_one_thread_each_and_listen_here_alone(client):
    import psutil

    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    assert [worker["nthreads"] for worker in workers] == [1, 1]
    assert {worker["memory_limit"] for worker in workers} == {4 * 2**30}
    asked = ("OMP_NUM_THREADS", "KERAS_BACKEND")
    for found in client.run(lambda: [os.environ[name] for name in asked]).values():
        assert found == [os.environ.get("OMP_NUM_THREADS", "1"), os.environ["KERAS_BACKEND"]]
    me = psutil.Process()
    listening = {
        connection.laddr.ip
        for process in (me, *me.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_each_worker_has_one_of_the_gpus(monkeypatch):
    given = {}
    monkeypatch.setattr(distributed, "SpecCluster", lambda workers, *_, **__: given.update(workers))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    cluster._cluster(3, "auto")
    assert [worker["options"]["env"] for worker in given.values()] == [
        {"CUDA_VISIBLE_DEVICES": name} for name in ("4", "7", "4")
    ]
    assert {worker["options"]["memory_limit"] for worker in given.values()} == {1 / 3}  # a share of all memory
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    cluster._cluster(1, "auto")
    assert given[0]["options"]["env"] == {}


def test_wrong_addresses_and_numbers_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    for address in ("tcp://127.0.0.1:1", "nonsense://"):
        with pytest.raises(InputError, match="No Dask scheduler answers at"), cluster.connect(scheduler=address):
            pass
    missing = str(tmp_path / "none.json")
    with pytest.raises(InputError, match="no scheduler file.*none.json"), cluster.connect(scheduler=missing):
        pass
    with pytest.raises(InputError, match="workers.*>= 1"), cluster.connect(workers=0):
        pass
    with pytest.raises(InputError, match="not both"), cluster.connect(workers=1, scheduler="tcp://127.0.0.1:1"):
        pass
