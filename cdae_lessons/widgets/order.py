"""The order lab: put the steps of a recipe in order by numbering them.

Number boxes, no menus: in JupyterLab the arrow keys and letters typed into a menu are shortcuts of the notebook.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import ipywidgets

from cdae_lessons.errors import InputError
from cdae_lessons.widgets import base


def order_lab(steps: Mapping[str, str], check: Any) -> base.Lab:
    """Number the steps, 0 for one that belongs nowhere, and check the order.

    Parameters
    ----------
    steps : mapping of str to str
        What each letter stands for, such as ``checks.EXPERIMENT_STEPS``.
    check : callable
        Of `cdae_lessons.checks`: its ``verdict(letters)`` is shown.

    Returns
    -------
    Lab
        Below its steps stands the answer as a line of Python, to copy into the exercise's cell.

    Raises
    ------
    InputError
        If there are no steps.
    """
    if not steps:
        msg = "Expected the steps to put in order, as {'A': 'Train.', 'B': 'Test.'}; received none."
        raise InputError(msg)
    boxes = {
        letter: ipywidgets.BoundedIntText(
            value=0, min=0, max=len(steps), description=f"Step {letter}", layout={"width": "110px", "flex": "none"},
            style={"description_width": "initial"},
        )
        for letter in steps
    }  # fmt: skip

    def chosen() -> list[str]:
        return sorted((letter for letter in boxes if boxes[letter].value), key=lambda letter: boxes[letter].value)

    def shared() -> list[int]:
        numbers = [boxes[letter].value for letter in chosen()]
        return [number for number in sorted(set(numbers)) if numbers.count(number) > 1]

    def judge() -> None:
        with lab.guarded():
            if shared():
                lab.say(f"Two steps have the number {shared()[0]}. Give each step a number of its own, or 0.")
            else:
                lab.say(f"{check.title}: {check.verdict(chosen() or None)}")

    def tell(_: object = None) -> None:
        lab.say()  # what was said about another order
        letters = ", ".join(f'"{letter}"' for letter in chosen())
        lab.text.value = f'<div role="status">To copy: <code>answer = [{html.escape(letters)}]</code></div>'

    lab = base.Lab("order lab", boxes | {"check": base.button("Check the order", judge)})
    rows = [ipywidgets.HBox((boxes[letter], ipywidgets.HTML(html.escape(steps[letter])))) for letter in steps]
    lab.children = (*rows, ipywidgets.HBox((lab.controls["check"],)), lab.text, lab.message)  # no picture
    for box in boxes.values():
        box.observe(tell, "value")
    tell()
    return lab
