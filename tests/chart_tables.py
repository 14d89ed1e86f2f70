"""Charts as the tables of a cohort, so that both can be compared."""

from __future__ import annotations

from typing import Any

import polars as pl

from hepatica.cohort.charts.tables import COLUMNS, Loaded

Data = dict[str, Any]


def tables_of(charts: list[Data], as_of: list[str]) -> dict[str, Loaded]:
    """Write charts (by their place, as the ids of the patients) as tables of text."""
    rows: dict[str, list[Data]] = {name: [] for name in COLUMNS}
    for i, (chart, day) in enumerate(zip(charts, as_of, strict=True)):
        patient = {"patient": str(i), "as_of": day, **chart["patient"]}
        patient["until"] = chart.get("until")
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
    kind = next(k for k in ("start", "change", "stop") if k in entry)
    return "medications", {**entry, "drug": entry[kind], "change": kind}


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ";".join(value)
    return None if value is None else str(value)
