"""Two rails: every condition becomes *surely true?* and *surely false?*; unknown is neither.

Negation swaps the rails and disappears, so both are built from questions about given facts with
`and`, `or` and weighted counts only: more known facts can turn a rail on, never off. The one
exception is `Without`: something that is not so once everything below it has been worked out
(definitions that conflict, a concluded fact that is not known). It never stands in a cycle, so each
engine works in levels: what lies below a `Without` is finished first.

The result is one list of nodes, each used by number, children before parents. Every compiler reads
only this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, floor
from typing import NamedTuple

from hepatica import ir
from hepatica.evaluate import definitions_of
from hepatica.nodes import And as And
from hepatica.nodes import Ask as Ask
from hepatica.nodes import Given as Given
from hepatica.nodes import Node, Rail, Weigh, Without, children
from hepatica.nodes import Or as Or
from hepatica.nodes import Rails as Rails
from hepatica.walk import active, concludes

# Structs, not tuples: `And` and `Or` of the same parts must not be equal.


def lower(guideline: ir.Guideline, facts: Mapping[str, ir.Fact]) -> Rails:
    """Turn a guideline into rails."""
    return Lowering(guideline, facts).rails()


class Lowering:
    """Makes rails; further conditions can be lowered at any time, over the same nodes."""

    def __init__(self, guideline: ir.Guideline, facts: Mapping[str, ir.Fact]) -> None:
        """Take a guideline and the fact dictionary."""
        self.guideline = guideline
        self.facts = facts
        self.nodes: list[Node] = []
        self.numbers: dict[Node, int] = {}
        self.levels: list[int] = []
        self.asked: dict[tuple[str, str, tuple[ir.Value, ...]], Rail] = {}
        self.by_fact: dict[str, list[ir.Statement]] = {}
        for statement in definitions_of(guideline):
            self.by_fact.setdefault(str(concludes(statement)), []).append(statement)
        self.done: dict[str, dict[ir.Value, Rail]] = {}
        self.known: dict[str, Rail] = {}
        self.scores: dict[str, _Score] = {}
        self.conflict_free: dict[str, int] = {}

    def rails(self) -> Rails:
        """Lower the whole guideline."""
        statements = {
            s.id: self.condition(s.when)
            for s in (*definitions_of(self.guideline), *active(self.guideline.statements))
            if s.when is not None
        }
        applies = self.guideline.applies
        rail = (
            Rail(self.all_of(()), self.any_of(())) if applies is None else self.condition(applies)
        )
        for fact in self.by_fact:
            self.concluded(fact)
        concluded = {f: v for f, v in self.done.items() if f not in self.scores}
        return Rails(
            self.guideline.id, tuple(self.nodes), tuple(self.levels), statements, rail, concluded
        )

    # --- nodes, each made once ---------------------------------------------------------------

    def node(self, node: Node) -> int:
        """Number a node; equal nodes have one number."""
        number = self.numbers.get(node)
        if number is None:
            number = self.numbers[node] = len(self.nodes)
            self.nodes.append(node)
            below = [self.levels[i] for i in children(node)]
            step = 1 if isinstance(node, Without) else 0
            self.levels.append(max(below) + step if below else 0)
        return number

    def all_of(self, parts: Iterable[int]) -> int:
        """Make an `And`, flat and without repetition."""
        never = self.numbers.get(Or(()))
        flat: dict[int, None] = {}
        for part in parts:
            inner = self.nodes[part]
            for p in inner.parts if isinstance(inner, And) else (part,):
                flat[p] = None
        if never is not None and never in flat:
            return never
        return next(iter(flat)) if len(flat) == 1 else self.node(And(tuple(flat)))

    def any_of(self, parts: Iterable[int]) -> int:
        """Make an `Or`, flat and without repetition."""
        always = self.numbers.get(And(()))
        flat: dict[int, None] = {}
        for part in parts:
            inner = self.nodes[part]
            for p in inner.parts if isinstance(inner, Or) else (part,):
                flat[p] = None
        if always is not None and always in flat:
            return always
        return next(iter(flat)) if len(flat) == 1 else self.node(Or(tuple(flat)))

    def weigh(self, parts: Iterable[tuple[int, int]], at_least: int) -> int:
        """Make a weighted count; one that always or never holds becomes a constant."""
        counted = tuple((number, weight) for number, weight in parts if weight > 0)
        if at_least <= 0:
            return self.all_of(())
        if sum(weight for _, weight in counted) < at_least:
            return self.any_of(())
        return self.node(Weigh(counted, at_least))

    # --- conditions --------------------------------------------------------------------------

    def condition(self, node: ir.Condition) -> Rail:
        """Lower a condition; equal conditions, wherever they stand, give the same nodes."""
        if isinstance(node, ir.Leaf):
            key = (node.fact, node.op, node.values)
            rail = self.asked.get(key)
            if rail is None:
                rail = self.asked[key] = self.leaf(ir.Leaf(*key))
            return rail
        if isinstance(node, ir.Not):
            part = self.condition(node.part)
            return Rail(part.false, part.true)
        parts = [self.condition(part) for part in node.parts]
        true, false = [p.true for p in parts], [p.false for p in parts]
        if isinstance(node, ir.All):
            return Rail(self.all_of(true), self.any_of(false))
        if isinstance(node, ir.Any):
            return Rail(self.any_of(true), self.all_of(false))
        spare = len(parts) - node.at_least + 1
        return Rail(
            self.weigh([(n, 1) for n in true], node.at_least),
            self.weigh([(n, 1) for n in false], spare),
        )

    def leaf(self, leaf: ir.Leaf) -> Rail:
        """Lower a question: about what is given, else about what is concluded."""
        fact = leaf.fact
        if leaf.op == "known":
            known = self.is_known(fact)
            return known if leaf.values[0] else Rail(known.false, known.true)
        given = Rail(self.node(Ask(leaf, True)), self.node(Ask(leaf, False)))
        if fact not in self.by_fact:
            return given
        absent = self.node(Given(fact, False))
        said = self._said(leaf)
        return Rail(
            self.any_of((given.true, self.all_of((absent, said.true)))),
            self.any_of((given.false, self.all_of((absent, said.false)))),
        )

    def is_known(self, fact: str) -> Rail:
        """Lower `known`: given, or settled by the definitions."""
        if fact not in self.by_fact:
            return Rail(self.node(Given(fact, True)), self.node(Given(fact, False)))
        if fact not in self.known:
            rails = list(self.concluded(fact).values())
            if fact in self.scores:
                rails = [rail for rail, _ in self.scores[fact].terms]
            settled = self.all_of(self.any_of(rail) for rail in rails)
            # Where bounds are given, they hold: what the definitions settle counts for nothing.
            absent = self.node(Given(fact, False))
            true = self.any_of((self.node(Given(fact, True)), self.all_of((absent, settled))))
            self.known[fact] = Rail(true, self.all_of((absent, self.node(Without(true)))))
        return self.known[fact]

    def _said(self, leaf: ir.Leaf) -> Rail:
        """Lower a question about a fact that is concluded."""
        values = self.concluded(leaf.fact)
        if leaf.fact in self.scores:
            return self._compare(self.scores[leaf.fact], leaf)
        if leaf.values == (False,):
            return Rail(values[True].false, values[True].true)
        other = Rail(self.any_of(()), self.conflict_free.get(leaf.fact, self.all_of(())))
        rails = [values.get(value, other) for value in leaf.values]
        return Rail(self.any_of(r.true for r in rails), self.all_of(r.false for r in rails))

    # --- conclusions -------------------------------------------------------------------------

    def concluded(self, fact: str) -> dict[ir.Value, Rail]:
        """Lower all definitions of a fact: the rails of each value they conclude."""
        if fact not in self.done:
            statements = self.by_fact[fact]
            if statements[0].score:
                self.scores[fact] = self._score(statements[0])
                self.done[fact] = {}
            else:
                self.done[fact] = self._conclude(fact, statements)
        return self.done[fact]

    def _conclude(self, fact: str, statements: list[ir.Statement]) -> dict[ir.Value, Rail]:
        said: dict[ir.Value, list[Rail]] = {}
        for statement in statements:
            assert statement.conclude is not None and statement.when is not None
            said.setdefault(statement.conclude[1], []).append(self.condition(statement.when))
        values = {
            value: Rail(self.any_of(r.true for r in rails), self.all_of(r.false for r in rails))
            for value, rails in said.items()
        }
        if self.facts[fact].type != "code" or len(values) < 2:
            return values
        conflict = self.weigh(((rail.true, 1) for rail in values.values()), 2)
        free = self.conflict_free[fact] = self.node(Without(conflict))
        return {
            value: Rail(
                self.all_of((rail.true, free)),
                self.all_of((free, self.any_of((rail.false, *_others(values, value))))),
            )
            for value, rail in values.items()
        }

    def _score(self, statement: ir.Statement) -> _Score:
        base = 0
        terms: list[tuple[Rail, int]] = []
        for item in statement.items:
            rails = [self.condition(option.when) for option in item.best_of]
            points = [option.points for option in item.best_of]
            if points[0] < 0:  # a single option: points unless it is surely not so
                base += points[0]
                terms.append((Rail(rails[0].false, rails[0].true), -points[0]))
                continue
            for j, step in enumerate(b - a for a, b in zip((0, *points), points, strict=False)):
                true = self.any_of(r.true for r in rails[j:])
                false = self.all_of(r.false for r in rails[j:])
                terms.append((Rail(true, false), step))
        counting = tuple(term for term in terms if term[1])  # an item of no points decides nothing
        return _Score(base, sum(step for _, step in terms), counting)

    def _compare(self, score: _Score, leaf: ir.Leaf) -> Rail:
        first = float(leaf.values[0])
        if leaf.op == "above":
            return Rail(self._reaches(score, floor(first) + 1), self._stays(score, floor(first)))
        if leaf.op == "at_least":
            return Rail(self._reaches(score, ceil(first)), self._stays(score, ceil(first) - 1))
        if leaf.op == "below":
            return Rail(self._stays(score, ceil(first) - 1), self._reaches(score, ceil(first)))
        if leaf.op == "at_most":
            return Rail(self._stays(score, floor(first)), self._reaches(score, floor(first) + 1))
        last = float(leaf.values[1])
        inside = (self._reaches(score, ceil(first)), self._stays(score, floor(last)))
        outside = (self._stays(score, ceil(first) - 1), self._reaches(score, floor(last) + 1))
        return Rail(self.all_of(inside), self.any_of(outside))

    def _reaches(self, score: _Score, points: int) -> int:
        """The lowest possible sum is at least so much."""
        return self.weigh(((r.true, step) for r, step in score.terms), points - score.base)

    def _stays(self, score: _Score, points: int) -> int:
        """The highest possible sum is at most so much."""
        spare = score.base + score.total - points
        return self.weigh(((r.false, step) for r, step in score.terms), spare)


class _Score(NamedTuple):
    """A score as steps: its sum is `base` plus the steps of the terms that hold."""

    base: int
    total: int
    terms: tuple[tuple[Rail, int], ...]


def _others(values: Mapping[ir.Value, Rail], value: ir.Value) -> list[int]:
    return [rail.true for other, rail in values.items() if other != value]
