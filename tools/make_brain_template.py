"""Make cdae_lessons/data_files/icbm152_t1.npz, the template behind the `brain` cohort.

Run once, by hand, with nilearn installed (which ships the template): python tools/make_brain_template.py
The ICBM's copyright notice stands beside the result, in icbm152_licence.txt, and must stay there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from nilearn.datasets import load_mni152_template
from scipy import ndimage

SPACING = 1.5  # mm; half a pixel of a 64x64 slice
MARGIN = 3.0  # mm of background on every side
TARGET = Path(__file__).parents[1] / "cdae_lessons" / "data_files" / "icbm152_t1.npz"


def main() -> None:
    """Crop the 1 mm template to the brain, resample it, and save it as 8-bit numbers."""
    template = load_mni152_template(resolution=1)
    volume = np.asarray(template.get_fdata(), np.float32)
    voxels = np.argwhere(volume > 0)
    first, last = (template.affine @ np.append(corner, 1) for corner in (voxels.min(0), voxels.max(0)))
    first, last = first[:3] - MARGIN, last[:3] + MARGIN
    axes = [np.arange(a, b, SPACING) for a, b in zip(first, last, strict=True)]  # mm, in MNI space: right, anterior, up
    points = np.meshgrid(*axes, indexing="ij")
    shift = template.affine[:3, 3].reshape(3, 1, 1, 1)  # the affine is a shift: 1 mm voxels along the axes
    smooth = ndimage.gaussian_filter(volume, 0.5)  # against aliasing on the coarser grid
    resampled = ndimage.map_coordinates(smooth, np.stack(points) - shift, order=3)
    eight_bit = np.rint(np.clip(resampled, 0, 1) * 255).astype(np.uint8)
    eight_bit[eight_bit < 3] = 0  # the spline's ripples outside the brain
    np.savez_compressed(TARGET, t1=eight_bit, origin=first.astype(np.float32), spacing=np.float32(SPACING))
    print(f"{TARGET}: {eight_bit.shape}, {TARGET.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
