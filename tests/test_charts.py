"""What a chart may be taken to say: never from the future, never stale, never assumed."""

from __future__ import annotations

import copy
import datetime
import functools
from pathlib import Path
from typing import Any

import pytest
from drawn_charts import AS_OF, Data, charts, dates, entries, facts, knowledge, read, refined
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from hepatica.case import Case, CaseReader
from hepatica.case_files import documents
from hepatica.cases import check_expectations, check_result
from hepatica.diagnostics import Invalid, draw
from hepatica.interval import Interval
from hepatica.run import Evaluator
from hepatica.source import Document

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "charts").glob("*.yaml"))
ordinary = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
COMPLETE = ["medications", "adverse_events", "failures", "relapses"]


def on(text: str, **more: Any) -> Data:
    return {"date": text, **more}


def chart(*timeline: Data, complete: bool = True, **more: Any) -> Data:
    return {"timeline": list(timeline), "complete": COMPLETE if complete else [], **more}


# --- properties ------------------------------------------------------------------------------


LATER = st.integers(1, 900).map(lambda n: str(AS_OF + datetime.timedelta(days=n)))


def usable(of: Data) -> Case:
    """Read a chart whose drawn dates do not deny its drawn order."""
    try:
        return read(of)
    except Invalid as invalid:
        assert {d.code for d in invalid.diagnostics} == {"D111"}
        reject()


@ordinary
@given(charts(ordered=True), st.lists(entries(LATER), max_size=5), st.data())
def test_nothing_later_changes_an_answer(before: Data, later: list[Data], data: Any) -> None:
    for entry in later:
        if data.draw(st.booleans()):
            entry["seq"] = data.draw(st.integers(1, 6))
    after = {**before, "timeline": [*before["timeline"], *later]}
    one, other = usable(before), usable(after)
    assert (one.facts, one.origins, one.withheld) == (other.facts, other.origins, other.withheld)
    assert [n.message for n in one.notes] == [n.message for n in other.notes]


@ordinary
@given(charts(ordered=True), st.data())
def test_what_partial_dates_decide_holds_whatever_days_they_mean(of: Data, data: Any) -> None:
    said = facts(usable(of))
    whole = copy.deepcopy(of)
    for entry in whole["timeline"]:
        if "date" in entry:
            entry["date"] = refined(data.draw, entry["date"])
    assume(not any(entry.get("corrected") for entry in of["timeline"]))
    if "birth" in whole["patient"]:
        whole["patient"]["birth"] = refined(data.draw, whole["patient"]["birth"])
    exact = facts(usable(whole))
    for name, value in said.items():
        assert fits(exact.get(name), value), name


def fits(one: Any, other: Any) -> bool:
    """Say whether one value is the other, or lies within its bounds with its own."""
    if not isinstance(other, Interval):
        return bool(one == other)
    if not isinstance(one, Interval):
        return one is not None and other.holds(one)
    below = other.low is None or (one.low is not None and one.low >= other.low)
    above = other.high is None or (one.high is not None and one.high <= other.high)
    return below and above


@ordinary
@given(charts(ordered=True))
def test_what_is_not_said_to_be_complete_gives_no_list_and_no_no(of: Data) -> None:
    said = facts(usable({**of, "complete": []}))
    assert not {"current_drugs", "failed_drugs", "adverse_event_drugs"} & set(said)
    assert said.get("treatment_started") is not False
    assert getattr(said.get("relapse_count", Interval(1, None)), "low") >= 1  # noqa: B009
    whole = facts(usable({**of, "complete": COMPLETE}))
    for name, value in said.items():
        assert fits(whole.get(name), value), name


