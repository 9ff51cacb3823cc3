"""A virtual cohort of T1 brain MRI: slices of one average brain, deformed anew for every subject."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from cdae_lessons.datasets.image_set import Entry, Images
from cdae_lessons.datasets.prepared import kept

COUNT = 1000  # drawn unless asked otherwise
KEPT_FROM = 200  # fewer are drawn as fast as they are read
FIELD = 210.0  # mm shown along each side of an image
WAVES = 8  # cosine waves along each side of the deformation field
WARP = 4.5  # mm, its standard deviation
POSE = 0.045  # standard deviation of each entry of the affine map
SHADE = 0.1  # standard deviation of the logarithm of the bias field
VENTRICLES = np.reshape([0, -15, 10], (3, 1, 1))  # mm, MNI space

# How a slice lies in MNI space (right, anterior, up): the directions of its rows, of its columns (as a
# radiologist looks at it: the patient's right on the left) and of its normal; its centre; where along the
# normal it may lie, in mm, so that no slice is nearly empty.
VIEWS = {
    "axial": ([[0, -1, 0], [-1, 0, 0], [0, 0, 1]], [0, -18, 0], (-22, 48)),
    "coronal": ([[0, 0, -1], [-1, 0, 0], [0, 1, 0]], [0, 0, 5], (-72, 26)),
    "sagittal": ([[0, 0, -1], [0, -1, 0], [1, 0, 0]], [0, -18, 5], (-42, 42)),
}


class Brain:
    """The set ``brain``; see `draw`."""

    entry = Entry(
        "T1 brain MRI, virtual",
        images="any",
        sizes="any",
        source="ICBM 152 template, Fonov et al. 2011, doi 10.1016/j.neuroimage.2010.07.033; every subject is a "
        "deformation of it",
        licence="free with the ICBM's copyright notice",
        needs="nothing",
    )

    def read(self, *, size: int, n: int | None, seed: int, **_: object) -> Images:
        """Draw the brains, or read them where as many were drawn before."""
        count = COUNT if n is None else n

        def make() -> Images:
            return draw(count, size=size, seed=seed), np.array([f"{seed}-{index}" for index in range(count)])

        return make() if count < KEPT_FROM else kept("brain", (count, size, seed), make)

    def find(self, **_: object) -> Path:
        """The template, which ships with the package."""
        return Path(str(resources.files("cdae_lessons") / "data_files" / "icbm152_t1.npz"))

    fetch = find


def draw(count: int, *, size: int, seed: int) -> np.ndarray:
    """Draw one slice of each of `count` virtual subjects.

    Subject i depends on `seed` and i only: it is the same however many are drawn.

    Parameters
    ----------
    count : int
        How many subjects.
    size : int
        Side of the images in pixels; the field of view is 210 mm whatever the size.
    seed : int
        Which cohort to draw.

    Returns
    -------
    ndarray of shape (count, size, size), float32 in [0, 1]
        Axial (anterior up), coronal and sagittal (superior up, anterior left) slices in random order.

    References
    ----------
    Fonov et al. 2011, Unbiased average age-appropriate atlases for pediatric studies, NeuroImage 54(1),
    313-327, doi 10.1016/j.neuroimage.2010.07.033 (the ICBM 152 template).
    """
    images = np.empty((count, size, size), np.float32)
    for index in range(count):
        images[index] = _slice(np.random.default_rng([seed, index]), size)
    return images


def _slice(rng: np.random.Generator, size: int) -> np.ndarray:
    from scipy import ndimage

    template, origin, spacing = _template()
    points = _anatomy(rng, 2 * size)  # twice the resolution, averaged below: no stair steps
    fine = ndimage.map_coordinates(template, (points - origin) / spacing, order=1)  # 0 outside the template
    return _scanner(rng, (fine[::2, ::2] + fine[1::2, ::2] + fine[::2, 1::2] + fine[1::2, 1::2]) / 4)


def _anatomy(rng: np.random.Generator, size: int) -> np.ndarray:
    """Where in MNI space each pixel of one subject's slice lies: (3, size, size) in mm."""
    frame, centre, (low, high) = VIEWS[rng.choice(list(VIEWS))]
    side = (np.arange(size) + 0.5) * (FIELD / size) - FIELD / 2
    rows, columns = np.meshgrid(side, side, indexing="ij")
    plane = np.stack([rows, columns, np.full_like(rows, rng.uniform(low, high))])
    plane += WARP * _waves(rng, 3, size, waves=WAVES)
    pose = np.array(frame) @ (np.eye(3) + rng.normal(0, POSE, (3, 3)))  # a slight turn, tilt, stretch and shear
    points = (pose.T @ plane.reshape(3, -1)).reshape(plane.shape) + np.reshape(centre, (3, 1, 1))
    # Ventricles differ most between people: pull the anatomy around them in or out.
    away = points - VENTRICLES
    return points + rng.uniform(-0.35, 0.2) * np.exp(-(away**2).sum(0) / (2 * 24**2)) * away


def _scanner(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Give an image in [0, 1] this subject's contrast and its coil's uneven sensitivity."""
    black, white = rng.uniform(0.15, 0.35), rng.uniform(0.92, 1.02)
    contrast = np.clip((image - black) / (white - black), 0, 1) ** rng.uniform(0.8, 1.25)
    bias = np.exp(SHADE * _waves(rng, 1, image.shape[0], waves=3)[0])
    return np.clip(rng.uniform(0.8, 0.95) * contrast * bias, 0, 1)


def _waves(rng: np.random.Generator, count: int, size: int, *, waves: int) -> np.ndarray:
    """Smooth random fields (count, size, size) of spread 1: cosine waves, the long ones strongest."""
    order = np.arange(waves)
    cosines = np.cos(np.pi * np.outer(order, (np.arange(size) + 0.5) / size))
    strength = np.exp(-(order[:, np.newaxis] ** 2 + order**2) / (2 * (waves / 3) ** 2))
    weights = rng.normal(size=(count, waves, waves)) * strength / np.linalg.norm(strength)
    return cosines.T @ weights @ cosines


@cache
def _template() -> tuple[np.ndarray, np.ndarray, float]:
    with np.load(Brain().find(), allow_pickle=False) as arrays:
        return arrays["t1"].astype(np.float32) / 255, arrays["origin"].reshape(3, 1, 1), float(arrays["spacing"])
