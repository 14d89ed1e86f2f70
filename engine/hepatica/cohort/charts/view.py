"""The charts of a cohort as they are seen, each on its day; and when treatment began."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import polars as pl

from hepatica import ir
from hepatica.chart.names import Names
from hepatica.chart.time import shift
from hepatica.cohort.charts.entries import (
    Different,
    entries_frame,
    events_frame,
    medications_frame,
)
from hepatica.cohort.charts.pool import DAY, ID, Pool, Schema, mapped
from hepatica.derivation import Period

FOUND: Schema = {"p": ID, "held": ID}
"""What every way of deriving a fact gives: patients, and the number of the value in the pool."""


class View:
    """Dated values, drugs and events not later than each patient's day, in their order.

    `people` has a row a patient: `p`, `now` and `until` (days), `birth_first`, `birth_last`, `sex`
    and `weight` (numbers in the pool), and for each holding `has NAME`, that the record says it
    holds all, and `holds NAME`, that it does so up to `now`. `rows` are entries: `p`, `e` (which of
    the different ones), `first` and `last` (days), `ordered` (has a `seq`), in the order of the
    record.

    `exact` are the patients of whom something is told that only the single chart works out; they
    are in no other frame.
    """

    def __init__(
        self, people: pl.DataFrame, rows: pl.DataFrame, different: Different, names: Names,
        pool: Pool,
    ) -> None:  # fmt: skip
        """Keep what is seen, and put those apart who need the single chart."""
        self.names = names
        self.pool = pool
        self.different = different
        seen = rows.join(people.select("p", "now"), on="p", maintain_order="left")
        seen = seen.filter(pl.col("first") <= pl.col("now"))
        values = entries_frame(different, pool)
        drugs = medications_frame(different)
        mended = pl.concat([f.filter("corrected").select("e") for f in (values, drugs)])["e"]
        odd = (pl.col("first") != pl.col("last")) | pl.col("e").is_in(mended.implode())
        odd |= pl.col("ordered")
        self.exact = seen.filter(odd).select("p").unique()
        if names.one_by_one:
            self.exact = people.select("p")
        seen = seen.join(self.exact, on="p", how="anti", maintain_order="left")
        seen = seen.with_row_index("n").select("p", "e", "n", "now", day="first")
        self.people = people.join(self.exact, on="p", how="anti", maintain_order="left")
        self.values = seen.join(values.drop("corrected"), on="e", maintain_order="left")
        self.drugs = seen.join(drugs.drop("corrected"), on="e", maintain_order="left")
        self.events = seen.join(events_frame(different), on="e", maintain_order="left")

    def holding(self, held: str) -> pl.DataFrame:
        """List the patients (`p`) whose record holds all of something up to their day."""
        return self.people.filter(pl.col(f"holds {held}")).select("p")

    def of(self, drugs: Iterable[str]) -> pl.DataFrame:
        """Give the entries about some drugs."""
        return self.drugs.filter(pl.col("drug").is_in(list(drugs)))

    @functools.cached_property
    def start(self) -> pl.DataFrame:
        """Give each patient's first day of treatment, `start`; null where it has not begun.

        Where `start_open` it is not known.
        """
        begins, stops = pl.col("kind") == "start", pl.col("kind") == "stop"
        by_drug = self.of(self.names.treatment).group_by("p", "drug").agg(
            pl.col("day").filter(begins).min().alias("first"),
            pl.col("day").filter(~begins).min().alias("other"),
            pl.col("day").filter(stops).min().alias("stop"),
        )  # fmt: skip
        before = pl.col("first").is_null() | (pl.col("other") < pl.col("first")) | (
            pl.col("stop") <= pl.col("first")
        )  # fmt: skip
        found = by_drug.group_by("p").agg(
            pl.col("first").min().alias("start"), before.fill_null(False).any().alias("before")
        )
        all_told = self.people.select("p", "until", "has medications", "holds medications")
        joined = all_told.join(found, on="p", how="left", maintain_order="left")
        begun = pl.col("before").is_not_null()
        reaches = (pl.col("until") >= pl.col("start")).fill_null(True)
        sure = pl.when(begun).then(~pl.col("before") & pl.col("has medications") & reaches)
        is_open = ~sure.otherwise(pl.col("holds medications"))
        return joined.select(
            "p", pl.when(~is_open).then(pl.col("start")).alias("start"), is_open.alias("start_open")
        )


def bounds(frame: pl.DataFrame, periods: list[Period]) -> pl.DataFrame:
    """Add `bound`, the day to which a value may reach back; `within` is the place in `periods`."""

    def back(now: int, within: int | None) -> int | None:
        return None if within is None else shift(now, periods[within], -1)

    return mapped(frame, ["now", "within"], "bound", back, DAY)


def newest(rows: pl.DataFrame) -> pl.DataFrame:
    """Find the newest entry of each patient `p` and fact `t`: the first of its day in the record.

    Of `rows` (also `day`, `held`, `key`, `e`) those that lie too late are left out before. `held`
    is null where the entries of that day do not agree, or say no more.
    """
    last = rows.filter(pl.col("day") == pl.col("day").max().over("p", "t"))
    agree = pl.col("key").n_unique() == 1
    found = last.group_by("p", "t").agg(pl.col("day", "e", "held", "now").first(), agree=agree)
    held = pl.when("agree").then(pl.col("held"))
    return found.with_columns(held.alias("held")).drop("agree")


def nothing() -> pl.DataFrame:
    """Give no patient."""
    return pl.DataFrame(schema=FOUND)


def ways(names: Names, kind: type) -> dict[str, ir.Fact]:
    """Give the facts that are derived in one way."""
    return {n: f for n, f in names.facts.items() if type(f.derive) is kind}
