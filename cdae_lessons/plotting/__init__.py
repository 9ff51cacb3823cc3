"""Pictures with a fixed scale, so that noise looks like noise and pictures can be compared.

Figures are made without pyplot, so that widgets may draw from any thread. They, and what is added to them, are in
matplotlib's own style, whatever the user's is, and carry their caption as alternative text.
"""

from cdae_lessons.plotting.curves import curves, label_lines, scores
from cdae_lessons.plotting.figure import Figure, plain, png, subplots
from cdae_lessons.plotting.images import error_map, show, thumbnails
from cdae_lessons.plotting.networks import architecture
from cdae_lessons.plotting.palette import COLOURS, looks
from cdae_lessons.plotting.sight import receptive_field
from cdae_lessons.plotting.weights import weight_maps

__all__ = [
    "COLOURS",
    "Figure",
    "architecture",
    "curves",
    "error_map",
    "label_lines",
    "looks",
    "plain",
    "png",
    "receptive_field",
    "scores",
    "show",
    "subplots",
    "thumbnails",
    "weight_maps",
]
