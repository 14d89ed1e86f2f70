"""Nodes as Polars expressions, and the columns of facts that they read."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Mapping

import polars as pl

from hepatica import ir
from hepatica.compile.bounds import inner_ends
from hepatica.compile.circuit import Circuit, Score
from hepatica.compile.strata import Strata
from hepatica.nodes import And, Ask, Given, Rail, Weigh, Without

_UNSIGNED = ((8, pl.UInt8), (16, pl.UInt16), (32, pl.UInt32), (64, pl.UInt64))


class Expressions:
    """The nodes that some answers need, as Polars expressions over the facts that are given.

    A fact is the column `f NAME`, null where it is missing; `g NAME` says whether it is given, and
    `q NUMBER` whether a question about it is surely true; a node with a column is `n NUMBER`.
    `steps` are the columns to make, before any of the answers can be asked for. A fact of
    `bounded` has columns of bounds, too (`bounds.inner_ends`): then `u NAME` says whether neither
    it nor bounds are given, and `z NUMBER` whether bounds make the question surely false.
    With `nullable` a question about a fact without bounds is null where the fact is missing, which
    costs a pass less over every column; no other node may then be made of it.
    """

    def __init__(
        self, circuit: Circuit, roots: Iterable[int], given: frozenset[str],
        bounded: frozenset[str] = frozenset(), *, nullable: bool = False,
    ) -> None:  # fmt: skip
        """Put the nodes in steps."""
        self.facts = circuit.facts
        self.given = given
        self.bounded = bounded
        self.nullable = nullable
        self.strata = Strata(circuit.nodes, roots, given, bounded)
        self.questions = {leaf: pl.col(f"q {i}") for i, leaf in enumerate(self.strata.leaves())}
        # All questions about a fact stand together: it is then still in the processor's cache.
        self.steps = [
            [pl.col(f"f {fact}").is_not_null().alias(f"g {fact}")
             for fact in self.strata.asked_given()] + self._absent() + self._members(),
            [self._ask(leaf).alias(column.meta.output_name())
             for leaf, column in self.questions.items()] + self._denied(),
        ]  # fmt: skip
        for step in self.strata.steps:
            self.steps.append([self._expr(number).alias(f"n {number}") for number in step])

    def use(self, root: int) -> pl.Expr:
        """Give an answer that is on or off: a Boolean without nulls."""
        answer = self.strata.answer(root)
        return pl.lit(answer) if isinstance(answer, bool) else self._part(answer)

    def is_given(self, fact: str) -> pl.Expr:
        """Say whether a fact is given, if a node asks that: a Boolean without nulls."""
        return pl.col(f"g {fact}")

    def truth(self, rail: Rail) -> pl.Expr:
        """Give a nullable Boolean."""
        true, false = self.use(rail.true), self.use(rail.false)
        return pl.when(true | false).then(true)

    def chosen(self, words: Mapping[str, int], dtype: pl.Enum, last: str | None = None) -> pl.Expr:
        """Give the word whose node is on, of which no two ever are; else the last one."""
        on = {w: self.use(n) for w, n in words.items() if self.strata.answer(n) is not False}
        return chosen(on, dtype, last)

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
            bits = [_weighed(self.use(r), 1 << i, size) for i, (_, r) in enumerate(some)]
            fields.append(_balanced(operator.or_, bits).alias(str(start)))
        unpack = functools.partial(_unpack, [word for word, _ in on], dtype)
        return pl.struct(fields).map_batches(
            unpack, return_dtype=pl.List(dtype), is_elementwise=True
        )

    def interval(self, score: Score) -> tuple[pl.Expr, pl.Expr]:
        """Give the lowest and the highest sum that a score can have."""
        low = pl.lit(float(score.base))
        high = pl.lit(float(score.base + score.total))
        for rail, step in score.terms:
            low = low + _weighed(self.use(rail.true), float(step), pl.Float64)
            high = high - _weighed(self.use(rail.false), float(step), pl.Float64)
        return low, high

    def given_or(self, fact: str, end: str, otherwise: pl.Expr) -> pl.Expr:
        """Give what is given (of bounds the end, null for none), else something."""
        if fact not in self.given:
            return otherwise
        found = pl.coalesce(pl.col(f"f {fact}"), otherwise)
        if fact in self.bounded:
            ends = inner_ends(fact)
            found = pl.when(ends.given()).then(getattr(ends, end)).otherwise(found)
        return found

    def is_open(self, fact: str, end: str) -> pl.Expr:
        """Say where bounds of a fact are given and this end does not belong to them."""
        found: pl.Expr = getattr(inner_ends(fact), end)
        return found.fill_null(False)

    # --- nodes -------------------------------------------------------------------------------

    def _part(self, number: int) -> pl.Expr:
        return pl.col(f"n {number}") if number in self.strata.named else self._expr(number)

    def _expr(self, number: int) -> pl.Expr:
        node = self.strata.nodes[number]
        if isinstance(node, Ask):
            true = self.questions[node.leaf]
            if node.want:
                return true
            false = pl.col(f"g {node.leaf.fact}") > true  # given and not true
            if node.leaf.fact in self.bounded:
                false = false | pl.col(f"z{true.meta.output_name()[1:]}")
            return false
        if isinstance(node, Given):
            given = pl.col(f"g {node.fact}")
            if not node.want and node.fact in self.bounded:
                return pl.col(f"u {node.fact}")
            return given if node.want else ~given
        if isinstance(node, Without):
            return ~self._part(node.part)
        if isinstance(node, Weigh):
            weight = _smallest(sum(weight for _, weight in node.parts))
            parts = [_weighed(self._part(part), w, weight) for part, w in node.parts]
            return functools.reduce(operator.add, parts) >= pl.lit(node.at_least, weight)
        parts = [self._part(part) for part in node.parts]
        return _balanced(operator.and_ if isinstance(node, And) else operator.or_, parts)

    def _ask(self, leaf: ir.Leaf) -> pl.Expr:
        """Ask whether the answer is surely true: a Boolean without nulls."""
        column = pl.col(f"f {leaf.fact}")
        fact = self.facts[leaf.fact]
        if fact.type == "boolean":
            return self._known(column if leaf.values[0] else ~column)
        if fact.type == "quantity":
            if fact.id not in self.bounded:
                return self._known(_compare(column, leaf))
            exact = _compare(column, leaf).fill_null(False)
            return exact | inner_ends(fact.id).surely(leaf, True)
        return _balanced(operator.or_, [pl.col(f"m {leaf.fact} {v}") for v in leaf.values])

    def _known(self, answer: pl.Expr) -> pl.Expr:
        return answer if self.nullable else answer.fill_null(False)

    def _absent(self) -> list[pl.Expr]:
        """Ask where a fact that may have bounds is surely not given."""
        return [
            (pl.col(f"f {fact}").is_null() & ~inner_ends(fact).given()).alias(f"u {fact}")
            for fact in self.strata.asked_given() if fact in self.bounded
        ]  # fmt: skip

    def _denied(self) -> list[pl.Expr]:
        """Ask where bounds make a question surely false."""
        nodes = self.strata.nodes.values()
        asked = {n.leaf for n in nodes if isinstance(n, Ask) and not n.want}
        return [
            inner_ends(leaf.fact).surely(leaf, False).alias(f"z{column.meta.output_name()[1:]}")
            for leaf, column in self.questions.items()
            if leaf in asked and leaf.fact in self.bounded
        ]

    def _members(self) -> list[pl.Expr]:
        """Ask once for every value of a code or a set: reading them is slow."""
        asked = {(q.fact, str(v)): None for q in self.questions for v in q.values}
        found = []
        for name, value in sorted(asked):
            fact, column = self.facts[name], pl.col(f"f {name}")
            if fact.type == "code":
                held = column == pl.lit(value, dtype=pl.Enum(list(fact.values)))
            elif fact.type == "codes":
                held = column.list.contains(value)
            else:
                continue
            found.append(self._known(held).alias(f"m {name} {value}"))
        return found


def chosen(on: Mapping[str, pl.Expr], dtype: pl.Enum, last: str | None = None) -> pl.Expr:
    """Give the word whose Boolean is on, of which no two ever are; else the last one."""
    found: pl.Expr = pl.lit(last, dtype=dtype)
    for word, is_on in reversed(list(on.items())):
        found = pl.when(is_on).then(pl.lit(word, dtype=dtype)).otherwise(found)
    return found


def _weighed(on: pl.Expr, weight: float, dtype: type[pl.DataType]) -> pl.Expr:
    """Give a weight where a Boolean is on, else 0. (Casting Booleans takes six times as long.)"""
    return pl.when(on).then(pl.lit(weight, dtype)).otherwise(pl.lit(0, dtype))


_COMPARE = {"above": operator.gt, "at_least": operator.ge, "below": operator.lt,
            "at_most": operator.le}  # fmt: skip


def _compare(column: pl.Expr, leaf: ir.Leaf) -> pl.Expr:
    first = float(leaf.values[0])
    if leaf.op == "between":
        return (column >= first) & (column <= float(leaf.values[1]))
    compared: pl.Expr = _COMPARE[leaf.op](column, first)
    return compared


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


def prepare(fact: ir.Fact, found: pl.DataType | None) -> pl.Expr:
    """Bring a column to the type of its fact, missing values as null. Raises `ValueError`.

    None is no column: of such a fact there are only bounds.
    """
    column, dtype = pl.col(fact.id), dtype_of(fact)
    if found is None:
        return pl.lit(None, dtype)
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
