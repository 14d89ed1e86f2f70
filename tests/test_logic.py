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

from hepatica.case import CaseReader
from hepatica.case_files import document_of
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
AVOID_CONTINUING = "avoid: {classes: [thiopurine], actions: [continue]}"
STOP = "recommend: {action: stop, interventions: [azathioprine]}"
GRADE = "grade: {direction: null, strength: null, certainty: null, as_printed: null}"
FLAG = "{fact: flag, is: true}"
HEAVY, LIGHT = "{fact: weight, above: 50}", "{fact: weight, at_most: 50}"
EITHER_WAY = f"{{any: [{{all: [{FLAG}, {HEAVY}]}}, {{all: [{FLAG}, {LIGHT}]}}]}}"

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
    "recommended_and_contraindicated_unseen": [
        ("recommendation", FLAG, f"{EITHER}\n{GRADE}"),
        ("recommendation", "{fact: weight, above: 90}", f"{START}\n{GRADE}"),
        ("contraindication", "{fact: weight, above: 80}", AVOID_CONTINUING),
    ],
    "start_and_stop": [
        ("recommendation", FLAG, f"{START}\n{GRADE}"),
        ("recommendation", "{fact: weight, above: 80}", f"{STOP}\n{GRADE}"),
    ],
    "option_never_recommended": [
        ("recommendation", FLAG, f"{EITHER}\n{GRADE}"),
        ("contraindication", EITHER_WAY, AVOID),
    ],
    "definition_that_adds_nothing": [
        ("definition", "{fact: weight, above: 50}", CONCLUDE),
        ("definition", f"{{any: [{FLAG}, {{fact: weight, above: 50}}]}}", CONCLUDE),
    ],
    "recommendation_that_adds_nothing": [
        ("recommendation", FLAG, f"{START}\n{GRADE}"),
        ("recommendation", f"{{all: [{FLAG}, {{fact: weight, above: 50}}]}}", f"{START}\n{GRADE}"),
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


def found_in(case: Case, folder: Path, manifest: str = "", seconds: float = 10) -> list[Diagnostic]:
    root = folder / "knowledge"
    shutil.copytree(BASE, root)
    path = root / "demo" / "guideline.yaml"
    path.write_text(path.read_text() + manifest)
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


STAGES: Case = [
    ("definition", HEAVY, "conclude: {stage: early}"),
    ("definition", "{fact: weight, below: 40}", "conclude: {stage: late}"),
    ("recommendation", FLAG, f"{START}\n{GRADE}"),
]


def test_a_declared_question_without_an_answer(tmp_path: Path, reset: bool) -> None:
    found = found_in(STAGES, tmp_path, manifest=f"answers: [stage, topic]\napplies: {FLAG}\n")
    found = [d for d in found if d.code != "L102"]
    assert [d.code for d in found] == ["L110"]  # whoever it applies to has a recommendation
    compare(drawn(found, tmp_path), GOLDEN / "declared_and_not_answered.txt", reset)
    again = found_in(STAGES, tmp_path / "again", manifest="answers: [topic]\n")
    assert [d.code for d in again] == ["L110"]  # here the flag can be false
    closed: Case = [STAGES[0], ("definition", LIGHT, "conclude: {stage: late}")]
    assert not found_in(closed, tmp_path / "closed", manifest="answers: [stage]\n")


def test_an_answer_that_the_guideline_cannot_give(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="N120") as caught:
        found_in(STAGES, tmp_path, manifest="answers: [stadge]\n")
    assert "did you mean `stage`?" in caught.value.diagnostics[0].help


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_left_alone(name: str, tmp_path: Path) -> None:
    assert [d for d in found_in(RIGHT[name], tmp_path) if d.severity != "note"] == []


def test_a_recommendation_where_the_guideline_applies_to_nobody(tmp_path: Path) -> None:
    case: Case = [("recommendation", FLAG, f"{START}\n{GRADE}")]
    found = found_in(case, tmp_path, manifest="applies: {fact: flag, is: false}\n")
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
