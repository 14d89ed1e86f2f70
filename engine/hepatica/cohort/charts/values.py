"""The newest value, a multiple of its limit, age: what `chart.values` says, a cohort at once."""

from __future__ import annotations

from typing import cast

import polars as pl

from hepatica.chart.time import elapsed
from hepatica.cohort.charts.pool import ID, Schema, mapped
from hepatica.cohort.charts.view import View, bounds, newest, ways
from hepatica.derivation import Age, Latest, Period, Ratio
from hepatica.interval import from_ends

LONG: Schema = {"p": ID, "t": pl.String, "held": ID}
"""Many facts one below the other: `t` is the fact."""


def latest(view: View) -> pl.DataFrame:
    """Give every fact whose value is its newest one."""
    facts = {n: cast(Latest, f.derive) for n, f in ways(view.names, Latest).items()}
    periods = list(dict.fromkeys(way.within for way in facts.values() if way.within is not None))
    asked = pl.DataFrame(
        [(n, None if w.within is None else periods.index(w.within), w.before_treatment)
         for n, w in facts.items()],
        schema={"t": pl.String, "within": ID, "before": pl.Boolean}, orient="row",
    )  # fmt: skip
    rows = view.values.select(
        "p", "day", "n", "now", "e", t="fact", held="value", key="value_key"
    ).join(asked, on="t", maintain_order="left")
    rows = _before(view, rows)
    found = newest(rows).join(asked, on="t")
    found = bounds(found, periods)
    lasting = pl.DataFrame(
        [(n, view.pool.id(value)) for n, way in facts.items() for value in way.lasting],
        schema={"t": pl.String, "held": ID}, orient="row",
    ).with_columns(pl.lit(True).alias("lasting"))  # fmt: skip
    found = found.join(lasting, on=["t", "held"], how="left")
    young = pl.col("bound").is_null() | (pl.col("day") >= pl.col("bound")) | (
        pl.col("lasting").fill_null(False)
    )  # fmt: skip
    found = found.filter(young & pl.col("held").is_not_null())
    for name, way in facts.items():
        if way.since_change_of:
            changed = view.of(way.since_change_of).group_by("p").agg(changed=pl.col("day").max())
            found = found.join(changed, on="p", how="left")
            kept = (pl.col("t") != name) | (pl.col("changed") < pl.col("day")).fill_null(True)
            found = found.filter(kept).drop("changed")
    return pl.concat([found.select(LONG.keys()), *_undated(view, facts)])


def _before(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out values that are to be from before treatment, and are not, or may not be."""
    early = rows.filter("before").join(view.start, on="p", maintain_order="left")
    in_time = pl.col("start").is_null() | (pl.col("day") <= pl.col("start"))
    early = early.filter(~pl.col("start_open") & in_time).drop("start", "start_open")
    return pl.concat([rows.filter(~pl.col("before")), early])


def _undated(view: View, facts: dict[str, Latest]) -> list[pl.DataFrame]:
    """Give what is written without a date, where nothing is dated."""
    found = []
    for name in ("sex", "weight"):
        if name in facts:
            told = view.people.filter(pl.col(name).is_not_null())
            if facts[name].before_treatment:
                told = told.join(view.start.filter(~pl.col("start_open")), on="p", how="semi")
            dated = view.values.filter(pl.col("fact") == name).select("p")
            told = told.join(dated, on="p", how="anti")
            found.append(told.select("p", pl.lit(name).alias("t"), pl.col(name).alias("held")))
    return found


def ratios(view: View) -> pl.DataFrame:
    """Give every multiple of an upper limit: the newest value over its own."""
    facts = {n: cast(Ratio, f.derive) for n, f in ways(view.names, Ratio).items()}
    periods: list[Period] = list(dict.fromkeys(way.within for way in facts.values()))
    read = [(way.of, n, True, periods.index(way.within)) for n, way in facts.items()]
    read += [(n, n, False, periods.index(way.within)) for n, way in facts.items()]
    schema: Schema = {"fact": pl.String, "t": pl.String, "over": pl.Boolean, "within": ID}
    asked = pl.DataFrame(read, schema=schema, orient="row")
    rows = view.values.join(asked, on="fact", maintain_order="left").select(
        "p", "day", "n", "now", "e", "t", "within",
        held=pl.when("over").then("ratio").otherwise("own"),
        key=pl.when("over").then("ratio_key").otherwise("own_key"),
    )  # fmt: skip
    within = asked.select("t", "within").unique()
    found = bounds(newest(rows).join(within, on="t"), periods)
    fresh = pl.col("held").is_not_null() & (pl.col("day") >= pl.col("bound"))
    return found.filter(fresh).select(LONG.keys())


def ages(view: View) -> pl.DataFrame:
    """Give the completed years since birth."""

    def years(first: int, last: int, now: int) -> int | None:
        if last > now:
            return None
        most, least = (int(elapsed(day, now, "a")) for day in (first, last))
        return view.pool.id(from_ends(least, most))

    born = view.people.filter(pl.col("birth_first").is_not_null())
    found = mapped(born, ["birth_first", "birth_last", "now"], "held", years)
    found = found.filter(pl.col("held").is_not_null())
    names = list(ways(view.names, Age))
    every = [found.select("p", pl.lit(name).alias("t"), "held") for name in names]
    return pl.concat([pl.DataFrame(schema=LONG), *every])
