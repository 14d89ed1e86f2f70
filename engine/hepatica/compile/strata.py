"""Nodes put in steps: what is used more than once is worked out once, the rest where it is used.

Each step uses only what earlier steps have worked out, so that a table engine can make one
selection of each. What cannot be, since a fact is not in the table at all, is left out before.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from hepatica import ir
from hepatica.nodes import And, Ask, Given, Node, Or, Weigh, Without, children

DEEP = 24
"""How deep an expression may become before a part gets a column of its own: engines recurse."""


class Strata:
    """Some nodes, and all below them, in steps.

    `answer` gives, for each asked node, a constant or the number of a node; `nodes` are those that
    are left, with their parts; `steps` lists the nodes that get a column, step by step.
    """

    def __init__(
        self, nodes: list[Node], roots: Iterable[int], given: Container[str],
        bounded: Container[str] = (),
    ) -> None:  # fmt: skip
        """Take all nodes, the asked ones, the facts that the table has, and has bounds of.

        A fact without bounds is given or it is not, so that what asks for a third is left out.
        """
        self._bounded = bounded
        self.nodes: dict[int, Node] = {}
        self._numbers: dict[Node, int] = {}
        self._resolved: list[bool | int] = []
        for number, node in enumerate(nodes):
            self._resolved.append(self._resolve(number, node, given))
        wanted = [self._resolved[root] for root in roots]
        self._put_in_steps([n for n in wanted if not isinstance(n, bool)])

    def answer(self, root: int) -> bool | int:
        """Say what became of an asked node: always on or off, or the number of a node."""
        return self._resolved[root]

    # --- what is left of a node --------------------------------------------------------------

    def _resolve(self, number: int, node: Node, given: Container[str]) -> bool | int:
        if isinstance(node, Ask):
            return self._keep(number, node) if node.leaf.fact in given else False
        if isinstance(node, Given):
            return self._keep(number, node) if node.fact in given else not node.want
        if isinstance(node, Without):
            part = self._resolved[node.part]
            return (not part) if isinstance(part, bool) else self._keep(number, Without(part))
        if isinstance(node, Weigh):
            return self._resolve_weigh(number, node)
        absorbing = isinstance(node, Or)
        parts = [self._resolved[part] for part in node.parts]
        if any(part is absorbing for part in parts):
            return absorbing
        return self._keep_parts(number, [p for p in parts if not isinstance(p, bool)], absorbing)

    def _keep_parts(self, number: int, parts: list[int], any_: bool) -> bool | int:
        left = tuple(dict.fromkeys(parts))
        if any_ and self._is_always(left):
            return True
        if len(left) < 2:
            return left[0] if left else not any_
        return self._keep(number, Or(left) if any_ else And(left))

    def _is_always(self, parts: tuple[int, ...]) -> bool:
        """Say whether it is asked if a fact is given or is not, of which there are no bounds."""
        asked = [n for n in map(self.nodes.get, parts) if isinstance(n, Given)]
        given, absent = ({n.fact for n in asked if n.want is want} for want in (True, False))
        return any(fact not in self._bounded for fact in given & absent)

    def _resolve_weigh(self, number: int, node: Weigh) -> bool | int:
        """Leave constants out of a count; one that needs all parts, or any, is no count."""
        at_least = node.at_least
        weights: dict[int, int] = {}
        for part, weight in node.parts:
            left = self._resolved[part]
            if left is True:
                at_least -= weight
            elif left is not False:
                weights[left] = weights.get(left, 0) + weight
        total = sum(weights.values())
        if at_least <= 0 or total < at_least:
            return at_least <= 0
        lightest = min(weights.values())
        if lightest >= at_least or total - lightest < at_least:
            return self._keep_parts(number, list(weights), lightest >= at_least)
        return self._keep(number, Weigh(tuple(weights.items()), at_least))

    def _keep(self, number: int, node: Node) -> int:
        kept = self._numbers.setdefault(node, number)
        self.nodes.setdefault(kept, node)
        return kept

    # --- steps -------------------------------------------------------------------------------

    def _put_in_steps(self, roots: list[int]) -> None:
        uses: dict[int, int] = {}
        for root in roots:
            uses[root] = uses.get(root, 0) + 1
        for number in sorted(self.nodes, reverse=True):
            if number not in uses:
                del self.nodes[number]
                continue
            for child in dict.fromkeys(children(self.nodes[number])):
                uses[child] = uses.get(child, 0) + 1
        self.steps: list[list[int]] = []
        self.named: set[int] = set()
        ready: dict[int, int] = {}  # the number of steps that must have been made
        depth: dict[int, int] = {}
        for number in sorted(self.nodes):
            parts = children(self.nodes[number])
            ready[number] = max((ready[part] for part in parts), default=0)
            depth[number] = 1 + max((depth[part] for part in parts), default=0)
            if self._is_at_hand(self.nodes[number]):
                continue
            if uses[number] > 1 or depth[number] >= DEEP:
                step = ready[number]
                while len(self.steps) <= step:
                    self.steps.append([])
                self.steps[step].append(number)
                self.named.add(number)
                ready[number], depth[number] = step + 1, 0

    def _is_at_hand(self, node: Node) -> bool:
        """Say whether a node is a column already, or the opposite of one."""
        if isinstance(node, Without):
            inner = self.nodes[node.part]
            return node.part in self.named or _is_question(inner)
        return _is_question(node)

    def leaves(self) -> list[ir.Leaf]:
        """List the questions that are asked, on either rail, those about one fact together."""
        found = {n.leaf: None for n in self.nodes.values() if isinstance(n, Ask)}
        return sorted(found, key=lambda leaf: (leaf.fact, leaf.op, str(leaf.values)))

    def asked_given(self) -> list[str]:
        """List the facts of which it matters whether they are given."""
        found = {n.fact for n in self.nodes.values() if isinstance(n, Given)}
        found |= {n.leaf.fact for n in self.nodes.values() if isinstance(n, Ask) and not n.want}
        return sorted(found)


def _is_question(node: Node) -> bool:
    return isinstance(node, Given) or (isinstance(node, Ask) and node.want)
