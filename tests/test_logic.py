"""Rules of logic: what they find, as drawn, what they leave alone, and that they can be trusted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("pysat")

import yaml
from golden import compare
from test_cli import run

from hepatica.case import CaseReader, document_of
from hepatica.diagnostics import CODES, Diagnostic, Invalid, draw
from hepatica.lint.logic import lint_logic
from hepatica.load import load

BASE = Path(__file__).parent / "fixtures" / "lint" / "base"
GOLDEN = Path(__file__).parent / "fixtures" / "golden" / "lint" / "logic"
HEAD = """\
id: demo/topic/{name}
title: T
kind: {kind}
status: draft
since: 0.1.0
source:
  {{ref: demo, label: page, locator: "1", confidence: direct, checked: {{by: null, date: null}}}}
text: T.
when: {when}
{effect}
examples:
  - {{name: a, facts: {{}}, expect: unknown}}
"""
CONCLUDE = "conclude: {trouble: true}"
START = "recommend: {action: start, interventions: [azathioprine]}"
EITHER = "recommend: {action: start, any_of: [[azathioprine], [allopurinol]]}"
AVOID = "avoid: {interventions: [azathioprine]}"
GRADE = "grade: {direction: null, strength: null, certainty: null, as_printed: null}"
FLAG = "{fact: flag, is: true}"

Case = list[tuple[str, str, str]]
WRONG: dict[str, Case] = {
    "never_true": [
        ("definition", "{all: [{fact: weight, above: 100}, {fact: weight, below: 50}]}", CONCLUDE)
    ],
    "never_true_by_what_is_implied": [
        ("definition", "{all: [{fact: stage, is: early}, {fact: flag, is: true}]}", CONCLUDE)
    ],
    "never_false": [
        (
            "definition",
            "{any: [{fact: weight, at_least: 50}, {fact: weight, at_most: 60}]}",
            CONCLUDE,
        )
    ],
    "question_beyond_the_range": [
        ("definition", f"{{any: [{FLAG}, {{fact: weight, above: 300}}]}}", CONCLUDE),
        ("definition", "{fact: weight, above: 300}", CONCLUDE),
    ],
    "question_that_never_matters": [
        ("definition", "{all: [{fact: weight, above: 50}, {fact: weight, above: 40}]}", CONCLUDE)
    ],
    "question_in_a_count": [
        (
            "definition",
            f"{{count: {{at_least: 2, of: [{FLAG}, {FLAG}, {{fact: weight, above: 50}}]}}}}",
            CONCLUDE,
        )
    ],
    "definitions_that_conflict": [
        ("definition", "{fact: weight, above: 50}", "conclude: {stage: early}"),
        ("definition", "{fact: drugs, includes: azathioprine}", "conclude: {stage: late}"),
    ],
    "always_contraindicated": [
        ("recommendation", FLAG, f"{START}\n{GRADE}"),
        ("contraindication", f"{{any: [{FLAG}, {{fact: weight, below: 20}}]}}", AVOID),
    ],
    "option_always_contraindicated": [
        ("recommendation", FLAG, f"{EITHER}\n{GRADE}"),
        ("contraindication", FLAG, AVOID),
    ],
    "true_until_more_is_known": [
        ("definition", f"{{all: [{FLAG}, {{fact: weight, known: false}}]}}", CONCLUDE)
    ],
}
RIGHT: dict[str, Case] = {
    "neighbours": [
        ("definition", "{all: [{fact: weight, above: 50}, {fact: weight, at_most: 60}]}", CONCLUDE)
    ],
    "definitions_that_exclude_each_other": [
        ("definition", "{fact: weight, above: 50}", "conclude: {stage: early}"),
        ("definition", "{fact: weight, at_most: 50}", "conclude: {stage: late}"),
    ],
    "contraindicated_for_some": [
        ("recommendation", FLAG, f"{START}\n{GRADE}"),
        ("contraindication", "{fact: weight, below: 20}", AVOID),
    ],
    "known_and_above": [
        (
            "definition",
            f"{{all: [{FLAG}, {{fact: weight, known: true}}, {{fact: weight, above: 5}}]}}",
            CONCLUDE,
        )
    ],
}


def found_in(case: Case, folder: Path, applies: str = "", seconds: float = 10) -> list[Diagnostic]:
    root = folder / "knowledge"
    shutil.copytree(BASE, root)
    if applies:
        manifest = root / "demo" / "guideline.yaml"
        manifest.write_text(manifest.read_text() + f"applies: {applies}\n")
    for i, (kind, when, effect) in enumerate(case):
        text = HEAD.format(name=f"s{i}", kind=kind, when=when, effect=effect)
        (root / "demo" / "topic" / f"s{i}.yaml").write_text(text)
    load(root)  # nothing else is wrong with it
    return lint_logic(root, seconds=seconds)


def drawn(found: list[Diagnostic], folder: Path) -> str:
    text = "\n\n".join(map(draw, found)) + "\n"
    return text.replace(str(folder / "knowledge") + "/", "")


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str, tmp_path: Path, reset: bool) -> None:
    found = found_in(WRONG[name], tmp_path)
    assert found and all(d.code in CODES and d.help and d.line for d in found)
    compare(drawn(found, tmp_path), GOLDEN / f"{name}.txt", reset)


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_left_alone(name: str, tmp_path: Path) -> None:
    assert [d for d in found_in(RIGHT[name], tmp_path) if d.severity != "note"] == []


def test_a_recommendation_where_the_guideline_applies_to_nobody(tmp_path: Path) -> None:
    case: Case = [("recommendation", FLAG, f"{START}\n{GRADE}")]
    found = found_in(case, tmp_path, applies="{fact: flag, is: false}")
    assert [(d.code, d.severity) for d in found] == [("L101", "error")]
    assert "where the guideline applies" in found[0].message


def test_what_is_not_decided_is_told_and_nothing_else(tmp_path: Path) -> None:
    for i, case in enumerate(WRONG.values()):
        (tmp_path / str(i)).mkdir()
        found = found_in(case, tmp_path / str(i), seconds=0)
        assert found and {(d.code, d.severity) for d in found} == {("L107", "note")}


def test_knowledge_with_errors_is_not_looked_at(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        found_in([("definition", "{fact: no_such_fact, is: true}", CONCLUDE)], tmp_path)
    assert lint_logic(tmp_path / "knowledge") == []


def test_the_command_line_asks_the_solver_only_when_told(tmp_path: Path) -> None:
    found_in(WRONG["never_true"], tmp_path)
    path = str(tmp_path / "knowledge" / "demo" / "topic")
    plain = run("lint", path, "--format", "json")
    assert "L101" not in plain.stdout
    result = run("lint", path, "--logic", "--format", "json")
    assert result.exit_code == 1 and "L101" in {d["code"] for d in json.loads(result.stdout)}


def test_shipped_knowledge_has_no_error_of_logic() -> None:
    """Notes and warnings are for its authors to weigh; an error would be a rule for nobody."""
    found = lint_logic()
    wrong = [d for d in found if d.severity == "error"]
    assert found and not wrong, "\n\n".join(map(draw, wrong))


def test_the_help_holds_a_case(tmp_path: Path) -> None:
    [found] = found_in(WRONG["definitions_that_conflict"], tmp_path)
    facts = yaml.safe_load(found.help.removeprefix("so for ").split(";")[0])
    case = document_of({"id": "a", "facts": facts})
    read = CaseReader(load(tmp_path / "knowledge").facts).read(case)
    assert read.facts == {"weight": 60.0, "drugs": ("azathioprine",)}
