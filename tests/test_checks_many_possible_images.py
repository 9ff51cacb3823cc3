"""Exercises of lesson 12: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest
from scipy.special import softmax

from cdae_lessons import checks


def draw(z, images, shares, s, count, rng):
    distance = ((z - images) ** 2).sum(axis=(1, 2))
    weights = softmax(np.log(shares) - distance / (2 * s**2))
    return images[rng.choice(len(images), size=count, p=weights)]


def by_loop(z, images, shares, s, count, rng):
    logs = np.array([np.log(q) - ((z - x) ** 2).sum() / (2 * s * s) for q, x in zip(shares, images, strict=True)])
    weights = np.exp(logs - logs.max())
    places = np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(count))
    return [images[place] for place in places]


def weighted(logs):
    """A wrong sampler whose log weights are `logs(squared distances, shares, s)`."""

    def sampler(z, images, shares, s, count, rng):
        weights = softmax(logs(((z - images) ** 2).sum(axis=(1, 2)), shares, s))
        return images[rng.choice(len(images), size=count, p=weights)]

    return sampler


def weights_of(z, images, shares, s):
    return softmax(np.log(shares) - ((z - images) ** 2).sum(axis=(1, 2)) / (2 * s**2))


def average(z, images, shares, s, count, rng):
    return np.repeat(np.tensordot(weights_of(z, images, shares, s), images, 1)[None], count, axis=0)


def pixelwise(z, images, shares, s, count, rng):
    chosen = rng.choice(len(images), size=(count, z.size), p=weights_of(z, images, shares, s))
    return images.reshape(len(images), -1)[chosen, np.arange(z.size)].reshape(count, *z.shape)


def with_noise(z, images, shares, s, count, rng):
    found = draw(z, images, shares, s, count, rng)
    return found + s * rng.standard_normal(found.shape)


def most_probable(z, images, shares, s, count, rng):
    return np.repeat(images[weights_of(z, images, shares, s).argmax()][None], count, axis=0)


def underflows(z, images, shares, s, count, rng):
    weights = shares * np.exp(-((z - images) ** 2).sum(axis=(1, 2)) / (2 * s**2))
    weights = np.nan_to_num(weights / weights.sum(), nan=1 / len(images))
    return images[rng.choice(len(images), size=count, p=weights)]


def factor(errors, spread, share):
    needed = np.sort(np.quantile(np.abs(errors) / spread, share, axis=1))
    k = int(np.ceil((len(needed) + 1) * share - 1e-9))
    return needed[k - 1] if k <= len(needed) else np.inf


def by_counting(errors, spread, share):
    ratios = np.sort(np.abs(errors) / spread, axis=1)
    needed = np.sort(ratios[:, int(np.ceil(share * ratios.shape[1])) - 1])
    k = int(np.ceil((len(needed) + 1) * share - 1e-9))
    return float(needed[k - 1]) if k <= len(needed) else float("inf")


def of_people(pick):
    return lambda e, s, share: pick(np.sort(np.quantile(np.abs(e) / s, share, axis=1)), share)


FIVE = [
    (["E", "D", "A", "C"], "right."),
    ("e, d, a, c", "right."),
    (["B", "D", "A", "C"], "is the right one. What is the same each time"),
    (["D", "E", "A", "C"], "What is the same each time"),
    (["E", "A", "D", "C"], "Who never looks"),
    (["E", "D", "B", "C"], "is the right one. Who believes too much"),
    (["E", "D", "C", "A"], "Who believes too much"),
    (["E", "D", "A", "B"], "is the right one. White noise"),
    (["E", "D", "A"], "four letters are wanted"),
    (["E", "D", "A", "F"], "there is no sampler 'F'"),
    (["E", "E", "A", "C"], "another sampler"),
    (3, "a list of letters"),
]
AVERAGED = [
    (20, "right."),
    (20.0, "right."),
    (19, "5.3 %"),
    (21, "one fewer is"),
    (40, "Which part becomes less"),
    (10, "for the root"),
    (5, "not with its square"),
    (400, "not with its root"),
    (1, "100 % above"),
    (2, "one and a half"),
    (8, "More are needed"),
    (100, "Fewer are needed"),
    (0, "a whole number"),
    (20.5, "a whole number"),
    ("many", "a single number"),
]
DRAWN = [
    (draw, "right."),
    (by_loop, "right."),
    (average, "that is the average, each time"),
    (pixelwise, "each pixel comes from another image"),
    (with_noise, "add no noise"),
    (most_probable, "Leave it to chance"),
    (weighted(lambda d, q, s: np.log(q)), "as if nobody had been scanned"),
    (weighted(lambda d, q, s: 0 * d), "equally often"),
    (weighted(lambda d, q, s: -d / (2 * s**2)), "Use the shares"),
    (weighted(lambda d, q, s: np.log(q) - d / s**2), "mind the 2"),
    (weighted(lambda d, q, s: np.log(q) - d / (2 * s)), "s squared"),
    (weighted(lambda d, q, s: np.log(q) - np.sqrt(d) / (2 * s**2)), "the squared distance"),
    (weighted(lambda d, q, s: np.log(q) - d / 20 / (2 * s**2)), "as if nobody had been scanned"),
    (weighted(lambda d, q, s: np.log(q) + d / (2 * s**2)), "the sign"),
    (weighted(lambda d, q, s: np.log(q) - d / 3), "yours come with"),
    (underflows, "every exponential is 0"),
    (lambda z, x, q, s, n, rng: x[0], "samples of shape"),
    (lambda z, x, q, s, n, rng: np.full((n, *z.shape), np.nan), "no numbers"),
    (lambda z, x, q, s, n, rng: "one", "real numbers"),
    (7, "a function is wanted"),
]
PROMISED = [
    (factor, "right."),
    (by_counting, "right."),
    (lambda e, s, share: np.quantile(np.abs(e) / s, share), "pools all pixels"),
    (of_people(lambda each, share: np.quantile(each, share)), "A new one counts, too"),
    (of_people(lambda each, share: each[25]), "27 are needed"),
    (of_people(lambda each, share: each.mean()), "about half"),
    (of_people(lambda each, share: np.median(each)), "half of the people"),
    (of_people(lambda each, share: each[-1]), "the largest keeps"),
    (lambda e, s, share: np.sort((np.abs(e) / s).max(axis=1))[26], "no need for all pixels"),
    (lambda e, s, share: np.sort(np.quantile(e / s, share, axis=1))[26], "two signs"),
    (lambda e, s, share: np.sort(np.quantile(np.abs(e), share, axis=1))[26], "Divide by them"),
    (lambda e, s, share: np.sort(np.quantile(np.abs(e) * s, share, axis=1))[26], "do not multiply"),
    (lambda e, s, share: np.quantile(np.quantile(np.abs(e) / s, share, axis=0), share), "First by person"),
    (lambda e, s, share: 1.0, "What factor does each person need"),
    (lambda e, s, share: factor(e, s, 0.9), "share of 0.8"),
    (of_people(lambda each, share: each[min(int(np.ceil((len(each) + 1) * share)), len(each)) - 1]), "five people"),
    (lambda e, s, share: np.quantile(np.abs(e) / s, share, axis=1), "one factor is wanted"),
    (lambda e, s, share: (e.fill(0), 1.0)[1], "changes the arrays"),
    (0.9, "a function is wanted"),
]
CASES = [
    *[(checks.check_five_samplers, *case) for case in [*FIVE, (None, "not attempted yet.")]],
    *[(checks.check_samples_to_average, *case) for case in [*AVERAGED, (None, "not attempted yet.")]],
    *[(checks.check_draw_samples, *case) for case in [*DRAWN, (lambda *_: None, "not attempted yet.")]],
    *[(checks.check_promise_for_each, *case) for case in [*PROMISED, (lambda *_: None, "not attempted yet.")]],
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_answer(check, answer, said):
    verdict = check.verdict(answer)
    if said in ("right.", "not attempted yet."):
        assert verdict == said
    else:
        assert verdict.startswith("not yet.")
        assert said in verdict


def test_the_samplers_can_be_told_apart_by_their_numbers():
    table = checks.five_samplers()
    assert [*table.index] == [*"ABCDE"]
    variance, detail = table["variance among 20"], table["detail"]
    assert variance["E"] < 1e-9
    assert variance["A"] < 0.5 < 0.8 < variance["B"] < 1.25 < 2 < variance["D"]
    assert detail["E"] < 0.85 < detail["B"] < 1.1 < 1.6 < detail["C"]
    assert 1.7 < table.loc["B", "error of one"] < 2.3
    assert table.loc["D", "error of the mean of 20"] > 2
