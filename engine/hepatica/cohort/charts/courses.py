"""When each drug was taken: time on it, its dose, whether treatment ever began."""

from __future__ import annotations

import functools
from typing import cast

import polars as pl

from hepatica.chart.model import Amount, Medication
from hepatica.chart.time import elapsed
from hepatica.chart.treatment import per_day, per_kilogram_written, shared
from hepatica.cohort.charts.pool import ID, Pool, mapped
from hepatica.cohort.charts.values import LONG
from hepatica.cohort.charts.view import View, ways
from hepatica.derivation import Dose, Started, TimeOn
from hepatica.interval import Interval

_EVER, _ON = -(10**9), 10**9


class Courses:
    """The courses of every drug of every patient."""

    def __init__(self, view: View) -> None:
        """Work them out once."""
        self.view = view
        stops = pl.col("kind") == "stop"
        by_day = view.drugs.group_by("p", "drug", "day").agg(
            clash=stops.any() & (~stops).any()
        )  # fmt: skip
        self.clashes = by_day.filter("clash").select("p", "drug").unique()
        """Patients and drugs that are stopped and taken on one day: their order is not known."""
        told = view.drugs.join(self.clashes, on=["p", "drug"], how="anti", maintain_order="left")
        told = told.sort("p", "drug", "day", "n").with_columns(stop=stops)
        group = ["p", "drug"]
        first = pl.col("stop").shift(1).over(group).is_null()
        turns = told.filter(first | (pl.col("stop") != pl.col("stop").shift(1).over(group)))
        turns = turns.with_columns(
            end=pl.col("day").shift(-1).over(group),
            is_first=pl.col("stop").shift(1).over(group).is_null(),
        )
        before = turns.filter(pl.col("stop") & pl.col("is_first")).select(
            "p", "drug", "now", begin=pl.lit(_EVER), end="day", seen="day"
        )
        begin = pl.when(pl.col("kind") == "start").then("day").otherwise(pl.lit(_EVER))
        taken = turns.filter(~pl.col("stop")).select(
            "p", "drug", "now", begin=begin, end=pl.col("end").fill_null(_ON), seen="day"
        )
        self.all = pl.concat([before, taken], how="vertical_relaxed")
        """`p`, `drug`, `now`, `begin` and `end` of a course; `seen`, the first entry of it."""

    @functools.cached_property
    def taken(self) -> pl.DataFrame:
        """List who takes which drug now: `p`, `drug`."""
        return self.all.filter(pl.col("end") == _ON).select("p", "drug")

    def undecided(self, drugs: tuple[str, ...]) -> pl.DataFrame:
        """List the patients of whom the order of entries about one of some drugs is not known."""
        return self.clashes.filter(pl.col("drug").is_in(list(drugs))).select("p").unique()


def times_on(view: View, courses: Courses) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the times since the present course of some drugs began.

    Also the patients whose course goes on from one before the record: for the single chart.
    """
    found = [pl.DataFrame(schema=LONG)]
    unclear = [pl.DataFrame(schema={"p": ID})]
    for name, fact in ways(view.names, TimeOn).items():
        way, unit = cast(TimeOn, fact.derive), fact.unit or "d"
        mine = courses.all.filter(pl.col("drug").is_in(list(way.drugs)))
        mine = mine.join(view.holding("medications"), on="p", how="semi")
        mine = mine.join(courses.undecided(way.drugs), on="p", how="anti")
        mine = mine.sort("p", "begin", "end")
        reached = pl.col("end").cum_max().over("p").shift(1).over("p")
        gap = reached.is_null() | (pl.col("begin") > reached + 1)
        present = pl.col("end") == _ON
        each = mine.with_columns(gap=gap).group_by("p", "now").agg(
            begin=pl.col("begin").filter("gap").last(),
            on=present.any(),
            before=(present & (pl.col("begin") == _EVER)).any(),
            seen=pl.col("seen").filter(present).min(),
        )  # fmt: skip
        each = each.filter("on")
        joined = (pl.col("begin") == _EVER) & ~pl.col("before")
        unclear.append(each.filter(joined).select("p"))

        def time(begin: int, seen: int, before: bool, now: int, unit: str = unit) -> int:
            if before:
                return view.pool.id(Interval(elapsed(seen, now, unit), None))
            return view.pool.id(elapsed(begin, now, unit))

        known = mapped(each.filter(~joined), ["begin", "seen", "before", "now"], "held", time)
        found.append(known.select("p", pl.lit(name).alias("t"), "held"))
    return pl.concat(found), pl.concat(unclear).unique()


def started(view: View) -> pl.DataFrame:
    """Say whether any of some drugs was ever begun."""
    found = [pl.DataFrame(schema=LONG)]
    for name, fact in ways(view.names, Started).items():
        yes = view.of(cast(Started, fact.derive).drugs).select("p").unique()
        no = view.holding("medications").join(yes, on="p", how="anti")
        for who, value in ((yes, True), (no, False)):
            held = pl.lit(view.pool.id(value), dtype=ID).alias("held")
            found.append(who.select("p", pl.lit(name).alias("t"), held))
    return pl.concat(found)


def doses(view: View, courses: Courses, latest: pl.DataFrame) -> pl.DataFrame:
    """Give the present doses per kilogram; `latest` are the newest values, of the weight too."""
    found = [pl.DataFrame(schema=LONG)]
    for name, fact in ways(view.names, Dose).items():
        way = cast(Dose, fact.derive)
        taken = courses.taken.filter(pl.col("drug") == way.of).select("p")
        taken = taken.join(view.holding("medications"), on="p", how="semi")
        rows = view.of([way.of]).filter(pl.col("kind") != "stop")
        rows = rows.join(taken, on="p", how="semi", maintain_order="left")
        keys = Pool()

        def amount(e: int) -> Amount | None:
            told = view.different.told[e]
            return next(m.dose for m in told if isinstance(m, Medication))

        def key(e: int, keys: Pool = keys) -> int:
            return keys.id(amount(e))  # type: ignore[arg-type]

        last = rows.filter(pl.col("day") == pl.col("day").max().over("p"))
        last = mapped(last, ["e"], "key", key)
        one = last.group_by("p").agg(pl.col("e").first(), same=pl.col("key").n_unique() == 1)
        weight = latest.filter(pl.col("t") == way.weight).select("p", weight="held")
        one = one.filter("same").join(weight, on="p", how="left")

        def dose(e: int, weight: int | None) -> int | None:
            given = amount(e)
            if given is None:
                return None
            own = per_kilogram_written(given)
            if own is not None:
                return view.pool.id(float(own))
            whole = per_day(given)
            if whole is None or weight is None:
                return None
            value = shared(whole, view.pool.values[weight])
            return None if value is None else view.pool.id(value)

        known = mapped(one, ["e", "weight"], "held", dose).filter(pl.col("held").is_not_null())
        found.append(known.select("p", pl.lit(name).alias("t"), "held"))
    return pl.concat(found)
