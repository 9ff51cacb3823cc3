"""Downloads over bad networks, from servers that misbehave, by many at once, and to disks that are full."""

import errno
import hashlib
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from samples import everything

from cdae_lessons.datasets import download as downloading
from cdae_lessons.datasets.download import Source, download
from cdae_lessons.errors import InputError

CONTENT = np.random.default_rng(0).bytes(3 * 2**20)
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
PIECE = 2**17  # two of the pieces that are read at a time
NOWHERE = "http://127.0.0.1:9/file.npz"  # the discard port: nothing listens


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """No waiting between attempts; what would have been waited for."""
    waited = []
    monkeypatch.setattr(downloading.time, "sleep", waited.append)
    return waited


@pytest.fixture
def source(server):
    server.answers["/a"] = CONTENT
    return Source(f"{server.address}/a", None, 2 * len(CONTENT), "none", MD5)


def test_it_makes_folders_and_leaves_one_file(source, tmp_path):
    target = tmp_path / "x" / "y" / "a"
    assert download(source, target) == target
    assert target.read_bytes() == CONTENT
    assert everything(tmp_path) == ["a"]


def test_what_is_there_is_not_downloaded_again_and_what_is_damaged_is(source, server, tmp_path):
    (tmp_path / "a").write_bytes(b"damaged")
    for _ in range(2):
        download(source, tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_progress_is_shown_in_mib(source, tmp_path, monkeypatch):
    steps = []

    class Shown:
        def update(self, count):
            steps.append(count)

    class Bar:
        def __init__(self, total, *, label):
            steps.append((total, label))

        def __enter__(self):
            return Shown()

        def __exit__(self, *args):
            pass

    monkeypatch.setattr(downloading, "bar", Bar)
    download(source, tmp_path / "a")
    assert steps.pop(0) == (3, "a, MiB")
    assert sum(steps) == 3


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_told_at_once(status, source, server, tmp_path, pauses):
    server.answers["/a"] = status
    message = (
        rf"The server answered {status} to {source.address}\. Try again later\. "
        rf"Or fetch {source.address} yourself and put it into .* as a \(MD5 {MD5}\)"
    )
    with pytest.raises(InputError, match=message):
        download(source, tmp_path / "a")
    assert everything(tmp_path) == []
    assert len(server.asked) == 1
    assert pauses == []


def test_a_busy_server_is_asked_again_after_longer_and_longer_pauses(source, server, tmp_path, pauses):
    server.answers["/a"] = lambda handler: handler.send(CONTENT, status=503 if len(server.asked) < 4 else 200)
    assert download(source, tmp_path / "a").read_bytes() == CONTENT
    assert pauses == list(downloading.PAUSES) == sorted(pauses)


def test_a_server_that_stays_busy_is_given_up(source, server, tmp_path, pauses):
    server.answers["/a"] = 503
    with pytest.raises(InputError, match="The server answered 503"):
        download(source, tmp_path / "a")
    assert len(server.asked) == len(downloading.PAUSES) + 1


def test_a_web_page_instead_is_not_kept(source, server, tmp_path):
    server.answers["/a"] = b"<html>please log in</html>"
    with pytest.raises(InputError, match=rf"was not kept: it is damaged, .*its MD5 is [0-9a-f]{{32}}, not {MD5}"):
        download(source, tmp_path / "a")
    assert everything(tmp_path) == []


def test_the_mirror_is_asked_when_the_address_fails(source, server, tmp_path):
    mirrored = source._replace(address=f"{server.address}/gone", mirror=source.address)
    assert download(mirrored, tmp_path / "a").read_bytes() == CONTENT
    server.answers.clear()
    with pytest.raises(InputError, match=r"404 to .*gone\. .*404 to .*/a\. Try.* Or fetch .*gone, or .*/a,"):
        download(mirrored, tmp_path / "b")


@pytest.mark.parametrize("ranges", [True, False], ids=["resumes", "starts over"])
def test_a_connection_that_breaks_is_taken_up_again(ranges, source, server, tmp_path):
    def broken(handler):
        if not ranges:
            del handler.headers["Range"]  # a server that does not know of them
        handler.send(CONTENT, upto=2**20 if len(server.asked) == 1 else None)

    server.answers["/a"] = broken
    assert download(source, tmp_path / "a").read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, f"bytes={2**20}-"]
    assert everything(tmp_path) == ["a"]


def test_a_server_that_always_breaks_off_is_given_up_and_the_next_call_goes_on(source, server, tmp_path):
    server.answers["/a"] = lambda handler: handler.send(CONTENT, upto=PIECE)
    with pytest.raises(InputError, match="the connection broke"):
        download(source, tmp_path / "a")
    assert (tmp_path / ".a.part").read_bytes() == CONTENT[: 4 * PIECE]
    server.answers["/a"] = CONTENT
    assert download(source, tmp_path / "a").read_bytes() == CONTENT
    assert server.asked[-1] == ("/a", f"bytes={4 * PIECE}-")
    assert everything(tmp_path) == ["a"]


