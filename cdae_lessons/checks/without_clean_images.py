"""Exercises of lesson 11: four pairings told apart, the hidden pixel put back, a wrong sigma, and a pair for MRI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage

from cdae_lessons import noise
from cdae_lessons.checks.answers import Blank, Hint, call, compare, exercise, images, matching, number, pair, same
from cdae_lessons.datasets import phantoms

PAIRING_MISTAKES: Mapping[int, str] = MappingProxyType(
    {
        1: "The second scan was a copy of the file of the first.",
        2: "The patients moved between the two scans, each by up to four pixels in another direction.",
        3: "Half of the noise's variance was the same in both scans (the detector's fixed pattern).",
        4: "The second scan was a magnitude image of an MRI, never below 0.",
    }
)
"""What was wrong with the pairs of `four_pairings`."""

_PAIRINGS = MappingProxyType({"A": 3, "B": 4, "C": 1, "D": 2})
_SIGMA, _REACH = 0.1, 4  # of the noise, and how far the filters of `four_pairings` see


def four_pairings() -> pd.DataFrame:
    """What can be said of four denoisers that were learned from faulty pairs of noisy scans.

    Each is the linear filter of 9x9 pixels, and a constant, that fits its pairs with the least squared error: what a
    network of one linear layer would learn. They are tested on new scans with independent Gaussian noise of 0.1.

    Returns
    -------
    DataFrame
        A row for each denoiser, A to D: ``noise left``, the share of the noise that is in its pictures (two scans of
        one subject differ by so much, over what the scans themselves differ by); ``detail``, the mean step between
        neighbours in the pictures of scans without noise, over that of the scans; ``grey of air``, what it makes of the
        black around the body, on average.
    """
    x = phantoms.draw(40, size=64, seed=11)
    train, test = x[:30], x[30:]
    rng = np.random.default_rng(3)

    def draw(share: float = 1.0) -> np.ndarray:
        return _SIGMA * np.sqrt(share) * rng.standard_normal(train.shape).astype(np.float32)

    first, fixed = train + draw(), draw(0.5)
    moves = rng.integers(-_REACH, _REACH + 1, (len(train), 2))
    moved = np.stack([np.roll(each, move, axis=(0, 1)) for each, move in zip(train, moves, strict=True)])
    pairs = {
        1: (first, first),
        2: (first, moved + draw()),
        3: (train + fixed + draw(0.5), train + fixed + draw(0.5)),
        4: (first, noise.rician(train, sigma=_SIGMA, rng=rng)),
    }
    tests = [test + _SIGMA * rng.standard_normal(test.shape).astype(np.float32) for _ in range(2)]
    air = ndimage.maximum_filter(test, (1, 2 * _REACH + 1, 2 * _REACH + 1)) == 0
    rows = {}
    for letter, mistake in _PAIRINGS.items():
        denoise = _learned(*pairs[mistake])
        one, two, clear = denoise(tests[0]), denoise(tests[1]), denoise(test)
        rows[letter] = (
            np.std(one - two) / np.std(tests[0] - tests[1]),
            np.abs(np.diff(clear)).mean() / np.abs(np.diff(test)).mean(),
            one[air].mean(),
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=["noise left", "detail", "grey of air"])


def _learned(noisy: np.ndarray, wanted: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The linear filter and constant with the least squared error over these pairs, as a function of images."""
    side = 2 * _REACH + 1

    def windows(images: np.ndarray) -> np.ndarray:
        wide = np.pad(images, ((0, 0), (_REACH, _REACH), (_REACH, _REACH)), mode="symmetric")
        return sliding_window_view(wide, (side, side), axis=(1, 2)).reshape(-1, side**2).astype(np.float64)

    seen, answers = windows(noisy), wanted.reshape(-1).astype(np.float64)
    middle, mean = seen.mean(axis=0), answers.mean()
    square = seen.T @ seen / len(seen) - np.outer(middle, middle)
    weights = np.linalg.solve(square, seen.T @ answers / len(seen) - middle * mean)
    return lambda images: (windows(images) @ weights + mean - middle @ weights).reshape(images.shape)


