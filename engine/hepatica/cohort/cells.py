"""From the cells of a column to the values of a fact, as Polars expressions.

Every cell is one of three: missing, a value of the fact, or trouble of a known kind. Trouble is
counted and told before anything is answered; no cell becomes missing because it was not understood.
Numbers in another unit are converted by the same exact code as those of a case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import polars as pl

from hepatica import ir
from hepatica.cohort.inputs import type_name
from hepatica.cohort.mapping import AS_WRITTEN, Column
from hepatica.compile.expressions import dtype_of
from hepatica.diagnostics import Diagnostic
from hepatica.parse.conditions import plain, ratio_to
from hepatica.units import convert, exact

RAW = "raw:"
_PLAIN = r"^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?$"
_SPLIT = r"^([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?)(?:\s+(\S+)|([^\s\d.,+\-:][^\s]*))$"
_COMMA = r"^[-+]?\d[\d.\s]*,\d+\b"
_DATE = (
    r"^(?:\d{4}-\d{1,2}(?:-\d{1,2})?(?:[T ].*)?|\d{4}/\d{1,2}(?:/\d{1,2})?"
    r"|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})$"
)
_NOT_FINITE = r"(?i)^[-+]?(?:nan|inf|infinity)$"
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")


class Trouble(NamedTuple):
    """A kind of cell that cannot be used: its code, what it is, the remedy, and which cells."""

    code: str
    what: str
    help: str
    where: pl.Expr


class Cells(NamedTuple):
    """The cells of one fact: `value` from the raw column, troubles from that and the value."""

    fact: ir.Fact
    column: str
    value: pl.Expr
    troubles: tuple[Trouble, ...]


def cells_of(
    fact: ir.Fact, column: Column, dtype: Any, decimal: str, units: Mapping[str, Fraction]
) -> Cells | Diagnostic:
    """Read a column of some type as a fact; a diagnostic (D304) where that cannot be.

    `units` are the units that cells may name, with the factor to the fact's own.
    """
    raw = pl.col(RAW + column.column)
    if dtype == pl.Null:
        return Cells(fact, column.column, pl.lit(None, dtype_of(fact)), ())
    try:
        if fact.type == "quantity":
            value, troubles = _quantity(fact, column, raw, dtype, decimal, units)
        elif fact.type == "boolean":
            value, troubles = _boolean(fact, column, raw, dtype)
        elif fact.type == "code":
            value, troubles = _code(fact, column, raw, dtype)
        else:
            value, troubles = _codes(fact, column, raw, dtype)
    except _Unsuitable as error:
        return error.diagnostic(fact, column, dtype)
    known = tuple(t._replace(where=t.where.fill_null(False)) for t in troubles)
    return Cells(fact, column.column, value.alias(fact.id), known)


class _Unsuitable(Exception):
    """A column whose type cannot hold the fact: what is needed, and the remedy."""

    def diagnostic(self, fact: ir.Fact, column: Column, dtype: Any) -> Diagnostic:
        needed, help = self.args
        text = f"the column `{column.column}` holds {type_name(dtype)}; `{fact.id}` is {needed}"
        return Diagnostic("D304", "error", text, help=help)


def _texts(missing: tuple[Any, ...]) -> list[str]:
    return [str(token).strip() for token in missing]


def _numbers(tokens: tuple[Any, ...]) -> list[float]:
    found = []
    for token in tokens:
        try:
            found.append(float(token))
        except ValueError:
            continue
    return found


def _stripped(raw: pl.Expr, column: Column) -> pl.Expr:
    """Give text cells without blanks around them; missing where they say so, or say nothing."""
    text = raw.cast(pl.String).str.strip_chars()
    said = ["", *_texts(column.missing)]
    return pl.when(text.is_in(said)).then(None).otherwise(text)


# --- quantities ------------------------------------------------------------------------------


def units_of(fact: ir.Fact, column: Column, seen: tuple[str, ...]) -> dict[str, Fraction]:
    """List the units that cells may name: the one that was said, or all that were seen and suit."""
    if column.unit != AS_WRITTEN:
        unit = column.unit or fact.unit or "1"
        return {unit: ratio_to(fact, unit) or Fraction(1)}
    ratios = {unit: ratio_to(fact, unit) for unit in seen}
    return {unit: ratio for unit, ratio in ratios.items() if ratio is not None}


def named_unit(raw: pl.Expr) -> pl.Expr:
    """Give the unit that a text cell names; null where it names none."""
    text = raw.cast(pl.String).str.strip_chars().str.replace(",", ".", literal=True)
    return pl.coalesce(text.str.extract(_SPLIT, 2), text.str.extract(_SPLIT, 3))


def _quantity(
    fact: ir.Fact,
    column: Column,
    raw: pl.Expr,
    dtype: Any,
    decimal: str,
    units: Mapping[str, Fraction],
) -> tuple[pl.Expr, list[Trouble]]:
    unit = fact.unit or "1"
    if dtype.is_numeric():
        if column.unit == AS_WRITTEN:
            needed = "to be text that names the unit in each cell, as `unit: as_written` says"
            raise _Unsuitable(needed, f"say the unit of the numbers: `unit: {unit}`")
        value, troubles = _from_numbers(column, raw, dtype, next(iter(units.values())))
    elif _is_text(dtype):
        value, troubles = _from_text(fact, column, raw, decimal, units)
    elif dtype.is_temporal():
        raise _Unsuitable(
            f"a number in {unit}, not a date", f"work the number out in {unit}, or name its column"
        )
    else:
        raise _Unsuitable(f"a number in {unit}", "name the column of the numbers")
    low, high = fact.range or (float("-inf"), float("inf"))
    found = pl.col(fact.id)
    troubles.append(
        Trouble(
            "D307",
            f"outside the plausible range of `{fact.id}`",
            f"plausible: {plain(low)} to {plain(high)} {unit}; check the numbers and their unit",
            (found < low) | (found > high),
        )
    )
    return value, troubles


def _from_numbers(
    column: Column, raw: pl.Expr, dtype: Any, ratio: Fraction
) -> tuple[pl.Expr, list[Trouble]]:
    # 0.57 in single precision is 0.5699999928; what was written is what it prints as.
    single = dtype in (pl.Float32, getattr(pl, "Float16", pl.Float32))
    number = (raw.cast(pl.String) if single else raw).cast(pl.Float64)
    absent = _numbers(column.missing)
    may_be_nan = any(value != value for value in absent)
    finite = number.is_finite()
    value = pl.when(finite & ~number.is_in([v for v in absent if v == v])).then(number)
    wrong = number.is_infinite() if may_be_nan else ~finite
    help = "leave the cell empty where nothing is known; `missing: [NaN]` if that is what it means"
    return _converted(value, ratio), [Trouble("D309", "not a finite number", help, wrong)]


def _from_text(
    fact: ir.Fact, column: Column, raw: pl.Expr, decimal: str, units: Mapping[str, Fraction]
) -> tuple[pl.Expr, list[Trouble]]:
    unit = fact.unit or "1"
    text = _stripped(raw, column)
    odd = pl.lit(False)
    if decimal == "comma":
        odd = text.str.contains(".", literal=True)
        text = text.str.replace(",", ".", literal=True)
    bare = text.str.contains(_PLAIN)
    parsed = (
        pl.when(bare)
        .then(text)
        .otherwise(text.str.extract(_SPLIT, 1))
        .cast(pl.Float64, strict=False)
    )
    absent = [value for value in _numbers(column.missing) if value == value]
    number = pl.when(parsed.is_finite() & ~parsed.is_in(absent)).then(parsed)
    named = pl.when(~bare).then(
        pl.coalesce(text.str.extract(_SPLIT, 2), text.str.extract(_SPLIT, 3))
    )
    each = column.unit == AS_WRITTEN
    branches = [
        pl.when((named == name) if each else bare | (named == name)).then(_converted(number, ratio))
        for name, ratio in units.items()
    ]
    value = pl.coalesce(*branches) if branches else pl.lit(None, pl.Float64)
    comma, date = text.str.contains(_COMMA), text.str.contains(_DATE)
    lost = text.str.contains(_NOT_FINITE) | parsed.is_infinite().fill_null(False)  # 1e400
    foreign = named.is_not_null() & ~named.is_in(list(units))
    said = column.unit if column.unit and not each else unit
    without = "without a unit" if said == "1" else f"in {said}"
    unit_help = (
        f"write them {without}, or say in the mapping file in which unit they are (`unit: "
        f"{AS_WRITTEN}` where each cell names its own)"
    )
    if each:
        unit_help = f"write them in a unit of `{fact.id}`, which is held in {unit}"
    help = "give a number" if unit == "1" else f"give a number in {unit}"
    known = bare | comma | date | lost | named.is_not_null()
    troubles = [
        Trouble("D311", "a date, where a number is needed", help, date),
        Trouble("D309", "not a finite number", "leave the cell empty where nothing is known; or "
                "name it under `missing`", lost),
        Trouble("D310", "a number with a comma", "write a point; or say `csv: {decimal: comma}` in "
                "the mapping file", comma & ~date),
        Trouble("D312", "in another unit than the column", unit_help, foreign & ~date & ~comma),
        Trouble("D313", "not a number", f"{help}; name what means that nothing is known under "
                "`missing`", ~known | odd | (bare & parsed.is_null())),
    ]  # fmt: skip
    if each:
        help = "write the unit behind each number"
        troubles.append(
            Trouble("D312", "a number without its unit", help, bare & number.is_not_null())
        )
    return value, troubles


def _converted(number: pl.Expr, ratio: Fraction) -> pl.Expr:
    """Multiply exactly, as for a case: 0.57 g/dL is 5.7 g/L, not 5.699999999999999."""
    if ratio == 1:
        return number
    return number.map_batches(_times(ratio), return_dtype=pl.Float64, is_elementwise=True)


def _times(ratio: Fraction) -> Callable[[pl.Series], pl.Series]:
    def run(cells: pl.Series) -> pl.Series:
        distinct = cells.drop_nulls().unique()
        new = pl.Series([convert(exact(v), ratio) for v in distinct.to_list()], dtype=pl.Float64)
        return cells.replace_strict(distinct, new, default=None, return_dtype=pl.Float64)

    return run


# --- booleans, codes, lists ------------------------------------------------------------------


def _is_text(dtype: Any) -> bool:
    return bool(dtype in (pl.String, pl.Categorical, pl.Enum))


def _boolean(
    fact: ir.Fact, column: Column, raw: pl.Expr, dtype: Any
) -> tuple[pl.Expr, list[Trouble]]:
    said = bool(column.is_true or column.is_false)
    if dtype == pl.Boolean and not said:
        return raw, []
    is_text = _is_text(dtype) or dtype == pl.Boolean
    if not is_text and not (dtype.is_numeric() and said):
        help = "say what the cells mean: `is_true: [1], is_false: [0]`"
        raise _Unsuitable("true or false", help if dtype.is_numeric() else "name its column")
    if is_text:
        cell = _stripped(raw, column)
        true = cell.is_in(_texts(column.is_true) if said else list(_TRUE))
        false = cell.is_in(_texts(column.is_false) if said else list(_FALSE))
    else:
        cell = _present(raw.cast(pl.Float64), column)
        true = cell.is_in(_numbers(column.is_true))
        false = cell.is_in(_numbers(column.is_false))
    value = pl.when(true).then(True).when(false).then(False)
    help = "name it under `is_true`, `is_false` or `missing` in the mapping file"
    wrong = cell.is_not_null() & ~true & ~false
    return value, [Trouble("D308", f"neither true nor false for `{fact.id}`", help, wrong)]


def _present(number: pl.Expr, column: Column) -> pl.Expr:
    absent = _numbers(column.missing)
    gone = number.is_in([v for v in absent if v == v])
    if any(v != v for v in absent):
        gone = gone | number.is_nan()
    return pl.when(~gone).then(number)


def _words(fact: ir.Fact, column: Column) -> tuple[list[str], list[str]]:
    if column.codes is None:
        return list(fact.values), list(fact.values)
    return [code.strip() for code in column.codes], list(column.codes.values())


def _code_text(column: Column, raw: pl.Expr, dtype: Any) -> pl.Expr | None:
    """Give cells as text: 1 and 1.0 are the code `1`; None where the type holds no codes."""
    if dtype.is_integer() or _is_text(dtype) or dtype == pl.Boolean:
        return _stripped(raw, column)
    if dtype.is_numeric():
        number = _present(raw.cast(pl.Float64), column)
        whole = number.is_finite() & (number == number.floor()) & (number.abs() < 2**53)
        text = pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String))
        return _stripped(text.otherwise(number.cast(pl.String)), column)
    return None


def _unknown(fact: ir.Fact, wrong: pl.Expr) -> Trouble:
    help = f"name it under `codes` or `missing` in the mapping file; the values of `{fact.id}`: "
    return Trouble("D308", f"no value of `{fact.id}`", help + ", ".join(fact.values), wrong)


def _code(fact: ir.Fact, column: Column, raw: pl.Expr, dtype: Any) -> tuple[pl.Expr, list[Trouble]]:
    text = _code_text(column, raw, dtype)
    if text is None:
        raise _Unsuitable(f"one of {', '.join(fact.values)}", "name the column of the codes")
    value = text.replace_strict(*_words(fact, column), default=None, return_dtype=dtype_of(fact))
    return value, [_unknown(fact, text.is_not_null() & pl.col(fact.id).is_null())]


def _codes(
    fact: ir.Fact, column: Column, raw: pl.Expr, dtype: Any
) -> tuple[pl.Expr, list[Trouble]]:
    if isinstance(dtype, pl.List | pl.Array):
        inner = pl.String() if dtype.inner == pl.Null else dtype.inner
        if not (_is_text(inner) or inner.is_integer()):
            raise _Unsuitable("a list of codes", "give lists of text")
        members = raw.cast(pl.List(pl.String))
    else:
        text = _code_text(column, raw, dtype)
        if text is None or not column.separator:
            help = 'say what stands between its members: `separator: ";"`'
            raise _Unsuitable("a list of codes", help)
        empty = text.is_in([t.strip() for t in column.empty])
        members = (
            pl.when(empty)
            .then(pl.lit([], pl.List(pl.String)))
            .when(text.is_not_null())
            .then(text.str.split(column.separator))
        )
    words = _words(fact, column)
    element = pl.element().str.strip_chars()
    value = members.list.eval(
        element.replace_strict(*words, default=None, return_dtype=pl.Enum(list(fact.values)))
    )
    wrong = pl.col(fact.id).list.eval(pl.element().is_null()).list.any()
    return value, [_unknown(fact, wrong)]
