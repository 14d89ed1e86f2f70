"""Comparison by proof: brute force over small domains, known pairs, replays, files, pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("z3")

from click.testing import Result
from golden import compare as golden
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_domain import EVERYONE, SMALL, small_guidelines
from strategies import guideline, knowledge, statement
from test_cli import run as command

from hepatica import ir
from hepatica.case import CaseReader
from hepatica.case_files import document_of, documents
from hepatica.cli import witnesses
from hepatica.compile.network import NotInstalled
from hepatica.compile.program import Program
from hepatica.diagnostics import Invalid
from hepatica.diff import Finder, compare, replayed, to_json
from hepatica.diff.data import Compared, Diff, Pair, Reason, Relation, Telling, Witness
from hepatica.diff.replayed import Replayed
from hepatica.diff.sides import compared
from hepatica.report import comparison_pages
from hepatica.report.comparison import comparison_view
from hepatica.report.comparison_text import ComparisonPage
from hepatica.report.text import Terminal
from hepatica.schema import fits
from hepatica.source import Document
from hepatica.witness import Answerer, Concludes, Holds, Question, Status
from hepatica.words import Words

FIXTURES = Path(__file__).parent / "fixtures" / "diff"
GOLDEN = Path(__file__).parent / "fixtures" / "golden" / "diff"

FLAGS = [ir.Leaf(f"flag_{i}", "is", (True,)) for i in range(3)]
DRUG = ir.Recommend("start", (("drug_a",),))


def side(of: ir.Guideline, facts: dict[str, ir.Fact] | None = None) -> Compared:
    return compared(of.id, knowledge(of, facts), of)


def versus(old: ir.Guideline, new: ir.Guideline, **options: Any) -> Diff:
    return compare(side(old), side(new), prove=True, **options)


def recommended(name: str, *parts: ir.Condition) -> ir.Statement:
    when = parts[0] if len(parts) == 1 else ir.Any(parts)
    return statement(name, "recommendation", when=when, recommend=DRUG)


def telling(diff: Diff, says: str) -> Telling:
    assert diff.proof is not None
    [found] = [t for t in diff.proof.tellings if t.says == says]
    return found


def every(diff: Diff) -> list[Witness]:
    return [witness for witness, _ in witnesses.every(diff)]


# --- meaning -------------------------------------------------------------------------------------


def relation(pairs: set[tuple[str, str]], holds: str) -> Relation:
    """Tell how the new side stands to the old one, from all pairs of outcomes that there are."""
    if all(a == b for a, b in pairs):
        return "equal"
    only_old = any(a == holds != b for a, b in pairs)
    only_new = any(b == holds != a for a, b in pairs)
    if not only_old and not only_new:
        return "same_when_true"
    if (holds, holds) not in pairs:
        return "disjoint"
    if only_old and only_new:
        return "overlapping"
    return "stricter" if only_old else "looser"


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(small_guidelines(), small_guidelines())
def test_verdicts_agree_with_brute_force(a: ir.Guideline, b: ir.Guideline) -> None:
    diff = compare(side(a, SMALL), side(b, SMALL), prove=True, seconds=None)
    drugs = knowledge(a, SMALL).interventions
    one, other = Answerer(a, SMALL, drugs), Answerer(b, SMALL, drugs)
    told: dict[str, Question] = {
        "start drug_a": Status("g/t/r0", ("drug_a",)),
        "start drug_a + drug_b": Status("g/t/r1"),
        "conclusion: v": Concludes("verdict_1", True),
    }
    asked = {p.names: p.names for p in diff.pairs if p.old is not None and p.new is not None}
    outcomes: dict[Any, set[tuple[str, str]]] = {}
    for patient in EVERYONE[::3]:
        for says, question in told.items():
            pair = one.answer(question, patient), other.answer(question, patient)
            outcomes.setdefault(says, set()).add(pair)
        for mine, its in asked:
            assert mine is not None and its is not None
            found = one.answer(Holds(mine), patient), other.answer(Holds(its), patient)
            outcomes.setdefault((mine, its), set()).add(found)
    # A sample of all patients: what it shows must be allowed by the verdict.
    allowed: dict[Relation, set[Relation]] = {
        "equal": {"equal"},
        "same_when_true": {"equal", "same_when_true", "disjoint"},
        "stricter": {"equal", "same_when_true", "disjoint", "stricter"},
        "looser": {"equal", "same_when_true", "disjoint", "looser"},
        "disjoint": {"equal", "same_when_true", "disjoint"},
        "overlapping": {"equal", "same_when_true", "disjoint", "stricter", "looser", "overlapping"},
    }
    for says, question in told.items():
        holds = "true" if isinstance(question, Concludes) else "recommended"
        assert relation(outcomes[says], holds) in allowed[telling(diff, says).relation]
    for pair_ in diff.pairs:
        if pair_.names in asked:
            assert pair_.condition is not None and pair_.condition.basis == "proved"
            assert relation(outcomes[pair_.names], "true") in allowed[pair_.condition.relation]
            assert (pair_.condition.relation == "equal") == (not pair_.witnesses)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(small_guidelines(), st.sampled_from(["r0", "r1", "c0", "d0"]))
def test_what_is_split_in_two_is_told_to_the_same_patients(a: ir.Guideline, name: str) -> None:
    [whole] = [s for s in a.statements if s.id == f"g/t/{name}"]
    assert whole.when is not None
    first = ir.replace(whole, when=ir.All((whole.when, ir.Leaf("flag_0", "is", (True,)))))
    rest = ir.replace(whole, id=f"g/t/{name}_2", when=whole.when)
    others = [s for s in a.statements if s != whole]
    b = ir.replace(a, statements=(*others, first, rest))
    for diff in (compare(side(a, SMALL), side(b, SMALL), prove=True),
                 compare(side(b, SMALL), side(a, SMALL), prove=True)):  # fmt: skip
        assert diff.proof is not None
        assert all(t.relation == "equal" and not t.witnesses for t in diff.proof.tellings)
        assert any(t.split for t in diff.proof.tellings)
        split = [p for p in diff.pairs if any(n and n.startswith(whole.id) for n in p.names)]
        assert len(split) == 2 and all(p.together for p in split)


def test_what_looks_different_and_is_the_same_is_reworded() -> None:
    a, b, c = FLAGS
    # Whoever has a and b, or a and c, has a and one of them; by distribution, not by structure.
    old = recommended("r", ir.All((a, b)), ir.All((a, c)))
    new = ir.replace(old, when=ir.All((a, ir.Any((b, c)))))
    by_structure = compare(side(guideline([old])), side(guideline([new])))
    assert by_structure.pairs[0].condition and by_structure.pairs[0].condition.relation != "equal"
    [pair] = versus(guideline([old]), guideline([new])).pairs
    assert pair.verdict == "reworded" and pair.condition
    assert (pair.condition.relation, pair.condition.basis) == ("equal", "proved")
    assert not pair.condition.questions and not pair.witnesses


def test_definitions_are_looked_through() -> None:
    defined = statement("d", "definition", when=FLAGS[0], conclude=("verdict_1", True))
    resting = recommended("r", ir.Leaf("verdict_1", "is", (True,)))
    wider = ir.replace(defined, when=ir.Any((FLAGS[0], FLAGS[1])))
    diff = versus(guideline([defined, resting]), guideline([wider, resting]))
    [pair] = [p for p in diff.pairs if p.old and p.old.kind == "recommendation"]
    assert pair.verdict == "changed" and pair.through == ("verdict_1",) and pair.condition
    assert pair.condition.relation == "looser" and pair.condition.questions == ()
    [witness] = pair.witnesses
    assert witness.shows == "only_new" and witness.facts == {"flag_1": True} and witness.minimal
    assert (witness.old.status, witness.new.status) == ("unknown", "true")


def test_what_is_contraindicated_changes_what_is_told_and_not_the_condition() -> None:
    by_class = statement("c", "contraindication", when=FLAGS[1], avoid=ir.Avoid(classes=("cls",)))
    by_name = ir.replace(by_class, avoid=ir.Avoid(interventions=("drug_a", "drug_b")))
    rec = recommended("r", FLAGS[0])
    same = versus(guideline([rec, by_class]), guideline([rec, by_name]))
    assert telling(same, "start drug_a").relation == "equal"
    wider = ir.replace(by_class, when=ir.Any((FLAGS[1], FLAGS[2])))
    diff = versus(guideline([rec, by_class]), guideline([rec, wider]))
    [pair] = [p for p in diff.pairs if p.old and p.old.kind == "recommendation"]
    assert pair.condition and pair.condition.relation == "equal" and pair.verdict == "same"
    told = telling(diff, "start drug_a")
    assert told.relation == "stricter"
    [witness] = told.witnesses
    assert (witness.old.status, witness.new.status) == ("recommended", "contingent")
    assert witness.facts == {"flag_0": True, "flag_1": False}
    assert not diff.same


def test_whom_it_is_for_is_proved() -> None:
    rec = recommended("r", FLAGS[0])
    diff = versus(guideline([rec]), guideline([rec], FLAGS[1]))
    assert diff.applies.condition.relation == "stricter" and diff.applies.witnesses
    assert telling(diff, "start drug_a").relation == "stricter"
    twice = versus(guideline([rec], FLAGS[1]), guideline([rec], ir.Not(ir.Not(FLAGS[1]))))
    assert twice.applies.condition.basis == "proved" and not twice.applies.witnesses


def test_what_only_one_version_has_carries_a_patient_too() -> None:
    rec = recommended("r", FLAGS[0])
    more = statement("x", "caution", when=FLAGS[1], avoid=ir.Avoid(interventions=("drug_b",)))
    for old, new, verdict, shows in (
        ([rec], [rec, more], "added", "only_new"),
        ([rec, more], [rec], "removed", "only_old"),
    ):
        [pair] = [p for p in versus(guideline(old), guideline(new)).pairs if p.verdict == verdict]
        [witness] = pair.witnesses
        assert witness.shows == shows and witness.facts == {"flag_1": True}
        assert {witness.old.status, witness.new.status} == {"true", "silent"}
    other = ir.replace(guideline([rec]), id="h")  # another guideline: perhaps only not sourced
    found = [p for p in versus(guideline([rec, more]), other).pairs if p.verdict == "removed"]
    assert all(not p.witnesses for p in found)


def test_scores_are_compared_by_their_points() -> None:
    def score(points: int) -> ir.Statement:
        items = tuple(
            ir.ScoreItem(f"i{i}", (ir.ScoreOption(p, FLAGS[i]),)) for i, p in enumerate((1, points))
        )
        return statement("s", "score", score="points", items=items)

    [pair] = versus(guideline([score(2)]), guideline([score(3)])).pairs
    assert pair.condition and pair.condition.relation == "different" and pair.witnesses
    [equal] = versus(guideline([score(2)]), guideline([score(2)])).pairs
    assert equal.verdict == "same" and equal.condition and equal.condition.basis == "proved"


# --- time, and replays ---------------------------------------------------------------------------


def test_what_was_not_decided_is_never_the_same() -> None:
    a, b, c = FLAGS
    old = recommended("r", ir.All((a, b)), ir.All((a, c)))
    new = ir.replace(old, when=ir.All((a, ir.Any((b, c)))))
    diff = versus(guideline([old]), guideline([new]), seconds=0.0)
    [pair] = diff.pairs
    assert pair.verdict == "changed" and pair.condition and not diff.same
    assert pair.condition.basis == "not_decided" and not pair.together
    assert telling(diff, "start drug_a").basis == "not_decided"
    words = Words(knowledge(guideline([old])))
    view = comparison_view(diff, words, words)
    text = ComparisonPage(view, Terminal(120)).page()
    assert "not decided within 0 s" in text and "proved: " not in text
    assert fits(json.loads(to_json(diff)), "diff")


def test_what_rests_on_other_definitions_is_not_the_same_until_it_is_proved() -> None:
    a, b, c = FLAGS
    old = ir.Any((ir.All((a, b)), ir.All((a, c))))
    defined = statement("d", "definition", when=old, conclude=("verdict_1", True))
    again = ir.replace(defined, when=ir.All((a, ir.Any((b, c)))))
    resting = recommended("r", ir.Leaf("verdict_1", "is", (True,)))
    sides = guideline([defined, resting]), guideline([again, resting])
    [proved] = [p for p in versus(*sides).pairs if p.old and p.old.kind == "recommendation"]
    assert proved.verdict == "same" and not proved.through and not proved.witnesses
    late = versus(*sides, seconds=0.0)
    [pair] = [p for p in late.pairs if p.old and p.old.kind == "recommendation"]
    assert pair.verdict == "changed" and pair.condition and pair.through
    assert (pair.condition.relation, pair.condition.basis) == ("different", "not_decided")
    # What is the same by structure, on the same definitions, needs no search.
    whole = versus(guideline([defined, resting]), guideline([resting, defined]), seconds=0.0)
    assert whole.same and whole.proof and {t.relation for t in whole.proof.tellings} == {"equal"}


def test_cases_speak_where_the_solver_did_not_decide() -> None:
    old, new = recommended("r", FLAGS[0]), recommended("r", FLAGS[1])
    cases = [{"id": "one", "facts": {"flag_0": True, "flag_1": False}}, {"id": "none", "facts": {}}]
    diff = versus(guideline([old]), guideline([new]), cases=cases, seconds=0.0)
    [pair] = diff.pairs
    assert pair.condition and pair.condition.basis == "cases" and pair.condition.cases == ("one",)
    words = Words(knowledge(guideline([old])))
    [told] = comparison_view(diff, words, words).topics[0].pairs
    assert told.said.startswith("not decided within 0 s; by cases: the two differ for one")


def test_a_patient_who_is_not_confirmed_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Replayed, "outcome", lambda *_: "unknown")
    with pytest.raises(Invalid, match=r"E105.*does not replay"):
        versus(guideline([recommended("r", FLAGS[0])]), guideline([recommended("r", FLAGS[1])]))


def test_a_patient_whom_the_compiled_guideline_does_not_confirm_is_a_defect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The solver's own referee agrees here; only the engine says otherwise."""

    def missing(*_: object) -> None:
        raise NotInstalled

    monkeypatch.setattr(replayed, "prepare", missing)
    true = Program.truths
    for flipped in ("g/t/r", "applies"):

        def wrong(self: Program, given: Any, name: str = flipped) -> Any:
            statements, applies = true(self, given)
            if name == "applies":
                return statements, None if applies else True
            return {**statements, name: None if statements[name] else True}, applies

        monkeypatch.setattr(Program, "truths", wrong)
        of = [guideline([recommended("r", flag)], flag) for flag in FLAGS[:2]]
        with pytest.raises(Invalid, match=r"E105.*are found"):
            versus(*of)


