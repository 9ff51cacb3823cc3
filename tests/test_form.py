"""The form of the lessons, told from the executed files alone: nothing is run here."""

import ast
import base64
import copy
import io
import json
import re
from pathlib import Path

import matplotlib.colors
import pytest
from PIL import Image

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))  # test_notebooks says which there must be

CELLS, WORDS = 50, 2500
BYTES, SECONDS = 400_000, 10
KINDS = ("diagnose", "predict", "build", "improve", "repair")
OPENING = {
    "what one will be able to do": r"\*\*You will\b",
    "what one needs": r"\*\*You need",
    "the time that the machine takes": r"\b(seconds?|minutes?)\b[^.;]* on a laptop",
    "the time that the reader takes": r"\bminutes?\b[^.;]* (for|of) you",
}


def text_of(cell):
    return "".join(cell["source"])


def code_of(notebook, *, folded=None):
    """The code cells: all, those that are folded, or those that a reader sees."""
    found = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [cell for cell in found if folded is None or is_folded(cell) == folded]


def is_folded(cell):
    return bool(cell["metadata"].get("jupyter", {}).get("source_hidden"))


def tree(cell):
    """The syntax of a cell, without what only IPython knows."""
    lines = (re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in text_of(cell).split("\n"))
    return ast.parse("\n".join(lines))


def calls(cell, name):
    """How often a cell calls a function, by its name such as ``checks.claims``."""
    nodes = [node for node in ast.walk(tree(cell)) if isinstance(node, ast.Call)]
    return sum(ast.unparse(node.func) == name for node in nodes)


def said(cell):
    """What a cell has printed or shown as text."""
    parts = [output.get("text", output.get("data", {}).get("text/plain", "")) for output in cell["outputs"]]
    return "\n".join("".join(part) for part in parts)


def pictures(cell):
    found = [output.get("data", {}).get("image/png") for output in cell["outputs"]]
    return [base64.b64decode("".join(each)) for each in found if each]


# ---- the rules: each returns what is wrong


def numbers_not_booleans(notebook):
    """No output says True or False."""
    lines = [line for cell in code_of(notebook) for line in said(cell).split("\n")]
    return [line for line in lines if re.search(r"\b(True|False)\b", line)]


def no_bare_assert(notebook):
    """What a student reads is not an assertion."""
    cells = code_of(notebook, folded=False)
    return [ast.unparse(node) for cell in cells for node in ast.walk(tree(cell)) if isinstance(node, ast.Assert)]


def something_moves(notebook):
    """There is an animation, each is small and short, and ends on the frame that is shown where nothing moves."""
    found = [Image.open(io.BytesIO(each)) for cell in code_of(notebook) for each in pictures(cell)]
    moving = [picture for picture in found if getattr(picture, "is_animated", False)]
    wrong = [] if moving else ["no animated PNG"]
    for picture in moving:
        size = picture.fp.seek(0, io.SEEK_END)
        wrong += [f"an animation of {size} bytes"] if size > BYTES else []
        still, plays = picture.convert("RGB").tobytes(), picture.info.get("loop", 0)
        milliseconds = 0
        for frame in range(int(bool(picture.info.get("default_image"))), picture.n_frames):
            picture.seek(frame)
            milliseconds += picture.info["duration"]
        wrong += ["an animation that never ends"] if not plays else []
        wrong += (
            [f"an animation of {plays * milliseconds / 1000:.3g} s"] if plays * milliseconds > 1000 * SECONDS else []
        )
        wrong += ["an animation that ends on another frame"] if picture.convert("RGB").tobytes() != still else []
    return wrong


def networks_are_drawn(notebook):
    """Where a network is written in Keras, a picture shows it."""
    built = any(re.search(r"\blayers\.[A-Z]\w+\(", text_of(cell)) for cell in code_of(notebook, folded=False))
    drawn = any("plotting.architecture(" in text_of(cell) and pictures(cell) for cell in code_of(notebook))
    return ["a network is built and not drawn"] if built and not drawn else []


def a_picture_and_a_question_then_the_aims(notebook):
    """A picture and a question come first, then what one will be able to do, what one needs, and the minutes."""
    cells = notebook["cells"]
    place = next((i for i, cell in enumerate(cells) if re.search(OPENING["what one needs"], text_of(cell))), 0)
    before = cells[:place]
    wrong = [what for what, pattern in OPENING.items() if not re.search(pattern, text_of(cells[place]))]
    if not any(pictures(cell) for cell in before if cell["cell_type"] == "code"):
        wrong.append("no picture before the aims")
    if not any("?" in text_of(cell) for cell in before if cell["cell_type"] == "markdown"):
        wrong.append("no question before the aims")
    return wrong


