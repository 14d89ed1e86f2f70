"""One fact dictionary for both sides, so that a table is read once.

A fact that the two describe alike stands there once. A number in another unit or range, or another
type, is read for each side by its own entry. A code that has other values on the two sides is read
with all of them; what a side has not is missing there, as a case leaves it out, and is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from hepatica import ir
from hepatica.cohort.mapping import Mapping as Columns

_MARK = "@new"


class Dictionary:
    """The facts of both sides.

    `facts` are those that a table is read by; `names` gives, for each side, the column of every
    fact of its dictionary; `otherwise` the facts that the two read otherwise, or only one of them.
    """

    def __init__(self, old: Mapping[str, ir.Fact], new: Mapping[str, ir.Fact]) -> None:
        """Put two dictionaries together."""
        self.sides = old, new
        both = old.keys() & new.keys()
        apart = {n for n in both if not _readable_together(old[n], new[n])}
        self.names: tuple[dict[str, str], dict[str, str]] = (
            {n: n for n in old}, {n: n + _MARK if n in apart else n for n in new},
        )  # fmt: skip
        self.facts: dict[str, ir.Fact] = dict(old)
        for name, fact in new.items():
            renamed = _renamed(fact, self.names[1])
            mine = old.get(name)
            if name in apart or mine is None:
                self.facts[renamed.id] = renamed
            elif fact != mine:
                values = {**fact.values, **mine.values}
                implies = tuple(dict.fromkeys((*mine.implies, *renamed.implies)))
                self.facts[name] = ir.replace(mine, values=values, implies=implies)
        self.otherwise = frozenset(
            {n for n in both if n in apart or _kind(old[n]) != _kind(new[n])}
            | (old.keys() ^ new.keys())
        )  # fmt: skip

    def mapped(self, columns: Columns) -> Columns:
        """Read a column for both entries of its fact."""
        if self.sides[0] == self.sides[1]:
            return columns
        found = dict(columns.facts)
        for name, column in columns.facts.items():
            other = self.names[1].get(name)
            if other is not None and other != name:
                found[other] = column
        return ir.replace(columns, facts=found)

    def left_out(self, side: int, given: Iterable[str]) -> dict[str, str]:
        """Name the given facts that a side's dictionary has not, with the column they stand in."""
        mine = self.sides[side]
        return {n: n for n in given if n not in mine and not n.endswith(_MARK)}

    def narrower(self, side: int, given: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Name the given codes of which a side has not all values, with the values that it has."""
        found = {}
        for name, column in self.names[side].items():
            fact = self.sides[side][name]
            if column not in given or fact.type not in ("code", "codes"):
                continue
            if set(self.facts[column].values) != set(fact.values):
                found[name] = tuple(fact.values)
        return found


def _readable_together(one: ir.Fact, other: ir.Fact) -> bool:
    """Say whether cells of a column mean the same for both, but for which codes there are."""
    if one.type != other.type:
        return False
    if one.type != "quantity":
        return True
    return (one.unit, one.range, one.ask_unit, one.other_units) == (
        other.unit, other.range, other.ask_unit, other.other_units,
    )  # fmt: skip


def _kind(fact: ir.Fact) -> tuple[object, ...]:
    """Give what decides how a question about a fact is answered."""
    return fact.type, fact.unit, frozenset(fact.values)


def _renamed(fact: ir.Fact, names: Mapping[str, str]) -> ir.Fact:
    if names[fact.id] == fact.id and not fact.implies:
        return fact
    implies = tuple(
        ir.Implication(_with(i.when, names), _with(i.then, names)) for i in fact.implies
    )
    return ir.replace(fact, id=names[fact.id], implies=implies)


def _with(node: ir.Condition, names: Mapping[str, str]) -> ir.Condition:
    if isinstance(node, ir.Leaf):
        return ir.replace(node, fact=names.get(node.fact, node.fact))
    if isinstance(node, ir.Not):
        return ir.replace(node, part=_with(node.part, names))
    return ir.replace(node, parts=tuple(_with(part, names) for part in node.parts))
