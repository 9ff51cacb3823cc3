"""What several tests need: a web server on this machine, a set on it, and a process that an interrupt can reach."""

import hashlib
import io
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest


class Handler(BaseHTTPRequestHandler):
    """Answers as `server.answers` says: content, a status, or a function of this handler; else 404."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        answer = self.server.answers.get(self.path, 404)
        if callable(answer):
            answer(self)
        elif isinstance(answer, int):
            self.send(b"<html>sorry</html>", status=answer)
        else:
            self.send(answer)

    def send(self, content, *, status=200, upto=None):
        """Send what is asked for of `content`; break off after `upto` bytes of it."""
        wanted, first = self.headers.get("Range"), 0
        if wanted and status == 200:
            first = int(wanted.removeprefix("bytes=").rstrip("-"))
            status = 206 if first < len(content) else 416
        content = content[first:]
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{first + len(content) - 1}/{first + len(content)}")
        self.end_headers()
        self.wfile.write(content[:upto])
        self.wfile.flush()

    def log_message(self, *args):
        pass


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory, monkeypatch):
    """No test finds or leaves prepared images in the user's own cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def home(tmp_path_factory, monkeypatch):
    """Where data is kept: a folder that is not there yet."""
    place = tmp_path_factory.mktemp("home") / "data"
    monkeypatch.setenv("CDAE_DATA_DIR", str(place))
    return place


@pytest.fixture
def server(monkeypatch):
    """A web server on this machine; `asked` holds the paths, and ranges, that it was asked for."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.answers, running.asked, running.ended = {}, [], threading.Event()
        running.address = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, args=[0.02])
        thread.start()
        yield running
        running.ended.set()  # for answers that wait
        running.shutdown()
        thread.join()


@pytest.fixture
def breast(server, monkeypatch):
    """BreastMNIST at 28 and 64 pixels as `server` has it."""
    from cdae_lessons.datasets import medmnist

    entry = dict(medmnist.info()["breastmnist"])
    for suffix, side in (("", 28), ("_64", 64)):
        stream = io.BytesIO()
        np.savez(stream, **{part: np.full((4, side, side), 100, np.uint8) for part in medmnist.PARTS})
        path = f"/breastmnist{suffix}.npz"
        server.answers[f"{path}?download=1"] = stream.getvalue()
        checksum = hashlib.md5(stream.getvalue(), usedforsecurity=False).hexdigest()
        entry |= {f"url{suffix}": f"{server.address}{path}?download=1", f"MD5{suffix}": checksum}
    monkeypatch.setattr(medmnist, "info", lambda: {"breastmnist": entry})
    return entry


@pytest.fixture
def interruptible():
    """A process started in the background by a shell ignores SIGINT, and so would Python."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def style():
    """Call it to have a style of one's own, which no picture of a lab or study may show."""
    from matplotlib import rc_context, rcParams, style

    with rc_context():

        def use():
            style.use("dark_background")
            rcParams.update({"image.origin": "lower", "text.usetex": True, "font.size": 30})

        yield use
