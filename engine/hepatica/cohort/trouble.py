"""What the cells of all kinds of facts share: trouble, and text that says that nothing is known."""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl

from hepatica import ir
from hepatica.cohort.inputs import type_name
from hepatica.cohort.mapping import Column
from hepatica.diagnostics import Diagnostic

RAW = "raw:"
TRUE, FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
"""What text means true and false, where nothing else is said."""
_OF_ROWS = ("D314", "D322")


class Trouble(NamedTuple):
    """A kind of cell that cannot be used: its code, what it is, the remedy, and which cells.

    `hint`, where there is one, is a single Boolean that is true if there is any such cell, and
    that a look at a clean column costs less. `column` is empty for the fact's own column.
    """

    code: str
    what: str
    help: str
    where: pl.Expr
    hint: pl.Expr | None = None
    column: str = ""

    @property
    def is_of_cells(self) -> bool:
        """Say whether one cell by itself is the trouble, and not what stands together in a row."""
        return self.code not in _OF_ROWS


class Found(NamedTuple):
    """What a column holds of its fact: the value, and which cells are trouble.

    Of numbers that may have bounds `ends` are their columns, as `compile.bounds` names them, and
    `first` the columns that all of these are made of.
    """

    value: pl.Expr
    troubles: list[Trouble]
    ends: tuple[pl.Expr, ...] = ()
    first: tuple[pl.Expr, ...] = ()


class Unsuitable(Exception):
    """A column whose type cannot hold the fact: what is needed, and the remedy."""

    def diagnostic(self, fact: ir.Fact, column: str, dtype: Any) -> Diagnostic:
        """Tell it (D304)."""
        needed, help = self.args
        text = f"the column `{column}` holds {type_name(dtype)}; `{fact.id}` is {needed}"
        return Diagnostic("D304", "error", text, help=help)


def texts(missing: tuple[Any, ...]) -> list[str]:
    """Give tokens of a mapping file as text."""
    return [str(token).strip() for token in missing]


def numbers(tokens: tuple[Any, ...]) -> list[float]:
    """Give those tokens of a mapping file that are numbers."""
    found = []
    for token in tokens:
        try:
            found.append(float(token))
        except ValueError:
            continue
    return found


def stripped(raw: pl.Expr, column: Column) -> pl.Expr:
    """Give text cells without blanks around them; missing where they say so, or say nothing."""
    text = raw.cast(pl.String).str.strip_chars()
    said = ["", *texts(column.missing)]
    return pl.when(text.is_in(said)).then(None).otherwise(text)


def is_text(dtype: Any) -> bool:
    """Say whether a column holds text."""
    return bool(dtype in (pl.String, pl.Categorical, pl.Enum))
