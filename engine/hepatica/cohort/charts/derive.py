"""The facts of all charts of a cohort, each as of its day.

Fast for most patients, and by the single chart (`hepatica.chart.derive`) for the others: the same
facts either way, which a property test holds every fact of random charts to.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl

from hepatica import ir
from hepatica.case import contradictions
from hepatica.chart.derive import derive as derive_one
from hepatica.chart.derive import plausible
from hepatica.chart.names import Names
from hepatica.chart.read import read_chart
from hepatica.cohort.charts.anchored import anchored
from hepatica.cohort.charts.courses import Courses, doses, started, times_on
from hepatica.cohort.charts.entries import Different
from hepatica.cohort.charts.lists import lists
from hepatica.cohort.charts.normal import normal_since
from hepatica.cohort.charts.pool import Pool, mapped
from hepatica.cohort.charts.values import LONG, ages, latest, ratios
from hepatica.cohort.charts.view import View
from hepatica.source import Document, Source
from hepatica.walk import leaves


class Charts(NamedTuple):
    """Charts that have been read and checked.

    `people` and `rows` are as `View` says; `people` has `id`, `as_of` (text), `about` (which of
    `told`: what a chart says beside its timeline), `file_as_of` (text or null: the date that the
    table itself gives) and `place` (in the order of all patients, also where only some of them were
    read), `rows` has `d`, which of `times`, as an entry of a chart has them,
    and `ordered`, whether that has a `seq`.
    """

    people: pl.DataFrame
    rows: pl.DataFrame
    different: Different
    told: list[dict[str, Any]]
    times: list[dict[str, Any]]
    pool: Pool


class Facts(NamedTuple):
    """Facts of a cohort: `p`, `t` (a fact), `held` (a number in the pool).

    `exact` counts the patients who were worked out one by one, `excluded` the facts that were left
    out because they exclude others.
    """

    long: pl.DataFrame
    exact: int
    excluded: int


def derive(charts: Charts, names: Names) -> Facts:
    """Work out every fact of every chart."""
    view = View(charts.people, charts.rows, charts.different, names, charts.pool)
    courses = Courses(view)
    times, unclear = times_on(view, courses)
    newest = latest(view)
    parts = [newest, ratios(view), ages(view), anchored(view), normal_since(view), times,
             started(view), doses(view, courses, newest), lists(view, courses)]  # fmt: skip
    long = pl.concat(parts).join(unclear, on="p", how="anti")
    pool = charts.pool

    def fits(t: str, held: int) -> bool:
        return plausible(names.facts[t], pool.values[held])

    long = mapped(long, ["t", "held"], "fits", fits, pl.Boolean).filter("fits").drop("fits")
    one_by_one = pl.concat([view.exact, unclear])
    long = pl.concat([long, _exactly(charts, names, one_by_one)])
    long, excluded = _without_contradictions(names, pool, long)
    return Facts(long, len(one_by_one), excluded)


def _exactly(charts: Charts, names: Names, who: pl.DataFrame) -> pl.DataFrame:
    """Work out some patients one by one, by the single chart."""
    rows = charts.rows.join(who, on="p", how="semi", maintain_order="left")
    by_patient = rows.group_by("p", maintain_order=True).agg("e", "d")
    people = charts.people.join(who, on="p", how="semi", maintain_order="left")
    people = people.select("p", "now", "about", "file_as_of").join(by_patient, on="p", how="left")
    found: list[tuple[int, str, int]] = []
    written, times = charts.different.written, charts.times
    for p, now, about, as_of, entries, days in people.iter_rows():
        timeline = [
            {**times[d], **written[e]} for e, d in zip(entries or (), days or (), strict=True)
        ]
        data = {"chart": {**charts.told[about], "timeline": timeline}}
        chart, _ = read_chart(Document(Source("chart", ""), data, ({}, {})), names, as_of)
        for name, told in derive_one(chart, names, now).found.items():
            found.append((p, name, charts.pool.id(told.value)))
    return pl.DataFrame(found, schema=LONG, orient="row")


def _without_contradictions(
    names: Names, pool: Pool, long: pl.DataFrame
) -> tuple[pl.DataFrame, int]:
    """Leave out facts that exclude each other by what the dictionary implies.

    Asked once for each different set of answers to what is implied, by the code of a single case.
    """
    implying = {n for n, f in names.facts.items() if f.implies}
    others = {leaf.fact for n in implying for i in names.facts[n].implies
              for part in (i.when, i.then) for leaf in leaves(part)}  # fmt: skip
    asked = sorted(implying | others)
    mine = long.filter(pl.col("t").is_in(asked)).sort("p", "t")
    key = pl.concat_str("t", pl.lit("="), "held").str.join(" ").alias("key")
    sets = mine.group_by("p").agg(key)

    def dropped(key: str) -> str:
        facts: dict[str, ir.Held] = {}
        for pair in key.split(" "):
            name, _, held = pair.partition("=")
            facts[name] = pool.values[int(held)]
        gone: list[str] = []
        while wrong := contradictions(names.facts, facts):
            for name, also in wrong:
                for one in (name, *also):
                    if facts.pop(one, None) is not None:
                        gone.append(one)
        return " ".join(gone)

    sets = mapped(sets, ["key"], "gone", dropped, pl.String).filter(pl.col("gone") != "")
    gone = sets.select("p", t=pl.col("gone").str.split(" ")).explode("t")
    return long.join(gone, on=["p", "t"], how="anti"), len(gone)
