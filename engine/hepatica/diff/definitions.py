"""Concluded facts that two guidelines define otherwise.

A statement with the same condition on both sides says something else where a fact that it asks
about is concluded otherwise. All definitions of a value count together, so that one definition that
was split in two is the same definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hepatica import ir
from hepatica.diff.align import Ready
from hepatica.diff.compare import related
from hepatica.diff.normal import normal
from hepatica.walk import conditions_of, leaves

Concluded = dict[str, dict[Any, list[Ready]]]


class Definitions:
    """The definitions of two guidelines, side by side."""

    def __init__(self, old: Sequence[Ready], new: Sequence[Ready]) -> None:
        """Take the statements of both, the new ones in terms of the old dictionary."""
        self.old, self.new = _by_fact(old), _by_fact(new)
        self.facts = {*self.old, *self.new}
        self.unequal = self._unequal()

    def together(self, fact: str, value: Any) -> bool:
        """Say whether all definitions of a value, taken together, are equal."""
        mine, its = (_whole(side.get(fact, {}).get(value, [])) for side in (self.old, self.new))
        return related(mine, its) == "equal"

    def through(self, *statements: ir.Statement | None) -> tuple[str, ...]:
        """Name the facts that statements ask about and that the two sides define otherwise."""
        found = (c for s in statements if s is not None for c in conditions_of(s))
        return self.through_conditions(*found)

    def through_conditions(self, *conditions: ir.Condition | None) -> tuple[str, ...]:
        """Do as `through` does, for conditions."""
        found = (leaf.fact for c in conditions if c is not None for leaf in leaves(c))
        return tuple(name for name in dict.fromkeys(found) if name in self.unequal)

    def _unequal(self) -> set[str]:
        """Find the facts whose definitions differ, or rest on some that differ."""
        unequal = {fact for fact in self.facts if not self._alike(fact)}
        rest = {fact: self._needs(fact) for fact in self.facts}
        growing = True
        while growing:
            more = {f for f in self.facts - unequal if not rest[f].isdisjoint(unequal)}
            unequal |= more
            growing = bool(more)
        return unequal

    def _alike(self, fact: str) -> bool:
        mine, its = self.old.get(fact, {}), self.new.get(fact, {})
        scores = [s for side in (mine, its) for s in side.get(None, [])]
        if scores:
            return len(scores) == 2 and scores[0].items == scores[1].items
        return all(self.together(fact, value) for value in {**mine, **its})

    def _needs(self, fact: str) -> set[str]:
        sides = (self.old.get(fact, {}), self.new.get(fact, {}))
        return {
            name for side in sides for found in side.values() for r in found
            for name in _asked(r.statement)
        }  # fmt: skip


def _by_fact(every: Sequence[Ready]) -> Concluded:
    found: Concluded = {}
    for r in every:
        s = r.statement
        if s.conclude is not None:
            found.setdefault(s.conclude[0], {}).setdefault(s.conclude[1], []).append(r)
        elif s.score is not None:
            found.setdefault(s.score, {}).setdefault(None, []).append(r)
    return found


def _whole(definitions: Sequence[Ready]) -> ir.Condition:
    return normal(ir.Any(tuple(r.form for r in definitions)))


def _asked(s: ir.Statement) -> list[str]:
    return list(dict.fromkeys(leaf.fact for c in conditions_of(s) for leaf in leaves(c)))
