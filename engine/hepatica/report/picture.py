"""From a chart and its replay to what a timeline shows."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from fractions import Fraction

from hepatica import ir
from hepatica.chart.model import Chart, Entry, Event, Medication
from hepatica.chart.time import EVER, write
from hepatica.chart.time import Span as Days
from hepatica.outcome import GIVES
from hepatica.report.heights import height_of, is_high, most_of
from hepatica.report.timeline import Bar, Lane, Mark, Panel, Piece, Point, Span, Timeline
from hepatica.turns import Course, Said
from hepatica.words import Words, spaced

_FIRST = ("alt", "ast", "bilirubin", "igg", "inr", "tgn", "mmpr")
_MOST_PANELS, _MOST_SPANS = 9, 12
_LONG_MARK, _LONG_SPAN = 40, 72
_MOST_SHADES = 160
_MOST_CHANGES = 12  # of a finding that are written out
_TREATS = GIVES | {"taper", "stop", "avoid", "refer"}
_KINDS = {"concluded": "said", "recommended": "go", "blocked": "no", "contraindicated": "no"}


def picture(course: Course, chart: Chart, words: Words) -> Timeline:
    """Collect what a timeline shows; nothing that surely lies after the end of the replay."""
    return _Picture(course, chart, words).timeline()


class _Picture:
    def __init__(self, course: Course, chart: Chart, words: Words) -> None:
        self.course = course
        self.chart = chart
        self.words = words
        self.first = _ordinal(course.replay.begin)
        self.last = _ordinal(course.replay.end)
        self.undated: dict[str, None] = {}

    def timeline(self) -> Timeline:
        """Put it together."""
        panels = list(self._panels())
        bars = [bar for drug in self.chart.medications if (bar := self._bar(drug)) is not None]
        bars.sort(key=lambda bar: bar.pieces[0].first if bar.pieces else self.last)
        marks = (*self._events(), *self._findings())
        courses = tuple(self._courses())
        lanes = [lane for lane in self._lanes() if lane.spans or lane.rows]
        return Timeline(
            self.first, self.last, tuple(panels), tuple(bars), marks, tuple(lanes),
            tuple(self.undated), courses,
        )  # fmt: skip

    def _shown(self, days: Days, text: str) -> bool:
        """Say whether an entry can be drawn; note those of which only the order is known."""
        if days.first <= EVER.first:
            self.undated[text] = None
            return False
        return self.first <= days.last and days.first <= self.last

    def _panels(self) -> Iterator[Panel]:
        found = []
        for name, entries in self.chart.entries.items():
            fact = self.words.knowledge.facts[name]
            if fact.type != "quantity":
                continue
            shown = [e for e in entries if self._shown(e.when.span, f"{fact.title} {e.written}")]
            if shown:
                rank = _FIRST.index(name) if name in _FIRST else len(_FIRST)
                found.append((rank, -len(shown), name, self._panel(fact, shown)))
        found.sort(key=lambda item: item[:3])
        for *_, title, panel in found[_MOST_PANELS:]:
            self.undated[f"{self.words.fact(title)}: {len(panel.points)} values"] = None
        yield from (panel for *_, panel in found[:_MOST_PANELS])

    def _panel(self, fact: ir.Fact, entries: list[Entry]) -> Panel:
        entries.sort(key=lambda e: (e.when.span, e.when.seq or 0))
        multiples = any(e.limit and e.number is not None for e in entries)
        points = tuple(self._point(fact, e, multiples=multiples) for e in entries)
        unit = self.words.value(fact.id, 2.0).removeprefix("2").strip()
        return Panel(_short(fact.title, 26), unit, multiples, points)

    def _point(self, fact: ir.Fact, e: Entry, *, multiples: bool) -> Point:
        value = height_of(e.number)
        height = None if value is None else float(value)
        if multiples and value is not None:
            height = float(value / e.limit) if e.limit else None
        limit = f", upper limit {e.limit_written}" if e.limit_written else ""
        text = f"{fact.title}: {e.written}{limit}, {e.when.text}"
        label = e.written
        if value is not None:
            label = label.split(" ")[0] if e.number is not None and e.number.exact else label
        days = e.when.span
        return Point(days.first, days.last, height, is_high(e), label, text)

    def _bar(self, drug: str) -> Bar | None:
        title = self.words.intervention(drug) if drug != "other_drug" else "another drug"
        told = [
            m for m in self.chart.medications[drug]
            if self._drawn(m, f"{m.kind} {title} {m.written}".strip())
        ]  # fmt: skip
        if not told:
            return None
        told.sort(key=lambda m: (m.when.span, m.when.seq or 0))
        most = most_of(told)
        pieces: list[Piece] = []
        stops = []
        now: Medication | None = None
        for m in told:
            days = m.when.span
            if now is not None:
                pieces.append(self._piece(now, title, days.first, most))
            elif m.kind != "start":
                before = f"{title}, begun before"
                pieces.append(Piece(self.first, days.first, "", None, before))
            if m.kind == "stop":
                reason = f": {spaced(m.reason)}" if m.reason else ""
                good = ", for good" if m.permanent else ""
                text = f"{title} stopped {m.when.text}{reason}{good}"
                stops.append((days.first, days.last, text))
            now = None if m.kind == "stop" else m
        if now is not None:
            pieces.append(self._piece(now, title, self.last, most))
        unsure = tuple((m.when.span.first, m.when.span.last) for m in told if not m.when.span.exact)
        shown = tuple(p for p in pieces if p.last >= self.first)
        return Bar(_short(title, 26), shown, unsure, tuple(stops))

    def _drawn(self, m: Medication, text: str) -> bool:
        if m.when.span.first <= EVER.first:
            self.undated[text] = None
            return False
        return m.when.span.first <= self.last

    def _piece(self, m: Medication, title: str, end: int, most: dict[str, Fraction]) -> Piece:
        share = float(m.dose.number / most[m.dose.unit]) if m.dose and len(most) == 1 else None
        text = f"{title} {m.written} from {m.when.text}".replace("  ", " ")
        return Piece(m.when.span.last, max(end, m.when.span.last), m.written, share, text)

    def _events(self) -> Iterator[Mark]:
        for events in self.chart.events.values():
            for event in events:
                label = _event(event, self.words)
                if self._shown(event.when.span, label):
                    days = event.when.span
                    text = f"{label}, {event.when.text}"
                    yield Mark(days.first, days.last, _short(label, _LONG_MARK), text, "event")

        for performed in self.chart.performed.values():
            for done in performed:
                label = f"{self.words.intervention(done.intervention)}: done"
                if self._shown(done.when.span, label):
                    days = done.when.span
                    text = f"{label}, {done.when.text}"
                    yield Mark(days.first, days.last, _short(label, _LONG_MARK), text, "finding")

    def _findings(self) -> Iterator[Mark]:
        """Give each finding when it is first made, and when it is another one."""
        for name in self.chart.entries:
            changes = self._changes(name)
            for e in changes if len(changes) <= _MOST_CHANGES else ():
                assert e.value is not None  # it is a finding
                label = self.words.stated(name, e.value)
                if self._shown(e.when.span, label):
                    days = e.when.span
                    text = f"{label}, {e.when.text}"
                    yield Mark(days.first, days.last, _short(label, _LONG_MARK), text, "finding")

    def _changes(self, name: str) -> list[Entry]:
        """List the entries of a finding that say something else than the one before."""
        happened = {event.place for events in self.chart.events.values() for event in events}
        found: list[Entry] = []
        for e in sorted(self.chart.entries[name], key=lambda e: (e.when.span, e.when.seq or 0)):
            if e.value is None or e.place in happened or (found and e.value == found[-1].value):
                continue
            found.append(e)
        return found

    def _courses(self) -> Iterator[Bar]:
        """Give each finding that changed often as stretches from one change to the next."""
        for name in self.chart.entries:
            changes = self._changes(name)
            if len(changes) <= _MOST_CHANGES:
                continue
            shown = [e for e in changes if self._shown(e.when.span, self.words.fact(name))]
            values = sorted({str(e.value) for e in shown})
            titles = {str(e.value): self.words.value(name, e.value or False) for e in shown}
            shades = "from light to dark: " + ", ".join(titles[value] for value in values)
            ends = [e.when.span.first for e in shown[1:]] + [self.last]
            pieces = []
            for e, end in zip(shown, ends, strict=True):
                assert e.value is not None  # it is a finding
                share = values.index(str(e.value)) / max(1, len(values) - 1)
                label = self.words.value(name, e.value)
                text = f"{self.words.stated(name, e.value)}, {e.when.text}"
                first = e.when.span.last
                pieces.append(Piece(first, max(end, first), _short(label, _LONG_MARK), share, text))
            title = _short(self.words.fact(name), 26)
            yield Bar(title, tuple(pieces), (), (), _short(shades, _MOST_SHADES))

    def _lanes(self) -> Iterator[Lane]:
        for asked in self.course.replay.guidelines:
            spans, turns = self._spans(asked.id)
            if len(spans) > _MOST_SPANS:
                yield self._crowded(asked.id, asked.short, spans, tuple(turns))
                continue
            # What came or went on the way says more than what was there from the first to the last.
            spans.sort(key=lambda s: (s.first == self.first and s.goes_on, s.first))
            yield Lane(asked.id, asked.short, tuple(spans), tuple(turns), 0)

    def _crowded(
        self, guideline: str, short: str, spans: list[Span], turns: tuple[tuple[int, int], ...]
    ) -> Lane:
        """Draw what is said again and again in one row each."""
        rows: dict[tuple[str, str], list[Span]] = {}
        for span in sorted(spans, key=lambda s: s.first):
            rows.setdefault((span.kind, span.label), []).append(span)

        def rank(row: list[Span]) -> tuple[bool, int]:
            return len(row) == 1 and row[0].first == self.first and row[0].goes_on, row[0].first

        order = sorted(rows.values(), key=rank)
        repeated = tuple(tuple(row) for row in order[:_MOST_SPANS] if len(row) > 1)
        once = tuple(row[0] for row in order[:_MOST_SPANS] if len(row) == 1)
        return Lane(guideline, short, once, turns, max(0, len(order) - _MOST_SPANS), repeated)

    def _spans(self, guideline: str) -> tuple[list[Span], list[tuple[int, int]]]:
        going: dict[tuple[str, str, str], tuple[int, Said]] = {}
        spans: dict[tuple[tuple[str, str, str], int], Span] = {}
        turns = []

        def close(key: tuple[str, str, str], end: int, *, goes_on: bool) -> None:
            first, said = going.pop(key)
            spans[key, first] = self._span(said, first, end, goes_on=goes_on)

        for number, moment in enumerate(self.course.replay.moments, start=1):
            day = _ordinal(moment.date)
            for turn in moment.guidelines:
                if turn.id != guideline:
                    continue
                if turn.began or turn.ended:
                    turns.append((day, number))
                for said in turn.ended:
                    if (key := _key(said)) in going:
                        close(key, day, goes_on=False)
                for said in turn.began:
                    if self._is_drawn(said) and _key(said) not in going:
                        going[_key(said)] = (day, said)
        for key in list(going):
            close(key, self.last, goes_on=True)
        return list(spans.values()), turns

    def _is_drawn(self, said: Said) -> bool:
        """Say whether it is drawn: conclusions, and what is said of treatment, not of tests."""
        if said.kind != "recommended":
            return True
        guideline = said.statement.split("/", 1)[0]
        statements = self.words.knowledge.guidelines[guideline].statements
        found = next(s for s in statements if s.id == said.statement)
        return found.recommend is not None and found.recommend.action in _TREATS

    def _span(self, said: Said, first: int, end: int, *, goes_on: bool) -> Span:
        label = said.title
        if said.kind == "concluded":
            label = self.words.stated(str(said.subject), said.value)
        until = "at the end of the replay still so" if goes_on else f"until {write(end)}"
        text = f"{said.kind}: {label}; from {write(first)}, {until} [{said.statement}]"
        return Span(first, end, _short(label, _LONG_SPAN), text, _KINDS[said.kind], goes_on)


def _key(said: Said) -> tuple[str, str, str]:
    """Name what a span shows; a statement against several drugs is one."""
    about = f"{said.subject} {said.value}" if said.kind == "concluded" else said.statement
    return said.kind, about, ""


def _event(event: Event, words: Words) -> str:
    title = words.fact(event.event) if event.event in words.knowledge.facts else spaced(event.event)
    severity = f", {event.severity}" if event.severity else ""
    blamed = ", ".join(map(words.intervention, event.attributed or ()))
    return f"{title}{severity}{f' ({blamed})' if blamed else ''}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _ordinal(date: str) -> int:
    return datetime.date.fromisoformat(date).toordinal()
