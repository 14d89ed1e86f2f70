"""What must hold for every rule set and every patient."""

from __future__ import annotations

import os
import random

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import BASE, FACTS, Drawn, Given, drawn, patients

from hepatica.case import Case
from hepatica.evaluate import Answers, Meaning, Referee
from hepatica.finding import Result
from hepatica.outcome import GIVES
from hepatica.run import Evaluator
from hepatica.trace import Tracer
from hepatica.written import to_json

ordinary = settings(
    max_examples=int(os.environ.get("HEPATICA_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def has_conflict(answers: Answers) -> bool:
    return any(c.conflict for c in answers.concluded.values())


def evaluate(case: Drawn, patient: Given) -> Result:
    evaluator = Evaluator(case.knowledge, [case.guideline], "program", check=True)
    return evaluator.evaluate(Case("c", patient))


@ordinary
@given(drawn(known=False), patients())
def test_more_facts_never_turn_an_answer_round(case: Drawn, more: Given) -> None:
    meaning = Meaning(case.guideline, FACTS)
    for patient in case.patients:
        added = {k: v for k, v in more.items() if k in BASE and k not in patient}
        before = meaning.answers(patient)
        after = meaning.answers({**patient, **added})
        assume(not has_conflict(after))
        for name, truth in before.statements.items():
            assert truth is None or after.statements[name] is truth


@ordinary
@given(drawn(known=False), patients())
def test_what_is_not_told_missing_cannot_settle_it(case: Drawn, more: Given) -> None:
    meaning = Meaning(case.guideline, FACTS)
    for patient in case.patients:
        referee = Referee(meaning, patient)
        tracer = Tracer(referee)
        for name, when in meaning.statements.items():
            if referee.truth(when) is not None:
                continue
            missing = tracer.missing(when)
            assert missing
            others = {k: v for k, v in more.items() if k in BASE and k not in missing}
            after = meaning.answers({**others, **patient})
            assume(not has_conflict(after) and not has_conflict(referee.answers()))
            assert after.statements[name] is None


@ordinary
@given(drawn())
def test_reasons_are_enough(case: Drawn) -> None:
    """The facts named as reasons, alone, give the same answer (where they are all given)."""
    meaning = Meaning(case.guideline, FACTS)
    for patient in case.patients:
        referee = Referee(meaning, patient)
        for name, when in meaning.statements.items():
            truth = referee.truth(when)
            if truth is None:
                continue
            facts = Tracer(referee).because(when, truth)
            if all(f in patient for f in facts):
                alone = {f: patient[f] for f in facts}
                assert Referee(meaning, alone).truth(when) is truth, name


@ordinary
@given(drawn())
def test_a_contraindication_is_never_lost(case: Drawn) -> None:
    meaning = Meaning(case.guideline, FACTS)
    for patient in case.patients:
        truths = meaning.answers(patient).statements
        finding = evaluate(case, patient).guidelines[0]
        for s in case.guideline.statements:
            if s.avoid is None or truths[s.id] is False or finding.applies == "false":
                continue
            for r in finding.recommendations:
                assert r.action in GIVES
                for option in r.options:
                    if "drug_a" in option.interventions:
                        allowed = {"blocked"} if truths[s.id] else {"blocked", "contingent"}
                        assert option.status in allowed


@ordinary
@given(drawn(), st.randoms(use_true_random=False))
def test_the_answer_does_not_depend_on_the_order_of_facts(case: Drawn, rng: random.Random) -> None:
    for patient in case.patients:
        items = list(patient.items())
        rng.shuffle(items)
        assert to_json(evaluate(case, patient)) == to_json(evaluate(case, dict(items)))
