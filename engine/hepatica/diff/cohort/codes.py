"""Statuses of the two sides as columns and codes, and patients counted by them."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable

import polars as pl

from hepatica.diff.answers import SILENT
from hepatica.diff.cohort.items import Item

WIDTH = 8
"""Codes of a pair of statuses: old × WIDTH + new, by their places in the item's `statuses`."""
GROUP = "group:"
"""The column of a patient's subgroup."""
UNSOUND = (1 << 64) - 1
"""The mask of a patient whose move could not be worked out: two ways of asking differ."""


def status_at(i: int, side: int) -> str:
    """Name the column of an item's status on a side."""
    return f"status {i} {side}"


def code_at(i: int) -> pl.Expr:
    """Give the pair of an item's statuses as one number (see `WIDTH`)."""
    return pl.col(status_at(i, 0)) * WIDTH + pl.col(status_at(i, 1))


def status_in(status: pl.Expr, item: Item, words: Iterable[str]) -> pl.Expr:
    """Say whether a status is one of some words."""
    places = [item.statuses.index(word) for word in words if word in item.statuses]
    return functools.reduce(operator.or_, [status == place for place in places], pl.lit(False))


def moves_at(item: Item, i: int) -> pl.Expr:
    """Say who moves: another status, and not nothing said on both sides (see `is_same`)."""
    one, other = pl.col(status_at(i, 0)), pl.col(status_at(i, 1))
    return (one != other) & ~(status_in(one, item, SILENT) & status_in(other, item, SILENT))


def counted_at(frame: pl.LazyFrame, i: int) -> pl.LazyFrame:
    """Count patients who are labelled alike."""
    labels = ["item", GROUP, "code", "together", "mask", "besides"]
    counted = frame.rename({f"besides {i}": "besides"}).group_by(labels).agg(patients=pl.len())
    return counted.select(*labels, pl.col("patients").cast(pl.UInt64))


def is_same(old: str, new: str) -> bool:
    """Say whether two statuses tell the patient the same."""
    return old == new or (old in SILENT and new in SILENT)


def bits(on: Iterable[pl.Expr]) -> pl.Expr:
    """Join Booleans as the bits of a mask, the first the lowest."""
    each = [e.cast(pl.UInt64) * pl.lit(1 << i, pl.UInt64) for i, e in enumerate(on)]
    return functools.reduce(operator.or_, each)
