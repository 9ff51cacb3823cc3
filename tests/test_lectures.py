"""The instructor's lectures: one idea a slide, with a picture and a note, and no figure that no lesson has measured."""

import re
import types
from pathlib import Path

import pytest

pytest.importorskip("nbconvert", reason="nbconvert is not installed: make setup")
import make_lectures as tool
import make_slides

SPOKEN = 120  # words a minute
LOOKED_AT = 0.5  # minutes that a slide is looked at, or voted on, in silence
FOLDER = Path(__file__).parents[1] / "instructor" / "lectures"
LECTURES = sorted(FOLDER.glob("*.md"))
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:e-\d+)?|(?<!\d)\.\d+")
each_lecture = pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)


def numbers(text):
    """The numbers of a text, whatever their sign and their zeros at the end."""
    return {float(found.replace(",", "")) for found in NUMBER.findall(text)}


def said(found):
    """What a cell has printed and what its picture shows in words, or what a text says."""
    outputs = found.get("outputs", [])
    shown = [output.get("data", {}).get("text/plain", "") for output in outputs]
    shown += [output.get("metadata", {}).get("image/png", {}).get("alt", "") for output in outputs]
    return "\n".join([output.get("text", "") for output in outputs] + shown + [found.source * (not outputs)])


SETTING = re.compile(r"\b(?:noise|level|p|lesson|week)s?(?: of)? [\d.]*\d(?: and \d+)?|σ = [\d.]*\d", re.IGNORECASE)


def unmeasured(text):
    """Return the numbers that the cells named in their sentence do not hold, and decimals and shares that name none.

    What is chosen, as the strength of a noise, is not measured. Nor are the choices at a vote.
    """
    wrong = []
    if text.startswith("## Predict"):
        return wrong
    for sentence in re.split(r"(?<=[.?!]) (?=[A-Z0-9])", SETTING.sub("", text)):
        sources = tool.SOURCE.findall(sentence)
        bare = tool.SOURCE.sub("", sentence)
        held = numbers("\n".join(said(tool.cell(*source)) for source in sources))
        told = numbers(bare) if sources else numbers(" ".join(re.findall(r"\d*\.\d+|\d+ ?%", bare)))
        wrong += sorted(told - held)
    return wrong


def words(slide):
    return len(re.sub(r"[#|*>-]+|\d\. ", " ", tool.SOURCE.sub("", slide.text)).split())


@each_lecture
def test_a_lecture_takes_fifteen_to_twenty_minutes(path):
    slides = tool.read(path.read_text(encoding="utf-8"))
    notes = [len(tool.SOURCE.sub("", slide.note).split()) for slide in slides]
    assert 15 <= len(slides) <= 20
    assert min(notes) >= 25
    assert 15 <= sum(notes) / SPOKEN + LOOKED_AT * len(slides) <= 20


@each_lecture
def test_a_slide_has_one_idea_and_most_have_a_picture(path):
    slides = tool.read(path.read_text(encoding="utf-8"))
    assert [slide.text for slide in slides if not slide.text.startswith("#")] == []
    assert [slide.text for slide in slides if words(slide) > 40] == []
    assert [slide.text for slide in slides if slide.picture and len(slide.alt) < 10] == []
    assert sum(bool(slide.picture) for slide in slides) > len(slides) / 2
    assert sum("Predict" in slide.text or "?" in slide.text for slide in slides) >= 3


@each_lecture
def test_every_figure_was_measured_in_a_lesson(path):
    parts = [part for slide in tool.read(path.read_text(encoding="utf-8")) for part in (slide.text, slide.note)]
    assert {part: unmeasured(part) for part in parts if unmeasured(part)} == {}


def test_a_figure_that_no_lesson_measured_is_found():
    assert unmeasured("It is off by 0.14 [0#errors].") == []
    assert unmeasured("It is off by 0.15 [0#errors].") == [0.15]
    assert unmeasured("It is off by 0.14 [0#errors]. Then by 0.14.") == [0.14]
    assert unmeasured("In 49 of 68 [0#leak], or 12%.") == [12, 68]
    assert unmeasured("In lesson 9 there are three, at noise 0.3.") == []
    assert unmeasured("## Predict: 0.1 or 0.2?") == []


def test_a_slide_needs_a_note_and_a_picture_that_exists():
    good = "## Codes\n\npicture: 0#hero\n\nNote: Say it."
    assert [slide.note for slide in tool.read(f"{good}\n\n---\n\n{good}")] == ["Say it."] * 2
    for wrong, told in (
        ("## Codes\n\npicture: 0#hero", "no note"),
        ("## Codes\n\npicture: 0#nothing\n\nNote: Say it.", "lesson 0 has no cell nothing"),
        ("## Codes\n\npicture: 99#hero\n\nNote: Say it.", "there is no lesson 99"),
        ("## Codes\n\npicture: 0#errors\n\nNote: Say it.", "shows no picture"),
    ):
        with pytest.raises(ValueError, match=told):
            tool.read(wrong)


@pytest.fixture
def reveal(tmp_path, monkeypatch):
    """A reveal.js of one line a file."""
    for name in ("dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js"):
        (tmp_path / "reveal" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "reveal" / name).write_text(f"/* {name} */ '</script>'", encoding="utf-8")
    package = types.SimpleNamespace(origin=str(tmp_path / "reveal" / "__init__.py"))
    monkeypatch.setattr(make_slides, "SCRIPTS", {"reveal.js": ("package", "")})
    monkeypatch.setattr(make_slides, "find_spec", lambda name: package)


@pytest.mark.usefixtures("reveal")
@each_lecture
def test_the_pages_load_nothing(path, tmp_path):
    assert tool.main(["--to", str(tmp_path), str(path)]) == 0
    slides = tool.read(path.read_text(encoding="utf-8"))
    for name in (path.stem, f"{path.stem}_notes"):
        page = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
        addresses = re.findall(r"\b(?:src|href)=\"([^\"]*)\"|url\(([^)]*)\)", page)
        pictures = [slide for slide in slides if slide.picture]
        assert len(addresses) == len(pictures)
        assert all(address.startswith("data:image/png;base64,") for address, _ in addresses)
        assert len(re.findall(r'<img src="[^"]*" alt="[^"]{10,}">', page)) == len(pictures)
        assert page.count("<section") == len(slides)
        assert "#errors]" not in page
        assert ("Reveal.initialize" in page) != name.endswith("_notes")
        assert page.count("<script") == page.count("</script>")