def test_a_stalling_server_is_left_and_asked_again(source, server, tmp_path, monkeypatch):
    def stalls(handler):
        first = len(server.asked) == 1
        if first:
            monkeypatch.setattr(downloading, "SILENCE", (600, 600))  # from now on, however slow this machine is
        handler.send(CONTENT, upto=PIECE if first else None)
        if first:
            server.ended.wait(600)

    monkeypatch.setattr(downloading, "SILENCE", (10, 0.2))
    server.answers["/a"] = stalls
    assert download(source, tmp_path / "a").read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, f"bytes={PIECE}-"]


@pytest.mark.parametrize("left", [b"of another file", CONTENT + b"more"], ids=["shorter", "longer"])
def test_what_is_left_of_another_file_does_no_harm(left, source, tmp_path):
    (tmp_path / ".a.part").write_bytes(left)
    assert download(source, tmp_path / "a").read_bytes() == CONTENT


def test_what_was_complete_before_the_end_came_is_taken(source, server, tmp_path):
    (tmp_path / ".a.part").write_bytes(CONTENT)
    assert download(source, tmp_path / "a").read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_an_endless_answer_is_cut_off(source, server, tmp_path):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while not server.ended.is_set():
                handler.wfile.write(bytes(2**16))
        except OSError:
            pass  # it was cut off

    server.answers["/a"] = endless
    with pytest.raises(InputError, match="was not kept"):
        download(source, tmp_path / "a")


def test_no_network_is_told_at_once(source, tmp_path, pauses):
    with pytest.raises(InputError, match=rf"{NOWHERE} could not be downloaded: no network.*Or fetch {NOWHERE}"):
        download(source._replace(address=NOWHERE), tmp_path / "a")
    assert pauses == []


def test_a_proxy_is_used(source, server, tmp_path, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", server.address)
    server.answers["http://far.away/a"] = CONTENT
    assert download(source._replace(address="http://far.away/a"), tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_read_only_folder(source, tmp_path, monkeypatch, code):
    def full(*args, **how):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(downloading, "bar", full)
    with pytest.raises(InputError, match=rf"a cannot be written: {os.strerror(code)}.*CDAE_DATA_DIR"):
        download(source, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_file_where_the_folder_should_be(source, tmp_path):
    (tmp_path / "folder").touch()
    with pytest.raises(InputError, match="cannot be written"):
        download(source, tmp_path / "folder" / "a")


def test_an_interrupt_keeps_the_beginning(source, server, tmp_path, monkeypatch):
    def interrupted(handler):
        handler.send(CONTENT, upto=PIECE)

    def sleep(_):
        raise KeyboardInterrupt

    server.answers["/a"] = interrupted
    monkeypatch.setattr(downloading.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        download(source, tmp_path / "a")
    assert (tmp_path / ".a.part").read_bytes() == CONTENT[:PIECE]
    assert not (tmp_path / "a").exists()


# Several processes

CODE = """
import sys
from pathlib import Path
from cdae_lessons.datasets.download import Source, download
print("ready", flush=True)
sys.stdin.read()
download(Source(sys.argv[1], None, 2**30, "none", sys.argv[3]), Path(sys.argv[2]))
"""


def start(source, target):
    """A process that downloads once its input is closed."""
    command = [sys.executable, "-c", CODE, source.address, str(target), source.md5]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command, text=True, **pipes)


@pytest.mark.parametrize("count", [3, pytest.param(16, marks=pytest.mark.launch)])
def test_of_many_processes_one_downloads_and_the_others_wait(count, source, server, tmp_path):
    running = [start(source, tmp_path / "a") for _ in range(count)]
    assert [process.stdout.readline() for process in running] == ["ready\n"] * count
    server.answers["/a"] = lambda handler: (server.ended.wait(1), handler.send(CONTENT))  # time for the others
    for process in running:
        process.stdin.close()
    said = [process.stderr.read() for process in running]
    assert [process.wait(600) for process in running] == [0] * count
    for process in running:
        process.stdout.close()
        process.stderr.close()
    assert len(server.asked) == 1
    assert set(said) <= {"", "Another process is downloading a; waiting for it.\n"}
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert everything(tmp_path) == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot remove a file that another holds, so filelock may try")
def test_the_lock_stays_for_others_to_find(source, server, tmp_path):
    download(source, tmp_path / "a")
    lock = tmp_path / ".a.lock"
    assert lock.is_file()
    (tmp_path / "a").unlink()
    held = lock.stat()
    download(source, tmp_path / "a")
    assert os.path.samestat(lock.stat(), held)  # one who waits for it holds the same as one who comes now


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9")
def test_a_process_that_is_killed_leaves_no_lock_and_the_next_goes_on(source, server, tmp_path):
    def half(handler):
        first = len(server.asked) == 1
        handler.send(CONTENT, upto=2**21 if first else None)
        if first:
            server.ended.wait(600)

    server.answers["/a"] = half
    part = tmp_path / ".a.part"
    with start(source, tmp_path / "a") as process:
        process.stdin.close()
        while process.poll() is None and not (part.exists() and part.stat().st_size == 2**21):
            server.ended.wait(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait(600)
    assert not (tmp_path / "a").exists()
    assert download(source, tmp_path / "a").read_bytes() == CONTENT
    assert server.asked[-1] == ("/a", f"bytes={2**21}-")
    assert everything(tmp_path) == ["a"]
