"""Labs: turn a control, see what changes. Most take images (N, H, W) or a Cohort, one steps, one a single pixel."""

from cdae_lessons.widgets.base import Lab
from cdae_lessons.widgets.code import code_lab
from cdae_lessons.widgets.denoise import denoise_lab
from cdae_lessons.widgets.dose import dose_lab
from cdae_lessons.widgets.lesion import lesion_lab
from cdae_lessons.widgets.metric import metric_lab
from cdae_lessons.widgets.network import network_lab
from cdae_lessons.widgets.noise import noise_lab
from cdae_lessons.widgets.order import order_lab
from cdae_lessons.widgets.posterior import posterior_lab
from cdae_lessons.widgets.sample_size import sample_size_lab
from cdae_lessons.widgets.samples import samples_lab
from cdae_lessons.widgets.tiles import tile_lab
from cdae_lessons.widgets.training import training_lab
from cdae_lessons.widgets.weights import weights_lab

__all__ = [
    "Lab",
    "code_lab",
    "denoise_lab",
    "dose_lab",
    "lesion_lab",
    "metric_lab",
    "network_lab",
    "noise_lab",
    "order_lab",
    "posterior_lab",
    "sample_size_lab",
    "samples_lab",
    "tile_lab",
    "training_lab",
    "weights_lab",
]
