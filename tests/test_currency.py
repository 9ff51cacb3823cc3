"""One currency: every public function that takes images takes a cohort, and changes neither."""

import inspect
from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from cdae_lessons import denoisers, evidence, lesions, metrics, noise, plotting
from cdae_lessons.datasets import Cohort, load

SIGMA = {"sigma": 0.2}
NEEDED = {  # parameters without a default
    "gaussian": {"width": 1},
    "nl_means": SIGMA | {"h": 0.2, "patch_distance": 2},
    "tv": {"weight": 0.2},
    "wavelet": SIGMA,
    "bilateral": {"sigma_color": 0.5, "sigma_spatial": 1},
    "bm3d": SIGMA,
    "training_average": SIGMA,
}
FUNCTIONS = {
    **{f"noise.{name}": partial(function, rng=0) for name, function in noise.NOISES.items()},
    "metrics.score": lambda x: metrics.score(x, x, data_range=1),
    "metrics.compare": lambda x: metrics.compare(x, {"same": x}, data_range=1),
    "evidence.paired": lambda x: evidence.paired(x, {"this": x, "that": x}, against="this", data_range=1)[
        ["low", "high"]
    ],
    "metrics.ssim_parts": lambda x: metrics.ssim_parts(x, x, data_range=1),
    "metrics.body_mask": metrics.body_mask,
    "lesions.insert": lambda x: lesions.insert(x, centre=(8, 8)),
    "plotting.show": lambda x: plotting.show({"x": x}, clean=x),
    "plotting.error_map": lambda x: plotting.error_map(x, {"x": x}),
    "denoisers.tune": lambda x: denoisers.tune("median", x, x),
}
for name in denoisers.DENOISERS:
    FUNCTIONS[f"denoisers.denoise {name}"] = lambda x, name=name: denoisers.denoise(
        name, x, **NEEDED.get(name, {}), **({"images": x} if name == "training_average" else {})
    )


@pytest.fixture(scope="module")
def cohort():
    """Its images cannot be written to."""
    found = load("phantoms", n=3, size=16)
    found.images.flags.writeable = False
    return found


def plain(result):
    """A result as arrays."""
    if isinstance(result, Figure):
        return [image.get_array() for axes in result.axes for image in axes.images]
    if isinstance(result, pd.DataFrame):
        return [result.to_numpy()]
    return list(result.values()) if isinstance(result, dict) else list(result)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_cohort_does_as_well_as_its_images(name, cohort):
    of_cohort, of_images = plain(FUNCTIONS[name](cohort)), plain(FUNCTIONS[name](cohort.images))
    assert len(of_cohort) > 0
    for one, other in zip(of_cohort, of_images, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("module", [noise, metrics, denoisers, lesions, plotting])
def test_no_function_that_takes_images_is_forgotten(module):
    takes = {
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and any(
            parameter.name in ("images", "clean", "noisy", "columns") and parameter.annotation != "int"
            for parameter in inspect.signature(function).parameters.values()
        )
    }
    tested = {name.split()[0].partition(".")[2] for name in FUNCTIONS if name.startswith(module.__name__.split(".")[1])}
    tested |= {"bm3d", *denoisers.DENOISERS} if module is denoisers else set()  # called by `denoise`, which checks
    assert takes <= tested


def test_arithmetic_with_a_cohort_is_an_error(cohort):
    assert isinstance(cohort + cohort, Cohort)
    for wrong in (lambda: cohort + cohort.images, lambda: cohort.images - cohort):
        with pytest.raises(TypeError):
            wrong()


def test_an_array_of_a_cohort():
    found = load("phantoms", n=2, size=16)
    assert np.asarray(found) is found.images
    assert np.array(found) is not found.images
    assert np.asarray(found, float).dtype == float
    assert found.images.dtype == np.float32
