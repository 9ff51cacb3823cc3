"""``python -OO`` takes docstrings and assertions away: nothing may need them."""

import os
import pkgutil
import subprocess
import sys

import pytest

import cdae_lessons

WORK = """
import sys
import cdae_lessons
from cdae_lessons import datasets, metrics, models, noise, plotting, scanners, studies, training, widgets
from cdae_lessons.__main__ import main
from cdae_lessons.studies import code

assert cdae_lessons.__doc__ is None or 1 / 0
images = datasets.load("phantoms", n=8, size=16)
noisy = noise.gaussian(images, p=0.2, rng=0)
model = models.conv_autoencoder(16, filters=(4,))
history = training.fit(model, images.images[:6], noise.gaussian, recipe="fast", steps=2, validation=images.images[6:])
path = training.save(model, sys.argv[1] + "/a.keras", history=history)
denoised = training.denoise(training.load(path), noisy)
table = metrics.compare(images.images, {"noisy": noisy, "CNN DAE": denoised}, data_range=1)
for figure in (plotting.show({"noisy": noisy}), plotting.scores(table), plotting.architecture(model)):
    figure._repr_mimebundle_()
scanners.low_dose_ct(images, rng=0)
lab = widgets.noise_lab(images)
lab.wait() and print("lab" + lab.message.value)
common = {"noise": "gaussian p=0.5 sigma=1", "n_train": 4, "epochs": "2 steps", "size": 16}
for config in studies.grid(dataset="phantoms", network=["dense_autoencoder", "tv"], **common):
    studies.measure(config)
print(code.version("brain"))
raise SystemExit(main(["doctor"]))
"""


def optimised(*arguments):
    return subprocess.run(
        [sys.executable, "-OO", *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.trains
def test_the_course_works_without_docstrings(tmp_path):
    from cdae_lessons.studies import code

    done = optimised("-c", WORK, str(tmp_path))
    assert done.returncode == 0, done.stderr
    first, second, *_ = done.stdout.splitlines()
    assert (first, second) == ("lab", code.version("brain"))  # results of either are those of the other
    assert "Everything needed is here." in done.stdout


@pytest.mark.parametrize("command", [[], ["sweep"], ["search"], ["reproduce"], ["fetch"]])
def test_every_command_has_its_help(command):
    done = optimised("-m", "cdae_lessons", *command, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: python -m cdae_lessons")


def test_every_module_can_be_imported():
    modules = [module.name for module in pkgutil.walk_packages(cdae_lessons.__path__, "cdae_lessons.")]
    done = optimised("-c", "\n".join(f"import {name}" for name in modules))
    assert done.returncode == 0, done.stderr
