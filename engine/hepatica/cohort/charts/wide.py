"""The facts of charts as a table: a row a patient and a column a fact, as `hepatica cohort` reads.

A number of which only bounds are known stands in `FACT.low` and `FACT.high` (null: no such bound),
with `FACT.low_open` and `FACT.high_open` true where the end does not belong to it; the column of
the fact itself is null there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from hepatica import ir
from hepatica.cohort.charts.derive import Charts, Facts
from hepatica.cohort.charts.read import WRONG
from hepatica.cohort.charts.tables import Loaded
from hepatica.cohort.mapping import PATIENT
from hepatica.cohort.reading import KEEP, MARK
from hepatica.cohort.synthesize import column_name
from hepatica.compile.expressions import dtype_of
from hepatica.interval import Interval

AS_OF = "as_of"
ENDS = ("low", "high", "low_open", "high_open")


def wide(charts: Charts, found: Facts, facts: Mapping[str, ir.Fact]) -> pl.DataFrame:
    """Put facts in columns: `patient`, `as_of`, the facts, and behind them the bounds."""
    people = charts.people.select("p", pl.col("patient").alias(PATIENT), AS_OF)
    place = people.select("p").with_row_index("place")
    long = found.long.join(place, on="p")
    exact: list[pl.Series] = []
    bounds: list[pl.Series] = []
    by_fact = long.partition_by("t", as_dict=True)
    for name, fact in facts.items():
        rows = by_fact.get((name,))
        if rows is None:
            continue
        values = [charts.pool.values[held] for held in rows["held"]]
        plain = [None if isinstance(v, Interval) else list(v) if isinstance(v, tuple) else v
                 for v in values]  # fmt: skip
        exact.append(_column(column_name(fact), rows, plain, dtype_of(fact), len(people)))
        if any(isinstance(value, Interval) for value in values):
            for end in ENDS:
                ends = [getattr(v, end) if isinstance(v, Interval) else None for v in values]
                dtype = pl.Boolean() if end.endswith("open") else pl.Float64()
                bounds.append(_column(f"{name}.{end}", rows, ends, dtype, len(people)))
    return people.drop("p").with_columns(*exact, *bounds)


def columns_in_order(names: Iterable[str], facts: Mapping[str, ir.Fact]) -> list[str]:
    """Put columns of tables of facts in the order of `wide`, whatever facts each of them has."""
    ends = [f"{name}.{end}" for name in facts for end in ENDS]
    known = [PATIENT, AS_OF, *map(column_name, facts.values()), *ends]
    there = dict.fromkeys(names)
    return [n for n in known if n in there] + [n for n in there if n not in set(known)]


def _column(
    name: str, rows: pl.DataFrame, values: list[Any], dtype: pl.DataType, size: int
) -> pl.Series:
    """Spread values over the patients; null where there is none."""
    told = pl.DataFrame({"place": rows["place"], name: pl.Series(values, dtype=dtype)})
    every = pl.DataFrame({"place": pl.Series(range(size), dtype=rows["place"].dtype)})
    return every.join(told, on="place", how="left", maintain_order="left")[name]


def bounded(frame: pl.DataFrame) -> dict[str, int]:
    """Count, for each fact, the patients of whom only bounds are known."""
    ends = [name for name in frame.columns if name.endswith(".low_open")]
    names = {name.removesuffix(".low_open"): name for name in ends}
    return {fact: int(frame[column].is_not_null().sum()) for fact, column in names.items()}


def asked_whether_known(leaves: Iterable[ir.Leaf]) -> set[str]:
    """Name the facts of which some rule asks whether they are known."""
    return {leaf.fact for leaf in leaves if leaf.op == "known"}


def only_bounds(frame: pl.DataFrame, asked: Iterable[str]) -> pl.DataFrame:
    """List patients of whom only bounds of some asked facts are known, as rows that are wrong.

    Of bounds a rule learns neither that the fact is known nor that it is not. A table cannot say
    that, and a missing value would be a wrong "not known".
    """
    found = [pl.DataFrame(schema=WRONG)]
    for fact in sorted(asked):
        if f"{fact}.low_open" in frame.columns:
            text = f"only bounds of `{fact}` are known, and a rule asks whether it is known"
            labels = {
                "table": "facts",
                "code": "D321",
                "text": text,
                "help": "answer these patients by `hepatica eval`, or choose guidelines",
            }
            rows = frame.filter(pl.col(f"{fact}.low_open").is_not_null()).select(
                pl.col(PATIENT), pl.lit(0, pl.UInt32).alias("row"),
                *[pl.lit(said).alias(name) for name, said in labels.items()],
            )  # fmt: skip
            found.append(rows.select(*WRONG))
    return pl.concat(found)


def kept(frame: pl.DataFrame, patients: Loaded | None, keep: Sequence[str]) -> pl.DataFrame:
    """Add columns of the table of patients, as they are; that they are invented stays, too."""
    if patients is not None and KEEP + MARK in patients.frame.columns and MARK not in keep:
        keep = (*keep, MARK)
    if patients is None or not keep:
        return frame
    more = patients.frame.select(
        pl.col("patient").alias(PATIENT), *[pl.col(KEEP + name).alias(name) for name in keep]
    )
    return frame.join(more, on=PATIENT, how="left", maintain_order="left")
