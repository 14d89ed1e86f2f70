"""What the dictionary says that facts imply, as Polars expressions over columns of facts."""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection, Container, Iterator, Mapping
from typing import NamedTuple

import polars as pl

from hepatica import ir
from hepatica.compile.bounds import ends_of
from hepatica.walk import leaves


class Denied(NamedTuple):
    """Facts that exclude each other: the one that implies, those that deny it, and in which rows.

    `where` has no nulls.
    """

    fact: str
    others: tuple[str, ...]
    where: pl.Expr


def denials(
    facts: Mapping[str, ir.Fact], given: Collection[str], bounded: Container[str] = ()
) -> Iterator[Denied]:
    """Give what `case.contradictions` finds in a case, for every row of a table.

    `given` are the facts that are columns; an implication that none of them can deny is left out.
    Those of `bounded` have columns of bounds, too.
    """
    for name in given:
        for implication in facts[name].implies:
            others = tuple(dict.fromkeys(leaf.fact for leaf in leaves(implication.then)))
            if not set(others).isdisjoint(given):
                when = surely(implication.when, True, given, bounded)
                denied = surely(implication.then, False, given, bounded)
                yield Denied(name, others, when & denied)


def surely(
    node: ir.Condition, want: bool, given: Collection[str], bounded: Container[str] = ()
) -> pl.Expr:
    """Say where a condition is surely true (or surely false): a Boolean without nulls."""
    if isinstance(node, ir.Leaf):
        found = _leaf(node, want, given)
        return found if node.fact not in bounded else _with_bounds(node, want, found)
    if isinstance(node, ir.Not):
        return surely(node.part, not want, given, bounded)
    parts = [surely(part, want, given, bounded) for part in node.parts]
    if isinstance(node, ir.Count):
        needed = node.at_least if want else len(parts) - node.at_least + 1
        return pl.sum_horizontal(part.cast(pl.Int32) for part in parts) >= needed
    join = operator.and_ if isinstance(node, ir.All) is want else operator.or_
    return functools.reduce(join, parts, pl.lit(join is operator.and_))


def _with_bounds(leaf: ir.Leaf, want: bool, by_number: pl.Expr) -> pl.Expr:
    """Ask bounds, too: they are only there where the number is not."""
    ends = ends_of(leaf.fact)
    if leaf.op == "known":
        return by_number & ~ends.given()
    return by_number | ends.surely(leaf, want)


def _leaf(leaf: ir.Leaf, want: bool, given: Collection[str]) -> pl.Expr:
    if leaf.fact not in given:
        return pl.lit(leaf.op == "known" and leaf.values[0] is not want)
    column, first = pl.col(leaf.fact), leaf.values[0]
    if leaf.op == "known":
        return column.is_not_null() if first is want else column.is_null()
    if leaf.op in ("is", "in"):
        if isinstance(first, bool):
            holds = column == first
        else:
            holds = functools.reduce(operator.or_, [column == value for value in leaf.values])
    elif leaf.op in ("includes", "includes_any"):
        held = [column.list.contains(value) for value in leaf.values]
        holds = functools.reduce(operator.or_, held)
    elif leaf.op == "between":
        holds = (column >= first) & (column <= leaf.values[1])
    else:
        compare = {"above": "gt", "at_least": "ge", "below": "lt", "at_most": "le"}[leaf.op]
        holds = getattr(column, compare)(first)
    return (holds if want else ~holds).fill_null(False)
