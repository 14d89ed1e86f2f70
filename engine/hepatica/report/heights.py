"""How high a result or a dose is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from hepatica.chart.model import Entry, Medication, Number


def height_of(number: Number | None) -> Fraction | None:
    """Give a height for a number or range: its middle, or the one limit that is known."""
    if number is None:
        return None
    if number.low is None or number.high is None:
        return number.low if number.high is None else number.high
    return (number.low + number.high) / 2


def is_high(e: Entry) -> bool | None:
    """Say whether a result lies above its own limit; None where that is not told."""
    if e.number is not None and e.limit is not None:
        if e.number.above(e.limit):
            return True
        if e.number.at_most(e.limit):
            return False
    return None if e.grade is None else e.grade == "high"


def most_of(told: Iterable[Medication]) -> dict[str, Fraction]:
    """Give the highest dose in each unit."""
    found: dict[str, Fraction] = {}
    for m in told:
        if m.dose is not None:
            found[m.dose.unit] = max(found.get(m.dose.unit, m.dose.number), m.dose.number)
    return found