def exercises_of_several_kinds(notebook):
    """Three or four exercises, the kind of each in its heading, not all of one kind."""
    kinds, heading = [], ""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            heading = [heading, *re.findall(r"^#+ (.*)", text_of(cell), flags=re.MULTILINE)][-1]
        elif "exercise" in cell["metadata"].get("tags", []):
            kinds.append(next((kind for kind in KINDS if re.search(rf"\b{kind}\b", heading.lower())), heading))
    wrong = [f"an exercise of no kind: {kind!r}" for kind in kinds if kind not in KINDS]
    wrong += [f"{len(kinds)} exercises"] if not 3 <= len(kinds) <= 4 else []
    return wrong + (["exercises of one kind"] if len(set(kinds)) < 2 else [])


def short(notebook):
    """No more cells and words than a reader has patience for."""
    text = " ".join(text_of(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    counts = {"cells": (len(notebook["cells"]), CELLS), "words": (len(text.split()), WORDS)}
    return [f"{count} {what}" for what, (count, most) in counts.items() if count > most]


def claims_are_folded(notebook):
    """Claims are checked in folded cells, one a section at most, which print that line; the first cell is folded."""
    wrong, section, seen = [], "", []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            section = [section, *re.findall(r"^## (.*)", text_of(cell), flags=re.MULTILINE)][-1]
        elif calls(cell, "checks.claims"):
            wrong += [] if is_folded(cell) else [f"claims in the open: {section}"]
            wrong += [] if "hide-input" in cell["metadata"].get("tags", []) else [f"without hide-input: {section}"]
            printed = "".join("".join(output.get("text", "")) for output in cell["outputs"])
            wrong += [] if re.fullmatch(r"(✓|not checked).*\n?", printed) else [f"not one line: {printed!r}"]
            wrong += [f"claims twice: {section}"] if section in seen or calls(cell, "checks.claims") > 1 else []
            seen.append(section)
    wrong += [] if seen else ["no claims"]
    return wrong + ([] if is_folded(code_of(notebook)[0]) else ["the first cell in the open"])


NAMED = {*matplotlib.colors.CSS4_COLORS, *matplotlib.colors.TABLEAU_COLORS}
KEYWORDS = {"c", "color", "colors", "ecolor", "ec", "edgecolor", "fc", "facecolor", "mec", "mfc", "markeredgecolor",
            "markerfacecolor"}  # fmt: skip


def colours_of_the_course(notebook):
    """Methods have the colours of `plotting.COLOURS`: no cell names one of its own, but for levels of grey."""
    wrong = []
    for cell in code_of(notebook, folded=False):
        for node in ast.walk(tree(cell)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                wrong += re.findall(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\b", node.value)
            if not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                if keyword.arg in KEYWORDS:
                    names = [n.value for n in ast.walk(keyword.value) if isinstance(n, ast.Constant)]
                    wrong += [name for name in names if name in NAMED or re.fullmatch(r"[bgrcmykw]|C\d", str(name))]
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("plot", "errorbar", "semilogx", "semilogy"):
                marks = [n.value for n in node.args if isinstance(n, ast.Constant) and isinstance(n.value, str)]
                wrong += [mark for mark in marks if mark in NAMED or re.search(r"[bgrcmykw]", mark)]
    return wrong


RULES = [
    numbers_not_booleans,
    no_bare_assert,
    something_moves,
    networks_are_drawn,
    a_picture_and_a_question_then_the_aims,
    exercises_of_several_kinds,
    short,
    claims_are_folded,
    colours_of_the_course,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_its_form(lesson, rule):
    assert rule(json.loads((NOTEBOOKS / f"{lesson}.ipynb").read_text(encoding="utf-8"))) == []


# ---- every rule, seen to fail


def code(source, *, folded=False, tags=(), printed="", png=None):
    metadata = {"tags": [*tags]} | ({"jupyter": {"source_hidden": True}} if folded else {})
    outputs = [{"output_type": "stream", "name": "stdout", "text": [printed]}] if printed else []
    if png:
        outputs.append({"output_type": "display_data", "data": {"image/png": base64.b64encode(png).decode()}})
    return {"cell_type": "code", "metadata": metadata, "source": [source], "outputs": outputs}


def words(source):
    return {"cell_type": "markdown", "metadata": {}, "source": [source]}


def moving(*levels, loop=1, duration=100, still=None):
    """An animated PNG as `animation.animate` makes them: what is shown where nothing moves is no part of it."""
    frames = [Image.new("L", (8, 8), level) for level in levels]
    shown = frames[-1] if still is None else Image.new("L", (8, 8), still)
    file = io.BytesIO()
    shown.save(
        file,
        "PNG",
        save_all=True,
        default_image=True,
        append_images=frames,
        loop=loop,
        duration=[duration] * len(frames),
    )
    return file.getvalue()


CLAIMS = 'checks.claims({"a is above b": a > b})'
GOOD = {
    "nbformat": 4,
    "cells": [
        words("# A lesson\n\nWhat was there?"),
        code("%pip install it", folded=True),
        code("plotting.show(images)", png=moving(0, 100, 200)),
        words("**You will** say it.\n\n**You need** this.\n\n20 seconds on a laptop, 15 minutes for you."),
        words("## 1 · A part"),
        code(
            'ax.plot(x, y, "o-", color=plotting.COLOURS["tv"])\nax.imshow(z, cmap="gray")\nprint(mean)',
            printed="0.31\n",
        ),
        code(CLAIMS, folded=True, tags=["hide-input"], printed="✓ 1 claim of this section holds on this machine\n"),
        words("## 2 · Exercise (repair): one"),
        code("checks.check_a(a)", tags=["exercise"]),
        words("### Exercise (build): two"),
        code("checks.check_b(b)", tags=["exercise"]),
        words("### Exercise (predict, then falsify): three"),
        code("checks.check_c(c)", tags=["exercise"]),
    ],
}
DENSE = "model = keras.Sequential([keras.Input((8,)), layers.Dense(2)])"
BREAKS = {
    numbers_not_booleans: [
        lambda n: n["cells"].append(code("print(a > b)", printed="True\n")),
        lambda n: n["cells"].append(code("print()", printed="a above b: False\n")),
        lambda n: n["cells"][5].update(outputs=[{"output_type": "execute_result", "data": {"text/plain": "True"}}]),
    ],
    no_bare_assert: [
        lambda n: n["cells"].append(code("if dataset:\n    assert a > b")),
        lambda n: n["cells"].append(code("%time f()\nassert a > b, 'why'")),
    ],
    something_moves: [
        lambda n: n["cells"][2].update(outputs=[]),
        lambda n: n["cells"].append(code("", png=moving(0, 100, duration=5001))),
        lambda n: n["cells"].append(code("", png=moving(0, 100, loop=0))),
        lambda n: n["cells"].append(code("", png=moving(0, 100, loop=3, duration=2000))),
        lambda n: n["cells"].append(code("", png=moving(0, 100, still=50))),
        lambda n: n["cells"].append(code("", png=moving(0, 100) + b"0" * BYTES)),
    ],
    networks_are_drawn: [
        lambda n: n["cells"].append(code(DENSE)),
        lambda n: n["cells"].extend([code(DENSE), code("plotting.architecture(model)")]),
    ],
    a_picture_and_a_question_then_the_aims: [
        lambda n: n["cells"].insert(2, n["cells"].pop(3)),
        lambda n: n["cells"][0].update(source=["# A lesson"]),
        lambda n: n["cells"][3].update(source=["**You will** say it.\n\n**You need** this."]),
        lambda n: n["cells"][3].update(source=["**You will** say it. 9 seconds on a laptop, 15 minutes for you."]),
        lambda n: n["cells"][3].update(source=["**You will** say it.\n\n**You need** this. 9 seconds on a laptop."]),
    ],
    exercises_of_several_kinds: [
        lambda n: n["cells"].pop(),
        lambda n: n["cells"].extend(copy.deepcopy(n["cells"][-2:]) * 2),
        lambda n: n["cells"][-2].update(source=["### Exercise: three"]),
        lambda n: [n["cells"][i].update(source=["### Exercise (build)"]) for i in (-6, -4, -2)],
    ],
    short: [
        lambda n: n["cells"].extend([words("")] * (CELLS - len(n["cells"]) + 1)),
        lambda n: n["cells"].append(words("word " * WORDS)),
    ],
    claims_are_folded: [
        lambda n: n["cells"][6]["metadata"].pop("jupyter"),
        lambda n: n["cells"][6]["metadata"].update(tags=[]),
        lambda n: n["cells"].insert(7, copy.deepcopy(n["cells"][6])),
        lambda n: n["cells"][6].update(source=[f"{CLAIMS}\n{CLAIMS}"]),
        lambda n: n["cells"][6]["outputs"][0].update(text=["✓ 1 claim of this section holds\nand more\n"]),
        lambda n: n["cells"].pop(6),
        lambda n: n["cells"][1]["metadata"].pop("jupyter"),
    ],
    colours_of_the_course: [
        lambda n: n["cells"].append(code('ax.plot(x, y, "ro-")')),
        lambda n: n["cells"].append(code('ax.axvline(0, color="orange")')),
        lambda n: n["cells"].append(code('ax.plot(x, y, mec="k" if a else "0.5")')),
        lambda n: n["cells"].append(code('colours = {"mine": "#ff9f1c"}')),
        lambda n: n["cells"].append(code('ax.bar(x, y, color=["C0", "C1"])')),
    ],
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_finds_nothing_in_a_good_lesson_and_each_fault_in_a_broken_copy(rule):
    assert rule(GOOD) == []
    for i, spoil in enumerate(BREAKS[rule]):
        broken = copy.deepcopy(GOOD)
        spoil(broken)
        assert rule(broken), f"fault {i} was not found"
