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


def psnr(clean, image, mask, data_range):
    return 10 * np.log10(data_range**2 / np.mean((clean - image)[mask] ** 2))


def with_a_root(clean, image, mask, data_range):
    error = (clean - image) * mask
    return 20 * np.log10(data_range / np.sqrt((error**2).sum() / mask.sum()))


PSNR = [
    (lambda x, y, m, r: -psnr(x, y, m, r), "less error should give more decibels"),
    (lambda x, y, m, r: psnr(x, y, m | True, r), "mask was not used"),
    (lambda x, y, m, r: psnr(x * m, y * m, m | True, r), "zeros were counted"),
    (lambda x, y, m, r: 10 * np.log(r**2 / np.mean((x - y)[m] ** 2)), "natural logarithm"),
    (lambda x, y, m, r: 2 * psnr(x, y, m, r), "20 goes with the root"),
    (lambda x, y, m, r: psnr(x, y, m, r) / 2, "with its root it is 20"),
    (lambda x, y, m, r: psnr(x, y, m, np.sqrt(r)), "range has to be squared"),
    (lambda x, y, m, r: psnr(x, y, m, 1), "data_range was not used"),
    (lambda x, y, m, r: 10 * np.log10(r**2 / np.sum((x - y)[m] ** 2)), "divide the sum"),
    (lambda x, y, m, r: 20 * np.log10(r / np.mean(np.abs(x - y)[m])), "square the errors first"),
    (lambda x, y, m, r: np.mean(10 * np.log10(r**2 / (x - y)[m] ** 2)), "then one logarithm"),
    (lambda x, y, m, r: psnr(x, y, m, y.max() - y.min()), "own range"),
    (lambda x, y, m, r: psnr(x, y, m, np.ptp(y[m])), "own range"),
    (lambda x, y, m, r: 30.0, "with the MSE over the pixels"),
    (lambda x, y, m, r: x, "a single number"),
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
    (checks.check_body_psnr, psnr),
    (checks.check_body_psnr, with_a_root),
    (checks.check_body_psnr, lambda *args: np.float32(psnr(*args))),
    (checks.check_paper_noise, paper),
    (checks.check_paper_noise, lambda x, p, rng: noise.gaussian(x, p=p, rng=rng)),
    (checks.check_paper_noise, lambda x, p, rng: rng.normal(x, p)),
]
CASES = [(*case, "right.") for case in RIGHT]
CASES += [(checks.check_detector_noise, *case) for case in DETECTOR]
CASES += [(checks.check_body_psnr, *case) for case in PSNR]
CASES += [(checks.check_paper_noise, *case) for case in PAPER]
CASES += [
    (check, blank, "not attempted yet.")
    for check in (checks.check_detector_noise, checks.check_body_psnr, checks.check_paper_noise)
    for blank in (None, lambda *arguments: ...)
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1
