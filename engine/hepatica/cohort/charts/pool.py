"""Values by number: tables hold the numbers, and what is said of a value is worked out once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from hepatica import ir

ID = pl.UInt32()
DAY = pl.Int32()
Schema = dict[str, Any]
"""The columns of a frame and their types, as Polars takes them."""


class Pool:
    """Every value that some fact has for some patient, numbered as it is first met."""

    def __init__(self) -> None:
        """Start with none."""
        self.values: list[ir.Held] = []
        self._ids: dict[object, int] = {}

    def id(self, value: ir.Held) -> int:
        """Give the number of a value; 1.0 and true are different ones."""
        key = (type(value), value)
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = len(self.values)
            self.values.append(value)
        return found


def mapped(
    frame: pl.DataFrame,
    columns: Sequence[str],
    name: str,
    function: Callable[..., Any],
    dtype: Any = ID,
) -> pl.DataFrame:
    """Add a column worked out by Python, once for each different combination of some columns."""
    keys = frame.select(columns).unique()
    found = pl.Series(name, [function(*row) for row in keys.iter_rows()], dtype=dtype)
    return frame.join(
        keys.with_columns(found), on=list(columns), how="left", nulls_equal=True,
        maintain_order="left",
    )  # fmt: skip
