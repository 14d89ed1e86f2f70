"""The points of scores, beside the statuses of a wide result.

A score with missing items is an interval: `STATEMENT:low` and `STATEMENT:high` are the lowest and
the highest sum that is possible, and equal where it is known. A sum that is given holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl

from hepatica import ir
from hepatica.compile.columnar import Columnar

ENDS = ("low", "high")
_FEW = pl.QueryOptFlags.none(projection_pushdown=True)
"""Only what the points need is worked out, of all that is concluded."""
Name = Callable[[str, str], str]


def with_points(
    wide: pl.DataFrame, patients: pl.LazyFrame,
    compiled: Iterable[tuple[ir.Guideline, Columnar]], name: Name,
) -> pl.DataFrame:  # fmt: skip
    """Put two Float64 columns for each score beside a wide result of the same patients.

    `name` names the column of a statement, from the ids of its guideline and its own.
    """
    frames = [wide]
    for guideline, one in compiled:
        scores = _scores(guideline, one)
        if scores:
            points = one.concluded(patients).select(
                pl.col(f"{fact}.{end}").alias(f"{name(guideline.id, statement)}:{end}")
                for statement, fact in scores.items() for end in ENDS
            )  # fmt: skip
            frames.append(points.collect(optimizations=_FEW))
    return pl.concat(frames, how="horizontal") if len(frames) > 1 else wide


def _scores(guideline: ir.Guideline, compiled: Columnar) -> dict[str, str]:
    """Give the fact of each score statement, in their order."""
    every = {s.id: s.score for s in (*guideline.definitions, *guideline.statements)}
    return {s: every[s] or "" for s, kind in compiled.kinds.items() if kind == "score"}
