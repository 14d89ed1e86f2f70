"""A replay in words: what changed on each day, for a terminal and for a page."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from hepatica import finding as f
from hepatica.report import phrases
from hepatica.report.text import Terminal
from hepatica.report.view import CAVEAT, FOOTER
from hepatica.report.view_data import Lines
from hepatica.turns import Course, FactTurn, GuidelineTurn, Moment, Said
from hepatica.words import Words

_MARKS = {"concluded": "=", "recommended": "●", "blocked": "✕", "contraindicated": "▲"}
_KINDS = {"concluded": "said", "recommended": "go", "blocked": "no", "contraindicated": "no"}
_ORDER = ("contraindicated", "blocked", "recommended", "concluded")
_MANY_DAYS = 60
_COLOURS = {"said": "cyan", "go": "green", "no": "red", "due": "magenta", "over": "dim"}


class Change(NamedTuple):
    """One change: its kind (said, go, no, due, over), a mark, a phrase, details, the statement."""

    kind: str
    mark: str
    text: str
    details: Lines
    statement: str


class Side(NamedTuple):
    """What changed in the answer of one guideline."""

    id: str
    name: str
    changes: tuple[Change, ...]


class Day(NamedTuple):
    """What changed on one day: in the record, in the answers, and what is told beside them."""

    date: str
    facts: tuple[str, ...]
    lost: tuple[str, ...]
    sides: tuple[Side, ...]
    notes: Lines


class CourseView(NamedTuple):
    """A whole replay in words; of a long one, where each of its `years` begins among the days.

    A year has the number of its first day, counted from 1, and how many days it has.
    """

    title: str
    subtitle: str
    caveat: str
    days: tuple[Day, ...]
    silent: str
    footer: str
    years: tuple[tuple[str, int, int], ...] = ()


def view(course: Course, words: Words) -> CourseView:
    """Put a replay into words."""
    replay = course.replay
    days = tuple(_Day(m, course.results.get(m.date), words).day() for m in replay.moments)
    spoke = {turn.id for moment in replay.moments for turn in moment.guidelines}
    silent = ", ".join(g.short for g in replay.guidelines if g.id not in spoke)
    parts = (f"case {replay.case}", f"{replay.begin} to {replay.end}", _count(len(days)))
    return CourseView(
        replay.title or replay.case,
        " · ".join(parts),
        CAVEAT if any(g.experimental for g in replay.guidelines) else "",
        days,
        f"Also asked, with nothing to say on any day: {silent}." if silent else "",
        "Each day is answered as if it were that day: nothing dated later was seen. " + FOOTER,
        tuple(_years(days)) if len(days) > _MANY_DAYS else (),
    )


def _years(days: tuple[Day, ...]) -> Iterator[tuple[str, int, int]]:
    number = 1
    for year, group in itertools.groupby(days, key=lambda day: day.date[:4]):
        count = len(list(group))
        yield year, number, count
        number += count


def _count(days: int) -> str:
    return (
        "1 day on which something changed"
        if days == 1
        else (f"{days} days on which something changed")
    )


class _Day:
    def __init__(self, moment: Moment, result: f.Result | None, words: Words) -> None:
        self.moment = moment
        self.words = words
        found = {finding.id: finding for finding in result.guidelines} if result else {}
        self.reasons = {
            name: phrases.Reasons(finding, result, words)
            for name, finding in found.items() if result
        }  # fmt: skip
        self.recommended = {
            r.statement: r for finding in found.values() for r in finding.recommendations
        }

    def day(self) -> Day:
        """Put the day into words."""
        hows = {turn.fact: turn.after.how or "" for turn in self.moment.facts if turn.after}
        known = tuple(
            self._fact(turn)
            for turn in self.moment.facts
            if turn.after and not _told_elsewhere(turn.fact, hows)
        )
        lost = tuple(self._lost(turn) for turn in self.moment.facts if turn.after is None)
        notes = tuple((f"{n.severity} {n.code}", n.message) for n in self.moment.notes)
        sides = [side for turn in self.moment.guidelines if (side := self._side(turn)).changes]
        return Day(self.moment.date, known, lost, (*sides, *self._dues()), notes)

    def _dues(self) -> Iterator[Side]:
        """Tell what is due once, with all guidelines that ask for it."""
        found: dict[str, list[tuple[str, str]]] = {}
        for turn in self.moment.guidelines:
            for d in turn.due:
                text = phrases.due(d.due, self.words)
                found.setdefault(text, []).append((self._short(turn.id), d.statement))
        by_names: dict[str, list[Change]] = {}
        for text, askers in found.items():
            names = ", ".join(dict.fromkeys(name for name, _ in askers))
            statements = ", ".join(statement for _, statement in askers)
            by_names.setdefault(names, []).append(Change("due", "!", text, (), statements))
        for names, changes in by_names.items():
            yield Side("", names, tuple(changes))

    def _short(self, guideline: str) -> str:
        found = self.words.knowledge.guidelines.get(guideline)
        return found.short if found else guideline

    def _fact(self, turn: FactTurn) -> str:
        assert turn.after is not None
        told = phrases.valued(turn.fact, turn.after, self.words)
        if turn.after.origin == "chart":
            told = phrases.charted(turn.fact, turn.after, self.words)
        text = f"{self.words.fact(turn.fact)}: {told}"
        if turn.before is not None:
            text += f"; before: {phrases.valued(turn.fact, turn.before, self.words)}"
        return text

    def _lost(self, turn: FactTurn) -> str:
        assert turn.before is not None
        was = phrases.valued(turn.fact, turn.before, self.words)
        why = f": {turn.why}" if turn.why else ""
        return f"{self.words.fact(turn.fact)}: not known any more{why} (was {was})"

    def _side(self, turn: GuidelineTurn) -> Side:
        began = sorted(turn.began, key=lambda s: _ORDER.index(s.kind))
        ended = sorted(turn.ended, key=lambda s: _ORDER.index(s.kind))
        changes = [self._began(turn.id, s) for s in began]
        changes += [self._ended(s) for s in ended]
        return Side(turn.id, self._short(turn.id), tuple(changes))

    def _name(self, s: Said) -> str:
        if s.kind == "concluded":
            return self.words.stated(str(s.subject), s.value)
        if s.kind == "contraindicated":
            return f"{self.words.intervention(str(s.subject))} – {s.title}"
        return s.title

    def _began(self, guideline: str, s: Said) -> Change:
        details: list[tuple[str, str]] = []
        reasons = self.reasons.get(guideline)
        r = self.recommended.get(s.statement)
        if s.kind in ("recommended", "blocked") and r is not None and reasons is not None:
            details.append(("action", phrases.options(r, self.words, reasons.taken())))
        if s.because and reasons is not None:
            details.append(("because", reasons.because(s.because)))
        return Change(_KINDS[s.kind], _MARKS[s.kind], self._name(s), tuple(details), s.statement)

    def _ended(self, s: Said) -> Change:
        if s.why == "blocked":
            return Change("no", "✕", f"blocked now: {self._name(s)}", (), s.statement)
        if s.why == "not_known":
            asked = ", ".join(self.words.fact(name) for name in s.missing)
            details = (("not known", asked),) if asked else ()
            text = f"{s.kind}, but not known any more: {self._name(s)}"
            return Change("over", "?", text, details, s.statement)
        return Change("over", "–", f"no longer {s.kind}: {self._name(s)}", (), s.statement)


def _told_elsewhere(fact: str, hows: dict[str, str]) -> bool:
    """Say whether a measured value is told with its multiple of the upper limit."""
    how = hows[fact]
    return bool(how) and any(
        other != fact and told.startswith(f"{how}, upper limit") for other, told in hows.items()
    )


def page(shown: CourseView, terminal: Terminal, *, full: bool = False) -> str:
    """Draw a replay for a terminal; with `full`, reasons and statements too."""
    lines = [*terminal.wrap(shown.title, "", "bold"), *terminal.wrap(shown.subtitle, "", "dim")]
    if shown.caveat:
        lines += terminal.wrap(shown.caveat, "", "magenta")
    lines.append("")
    for day in shown.days:
        lines += [terminal.style("─" * terminal.width, "dim"), terminal.style(day.date, "bold")]
        for fact in day.facts:
            lines += terminal.wrap(f"· {fact}", "  ")
        for fact in day.lost:
            lines += terminal.wrap(f"? {fact}", "  ", "magenta")
        for name, text in day.notes:
            lines += terminal.wrap(f"! {name}: {text}", "  ", "magenta")
        for side in day.sides:
            lines += ["  " + terminal.style(side.name, "bold")]
            for change in side.changes:
                text = f"{change.mark} {change.text}"
                lines += terminal.wrap(text, "    ", _COLOURS[change.kind])
                if full:
                    for label, detail in change.details:
                        lines += terminal.labelled(label, detail, 6)
                    lines += terminal.wrap(f"[{change.statement}]", "      ", "dim")
        lines.append("")
    if shown.silent:
        lines += [*terminal.wrap(shown.silent, "", "dim"), ""]
    lines += terminal.wrap(shown.footer, "", "dim")
    return terminal.finish(lines)
