"""Conditions and values, with names, types and units resolved.

Everything here reads documents that already have the right shape (`schema.check_shape`). A name
that is not in the vocabulary, or a number in a unit of another dimension, becomes a diagnostic in
the vocabulary's list; the node is then built as well as can be, so that all errors are found.
"""

from __future__ import annotations

from collections.abc import Container
from fractions import Fraction
from typing import Any, cast

from hepatica import ir
from hepatica.diagnostics import Diagnostic, Severity, at, suggestion
from hepatica.source import Document, KeyPath
from hepatica.units import convert, factor, split_quantity

MAX_DEPTH = 16
ORDERED = ("above", "at_least", "below", "at_most", "between")
_SUITS: dict[str, tuple[str, ...]] = {
    "boolean": ("is", "known"),
    "code": ("is", "in", "known"),
    "codes": ("includes", "includes_any", "known"),
    "quantity": (*ORDERED, "known"),
}


_KINDS = {"boolean": "boolean", "code": "code", "codes": "set of codes", "quantity": "quantity"}


def suits(type_: ir.FactType) -> tuple[str, ...]:
    """List the operators that suit a type of fact."""
    return _SUITS[type_]


class Vocabulary:
    """The names that may be used, and the list that collects what is wrong."""

    def __init__(
        self,
        facts: dict[str, ir.Fact],
        interventions: dict[str, ir.Intervention],
        classes: dict[str, str],
    ) -> None:
        """Start with the dictionaries and no diagnostics."""
        self.facts = facts
        self.interventions = interventions
        self.classes = classes
        self.diagnostics: list[Diagnostic] = []

    def report(
        self,
        document: Document,
        path: KeyPath,
        code: str,
        message: str,
        help: str = "",
        severity: Severity = "error",
    ) -> None:
        """Add a diagnostic about a place of a document."""
        self.diagnostics.append(at(document, path, code, message, help=help, severity=severity))

    def fact(
        self, document: Document, path: KeyPath, name: str, code: str = "N101"
    ) -> ir.Fact | None:
        """Look a fact up, or report it as unknown."""
        fact = self.facts.get(name)
        if fact is None:
            help = suggestion(name, self.facts) or "facts are defined in knowledge/facts"
            key = code == "D101"
            self.diagnostics.append(
                at(document, path, code, f"unknown fact `{name}`", help=help, key=key)
            )
        return fact

    def intervention(self, document: Document, path: KeyPath, name: str) -> str:
        """Check the name of an intervention."""
        if name not in self.interventions:
            help = suggestion(name, self.interventions)
            help = help or "interventions are defined in knowledge/interventions.yaml"
            self.report(document, path, "N103", f"unknown intervention `{name}`", help)
        return name

    def class_(self, document: Document, path: KeyPath, name: str) -> str:
        """Check the name of a class of interventions."""
        if name not in self.classes:
            help = suggestion(name, self.classes)
            help = help or "classes are defined in knowledge/interventions.yaml"
            self.report(document, path, "N103", f"unknown class `{name}`", help)
        return name


def condition(
    vocabulary: Vocabulary, document: Document, path: KeyPath, depth: int = 0
) -> ir.Condition:
    """Build the condition at a path of a document."""
    data = _get(document.data, path)
    line = document.line(path)
    if depth > MAX_DEPTH:
        text = f"conditions nest deeper than {MAX_DEPTH} levels"
        vocabulary.report(document, path, "S108", text, "name a part of it as a definition")
        return ir.All((), line)
    if "fact" in data:
        return _leaf(vocabulary, document, path, data, line)
    if "not" in data:
        return ir.Not(condition(vocabulary, document, (*path, "not"), depth + 1), line)
    word = next(word for word in ("all", "any", "count") if word in data)
    inner: KeyPath = (*path, "count", "of") if word == "count" else (*path, word)
    count = len(_get(document.data, inner))
    parts = tuple(condition(vocabulary, document, (*inner, i), depth + 1) for i in range(count))
    if word == "all":
        return ir.All(parts, line)
    if word == "any":
        return ir.Any(parts, line)
    at_least = data["count"]["at_least"]
    if at_least > len(parts):
        text = f"at least {at_least} of {len(parts)} can never hold"
        vocabulary.report(document, (*path, "count", "at_least"), "N113", text, "lower the number")
    return ir.Count(at_least, parts, line)


def _leaf(
    vocabulary: Vocabulary, document: Document, path: KeyPath, data: dict[str, Any], line: int
) -> ir.Leaf:
    name = data["fact"]
    op = cast(ir.Operator, next(key for key in data if key != "fact"))
    raw = data[op]
    fact = vocabulary.fact(document, (*path, "fact"), name)
    operands = raw if isinstance(raw, list) else [raw]
    places = (
        [(*path, op, i) for i in range(len(operands))] if isinstance(raw, list) else [(*path, op)]
    )
    if fact is None:
        return ir.Leaf(name, op, tuple(_plain(v) for v in operands), line)
    if op not in _SUITS[fact.type]:
        help = (
            f"a {_KINDS[fact.type]} can be asked: {', '.join(f'`{o}`' for o in _SUITS[fact.type])}"
        )
        text = f"`{op}` does not suit `{name}`, which is a {_KINDS[fact.type]}"
        vocabulary.report(document, (*path, op), "N110", text, help)
        return ir.Leaf(name, op, tuple(_plain(v) for v in operands), line)
    if op == "known":
        return ir.Leaf(name, op, (bool(raw),), line)
    values = tuple(
        value_of(vocabulary, document, place, fact, operand, threshold=True)
        for place, operand in zip(places, operands, strict=True)
    )
    if op == "between" and isinstance(values[0], float) and values[0] > float(values[1]):
        vocabulary.report(document, (*path, op), "N113", "the range is upside down", "lowest first")
    return ir.Leaf(name, op, values, line)


