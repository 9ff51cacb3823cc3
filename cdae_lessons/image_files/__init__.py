"""Your own image files at full size: `read` them, `denoise` the images, `write` them as files of the same kind.

`scans` reads a whole folder, with whom each file shows; `pieces` and `halves` make of it what one trains and tests on.
"""

from cdae_lessons.datasets.writing import unit, write
from cdae_lessons.image_files.command import denoise_files
from cdae_lessons.image_files.examples import examples
from cdae_lessons.image_files.folders import Scan, halves, pieces, scans
from cdae_lessons.image_files.stacks import denoise, find_range, noise_level, read
from cdae_lessons.image_files.tiles import in_tiles, tiles

__all__ = [
    "Scan",
    "denoise",
    "denoise_files",
    "examples",
    "find_range",
    "halves",
    "in_tiles",
    "noise_level",
    "pieces",
    "read",
    "scans",
    "tiles",
    "unit",
    "write",
]
