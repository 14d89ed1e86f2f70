"""Measured values as laboratories print them: `147 U/L`, `<5 U/L`, `5-10 U/L`, with their limits.

Numbers are exact ratios in the unit of their fact, so that 34 over a limit of 17 is 2 in any unit.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple, cast

from hepatica import ir
from hepatica.chart.model import Grade, Number
from hepatica.interval import Interval
from hepatica.parse.conditions import plain, ratio_to
from hepatica.units import convert, exact

GRADES = ("normal", "high", "low")
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
_VALUE = re.compile(
    rf"(?P<sign><=?|>=?|≤|≥)?\s*(?P<low>{_NUMBER})(?:\s*(?:-|–|to)\s*(?P<high>{_NUMBER}))?"
    r"(?:\s+(?P<unit>\S+)|(?P<glued>[^\W\d_]\S*|[\[%/{]\S*))?\Z"
)


class Refused(Exception):
    """A value that cannot be read: the D code, what is wrong, the remedy, and under which key."""

    def __init__(self, code: str, text: str, help: str) -> None:
        """Keep them; the key is `value` until something else is said."""
        super().__init__(text)
        self.code, self.text, self.help = code, text, help
        self.key = "value"


class Measured(NamedTuple):
    """A measurement as an entry tells it: the number, its upper limit, a word; and as written."""

    number: Number | None
    limit: Fraction | None
    limit_written: str
    grade: Grade | None
    written: str


class Written(NamedTuple):
    """A number as written: sign, ends, and unit (None for a bare number)."""

    sign: str
    low: Fraction
    high: Fraction | None
    unit: str | None


@functools.lru_cache(maxsize=65536)
def split(text: str) -> Written | None:
    """Split a value as laboratories print it; None for text that is none."""
    match = _VALUE.match(text.strip())
    if match is None:
        return None
    high = Fraction(match["high"]) if match["high"] else None
    return Written(
        match["sign"] or "", Fraction(match["low"]), high, match["unit"] or match["glued"]
    )


def _read(fact: ir.Fact, raw: Any, unit: str | None) -> tuple[Written, Fraction]:
    """Read a value and find the factor to the unit of its fact; `unit` is that of a bare number."""
    if isinstance(raw, str):
        found = split(raw)
        if found is None or (found.sign and found.high is not None):
            help = "write it as `147 U/L`, `<5 U/L` or `5-10 U/L`"
            raise Refused("D102", f"`{raw[:60]}` is not a number with a unit", help)
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        found = Written("", exact(raw), None, None)
    else:
        text = f"`{fact.id}` is a number in {fact.unit}"
        raise Refused("D102", text, f"write a number, as `3 {fact.unit}`")
    own = fact.unit or "1"
    written = found.unit or unit
    if written is None and (fact.ask_unit or (isinstance(raw, str) and not _has_none(own))):
        text = f"`{fact.id}` needs its unit"
        raise Refused("D104", text, f"write `{raw} {own}` if that is what the laboratory reports")
    ratio = ratio_to(fact, written or own)
    if ratio is None:
        text = f"`{written}` is not a unit of `{fact.id}`, which is held in {own}"
        help = fact.text if fact.ask_unit and fact.text else f"write it in {own}"
        raise Refused("D104", text, help)
    return found, ratio


def _has_none(unit: str) -> bool:
    """Say whether numbers are written without this unit: ratios and scores."""
    return unit == "1" or unit.startswith("{")


def number(fact: ir.Fact, raw: Any) -> tuple[Number, str | None]:
    """Read a value of a quantity, and the unit it was written in.

    Raises `Refused` (D102 to D104) for what is no number, outside the plausible range, or in a unit
    that is not one of the fact.
    """
    found, ratio = _read(fact, raw, None)
    low = found.low * ratio
    if found.high is not None:
        ends = Number(low, found.high * ratio)
        if found.high < found.low:
            raise Refused("D102", f"`{raw}` is upside down", "lowest first")
    elif found.sign in ("<", "<=", "≤"):
        ends = Number(None, low, high_open=found.sign == "<")
    elif found.sign:
        ends = Number(low, None, low_open=found.sign == ">")
    else:
        ends = Number(low, low)
    for end in (ends.low, ends.high):
        if end is not None:
            _check_range(fact, end)
    return ends, found.unit


def bounds(fact: ir.Fact, raw: str) -> float | Interval | None:
    """Read bounds of a quantity, `<5 U/L` or `5-10 U/L`; None for text that gives none.

    Raises `Refused` as `number` does.
    """
    found = split(raw)
    if found is None or not (found.sign or found.high is not None):
        return None
    return number(fact, raw)[0].held()


def _check_range(fact: ir.Fact, value: Fraction) -> None:
    low, high = fact.range or (float("-inf"), float("inf"))
    number = convert(value, Fraction(1))
    if not low <= number <= high or math.isinf(number):
        text = f"{plain(number)} {fact.unit} is outside the plausible range of `{fact.id}`"
        help = f"plausible: {plain(low)} to {plain(high)} {fact.unit}; check number and unit"
        raise Refused("D103", text, help)


def limit(fact: ir.Fact, raw: Any, unit: str | None) -> Fraction:
    """Read an upper limit; a bare number is in the `unit` of the value beside it.

    Raises `Refused` as `number` does, and for a limit that is not above zero.
    """
    found, ratio = _read(fact, raw, unit)
    value = found.low * ratio
    if found.sign or found.high is not None:
        raise Refused("D102", f"`{raw}` is not one limit", "write one number with its unit")
    if value <= 0:
        raise Refused("D103", "an upper limit is above zero", "leave it out when it is not known")
    _check_range(fact, value)
    return value


def measured(fact: ir.Fact, data: Mapping[str, Any]) -> Measured:
    """Read what an entry tells of a quantity: `value`, `upper_limit` or `range`, `result`.

    Raises `Refused`, with the key that is wrong.
    """
    grade = data.get("result")
    found: Number | None = None
    unit = None
    if grade is not None and grade not in GRADES:
        text = f"`{grade}` is not a result of `{fact.id}`, which is measured"
        help = "a result is normal, high or low; a number is its `value`"
        raise _under("result", Refused("D102", text, help))
    if "value" in data:
        found, unit = number(fact, data["value"])
    elif grade is None:
        text = f"`{fact.id}` has neither a `value` nor a `result`"
        raise Refused("D102", text, "give the number, or normal, high or low")
    upper, shown = _upper(fact, data, unit)
    _check_grade(found, upper, grade)
    own = "" if fact.unit is None or _has_none(fact.unit) else f" {fact.unit}"
    written = str(data["value"]) if "value" in data else str(grade)
    if "value" in data and not isinstance(data["value"], str):
        written += own
    if shown and not isinstance(shown, str):
        shown = f"{shown} {unit}" if unit else f"{shown}{own}"
    return Measured(found, upper, str(shown), cast("Grade | None", grade), written)


def _upper(fact: ir.Fact, data: Mapping[str, Any], unit: str | None) -> tuple[Fraction | None, Any]:
    """Read the upper limit, and give it as written."""
    key = "range" if "range" in data else "upper_limit"
    if key not in data:
        return None, ""
    try:
        if "range" not in data:
            return limit(fact, data[key], unit), data[key]
        if "upper_limit" in data:
            raise Refused("D112", "two upper limits", "keep `range` or `upper_limit`")
        low, high = data["range"]
        upper = limit(fact, high, unit)
        bare = isinstance(low, str) or unit is None
        lower = number(fact, low if bare else f"{low} {unit}")[0].low
        if lower is not None and lower > upper:
            raise Refused("D102", "the range is upside down", "lowest first")
        return upper, high
    except Refused as refused:
        raise _under(key, refused) from None


def _under(key: str, refused: Refused) -> Refused:
    refused.key = key
    return refused


def _check_grade(found: Number | None, upper: Fraction | None, grade: str | None) -> None:
    """Refuse a word that the number beside it denies."""
    if found is None or upper is None or grade is None:
        return
    if found.at_most(upper) if grade == "high" else found.above(upper):
        text = f"the result `{grade}` and the number beside its upper limit contradict each other"
        refused = Refused("D112", text, "check the number, its limit and the word")
        raise _under("result", refused)
