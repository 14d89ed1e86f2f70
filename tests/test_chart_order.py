"""Charts in bulk: an order, days from day zero, tests that were done, as in the single chart."""

from __future__ import annotations

import datetime
import random
from typing import Any

import pytest
from chart_tables import long_story, tables_of
from drawn_charts import AS_OF, charts, facts, read, reader
from hypothesis import given, settings
from hypothesis import strategies as st
from test_bulk_charts import shown

from hepatica.cohort.charts.derive import derive
from hepatica.cohort.charts.read import read_charts
from hepatica.diagnostics import Invalid

Data = dict[str, Any]


@st.composite
def ordered(draw: st.DrawFn) -> Data:
    """Draw a chart in which some entries have a `seq`, a `day`, or no date, or tell of a test."""
    chart = draw(charts(partial=draw(st.booleans()), ordered=True))
    for entry in chart["timeline"]:
        if "event" in entry and draw(st.booleans()):
            for key in ("event", "severity", "attributed_to"):
                entry.pop(key, None)
            entry["done"] = draw(st.sampled_from(["bone_densitometry", "blood_count"]))
    if draw(st.booleans()):
        chart["day_zero"] = draw(st.sampled_from(["2024-05-01", "2024-05-10", "2024-04"]))
        for entry in chart["timeline"]:
            if "date" in entry and draw(st.integers(0, 2)) == 0:
                del entry["date"]
                entry["day"] = draw(st.integers(-40, 50))
    return chart


def in_bulk(told: list[Data]) -> tuple[list[Data], list[set[str]]]:
    """Give the facts of each chart, and what is wrong with it."""
    found = read_charts(tables_of(told, [str(AS_OF)] * len(told)), {}, reader().names, None)
    bulk: list[Data] = [{} for _ in told]
    ids = dict(found.charts.people.select("p", "patient").iter_rows())
    for p, name, held in derive(found.charts, reader().names).long.iter_rows():
        bulk[int(ids[p])][name] = found.charts.pool.values[held]
    wrong: list[set[str]] = [set() for _ in told]
    for patient, code, text in found.wrong.select("patient", "code", "text").iter_rows():
        wrong[int(patient)].add(f"{code} {text}")
    return bulk, wrong


@settings(max_examples=10, deadline=None)
@given(st.lists(ordered(), min_size=1, max_size=20))
def test_every_fact_is_what_the_single_chart_says(told: list[Data]) -> None:
    bulk, wrong = in_bulk(told)
    for chart, mine, why in zip(told, bulk, wrong, strict=True):
        try:
            case = read({"until": str(AS_OF), **chart})
        except Invalid as refused:
            assert {d.code for d in refused.diagnostics} == {text[:4] for text in why} == {"D111"}
            assert not mine
            said = {f"D111 {d.message}" for d in refused.diagnostics if "`seq`" in d.message}
            # Whoever is born later than an entry is told that first.
            assert said == {text for text in why if "`seq`" in text} or "birth" in str(why)
        else:
            assert not why
            assert shown(mine) == shown(facts(case))


def retold(chart: Data, draw: random.Random) -> Data:
    """Tell a chart with days from day zero, with an order that its dates do not deny, or both."""
    timeline = sorted(chart["timeline"], key=lambda entry: str(entry["date"]))
    if draw.random() < 0.5:
        zero = AS_OF - datetime.timedelta(days=draw.randint(0, 400))
        chart = {**chart, "day_zero": str(zero)}
        for entry in timeline:
            if len(entry["date"]) == 10 and draw.random() < 0.5:
                entry["day"] = (datetime.date.fromisoformat(entry.pop("date")) - zero).days
    if draw.random() < 0.5:
        first = draw.choice([0, 0, draw.randrange(len(timeline))])
        for seq, entry in enumerate(timeline[first:]):
            entry["seq"] = seq
            if draw.random() < 0.05:
                entry.pop("date", None)
                entry.pop("day", None)
    if draw.random() < 0.3:
        chart = {**chart, "until": str(AS_OF - datetime.timedelta(days=draw.randint(0, 30)))}
    draw.shuffle(timeline)
    return {**chart, "timeline": timeline}


def test_long_charts_retold_by_day_and_order_agree_too() -> None:
    draw = random.Random(11)
    told = [retold(long_story(draw), draw) for _ in range(80)]
    bulk, wrong = in_bulk(told)
    used = 0
    for chart, mine, why in zip(told, bulk, wrong, strict=True):
        try:
            case = read({"until": str(AS_OF), **chart})
        except Invalid:
            assert why and not mine
        else:
            assert not why and shown(mine) == shown(facts(case))
            used += 1
    assert used > 60


def alt(value: int, **when: Any) -> Data:
    return {"observe": "alt", "value": f"{value} U/L", "upper_limit": "40 U/L", **when}


def story(*timeline: Data, **about: Any) -> Data:
    return {"patient": {}, "complete": [], **about, "timeline": list(timeline)}


def test_order_decides_and_days_count() -> None:
    day = "2024-06-01"
    done = {"done": "blood_count", "date": day}
    told = [
        story(alt(80, date=day), alt(40, date=day)),
        story(alt(80, date=day, seq=2), alt(40, date=day, seq=1)),
        story(alt(80, date=day), alt(40, seq=5), alt(120, date="2024-06-03", seq=9)),
        story(alt(80, day=0), alt(40, day=31), day_zero="2024-05-01"),
        story(alt(80, day=0), alt(40, day=41), day_zero="2024-05-01"),  # later than the day
        story(alt(80, date=day), done),
    ]
    bulk, wrong = in_bulk(told)
    assert wrong == [set()] * len(told)
    assert [mine.get("alt") for mine in bulk] == [None, 80.0, 120.0, 40.0, None, 80.0]


@pytest.mark.parametrize(
    ("chart", "text"),
    [
        (story(alt(80, day=3)), "`day` counts from `day_zero`, which the chart does not give"),
        (story(alt(80, day=3, date="2024"), day_zero="2024-05-01"), "an entry has one time"),
        (story(alt(80, day=999_999), day_zero="2024-05-01"), "no such day"),
        (story(alt(80, day="soon"), day_zero="2024-05-01"), "`soon` in `day` is no whole number"),
        (story(alt(80, date="2024", seq="1.5")), "`1.5` in `seq` is no whole number"),
        (story(alt(80, seq=1), patient={"birth": "2024-06-05"}, until="2024-06-01"),
         "before the birth of the patient"),
        (story(alt(80)), "a row without a date"),
        (story(alt(80, day=1), day_zero="2024-05-32"),
         "`2024-05-32` is not a day, month or year of the calendar"),
        (story(alt(80, date="2024-05-01", seq=2), alt(80, date="2024-05-02", seq=1)),
         "by its `seq` it comes after 2024-05-02, by its date before"),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_is_told(chart: Data, text: str) -> None:
    bulk, wrong = in_bulk([chart, story(alt(80, date="2024-06-01"))])
    assert wrong == [{f"D111 {text}"}, set()]
    assert not bulk[0] and bulk[1]["alt"] == 80.0
