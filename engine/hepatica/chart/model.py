"""A chart as it is held: checked entries, each with the days on which it may lie."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

import msgspec

from hepatica import ir
from hepatica.chart.time import EVER, Span
from hepatica.chart.timeline import Timeline, by_day
from hepatica.interval import Interval, from_ends
from hepatica.source import KeyPath

Grade = Literal["normal", "high", "low"]


class When(NamedTuple):
    """When an entry lies: the days it may mean, its place in an order, and as it was written."""

    span: Span
    seq: int | None
    text: str


class Number(NamedTuple):
    """A measured number in the unit of its fact, from `low` to `high`; None is no bound known.

    An open end does not belong to it: the 5 of `<5`.
    """

    low: Fraction | None
    high: Fraction | None
    low_open: bool = False
    high_open: bool = False

    @property
    def exact(self) -> Fraction | None:
        """Give the number, when it is one."""
        return self.low if self.low == self.high else None

    def above(self, limit: Fraction) -> bool:
        """Say whether it is surely above a limit."""
        return self.low is not None and (self.low > limit or (self.low_open and self.low >= limit))

    def at_most(self, limit: Fraction) -> bool:
        """Say whether it is surely not above a limit."""
        return self.high is not None and self.high <= limit

    def graded(self, grade: Grade | None, limit: Fraction) -> Number:
        """Narrow it by the word beside it: what is not high is not above the upper limit."""
        if grade == "high" and (self.low is None or self.low <= limit):
            return self._replace(low=limit, low_open=True)
        if grade in ("normal", "low") and (self.high is None or self.high > limit):
            return self._replace(high=limit, high_open=False)
        return self

    def over(self, limit: Fraction) -> Number:
        """Divide it by a limit above zero."""
        low = None if self.low is None else self.low / limit
        high = None if self.high is None else self.high / limit
        return Number(low, high, self.low_open, self.high_open)

    def held(self) -> float | Interval:
        """Give it as the engines hold it."""
        return from_ends(self.low, self.high, low_open=self.low_open, high_open=self.high_open)


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


class Performed(msgspec.Struct, frozen=True):
    """A test or procedure that was done; what it showed is told by other entries."""

    intervention: str
    when: When
    place: KeyPath


class Chart(msgspec.Struct, frozen=True):
    """A checked record.

    `entries`, `medications`, `events` and `performed` are by fact, drug, kind and intervention;
    `complete` names what it holds completely, up to the day `until` (None: no end is given).
    `birth` is the patient's; `ordered` says that some entry has a `seq`.
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
    performed: dict[str, list[Performed]] = {}

    def days(self) -> Span | None:
        """Give the first and the last day that a dated entry may mean; None without one."""
        spans = [e.when.span for told in self.entries.values() for e in told]
        spans += [m.when.span for told in self.medications.values() for m in told]
        spans += [e.when.span for told in self.events.values() for e in told]
        spans += [e.when.span for told in self.performed.values() for e in told]
        dated = [span for span in spans if span.first > EVER.first]
        if not dated:
            return None
        return Span(min(s.first for s in dated), max(s.last for s in dated))


class Seen:
    """When a chart shows something last, as seen on a day (days are ordinals); kept once found.

    Of a partial date the first day counts, so that nothing seems to be newer than it may be.
    """

    def __init__(self, chart: Chart, now: int) -> None:
        """Take the chart and the day."""
        self.chart = chart
        self.now = now
        self._observed: dict[str, int | None] = {}

    def observed(self, fact: str) -> int | None:
        """Give the last day on which a fact was surely observed; None when there is none."""
        if fact not in self._observed:
            self._observed[fact] = self._last(self.chart.entries.get(fact, []))
        return self._observed[fact]

    def performed(self, intervention: str) -> int | None:
        """Give the last day on which a test is told to have been done; None when there is none."""
        return self._last(self.chart.performed.get(intervention, []))

    def _last(self, told: Sequence[Entry] | Sequence[Performed]) -> int | None:
        known = by_day(told) if isinstance(told, Timeline) else None
        if known is not None:
            end = bisect_right(known.days, self.now)
            return known.days[end - 1] if end else None
        spans = (item.when.span for item in told)
        found = (s.first for s in spans if s.last <= self.now and s.first > EVER.first)
        return max(found, default=None)
