"""Entries of which only the order is known: between which days they lie.

An entry with a `seq` alone lies after the dated entries of a lower `seq` and before those of a
higher one, and not after the day up to which the record runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from hepatica.chart.model import Chart, Entry, Event, Medication, Performed, When
from hepatica.chart.time import EVER, Span
from hepatica.source import KeyPath

Told = TypeVar("Told", Entry, Medication, Event)
Anything = Entry | Medication | Event | Performed
NO_DATE = "no date"


def every(chart: Chart) -> Iterator[Anything]:
    """Walk over all entries of the timeline."""
    for group in (chart.entries, chart.medications, chart.events, chart.performed):
        for told in group.values():
            yield from told


def out_of_order(chart: Chart) -> Iterator[tuple[KeyPath, str]]:
    """Find entries whose date denies their `seq`: the place, and what is wrong."""
    ordered = sorted(
        ((e.when.seq, e) for e in every(chart) if e.when.seq is not None), key=lambda pair: pair[0]
    )
    latest: Anything | None = None
    waiting: list[Anything] = []
    seq: int | None = None
    for number, entry in ordered:
        if number != seq:  # entries of one number have no order among them
            latest = max([*waiting, *([latest] if latest else [])],
                         key=lambda e: e.when.span.first, default=None)  # fmt: skip
            waiting, seq = [], number
        if latest is not None and entry.when.span.last < latest.when.span.first:
            text = f"by its `seq` it comes after {latest.when.text}, by its date before"
            yield entry.place, text
        waiting.append(entry)


def placed(chart: Chart, now: int) -> Chart:
    """Give a chart with the days between which its undated entries lie, as seen on a day.

    What lies after the day moves nothing to before it or after it.
    """
    dated = [
        (e.when.seq, e.when.span)
        for e in every(chart)
        if e.when.seq is not None and e.when.text != NO_DATE
    ]
    if not any(e.when.text == NO_DATE for e in every(chart)):
        return chart
    seen = [(seq, span) for seq, span in dated if span.first <= now]
    end = chart.until or EVER.last

    def between(when: When) -> When:
        if when.seq is None or when.text != NO_DATE:
            return when
        first = max((span.first for seq, span in seen if seq < when.seq), default=EVER.first)
        last = min((span.last for seq, span in seen if seq > when.seq), default=end)
        return when._replace(span=Span(first, max(first, min(last, end))))

    def moved(groups: Mapping[str, list[Told]]) -> dict[str, list[Told]]:
        return {
            name: [msgspec.structs.replace(e, when=between(e.when)) for e in told]
            for name, told in groups.items()
        }

    return msgspec.structs.replace(
        chart,
        entries=moved(chart.entries),
        medications=moved(chart.medications),
        events=moved(chart.events),
    )
