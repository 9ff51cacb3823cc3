"""What a page of the site owes to readers who hear it or use it by keyboard, and the theme and MyST-NB leave out.

What depends on the width of the screen is in ``book.js``.
"""

from __future__ import annotations

import re
from pathlib import Path

MENDED = {  # what stands in a page, as a pattern, and what should
    # headings of the menu have no level
    r'<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    # the two columns beside the text have no names
    r'<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-labelledby="site-name">',
    r'<span class="sidebar-brand-text">': '<span class="sidebar-brand-text" id="site-name">',
    r'<aside class="toc-drawer">': '<aside class="toc-drawer" aria-labelledby="page-parts">',
    r'<span class="toc-title">': '<span class="toc-title" id="page-parts">',
    # a name that hides the text that can be read, and is the same everywhere
    r'<summary aria-label="Toggle hidden content">': "<summary>",
    # a column without a name has no heading; Pandas and Markdown write one
    r"<th\b([^>]*)>\s*</th>": r"<td\1></td>",
    # the page that finds has no heading before something is found
    r'<div id="search-results">': '<h1 class="visually-hidden">Search</h1>\n<div id="search-results">',
}


def mend(folder: Path) -> None:
    """Mend the pages below `folder`."""
    for path in folder.rglob("*.html"):
        if "_static" not in path.relative_to(folder).parts:
            path.write_text(mended(path.read_text(encoding="utf-8")), encoding="utf-8")


def mended(page: str) -> str:
    """A page as it should be."""
    for pattern, text in MENDED.items():
        page = re.sub(pattern, text, page)
    return page
