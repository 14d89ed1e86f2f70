"""A chart from a document: every entry checked, every error told with its place.

The shape (names and types of keys) was checked against the schema before. Here: times that are on
the calendar, entries that say exactly one thing, facts, drugs and events that are known, values and
units that suit their fact.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from hepatica.chart.model import (
    Chart,
    Entry,
    Event,
    Medication,
    When,
)
from hepatica.chart.names import Names
from hepatica.chart.observations import Observations
from hepatica.chart.order import NO_DATE, every, out_of_order
from hepatica.chart.time import CALENDAR, EVER, Span, read_date, write
from hepatica.diagnostics import Diagnostic
from hepatica.source import Document, KeyPath, Source

KINDS = ("observe", "status", "start", "change", "stop", "event", "done")
_TIMES = {"date", "day", "seq"}
_ABOUT: dict[str, set[str]] = {
    "observe": {"value", "upper_limit", "range", "result", "corrected"},
    "status": {"value", "upper_limit", "range", "result", "corrected"},
    "start": {"dose", "corrected"},
    "change": {"dose", "reason", "corrected"},
    "stop": {"reason", "permanent", "corrected"},
    "event": {"severity", "attributed_to"},
    "done": set(),
}
_ALWAYS = _TIMES | {"text"}
_SAYS = {
    "observe": "observes", "status": "states", "start": "starts a drug",
    "change": "changes a drug", "stop": "stops a drug", "event": "tells of an event",
    "done": "says that a test was done",
}  # fmt: skip


def read_chart(
    document: Document, names: Names, until: str | None
) -> tuple[Chart, list[Diagnostic]]:
    """Read the `chart` of a document; with errors among the diagnostics it must not be used.

    `until` is the day up to which the record runs where the chart does not say itself.
    """
    reader = _Reader(document, names)
    return reader.chart(until), reader.vocabulary.diagnostics


class Read(NamedTuple):
    """What one entry tells (an event may be a dated value, too), or what is wrong with it."""

    told: list[Entry | Medication | Event]
    wrong: list[Diagnostic]


def read_each(entries: Sequence[Mapping[str, Any]], names: Names) -> list[Read]:
    """Read entries one by one, each as if it stood alone in a chart.

    They have the shape that the schema asks, and a time.
    """
    timeline = list(entries)
    reader = _Reader(
        Document(Source("chart", ""), {"chart": {"timeline": timeline}}, ({}, {})), names
    )
    found = [Read([], []) for _ in timeline]
    wrong = reader.vocabulary.diagnostics
    for i, entry in enumerate(timeline):
        before = len(wrong)
        reader._read(("chart", "timeline", i), cast("dict[str, Any]", entry))
        found[i].wrong.extend(wrong[before:])
    for group in (reader.entries, reader.medications, reader.events):
        for told in group.values():
            for one in cast("list[Entry | Medication | Event]", told):
                found[cast(int, one.place[2])].told.append(one)
    return found


class _Reader(Observations):
    def __init__(self, document: Document, names: Names) -> None:
        super().__init__(document, names)
        self.data = document.data["chart"]
        self.day_zero = self._date(("chart", "day_zero"), self.data.get("day_zero"))
        self.end: int | None = None

    def chart(self, until: str | None) -> Chart:
        """Read all of it."""
        data = self.data
        written = data.get("until", until)
        if written is not None:
            found = self._date(("chart", "until"), written)
            self.end = found.last if found else None
        patient = data.get("patient", {})
        undated = {}
        for name in ("sex", "weight"):
            if name in patient:
                key = "value" if self._type(name) == "quantity" else "result"
                path: KeyPath = ("chart", "patient", name)
                entry = self.observed(
                    path, name, {key: patient[name]}, When(EVER, None, NO_DATE), {key: path}
                )
                if entry is not None:
                    undated[name] = entry
        birth = self._date(("chart", "patient", "birth"), patient.get("birth"))
        for i, entry in enumerate(data.get("timeline", ())):
            self._read(("chart", "timeline", i), entry)
        ordered = any("seq" in entry for entry in data.get("timeline", ()))
        chart = Chart(
            self.entries, self.medications, self.events, undated,
            frozenset(data.get("complete", ())), self.end, str(written or ""), birth,
            str(patient.get("birth", "")), ordered, self.performed,
        )  # fmt: skip
        for told in every(chart):
            if birth is not None and told.when.span.last < birth.first:
                self._before_birth(told.place, chart.birth_written)
        for path, text in out_of_order(chart) if ordered else ():
            self.report((*path, "seq"), "D111", text, "mend the date, or the `seq`")
        return chart

    def _before_birth(self, path: KeyPath, birth: str) -> None:
        key = "date" if "date" in self.data["timeline"][path[-1]] else "day"
        text = f"the entry lies before the birth of the patient ({birth})"
        self.report((*path, key), "D111", text, "mend the date of the entry, or that of birth")

    def _type(self, name: str) -> str | None:
        fact = self.names.facts.get(name)
        return fact.type if fact else None

    def _date(self, path: KeyPath, raw: Any) -> Span | None:
        if raw is None:
            return None
        found = read_date(str(raw))
        if found is None:
            text = f"`{raw}` is not a day, month or year of the calendar"
            self.report(path, "D111", text, "write it as 2024-05-30, 2024-05 or 2024")
        return found

    def _read(self, path: KeyPath, data: dict[str, Any]) -> None:
        """Read one entry of the timeline."""
        kind = _usual(tuple(data))
        if kind is None:
            self._read_with_care(path, data)
            return
        when = self._when(path, data)
        if when is not None:
            self._read_as(kind, path, data, when)

    def _read_with_care(self, path: KeyPath, data: dict[str, Any]) -> None:
        """Read an entry of which the keys say nothing, too much, or what does not go together."""
        kinds = [kind for kind in KINDS if kind in data]
        if len(kinds) != 1:
            said = " and ".join(f"`{kind}`" for kind in kinds) or "nothing"
            text = f"entry {cast(int, path[-1]) + 1} says {said}"
            help = f"an entry says exactly one of {', '.join(f'`{k}`' for k in KINDS)}"
            self.report((*path, next(iter(data), "")), "D112", text, help, key=True)
            return
        kind = kinds[0]
        wrong = data.keys() - _ABOUT[kind] - _ALWAYS - {kind}
        for key in sorted(wrong):
            text = f"`{key}` does not belong to an entry that {_SAYS[kind]}"
            help = (
                f"beside `{kind}`: {', '.join(f'`{k}`' for k in sorted(_ABOUT[kind] or _ALWAYS))}"
            )
            self.report((*path, key), "D112", text, help, key=True)
        when = self._when(path, data)
        if not wrong and when is not None:
            self._read_as(kind, path, data, when)

    def _read_as(self, kind: str, path: KeyPath, data: dict[str, Any], when: When) -> None:
        if kind in ("observe", "status"):
            if self.is_dated((*path, kind), data[kind]):
                entry = self.observed(path, data[kind], data, when, {})
                if entry is not None:
                    self.add(entry)
        elif kind == "event":
            self.event(path, data, when)
        elif kind == "done":
            self.done(path, data["done"], when)
        else:
            self.medication(path, kind, data, when)

    def _when(self, path: KeyPath, data: dict[str, Any]) -> When | None:
        seq = data.get("seq")
        if "date" in data and "day" in data:
            self.report((*path, "day"), "D111", "an entry has one time", "keep `date` or `day`")
            return None
        if "date" in data:
            written = str(data["date"])
            when = self.names.times.get((written, seq))
            if when is None:
                span = self._date((*path, "date"), written)
                if span is not None:
                    when = self.names.times.keep((written, seq), When(span, seq, written))
            return when
        if "day" in data:
            if self.day_zero is None:
                if "day_zero" not in self.data:
                    text = "`day` counts from `day_zero`, which the chart does not give"
                    help = "give `day_zero` as a date, or the entry a `date`"
                    self.report((*path, "day"), "D111", text, help)
                return None
            first, last = (day + data["day"] for day in self.day_zero)
            if not CALENDAR.first <= first <= last <= CALENDAR.last:
                self.report((*path, "day"), "D111", "no such day", "check the number")
                return None
            text = f"day {data['day']}" + (f" ({write(first)})" if first == last else "")
            return When(Span(first, last), seq, text)
        if seq is not None:
            return When(Span(EVER.first, self.end or EVER.last), seq, NO_DATE)
        help = "give `date`, `day` (from `day_zero`), or `seq` where only the order is known"
        text = f"entry {cast(int, path[-1]) + 1} has no time"
        self.report((*path, next(iter(data))), "D111", text, help, key=True)
        return None


@functools.lru_cache(maxsize=4096)
def _usual(keys: tuple[str, ...]) -> str | None:
    """Give what an entry with these keys tells; None when that takes a closer look."""
    kinds = [kind for kind in KINDS if kind in keys]
    if len(kinds) != 1 or not {*keys} <= _ABOUT[kinds[0]] | _ALWAYS | {kinds[0]}:
        return None
    return kinds[0]
