"""Doses for a weight, and schedules on the calendar."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepatica import evaluate, ir, load
from hepatica.regimen import by_weight, course, without_kilogram

WEEKS = ir.Fact(id="weeks", title="weeks", type="quantity", domain="treatment", unit="wk")
PLAN = (
    ir.Phase(ir.Amount(1, 2, "wk"), ir.Amount(4, 8, "wk")),
    ir.Phase(ir.Amount(1, 1, "mo"), ir.Amount(3, 6, "mo")),
    ir.Phase(ir.Amount(3, 3, "mo"), at_least=True),
)


def dose(low: float, high: float, unit: str = "mg/kg/d", cap: float | None = None) -> ir.Dose:
    at_most = None if cap is None else ir.Amount(cap, cap, "mg/d")
    return ir.Dose("azathioprine", ir.Amount(low, high, unit), at_most)


@pytest.mark.parametrize(
    ("unit", "without"),
    [("mg/kg/d", "mg/d"), ("mg/d", None), ("kg", None), ("mg/kg", "mg"), ("mg/kg/kg", None)],
)
def test_which_units_are_per_kilogram(unit: str, without: str | None) -> None:
    assert without_kilogram(unit) == without


@pytest.mark.parametrize(
    ("one", "weight", "mine"),
    [
        (dose(1, 2), 60, (60, 120)),
        (dose(0.1, 0.2), 70, (7, 14)),
        (dose(1, 2, cap=150), 74.9, (74.9, 149.8)),
        (dose(1, 2, cap=150), 75, (75, 150)),
        (dose(1, 2, cap=150), 75.1, (75.1, 150)),
        (dose(1, 2, cap=150), 200, (150, 150)),
    ],
)
def test_a_dose_per_kilogram_is_worked_out_and_capped(
    one: ir.Dose, weight: float, mine: tuple[float, float]
) -> None:
    found = by_weight(one, weight)
    assert found is not None and (found.low, found.high, found.unit) == (*mine, "mg/d")


def test_no_weight_no_milligrams() -> None:
    assert by_weight(dose(1, 2), None) is None
    assert by_weight(dose(50, 150, "mg/d"), 60) is None


@pytest.mark.parametrize(
    ("weeks", "phase", "next_by"),
    [
        (0, 0, "2025-09-15"),
        (2, 0, "2025-09-01"),
        (8, 0, "2025-09-01"),
        (9, 1, "2025-09-25"),
        (60, 2, None),
    ],
)
def test_where_a_patient_is_in_a_plan(weeks: float, phase: int, next_by: str | None) -> None:
    found = course(WEEKS, weeks, "2025-09-01", PLAN)
    assert found.phase == phase
    assert next_by is None or found.next_by == next_by


def test_nothing_is_dated_without_a_beginning_or_a_date() -> None:
    found = course(WEEKS, None, "2025-09-01", PLAN)
    assert (found.start, found.next_by, found.missing) == (None, None, ("weeks",))
    found = course(WEEKS, 3.0, None, PLAN)
    assert (found.start, found.next_by, found.missing, found.dated) == (None, None, (), False)


def test_a_plan_that_is_over() -> None:
    once = (ir.Phase(ir.Amount(2, 4, "wk"), times=1),)
    assert course(WEEKS, 4, "2025-09-01", once).next_by == "2025-09-01"
    assert course(WEEKS, 5, "2025-09-01", once).phase is None


@given(
    st.floats(0, 520),
    st.floats(0, 520),
    st.dates(datetime.date(2000, 1, 1), datetime.date(2090, 1, 1)),
)
def test_the_next_time_is_never_past_nor_further_than_an_interval(
    one: float, other: float, today: datetime.date
) -> None:
    sooner, later = (course(WEEKS, w, today.isoformat(), PLAN) for w in sorted((one, other)))
    assert sooner.phase is not None and later.phase is not None
    assert sooner.phase <= later.phase
    for found, longest in ((sooner, 14), (later, 14)):
        assert found.next_by is not None and found.phase is not None
        gap = (datetime.date.fromisoformat(found.next_by) - today).days
        assert 0 <= gap <= (longest, 31, 92)[found.phase]


def test_the_dose_and_the_dates_reach_the_answer() -> None:
    knowledge = load()
    facts = {"aih_diagnosis": "definite", "current_drugs": ["azathioprine"]}
    name = "aasld_2019/monitoring/azathioprine_liver_tests"
    case = {"id": "c", "as_of": "2025-09-01", "facts": {**facts, "azathioprine_weeks": 10}}
    (finding,) = evaluate(case, knowledge, ["aasld_2019"], "referee").guidelines
    (found,) = [r for r in finding.recommendations if r.statement == name]
    assert found.course is not None and found.course.phase == 1
    (finding,) = evaluate({"id": "c", "facts": facts}, knowledge, ["aasld_2019"]).guidelines
    (found,) = [r for r in finding.recommendations if r.statement == name]
    assert found.course is not None and found.course.missing == ("azathioprine_weeks",)
