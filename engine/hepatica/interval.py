"""A number of which only bounds are known: below 5, from 5 to 10, the age of somebody born in 1961.

A comparison of an interval holds only where it holds of every number in it, so that `a < 5` and
`a >= 5` can both be false: then the question is open. The generated program compares intervals as
it compares numbers, and so needs no code for them.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

ENDS = ("low", "high", "low_open", "high_open")
"""What stands beside the column of a fact in a table, as `FACT.low`, if only bounds are known."""


class Interval(msgspec.Struct, frozen=True):
    """All numbers from `low` to `high`; None is no bound. An open end does not belong to it."""

    low: float | None
    high: float | None
    low_open: bool = False
    high_open: bool = False

    def __lt__(self, other: object) -> bool:
        """Say whether every number is below."""
        end, excluded = _lowest(other)
        if self.high is None or end is None:
            return False
        return self.high < end or ((self.high_open or excluded) and self.high <= end)

    def __le__(self, other: object) -> bool:
        """Say whether every number is at most so much."""
        end, _ = _lowest(other)
        return self.high is not None and end is not None and self.high <= end

    def __gt__(self, other: object) -> bool:
        """Say whether every number is above."""
        end, excluded = _highest(other)
        if self.low is None or end is None:
            return False
        return self.low > end or ((self.low_open or excluded) and self.low >= end)

    def __ge__(self, other: object) -> bool:
        """Say whether every number is at least so much."""
        end, _ = _highest(other)
        return self.low is not None and end is not None and self.low >= end

    def holds(self, other: float | Fraction | Interval) -> bool:
        """Say whether a number, or some number of another interval, may be this one."""
        return not (self < other or self > other)


def may_agree(one: object, other: object) -> bool:
    """Say whether two values of a fact, of which each may be bounds, can be of one patient."""
    if isinstance(one, Interval):
        return isinstance(other, int | float | Interval) and one.holds(other)
    return may_agree(other, one) if isinstance(other, Interval) else one == other


def _lowest(value: object) -> tuple[float | Fraction | None, bool]:
    if isinstance(value, Interval):
        return value.low, value.low_open
    assert isinstance(value, int | float | Fraction)
    return value, False


def _highest(value: object) -> tuple[float | Fraction | None, bool]:
    if isinstance(value, Interval):
        return value.high, value.high_open
    assert isinstance(value, int | float | Fraction)
    return value, False


def from_ends(
    low: Fraction | float | None,
    high: Fraction | float | None,
    *,
    low_open: bool = False,
    high_open: bool = False,
) -> float | Interval:
    """Make an interval of exact ends; one number where both ends are the same and belong to it."""
    first = None if low is None else float(low)
    last = None if high is None else float(high)
    if first is not None and first == last:
        # Ends that differ by less than a float can hold are one number for every question.
        return first
    return Interval(first, last, low_open and low is not None, high_open and high is not None)
