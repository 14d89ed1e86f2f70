"""Facts from measured values and statements: the newest, a multiple, a value at a fixed time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import cast

from hepatica import ir
from hepatica.chart.found import (
    Found,
    Outcome,
    Reading,
    View,
    date_of,
    dated,
    measured,
    plain,
    reading,
)
from hepatica.chart.model import Entry, Number
from hepatica.chart.newest import Note, Open, agreed, surely_before, without_corrected
from hepatica.chart.order import NO_DATE
from hepatica.chart.time import elapsed, shift, write
from hepatica.chart.timeline import any_seen, by_day, stretch
from hepatica.derivation import Age, At, Latest, NormalSince, Ratio
from hepatica.interval import Interval, from_ends, may_agree
from hepatica.words import spaced

_DONE = {"start": "was begun", "change": "was changed", "stop": "was stopped"}


def latest(view: View, fact: ir.Fact, way: Latest) -> Outcome:
    """Give the newest dated value of a fact; one without a date where nothing is dated."""
    entries = view.chart.entries.get(fact.id, [])
    now = None
    if way.before_treatment:
        start = view.treatment_start()
        if isinstance(start, Open):
            if not any(e.when.span.first <= view.now for e in entries):
                return None
            return Open(f"whether it was before treatment is not known: {start.why}")
        now = start
    found = view.value(entries, fact.id, "value", way.within, way.lasting, now)
    if found is None and now is not None and any(e.when.span.first <= view.now for e in entries):
        return Open(f"none before treatment began on {write(now)}")
    if isinstance(found, tuple) and not isinstance(found, Open):
        changed = _changed(view, way.since_change_of, found[1])
        if changed is not None:
            return changed
    undated = view.chart.undated.get(fact.id)
    if found is None and undated is not None:
        value = reading(undated, fact.id, "value")
        found = value if isinstance(value, Open) else (value, undated)
    return _found(fact, found, ratio=False)


def _changed(view: View, drugs: Iterable[str], entry: Entry) -> Open | None:
    """Say that the dose of a drug was changed, or may have been, when or after a value was found.

    What is measured on the day of a change still tells of the dose before it.
    """
    told = [m for drug in drugs for m in view.courses.visible(drug)]
    later = [m for m in told if not surely_before(m.when, entry.when)]
    if not later:
        return None
    last = max(later, key=lambda m: (m.when.span.last, m.when.span.first, m.drug))
    sure = surely_before(entry.when, last.when) or entry.when.span.exact
    what = f"{_DONE[last.kind]} on {last.when.text}".replace(f"on {NO_DATE}", "since")
    may = "" if sure and last.when.span.exact else "perhaps "
    return Open(f"{dated(entry)}, {may}before {spaced(last.drug)} {what}")


def _found(
    fact: ir.Fact,
    found: tuple[Reading, Entry] | Open | None,
    *,
    ratio: bool,
) -> Outcome:
    if found is None or isinstance(found, Open):
        return found
    value, entry = found
    how = measured(entry, limit=ratio) if fact.type == "quantity" else ""
    if not how:
        how = "without a date" if entry.when.text == NO_DATE else f"on {entry.when.text}"
    return Found(plain(value), date_of(entry), how)


def ratio(view: View, fact: ir.Fact, way: Ratio) -> Outcome:
    """Give the newest value divided by the upper limit that was printed with it."""
    entries = view.chart.entries
    every, told = entries.get(way.of, []), entries.get(fact.id)
    if told:
        every = [*every, *told]
    return _found(fact, view.value(every, fact.id, "ratio", way.within), ratio=True)


def at(view: View, fact: ir.Fact, way: At) -> Outcome:
    """Give the value nearest to a time after treatment began, or the fall until then."""
    told = latest(view, fact, Latest())
    computed = _at(view, fact, way)
    if told is None or computed is None or isinstance(told, Open):
        return told if told is not None else computed
    if isinstance(computed, Found) and not may_agree(computed.value, told.value):
        place = view.chart.entries[fact.id][0].place
        text = f"`{fact.id}` as told and as worked out from the record differ, so neither is used"
        view.notes.append(Note(place, "D116", text, "check the value and the measurements"))
        return Open(f"told as {told.how}, worked out otherwise: {computed.how}")
    if isinstance(told.value, Interval) and isinstance(computed, Found):
        return computed if isinstance(computed.value, float) else told
    return told


def _at(view: View, fact: ir.Fact, way: At) -> Outcome:
    entries = view.chart.entries.get(way.of, [])
    if not any_seen(entries, view.now):
        return None
    start = view.treatment_start()
    if start is None:
        return None
    if isinstance(start, Open):
        return Open(f"the start of treatment is not known: {start.why}")
    target = shift(start, way.after)
    low, high = shift(target, way.before, -1), shift(target, way.tolerance)
    if view.now < low:
        return None
    entry = _nearest(view, fact, way, entries, (low, target, high))
    if entry is None or isinstance(entry, Open):
        return entry or Open(f"no value from {write(low)} to {write(high)}")
    value = reading(entry, fact.id, "ratio" if way.reads == "ratio" else "value")
    if isinstance(value, Open):
        return value
    if way.reads == "fall":
        return _fall(view, way, entries, start, entry)
    return Found(plain(value), date_of(entry), measured(entry, limit=way.reads == "ratio"))


def _nearest(
    view: View, fact: ir.Fact, way: At, entries: list[Entry], days: tuple[int, int, int]
) -> Entry | Open | None:
    """Find the entry nearest to a target within its window; ends belong to it."""
    low, target, high = days
    near = without_corrected(stretch(entries, low, min(high, view.now)))
    sure = [e for e in near if low <= e.when.span.first and e.when.span.last <= high]
    sure = [e for e in sure if e.when.span.last <= view.now]
    if not sure:
        if near:
            return Open(f"whether the entry of {near[0].when.text} is in time is not known")
        return None
    best = min(_distance(e, target)[1] for e in sure)
    first = [e for e in near if _distance(e, target)[0] <= best]
    reads = "ratio" if way.reads == "ratio" else "value"
    wrong = agreed(first, lambda e: reading(e, fact.id, reads), way.of, view.notes)
    if wrong is not None:
        days_ = {e.when.span for e in first}
        return wrong if len(days_) == 1 else Open("two values are equally near, and differ")
    return next(e for e in first if e in sure)


def _distance(entry: Entry, target: int) -> tuple[int, int]:
    first, last = entry.when.span
    ends = (abs(first - target), abs(last - target))
    return (0 if first <= target <= last else min(ends), max(ends))


def _fall(view: View, way: At, entries: list[Entry], start: int, entry: Entry) -> Outcome:
    """Give the fall in per cent since the newest value before treatment, which was raised."""
    base = view.value(entries, way.of, "value", None, now=start)
    if base is None:
        return Open(f"no value before treatment began on {write(start)}")
    if isinstance(base, Open):
        return base
    before, first = base
    after = reading(entry, way.of, "value")
    assert isinstance(before, Number) and isinstance(after, Number)  # it was read as a value
    if first.when.span.first < shift(start, way.baseline, -1):
        return Open(f"the last value before treatment is of {first.when.text}, too old")
    if first.limit is None:
        return Open(f"no upper limit is recorded with {dated(first)}, before treatment")
    if not before.above(first.limit):
        was = "was not" if before.at_most(first.limit) else "may not have been"
        return Open(f"it {was} raised before treatment: {measured(first, limit=True)}")
    fall = _between(before, after)
    day, how = date_of(entry), f"from {dated(first)} to {dated(entry)}"
    return Open(f"the fall is not known: {how}") if fall is None else Found(fall, day, how)


def _between(before: Number, after: Number) -> float | Interval | None:
    """Give the fall in per cent from one number, which is above zero, to another, not below zero.

    It is least from the lowest to the highest. None where neither end is known.
    """
    least = most = None
    assert before.low is not None
    if after.high is not None:
        least = (before.low - after.high) / before.low * 100
    if before.high is not None and after.low is not None:
        most = (before.high - after.low) / before.high * 100
    if least is None and most is None:
        return None
    return from_ends(least, most, low_open=before.low_open or after.high_open,
                     high_open=before.high_open or after.low_open)  # fmt: skip


def age(view: View, fact: ir.Fact, way: Age) -> Outcome:
    """Give the completed years since birth, when the date of birth decides them."""
    birth = view.chart.birth
    if birth is None or birth.first > view.now:
        return None
    if birth.last > view.now:
        return Open(f"born {view.chart.birth_written}, perhaps later")
    most, least = (int(elapsed(day, view.now, "a")) for day in birth)
    return Found(from_ends(least, most), None, f"born {view.chart.birth_written}")


def normal_since(view: View, fact: ir.Fact, way: NormalSince) -> Outcome:
    """Give the time in which all of some facts were normal without interruption.

    It counts from the first normal result after one that was not. Where the first result that is
    known is already normal the time may be longer: it is so much at least.
    """
    runs = [_run(view, name, way) for name in way.of]
    if all(run is None for run in runs):
        return None
    for name, run in zip(way.of, runs, strict=True):
        if run is None:
            return Open(f"`{name}` is not recorded")
        if isinstance(run, Open):
            return Open(f"`{name}`: {run.why}")
    known = cast("list[tuple[Entry, bool]]", runs)
    entry, begins = max(known, key=lambda run: (run[0].when.span.first, run[1]))
    unit = fact.unit or "a"
    # The last of them to become normal decides: each bounds the time by the days it may mean.
    least = min(elapsed(e.when.span.last, view.now, unit) for e, _ in known)
    most = min((elapsed(e.when.span.first, view.now, unit) for e, b in known if b), default=None)
    since = f"{', '.join(way.of)} normal since {entry.when.text}"
    if not begins:
        since += " at least; whether before is not known"
    return Found(from_ends(least, most), date_of(entry), since)


def _run(view: View, name: str, way: NormalSince) -> tuple[Entry, bool] | Open | None:
    """Find the first of the normal results that reach to now, and whether one before was not."""
    entries = view.chart.entries.get(name, [])
    told, known = _in_order(entries, view.now), by_day(entries)
    for later in [e for e in told if e.when.span.last > view.now]:
        if _normal(later) is not True:
            return Open(f"{dated(later)} may be later than {write(view.now)}")
        told.remove(later)
    if not told:
        return None
    found = _walk(view, told, way)
    if isinstance(found, Open):
        return found
    first = found[0].when.span.first
    begin = 0 if known is None else bisect_left(known.days, first)
    for entry in told[begin:]:  # one of a month or a year may lie within the run
        if entry.when.span.last >= first and _normal(entry) is not True:
            return Open(f"whether {dated(entry)} was before is not known")
    return found


def _in_order(entries: list[Entry], now: int) -> list[Entry]:
    """List the entries that may not lie after a day by their days."""
    known = by_day(entries)
    if known is not None:
        return [entries[place] for place in known.places[: bisect_right(known.days, now)]]
    seen = [e for e in entries if e.when.span.first <= now]
    return sorted(without_corrected(seen), key=lambda e: (e.when.span, e.when.seq or 0))


def _walk(view: View, told: list[Entry], way: NormalSince) -> tuple[Entry, bool] | Open:
    """Go back from the newest result to the first of those that were normal."""
    last = told[-1]
    if _normal(last) is not True:
        what = "is not normal" if _normal(last) is False else "cannot be compared with its limit"
        return Open(f"{dated(last)} {what}")
    if last.when.span.first < shift(view.now, way.within, -1):
        return Open(f"last seen {last.when.text}")
    first = last
    for older, newer in zip(reversed(told[:-1]), reversed(told[1:]), strict=True):
        if _normal(older) is not _normal(newer) and older.when.span.last >= newer.when.span.first:
            return Open(f"the order of {dated(older)} and {dated(newer)} is not known")
        if older.when.span.first < shift(newer.when.span.last, way.gap, -1):
            return first, False
        if _normal(older) is not True:
            return first, _normal(older) is False
        first = older
    return first, False


def _normal(entry: Entry) -> bool | None:
    """Say whether a result is not above its upper limit; None where that is not known."""
    if entry.grade is not None:
        return entry.grade != "high"
    number, limit = entry.number, entry.limit
    if number is None or limit is None:
        return None
    return True if number.at_most(limit) else False if number.above(limit) else None
