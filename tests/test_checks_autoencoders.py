"""Exercises of lesson 1: the right answers, a blank, and each wrong answer with a hint of its own."""

# ruff: noqa: N803  W is a matrix in every book

import numpy as np
import pytest

from cdae_lessons import checks


def s(a):
    return 1 / (1 + np.exp(-a))


def changes_its_arguments(x, W, b, b_out):
    x *= 1.5
    return s(s(x @ W + b) @ W.T + b_out)


RECONSTRUCT = [
    (lambda x, W, b, c: s(s(x @ W + b) @ W.T + c), "right."),
    (lambda x, W, b, c: s((W @ s(W.T @ x.T + b[:, None])).T + c), "right."),
    (lambda x, W, b, c: s(s(x @ W + b) @ W.T + c).astype(np.float32), "right."),
    (None, "not attempted yet."),
    (lambda x, W, b, c: None, "not attempted yet."),
    (lambda x, W, b, c: s(x @ W + b), "this is the code y"),
    (lambda x, W, b, c: s(s(x @ W + b) @ W + c), "the decoder uses W as it is"),
    (lambda x, W, b, c: s(s(x @ W.T + b) @ W + c), "the transpose is in the encoder"),
    (lambda x, W, b, c: s(x @ W + b) @ W.T + c, "the decoder has no sigmoid"),
    (lambda x, W, b, c: s((x @ W + b) @ W.T + c), "the encoder has no sigmoid"),
    (lambda x, W, b, c: (x @ W + b) @ W.T + c, "no sigmoid anywhere"),
    (lambda x, W, b, c: s(s(x @ W) @ W.T + c), "the encoder's bias b is missing"),
    (lambda x, W, b, c: s(s(x @ W + b) @ W.T), "the decoder's bias b_out is missing"),
    (lambda x, W, b, c: s(s(x @ W) @ W.T), "both biases are missing"),
    (lambda x, W, b, c: s(s(x @ W + b) @ W.T + b), "the decoder adds b,"),
    (lambda x, W, b, c: np.tanh(x), "the numbers differ"),
    (lambda x, W, b, c: x[:1], "the shape should be (4, 5)"),
    (changes_its_arguments, "your function changes its arguments"),
    (lambda x: x, "Your answer stopped with TypeError"),
]

WEIGHTS = [
    (lambda pixels, code, tied: (1 if tied else 2) * pixels * code + pixels + code, "right."),
    (None, "not attempted yet."),
    (lambda pixels, code, tied: None, "not attempted yet."),
    (lambda pixels, code, tied: (2 - tied) * pixels * code, "the biases are missing"),
    (lambda pixels, code, tied: (2 - tied) * pixels * code + code, "the decoder's bias b' is missing"),
    (lambda pixels, code, tied: (2 - tied) * pixels * code + pixels, "the encoder's bias b is missing"),
    (lambda pixels, code, tied: (2 - tied) * pixels * code + 2 * code, "both biases are counted as long as the code"),
    (lambda pixels, code, tied: (2 - tied) * pixels * code + 2 * pixels, "both biases are counted as long as the im"),
    (lambda pixels, code, tied: pixels * code + pixels + code, "W' is missing"),
    (lambda pixels, code, tied: 2 * pixels * code + pixels + code, "W is counted twice"),
    (
        lambda pixels, code, tied: pixels * code + code + (not tied) * pixels * (code + 1),
        "the biases are not tied",
    ),
    (lambda pixels, code, tied: 7, "not for 16 pixels and a code of 3, untied"),
    (lambda pixels, code, tied: "many", "a single number is wanted"),
]


CASES = [(checks.check_reconstruct, *case) for case in RECONSTRUCT]
CASES += [(checks.check_weights, *case) for case in WEIGHTS]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_counted_weights_are_those_of_the_network():
    from cdae_lessons import models

    reference = WEIGHTS[0][0]
    for tied in (False, True):
        assert models.dense_autoencoder(8, code=5, tied=tied).count_params() == reference(64, 5, tied)
