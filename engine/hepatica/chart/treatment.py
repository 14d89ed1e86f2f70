"""Facts about treatment: whether it was ever begun, since when it is taken, and in which dose."""

from __future__ import annotations

from fractions import Fraction

from hepatica import ir
from hepatica.chart import courses
from hepatica.chart.found import Found, Outcome, View
from hepatica.chart.model import Amount
from hepatica.chart.newest import Open, agreed, newest
from hepatica.chart.time import write
from hepatica.chart.values import latest
from hepatica.derivation import Dose, Latest, Started, TimeOn
from hepatica.interval import Interval, from_ends
from hepatica.units import factor
from hepatica.words import spaced

_PER_DAY = {"mg/d": Fraction(1), "g/d": Fraction(1000), "ug/d": Fraction(1, 1000)}
_PER_KILOGRAM = {"mg/kg/d": Fraction(1)}


def started(view: View, fact: ir.Fact, way: Started) -> Outcome:
    """Say whether any of some drugs was ever begun."""
    told = [m for drug in way.drugs for m in view.courses.visible(drug)]
    sure = [m for m in told if m.when.span.last <= view.now]
    if sure:
        first = min(sure, key=lambda m: m.when.span)
        return Found(True, None, f"{spaced(first.drug)}, recorded {first.when.text}")
    if told:
        return Open(f"the entry of {told[0].when.text} may be later than {write(view.now)}")
    wrong = view.incomplete("medications")
    return wrong or Found(False, None, "the record, which holds all drugs, holds none of treatment")


def time_on(view: View, fact: ir.Fact, way: TimeOn) -> Outcome:
    """Give the time since the present course of some drugs began."""
    if not any(view.courses.visible(drug) for drug in way.drugs):
        return None
    wrong = view.incomplete("medications")
    if wrong is not None:
        return wrong
    found = courses.time_on(way.drugs, view.courses, fact.unit or "d")
    if found is None or isinstance(found, Open):
        return found
    value, start, how = found
    return Found(value, None if start is None else write(start.first), how)


def dose(view: View, fact: ir.Fact, way: Dose) -> Outcome:
    """Give the present dose of a drug per kilogram of the body weight."""
    told = view.courses.visible(way.of)
    if not told:
        return None
    wrong = view.incomplete("medications")
    if wrong is not None:
        return wrong
    course = view.courses.taken(way.of)
    if course is None or isinstance(course, Open):
        return course or Open("not taken now")
    items, _ = newest([m for m in told if m.kind != "stop"], view.now)
    disagree = agreed(items, lambda m: m.dose, way.of, view.notes)
    if disagree is not None:
        return disagree
    amount = items[0].dose
    if amount is None:
        return Open(f"the record does not say the dose of {items[0].when.text}")
    how = f"{items[0].written} since {items[0].when.text}"
    per_kilogram = _to(amount, "mg/kg/d", _PER_KILOGRAM)
    if per_kilogram is not None:
        return Found(float(per_kilogram), None, how)
    whole = _to(amount, "mg/d", _PER_DAY)
    if whole is None:
        return Open(f"{items[0].written} is not a dose a day")
    weight_fact = view.names.facts[way.weight]
    assert isinstance(weight_fact.derive, Latest)
    weight = latest(view, weight_fact, weight_fact.derive)
    if not isinstance(weight, Found):
        why = f" ({weight.why})" if isinstance(weight, Open) else ""
        return Open(f"{how}, and the weight is not known{why}")
    value = _per_kilogram(whole, weight.value)
    if value is None:
        return Open(f"{how}, and the weight has no upper and no lower bound: {weight.how}")
    return Found(value, None, f"{how}, weight {weight.how}")


def _per_kilogram(dose: Fraction, weight: ir.Held) -> float | Interval | None:
    """Divide a dose by a weight, which may have bounds; None where neither is above zero."""
    if not isinstance(weight, Interval):
        return float(dose / Fraction(repr(weight)))
    most = dose / Fraction(repr(weight.low)) if weight.low else None
    least = dose / Fraction(repr(weight.high)) if weight.high else None
    if most is None and least is None:
        return None
    return from_ends(least, most, low_open=weight.high_open, high_open=weight.low_open)


def _to(amount: Amount, unit: str, known: dict[str, Fraction]) -> Fraction | None:
    if amount.unit in _PER_DAY or amount.unit in _PER_KILOGRAM:  # without loading all of UCUM
        ratio = known.get(amount.unit)
    else:
        ratio = factor(amount.unit, unit)
    return None if ratio is None else amount.number * ratio
