"""The order lab: put the steps of a recipe in order, a menu for each place."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

from cdae_lessons.errors import InputError, check_count
from cdae_lessons.widgets import base


def order_lab(steps: Mapping[str, str], check: Callable, *, places: int | None = None) -> base.Lab:
    """Choose a step for each place and check the order; steps that belong nowhere are left out.

    Parameters
    ----------
    steps : mapping of str to str
        What each letter stands for, such as ``checks.LAYERWISE_STEPS``.
    check : callable
        Of `cdae_lessons.checks`: its ``verdict(letters)`` is shown.
    places : int, optional
        How many steps there are to order; all of them unless given.

    Returns
    -------
    Lab
        Below its menus stands the answer as a line of Python, to copy into the exercise's cell.

    Raises
    ------
    InputError
        If there are no steps, or more places than steps.
    """
    places = len(steps) if places is None else check_count(places, what="places", low=1)
    if not 1 <= places <= len(steps):
        msg = f"Expected from 1 to {len(steps)} places for {len(steps)} steps; received {places}. Leave places out."
        raise InputError(msg)
    options = {"choose a step": ""} | {f"{letter}: {step}": letter for letter, step in steps.items()}
    menus = {f"Place {i}": base.menu(f"Place {i}", options, "") for i in range(1, places + 1)}
    for menu in menus.values():
        menu.layout.width, menu.layout.max_width = f"{base.WIDTH - 20}px", "100%"

    def chosen() -> list[str]:
        return [menu.value for menu in menus.values() if menu.value]

    def judge() -> None:
        with lab.guarded():
            lab.say(f"{check.title}: {check.verdict(chosen() or None)}")

    def tell(_: object = None) -> None:
        lab.say()  # what was said about another order
        letters = ", ".join(f'"{letter}"' for letter in chosen())
        lab.text.value = f'<div role="status">To copy: <code>answer = [{html.escape(letters)}]</code></div>'

    lab = base.Lab("order lab", menus | {"check": base.button("Check the order", judge)})
    lab.children = (lab.children[0], lab.text, lab.message)  # no picture
    for menu in menus.values():
        menu.observe(tell, "value")
    tell()
    return lab
