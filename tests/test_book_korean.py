"""The book in other languages: nothing is left to translate, markup and figures are kept, and pages find each other."""

import re
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDED = ("babel", "furo", "jupyter_server_mathjax", "myst_nb", "numpydoc", "sphinx")
MISSING = [package for package in NEEDED if find_spec(package) is None]
if MISSING:
    pytest.skip(f"needs {', '.join(MISSING)}: pip install -e '.[book]'", allow_module_level=True)

import book_languages  # noqa: E402
import make_book  # noqa: E402

# Sphinx announces changes of its interface, which MyST-Parser and MyST-NB use.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sphinx.deprecation.RemovedInSphinx10Warning", "ignore::sphinx.deprecation.RemovedInSphinx11Warning"
)
ROOT = Path(__file__).parents[1]
UPDATE = "run python tools/book_languages.py, then translate what it names in docs/locale"
KEPT = {  # what a translation takes over as it is
    "targets of links": r"\]\(([^)]+)\)",
    "code": r"`([^`]+)`",
    "formulas": r"\$([^$]+)\$",
}
LANGUAGES = book_languages.languages(ROOT)
FILES = [(language, page) for language in LANGUAGES for page in book_languages.catalogs(ROOT, language)]


@pytest.fixture(scope="module")
def now():
    """What the pages say now."""
    return book_languages.extracted(ROOT, sorted({page for _, page in FILES}))


def messages(language, page):
    """Pairs of a text and its translation."""
    catalog = book_languages.read(book_languages.catalogs(ROOT, language)[page], language)
    return {str(message.id): message for message in catalog if message.id}


def test_there_is_korean():
    assert {"docs/glossary", "index", "notebooks/00_start_here"} <= {page for at, page in FILES if at == "ko"}
    assert {*LANGUAGES} <= {*book_languages.NAMES}


@pytest.mark.parametrize(("language", "page"), FILES)
def test_everything_that_a_page_says_is_translated(now, language, page):
    there = messages(language, page)
    said = {str(message.id) for message in now[page] if message.id}
    assert {*filter(book_languages.has_words, said)} == {*filter(book_languages.has_words, there)}, UPDATE
    left = [text for text, of in there.items() if book_languages.has_words(text) and (of.fuzzy or not of.string)]
    assert left == [], UPDATE


@pytest.mark.parametrize(("language", "page"), FILES)
def test_a_translation_keeps_links_code_formulas_and_figures(language, page):
    for text, message in messages(language, page).items():
        translated = message.string or text
        for name, pattern in KEPT.items():
            assert Counter(re.findall(pattern, translated)) == Counter(re.findall(pattern, text)), f"{name}: {text}"
        prose = [re.sub("|".join(KEPT.values()), "", each) for each in (text, translated)]
        missing = Counter(re.findall(r"\d+", prose[0])) - Counter(re.findall(r"\d+", prose[1]))
        assert not missing, f"{[*missing]} of: {text}"
        for mark in ("**", "<details", "</details>"):
            assert translated.count(mark) == text.count(mark), f"{mark}: {text}"


@pytest.fixture
def course(tmp_path):
    """A course of two pages, one of them translated in part."""
    root = tmp_path / "course"
    (root / "docs").mkdir(parents=True)
    (root / "README.md").write_text("# A course\n\nOf [noise](docs/noise.md) and [more](docs/more.md).", "utf-8")
    (root / "docs" / "noise.md").write_text("# Noise\n\nIt is everywhere.\n\nOn and on.", "utf-8")
    (root / "docs" / "more.md").write_text("# More\n\nOnly in [English](noise.md).", "utf-8")
    folder = root / book_languages.LOCALE / "ko" / "LC_MESSAGES" / "docs"
    folder.mkdir(parents=True)
    (folder.parent / "index.po").touch()
    (folder / "noise.po").touch()
    return root


def test_an_update_keeps_what_is_translated_and_names_what_is_not(course):
    path = book_languages.catalogs(course, "ko")["docs/noise"]
    left = dict(book_languages.update(course))
    assert left[path] == ["Noise", "It is everywhere.", "On and on."]
    text = path.read_text("utf-8").replace('"Noise"\nmsgstr ""', '"Noise"\nmsgstr "잡음"')
    path.write_text(text.replace('everywhere."\nmsgstr ""', 'everywhere."\nmsgstr "잡음은 흔합니다."'), "utf-8")
    assert dict(book_languages.update(course))[path] == ["On and on."]
    before = path.read_bytes()
    assert dict(book_languages.update(course))[path] == ["On and on."]
    assert path.read_bytes() == before
    page = course / "docs" / "noise.md"
    page.write_text(page.read_text("utf-8").replace("is everywhere", "is nearly everywhere"), "utf-8")
    assert dict(book_languages.update(course))[path] == ["It is nearly everywhere.", "On and on."]
    assert "#, fuzzy" in path.read_text("utf-8")  # its translation stays, to be looked at
    assert "잡음은 흔합니다." in path.read_text("utf-8")


def test_pages_lead_to_the_other_language_and_texts_that_are_not_translated_stay(course, tmp_path, monkeypatch):
    dict(book_languages.update(course))
    path = book_languages.catalogs(course, "ko")["docs/noise"]
    path.write_text(path.read_text("utf-8").replace('"Noise"\nmsgstr ""', '"Noise"\nmsgstr "잡음"'), "utf-8")
    monkeypatch.setattr(sys, "argv", ["make_book.py", "--root", str(course), "--to", str(tmp_path / "site")])
    assert make_book.main() == 0
    english, korean, more, home = (
        (tmp_path / "site" / name).read_text("utf-8")
        for name in ("docs/noise.html", "ko/docs/noise.html", "docs/more.html", "ko/index.html")
    )
    assert '<html class="no-js" lang="ko"' in korean
    assert re.search("<h1>잡음<", korean)
    assert "It is everywhere." in korean
    assert book_languages.UNREVIEWED["ko"] in korean
    assert book_languages.UNREVIEWED_IN_ENGLISH in korean
    assert '<a href="../ko/docs/noise.html" hreflang="ko" lang="ko">한국어</a>' in english
    assert '<a href="../../docs/noise.html" hreflang="en" lang="en">English</a>' in korean
    assert "hreflang" not in more
    assert 'href="../docs/more.html"' in home  # has no translation
    assert 'href="docs/noise.html"' in home
    assert not (tmp_path / "site" / "ko" / "docs" / "more.html").exists()
