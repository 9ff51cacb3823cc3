"""Exercises of lesson 4: the right answers, a blank, and each wrong answer with a hint of its own."""

import numpy as np
import pytest

from cdae_lessons import checks, metrics, noise


def masked(clean, rng, p=0.3):
    return clean * (rng.random(clean.shape) >= p)


def in_place(clean, rng):
    copy = clean.copy()
    clean[rng.random(clean.shape) < 0.3] = 0
    return clean, copy


PAIRS = [
    (lambda clean, rng: (masked(clean, rng), clean), "right."),
    (lambda clean, rng: [noise.masking(clean, p=0.3, rng=rng), clean.copy()], "right."),
    (lambda clean, rng: (np.where(rng.uniform(size=clean.shape) < 0.7, clean, 0), clean), "right."),
    (None, "not attempted yet."),
    (lambda clean, rng: None, "not attempted yet."),
    (lambda clean, rng: (None, None), "not attempted yet."),
    (lambda clean, rng: (clean, masked(clean, rng)), "input and target are swapped"),
    (lambda clean, rng: (masked(clean, rng),) * 2, "the target is corrupted too"),
    (lambda clean, rng: (masked(clean, rng), masked(clean, rng)), "the target is not the clean image"),
    (lambda clean, rng: (clean, clean), "the input is clean"),
    (lambda clean, rng: (masked(clean, np.random.default_rng(0)), clean), "the second call gives the same noise"),
    (lambda clean, rng: (masked(clean, np.random.default_rng()), clean), "the same rng gives different noise"),
    (lambda clean, rng: (clean * (rng.random(clean.shape[1:]) >= 0.3), clean), "every image of the batch has the same"),
    (lambda clean, rng: (clean * (rng.random((len(clean), 1, 1)) >= 0.3), clean), "whole images are set to zero"),
    (lambda clean, rng: (masked(clean, rng, p=0.7), clean), "kept and masked are swapped"),
    (lambda clean, rng: (masked(clean, rng, p=0.1), clean), "30 % are wanted"),
    (lambda clean, rng: (clean + rng.normal(size=clean.shape), clean), "neither the clean value nor 0"),
    (in_place, "changes the clean images themselves"),
    (lambda clean, rng: masked(clean, rng), "two arrays are wanted"),
    (lambda clean, rng: (masked(clean, rng)[0], clean), "the shape should be (12, 16, 16)"),
]


ORDER = [
    (list("EGDAB"), "right."),
    ("E, D, G, A, B", "right."),
    (list("EDAGB"), "right."),
    (None, "not attempted yet."),
    (list("CGDAB"), "two images of one subject"),
    (list("EGDFB"), "the test images choose"),
    (list("EDAB"), "without a tuned filter"),
    (list("EGAB"), "1 more must find a place"),
    (list("GEDAB"), "The split comes first"),
    (list("EGDBA"), "B is the last step"),
    (list("EGADB"), "after their training"),
    (list("EGDAX"), "no step 'X'"),
    (list("EGGAB"), "done twice"),
    (5, "a list of letters"),
]


def ssim(clean, images, data_range=1):
    return metrics.score(clean, images, data_range=data_range)["ssim"].mean()


def score(denoise, clean, corrupt, rng):
    noisy = corrupt(clean, rng=rng)
    return ssim(clean, noisy), ssim(clean, denoise(noisy))


def scored_by_compare(denoise, clean, corrupt, rng):
    noisy = corrupt(clean, rng=rng)
    both = {"noisy": noisy, "denoised": denoise(noisy)}
    return metrics.compare(clean, both, data_range=1)["ssim"].to_numpy()


def clean_denoised(denoise, clean, corrupt, rng):
    return ssim(clean, corrupt(clean, rng=rng)), ssim(clean, denoise(clean))


def drawn_twice(denoise, clean, corrupt, rng):
    return ssim(clean, corrupt(clean, rng=rng)), ssim(clean, denoise(corrupt(clean, rng=rng)))


def denoised_twice(denoise, clean, corrupt, rng):
    noisy = corrupt(clean, rng=rng)
    return ssim(clean, noisy), ssim(clean, denoise(denoise(noisy)))


def clipped_first(denoise, clean, corrupt, rng):
    noisy = corrupt(clean, rng=rng)
    return ssim(clean, noisy), ssim(clean, denoise(noisy.clip(0.2, 0.5)))


def clean_changed(denoise, clean, corrupt, rng):
    scores = score(denoise, clean, corrupt, rng)
    clean *= 0.5
    return scores


def with_scores(scores):
    """A wrong answer that scores in its own way: ``scores(clean, noisy, denoised)``."""

    def answer(denoise, clean, corrupt, rng):
        noisy = corrupt(clean, rng=rng)
        return scores(clean, noisy, denoise(noisy))

    return answer


SCORE = [
    (score, "right."),
    (scored_by_compare, "right."),
    (None, "not attempted yet."),
    (lambda denoise, clean, corrupt, rng: None, "not attempted yet."),
    (clean_denoised, "was given the clean images"),
    (drawn_twice, "drawn twice"),
    (denoised_twice, "asked more than once"),
    (clipped_first, "other images than the noisy ones"),
    (clean_changed, "clean images were changed"),
    (lambda denoise, clean, corrupt, rng: (0.1, ssim(clean, denoise(clean))), "no noise was drawn"),
    (lambda denoise, clean, corrupt, rng: (ssim(clean, corrupt(clean, rng=rng)), 0.5), "never asked"),
    (with_scores(lambda x, z, y: (ssim(x, y), ssim(x, z))), "noisy images come first"),
    (with_scores(lambda x, z, y: (ssim(z, z), ssim(z, y))), "Clean is the truth"),
    (with_scores(lambda x, z, y: (ssim(x, z), ssim(z, y))), "not the clean"),
    (with_scores(lambda x, z, y: (ssim(x, z, 2), ssim(x, y, 2))), "data_range=2"),
    (with_scores(lambda x, z, y: (ssim(x, z, 255), ssim(x, y, 255))), "8 bits"),
    (with_scores(lambda x, z, y: (ssim(x, z, np.ptp(z)), ssim(x, y, np.ptp(z)))), "happen to span"),
    (with_scores(lambda x, z, y: (ssim(x, z, np.ptp(z)), ssim(x, y, np.ptp(y)))), "happen to span"),
    (with_scores(lambda x, z, y: (ssim(x, z, np.ptp(x)), ssim(x, y, np.ptp(x)))), "happen to span"),
    (with_scores(lambda x, z, y: metrics.compare(x, {0: z, 1: y}, data_range=1)["psnr"].to_numpy()), "that is PSNR"),
    (with_scores(lambda x, z, y: (((z - x) ** 2).mean(), ((y - x) ** 2).mean())), "squared error"),
    (with_scores(lambda x, z, y: (0.3, 0.7)), 'data_range=1)["ssim"].mean()'),
    (with_scores(lambda x, z, y: ssim(x, y)), "return two numbers"),
    (with_scores(lambda x, z, y: [metrics.score(x, i, data_range=1)["ssim"] for i in (z, y)]), "return two numbers"),
]
CASES = [(checks.check_pairs, *case) for case in PAIRS]
CASES += [(checks.check_experiment_order, *case) for case in ORDER]
CASES += [(checks.check_score_denoiser, *case) for case in SCORE]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1
