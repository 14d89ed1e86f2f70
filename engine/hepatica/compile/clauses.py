"""Rails as Horn clauses over numbered propositions: what a forward-chaining engine is given.

A clause is a conjunction that makes its head. Disjunctions become one clause a branch, weighted
counts become chains of helpers, and nothing is negated: a `Without` is a proposition that the
driver adds when everything below it has been worked out, at the start of the next stage.
"""

from __future__ import annotations

from typing import NamedTuple

from hepatica.nodes import And, Ask, Given, Or, Rails, Weigh, Without, children

MAX_BODY = 12


class Clause(NamedTuple):
    """All propositions of `body` make `head`. Bodies are sorted, distinct, of two or more."""

    body: tuple[int, ...]
    head: int


class Stage(NamedTuple):
    """Clauses that are run to rest together, after adding what was found absent before."""

    absent: tuple[tuple[int, int], ...]
    """(proposition to add, proposition whose absence adds it)"""
    clauses: tuple[Clause, ...]


class Clauses(NamedTuple):
    """A guideline as Horn clauses.

    `questions` are the propositions that are answered from the facts; `follows` says which
    propositions each one makes by itself (clauses of one condition need no engine); `stages` hold
    the rest in an order in which a stage needs only earlier ones.
    """

    questions: dict[int, Ask | Given]
    always: tuple[int, ...]
    follows: dict[int, tuple[int, ...]]
    stages: tuple[Stage, ...]
    propositions: int


def to_clauses(rails: Rails, most: int) -> Clauses:
    """Write rails as clauses, at most `most` a stage (a single node's are never split)."""
    return _Writer(rails, most).clauses()


class _Writer:
    def __init__(self, rails: Rails, most: int) -> None:
        self.rails = rails
        self.most = most
        self.count = len(rails.nodes)
        self.single: dict[int, list[int]] = {}
        self.questions: dict[int, Ask | Given] = {}
        self.always: list[int] = []

    def clauses(self) -> Clauses:
        needed = self._needed()
        order = sorted(needed, key=lambda n: (self.rails.levels[n], n))
        stages: list[Stage] = []
        absent: list[tuple[int, int]] = []
        clauses: list[Clause] = []
        level = 0
        for number in order:
            found = list(self._of(number))
            new_level = self.rails.levels[number] > level
            if clauses and (new_level or len(clauses) + len(found) > self.most):
                stages.append(Stage(tuple(absent), tuple(clauses)))
                absent, clauses = [], []
            elif new_level and absent:
                stages.append(Stage(tuple(absent), ()))
                absent = []
            level = self.rails.levels[number]
            node = self.rails.nodes[number]
            if isinstance(node, Without):
                absent.append((number, node.part))
            clauses += found
        stages.append(Stage(tuple(absent), tuple(clauses)))
        follows = {p: self._closure(p) for p in sorted(self.single)}
        return Clauses(self.questions, tuple(self.always), follows, tuple(stages), self.count)

    def _needed(self) -> set[int]:
        roots = [*self.rails.statements.values(), self.rails.applies]
        waiting = [number for rail in roots for number in rail]
        needed: set[int] = set()
        while waiting:
            number = waiting.pop()
            if number not in needed:
                needed.add(number)
                waiting += children(self.rails.nodes[number])
        return needed

    def _closure(self, start: int) -> tuple[int, ...]:
        found: dict[int, None] = {}
        waiting = [start]
        while waiting:
            for head in self.single.get(waiting.pop(), ()):
                if head not in found:
                    found[head] = None
                    waiting.append(head)
        return tuple(found)

    def _of(self, number: int) -> list[Clause]:
        """Write the clauses of one node; those of one condition go to `single`."""
        node = self.rails.nodes[number]
        if isinstance(node, Ask | Given):
            self.questions[number] = node
        elif isinstance(node, And):
            if not node.parts:
                self.always.append(number)
            return self._make(node.parts, number)
        elif isinstance(node, Or):
            return [c for part in node.parts for c in self._make((part,), number)]
        elif isinstance(node, Weigh):
            return self._weigh(node, number)
        return []

    def _make(self, body: tuple[int, ...], head: int) -> list[Clause]:
        body = tuple(sorted(set(body)))
        if not body:
            return []
        if len(body) == 1:
            self.single.setdefault(body[0], []).append(head)
            return []
        if len(body) <= MAX_BODY:
            return [Clause(body, head)]
        helper = self._helper()
        return [
            *self._make(body[:MAX_BODY], helper),
            *self._make((helper, *body[MAX_BODY:]), head),
        ]

    def _helper(self) -> int:
        self.count += 1
        return self.count - 1

    def _weigh(self, node: Weigh, head: int) -> list[Clause]:
        """Count step by step: after each part, one helper a sum that can have been reached.

        Sums at or above the goal are the head itself.
        """
        found: list[Clause] = []
        reached: dict[int, int] = {}  # sum so far -> its proposition; the sum 0 needs none
        for part, weight in node.parts:
            after: dict[int, int] = {}

            def at(total: int, after: dict[int, int] = after) -> int:
                if total >= node.at_least:
                    return head
                if total not in after:
                    after[total] = self._helper()
                return after[total]

            for total, before in reached.items():
                found += self._make((before,), at(total))
                found += self._make((before, part), at(total + weight))
            found += self._make((part,), at(weight))
            reached = after
        return found