def test_the_program_confirms_where_the_network_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object) -> None:
        raise NotInstalled

    monkeypatch.setattr(replayed, "prepare", missing)
    diff = versus(guideline([recommended("r", FLAGS[0])]), guideline([recommended("r", FLAGS[1])]))
    assert diff.proof is not None and diff.proof.engines == ("referee", "program")
    assert every(diff) and all(w.engines == ("referee", "program") for w in every(diff))


def test_facts_of_another_kind_are_refused_only_where_they_are_asked_about() -> None:
    of = guideline([recommended("r", FLAGS[0])])
    facts = knowledge(of).facts
    other = {**facts, "number_0": ir.replace(facts["number_0"], unit="kg")}
    assert compare(side(of, facts), side(of, other), prove=True).proof
    asks = guideline([recommended("r", ir.Leaf("number_0", "above", (1.0,)))])
    with pytest.raises(Invalid, match="N117"):
        compare(side(asks, facts), side(asks, other), prove=True)


# --- the command ---------------------------------------------------------------------------------


def run(*args: str) -> Result:
    return command("diff", *args)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FIXTURES)


@pytest.mark.usefixtures("here")
def test_every_form_shows_the_basis_and_the_patients(tmp_path: Path) -> None:
    assert run("old/demo", "old/demo", "--prove").exit_code == 0
    for form in ("text", "markdown", "html"):
        result = run("old/demo", "new/demo", "--prove", "--format", form)
        assert result.exit_code == 1 and "proved: " in result.stdout
        assert "patient" in result.stdout and "EVERY PATIENT" in result.stdout.upper()
        assert run("old/demo", "new/demo", "--prove", "--format", form).stdout == result.stdout
    folder = tmp_path / "found" / "here"
    result = run("old/demo", "new/demo", "--prove", "--format", "json", "--witnesses", str(folder))
    data = json.loads(result.stdout)
    assert fits(data, "diff") and data["proof"]["seconds"] == 10
    shown = [w for p in data["pairs"] for w in p["witnesses"]]
    shown += [w for t in data["proof"]["tellings"] for w in t["witnesses"]]
    assert shown and {w["name"] for w in shown} == {path.stem for path in folder.iterdir()}
    reader = CaseReader(Finder().find("new/demo").knowledge.facts)
    read = [d for d in documents(str(folder)) if isinstance(d, Document)]
    assert len(read) == len(shown) == len({w["name"] for w in shown})
    by_name = {w["name"]: w["facts"] for w in shown}
    for document in read:
        case = reader.read(document)
        assert case.synthetic
        assert case.facts == reader.read(document_of({"id": "a", "facts": by_name[case.id]})).facts


