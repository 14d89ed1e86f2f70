"""A table that a program has already: a Polars frame, in the place of files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeAlias

import polars as pl

from hepatica.cohort.inputs import FILE, ROW, Part, Table, open_table

Given: TypeAlias = pl.DataFrame | pl.LazyFrame | os.PathLike[str] | str | Iterable[str]
"""A frame, or the files of a table: a path, a pattern, a folder, or some of these."""
NAME = "the frame"


class Framed(Table):
    """A table that is a frame: a row has a number, and no file."""

    frame: pl.LazyFrame

    def scan(self, parts: Iterable[Part] | None = None, *, places: bool = False) -> pl.LazyFrame:
        """Give the frame; with `places`, `FILE` and `ROW` are columns too."""
        if not places:
            return self.frame
        frame = self.frame.with_row_index(ROW, offset=1).with_columns(pl.lit(NAME).alias(FILE))
        return frame.select([*self.columns, FILE, ROW])


def table_of(given: Given, separator: str | None = None) -> Table:
    """Take a frame as a table, or open files. Raises `Invalid` as `open_table` does."""
    if not isinstance(given, pl.DataFrame | pl.LazyFrame):
        paths = [given] if isinstance(given, str | os.PathLike) else given
        return open_table([os.fspath(path) for path in paths], separator)
    frame = given.lazy()
    table = Framed((Part(NAME, "parquet", (), 0, 0),), dict(frame.collect_schema()), ",")
    table.frame = frame
    return table
