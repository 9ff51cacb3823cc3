"""What search engines, chats and catalogues read of a page of the site: a description, a picture, what it teaches.

A lesson is a learning resource in the terms of schema.org and of the profile TrainingMaterial of Bioschemas
(https://bioschemas.org/profiles/TrainingMaterial/1.0-RELEASE), in JSON-LD.
"""

from __future__ import annotations

import json
import re
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from first_cell import NAME, PROJECT, REF
from make_metadata import LICENCES, name
from sphinx.application import Sphinx

SITE = PROJECT["project"]["urls"]["Documentation"]
PICTURE = f"https://raw.githubusercontent.com/{NAME}/{REF}/docs/hero.png"
PROFILE = "https://bioschemas.org/profiles/TrainingMaterial/1.0-RELEASE"
ROW = r"^\| \[(\w+)\]\(notebooks/\1\.ipynb\) \| (.+?) \| \d+ \|$"
LETTERS = 200  # of a description, about as many as are shown
KINDS = {"notebooks": "Jupyter notebook", "labs": "interactive resource", "reference": "reference"}  # by the folder
LABS = (
    "Labs that need nothing but this page: add noise to brains, denoise them with filters and with the paper's "
    "network, train a network, and see how a lesion is lost or invented."
)
SEARCH = "Search the lessons, the glossary, the package's reference and all other pages; it needs no network."
ALL = {
    "isAccessibleForFree": True,
    "educationalLevel": "undergraduate and beyond",
    "audience": [{"@type": "EducationalAudience", "educationalRole": role} for role in ("student", "teacher")],
    "keywords": PROJECT["project"]["keywords"],
    "license": LICENCES + "CC-BY-4.0",
}


def address(page: str, language: str = "en") -> str:
    """Where a page of the site stands in a language; English is at the top."""
    return f"{SITE}{'' if language == 'en' else f'{language}/'}{page}"


def connect(site: Sphinx, root: Path) -> None:
    """Let Sphinx write it into the head of every page of the course in `root`."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    about = dict(re.findall(ROW, readme, flags=re.MULTILINE))
    site.connect("html-page-context", partial(_write, about, _cited(root)))


def with_labs_told(page: str, root: Path) -> str:
    """The page of labs, which Sphinx does not write, with the same in its head."""
    name = re.search(r"<title>(.+?)</title>", page)[1]
    return page.replace("</title>", f"</title>{_tags(_told('labs', name, LABS, _cited(root), 'en'))}", 1)


def _cited(root: Path) -> dict[str, Any]:
    citation = root / "CITATION.cff"
    return yaml.safe_load(citation.read_text(encoding="utf-8")) if citation.exists() else {}


def _write(about: dict[str, str], cited: dict[str, Any], *event: Any) -> None:
    app, page, _, context, tree = event
    lesson, language = Path(page).name, app.config.language
    if tree is None:
        told = _told(page, "Search", SEARCH, cited, language)
    else:
        title = tree.next_node(nodes.title)
        description = (language == "en" and about.get(lesson)) or described(tree)
        told = _told(page, title.astext() if title else lesson, description, cited, language)
    if lesson in about:
        told |= taught(tree.astext())
    elif page == "index":
        parts = [{"@type": "LearningResource", "url": f"{SITE}notebooks/{each}.html"} for each in about]
        told |= told.pop("isPartOf") | {"provider": told["author"], "hasPart": parts}
        told["@type"] = ["Course", "LearningResource"]
    context["metatags"] = context.get("metatags", "") + _tags(told)


def _told(page: str, title: str, description: str, cited: dict[str, Any], language: str) -> dict[str, Any]:
    """What is said of every page: all that the profile asks for at least, and some of what it recommends."""
    here = address(f"{page}.html", language)
    whole = {"@type": "Course", "@id": SITE, "name": cited.get("title", ""), "description": cited.get("abstract", "")}
    return {
        "@context": "https://schema.org",
        "@id": here,
        "@type": "LearningResource",
        "http://purl.org/dc/terms/conformsTo": {"@type": "CreativeWork", "@id": PROFILE},
        "url": here,
        "name": title,
        "description": description,
        "image": PICTURE,
        "inLanguage": language,
        "author": [{"@type": "Organization", "name": name(author)} for author in cited.get("authors", ())],
        "learningResourceType": KINDS.get(page.partition("/")[0], "text"),
        "isPartOf": whole,
        **ALL,
    }


def described(tree: nodes.document) -> str:
    """The first paragraph of a page that says something, cut after a word."""
    texts = (" ".join(paragraph.astext().split()) for paragraph in tree.findall(nodes.paragraph))
    text = next((text for text in texts if len(text) > 40 and "Colab" not in text), "")
    return text if len(text) <= LETTERS else text[:LETTERS].rpartition(" ")[0] + " …"


def taught(text: str) -> dict[str, str]:
    """What a lesson's opening promises, and how many minutes it says that a reader needs."""
    text = " ".join(text.split())
    found = {"teaches": r"You will (be able to )?(.+?\.)(?= You|\s|$)", "timeRequired": r"(\d+) minutes (for|of) you"}
    will, minutes = (re.search(pattern, text) for pattern in found.values())
    told = {"teaches": will[2][0].upper() + will[2][1:]} if will else {}
    return told | ({"timeRequired": f"PT{minutes[1]}M"} if minutes else {})


def _tags(told: dict[str, Any]) -> str:
    named = {"og:title": "name", "og:description": "description", "og:image": "image", "og:url": "url"}
    tags = [f'<meta name="description" content="{escape(told["description"])}">']
    tags += ['<meta property="og:type" content="article">', '<meta name="twitter:card" content="summary_large_image">']
    tags += [f'<meta property="{tag}" content="{escape(told[key])}">' for tag, key in named.items()]
    data = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")  # no text may end the script
    return "\n".join(["", *tags, f'<script type="application/ld+json">{data}</script>'])
