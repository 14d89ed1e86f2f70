"""When each drug was taken: its courses, as far as the dates decide them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hepatica.chart.model import Chart, Medication
from hepatica.chart.newest import Note, Open, surely_before, without_corrected
from hepatica.chart.time import EVER, Span, between, elapsed, write
from hepatica.interval import Interval, from_ends
from hepatica.words import spaced


class Course(NamedTuple):
    """A drug taken without a stop. `start` None: since before the record; `end` None: goes on.

    `since` is the time of the first entry that tells of it, as written, `seen` the days it means.
    """

    start: Span | None
    end: Span | None
    since: str
    seen: Span


class Courses:
    """The courses of every drug of a chart as of a day; each worked out when first asked for."""

    def __init__(self, chart: Chart, now: int, notes: list[Note]) -> None:
        """Take the chart and the day."""
        self.chart = chart
        self.now = now
        self.notes = notes
        self._done: dict[str, list[Course] | Open] = {}
        self._visible: dict[str, list[Medication]] = {}
        self._last: dict[str, int | None] = {}

    def visible(self, drug: str) -> list[Medication]:
        """List what is told of a drug that does not surely lie after the day."""
        if drug not in self._visible:
            told = self.chart.medications.get(drug, ())
            seen = without_corrected([m for m in told if m.when.span.first <= self.now])
            self._visible[drug] = seen
        return self._visible[drug]

    def last_taken(self, drug: str) -> int | None:
        """Give a day not after which a drug was surely begun or changed for the last time."""
        if drug not in self._last:
            told = [m for m in self.visible(drug) if m.kind != "stop" and m.when.seq is None]
            days = (m.when.span.first for m in told if m.when.span.last <= self.now)
            self._last[drug] = max(days, default=None)
        return self._last[drug]

    def of(self, drug: str) -> list[Course] | Open:
        """Give the courses of a drug in their order, or why they are not known."""
        if drug not in self._done:
            self._done[drug] = self._courses(drug)
        return self._done[drug]

    def taken(self, drug: str) -> Course | Open | None:
        """Give the course that goes on, None when there is none, or why that is not known."""
        found = self.of(drug)
        if isinstance(found, Open):
            return found
        return found[-1] if found and found[-1].end is None else None

    def _courses(self, drug: str) -> list[Course] | Open:
        told = sorted(self.visible(drug), key=lambda m: (m.when.seq or 0, m.when.span))
        if not all(m.when.seq is not None for m in told):
            told.sort(key=lambda m: (m.when.span, m.when.seq or 0))
        for m in told:
            if m.when.span.last > self.now:
                return Open(f"the entry of {m.when.text} may be later than {write(self.now)}")
        wrong = self._unordered(drug, told)
        if wrong is not None:
            return wrong
        courses: list[Course] = []
        for m in told:
            taken = bool(courses) and courses[-1].end is None
            if m.kind == "stop":
                if taken:
                    courses[-1] = courses[-1]._replace(end=m.when.span)
                elif not courses:
                    courses.append(Course(None, m.when.span, "", m.when.span))
            elif not taken:
                start = m.when.span if m.kind == "start" else None
                courses.append(Course(start, None, m.when.text, m.when.span))
        return courses

    def _unordered(self, drug: str, told: list[Medication]) -> Open | None:
        """Find a stop and a start (or change) of which the dates do not say which came first."""
        last: dict[bool, Medication] = {}
        for m in told:
            stops = m.kind == "stop"
            other = last.get(not stops)
            if other is not None and not surely_before(other.when, m.when):
                times = " and ".join(dict.fromkeys((other.when.text, m.when.text)))
                if other.when.span == m.when.span and m.when.span.exact:
                    text = f"`{drug}` is stopped and taken on {write(m.when.span.first)}"
                    help = "give both entries a `seq`, which says their order"
                    self.notes.append(Note(m.place, "D116", text, help))
                return Open(f"the order of its entries of {times} is not known")
            before = last.get(stops)
            if before is None or before.when.span.last <= m.when.span.last:
                last[stops] = m
        return None


def time_on(
    drugs: Iterable[str], courses: Courses, unit: str
) -> tuple[float | Interval, Span | None, str] | Open | None:
    """Give the time since the present course of any of these drugs began, its beginning, and how.

    A drug that follows another on the same or the next day goes on with its course. Where the dates
    leave the beginning open the time has bounds, and the beginning is None. None when none was ever
    taken; why not, when none is taken now or the order of its entries is not known.
    """
    every: list[Course] = []
    named: dict[Span, str] = {}
    for drug in drugs:
        found = courses.of(drug)
        if isinstance(found, Open):
            return Open(f"{spaced(drug)}: {found.why}")
        every += found
        for course in found:
            if course.start is not None:
                named.setdefault(course.start, spaced(drug))
    if not every:
        return None
    present = [course for course in every if course.end is None]
    if not present:
        return Open("not taken now")
    start = _earliest(present)
    sure = min(
        course.seen.last if course.start is None else course.start.last for course in present
    )
    ended = [(course.end, course) for course in every if course.end is not None]
    for end, course in sorted(ended, key=lambda pair: pair[0].last, reverse=True):
        if start is None or end.last < start.first - 1:
            break
        if course.start is None or course.start.first < start.first:
            if end.first < start.last - 1:
                how = "whether it was interrupted before is not known from the dates"
                return _at_least(start.last, courses.now, unit), None, how
            start = _earliest([course, course._replace(start=start)])
            sure = start.last if start is not None else sure
    if start is None:
        how = f"begun before the record begins, taken on {write(sure)}"
        return _at_least(sure, courses.now, unit), None, how
    if not start.exact:
        how = f"begun {between(start)}"
        if start.first == EVER.first:
            if start.last >= courses.now:
                return Open(how)
            return _at_least(start.last, courses.now, unit), None, how
        long, short = (elapsed(day, courses.now, unit) for day in start)
        return from_ends(short, long), None, how
    drug = named.get(start, "taken")
    since = f"{drug} since {write(start.first)}"
    return elapsed(start.first, courses.now, unit), start, since


def _at_least(day: int, now: int, unit: str) -> Interval:
    return Interval(elapsed(day, now, unit), None)


def _earliest(courses: Iterable[Course]) -> Span | None:
    """Give the span of the earliest start; None when one lies before the record."""
    starts = [course.start for course in courses]
    known = [start for start in starts if start is not None]
    if len(known) < len(starts):
        return None
    return Span(min(s.first for s in known), min(s.last for s in known))


def first_day(drugs: Iterable[str], courses: Courses) -> Span | Open | None:
    """Give the first day on which any of these drugs was taken; None when none ever was.

    Why not, when it lies before the record, or its date is not exact.
    """
    starts: list[Span] = []
    for drug in drugs:
        told = courses.visible(drug)
        begun = [m for m in told if m.kind == "start"]
        first = min(begun, key=lambda m: m.when.span, default=None)
        if told and (first is None or any(_may_precede(m, first) for m in told)):
            return Open(f"{spaced(drug)} may have been taken before the record begins")
        starts += [m.when.span for m in begun]
    if not starts:
        return None
    start = Span(min(s.first for s in starts), min(s.last for s in starts))
    if start.last > courses.now:
        return Open("the start of treatment may be later")
    if not start.exact:
        return Open(f"treatment began {between(start)}")
    return start


def _may_precede(m: Medication, start: Medication) -> bool:
    """Say whether an entry may tell of a course before the first start that is recorded."""
    if m.kind == "start" or surely_before(start.when, m.when):
        return False
    surely = surely_before(m.when, start.when)
    return surely or m.kind == "stop" or m.when.span.first < start.when.span.first
