"""Exercises of lesson 6: the order of layer-wise training, and what equal steps means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cdae_lessons.checks.answers import Hint, call, exercise, letters, pair

LAYERWISE_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "A": "Train all blocks together, with every weight free.",
        "B": "Freeze encode_1. Compute the codes of the noisy and of the clean images.",
        "C": "Score the test images, once.",
        "D": "Train encode_1 and decode_1: noisy images in, clean images as the target.",
        "E": "Train encode_2 and decode_2: noisy images in, clean images as the target.",
        "F": "Train encode_2 and decode_2: codes of noisy images in, codes of clean images as the target.",
        "G": "Put the blocks together: encode_1, encode_2, decode_2, decode_1.",
        "H": "Compute the codes while encode_1 goes on learning.",
    }
)
"""The steps to put in order, as the lesson's table has them."""


@exercise("Order the steps")
def check_layerwise_order(answer: object) -> None:
    """Check the order of the steps of layer-wise training, D B F A C with G anywhere before A.

    Parameters
    ----------
    answer : list of str
        Six of the letters A to H of the lesson; a string such as "ABC" will do. E and H belong nowhere.
    """
    order = letters(answer, "".join(LAYERWISE_STEPS))
    if "E" in order:
        raise Hint("E trains block 2 on pixels. What does encode_2 get when it stands behind encode_1?")
    if "H" in order:
        raise Hint("with H the codes move while block 2 learns them: encode_1 must be frozen by then.")
    missing = set("ABCDFG") - set(order)
    if missing:
        raise Hint(f"six steps are needed; {len(missing)} more must find a place.")
    place = {letter: order.index(letter) for letter in order}
    if place["C"] != 5:
        raise Hint("a score on test images that comes before the end can lead you: C is the last step.")
    if place["A"] < max(place["D"], place["F"]):
        raise Hint("training all together comes after the blocks have learned; here it comes before.")
    if place["B"] < place["D"]:
        raise Hint("here encode_1 is frozen before it has learned anything: its codes are those of random weights.")
    if place["F"] < place["B"]:
        raise Hint("block 2 learns from codes. Which step makes them?")
    if place["A"] < place["G"]:
        raise Hint("blocks that are to learn together must be put together first.")


@exercise("Share out the steps")
def check_equal_steps(answer: object) -> None:
    """Check a function that shares a number of training steps between the blocks and the whole stack.

    Parameters
    ----------
    answer : callable
        ``share(total, blocks)`` returns two whole numbers: the steps of each block and the steps of all together, such
        that together they are ``total``; both at least 1.
    """
    for total, blocks in ((240, 2), (300, 3), (101, 4)):
        two = "return two numbers: the steps of each block, and the steps of all together."
        each, together = pair(call(answer, total, blocks), two)
        if each != int(each) or together != int(together):
            raise Hint(f"half a step cannot be trained: share({total}, {blocks}) gave {each} and {together}. Try //.")
        if each < 1:
            raise Hint("the blocks get no step: nothing is trained layer by layer.")
        if together == total:
            raise Hint("training all together takes all of the steps already; what the blocks got comes on top.")
        if together < 1:
            raise Hint("no step is left for training all together.")
        if each + together == total and blocks > 1:
            raise Hint("each of the blocks gets its steps, so they count once for every block.")
        used = blocks * each + together
        if used != total:
            more = "more" if used > total else "less"
            raise Hint(f"{blocks} blocks of {each} steps and {together} together are {used}, {more} than {total}.")
