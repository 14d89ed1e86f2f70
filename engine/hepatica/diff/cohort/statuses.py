"""The status of a row from what it rests on, as Polars expressions.

What is asked are Booleans, null for unknown; a place is the number of a status in the item's
`statuses`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import NamedTuple

import polars as pl


class Inputs(NamedTuple):
    """What a status is worked out from: nullable Booleans, and what an avoidance says."""

    when: pl.Expr
    applies: pl.Expr
    free: pl.Expr
    one_other: pl.Expr
    more_others: pl.Expr
    word: str


def told_status(kind: str, places: dict[str, int], given: Inputs) -> pl.Expr:
    """Work out the status of a recommendation or an avoidance (see `outcome.judge`)."""
    place: Callable[[str], pl.Expr] = lambda word: pl.lit(places[word], pl.UInt8)  # noqa: E731
    if kind == "recommendation":
        holds = given.applies & given.when
        return (
            pl.when((~holds).fill_null(False)).then(place("silent"))
            .when((~given.free).fill_null(False)).then(place("blocked"))
            .when((holds & given.free).fill_null(False)).then(place("recommended"))
            .otherwise(place("contingent"))
        )  # fmt: skip
    says = "caution" if given.word == "caution" else "contraindicated"
    return (
        pl.when((~given.applies).fill_null(False) | (~given.when).fill_null(False))
        .then(place("silent"))
        .when(given.when.fill_null(False)).then(place(says))
        .otherwise(place("not excluded"))
    )  # fmt: skip


def concluded_status(places: dict[str, int], when: pl.Expr) -> pl.Expr:
    """Work out the status of a conclusion that is not given."""
    place: Callable[[str], pl.Expr] = lambda word: pl.lit(places[word], pl.UInt8)  # noqa: E731
    return (
        pl.when(when.fill_null(False)).then(place("concluded"))
        .when((~when).fill_null(False)).then(place("not concluded"))
        .otherwise(place("unknown"))
    )  # fmt: skip


def joined(at_least: int, parts: list[pl.Expr]) -> pl.Expr:
    """Say whether at least so many hold; null where that is open."""
    if not parts:
        return pl.lit(at_least <= 0)
    if at_least == len(parts):
        return functools.reduce(operator.and_, parts)
    if at_least == 1:
        return functools.reduce(operator.or_, parts)
    surely = pl.sum_horizontal(p.fill_null(False).cast(pl.Int32) for p in parts)
    possibly = pl.sum_horizontal(p.fill_null(True).cast(pl.Int32) for p in parts)
    return pl.when(surely >= at_least).then(True).when(possibly < at_least).then(False)
