"""The denoise lab: the same noisy image through classical methods and trained networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from cdae_lessons import denoisers, weights
from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.errors import InputError, known
from cdae_lessons.widgets import base, panels
from cdae_lessons.widgets.noise_sliders import LEVELS, corruption

if TYPE_CHECKING:
    import keras

Denoiser = Callable[[np.ndarray], np.ndarray]


CLASSICAL = {
    "Median": "median",
    "Gaussian blur": "gaussian",
    "NL-means": "nl_means",
    "Total variation": "tv",
    "BM3D": "bm3d",
}
"""Names in the menu of the methods of `denoisers`; BM3D only where it is installed."""

_SAMPLE = 16  # images over which the noise is measured
_HEIGHT = panels.height(1)


def classical(method: str, *, noise: str, level: float, images: np.ndarray) -> Denoiser:
    """A classical method with parameters for a level of noise.

    They were tuned beforehand on brain images by ``tools/tune_baselines.py``, at a few levels of each noise; the
    nearest one's are taken, in multiples of the noise's standard deviation. That and the noise's mean are known, as
    for every method of `denoisers`: they are measured on a draw of noise of its own.

    Parameters
    ----------
    method : str
        A name of `denoisers.DENOISERS` that is in `CLASSICAL`.
    noise, level
        As in `noise_sliders.corruption`.
    images : ndarray of shape (N, H, W), floating point in [0, 1]
        Clean images, for the size of the noise alone.

    Returns
    -------
    callable
        ``denoise(noisy) -> images``.
    """
    known(method, denoisers.DENOISERS, what="denoiser")
    sample = images[:_SAMPLE]
    added = corruption(noise, level)(sample, rng=_OTHER_DRAW).astype(float) - sample
    tuned = weights.baselines()[noise]
    nearest = min(tuned, key=lambda text: abs(np.log(float(text) / level)))
    parameters = dict(tuned[nearest][method])
    subtract, multiples = parameters.pop("subtract_mean"), parameters.pop("multiples_of_deviation")
    deviation = max(added.std(), 1e-3)
    parameters |= {key: value * deviation for key, value in multiples.items()}
    return partial(denoisers.denoise, method, **parameters, offset=added.mean() if subtract else 0.0)


_OTHER_DRAW = 10**6  # a seed beyond those of the lab's slider


def denoise_case(clean: np.ndarray, *, corrupt: Callable, denoiser: Denoiser, seed: int = 0) -> dict:
    """One image, made noisy and denoised: what the denoise lab shows for one setting.

    Parameters
    ----------
    clean : ndarray of shape (H, W), float32 in [0, 1]
        The image.
    corrupt : callable
        ``corrupt(images, rng=seed) -> noisy``.
    denoiser : callable
        ``denoiser(noisy) -> images``.
    seed : int
        Of the noise.

    Returns
    -------
    dict
        ``noisy``, ``denoised`` and ``error`` = denoised − clean, all (H, W); ``before`` and ``after``: SSIM
        (data_range 1) and PSNR in dB of the noisy and of the denoised image.
    """
    noisy = corrupt(clean[np.newaxis], rng=seed)
    denoised = denoiser(noisy)[0]
    return {
        "noisy": noisy[0],
        "denoised": denoised,
        "error": denoised - clean,
        "before": panels.ssim_psnr(clean, noisy[0]),
        "after": panels.ssim_psnr(clean, denoised),
    }


def denoise_lab(
    images: np.ndarray | Cohort, networks: Mapping[str, keras.Model] | None = None, *, noise: str = "gaussian"
) -> base.Lab:
    """Denoise an image by one method after the other, at any level of noise; scores of the same draw are kept.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1], or Cohort
        The clean images.
    networks : mapping of str to keras.Model, optional
        Trained networks to choose from, by name. By default the one that ships with the package (`weights.load`),
        which was trained on other brain images and for Gaussian noise.
    noise : str
        The noise model whose level the slider moves, a name of `noise.NOISES`.

    Returns
    -------
    Lab

    Raises
    ------
    InputError
        On images of another type, shape, size or range, an unknown noise model, or networks for another size.
    """
    images = panels.images_of(images)
    level = LEVELS[known(noise, LEVELS, what="noise model")]
    networks = {SHIPPED: shipped_network(images)} if networks is None else dict(networks)
    check_networks(networks, images)
    controls = panels.image_slider(len(images))
    controls["level"] = base.slider(**level.range._asdict())
    methods = {shown: name for shown, name in CLASSICAL.items() if name in denoisers.DENOISERS}
    controls["method"] = base.menu("Method", [*methods, *networks])
    controls["seed"] = base.slider("Noise seed", 0, 0, 99, 1)
    tried: dict[str, tuple[float, float]] = {}
    tried_on: dict[str, object] = {}

    def redraw(settings: dict) -> base.Drawn:
        clean, method = images[settings.get("image", 0)], settings.pop("method")
        if method in networks:
            denoiser = network_denoiser(networks[method])
        else:
            denoiser = classical(methods[method], noise=noise, level=settings["level"], images=images)
        corrupt = corruption(noise, settings["level"])
        case = denoise_case(clean, corrupt=corrupt, denoiser=denoiser, seed=settings["seed"])
        if tried_on != settings:
            tried.clear()
            tried_on.update(settings)
        tried[method] = case["after"]
        return partial(_draw, clean, case, method), _text(case, tried)

    return base.Lab("denoise lab", controls, redraw, height=_HEIGHT)


SHIPPED = "CNN DAE"
"""The menu's name of the network that ships with the package."""


