"""The points of scores, beside the statuses of a wide result.

A score with missing items is an interval: `STATEMENT:low` and `STATEMENT:high` are the lowest and
the highest sum that is possible, and equal where it is known. A sum that is given holds;
of bounds that are given, an end that is not there is null.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hepatica import ir
from hepatica.compile.columnar import Asked, Columnar
from hepatica.compile.expressions import Expressions

ENDS = ("low", "high")


def points(guideline: ir.Guideline, compiled: Columnar, columns: Mapping[str, str]) -> Asked:
    """Ask for two Float64 columns for each score; `columns` are those of the score statements."""
    every = {s.id: s.score for s in (*guideline.definitions, *guideline.statements)}
    facts = {column: every[statement] or "" for statement, column in columns.items()}
    scores = compiled.circuit.scores

    def make(e: Expressions) -> dict[str, pl.Expr]:
        return {
            f"{column}:{end}": e.given_or(fact, end, expr)
            for column, fact in facts.items()
            for end, expr in zip(ENDS, e.interval(scores[fact]), strict=True)
        }

    roots = [node for fact in facts.values() for rail, _ in scores[fact].terms for node in rail]
    return Asked(compiled, f"points {len(facts)}", tuple(roots), make)
