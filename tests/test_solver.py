"""The formulas against the referee: random rule sets, random patients with holes, shipped rules."""

from __future__ import annotations

import math
import os
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

pytest.importorskip("pysat")
pytest.importorskip("z3")

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import FACTS, Drawn, Given, conditions, drawn

from hepatica import ir
from hepatica.case import Case, CaseReader, contradictions
from hepatica.case_files import documents
from hepatica.compile.outcomes import Guide, Outcomes
from hepatica.compile.patients import Patients
from hepatica.compile.simple import Stretch, place, simplest
from hepatica.compile.solver import Deadline, Model
from hepatica.compile.solvers import Which, start
from hepatica.diagnostics import Invalid
from hepatica.evaluate import Truth
from hepatica.interval import Interval
from hepatica.load import load
from hepatica.witness import Answerer, Concludes, Holds, Question, Said, Status, question_of

ROOT = Path(__file__).resolve().parents[1]
EVER = Deadline(None)
slow = settings(
    max_examples=int(os.environ.get("HEPATICA_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def model_of(patients: Patients, patient: Given, names: list[str]) -> Model:
    fixed = [patients.is_(name, patient.get(name)) for name in names]
    model = patients.solver.find(fixed, EVER)
    assert model is not None
    return model


def outcome(outcomes: Outcomes, model: Model) -> str:
    found = [word for word, formula in outcomes.formulas.items() if model.holds(formula)]
    assert len(found) == 1, found  # one outcome a patient, no more and no less
    return found[0]


def truth(true: bool, false: bool) -> Truth:
    assert not (true and false)
    return True if true else False if false else None


class Comparison:
    """Every statement, conclusion and status of one guideline, asked of formulas and referee."""

    def __init__(
        self, guideline: ir.Guideline, knowledge: ir.Knowledge, which: Which = "sat"
    ) -> None:
        facts = knowledge.facts
        self.patients = Patients(start(which), facts)
        guide = Guide(self.patients, guideline, knowledge.interventions)
        self.answerer = Answerer(guideline, facts, knowledge.interventions)
        self.applies = guide.applies()
        self.questions: dict[Question, Outcomes] = {
            Holds(name): guide.truth(guide.statement(name)) for name in guide.when
        }
        for name, values in self.answerer.meaning.values.items():
            for value in values:
                rail = guide.formulas.rail(question_of(facts[name], value))
                self.questions[Concludes(name, value)] = guide.truth(rail)
        for s, options in guide.plan.recommendations:
            assert s.recommend is not None
            self.questions[Status(s.id)] = guide.status(s.id)
            for option in options:
                chosen = option.interventions
                self.questions[Status(s.id, chosen)] = guide.status(s.id, chosen)
                for drug in chosen:
                    said = Said(s.recommend.action, drug)
                    self.questions[said] = guide.said(*said)

    def compare(self, patient: Given) -> None:
        every = (self.applies.facts, *(o.facts for o in self.questions.values()))
        model = model_of(self.patients, patient, sorted(frozenset[str]().union(*every)))
        for question, outcomes in self.questions.items():
            assert outcome(outcomes, model) == self.answerer.answer(question, patient), question
        answers = self.answerer.meaning.answers(patient)
        found = truth(model.holds(self.applies.true), model.holds(self.applies.false))
        assert found == answers.applies


@slow
@given(drawn(), st.sampled_from(get_args(Which)))
def test_formulas_agree_with_the_referee(case: Drawn, which: Which) -> None:
    comparison = Comparison(case.guideline, case.knowledge, which)
    for patient in case.patients:
        comparison.compare({n: v for n, v in patient.items() if is_plausible(FACTS[n], v)})


def is_plausible(fact: ir.Fact, value: object) -> bool:
    """Leave out what a case could not hold: there is no formula for it."""
    if fact.range is None:
        return True
    assert isinstance(value, float)
    return fact.range[0] <= value <= fact.range[1]


@pytest.fixture(scope="module")
def knowledge() -> ir.Knowledge:
    return load()


def exact(case: Case) -> Given:
    """Give the facts of a case without those of which only bounds are known."""
    return {n: v for n, v in case.facts.items() if not isinstance(v, Interval)}


def patients_of(knowledge: ir.Knowledge) -> list[Given]:
    found: list[Given] = [{}]
    for document in documents(str(ROOT / "tests" / "fixtures" / "cases")):
        assert not isinstance(document, Invalid)
        found.append(exact(CaseReader(knowledge.facts).read(document)))
    return found


@pytest.mark.parametrize("name", ["easl_2025", "aasld_2019", "iaihg_1999", "iaihg_2008"])
def test_formulas_agree_on_shipped_guidelines(name: str, knowledge: ir.Knowledge) -> None:
    guideline = knowledge.guidelines[name]
    comparison = Comparison(guideline, knowledge)
    examples = [dict(e.facts) for s in guideline.statements for e in s.examples]
    for patient in [*patients_of(knowledge)[::6], *examples[::10]]:
        comparison.compare(patient)


@settings(slow, max_examples=slow.max_examples // 2)
@given(st.data(), st.sampled_from(get_args(Which)))
def test_impossible_patients_are_those_a_case_is_refused_for(
    data: st.DataObject, which: Which
) -> None:
    names = ["flag_0", "code", "number_0", "drugs"]
    implies = {
        name: tuple(
            ir.Implication(data.draw(conditions([name], 1)), data.draw(conditions(names, 2)))
            for _ in range(data.draw(st.integers(0, 2)))
        )
        for name in names
    }
    facts = {n: ir.replace(FACTS[n], implies=implies[n]) for n in names}
    chosen: Given = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "flag_0": st.booleans(),
                "code": st.sampled_from("abc"),
                "number_0": st.sampled_from([-2e3, -1e3, 0.0, 1.5, 3.0, 5.0, 1e3, 2e3]),
                "drugs": st.sets(st.sampled_from("pqr")).map(lambda s: tuple(sorted(s))),
            },
        )
    )
    patients = Patients(start(which), facts)
    around = patients.around(names)
    fixed = [patients.is_(name, chosen.get(name)) for name in names]
    possible = patients.solver.find([*patients.possible(around), *fixed], EVER) is not None
    number = chosen.get("number_0", 0.0)
    in_range = isinstance(number, float) and abs(number) <= 1e3
    assert possible == (in_range and not contradictions(facts, chosen))


def test_a_patient_is_read_from_a_model_as_it_was_put_in(knowledge: ir.Knowledge) -> None:
    patients = Patients(start(), knowledge.facts)
    for patient in patients_of(knowledge):
        names = patients.around(patient)
        for name, value in patient.items():
            if isinstance(value, float):  # so that the number itself is a threshold
                patients.ask(ir.Leaf(name, "at_least", (value,)), True)
        fixed = [patients.is_(name, patient.get(name)) for name in names]
        model = patients.solver.find([*patients.possible(names), *fixed], EVER)
        assert model is not None
        assert patients.patient(model, names) == patient


@pytest.mark.parametrize("which", get_args(Which))
def test_no_patient_lies_between_two_neighbouring_floats(which: Which) -> None:
    facts = {"x": ir.Fact("x", "t", "x", "quantity", unit="1", range=(0, 10))}
    patients = Patients(start(which), facts)
    low, high = 1.5, math.nextafter(1.5, 2)

    def found(top: float) -> Model | None:
        between = [
            patients.ask(ir.Leaf("x", "above", (low,)), True),
            patients.ask(ir.Leaf("x", "below", (top,)), True),
        ]
        return patients.solver.find([*patients.possible(["x"]), *between], EVER)

    assert found(high) is None
    model = found(math.nextafter(high, 2))
    assert model is not None and patients.patient(model, ["x"]) == {"x": high}


floats = st.floats(-1e6, 1e6, allow_nan=False)


@given(floats, floats, st.sampled_from(["low", "high", "middle"]))
def test_the_simplest_number_lies_inside(one: float, other: float, near: str) -> None:
    low, high = min(one, other), max(one, other)
    assume(math.nextafter(low, math.inf) < high)
    found = simplest(Stretch(low, high, near))  # type: ignore[arg-type]
    assert low < found < high


@pytest.mark.parametrize(
    ("cuts", "value", "range_", "expected"),
    [
        ([16.0], 30, (0, 100), 20.0),
        ([16.0], 3, (0, 100), 10.0),
        ([5700.0], 9e4, (0, 1e5), 6000.0),
        ([1.3, 1.5], 1.4, (0, 100), 1.4),
        ([3.0, 5.0], 4.5, (0, 100), 4.0),
        ([1.0], 0, (0, 100), 0.9),
        ([3.0], 3, (0, 100), 3.0),
        ([], 7, (0, 300), 200.0),
        ([100.0], 101, (0, 101), 101.0),
        ([0.0], -1, (-math.inf, math.inf), -1.0),
        ([18.0], 70, (-math.inf, math.inf), 20.0),
        ([0.57], 0.56, (0, 1), 0.5),
    ],
)
def test_numbers_are_those_a_person_would_write(
    cuts: list[float], value: float, range_: tuple[float, float], expected: float
) -> None:
    found = place(Fraction(value), cuts, *range_)
    assert (simplest(found) if isinstance(found, Stretch) else found) == expected
