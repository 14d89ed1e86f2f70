"""When a test is due: the schedule of a statement laid over the days on which the test was done.

The interval counts from the last time the test was done, and is that of the stretch of the schedule
in which that day lay; before the first time it counts from the beginning. Of a range both ends are
told: from the shorter on it is due, after the longer it is overdue. A test that the chart does not
show counts as not done, and the answer says that it is the chart that shows none.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Protocol

from hepatica import finding as f
from hepatica import ir
from hepatica.regimen import end_of, later

REPEATS = frozenset({"test", "monitor", "assess"})
"""Actions whose schedule says when something is to be done again."""


class Done(Protocol):
    """Tells when a chart shows something last, by the answer's day; days are ordinals."""

    def observed(self, fact: str) -> int | None:
        """Give the last day on which a fact was observed."""

    def performed(self, intervention: str) -> int | None:
        """Give the last day on which a test is told to have been done."""


Window = tuple[datetime.date, datetime.date]


def dues(
    s: ir.Statement,
    interventions: Mapping[str, ir.Intervention],
    done: Done,
    as_of: str,
    begun: datetime.date | None,
) -> tuple[f.Due, ...]:
    """Say of each test of a scheduled recommendation when it is due.

    `begun` is the day from which the schedule counts, None while it has none or it is not known.
    """
    if not s.schedule or s.recommend is None or s.recommend.action not in REPEATS:
        return ()
    today = datetime.date.fromisoformat(as_of)
    names = dict.fromkeys(name for option in s.recommend.options for name in option)
    found = []
    for name in names:
        last = last_done(interventions[name], done)
        due = _due(name, s.schedule, last, begun, today, counted=s.schedule_from is not None)
        if due is not None:
            found.append(due)
    return tuple(found)


def last_done(intervention: ir.Intervention, done: Done) -> datetime.date | None:
    """Find the last day on which a test was done, as told, or by a fact that shows it."""
    days = [done.performed(intervention.id), *map(done.observed, intervention.done_by)]
    last = max((day for day in days if day is not None), default=None)
    return None if last is None else datetime.date.fromordinal(last)


def _due(
    name: str,
    schedule: tuple[ir.Phase, ...],
    last: datetime.date | None,
    begun: datetime.date | None,
    today: datetime.date,
    *,
    counted: bool,
) -> f.Due | None:
    shown = last.isoformat() if last else None
    if begun is not None:
        window = _counted(schedule, last, begun)
        if window is None:
            return None  # everything that was asked for has been done
    elif last is None or counted or len(schedule) > 1:
        return f.Due(name, shown, None, None, "unknown")  # which stretch holds is not known
    else:
        window = _after(last, schedule[0].every)
    earliest, latest = window
    status: f.DueStatus = "later"
    if today >= earliest:
        status = "due" if today <= latest else "overdue"
    return f.Due(name, shown, earliest.isoformat(), latest.isoformat(), status)


def _counted(
    schedule: Iterable[ir.Phase], last: datetime.date | None, begun: datetime.date
) -> Window | None:
    """Lay a schedule from its beginning; None once all of it is done."""
    anchor = begun if last is None or last < begun else last
    begin = begun
    for phase in schedule:
        end = end_of(begin, phase)
        if phase.times is not None:
            for n in range(1, phase.times + 1):
                earliest = later(begin, phase.every.low * n, phase.every.unit)
                if anchor < earliest:
                    return earliest, later(begin, phase.every.high * n, phase.every.unit)
        elif end is None or anchor < end:
            return _after(anchor, phase.every)
        assert end is not None
        begin = end
    return None


def _after(day: datetime.date, every: ir.Amount) -> Window:
    return later(day, every.low, every.unit), later(day, every.high, every.unit)
