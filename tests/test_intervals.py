"""A fact of which only bounds are known: they answer what they decide, the same in every engine."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import BASE, FACTS, THRESHOLDS, Drawn, Given, drawn, near
from test_cli import run
from test_engines_agree import HAS_NETWORK

from hepatica import ir
from hepatica.case import CaseReader
from hepatica.case_files import document_of
from hepatica.compile.network import Network, prepare
from hepatica.compile.program import Program
from hepatica.diagnostics import Invalid
from hepatica.evaluate import Meaning, Referee, bare_meaning, holds
from hepatica.interval import Interval, from_ends
from hepatica.load import load
from hepatica.lower import lower
from hepatica.trace import Tracer

usual = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
NUMBERS = [v for t in (*THRESHOLDS, -3.0, 1000.0) for v in near(t)]
Patient = dict[str, ir.Held]
QUANTITIES = [f.id for f in FACTS.values() if f.type == "quantity"]


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    low, high = sorted(draw(st.lists(st.sampled_from(NUMBERS), min_size=2, max_size=2)))
    assume(math.nextafter(low, math.inf) < high)  # so that some number lies strictly within
    ends = draw(st.sampled_from([(low, high), (None, high), (low, None)]))
    return Interval(*ends, *draw(st.tuples(st.booleans(), st.booleans())))


def inside(draw: Any, of: Interval) -> float:
    """Choose a number that lies within, mostly near an end or a threshold."""
    fitting = [n for n in NUMBERS if of.holds(n)]
    assume(fitting)
    return float(draw(st.sampled_from(fitting)))


@st.composite
def bounded(draw: st.DrawFn, patient: Given) -> tuple[Patient, Patient]:
    """Put bounds in the place of some numbers, of conclusions too; and a patient within them."""
    names = draw(st.lists(st.sampled_from(QUANTITIES), min_size=1, unique=True))
    bounds: dict[str, ir.Held] = dict(patient)
    exact = dict(bounds)
    for name in names:
        of = draw(intervals())
        bounds[name], exact[name] = of, inside(draw, of)
    return bounds, exact


@given(
    intervals(), st.sampled_from(["above", "at_least", "below", "at_most", "between"]), st.data()
)
def test_bounds_answer_what_all_their_numbers_answer(of: Interval, op: Any, data: Any) -> None:
    ends = sorted(data.draw(st.lists(st.sampled_from(THRESHOLDS), min_size=2, max_size=2)))
    leaf = ir.Leaf("number_0", op, tuple(ends) if op == "between" else (ends[0],))
    # Between two neighbours of all thresholds and ends no question has two answers.
    cuts = sorted({Fraction(v) for n in NUMBERS for v in near(n)})
    everything: list[Any] = [*cuts, *((a + b) / 2 for a, b in itertools.pairwise(cuts))]
    answers = {holds(leaf, v) for v in everything if of.holds(v)}
    assert holds(leaf, of) is (answers.pop() if len(answers) == 1 else None)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Drawn, bool]:
    known = draw(st.booleans())
    return draw(drawn(known)), known


@usual
@given(cases(), st.data())
def test_engines_agree_and_no_number_within_the_bounds_is_told_the_opposite(
    drawn_: tuple[Drawn, bool], data: Any
) -> None:
    case, known = drawn_
    facts = case.knowledge.facts
    meaning, rails = Meaning(case.guideline, facts), lower(case.guideline, facts)
    engines: list[Program | Network] = [Program(rails, facts)]
    engines += [Network(prepare(rails))] if HAS_NETWORK else []
    for patient in case.patients:
        bounds, exact = data.draw(bounded(patient))
        referee = Referee(meaning, bounds)
        one, other = referee.answers(), meaning.answers(exact)
        for engine in engines:
            assert engine.truths(bounds) == (one.statements, one.applies)
        # Where two definitions come into conflict, what was true is then unknown. A question about
        # what is known has another answer when more is known.
        for name, truth in one.statements.items():
            assert known or truth is None or other.statements[name] in (truth, None), name
        tracer = Tracer(referee)
        open_ = {n for n, v in bounds.items() if isinstance(v, Interval)}
        for name, when in meaning.statements.items():
            if one.statements[name] is None:
                missing = tracer.missing(when)
                assert tracer.missing_of_unknown(when) == missing
                assert set(missing) <= open_ | (FACTS.keys() - bounds.keys())
                conflict = any(found.conflict for found in one.concluded.values())
                assert missing or conflict


def test_bounds_that_meet_are_a_number() -> None:
    assert from_ends(5, 5) == 5.0 and isinstance(from_ends(5, 6), Interval)
    assert from_ends(None, 5, high_open=True, low_open=True) == Interval(None, 5.0, high_open=True)


@pytest.mark.parametrize(
    ("op", "first", "truth"),
    [("below", 5, True), ("at_most", 5, True), ("at_least", 5, False), ("above", 4, None),
     ("below", 4, None), ("known", True, None), ("known", False, None)],
)  # fmt: skip
def test_below_five(op: Any, first: Any, truth: Any) -> None:
    referee = Referee(bare_meaning(BASE), {"number_0": Interval(None, 5.0, high_open=True)})
    assert referee.truth(ir.Leaf("number_0", op, (first,))) is truth


def facts_of(**facts: Any) -> dict[str, ir.Held]:
    knowledge = load()
    reader = CaseReader(knowledge.facts, knowledge.interventions)
    return dict(reader.read(document_of({"id": "c", "facts": facts})).facts)


def test_a_case_may_give_bounds() -> None:
    assert facts_of(
        igg="<500 mg/dL", alt=">=40 U/L", ast="5-10 U/L", alt_multiple="≤1", simplified_score=">6"
    ) == {
        "igg": Interval(None, 5.0, high_open=True), "alt": Interval(40.0, None),
        "ast": Interval(5.0, 10.0), "alt_multiple": Interval(None, 1.0),
        "simplified_score": Interval(6.0, None, low_open=True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "raw", "code"),
    [("alt", "<5 kg", "D104"), ("alt", "<9999999 U/L", "D103"), ("alt", "10-5 U/L", "D102"),
     ("alt", "<5", "D104"), ("alt", "<-<5 U/L", "D102"), ("alt", f"<{'9' * 400} U/L", "D103")],
)  # fmt: skip
def test_bounds_that_cannot_be_are_refused(fact: str, raw: str, code: str) -> None:
    with pytest.raises(Invalid, match=code):
        facts_of(**{fact: raw})


def test_bounds_are_shown_and_written(tmp_path: Any) -> None:
    case = tmp_path / "case.json"
    case.write_text(json.dumps({"id": "c", "facts": {
        "aih_diagnosis": "definite", "igg_multiple": "<1", "alt_multiple": ">0.5",
        "ast_multiple": "≤1"}}))  # fmt: skip
    page = run("eval", "-g", "aasld_2019", "--full", str(case)).output
    assert "IgG as a multiple of the laboratory's upper limit: <1" in " ".join(page.split())
    assert "known: >0.5" in " ".join(page.split())
    written = json.loads(run("eval", "-g", "aasld_2019", "--format", "json", str(case)).output)
    shown = written["inputs"]["igg_multiple"]
    assert shown["value"] == {"low": None, "high": 1.0, "low_open": False, "high_open": True}
    assert "alt_multiple" in {m["fact"] for m in written["guidelines"][0]["missing"]}
