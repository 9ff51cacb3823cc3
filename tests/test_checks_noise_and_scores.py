"""Exercises of lesson 2: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest

from cdae_lessons import checks, noise


def detector(images, peak, sigma, rng):
    return rng.poisson(peak * images) / peak + rng.normal(0, sigma, images.shape)


def with_the_package(images, peak, sigma, rng):
    electronics = noise.gaussian(images, p=sigma, rng=rng) - images
    return noise.shot(images, peak=peak, rng=rng) + electronics


def in_counts(images, peak, sigma, rng):
    return ((rng.poisson(peak * images) + peak * sigma * rng.standard_normal(images.shape)) / peak).astype("float32")


def image_by_image(images, peak, sigma, rng):
    return np.stack([detector(image, peak, sigma, rng) for image in images])


def in_place(images, peak, sigma, rng):
    images[:] = detector(images, peak, sigma, rng)
    return images


def own_generator(images, peak, sigma, rng):
    return detector(images, peak, sigma, np.random.default_rng())


def own_seed(images, peak, sigma, rng):
    return detector(images, peak, sigma, np.random.default_rng(0))


def one_noise_for_all(images, peak, sigma, rng):
    seed = rng.integers(1000)
    return np.stack([detector(image, peak, sigma, np.random.default_rng(seed)) for image in images])


def electronics_first(images, peak, sigma, rng):
    return rng.poisson(peak * (images + rng.normal(0, sigma, images.shape))) / peak


def the_paper_s_poisson(images, peak, sigma, rng):
    return images + (rng.poisson(peak, images.shape) - peak) / peak + rng.normal(0, sigma, images.shape)


DETECTOR = [
    (in_place, "clean images were changed"),
    (own_generator, "same rng gave other noise"),
    (own_seed, "two different rng gave the same noise"),
    (one_noise_for_all, "two images got the same noise"),
    (electronics_first, "First count photons"),
    (the_paper_s_poisson, "dark and bright pixels have the same noise"),
    (lambda x, peak, sigma, rng: x, "nothing was added"),
    (lambda x, peak, sigma, rng: rng.poisson(peak * x) + rng.normal(0, sigma, x.shape), "Divide the counts by peak"),
    (lambda x, peak, sigma, rng: np.clip(detector(x, peak, sigma, rng), 0, 1), "that noise was clipped"),
    (lambda x, peak, sigma, rng: np.maximum(detector(x, peak, sigma, rng), 0), "that noise was clipped"),
    (lambda x, peak, sigma, rng: rng.poisson(peak * x) / peak, "a black image stays black"),
    (lambda x, peak, sigma, rng: x + detector(x, peak, sigma, rng), "twice as bright"),
    (lambda x, peak, sigma, rng: sigma + detector(x, peak, sigma, rng), "changed the mean"),
    (
        lambda x, peak, sigma, rng: rng.poisson(peak, x.shape) / peak + rng.normal(0, sigma, x.shape),
        "rate is peak times x",
    ),
    (lambda x, peak, sigma, rng: rng.poisson(peak * x) / peak + rng.normal(0, sigma), "one number to all pixels"),
    (lambda x, peak, sigma, rng: x + rng.normal(0, sigma, x.shape), "Where is the photon noise"),
    (lambda x, peak, sigma, rng: detector(x, peak, sigma**2, rng), "not the variance"),
    (lambda x, peak, sigma, rng: detector(x, peak, sigma**0.5, rng), "no square root"),
    (
        lambda x, peak, sigma, rng: (rng.poisson(peak * x) + rng.normal(0, sigma, x.shape)) / peak,
        "after dividing by peak",
    ),
    (lambda x, peak, sigma, rng: detector(x, peak**2, sigma, rng), "photon noise has the wrong size"),
    (lambda x, peak, sigma, rng: detector(x, peak, 2 * sigma, rng), "variance at grey level x"),
    (lambda x, peak, sigma, rng: detector(x, peak, sigma, rng)[0], "the shape should be"),
]


def price(sick, healthy):
    return np.sqrt(np.mean((sick - healthy) ** 2))


def of_the_lesion(sick, healthy):
    return (sick - healthy)[sick != healthy]


EQUAL_NOISE = [
    (lambda s, h: np.mean((s - h) ** 2), "A standard deviation is its root"),
    (lambda s, h: np.sqrt(np.mean(of_the_lesion(s, h) ** 2)), "not by the lesion's"),
    (lambda s, h: np.mean(of_the_lesion(s, h) ** 2), "and take the root"),
    (lambda s, h: np.std(s - h), "takes the mean away first"),
    (lambda s, h: np.mean(np.abs(s - h)), "Errors are squared before"),
    (lambda s, h: np.sqrt(np.sum((s - h) ** 2)), "that is the sum over the pixels"),
    (lambda s, h: np.linalg.norm((s - h)[0]), "that is the sum over an image"),
    (lambda s, h: np.max(s - h), "How many of the pixels have it"),
    (lambda s, h: -10 * np.log10(np.mean((s - h) ** 2)), "those are decibels"),
    (lambda s, h: 0.0, "Which MSE has the lost lesion"),
    (lambda s, h: s, "a single number"),
]

NAMES = ["rician", "clipped gaussian", "shot and electronics", "salt and pepper"]


def with_name(place, name):
    return [name if i == place else each for i, each in enumerate(NAMES)]


DETECTORS = [
    (NAMES, "two things are wanted"),
    (("rician", 50), "four names are wanted"),
    ((NAMES[:3], 50), "four names are wanted"),
    ((with_name(0, "poisson"), 50), "there is no 'poisson' here"),
    ((with_name(0, "clipped gaussian"), 50), "A leaves white alone"),
    ((with_name(0, "salt and pepper"), 50), "A spreads least at black"),
    ((with_name(1, "rician"), 50), "B darkens white"),
    ((with_name(1, "salt and pepper"), 50), "B spreads least there"),
    ((with_name(2, "speckle"), 50), "C still has noise at black"),
    ((with_name(2, "gaussian"), 50), "C has not"),
    ((with_name(3, "clipped gaussian"), 50), "D has most of it there"),
    ((with_name(0, "speckle"), 50), "look again at A"),
    ((NAMES, 44.4), "Take away the variance at black"),
    ((NAMES, 10), "variances do: square both"),
    ((NAMES, 100), "variances do: square each"),
    ((NAMES, 0.02), "that is the variance of the photons"),
    ((NAMES, 7.07), "no root"),
    ((NAMES, 400), "the electronics alone"),
    ((NAMES, 60), "Subtract, then solve"),
    ((NAMES, "many"), "a single number"),
]


def paper(images, p, rng):
    return images + p * rng.standard_normal(images.shape)


def paper_in_place(images, p, rng):
    images += p * rng.standard_normal(images.shape)
    return images


def in_a_share(images, p, rng):
    return images + (rng.random(images.shape) < p) * rng.standard_normal(images.shape)


PAPER = [
    (paper_in_place, "clean images were changed"),
    (in_a_share, "p is a factor, no share"),
    (lambda x, p, rng: np.clip(in_a_share(x, p, rng), 0, 1), "p is a factor, no share"),
    (lambda x, p, rng: np.clip(paper(x, p, rng), 0, 1), "the noise was clipped"),
    (lambda x, p, rng: x + p * rng.standard_normal(x.shape[1:]), "all images got the same noise"),
    (lambda x, p, rng: x, "nothing was added"),
    (lambda x, p, rng: paper(x, p, np.random.default_rng()), "same rng gave other noise"),
    (lambda x, p, rng: paper(x, p, np.random.default_rng(0)), "two different rng gave the same noise"),
    (
        lambda x, p, rng: x * (1 + 2 * p * rng.standard_normal(x.shape)) - 0.5 + rng.normal(0.5, 1e-3, x.shape),
        "multiplied",
    ),
    (lambda x, p, rng: x + p * rng.random(x.shape) - 0.2 * p, "mean of 0"),
    (lambda x, p, rng: x + p * rng.random(x.shape), "never below 0"),
    (lambda x, p, rng: paper(x, 1, rng), "p was not used"),
    (lambda x, p, rng: paper(x, p**2, rng), "here it was squared"),
    (lambda x, p, rng: paper(x, p**0.5, rng), "no root"),
    (lambda x, p, rng: paper(x, p / 2, rng), "it is 0.15"),
    (lambda x, p, rng: x + p * np.sqrt(12) * (rng.random(x.shape) - 0.5), "no tails"),
    (lambda x, p, rng: paper(x, p, rng)[0], "the shape should be"),
]

RIGHT = [
    (checks.check_detector_noise, detector),
    (checks.check_detector_noise, with_the_package),
    (checks.check_detector_noise, in_counts),
    (checks.check_detector_noise, image_by_image),
    (checks.check_equal_noise, price),
    (checks.check_equal_noise, lambda s, h: np.sqrt(((h - s) ** 2).mean())),
    (checks.check_equal_noise, lambda s, h: np.linalg.norm(s - h) / np.sqrt(s.size)),
    (checks.check_detectors, (NAMES, 50)),
    (checks.check_detectors, (["Rician", "clipped_gaussian", "shot and electronics ", "salt_and_pepper"], "50.2")),
    (checks.check_detectors, [tuple(NAMES), 1 / (0.15**2 - 0.05**2)]),
    (checks.check_paper_noise, paper),
    (checks.check_paper_noise, lambda x, p, rng: noise.gaussian(x, p=p, rng=rng)),
    (checks.check_paper_noise, lambda x, p, rng: rng.normal(x, p)),
]
CASES = [(*case, "right.") for case in RIGHT]
CASES += [(checks.check_detector_noise, *case) for case in DETECTOR]
CASES += [(checks.check_equal_noise, *case) for case in EQUAL_NOISE]
CASES += [(checks.check_detectors, *case) for case in DETECTORS]
CASES += [
    (checks.check_detectors, blank, "not attempted yet.")
    for blank in (None, (None, None), (NAMES, None), (["…"] * 4, 50))
]
CASES += [(checks.check_paper_noise, *case) for case in PAPER]
CASES += [
    (check, blank, "not attempted yet.")
    for check in (checks.check_detector_noise, checks.check_equal_noise, checks.check_paper_noise)
    for blank in (None, lambda *arguments: ...)
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1
