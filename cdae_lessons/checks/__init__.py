"""Instant answers for the exercises: ``check_*`` prints one line, with a hint where an answer is wrong.

A module a lesson; what they share is in ``answers``. `reveal` shows a prediction beside the measured value, `progress`
what is right so far. `claims` checks what a lesson says itself.
"""

from cdae_lessons.checks.answers import reveal
from cdae_lessons.checks.autoencoders import check_reconstruct, check_weights
from cdae_lessons.checks.claims import claims
from cdae_lessons.checks.cnn_dae import check_cnn_dae_weights, check_who_wins
from cdae_lessons.checks.contest import check_beat_bm3d, contest_table
from cdae_lessons.checks.convolutional_autoencoders import (
    check_adjoint,
    check_conv_layer,
    check_grey_noise,
    check_layer_shapes,
)
from cdae_lessons.checks.course import EXERCISES, progress
from cdae_lessons.checks.denoising_autoencoders import (
    EXPERIMENT_STEPS,
    MISTAKES,
    check_curves,
    check_experiment_order,
    check_pairs,
    check_score_denoiser,
    classmates,
)
from cdae_lessons.checks.extreme_noise import check_average_weights, check_recovered_contrast
from cdae_lessons.checks.noise_and_scores import check_body_psnr, check_detector_noise, check_paper_noise
from cdae_lessons.checks.small_samples import check_honest_score, check_seed_interval, check_subject_split
from cdae_lessons.checks.stacked_denoising_autoencoders import LAYERWISE_STEPS, check_equal_steps, check_layerwise_order
from cdae_lessons.checks.start_here import check_grey_scale, check_shared_subjects

__all__ = [
    "EXERCISES",
    "EXPERIMENT_STEPS",
    "LAYERWISE_STEPS",
    "MISTAKES",
    "check_adjoint",
    "check_average_weights",
    "check_beat_bm3d",
    "check_body_psnr",
    "check_cnn_dae_weights",
    "check_conv_layer",
    "check_curves",
    "check_detector_noise",
    "check_equal_steps",
    "check_experiment_order",
    "check_grey_noise",
    "check_grey_scale",
    "check_honest_score",
    "check_layer_shapes",
    "check_layerwise_order",
    "check_pairs",
    "check_paper_noise",
    "check_reconstruct",
    "check_recovered_contrast",
    "check_score_denoiser",
    "check_seed_interval",
    "check_shared_subjects",
    "check_subject_split",
    "check_weights",
    "check_who_wins",
    "claims",
    "classmates",
    "contest_table",
    "progress",
    "reveal",
]
