"""What is wrong with the tables of charts, told in a few sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from hepatica.cohort.charts.parts import KEY
from hepatica.diagnostics import Diagnostic

MOST = 20
_KIND = ("table", "code", "text", "help")


def kinds_of(wrong: pl.DataFrame) -> pl.DataFrame:
    """List each kind of trouble of a bucket once, with how many rows and patients.

    `first` is the key of the first row that has it, and `nth` its place among those of that row.
    """
    named = pl.col("patient").drop_nulls().n_unique()
    return wrong.with_row_index("nth").group_by(*_KIND, maintain_order=True).agg(
        pl.len().alias("rows"), named.alias("patients"),
        pl.col("patient").is_null().any().alias("nameless"),
        pl.col("row", "nth").first(), pl.col(KEY).first().alias("first"),
    )  # fmt: skip


def merged_kinds(buckets: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up the kinds of trouble of all buckets, those first that are met first.

    A patient is in one bucket, so patients add up; rows without an id are one patient more.
    """
    every = pl.concat(buckets).sort("first", "nth").group_by(*_KIND, maintain_order=True).agg(
        pl.col("rows").sum(), pl.col("patients").sum() + pl.col("nameless").any(),
        pl.col("row").first(),
    )  # fmt: skip
    return every.select(*_KIND, "rows", "patients", "row")


def problems(kinds: pl.DataFrame, patients: int, files: Mapping[str, str]) -> list[Diagnostic]:
    """Tell each kind of trouble once, with how many rows and the first of them.

    `patients` counts those who cannot be used.
    """
    told = []
    for table, code, text, help, rows, patients, first in kinds.head(MOST).iter_rows():
        size = f"{_number(rows, 'row')} of {_number(patients, 'patient')}"
        where = f"; first in row {first:,}" if first else ""
        file = files.get(table, "")
        message = f"table `{table}`, {size}: {text}{where}"
        told.append(Diagnostic(code, "error", message, file=file, help=help))
    if len(kinds) > MOST:
        text = f"and {len(kinds) - MOST:,} kinds more"
        told.append(Diagnostic("D316", "error", text, help="mend these first"))
    text = f"charts of {_number(patients, 'patient')} cannot be used, so nothing "
    help = "mend them, or use `--rejects FILE` to write them there and go on with all others"
    told.append(Diagnostic("D316", "error", text + "was answered", help=help))
    return told


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
