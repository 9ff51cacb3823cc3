"""The labs of the lessons on the site, where no kernel runs: below the picture of each, a link to one that does run."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

LIKE = {  # a lab of the lessons, as its output calls it: the one of the page of labs that is most like it
    "denoise": "noise",
    "lesion": "lesion",
    "noise": "noise",
    "posterior": "pixel",
    "sample size": "training",
    "training": "training",
}
FRAME = (
    '<p><a class="labs" href="{up}labs.html">{page}</a></p>\n'
    '<iframe class="labs" src="{up}labs.html" title="{title}" loading="lazy"></iframe>'
)
WORDS = {  # `up` leads to the top of the English site, where labs.html is
    "en": {
        "page": "The labs on a page of their own",
        "title": "Denoising labs",
        "picture": "This is a picture of the lab. ",
        "one": 'One like it runs in your browser: <a href="{up}labs.html#{place}">{name}</a>.',
        "others": 'Others run in your browser: <a href="{up}labs.html">the labs on one page</a>.',
    },
    "ko": {
        "page": "실험실을 한 페이지로 열기",
        "title": "잡음 제거 실험실",
        "picture": "이것은 실험실의 그림입니다. ",
        "one": '비슷한 실험실이 브라우저에서 움직입니다: <a href="{up}labs.html#{place}">{name}</a>.',
        "others": '다른 실험실이 브라우저에서 움직입니다: <a href="{up}labs.html">한 페이지의 실험실</a>.',
    },
}


def names(page: Path, language: str) -> dict[str, str]:
    """The labs of the page made of the folder `page`: the name of each, by its place on the page; none without one."""
    words = page / f"strings_{language}.js"
    return dict(re.findall(r'^ *(\w+)_tab: "(.+)"', words.read_text(encoding="utf-8"), re.M)) if words.exists() else {}


def framed(home: str, language: str) -> str:
    """Put the labs before the first heading of the start page but its title."""
    start, heading, rest = home.partition("\n## ")
    frame = FRAME.format(up=_up(language, 0), **WORDS[language])
    return f"{start}\n```{{raw}} html\n{frame}\n```\n{heading}{rest}"


def linked(notebook: NotebookNode, live: dict[str, str], language: str) -> NotebookNode:
    """Say below a lab that it is a picture, and lead to the one of `live` that is most like it."""
    cells, words, up = [], WORDS[language], _up(language, 1)
    for cell in notebook.cells:
        cells.append(cell)
        for data in (output.get("data", {}) for output in cell.get("outputs", [])):
            lab = re.match(r"An interactive (.+) lab:", data.get("text/plain", ""))
            if lab and live:
                place = LIKE.get(lab[1])
                name = escape(live[place]) if place else ""
                where = words["one" if place else "others"].format(up=up, place=place, name=name)
                shown = words["picture"] if "image/png" in data else ""
                cells.append(new_markdown_cell(f'<p class="live">{shown}{where}</p>'))
    notebook.cells = cells
    return notebook


def _up(language: str, folders: int) -> str:
    return "../" * (folders + (language != "en"))