@ordinary
@given(charts(ordered=True), st.randoms())
def test_the_order_in_the_file_says_nothing(of: Data, random: Any) -> None:
    mixed = {**of, "timeline": random.sample(of["timeline"], len(of["timeline"]))}
    assert facts(usable(of)) == facts(usable(mixed))
    assert set(usable(of).withheld) == set(usable(mixed).withheld)


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
        graded = origin.value in (Interval(None, 1.0), Interval(1.0, None, low_open=True))
        assert "upper limit" in origin.how or graded
    without = copy.deepcopy(of)
    for entry in without["timeline"]:
        entry.pop("upper_limit", None)
    origin = read(without).origins.get("alt_multiple")
    words = (Interval(None, 1.0), Interval(1.0, None, low_open=True))  # `normal`, `high`
    assert origin is None or origin.value in (1.0, 4.9, *words)


_SCALARS = (
    st.none() | st.booleans() | st.integers(-9, 9999) | st.floats(allow_nan=False)
    | st.sampled_from(["", "x", "alt", "2024-13", "0 mg/d", "<", "-1 U/L", "none", "normal"])
)  # fmt: skip
JUNK = _SCALARS | st.lists(_SCALARS, max_size=3)


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


# --- worked examples -------------------------------------------------------------------------

ALT = {"observe": "alt", "upper_limit": "30 U/L"}
PRED = on("2023-12-12", start="prednisolone", dose="40 mg/d")
KNOWN = [
    # the newest value, and how old it may be
    ([on("2024-05-11", observe="alt", value="147 U/L")], "alt", 147.0),
    ([on("2024-05-10", observe="alt", value="147 U/L")], "alt", "last seen 2024-05-10, 31 days"),
    ([on("2024-06-11", observe="alt", value="147 U/L")], "alt", None),
    ([on("2024-06", observe="alt", value="147 U/L")], "alt", "may be later than 2024-06-10"),
    ([on("2024-05", observe="alt", value="147 U/L")], "alt", "may be more than 30 days before"),
    ([on("2024-05-20", observe="alt", value="9 U/L"), on("2024-05", observe="alt", value="8 U/L")],
     "alt", "which of the entries"),
    ([on("2024-05-20", observe="alt", value="9 U/L"), on("2024-05", observe="alt", value="9 U/L")],
     "alt", 9.0),
    ([on("2024-06-01", observe="igg", value="1600 mg/dL")], "igg", 16.0),
    ([on("2024-06-01", observe="bilirubin", value="17.104 umol/L")], "bilirubin", 1.0),
    ([on("2024-06-01", observe="alt", value="<5 U/L")], "alt", Interval(None, 5.0, high_open=True)),
    ([on("2019-01-01", status="tpmt_status", result="poor")], "tpmt_status", "poor"),
    ([on("2019-01-01", status="pregnancy", result="not_possible")], "pregnancy", "not_possible"),
    ([on("2024-01-01", status="pregnancy", result="pregnant")], "pregnancy", "last seen"),
    ([on("2024-06-01", status="jaundice", result=True), on("2024-06-05", observe="jaundice",
     result=False)], "jaundice", False),
    # multiples
    ([on("2024-06-03", **ALT, value="147 U/L")], "alt_multiple", 4.9),
    ([on("2024-06-03", observe="igg", value="24 g/L", range=[6, 16])], "igg_multiple", 1.5),
    ([on("2024-06-03", observe="alt", value="147 U/L")], "alt_multiple", "no upper limit"),
    ([on("2024-06-03", observe="alt", result="normal")], "alt_multiple", Interval(None, 1.0)),
    ([on("2024-06-01", **ALT, value="60 U/L"), on("2024-06-03", observe="alt", result="normal")],
     "alt_multiple", Interval(None, 1.0)),
    ([on("2024-06-03", observe="alt", result="normal", upper_limit="40 U/L")], "alt",
     Interval(None, 40.0)),
    ([on("2024-06-03", observe="alt", result="high", upper_limit="40 U/L")], "alt",
     Interval(40.0, None, low_open=True)),
    ([on("2024-06-03", observe="alt", result="high")], "alt_multiple",
     Interval(1.0, None, low_open=True)),
    ([on("2024-06-03", observe="alt", result="normal")], "alt", "only `normal`"),
    ([on("2024-06-03", observe="alt", value=">1000 U/L", upper_limit="40 U/L")], "alt_multiple",
     Interval(25.0, None, low_open=True)),
    ([on("2024-06-03", observe="igg", value="500-1000 mg/dL")], "igg", Interval(5.0, 10.0)),
    ([on("2024-06-03", observe="alt", value="<50 U/L", upper_limit="40 U/L", result="high")], "alt",
     Interval(40.0, 50.0, low_open=True, high_open=True)),
    ([on("2024-06-01", observe="alt", value="<5 U/L"), on("2024-06-01", observe="alt",
     value="4 U/L")], "alt", "contradict each other"),
    ([on("2024-06-03", **ALT, value="147 U/L"), on("2024-06-03", status="alt_multiple", value=4.9)],
     "alt_multiple", 4.9),
    # one day, two values
    ([on("2024-06-03", observe="alt", value="9 U/L"), on("2024-06-03", observe="alt",
     value="8 U/L")], "alt", "contradict each other"),
    ([on("2024-06-03", observe="alt", value="9 U/L"), on("2024-06-03", observe="alt",
     value="8 U/L", corrected=True)], "alt", 8.0),
    ([on("2024-06-03", observe="alt", value="9 U/L", seq=2), on("2024-06-03", observe="alt",
     value="8 U/L", seq=1)], "alt", 9.0),
    # before treatment
    ([PRED, on("2023-12-12", status="ama_positive", result=False)], "ama_positive", False),
    ([PRED, on("2023-12-13", status="ama_positive", result=False)], "ama_positive",
     "none before treatment"),
    ([on("2024-06-03", status="ama_positive", result=False)], "ama_positive", False),
    # drugs
    ([PRED], "days_on_corticosteroid", 181.0),
    ([on("2023-12-10", start="azathioprine")], "treatment_duration", 0.5),
    ([on("2022-06-10", start="azathioprine")], "treatment_duration", 2.0),
    ([on("2023-12-10", start="prednisolone"), on("2024-02-01", stop="prednisolone"),
      on("2024-02-02", start="azathioprine")], "treatment_duration", 0.5),
    ([on("2023-12-10", start="prednisolone"), on("2024-02", stop="prednisolone"),
      on("2024-02-20", start="azathioprine")], "treatment_duration",
     Interval((3 + 21 / 31) / 12, None)),
    ([PRED, on("2024-02-01", stop="prednisolone", reason="tapered", permanent=False),
      on("2024-02-03", start="azathioprine")], "azathioprine_weeks", 18.2857143),
    ([PRED, on("2024-02-01", stop="prednisolone", reason="tapered", permanent=False)],
     "days_on_corticosteroid", "not taken now"),
    ([on("2024-02", start="azathioprine")], "azathioprine_weeks",
     Interval(102 / 7, 130 / 7)),
    ([on("2024-02-01", change="azathioprine", dose="50 mg/d")], "azathioprine_weeks",
     Interval(130 / 7, None)),
    ([on("2024-02", start="azathioprine")], "current_drugs", ("azathioprine",)),
    ([on("2024-06", start="azathioprine")], "current_drugs", "may be later"),
    ([on("2024-06", start="azathioprine")], "treatment_started", "may be later"),
    ([], "treatment_started", False),
    ([on("2024-01-01", start="other_drug")], "treatment_started", False),
    ([on("2024-01-01", start="immunosuppressive_therapy")], "treatment_started", True),
    ([on("2024-01-01", start="immunosuppressive_therapy")], "current_drugs", "cannot name"),
    ([on("2024-01-01", start="immunosuppressive_therapy"),
      on("2024-02-01", stop="immunosuppressive_therapy", reason="failure")], "failed_drugs",
     "cannot name"),
    ([on("2024-01-01", start="immunosuppressive_therapy"),
      on("2024-02-01", stop="immunosuppressive_therapy", reason="tapered")], "current_drugs", ()),
    ([], "current_drugs", ()),
    ([PRED, on("2024-02-01", stop="prednisolone")], "permanently_stopped_drugs", "not say why"),
    ([PRED, on("2024-02-01", stop="prednisolone", reason="intolerance")],
     "permanently_stopped_drugs", "whether"),
    ([PRED, on("2024-02-01", stop="prednisolone", reason="intolerance")],
     "adverse_event_drugs", ("prednisolone",)),
    ([PRED, on("2024-02-01", stop="prednisolone", reason="failure", permanent=True)],
     "failed_drugs", ("prednisolone",)),
    ([on("2024-02-01", event="failure", attributed_to="azathioprine")], "failed_drugs",
     ("azathioprine",)),
    ([on("2024-02-01", event="cytopenia")], "azathioprine_reaction", "to which drug"),
    ([on("2024-02-01", event="cytopenia", attributed_to="none")], "azathioprine_reaction", ()),
    ([on("2024-02-01", stop="azathioprine", reason="intolerance", permanent=True)],
     "azathioprine_reaction", "what was not tolerated"),
    ([on("2024-06-01", status="cytopenia", result="none"),
      on("2024-06-05", event="cytopenia", severity="moderate")], "cytopenia", "says no more"),
    ([on("2020-01-01", event="relapse"), on("2022", event="relapse")], "relapse_count", 2.0),
    ([on("2022", event="relapse"), on("2022", event="relapse")], "relapse_count",
     Interval(1.0, 2.0)),
    ([on("2022", event="relapse"), on("2022-03-01", event="relapse")], "relapse_count",
     Interval(1.0, 2.0)),
    ([on("2022", event="relapse"), on("2024-06", event="relapse")], "relapse_count",
     Interval(1.0, 2.0)),
    ([on("2022-03-01", event="relapse"), on("2022-03-01", event="relapse")], "relapse_count", 1.0),
    # dose
    ([on("2024-01-01", start="azathioprine", dose="1.5 mg/kg/d")], "azathioprine_dose", 1.5),
    ([on("2024-01-01", start="azathioprine", dose="75 mg/d"),
      on("2024-05-01", observe="weight", value="50 kg")], "azathioprine_dose", 1.5),
    ([on("2024-01-01", start="azathioprine", dose="75 mg/d"),
      on("2023-05-01", observe="weight", value="50 kg")], "azathioprine_dose", "last seen"),
    ([on("2024-01-01", start="azathioprine", dose="75 mg/d")], "azathioprine_dose",
     "weight is not known"),
    ([on("2024-01-01", start="azathioprine", dose="75 mg/d"), on("2024-03-01",
     change="azathioprine")], "azathioprine_dose", "does not say the dose"),
    # a value at a fixed time after the start (2023-12-12)
    ([PRED, on("2023-12-10", **ALT, value="200 U/L"), on("2024-01-09", **ALT, value="100 U/L")],
     "alt_fall_at_4_weeks", 50.0),
    ([PRED, on("2023-12-10", **ALT, value="200 U/L"), on("2024-01-16", **ALT, value="100 U/L")],
     "alt_fall_at_4_weeks", 50.0),
    ([PRED, on("2023-12-10", **ALT, value="200 U/L"), on("2024-01-17", **ALT, value="100 U/L")],
     "alt_fall_at_4_weeks", "no value from 2024-01-02 to 2024-01-16"),
    ([PRED, on("2023-12-10", **ALT, value="200 U/L"), on("2024-01", **ALT, value="100 U/L")],
     "alt_fall_at_4_weeks", "is in time is not known"),
    ([PRED, on("2023-12-10", **ALT, value="30 U/L"), on("2024-01-09", **ALT, value="20 U/L")],
     "alt_fall_at_4_weeks", "was not raised"),
    ([PRED, on("2023-11-10", **ALT, value="200 U/L"), on("2024-01-09", **ALT, value="100 U/L")],
     "alt_fall_at_4_weeks", "too old"),
    ([PRED, on("2023-12-10", **ALT, value="200 U/L"), on("2024-01-08", **ALT, value="100 U/L"),
      on("2024-01-10", **ALT, value="50 U/L")], "alt_fall_at_4_weeks", "equally near"),
    ([PRED, on("2024-06-10", **ALT, value="30 U/L")], "alt_multiple_at_6_months", 1.0),
    ([on("2023-12", start="prednisolone"), on("2024-06-10", **ALT, value="30 U/L")],
     "alt_multiple_at_6_months", "treatment began between"),
]  # fmt: skip


