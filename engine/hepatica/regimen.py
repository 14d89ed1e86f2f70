"""Doses and schedules worked out for one patient: milligrams for a weight, dates for a beginning.

What the source prints is never changed; this stands beside it. A dose per kilogram is multiplied
with the body weight and cut at the cap that is printed. A schedule that counts from a beginning is
laid over the calendar: of a range the longer end counts, so that the closer stretch of monitoring
is never left too early.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

import msgspec

from hepatica import finding as f
from hepatica import ir
from hepatica.trace import Tracer

_DAYS = {"d": 1, "wk": 7}
_MONTHS = {"mo": 1, "a": 12}
_LONGEST = {"d": 1, "wk": 7, "mo": 31, "a": 366}  # in days
_DAYS_OF_A_MONTH = 30.4375  # the mean month of UCUM, for fractions of one


def doses(
    s: ir.Statement, options: Iterable[f.OptionFinding], tracer: Tracer, weight: str | None
) -> tuple[f.Dose, ...]:
    """Give the doses that are meant for this patient, of what is not blocked.

    One per kilogram still needs the fact `weight` (see `weighed`).
    """
    possible = {n for o in options if o.status != "blocked" for n in o.interventions}
    found = []
    for dose in s.dose:
        truth = True if dose.when is None else tracer.referee.truth(dose.when)
        if truth is False or dose.intervention not in possible:
            continue
        per_kilogram = weight is not None and without_kilogram(dose.amount.unit) is not None
        found.append(
            f.Dose(
                dose.intervention,
                f.amount(dose.amount),
                f.maybe(dose.at_most),
                dose.form,
                missing=tracer.missing(dose.when),
                for_weight=None,
                needs=(weight,) if weight and per_kilogram else (),
            )
        )
    return tuple(found)


def weighed(doses: tuple[f.Dose, ...], weight: object) -> tuple[f.Dose, ...]:
    """Work out the doses that need a weight, for a weight in kg; the same ones if there is none."""
    if not isinstance(weight, int | float) or not any(dose.needs for dose in doses):
        return doses
    return tuple(
        msgspec.structs.replace(d, for_weight=by_weight(d, weight), needs=()) if d.needs else d
        for d in doses
    )


def by_weight(dose: ir.Dose | f.Dose, weight: float | None) -> f.Amount | None:
    """Give a dose per kilogram for a weight in kg; None when it is not one, or not known."""
    unit = without_kilogram(dose.amount.unit)
    if unit is None or weight is None:
        return None
    low, high = dose.amount.low * weight, dose.amount.high * weight
    if dose.at_most is not None and dose.at_most.unit == unit:
        low, high = min(low, dose.at_most.high), min(high, dose.at_most.high)
    return f.Amount(_rounded(low), _rounded(high), unit)


def without_kilogram(unit: str) -> str | None:
    """Turn mg/kg/d into mg/d; None for a unit that is not per kilogram."""
    first, *others = unit.split("/")
    if others.count("kg") != 1:
        return None
    others.remove("kg")
    return "/".join([first, *others])


def course(
    counts_from: ir.Fact, value: object, as_of: str | None, phases: Iterable[ir.Phase]
) -> f.Course:
    """Lay a schedule over the calendar.

    `counts_from` says how long ago it began, `value` is the patient's (None while not known), and
    `as_of` the date of the answer. What is missing for the dates is named.
    """
    missing = () if isinstance(value, int | float) else (counts_from.id,)
    start = begun(counts_from, value, as_of)
    if start is None or as_of is None:
        return f.Course(counts_from.id, None, None, None, missing, dated=as_of is not None)
    today = datetime.date.fromisoformat(as_of)
    begin = start
    for i, phase in enumerate(phases):
        end = end_of(begin, phase)
        if end is None or today <= end:
            due = _next(begin, phase.every, today)
            return f.Course(counts_from.id, start.isoformat(), i, due.isoformat(), (), dated=True)
        begin = end
    return f.Course(counts_from.id, start.isoformat(), None, None, (), dated=True)


def begun(counts_from: ir.Fact, value: object, as_of: str | None) -> datetime.date | None:
    """Give the day from which a fact that is a time up to `as_of` counts; None while not known."""
    if as_of is None or not isinstance(value, int | float):
        return None
    return later(datetime.date.fromisoformat(as_of), -float(value), counts_from.unit or "d")


def end_of(begin: datetime.date, phase: ir.Phase) -> datetime.date | None:
    """Give the day on which a stretch of a schedule ends; None when it goes on from then on."""
    if phase.lasts is not None:
        return later(begin, phase.lasts.high, phase.lasts.unit)
    if phase.times is not None:
        return later(begin, phase.every.high * phase.times, phase.every.unit)
    return None


def _next(begin: datetime.date, every: ir.Amount, today: datetime.date) -> datetime.date:
    longest = every.high * _LONGEST[every.unit]
    n = max(1, int(((today - begin).days - 1) / longest))  # none before it can be late enough
    while (due := later(begin, every.high * n, every.unit)) < today:
        n += 1
    return due


def later(day: datetime.date, number: float, unit: str) -> datetime.date:
    """Give the day that lies a number of days, weeks, months or years later."""
    if unit in _DAYS:
        return day + datetime.timedelta(days=round(number * _DAYS[unit]))
    months = number * _MONTHS[unit]
    if months != int(months):
        return day + datetime.timedelta(days=round(months * _DAYS_OF_A_MONTH))
    year, month = divmod(day.year * 12 + day.month - 1 + int(months), 12)
    for last in (day.day, 30, 29, 28):
        try:
            return datetime.date(year, month + 1, last)
        except ValueError:
            continue  # the 31st of a month of thirty days becomes its last
    raise AssertionError("every month has 28 days")


def _rounded(number: float) -> float:
    """Cut off what floating point adds: 0.1 × 70 is 7, not 7.000000000000001."""
    return float(f"{number:.6g}")