@exercise("Four pairings")
def check_four_pairings(answer: object) -> None:
    """Check which pairs made which denoiser of `four_pairings`.

    Parameters
    ----------
    answer : dict of str to int
        For each of the letters A to D the number of a mistake of `PAIRING_MISTAKES`.
    """
    given = matching(answer, _PAIRINGS, PAIRING_MISTAKES, what="mistake", of="denoisers")
    if len({*given.values()}) < len(given):
        raise Hint("each of the four had other pairs, so no number comes twice.")
    hints = {
        "A": "A keeps all detail and much of the noise, though not all of it. What that it should remove is in its "
        "target, too?",
        "B": "B makes air grey. Whose mean is not what was there?",
        "C": "C changes nothing: all of the noise is left, and all of the detail. From which pairs does one learn to "
        "copy?",
        "D": "D removes the noise, and the detail with it. When is the mean of all answers a blurred picture?",
    }
    for letter, right in _PAIRINGS.items():
        if given[letter] != right:
            raise Hint(hints[letter])


@exercise("Put the pixel back")
def check_put_back(answer: object) -> None:
    """Check a function that joins a scan with what a blind spot guesses, both as good as they are.

    Parameters
    ----------
    answer : callable
        ``put_back(z, guess, s)`` of a scan and what was guessed of each pixel from all others, both (N, H, W), and the
        standard deviation s of the scan's noise; returns images (N, H, W). Right is the weighted mean with the least
        squared error, one weight for all pixels.

    Notes
    -----
    The mean of (z - guess)² is m = v + s², where v is the squared error of the guess: their errors are independent.
    The best mean is (v·z + s²·guess) / (v + s²).

    References
    ----------
    S. Laine et al., NeurIPS 2019, arXiv 1901.10277, for a weight of each pixel's own.
    """
    rng = np.random.default_rng(0)
    x = 0.5 + 0.1 * rng.standard_normal((20, 32, 32))
    for s, error in ((0.1, 0.05), (0.05, 0.12)):
        z = x + s * rng.standard_normal(x.shape)
        guess = x + error * rng.standard_normal(x.shape)
        m = float(np.mean((z - guess) ** 2))
        v = m - s**2

        def mean(weight: float, z: np.ndarray = z, guess: np.ndarray = guess) -> np.ndarray:
            return weight * z + (1 - weight) * guess

        made = call(answer, z, guess, s, changed="your function changes the images that it is given.")
        given = images(np.asarray(made), x.shape)
        compare(
            given,
            mean(v / m),
            [
                (mean(1 - v / m), "the two weights are exchanged: where the guess errs little, it should count more."),
                (mean(m / (m + s**2)), "the mean of (z − guess)² is more than the error of the guess. What else?"),
                (
                    mean(0.5),
                    "half of each is best only where both err equally. Which of the two errs more, and how do "
                    "you know?",
                ),
                (mean(v**0.5 / (v**0.5 + s)), "weigh by variances, not by standard deviations."),
                (mean(s / m**0.5), "weigh by variances, not by standard deviations."),
                (z, "that is the scan."),
                (guess, "that is the guess. The pixel itself still says something."),
                (
                    mean(s**2),
                    "the weight is a share: divide by what both errors are together.",
                ),
            ],
            "one weight for all pixels is wanted: the one with the least mean squared error. Write the error of "
            "w·z + (1 − w)·guess, whose two parts are independent, as a function of w.",
            tolerance=1e-3,
        )


