"""Facts about the past: the oldest value, an extreme, the time since an event, the line reached."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from hepatica import ir
from hepatica.chart.found import Found, Outcome, View, date_of, measured, plain, reading
from hepatica.chart.model import Number
from hepatica.chart.newest import Open, agreed, newest, too_old, without_corrected
from hepatica.chart.order import NO_DATE
from hepatica.chart.time import elapsed, shift, write
from hepatica.chart.timeline import stretch
from hepatica.derivation import Earliest, Extreme, Line, Since
from hepatica.interval import from_ends
from hepatica.words import spaced

_End = tuple[Fraction, bool]
"""A bound, and whether it does not belong to the numbers it bounds."""


def earliest(view: View, fact: ir.Fact, way: Earliest) -> Outcome:
    """Give the oldest dated value of a fact; one without a date where nothing is dated."""
    entries = [e for e in view.chart.entries.get(fact.id, []) if e.when.span.first <= view.now]
    if not entries:
        undated = view.chart.undated.get(fact.id)
        if undated is None:
            return None
        value = reading(undated, fact.id, "value")
        return value if isinstance(value, Open) else Found(plain(value), None, "without a date")
    sure = [e for e in entries if e.when.span.last <= view.now]
    if not sure:
        return Open(f"the entry of {entries[0].when.text} may be later than {write(view.now)}")
    ceiling = min(e.when.span.last for e in sure)
    bottom = min((e.when.seq for e in sure if e.when.seq is not None), default=None)
    first = [
        e for e in entries
        if e.when.span.first <= ceiling
        and (bottom is None or e.when.seq is None or e.when.seq <= bottom)
    ]  # fmt: skip
    first = without_corrected(first)
    wrong = agreed(first, lambda e: reading(e, fact.id, "value"), fact.id, view.notes)
    if wrong is not None:
        return Open(wrong.why.replace("the newer", "the older"))
    entry = min(first, key=lambda e: e.when.span)
    value = reading(entry, fact.id, "value")
    if isinstance(value, Open):
        return value
    how = measured(entry, limit=False) if fact.type == "quantity" else f"on {entry.when.text}"
    return Found(plain(value), date_of(entry), how)


def extreme(view: View, fact: ir.Fact, way: Extreme) -> Outcome:
    """Give the highest or the lowest value that is recorded within a time, both its ends included.

    It is of what was measured: nobody knows what was between. A value that may be in time, or of
    which only bounds are known, gives the extreme bounds.
    """
    entries = view.chart.entries.get(way.of, [])
    begin = shift(view.now, way.within, -1)
    told = without_corrected(stretch(entries, begin, view.now))
    if not told:
        items, floor = newest(entries, view.now)
        return too_old(items, floor, way.within, view.now) if items else None
    sure = [e for e in told if begin <= e.when.span.first and e.when.span.last <= view.now]
    if not sure:
        return Open(f"whether the entry of {told[0].when.text} is in time is not known")
    for span in dict.fromkeys(e.when.span for e in told if e.when.span.exact):
        of_day = [e for e in told if e.when.span == span]
        wrong = agreed(of_day, lambda e: reading(e, fact.id, way.reads), way.of, view.notes)
        if wrong is not None:
            return wrong
    numbers: dict[int, Number] = {}
    for i, entry in enumerate(told):
        number = reading(entry, fact.id, way.reads)
        if isinstance(number, Open):
            return Open(f"one value cannot be compared: {number.why}")
        assert isinstance(number, Number)
        numbers[i] = number if way.take == "highest" else _mirrored(number)
    certain = [i for i, e in enumerate(told) if e in sure]
    low, place = _greatest((numbers[i], i) for i in certain)
    high = _bound(numbers.values())
    if low is None and high is None:
        return Open(f"no value has a {'lower' if way.take == 'highest' else 'upper'} bound")
    ends = Number(low and low[0], high and high[0], bool(low and low[1]), bool(high and high[1]))
    value = (ends if way.take == "highest" else _mirrored(ends)).held()
    shown = told[place]
    text = measured(shown, limit=way.reads == "ratio")
    how = f"the {way.take} of {len(told)} since {write(begin)}: {text}"
    return Found(value, date_of(shown) if isinstance(value, float) else None, how)


def _mirrored(n: Number) -> Number:
    """Turn a number round, so that the lowest is the highest."""
    low = None if n.high is None else -n.high
    high = None if n.low is None else -n.low
    return Number(low, high, n.high_open, n.low_open)


def _greatest(numbers: Iterable[tuple[Number, int]]) -> tuple[_End | None, int]:
    """Give what the highest of some numbers is at least, and the place of that number."""
    known = list(numbers)
    found = [((n.low, n.low_open), i) for n, i in known if n.low is not None]
    return max(found, key=lambda pair: pair[0]) if found else (None, known[0][1])


def _bound(numbers: Iterable[Number]) -> _End | None:
    """Give what the highest of some numbers is at most; None where one has no upper bound."""
    ends: list[_End] = []
    for n in numbers:
        if n.high is None:
            return None
        ends.append((n.high, n.high_open))
    highest = max(end for end, _ in ends)
    return highest, all(is_open for end, is_open in ends if end == highest)


def since(view: View, fact: ir.Fact, way: Since) -> Outcome:
    """Give the time since the last event of a kind; where not all are held, at most that long."""
    told = [e.when for e in view.chart.events.get(way.event, ()) if e.when.span.first <= view.now]
    if not told:
        return None
    sure = [when for when in told if when.span.last <= view.now]
    if not sure:
        return Open(f"the entry of {told[0].text} may be later than {write(view.now)}")
    unit = fact.unit or "a"
    last = max(sure, key=lambda when: when.span.first)
    if last.text == NO_DATE:
        return Open(f"{spaced(way.event)} without a date")
    longest = elapsed(last.span.first, view.now, unit)
    how = f"{spaced(way.event)} {last.text}"
    wrong = view.incomplete(way.held)
    if wrong is not None:
        return Found(from_ends(0.0, longest), None, f"{how}, or later: {wrong.why}")
    if len(sure) < len(told):
        return Found(from_ends(0.0, longest), None, f"{how}, or later")
    shortest = elapsed(max(when.span.last for when in sure), view.now, unit)
    date = write(last.span.first) if last.span.exact else None
    return Found(from_ends(shortest, longest), date, how)


def line(view: View, fact: ir.Fact, way: Line) -> Outcome:
    """Give the number of the last line of treatment of which a drug was ever begun; 0 for none."""
    least = most = 0
    how: list[str] = []
    for number, drugs in enumerate(way.lines, start=1):
        told = [m for drug in drugs for m in view.courses.visible(drug)]
        sure = [m for m in told if m.when.span.last <= view.now]
        if sure:
            least = number
            first = min(sure, key=lambda m: m.when.span)
            how.append(f"{spaced(first.drug)}, recorded {first.when.text}")
        if told:
            most = number
    wrong = view.incomplete("medications")
    if wrong is not None:
        if not least:
            return wrong
        return Found(from_ends(least, len(way.lines)), None, "; ".join((*how, wrong.why)))
    text = "; ".join(how) or "the record, which holds all drugs, holds none of these"
    return Found(from_ends(least, most), None, text)
