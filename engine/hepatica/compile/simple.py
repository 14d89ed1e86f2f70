"""The simplest number of a stretch: what a person would write for "somewhere in here"."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

_FINEST = 17
_ROUND = {"low": ROUND_FLOOR, "high": ROUND_CEILING, "middle": ROUND_HALF_EVEN}


class Stretch(NamedTuple):
    """All floats strictly between two; `near` says at which end a threshold lies."""

    low: float
    high: float
    near: Literal["low", "high", "middle"]


def simplest(stretch: Stretch) -> float:
    """Give a float of a stretch that is written with few digits: a round step from the threshold.

    Zero is only given when there is nothing else. Raises `ValueError` for an empty stretch.
    """
    low, high, near = stretch
    if not math.nextafter(low, math.inf) < high:
        raise ValueError(f"no float lies between {low} and {high}")
    middle = (Decimal(low) + Decimal(high)) / 2
    start = {"low": Decimal(low), "high": Decimal(high), "middle": middle}[near]
    coarsest = start.adjusted() if start else 0
    for exponent in range(coarsest, min(coarsest, 0) - _FINEST, -1):
        step = Decimal(1).scaleb(exponent)
        count = (start / step).to_integral_value(_ROUND[near])
        count += {"low": 1, "high": -1, "middle": 0}[near]
        number = float(count * step)
        if low < number < high and number:
            return number
    found = math.nextafter(low, math.inf) or math.nextafter(0.0, math.inf)
    return found if found < high else 0.0


def place(value: Fraction, cuts: Sequence[float], low: float, high: float) -> Stretch | float:
    """Find where a value lies: on one of the cuts (sorted), or in the stretch between two.

    `low` and `high` are the ends of the plausible range, which belong to it.
    """
    at = bisect.bisect_left(cuts, value)
    if at < len(cuts) and Fraction(cuts[at]) == value:
        return cuts[at]
    below = cuts[at - 1] if at else -math.inf
    above = cuts[at] if at < len(cuts) else math.inf
    near: Literal["low", "high", "middle"] = "low"
    if below < low:  # the end itself may be taken
        near = "high" if above <= high else "middle"
        below = math.nextafter(low, -math.inf)
    elif at == 0:  # no end at all
        near, below = "high" if cuts else "middle", _beyond(cuts, -1)
    if above > high:
        above = math.nextafter(high, math.inf)
    elif at == len(cuts):
        above = _beyond(cuts, 1)
    return Stretch(below, above, near)


def _beyond(cuts: Sequence[float], sign: int) -> float:
    """Give a number well outside all cuts, for a fact without a plausible range."""
    return sign * 10 * max([1.0, *map(abs, cuts)])


class Point(NamedTuple):
    """One of the numbers that questions can tell apart: a threshold, or one between two."""

    value: float
    is_cut: bool


def scale(cuts: Sequence[float], range_: tuple[float, float] | None) -> list[Point]:
    """List a number for every threshold within the range and every stretch between, in order."""
    low, high = range_ or (-math.inf, math.inf)
    inside = [cut for cut in cuts if low <= cut <= high]
    found = []
    for i in range(len(inside) + 1):
        below = inside[i - 1] if i else low
        above = inside[i] if i < len(inside) else high
        middle = _between(below, above, cuts, low, high)
        if middle is not None:
            found.append(Point(middle, False))
        if i < len(inside):
            found.append(Point(inside[i], True))
    return found


def _between(
    below: float, above: float, cuts: Sequence[float], low: float, high: float
) -> float | None:
    """Give a simple number between two thresholds, or between one and an end of the range."""
    inner = below if math.isfinite(below) else (above if math.isfinite(above) else 0.0) - 1
    outer = above if math.isfinite(above) else inner + 2
    if inner == outer:
        return None if inner in cuts else inner
    found = place((Fraction(inner) + Fraction(outer)) / 2, cuts, low, high)
    if not isinstance(found, Stretch):
        return found
    return simplest(found) if math.nextafter(found.low, math.inf) < found.high else None
