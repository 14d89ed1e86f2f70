"""Verdicts: pairs whose relation is known, brute force over small domains, timeouts, replays."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

pytest.importorskip("z3")
pytest.importorskip("pysat")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_domain import EVERYONE, QUESTIONS, SMALL, pigeons, small_guidelines
from strategies import guideline, knowledge, rule_sets, statement

from hepatica import ir
from hepatica.case import contradictions
from hepatica.compile import cnf, smt
from hepatica.compile.solver import NotInstalled
from hepatica.compile.solvers import Which, start
from hepatica.diagnostics import CODES, Invalid
from hepatica.evaluate import Given
from hepatica.load import load
from hepatica.prove import Prover, differ
from hepatica.prove_data import Difference, Verdict, Witness
from hepatica.witness import Answerer, Concludes, Holds, Question, Said, read_back, together

some = settings(
    max_examples=int(os.environ.get("HEPATICA_EXAMPLES", "150")) // 3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def relation(pairs: set[tuple[str, str]], holds: str) -> Verdict:
    """The verdict as it is defined, from all pairs of outcomes that there are."""
    if all(a == b for a, b in pairs):
        return "equal"
    only_a = any(a == holds != b for a, b in pairs)
    only_b = any(b == holds != a for a, b in pairs)
    if not only_a and not only_b:
        return "same_when_true"
    if (holds, holds) not in pairs:
        return "disjoint"
    if only_a and only_b:
        return "overlapping"
    return "b_implies_a" if only_a else "a_implies_b"


@some
@given(
    small_guidelines(),
    small_guidelines(),
    st.sampled_from(QUESTIONS),
    st.sampled_from(get_args(Which)),
)
def test_verdicts_and_smallest_witnesses_agree_with_brute_force(
    a: ir.Guideline, b: ir.Guideline, question: Question, which: Which
) -> None:
    drugs = knowledge(a, SMALL).interventions
    one, other = Answerer(a, SMALL, drugs), Answerer(b, SMALL, drugs)
    fewest: dict[tuple[str, str], int] = {}
    for patient in EVERYONE:
        pair = one.answer(question, patient), other.answer(question, patient)
        fewest[pair] = min(fewest.get(pair, 99), len(patient))
    prover = Prover(SMALL, drugs, seconds=None, solver=which)
    found = prover.differ((a, question), (b, question))
    holds = "true" if isinstance(question, Holds | Concludes) else "recommended"
    assert found.verdict == relation(set(fewest), holds)

    def check(witness: Witness | None, wanted: list[tuple[str, str]]) -> None:
        possible = [fewest[pair] for pair in wanted if pair in fewest]
        assert (witness is None) == (not possible)
        if witness is not None:
            assert (witness.a, witness.b) in wanted and witness.minimal
            assert len(witness.case["facts"]) == min(possible)

    check(found.difference, [p for p in fewest if p[0] != p[1]])
    if found.verdict != "equal":
        check(found.only_a, [p for p in fewest if p[0] == holds != p[1]])
        check(found.only_b, [p for p in fewest if p[1] == holds != p[0]])
        check(found.both, [(holds, holds)])
    changes = prover.transitions((a, question), (b, question))
    assert not changes.undecided
    assert set(changes.found) == {p for p in fewest if p[0] != p[1]}
    for pair, witness in changes.found.items():
        check(witness, [pair])


@settings(some, max_examples=some.max_examples // 8)
@given(rule_sets(), rule_sets(), st.data())
def test_the_two_solvers_agree(a: ir.Guideline, b: ir.Guideline, data: st.DataObject) -> None:
    """On rule sets too large for brute force, with definitions in layers, scores and conflicts."""
    both = knowledge(a)
    names = [s.id for s in b.statements if s.when is not None]
    one = Holds(data.draw(st.sampled_from([s.id for s in a.statements if s.when is not None])))
    other = Holds(data.draw(st.sampled_from(names)))
    said = Said("start", "drug_a")
    for sides in (((a, one), (b, other)), ((a, said), (b, said))):
        found = []
        for which in get_args(Which):
            prover = Prover(
                both.facts, both.interventions, seconds=None, network=False, solver=which
            )
            by = prover.differ(*sides)
            sizes = {
                pair: len(witness.case["facts"])
                for pair, witness in prover.transitions(*sides).found.items()
            }
            shown = [
                None if w is None else len(w.case["facts"])
                for w in (by.difference, by.only_a, by.only_b, by.both)
            ]
            found.append((by.verdict, shown, sizes))
        assert found[0] == found[1]


# --- pairs whose relation is known ---------------------------------------------------------------


def single(when: ir.Condition) -> ir.Guideline:
    return guideline([statement("r0", "evidence", when=when)])


def of(one: ir.Condition, other: ir.Condition, facts: dict[str, ir.Fact]) -> Difference:
    return differ((single(one), Holds("g/t/r0")), (single(other), Holds("g/t/r0")), facts)


def independent(count: int) -> dict[str, ir.Fact]:
    return {
        f"x{i}": ir.Fact(f"x{i}", "t", "x", "quantity", unit="1", range=(0, 100))
        for i in range(count)
    }


numbers = st.integers(1, 99).map(float)
operators: st.SearchStrategy[ir.Operator] = st.sampled_from(
    ("above", "at_least", "below", "at_most")
)
conjunctions = st.lists(st.tuples(operators, numbers), min_size=2, max_size=6).map(
    lambda each: tuple(ir.Leaf(f"x{i}", op, (n,)) for i, (op, n) in enumerate(each))
)


@some
@given(conjunctions, st.data())
def test_a_mutated_threshold_is_classified(parts: tuple[ir.Leaf, ...], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(parts) - 1))
    old = float(parts[i].values[0])
    new = data.draw(numbers.filter(lambda n: n != old))
    changed = (*parts[:i], ir.replace(parts[i], values=(new,)), *parts[i + 1 :])
    found = of(ir.All(parts), ir.All(changed), independent(len(parts)))
    narrower = (new > old) is (parts[i].op in ("above", "at_least"))
    assert found.verdict == ("b_implies_a" if narrower else "a_implies_b")
    shown = found.only_a if narrower else found.only_b
    assert shown is not None and len(shown.case["facts"]) == len(parts)
    assert found.difference is not None
    value = found.difference.case["facts"][f"x{i}"]
    assert min(old, new) <= value <= max(old, new)
    assert len(found.difference.case["facts"]) == 1  # false against unknown needs no other fact


@some
@given(conjunctions, st.data())
def test_a_strict_threshold_is_told_from_one_that_is_not(
    parts: tuple[ir.Leaf, ...], data: st.DataObject
) -> None:
    i = data.draw(st.integers(0, len(parts) - 1))
    other: dict[str, ir.Operator] = {
        "above": "at_least", "at_least": "above", "below": "at_most", "at_most": "below",
    }  # fmt: skip
    changed = (*parts[:i], ir.replace(parts[i], op=other[parts[i].op]), *parts[i + 1 :])
    found = of(ir.All(parts), ir.All(changed), independent(len(parts)))
    wider = parts[i].op in ("above", "below")
    assert found.verdict == ("a_implies_b" if wider else "b_implies_a")
    assert found.difference is not None
    assert found.difference.case["facts"] == {f"x{i}": parts[i].values[0]}


@some
@given(conjunctions, st.data())
def test_a_dropped_clause_is_classified(parts: tuple[ir.Leaf, ...], data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(parts) - 1))
    rest = (*parts[:i], *parts[i + 1 :])
    facts = independent(len(parts))
    assert of(ir.All(parts), ir.All(rest), facts).verdict == "a_implies_b"
    assert of(ir.Any(parts), ir.Any(rest), facts).verdict == "b_implies_a"


def denied(node: ir.Condition) -> ir.Condition:
    """The same by De Morgan, in reverse order: no operator stays what it was."""
    if isinstance(node, ir.Not):
        return ir.Not(denied(node.part))
    if isinstance(node, ir.All | ir.Any):
        parts = tuple(ir.Not(denied(part)) for part in reversed(node.parts))
        return ir.Not(ir.Any(parts) if isinstance(node, ir.All) else ir.All(parts))
    if isinstance(node, ir.Count):
        parts = tuple(ir.Not(denied(part)) for part in reversed(node.parts))
        return ir.Not(ir.Count(len(parts) - node.at_least + 1, parts))
    return node


@some
@given(rule_sets())
def test_de_morgan_is_proved_equal(drawn: ir.Guideline) -> None:
    changed = ir.replace(
        drawn,
        statements=tuple(
            s if s.when is None else ir.replace(s, when=denied(s.when)) for s in drawn.statements
        ),
    )
    of_both = knowledge(drawn)
    prover = Prover(of_both.facts, of_both.interventions, seconds=None)
    for s in drawn.statements:
        question = Holds(s.id)
        if s.when is not None:
            assert prover.differ((drawn, question), (changed, question)) == Difference("equal")
            assert not prover.transitions((drawn, question), (changed, question)).found
    said = Said("start", "drug_a")
    assert prover.differ((drawn, said), (changed, said)).verdict == "equal"


def test_disjoint_and_only_differing_in_what_is_unknown() -> None:
    facts = independent(1)
    low, high = ir.Leaf("x0", "below", (5.0,)), ir.Leaf("x0", "above", (5.0,))
    found = of(low, high, facts)
    assert found.verdict == "disjoint" and found.both is None
    assert found.only_a is not None and found.only_a.case["facts"] == {"x0": 4}
    assert found.only_b is not None and found.only_b.case["facts"] == {"x0": 6}
    judged = of(high, ir.All((ir.Leaf("x0", "known", (True,)), high)), facts)
    assert judged.verdict == "same_when_true"
    assert judged.difference is not None and judged.difference.case["facts"] == {}
    assert (judged.difference.a, judged.difference.b) == ("unknown", "false")


# --- time, replays, and what is not there --------------------------------------------------------


def test_what_takes_too_long_is_not_decided_and_never_equal() -> None:
    hard, facts = pigeons(11)
    never = ir.All((ir.Leaf("p0_0", "is", (True,)), ir.Leaf("p0_0", "is", (False,))))
    a, b = (single(hard), Holds("g/t/r0")), (single(never), Holds("g/t/r0"))
    for seconds in (0.0, 0.3):
        prover = Prover(facts, {}, seconds=seconds)
        assert prover.differ(a, b).verdict == "not_decided"
    # What was found before the time was over is still there: it is false for another patient.
    found = prover.differ(a, b)
    assert found.difference is None or found.difference.a != found.difference.b
    changes = prover.transitions(a, b)
    assert ("true", "false") in changes.undecided or ("true", "unknown") in changes.undecided
    easy, few = pigeons(4)
    again = differ((single(easy), Holds("g/t/r0")), (single(never), Holds("g/t/r0")), few)
    assert again.verdict == "same_when_true"


def test_a_witness_that_the_referee_does_not_confirm_is_a_defect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Answerer, "answer", lambda *_: "unknown")
    with pytest.raises(Invalid, match=r"E105.*does not replay"):
        of(ir.Leaf("x0", "above", (1.0,)), ir.Leaf("x0", "above", (2.0,)), independent(1))


def test_a_witness_that_the_network_does_not_confirm_is_a_defect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Answerer, "by_network", lambda *_: "unknown")
    with pytest.raises(Invalid, match="by the network"):
        of(ir.Leaf("x0", "above", (1.0,)), ir.Leaf("x0", "above", (2.0,)), independent(1))


def test_a_case_that_is_refused_is_a_defect() -> None:
    with pytest.raises(Invalid, match=r"E105.*outside the plausible range"):
        read_back({"id": "a", "facts": {"x0": 1000}}, independent(1))


def test_the_solver_is_refused_in_words_where_it_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module, name in ((cnf, "pysat"), (smt, "z3")):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.setattr(module, "engine", module.engine.__wrapped__)
    with pytest.raises(Invalid, match="E103") as caught:
        Prover({}, {})
    assert "[prove]" in caught.value.diagnostics[0].help


@pytest.mark.parametrize(("there", "missing"), [("sat", smt), ("smt", cnf)])
def test_either_solver_will_do(
    there: Which, missing: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_there() -> None:
        raise NotInstalled("not here")

    monkeypatch.setattr(missing, "engine", not_there)
    assert type(start()) is type(start(there))
    low, high = ir.Leaf("x0", "above", (1.0,)), ir.Leaf("x0", "above", (2.0,))
    assert of(low, high, independent(1)).verdict == "b_implies_a"


def test_two_dictionaries_become_one_for_every_patient_of_either() -> None:
    old, new = independent(2), independent(2)
    implied = ir.Implication(ir.Leaf("x0", "above", (5.0,), line=3), ir.Leaf("x1", "above", (5.0,)))
    old["x0"] = ir.replace(old["x0"], range=(-5, 50), implies=(implied,))
    moved = ir.Implication(ir.Leaf("x0", "above", (5.0,), line=4), implied.then)
    other = ir.Implication(implied.then, implied.when)
    new["x0"] = ir.replace(new["x0"], implies=(moved, other))
    new["c"] = ir.Fact("c", "t", "c", "boolean")
    both = together(old, new)
    assert list(both) == ["x0", "x1", "c"]
    assert both["x0"].range == (-5, 100) and both["x0"].implies == (moved,)
    new["x1"] = ir.replace(new["x1"], unit="kg")
    with pytest.raises(Invalid, match="N117"):
        together(old, new)


def test_the_documentation_names_every_verdict_and_every_code_of_logic() -> None:
    text = (Path(__file__).parents[1] / "docs" / "proofs.md").read_text(encoding="utf-8")
    for verdict in get_args(Verdict):
        assert f"| `{verdict}` |" in text
    for code, meaning in CODES.items():
        if code.startswith("L"):
            assert f"| {code} | {meaning} |" in text


def test_questions_that_cannot_be_compared_are_refused() -> None:
    g = single(ir.Leaf("x0", "above", (1.0,)))
    with pytest.raises(ValueError, match="different outcomes"):
        differ((g, Holds("g/t/r0")), (g, Said("start", "drug_a")), independent(1))


def test_no_shipped_patient_contradicts_a_verdict_about_shipped_guidelines() -> None:
    of = load()
    g, h = of.guidelines["easl_2025"], of.guidelines["aasld_2019"]
    questions: list[tuple[Question, Question]] = [
        (Holds(a.id), Holds(b.id))
        for a in g.statements
        for b in h.statements
        if a.conclude is not None and a.conclude == b.conclude
    ]
    for drug in ("azathioprine", "mycophenolate_mofetil", "tacrolimus", "budesonide"):
        questions += [(Said(action, drug),) * 2 for action in ("start", "switch_to", "stop")]
    patients: list[Given] = [
        dict(example.facts) for s in (*g.statements, *h.statements)[::4] for example in s.examples
    ]
    patients = [p for p in patients if not contradictions(of.facts, p)]
    prover = Prover(of.facts, of.interventions, seconds=None)
    one, other = (Answerer(x, of.facts, of.interventions) for x in (g, h))
    verdicts = set()
    for a, b in questions:
        verdict = prover.differ((g, a), (h, b)).verdict
        verdicts.add(verdict)
        holds = "true" if isinstance(a, Holds) else "recommended"
        for patient in patients:
            x, y = one.answer(a, patient), other.answer(b, patient)
            assert verdict != "equal" or x == y
            assert verdict not in ("a_implies_b", "same_when_true") or x != holds or y == holds
            assert verdict not in ("b_implies_a", "same_when_true") or y != holds or x == holds
            assert verdict != "disjoint" or not x == y == holds
    assert {"equal", "overlapping"} < verdicts
