"""The order lab: one number a step, the answer as a line of Python, and the check's verdict."""

import ast
import html
import re

import ipywidgets
import pytest

from cdae_lessons import checks, widgets
from cdae_lessons.errors import InputError


@pytest.fixture
def lab():
    return widgets.order_lab(checks.EXPERIMENT_STEPS, checks.check_experiment_order)


def number(lab, letters):
    for i, letter in enumerate(letters, start=1):
        lab.controls[letter].value = i


def answer(lab):
    """The letters in the line of Python that the lab offers."""
    line = re.search(r"<code>answer = (.*)</code>", lab.text.value).group(1)
    return ast.literal_eval(html.unescape(line))


def test_every_step_has_a_number_box_with_its_name_beside_its_text(lab):
    *rows, last = (row for row in lab.children if isinstance(row, ipywidgets.HBox))
    assert [row.children[0].description for row in rows] == [f"Step {letter}" for letter in "ABCDEFG"]
    assert [html.unescape(row.children[1].value) for row in rows] == [*checks.EXPERIMENT_STEPS.values()]
    assert {(row.children[0].min, row.children[0].max) for row in rows} == {(0, 7)}
    assert last.children == (lab.controls["check"],)
    assert lab.controls["check"].description == "Check the order"


def test_it_opens_empty_and_says_the_order_of_the_numbers(lab):
    assert answer(lab) == []
    number(lab, "ED")
    assert answer(lab) == ["E", "D"]
    lab.controls["E"].value = 5
    assert answer(lab) == ["D", "E"]
    lab.controls["D"].value = 0
    assert answer(lab) == ["E"]


@pytest.mark.parametrize(
    ("letters", "said"),
    [
        ("", "An honest experiment: not attempted yet."),
        ("EDAGB", "An honest experiment: right."),
        ("EDB", "five steps are needed; 2 more"),
        ("EDBAG", "B is the last step"),
    ],
)
def test_the_button_gives_the_verdict_of_the_check(lab, letters, said, capfd):
    number(lab, letters)
    lab.controls["check"].click()
    assert said in html.unescape(lab.message.value)
    assert 'role="status"' in lab.message.value
    assert capfd.readouterr() == ("", "")


def test_two_steps_of_one_number_are_no_order(lab):
    number(lab, "EDAGB")
    lab.controls["D"].value = 1  # E has it, too; the letters alone would be in the right order
    lab.controls["check"].click()
    assert "Two steps have the number 1" in lab.message.value


def test_a_new_number_takes_the_old_verdict_away(lab):
    number(lab, "EDAGB")
    lab.controls["check"].click()
    lab.controls["B"].value = 7
    assert lab.message.value == ""
    lab.controls["check"].click()
    assert "right." in lab.message.value  # numbers may be left out


def test_what_it_offers_to_copy_is_what_the_check_takes(lab):
    number(lab, "EDAGB")
    assert checks.check_experiment_order.verdict(answer(lab)) == "right."


def test_there_is_no_picture_and_no_second_lab_is_touched(lab):
    other = widgets.order_lab({"A": "Train.", "B": "Score."}, checks.check_experiment_order)
    number(lab, "ED")
    assert answer(other) == []
    assert lab.picture not in lab.children
    assert repr(lab) == "An interactive order lab: run this notebook to use it."


def test_no_steps_are_no_lab():
    with pytest.raises(InputError, match="received none"):
        widgets.order_lab({}, checks.check_experiment_order)
