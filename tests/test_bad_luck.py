"""Interrupts, kills, full disks, odd clocks, languages and folder names: what was kept is whole, and work goes on."""

import _thread
import itertools
import json
import locale
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cdae_lessons import InputError, models, noise, training
from cdae_lessons.datasets import DataNotice, load, prepared
from cdae_lessons.datasets.download import Source, download
from cdae_lessons.studies import paper, sides

ROOT = Path(__file__).parents[1]
NOISE = partial(noise.gaussian, p=0.3, sigma=1)
FOLDER = "내 폴더, été"


@pytest.fixture
def images():
    return load("brain", n=24, size=16).images


# Interrupts


@pytest.mark.trains
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("count", [5, pytest.param(50, marks=pytest.mark.launch)])
def test_an_interrupt_at_any_moment_leaves_a_network_that_works(count, images, tmp_path):
    fit = partial(training.fit, clean=images[:18], corrupt=NOISE, recipe="fast", validation=images[18:], progress=False)
    fit(models.conv_autoencoder(16, filters=(8,)), epochs=2)  # what only the first call does
    whole = fit(models.conv_autoencoder(16, filters=(8,)), epochs=8)
    step = whole.seconds / (8 * 4)
    for seed in range(count):
        model = models.conv_autoencoder(16, filters=(8,))
        steps = np.random.default_rng(seed).uniform(0, 8 * 4)
        # what Ctrl-C and the kernel's interrupt button do
        timer = threading.Timer(steps * step, _thread.interrupt_main)

        def watch(state, timer=timer):
            if state["step"] == 1:
                timer.start()  # so it never comes before the first step, nor, in a training so long, after the last

        assert fit(model, epochs=10_000, watch=watch).stopped == "interrupted"
        timer.join()
        assert all(np.isfinite(weights).all() for weights in model.get_weights())
        assert np.isfinite(training.denoise(model, images)).all()
        assert fit(model, epochs=1).stopped == "finished"
        assert training.load(training.save(model, tmp_path / "net.keras")).count_params() == model.count_params()


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_that_a_library_would_swallow_ends_the_training_all_the_same(images):
    before, calls = signal.getsignal(signal.SIGINT), itertools.count()

    def corrupt(images, *, rng):
        if next(calls) == 7:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:  # Keras does so where it looks at a layer's inputs
                pytest.fail("The interrupt came in the midst of a step.")
        return images

    model = models.conv_autoencoder(16, filters=(8,))
    history = training.fit(model, images, corrupt, recipe="fast", epochs=50, progress=False)
    assert history.stopped == "interrupted"
    assert len(history.table) == 1  # 5 steps, and the first call was to try it
    assert signal.getsignal(signal.SIGINT) is before


REPRODUCE = """
import sys
import numpy as np
from cdae_lessons.studies import paper, sides
from cdae_lessons.datasets import load

brains = load("brain", n=24, size=16)
sides.datasets.load = lambda name, **_: brains
paper.SIZE, paper.BASELINES = 16, ("noisy", "median_3x3", "gaussian")
paper.reproduce("brain", noises="gaussian p=0.5 sigma=1", steps=40, seeds=4, out=sys.argv[1])
"""


def reproduce(out):
    return subprocess.Popen([sys.executable, "-c", REPRODUCE, str(out)], stdout=subprocess.DEVNULL)


@pytest.mark.launch
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9")
def test_an_experiment_that_is_killed_again_and_again_comes_to_the_same_end(tmp_path):
    with reproduce(tmp_path / "whole") as process:
        assert process.wait(1200) == 0
    out, pause = tmp_path / "killed", threading.Event()
    for parts in (0, 1, 2, 4, 6):
        with reproduce(out) as process:
            while process.poll() is None and len(list(out.glob("runs/*.json"))) <= parts:
                pause.wait(0.002)
            process.kill()
    with reproduce(out) as process:
        assert process.wait(1200) == 0
    whole, killed = (pd.read_csv(place / "scores.csv").drop(columns="seconds") for place in (tmp_path / "whole", out))
    pd.testing.assert_frame_equal(whole, killed, rtol=1e-4)
    assert not list(out.rglob("*.bad"))
    assert not list(out.rglob("*.part"))
    for model in out.glob("models/*.keras"):
        training.load(model)


