"""Names of facts, values and interventions as a clinician reads them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hepatica import ir
from hepatica.interval import Interval
from hepatica.parse.conditions import plain

ACTIONS = {
    "start": "start", "add": "add", "continue": "continue", "increase": "increase",
    "reduce": "reduce", "taper": "taper", "stop": "stop", "switch_to": "switch to",
    "avoid": "avoid", "caution": "use with caution", "test": "test", "monitor": "monitor",
    "assess": "assess", "refer": "refer for", "counsel": "counsel on",
}  # fmt: skip

CONFIDENCE = {
    "direct": "read there itself",
    "translated": "a published translation of it",
    "attributed_by_review": "a review says so",
    "tabulated_by_review": "a review's own table",
    "secondary": "a secondary page that names the guideline",
    "candidate": "a page that names no guideline",
    "borrowed": "not this guideline's word, taken from elsewhere for safety",
}

_UNITS = {
    "wk": ("week", "weeks"), "mo": ("month", "months"), "d": ("day", "days"),
    "a": ("year", "years"), "h": ("hour", "hours"),
}  # fmt: skip


_OPERATORS = {
    "is": "is", "in": "is", "above": "is above", "at_least": "is at least", "below": "is below",
    "at_most": "is at most", "includes": "include", "includes_any": "include",
}  # fmt: skip


class Words:
    """Puts the names of one knowledge into words."""

    def __init__(self, knowledge: ir.Knowledge) -> None:
        """Take the dictionaries."""
        self.knowledge = knowledge

    def fact(self, name: str) -> str:
        """Give a fact's title."""
        fact = self.knowledge.facts.get(name)
        return fact.title if fact else name

    def intervention(self, name: str) -> str:
        """Give an intervention's title."""
        found = self.knowledge.interventions.get(name)
        return found.title if found else name

    def together(self, names: Iterable[str]) -> str:
        """Name interventions that are given together."""
        return " + ".join(self.intervention(name) for name in names)

    def value(self, name: str, value: Any) -> str:
        """Write a value of a fact, with its unit."""
        fact = self.knowledge.facts.get(name)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list | tuple):
            return ", ".join(self._code(fact, v) for v in value) or "none"
        if isinstance(value, int | float | Interval):
            return quantity(value, fact.unit if fact else None)
        return self._code(fact, str(value))

    def _code(self, fact: ir.Fact | None, value: str) -> str:
        return self.intervention(value) if value in self.knowledge.interventions else spaced(value)

    def question(self, leaf: ir.Leaf) -> str:
        """Put a question about a fact into words: `INR is above 1.5`."""
        said = self.fact(leaf.fact)
        values = [self.value(leaf.fact, v) for v in leaf.values]
        if leaf.op == "known":
            return f"{said} is {'known' if leaf.values[0] else 'not known'}"
        if leaf.op == "is" and isinstance(leaf.values[0], bool):
            return said if leaf.values[0] else f"not: {said}"
        if leaf.op == "between":
            return f"{said} is from {values[0]} to {values[1]}"
        return f"{said} {_OPERATORS[leaf.op]} {' or '.join(values)}"

    def stated(self, name: str, value: Any) -> str:
        """State a fact with its value in one phrase."""
        if value is True:
            return self.fact(name)
        return f"{self.fact(name)}: {self.value(name, value)}"


def spaced(name: str) -> str:
    """Turn a snake_case name into words."""
    return name.replace("_", " ")


def unit(text: str | None, number: float = 2) -> str:
    """Write a unit as people do; times in words, a bare ratio as nothing."""
    if text is None or text == "1" or text.startswith("{"):
        return ""
    if text in _UNITS:
        return _UNITS[text][0 if number == 1 else 1]
    return text.replace("10*9/L", "×10⁹/L").replace("(8.10*8.{RBC})", "8×10⁸ red cells")


def quantity(number: float | Interval, of: str | None) -> str:
    """Write a number, or what is known of it, with its unit."""
    if isinstance(number, Interval):
        return _bounds(number, of)
    return f"{plain(float(number))} {unit(of, number)}".strip()


def _bounds(number: Interval, of: str | None) -> str:
    """Write bounds: below 5 U/L, at least 2 years, from 5 to 10 U/L."""
    low, high = number.low, number.high
    if low is not None and high is not None and not (number.low_open or number.high_open):
        return f"from {plain(low)} to {quantity(high, of)}"
    parts = []
    if low is not None:
        parts.append(f"{'above' if number.low_open else 'at least'} {quantity(low, of)}")
    if high is not None:
        parts.append(f"{'below' if number.high_open else 'at most'} {quantity(high, of)}")
    return " and ".join(parts)


def amount(low: float, high: float, of: str) -> str:
    """Write a range with its unit: 1–2 mg/kg/d."""
    return quantity(low, of) if low == high else f"{plain(low)}–{plain(high)} {unit(of)}".strip()
