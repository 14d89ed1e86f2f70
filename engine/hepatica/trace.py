"""Why a condition is true or false, and which missing facts could still settle it.

Both follow the structure of the condition. `because` names the facts asked about directly, a
concluded fact by its own name; `missing` goes through definitions to the facts a record could
hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from hepatica import ir
from hepatica.evaluate import Referee

Facts = tuple[str, ...]


class Tracer:
    """Explains the answers of one referee, that is of one guideline for one patient."""

    def __init__(self, referee: Referee) -> None:
        """Take the referee whose answers are to be explained."""
        self.referee = referee
        self._missing_facts: dict[tuple[str, tuple[ir.Value, ...]], Facts] = {}

    def because(self, node: ir.Condition, want: bool) -> Facts:
        """Name facts that make a condition `want`, as few as the structure allows."""
        return tuple(dict.fromkeys(leaf.fact for leaf in self.because_leaves(node, want)))

    def because_leaves(self, node: ir.Condition, want: bool) -> list[ir.Leaf]:
        """List the questions whose answers make a condition `want`, in the order written."""
        if isinstance(node, ir.Leaf):
            return [node]
        if isinstance(node, ir.Not):
            return self.because_leaves(node.part, not want)
        fitting = [part for part in node.parts if self.referee.truth(part) is want]
        if isinstance(node, ir.All):
            needed = len(node.parts) if want else 1
        elif isinstance(node, ir.Any):
            needed = 1 if want else len(node.parts)
        else:
            needed = node.at_least if want else len(node.parts) - node.at_least + 1
        reasons = [self.because_leaves(part, want) for part in fitting]
        if len(reasons) > needed:
            shortest = sorted(range(len(reasons)), key=lambda i: (len(reasons[i]), i))[:needed]
            reasons = [reasons[i] for i in sorted(shortest)]
        return [leaf for reason in reasons for leaf in reason]

    def missing(self, node: ir.Condition | None) -> Facts:
        """Name the missing facts that could still settle a condition; none if it is settled."""
        if node is None or self.referee.truth(node) is not None:
            return ()
        if isinstance(node, ir.Leaf):
            return self._missing_of_leaf(node)
        if isinstance(node, ir.Not):
            return self.missing(node.part)
        return union(self.missing(part) for part in node.parts)

    def _missing_of_leaf(self, leaf: ir.Leaf) -> Facts:
        fact = leaf.fact
        if fact not in self.referee.by_fact:
            return (fact,)
        key = (fact, leaf.values)
        if key not in self._missing_facts:
            self._missing_facts[key] = self._missing_of_fact(leaf)
        return self._missing_facts[key]

    def _missing_of_fact(self, leaf: ir.Leaf) -> Facts:
        fact = leaf.fact
        if self.referee.concluded(fact).conflict:
            return (fact,)
        wanted = (True,) if leaf.values == (False,) else leaf.values
        found: list[Facts] = []
        for statement in self.referee.by_fact[fact]:
            if statement.conclude is not None and statement.conclude[1] in wanted:
                found.append(self.missing(statement.when))
            for item in statement.items:
                found += [self.missing(option.when) for option in item.best_of]
        return union(found)


def union(parts: Iterable[Facts]) -> Facts:
    """Put facts together, each once, in the order first named."""
    return tuple(dict.fromkeys(fact for part in parts for fact in part))
