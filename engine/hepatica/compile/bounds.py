"""Bounds of numbers in a table, as Polars expressions: they answer as `Interval` does.

Beside the column `FACT` stand `FACT.low` and `FACT.high` (null: no bound on that side) and
`FACT.low_open` and `FACT.high_open`, true where the end does not belong to it. Where it is not said
whether an end belongs, it does: then more numbers are possible, and less is decided. Bounds count
where the number itself is not given.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

import polars as pl

from hepatica import ir
from hepatica.interval import ENDS


class Ends(NamedTuple):
    """The ends of bounds: floats, null for none; and Booleans, false or null for a closed end."""

    low: pl.Expr
    high: pl.Expr
    low_open: pl.Expr
    high_open: pl.Expr

    def given(self) -> pl.Expr:
        """Say where there are bounds: a Boolean without nulls."""
        return self.low.is_not_null() | self.high.is_not_null()

    def surely(self, leaf: ir.Leaf, want: bool) -> pl.Expr:
        """Say where every number within gives this answer to a comparison; never null."""
        first = float(leaf.values[0])
        if leaf.op == "between":
            last = float(leaf.values[1])
            if want:
                found = self._at_least(first) & self._at_most(last)
            else:
                found = self._below(first) | self._above(last)
        elif leaf.op == "above":
            found = self._above(first) if want else self._at_most(first)
        elif leaf.op == "at_least":
            found = self._at_least(first) if want else self._below(first)
        elif leaf.op == "below":
            found = self._below(first) if want else self._at_least(first)
        else:
            assert leaf.op == "at_most", leaf.op
            found = self._at_most(first) if want else self._above(first)
        return found.fill_null(False)

    def implausible(self, low: float, high: float) -> pl.Expr:
        """Say where no number within lies from `low` to `high`; never null."""
        return (self._below(low) | self._above(high)).fill_null(False)

    def _above(self, number: float) -> pl.Expr:
        return (self.low > number) | (self.low_open & (self.low >= number))

    def _at_least(self, number: float) -> pl.Expr:
        return self.low >= number

    def _below(self, number: float) -> pl.Expr:
        return (self.high < number) | (self.high_open & (self.high <= number))

    def _at_most(self, number: float) -> pl.Expr:
        return self.high <= number


def columns_of(fact: str) -> tuple[str, ...]:
    """Name the columns of a fact's bounds."""
    return tuple(f"{fact}.{end}" for end in ENDS)


def ends_of(fact: str) -> Ends:
    """Give the columns of a fact's bounds, which all have to be there."""
    return Ends(*map(pl.col, columns_of(fact)))


def has_bounds(fact: ir.Fact, columns: Container[str]) -> bool:
    """Say whether a table has columns of a fact's bounds."""
    low, high, *_ = columns_of(fact.id)
    return fact.type == "quantity" and (low in columns or high in columns)


def prepare_ends(
    fact: ir.Fact, schema: Mapping[str, pl.DataType], number: pl.Expr
) -> list[pl.Expr]:
    """Bring the columns of bounds to their types, null beside a number that is given.

    They get the names that `Expressions` knows. Raises `ValueError` for a column of another type.
    """
    found = []
    for name, inner in zip(columns_of(fact.id), inner_names(fact.id), strict=True):
        is_flag = name.endswith("_open")
        dtype = schema.get(name, pl.Null())
        wanted = pl.Boolean() if is_flag else pl.Float64()
        column = pl.col(name) if name in schema else pl.lit(None)
        if not (dtype == pl.Null or (dtype == pl.Boolean if is_flag else dtype.is_numeric())):
            kind = "Boolean" if is_flag else "number"
            raise ValueError(f"the column `{name}` has the type {dtype}, which is no {kind}")
        if dtype == pl.Float32:  # as it was written: 5.7, not 5.699999809265137
            column = column.cast(pl.String)
        column = column.cast(wanted)
        if not is_flag:
            column = column.fill_nan(None)
        found.append(pl.when(number.is_null()).then(column).alias(inner))
    return found


def inner_names(fact: str) -> tuple[str, ...]:
    """Name the columns of bounds within a plan, which no fact can be called."""
    return tuple(f"{end} {fact}" for end in ENDS)


def inner_ends(fact: str) -> Ends:
    """Give the columns of bounds within a plan."""
    return Ends(*map(pl.col, inner_names(fact)))
