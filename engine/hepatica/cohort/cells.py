"""From the cells of a column to the values of a fact, as Polars expressions.

Every cell is one of three: missing, a value of the fact, or trouble of a known kind. Trouble is
counted and told before anything is answered; no cell becomes missing because it was not understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import polars as pl

from hepatica import ir
from hepatica.cohort.bounds import numbers_of
from hepatica.cohort.mapping import Column
from hepatica.cohort.trouble import (
    FALSE,
    TRUE,
    Found,
    Trouble,
    Unsuitable,
    is_text,
    numbers,
    stripped,
    texts,
)
from hepatica.cohort.trouble import RAW as RAW
from hepatica.compile.bounds import ends_of
from hepatica.compile.expressions import dtype_of
from hepatica.diagnostics import Diagnostic


class Cells(NamedTuple):
    """The cells of one fact: `value` from raw columns, troubles from these and the value.

    `columns` are those that it stands in, its own first. Where it may have bounds, `ends` are their
    columns (see `compile.bounds`), and `first` what has to be made before them and the value.
    """

    fact: ir.Fact
    columns: tuple[str, ...]
    value: pl.Expr
    troubles: tuple[Trouble, ...]
    ends: tuple[pl.Expr, ...] = ()
    first: tuple[pl.Expr, ...] = ()

    @property
    def column(self) -> str:
        """Name the column of the fact itself."""
        return self.columns[0]

    def has_bounds(self) -> pl.Expr:
        """Say where only bounds are given: a Boolean without nulls."""
        return ends_of(self.fact.id).given() if self.ends else pl.lit(False)


def cells_of(
    fact: ir.Fact, column: Column, types: Mapping[str, Any], decimal: str,
    units: Mapping[str, Fraction],
) -> Cells | Diagnostic:  # fmt: skip
    """Read a column as a fact; a diagnostic (D304) where that cannot be.

    `types` are those of the table's columns, `units` the units that cells may name, with the factor
    to the fact's own.
    """
    raw, dtype = pl.col(RAW + column.column), types[column.column]
    try:
        if fact.type == "quantity":
            found = numbers_of(fact, column, types, decimal, units)
        elif dtype == pl.Null:
            found = Found(pl.lit(None, dtype_of(fact)), [])
        elif fact.type == "boolean":
            found = Found(*_boolean(fact, column, raw, dtype))
        elif fact.type == "code":
            found = Found(*_code(fact, column, raw, dtype))
        else:
            found = Found(*_codes(fact, column, raw, dtype))
    except Unsuitable as error:
        return error.diagnostic(fact, column.column, dtype)
    known = tuple(t._replace(where=t.where.fill_null(False)) for t in found.troubles)
    return Cells(fact, column.columns, found.value.alias(fact.id), known, found.ends, found.first)


def _boolean(
    fact: ir.Fact, column: Column, raw: pl.Expr, dtype: Any
) -> tuple[pl.Expr, list[Trouble]]:
    said = bool(column.is_true or column.is_false)
    if dtype == pl.Boolean and not said:
        return raw, []
    as_text = is_text(dtype) or dtype == pl.Boolean
    if not as_text and not (dtype.is_numeric() and said):
        help = "say what the cells mean: `is_true: [1], is_false: [0]`"
        raise Unsuitable("true or false", help if dtype.is_numeric() else "name its column")
    if as_text:
        cell = stripped(raw, column)
        true = cell.is_in(texts(column.is_true) if said else list(TRUE))
        false = cell.is_in(texts(column.is_false) if said else list(FALSE))
    else:
        cell = _present(raw.cast(pl.Float64), column)
        true = cell.is_in(numbers(column.is_true))
        false = cell.is_in(numbers(column.is_false))
    value = pl.when(true).then(True).when(false).then(False)
    help = "name it under `is_true`, `is_false` or `missing` in the mapping file"
    wrong = cell.is_not_null() & ~true & ~false
    return value, [Trouble("D308", f"neither true nor false for `{fact.id}`", help, wrong)]


def _present(number: pl.Expr, column: Column) -> pl.Expr:
    absent = numbers(column.missing)
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
    if dtype.is_integer() or is_text(dtype) or dtype == pl.Boolean:
        return stripped(raw, column)
    if dtype.is_numeric():
        number = _present(raw.cast(pl.Float64), column)
        whole = number.is_finite() & (number == number.floor()) & (number.abs() < 2**53)
        text = pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String))
        return stripped(text.otherwise(number.cast(pl.String)), column)
    return None


def _unknown(fact: ir.Fact, wrong: pl.Expr) -> Trouble:
    help = f"name it under `codes` or `missing` in the mapping file; the values of `{fact.id}`: "
    return Trouble("D308", f"no value of `{fact.id}`", help + ", ".join(fact.values), wrong)


def _code(fact: ir.Fact, column: Column, raw: pl.Expr, dtype: Any) -> tuple[pl.Expr, list[Trouble]]:
    if isinstance(dtype, pl.Enum) and column.codes is None:
        absent = {"", *texts(column.missing)}
        if set(fact.values).issuperset(dtype.categories) and absent.isdisjoint(dtype.categories):
            return raw.cast(dtype_of(fact)), []  # the column can hold nothing else
    text = _code_text(column, raw, dtype)
    if text is None:
        raise Unsuitable(f"one of {', '.join(fact.values)}", "name the column of the codes")
    value = text.replace_strict(*_words(fact, column), default=None, return_dtype=dtype_of(fact))
    return value, [_unknown(fact, text.is_not_null() & pl.col(fact.id).is_null())]


def _codes(
    fact: ir.Fact, column: Column, raw: pl.Expr, dtype: Any
) -> tuple[pl.Expr, list[Trouble]]:
    if isinstance(dtype, pl.List | pl.Array):
        inner = pl.String() if dtype.inner == pl.Null else dtype.inner
        if not (is_text(inner) or inner.is_integer()):
            raise Unsuitable("a list of codes", "give lists of text")
        members = raw.cast(pl.List(pl.String))
    else:
        text = _code_text(column, raw, dtype)
        if text is None or not column.separator:
            help = 'say what stands between its members: `separator: ";"`'
            raise Unsuitable("a list of codes", help)
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
