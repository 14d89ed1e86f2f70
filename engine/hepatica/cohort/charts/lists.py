"""Lists of drugs, reactions, counts: what `chart.lists` says, for a cohort at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import polars as pl

from hepatica import ir
from hepatica.chart.names import FAILURE
from hepatica.cohort.charts.courses import Courses
from hepatica.cohort.charts.pool import ID, mapped
from hepatica.cohort.charts.values import LONG
from hepatica.cohort.charts.view import View, ways
from hepatica.derivation import Count, Drugs, Holdings, Reactions
from hepatica.interval import Interval, from_ends

Who = pl.DataFrame
"""Patients: the column `p`."""
_STOPS = pl.col("kind") == "stop"


def lists(view: View, courses: Courses) -> pl.DataFrame:
    """Give all lists of drugs, all reactions and counts."""
    found = [pl.DataFrame(schema=LONG)]
    for name, fact in ways(view.names, Drugs).items():
        found.append(_named(name, _LISTS[cast(Drugs, fact.derive).which](view, courses, fact)))
    for name, fact in ways(view.names, Reactions).items():
        found.append(_named(name, _reactions(view, cast(Reactions, fact.derive))))
    for name, fact in ways(view.names, Count).items():
        found.append(_named(name, _count(view, cast(Count, fact.derive))))
    return pl.concat(found)


def _named(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("p", pl.lit(name).alias("t"), "held")


def _without(who: Who, *out: pl.DataFrame) -> Who:
    for frame in out:
        who = who.join(frame.select("p"), on="p", how="anti")
    return who


def _sets(view: View, who: Who, members: pl.DataFrame) -> pl.DataFrame:
    """Give each patient's set of some `members` (`p`, `word`), which may be empty."""
    words = members.group_by("p").agg(pl.col("word").unique().sort().str.join(";").alias("words"))
    every = who.join(words, on="p", how="left")

    def held(words: str | None) -> int:
        return view.pool.id(tuple(sorted(words.split(";"))) if words else ())

    return mapped(every, ["words"], "held", held)


def _unnamed(view: View, fact: ir.Fact) -> list[str]:
    return [drug for drug in view.names.treatment if drug not in fact.values]


def _now(view: View, courses: Courses, fact: ir.Fact) -> pl.DataFrame:
    other = _unnamed(view, fact)
    taken = courses.taken
    who = _without(
        view.holding("medications"), courses.undecided((*fact.values, *other)),
        taken.filter(pl.col("drug").is_in(other)),
    )  # fmt: skip
    mine = taken.filter(pl.col("drug").is_in(list(fact.values)))
    return _sets(view, who, mine.select("p", word="drug"))


def _stopped_for_good(view: View, courses: Courses, fact: ir.Fact) -> pl.DataFrame:
    reason, permanent = pl.col("reason"), pl.col("permanent")
    may_be = reason.is_null() | (reason == "intolerance")
    unnamed = view.of(_unnamed(view, fact)).filter(_STOPS & may_be)
    last = view.drugs.filter(~_STOPS).group_by("p", "drug").agg(last=pl.col("day").max())
    stops = view.of(fact.values).filter(_STOPS & may_be & permanent.ne_missing(False))
    stops = stops.join(last, on=["p", "drug"], how="left")
    again = (pl.col("last") > pl.col("day")).fill_null(False)
    same = (pl.col("last") == pl.col("day")).fill_null(False)
    vague = same | (~again & (reason.is_null() | permanent.is_null()))
    denied = again & permanent.fill_null(False) & reason.is_not_null()
    who = _without(view.holding("medications"), unnamed, stops.filter(vague | denied))
    return _sets(view, who, stops.filter(~again & ~same).select("p", word="drug"))


def _adverse_event(view: View, courses: Courses, fact: ir.Fact) -> pl.DataFrame:
    return _blamed(view, fact, "adverse_events", _adverse(view), "intolerance")


def _failed(view: View, courses: Courses, fact: ir.Fact) -> pl.DataFrame:
    events = view.events.filter(pl.col("event") == FAILURE)
    return _blamed(view, fact, "failures", events, "failure")


def _adverse(view: View) -> pl.DataFrame:
    return view.events.filter(pl.col("event").is_in(sorted(view.names.reactions)))


def _blamed(
    view: View, fact: ir.Fact, held: Holdings, events: pl.DataFrame, reason: str
) -> pl.DataFrame:
    """Give the drugs to which some events are attributed, or that were stopped for a reason."""
    other = _unnamed(view, fact)
    blamed = events.select("p", word="blamed").explode("word").drop_nulls("word")
    stops = view.drugs.filter(_STOPS & (pl.col("reason") == reason)).select("p", word="drug")
    both = pl.concat([blamed, stops])
    who = _without(
        view.holding(held), events.filter(pl.col("blamed").is_null()),
        both.filter(pl.col("word").is_in(other)),
    )  # fmt: skip
    return _sets(view, who, both.filter(pl.col("word").is_in(list(fact.values))))


_LISTS: dict[str, Callable[[View, Courses, ir.Fact], pl.DataFrame]] = {
    "now": _now,
    "adverse_event": _adverse_event,
    "stopped_for_good": _stopped_for_good,
    "failed": _failed,
}


def _reactions(view: View, way: Reactions) -> pl.DataFrame:
    """Give the kinds of event attributed to a drug, or whether one of them was severe."""
    events = _adverse(view)
    unsaid = events.filter(pl.col("blamed").is_null())
    mine = events.filter(pl.col("blamed").list.contains(way.drug).fill_null(False))
    stopped = view.of([way.drug]).filter(_STOPS & (pl.col("reason") == "intolerance"))
    silent = _without(stopped.select("p"), mine)
    who = _without(view.holding("adverse_events"), unsaid, silent)
    if not way.severe:
        return _sets(view, who, mine.select("p", word="event"))
    severe = _without(mine.filter(pl.col("severity") == "severe").select("p"), unsaid).unique()
    ungraded = mine.filter(pl.col("severity").is_null())
    mild = _without(who.join(mine, on="p", how="semi"), severe, ungraded)
    return pl.concat([
        one.select("p", pl.lit(view.pool.id(value), dtype=ID).alias("held"))
        for one, value in ((severe, True), (mild, False))
    ])  # fmt: skip


def _count(view: View, way: Count) -> pl.DataFrame:
    """Give the number of days with such an event; at least that, where not all are recorded."""
    told = view.events.filter(pl.col("event") == way.of)
    days = told.group_by("p").agg(number=pl.col("day").n_unique())
    every = view.people.select("p", sure=f"holds {way.held}").join(days, on="p", how="left")
    every = every.with_columns(pl.col("number").fill_null(0))

    def held(number: int, sure: bool) -> int | None:
        if not sure:
            return view.pool.id(Interval(number, None)) if number else None
        return view.pool.id(from_ends(number, number))

    found = mapped(every, ["number", "sure"], "held", held)
    return found.filter(pl.col("held").is_not_null())
