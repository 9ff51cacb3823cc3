"""Denoising medical images with convolutional denoising autoencoders: the helpers of the course.

``from cdae_lessons import datasets, noise, metrics`` and so on; every module is a page or two.
One currency throughout: float32 NumPy arrays of shape (N, H, W) with values in [0, 1].
"""

from cdae_lessons import backend
from cdae_lessons.errors import InputError

__version__ = "0.1.0"
__all__ = ["InputError", "__version__"]

backend.select()
