"""The axes of a drawing: heights of one panel, and the days that are named."""

from __future__ import annotations

import datetime
import math

from hepatica.report.timeline import Panel

_MANY = 5  # multiples up to this are drawn on an even scale, above it on a logarithmic one
_LOWEST = 0.25  # of a logarithmic scale


class Scale:
    """Heights of one panel: even from zero, or logarithmic where multiples are far apart."""

    def __init__(self, panel: Panel, top: float, bottom: float) -> None:
        """Take the heights that are to stand between two places."""
        values = [p.height for p in panel.points if p.height is not None] or [1.0]
        most = max(*values, 1.0) if panel.multiples else max(values) or 1.0
        self.top, self.bottom = top + 8, bottom
        self.logarithmic = panel.multiples and most > _MANY
        self.most = most if self.logarithmic else most * 1.05
        steps: tuple[float, ...] = (1, 10, 100) if most > 30 else (1, 3, 10, 30)
        if self.logarithmic:
            self.marks = tuple(s for s in steps if s <= most)
        else:
            self.marks = (1.0, round(most)) if panel.multiples and most >= 2 else (
                (1.0,) if panel.multiples else (_round(most),)
            )  # fmt: skip

    def y(self, value: float) -> float:
        """Place a value."""
        if self.logarithmic:
            low = math.log(_LOWEST)
            share = (math.log(max(value, _LOWEST)) - low) / (math.log(self.most) - low)
        else:
            share = value / self.most
        return self.bottom - share * (self.bottom - self.top)


def _round(value: float) -> float:
    """Round down to a number that reads well on a scale."""
    step = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return math.floor(value / step) * step


def ticks(first: int, last: int) -> list[tuple[int, str]]:
    """Choose the days that the axis names: weeks, months, quarters or years."""
    days = last - first
    if days <= 70:
        step = 7 if days > 14 else 2
        return [(d, _day(d)) for d in range(first, last + 1, step)]
    months = next(m for m in (1, 2, 3, 6, 12, 24, 60, 120, 240, 2400) if days / (m * 30.4) < 15)
    start = datetime.date.fromordinal(first)
    number = start.year * 12 + start.month - 1 + (start.day > 1)
    number += -number % months
    found: list[tuple[int, str]] = []
    while True:
        year, month = divmod(number, 12)
        if year > 9999:
            return found
        day = datetime.date(year, month + 1, 1)
        if day.toordinal() > last:
            return found
        label = str(year) if months >= 12 else f"{day:%b} {year}"
        found.append((day.toordinal(), label))
        number += months


def _day(day: int) -> str:
    date = datetime.date.fromordinal(day)
    return f"{date.day} {date:%b}"
