"""Numbers of a table that may be bounds: `<5` in a text cell, or ends in columns of their own.

Bounds are read by the code that reads those of a case, once for each different cell. Ends in
columns are in the unit of the fact's column.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from hepatica import ir
from hepatica.chart.numbers import Refused, bounds, split
from hepatica.cohort.mapping import AS_WRITTEN, Column
from hepatica.cohort.quantities import (
    NO_NUMBER,
    NO_UNIT,
    OTHER_UNIT,
    OUT_OF_RANGE,
    implausible,
    limits,
    number_cells,
    outside,
)
from hepatica.cohort.trouble import FALSE, RAW, TRUE, Found, Trouble, Unsuitable, is_text, stripped
from hepatica.compile.bounds import Ends, columns_of
from hepatica.interval import ENDS, Interval

_MAY_BE = r"[<>≤≥–-]|\bto\b"
_LONGEST = 60
_READ = pl.Struct({
    "number": pl.Float64, "low": pl.Float64, "high": pl.Float64, "low_open": pl.Boolean,
    "high_open": pl.Boolean, "wrong": pl.String, "is_bounds": pl.Boolean,
})  # fmt: skip
_WRONG = {"D103": OUT_OF_RANGE, "D104": OTHER_UNIT}


def numbers_of(
    fact: ir.Fact, column: Column, types: Mapping[str, Any], decimal: str,
    units: Mapping[str, Fraction],
) -> Found:  # fmt: skip
    """Read the columns of a quantity; `types` are those of the table. Raises `Unsuitable`."""
    if column.ends:
        return _beside(fact, column, types, decimal, units)
    raw, dtype = pl.col(RAW + column.column), types[column.column]
    if not (column.bounds and is_text(dtype)):
        value, troubles = number_cells(
            fact, fact.id, column, raw, dtype, decimal, units
        )  # fmt: skip
        if dtype != pl.Null:
            troubles.append(outside(fact, column, raw, dtype, units))
        return Found(value, troubles)
    unit = None if column.unit == AS_WRITTEN else next(iter(units))
    read = functools.partial(_read_all, fact, unit, decimal == "comma")
    name = f"bounds: {fact.id}"
    first = stripped(raw, column).map_batches(read, return_dtype=_READ, is_elementwise=True)
    found = pl.col(name)
    value, troubles = number_cells(fact, fact.id, column, raw, dtype, decimal, units, found)
    beyond = outside(fact, column, raw, dtype, units)
    is_out = (found.struct.field("wrong") == OUT_OF_RANGE).fill_null(False)
    troubles.append(beyond._replace(where=beyond.where.fill_null(False) | is_out))
    ends = tuple(found.struct.field(end).alias(f"{fact.id}.{end}") for end in ENDS)
    return Found(value, troubles, ends, (first.alias(name),))


# --- in text cells ---------------------------------------------------------------------------


def _read_all(fact: ir.Fact, unit: str | None, comma: bool, cells: pl.Series) -> pl.Series:
    """Read the bounds in text cells, each different one once; null for any other cell."""
    distinct = cells.filter(cells.str.contains(_MAY_BE)).unique().to_list()
    found = {text: _read(fact, unit, comma, text) for text in distinct}
    known = {text: read for text, read in found.items() if read is not None}
    told = pl.Series("read", list(known.values()), dtype=_READ)
    frame = pl.DataFrame({"cell": pl.Series(list(known), dtype=pl.String), "read": told})
    joined = pl.DataFrame({"cell": cells}).join(frame, on="cell", how="left", maintain_order="left")
    return joined["read"].alias(cells.name)


def _read(fact: ir.Fact, unit: str | None, comma: bool, text: str) -> dict[str, Any] | None:
    """Read one cell; None where it is no bounds. `unit` is the column's, None if cells name it."""
    if comma:
        if "." in text and split(text) is not None:
            return _wrong(NO_NUMBER)
        text = text.replace(",", ".")
    written = split(text)
    if written is None or not (written.sign or written.high is not None):
        return None
    if len(text) > _LONGEST or (written.sign and written.high is not None):
        return _wrong(NO_NUMBER)
    if written.unit is None:
        if unit is None:
            return _wrong(NO_UNIT)
        text = f"{text} {unit}"
    elif unit is not None and written.unit != unit:
        return _wrong(OTHER_UNIT)
    try:
        held = bounds(fact, text)
    except Refused as refused:
        # What is upside down may be a date, 2020-01: that is told of text that is no number.
        return _wrong(_WRONG[refused.code]) if refused.code in _WRONG else None
    if isinstance(held, Interval):
        ends = {end: getattr(held, end) for end in ENDS}
        return {"number": None, **ends, "wrong": None, "is_bounds": True}
    return {"number": held, **dict.fromkeys(ENDS), "wrong": None, "is_bounds": True}


