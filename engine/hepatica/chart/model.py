"""A chart as it is held: checked entries, each with the days on which it may lie."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from typing import Literal, NamedTuple

import msgspec

from hepatica import ir
from hepatica.chart.time import EVER, Span
from hepatica.chart.timeline import by_day
from hepatica.source import KeyPath

Grade = Literal["normal", "high", "low"]


class When(NamedTuple):
    """When an entry lies: the days it may mean, its place in an order, and as it was written."""

    span: Span
    seq: int | None
    text: str


class Number(NamedTuple):
    """A measured number in the unit of its fact, from `low` to `high`; None is no limit known.

    For `<5` the strict end is `open`.
    """

    low: Fraction | None
    high: Fraction | None
    open: bool = False

    @property
    def exact(self) -> Fraction | None:
        """Give the number, when it is one."""
        return self.low if self.low == self.high and not self.open else None


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A dated value of a fact.

    `number`, `limit` (the laboratory's upper limit) and `grade` belong to quantities, `value` to
    all other facts. `written` is what stood in the record, `place` where.
    """

    fact: str
    when: When
    written: str
    place: KeyPath
    number: Number | None = None
    limit: Fraction | None = None
    limit_written: str = ""
    grade: Grade | None = None
    value: ir.Value | tuple[str, ...] | None = None
    corrected: bool = False


class Amount(NamedTuple):
    """A dose as written."""

    number: Fraction
    unit: str


class Medication(msgspec.Struct, frozen=True, gc=False):
    """The start, change or stop of a drug."""

    drug: str
    kind: Literal["start", "change", "stop"]
    when: When
    place: KeyPath
    dose: Amount | None = None
    written: str = ""
    reason: str | None = None
    permanent: bool | None = None
    corrected: bool = False


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that happened. `attributed` None means that the record does not say to what."""

    event: str
    when: When
    place: KeyPath
    severity: str | None = None
    attributed: tuple[str, ...] | None = None


class Chart(msgspec.Struct, frozen=True):
    """A checked record.

    `entries`, `medications` and `events` are by fact, drug and kind; `complete` names what it holds
    completely, up to the day `until` (None: no end is given). `birth` is the patient's;
    `ordered` says that some entry has a `seq`.
    """

    entries: dict[str, list[Entry]]
    medications: dict[str, list[Medication]]
    events: dict[str, list[Event]]
    undated: dict[str, Entry]
    complete: frozenset[str]
    until: int | None
    until_written: str
    birth: Span | None
    birth_written: str
    ordered: bool = False

    def last_seen(self, fact: str, now: int) -> int | None:
        """Give the last day on which a fact was surely observed by a day; None when there is none.

        Of a partial date the first day counts, so that nothing seems to be newer than it may be.
        """
        entries = self.entries.get(fact, [])
        known = by_day(entries)
        if known is not None:
            end = bisect_right(known.days, now)
            return known.days[end - 1] if end else None
        spans = (entry.when.span for entry in entries)
        return max((s.first for s in spans if s.last <= now and s.first > EVER.first), default=None)

    def days(self) -> Span | None:
        """Give the first and the last day that a dated entry may mean; None without one."""
        spans = [e.when.span for told in self.entries.values() for e in told]
        spans += [m.when.span for told in self.medications.values() for m in told]
        spans += [e.when.span for told in self.events.values() for e in told]
        dated = [span for span in spans if span.first > EVER.first]
        if not dated:
            return None
        return Span(min(s.first for s in dated), max(s.last for s in dated))
