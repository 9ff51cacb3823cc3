"""Exercises of lesson 6: right, blank, and each wrong answer with its own hint."""

import numpy as np
import pytest

from cdae_lessons import checks

gradients, left = checks.check_gradients, checks.check_error_left
pairs, steps = checks.check_masked_codes, checks.check_equal_steps


def share(total, blocks):
    each = total // (2 * blocks)
    return each, total - blocks * each


def is_left(units, spread, depth):
    return (spread * units**0.5 / 4) ** depth


def masked_codes(code, clean, rng):
    codes = code(clean)
    return codes * (rng.random(codes.shape) >= 0.25), codes


def of_xie(code, clean, rng):
    return code(clean + 0.5 * rng.standard_normal(clean.shape)), code(clean)


def of_masked_pixels(code, clean, rng):
    return code(clean * (rng.random(clean.shape) >= 0.25)), code(clean)


def twice_coded(code, clean, rng):
    codes = code(clean)
    return code(clean) * (rng.random(codes.shape) >= 0.25), codes


def masked(mask, *, scale=1):
    """Pairs by another mask: a function of the codes' shape and of the generator."""

    def answer(code, clean, rng):
        codes = code(clean)
        return codes * mask(codes.shape, rng) * scale, codes

    return answer


def quarter(shape, rng):
    return rng.random(shape) >= 0.25


def spoiled(code, clean, rng):
    clean *= 0
    return code(clean), code(clean)


def alike(**other):
    return {"A": 2, "B": 4, "C": 1, "D": 3} | other


CASES = [
    (gradients, {"A": None, "B": None, "C": None, "D": None}, "not attempted yet."),
    (gradients, alike(), "right."),
    (gradients, {"a": 2, "b": 4, "c": 1, "d": 3}, "right."),
    (gradients, [2, 4, 1, 3], "a dict is wanted"),
    (gradients, {"A": 2}, "A, B, C and D"),
    (gradients, alike(D=7), "the numbers 1 to 5; D has 7"),
    (gradients, alike(A=5), "Does it change the gradient itself?"),
    (gradients, alike(D=2), "no number comes twice"),
    (gradients, alike(A=1, C=2), "In A all layers are alike"),
    (gradients, alike(A=3, D=2), "above the grey line or below it"),
    (gradients, alike(A=4, B=2), "far too small, and in all layers alike"),
    (gradients, alike(B=1, C=4), "exactly 0, in two layers only"),
    (gradients, alike(C=3, D=1), "What multiplies the error by little"),
    (left, lambda units, spread, depth: None, "not attempted yet."),
    (left, is_left, "right."),
    (left, lambda n, s, d: is_left(n, s, 1), "leaves the same share"),
    (left, lambda n, s, d: d * is_left(n, s, 1) if d > 1 else is_left(n, s, 1), "multiplied, not added"),
    (left, lambda n, s, d: (s * n**0.5) ** d, "the slope of the sigmoid is missing"),
    (left, lambda n, s, d: (s * n**0.5 / 2) ** d, "not .5."),
    (left, lambda n, s, d: (s * n / 4) ** d, "grows as the root of n"),
    (left, lambda n, s, d: (s / 4) ** d, "a sum over all units"),
    (left, lambda n, s, d: (s**2 * n / 16) ** d, "Take its root"),
    (left, lambda n, s, d: (s * (n / 2) ** 0.5 / 4) ** d, "of sigmoids none is"),
    (left, lambda n, s, d: is_left(n, s, d) ** -1, "grow going up"),
    (left, lambda n, s, d: 3, "Begin with one layer"),
    (left, lambda n, s, d: "much", "a single number is wanted"),
    (pairs, lambda code, clean, rng: None, "not attempted yet."),
    (pairs, masked_codes, "right."),
    (pairs, lambda code, clean, rng: code(clean), "two arrays are wanted"),
    (pairs, lambda code, clean, rng: (clean * (rng.random(clean.shape) >= 0.25), clean), "never sees pixels"),
    (pairs, lambda code, clean, rng: (np.ones((200, 40)), np.ones((200, 40))), "no codes were computed"),
    (pairs, lambda code, clean, rng: masked_codes(code, clean, rng)[::-1], "whole: what block 2"),
    (pairs, lambda code, clean, rng: (code(clean), code(clean)), "learn to copy"),
    (pairs, of_xie, "those are Xie's pairs"),
    (pairs, of_masked_pixels, "those are Xie's pairs"),
    (pairs, masked(lambda shape, rng: rng.random(shape)), "numbers that were not set to 0"),
    (pairs, masked(quarter, scale=1 / 0.75), "as dropout does"),
    (pairs, masked(lambda shape, rng: rng.random(shape[1:]) >= 0.25), "lose the same numbers"),
    (pairs, masked(lambda shape, rng: rng.random((shape[0], 1)) >= 0.25), "as a whole"),
    (pairs, masked(lambda shape, rng: rng.random(shape) < 0.25), "are swapped"),
    (pairs, masked(lambda shape, rng: rng.random(shape) >= 0.5), "a quarter of the numbers should be 0"),
    (pairs, masked(lambda shape, rng: quarter(shape, np.random.default_rng(3))), "make no new one"),
    (pairs, masked(lambda shape, rng: quarter(shape, np.random.default_rng())), "draw from somewhere else"),
    (pairs, spoiled, "changes the clean images"),
    (steps, lambda total, blocks: None, "not attempted yet."),
    (steps, share, "right."),
    (steps, lambda total, blocks: [1, total - blocks], "right."),
    (steps, lambda total, blocks: total, "two numbers"),
    (steps, lambda total, blocks: (total / 2 / blocks, total / 2), "half a step"),
    (steps, lambda total, blocks: (0, total), "get no step"),
    (steps, lambda total, blocks: (total // blocks, total), "comes on top"),
    (steps, lambda total, blocks: (total // blocks, 0), "no step is left"),
    (steps, lambda total, blocks: (total // 2, total - total // 2), "once for every block"),
    (steps, lambda total, blocks: (total // 2, total // 4), "more than 240"),
    (steps, lambda total, blocks: (total // blocks // 2, total // 4), "less than 240"),
    (steps, lambda total, blocks: (total // blocks // 2, total // 2), "less than 101"),
]


@pytest.mark.parametrize(("check", "answer", "said"), CASES)
def test_each_answer_gets_its_own_line(check, answer, said, capsys):
    check(answer)
    line = capsys.readouterr().out
    assert said in line
    assert line.count("\n") == 1


def test_the_gradients_are_what_their_causes_make():
    made = checks.gradients_by_layer()
    sound = made.pop("sound")
    assert sound.max() < 4 * sound.min()
    assert made["A"].max() < 1e-4 * sound.min()
    assert made["A"].max() < 10 * made["A"].min()
    np.testing.assert_array_equal(made["B"], [0, 0, *sound[2:]])
    assert (np.diff(np.log10(made["C"])) > 0.5).all()
    assert made["D"].min() > 100 * sound.max()
