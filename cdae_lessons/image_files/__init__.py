"""Your own image files at full size: `read` them, `denoise` the images, `write` them as files of the same kind."""

from cdae_lessons.datasets.writing import unit, write
from cdae_lessons.image_files.command import denoise_files
from cdae_lessons.image_files.stacks import denoise, find_range, noise_level, read

__all__ = ["denoise", "denoise_files", "find_range", "noise_level", "read", "unit", "write"]
