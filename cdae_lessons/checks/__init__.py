"""Instant answers for the exercises: ``check_*`` prints one line, with a hint where an answer is wrong.

A module a lesson or appendix; what they share is in ``answers``. `reveal` shows a prediction beside the measured value,
`progress` what is right so far. `claims` checks what a lesson says itself. `riddle` is that of lesson 0; `sealed` keeps
its answer.
"""

from cdae_lessons.checks.after_2016 import (
    NOISE_MISTAKES,
    check_both,
    check_four_subtractions,
    check_noise_pairs,
    check_wider_view,
    four_subtractions,
)
from cdae_lessons.checks.answers import reveal
from cdae_lessons.checks.autoencoders import (
    MISTAKES,
    check_best_code,
    check_keep_weights,
    check_mistakes,
    check_reconstruct,
    four_trainings,
)
from cdae_lessons.checks.claims import claims
from cdae_lessons.checks.classical_denoisers import (
    FAULTS,
    check_counting_average,
    check_dead_pixels,
    check_noise_left,
    check_residuals,
    faulty_residuals,
)
from cdae_lessons.checks.cnn_dae import TABLE_MISTAKES, check_cnn_dae_weights, check_tables, check_who_wins
from cdae_lessons.checks.contest import check_beat_bm3d, contest_table
from cdae_lessons.checks.convolutional_autoencoders import (
    PLANS,
    check_conv_layer,
    check_followers,
    check_grey_noise,
    check_layer_shapes,
    followers,
)
from cdae_lessons.checks.course import EXERCISES, progress
from cdae_lessons.checks.denoising_autoencoders import (
    CURVE_MISTAKES,
    EXPERIMENT_STEPS,
    check_curves,
    check_experiment_order,
    check_pairs,
    check_score_denoiser,
    classmates,
)
from cdae_lessons.checks.extreme_noise import (
    DENOISER_FAULTS,
    check_error_without_truth,
    check_four_denoisers,
    check_observer,
    check_rare_lesion,
    four_denoisers,
)
from cdae_lessons.checks.many_possible_images import (
    SAMPLER_FAULTS,
    check_draw_samples,
    check_five_samplers,
    check_promise_for_each,
    check_samples_to_average,
    five_samplers,
)
from cdae_lessons.checks.noise_and_scores import (
    check_detector_noise,
    check_detectors,
    check_equal_noise,
    check_paper_noise,
)
from cdae_lessons.checks.riddle import riddle, sealed
from cdae_lessons.checks.small_samples import (
    STUDY_MISTAKES,
    check_four_studies,
    check_honest_score,
    check_seeds_needed,
    check_subject_split,
    four_studies,
)
from cdae_lessons.checks.stacked_denoising_autoencoders import (
    GRADIENT_CAUSES,
    check_equal_steps,
    check_error_left,
    check_gradients,
    check_masked_codes,
    gradients_by_layer,
)
from cdae_lessons.checks.start_here import check_break_even, check_grey_scale, check_shared_subjects
from cdae_lessons.checks.transposed_convolution import (
    STAMPS,
    check_even_kernel,
    check_slide_back,
    check_stamps,
    stamped_patterns,
)
from cdae_lessons.checks.without_clean_images import (
    PAIRING_MISTAKES,
    check_four_pairings,
    check_mri_pair,
    check_put_back,
    check_wrong_sigma,
    four_pairings,
)
from cdae_lessons.checks.your_own_images import (
    TILE_FAULTS,
    check_four_tilings,
    check_grey,
    check_halo_cost,
    check_store,
    four_tilings,
)

__all__ = [
    "CURVE_MISTAKES",
    "DENOISER_FAULTS",
    "EXERCISES",
    "EXPERIMENT_STEPS",
    "FAULTS",
    "GRADIENT_CAUSES",
    "MISTAKES",
    "NOISE_MISTAKES",
    "PAIRING_MISTAKES",
    "PLANS",
    "SAMPLER_FAULTS",
    "STAMPS",
    "STUDY_MISTAKES",
    "TABLE_MISTAKES",
    "TILE_FAULTS",
    "check_beat_bm3d",
    "check_best_code",
    "check_both",
    "check_break_even",
    "check_cnn_dae_weights",
    "check_conv_layer",
    "check_counting_average",
    "check_curves",
    "check_dead_pixels",
    "check_detector_noise",
    "check_detectors",
    "check_draw_samples",
    "check_equal_noise",
    "check_equal_steps",
    "check_error_left",
    "check_error_without_truth",
    "check_even_kernel",
    "check_experiment_order",
    "check_five_samplers",
    "check_followers",
    "check_four_denoisers",
    "check_four_pairings",
    "check_four_studies",
    "check_four_subtractions",
    "check_four_tilings",
    "check_gradients",
    "check_grey",
    "check_grey_noise",
    "check_grey_scale",
    "check_halo_cost",
    "check_honest_score",
    "check_keep_weights",
    "check_layer_shapes",
    "check_masked_codes",
    "check_mistakes",
    "check_mri_pair",
    "check_noise_left",
    "check_noise_pairs",
    "check_observer",
    "check_pairs",
    "check_paper_noise",
    "check_promise_for_each",
    "check_put_back",
    "check_rare_lesion",
    "check_reconstruct",
    "check_residuals",
    "check_samples_to_average",
    "check_score_denoiser",
    "check_seeds_needed",
    "check_shared_subjects",
    "check_slide_back",
    "check_stamps",
    "check_store",
    "check_subject_split",
    "check_tables",
    "check_who_wins",
    "check_wider_view",
    "check_wrong_sigma",
    "claims",
    "classmates",
    "contest_table",
    "faulty_residuals",
    "five_samplers",
    "followers",
    "four_denoisers",
    "four_pairings",
    "four_studies",
    "four_subtractions",
    "four_tilings",
    "four_trainings",
    "gradients_by_layer",
    "progress",
    "reveal",
    "riddle",
    "sealed",
    "stamped_patterns",
]