def near(value: Any) -> Any:
    """Round the numbers of a value, of which some are times."""
    if isinstance(value, Interval):
        return Interval(near(value.low), near(value.high), value.low_open, value.high_open)
    return round(value, 6) if isinstance(value, float) else value


def named(known: Any) -> str:
    return known if isinstance(known, str) else ""


@pytest.mark.parametrize(("timeline", "fact", "expected"), KNOWN, ids=named)
def test_examples(timeline: list[Data], fact: str, expected: Any) -> None:
    case = read(chart(*timeline))
    if fact in case.facts:
        found = case.facts[fact]
        assert near(found) == near(expected)
        assert case.origins[fact].how
    elif expected is None:
        assert fact not in case.withheld
    else:
        assert expected in case.withheld[fact]


NORMAL = {"alt": "30 U/L", "ast": "30 U/L", "igg": "12 g/L"}
RAISED = {"alt": "90 U/L", "ast": "90 U/L", "igg": "20 g/L"}
LIMIT = {"alt": "40 U/L", "ast": "40 U/L", "igg": "16 g/L"}


def labs(date: str, values: dict[str, str]) -> list[Data]:
    return [on(date, observe=n, value=v, upper_limit=LIMIT[n]) for n, v in values.items()]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([("2022-06-01", RAISED), ("2022-12-10", NORMAL), ("2023-06-10", NORMAL),
          ("2023-12-10", NORMAL), ("2024-06-01", NORMAL)], Interval(1.5, None)),
        ([("2022-06-10", RAISED), ("2022-12-10", NORMAL), ("2023-06-10", NORMAL),
          ("2023-12-10", NORMAL), ("2024-06-01", NORMAL)], 1.5),
        ([("2022-06-10", RAISED), ("2022-12-10", NORMAL), ("2023-06-11", NORMAL),
          ("2023-12-10", NORMAL), ("2024-06-01", NORMAL)], Interval((11 + 30 / 31) / 12, None)),
        ([("2023-12-10", NORMAL), ("2024-06-01", NORMAL)], Interval(0.5, None)),
        ([("2024-05-01", NORMAL), ("2024-06-01", RAISED)], "is not normal"),
        ([("2024-02-01", RAISED), ("2024-03-01", NORMAL)], "last seen 2024-03-01"),
        ([("2024-02-01", RAISED), ("2024-03-12", NORMAL)], (2 + 29 / 31) / 12),
        ([("2024-02-01", RAISED), ("2024-03", NORMAL)], "last seen 2024-03"),
        ([("2024-04-01", RAISED), ("2024-05", NORMAL)],
         Interval(10 / 30 / 12, (1 + 9 / 30) / 12)),
        ([("2024-02", RAISED), ("2024-02-20", NORMAL), ("2024-05-01", NORMAL)], "the order of"),
        ([], None),
    ],
)  # fmt: skip
def test_time_in_remission(told: list[tuple[str, dict[str, str]]], expected: Any) -> None:
    case = read(chart(*(e for date, values in told for e in labs(date, values))))
    name = "biochemical_remission_duration"
    if isinstance(expected, str):
        assert expected in case.withheld[name] and name not in case.facts
    else:
        found = case.facts.get(name)
        assert near(found) == near(expected)


