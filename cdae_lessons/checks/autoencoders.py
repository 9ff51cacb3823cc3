"""Exercises of lesson 1: an autoencoder with tied weights by hand, and its weights counted."""

from __future__ import annotations

import numpy as np

from cdae_lessons.checks.answers import Hint, call, compare, exercise, images, number, same


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-a))


@exercise("Tied weights")
def check_reconstruct(answer: object) -> None:
    """Check ``reconstruct(x, W, b, b_out)``: z = s(Wᵀ y + b'), y = s(W x + b), s the sigmoid.

    Parameters
    ----------
    answer : callable
        Takes x of shape (N, pixels), W (pixels, code), b (code,) and b_out (pixels,); returns z of shape (N, pixels).
    """
    rng = np.random.default_rng(0)
    # A square W comes first: there a forgotten transpose gives numbers, which can be told apart, and no error.
    for pixels, code in ((5, 5), (6, 3)):
        x, w = rng.random((4, pixels)), rng.normal(size=(pixels, code))
        b, b_out = rng.normal(size=code), rng.normal(size=pixels)
        z = call(answer, x, w, b, b_out, changed="your function changes its arguments. Compute new arrays instead.")
        y = _sigmoid(x @ w + b)
        if isinstance(z, np.ndarray) and same(z, y):
            raise Hint("this is the code y. The decoder is still missing: y goes back through W transposed.")
        compare(
            images(z, x.shape),
            _sigmoid(y @ w.T + b_out),
            _mistakes(x, w, b, b_out),
            "the numbers differ. Write down y = s(x W + b) first, then z = s(y Wᵀ + b').",
        )


def _mistakes(x: np.ndarray, w: np.ndarray, b: np.ndarray, b_out: np.ndarray) -> list[tuple[np.ndarray, str]]:
    y = _sigmoid(x @ w + b)
    found = [
        (y @ w.T + b_out, "the decoder has no sigmoid: its outputs are not between 0 and 1, as grey values must be."),
        (
            _sigmoid((x @ w + b) @ w.T + b_out),
            "the encoder has no sigmoid. Without a non-linear s the code is only a projection, as in PCA.",
        ),
        ((x @ w + b) @ w.T + b_out, "no sigmoid anywhere. Both y and z go through s."),
        (_sigmoid(_sigmoid(x @ w) @ w.T + b_out), "the encoder's bias b is missing."),
        (_sigmoid(y @ w.T), "the decoder's bias b_out is missing: tied weights share W, not the biases."),
        (_sigmoid(_sigmoid(x @ w) @ w.T), "both biases are missing: tied weights share W, not the biases."),
    ]
    if w.shape[0] == w.shape[1]:
        transpose = "the decoder uses W as it is. It must be transposed: W maps pixels to code, Wᵀ code to pixels."
        found += [
            (_sigmoid(y @ w + b_out), transpose),
            (
                _sigmoid(_sigmoid(x @ w.T + b) @ w + b_out),
                "the transpose is in the encoder. Here W has the shape (pixels, code): x @ W encodes, y @ W.T decodes.",
            ),
            (_sigmoid(y @ w.T + b), "the decoder adds b, the encoder's bias, where b_out belongs."),
        ]
    return found


@exercise("Weights counted")
def check_weights(answer: object) -> None:
    """Check ``n_weights(pixels, code, tied)``: the numbers that training can change in a dense autoencoder.

    Parameters
    ----------
    answer : callable
        Takes two whole numbers and a bool, by position; returns a whole number.
    """
    for pixels, code in ((16, 3), (1024, 32)):
        matrix, biases = pixels * code, pixels + code
        for tied in (False, True):
            right, kind = (matrix + biases, "tied") if tied else (2 * matrix + biases, "untied")
            mistakes = (
                (matrix + code, "the biases are not tied: b' still has one number a pixel."),
                (right - biases, "the biases are missing: b has one number a hidden unit, b' one a pixel."),
                (right - pixels, "the decoder's bias b' is missing: one number a pixel."),
                (right - code, "the encoder's bias b is missing: one number a hidden unit."),
                (right + code - pixels, "both biases are counted as long as the code. b' has one number a pixel."),
                (
                    right + pixels - code,
                    "both biases are counted as long as the image. b has one number a hidden unit.",
                ),
                (matrix + biases, "W' is missing: without tying, the decoder has a matrix of its own."),
                (2 * matrix + biases, "W is counted twice. Tied weights are one matrix, used in both directions."),
            )
            otherwise = f"not for {pixels} pixels and a code of {code}, {kind}. Count W, W', b and b' one by one."
            compare(number(call(answer, pixels, code, tied)), right, mistakes, otherwise, tolerance=0)
