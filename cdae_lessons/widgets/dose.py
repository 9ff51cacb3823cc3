"""The dose lab: a CT with fewer and fewer photons, what its noise looks like, and a lesion to lose."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from cdae_lessons import denoisers, lesions, scanners
from cdae_lessons.datasets.cohort import Cohort
from cdae_lessons.errors import InputError
from cdae_lessons.widgets import base, panels
from cdae_lessons.widgets.denoise import Denoiser, check_networks, network_denoiser

if TYPE_CHECKING:
    import keras

FULL = 100_000
"""Photons a ray of a scan at full dose: its noise is hard to see."""

_HEIGHT = panels.height(2)
_RADIUS = 2.5


def dose_case(
    clean: np.ndarray,
    *,
    denoiser: Denoiser,
    share: float,
    window: str = "hann",
    contrast: float = 0.2,
    seed: int = 0,
) -> dict:
    """One image with and without a lesion in a CT at a share of the full dose, each with photons of its own.

    Parameters
    ----------
    clean : ndarray of shape (H, H), float32 in [0, 1]
        What is scanned, without a lesion.
    denoiser : callable
        ``denoiser(scans) -> images``.
    share : float, above 0, up to 1
        Share of the `FULL` dose.
    window : {"ramp", "hann"}
        As in `scanners.reconstruct`.
    contrast : float in [-1, 1]
        Of the lesion, right of the middle.
    seed : int
        Of the photons.

    Returns
    -------
    dict
        ``full`` (2, H, H): reconstructed without noise, first without the lesion, then with it; ``scan`` and
        ``denoised`` (2, H, H); ``noise`` = scan − full with the lesion (H, H); ``deviation`` of the noise, and
        ``neighbours``, the correlation of the noise of pixels side by side; ``scores``, SSIM and PSNR of the scan and
        of the denoised image, both with the lesion; ``put_in`` and ``came_out``, the lesion's mean within its radius.
    """
    middle = lesion_centre(clean.shape)
    pair = np.stack([clean, lesions.insert(clean[np.newaxis], centre=middle, radius=_RADIUS, contrast=contrast)[0]])
    full = scanners.reconstruct(scanners.project(pair), size=clean.shape[0], window=window)
    photons = FULL * share
    scan = np.concatenate(
        [
            scanners.low_dose_ct(each[np.newaxis], photons=photons, window=window, rng=np.random.default_rng([seed, i]))
            for i, each in enumerate(pair)
        ]
    )
    noise = scan[1] - full[1]
    denoised = denoiser(scan)
    truth = np.clip(full, 0, 1)
    core = lesions.disc(clean.shape, centre=middle, radius=_RADIUS)
    return {
        "full": full,
        "scan": scan,
        "denoised": denoised,
        "noise": noise,
        "deviation": float(noise.std()),
        "neighbours": float(np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1]),
        "scores": tuple(panels.ssim_psnr(truth[1], each[1]) for each in (scan, denoised)),
        "put_in": float((full[1] - full[0])[core].mean()),
        "came_out": float((denoised[1] - denoised[0])[core].mean()),
    }


def lesion_centre(shape: tuple[int, ...]) -> tuple[int, int]:
    """Where the lesion is put: right of the middle."""
    return round(0.45 * shape[0]), round(0.62 * shape[1])


def dose_lab(images: np.ndarray | Cohort, network: keras.Model | None = None) -> base.Lab:
    """Lower the dose of a CT from full to a thousandth: image, noise, scores, and a lesion to lose.

    Parameters
    ----------
    images : ndarray of shape (N, H, H), floating point in [0, 1], or Cohort
        What is scanned, square.
    network : keras.Model, optional
        A trained denoiser; by default total variation with a strength that follows the noise.

    Returns
    -------
    Lab

    Raises
    ------
    InputError
        On images of another type, shape, size or range, or a network for another size.
    """
    images = panels.images_of(images)
    if images.shape[1] != images.shape[2]:
        msg = f"Expected square images; received {images.shape[1]}x{images.shape[2]}. Cut or pad them."
        raise InputError(msg)
    if network is not None:
        check_networks({"network": network}, images)
    denoiser = _by_tv if network is None else network_denoiser(network)
    name = "TV" if network is None else "Network"
    controls = panels.image_slider(len(images)) | {
        "share": base.slider("Full dose over", 1000, 1, 1000, 0.25, log=True),
        "window": base.menu("Filter", {"smooth (Hann)": "hann", "sharp (ramp)": "ramp"}),
        "contrast": base.slider("Lesion contrast", 0.2, -0.5, 0.5, 0.05),
        "seed": base.slider("Photon seed", 0, 0, 99, 1),
    }

    def redraw(settings: dict) -> base.Drawn:
        clean = images[settings.pop("image", 0)]
        settings["share"] = 1 / settings["share"]
        case = dose_case(clean, denoiser=denoiser, **settings)
        return partial(_draw, case, name), _text(case, name)

    return base.Lab("dose lab", controls, redraw, height=_HEIGHT)


def _by_tv(scans: np.ndarray) -> np.ndarray:
    """Total variation, as strong as the noise in the corners asks for, where nothing is scanned."""
    side = max(2, scans.shape[1] // 10)
    corners = np.concatenate([scans[:, :side, :side], scans[:, -side:, -side:]])
    return denoisers.denoise("tv", scans, weight=float(np.clip(3 * corners.std(), 0.01, 2)))


def _draw(case: dict, name: str, figure: Figure) -> None:
    put = partial(panels.picture, figure)
    (ssim, psnr), (ssim_after, psnr_after) = case["scores"]
    shape = case["noise"].shape
    put(panels.place(0), case["full"][1], "No noise, with lesion")
    put(panels.place(1), case["scan"][1], "Scan", f"SSIM {ssim:.2f}, {psnr:.1f} dB")
    put(panels.place(2), case["denoised"][1], name, f"SSIM {ssim_after:.2f}, {psnr_after:.1f} dB")
    difference = case["denoised"][1] - case["denoised"][0]
    panels.error(figure, panels.place(3), difference, f"{name}, with − without", f"came out: {case['came_out']:+.2f}")
    put(panels.place(0, 1), case["full"][0], "No noise, no lesion")
    put(panels.place(1, 1), case["scan"][0], "Scan, no lesion")
    side = f"neighbours correlate: {case['neighbours']:.2f}"
    panels.error(figure, panels.place(2, 1), case["noise"], "Noise of the scan", side)
    put_in = case["full"][1] - case["full"][0]
    panels.error(figure, panels.place(3, 1), put_in, "The lesion", f"put in: {case['put_in']:+.2f}")
    for column in (0, 3):
        for row in (0, 1):
            panels.ring(figure, panels.place(column, row), shape, centre=lesion_centre(shape), radius=2 * _RADIUS)


def _text(case: dict, name: str) -> str:
    (ssim, psnr), (ssim_after, psnr_after) = case["scores"]
    rows = [
        ("Scan", f"{ssim:.3f}", f"{psnr:.1f} dB", f"{case['deviation']:.3f}", f"{case['neighbours']:.2f}"),
        (name, f"{ssim_after:.3f}", f"{psnr_after:.1f} dB", "", ""),
    ]
    head = ("", "SSIM", "PSNR", "noise, grey levels", "correlation of neighbours")
    kept = f"Lesion put in: {case['put_in']:+.3f}, came out: {case['came_out']:+.3f} grey levels on average."
    return panels.table(head, rows) + panels.paragraph(kept)
