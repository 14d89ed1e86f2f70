"""How long all of some facts have been normal without interruption, for a cohort at once."""

from __future__ import annotations

from typing import Any, cast

import polars as pl

from hepatica.chart.time import elapsed, shift
from hepatica.cohort.charts.pool import DAY, mapped
from hepatica.cohort.charts.values import LONG
from hepatica.cohort.charts.view import View, ways
from hepatica.derivation import NormalSince
from hepatica.interval import from_ends


def normal_since(view: View) -> pl.DataFrame:
    """Give the facts that are such a time; bounds where it may be longer than the record shows."""
    found = [pl.DataFrame(schema=LONG)]
    for name, fact in ways(view.names, NormalSince).items():
        way, unit = cast(NormalSince, fact.derive), fact.unit or "a"

        def time(days: list[int], begins: list[bool], now: int, unit: str = unit) -> int:
            times = [elapsed(day, now, unit) for day in days]
            least = min(times)
            most = min((t for t, b in zip(times, begins, strict=True) if b), default=None)
            return view.pool.id(from_ends(least, most))

        runs = pl.concat([_run(view, one, way) for one in dict.fromkeys(way.of)])
        every = runs.group_by("p", "now").agg("first", "begins")
        every = every.filter(pl.col("first").list.len() == len(set(way.of)))
        held = mapped(_packed(every), ["first", "begins", "now"], "held",
                      lambda d, b, now, time=time: time(_days(d), _flags(b), now))  # fmt: skip
        found.append(held.select("p", pl.lit(name).alias("t"), "held"))
    return pl.concat(found)


def _packed(every: pl.DataFrame) -> pl.DataFrame:
    """Write lists as text, which can be compared and joined."""
    lists = [pl.col(n).cast(pl.List(pl.Int32)).cast(pl.List(pl.String)).list.join(" ")
             for n in ("first", "begins")]  # fmt: skip
    return every.with_columns(lists)


def _days(text: str) -> list[int]:
    return [int(day) for day in text.split(" ")]


def _flags(text: str) -> list[bool]:
    return [flag == "1" for flag in text.split(" ")]


def _run(view: View, name: str, way: NormalSince) -> pl.DataFrame:
    """Find the first of the normal results that reach to now, and whether one before was not.

    Columns: `p`, `now`, `first` (a day), `begins`. Patients of whom that is not known are left out.
    """
    told = view.values.filter(pl.col("fact") == name).select("p", "now", "day", "n", "normal")
    told = told.sort("p", "day", "n")

    def back(period: Any) -> Any:
        return lambda day: shift(day, period, -1)

    told = mapped(told, ["day"], "reach", back(way.gap), DAY)
    older = pl.col("day").shift(1).over("p")
    was = pl.col("normal").shift(1).over("p")
    told = told.with_columns(older=older, was=was)
    first = pl.col("older").is_null()
    apart = pl.col("older") < pl.col("reach")
    same = pl.col("older") == pl.col("day")
    differs = ~pl.col("normal").eq_missing(pl.col("was"))
    told = told.with_columns(
        stop=first | apart | ~pl.col("was").fill_null(False),
        wrong=(~first & same & differs).fill_null(False),
        begins=(~first & ~apart & (pl.col("was") == pl.lit(False))).fill_null(False),
    )
    # The last place at which the way back ends: what lies before it is not looked at.
    runs = told.group_by("p", "now").agg(
        newest=pl.col("day").last(), good=pl.col("normal").last(),
        **{n: pl.col(c).filter("stop").last() for n, c in
           (("first", "day"), ("wrong", "wrong"), ("begins", "begins"))},
    )  # fmt: skip
    runs = mapped(runs, ["now"], "bound", back(way.within), DAY)
    fresh = pl.col("newest") >= pl.col("bound")
    kept = pl.col("good").fill_null(False) & ~pl.col("wrong") & fresh
    return runs.filter(kept).select("p", "now", "first", "begins")