def shipped_network(images: np.ndarray) -> keras.Model:
    """The network that ships with the package, for images of this size.

    Raises
    ------
    InputError
        If they are not square, with a side divisible by 4.
    """
    height, width = images.shape[1:]
    if height != width or height % 4:
        msg = (
            f"The shipped network takes square images with a side divisible by 4; received {height}x{width}. "
            "Load them with size=64, or give the lab networks of your own."
        )
        raise InputError(msg)
    return weights.load(height)


def check_networks(networks: Mapping[str, keras.Model], images: np.ndarray) -> None:
    """See that there are networks, that they take images of this size, and that their names are not a method's.

    Raises
    ------
    InputError
        If not.
    """
    wrong = {name: getattr(network, "input_shape", None) for name, network in networks.items()}
    wrong = {name: shape for name, shape in wrong.items() if shape is None or shape[1:] != images.shape[1:]}
    if wrong:
        msg = (
            f"Expected trained networks for images of {images.shape[1]}x{images.shape[2]}; received {wrong}. "
            "Build them with that size, or give the lab other images."
        )
        raise InputError(msg)
    if taken := sorted({*networks} & {*CLASSICAL}):
        msg = f"The lab has methods called {', '.join(taken)} already; give those networks other names."
        raise InputError(msg)


def network_denoiser(network: keras.Model) -> Denoiser:
    """A trained network as ``denoise(noisy) -> images``."""
    from cdae_lessons import training  # loads Keras, which takes seconds, only where a network is used

    return partial(training.denoise, network)


def _draw(clean: np.ndarray, case: dict, method: str, figure: Figure) -> None:
    (ssim, psnr), (ssim_after, psnr_after) = case["before"], case["after"]
    panels.picture(figure, panels.place(0), clean, "Clean")
    panels.picture(figure, panels.place(1), case["noisy"], "Noisy", f"SSIM {ssim:.2f}, {psnr:.1f} dB")
    panels.picture(figure, panels.place(2), case["denoised"], method, f"SSIM {ssim_after:.2f}, {psnr_after:.1f} dB")
    panels.error(figure, panels.place(3), case["error"], "Error, denoised − clean", "blue −0.5, red +0.5")


def _text(case: dict, tried: Mapping[str, tuple[float, float]]) -> str:
    ranked = sorted(tried.items(), key=lambda item: -item[1][0])
    rows = [(name, f"{ssim:.3f}", f"{psnr:.1f} dB") for name, (ssim, psnr) in [*ranked, ("Noisy", case["before"])]]
    return panels.table(("Tried on this noisy image", "SSIM, data_range 1", "PSNR"), rows)
