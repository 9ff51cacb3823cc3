"""The network lab: what its networks see, runs that become points, and settings that it refuses."""

import time

import numpy as np
import pytest

from cdae_lessons import InputError, models, training, widgets
from cdae_lessons.widgets import network
from cdae_lessons.widgets.network import Result

pytestmark = pytest.mark.trains


def discs(count, size=16, seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    centres, radii = rng.uniform(5, 11, (count, 2, 1, 1)), rng.uniform(2, 5, (count, 1, 1))
    distance = np.hypot(y - centres[:, 0], x - centres[:, 1])
    return (1 / (1 + np.exp(2 * (distance - radii)))).astype(np.float32)


TRAIN, VALIDATION = discs(40), discs(30, seed=1)


@pytest.fixture
def lab():
    made = widgets.network_lab(TRAIN, VALIDATION)
    made.controls["steps"].value = 60
    assert made.wait()
    yield made
    made.close()
    assert made.wait()


def test_it_begins_with_the_papers_network(lab):
    paper = models.cnn_dae(16)
    assert f"{paper.count_params():,} weights" in lab.text.value
    built = network.build(lab.settings, 16)
    assert [each.shape for each in built.get_weights()] == [each.shape for each in paper.get_weights()]


def test_fewer_poolings_see_less(lab):
    shown = []
    for depth in (1, 2):
        lab.controls["depth"].value = depth
        assert lab.wait()
        shown.append(lab.text.value)
    assert "10×10 of 16×16" in shown[0]
    assert "16×16 of 16×16" in shown[1]


def test_each_finished_run_is_a_point_and_is_not_trained_twice(lab, monkeypatch):
    trained = []
    real = network.background.follow

    def follow(model, *given, **how):
        trained.append((model.count_params(), how["loss"], how["steps"]))
        return real(model, *given, **how)

    monkeypatch.setattr(network.background, "follow", follow)
    for skips in (False, True, False):
        lab.controls["skips"].value = skips
        assert lab.wait()
        lab.train()
        assert lab.wait()
    assert trained == [(112_001, "mse", 60)] * 2
    assert "there already" in lab.message.value
    assert [*lab.results] == [(2, False, False, 0.05, 60), (2, True, False, 0.05, 60)]
    noisy = training.validation_noise(lab.validation, network._corruption(0.05))
    inside = lab._inside(training.denoise(lab.model, noisy))
    assert lab.results[2, True, False, 0.05, 60] == Result(pytest.approx(inside), pytest.approx(lab._inside(noisy)))
    assert "2 poolings, skips, 60 steps, at σ = 0.05" in lab.text.value
    lab.controls["residual"].value = True
    assert lab.wait()
    assert "Press Train for the new settings." in lab.message.value
    lab.reset()
    assert lab.wait()
    assert lab.results == {}
    assert lab.settings == {"depth": 2, "level": 0.05, "steps": 240, "skips": False, "residual": False}


def test_a_run_that_was_stopped_leaves_no_point(lab):
    lab.controls["steps"].box.max = lab.controls["steps"].slider.max = lab.controls["steps"].value = 10**6
    lab.train()
    end = time.monotonic() + 300
    while lab.moment is None:
        assert time.monotonic() < end
        time.sleep(0.005)
    lab.stop()
    assert lab.wait()
    assert "no point" in lab.message.value
    assert lab.results == {}


@pytest.mark.parametrize(
    ("train", "validation", "said"),
    [
        (TRAIN[:1], VALIDATION, "at least 2 training images"),
        (TRAIN, discs(9, 20), "one size; received 16 and 20 pixels"),
        (np.zeros((6, 68, 68), np.float32), VALIDATION, "from 16 to 64"),
        (TRAIN, np.zeros((6, 16, 20), np.float32), "square"),
    ],
)
def test_images_that_cannot_be_used_are_refused(train, validation, said):
    with pytest.raises(InputError, match=said):
        widgets.network_lab(train, validation)


def test_images_of_20_pixels_can_be_halved_twice():
    lab = widgets.network_lab(discs(4, 20), discs(2, 20))
    assert lab.controls["depth"].box.max == 2
    lab.close()