def test_time_in_remission_needs_every_test() -> None:
    told = [e for date in ("2024-02-01", "2024-05-01") for e in labs(date, NORMAL)]
    case = read(chart(*[e for e in told if e["observe"] != "igg"]))
    assert "`igg` is not recorded" in case.withheld["biochemical_remission_duration"]


@pytest.mark.parametrize(
    ("birth", "as_of", "expected"),
    [("2006-06-10", "2024-06-10", 18.0), ("2006-06-11", "2024-06-10", 17.0),
     ("2006-05", "2024-06-10", 18.0), ("2006-06", "2024-06-10", Interval(17, 18)),
     ("1990", "2024-06-10", Interval(33, 34)),
     ("1964-02-29", "2024-02-28", 59.0), ("1964-02-29", "2024-02-29", 60.0),
     ("1964-02-29", "2023-02-28", 59.0)],
)  # fmt: skip
def test_age(birth: str, as_of: str, expected: float | Interval) -> None:
    case = read({**chart(), "patient": {"birth": birth}}, datetime.date.fromisoformat(as_of))
    assert case.facts.get("age") == expected


def test_what_is_given_holds_and_a_disagreement_is_told() -> None:
    of = chart(on("2024-06-03", observe="alt", value="147 U/L"))
    case = read(of, facts={"alt": 40})
    assert case.facts["alt"] == 40 and "alt" not in case.origins
    assert [(n.code, n.severity) for n in case.notes] == [("D117", "note")]
    assert not read(of, facts={"alt": 147}).notes