# Disks


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.launch
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
def test_a_full_disk(small_disk, server, monkeypatch):
    content = bytes(3 * 2**20)
    server.answers["/a"] = content
    source = Source(f"{server.address}/a", None, 2**30, "none", "d1dd210d6b1312cb342b56d02bd5e651")
    with pytest.raises(InputError, match="a cannot be written: No space left on device"):
        download(source, small_disk / "a")
    assert not (small_disk / "a").exists()
    with pytest.raises(InputError, match="No space left on device|Cannot write"):
        training.save(models.dense_autoencoder(64), small_disk / "net.keras")
    assert not list(small_disk.glob("*.keras"))
    monkeypatch.setenv("CDAE_DATA_DIR", str(small_disk))
    monkeypatch.setattr(prepared, "user_cache", lambda: small_disk)
    with pytest.warns(DataNotice, match="No space left on device"):
        assert len(load("brain", n=200)) == 200
    subprocess.run(["mount", "-o", "remount,size=5m", str(small_disk)], check=True)
    assert download(source, small_disk / "a").read_bytes() == content
    assert server.asked[-1][1] is not None  # it went on where it had stopped


# Clocks


def test_a_clock_that_was_never_set(images, tmp_path, monkeypatch):
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(time, "time", lambda: 0.0)  # 1970, which ZIP files cannot say
    assert len(load("brain", n=200, size=16)) == 200
    with pytest.raises(InputError, match="1980"):
        training.save(models.conv_autoencoder(16, filters=(8,)), tmp_path / "net.keras")
    assert not list(tmp_path.glob("*.keras"))


@pytest.mark.parametrize("when", [0, 10**10], ids=["1970", "2286"])
def test_files_of_another_time_are_read(when, tmp_path, monkeypatch):
    monkeypatch.setenv("CDAE_DATA_DIR", str(tmp_path / "home"))
    (tmp_path / "x").mkdir()
    for value in (100, 200):
        Image.linear_gradient("L").point(lambda level, value=value: level * value // 255).save(tmp_path / "x" / "a.png")
        os.utime(tmp_path / "x" / "a.png", (when, when + value))
        assert load(f"folder:{tmp_path / 'x'}", size=16).images.max() == pytest.approx(value / 255, abs=0.03)


# Languages and folder names


@pytest.mark.parametrize(
    ("language", "encoding"), [("C", "utf-8"), ("tr_TR.UTF-8", "utf-8"), ("ko_KR.EUC-KR", "euc-kr")]
)
def test_other_languages(language, encoding, tmp_path):
    try:
        before = locale.setlocale(locale.LC_ALL)
        locale.setlocale(locale.LC_ALL, language)
        locale.setlocale(locale.LC_ALL, before)
    except locale.Error:
        pytest.skip(f"{language} is not installed")
    place, image, data = (os.fsdecode(name.encode(encoding)) for name in ("내 폴더", "가.PNG", "자료"))  # as there
    place = tmp_path / place
    place.mkdir()
    Image.new("L", (16, 16), 100).save(place / image)
    code = (
        "import sys; from cdae_lessons import datasets; from cdae_lessons.__main__ import main\n"
        "cohort = datasets.load('folder:' + sys.argv[1], size=16)\n"
        "assert cohort.subjects.tolist() == [sys.argv[2]]\n"
        "sys.exit(main(['doctor']))"
    )
    environment = os.environ | {"LC_ALL": language, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    environment |= {"CDAE_DATA_DIR": str(place / data), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run([*command, str(place), image], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"Everything needed is here." in done.stdout


@pytest.mark.trains
def test_folders_with_spaces_and_other_letters(images, server, tmp_path, monkeypatch):
    place = tmp_path / FOLDER
    monkeypatch.setenv("CDAE_DATA_DIR", str(place / "자료"))
    assert len(load("brain", n=200, size=16)) == 200
    assert len(list((place / "자료" / "prepared").iterdir())) == 1
    server.answers["/a"] = b"content"
    assert download(Source(f"{server.address}/a", None, 99, "none", None), place / "파일").read_bytes() == b"content"
    path = training.save(models.conv_autoencoder(16, filters=(8,)), place / "그물.keras", scores={"ssim": 0.5})
    assert training.load(path).input_shape == (None, 16, 16)
    assert training.info(path)["scores"] == {"ssim": 0.5}
    (place / "환자 1").mkdir()
    for name in ("가 1.png", "나.tif", "été.jpg"):
        Image.linear_gradient("L").save(place / "환자 1" / name)
    cohort = load(f"folder:{place}", size=16)
    assert cohort.subjects.tolist() == ["환자 1"] * 3
    assert str(place) in cohort.source
    monkeypatch.setattr(sides.datasets, "load", lambda name, **_: load("brain", n=24, size=16))
    monkeypatch.setattr(paper, "SIZE", 16)
    monkeypatch.setattr(paper, "BASELINES", ("noisy", "median_3x3"))
    paper.reproduce("brain", noises="gaussian p=0.5 sigma=1", steps=2, out=place / "결과", progress=False)
    part = next((place / "결과" / "runs").glob("*.json"))
    assert json.loads(part.read_text(encoding="utf-8"))["config"]["dataset"] == "brain"
