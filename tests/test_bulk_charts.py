"""Charts in bulk: every fact of every patient as the single chart says."""

from __future__ import annotations

import datetime
import random
from typing import Any

import test_past
from chart_tables import long_story, tables_of
from drawn_charts import AS_OF, charts, facts, knowledge, read, reader
from hypothesis import given, settings
from hypothesis import strategies as st

from hepatica.chart.names import Names
from hepatica.cohort.charts.derive import derive
from hepatica.cohort.charts.read import read_charts
from hepatica.cohort.charts.synthesize import synthesize_charts
from hepatica.cohort.charts.tables import Loaded
from hepatica.derivation import Given

Data = dict[str, Any]


def in_bulk(
    told: list[Data], days: list[str], names: Names | None = None
) -> tuple[list[dict[str, Any]], int]:
    names = names or reader().names
    found = read_charts(tables_of(told, days), {}, names, None)
    assert not len(found.wrong), found.wrong
    result = derive(found.charts, names)
    ids = dict(found.charts.people.select("p", "patient").iter_rows())
    by_patient: list[dict[str, Any]] = [{} for _ in told]
    for p, name, held in result.long.iter_rows():
        mine = by_patient[int(ids[p])]
        assert name not in mine, f"{name} stands twice"
        mine[name] = found.charts.pool.values[held]
    return by_patient, result.exact


def shown(found: dict[str, Any]) -> dict[str, tuple[type, Any]]:
    return {name: (type(value), value) for name, value in sorted(found.items())}


@st.composite
def some(draw: st.DrawFn, partial: bool) -> Data:
    chart = draw(charts(partial=partial))
    for entry in chart["timeline"]:
        if "event" not in entry and draw(st.integers(0, 19)) == 0:
            entry["corrected"] = True
    return chart


def test_every_way_of_deriving_agrees_around_a_treatment() -> None:
    draw = random.Random(7)
    told = [long_story(draw) for _ in range(200)]
    bulk, exact = in_bulk(told, [str(AS_OF)] * len(told))
    found: set[str] = set()
    for chart, mine in zip(told, bulk, strict=True):
        case = read(chart)
        assert shown(mine) == shown(facts(case))
        found |= mine.keys()
    derived = {type(knowledge().facts[name].derive) for name in found}
    assert derived == {type(f.derive) for f in knowledge().facts.values()} - {Given}
    assert {"alt_fall_at_4_weeks", "igg_multiple_before_treatment", "tgn"} <= found
    assert 0 < exact < len(told) / 2  # most are worked out at once


def test_ways_that_are_left_to_the_single_chart_agree_too() -> None:
    draw = random.Random(3)
    stories = [long_story(draw) for _ in range(40)]
    stories.append({**stories[0], "timeline": [], "complete": ["medications"]})
    bulk, exact = in_bulk(stories, [str(AS_OF)] * len(stories), test_past.READER.names)
    assert exact == len(stories)
    for story, mine in zip(stories, bulk, strict=True):
        single = {name: found.value for name, found in test_past.told(story).items()}
        assert {n: mine.get(n) for n in test_past.NAMES} == {
            n: single.get(n) for n in test_past.NAMES
        }
    assert bulk[-1]["line"] == 0.0


def test_invented_charts_agree_and_lose_the_same_facts_that_exclude_each_other() -> None:
    [part] = synthesize_charts(reader().names, 150, 5)
    tables = {name: Loaded(frame.with_row_index("row", offset=1), name, ())
              for name, frame in part.items()}  # fmt: skip
    found = read_charts(tables, {}, reader().names, None)
    assert not len(found.wrong)
    charts, told = found.charts, derive(found.charts, reader().names)
    entries: dict[int, list[Data]] = {}
    for p, e, d in charts.rows.select("p", "e", "d").iter_rows():
        entry = {**charts.times[d], **charts.different.written[e]}
        entries.setdefault(p, []).append(entry)
    mine: dict[int, dict[str, Any]] = {}
    for p, name, held in told.long.iter_rows():
        mine.setdefault(p, {})[name] = charts.pool.values[held]
    lost = 0
    for p, about in charts.people.select("p", "about").iter_rows():
        case = read({**charts.told[about], "timeline": entries.get(p, [])})
        assert shown(mine[p]) == shown(facts(case))
        lost += sum("excludes another" in why for why in case.withheld.values())
    assert told.excluded == lost > 0


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_every_fact_is_what_the_single_chart_says(data: st.DataObject) -> None:
    told = data.draw(st.lists(some(partial=False) | some(partial=True), min_size=1, max_size=25))
    later = st.sampled_from([0, 0, 0, 1, 30, -7, -90])
    days = [AS_OF + datetime.timedelta(days=data.draw(later)) for _ in told]
    bulk, _ = in_bulk(told, [str(day) for day in days])
    for chart, day, mine in zip(told, days, bulk, strict=True):
        case = read({**chart, "until": chart.get("until", str(day))}, day)
        assert shown(mine) == shown(facts(case))
