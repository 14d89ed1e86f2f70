"""The entries of one fact in the order of the record, of which a stretch of days is found at once.

A long record is asked about on many days, and most questions concern few of its entries. Where
every entry has a whole date, none a `seq` and none is corrected, they are also kept by day.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from hepatica.chart.time import Span


class _When(Protocol):
    @property
    def span(self) -> Span: ...

    @property
    def seq(self) -> int | None: ...


class Dated(Protocol):
    """What has a time, and may correct another entry of the same time."""

    @property
    def when(self) -> _When:
        """When it lies."""

    @property
    def corrected(self) -> bool:
        """Whether it takes the place of others of its time."""


Item = TypeVar("Item", bound=Dated)


class ByDay(NamedTuple):
    """The days of entries in order, and the place in the record of each; stable for equal days."""

    days: list[int]
    places: list[int]


class Timeline(list[Item]):
    """A list of entries that also knows them by day; nothing may be replaced in it."""

    _known: ByDay | None = None
    _length = -1

    def by_day(self) -> ByDay | None:
        """Give the entries by day; None where their times are not that simple."""
        if self._length != len(self):
            self._length = len(self)
            self._known = None
            spans = [e.when.span for e in self if e.when.seq is None and not e.corrected]
            if len(spans) == len(self) and all(first == last for first, last in spans):
                days = [first for first, _ in spans]
                places = sorted(range(len(days)), key=days.__getitem__)
                self._known = ByDay([days[place] for place in places], places)
        return self._known


def by_day(items: Sequence[Item]) -> ByDay | None:
    """Give entries by day where they are known so."""
    return items.by_day() if isinstance(items, Timeline) else None


def any_seen(items: Sequence[Item], now: int) -> bool:
    """Say whether an entry does not surely lie after a day."""
    known = by_day(items)
    if known is not None:
        return bool(known.days) and known.days[0] <= now
    return any(item.when.span.first <= now for item in items)


def stretch(items: Sequence[Item], first: int, last: int) -> list[Item]:
    """List the entries that may lie between two days, both included, in the order of the record."""
    known = by_day(items)
    if known is not None:
        low, high = bisect_left(known.days, first), bisect_right(known.days, last)
        return [items[place] for place in sorted(known.places[low:high])]
    return [e for e in items if e.when.span.last >= first and e.when.span.first <= last]