def test_facts_of_a_chart_that_exclude_each_other_are_not_used() -> None:
    of = chart(on("2024-06-03", status="encephalopathy_within_26_weeks", result=True),
               on("2024-06-03", status="hepatic_encephalopathy", result=False))  # fmt: skip
    case = read(of)
    assert [n.code for n in case.notes] == ["D118"]
    assert not {"hepatic_encephalopathy", "encephalopathy_within_26_weeks"} & set(case.facts)


def test_a_record_is_complete_only_up_to_its_end() -> None:
    of = chart(on("2024-01-01", start="azathioprine"))
    later = datetime.date(2024, 9, 1)
    assert "only up to 2024-06-10" in read(of, later).withheld["current_drugs"]
    assert read({**of, "until": "2024-09-01"}, later).facts["current_drugs"] == ("azathioprine",)


@pytest.mark.parametrize("year", [1, 1849, 2201, 9999])
def test_a_chart_is_answered_for_a_date_that_people_live_in(year: int) -> None:
    with pytest.raises(Invalid, match="D115"):
        read(chart(PRED), datetime.date(year, 12, 31))
    far = chart({"day": (year - 2024) * 366, "observe": "alt", "value": "9 U/L"}, day_zero="2024")
    with pytest.raises(Invalid, match="D111"):
        read(far)


