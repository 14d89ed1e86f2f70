"""U101: not a UCUM unit.

Units of facts, doses, schedules and figures are UCUM, case-sensitive. Loading does not look them up
(that takes longer than all the rest); this rule does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hepatica.diagnostics import Diagnostic, at
from hepatica.lint.context import Context
from hepatica.reader import read_yaml
from hepatica.source import KeyPath, Unreadable, decode
from hepatica.units import is_unit

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
