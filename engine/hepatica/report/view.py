"""A result in words: what every kind of report shows, in the order in which it is read.

Recommended comes first, with its reasons and source; then what depends on missing facts, grouped by
the fact that would settle it; then what is blocked; then what to avoid; then all that is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hepatica import finding as f
from hepatica.diagnostics import Diagnostic
from hepatica.outcome import GIVES
from hepatica.words import ACTIONS, CONFIDENCE, Words, amount, quantity, spaced

Lines = tuple[tuple[str, str], ...]


class Item(NamedTuple):
    """One entry: a headline, a sentence, labelled details, and the statement it comes from."""

    mark: str
    headline: str
    text: str
    details: Lines
    statement: str


class Group(NamedTuple):
    """Entries that wait for one missing fact."""

    fact: str
    name: str
    items: tuple[Item, ...]


class Side(NamedTuple):
    """What one guideline says."""

    id: str
    heading: str
    caveat: str
    silent: str
    concluded: tuple[Item, ...]
    recommended: tuple[Item, ...]
    contingent: tuple[Group, ...]
    blocked: tuple[Item, ...]
    avoid: tuple[Item, ...]
    cautions: tuple[Item, ...]
    not_excluded: tuple[Item, ...]
    missing: tuple[str, ...]
    not_sourced: str
    counts: tuple[int, int, int]


class View(NamedTuple):
    """A whole result in words."""

    title: str
    subtitle: str
    inputs: Lines
    notes: tuple[Diagnostic, ...]
    sides: tuple[Side, ...]
    footer: str


CAVEAT = "experimental: no named clinician has checked this encoding"
FOOTER = (
    "Decision support for clinicians who check it against the sources. Not sourced does not mean"
    " that a guideline is silent; unknown is never taken as no."
)


def view(result: f.Result, words: Words) -> View:
    """Put a result into words."""
    given = "1 fact given" if len(result.inputs) == 1 else f"{len(result.inputs)} facts given"
    parts = [f"case {result.case}", f"as of {result.as_of}" if result.as_of else "", given]
    inputs = tuple((words.fact(n), words.value(n, i.value)) for n, i in result.inputs.items())
    sides = tuple(_Side(finding, result, words).side() for finding in result.guidelines)
    subtitle = " · ".join(part for part in parts if part)
    title = result.title or result.case
    return View(title, subtitle, inputs, result.diagnostics, sides, FOOTER)


class _Side:
    def __init__(self, finding: f.Finding, result: f.Result, words: Words) -> None:
        self.finding = finding
        self.words = words
        self.known = {name: i.value for name, i in result.inputs.items()}
        for c in finding.conclusions:
            if isinstance(self.known.get(c.fact), list):
                self.known[c.fact] = [*self.known[c.fact], c.value]
            elif c.fact in words.knowledge.facts and words.knowledge.facts[c.fact].type == "codes":
                self.known[c.fact] = [c.value]
            else:
                self.known[c.fact] = c.value

    def side(self) -> Side:
        """Put one guideline's finding into words."""
        g = self.finding
        by_status: dict[str, list[f.Recommendation]] = {}
        for r in g.recommendations:
            by_status.setdefault(r.status, []).append(r)
        recommended = by_status.get("recommended", [])
        contingent = by_status.get("contingent", [])
        blocked = by_status.get("blocked", [])
        avoid: dict[str, list[f.Avoidance]] = {}
        for a in g.avoid:
            avoid.setdefault(a.status, []).append(a)
        silent = ""
        if g.applies == "false":
            silent = "This guideline does not apply to this patient; nothing is recommended."
        elif not g.recommendations:
            silent = "No recommendation of this guideline fits what is known."
        return Side(
            id=g.id,
            heading=f"{g.short} · encoding {g.version}",
            caveat=CAVEAT if g.experimental else "",
            silent=silent,
            concluded=tuple(self._conclusion(c) for c in g.conclusions),
            recommended=tuple(self._recommendation(r) for r in recommended),
            contingent=self._groups(contingent),
            blocked=tuple(self._blocked(r) for r in blocked),
            avoid=tuple(self._avoidance(a) for a in _merge(avoid.get("contraindicated", ()))),
            cautions=tuple(self._avoidance(a) for a in _merge(avoid.get("caution", ()))),
            not_excluded=tuple(self._avoidance(a) for a in _merge(avoid.get("contingent", ()))),
            missing=tuple(self._missing(m) for m in g.missing),
            not_sourced=g.not_sourced,
            counts=(len(recommended), len(contingent), len(blocked)),
        )

    def _because(self, facts: Iterable[str]) -> str:
        return "; ".join(self.words.stated(n, self.known.get(n, "unknown")) for n in facts)

    def _source(self, source: f.Citation) -> str:
        cited = f"{source.label} {source.locator}"
        link = f" https://doi.org/{source.doi}" if source.doi else ""
        return f"{source.citation.rstrip('.')}, {cited} ({CONFIDENCE[source.confidence]}).{link}"

    def _conclusion(self, c: f.Conclusion) -> Item:
        said = self.words.fact(c.fact)
        if c.value is not True:
            said = f"{said}: {self.words.value(c.fact, c.value)}"
        details = [("because", self._because(c.because))] if c.because else []
        return Item("=", said, "", (*details, *_readings(c.interpretation)), c.statement)

    def _options(self, r: f.Recommendation) -> str:
        shown = []
        for option in r.options:
            name = self.words.together(option.interventions)
            if option.status == "blocked" and len(r.options) > 1:
                name += " (contraindicated here)"
            elif option.status == "contingent" and r.status == "recommended":
                names = ", ".join(self.words.fact(m) for m in option.missing)
                name += f" (only if known: {names})"
            shown.append(name)
        return f"{ACTIONS[r.action]} {' or '.join(shown)}"

    def _recommendation(self, r: f.Recommendation) -> Item:
        details: list[tuple[str, str]] = [("action", self._options(r))]
        details += [("dose", self._dose(d)) for d in r.dose]
        if r.schedule:
            details.append(("schedule", ", then ".join(map(self._phase, r.schedule))))
        if r.target:
            aim = amount(r.target.low, r.target.high, r.target.unit or "1")
            details.append(("target", f"{self.words.fact(r.target.fact)} {aim}"))
        if r.duration:
            details.append(("duration", r.duration))
        if r.because:
            details.append(("because", self._because(r.because)))
        details += [("caution", self._title(c)) for c in r.cautions]
        details += [("reported", self._evidence(e)) for e in r.evidence]
        details.append(("grade", _grade(r.grade)))
        details.append(("source", self._source(r.source)))
        details += _readings(r.interpretation)
        return Item("●", r.title, r.text, tuple(details), r.statement)

    def _dose(self, d: f.Dose) -> str:
        text = f"{self.words.intervention(d.intervention)} "
        text += amount(d.amount.low, d.amount.high, d.amount.unit)
        if d.at_most:
            text += f", at most {amount(d.at_most.low, d.at_most.high, d.at_most.unit)}"
        if d.form:
            text += f" ({d.form})"
        if d.missing:
            text += f" – only if it is meant for this patient: {self._names(d.missing)} not known"
        return text

    def _phase(self, p: f.Phase) -> str:
        every = amount(p.every.low, p.every.high, p.every.unit)
        text = f"{'at least ' if p.at_least else ''}every {every.removeprefix('1 ')}"
        if p.lasts:
            text += f" for {amount(p.lasts.low, p.lasts.high, p.lasts.unit)}"
        return f"{text} ({p.text})" if p.text else text

    def _names(self, facts: Iterable[str]) -> str:
        return ", ".join(self.words.fact(name) for name in facts)

    def _groups(self, contingent: list[f.Recommendation]) -> tuple[Group, ...]:
        """Group what is open by the fact that settles most, each under the first that it needs."""
        order = [m.fact for m in self.finding.missing]
        groups: dict[str, list[Item]] = {}
        for r in contingent:
            waits = [name for name in order if name in r.missing]
            first = waits[0] if waits else ""
            others = self._names(waits[1:])
            details = [("action", self._options(r))]
            if others:
                details.append(("also open", others))
            if r.because:
                details.append(("because", self._because(r.because)))
            details.append(("source", self._short_source(r.source)))
            item = Item("○", r.title, r.text, tuple(details), r.statement)
            groups.setdefault(first, []).append(item)
        names = [name for name in (*order, "") if name in groups]
        return tuple(Group(n, self.words.fact(n), tuple(groups[n])) for n in names)

    def _short_source(self, source: f.Citation) -> str:
        return f"{source.ref}, {source.label} {source.locator}"

    def _blocked(self, r: f.Recommendation) -> Item:
        details = [("action", self._options(r))]
        details += [("blocked by", f"{self._title(s)} [{s}]") for s in r.blocked_by]
        if r.because:
            details.append(("because", self._because(r.because)))
        details.append(("source", self._short_source(r.source)))
        return Item("✕", r.title, r.text, tuple(details), r.statement)

    def _title(self, statement: str) -> str:
        for a in self.finding.avoid:
            if a.statement == statement:
                return a.title
        return statement

    def _evidence(self, statement: str) -> str:
        for e in self.finding.evidence:
            if e.statement == statement:
                who = f" ({e.population})" if e.population else ""
                number = amount(e.amount.low, e.amount.high, e.amount.unit)
                return f"{e.measure}: {number}{who} [{e.source.ref}, {e.source.locator}]"
        return statement

    def _avoidance(self, merged: tuple[f.Avoidance, tuple[str, ...]]) -> Item:
        a, names = merged
        details: list[tuple[str, str]] = []
        if a.actions and set(a.actions) != GIVES:
            details.append(("not to", ", ".join(ACTIONS[action] for action in a.actions)))
        if a.because:
            details.append(("because", self._because(a.because)))
        if a.missing:
            details.append(("not known", self._names(a.missing)))
        if a.grade:
            details.append(("grade", _grade(a.grade)))
        details.append(("source", self._short_source(a.source)))
        details += _readings(a.interpretation)
        mark = {"contraindicated": "▲", "caution": "!", "contingent": "?"}[a.status]
        headline = f"{', '.join(self.words.intervention(n) for n in names)} – {a.title}"
        return Item(mark, headline, a.text, tuple(details), a.statement)

    def _missing(self, m: f.Missing) -> str:
        count = len(m.would_settle)
        return (
            f"{self.words.fact(m.fact)} ({m.fact}) – bears on {count} statement{'s' * (count > 1)}"
        )


def _merge(found: Iterable[f.Avoidance]) -> list[tuple[f.Avoidance, tuple[str, ...]]]:
    """Show a statement about several interventions once."""
    merged: dict[str, tuple[f.Avoidance, tuple[str, ...]]] = {}
    for a in found:
        first, names = merged.get(a.statement, (a, ()))
        merged[a.statement] = (first, (*names, a.intervention))
    return list(merged.values())


def _grade(grade: f.Grade | None) -> str:
    if grade is None or not (grade.as_printed or grade.strength or grade.certainty):
        return "not given in what was read"
    words = [f"{grade.strength} recommendation" if grade.strength else "",
             f"{grade.direction} it" if grade.direction and grade.strength else "",
             f"{spaced((grade.certainty or '').replace('-', ' '))} certainty" if grade.certainty else ""]  # fmt: skip
    said = ", ".join(word for word in words if word)
    printed = f"printed as “{grade.as_printed}”" if grade.as_printed else ""
    return " – ".join(part for part in (said, printed) if part)


def _readings(readings: tuple[f.Reading, ...]) -> Lines:
    return tuple(("we read", f"{r.term}: {r.reads}") for r in readings)


__all__ = ["Group", "Item", "Side", "View", "quantity", "view"]
