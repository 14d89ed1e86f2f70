"""Why a condition is true or false, and which missing facts could still settle it.

Both follow the structure of the condition, in one walk. `because` names the facts asked about
directly, a concluded fact by its own name; `missing` goes through definitions to the facts a record
could hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from hepatica import ir
from hepatica.evaluate import Referee, Truth, at_least, negation
from hepatica.interval import Interval

Facts = tuple[str, ...]


class Tracer:
    """Explains the answers of one referee, that is of one guideline for one patient."""

    def __init__(self, referee: Referee) -> None:
        """Take the referee whose answers are to be explained."""
        self.referee = referee
        self._of_fact: dict[tuple[str, tuple[ir.Value, ...]], Facts] = {}

    def because(self, node: ir.Condition, want: bool) -> Facts:
        """Name facts that make a condition `want`, which it is, as few as the structure allows."""
        return tuple(dict.fromkeys([leaf.fact for leaf in self._reasons(node, want)]))

    def questions(self, node: ir.Condition, want: bool) -> tuple[ir.Leaf, ...]:
        """Give the questions behind `because`: with their thresholds and values, as written."""
        return tuple(dict.fromkeys(self._reasons(node, want)))

    def missing(self, node: ir.Condition | None) -> Facts:
        """Name the missing facts that could still settle a condition; none if it is settled."""
        return () if node is None else self._open(node)[1]

    def missing_of_unknown(self, node: ir.Condition) -> Facts:
        """Do as `missing` does, for a condition that is known to be unknown.

        Then no part of an `all` is false and none of an `any` true, so that a question about a
        given fact is settled without looking at its value, but where only its bounds are given.
        """
        if not isinstance(node, ir.All | ir.Any):
            return self._open(node)[1]
        given = self.referee.given
        waiting: list[Facts] = []
        for part in node.parts:
            if isinstance(part, ir.Leaf) and part.op != "known":
                if part.fact in given:
                    if type(given[part.fact]) is not Interval:
                        continue
                elif part.fact not in self.referee.by_fact:
                    waiting.append((part.fact,))
                    continue
            truth, missing = self._open(part)
            if truth is None:
                waiting.append(missing)
        return union(waiting)

    def _reasons(self, node: ir.Condition, want: bool) -> list[ir.Leaf]:
        """List the questions asked, as written; the truth of `node` itself is not looked at."""
        if isinstance(node, ir.Leaf):
            return [node]
        if isinstance(node, ir.Not):
            return self._reasons(node.part, not want)
        if not isinstance(node, ir.Count):
            if isinstance(node, ir.All) is want:
                return [leaf for part in node.parts for leaf in self._reasons(part, want)]
            return self._shortest(node.parts, want)
        needed = node.at_least if want else len(node.parts) - node.at_least + 1
        reasons = [self._reasons(p, want) for p in node.parts if self.referee.truth(p) is want]
        shortest = sorted(range(len(reasons)), key=lambda i: (len(reasons[i]), i))[:needed]
        return [leaf for i in sorted(shortest) for leaf in reasons[i]]

    def _shortest(self, parts: tuple[ir.Condition, ...], want: bool) -> list[ir.Leaf]:
        """Give the shortest reasons among the parts that are `want`; the first, if equal."""
        best: list[ir.Leaf] = []
        for part in parts:
            if self.referee.truth(part) is want:
                reasons = self._reasons(part, want)
                if not best or len(reasons) < len(best):
                    best = reasons
                    if len(best) == 1:
                        break
        return best

    def _open(self, node: ir.Condition) -> tuple[Truth, Facts]:
        """Give the truth of a condition and, if it is unknown, what could settle it."""
        if isinstance(node, ir.Leaf):
            truth = self.referee.leaf(node)
            return truth, self._missing_of(node) if truth is None else ()
        if isinstance(node, ir.Not):
            truth, missing = self._open(node.part)
            return negation(truth), missing
        if isinstance(node, ir.Count):
            opened = [self._open(part) for part in node.parts]
            truth = at_least(node.at_least, [t for t, _ in opened])
            return truth, union(m for t, m in opened if t is None) if truth is None else ()
        decided = isinstance(node, ir.Any)  # the value of a part that decides the whole
        waiting: list[Facts] = []
        for part in node.parts:
            truth, missing = self._open(part)
            if truth is None:
                waiting.append(missing)
            elif truth is decided:
                return truth, ()
        return (None, union(waiting)) if waiting else (not decided, ())

    def _missing_of(self, leaf: ir.Leaf) -> Facts:
        """Name what could settle an unanswered question."""
        fact = leaf.fact
        statements = self.referee.by_fact.get(fact)
        bounded = fact in self.referee.given  # as bounds: no definition can narrow them
        if statements is None or bounded or self.referee.concluded(fact).conflict:
            return (fact,)
        wanted = (True,) if leaf.values == (False,) else leaf.values
        if statements[0].score:
            wanted = ()
        elif self.referee.meaning.facts[fact].type == "code":  # another value would exclude these
            wanted = tuple(self.referee.meaning.values[fact])
        key = (fact, wanted)
        if key not in self._of_fact:
            found: list[Facts] = []
            for statement in statements:
                if statement.conclude is not None and statement.conclude[1] in wanted:
                    found.append(self.missing(statement.when))
                for item in statement.items:
                    found += [self.missing(option.when) for option in item.best_of]
            self._of_fact[key] = union(found)
        return self._of_fact[key]


def fixed_reasons(node: ir.Condition, want: bool) -> Facts | None:
    """Give the reasons of a condition that can be `want` in one way only; else None."""
    if isinstance(node, ir.Leaf):
        return (node.fact,)
    if isinstance(node, ir.Not):
        return fixed_reasons(node.part, not want)
    if isinstance(node, ir.Count) or (len(node.parts) > 1 and isinstance(node, ir.All) is not want):
        return None
    found = [fixed_reasons(part, want) for part in node.parts]
    return None if None in found else union(part for part in found if part is not None)


def union(parts: Iterable[Facts]) -> Facts:
    """Put facts together, each once, in the order first named."""
    found = [part for part in parts if part]
    if len(found) < 2:
        return found[0] if found else ()
    return tuple(dict.fromkeys([fact for part in found for fact in part]))
