"""Exercises of lesson 0: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest

from cdae_lessons import checks, datasets, lesions, metrics, noise, training, weights
from cdae_lessons.checks.riddle import case

RIGHT = [
    lambda train, test: len(set(train) & set(test)),
    lambda train, test: len(np.intersect1d(train, test)),
    lambda train, test: np.isin(np.unique(test), train).sum(),
    lambda train, test: sum(subject in train for subject in np.unique(test)),
]

WRONG = [
    (lambda train, test: bool(set(train) & set(test)), "whether there is a leak"),
    (lambda train, test: set(train) & set(test), "a collection"),
    (lambda train, test: np.intersect1d(train, test), "a collection"),
    (lambda train, test: np.isin(test, train).sum(), "Count subjects, not images"),
    (lambda train, test: np.isin(train, test).sum(), "Count subjects, not images"),
    (lambda train, test: (train[:, None] == test).sum(), "Count subjects, not images"),
    (lambda train, test: (train[: len(test)] == test[: len(train)]).sum(), "place by place"),
    (lambda train, test: len(set(train) | set(test)), "Who is on both?"),
    (lambda train, test: 2, "share nobody"),
    (lambda train, test: np.isin(np.unique(test), train).mean(), "that is a share"),
    (lambda train, test: len({*map(str, train)} & {*map(str, test)} - {"b"}), "labels may be texts"),
    (lambda train, test: -1, "subjects 1 and 3"),
    (lambda train, test: "two", "a single number"),
    (2, "a function is wanted"),
]


def to_screen(images):
    return (255 * np.clip(images, 0, 1)).astype(np.uint8)


def autoscaled(images):
    return (255 * (images - images.min()) / np.ptp(images)).astype(np.uint8)


def in_place(images):
    np.clip(images, 0, 1, out=images)
    return to_screen(images)


GREY = [
    (to_screen, "right."),
    (lambda images: np.rint(255 * np.minimum(np.maximum(images, 0), 1)).astype("uint8"), "right."),
    (lambda images: np.stack([to_screen(image) for image in images]), "right."),
    (autoscaled, "darkest pixel of the set"),
    (lambda images: np.stack([autoscaled(image) for image in images]), "a scale of its own"),
    (lambda images: to_screen(images / images.max()), "whatever was found"),
    (lambda images: (255 * images).astype(int).astype(np.uint8), "See np.clip"),
    (lambda images: (256 * np.clip(images, 0, 1)).astype(int).astype(np.uint8), "256 does not fit"),
    (lambda images: np.clip(images, 0, 1).astype(np.uint8), "every level is 0 or 1"),
    (lambda images: 255 * np.clip(images, 0, 1), "these are float64"),
    (lambda images: to_screen(images)[0], "the images' shape"),
    (lambda images: 255 - to_screen(images), "0 for what is below 0"),
    (in_place, "changes the images"),
]
BREAK_EVEN = [
    (0.0615, "right."),
    ("0.06", "right."),
    (np.float32(0.065), "right."),
    (0, "above 0"),
    (-0.06, "above 0"),
    (float("nan"), "above 0"),
    (15.5, "grey levels from 0 to 1"),
    (0.037, "inside the head"),
    (0.1, "Try less noise"),
    (0.05, "Try more noise"),
    (0.01, "Try more noise"),
    ([0.06, 0.07], "a single number"),
    (lambda sigma: sigma, "a single number"),
]
CASES = [(checks.check_shared_subjects, answer, "right.") for answer in RIGHT]
CASES += [(checks.check_shared_subjects, *case) for case in WRONG]
CASES += [(checks.check_grey_scale, *case) for case in GREY]
CASES += [(checks.check_break_even, *case) for case in BREAK_EVEN]
CASES += [
    (check, blank, "not attempted yet.")
    for check in (checks.check_shared_subjects, checks.check_grey_scale)
    for blank in (None, lambda *arguments: None)
]
CASES += [(checks.check_break_even, None, "not attempted yet."), (checks.check_break_even, ..., "not attempted yet.")]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_break_even_is_where_the_check_has_it():
    clean = datasets.load("brain", n=10, seed=7).images
    inside, network = metrics.body_mask(clean), weights.load()
    for sigma, network_is_better in ((0.05, False), (0.074, True)):
        noisy = noise.gaussian(clean, p=1, sigma=sigma, rng=0)
        scan, made = (np.mean((z - clean)[inside] ** 2) for z in (noisy, training.denoise(network, noisy)))
        assert (made < scan) == network_is_better


def test_of_the_riddle_s_spots_both_are_seen_one_was_there_and_a_second_scan_shows_it_again():
    images = {name: image[0] for name, image in case().items()}

    def stands_out(image, centre):
        near, far = (lesions.disc(image.shape, centre=centre, radius=radius) for radius in (2.5, 7))
        around = far & ~lesions.disc(image.shape, centre=centre, radius=4.4)
        return image[near].mean() - image[around].mean()

    a, b = ({name: stands_out(image, centre) for name, image in images.items()} for centre in ((21, 42), (41, 47)))
    assert a["denoised"] == pytest.approx(b["denoised"], abs=0.03)
    assert min(a["denoised"], b["denoised"]) > 0.2
    assert a["clean"] < 0.05 < 0.15 < b["clean"]
    assert b["denoised_again"] > 0.15 > 0.1 > a["denoised_again"]


def test_the_riddle_is_drawn_without_its_answer_and_with_it():
    titles = [[ax.get_title() for ax in checks.riddle(solved=solved).axes] for solved in (False, True)]
    assert titles[0] == ["the scan", "network's picture"]
    assert titles[1][:2] == titles[0]
    assert titles[1][-1] == "what was there"
    assert [text.get_text() for text in checks.riddle(caption="Which?").axes[1].texts] == ["A", "B"]


@pytest.mark.parametrize(
    ("guess", "said"), [(None, "no guess."), (" b", "B."), ("both", "BOTH. (Say A or B.)"), ("A", "A.")]
)
def test_a_sealed_guess_is_repeated_and_not_judged(guess, said, capsys):
    checks.sealed("Invented", guess=guess)
    assert capsys.readouterr().out == f"Invented: you said {said} The answer is kept for lesson 9.\n"
