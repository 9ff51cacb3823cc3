"""A small picture of what denoising did to an image: before, after, and what was removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cdae_lessons.files import appearing
from cdae_lessons.plotting import Figure, plain, png

PANEL = 3.2  # inches
NEARLY_ALL = 99.5  # per cent of what was removed has its full colour


@plain()
def write(
    file: Path, before: np.ndarray, after: np.ndarray, *, ends: tuple[float, float], scale: float, unit: str
) -> None:
    """Write the picture.

    Parameters
    ----------
    file : Path
        A PNG file.
    before, after : ndarray of shape (H, W)
        Drawn on one scale of grey, from the first to the second of `ends`.
    ends : tuple of float
        What is black and white.
    scale : float
        What a difference of 1 is in the `unit` of the scale of colours.
    unit : str
        Of the file's values.
    """
    removed = (before - after) * scale
    limit = float(np.percentile(np.abs(removed), NEARLY_ALL)) or 1.0
    height, width = before.shape
    tall = min(max(PANEL * height / width, 1), 3 * PANEL)
    figure = Figure(figsize=(3 * PANEL + 0.9, tall + 0.4), layout="constrained")
    figure.set_label("Before, after, and what was removed: red where the image became darker, blue where brighter.")
    panels = figure.subplots(1, 3)
    for axes, title, image in zip(panels, ("before", "after", "removed"), (before, after, removed), strict=True):
        colours = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
        grey = {"cmap": "gray", "vmin": ends[0], "vmax": ends[1]}
        drawn = axes.imshow(image, origin="upper", **(colours if title == "removed" else grey))
        axes.set_title(title, fontsize=10)
        axes.set(xticks=[], yticks=[])
    bar = figure.colorbar(drawn, ax=panels[2], extend="both", fraction=0.05)
    bar.set_label(f"before − after ({unit})", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    with appearing(file) as part:
        part.write_bytes(png(figure))
