"""Random charts: dates full and partial, near each other and near the day that is asked about."""

from __future__ import annotations

import calendar
import datetime
import functools
from typing import Any

from hypothesis import strategies as st

from hepatica import ir
from hepatica.case import Case, CaseReader
from hepatica.case_files import document_of
from hepatica.load import load

AS_OF = datetime.date(2024, 6, 10)
Data = dict[str, Any]
DRUGS = ("prednisolone", "azathioprine", "budesonide", "mycophenolate_mofetil")
MEASURED = {"alt": ("U/L", (10, 40, 147, 300)), "igg": ("g/L", (8, 16, 25))}
STATED: dict[str, list[Any]] = {
    "adherence": ["adherent", "non_adherent"],
    "cirrhosis": ["none", "compensated"],
    "jaundice": [True, False],
    "aih_diagnosis": ["suspected", "definite"],
    "ama_positive": [True, False],
    "alt_multiple": [1, 4.9],
}


@functools.cache
def knowledge() -> ir.Knowledge:
    return load()


@functools.cache
def reader() -> CaseReader:
    return CaseReader(knowledge().facts, knowledge().interventions)


def read(chart: Data, as_of: datetime.date = AS_OF, **case: Any) -> Case:
    data = {"id": "c", "as_of": AS_OF.isoformat(), "chart": chart, **case}
    return reader().read(document_of(data), as_of.isoformat())


def facts(case: Case) -> dict[str, Any]:
    return dict(case.facts)


def dates(partial: bool, last: int = 3) -> st.SearchStrategy[str]:
    """Days up to `last` days after the day asked about, gathered near it and near its windows."""
    near = st.sampled_from([0, 1, 2, 6, 7, 8, 9, 29, 30, 31, 60, 89, 90, 91, 180, 181, 400, 730])
    back = st.one_of(near, st.integers(-last, 900)).filter(lambda n: n >= -last)
    day = back.map(lambda n: AS_OF - datetime.timedelta(days=n))
    if not partial:
        return day.map(str)
    return st.tuples(day, st.sampled_from([10, 10, 10, 7, 4])).map(
        lambda pair: str(pair[0])[: pair[1]]
    )


@st.composite
def entries(draw: st.DrawFn, when: st.SearchStrategy[str]) -> Data:
    kind = draw(st.sampled_from(["observe", "observe", "status", "start", "start", "change", "stop",
                                 "stop", "event"]))  # fmt: skip
    entry: Data = {"date": draw(when)}
    if kind == "observe":
        name = draw(st.sampled_from(list(MEASURED)))
        unit, values = MEASURED[name]
        entry["observe"] = name
        if draw(st.integers(0, 5)) == 0:
            entry["result"] = draw(st.sampled_from(["normal", "high"]))
        else:
            sign = draw(st.sampled_from(["", "", "", "", "<", ">"]))
            entry["value"] = f"{sign}{draw(st.sampled_from(values))} {unit}"
        if draw(st.integers(0, 3)):
            entry["upper_limit"] = f"{values[1]} {unit}"
        if "result" in entry:
            entry.pop("upper_limit", None)
    elif kind == "status":
        name = draw(st.sampled_from(list(STATED)))
        key = "value" if name == "alt_multiple" else "result"
        entry |= {"status": name, key: draw(st.sampled_from(STATED[name]))}
    elif kind == "done":
        entry["done"] = draw(st.sampled_from(["bone_densitometry", "blood_count"]))
    elif kind == "event":
        entry["event"] = draw(st.sampled_from(["cytopenia", "pancreatitis", "relapse", "failure"]))
        for key, values_ in (("severity", ["mild", "severe"]), ("attributed_to", [*DRUGS, "none"])):
            if draw(st.booleans()):
                entry[key] = draw(st.sampled_from(values_))
    else:
        entry[kind] = draw(st.sampled_from(DRUGS))
        if kind != "stop" and draw(st.booleans()):
            entry["dose"] = draw(st.sampled_from(["75 mg/d", "1 mg/kg/d"]))
        if kind == "stop":
            reasons = [None, "intolerance", "failure", "tapered"]
            for key, options in (("reason", reasons), ("permanent", [None, True, False])):
                said = draw(st.sampled_from(options))
                if said is not None:
                    entry[key] = said
    return entry


@st.composite
def charts(draw: st.DrawFn, partial: bool = True, ordered: bool = False) -> Data:
    """Draw a chart; with `ordered` some entries have a `seq`, no date, or are corrected."""
    when = dates(partial)
    chart: Data = {"timeline": draw(st.lists(entries(when), max_size=12))}
    for entry in chart["timeline"] if ordered else ():
        how = draw(st.integers(0, 5))
        if how < 3:
            entry["seq"] = draw(st.integers(1, 4))
        if how == 0:
            del entry["date"]
        if how == 5 and "event" not in entry:
            entry["corrected"] = True
    if ordered and draw(st.booleans()):
        chart["until"] = draw(st.sampled_from(["2024-06-01", "2024-06-10", "2024-07-01"]))
    chart["patient"] = draw(
        st.sampled_from([{}, {"sex": "female", "birth": "1961-06", "weight": "75 kg"},
                         {"birth": "2006-06-10"}])
    )  # fmt: skip
    every = ["medications", "adverse_events", "failures", "relapses"]
    chart["complete"] = draw(st.sampled_from([[], every, every, every[:1]]))
    return chart


def refined(draw: st.DrawFn, text: str) -> str:
    """Choose a day that a partial date may mean."""
    if len(text) == 10:
        return text
    if len(text) == 4:
        text += f"-{draw(st.integers(1, 12)):02d}"
    year, month = map(int, text.split("-"))
    last = calendar.monthrange(year, month)[1]
    # The first, the last and the days beside the one asked about are where mistakes would be.
    day = draw(st.one_of(st.sampled_from([1, 9, 10, 11, last]), st.integers(1, last)))
    return f"{text}-{day:02d}"
