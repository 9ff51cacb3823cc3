"""Exercises of lesson 6: right, blank, and each wrong answer with its own hint."""

import pytest

from cdae_lessons import checks

order, steps = checks.check_layerwise_order, checks.check_equal_steps


def share(total, blocks):
    each = total // (2 * blocks)
    return each, total - blocks * each


CASES = [
    (order, None, "not attempted yet."),
    (steps, lambda total, blocks: None, "not attempted yet."),
    (order, ["D", "B", "F", "G", "A", "C"], "right."),
    (order, ["G", "D", "B", "F", "A", "C"], "right."),
    (order, "d, b, f, g, a, c", "right."),
    (order, 3, "a list of letters"),
    (order, ["D", "Z"], "no step 'Z'"),
    (order, ["D", ""], "no step ''"),
    (order, ["D", "D", "B", "F", "A", "C"], "done twice"),
    (order, ["D", "E", "G", "A", "C"], "on pixels"),
    (order, ["D", "H", "F", "G", "A", "C"], "must be frozen"),
    (order, ["D", "F", "G", "A", "C"], "1 more"),
    (order, ["D", "B", "C", "F", "G", "A"], "C is the last"),
    (order, ["G", "A", "D", "B", "F", "C"], "comes before"),
    (order, ["B", "D", "F", "G", "A", "C"], "random weights"),
    (order, ["D", "F", "B", "G", "A", "C"], "Which step makes them"),
    (order, ["D", "B", "F", "A", "G", "C"], "put together first"),
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
