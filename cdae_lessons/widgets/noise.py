"""The noise lab: what each noise model does to an image, and what its parameters mean."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.errors import InputError, known
from cdae_lessons.noise import NOISES, Seed
from cdae_lessons.widgets import base, panels
from cdae_lessons.widgets.noise_sliders import PARAMETERS

_EQUATIONS = {
    "gaussian": (
        "z = x + {p:g}·n,  n ~ N({mean:g}, {sigma:g}²):  mean {mean_added:g}, standard deviation {deviation:.3g}"
    ),
    "poisson": "z = x + {p:g}·n,  n ~ Poisson({lam:g}):  mean {mean_added:g}, standard deviation {deviation:.3g}",
    "shot": "z = Poisson({peak:g}·x) / {peak:g}:  standard deviation {deviation:.3g} where x = 1, none where x = 0",
    "masking": "z = 0 with probability {p:g}, else z = x",
    "salt_and_pepper": "z = 0 or 1 with probability {half:g} each, else z = x",
    "speckle": "z = x·(1 + n),  n ~ N(0, {sigma:g}²):  standard deviation {sigma:g} where x = 1, none where x = 0",
    "rician": "z = √((x + n₁)² + n₂²),  n₁, n₂ ~ N(0, {sigma:g}²):  mean {mean_added:.3g} where x = 0",
}
_OWN = {f"{model} {key}" for model, sliders in PARAMETERS.items() for key in sliders}


def equation(model: str, **parameters: float) -> str:
    """The equation of a noise model with its numbers in it.

    Parameters
    ----------
    model : str
        A name of `noise.NOISES`.
    **parameters
        All its parameters, as in `noise_sliders.PARAMETERS`.

    Returns
    -------
    str
        As ``"z = x + 0.1·n,  n ~ N(0, 1²):  mean 0, standard deviation 0.1"``.
    """
    p, sigma, lam = (parameters.get(key, 0.0) for key in ("p", "sigma", "lam"))
    mean_added = {"gaussian": p * parameters.get("mean", 0.0), "poisson": p * lam, "rician": sigma * np.sqrt(np.pi / 2)}
    deviation = {"gaussian": p * sigma, "poisson": p * np.sqrt(lam), "shot": parameters.get("peak", 1.0) ** -0.5}
    numbers = {"mean_added": mean_added.get(model), "deviation": deviation.get(model), "half": p / 2}
    return _EQUATIONS[known(model, _EQUATIONS, what="noise model")].format(**parameters, **numbers)


def noise_case(clean: np.ndarray, *, model: str, rng: Seed = 0, **parameters: float) -> dict:
    """One image, made noisy: what the noise lab shows for one setting.

    Parameters
    ----------
    clean : ndarray of shape (H, W), float32 in [0, 1]
        The image.
    model : str
        A name of `noise.NOISES`.
    rng : Generator, int or None
        Of the noise; None draws anew each time.
    **parameters
        Those of the noise model.

    Returns
    -------
    dict
        ``noisy`` and ``difference`` (H, W); ``mean`` and ``deviation`` of the difference; ``psnr`` in dB, ``ssim``
        with data_range 1 and ``ssim_2`` with data_range 2; ``equation``.

    Raises
    ------
    InputError
        On an unknown model or a parameter out of range.
    """
    noisy = NOISES[known(model, NOISES, what="noise model")](clean[np.newaxis], rng=rng, **parameters)[0]
    difference = noisy - clean
    ssim, psnr = panels.ssim_psnr(clean, noisy)
    return {
        "noisy": noisy,
        "difference": difference,
        "mean": float(difference.mean()),
        "deviation": float(difference.std()),
        "psnr": psnr,
        "ssim": ssim,
        "ssim_2": panels.ssim_psnr(clean, noisy, data_range=2.0)[0],
        "equation": equation(model, **parameters),
    }


def noise_lab(images: np.ndarray | Cohort | Mapping[str, np.ndarray | Cohort]) -> base.Lab:
    """Make an image noisy by hand: choose the noise model, move its parameters, see picture and scores follow.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1], or Cohort, or mapping of str to either
        The clean images. A mapping adds a menu with its names.

    Returns
    -------
    Lab

    Raises
    ------
    InputError
        On images of another type, shape, size or range, or an empty mapping.
    """
    given = images if isinstance(images, Mapping) else {"": images}
    sets = {str(name): panels.images_of(each) for name, each in given.items()}
    if not sets:
        msg = "Expected at least one set of images; received an empty mapping."
        raise InputError(msg)
    controls = {"cohort": base.menu("Cohort", list(sets))} if len(sets) > 1 else {}
    first = next(iter(sets))
    # With several sets, only as many as each of them has.
    controls |= panels.image_slider(min(map(len, sets.values())))
    controls |= {"seed": base.slider("Seed", 0, 0, 99, 1), "same": base.checkbox("Same draw each time", value=True)}
    controls["model"] = base.menu("Noise", {name.replace("_", " "): name for name in PARAMETERS})
    for model, sliders in PARAMETERS.items():
        for key, values in sliders.items():
            controls[f"{model} {key}"] = base.slider(**values._asdict())

    def show_own_sliders(_: object = None) -> None:
        for name in _OWN:
            base.shown(controls[name], name.split(" ")[0] == controls["model"].value)
        base.enabled(controls["seed"], controls["same"].value)

    show_own_sliders()
    for name in ("model", "same"):
        controls[name].observe(show_own_sliders, "value")

    def redraw(settings: dict) -> base.Drawn:
        clean = sets[settings.get("cohort", first)][settings.get("image", 0)]
        model = settings["model"]
        parameters = {key: settings[f"{model} {key}"] for key in PARAMETERS[model]}
        case = noise_case(clean, model=model, rng=settings["seed"] if settings["same"] else None, **parameters)
        return partial(_draw, clean, case), _text(case)

    return base.Lab("noise lab", controls, redraw, height=_HEIGHT, rows=2)


_HEIGHT = panels.height(1)


def _draw(clean: np.ndarray, case: dict, figure: Figure) -> None:
    panels.picture(figure, panels.place(0), clean, "Clean, x")
    score = f"SSIM {case['ssim']:.2f}, {case['psnr']:.1f} dB"
    panels.picture(figure, panels.place(1), case["noisy"], "Noisy, z", score)
    panels.error(figure, panels.place(2), case["difference"], "Difference, z − x", "blue −0.5, red +0.5")
    panels.histogram(figure, panels.place(3), case["difference"], "How often each difference", "z − x, grey levels")


def _text(case: dict) -> str:
    head = ("", "Mean of z − x", "Its deviation", "PSNR", "SSIM, data_range 1", "SSIM, data_range 2")
    numbers = (f"{case['mean']:+.3f}", f"{case['deviation']:.3f}", f"{case['psnr']:.1f} dB")
    row = ("Measured", *numbers, f"{case['ssim']:.3f}", f"{case['ssim_2']:.3f}")
    warning = "The grey levels reach from 0 to 1, so data_range is 1; with 2, any SSIM looks better."
    return panels.paragraph(case["equation"]) + panels.table(head, [row]) + panels.paragraph(warning)
