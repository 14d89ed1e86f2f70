"""What a chart may be taken to say: never from the future, never stale, never assumed."""

from __future__ import annotations

import copy
import datetime
from pathlib import Path
from typing import Any

from charts import AS_OF, Data, charts, dates, entries, facts, read, refined
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepatica.diagnostics import Invalid, draw

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "charts").glob("*.yaml"))
ordinary = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
COMPLETE = ["medications", "adverse_events", "failures", "relapses"]


def on(text: str, **more: Any) -> Data:
    return {"date": text, **more}


def chart(*timeline: Data, complete: bool = True, **more: Any) -> Data:
    return {"timeline": list(timeline), "complete": COMPLETE if complete else [], **more}


# --- properties ------------------------------------------------------------------------------


@ordinary
@given(charts(), st.lists(entries(st.integers(1, 900).map(
    lambda n: str(AS_OF + datetime.timedelta(days=n)))), max_size=5))  # fmt: skip
def test_nothing_later_changes_an_answer(before: Data, later: list[Data]) -> None:
    after = {**before, "timeline": [*before["timeline"], *later]}
    one, other = read(before), read(after)
    assert (one.facts, one.origins, one.withheld) == (other.facts, other.origins, other.withheld)
    assert [n.message for n in one.notes] == [n.message for n in other.notes]


@ordinary
@given(charts(), st.data())
def test_what_partial_dates_decide_holds_whatever_days_they_mean(of: Data, data: Any) -> None:
    said = facts(read(of))
    whole = copy.deepcopy(of)
    for entry in whole["timeline"]:
        entry["date"] = refined(data.draw, entry["date"])
    if "birth" in whole["patient"]:
        whole["patient"]["birth"] = refined(data.draw, whole["patient"]["birth"])
    exact = facts(read(whole))
    assert said == {name: exact.get(name) for name in said}


@ordinary
@given(charts())
def test_what_is_not_said_to_be_complete_gives_no_list_and_no_no(of: Data) -> None:
    said = facts(read({**of, "complete": []}))
    assert not {"current_drugs", "failed_drugs", "adverse_event_drugs", "relapse_count"} & set(said)
    assert said.get("treatment_started") is not False
    assert said == {name: facts(read(of)).get(name) for name in said}


@ordinary
@given(charts(), st.randoms())
def test_the_order_in_the_file_says_nothing(of: Data, random: Any) -> None:
    mixed = {**of, "timeline": random.sample(of["timeline"], len(of["timeline"]))}
    assert facts(read(of)) == facts(read(mixed))
    assert set(read(of).withheld) == set(read(mixed).withheld)


@ordinary
@given(charts(partial=False))
def test_the_newest_value_is_the_plain_one(of: Data) -> None:
    told = [e for e in of["timeline"] if e.get("status") == "adherence"]
    told = [e for e in told if e["date"] <= str(AS_OF)]
    last = max((e["date"] for e in told), default="")
    values = {e["result"] for e in told if e["date"] == last}
    known = len(values) == 1 and last >= str(AS_OF - datetime.timedelta(days=90))
    assert facts(read(of)).get("adherence") == (values.pop() if known else None)


@ordinary
@given(charts(partial=False))
def test_the_drugs_taken_now_are_the_plain_ones(of: Data) -> None:
    taken: set[str] = set()
    told = [e for e in of["timeline"] if {"start", "change", "stop"} & set(e)]
    told = [e for e in told if e["date"] <= str(AS_OF)]
    doubtful = False
    for date in sorted({e["date"] for e in told}):
        today = [e for e in told if e["date"] == date]
        off = {e["stop"] for e in today if "stop" in e}
        begun = {e.get("start") or e.get("change") for e in today} - {None}
        doubtful = doubtful or bool(off & begun)
        taken = {str(drug) for drug in (taken - off) | begun}
    expected = tuple(sorted(taken))
    found = facts(read({**of, "complete": ["medications"]})).get("current_drugs")
    assert found == (None if doubtful else expected)


@ordinary
@given(charts())
def test_a_multiple_rests_on_a_printed_limit(of: Data) -> None:
    origin = read(of).origins.get("alt_multiple")
    if origin is not None and origin.value not in (1.0, 4.9):
        assert "upper limit" in origin.how
    without = copy.deepcopy(of)
    for entry in without["timeline"]:
        entry.pop("upper_limit", None)
    origin = read(without).origins.get("alt_multiple")
    assert origin is None or origin.value in (1.0, 4.9)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9999) | st.floats(allow_nan=False)
    | st.sampled_from(["", "x", "alt", "2024-13", "0 mg/d", "<", "-1 U/L", "none", "normal"]),
    lambda inner: st.lists(inner, max_size=3), max_leaves=4,
)  # fmt: skip


@ordinary
@given(charts(), st.data())
def test_a_bad_chart_is_refused_with_a_place_never_a_crash(of: Data, data: Any) -> None:
    keys = ["date", "day", "seq", "observe", "status", "start", "stop", "event", "value", "range",
            "upper_limit", "result", "dose", "severity", "attributed_to", "corrected"]  # fmt: skip
    for entry in of["timeline"]:
        if data.draw(st.booleans()):
            entry[data.draw(st.sampled_from(keys))] = data.draw(JUNK)
    try:
        read(of)
    except Invalid as invalid:
        assert all(d.code[0] in "SD" and d.help and d.message for d in invalid.diagnostics)
        assert all(draw(d) for d in invalid.diagnostics)


@ordinary
@given(charts(), dates(partial=False, last=0))
def test_a_date_before_sees_what_was_known_then(of: Data, text: str) -> None:
    then = datetime.date.fromisoformat(text)
    known = [e for e in of["timeline"] if f"{e['date']}-01-01"[:10] <= text]
    whole, part = read(of, then), read({**of, "timeline": known}, then)
    assert (whole.facts, whole.withheld) == (part.facts, part.withheld)
