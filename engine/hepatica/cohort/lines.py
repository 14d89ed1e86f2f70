"""The lines of CSV files: each has as many cells as the first."""

from __future__ import annotations

import csv

import polars as pl

from hepatica.cohort.inputs import Part, Table, unreadable
from hepatica.diagnostics import Diagnostic, Invalid


def lines(table: Table) -> None:
    """Compare the number of cells in every line of a CSV file. Raises `Invalid` (D315).

    Polars fills a short line with missing cells without a word.
    """
    found = []
    for part in table.parts:
        if part.form != "csv":
            continue
        wanted = len([n for n in table.columns if n not in dict(part.keys)])
        odd = _odd_line(part, table.separator, wanted)
        if odd is not None:
            line, cells = odd
            told = f"line {line:,} has {cells} cells, and the first line {wanted}"
            help = "mend the line; a cell that holds the separator is quoted"
            found.append(Diagnostic("D315", "error", told, file=part.path, help=help))
    if found:
        raise Invalid(found)


def _odd_line(part: Part, separator: str, wanted: int) -> tuple[int, int] | None:
    """Find the first line with another number of cells, and say how many it has."""
    text = pl.scan_csv(
        part.path, has_header=False, separator="\x01", quote_char=None, glob=False,
        schema={"line": pl.String},
    ).with_row_index("number", offset=1)  # fmt: skip
    line = pl.col("line")
    unpaired = line.str.count_matches('"', literal=True) % 2 == 1
    if _collect(part, text.select(unpaired.any())).item():
        return _odd_row(part, separator, wanted)
    # Every quoted cell ends in its line: what is in quotes separates nothing.
    bare = line.str.replace_all('"[^"]*"', '"')
    cells = bare.str.count_matches(separator, literal=True) + 1
    odd = text.filter((cells != wanted) & (line.str.strip_chars() != ""))
    few = _collect(part, odd.select("number", cells.alias("cells")).head(1))
    return few.row(0) if len(few) else None


def _odd_row(part: Part, separator: str, wanted: int) -> tuple[int, int] | None:
    """Do the same where a quoted cell goes on in the next line: row by row."""
    with open(part.path, encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter=separator)
        before = 0
        try:
            for row in rows:
                if row and len(row) != wanted and (len(row) > 1 or row[0].strip()):
                    return before + 1, len(row)
                before = rows.line_num
        except csv.Error as error:
            raise unreadable(part, error) from None
    return None


def _collect(part: Part, frame: pl.LazyFrame) -> pl.DataFrame:
    try:
        return frame.collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(part, error) from None
