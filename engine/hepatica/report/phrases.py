"""Phrases that reports are made of: reasons, options, doses, schedules, citations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Set

from hepatica import finding as f
from hepatica.evaluate import definitions_of
from hepatica.interval import Interval
from hepatica.said import grade as grade
from hepatica.said import phase as phase
from hepatica.said import printed_dose
from hepatica.walk import concludes, conditions_of, leaves
from hepatica.words import ACTIONS, CONFIDENCE, Words, amount

_DECIMALS = 3


class Reasons:
    """States facts with the values they have for one patient in one guideline."""

    def __init__(self, finding: f.Finding, result: f.Result, words: Words) -> None:
        """Take what is given and what the guideline concludes."""
        self.words = words
        facts = words.knowledge.facts
        self.known = {name: i.value for name, i in result.inputs.items()}
        self.written = {name: i.written for name, i in result.inputs.items() if i.written}
        self.charted = {name: i for name, i in result.inputs.items() if i.origin == "chart"}
        guideline = words.knowledge.guidelines.get(finding.id)
        self.concluded = {concludes(s) for s in definitions_of(guideline)} if guideline else set()
        statements = guideline.statements if guideline else ()
        asked = (leaf for s in statements for when in conditions_of(s) for leaf in leaves(when))
        self.perhaps_open = {leaf.fact for leaf in asked if leaf.op == "known"}
        for c in finding.conclusions:
            if c.fact in facts and facts[c.fact].type == "codes":
                self.known[c.fact] = [*self.known.get(c.fact, ()), c.value]
            else:
                self.known[c.fact] = c.value

    def because(self, facts: Iterable[str]) -> str:
        """State each fact with its value."""
        return "; ".join(map(self._stated, facts))

    def taken(self) -> set[str]:
        """Name what the patient has now; nothing, while that is not known."""
        value = self.known.get(self.words.knowledge.taken or "")
        return set(value) if isinstance(value, list | tuple) else set()

    def _stated(self, name: str) -> str:
        if name in self.charted:
            return f"{self.words.fact(name)}: {charted(name, self.charted[name], self.words)}"
        if name in self.written:  # in the unit in which it was given
            return f"{self.words.fact(name)}: {self.written[name]}"
        if name in self.known:
            return self.words.stated(name, self.known[name])
        # Decided without a value: all its definitions are false, or not recorded is the point.
        said = "no" if name in self.concluded else "not recorded"
        if name in self.concluded & self.perhaps_open:  # that it is not known may be the point
            said = "not concluded"
        return f"{self.words.fact(name)}: {said}"


def charted(name: str, i: f.Input, words: Words) -> str:
    """Write a value that comes from a chart, with the entries it rests on."""
    shown = valued(name, i, words)
    return i.how if i.how and i.how.startswith(f"{shown} ") else f"{shown} ({i.how})"


def valued(name: str, i: f.Input, words: Words) -> str:
    """Write a value; a number that was worked out, to some decimals."""
    if i.origin == "chart" and isinstance(i.value, Interval):
        low, high = _outwards(i.value.low, math.floor), _outwards(i.value.high, math.ceil)
        return words.value(name, Interval(low, high, i.value.low_open, i.value.high_open))
    if i.origin != "chart" or not isinstance(i.value, float):
        return i.written or words.value(name, i.value)
    value = round(i.value, _DECIMALS)
    if value != i.value and value == round(value, 1):  # it would seem to lie on a limit
        value = i.value
    return words.value(name, value)


def _outwards(end: float | None, whole: Callable[[float], int]) -> float | None:
    """Round a bound to some decimals so that it still is one."""
    return None if end is None else whole(round(end * 10**_DECIMALS, 6)) / 10**_DECIMALS


def options(r: f.Recommendation, words: Words, taken: Set[str] = frozenset()) -> str:
    """Write a recommendation's action with its options; what is taken already is said to be."""
    shown = []
    for option in r.options:
        name = words.together(option.interventions)
        if r.action in ("start", "add", "switch_to") and taken >= set(option.interventions):
            name += " (taken already)"
        if option.status == "blocked" and len(r.options) > 1:
            name += " (contraindicated here)"
        elif option.status == "contingent" and r.status == "recommended":
            name += f" (open: {', '.join(map(words.fact, option.missing))})"
        shown.append(name)
    return f"{ACTIONS[r.action]} {' or '.join(shown)}"


