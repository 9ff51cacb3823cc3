"""Committed notebooks hold what a reader on a web page needs, and every lesson has its parts."""

import json
import re
import runpy
import tomllib
from pathlib import Path

import pytest
from samples import place

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REPOSITORY, REF = PROJECT["project"]["urls"]["Repository"], PROJECT["tool"]["cdae-lessons"]["ref"]
CHECK = runpy.run_path(str(ROOT / "tools" / "check_notebooks.py"))  # what pre-commit runs, too
NAMES = [
    "00_start_here",
    "01_autoencoders",
    "02_noise_and_scores",
    "03_classical_denoisers",
    "04_denoising_autoencoders",
    "05_convolutional_autoencoders",
    "06_stacked_denoising_autoencoders",
    "07_cnn_dae",
    "08_small_samples",
    "09_extreme_noise",
    "10_after_2016",
    "11_without_clean_images",
    "12_many_possible_images",
    "13_your_own_images",
]
APPENDICES = {"appendix_transposed_convolution": "05_convolutional_autoencoders"}  # the lesson that each belongs to


def neighbours(name):
    """The notebooks before and next; an appendix stands between its lesson and what comes after that."""
    number = NAMES.index(APPENDICES.get(name, name))
    found = NAMES[number : number + 2] if name in APPENDICES else NAMES[max(number - 1, 0) : number + 2]
    return {each for each in found if each != name}


def cells(path, kind):
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind and "".join(cell["source"]).strip()]


def source(path, kind):
    return "\n\n".join("".join(cell["source"]) for cell in cells(path, kind))


def outputs(path):
    return [output for cell in cells(path, "code") for output in cell["outputs"]]


def test_the_course_is_whole():
    assert [path.stem for path in NOTEBOOKS] == [*NAMES, *APPENDICES]


@pytest.mark.parametrize("counts", [[1, 3], [2, 1], [1, None], [2]])
def test_what_is_not_executed_in_order_is_named(tmp_path, monkeypatch, capsys, counts):
    code = [{"cell_type": "code", "source": ["1"], "outputs": [], "execution_count": count} for count in counts]
    (tmp_path / "wrong.ipynb").write_text(json.dumps({"cells": code}), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["check_notebooks.py", str(NOTEBOOKS[0]), str(tmp_path / "wrong.ipynb")])
    assert CHECK["main"]() == 1
    assert re.fullmatch(r".*wrong\.ipynb was not executed in order: .*\n", capsys.readouterr().out)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_every_cell_was_executed_in_order(self, path):
        assert CHECK["in_order"](path)

    def test_no_warning_is_stored(self, path):
        assert not [output for output in outputs(path) if output.get("name") == "stderr"]

    def test_no_path_of_a_machine_is_stored(self, path):
        for output in outputs(path):
            text = json.dumps({kind: data for kind, data in output.items() if kind != "data"})
            text += json.dumps({kind: data for kind, data in output.get("data", {}).items() if "image" not in kind})
            assert not re.search(r"/(home|root|Users|tmp|work)/|[A-Z]:\\\\| at 0x[0-9a-f]{6}", text)

    def test_no_widget_is_stored_that_a_web_page_cannot_show(self, path):
        assert "widgets" not in json.loads(path.read_text(encoding="utf-8"))["metadata"]
        assert not [output for output in outputs(path) if any("widget" in kind for kind in output.get("data", {}))]

    def test_it_opens_and_closes_as_lessons_do(self, path):
        text = source(path, "markdown")
        assert text.startswith(f"# {place(path)} · ")
        for part in ("**You will**", "**You need**", " on a laptop", "Where this fails"):
            assert part in text
        for part in ("**Recap.**", "**Try next:**", "## References", "doi.org", "Text: CC BY 4.0. Code: BSD-3-Clause."):
            assert part in text

    def test_it_opens_in_colab_and_binder(self, path):
        owner_and_name = REPOSITORY.removeprefix("https://github.com/")
        text = source(path, "markdown")
        colab = f"https://colab.research.google.com/github/{owner_and_name}/blob/{REF}/notebooks/{path.name}"
        binder = f"https://mybinder.org/v2/gh/{owner_and_name}/{REF}?urlpath=lab/tree/notebooks/{path.name}"
        assert f"[Open in Colab]({colab})" in text
        assert f"[Open in Binder]({binder})" in text

    def test_its_first_cell_installs_the_course_where_it_is_missing(self, path):
        first = "".join(cells(path, "code")[0]["source"])
        assert (
            first == runpy.run_path(str(ROOT / "tools" / "first_cell.py"))["INSTALL"]
        )  # tools/first_cell.py writes it
        assert f"git+{REPOSITORY}{'' if REF == 'main' else f'@{REF}'}\n" in first

    def test_it_links_to_its_neighbours_and_nowhere_else_in_vain(self, path):
        links = re.findall(r"\]\(([^)#]+\.ipynb)\)", source(path, "markdown"))
        local = {link for link in links if "://" not in link}
        assert local >= {f"{name}.ipynb" for name in neighbours(path.stem)}
        assert not [link for link in local if not (path.parent / link).exists()]

    def test_students_predict_and_see_their_guess_again(self, path):
        assert "Predict first" in source(path, "markdown")
        code = source(path, "code")
        guesses = set(re.findall(r"^(my_guess\w*) = None", code, flags=re.MULTILINE))
        assert len(guesses) >= 2
        assert guesses == set(re.findall(r"guess=(my_guess\w*)", code))

    def test_there_is_a_lab_with_a_figure_beside_it(self, path):
        code = cells(path, "code")
        # beside the lab for ordering stands a table, which test_exercises looks at
        labs = [i for i, cell in enumerate(code) if re.search(r"widgets\.(?!order_lab)", "".join(cell["source"]))]
        assert labs or path.stem in APPENDICES
        for i in labs:
            assert any("image/png" in output.get("data", {}) for cell in code[i : i + 3] for output in cell["outputs"])

    def test_there_are_exercises_left_blank_and_a_bug_to_find(self, path):
        text = source(path, "markdown")
        assert "Find the bug" in text
        assert "Exercise" in text
        assert re.search(r"checks\.check_\w+\(", source(path, "code"))
        said = "".join("".join(output["text"]) for output in outputs(path) if output.get("name") == "stdout")
        assert "not attempted yet." in said

    def test_three_questions_have_their_answers_folded_away(self, path):
        remember = source(path, "markdown").partition("Remember")[2]
        assert len(re.findall(r"<details><summary><b>.+?</b></summary>.+?</details>", remember, flags=re.DOTALL)) == 3

    def test_every_picture_is_described(self, path):
        for cell in cells(path, "code"):
            pictures = [output for output in cell["outputs"] if "image/png" in output.get("data", {})]
            if pictures:
                text = "".join(cell["source"])
                own = ("studies.", "widgets.", "plotting.architecture(")  # whose pictures describe themselves
                assert "caption=" in text or any(each in text for each in own)
                assert all(output["metadata"]["image/png"]["alt"] for output in pictures)

    def test_claims_are_checked(self, path):
        assert re.search(r"assert |checks\.claims\(", source(path, "code"))
