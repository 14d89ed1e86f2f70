"""A chart becomes facts as of a day: every fact by the way its dictionary entry names.

Nothing that lies after the day is looked at; what may lie after it leaves open what it could
change. What the chart holds but cannot be used is kept with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hepatica import ir
from hepatica.chart import lists, past, treatment, values
from hepatica.chart.found import Found, Outcome, View
from hepatica.chart.model import Chart
from hepatica.chart.names import Names
from hepatica.chart.newest import Note, Open
from hepatica.chart.order import placed
from hepatica.derivation import (
    Age,
    At,
    Count,
    Dose,
    Drugs,
    Earliest,
    Extreme,
    Latest,
    Line,
    NormalSince,
    Ratio,
    Reactions,
    Since,
    Started,
    TimeOn,
)
from hepatica.interval import Interval, may_agree
from hepatica.words import quantity


class Derived(NamedTuple):
    """The facts of a chart on a day, why others are not known, and what to tell of the entries."""

    found: dict[str, Found]
    withheld: dict[str, str]
    notes: tuple[Note, ...]


_WAYS: dict[type, Callable[[View, ir.Fact, Any], Outcome]] = {
    Latest: values.latest,
    Ratio: values.ratio,
    At: values.at,
    Age: values.age,
    NormalSince: values.normal_since,
    Drugs: lists.drugs,
    Reactions: lists.reactions,
    Started: treatment.started,
    TimeOn: treatment.time_on,
    Dose: treatment.dose,
    Count: lists.count,
    Earliest: past.earliest,
    Extreme: past.extreme,
    Since: past.since,
    Line: past.line,
}


def derive(chart: Chart, names: Names, now: int) -> Derived:
    """Work every fact out of a chart as of a day (an ordinal, as in `chart.time`)."""
    view = View(placed(chart, now) if chart.ordered else chart, names, now)
    told = {*chart.entries, *chart.undated}
    found: dict[str, Found] = {}
    withheld: dict[str, str] = {}
    for name, fact in names.facts.items():
        if type(fact.derive) is Latest and name not in told:
            continue  # most facts of most charts
        way = _WAYS.get(type(fact.derive))
        outcome = None if way is None else way(view, fact, fact.derive)
        if isinstance(outcome, Found):
            outcome = _plausible(fact, outcome)
        if isinstance(outcome, Found):
            found[name] = outcome
        elif isinstance(outcome, Open):
            withheld[name] = outcome.why
    notes = {(n.place, n.code): n for n in reversed(view.notes)}  # the first of each entry
    return Derived(found, withheld, tuple(reversed(notes.values())))


def plausible(fact: ir.Fact, value: ir.Held) -> bool:
    """Say whether a number, or some number of its bounds, lies in the range of the fact."""
    if fact.range is None or not isinstance(value, float | Interval):
        return True
    return may_agree(value, Interval(*fact.range))


def _plausible(fact: ir.Fact, found: Found) -> Found | Open:
    """Refuse a number that is, or bounds that lie, outside the plausible range of the fact."""
    if plausible(fact, found.value) or not isinstance(found.value, float | Interval):
        return found
    shown = quantity(found.value, fact.unit)
    return Open(f"{shown} is not plausible: {found.how}")
