"""The book in other languages, by gettext: a page is there if docs/locale/LANGUAGE/LC_MESSAGES holds a .po file for it.

python tools/book_languages.py    put what these pages say now into the .po files; what is translated stays
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from babel.messages import Catalog, pofile
from book_head import address
from first_cell import ROOT
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

LOCALE = Path("docs/locale")
NAMES = {"en": "English", "ko": "한국어"}
UNREVIEWED = {  # said on every page until a native reader has been through it
    "ko": "이 한국어 글은 아직 원어민의 검토를 받지 않았습니다.",
}
UNREVIEWED_IN_ENGLISH = "No native reader has been through this translation yet."
SETTINGS = {
    "locale_dirs": ["locale"],
    "gettext_compact": False,  # a file for each page
    "gettext_uuid": False,
    "gettext_location": False,
    "gettext_allow_fuzzy_translations": False,
}


def languages(root: Path) -> list[str]:
    """The languages beside English that the course in `root` has texts for."""
    return sorted(folder.parent.name for folder in (root / LOCALE).glob("*/LC_MESSAGES"))


def catalogs(root: Path, language: str) -> dict[str, Path]:
    """Which .po file belongs to which page, by the page's name without its ending; the start page is ``index``."""
    folder = root / LOCALE / language / "LC_MESSAGES"
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.po"))}


def update(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Put what the pages say now into the .po files; give for each of them what is still to be translated.

    A message that changed a little keeps its translation, marked as fuzzy, and is not shown before somebody takes the
    mark away.
    """
    for language in languages(root):
        files = catalogs(root, language)
        for page, now in extracted(root, [*files]).items():
            path = files[page]
            catalog = read(path, language)
            catalog.update(now)
            write(path, catalog)
            left = [message for message in catalog if message.fuzzy or not message.string]
            yield path, [str(message.id) for message in left if message.id and has_words(str(message.id))]


def extracted(root: Path, pages: list[str]) -> dict[str, Catalog]:
    """What there is to translate on these pages."""
    import make_book  # which imports this module

    with tempfile.TemporaryDirectory() as folder:
        staged, to = Path(folder) / "pages", Path(folder) / "messages"
        make_book.stage(root, staged, only=pages)
        quiet = {"status": None, "warning": None}  # of links to pages that are not among them
        settings = make_book.SETTINGS | SETTINGS
        with docutils_namespace():
            Sphinx(str(staged), None, str(to), str(Path(folder) / "doctrees"), "gettext", settings, **quiet).build()
        return {page: read(to / f"{page}.pot", None) for page in pages}


def read(path: Path, language: str | None) -> Catalog:
    """A file of messages; an empty one is for a page of which nothing is translated yet."""
    with path.open("rb") as file:
        return pofile.read_po(file, locale=language)


def write(path: Path, catalog: Catalog) -> None:
    """Write a file of messages, without the dates that would make it another one each time."""
    head = f'msgid ""\nmsgstr ""\n"Language: {catalog.locale}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    with path.open("wb") as file:
        file.write(head.encode())
        pofile.write_po(file, catalog, width=0, omit_header=True, include_previous=True)


def has_words(text: str) -> bool:
    """Whether there is anything to translate, beside the targets of links, code, formulas and signs."""
    return bool(re.search(r"[^\W\d_]{3}", re.sub(r"\]\([^)]*\)|`[^`]*`|\$[^$]*\$", "", text)))


def connect(site: Sphinx, root: Path, language: str) -> None:
    """Let each page lead to the same page in the other languages, and say that a translation is not reviewed."""
    there = {"en": None} | {other: {*catalogs(root, other)} for other in languages(root)}  # None: all pages

    def switch(*event: Any) -> None:
        _, page, _, context, tree = event
        others = [other for other, pages in there.items() if other != language and (pages is None or page in pages)]
        if tree is None or not others:
            return
        links = [
            f'<a href="{escape(relative(page, language, other))}" hreflang="{other}" lang="{other}">{NAMES[other]}</a>'
            for other in others
        ]
        said = ""
        if language in UNREVIEWED:
            said = f'{UNREVIEWED[language]} <span lang="en">{UNREVIEWED_IN_ENGLISH}</span> '
        context["body"] = f'<p class="languages">{said}{" · ".join(links)}</p>\n{context["body"]}'
        for other in [language, *others]:
            there_too = address(f"{page}.html", other)
            context["metatags"] += f'\n<link rel="alternate" hreflang="{other}" href="{there_too}">'

    site.connect("html-page-context", switch)


def relative(page: str, language: str, other: str) -> str:
    """The way from a page in one language to the same in another, or to an English one that has no translation."""
    here, there = (Path("" if each == "en" else each, f"{page}.html") for each in (language, other))
    return Path(os.path.relpath(there, here.parent)).as_posix()


def main() -> int:
    """Update the .po files; return 1 if there is something left to translate."""
    left = 0
    for path, missing in update(ROOT):
        left += len(missing)
        print(f"{path.relative_to(ROOT)}: {f'{len(missing)} to translate' if missing else 'complete'}")
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())