def test_a_start_without_a_date_is_not_given_one() -> None:
    of = chart({"seq": 1, "start": "azathioprine"}, until="2024-06-10")
    assert read(of).facts["current_drugs"] == ("azathioprine",)
    assert read(of).withheld["azathioprine_weeks"] == "begun on a day that is not known"


def test_days_count_from_day_zero() -> None:
    of = chart({"day": 28, "observe": "alt", "value": "147 U/L"}, day_zero="2024-05-10")
    assert read(of).origins["alt"].date == "2024-06-07"
    assert "alt" in read({**of, "day_zero": "2024-05"}).withheld


def test_a_contradiction_is_noted_where_it_stands() -> None:
    of = chart(on("2024-06-03", observe="alt", value="9 U/L"),
               on("2024-06-03", observe="alt", value="8 U/L"))  # fmt: skip
    [note] = read(of).notes
    assert (note.code, note.severity) == ("D116", "note") and "`alt`" in note.message


def test_what_a_chart_tells_to_be_done_is_due_from_then_on() -> None:
    of = chart(on("2024-06-01", status="aih_diagnosis", result="definite"),
               on("2024-06-01", status="cirrhosis", result="compensated"),
               on("2024-02-20", done="liver_ultrasound"),
               on("2024-06-11", done="liver_ultrasound"))  # fmt: skip
    found = Evaluator(knowledge(), [knowledge().guidelines["aasld_2019"]], "program")
    said = {r.statement: r for r in found.evaluate(read(of)).guidelines[0].recommendations}
    due = {d.intervention: d for d in said["aasld_2019/monitoring/cirrhosis_ultrasound"].due}
    ultrasound = due["liver_ultrasound"]
    assert (ultrasound.last, ultrasound.latest) == ("2024-02-20", "2024-08-20")
    assert due["alpha_fetoprotein"].last is None