def _wrong(word: str) -> dict[str, Any]:
    return {"number": None, **dict.fromkeys(ENDS), "wrong": word, "is_bounds": True}


# --- in columns of their own -----------------------------------------------------------------


def _beside(
    fact: ir.Fact, column: Column, types: Mapping[str, Any], decimal: str,
    units: Mapping[str, Fraction],
) -> Found:  # fmt: skip
    """Read a number and, from columns beside it, the ends of its bounds."""
    troubles: list[Trouble] = []
    first: list[pl.Expr] = []

    def read(name: str | None, about: str) -> pl.Expr:
        """Make one of the columns that the value and the ends are made of."""
        inner = f"{about}: {fact.id}"
        if name is None:
            return pl.lit(None, pl.Boolean if about.endswith("open") else pl.Float64)
        raw, dtype = pl.col(RAW + name), types[name]
        if about.endswith("open"):
            value, wrong = _flags(fact, column, raw, dtype, name)
        else:
            value, wrong = number_cells(fact, inner, column, raw, dtype, decimal, units)
        troubles.extend(t._replace(column=name) for t in wrong)
        first.append(value.alias(inner))
        return pl.col(inner)

    number = read(column.column, "number")
    low, high, *opens = (read(column.ends.get(end), end) for end in ENDS)
    low_open, high_open = (
        (end.is_not_null() & is_open).fill_null(False)
        for end, is_open in zip((low, high), opens, strict=True)
    )
    told = Ends(low, high, low_open, high_open)
    meets = (low == high).fill_null(False)
    value = pl.coalesce(number, pl.when(meets).then(low))
    only = number.is_null() & told.given() & ~meets
    ends = tuple(
        pl.when(only).then(end).alias(name)
        for end, name in zip(told, columns_of(fact.id), strict=True)
    )
    both = number.is_not_null() & told.given()
    none = ((low > high) | (meets & (low_open | high_open))).fill_null(False)
    out = only & told.implausible(*limits(fact))
    troubles += [
        outside(fact, column, number, pl.Float32(), units),
        implausible(fact, out, None, column.ends.get("low") or column.ends["high"]),
        Trouble("D322", f"a number of `{fact.id}` and bounds of it in one row",
                "keep the number, or leave it out where only bounds are known", both),
        Trouble("D322", f"bounds of `{fact.id}` that no number is within",
                "lowest first; ends that are the same are one number, and belong to it", none),
    ]  # fmt: skip
    return Found(value, troubles, ends, tuple(first))


def _flags(
    fact: ir.Fact, column: Column, raw: pl.Expr, dtype: Any, name: str
) -> tuple[pl.Expr, list[Trouble]]:
    """Read whether ends are open."""
    if dtype in (pl.Boolean, pl.Null):
        return raw.cast(pl.Boolean), []
    if not is_text(dtype):
        raise Unsuitable("told by bounds, of which this says true or false", "name its column")
    cell = stripped(raw, column)
    true, false = cell.is_in(TRUE), cell.is_in(FALSE)
    wrong = cell.is_not_null() & ~true & ~false
    what = f"neither true nor false for an end of `{fact.id}`"
    value = pl.when(true).then(True).when(false).then(False)
    return value, [Trouble("D308", what, "write true where the end does not belong to it", wrong)]
