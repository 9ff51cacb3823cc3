"""The glossary: in order, each word once, and each in the lesson that is said to explain it."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\w.*?) \| (.+) \| \[(A|\d+)\]\(\.\./(notebooks/.+?\.ipynb)\) \|$", TEXT, flags=re.MULTILINE)


def test_the_words_are_in_order_and_none_is_there_twice():
    words = [row[0].casefold() for row in ROWS]
    assert len(words) == TEXT.count("](../notebooks/") > 60
    assert words == sorted(set(words))


@pytest.mark.parametrize(("word", "meaning", "number", "path"), ROWS, ids=[row[0] for row in ROWS])
def test_the_lesson_has_the_word(word, meaning, number, path):
    cells = json.loads((ROOT / path).read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown").casefold()
    stem = word.casefold()
    for ending in ("ing", "iance", " filter", " shrinkage", " convolution", " difference", " noise"):
        stem = stem.removesuffix(ending)
    assert stem in text
    assert Path(path).name.startswith("appendix" if number == "A" else f"{int(number):02d}_")
