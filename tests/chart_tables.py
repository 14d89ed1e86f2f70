"""Charts as the tables of a cohort, so that both can be compared."""

from __future__ import annotations

import datetime
import random
from typing import Any

import polars as pl
from drawn_charts import AS_OF

from hepatica.cohort.charts.tables import COLUMNS, Loaded

Data = dict[str, Any]


def tables_of(charts: list[Data], as_of: list[str]) -> dict[str, Loaded]:
    """Write charts (by their place, as the ids of the patients) as tables of text."""
    rows: dict[str, list[Data]] = {name: [] for name in COLUMNS}
    for i, (chart, day) in enumerate(zip(charts, as_of, strict=True)):
        patient = {"patient": str(i), "as_of": day, **chart["patient"]}
        patient |= {name: chart.get(name) for name in ("until", "day_zero")}
        rows["patients"].append({**patient, "complete": ";".join(chart["complete"])})
        for entry in chart["timeline"]:
            name, row = _row(entry)
            rows[name].append({"patient": str(i), **row})
    found = {}
    for name, columns in COLUMNS.items():
        frame = pl.DataFrame(
            [[_text(row.get(column)) for column in columns] for row in rows[name]],
            schema=dict.fromkeys(columns, pl.String), orient="row",
        ).with_row_index("row", offset=1)  # fmt: skip
        found[name] = Loaded(frame, name, ())
    return found


def _row(entry: Data) -> tuple[str, Data]:
    if "observe" in entry:
        low, high = entry.get("range", (None, entry.get("upper_limit")))
        row = {**entry, "code": entry["observe"], "lower_limit": low, "upper_limit": high}
        return "observations", row
    if "status" in entry:
        value = entry.get("value", entry.get("result"))
        return "statuses", {**entry, "fact": entry["status"], "value": value}
    if "event" in entry:
        return "events", entry
    if "done" in entry:
        return "done", {**entry, "test": entry["done"]}
    kind = next(k for k in ("start", "change", "stop") if k in entry)
    return "medications", {**entry, "drug": entry[kind], "change": kind}


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ";".join(value)
    return None if value is None else str(value)


def long_story(draw: random.Random) -> Data:
    """Draw a chart around a first day of treatment, so that every way of deriving finds a fact."""
    start = AS_OF - datetime.timedelta(days=draw.choice([27, 28, 35, 150, 180, 183, 200, 215, 400]))

    def day(after: int) -> str:
        return str(start + datetime.timedelta(days=after))

    told: list[Data] = [{"date": day(0), "start": "prednisolone", "dose": "40 mg/d"}]
    anywhere = [draw.randint(0, (AS_OF - start).days) for _ in range(6)]
    for after in [-31, -30, -1, 0, 1, 20, 21, 28, 28, 35, 36, 168, 183, 200, 213, 214, *anywhere]:
        fact = draw.choice(["alt", "ast", "igg", "alt", "ast"])
        unit, limit = ("g/L", 16) if fact == "igg" else ("U/L", 40)
        value = draw.choice([limit, limit / 2, limit - 0.1, limit * 4, limit * 4, f"<{limit // 3}"])
        entry = {"date": day(after), "observe": fact, "value": f"{value} {unit}"}
        if draw.random() < 0.9:
            entry["upper_limit"] = f"{limit} {unit}"
        told.append(entry)
        if draw.random() < 0.1:
            told.append({**entry, "value": f"{limit - 2} {unit}"})
    near = str(AS_OF - datetime.timedelta(days=draw.choice([0, 1, 60, 90, 91])))
    extra: list[Data] = [
        {"date": day(28), "status": "alt_fall_at_4_weeks", "value": draw.choice([50, 90])},
        {"date": near, "observe": "weight", "value": draw.choice(["70 kg", ">60 kg", "65.5 kg"])},
        {"date": day(draw.choice([-1, 0, 1])), "status": "ama_positive", "result": True},
        {"date": near, "start": "azathioprine", "dose": draw.choice(["75 mg/d", "50 mg"])},
        {"date": near, "observe": "tgn", "value": "300 pmol/(8.10*8){RBC}"},
        {"date": near, "event": "cytopenia", "severity": "severe", "attributed_to": "azathioprine"},
        {"date": day(20), "event": "relapse"},
        {"date": near, "stop": "prednisolone", "reason": draw.choice(["failure", "intolerance"])},
        {"date": day(5)[:7], "status": "adherence", "result": "adherent"},
        {"date": near, "change": "mycophenolate_mofetil"},
        {"date": near, "observe": "alt", "value": "20 U/L", "upper_limit": "40 U/L",
         "corrected": True},
    ]  # fmt: skip
    told += [entry for entry in extra if draw.random() < 0.25]
    draw.shuffle(told)
    complete = ["medications", "adverse_events", "failures", "relapses"]
    patient = {"sex": "female", "birth": draw.choice(["1961-06", "1980-02-29"]), "weight": "75 kg"}
    return {"patient": patient, "complete": complete if draw.random() < 0.9 else [],
            "timeline": told}  # fmt: skip
