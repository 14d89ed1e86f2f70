"""Facts from drugs and events: what is taken, was not tolerated, failed; since when; how often.

A list is complete in this engine, so it is known only where the record says that it holds all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hepatica import ir
from hepatica.chart.found import Found, Outcome, View
from hepatica.chart.model import Event, Medication, When
from hepatica.chart.names import FAILURE
from hepatica.chart.newest import Note, Open, surely_before
from hepatica.chart.time import write
from hepatica.derivation import Count, Drugs, Holdings, Reactions
from hepatica.interval import Interval, from_ends
from hepatica.words import spaced


def drugs(view: View, fact: ir.Fact, way: Drugs) -> Outcome:
    """Give one of the lists of drugs."""
    return _LISTS[way.which](view, fact)


def _now(view: View, fact: ir.Fact) -> Outcome:
    wrong = view.incomplete("medications")
    if wrong is not None:
        return wrong
    taken = {}
    for drug in fact.values:
        course = view.courses.taken(drug)
        if isinstance(course, Open):
            return Open(f"{spaced(drug)}: {course.why}")
        if course is not None:
            taken[drug] = course.since
    for drug in _unnamed(view, fact):
        if view.courses.taken(drug) is not None:
            return Open(f"{spaced(drug)} may be taken now, which the list cannot name")
    how = "; ".join(f"{spaced(drug)}, recorded since {since}" for drug, since in taken.items())
    return Found(tuple(sorted(taken)), None, how or "the record holds no drug that is taken now")


def _unnamed(view: View, fact: ir.Fact) -> list[str]:
    """List the drugs of treatment that stand in the record, but not among the values of a list."""
    told = (drug for drug in view.names.treatment if view.courses.visible(drug))
    return [drug for drug in told if drug not in fact.values]


def _concerns_unnamed(
    view: View, fact: ir.Fact, events: Iterable[Event], *reasons: str | None
) -> Open | None:
    """Say that a stop for one of some reasons, or an event, is of a drug the list cannot name."""
    stops = [m for drug in _unnamed(view, fact) for m in _stops(view, drug)]
    drugs = [m.drug for m in stops if m.reason in reasons]
    treatment = set(view.names.treatment) - set(fact.values)
    drugs += [drug for e in events for drug in e.attributed or () if drug in treatment]
    return Open(f"it concerns {spaced(drugs[0])}, which the list cannot name") if drugs else None


def _stops(view: View, drug: str) -> list[Medication]:
    return [m for m in view.courses.visible(drug) if m.kind == "stop"]


def _stopped_for_good(view: View, fact: ir.Fact) -> Outcome:
    wrong = view.incomplete("medications")
    wrong = wrong or _concerns_unnamed(view, fact, (), "intolerance", None)
    if wrong is not None:
        return wrong
    found: dict[str, str] = {}
    for drug in fact.values:
        for stop in _stops(view, drug):
            if stop.reason not in (None, "intolerance") or stop.permanent is False:
                continue
            wrong = _undecided(view, stop)
            if wrong is not None:
                return wrong
            if _again(view, stop) is False:
                found[drug] = f"{spaced(drug)} on {stop.when.text}"
    return Found(tuple(sorted(found)), None, "; ".join(found.values()) or "none in the record")


def _undecided(view: View, stop: Medication) -> Open | None:
    """Say why it is not known whether a drug was stopped for good because it was not tolerated."""
    drug = spaced(stop.drug)
    if stop.when.span.last > view.now:
        return Open(f"the stop of {drug} ({stop.when.text}) may be later than {write(view.now)}")
    again = _again(view, stop)
    if stop.permanent and stop.reason and again:
        text = f"`{stop.drug}` was stopped for good on {stop.when.text}, and taken again"
        help = "write `permanent: false` for the stop, or mend the later entry"
        view.notes.append(Note(stop.place, "D116", text, help))
        return Open(f"{drug} was stopped for good on {stop.when.text}, and taken again")
    if again:
        return None
    if again is None:
        return Open(f"whether {drug} was taken again after {stop.when.text} is not known")
    if stop.reason is None:
        return Open(f"the record does not say why {drug} was stopped on {stop.when.text}")
    if stop.permanent is None:
        text = f"the record does not say whether {drug} was stopped for good on {stop.when.text}"
        return Open(f"{text} (`permanent`)")
    return None


def _again(view: View, stop: Medication) -> bool | None:
    """Say whether the drug was taken again after a stop; None where the dates do not decide."""
    last = view.courses.last_taken(stop.drug)
    if last is not None and stop.when.seq is None and last > stop.when.span.last:
        return True
    others = [m for m in view.courses.visible(stop.drug) if m.kind != "stop"]
    others = [m for m in others if not surely_before(m.when, stop.when)]
    if not others:
        return False
    sure = (surely_before(stop.when, m.when) and m.when.span.last <= view.now for m in others)
    return True if any(sure) else None


def _events(view: View) -> list[Event]:
    """List the adverse events that do not surely lie after the day."""
    kinds = view.chart.events.items()
    every = [e for kind, events in kinds if kind in view.names.reactions for e in events]
    return [e for e in every if e.when.span.first <= view.now]


def _attributed(view: View, events: Iterable[Event], drug: str | None) -> list[Event] | Open:
    """Keep the events attributed to a drug (None: to any), or say why that is not known."""
    found = []
    for event in events:
        if event.attributed is None:
            name = f"{spaced(event.event)} ({event.when.text})"
            return Open(f"the record does not say to which drug {name} is attributed")
        if not event.attributed or (drug is not None and drug not in event.attributed):
            continue
        if event.when.span.last > view.now:
            name = f"{spaced(event.event)} ({event.when.text})"
            return Open(f"{name} may be later than {write(view.now)}")
        found.append(event)
    return found


def _adverse_event(view: View, fact: ir.Fact) -> Outcome:
    def told(e: Event) -> str:
        return f"{spaced(e.event)} on {e.when.text}"

    words = "intolerance", "not tolerated, stopped"
    return _blamed(view, fact, "adverse_events", _events(view), told, words)


def _failed(view: View, fact: ir.Fact) -> Outcome:
    def told(e: Event) -> str:
        return f"failed by {e.when.text}"

    events = [e for e in view.chart.events.get(FAILURE, ()) if e.when.span.first <= view.now]
    return _blamed(view, fact, "failures", events, told, ("failure", "stopped for failure"))


def _blamed(
    view: View, fact: ir.Fact, held: Holdings, events: list[Event],
    told: Callable[[Event], str], stopped: tuple[str, str],
) -> Outcome:  # fmt: skip
    """Give the drugs to which some events are attributed, or that were stopped for a reason.

    `stopped` is the reason, and how it is told.
    """
    wrong = view.incomplete(held)
    if wrong is not None:
        return wrong
    attributed = _attributed(view, events, None)
    if isinstance(attributed, Open):
        return attributed
    reason, words = stopped
    wrong = _concerns_unnamed(view, fact, attributed, reason)
    if wrong is not None:
        return wrong
    found = {drug: told(e) for e in attributed for drug in e.attributed or ()}
    for drug in fact.values:
        stops = [m for m in _stops(view, drug) if m.reason == reason]
        if drug in found or not stops:
            continue
        first = min(stops, key=lambda m: m.when.span.last)
        if first.when.span.last > view.now:
            return Open(f"the stop of {spaced(drug)} ({first.when.text}) may be later")
        found[drug] = f"{words} on {first.when.text}"
    return _listed(fact, found)


def _listed(fact: ir.Fact, found: dict[str, str]) -> Found:
    mine = {drug: how for drug, how in sorted(found.items()) if drug in fact.values}
    how = "; ".join(f"{spaced(drug)}: {how}" for drug, how in mine.items())
    return Found(tuple(mine), None, how or "none in the record, which holds all")


_LISTS: dict[str, Callable[[View, ir.Fact], Outcome]] = {
    "now": _now,
    "adverse_event": _adverse_event,
    "stopped_for_good": _stopped_for_good,
    "failed": _failed,
}


def reactions(view: View, fact: ir.Fact, way: Reactions) -> Outcome:
    """Give the kinds of adverse event attributed to a drug, or whether one of them was severe."""
    events = _attributed(view, _events(view), way.drug)
    if way.severe and not isinstance(events, Open):
        severe = [e for e in events if e.severity == "severe"]
        if severe:
            text = f"{spaced(severe[0].event)} on {severe[0].when.text}"
            return Found(True, None, text)
    wrong = view.incomplete("adverse_events")
    if wrong is not None:
        return wrong
    if isinstance(events, Open):
        return events
    stopped = [m for m in _stops(view, way.drug) if m.reason == "intolerance"]
    if stopped and not events:
        return Open(f"the record does not say what was not tolerated on {stopped[0].when.text}")
    found = {e.event: f"{spaced(e.event)} on {e.when.text}" for e in events}
    how = "; ".join(found.values()) or "none in the record, which holds all"
    if not way.severe:
        return Found(tuple(sorted(found)), None, how)
    if not events:
        return None
    ungraded = [e for e in events if e.severity is None]
    if ungraded:
        return Open(f"the record does not say how severe {spaced(ungraded[0].event)} was")
    return Found(False, None, how)


def count(view: View, fact: ir.Fact, way: Count) -> Outcome:
    """Give the number of events of a kind; the lowest and the highest where that is not known."""
    told = [e.when for e in view.chart.events.get(way.of, ()) if e.when.span.first <= view.now]
    sure = [when for when in told if when.span.last <= view.now]
    notes = list(dict.fromkeys(when.text for when in told))
    if len(sure) < len(told):
        notes.append(f"of which some may be later than {write(view.now)}")
    least = _different_days(sure)
    most = len([w for w in told if not w.span.exact])
    most += len({w.span for w in told if w.span.exact})  # two entries of one day tell of one
    if least < most and len(sure) == len(told):
        notes.append("of which two may be the same one")
    wrong = view.incomplete(way.held)
    if wrong is not None:
        if not least:
            return wrong
        return Found(Interval(least, None), None, ", ".join((*notes, wrong.why)))
    how = ", ".join(notes) or "none in the record, which holds all"
    return Found(from_ends(least, most), None, how)


def _different_days(told: Iterable[When]) -> int:
    """Count on how many days events happened at least: those of overlapping dates may be one."""
    number, end = 0, 0
    for span in sorted((when.span for when in told), key=lambda span: span.last):
        if span.first > end:
            number, end = number + 1, span.last
    return number
