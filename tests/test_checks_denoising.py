"""Exercises of lesson 4: the right answers, a blank, and each wrong answer with a hint of its own."""

import numpy as np
import pytest

from cdae_lessons import checks, metrics, noise

CURVES = [
    ({"A": 4, "B": 1, "C": 5, "D": 2}, "right."),
    ({"a": 4, "d": 2, "c": 5, "b": 1.0}, "right."),
    (None, "not attempted yet."),
    (dict.fromkeys("ABCD"), "not attempted yet."),
    ([4, 1, 5, 2], "a dict is wanted"),
    ({"A": 4, "B": 1}, "for each of the curves"),
    ({"A": 4, "B": 1, "C": 5, "D": None}, "D has None"),
    ({"A": 4, "B": 1, "C": 5, "D": 6}, "D has 6"),
    ({"A": 4, "B": 4, "C": 5, "D": 2}, "no number comes twice"),
    ({"A": 2, "B": 1, "C": 5, "D": 4}, "weaker noise makes the curve steeper"),
    ({"A": 3, "B": 1, "C": 5, "D": 2}, "stronger noise makes the curve flatter"),
    ({"A": 1, "B": 4, "C": 5, "D": 2}, "even .4"),
    ({"A": 4, "B": 5, "C": 1, "D": 2}, "B follows its input exactly"),
    ({"A": 4, "B": 3, "C": 5, "D": 2}, "gives back what it gets"),
    ({"A": 4, "B": 1, "C": 3, "D": 2}, "C has none"),
    ({"A": 4, "B": 1, "C": 2, "D": 5}, "the mean of all targets"),
    ({"A": 4, "B": 1, "C": 5, "D": 3}, "the flatter its curve"),
]


def noisy(clean, rng, strongest=0.5, shape=(-1, 1, 1)):
    sigma = rng.uniform(0, strongest, len(clean)).reshape(shape)
    return clean + sigma * rng.standard_normal(clean.shape)


def by_noise(clean, rng):
    """One call of the package for each image."""
    return np.concatenate([noise.gaussian(x[None], p=1, sigma=rng.uniform(0, 0.5), rng=rng) for x in clean])


def in_place(clean, rng):
    copy = clean.copy()
    clean += noisy(clean, rng) - clean
    return clean, copy


def each_pixel(clean, rng):
    return clean + rng.uniform(0, 0.5, clean.shape) * rng.standard_normal(clean.shape)


def flat(clean, rng):
    strength = rng.uniform(0, 0.5, (len(clean), 1, 1))
    return clean + strength * np.sqrt(3) * rng.uniform(-1, 1, clean.shape)


def one_strength(clean, rng):
    return clean + rng.uniform(0.2, 0.5) * rng.standard_normal(clean.shape)


def of_even_variance(clean, rng):
    return clean + np.sqrt(rng.uniform(0, 0.25, (len(clean), 1, 1))) * rng.standard_normal(clean.shape)


def of_six_strengths(clean, rng):
    return clean + rng.choice(np.arange(6) / 10, (len(clean), 1, 1)) * rng.standard_normal(clean.shape)


PAIRS = [
    (lambda clean, rng: (noisy(clean, rng), clean), "right."),
    (lambda clean, rng: [by_noise(clean, rng), clean.copy()], "right."),
    (None, "not attempted yet."),
    (lambda clean, rng: None, "not attempted yet."),
    (lambda clean, rng: (None, None), "not attempted yet."),
    (lambda clean, rng: (clean, noisy(clean, rng)), "input and target are swapped"),
    (lambda clean, rng: (noisy(clean, rng),) * 2, "the target is noisy too"),
    (lambda clean, rng: (noisy(clean, rng), noisy(clean, rng)), "the target is not the clean image"),
    (lambda clean, rng: (clean, clean), "the input is clean"),
    (lambda clean, rng: (noisy(clean, np.random.default_rng(0)), clean), "the second call gives the same noise"),
    (lambda clean, rng: (noisy(clean, np.random.default_rng()), clean), "the same rng gives different noise"),
    (lambda clean, rng: (one_strength(clean, rng), clean), "noise of one strength"),
    (lambda clean, rng: (each_pixel(clean, rng), clean), "each pixel has a strength of its own"),
    (lambda clean, rng: (clean + 0.3 * rng.standard_normal(clean.shape[1:]), clean), "has the same noise"),
    (lambda clean, rng: (clean + 0.3 * rng.standard_normal((len(clean), 1, 1)), clean), "are moved alike"),
    (lambda clean, rng: (clean + rng.uniform(0, 0.5, clean.shape), clean), "brighter on the whole"),
    (lambda clean, rng: (np.clip(noisy(clean, rng), 0, 1), clean), "were clipped"),
    (lambda clean, rng: (noisy(clean, rng, 1), clean), "0.5 should be the most"),
    (lambda clean, rng: (noisy(clean, rng, 0.3), clean), "would be 0.25 on average"),
    (lambda clean, rng: (of_even_variance(clean, rng), clean), "0.33 on average. Those"),
    (lambda clean, rng: (of_six_strengths(clean, rng), clean), "only a few strengths"),
    (lambda clean, rng: (flat(clean, rng), clean), "not Gaussian"),
    (in_place, "changes the clean images themselves"),
    (lambda clean, rng: noisy(clean, rng), "two arrays are wanted"),
    (lambda clean, rng: (noisy(clean, rng)[0], clean), "the shape should be (400, 12, 12)"),
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
CASES = [(checks.check_curves, *case) for case in CURVES]
CASES += [(checks.check_pairs, *case) for case in PAIRS]
CASES += [(checks.check_experiment_order, *case) for case in ORDER]
CASES += [(checks.check_score_denoiser, *case) for case in SCORE]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_curves_are_what_the_mistakes_lead_to():
    """Drawn again from pairs: the mean of the targets of all pixels that were measured nearly alike."""
    rng, many = np.random.default_rng(0), 2_000_000
    curves = checks.classmates()
    z = curves.pop("z")

    def learned(bright=0.5, sigma=0.2, shuffled=False):
        x = np.where(rng.random(many) < bright, 0.8, 0.2)
        measured = x + sigma * rng.standard_normal(many)
        place = np.digitize(rng.permutation(measured) if shuffled else measured, np.linspace(0.195, 0.805, 62)) - 1
        inside = (place >= 0) & (place < 61)
        place, x = place[inside], x[inside]
        return np.bincount(place, x) / np.bincount(place)

    centres = np.linspace(0.2, 0.8, 61)
    made = {"A": learned(bright=0.9), "B": centres, "C": learned(shuffled=True), "D": learned(sigma=0.1)}
    for letter, curve in curves.items():
        np.testing.assert_allclose(np.interp(centres, z, curve), made[letter], atol=0.05, err_msg=letter)
