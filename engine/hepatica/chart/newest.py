"""Which dated entry is the newest on a day, when some dates are known only to the month or year."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from hepatica.chart.model import When
from hepatica.chart.time import ago, shift, write
from hepatica.chart.timeline import by_day
from hepatica.derivation import Period
from hepatica.source import KeyPath


class Dated(Protocol):
    """Anything with a time, a place in the file, and perhaps marked as corrected."""

    @property
    def when(self) -> When:
        """When it lies."""

    @property
    def place(self) -> KeyPath:
        """Where it stands in the file."""

    @property
    def corrected(self) -> bool:
        """Whether it takes the place of others of its time."""


Item = TypeVar("Item", bound=Dated)


class Note(NamedTuple):
    """Something to tell about an entry: its place, a code, a sentence and a remedy."""

    place: KeyPath
    code: str
    text: str
    help: str


class Open(NamedTuple):
    """A fact of which the chart holds something that cannot be used, and why."""

    why: str


class Newest(NamedTuple):
    """The entries of which any may be the newest; it is not older than the day `floor`.

    `floor` is None when every one of them may be later than the day that was asked about.
    """

    items: tuple[Dated, ...]
    floor: int | None


def newest(items: Sequence[Item], now: int) -> tuple[list[Item], int | None]:
    """Find which entries may be the newest on a day, and the day it is not older than.

    The list is empty when none can lie on or before `now`; the day is None when each may be later.
    Entries that one `corrected` entry of exactly their time replaces are left out.
    """
    known = by_day(items)
    if known is not None:
        end = bisect_right(known.days, now)
        if end == 0:
            return [], None
        day = known.days[end - 1]
        begin = bisect_left(known.days, day)
        return [items[place] for place in known.places[begin:end]], day
    visible = [item for item in items if item.when.span.first <= now]
    sure = [item for item in visible if item.when.span.last <= now]
    if not sure:
        return visible, None
    floor = max(item.when.span.first for item in sure)
    top = max((item.when.seq for item in sure if item.when.seq is not None), default=None)
    found = [
        item
        for item in visible
        if item.when.span.last >= floor
        and (top is None or item.when.seq is None or item.when.seq >= top)
    ]
    return without_corrected(found), floor


def without_corrected(items: Sequence[Item]) -> list[Item]:
    """Leave out what a corrected entry of exactly the same time replaces."""
    mended = {item.when for item in items if item.corrected}
    return [item for item in items if item.corrected or item.when not in mended]


def surely_before(one: When, other: When) -> bool:
    """Say whether one time is surely before another."""
    if one.seq is not None and other.seq is not None and one.seq != other.seq:
        return one.seq < other.seq
    return one.span.last < other.span.first


def agreed(
    items: Sequence[Item], value: Callable[[Item], object], about: str, notes: list[Note]
) -> Open | None:
    """Say why entries of which any may be the newest do not give one value; None when they do.

    Two different values of one day are noted.
    """
    values = {value(item) for item in items}
    if len(values) == 1:
        return None
    days = {item.when.span for item in items}
    times = " and ".join(dict.fromkeys(item.when.text for item in items[:3]))
    if len(days) == 1 and items[0].when.span.exact:
        day = write(items[0].when.span.first)
        text = f"entries of {day} about `{about}` contradict each other, so neither is used"
        help = "mark the one that is right `corrected: true`, or give both a `seq`"
        notes.append(Note(items[-1].place, "D116", text, help))
        return Open(f"entries of {day} contradict each other")
    return Open(f"which of the entries of {times} is the newer is not known")


def too_old(
    items: Sequence[Item], floor: int | None, within: Period | None, now: int
) -> Open | None:
    """Say why the newest value does not count on a day: too old, or perhaps later; else None."""
    if floor is None:
        return Open(f"the entry of {items[0].when.text} may be later than {write(now)}")
    if within is None:
        return None
    bound = shift(now, within, -1)
    if floor >= bound:
        return None
    item = max(items, key=lambda item: item.when.span.last)
    if min(item.when.span.last, now) >= bound:
        return Open(f"seen {item.when.text}, which may be more than {said(within)} before")
    return Open(f"last seen {item.when.text}, {ago(item.when.span.last, now)}")


def said(period: Period) -> str:
    """Write a period in words."""
    noun = {"d": "day", "wk": "week", "mo": "month", "a": "year"}[period.unit]
    return f"{period.number} {noun}{'' if period.number == 1 else 's'}"