@pytest.mark.usefixtures("here")
def test_patients_are_written_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    args = ("old/demo", "new/demo", "--prove", "--witnesses")
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.yaml").write_text("id: mine")
    for path, told in ((taken, "is not empty"), (taken / "mine.yaml", "is not a folder")):
        result = run(*args, str(path))
        assert result.exit_code == 2 and "Y111" in result.stderr and told in result.stderr
    assert [p.name for p in taken.iterdir()] == ["mine.yaml"]
    assert "needs --prove" in run("old/demo", "new/demo", "--witnesses", "x").stderr
    written: list[str] = []

    def full(witness: Witness, *_: object) -> str:
        written.append(witness.name)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return "id: a\n"

    monkeypatch.setattr(witnesses, "case", full)
    with pytest.raises(OSError, match="No space"):
        run(*args, str(tmp_path / "new"))
    assert len(written) == 3 and [p.name for p in tmp_path.iterdir()] == ["taken"]


def settled(diff: Diff) -> Diff:
    """Put one patient in the place of each that was found: solvers may choose others, as small."""

    def fixed(found: tuple[Witness, ...]) -> tuple[Witness, ...]:
        yes, no = (
            Reason("true", ("INR is above 1.5: yes (2)",), (), ()),
            Reason("unknown", (), ("INR",), ()),
        )
        return tuple(
            ir.replace(w, facts={"inr": 2}, patient=("INR: 2",),
                       old=yes if w.shows == "only_old" else no,
                       new=yes if w.shows == "only_new" else no)
            for w in found
        )  # fmt: skip

    def pairs() -> Iterator[Pair]:
        for p in diff.pairs:
            yield ir.replace(p, witnesses=fixed(p.witnesses))

    assert diff.proof is not None
    told = tuple(ir.replace(t, witnesses=fixed(t.witnesses)) for t in diff.proof.tellings)
    proof = ir.replace(diff.proof, tellings=told, engines=("referee", "network"))
    return ir.replace(diff, pairs=tuple(pairs()), proof=proof)


@pytest.mark.usefixtures("here")
def test_the_pages_of_a_proof(reset: bool) -> None:
    sides = Finder().find("old/demo"), Finder().find("new/demo")
    diff = settled(compare(*sides, prove=True))
    view = comparison_view(diff, *(Words(of.knowledge) for of in sides))
    golden(ComparisonPage(view, Terminal(80)).page(), GOLDEN / "proved.80.txt", reset)
    golden(comparison_pages.markdown(view), GOLDEN / "proved.md", reset)
    golden(comparison_pages.html(view), GOLDEN / "proved.html", reset)
