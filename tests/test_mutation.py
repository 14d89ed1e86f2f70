"""Mutants: made in every way, judged as brute force would, and noticed in the shipped knowledge."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import golden
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_domain import BASE as NAMES
from small_domain import EVERYONE, SMALL, small, small_guidelines
from strategies import guideline as build
from strategies import knowledge as known
from strategies import statement

from hepatica import ir
from hepatica.case import Case, CaseReader
from hepatica.case_files import documents
from hepatica.cases import concluded, days, differences, wanted_at
from hepatica.cli import app
from hepatica.compose import Composer
from hepatica.diagnostics import Invalid
from hepatica.evaluate import WORDS, Meaning, Referee
from hepatica.files import read_files
from hepatica.finding import Finding
from hepatica.load import load_files
from hepatica.mutation.changes import changes, step
from hepatica.mutation.judge import Verdict, judge, scores
from hepatica.mutation.mutants import mutants
from hepatica.mutation.notice import Changed, Noticer, Tried, answer
from hepatica.mutation.separate import Searcher
from hepatica.mutation.statuses import statuses
from hepatica.outcome import plan
from hepatica.parse.conditions import suits
from hepatica.walk import leaves, unplaced

HERE = Path(__file__).parent
DEMO = HERE / "fixtures" / "lint" / "base"
GOLDEN = HERE / "fixtures" / "golden" / "mutation"
few = settings(
    max_examples=int(os.environ.get("HEPATICA_EXAMPLES", "150")) // 6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


# --- what is changed -------------------------------------------------------------------------


def changed(condition: ir.Condition) -> set[str]:
    facts = {
        "igg": ir.Fact("igg", "t", "IgG", "quantity", unit="g/L", range=(0, 100)),
        "relapses": ir.Fact("relapses", "t", "r", "quantity", unit="{score}", range=(0, 9)),
        "flag": ir.Fact("flag", "t", "f", "boolean"),
        "code": ir.Fact("code", "t", "c", "code", values={"a": "", "b": "", "c": ""}),
    }
    return {f"{c.kind}: {c.was} > {c.now}" for c in changes(condition, facts)}


def test_a_threshold_moves_a_little_and_its_operator_turns() -> None:
    assert changed(ir.Leaf("igg", "above", (16.0,))) == {
        "negation: igg above 16 > the opposite",
        "operator: igg above 16 > at_least 16",
        "threshold: igg above 16 > above 15",
        "threshold: igg above 16 > above 17",
    }


def test_a_threshold_stays_within_its_range_and_points_stay_whole() -> None:
    found = changed(ir.Leaf("relapses", "at_least", (9.0,)))
    assert "threshold: relapses at_least 9 > at_least 8" in found and len(found) == 3
    fact = ir.Fact("n", "t", "n", "quantity", unit="1")
    assert [step(n, fact) for n in (1.5, 16.0, 450.0, 0.0)] == [0.1, 1.0, 10.0, 1.0]


def test_both_ends_of_a_range_move_and_turn() -> None:
    found = changed(ir.Leaf("igg", "between", (3.0, 8.0)))
    assert {f for f in found if f.startswith("operator")} == {
        "operator: igg between [3, 8] > between [3, 8], without 3",
        "operator: igg between [3, 8] > between [3, 8], without 8",
    }
    assert sum(f.startswith("threshold") for f in found) == 4


def test_connectives_counts_parts_answers_and_values() -> None:
    flag, one = ir.Leaf("flag", "is", (True,)), ir.Leaf("code", "in", ("a", "b"))
    assert changed(ir.All((flag, one))) == {
        "negation: all of 2 > the opposite",
        "connective: all of 2 > any of 2",
        "part: flag is true > left out",
        "part: code in [a, b] > left out",
        "answer: flag is true > is false",
        "negation: code in [a, b] > the opposite",
        "value: code in [a, b] > without a",
        "value: code in [a, b] > without b",
    }
    found = changed(ir.Count(2, (flag, one, ir.Leaf("igg", "known", (True,)))))
    assert {f for f in found if f.startswith("count")} == {
        "count: at least 2 of 3 > at least 1",
        "count: at least 2 of 3 > at least 3",
    }
    assert "negation: not: flag is true > flag is true" in changed(ir.Not(flag))


@few
@given(small(NAMES, 3))
def test_changes_are_different_and_could_have_been_written(condition: ir.Condition) -> None:
    shapes = [unplaced(c.condition) for c in changes(condition, SMALL)]
    assert len(set(shapes)) == len(shapes) and unplaced(condition) not in shapes
    for shape in shapes:
        for leaf in leaves(shape):
            assert leaf.op in suits(SMALL[leaf.fact].type) and leaf.values
            low, high = SMALL[leaf.fact].range or (0, 0)
            if SMALL[leaf.fact].type == "quantity" and leaf.op != "known":
                assert all(low <= float(v) <= high for v in leaf.values)


# --- verdicts, against brute force -----------------------------------------------------------


def judged(guideline: ir.Guideline) -> list[Verdict]:
    knowledge = known(guideline, SMALL)
    return judge([guideline], Noticer(knowledge, []), Searcher(knowledge, seconds=30))


def examples(when: ir.Condition, patients: list[Any]) -> tuple[ir.Example, ...]:
    """Write what a condition gives for patients as examples."""
    meaning = Meaning(build([]), SMALL)
    truths = ((p, WORDS[Referee(meaning, p).truth(when)]) for p in patients)
    return tuple(ir.Example(f"p{i}", dict(p), t) for i, (p, t) in enumerate(truths))  # type: ignore[arg-type]


def one_rule(when: ir.Condition, patients: list[Any]) -> ir.Guideline:
    rule = statement("e", "evidence", when=when)
    return build([ir.replace(rule, examples=examples(when, patients))])


ASKED = [dict(p) for p in EVERYONE if not {"verdict_1", "stage"} & set(p)]


@few
@given(small(NAMES, 2))
def test_without_examples_a_patient_is_found_or_there_is_none(when: ir.Condition) -> None:
    pytest.importorskip("z3")
    guideline = one_rule(when, [])
    meaning = Meaning(guideline, SMALL)
    for verdict in judged(guideline):
        new = verdict.mutant.change.condition
        assert verdict.state in ("unnoticed", "equivalent")
        if verdict.facts is not None:
            referee = Referee(meaning, verdict.facts)
            assert referee.truth(when) is not referee.truth(new)
        else:
            tried = (Referee(meaning, patient) for patient in ASKED)
            assert all(r.truth(when) is r.truth(new) for r in tried)


@few
@given(small(NAMES, 2))
def test_who_is_an_example_is_noticed(when: ir.Condition) -> None:
    """With every patient as an example, only what concerns none of them is left."""
    guideline = one_rule(when, ASKED)
    meaning = Meaning(guideline, SMALL)
    for mutant in mutants(guideline, known(guideline, SMALL)):
        noticer = Noticer(known(guideline, SMALL), [])
        new = mutant.change.condition
        seen = any(
            Referee(meaning, p).truth(when) is not Referee(meaning, p).truth(new) for p in ASKED
        )
        assert (noticer.by(mutant) is not None) is seen


@few
@given(small_guidelines())
def test_the_statuses_are_those_of_the_whole_finding(guideline: ir.Guideline) -> None:
    knowledge = known(guideline, SMALL)
    composer, planned = Composer(guideline, knowledge), plan(guideline, knowledge.interventions)
    for patient in EVERYONE[::211]:
        finding, referee = answer(composer, patient)
        told = statuses(guideline, planned, referee)
        assert told.applies == finding.applies
        assert {(r.statement, r.status) for r in told.recommendations} == {
            (r.statement, r.status) for r in finding.recommendations
        }
        assert sorted((a.statement, a.intervention, a.status) for a in told.avoid) == sorted(
            (a.statement, a.intervention, a.status) for a in finding.avoid
        )
        home = Noticer(knowledge, []).home(guideline.id)
        assert not Changed(home, guideline).fails(patient, {"recommend": {
            r.statement.split("/", 1)[1]: r.status for r in finding.recommendations
        }})  # fmt: skip


@few
@given(small_guidelines(), st.sets(st.integers(0, len(EVERYONE) - 1), min_size=1, max_size=4))
def test_a_case_notices_what_changes_its_answer(guideline: ir.Guideline, chosen: set[int]) -> None:
    """Every short cut of the search, against the whole answer of the changed guideline."""
    knowledge = known(guideline, SMALL)
    composer, tried = Composer(guideline, knowledge), []
    for i in chosen:
        finding, referee = answer(composer, EVERYONE[i])
        said = wanted(finding, referee)
        if i % 4:  # most cases see a definition only by what follows from it
            del said["conclude"], said["applies"]
        tried.append(Tried(Case(f"c{i}", dict(EVERYONE[i])), {"g": said}))
    noticer = Noticer(knowledge, tried)
    home = noticer.home("g")
    for mutant in mutants(guideline, knowledge):
        other = Composer(home.with_(mutant).guideline, knowledge)
        whole = ((answer(other, t.case.facts), t.wanted["g"]) for t in tried)
        right = any(next(differences(f, w, r), None) is not None for (f, r), w in whole)
        assert (noticer.by(mutant) is not None) is right, mutant.change


def wanted(finding: Finding, referee: Referee) -> dict[str, Any]:
    """Write all that a case can say of a finding, but for what is missing."""
    gravest: dict[str, str] = {}
    for a in finding.avoid:
        gravest.setdefault(a.intervention, a.status)
    return {
        "applies": finding.applies,
        "conclude": {
            "verdict_1": concluded(referee, "verdict_1")[0],
            "stage": concluded(referee, "stage")[0],
        },
        "recommend": {r.statement.split("/", 1)[1]: r.status for r in finding.recommendations},
        "avoid": gravest,
    }


# --- the command -----------------------------------------------------------------------------

RULE = """\
id: demo/topic/jaundice
title: Jaundice
kind: contraindication
status: draft
since: 0.1.0
source: {ref: demo, label: page, locator: "1", confidence: direct, checked: {by: null, date: null}}
text: Jaundice.
when: {fact: bilirubin, above: 3 mg/dL}
avoid: {interventions: [azathioprine]}
examples:
  - {name: a, facts: {bilirubin: 9 mg/dL}, expect: true}
  - {name: b, facts: {bilirubin: 1 mg/dL}, expect: false}
  - {name: c, facts: {}, expect: unknown, missing: [bilirubin]}