@exercise("A wrong sigma")
def check_wrong_sigma(answer: object) -> None:
    """Check the factor that SURE chooses where the noise is taken for twice as strong as it is.

    Parameters
    ----------
    answer : float
        The factor w of D(z) = w·z, for pixels with mean 0 and variance 0.04, and noise of standard deviation 0.2 that
        is taken for 0.4; to within 0.02.

    Notes
    -----
    SURE is (w - 1)²·mean(z²) + 2·σ²·w - σ², with its least value at w = 1 - σ² / mean(z²).
    """
    given = number(answer)
    if abs(given + 1) <= 0.02:
        return
    mistakes = (
        (0.5, "that is right for the true noise. SURE is told that it is 0.4."),
        (0.2, "that would be best if the scans had noise of 0.4. But mean(z²) of these scans is 0.04 + 0.2²."),
        (0.25, "twice the noise is no half of the factor. Write SURE down as a function of w, and look for its least "
         "value."),
        (0.0, "nothing keeps w above 0. Where is the least value of the formula?"),
        (1.0, "mind the sign: 1 − σ² / mean(z²)."),
        (3.0, "mind the sign: the second term of SURE grows with w."),
        (-3.0, "mean(z²) is the variance of the pixels and of the noise, together 0.08."),
        (-4.0, "σ enters as its square, divided by mean(z²); and 1 is there, too."),
    )  # fmt: skip
    for wrong, hint in mistakes:
        if abs(given - wrong) <= 0.02:
            raise Hint(hint)
    raise Hint(
        "the divergence of D(z) = w·z is w for each pixel, so SURE is (w − 1)²·mean(z²) + 2·σ²·w − σ². Which w makes "
        "it least, if σ is 0.4 and mean(z²) is 0.08?"
    )


@exercise("A pair for MRI")
def check_mri_pair(answer: object) -> None:
    """Check ``mri_pair(first, second)``: of two complex scans, what a network sees and what it is asked for.

    Parameters
    ----------
    answer : callable
        Takes two complex scans of the same people, (N, H, W), whose real part is the image plus noise and whose
        imaginary part is noise alone; returns (noisy, wanted): the magnitude image of the first, as the network will
        meet it, and an answer that is right on average.
    """
    rng = np.random.default_rng(0)
    s = 0.1
    x = np.broadcast_to(np.linspace(0, 1, 40).reshape(1, 1, 40), (60, 40, 40))

    def scan() -> np.ndarray:
        draws = rng.standard_normal((2, *x.shape))
        return x + s * draws[0] + 1j * s * draws[1]

    first, second = scan(), scan()
    made = call(answer, first, second, changed="your function changes the scans that it is given.")
    noisy, wanted = pair(made, "two arrays are wanted: what the network sees, and what it is asked for.")
    if noisy is None or wanted is None or noisy is ... or wanted is ...:
        raise Blank
    for each in (noisy, wanted):
        if np.iscomplexobj(each):
            raise Hint("both should be real numbers: a network of ours takes no complex ones.")
    noisy, wanted = images(np.asarray(noisy), x.shape), images(np.asarray(wanted), x.shape)
    if same(noisy, second.real) and same(wanted, np.abs(first)):
        raise Hint("the two are exchanged: return (noisy, wanted).")
    if not same(noisy, np.abs(first)):
        raise Hint("the scanner shows magnitudes, so the network should see the magnitude of the first scan.")
    if same(wanted, second.real):
        return
    told = (
        (np.abs(second), "in air the magnitude of the second scan is 0.13 on average, never 0: so is the answer that "
         "is learned. Which part of the complex scan has noise that is as often below as above?"),
        (np.abs(first), "that is the very scan that went in: the network would learn to copy."),
        (first.real, "its noise is that of the first scan, which the network sees. Its noise must be another one."),
        (second.imag, "the imaginary part is noise alone."),
        (first.imag, "the imaginary part is noise alone."),
        (np.abs(second) - s * np.sqrt(np.pi / 2), "that is right in air and too dark in bright tissue, where the "
         "magnitude is hardly biased."),
        (np.sqrt(np.maximum(np.abs(second) ** 2 - 2 * s**2, 0)), "the mean of a root is not the root of the mean, and "
         "you cut off at 0."),
        (np.abs(second) ** 2 - 2 * s**2, "that is x² on average, not x."),
        (np.abs(second.real), "what is below 0 became positive, so in air the mean is above 0 again."),
        (np.maximum(second.real, 0), "what is below 0 was cut off, so in air the mean is above 0 again."),
        (np.clip(second.real, 0, 1), "what is below 0 was cut off, so in air the mean is above 0 again."),
        ((first.real + second.real) / 2, "half of its noise is that of the first scan, which the network sees."),
    )  # fmt: skip
    for wrong, hint in told:
        if same(wanted, wrong):
            raise Hint(hint)
    bias = float(np.mean(wanted - x))
    raise Hint(
        f"the answer should be x on average, with noise that is not the first scan's; yours is off by {bias:+.3f} on "
        "average. Look at the real part of each scan."
    )
