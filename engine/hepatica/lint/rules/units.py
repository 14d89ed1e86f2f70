"""U101, U105: not a UCUM unit, or a conversion factor that UCUM does not give.

Units of facts, doses, schedules and figures are UCUM, case-sensitive. Loading does not look them up
(that takes longer than all the rest); this rule does. A factor that UCUM gives must be the one it
gives; one that it cannot give (mass to molar) needs a `source`.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from hepatica.diagnostics import Diagnostic, at
from hepatica.lint.context import Context
from hepatica.reader import read_yaml
from hepatica.source import Document, KeyPath, Unreadable, decode
from hepatica.units import factor, is_unit

_KEYS = ("unit", "lasts_unit")


def check(context: Context) -> Iterator[Diagnostic]:
    """Look up every unit that is written anywhere."""
    documents = list(context.documents.values())
    for name, body in context.files.content.items():
        if name.startswith("facts/"):
            try:
                documents.append(read_yaml(decode(str(context.files.root / name), body)))
            except Unreadable:
                continue  # told by the loader
    for document in documents:
        for path, unit in _units(document.data, ()):
            if not is_unit(unit):
                text = f"`{unit}` is not a UCUM unit"
                help = "UCUM is case-sensitive: mg/dL, U/L, 10*9/L, wk, mo, {score}"
                yield at(document, path, "U101", text, help=help)
        for name, fact in document.data.get("facts", {}).items():
            for i, other in enumerate(fact.get("other_units", ())):
                path = ("facts", name, "other_units", i, "factor")
                yield from _check_factor(document, path, fact["unit"], other)


def _check_factor(
    document: Document, path: KeyPath, unit: str, other: dict[str, str]
) -> Iterator[Diagnostic]:
    right = factor(other["unit"], unit)
    if right is None and "source" not in other:
        text = f"`{other['unit']}` is of another dimension than {unit}"
        yield at(document, path, "U102", text, help="name the `source` that prints the factor")
    elif right is not None and right != Fraction(other["factor"]):
        text = f"`{other['factor']}` is not the factor from {other['unit']} to {unit}"
        yield at(document, path, "U105", text, help=f"write `{right}`")


def _units(data: Any, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            if key in _KEYS and isinstance(value, str):
                yield (*path, key), value
            else:
                yield from _units(value, (*path, key))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from _units(value, (*path, i))
