"""Days, partial dates and stretches of the calendar.

A day is its proleptic Gregorian ordinal, so that days are compared and subtracted as whole numbers.
A date that is known only to the month or year is a `Span`: the first and the last day it may mean.
"""

from __future__ import annotations

import datetime
import functools
import re
from fractions import Fraction
from typing import NamedTuple

from hepatica.derivation import Period

FIRST_YEAR, LAST_YEAR = 1850, 2200
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?\Z")
_DAYS = {"d": 1, "wk": 7}
_MONTHS = {"mo": 1, "a": 12}


class Span(NamedTuple):
    """The first and the last day that a date may mean; the same day when it is a whole date."""

    first: int
    last: int

    @property
    def exact(self) -> bool:
        """Say whether it is one day."""
        return self.first == self.last


EVER = Span(1, datetime.date.max.toordinal())
"""A time of which nothing is known."""
CALENDAR = Span(
    datetime.date(FIRST_YEAR, 1, 1).toordinal(), datetime.date(LAST_YEAR, 12, 31).toordinal()
)
"""The days that a chart may name, and be answered for."""


@functools.lru_cache(maxsize=65536)
def read_date(text: str) -> Span | None:
    """Read `2024-05-30`, `2024-05` or `2024`; None when it is not on the calendar."""
    match = _DATE.match(text)
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        return None
    year, month, day = int(match[1]), match[2], match[3]
    try:
        if day:
            whole = datetime.date(year, int(month), int(day)).toordinal()
            return Span(whole, whole)
        first = datetime.date(year, int(month or 1), 1)
        after = _add_months(first, 1 if month else 12)
    except ValueError:
        return None
    return Span(first.toordinal(), after.toordinal() - 1)


def write(day: int) -> str:
    """Write a day as 2024-05-30."""
    return datetime.date.fromordinal(day).isoformat()


def _add_months(day: datetime.date, months: int) -> datetime.date:
    """Go some months on; the 31st of a shorter month becomes its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return datetime.date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


@functools.lru_cache(maxsize=65536)
def shift(day: int, period: Period, times: int = 1) -> int:
    """Go a period on (or back, with `times` -1): six months after 31 August is 28 February."""
    if period.unit in _DAYS:
        return day + times * period.number * _DAYS[period.unit]
    months = times * period.number * _MONTHS[period.unit]
    return _add_months(datetime.date.fromordinal(day), months).toordinal()


@functools.lru_cache(maxsize=65536)
def months_between(start: int, end: int) -> Fraction:
    """Count months from one day to a later one, the last part as a share of its month.

    A year is twelve of them, so that two years to the day are exactly two years, leap day or not.
    """
    one, other = datetime.date.fromordinal(start), datetime.date.fromordinal(end)
    whole = (other.year - one.year) * 12 + other.month - one.month
    if _add_months(one, whole).toordinal() > end:
        whole -= 1
    begun = _add_months(one, whole).toordinal()
    length = _add_months(one, whole + 1).toordinal() - begun
    return whole + Fraction(end - begun, length)


def elapsed(start: int, end: int, unit: str) -> float:
    """Give the time from one day to a later one in d, wk or a."""
    if unit == "a":
        return float(months_between(start, end) / 12)
    return float(Fraction(end - start, _DAYS[unit]))


def between(span: Span) -> str:
    """Say between which days something lies."""
    if span.first == EVER.first:
        return "on a day that is not known"
    return f"between {write(span.first)} and {write(span.last)}"


def ago(day: int, now: int) -> str:
    """Say how long before: 9 months before, 12 days before."""
    days = now - day
    if days == 0:
        return "on the same day"
    months = int(months_between(day, now))
    if months >= 24:
        return f"{months // 12} years before"
    if months >= 2:
        return f"{months} months before"
    return f"{days} day{'' if days == 1 else 's'} before"