def dose(d: f.Dose, words: Words, reasons: Reasons) -> str:
    """Write a dose, worked out for the patient's weight where it is per kilogram."""
    text = printed_dose(d, words)
    if d.for_weight:
        weight = words.knowledge.weight or ""
        mine = amount(d.for_weight.low, d.for_weight.high, d.for_weight.unit)
        text += f" = {mine} for {words.value(weight, reasons.known.get(weight))}"
    elif d.needs:
        text += f" × {', '.join(map(words.fact, d.needs))}, which is not known"
    if d.missing:
        text += (
            f" – only if meant for this patient: {', '.join(map(words.fact, d.missing))} not known"
        )
    return text


def course(
    c: f.Course, schedule: tuple[f.Phase, ...], words: Words, *, next_by: bool = True
) -> str:
    """Write where a patient is in a schedule, and when the next time is due at the latest.

    Without `next_by`, where a chart shows when the last time was, and that date is told from there.
    """
    if c.start is None:
        waits = [*map(words.fact, c.missing), *([] if c.dated else ["the date of the answer"])]
        return f"dates: not without {' and '.join(waits)}"
    if c.phase is None:
        return f"begun about {c.start}; over"
    until = f"; next by {c.next_by}" if next_by else ""
    return (
        f"begun about {c.start}, so now {phase(schedule[c.phase])}{until}, each range taken at its"
        " longer end"
    )


def due(d: f.Due, words: Words) -> str:
    """Write when a test is due next, or since when it is, and when the chart shows it last."""
    name = words.intervention(d.intervention)
    last = f"last {d.last}" if d.last else "none in the chart"
    if d.earliest is None or d.latest is None:
        return f"{name}: {last}; from which day the interval counts is not known"
    if d.status == "overdue":
        return f"{name}: due since {d.latest} ({last})"
    if d.status == "due":
        return f"{name}: due now, by {d.latest} ({last})"
    when = d.earliest if d.earliest == d.latest else f"{d.earliest} to {d.latest}"
    return f"{name}: next due {when} ({last})"


def target(t: f.Target, words: Words, reasons: Reasons) -> str:
    """Write a value to aim for, and where the patient's own lies."""
    text = f"{words.fact(t.fact)} {amount(t.low, t.high, t.unit or '1')}"
    now = reasons.known.get(t.fact)
    if not isinstance(now, int | float):
        return text
    where = "below it" if now < t.low else "above it" if now > t.high else "within it"
    return f"{text}; now {words.value(t.fact, now)}, {where}"


def evidence(e: f.Evidence) -> str:
    """Write a reported number."""
    who = f" ({e.population})" if e.population else ""
    return f"{e.measure}: {amount(e.amount.low, e.amount.high, e.amount.unit)}{who}"


def citation(guideline: str, source: f.Citation, words: Words) -> tuple[str, str]:
    """Give the short name of a source and its whole citation."""
    full = source.citation + (f" https://doi.org/{source.doi}" if source.doi else "")
    return _short(guideline, source.ref, words), full


def brief(guideline: str, short: str, source: f.Citation, words: Words) -> str:
    """Cite briefly: where it was read, how near that is, and what that page cites."""
    how = CONFIDENCE[source.confidence]
    others = [k for k in source.attributed_to if k != source.ref]
    if others and source.confidence != "direct":
        how += f", citing {', '.join(_short(guideline, k, words) for k in others)}"
    return f"{short}, {source.label} {source.locator} ({how})"


def _short(guideline: str, key: str, words: Words) -> str:
    for g in (words.knowledge.guidelines.get(guideline), *words.knowledge.guidelines.values()):
        if g is not None and key in g.references:
            return g.references[key].short
    return key
