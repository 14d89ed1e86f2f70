"""The oldest value, an extreme, the time since an event, the line: of facts made here."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path
from typing import Any

import pytest
from drawn_charts import AS_OF, Data, charts, entries, knowledge
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepatica import ir
from hepatica.case import CaseReader
from hepatica.case_files import document_of
from hepatica.chart.found import Found
from hepatica.derivation import Earliest, Extreme, Line, Period, Since
from hepatica.diagnostics import Invalid
from hepatica.interval import Interval
from hepatica.load import load

HALF = Period(6, "mo")
LINES = (("azathioprine",), ("mycophenolate_mofetil",), ("budesonide",))


def fact(name: str, unit: str | None, derive: Any, type: ir.FactType = "quantity") -> ir.Fact:
    return ir.Fact(name, name, "test", type, unit=unit, derive=derive)


FACTS = {
    **knowledge().facts,
    "first_igg": fact("first_igg", "g/L", Earliest()),
    "peak": fact("peak", "U/L", Extreme("alt", "highest", "value", HALF)),
    "low": fact("low", "U/L", Extreme("alt", "lowest", "value", HALF)),
    "peak_multiple": fact("peak_multiple", "1", Extreme("alt", "highest", "ratio", HALF)),
    "relapsed": fact("relapsed", "d", Since("relapse", "relapses")),
    "line": fact("line", "1", Line(LINES)),
}
NAMES = ("peak", "low", "peak_multiple", "relapsed", "line")
READER = CaseReader(FACTS, knowledge().interventions)
some = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def told(chart: Data, as_of: datetime.date = AS_OF) -> dict[str, Found]:
    data = {"id": "c", "as_of": AS_OF.isoformat(), "chart": chart}
    return READER.read(document_of(data), as_of.isoformat()).origins


def values(*timeline: Data, complete: bool = True) -> dict[str, Any]:
    held = ["medications", "relapses"] if complete else []
    return {n: f.value for n, f in told({"timeline": list(timeline), "complete": held}).items()}


def alt(date: str, value: str = "", **more: Any) -> Data:
    return {"date": date, "observe": "alt", **({"value": value} if value else {}), **more}


def test_the_highest_and_the_lowest_in_time() -> None:
    line = [
        alt("2023-12-09", "900 U/L"),
        alt("2023-12-10", "100 U/L", upper_limit="50 U/L"),
        alt("2024-05-01", "40 U/L", upper_limit="40 U/L"),
        alt("2024-06-11", "800 U/L"),
    ]
    found = values(*line)
    assert (found["peak"], found["low"], found["peak_multiple"]) == (100.0, 40.0, 2.0)
    how = told({"timeline": line})["peak_multiple"].how
    assert how == "the highest of 2 since 2023-12-10: 100 U/L on 2023-12-10, upper limit 50 U/L"


def test_a_value_that_may_be_in_time_gives_bounds() -> None:
    found = values(alt("2024-05-01", "40 U/L"), alt("2023-12", "100 U/L"))
    assert found["peak"] == Interval(40.0, 100.0) and found["low"] == 40.0


def test_bounds_of_values_give_bounds() -> None:
    found = values(alt("2024-05-01", "<50 U/L"), alt("2024-05-02", "30 U/L"))
    assert found["peak"] == Interval(30.0, 50.0, False, True)
    assert found["low"] == Interval(None, 30.0)


def test_contradicting_and_old_values_are_not_used() -> None:
    day = alt("2024-05-01", "40 U/L"), alt("2024-05-01", "50 U/L")
    assert "peak" not in values(*day)
    assert values(day[0], {**day[1], "corrected": True})["peak"] == 50.0
    assert "peak" not in values(alt("2023-01-01", "40 U/L"))
    assert "peak_multiple" not in values(alt("2024-05-01", "40 U/L"))  # no upper limit


def test_the_oldest_value() -> None:
    igg = {"observe": "igg", "value": "20 g/L"}
    first = {"date": "2019-03-01", "status": "first_igg", "value": "18 g/L"}
    with pytest.raises(Invalid):
        told({"timeline": [{"date": "2019-03-01", "status": "first_iggg", "value": 1}]})
    data = [{**first, "date": "2021-01-01", "value": "25 g/L"}, first]
    for entry in data:
        entry["observe"] = entry.pop("status")
    assert values(*data, {"date": "2018-01-01", **igg})["first_igg"] == 18.0
    assert "first_igg" not in values({**data[0], "date": "2019"}, data[1])


def test_the_time_since_an_event() -> None:
    events = [
        {"date": "2024-06-01", "event": "relapse"},
        {"date": "2020-01-01", "event": "relapse"},
    ]
    assert values(*events)["relapsed"] == 9.0
    assert values(*events, complete=False)["relapsed"] == Interval(0.0, 9.0)
    assert values({"date": "2024-05", "event": "relapse"})["relapsed"] == Interval(10.0, 40.0)
    assert "relapsed" not in values()
    assert "relapsed" not in values({"date": "2024-06", "event": "relapse"})


def test_the_line_of_treatment() -> None:
    first = {"date": "2024-01-01", "start": "azathioprine"}
    second = {"date": "2024-02-01", "start": "mycophenolate_mofetil"}
    assert values()["line"] == 0.0
    assert values(first)["line"] == 1.0 and values(first, second)["line"] == 2.0
    assert values(first, {**second, "date": "2024-06"})["line"] == Interval(1.0, 2.0)
    assert values(second, complete=False)["line"] == Interval(2.0, 3.0)
    assert "line" not in values(complete=False)


later = st.integers(1, 900).map(lambda n: str(AS_OF + datetime.timedelta(days=n)))


@some
@given(charts(), st.lists(entries(later), max_size=4))
def test_nothing_later_changes_them(before: Data, after: list[Data]) -> None:
    both = [before, {**before, "timeline": [*before["timeline"], *after]}]
    one, other = ({n: f for n, f in told(c).items() if n in NAMES} for c in both)
    assert one == other


@some
@given(charts(), st.data())
def test_an_exact_date_never_contradicts_a_partial_one(chart: Data, data: st.DataObject) -> None:
    """Whatever a partial date turns out to be, what was said before was not wrong."""
    wide = told(chart)
    timeline = []
    for entry in chart["timeline"]:
        text = str(entry["date"])
        month = text if len(text) > 4 else f"{text}-{data.draw(st.integers(1, 12)):02}"
        day = month if len(month) > 7 else f"{month}-{data.draw(st.integers(1, 28)):02}"
        timeline.append({**entry, "date": day})
    try:
        narrow = told({**chart, "timeline": timeline})
    except Invalid:
        return
    for name in NAMES:
        if name in wide and name in narrow:
            one, other = wide[name].value, narrow[name].value
            ends = [v if isinstance(v, Interval) else Interval(v, v) for v in (one, other)]  # type: ignore[arg-type]
            low, high = ends[0].low, ends[0].high
            assert low is None or (ends[1].low is not None and ends[1].low >= low - 1e-9)
            assert high is None or (ends[1].high is not None and ends[1].high <= high + 1e-9)


def test_every_way_has_a_fact_that_tries_it() -> None:
    from hepatica.chart.derive import _WAYS
    from hepatica.derivation import Given

    ways = {type(f.derive) for f in FACTS.values()}
    assert ways - {Given} == set(_WAYS)


def test_they_are_read_from_a_dictionary(tmp_path: Path) -> None:
    root = tmp_path / "knowledge"
    shutil.copytree(Path(__file__).parent / "fixtures" / "lint" / "base", root)
    (root / "facts" / "past.yaml").write_text("""domain: past
title: Past
facts:
  w1: {title: a, type: quantity, unit: kg, range: [0, 300], derive: {earliest: always}}
  w2:
    title: b
    type: quantity
    unit: kg
    range: [0, 300]
    derive: {extreme: {of: w1, take: lowest, as: value, within: 6 mo}}
  w3:
    title: c
    type: quantity
    unit: d
    range: [0, 9000]
    derive: {since: {event: relapse, held: relapses}}
  w4:
    title: d
    type: quantity
    unit: "1"
    range: [0, 9]
    derive: {line: [{drugs: [azathioprine]}, {drugs: [azathioprine]}]}
""")
    facts = load(root).facts
    assert [facts[f"w{i}"].derive for i in (1, 2, 3, 4)] == [
        Earliest(),
        Extreme("w1", "lowest", "value", HALF),
        Since("relapse", "relapses"),
        Line((("azathioprine",), ("azathioprine",))),
    ]