@pytest.mark.parametrize(
    ("entry", "code", "says"),
    [(on("2024-06-01", done="liver_ultrasond"), "D113", "liver_ultrasound"),
     (on("2024-06-01", done="azathioprine"), "D113", "is a drug"),
     (on("2024-06-01", done="blood_count", result="normal"), "D112", "does not belong"),
     (on("2006-06-09", observe="alt", value="9 U/L"), "D111", "before the birth"),
     (on("2006-05", done="blood_count"), "D111", "before the birth")],
)  # fmt: skip
def test_entries_that_are_refused(entry: Data, code: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        read({**chart(entry), "patient": {"birth": "2006-06-10"}})
    [found] = refused.value.diagnostics
    assert found.code == code and says in f"{found.message} {found.help}"


TGN = {"observe": "tgn", "value": "300 pmol/(8.10*8.{RBC})"}


@pytest.mark.parametrize(
    ("measured", "changes", "why"),
    [("2024-05-02", [on("2024-05-01", change="azathioprine", dose="50 mg/d")], ""),
     ("2024-05-01", [on("2024-05-01", change="azathioprine", dose="50 mg/d")],
      "before azathioprine was changed on 2024-05-01"),
     ("2024-05-01", [on("2024-05-03", start="allopurinol")], "before allopurinol was begun"),
     ("2024-05-01", [on("2024-05-03", stop="mercaptopurine")], "before mercaptopurine was stopped"),
     ("2024-05-01", [on("2024-05-03", change="prednisolone", dose="5 mg/d")], ""),
     ("2024-05-10", [on("2024-05", change="azathioprine", dose="50 mg/d")], "perhaps before"),
     ("2024-05-10", [on("2024-07", change="azathioprine", dose="50 mg/d")], ""),
     ("2024-05", [on("2024-05-03", change="azathioprine", dose="50 mg/d")], "perhaps before")],
)  # fmt: skip
def test_a_metabolite_tells_of_the_dose_under_which_it_was_measured(
    measured: str, changes: list[Data], why: str
) -> None:
    case = read(chart(on(measured, **TGN), *changes))
    if why:
        assert why in case.withheld["tgn"] and "tgn" not in case.facts
    else:
        assert case.facts["tgn"] == 300


def test_metabolites_in_another_unit_are_asked_about_not_converted() -> None:
    of = chart(on("2024-06-03", observe="tgn", value="300 pmol/(0.2.mL)"))
    with pytest.raises(Invalid, match="ask the laboratory"):
        read(of)


# --- whole charts ----------------------------------------------------------------------------


@functools.cache
def evaluator() -> Evaluator:
    return Evaluator(knowledge(), knowledge().guidelines.values(), "program", check=True)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_fixtures_come_out_as_expected(path: Path) -> None:
    [document] = documents(str(path))
    assert isinstance(document, Document) and document.data["synthetic"] and document.data["expect"]
    case = CaseReader(knowledge().facts, knowledge().interventions).read(document)
    found = [
        *check_expectations(document, knowledge()),
        *check_result(case, document, evaluator().evaluate(case), knowledge()),
    ]
    assert not found, "\n\n".join(map(draw, found))


def test_there_are_fixtures() -> None:
    assert len(FIXTURES) >= 10


def test_five_thousand_entries() -> None:
    told = [
        on(str(AS_OF - datetime.timedelta(days=i // 4)), observe=("alt", "ast")[i % 2],
           value=f"{20 + i % 7} U/L", upper_limit="40 U/L", seq=5000 - i)
        for i in range(5000)
    ]  # fmt: skip
    assert read(chart(*told)).facts["alt_multiple"] == 0.5
