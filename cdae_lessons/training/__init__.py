"""Training: `fit` a network, `denoise` with it, `save` and `load` it; a stack can be trained block by block."""

from cdae_lessons.training.batches import validation_noise
from cdae_lessons.training.denoising import denoise
from cdae_lessons.training.fitting import fit
from cdae_lessons.training.history import History, Stop
from cdae_lessons.training.layerwise import pretrain_layerwise
from cdae_lessons.training.recipes import RECIPES, Recipe
from cdae_lessons.training.saved import info, load, save

__all__ = [
    "RECIPES",
    "History",
    "Recipe",
    "Stop",
    "denoise",
    "fit",
    "info",
    "load",
    "pretrain_layerwise",
    "save",
    "validation_noise",
]
