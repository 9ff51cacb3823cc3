"""Figures in the instructor's answers, and on the failure sheet, are computed; a picture is what its answer says."""

import io
import re
from collections import Counter
from pathlib import Path

import make_question_figures as tool
import numpy as np
import pytest
from PIL import Image

from cdae_lessons import plotting

KIT = Path(__file__).parents[1] / "instructor"
QUESTIONS = [KIT / "questions.md", KIT / "questions_8_to_13.md"]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in QUESTIONS)
FIGURES = (KIT / "figure_questions.md").read_text(encoding="utf-8")
TESTS = (KIT / "pre_post_test.md").read_text(encoding="utf-8")
GUIDE = (KIT / "guide.md").read_text(encoding="utf-8")


def items(text):
    """The questions of a page by their numbers."""
    return dict(re.findall(r"^\*\*(\d+)\.\*\* (.*?)(?=^\*\*\d|^## |\Z)", text, flags=re.MULTILINE | re.DOTALL))


def blocks(text):
    return "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))


def beliefs(text):
    return set(re.findall(r"\*([^*]+)\*", text))


PARTS, ON_FIGURES = items(TEXT), items(FIGURES)
BELIEVED = set(re.findall(r"^\| (.+?) \|", GUIDE.split("## What students often believe")[1].split("\n## ")[0], re.M))


@pytest.mark.parametrize(("number", "text"), PARTS.items(), ids=PARTS)
def test_a_question_has_points_and_an_answer_whose_figures_are_right(number, text):
    question, _, answer = text.partition("*Answer.*")
    assert re.match(r"\(\d\) ", question)
    assert answer.partition("*Points.*")[0].strip()
    assert answer.partition("*Points.*")[2].strip()
    code = blocks(answer)
    assert not code or "assert " in code
    exec(compile(code, f"question {number}", "exec"), {})  # noqa: S102


def test_the_figures_of_the_failure_sheet_are_right():
    code = blocks((KIT / "failures.md").read_text(encoding="utf-8"))
    assert code.count("assert ") == 7
    exec(compile(code, "failures.md", "exec"), {})  # noqa: S102


def test_the_questions_are_numbered_from_one():
    assert [*PARTS] == [str(number + 1) for number in range(len(PARTS))]
    assert len(re.findall(r"```python", TEXT)) >= 15


@pytest.mark.parametrize("page", [*sorted(KIT.glob("*question*.md")), KIT / "pre_post_test.md"], ids=lambda p: p.stem)
def test_a_page_of_questions_is_not_too_long(page):
    assert len(page.read_text(encoding="utf-8").split()) <= 3000


@pytest.mark.parametrize(("number", "text"), ON_FIGURES.items(), ids=ON_FIGURES)
def test_a_question_on_a_figure_agrees_with_its_figure(number, text):
    ((alt, name),) = re.findall(r"^!\[(.+)\]\(figures/(\w+)\.png\)$", text, flags=re.MULTILINE)
    assert len(alt) > 40
    stored = KIT / "figures" / f"{name}.png"
    assert stored.stat().st_size <= 60_000
    figure, facts = tool.FIGURES[name]()
    exec(compile(blocks(text), f"figure question {number}", "exec"), {"facts": facts})  # noqa: S102
    assert blocks(text).count("assert ")
    drawn = Image.open(io.BytesIO(plotting.png(figure, scale=tool.SCALE)))
    small = [np.asarray(picture.convert("L").resize((100, 60)), float) / 255 for picture in (Image.open(stored), drawn)]
    assert np.abs(small[0] - small[1]).mean() < 0.02  # fonts and trainings may differ a little


