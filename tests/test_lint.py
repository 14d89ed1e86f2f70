"""Bad input of every kind: the diagnostic as drawn, against golden files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from golden import compare

from hepatica.case import CaseReader
from hepatica.case_files import documents
from hepatica.cases import check_expectations
from hepatica.diagnostics import CODES, Diagnostic, Invalid, draw, ordered
from hepatica.lint import lint
from hepatica.load import load
from hepatica.sarif import sarif

HERE = Path(__file__).parent / "fixtures" / "lint"
GOLDEN = Path(__file__).parent / "fixtures" / "golden" / "lint"
TARGETS = {
    "statement": "demo/topic/{stem}.yaml",
    "facts": "facts/extra.yaml",
    "guideline": "demo/guideline.yaml",
    "interventions": "interventions.yaml",
    "references": "demo/references.json",
    "source": "sources/doc.yaml",
}
KNOWLEDGE = [p for kind in TARGETS for p in sorted((HERE / kind).iterdir())]
CASES = sorted((HERE / "case").iterdir())


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def found_in(path: Path, folder: Path) -> list[Diagnostic]:
    root = folder / "knowledge"
    shutil.copytree(HERE / "base", root)
    target = root / TARGETS[path.parent.name].format(stem=path.stem)
    target.parent.mkdir(exist_ok=True)
    shutil.copy(path, target)
    return lint(root)


@pytest.mark.parametrize("path", KNOWLEDGE, ids=named)
def test_knowledge(path: Path, tmp_path: Path, reset: bool) -> None:
    found = found_in(path, tmp_path)
    assert found, "nothing was found"
    assert all(d.code in CODES and d.help for d in found)
    text = "\n\n".join(map(draw, found)) + "\n"
    compare(
        text.replace(str(tmp_path / "knowledge") + "/", ""), GOLDEN / f"{named(path)}.txt", reset
    )


@pytest.mark.parametrize("path", CASES, ids=named)
def test_case(path: Path, reset: bool) -> None:
    knowledge = load(HERE / "base")
    found: list[Diagnostic] = []
    for document in documents(str(path)):
        if isinstance(document, Invalid):
            found += document.diagnostics
            continue
        try:
            CaseReader(knowledge.facts).read(document)
            found += check_expectations(document, knowledge)
        except Invalid as error:
            found += error.diagnostics
    found = ordered(found)
    assert found and all(d.code in CODES for d in found)
    text = "\n\n".join(map(draw, found)) + "\n"
    compare(text.replace(str(path), path.name), GOLDEN / f"{named(path)}.txt", reset)


def test_the_base_is_fine() -> None:
    assert lint(HERE / "base") == []


def test_a_dictionary_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    root = tmp_path / "knowledge"
    shutil.copytree(HERE / "base", root)
    (root / "facts" / "demo.yaml").write_text("domain: demo\nfacts: {flag\n")
    assert {d.code for d in lint(root)} == {"Y102"}


def test_a_conclusion_that_nobody_knows_is_told(tmp_path: Path) -> None:
    root = tmp_path / "knowledge"
    shutil.copytree(HERE / "base", root)
    path = root / "demo" / "topic" / "failure.yaml"
    text = path.read_text()
    other = text.replace("topic/failure", "topic/other").replace(
        "{failure: true}", "{nobody: true}"
    )
    (path.parent / "other.yaml").write_text(other)
    path.write_text(text.replace("{fact: flag, is: true}", "{fact: nobody, is: true}"))
    assert {d.code for d in lint(root)} == {"N101"}


def test_every_error_of_a_file_is_told(tmp_path: Path) -> None:
    found = found_in(HERE / "statement" / "several_names.yaml", tmp_path)
    assert {d.code for d in found} >= {"N101", "N102", "N103", "U103"}


def test_sarif_is_whole(tmp_path: Path) -> None:
    found = found_in(HERE / "statement" / "several_errors.yaml", tmp_path)
    run = sarif(found, "1.0")["runs"][0]
    assert len(run["results"]) == len(found) > 1
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"].endswith("several_errors.yaml")
        region = place.get("region", {"startLine": 1, "startColumn": 1, "endColumn": 2})
        assert region["startLine"] >= 1 and region["endColumn"] > region["startColumn"]
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
