"""Instant answers for the exercises: ``check_*`` prints one line, with a hint where an answer is wrong.

A module a lesson; what they share is in `answers`. `reveal` shows a prediction beside the measured value.
"""

from cdae_lessons.checks.answers import reveal
from cdae_lessons.checks.autoencoders import check_reconstruct, check_weights
from cdae_lessons.checks.cnn_dae import check_cnn_dae_weights, check_who_wins
from cdae_lessons.checks.convolutions import check_adjoint, check_conv_layer
from cdae_lessons.checks.denoising import check_pairs
from cdae_lessons.checks.noise_and_scores import check_body_psnr, check_detector_noise
from cdae_lessons.checks.small_samples import check_seed_interval, check_subject_split
from cdae_lessons.checks.stacked import check_equal_steps, check_layerwise_order
from cdae_lessons.checks.start import check_shared_subjects
from cdae_lessons.checks.trust import check_average_weights, check_recovered_contrast

__all__ = [
    "check_adjoint",
    "check_average_weights",
    "check_body_psnr",
    "check_cnn_dae_weights",
    "check_conv_layer",
    "check_detector_noise",
    "check_equal_steps",
    "check_layerwise_order",
    "check_pairs",
    "check_reconstruct",
    "check_recovered_contrast",
    "check_seed_interval",
    "check_shared_subjects",
    "check_subject_split",
    "check_weights",
    "check_who_wins",
    "reveal",
]
