"""Nodes as Polars expressions, and the columns of facts that they read."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping

import polars as pl

from hepatica import ir
from hepatica.compile.circuit import STATUSES, Circuit, Score
from hepatica.compile.strata import Strata
from hepatica.lower import And, Ask, Given, Rail, Weigh, Without

STATUS = pl.Enum(STATUSES)
"""The type of a status column: the same for all kinds, so that columns can be put together."""

_UNSIGNED = ((8, pl.UInt8), (16, pl.UInt16), (32, pl.UInt32), (64, pl.UInt64))


class Expressions:
    """The nodes that some answers need, as Polars expressions over the facts that are given.

    A fact is the column `f NAME`, null where it is missing; a node with a column is `n NUMBER`.
    `steps` are the columns to make, before any of the answers can be asked for.
    """

    def __init__(self, circuit: Circuit, roots: Iterable[int], given: frozenset[str]) -> None:
        """Put the nodes in steps."""
        self.facts = circuit.facts
        self.given = given
        self.strata = Strata(circuit.nodes, roots, given)
        self.steps = [self._members()] if any(self._sets()) else []
        for step in self.strata.steps:
            self.steps.append([self._expr(number).alias(f"n {number}") for number in step])

    def use(self, root: int) -> pl.Expr:
        """Give an answer that is on or off: a Boolean without nulls."""
        answer = self.strata.answer(root)
        return pl.lit(answer) if isinstance(answer, bool) else self._part(answer)

    def truth(self, rail: Rail) -> pl.Expr:
        """Give a nullable Boolean."""
        true, false = self.use(rail.true), self.use(rail.false)
        return pl.when(true | false).then(true)

    def status(self, words: Mapping[str, int], last: str) -> pl.Expr:
        """Give the word whose node is on; the last where none is."""
        return self.chosen(words, STATUS, last)

    def chosen(self, words: Mapping[str, int], dtype: pl.Enum, last: str | None = None) -> pl.Expr:
        """Give the word whose node is on, of which no two ever are; else the last one."""
        found: pl.Expr = pl.lit(last, dtype=dtype)
        for word, root in reversed(list(words.items())):
            if self.strata.answer(root) is not False:
                found = pl.when(self.use(root)).then(pl.lit(word, dtype=dtype)).otherwise(found)
        return found

    def listed(self, words: Iterable[tuple[str, int]], dtype: pl.Enum) -> pl.Expr:
        """List all words whose nodes are on.

        The nodes become the bits of a number: few patients wait for different things, so each list
        is made once. (Polars' own `concat_list` makes one a patient, which takes 50 times as long.)
        """
        on = [(word, root) for word, root in words if self.strata.answer(root) is not False]
        if not on:
            return pl.lit([], dtype=pl.List(dtype))
        fields = []
        for start in range(0, len(on), 64):
            some = on[start : start + 64]
            size = next(unsigned for bits, unsigned in _UNSIGNED if len(some) <= bits)
            bits = [self.use(r).cast(size) * pl.lit(1 << i, size) for i, (_, r) in enumerate(some)]
            fields.append(_balanced(operator.or_, bits).alias(str(start)))
        unpack = functools.partial(_unpack, [word for word, _ in on], dtype)
        return pl.struct(fields).map_batches(
            unpack, return_dtype=pl.List(dtype), is_elementwise=True
        )

    def interval(self, score: Score) -> tuple[pl.Expr, pl.Expr]:
        """Give the lowest and the highest sum that a score can have."""
        low = [self.use(rail.true).cast(pl.Float64) * step for rail, step in score.terms]
        high = [self.use(rail.false).cast(pl.Float64) * step for rail, step in score.terms]
        return (
            pl.sum_horizontal(low) + float(score.base),
            float(score.base + score.total) - pl.sum_horizontal(high),
        )

    def given_or(self, fact: str, otherwise: pl.Expr) -> pl.Expr:
        """Give what is given, else something."""
        if fact not in self.given:
            return otherwise
        return pl.coalesce(pl.col(f"f {fact}"), otherwise)

    # --- nodes -------------------------------------------------------------------------------

    def _part(self, number: int) -> pl.Expr:
        return pl.col(f"n {number}") if number in self.strata.named else self._expr(number)

    def _expr(self, number: int) -> pl.Expr:
        node = self.strata.nodes[number]
        if isinstance(node, Ask):
            return self._ask(node.leaf, node.want)
        if isinstance(node, Given):
            fact = pl.col(f"f {node.fact}")
            return fact.is_not_null() if node.want else fact.is_null()
        if isinstance(node, Without):
            return ~self._part(node.part)
        if isinstance(node, Weigh):
            weight = _smallest(sum(weight for _, weight in node.parts))
            parts = [self._part(part).cast(weight) * pl.lit(w, weight) for part, w in node.parts]
            return functools.reduce(operator.add, parts) >= pl.lit(node.at_least, weight)
        parts = [self._part(part) for part in node.parts]
        return _balanced(operator.and_ if isinstance(node, And) else operator.or_, parts)

    def _ask(self, leaf: ir.Leaf, want: bool) -> pl.Expr:
        fact, column = self.facts[leaf.fact], pl.col(f"f {leaf.fact}")
        if fact.type == "boolean":
            return (column if leaf.values[0] is want else ~column).fill_null(False)
        if fact.type == "code":
            wanted = [v for v in fact.values if (v in leaf.values) is want]
            return _one_of(column, wanted, fact)
        if fact.type == "codes":
            held = _balanced(operator.or_, [_member(leaf.fact, v) for v in leaf.values])
            return held if want else column.is_not_null() & ~held
        return _compare(column, leaf, want).fill_null(False)

    def _sets(self) -> Iterator[tuple[str, ir.Value]]:
        for node in self.strata.asked():
            if isinstance(node, Ask) and self.facts[node.leaf.fact].type == "codes":
                yield from ((node.leaf.fact, value) for value in node.leaf.values)

    def _members(self) -> list[pl.Expr]:
        """Say once of every asked value whether a set holds it: reading sets is slow."""
        return [
            pl.col(f"f {fact}").list.contains(value).fill_null(False).alias(f"m {fact} {value}")
            for fact, value in sorted(set(self._sets()))
        ]


def _member(fact: str, value: ir.Value) -> pl.Expr:
    return pl.col(f"m {fact} {value}")


def _one_of(column: pl.Expr, wanted: list[str], fact: ir.Fact) -> pl.Expr:
    if not wanted:
        return pl.lit(False)
    parts = [column == pl.lit(value, dtype=pl.Enum(list(fact.values))) for value in wanted]
    return _balanced(operator.or_, parts).fill_null(False)


def _compare(column: pl.Expr, leaf: ir.Leaf, want: bool) -> pl.Expr:
    first = float(leaf.values[0])
    if leaf.op == "between":
        last = float(leaf.values[1])
        if want:
            return (column >= first) & (column <= last)
        return (column < first) | (column > last)
    above = leaf.op in ("above", "at_least")
    strict = leaf.op in ("above", "below")
    if above is want:
        return column > first if strict is want else column >= first
    return column < first if strict is want else column <= first


def _balanced(join: Callable[[pl.Expr, pl.Expr], pl.Expr], parts: list[pl.Expr]) -> pl.Expr:
    """Join many parts as a flat tree: Polars recurses into expressions."""
    while len(parts) > 1:
        pairs = itertools.zip_longest(parts[::2], parts[1::2])
        parts = [one if other is None else join(one, other) for one, other in pairs]
    return parts[0]


def _unpack(words: list[str], dtype: pl.Enum, packed: pl.Series) -> pl.Series:
    """Turn bits, 64 a field, into lists of words."""
    frame = packed.struct.unnest()
    different = frame.unique()
    lists = [
        [word for i, word in enumerate(words) if row[i // 64] >> (i % 64) & 1]
        for row in different.iter_rows()
    ]
    different = different.with_columns(pl.Series("", lists, dtype=pl.List(dtype)))
    return frame.join(different, on=frame.columns, how="left", maintain_order="left")[""]


def _smallest(total: int) -> type[pl.DataType]:
    return next(unsigned for bits, unsigned in _UNSIGNED if total < 1 << bits)


def dtype_of(fact: ir.Fact) -> pl.DataType:
    """Give the type of a fact's column."""
    if fact.type == "quantity":
        return pl.Float64()
    if fact.type == "boolean":
        return pl.Boolean()
    values = pl.Enum(list(fact.values))
    return pl.List(values) if fact.type == "codes" else values


def prepare(fact: ir.Fact, found: pl.DataType) -> pl.Expr:
    """Bring a column to the type of its fact, missing values as null. Raises `ValueError`."""
    column, dtype = pl.col(fact.id), dtype_of(fact)
    if found == pl.Null:
        return column.cast(dtype)
    if fact.type == "quantity" and found.is_numeric():
        if found == pl.Float32:  # as it was written: 5.7, not 5.699999809265137
            column = column.cast(pl.String)
        return column.cast(dtype).fill_nan(None)
    if found == dtype:
        return _complete(column) if fact.type == "codes" else column
    if fact.type == "code" and _is_text(found):
        return column.cast(dtype)
    if fact.type == "codes" and isinstance(found, pl.List) and _is_text(found.inner):
        return _complete(column.cast(dtype))
    raise ValueError(f"the column `{fact.id}` has the type {found}, which is no {fact.type}")


def _is_text(found: object) -> bool:
    return isinstance(found, pl.String | pl.Categorical | pl.Enum | pl.Null)


def _complete(column: pl.Expr) -> pl.Expr:
    """Make a set with a null in it null: one of its members is not known."""
    return pl.when(column.list.drop_nulls().list.len() == column.list.len()).then(column)
