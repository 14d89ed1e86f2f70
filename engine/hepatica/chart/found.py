"""What is worked out of a chart for one fact, and what the ways of working it out share."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from hepatica import ir
from hepatica.chart.courses import Courses, first_day
from hepatica.chart.model import Chart, Entry, Number
from hepatica.chart.names import Names
from hepatica.chart.newest import Note, Open, agreed, newest, too_old
from hepatica.chart.order import NO_DATE
from hepatica.chart.time import write
from hepatica.derivation import Holdings, Period


class Found(NamedTuple):
    """A fact worked out of a chart: its value, the date it rests on, and how it came about."""

    value: ir.Held
    date: str | None
    how: str


Reading = Number | ir.Value | tuple[str, ...]
ANY = Number(None, None)
_ONE = Fraction(1)
Outcome = Found | Open | None
"""None: the chart holds nothing about it."""

HELD: dict[Holdings, str] = {
    "medications": "drugs",
    "adverse_events": "adverse events",
    "failures": "treatments that failed",
    "relapses": "relapses",
}


class View:
    """A chart as it is seen on one day."""

    def __init__(self, chart: Chart, names: Names, now: int) -> None:
        """Take the chart, the names of the dictionary and the day."""
        self.chart = chart
        self.names = names
        self.now = now
        self.notes: list[Note] = []
        self.courses = Courses(chart, now, self.notes)
        self._start: list[int | Open | None] = []

    def incomplete(self, held: Holdings, until: int | None = None) -> Open | None:
        """Say why what the record does not tell cannot be taken as not there; None when it can.

        `until` is the day up to which it has to hold everything (default: the day of the view).
        """
        if held not in self.chart.complete:
            text = f"the record does not say that it holds all {HELD[held]}"
            return Open(f"{text} (`complete: [{held}]`)")
        end = self.chart.until
        if end is not None and end < (self.now if until is None else until):
            return Open(f"the record holds all {HELD[held]} only up to {self.chart.until_written}")
        return None

    def treatment_start(self) -> int | Open | None:
        """Give the first day of treatment; None when it has not begun; or why it is not known."""
        if not self._start:
            self._start.append(self._first_day())
        return self._start[0]

    def _first_day(self) -> int | Open | None:
        found = first_day(self.names.treatment, self.courses)
        if isinstance(found, Open):
            return found
        day = None if found is None else found.first
        return self.incomplete("medications", day) or day

    def value(
        self, entries: list[Entry], about: str, reads: str, within: Period | None,
        lasting: tuple[bool | str, ...] = (), now: int | None = None,
    ) -> tuple[Reading, Entry] | Open | None:  # fmt: skip
        """Give what the newest of some entries says, and the entry; or why it does not count.

        `reads` is how an entry is read (`value` or `ratio`), `now` the day (default: that of the
        view), `within` how old it may be unless its value is a `lasting` one.
        """
        day = self.now if now is None else now
        items, floor = newest(entries, day)
        if not items:
            return None
        wrong = agreed(items, lambda e: reading(e, about, reads), about, self.notes)
        if wrong is not None:
            return wrong
        value = reading(items[0], about, reads)
        may_last = not isinstance(value, Open) and value in lasting
        old = too_old(items, floor, None if may_last else within, self.now)
        if old is not None:
            return old
        if isinstance(value, Open):
            return value
        sure = [item for item in items if item.when.span.last <= day]
        return value, max(sure, key=lambda item: item.when.span.first)


def reading(entry: Entry, about: str, reads: str) -> Reading | Open:
    """Read an entry as a value, or as a multiple of its upper limit; or say why it has none.

    What is only `normal` or `<5` has bounds.
    """
    if entry.number is None and entry.grade is None:
        if entry.value is None:
            return Open(f"`{entry.written}` on {entry.when.text} says no more")
        return entry.value
    number = entry.number or ANY
    is_multiple = reads == "ratio" and entry.fact == about
    limit = _ONE if is_multiple else entry.limit
    if reads == "ratio" and not is_multiple:
        if limit is None and entry.number is not None and entry.grade is None:
            return Open(f"no upper limit is recorded with {entry.written} on {entry.when.text}")
        number = ANY if limit is None else number.over(limit)
        limit = _ONE
    if limit is not None:
        number = number.graded(entry.grade, limit)
    if number == ANY:
        return Open(f"only `{entry.grade}` is recorded on {entry.when.text}, without a number")
    return number


def plain(value: Reading) -> ir.Held:
    """Give what was read as the engines hold it."""
    return value.held() if isinstance(value, Number) else value


def measured(entry: Entry, *, limit: bool) -> str:
    """Write a measurement: 147 U/L on 2024-06-03, upper limit 30 U/L."""
    text = dated(entry)
    if limit and entry.limit is not None:
        text += f", upper limit {entry.limit_written}"
    return text


def dated(entry: Entry) -> str:
    """Write a value with its date."""
    if entry.when.text == NO_DATE:
        return f"{entry.written}, without a date"
    return f"{entry.written} on {entry.when.text}"


def date_of(entry: Entry) -> str | None:
    """Give the date of an entry: ISO, or as it was written when it is partial; None without one."""
    if entry.when.span.exact:
        return write(entry.when.span.first)
    return None if entry.when.text == NO_DATE else entry.when.text
