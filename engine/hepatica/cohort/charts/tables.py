"""The tables of charts: found in a folder, brought to common names, every row checked.

A row that cannot be read makes the chart of its patient unusable, as in a single chart: what is
left out might be the newest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from hepatica.cohort.inputs import ENDINGS, Part, Table, open_table, refused, unreadable
from hepatica.cohort.lines import lines
from hepatica.cohort.mapping import ChartTable
from hepatica.cohort.reading import KEEP, MARK
from hepatica.diagnostics import Diagnostic, Invalid, suggestion

COLUMNS: dict[str, tuple[str, ...]] = {
    "patients": ("patient", "sex", "birth", "weight", "as_of", "until", "day_zero", "complete"),
    "observations": ("patient", "date", "code", "value", "unit", "upper_limit", "lower_limit",
                     "result", "corrected", "day", "seq"),
    "statuses": ("patient", "date", "fact", "value", "corrected", "day", "seq"),
    "medications": ("patient", "date", "drug", "change", "dose", "unit", "reason", "permanent",
                    "corrected", "day", "seq"),
    "events": ("patient", "date", "event", "severity", "attributed_to", "day", "seq"),
    "done": ("patient", "date", "test", "day", "seq"),
}  # fmt: skip
"""The tables of charts, and the columns of each."""
NEEDED: dict[str, tuple[str, ...]] = {
    "patients": ("patient",),
    "observations": ("patient", "code"),
    "statuses": ("patient", "fact", "value"),
    "medications": ("patient", "drug", "change"),
    "events": ("patient", "event"),
    "done": ("patient", "test"),
}
TIMES = ("date", "day", "seq")
"""The columns that say when an entry lies; each table has `date` or one of the others."""
CODED = {"observations": "code", "statuses": "fact", "medications": "drug", "events": "event",
         "done": "test"}  # fmt: skip
"""The column of each table whose cells are codes."""
_DATES = ("date", "birth", "as_of", "until", "day_zero")
_TEXTS = ("patient", "code", "fact", "drug", "event", "test", "change", "day", "seq", *_DATES)


class Loaded(NamedTuple):
    """One table, or some patients of it: its frame with the common names, `row` from 1."""

    frame: pl.DataFrame
    file: str
    unused: tuple[str, ...]


class Opened(NamedTuple):
    """One table that is not read yet: what `Loaded` will hold, how many rows, from which files."""

    scan: pl.LazyFrame
    rows: int
    table: Table
    unused: tuple[str, ...]

    @property
    def file(self) -> str:
        """Name the first file."""
        return self.table.parts[0].path

    def loaded(self, frame: pl.DataFrame) -> Loaded:
        """Say of some rows that they are of this table."""
        return Loaded(frame, self.file, self.unused)

    def broken(self, error: Exception) -> Invalid | None:
        """Find the file that cannot be read to its end; None when each of them can."""
        for part in self.table.parts:
            try:
                _count(self.table, part, pl.all().null_count())
            except Invalid as own:
                return own
        return None


def open_tables(
    folder: str, mapping: Mapping[str, ChartTable], separator: str | None = None,
    keep: Sequence[str] = (),
) -> dict[str, Opened]:  # fmt: skip
    """Find the tables of a folder; `keep` are further columns of `patients`.

    Raises `Invalid` with what is wrong with the files of every table (Y111, D301 to D303, D315).
    """
    where = Path(folder)
    if not where.is_dir():
        help = f"a folder that holds {', '.join(COLUMNS)} (.csv, .parquet …)"
        raise refused("Y111", f"there is no folder `{folder}`", folder, help)
    found: dict[str, Opened] = {}
    wrong: list[Diagnostic] = []
    for name in COLUMNS:
        table = mapping.get(name, ChartTable())
        try:
            paths = _files(where, name, table)
            if paths:
                more = keep if name == "patients" else ()
                found[name] = _open(name, table, paths, separator, more)
        except Invalid as error:
            wrong += error.diagnostics
    if wrong:
        raise Invalid(wrong)
    if not set(found) - {"patients"}:
        text = f"`{folder}` holds no table of charts"
        help = f"name its files {', '.join(COLUMNS)}, with the ending of their form"
        raise refused("Y111", text, folder, help)
    return found


def _files(where: Path, name: str, table: ChartTable) -> list[str]:
    if table.file is not None:
        path = where / table.file
        if not path.exists():
            help = f"it is named as the file of `{name}` in the mapping file"
            raise refused("Y111", f"there is no file `{path}`", str(path), help)
        return [str(path)]
    files = [where / f"{name}{ending}" for ending in ENDINGS]
    found = [str(path) for path in files if path.exists()]
    if (where / name).is_dir():
        found.append(str(where / name))
    if len(found) > 1:
        text = f"`{name}` is there more than once: {' and '.join(map(os.path.basename, found))}"
        raise refused("D302", text, found[1], "keep one of them")
    return found


def _open(
    name: str, table: ChartTable, paths: Sequence[str], separator: str | None, keep: Sequence[str]
) -> Opened:
    opened = open_table(paths, separator)
    lines(opened)
    wanted = {column: table.columns.get(column, column) for column in COLUMNS[name]}
    wanted |= {KEEP + column: column for column in keep}
    if name == "patients" and MARK in opened.columns:
        wanted[KEEP + MARK] = MARK
    file = opened.parts[0].path
    wrong = []
    undated = name != "patients" and not any(wanted[time] in opened.columns for time in TIMES)
    needed = (*NEEDED[name], "date") if undated else NEEDED[name]
    for column, written in wanted.items():
        asked = column in (*needed, *table.columns) or column.startswith(KEEP)
        if asked and written not in opened.columns:
            help = suggestion(written, opened.columns)
            help = help or f"its columns: {', '.join(list(opened.columns)[:20])}"
            text = f"the column `{written}` of `{name}` is not in the table"
            wrong.append(Diagnostic("D303", "error", text, file=file, help=help))
    if wrong:
        raise Invalid(wrong)
    there = {c: w for c, w in wanted.items() if w in opened.columns}
    scan = opened.scan().select(
        _cell(column, pl.col(there[column]), opened.columns[there[column]], table).alias(column)
        if column in there
        else pl.lit(None, pl.String).alias(column)
        for column in wanted
    ).with_row_index("row", offset=1)  # fmt: skip
    rows = sum(_count(opened, part, pl.len()) for part in opened.parts)
    unused = [column for column in opened.columns if column not in there.values()]
    return Opened(scan, rows, opened, tuple(unused))


def _count(table: Table, part: Part, what: pl.Expr) -> int:
    """Work a number out over one file. Raises `Invalid` (D301) when it cannot be read."""
    try:
        frame = table.scan([part]).select(what).collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(part, error) from None
    return int(frame.item(0, 0))


def _cell(column: str, cell: pl.Expr, dtype: Any, table: ChartTable) -> pl.Expr:
    """Bring a column to a plain type; missing where the cell says so."""
    if isinstance(dtype, pl.List):
        return cell.cast(pl.List(pl.String)).list.join(";")
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return cell.dt.date().cast(pl.String)
    text = cell.cast(pl.String).str.strip_chars()
    missing = ["", *(str(word) for word in table.missing)]
    if dtype.is_numeric() and column not in _TEXTS:
        return pl.when(~text.is_in(missing)).then(cell)
    return pl.when(~text.is_in(missing)).then(text)


def coded(name: str, frame: pl.DataFrame, table: ChartTable) -> tuple[pl.DataFrame, dict[str, int]]:
    """Turn the codes of a table into names of the dictionary.

    Also how often each code stands there that is not used (`others: not_used`).
    """
    column = CODED[name]
    words = {**table.codes}
    cell = pl.col(column)
    if table.others is not None:
        kept = cell.is_in(list(words)) | cell.is_null()
        if table.others == "not_used":
            dropped = frame.filter(~kept).group_by(column).len()
            dropped = dropped.sort(["len", column], descending=[True, False])
            frame = frame.filter(kept)
            return _renamed(frame, column, words), dict(dropped.iter_rows())
        frame = frame.with_columns(
            pl.when(kept).then(cell).otherwise(pl.lit(table.others)).alias(column)
        )
    return _renamed(frame, column, words), {}


def _renamed(frame: pl.DataFrame, column: str, words: Mapping[str, str]) -> pl.DataFrame:
    name = "fact" if column == "code" else column
    return frame.with_columns(pl.col(column).replace(dict(words)).alias(name))


def blamed(frame: pl.DataFrame, drugs: ChartTable) -> pl.DataFrame:
    """Turn the codes of the drugs to which events are attributed into names."""
    if not drugs.codes:
        return frame
    members = pl.col("attributed_to").str.split(";")
    named = members.list.eval(pl.element().str.strip_chars().replace(drugs.codes))
    return frame.with_columns(named.list.join(";").alias("attributed_to"))
