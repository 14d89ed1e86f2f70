"""The points of scores, beside the statuses of a wide result.

A score with missing items is an interval: `STATEMENT:low` and `STATEMENT:high` are the lowest and
the highest sum that is possible, and equal where it is known. A sum that is given holds;
of bounds that are given, an end that is not there is null.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

from hepatica import ir
from hepatica.cohort.long import Piece
from hepatica.cohort.wide import column_of
from hepatica.compile.columnar import Asked, Columnar
from hepatica.compile.expressions import Expressions

ENDS = ("low", "high")


class Points(NamedTuple):
    """What to ask for points, and the Float64 columns that answer it: two for each score."""

    asked: Asked
    columns: tuple[str, ...]


def points(guideline: ir.Guideline, compiled: Columnar, pieces: Iterable[Piece]) -> Points:
    """Ask for the points of scores, which are pieces of a guideline."""
    every = {s.id: s.score for s in (*guideline.definitions, *guideline.statements)}
    scores = compiled.circuit.scores
    facts = {column_of(p): every[p.statement] or "" for p in pieces}
    columns = {column: [f"{column}:{end}" for end in ENDS] for column in facts}

    def make(e: Expressions) -> dict[str, pl.Expr]:
        return {
            name: e.given_or(fact, end, expr)
            for column, fact in facts.items()
            for name, end, expr in zip(columns[column], ENDS, e.interval(scores[fact]), strict=True)
        }

    roots = [node for fact in facts.values() for rail, _ in scores[fact].terms for node in rail]
    asked = Asked(compiled, f"points {len(facts)}", tuple(roots), make)
    return Points(asked, tuple(name for names in columns.values() for name in names))
