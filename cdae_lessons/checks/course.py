"""The exercises of the course in its order, and what is right so far."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from cdae_lessons.checks import (
    after_2016,
    autoencoders,
    classical_denoisers,
    cnn_dae,
    contest,
    convolutional_autoencoders,
    denoising_autoencoders,
    extreme_noise,
    many_possible_images,
    noise_and_scores,
    record,
    small_samples,
    stacked_denoising_autoencoders,
    start_here,
    transposed_convolution,
    without_clean_images,
    your_own_images,
)
from cdae_lessons.checks.answers import Check

EXERCISES: Mapping[int | str, tuple[Check, ...]] = MappingProxyType(
    {
        0: (start_here.check_break_even, start_here.check_shared_subjects, start_here.check_grey_scale),
        1: (
            autoencoders.check_best_code,
            autoencoders.check_keep_weights,
            autoencoders.check_mistakes,
            autoencoders.check_reconstruct,
        ),
        2: (
            noise_and_scores.check_detectors,
            noise_and_scores.check_paper_noise,
            noise_and_scores.check_detector_noise,
            noise_and_scores.check_equal_noise,
        ),
        3: (
            classical_denoisers.check_residuals,
            classical_denoisers.check_noise_left,
            classical_denoisers.check_counting_average,
            classical_denoisers.check_dead_pixels,
        ),
        4: (
            denoising_autoencoders.check_curves,
            denoising_autoencoders.check_pairs,
            denoising_autoencoders.check_experiment_order,
            denoising_autoencoders.check_score_denoiser,
        ),
        5: (
            convolutional_autoencoders.check_layer_shapes,
            convolutional_autoencoders.check_conv_layer,
            convolutional_autoencoders.check_followers,
            convolutional_autoencoders.check_grey_noise,
        ),
        6: (
            stacked_denoising_autoencoders.check_gradients,
            stacked_denoising_autoencoders.check_error_left,
            stacked_denoising_autoencoders.check_masked_codes,
            stacked_denoising_autoencoders.check_equal_steps,
        ),
        7: (
            cnn_dae.check_cnn_dae_weights,
            cnn_dae.check_who_wins,
            cnn_dae.check_tables,
            contest.check_beat_bm3d,
        ),
        8: (
            small_samples.check_seeds_needed,
            small_samples.check_four_studies,
            small_samples.check_subject_split,
            small_samples.check_honest_score,
        ),
        9: (
            extreme_noise.check_four_denoisers,
            extreme_noise.check_rare_lesion,
            extreme_noise.check_observer,
            extreme_noise.check_error_without_truth,
        ),
        10: (
            after_2016.check_wider_view,
            after_2016.check_four_subtractions,
            after_2016.check_noise_pairs,
            after_2016.check_both,
        ),
        11: (
            without_clean_images.check_four_pairings,
            without_clean_images.check_put_back,
            without_clean_images.check_wrong_sigma,
            without_clean_images.check_mri_pair,
        ),
        12: (
            many_possible_images.check_five_samplers,
            many_possible_images.check_samples_to_average,
            many_possible_images.check_draw_samples,
            many_possible_images.check_promise_for_each,
        ),
        13: (
            your_own_images.check_grey,
            your_own_images.check_four_tilings,
            your_own_images.check_halo_cost,
            your_own_images.check_store,
        ),
        "A": (
            transposed_convolution.check_slide_back,
            transposed_convolution.check_stamps,
            transposed_convolution.check_even_kernel,
        ),
    }
)
"""The checks of each lesson, by its number, and of the appendix, by its letter, in the order of the notebook."""


def progress() -> pd.DataFrame:
    """Show which exercises are right, which were tried, and which wait.

    Returns
    -------
    DataFrame
        A row for each lesson and exercise; ``so far`` is "right", "tried" or "not attempted yet". An exercise that was
        right once stays right.
    """
    states = record.read()
    rows = [
        (lesson, check.title, states.get(check.__name__, "not attempted yet"))
        for lesson, checks in EXERCISES.items()
        for check in checks
    ]
    return pd.DataFrame(rows, columns=["lesson", "exercise", "so far"]).set_index(["lesson", "exercise"])
