"""What is asked of both sides for every patient: the rows of `diff.cases`, ready to be tried.

Each row has, for each side, what decides its status: the condition, whether the guideline applies,
whether an option is free of contraindications; of a conclusion, the other values of the fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from hepatica import ir
from hepatica.diff.answers import STATUSES
from hepatica.diff.cases import Row, rows
from hepatica.diff.cohort.merge import Merger, Part, Tree, Unit
from hepatica.diff.data import Compared, Pair
from hepatica.diff.definitions import Definitions
from hepatica.diff.normal import Translate
from hepatica.evaluate import definitions_of
from hepatica.outcome import Plan, plan


class Half(NamedTuple):
    """One side of a row. `when` is what its status rests on, as it is written.

    `word` is what an avoidance says when it holds; `free` whether some option of a recommendation
    is free of contraindications; `one_other` and `more_others` whether one, or more, of the other
    values of a code is concluded. None where the side was not sourced.
    """

    when: ir.Condition
    free: ir.Condition | None = None
    word: str = ""
    one_other: ir.Condition | None = None
    more_others: ir.Condition | None = None


class Item(NamedTuple):
    """A row with both sides, and the parts in which they differ.

    `tree` is the merged condition (None where one side was not sourced: then there is one part);
    `applies`, `free`, `others` and `told` are the numbers of those parts. `besides` are, by side,
    the numbers of rows with statements that tell the like.
    """

    row: Row
    old: Half | None
    new: Half | None
    parts: tuple[Part, ...]
    tree: Tree | None = None
    applies: int | None = None
    free: int | None = None
    others: int | None = None
    told: int | None = None
    besides: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())

    @property
    def kind(self) -> str:
        """Say whether it is a recommendation, something to avoid, or a conclusion."""
        return self.row.kind

    @property
    def statuses(self) -> tuple[str, ...]:
        """List the statuses that the row can have, in order."""
        return statuses(self.row.kind)


def statuses(kind: str) -> tuple[str, ...]:
    """List the statuses of a kind of row, each once."""
    return tuple(dict.fromkeys(STATUSES[kind]))


class Items:
    """Makes the items of a comparison."""

    def __init__(
        self,
        old: Compared,
        new: Compared,
        definitions: Definitions,
        translate: Translate,
        otherwise: frozenset[str],
    ) -> None:
        """Take both sides, and what they define (`definitions`) and read (`otherwise`) otherwise.

        `translate` turns questions of the new side into the old dictionary.
        """
        self.sides = old, new
        self.definitions, self.translate = definitions, translate
        self.otherwise = otherwise
        self.statements = tuple(
            {s.id: s for s in (*definitions_of(c.guideline), *c.guideline.statements)}
            for c in self.sides
        )
        self.plans: tuple[Plan, ...] = tuple(
            plan(c.guideline, c.knowledge.interventions) for c in self.sides
        )

    def items(self, pairs: Iterable[Pair]) -> list[Item]:
        """Make the items of all rows but scores, whose points are no status."""
        asked = [
            row for row in rows(self.sides[0], self.sides[1], pairs)
            if not (row.kind == "conclusion" and row.value is None)
        ]  # fmt: skip
        made = [self._item(row) for row in asked]
        return [item._replace(besides=self._besides(item, made)) for item in made]

    def _item(self, row: Row) -> Item:
        make = self._conclusion if row.kind == "conclusion" else self._statement
        halves = make(0, row, row.old), make(1, row, row.new)
        old, new = halves
        if old is None or new is None:
            return Item(row, old, new, (Part("only_new" if old is None else "only_old"),))
        if row.kind == "conclusion" and row.fact in self.otherwise:
            return Item(row, old, new, (Part("dictionary", (row.fact,)),))
        merger = Merger(self.translate, self.definitions.unequal, self.otherwise)
        applies = free = others = told = None
        if row.kind != "conclusion":
            applies = merger.part(Part("applies"))
        if old.free is not None or new.free is not None:
            free = merger.part(Part("contraindications"))
        if old.one_other is not None or new.one_other is not None:
            others = merger.part(Part("other_values", (row.fact,)))
        if old.word != new.word:
            told = merger.part(Part("told"))
        mine, its = (self._decides(side, row, half) for side, half in enumerate((old, new)))
        tree = merger.merge(mine, its)
        return Item(row, old, new, tuple(merger.parts), tree, applies, free, others, told)

    def _decides(self, side: int, row: Row, half: Half) -> ir.Condition:
        """Give the condition whose parts are told: of a conclusion, its definitions'."""
        return self._defined(side, row.fact, row.value) if row.kind == "conclusion" else half.when

    # --- one side ----------------------------------------------------------------------------

    def _statement(self, side: int, row: Row, name: str | None) -> Half | None:
        if name is None:
            return None
        s = self.statements[side][name]
        when = ir.All(()) if s.when is None else s.when
        if s.recommend is None:
            return Half(when, word=s.kind)
        options = next(found for one, found in self.plans[side].recommendations if one.id == name)
        if not any(option.contraindications for option in options):
            return Half(when)
        free = ir.Any(tuple(
            ir.All(tuple(ir.Not(self._when(side, c)) for c in option.contraindications))
            for option in options
        ))  # fmt: skip
        return Half(when, free)

    def _when(self, side: int, name: str) -> ir.Condition:
        return self.statements[side][name].when or ir.All(())

    def _conclusion(self, side: int, row: Row, names: str | None) -> Half | None:
        if names is None:
            return None
        fact = self.sides[side].knowledge.facts[row.fact]
        op: ir.Operator = "includes" if fact.type == "codes" else "is"
        when = ir.Leaf(row.fact, op, (row.value,))
        values = self._values(side, row.fact)
        if fact.type != "code" or len(values) < 2:
            return Half(when)
        others = tuple(self._defined(side, row.fact, v) for v in values if v != row.value)
        return Half(when, one_other=ir.Any(others),
                    more_others=ir.Count(2, others) if len(others) > 1 else ir.Any(()))  # fmt: skip

    def _values(self, side: int, fact: str) -> list[Any]:
        found = (s.conclude for s in definitions_of(self.sides[side].guideline))
        return list(dict.fromkeys(c[1] for c in found if c is not None and c[0] == fact))

    def _defined(self, side: int, fact: str, value: Any) -> ir.Condition:
        """Give all definitions of a value as one condition."""
        return ir.Any(tuple(
            s.when or ir.All(()) for s in definitions_of(self.sides[side].guideline)
            if s.conclude == (fact, value)
        ))  # fmt: skip

    # --- what else tells the like ------------------------------------------------------------

    def _besides(self, item: Item, every: list[Item]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Number the rows with another statement of a side that tells the like of this one."""
        if item.kind == "conclusion":
            return (), ()
        own = item.row.old, item.row.new
        found: tuple[list[int], list[int]] = ([], [])
        for side in (0, 1):
            like = self._told(own[1 - side], 1 - side) or self._told(own[side], side)
            for number, other in enumerate(every):
                name = (other.row.old, other.row.new)[side]
                if other.kind != item.kind or name is None or name == own[side]:
                    continue
                if like and _alike(like, self._told(name, side)):
                    found[side].append(number)
        return tuple(found[0]), tuple(found[1])

    def _told(self, name: str | None, side: int) -> frozenset[tuple[str, frozenset[str]]]:
        """Give what a statement tells: its action on each option, or a way of giving each."""
        if name is None:
            return frozenset()
        from hepatica.diff.align import ways
        from hepatica.outcome import members

        s = self.statements[side][name]
        if s.recommend is not None:
            action = s.recommend.action
            return frozenset((action, frozenset(option)) for option in s.recommend.options)
        if s.avoid is None:
            return frozenset()
        named = members(s.avoid, self.sides[side].knowledge.interventions)
        return frozenset((way, frozenset((n,))) for way in ways(s.avoid) for n in named)


def _alike(
    one: frozenset[tuple[str, frozenset[str]]], other: frozenset[tuple[str, frozenset[str]]]
) -> bool:
    return not one.isdisjoint(other)


def conditions(item: Item, side: int) -> list[ir.Condition]:
    """List every condition of one side that an item is worked out from."""
    from hepatica.diff.cohort.merge import units

    half = (item.old, item.new)[side]
    if half is None:
        return []
    found = [half.when, half.free, half.one_other, half.more_others]
    if item.tree is not None:
        found += [unit[side] for unit in units(item.tree) if isinstance(unit, Unit)]  # type: ignore[misc]
    return [c for c in found if c is not None]
