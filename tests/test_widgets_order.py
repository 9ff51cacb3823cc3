"""The order lab: one menu a place, the answer as a line of Python, and the check's verdict."""

import ast
import html
import re

import ipywidgets
import pytest

from cdae_lessons import checks, widgets
from cdae_lessons.errors import InputError


@pytest.fixture
def lab():
    return widgets.order_lab(checks.LAYERWISE_STEPS, checks.check_layerwise_order, places=6)


def choose(lab, letters):
    for i, letter in enumerate(letters, start=1):
        lab.controls[f"Place {i}"].value = letter


def answer(lab):
    """The letters in the line of Python that the lab offers."""
    line = re.search(r"<code>answer = (.*)</code>", lab.text.value).group(1)
    return ast.literal_eval(html.unescape(line))


def test_every_place_has_a_menu_with_its_name_and_every_step(lab):
    menus = [control for control in lab.controls.values() if isinstance(control, ipywidgets.Dropdown)]
    assert [menu.description for menu in menus] == [f"Place {i}" for i in range(1, 7)]
    for menu in menus:
        assert [value for _, value in menu.options] == ["", *"ABCDEFGH"]
        assert menu.options[1][0] == "A: " + checks.LAYERWISE_STEPS["A"]
    assert lab.controls["check"].description == "Check the order"


def test_it_opens_empty_and_says_what_is_chosen(lab):
    assert answer(lab) == []
    choose(lab, "DB")
    assert answer(lab) == ["D", "B"]
    choose(lab, ["", "F"])
    assert answer(lab) == ["F"]


@pytest.mark.parametrize(
    ("letters", "said"),
    [
        ("", "Order the steps: not attempted yet."),
        ("DBFGAC", "Order the steps: right."),
        ("DBF", "six steps are needed; 3 more"),
        ("DDFGAC", "no step is done twice"),
        ("DBFGCA", "C is the last step"),
    ],
)
def test_the_button_gives_the_verdict_of_the_check(lab, letters, said, capfd):
    choose(lab, letters)
    lab.controls["check"].click()
    assert said in html.unescape(lab.message.value)
    assert 'role="status"' in lab.message.value
    assert capfd.readouterr() == ("", "")


def test_a_new_order_takes_the_old_verdict_away(lab):
    choose(lab, "DBFGAC")
    lab.controls["check"].click()
    choose(lab, "B")
    assert lab.message.value == ""


def test_what_it_offers_to_copy_is_what_the_check_takes(lab):
    choose(lab, "DBFGAC")
    assert checks.check_layerwise_order.verdict(answer(lab)) == "right."


def test_there_is_no_picture_and_no_second_lab_is_touched(lab):
    other = widgets.order_lab(checks.EXPERIMENT_STEPS, checks.check_experiment_order)
    choose(lab, "DB")
    assert answer(other) == []
    assert len(other.controls) == 7 + 1  # as many places as steps, and the button
    assert lab.picture not in lab.children
    assert repr(lab) == "An interactive order lab: run this notebook to use it."


@pytest.mark.parametrize("places", [0, 9, 2.5])
def test_places_must_fit_the_steps(places):
    with pytest.raises(InputError):
        widgets.order_lab(checks.LAYERWISE_STEPS, checks.check_layerwise_order, places=places)


def test_no_steps_are_no_lab():
    with pytest.raises(InputError, match="0 steps"):
        widgets.order_lab({}, checks.check_layerwise_order)
