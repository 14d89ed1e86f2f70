"""What the columns of a table mean: the mapping file, read and checked against the dictionary.

Without one, a column has the name of its fact, in the fact's own unit; another unit, or that of a
fact which needs its unit said, stands behind the name: `creatinine [umol/L]`. A list written as
text is `a;b`, and `[]` one that has no member.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from hepatica import ir
from hepatica.diagnostics import Diagnostic, Invalid, at, from_unreadable, has_errors, suggestion
from hepatica.parse.conditions import Vocabulary, ratio_to
from hepatica.reader import read_yaml
from hepatica.schema import check_shape
from hepatica.source import Document, Unreadable, read_source

AS_WRITTEN = "as_written"
"""The unit of a text column in which every cell names its own."""

PATIENT = "patient"
BETWEEN, NO_MEMBER = ";", "[]"
"""How a list is written as text, where no mapping file says otherwise."""
_WITH_UNIT = re.compile(r"([a-z][a-z0-9_]*) \[(.+)\]\Z")
_ONLY: dict[str, tuple[ir.FactType, ...]] = {
    "unit": ("quantity",),
    "codes": ("code", "codes"),
    "is_true": ("boolean",),
    "is_false": ("boolean",),
    "separator": ("codes",),
    "empty": ("codes",),
}
Cell = str | float | int


class Column(msgspec.Struct, frozen=True):
    """Where a fact stands in a table, and how it is written there.

    `unit` is None for the fact's own; `codes` turns what stands in the cells into values of the
    fact (None: they stand there as they are); `missing` are cells that say that nothing is known,
    `empty` those that say that a list has no member.
    """

    column: str
    unit: str | None = None
    codes: dict[str, str] | None = None
    is_true: tuple[Cell, ...] = ()
    is_false: tuple[Cell, ...] = ()
    missing: tuple[Cell, ...] = ()
    separator: str | None = None
    empty: tuple[str, ...] = ()


class Mapping(msgspec.Struct, frozen=True):
    """What a table holds: the column of the patient's id, of each fact, and those to keep.

    `file` is empty, and `digest` too, where no mapping file was given; `unused` are then the
    columns whose names are no facts: they are not used, and that is told.
    """

    patient: str
    facts: dict[str, Column]
    keep: tuple[str, ...] = ()
    csv_separator: str | None = None
    csv_decimal: str = "point"
    file: str = ""
    digest: str = ""
    unused: tuple[str, ...] = ()


def is_mapping(data: Any) -> bool:
    """Say whether a document is a mapping file, and not a case."""
    return isinstance(data, dict) and "patient" in data and "id" not in data


def read_mapping(path: Path, facts: dict[str, ir.Fact]) -> Mapping:
    """Read a mapping file. Raises `Invalid` with every diagnostic of it."""
    try:
        source = read_source(path)
        document = read_yaml(source)
    except Unreadable as error:
        raise Invalid(from_unreadable(error)) from None
    mapping, found = check_mapping(document, facts)
    if mapping is None or has_errors(found):
        raise Invalid(found)
    digest = hashlib.sha256(source.text.encode()).hexdigest()
    return msgspec.structs.replace(mapping, file=str(path), digest=digest)


def check_mapping(
    document: Document, facts: dict[str, ir.Fact]
) -> tuple[Mapping | None, list[Diagnostic]]:
    """Read a mapping from a document; None when its shape is wrong."""
    found = check_shape(document, "cohort")
    if found:
        return None, found
    data = document.data
    vocabulary = Vocabulary(facts, {}, {})
    everywhere = tuple(data.get("missing", ()))
    columns: dict[str, Column] = {}
    for name in data.get("facts", {}):
        fact = vocabulary.fact(document, ("facts", name), name, "D101")
        if fact is not None:
            columns[name] = _column(vocabulary, document, fact, everywhere)
    csv = data.get("csv", {})
    mapping = Mapping(
        patient=data["patient"],
        facts=columns,
        keep=tuple(data.get("keep", ())),
        csv_separator=csv.get("separator"),
        csv_decimal=csv.get("decimal", "point"),
        file=document.source.name,
    )
    return mapping, vocabulary.diagnostics


def _column(
    vocabulary: Vocabulary, document: Document, fact: ir.Fact, everywhere: tuple[Cell, ...]
) -> Column:
    path = ("facts", fact.id)
    raw = document.data["facts"][fact.id]
    data: dict[str, Any] = {"column": raw} if isinstance(raw, str) else raw
    for key, types in _ONLY.items():
        if key in data and fact.type not in types:
            text = f"`{key}` does not suit `{fact.id}`, which is a {fact.type}"
            vocabulary.report(document, (*path, key), "S107", text, "leave it out")
    unit = data.get("unit")
    if unit is not None and unit != AS_WRITTEN and fact.type == "quantity":
        if ratio_to(fact, unit) is None:
            text = f"`{unit}` is not a unit of `{fact.id}`, which is held in {fact.unit}"
            help = f"write it in {fact.unit}, or `unit: {AS_WRITTEN}` where each cell names its own"
            vocabulary.report(document, (*path, "unit"), "D104", text, help)
    elif unit is None and fact.ask_unit:
        text = f"`{fact.id}` needs its unit: more than one is in use"
        help = f"add `unit: {fact.unit}` if that is what the laboratory reports"
        vocabulary.diagnostics.append(at(document, path, "D104", text, help=help, key=True))
    codes = data.get("codes")
    for code, value in (codes or {}).items():
        if fact.type in ("code", "codes") and value not in fact.values:
            help = suggestion(value, fact.values)
            help = help or f"its values: {', '.join(f'`{v}`' for v in fact.values)}"
            text = f"`{value}` is not a value of `{fact.id}`"
            vocabulary.report(document, (*path, "codes", code), "D102", text, help)
    both = {str(v) for v in data.get("is_true", ())} & {str(v) for v in data.get("is_false", ())}
    if both:
        text = f"`{sorted(both)[0]}` is said to be true and false"
        vocabulary.report(document, (*path, "is_false"), "D102", text, "keep it in one of the two")
    return Column(
        column=data["column"],
        unit=unit,
        codes=codes,
        is_true=tuple(data.get("is_true", ())),
        is_false=tuple(data.get("is_false", ())),
        missing=(*everywhere, *data.get("missing", ())),
        separator=data.get("separator"),
        empty=tuple(data.get("empty", ())),
    )


def plain_mapping(
    columns: Iterable[str], facts: dict[str, ir.Fact], keep: Iterable[str] = ()
) -> Mapping:
    """Take the columns of a table as facts by their names."""
    found: dict[str, Column] = {}
    kept = tuple(dict.fromkeys(keep))
    unused = []
    for name in columns:
        match = _WITH_UNIT.match(name)
        fact, unit = (match[1], match[2]) if match else (name, None)
        if fact in facts and fact not in found:
            found[fact] = Column(name, unit, separator=BETWEEN, empty=(NO_MEMBER,))
        elif name != PATIENT and name not in kept:
            unused.append(name)
    return Mapping(PATIENT, found, kept, unused=tuple(unused))
