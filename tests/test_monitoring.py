"""When tests are due: a schedule laid over the days on which a test was done."""

from __future__ import annotations

import datetime
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepatica import finding, ir
from hepatica.monitoring import dues

LIVER = ir.Intervention("liver_biochemistry", "liver biochemistry", "test", done_by=("alt", "ast"))
TESTS = {LIVER.id: LIVER, "eyes": ir.Intervention("eyes", "eyes", "test")}
QUARTERLY = (ir.Phase(ir.Amount(3, 3, "mo"), at_least=True),)
PLAN = (
    ir.Phase(ir.Amount(1, 2, "wk"), ir.Amount(4, 8, "wk")),
    ir.Phase(ir.Amount(1, 1, "mo"), ir.Amount(3, 6, "mo")),
    *QUARTERLY,
)
ONCE = (ir.Phase(ir.Amount(4, 8, "wk"), times=1),)
BEGUN = datetime.date(2025, 1, 1)


def statement(schedule: tuple[ir.Phase, ...], *, counted: bool = False) -> ir.Statement:
    source = ir.Source(ref="r", label="page", locator="1", confidence="candidate")
    return ir.Statement(
        "g/t/s", "g", "t", "recommendation", "draft", "0.1.0", "t", source, schedule=schedule,
        recommend=ir.Recommend("monitor", ((LIVER.id,),)),
        schedule_from="weeks" if counted else None,
    )  # fmt: skip


class Told(NamedTuple):
    facts: dict[str, int]
    tests: dict[str, int]

    def observed(self, fact: str) -> int | None:
        return self.facts.get(fact)

    def performed(self, intervention: str) -> int | None:
        return self.tests.get(intervention)


def due(
    schedule: tuple[ir.Phase, ...],
    done: list[str],
    as_of: str,
    begun: datetime.date | None = None,
    *,
    counted: bool = False,
) -> finding.Due | None:
    days = [datetime.date.fromisoformat(day).toordinal() for day in done]
    told = Told({"alt": max(days)} if days else {}, {})
    found = dues(statement(schedule, counted=counted), TESTS, told, as_of, begun)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("as_of", "status"),
    [("2025-08-13", "later"), ("2025-08-14", "due"), ("2025-08-15", "overdue")],
)
def test_three_months_after_the_last_time(as_of: str, status: str) -> None:
    found = due(QUARTERLY, ["2025-02-14", "2025-05-14"], as_of)
    assert found is not None
    assert (found.last, found.latest, found.status) == ("2025-05-14", "2025-08-14", status)


@pytest.mark.parametrize(
    ("done", "as_of", "earliest", "latest"),
    [
        ([], "2025-01-05", "2025-01-08", "2025-01-15"),
        (["2024-12-20"], "2025-01-05", "2025-01-08", "2025-01-15"),  # before the beginning
        (["2025-01-10"], "2025-01-11", "2025-01-17", "2025-01-24"),
        (["2025-02-25"], "2025-02-26", "2025-03-04", "2025-03-11"),  # the last day of eight weeks
        (["2025-02-26"], "2025-02-27", "2025-03-26", "2025-03-26"),
        (["2025-12-31"], "2026-01-01", "2026-03-31", "2026-03-31"),
    ],
)
def test_the_stretch_of_the_last_time_decides(
    done: list[str], as_of: str, earliest: str, latest: str
) -> None:
    found = due(PLAN, done, as_of, BEGUN, counted=True)
    assert found is not None and (found.earliest, found.latest) == (earliest, latest)


def test_a_test_that_is_told_to_have_been_done_counts_as_one_that_a_fact_shows() -> None:
    day = datetime.date(2025, 5, 14).toordinal()
    for told in (
        Told({"alt": day}, {}),
        Told({}, {LIVER.id: day}),
        Told({"alt": 9}, {LIVER.id: day}),
    ):
        [found] = dues(statement(QUARTERLY), TESTS, told, "2025-08-01", None)
        assert (found.last, found.latest) == ("2025-05-14", "2025-08-14")


def test_once_after_four_to_eight_weeks() -> None:
    early = due(ONCE, ["2025-01-20"], "2025-02-01", BEGUN, counted=True)  # does not stand for it
    assert early is not None
    assert (early.earliest, early.latest) == ("2025-01-29", "2025-02-26")
    assert due(ONCE, ["2025-01-20", "2025-01-29"], "2025-02-01", BEGUN, counted=True) is None


def test_nothing_is_dated_that_nothing_dates() -> None:
    for found in (
        due(QUARTERLY, [], "2025-01-05"),
        due(PLAN, ["2025-01-03"], "2025-01-05"),  # which stretch it is is not known
        due(QUARTERLY, ["2025-01-03"], "2025-01-05", counted=True),  # the beginning is not known
    ):
        assert found is not None and (found.latest, found.status) == (None, "unknown")


def test_a_leap_day_and_the_end_of_a_month() -> None:
    yearly = (ir.Phase(ir.Amount(1, 1, "a")),)
    monthly = (ir.Phase(ir.Amount(1, 1, "mo")),)
    first, second = (
        due(yearly, ["2024-02-29"], "2024-03-01"),
        due(monthly, ["2025-01-31"], "2025-02-01"),
    )
    assert first is not None and first.latest == "2025-02-28"
    assert second is not None and second.latest == "2025-02-28"


DAYS = st.dates(datetime.date(2025, 1, 1), datetime.date(2027, 1, 1))


@given(st.lists(DAYS, max_size=8), DAYS)
def test_another_test_never_makes_it_due_sooner(
    done: list[datetime.date], today: datetime.date
) -> None:
    known = [d.isoformat() for d in done if d <= today]
    before = due(PLAN, known, today.isoformat(), BEGUN, counted=True)
    after = due(PLAN, [today.isoformat()], today.isoformat(), BEGUN, counted=True)
    assert before is not None and after is not None
    assert str(after.latest) >= str(before.latest) or before.last == today.isoformat()
    assert after.status == "later"
