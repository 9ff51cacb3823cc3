"""Community files and metadata: what is cited is said in one place, and forms and links lead somewhere."""

import json
import re
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml", reason="pyyaml is not installed: make setup")
import make_metadata as tool  # noqa: E402
from first_cell import REPOSITORY  # noqa: E402

ROOT = Path(__file__).parents[1]
COMMUNITY = sorted((ROOT / ".github").glob("*.md"))


@pytest.mark.parametrize("name", tool.files())
def test_metadata_are_what_the_command_writes(name):
    stored = json.loads((ROOT / name).read_text(encoding="utf-8"))
    assert stored == tool.files()[name], "Run: python tools/make_metadata.py"


def test_they_say_what_citation_cff_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    codemeta, zenodo = tool.files().values()
    assert codemeta["name"] == zenodo["title"] == citation["title"]
    names = ["The cdae-lessons authors"]
    assert [author["name"] for author in codemeta["author"]] == [one["name"] for one in zenodo["creators"]] == names
    assert codemeta["codeRepository"] == REPOSITORY
    assert codemeta["license"] == ["https://spdx.org/licenses/BSD-3-Clause", "https://spdx.org/licenses/CC-BY-4.0"]
    (paper,) = zenodo["related_identifiers"]
    assert paper["identifier"] == "10.1109/ICDMW.2016.0041"


def test_a_person_is_named_by_family_and_given_name():
    assert tool.name({"family-names": "Gondara", "given-names": "L."}) == "Gondara, L."


@pytest.mark.parametrize("path", COMMUNITY, ids=lambda path: path.name)
def test_their_links_and_the_files_that_they_name_exist(path):
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    named = re.findall(r"`(cdae_lessons/[\w./]+)`", text)
    missing = [link for link in links if not (path.parent / link).exists()]
    assert not missing + [name for name in named if not (ROOT / name).exists()]


def test_there_are_the_files_that_a_newcomer_looks_for():
    named = {path.name for path in COMMUNITY}
    assert named == {"CODE_OF_CONDUCT.md", "PULL_REQUEST_TEMPLATE.md", "SECURITY.md", "SUPPORT.md"}


def test_the_forms_of_issues_have_what_github_asks_for():
    kinds = {"textarea", "input"}
    for path in sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml")):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form), path.name
        ids = [part["id"] for part in form["body"]]
        assert len(set(ids)) == len(ids)
        assert {part["type"] for part in form["body"]} <= kinds
        assert all(part["attributes"]["label"] for part in form["body"])
        assert any(part.get("validations", {}).get("required") for part in form["body"])


def test_the_container_opens_the_first_lesson_in_the_course_s_environment():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == "make setup"
    (first,) = container["customizations"]["codespaces"]["openFiles"]
    assert (ROOT / first).exists()
    python = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert python.endswith("/.venv/bin/python")


def test_the_paper_has_the_parts_that_jose_asks_for_and_cites_what_it_lists():
    _, head, text = (ROOT / "paper" / "paper.md").read_text(encoding="utf-8").split("---\n", 2)
    head = yaml.safe_load(head)
    assert [author["name"] for author in head["authors"]] == ["The cdae-lessons authors"]
    assert {"title", "tags", "authors", "affiliations", "date", "bibliography"} <= set(head)
    sections = re.findall(r"^# (.+)$", text, flags=re.MULTILINE)
    assert {"Summary", "Statement of need", "Learning objectives", "Experience of use", "Story"} <= set(sections)
    listed = re.findall(r"^@\w+\{(\w+),", (ROOT / "paper" / head["bibliography"]).read_text(encoding="utf-8"), re.M)
    assert sorted(set(re.findall(r"@(\w+)", text))) == sorted(listed)


def test_every_reference_has_a_doi_and_every_part_of_the_paper_that_the_checklist_names_is_there():
    entries = re.split(r"^@", (ROOT / "paper" / "paper.bib").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert entries
    assert not [entry for entry in entries if not re.search(r"^ +doi = \{10\.", entry, flags=re.MULTILINE)]
    sections = re.findall(r"^# (.+)$", (ROOT / "paper" / "paper.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    paper = (ROOT / "paper" / "checklist.md").read_text(encoding="utf-8").partition("## The paper")[2]
    named = {*re.findall(r"\*([A-Z][^*]+)\*", paper)}
    assert len(named) >= 5
    assert named <= {*sections}


def test_the_checklist_says_no_where_the_repository_does():
    """When persons are named or a version is released, the checklist must be mended."""
    checklist = (ROOT / "paper" / "checklist.md").read_text(encoding="utf-8")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    persons = [author for author in citation["authors"] if "family-names" in author]
    assert ("| Are the authors named, complete, and those who did the work? | no |" in checklist) == (not persons)
    newest = re.search(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    assert ("named? | no | 0.1.0 is not released" in checklist) == ("not released yet" in newest)
