"""Write codemeta.json and .zenodo.json from CITATION.cff and pyproject.toml: what is cited is said in one place.

python tools/make_metadata.py
"""

from __future__ import annotations

import json
from typing import Any

import yaml
from first_cell import PROJECT, ROOT

LICENCES = "https://spdx.org/licenses/"
DOI = "https://doi.org/"


def main() -> None:
    """Rewrite both files; a second run changes nothing."""
    for name, content in files().items():
        (ROOT / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(name)


def files() -> dict[str, dict[str, Any]]:
    """What each file holds."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = PROJECT["project"]
    return {"codemeta.json": codemeta(citation, project), ".zenodo.json": zenodo(citation, project)}


def codemeta(citation: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """The terms of CodeMeta 3.0 (https://codemeta.github.io)."""
    return {
        "@context": "https://w3id.org/codemeta/3.0",
        "type": "SoftwareSourceCode",
        "name": citation["title"],
        "identifier": project["name"],
        "description": citation["abstract"],
        "author": [{"type": "Organization", "name": name(author)} for author in citation["authors"]],
        "license": [LICENCES + licence for licence in citation["license"]],
        "codeRepository": citation["repository-code"],
        "issueTracker": citation["repository-code"] + "/issues",
        "keywords": project["keywords"],
        "programmingLanguage": {"type": "ComputerLanguage", "name": "Python"},
        "runtimePlatform": f"Python {project['requires-python']}",
        "softwareRequirements": project["dependencies"],
        "audience": [{"type": "Audience", "audienceType": kind} for kind in ("student", "teacher", "researcher")],
        "citation": [
            {"type": "ScholarlyArticle", "name": work["title"], "identifier": DOI + work["doi"]}
            for work in citation["references"]
        ],
    }


def zenodo(citation: dict[str, Any], project: dict[str, Any]) -> dict[str, Any]:
    """What Zenodo reads when a release is archived (https://developers.zenodo.org, "Deposit metadata")."""
    return {
        "title": citation["title"],
        "description": f"<p>{citation['abstract']}</p>",
        "upload_type": "software",
        "access_right": "open",
        "license": citation["license"][0].lower(),
        "creators": [{"name": name(author)} for author in citation["authors"]],
        "keywords": project["keywords"],
        "notes": f"Licences: {' (code), '.join(citation['license'])} (texts).",
        "related_identifiers": [
            {"identifier": work["doi"], "relation": "references", "resource_type": "publication-conferencepaper"}
            for work in citation["references"]
        ],
    }


def name(author: dict[str, str]) -> str:
    """A person as "family, given", or a group by its name."""
    return author.get("name") or f"{author['family-names']}, {author['given-names']}"


if __name__ == "__main__":
    main()
