"""Between the batches that Spark hands over and frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow

_AT_MOST = 50_000


def frame_of(batches: list[pyarrow.RecordBatch], schema: pyarrow.Schema) -> pl.DataFrame:
    """Take Arrow batches as a frame, with the names of a schema: Spark hands over others."""
    table = pyarrow.Table.from_batches(batches) if batches else schema.empty_table()
    found = pl.from_arrow(table.rename_columns(schema.names))
    assert isinstance(found, pl.DataFrame)
    return found


def arrow_of(frame: pl.DataFrame, given: Any = None) -> Iterator[pyarrow.RecordBatch]:
    """Give a frame as Arrow batches of types that Spark knows: text, 64 bits, small lists.

    `given` are the types of some columns, by name.
    """
    types = given or {}
    columns = [_plain(name, dtype) for name, dtype in frame.schema.items()]
    for piece in frame.iter_slices(_AT_MOST) if len(frame) else [frame]:
        table = piece.select(columns).to_arrow(compat_level=pl.CompatLevel.oldest())
        fields = [(f.name, types.get(f.name) or _small(f.type)) for f in table.schema]
        table = table.cast(pyarrow.schema(fields))
        # A table may be in pieces; Spark takes one batch after the other, and at least one.
        yield from table.combine_chunks().to_batches() or [
            pyarrow.RecordBatch.from_pylist([], table.schema)
        ]


def _plain(name: str, dtype: Any) -> pl.Expr:
    column = pl.col(name)
    if dtype in (pl.Enum, pl.Categorical):
        return column.cast(pl.String)
    if isinstance(dtype, pl.List) and dtype.inner in (pl.Enum, pl.Categorical):
        return column.cast(pl.List(pl.String))
    return column.cast(pl.Int64) if dtype == pl.UInt64 else column


def _small(kind: Any) -> Any:
    if pyarrow.types.is_large_string(kind):
        return pyarrow.string()
    if pyarrow.types.is_large_binary(kind):
        return pyarrow.binary()
    if pyarrow.types.is_large_list(kind) or pyarrow.types.is_list(kind):
        return pyarrow.list_(_small(kind.value_type))
    return kind
