"""When each row of the tables lies: a date, a day from day zero, or a place in an order.

Each different time is read once. What follows from it for a patient (`day` counts from that
patient's day zero, a `seq` alone lies up to the end of the record) is worked out in columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from hepatica.chart.names import Names
from hepatica.chart.order import out_of_order
from hepatica.chart.read import read_chart
from hepatica.chart.time import CALENDAR, EVER, read_date
from hepatica.cohort.charts.pool import DAY, ID, Schema
from hepatica.cohort.charts.tables import TIMES
from hepatica.source import Document, Source

_WHOLE = re.compile(r"([-+]?[0-9]{1,9})(?:\.0+)?\Z")
_WRITE = "write it as 2024-05-30, 2024-05 or 2024"
_READ: Schema = {"d": ID, "first": DAY, "last": DAY, "after": pl.Int64(), "ordered": pl.Boolean(),
                 "why": pl.String(), "mend": pl.String()}  # fmt: skip
Add = Callable[[pl.DataFrame, "str | pl.Expr", "str | pl.Expr"], None]
"""Takes rows whose time is wrong, what is wrong, and the remedy."""


def dated(
    rows: pl.DataFrame, people: pl.DataFrame, add: Add
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Read the times of rows; those that say none, or one on no calendar, go to `add`.

    Adds `d` (which of the times that are given too, as an entry of a chart has them), `first`,
    `last`, and `ordered`: whether the row has a place in an order. Of people it takes `p`,
    `birth_first`, `until`, `zero_first` and `zero_last`, by `patient`, and `read`: whether what is
    told of the patient could be read.
    """
    keys = rows.select(TIMES).unique(maintain_order=True)
    times: list[dict[str, Any]] = []
    read: list[tuple[Any, ...]] = []
    for date, day, seq in keys.iter_rows():
        time, *found = _time(date, day, seq)
        read.append((len(times), *found))
        times.append(time)
    keys = keys.hstack(pl.DataFrame(read, schema=_READ, orient="row"))
    rows = rows.join(keys, on=TIMES, nulls_equal=True, maintain_order="left")
    add(rows.filter(pl.col("why").is_not_null()), pl.col("why"), pl.col("mend"))
    rows = rows.filter(pl.col("why").is_null())
    about = ("p", "patient", "birth_first", "until", "zero_first", "zero_last", "read")
    rows = rows.join(people.select(about), on="patient", maintain_order="left")
    counted = pl.col("after").is_not_null()
    without = counted & pl.col("zero_first").is_null()
    add(rows.filter(without & pl.col("read")),
        "`day` counts from `day_zero`, which the chart does not give",
        "give `day_zero` as a date, or the entry a `date`")  # fmt: skip
    rows = rows.filter(~without)
    first, last = (pl.col(f"zero_{end}") + pl.col("after") for end in ("first", "last"))
    outside = counted & ((first < CALENDAR.first) | (last > CALENDAR.last))
    add(rows.filter(outside), "no such day", "check the number")
    rows = rows.filter(~outside)
    alone = pl.col("first").is_null() & ~counted
    return rows.with_columns(
        first=pl.when(alone).then(EVER.first).when(counted).then(first)
        .otherwise("first").cast(DAY),
        last=pl.when(alone).then(pl.col("until").fill_null(EVER.last)).when(counted).then(last)
        .otherwise("last").cast(DAY),
    ), times  # fmt: skip


def _time(date: str | None, day: str | None, seq: str | None) -> tuple[Any, ...]:
    """Read one time: the keys of an entry, its days, and what is wrong with it and the remedy."""
    nothing: tuple[Any, ...] = ({}, None, None, None, False)
    numbers = {}
    for name, text in (("day", day), ("seq", seq)):
        if text is not None:
            match = _WHOLE.match(text)
            if match is None:
                return *nothing, f"`{text}` in `{name}` is no whole number", "write a whole number"
            numbers[name] = int(match[1])
    if date is not None and day is not None:
        return *nothing, "an entry has one time", "keep `date` or `day`"
    if date is None and not numbers:
        return *nothing, "a row without a date", _WRITE
    span = None if date is None else read_date(date)
    if date is not None and span is None:
        return *nothing, f"`{date}` is not a day, month or year of the calendar", _WRITE
    written = {**({} if date is None else {"date": date}), **numbers}
    return written, *(span or (None, None)), numbers.get("day"), "seq" in numbers, None, None


def out_of_place(
    rows: pl.DataFrame, people: pl.DataFrame, times: Sequence[Mapping[str, Any]],
    written: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]], names: Names,
) -> pl.DataFrame:  # fmt: skip
    """Find rows whose date denies their `seq`: `table`, `row`, `patient` and `why`.

    Asked of the single chart, for each patient who has an entry with a `seq`.
    """
    who = rows.filter("ordered").select("p").unique()
    mine = rows.join(who, on="p", how="semi", maintain_order="left")
    by_patient = mine.group_by("p", maintain_order=True).agg("table", "row", "e", "d")
    about = by_patient.join(people.select("p", "patient", "about", "file_as_of"), on="p",
                            maintain_order="left")  # fmt: skip
    found: list[tuple[str, int, str, str]] = []
    for _, tables, numbers, entries, days, patient, beside, as_of in about.iter_rows():
        timeline = [{**times[d], **written[e]} for e, d in zip(entries, days, strict=True)]
        data = {"chart": {**told[beside], "timeline": timeline}}
        chart, _ = read_chart(Document(Source("chart", ""), data, ({}, {})), names, as_of)
        for place, why in out_of_order(chart):
            i = int(place[2])
            found.append((tables[i], numbers[i], patient, why))
    schema: Schema = {"table": pl.String(), "row": pl.UInt32(), "patient": pl.String(),
                      "why": pl.String()}  # fmt: skip
    return pl.DataFrame(found, schema=schema, orient="row")
