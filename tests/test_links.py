"""Links in the repository's texts lead somewhere; pictures are described, and commands exist."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACES = ("*.md", "docs/*.md", "instructor/*.md", "data/README.md", "paper/*.md", ".github/*.md")
PAGES = {path.relative_to(ROOT).as_posix(): path for place in PLACES for path in sorted(ROOT.glob(place))}
LINK = re.compile(r"\]\(([^()\s]+)\)")


def prose(text):
    """The text without its blocks of code and its code spans, in which nothing is a link."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE))


@cache
def anchors(path):
    """The parts of a page that a link can name, as GitHub and the book make them of its headings."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = []
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        said = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.append(re.sub(r"[^\w\- ]", "", said).replace(" ", "-"))
    return found


def broken(page, text):
    """Links of a page that lead nowhere."""
    wrong = []
    for link in LINK.findall(prose(text)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, part = link.partition("#")
        path = (page.parent / target) if target else page
        if not path.exists() or (part and path.suffix == ".md" and part not in anchors(path)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    assert broken(PAGES[name], PAGES[name].read_text(encoding="utf-8")) == []


def test_a_link_in_vain_is_seen():
    text = "[a](nowhere.md), [![b](no.png)](LICENSE), [c](docs/install.md#nothing), [d](#no), `[e](code.md)`"
    found = broken(ROOT / "README.md", text)
    assert found == ["nowhere.md", "no.png", "docs/install.md#nothing", "#no"]


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_is_described(name):
    text = prose(PAGES[name].read_text(encoding="utf-8"))
    assert not [path for described, path in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", text) if not described]


@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_make_is_one(name):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {word for line in re.findall(r"^([\w -]+):", makefile, flags=re.MULTILINE) for word in line.split()}
    said = re.findall(r"(?:^|`)make ([\w-]+)", PAGES[name].read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert not {*said} - targets


def test_every_page_of_docs_is_linked_from_another():
    linked = {
        (path.parent / link.partition("#")[0]).resolve()
        for path in PAGES.values()
        for link in LINK.findall(path.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:|#", link)
    }
    assert [path.name for path in (ROOT / "docs").glob("*.md") if path.resolve() not in linked] == []
