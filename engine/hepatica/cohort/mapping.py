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
from hepatica.interval import ENDS
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
    **dict.fromkeys(("bounds", *ENDS), ("quantity",)),
}
Cell = str | float | int


class Column(msgspec.Struct, frozen=True):
    """Where a fact stands in a table, and how it is written there.

    `unit` is None for the fact's own; `codes` turns what stands in the cells into values of the
    fact (None: they stand there as they are); `missing` are cells that say that nothing is known,
    `empty` those that say that a list has no member. With `bounds` a text cell may be `<5`; `ends`
    names columns with the ends of bounds (`interval.ENDS`), in the same unit.
    """

    column: str
    unit: str | None = None
    codes: dict[str, str] | None = None
    is_true: tuple[Cell, ...] = ()
    is_false: tuple[Cell, ...] = ()
    missing: tuple[Cell, ...] = ()
    separator: str | None = None
    empty: tuple[str, ...] = ()
    bounds: bool = False
    ends: dict[str, str] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns that it is read from, its own first."""
        return (self.column, *self.ends.values())


class ChartTable(msgspec.Struct, frozen=True):
    """A table of charts: its file in the folder, what its columns and codes are called there.

    `columns` names them by our names, `codes` gives the fact, drug or event of a code. `others`
    says what a code means that is not listed: `not_used`, or `other_drug`; None: what it says.
    """

    file: str | None = None
    columns: dict[str, str] = {}
    codes: dict[str, str] = {}
    others: str | None = None
    missing: tuple[Cell, ...] = ()


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
    charts: dict[str, ChartTable] = {}


def is_mapping(data: Any) -> bool:
    """Say whether a document is a mapping file, and not a case."""
    return isinstance(data, dict) and ("patient" in data or "charts" in data) and "id" not in data


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
    for table in ("observations", "statuses"):
        for code, name in data.get("charts", {}).get(table, {}).get("codes", {}).items():
            vocabulary.fact(document, ("charts", table, "codes", code), name, "D101")
    csv = data.get("csv", {})
    mapping = Mapping(
        patient=data.get("patient", PATIENT),
        facts=columns,
        keep=tuple(data.get("keep", ())),
        csv_separator=csv.get("separator"),
        csv_decimal=csv.get("decimal", "point"),
        file=document.source.name,
        charts={
            name: ChartTable(
                table.get("file"), table.get("columns", {}), table.get("codes", {}),
                table.get("others"), (*everywhere, *table.get("missing", ())),
            )
            for name, table in data.get("charts", {}).items()
        },
    )  # fmt: skip
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
    ends = [end for end in ENDS if end in data]
    for end in ends:
        if data.get("bounds"):
            text = f"`{end}` and `bounds` both say where bounds stand"
            vocabulary.report(document, (*path, end), "S107", text, "keep one of them")
        elif end.partition("_")[0] not in data:
            text = f"`{end}` is about an end that is not named"
            help = f"name its column: `{end.partition('_')[0]}: NAME`"
            vocabulary.report(document, (*path, end), "S107", text, help)
    return Column(
        column=data["column"],
        unit=unit,
        codes=codes,
        is_true=tuple(data.get("is_true", ())),
        is_false=tuple(data.get("is_false", ())),
        missing=(*everywhere, *data.get("missing", ())),
        separator=data.get("separator"),
        empty=tuple(data.get("empty", ())),
        bounds=data.get("bounds", False),
        ends={end: data[end] for end in ends},
    )


def plain_mapping(
    columns: Iterable[str], facts: dict[str, ir.Fact], keep: Iterable[str] = ()
) -> Mapping:
    """Take the columns of a table as facts by their names.

    Beside a number its bounds may stand, as `alt.low`, `alt.high`, `alt.low_open` and
    `alt.high_open`, in the unit of the number.
    """
    found: dict[str, Column] = {}
    kept = tuple(dict.fromkeys(keep))
    names = list(columns)
    ends = _ends(names, facts, kept)
    taken = {column for of in ends.values() for column in of.values()}
    unused = []
    for name in names:
        match = _WITH_UNIT.match(name)
        fact, unit = (match[1], match[2]) if match else (name, None)
        if fact in facts and fact not in found:
            found[fact] = Column(
                name, unit, separator=BETWEEN, empty=(NO_MEMBER,), ends=ends.get(fact, {})
            )
        elif name != PATIENT and name not in kept and name not in taken:
            unused.append(name)
    for fact in ends:  # bounds alone are not left out in silence: that the column lacks is told
        found.setdefault(fact, Column(fact, ends=ends[fact]))
    return Mapping(PATIENT, found, kept, unused=tuple(unused))


def _ends(
    names: Iterable[str], facts: dict[str, ir.Fact], kept: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Find the columns of bounds by their names, for each fact that has some."""
    there = set(names).difference(kept)
    found = {}
    for fact in {name.partition(".")[0] for name in there if "." in name} & facts.keys():
        ends = {end: f"{fact}.{end}" for end in ENDS if f"{fact}.{end}" in there}
        if facts[fact].type == "quantity" and ("low" in ends or "high" in ends):
            found[fact] = ends
    return found