@pytest.mark.parametrize(("number", "text"), ON_FIGURES.items(), ids=ON_FIGURES)
def test_a_question_on_a_figure_says_what_each_wrong_answer_believes(number, text):
    assert text.startswith("(2) ")
    letters = re.findall(r"^- ([A-D])\. ", text, flags=re.MULTILINE)
    (right,) = re.findall(r"^\*Answer: ([A-D])\.\*", text, flags=re.MULTILINE)
    (wrong,) = re.findall(r"^\*Wrong\.\* (.*)$", text, flags=re.MULTILINE)
    assert letters == [*"ABCD"]
    assert re.findall(r"\b([A-D]): ", wrong) == [letter for letter in letters if letter != right]
    assert len(beliefs(wrong)) == 3
    assert beliefs(wrong) <= BELIEVED
    assert re.search(rf"^\*Points\.\* 1 for {right}\. 1 for ", text, flags=re.MULTILINE)


def test_there_is_a_question_on_each_figure_and_no_other_figure():
    assert [*ON_FIGURES] == [str(number + 1) for number in range(len(tool.FIGURES))]
    assert re.findall(r"\(figures/(\w+)\.png\)", FIGURES) == [*tool.FIGURES]
    assert {path.stem for path in (KIT / "figures").iterdir()} == {*tool.FIGURES}


def test_no_letter_is_right_too_often():
    for letters in (re.findall(r"^\*Answer: ([A-D])", FIGURES, flags=re.MULTILINE), key("pre"), key("post")):
        counts = Counter(letters)
        assert {*counts} == {*"ABCD"}
        assert max(counts.values()) <= 4
        assert not any(a == b == c for a, b, c in zip(letters, letters[1:], letters[2:], strict=False))


def key(form):
    rows = re.findall(r"^\| \d+ \| [^|]+ \| ([A-D]) \| ([A-D]) \|$", TESTS, flags=re.MULTILINE)
    return [row[("pre", "post").index(form)] for row in rows]


@pytest.mark.parametrize("form", ["pre", "post"])
def test_both_tests_have_ten_items_and_their_wrong_answers_are_beliefs(form):
    part = items(TESTS.split(f"## {form.title()}-test\n")[1].split("\n## ")[0])
    assert [*part] == [str(number) for number in range(1, 11)]
    assert len(key(form)) == 10
    told = re.findall(r"^\| (\d+) \| ([^|]*\*[^|]*) \| ([^|]*\*[^|]*) \|$", TESTS, flags=re.MULTILINE)
    assert [row[0] for row in told] == [*part]
    for (_, *cells), text, right in zip(told, part.values(), key(form), strict=True):
        cell = cells[form == "post"]
        assert re.findall(r"^- ([A-D])\. ", text, flags=re.MULTILINE) == [*"ABCD"]
        named = {letter for group in re.findall(r"([A-D](?:, [A-D])*): ", cell) for letter in group.split(", ")}
        assert named
        assert right not in named
        assert beliefs(cell) <= BELIEVED


def test_the_pre_test_needs_no_word_of_the_course():
    pre = TESTS.split("## Pre-test")[1].split("## Post-test")[0]
    words = "autoencoder|network|SSIM|PSNR|data_range|MSE|validation|loss|sigma|σ|epoch|seed|bias|prior|posterior"
    assert not re.search(rf"\b({words})\b", pre)


def test_the_figures_of_the_key_are_right():
    code = blocks(TESTS)
    assert code.count("assert ") >= 7
    exec(compile(code, "pre_post_test.md", "exec"), {})  # noqa: S102


def test_each_discussion_of_the_guide_has_a_model_answer():
    asked = GUIDE.split("## To discuss\n")[1].split("\n## ")[0]
    asked = re.findall(r"^\d+\. (.*)$", asked, flags=re.MULTILINE)
    answered = re.findall(r"^### (.*)$", (KIT / "discussions.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert asked
    assert answered == asked


def test_the_kit_links_to_what_is_there():
    for page in KIT.glob("*.md"):
        for link in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_guide_has_the_run_times_of_the_readme():
    readme = (KIT.parent / "README.md").read_text(encoding="utf-8")
    measured = re.findall(r"^\| \[(\d\d)_.*\| (\d+) \|$", readme, flags=re.MULTILINE)
    told = re.findall(r"^\| (\d+) [A-Z][^|]*\| (\d+) \|", GUIDE, flags=re.MULTILINE)
    assert [(number.zfill(2), seconds) for number, seconds in told] == measured
    assert len(measured) == 14