"""
BOUNDARY = """\
  - {name: exactly 3, facts: {bilirubin: 3 mg/dL}, expect: false}
  - {name: just above 3, facts: {bilirubin: 3.1 mg/dL}, expect: true}
"""


def demo(root: Path, text: str = RULE) -> Path:
    shutil.copytree(DEMO, root)
    (root / "demo" / "topic" / "jaundice.yaml").write_text(text)
    return root


def run(root: Path, *args: str) -> Any:
    return CliRunner().invoke(app, ["test", "--knowledge", str(root), *args])


def test_what_nobody_notices_is_told_with_its_line_and_a_patient(tmp_path: Path) -> None:
    case = tmp_path / "none.yaml"
    case.write_text("id: none\nfacts: {}\n")
    result = run(demo(tmp_path / "k"), "--mutate", str(case))
    assert result.exit_code == 1, result.output
    assert "jaundice.yaml:8 `bilirubin above 3` → at_least 3" in result.output
    assert 'would be noticed with {bilirubin: "3 mg/dL"}' in result.output
    assert "above 2.9" in result.output and "above 3.1" in result.output


def test_as_a_person_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reset: bool) -> None:
    demo(tmp_path / "knowledge")
    (tmp_path / "none.yaml").write_text("id: none\nfacts: {}\n")
    monkeypatch.chdir(tmp_path)
    result = run(Path("knowledge"), "--generate", "-o", "proposals", "none.yaml")
    golden.compare(result.stdout, GOLDEN / "demo.txt", reset)
    files = sorted(Path("proposals").iterdir())
    golden.compare("".join(f.read_text() for f in files), GOLDEN / "proposals.yaml", reset)


def test_the_boundary_in_examples_is_noticed(tmp_path: Path) -> None:
    case = tmp_path / "high.yaml"
    case.write_text("id: high\nfacts: {bilirubin: 9 mg/dL}\nexpect:\n  demo:\n"
                    "    avoid: {azathioprine: contraindicated}\n")  # fmt: skip
    result = run(demo(tmp_path / "k", RULE + BOUNDARY), "--mutate", str(case), "--format", "json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["open"] == [] and found["guidelines"][0]["share"] == 1.0


def test_a_proposal_counts_once_it_is_accepted(tmp_path: Path) -> None:
    root, folder = demo(tmp_path / "k"), tmp_path / "proposals"
    first = run(root, "--generate", "-o", str(folder), str(DEMO.parent / "case"))
    assert first.exit_code == 2  # broken cases: nothing is proposed on their ground
    assert not folder.exists()
    case = tmp_path / "none.yaml"
    case.write_text("id: none\nfacts: {}\n")
    made = run(root, "--generate", "-o", str(folder), str(case))
    files = sorted(folder.glob("*.yaml"))
    assert made.exit_code == 1 and len(files) >= 2
    before = {f: f.read_text() for f in files}
    assert all("\nproposed: true\n" in text and "# Proposed" in text for text in before.values())
    again = run(root, "--generate", "-o", str(folder), str(case))
    assert "0 cases proposed" in again.output
    assert {f: f.read_text() for f in sorted(folder.iterdir())} == before
    told = run(root, "--mutate", str(folder))
    assert told.exit_code == 1 and f"{len(files)} cases proposed, not accepted" in told.output
    for file, text in before.items():
        file.write_text(text.replace("proposed: true\n", ""))
    accepted = run(root, "--generate", "-o", str(tmp_path / "more"), str(folder))
    assert accepted.exit_code == 0, accepted.output
    assert not (tmp_path / "more").exists()


def test_without_the_solver_nothing_is_called_equivalent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hepatica.compile import cnf, smt, solver

    def gone() -> Any:
        raise solver.NotInstalled("no module")

    monkeypatch.setattr(cnf, "engine", gone)
    monkeypatch.setattr(smt, "engine", gone)
    flag = "{fact: bilirubin, above: 3 mg/dL}"
    twice = RULE.replace(f"when: {flag}", f"when: {{all: [{flag}, {flag}]}}") + BOUNDARY
    case = tmp_path / "high.yaml"
    case.write_text("id: high\nfacts: {bilirubin: 9 mg/dL}\nexpect:\n  demo:\n"
                    "    avoid: {azathioprine: contraindicated}\n")  # fmt: skip
    result = run(demo(tmp_path / "k", twice), "--mutate", str(case))
    assert result.exit_code == 0, result.output
    assert "not decided" in result.output and "0 without effect" in result.output
    assert "not installed here" in result.output


def test_json_is_of_mutants_only(tmp_path: Path) -> None:
    result = run(DEMO, "--format", "json")
    assert result.exit_code == 2 and "add `--mutate`" in result.output


# --- the shipped knowledge -------------------------------------------------------------------


def test_every_change_of_some_shipped_packs_is_noticed() -> None:
    """Some packs in full; `make mutate` does all. The proposed cases are taken as accepted."""
    knowledge = load_files(read_files(None)).knowledge
    reader = CaseReader(knowledge.facts, knowledge.interventions)
    tried = []
    for folder in ("cases", "charts", "proposed"):
        for document in documents(str(HERE / "fixtures" / folder)):
            assert not isinstance(document, Invalid), document
            tried += [
                Tried(reader.read(document, day), wanted_at(document, place))
                for day, place in days(document)
            ]
    noticer = Noticer(knowledge, tried)
    searcher = Searcher(knowledge)
    packs = [knowledge.guidelines[n] for n in ("iaihg_2022", "aga_hbvr_2025", "dialh_2023")]
    found = judge(packs, noticer, searcher)
    assert [v.mutant.change for v in found if v.state == "unnoticed"] == []
    assert all(s.counts["noticed"] >= 20 for s in scores(found))
