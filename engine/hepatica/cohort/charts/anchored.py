"""Values at a fixed time after treatment began, and falls until then, for a cohort at once."""

from __future__ import annotations

from typing import cast

import polars as pl

from hepatica.chart.found import reading
from hepatica.chart.model import Entry, Number
from hepatica.chart.time import shift
from hepatica.chart.values import fall_between
from hepatica.cohort.charts.pool import DAY, Pool, mapped
from hepatica.cohort.charts.values import LONG
from hepatica.cohort.charts.view import FOUND, View, newest, nothing, ways
from hepatica.derivation import At
from hepatica.interval import Interval, may_agree


def anchored(view: View) -> pl.DataFrame:
    """Give every fact that is a value, a multiple or a fall at a time after treatment began."""
    facts = {n: cast(At, f.derive) for n, f in ways(view.names, At).items()}
    own = newest(
        view.values.filter(pl.col("fact").is_in(list(facts))).select(
            "p", "day", "n", "now", "e", t="fact", held="value", key="value_key"
        )
    )
    begun = view.start.filter(pl.col("start").is_not_null()).select("p", "start")
    found = [pl.DataFrame(schema=LONG)]
    for name, way in facts.items():
        told = own.filter(pl.col("t") == name).select("p", told="held", is_told=True)
        worked = _worked_out(view, way, begun).rename({"held": "worked"})
        both = told.join(worked, on="p", how="full", coalesce=True)
        both = both.filter(pl.col("is_told").is_null() | pl.col("told").is_not_null())
        chosen = mapped(both, ["told", "worked"], "held", lambda a, b: _choose(view.pool, a, b))
        chosen = chosen.filter(pl.col("held").is_not_null())
        found.append(chosen.select("p", pl.lit(name).alias("t"), "held"))
    return pl.concat(found)


def _choose(pool: Pool, told: int | None, worked: int | None) -> int | None:
    """Choose between what an entry tells and what is worked out; None where they differ."""
    if told is None or worked is None:
        return worked if told is None else told
    said, computed = pool.values[told], pool.values[worked]
    if not may_agree(computed, said):
        return None
    return worked if isinstance(said, Interval) and isinstance(computed, float) else told


def _worked_out(view: View, way: At, begun: pl.DataFrame) -> pl.DataFrame:
    """Give the value nearest to its time, where one lies in the window and all nearest agree."""
    rows = view.values.filter(pl.col("fact") == way.of).join(begun, on="p", maintain_order="left")
    if not len(rows):
        return nothing()

    def ends(start: int) -> tuple[int, int, int]:
        target = shift(start, way.after)
        return shift(target, way.before, -1), target, shift(target, way.tolerance)

    for i, name in enumerate(("low", "target", "high")):
        rows = mapped(rows, ["start"], name, lambda start, i=i: ends(start)[i], DAY)
    inside = (pl.col("day") >= pl.col("low")) & (pl.col("day") <= pl.col("high"))
    far = (pl.col("day") - pl.col("target")).abs()
    near = rows.filter(inside).with_columns(far=far)
    near = near.filter(pl.col("far") == pl.col("far").min().over("p"))
    read = "ratio" if way.reads == "ratio" else "value"
    found = near.group_by("p").agg(
        pl.col("e", "start").first(), pl.col(read).first().alias("held"),
        agree=pl.col(f"{read}_key").n_unique() == 1,
    )  # fmt: skip
    found = found.filter(pl.col("agree") & pl.col("held").is_not_null())
    if way.reads == "fall":
        found = _fall(view, way, found.select("p", "e", "start"))
    return found.select(FOUND.keys())


def _fall(view: View, way: At, after: pl.DataFrame) -> pl.DataFrame:
    """Give the fall in per cent since the newest value before treatment, which was raised."""
    rows = view.values.filter(pl.col("fact") == way.of).join(
        after.select("p", "start"), on="p", maintain_order="left"
    )
    rows = rows.filter(pl.col("day") <= pl.col("start"))
    base = newest(rows.select("p", "day", "now", "e", t="fact", held="value", key="value_key"))
    base = base.filter(pl.col("held").is_not_null()).select("p", "day", base="e")
    both = after.join(base, on="p")
    both = mapped(both, ["start"], "bound", lambda start: shift(start, way.baseline, -1), DAY)
    both = both.filter(pl.col("day") >= pl.col("bound"))

    def fall(base: int, e: int) -> int | None:
        first, last = (_entry(view, number, way.of) for number in (base, e))
        before, now = (reading(entry, way.of, "value") for entry in (first, last))
        assert isinstance(before, Number) and isinstance(now, Number)
        if first.limit is None or not before.above(first.limit):
            return None
        value = fall_between(before, now)
        return None if value is None else view.pool.id(value)

    return mapped(both, ["base", "e"], "held", fall).filter(pl.col("held").is_not_null())


def _entry(view: View, e: int, fact: str) -> Entry:
    told = view.different.told[e]
    return next(entry for entry in told if isinstance(entry, Entry) and entry.fact == fact)
