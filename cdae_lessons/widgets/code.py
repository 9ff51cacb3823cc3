"""The code lab: what an autoencoder can keep of an image, by the size of its code, and a walk over a code of two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.errors import InputError, check_count
from cdae_lessons.metrics import score
from cdae_lessons.plotting.images import spaced
from cdae_lessons.widgets import base, panels
from cdae_lessons.widgets.denoise import check_networks, network_denoiser

if TYPE_CHECKING:
    import keras

_HEIGHT = panels.height(1)
_MOST = 200  # images: all their reconstructions are made at once, and kept
_MAP = 300  # CSS pixels: the height of the map
_WIDE = 400  # its width
_THUMB = 44  # of an image on it


def code_cases(images: np.ndarray, models: Mapping[int, keras.Model]) -> dict[int, dict]:
    """Every image through every autoencoder: what the code lab shows.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), float32 in [0, 1]
        The images.
    models : mapping of int to keras.Model
        A trained autoencoder for each code size.

    Returns
    -------
    dict
        For each code size, smallest first: ``images`` (N, H, W), the reconstructions; ``mse`` and ``ssim``
        (data_range 1) of each, (N,).

    Raises
    ------
    InputError
        On no models, a code size that is no positive whole number, or models for images of another size.
    """
    sizes = {check_count(size, what="a code size", low=1): model for size, model in models.items()}
    if not sizes:
        msg = "Expected at least one trained model by its code size, as {64: model}; received none."
        raise InputError(msg)
    check_networks({f"code size {size}": model for size, model in sizes.items()}, images)
    cases = {}
    for size in sorted(sizes):
        made = network_denoiser(sizes[size])(images)
        scores = score(images, made, data_range=1)
        cases[size] = {"images": made, "mse": scores["mse"].to_numpy(), "ssim": scores["ssim"].to_numpy()}
    return cases


class Plane(NamedTuple):
    """A code of two numbers: where the images lie in it, and what makes images of its points."""

    codes: np.ndarray  # (N, 2), of the images
    low: np.ndarray  # (2,): where the map begins and ends, a little beyond the codes
    high: np.ndarray
    decoder: keras.Model

    def at(self, h: tuple[float, float]) -> np.ndarray:
        """The image (H, W) that the decoder makes of two numbers, in [0, 1]."""
        return np.clip(_answer(self.decoder, np.array([h], np.float32))[0], 0, 1)

    def nearest(self, h: tuple[float, float]) -> int:
        """Which image has the nearest code, distances counted in widths and heights of the map."""
        return int((((self.codes - h) / (self.high - self.low)) ** 2).sum(axis=1).argmin())


def code_plane(images: np.ndarray, encoder: keras.Model, decoder: keras.Model) -> Plane:
    """Find the codes of images, and the part of the plane that they lie in.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), float32 in [0, 1]
        The images.
    encoder : keras.Model
        Maps (N, H, W) to (N, 2).
    decoder : keras.Model
        Maps (N, 2) to (N, H, W).

    Returns
    -------
    Plane

    Raises
    ------
    InputError
        If the two do not fit the images and one another.
    """
    shapes = {
        name: (getattr(model, "input_shape", None), getattr(model, "output_shape", None))
        for name, model in (("encoder", encoder), ("decoder", decoder))
    }
    size = (None, *images.shape[1:])
    wanted = {"encoder": (size, (None, 2)), "decoder": ((None, 2), size)}
    if shapes != wanted:
        msg = (
            f"Expected an encoder and a decoder with (input, output) of the shapes {wanted}; received {shapes}. "
            "Cut them out of one trained autoencoder with a code of two numbers."
        )
        raise InputError(msg)
    codes = _answer(encoder, images)
    margin = 0.05 * np.maximum(np.ptp(codes, axis=0), 0.1 * np.abs(codes).max() + 1e-3)  # codes may all be one
    return Plane(codes, codes.min(axis=0) - margin, codes.max(axis=0) + margin, decoder)


def code_lab(
    images: np.ndarray | Cohort,
    models: Mapping[int, keras.Model],
    *,
    plane: tuple[keras.Model, keras.Model] | None = None,
) -> base.Lab:
    """Move the size of an autoencoder's code and see what is left of an image; walk over a code of two numbers.

    Parameters
    ----------
    images : ndarray of shape (N, H, W), floating point in [0, 1], or Cohort
        The images; the first 200 of them are used.
    models : mapping of int to keras.Model
        A trained autoencoder for each code size, such as ``{8: model, 64: other}``.
    plane : (encoder, decoder), optional
        The halves of an autoencoder with a code of two numbers, as ``code_plane`` takes them. Below the rest then
        stands a map: each image where its code is, a cross to move with two sliders, and beside it what the decoder
        makes of that place.

    Returns
    -------
    Lab

    Raises
    ------
    InputError
        On images of another type, shape, size or range, or models that do not fit them.
    """
    images = panels.images_of(images)[:_MOST]
    cases = code_cases(images, models)
    controls = {"code": base.menu("Code size", {str(size): size for size in cases})} | panels.image_slider(len(images))
    codes = None if plane is None else code_plane(images, *plane)
    if codes is not None:
        controls |= {f"h{i + 1}": _slider(f"h{i + 1}", codes, i) for i in range(2)}

    def redraw(settings: dict) -> base.Drawn:
        index = settings.get("image", 0)
        text = _text(cases, settings["code"], index, images[0].size)
        place = None if codes is None else (settings["h1"], settings["h2"])

        def draw(figure: Figure) -> None:
            _draw(images, cases, settings["code"], index, figure)
            if codes is not None and place is not None:
                _draw_map(images, codes, index, place, figure)

        return draw, text

    return base.Lab("code lab", controls, redraw, height=_HEIGHT if codes is None else _HEIGHT + _MAP + 66)


def _answer(model: keras.Model, given: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(given, verbose=0), np.float32)


def _slider(label: str, plane: Plane, axis: int) -> base.Slider:
    """From one side of the map to the other, in about a hundred steps; it stands at the first image."""
    low, high = (float(f"{end[axis]:.3g}") for end in (plane.low, plane.high))
    step = float(10 ** np.floor(np.log10((high - low) / 50)))
    return base.slider(label, float(f"{plane.codes[0, axis]:.3g}"), low, high, step)


def _draw(images: np.ndarray, cases: Mapping[int, dict], code: int, index: int, figure: Figure) -> None:
    clean, made = images[index], cases[code]["images"][index]
    panels.picture(figure, panels.place(0), clean, "Image", f"{clean.size} pixels")
    ssim = cases[code]["ssim"][index]
    panels.picture(figure, panels.place(1), made, f"From {code} number{'s' * (code > 1)}", f"SSIM {ssim:.2f}")
    panels.error(figure, panels.place(2), made - clean, "Error", "blue −0.5, red +0.5")
    axes = panels.plot(figure, (598, 24, 116, 150), "Error by code size")
    places = np.arange(len(cases))  # evenly spaced, whatever the sizes
    errors = [case["mse"][index] for case in cases.values()]
    axes.plot(places, errors, "o-", color="C7", markersize=4)
    axes.plot(list(cases).index(code), cases[code]["mse"][index], "D", color="C3", markersize=7)
    highest = max(case["mse"].max() for case in cases.values())  # the same scale for every image
    step = -(-len(cases) // 6)
    axes.set(ylim=(0, 1.05 * highest or 1), xlim=(-0.3, len(cases) - 0.7))
    axes.set(xticks=places[::step], xticklabels=[str(size) for size in cases][::step])
    axes.set_xlabel("code size", fontsize=8, labelpad=1)
    axes.set_ylabel("mean squared error", fontsize=8, labelpad=2)


def _draw_map(images: np.ndarray, plane: Plane, index: int, place: tuple[float, float], figure: Figure) -> None:
    left, top = 50, _HEIGHT + 30
    share = (plane.codes - plane.low) / (plane.high - plane.low)
    spots = np.stack([left + share[:, 0] * _WIDE, top + (1 - share[:, 1]) * _MAP], axis=1)
    for i in spaced(spots, _THUMB):
        x, y = np.clip(spots[i] - _THUMB / 2, (left, top), (left + _WIDE - _THUMB, top + _MAP - _THUMB))
        panels.picture(figure, (x, y, _THUMB), images[i], "")
    axes = panels.plot(figure, (left, top, _WIDE, _MAP), "The map: each dot is an image, where its two numbers put it")
    axes.patch.set_visible(False)  # the images lie below
    axes.plot(*plane.codes.T, ".", color="C0", markersize=4)
    axes.plot(*plane.codes[index], "D", color="C3", markersize=7, markeredgecolor="white", label=f"image {index}")
    axes.plot(*place, "P", color="#ffb000", markersize=12, markeredgecolor="black", label="(h1, h2)")
    axes.set(xlim=(plane.low[0], plane.high[0]), ylim=(plane.low[1], plane.high[1]))
    axes.set_xlabel("h1", fontsize=8, labelpad=1)
    axes.set_ylabel("h2", fontsize=8, labelpad=1)
    nearest = plane.nearest(place)
    beside = left + _WIDE + 20
    made, real = plane.at(place), images[nearest]
    panels.picture(figure, (beside, top, 240), made, "Decoded from the cross (h1, h2)")
    note = f"nearest code: image {nearest}\nits squared error to this picture: {np.mean((made - real) ** 2):.4f}"
    full = figure.get_size_inches()[1] * base.CSS
    figure.text((beside + 120) / base.WIDTH, 1 - (top + 248) / full, note, fontsize=8, ha="center", va="top")


def _text(cases: Mapping[int, dict], code: int, index: int, pixels: int) -> str:
    rows = [
        (
            f"{size}, {pixels / size:.0f} pixels a number" + ("  ◂" if size == code else ""),
            f"{case['mse'][index]:.5f}",
            f"{case['ssim'][index]:.3f}",
        )
        for size, case in cases.items()
    ]
    return panels.table(("Code size", "MSE", "SSIM, data_range 1"), rows)
