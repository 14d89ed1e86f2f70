"""What is kept for the next patient is what would be worked out anew, to the byte."""

from __future__ import annotations

import functools
import random

import msgspec
from drawn_charts import Data, charts, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import BASE, Drawn, drawn
from test_knowledge import Patient, evaluator, knowledge, patients

from hepatica.case import Case
from hepatica.compose import Composer
from hepatica.evaluate import Meaning, Referee
from hepatica.finding import Result
from hepatica.kept import Kept
from hepatica.questions import Below, Questions
from hepatica.run import Evaluator, select
from hepatica.trace import Tracer
from hepatica.written import Section, to_json

few = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
ordinary = settings(few, max_examples=12)


def plainly(result: Result) -> bytes:
    """Write a result without anything that was written before, whatever engine answered."""
    return msgspec.json.encode(msgspec.structs.replace(result, engine="referee"))


def quickly(result: Result) -> bytes:
    return to_json(msgspec.structs.replace(result, engine="referee"))


@functools.cache
def keeping() -> Evaluator:
    return Evaluator(knowledge(), select(knowledge(), ()), "program")


@functools.cache
def anew() -> Evaluator:
    return Evaluator(knowledge(), select(knowledge(), ()), "referee")


def same(case: Case) -> None:
    right = plainly(anew().evaluate(case))
    for _ in range(2):
        found = keeping().evaluate(case)
        assert quickly(found) == right == plainly(found)


@ordinary
@given(drawn(), st.lists(st.integers(0, 3), min_size=4, max_size=12))
def test_kept_answers_are_those_of_each_patient(case: Drawn, order: list[int]) -> None:
    one = Evaluator(case.knowledge, [case.guideline], "program")
    for i in order:
        patient = Case(f"c{i}", case.patients[i % len(case.patients)])
        fresh = Evaluator(case.knowledge, [case.guideline], "referee")
        assert quickly(one.evaluate(patient)) == plainly(fresh.evaluate(patient))


@few
@given(patients(), st.floats(30, 150), st.integers(0, 2**32))
def test_patients_with_equal_answers_keep_their_own_numbers(
    patient: Patient, weight: float, seed: int
) -> None:
    same(Case("p", patient))
    same(Case("p", {**patient, str(knowledge().weight): round(weight, 1)}, as_of="2025-09-01"))
    rng = random.Random(seed)
    names = [n for n in patient if knowledge().facts[n].type == "quantity"]
    moved = {n: round(float(patient[n]) + rng.uniform(0, 0.01), 4) for n in names}  # type: ignore[arg-type]
    same(Case("q", {**patient, **moved}, as_of="2025-09-02"))


@few
@given(charts(), st.booleans())
def test_charts_keep_their_own_dates(chart: Data, complete: bool) -> None:
    if complete:
        chart = {**chart, "complete": ["medications", "adverse_events", "failures", "relapses"]}
    same(read(chart))


@ordinary
@given(drawn())
def test_one_pattern_has_one_answer(case: Drawn) -> None:
    """A pattern decides every truth: no question that matters is without its bits."""
    questions = Questions()
    composer = Composer(case.guideline, case.knowledge)
    composer.ask(questions)
    meaning = Meaning(case.guideline, case.knowledge.facts)
    known: dict[object, object] = {}
    nudged = [
        {**p, **{n: p[n] + 0.25 for n in p if n in BASE and BASE[n].type == "quantity"}}  # type: ignore[operator]
        for p in case.patients
    ]
    for patient in [*case.patients, *nudged]:
        answers = Referee(meaning, patient).answers()
        pattern = questions.pattern(patient) & composer.mask
        assert known.setdefault(pattern, answers) == answers
        tracer = Tracer(Referee(meaning, patient))
        for name, when in meaning.statements.items():
            key = name, pattern & composer._own_masks[name]
            said = answers.statements[name], tracer.missing(when)
            assert known.setdefault(key, said) == said


def test_a_new_question_about_a_known_fact_is_asked() -> None:
    one, other = select(knowledge(), ["easl_2025", "aasld_2019"])
    questions, facts = Questions(), knowledge().facts
    patient: Patient = {"alt_multiple": 7.0, "cirrhosis": "none"}
    below = Below(questions, Meaning(one, facts))
    below.of(s.when for s in one.statements)
    first = questions.pattern(patient)
    Below(questions, Meaning(other, facts)).of(s.when for s in other.statements)
    together = questions.pattern(patient)
    assert together & first == first != together


def test_what_is_kept_has_an_end() -> None:
    kept: Kept[int] = Kept(3)
    assert [kept.keep(i, i) for i in range(10)] == list(range(10))
    assert len(kept) <= 3 and kept[9] == 9


def test_a_section_is_a_tuple() -> None:
    result = keeping().evaluate(Case("p", {"aih_diagnosis": "definite"}))
    told = result.guidelines[0].recommendations
    assert isinstance(told, Section) and isinstance(told, tuple) and told == tuple(told)
    assert b"".join(told.pieces()) == msgspec.json.encode(tuple(told))
    assert evaluator().evaluate(Case("p", {})) == evaluator().evaluate(Case("p", {}))
