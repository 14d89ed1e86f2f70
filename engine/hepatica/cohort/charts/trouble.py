"""What is wrong with the tables of charts, told in a few sentences."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hepatica.diagnostics import Diagnostic

MOST = 20


def problems(wrong: pl.DataFrame, files: Mapping[str, str]) -> list[Diagnostic]:
    """Tell each kind of trouble once, with how many rows and the first of them."""
    kinds = wrong.group_by("table", "code", "text", "help", maintain_order=True).agg(
        pl.len().alias("rows"), pl.col("patient").n_unique().alias("patients"),
        pl.col("row").first(),
    )  # fmt: skip
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
    text = (
        f"charts of {_number(wrong['patient'].n_unique(), 'patient')} cannot be used, so nothing "
    )
    help = "mend them, or use `--rejects FILE` to write them there and go on with all others"
    told.append(Diagnostic("D316", "error", text + "was answered", help=help))
    return told


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
