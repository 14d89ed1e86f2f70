"""The shipped knowledge: sound, as its cases expect, and safe for any patient."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hepatica import ir
from hepatica.case import Case, CaseReader, contradictions
from hepatica.case_files import documents
from hepatica.cases import check_expectations, check_result
from hepatica.compile.network import Network, NotInstalled, engine, prepare
from hepatica.compile.program import Program
from hepatica.completed import as_text, complete
from hepatica.coverage import cover, distinct
from hepatica.diagnostics import Invalid, draw
from hepatica.evaluate import Meaning
from hepatica.finding import Finding, Recommendation
from hepatica.lint import lint
from hepatica.load import load
from hepatica.lower import lower
from hepatica.outcome import GIVES
from hepatica.run import Evaluator
from hepatica.schema import NAMES, fits
from hepatica.written import to_json

ROOT = Path(__file__).resolve().parents[1]
CASES = sorted((ROOT / "tests" / "fixtures" / "cases").glob("*.yaml"))
ordinary = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
Patient = Mapping[str, ir.Held]


@functools.cache
def knowledge() -> ir.Knowledge:
    return load()


@functools.cache
def evaluator() -> Evaluator:
    return Evaluator(knowledge(), knowledge().guidelines.values(), "program", check=True)


def findings(patient: Patient) -> dict[str, Finding]:
    return {f.id: f for f in evaluator().evaluate(Case("p", patient)).guidelines}


def thresholds(name: str) -> list[float]:
    """Every number some statement compares a fact with, and its neighbours."""
    from hepatica.walk import conditions_of, leaves

    found = {
        float(v)
        for g in knowledge().guidelines.values()
        for s in g.statements
        for when in conditions_of(s)
        for leaf in leaves(when)
        if leaf.fact == name and leaf.op != "known"
        for v in leaf.values
    }
    low, high = knowledge().facts[name].range or (0.0, 1.0)
    near = {v + d for v in found for d in (-0.01, 0.0, 0.01)}
    return sorted({low, high, *(v for v in near if low <= v <= high)})


@st.composite
def patients(draw: st.DrawFn) -> Patient:
    """Draw a patient with holes, as the dictionary allows; conclusions are rarely given."""
    concluded = {n for g in knowledge().guidelines.values() for n in Meaning(g, {}).by_fact}
    holes = draw(st.integers(1, 9))
    found: dict[str, ir.Held] = {}
    for name, fact in knowledge().facts.items():
        if draw(st.integers(0, 9)) < (9 if name in concluded else holes):
            continue
        if fact.type == "boolean":
            found[name] = draw(st.booleans())
        elif fact.type == "code":
            found[name] = draw(st.sampled_from(list(fact.values)))
        elif fact.type == "codes":
            members = draw(st.lists(st.sampled_from(list(fact.values)), max_size=4, unique=True))
            found[name] = tuple(sorted(members))
        else:
            found[name] = draw(st.sampled_from(thresholds(name)))
    for name, others in contradictions(knowledge().facts, found):
        for other in (name, *others):
            found.pop(other, None)
    assume(not contradictions(knowledge().facts, found))
    return found


def gives(r: Recommendation, drug: str) -> bool:
    """Say whether following a recommendation, as it stands, would give a drug."""
    return r.action in GIVES and any(
        o.status == "recommended" and drug in o.interventions for o in r.options
    )


# --- sound -----------------------------------------------------------------------------------


def test_lint_finds_nothing() -> None:
    found = lint()
    assert not found, "\n\n".join(map(draw, found))


def test_everything_is_a_draft_until_somebody_named_has_checked_it() -> None:
    for g in knowledge().guidelines.values():
        assert g.experimental and g.not_sourced
        for s in g.statements:
            assert s.status == "draft" and s.source.checked_by is None


@pytest.mark.parametrize("name", NAMES)
def test_completed_schemas_are_up_to_date(name: str) -> None:
    path = ROOT / "schemas" / "completed" / f"{name}.schema.json"
    fresh = as_text(complete(name, knowledge()))  # type: ignore[arg-type]
    assert path.read_text(encoding="utf-8") == fresh, "run `make schemas`"


def test_every_shipped_statement_fits_its_completed_schema() -> None:
    import jsonschema_rs

    from hepatica.reader import read_yaml
    from hepatica.source import read_source

    validator = jsonschema_rs.validator_for(complete("statement", knowledge()))
    for g in knowledge().guidelines.values():
        for s in g.statements:
            data = read_yaml(read_source(Path(s.file))).data
            errors = [e.message for e in validator.iter_errors(data)]
            assert not errors, (s.id, errors[:2])


def test_the_clinical_heart_is_there() -> None:
    """Five metabolite patterns and nine options, in every pack that is cited for them."""
    patterns = set(knowledge().facts["metabolite_pattern"].values)
    for name in ("easl_2025", "aasld_2019", "narciso_schiavon_2025"):
        g = knowledge().guidelines[name]
        concluded = {s.conclude[1] for s in g.statements
                     if s.conclude and s.conclude[0] == "metabolite_pattern"}  # fmt: skip
        assert concluded == patterns
    review = knowledge().guidelines["narciso_schiavon_2025"]
    options = {n for s in review.statements if s.recommend for o in s.recommend.options for n in o}
    avoided = {n for s in review.statements if s.avoid for n in s.avoid.interventions}
    nine = {"budesonide", "mercaptopurine", "mycophenolate_mofetil", "thioguanine", "tacrolimus",
            "cyclosporine", "rituximab", "infliximab", "liver_transplantation"}  # fmt: skip
    assert nine <= options and nine - avoided == set()


# --- as the cases expect ---------------------------------------------------------------------


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_cases(path: Path) -> None:
    [document] = documents(str(path))
    assert not isinstance(document, Invalid)
    case = CaseReader(knowledge().facts).read(document)
    assert case.id == path.stem and case.synthetic
    found = list(check_expectations(document, knowledge()))
    result = evaluator().evaluate(case)
    found += check_result(case, document, result, knowledge())
    assert not found, "\n\n".join(map(draw, found))


@functools.cache
def everybody() -> tuple[Patient, ...]:
    found = [d for path in CASES for d in documents(str(path))]
    reader = CaseReader(knowledge().facts)
    return tuple(reader.read(d).facts for d in found if not isinstance(d, Invalid))


@pytest.mark.parametrize("name", sorted(load().guidelines))
def test_every_answer_and_every_question_was_tried(name: str) -> None:
    """Each statement in three values; each question deciding alone when true and when false."""
    coverages = cover(knowledge().guidelines[name], knowledge().facts, everybody())
    assert [c.statement.id for c in coverages if not c.complete] == []
    open_ = [f"{c.statement.id}:{q.leaf.line}" for c, q in distinct(coverages) if not q.covered]
    assert open_ == []


def test_there_are_enough_cases_with_the_answers_of_every_guideline() -> None:
    whole = 0
    for path in CASES:
        [document] = documents(str(path))
        assert not isinstance(document, Invalid)
        whole += {"easl_2025", "aasld_2019"} <= set(document.data.get("expect", {}))
    assert whole >= 15


# --- safe for any patient --------------------------------------------------------------------


def test_nothing_is_recommended_when_nothing_is_known() -> None:
    for f in findings({}).values():
        assert [r for r in f.recommendations if r.status != "contingent"] == []


@ordinary
@given(patients())
def test_nothing_is_recommended_to_a_patient_without_the_disease(patient: Patient) -> None:
    for f in findings({**patient, "aih_diagnosis": "excluded"}).values():
        assert f.applies == "false" and f.recommendations == () and f.avoid == ()


@ordinary
@given(patients())
def test_mycophenolate_needs_a_known_pregnancy_status(patient: Patient) -> None:
    for pregnancy in (None, "pregnant", "planning"):
        known = {k: v for k, v in patient.items() if k != "pregnancy"}
        if pregnancy is not None:
            if known.get("sex") == "male":
                continue
            known["pregnancy"] = pregnancy
        for f in findings(known).values():
            wrong = [r.statement for r in f.recommendations if gives(r, "mycophenolate_mofetil")]
            assert not wrong, wrong


@ordinary
@given(patients())
def test_azathioprine_is_not_given_again_after_intolerance(patient: Patient) -> None:
    stopped = {
        "adverse_event_drugs": ("azathioprine",),
        "permanently_stopped_drugs": ("azathioprine",),
    }
    known = {k: v for k, v in patient.items() if k != "drug_intolerance"} | stopped
    for f in findings(known).values():
        assert not [r.statement for r in f.recommendations if gives(r, "azathioprine")]


@ordinary
@given(patients())
def test_budesonide_is_not_given_in_cirrhosis(patient: Patient) -> None:
    for stage in ("compensated", "decompensated"):
        known = {n: v for n, v in patient.items() if n != "decompensation_progressive"}
        known["cirrhosis"] = stage
        for f in findings(known).values():
            assert not [r.statement for r in f.recommendations if gives(r, "budesonide")]


@ordinary
@given(patients())
def test_failure_is_not_concluded_without_adherence(patient: Patient) -> None:
    conclusions = ("treatment_failure", "pharmacologic_non_response")
    for adherence in (None, "non_adherent"):
        known = {k: v for k, v in patient.items() if k not in (*conclusions, "adherence")}
        if adherence is not None:
            known["adherence"] = adherence
        for f in findings(known).values():
            assert not [c.fact for c in f.conclusions if c.fact in conclusions]


@ordinary
@given(patients())
def test_every_engine_and_the_result_schema(patient: Patient) -> None:
    import json

    try:
        engine()
    except NotInstalled:
        pytest.skip("durable-rules is not installed")
    facts = knowledge().facts
    for g in knowledge().guidelines.values():
        answers = Meaning(g, facts).answers(patient)
        right = (answers.statements, answers.applies)
        assert compiled(g.id)[0].truths(patient) == right
        assert compiled(g.id)[1].truths(patient) == right
    assert fits(json.loads(to_json(evaluator().evaluate(Case("p", patient)))), "result")


@functools.cache
def compiled(name: str) -> tuple[Program, Network]:
    rails = lower(knowledge().guidelines[name], knowledge().facts)
    return Program(rails, knowledge().facts), Network(prepare(rails))