def _plain(value: Any) -> ir.Value:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def value_of(
    vocabulary: Vocabulary,
    document: Document,
    path: KeyPath,
    fact: ir.Fact,
    raw: Any,
    *,
    threshold: bool = False,
    patient: bool = False,
) -> ir.Value:
    """Read one value of a fact (for a set: one member), converting units.

    With `threshold` it is an operand of a statement, with `patient` a value of a case, which
    decides the codes: U102, U103, N102 for knowledge; D102 to D104 for cases.
    """
    code = {"type": "D102", "range": "D103", "unit": "D104"} if patient else {
        "type": "N102", "range": "U103", "unit": "U102"
    }  # fmt: skip
    if fact.type == "quantity":
        return _number(vocabulary, document, path, fact, raw, code)
    if fact.type == "boolean":
        if isinstance(raw, bool):
            return raw
        text = f"`{fact.id}` is true or false, not `{_shown(raw)}`"
        vocabulary.report(document, path, code["type"], text, "write true or false without quotes")
        return False
    if isinstance(raw, str) and raw in fact.values:
        return raw
    text = f"`{_shown(raw)}` is not a value of `{fact.id}`"
    help = suggestion(raw, fact.values) if isinstance(raw, str) else ""
    help = help or f"its values: {', '.join(f'`{v}`' for v in fact.values)}"
    vocabulary.report(document, path, code["type"], text, help)
    return str(raw)


def _number(
    vocabulary: Vocabulary,
    document: Document,
    path: KeyPath,
    fact: ir.Fact,
    raw: Any,
    code: dict[str, str],
) -> float:
    unit = fact.unit or "1"
    value: float
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        text = f"`{fact.id}` is a number in {unit}, not `{_shown(raw)}`"
        vocabulary.report(document, path, code["type"], text, f"write a number, as `3 {unit}`")
        return 0.0
    if isinstance(raw, str):
        split = split_quantity(raw)
        if split is None:
            bare = raw.strip().replace(".", "", 1).lstrip("-").isdigit()
            text = f"`{_shown(raw)}` is not a number with a unit"
            help = "write the number without quotes" if bare else f"write a number, as `3 {unit}`"
            vocabulary.report(document, path, code["type"], text, help)
            return 0.0
        number, given = split
        ratio = ratio_to(fact, given)
        if ratio is None:
            text = f"`{given}` is not a unit of `{fact.id}`, which is held in {unit}"
            help = fact.text if fact.ask_unit and fact.text else f"write it in {unit}"
            vocabulary.report(document, path, code["unit"], text, help)
            return 0.0
        value = convert(number, ratio)
    else:
        if fact.ask_unit:
            text = f"`{fact.id}` needs its unit: more than one is in use"
            vocabulary.report(
                document, path, "D104" if code["unit"] == "D104" else "U104", text,
                f"write `{raw} {unit}` if that is what the laboratory reports",
            )  # fmt: skip
        value = float(raw)
    low, high = fact.range or (float("-inf"), float("inf"))
    if not low <= value <= high:
        text = f"{plain(value)} {unit} is outside the plausible range of `{fact.id}`"
        help = f"plausible: {plain(low)} to {plain(high)} {unit}; check the number and its unit"
        vocabulary.report(document, path, code["range"], text, help)
    return value


def ratio_to(fact: ir.Fact, unit: str) -> Fraction | None:
    """Find the factor from a unit to the fact's own: listed with the fact, or from UCUM.

    None when the unit is not one of this fact.
    """
    if unit == fact.unit:
        return Fraction(1)
    for other in fact.other_units:
        if other.unit == unit:
            return Fraction(other.factor)
    return factor(unit, fact.unit or "1")


def facts_of(
    vocabulary: Vocabulary, document: Document, path: KeyPath, *, patient: bool,
    without: Container[str] = (),
) -> dict[str, ir.Value | tuple[str, ...]]:  # fmt: skip
    """Read a mapping of facts to values; what cannot be used is reported and left out.

    Those of `without` were read otherwise.
    """
    result: dict[str, ir.Value | tuple[str, ...]] = {}
    for name, raw in _get(document.data, path).items():
        if name in without:
            continue
        place = (*path, name)
        fact = vocabulary.fact(document, place, name, "D101" if patient else "N101")
        if fact is None:
            continue
        if fact.type == "codes":
            members = raw if isinstance(raw, list) else [raw]
            if not isinstance(raw, list):
                code = "D102" if patient else "N102"
                text = f"`{name}` is a set, so a list is needed"
                vocabulary.report(document, place, code, text, f"write [{_shown(raw)}]")
            found = (
                value_of(vocabulary, document, (*place, i), fact, member, patient=patient)
                for i, member in enumerate(members)
            )
            result[name] = tuple(sorted({str(member) for member in found}))
        else:
            result[name] = value_of(vocabulary, document, place, fact, raw, patient=patient)
    return result


def plain(number: float) -> str:
    """Write a number as people do: 5, not 5.0."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def _get(data: Any, path: KeyPath) -> Any:
    for step in path:
        data = data[step]
    return data


def _shown(raw: Any) -> str:
    text = str(raw).lower() if isinstance(raw, bool) else str(raw)
    return text if len(text) <= 60 else text[:60] + "…"
