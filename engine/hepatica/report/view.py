"""A result in words: what every kind of report shows, in the order in which it is read.

Recommended comes first, with its reasons and source; then what depends on missing facts, grouped by
the fact that would settle it; then what is blocked; then what to avoid; then all that is missing,
and the sources in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hepatica import finding as f
from hepatica.interval import Interval
from hepatica.report import phrases
from hepatica.report.view_data import Group, Item, Lines, Side, View
from hepatica.walk import leaves
from hepatica.words import ACTIONS, Words

_MOST_ASKED = 3


CAVEAT = "experimental: no named clinician has checked this encoding"
FOOTER = (
    "Decision support for clinicians who check it against the sources. Not sourced does not mean"
    " that a guideline is silent; unknown is never taken as no. Where no grade is shown, none was"
    " printed in what was read."
)


def view(result: f.Result, words: Words, *, brief: bool = False) -> View:
    """Put a result into words; with `brief`, companions with nothing to say in a line each."""
    given = {n: i for n, i in result.inputs.items() if i.origin == "given"}
    charted = {n: i for n, i in result.inputs.items() if i.origin == "chart"}
    counts = [f"{_facts(given)} given"] if given or not charted else []
    counts += [f"{_facts(charted)} from the chart"] if charted else []
    parts = [f"case {result.case}", f"as of {result.as_of}" if result.as_of else "", *counts]
    inputs = tuple((words.fact(n), i.written or words.value(n, i.value)) for n, i in given.items())
    from_chart = tuple((words.fact(n), phrases.charted(n, i, words)) for n, i in charted.items())
    sides = []
    briefly = []
    for finding in result.guidelines:
        side = _Side(finding, result, words)
        if brief and side.is_brief():
            briefly.append((finding.short, side.briefly()))
        else:
            sides.append(side.side())
    subtitle = " · ".join(part for part in parts if part)
    title = result.title or result.case
    return View(
        title, subtitle, inputs, from_chart, _withheld(result, words), result.diagnostics,
        tuple(sides), tuple(briefly), FOOTER,
    )  # fmt: skip


def _facts(found: Mapping[str, f.Input]) -> str:
    return "1 fact" if len(found) == 1 else f"{len(found)} facts"


def _withheld(result: f.Result, words: Words) -> Lines:
    """Say why facts that a guideline misses are not taken from the chart: each reason once."""
    missing = {m.fact for finding in result.guidelines for m in finding.missing}
    reasons: dict[str, list[str]] = {}
    for name, why in result.withheld.items():
        if name in missing:
            reasons.setdefault(why, []).append(words.fact(name))
    return tuple(("; ".join(names), why) for why, names in reasons.items())


class _Side:
    def __init__(self, finding: f.Finding, result: f.Result, words: Words) -> None:
        self.finding = finding
        self.words = words
        self.reasons = phrases.Reasons(finding, result, words)
        self.taken = self.reasons.taken()
        self.cited: dict[str, str] = {}
        self.withheld = result.withheld
        self.inputs = result.inputs

    def is_brief(self) -> bool:
        """Say whether this is a companion in which nothing is known to hold."""
        g = self.finding
        guideline = self.words.knowledge.guidelines.get(g.id)
        if guideline is None or guideline.show != "brief":
            return False
        known = (
            *g.conclusions,
            *(a for a in g.avoid if a.status in ("contraindicated", "caution")),
            *(r for r in g.recommendations if r.status == "recommended"),
            *(r for r in g.recommendations if r.status == "blocked" and r.because),
        )
        return not known

    def briefly(self) -> str:
        """Say in a line why a companion has nothing to say, or what it waits for."""
        g = self.finding
        if g.applies == "false":
            return f"does not apply ({self._not_applying()})"
        waiting = sum(r.status == "contingent" for r in g.recommendations)
        if not waiting and not g.missing:
            return "nothing fits what is known"
        asked = ", ".join(self.words.fact(m.fact) for m in g.missing[:_MOST_ASKED])
        more = f" and {len(g.missing) - _MOST_ASKED} more" if len(g.missing) > _MOST_ASKED else ""
        if not waiting:
            return f"nothing is concluded; not known: {asked}{more} (-g {g.id} shows it)"
        verb = "depends" if waiting == 1 else "depend"
        return (
            f"{waiting} {'recommendation' if waiting == 1 else 'recommendations'} {verb} on what is"
            f" not known: {asked}{more} (-g {g.id} shows them)"
        )

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
        # What could speak against something contingent is among the facts that it waits for.
        in_play, elsewhere = self._in_play(avoid.get("contingent", ()), "recommended")
        cautions, others = self._in_play(avoid.get("caution", ()), "recommended", "contingent")
        return Side(
            id=g.id,
            heading=f"{g.short} · encoding {g.version}",
            caveat=CAVEAT if g.experimental else "",
            silent=self._silent(),
            concluded=tuple(self._conclusion(c) for c in g.conclusions),
            recommended=tuple(self._recommendation(r) for r in recommended),
            contingent=self._groups(contingent),
            blocked=tuple(self._blocked(r) for r in blocked if r.because),
            blocked_anyway="; ".join(r.title for r in blocked if not r.because),
            avoid=tuple(self._avoidance(a) for a in _merge(avoid.get("contraindicated", ()))),
            cautions=tuple(self._avoidance(a) for a in _merge(cautions)),
            cautions_elsewhere=others,
            not_excluded=tuple(self._avoidance(a) for a in _merge(in_play)),
            elsewhere=elsewhere,
            missing=tuple(self._missing(m) for m in g.missing),
            sources=tuple(sorted(self.cited.items())),
            not_sourced=g.not_sourced,
            counts=(len(recommended), len(contingent), len(blocked)),
        )

    def _missing(self, m: f.Missing) -> str:
        why = self.withheld.get(m.fact)
        told = self.inputs.get(m.fact)
        if told is not None and isinstance(told.value, Interval):
            why = f"known: {phrases.valued(m.fact, told, self.words)}"
        count = f"{len(m.would_settle)}; {why}" if why else f"{len(m.would_settle)}"
        return f"{self.words.fact(m.fact)} ({count})"

    def _silent(self) -> str:
        g = self.finding
        if g.applies == "false":
            why = self._not_applying()
            return f"This guideline does not apply to this patient ({why}); nothing is recommended."
        guideline = self.words.knowledge.guidelines.get(g.id)
        if guideline and not any(s.recommend for s in guideline.statements):
            return "" if g.conclusions else "Nothing is concluded from what is known."
        if not g.recommendations:
            return "No recommendation of this guideline fits what is known."
        return ""

    def _not_applying(self) -> str:
        guideline = self.words.knowledge.guidelines.get(self.finding.id)
        applies = guideline.applies if guideline else None
        facts = dict.fromkeys(leaf.fact for leaf in leaves(applies)) if applies else ()
        return self.reasons.because(facts)

    def _in_play(
        self, found: Iterable[f.Avoidance], *statuses: str
    ) -> tuple[list[f.Avoidance], str]:
        """Keep the avoidances of what is taken, or in recommendations of these statuses."""
        concerned = set(self.taken)
        for r in self.finding.recommendations:
            if r.status in statuses:
                concerned |= {n for o in r.options for n in o.interventions}
        in_play = [a for a in found if a.intervention in concerned]
        others = [a for a in found if a.intervention not in concerned]
        if not others:
            return in_play, ""
        names = ", ".join(dict.fromkeys(self.words.intervention(a.intervention) for a in others))
        return (
            in_play,
            f"{len(others)} more, of what is not recommended, nor known to be taken: {names}",
        )

    def _source(self, source: f.Citation) -> str:
        """Cite briefly, and put the whole citation on the list at the end."""
        short, full = phrases.citation(self.finding.id, source, self.words)
        self.cited[short] = full
        return phrases.brief(self.finding.id, short, source, self.words)

    def _conclusion(self, c: f.Conclusion) -> Item:
        said = self.words.fact(c.fact)
        if c.value is not True:
            said = f"{said}: {self.words.value(c.fact, c.value)}"
        details = [("because", self.reasons.because(c.because))] if c.because else []
        details.append(("source", self._source(c.source)))
        return Item("=", said, "", (*details, *_readings(c.interpretation)), c.statement)

    def _recommendation(self, r: f.Recommendation) -> Item:
        words = self.words
        details: list[tuple[str, str]] = [("action", phrases.options(r, words, self.taken))]
        details += [("dose", phrases.dose(d, words, self.reasons)) for d in r.dose]
        if r.schedule:
            details.append(("schedule", ", then ".join(map(phrases.phase, r.schedule))))
        if r.course:
            where = phrases.course(r.course, r.schedule, words, next_by=not r.due)
            details.append(("now" if r.due else "due", where))
        details += [("due", phrases.due(d, words)) for d in r.due]
        if r.target:
            details.append(("target", phrases.target(r.target, words, self.reasons)))
        if r.duration:
            details.append(("duration", r.duration))
        if r.because:
            details.append(("because", self.reasons.because(r.because)))
        details += [("caution", self._title(c)) for c in r.cautions]
        details += [("reported", self._evidence(e)) for e in r.evidence]
        if grade := phrases.grade(r.grade):
            details.append(("grade", grade))
        details.append(("source", self._source(r.source)))
        details += _readings(r.interpretation)
        return Item("●", r.title, r.text, tuple(details), r.statement)

    def _groups(self, contingent: list[f.Recommendation]) -> tuple[Group, ...]:
        """Group what is open by the fact that settles most, each under the first that it needs.

        What waits for the fewest facts comes first.
        """
        order = [m.fact for m in self.finding.missing]
        groups: dict[str, list[Item]] = {}
        for r in sorted(contingent, key=lambda r: len(r.missing)):
            waits = [name for name in order if name in r.missing]
            others = ", ".join(self.words.fact(name) for name in waits[1:])
            details = [("action", phrases.options(r, self.words, self.taken))]
            if others:
                details.append(("also open", others))
            details.append(("source", self._source(r.source)))
            item = Item("○", r.title, r.text, tuple(details), r.statement)
            groups.setdefault(waits[0] if waits else "", []).append(item)
        names = [name for name in (*order, "") if name in groups]
        return tuple(Group(n, self.words.fact(n), tuple(groups[n])) for n in names)

    def _blocked(self, r: f.Recommendation) -> Item:
        details = [("action", phrases.options(r, self.words, self.taken))]
        details += [("blocked by", f"{self._title(s)} [{s}]") for s in r.blocked_by]
        details.append(("because", self.reasons.because(r.because)))
        details.append(("source", self._source(r.source)))
        return Item("✕", r.title, r.text, tuple(details), r.statement)

    def _title(self, statement: str) -> str:
        found = (a.title for a in self.finding.avoid if a.statement == statement)
        return next(found, statement)

    def _evidence(self, statement: str) -> str:
        for e in self.finding.evidence:
            if e.statement == statement:
                return f"{phrases.evidence(e)} – {self._source(e.source)}"
        return statement

    def _avoidance(self, merged: tuple[f.Avoidance, tuple[str, ...]]) -> Item:
        a, names = merged
        details: list[tuple[str, str]] = []
        if a.actions:
            details.append(("not to", ", ".join(ACTIONS[action] for action in a.actions)))
        if a.because:
            details.append(("because", self.reasons.because(a.because)))
        if a.missing:
            details.append(("not known", ", ".join(map(self.words.fact, a.missing))))
        if grade := phrases.grade(a.grade):
            details.append(("grade", grade))
        details.append(("source", self._source(a.source)))
        details += _readings(a.interpretation)
        mark = {"contraindicated": "▲", "caution": "!", "contingent": "?"}[a.status]
        headline = f"{', '.join(self.words.intervention(n) for n in names)} – {a.title}"
        return Item(mark, headline, a.text, tuple(details), a.statement)


def _merge(found: Iterable[f.Avoidance]) -> list[tuple[f.Avoidance, tuple[str, ...]]]:
    """Show a statement about several interventions once."""
    merged: dict[str, tuple[f.Avoidance, tuple[str, ...]]] = {}
    for a in found:
        first, names = merged.get(a.statement, (a, ()))
        merged[a.statement] = (first, (*names, a.intervention))
    return list(merged.values())


def _readings(readings: tuple[f.Reading, ...]) -> Lines:
    return tuple(("we read", f"{r.term}: {r.reads}") for r in readings)
