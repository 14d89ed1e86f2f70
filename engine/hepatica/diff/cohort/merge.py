"""Two conditions as one tree, with the parts in which they differ marked.

With every part of the old side the tree means the old condition, with every part of the new side
the new one, for unknown too; any mixture is a condition as well. A part is a question that only
one side asks (the other side has what changes nothing in its place), one that both ask with other
values, or one on which both agree but which rests on something that the sides define otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Literal, NamedTuple

from hepatica import ir
from hepatica.diff.normal import Translate, asked, normal
from hepatica.walk import leaves

PartKind = Literal[
    "threshold", "list", "added", "removed", "condition", "rests_on", "dictionary", "applies",
    "contraindications", "other_values", "told", "only_old", "only_new",
]  # fmt: skip
MOST_PARTS = 24
"""A pair of conditions that differs in more parts is compared as a whole."""


class Part(NamedTuple):
    """A part in which two sides differ: what kind, about which facts, and each side's condition."""

    kind: PartKind
    facts: tuple[str, ...] = ()
    old: ir.Condition | None = None
    new: ir.Condition | None = None


class Unit(NamedTuple):
    """A leaf of the tree: what each side asks there; None stands for `neutral`.

    `part` is the number of its part, None where both ask the same.
    """

    old: ir.Condition | None
    new: ir.Condition | None
    neutral: bool
    part: int | None


class Join(NamedTuple):
    """At least so many of these hold."""

    at_least: int
    nodes: tuple[Tree, ...]


Tree = Unit | Join


class Merger:
    """Merges conditions; parts are collected in `parts`, each once."""

    def __init__(
        self, translate: Translate, unequal: Collection[str], otherwise: Collection[str]
    ) -> None:
        """Take how new questions are read, and the facts that the sides define or read otherwise.

        `unequal` are concluded facts that are defined otherwise, `otherwise` those that the two
        dictionaries describe otherwise.
        """
        self.translate = translate
        self.unequal, self.otherwise = frozenset(unequal), frozenset(otherwise)
        self.parts: list[Part] = []

    def merge(self, old: ir.Condition | None, new: ir.Condition | None) -> Tree:
        """Merge two conditions, each in terms of its own dictionary; none at all always holds."""
        mine, its = normal(old), normal(new)
        start = len(self.parts)
        tree = self._merge(mine, its)
        if len(self.parts) - start > MOST_PARTS:
            del self.parts[start:]
            return self._whole(mine, its)
        return tree

    def part(self, part: Part) -> int:
        """Number a part; equal parts are one, wherever they stand."""
        if part not in self.parts:
            self.parts.append(part)
        return self.parts.index(part)

    # --- trees -------------------------------------------------------------------------------

    def _merge(self, old: ir.Condition, new: ir.Condition) -> Tree:
        if self._same(old, new):
            return self._shared(old, new)
        if _is_question(old) and _is_question(new):
            return self._question(old, new)
        if isinstance(old, ir.Count) or isinstance(new, ir.Count):
            return self._count(old, new)
        apart = [n for n in (old, new) if not _is_question(n)]
        kind = ir.All if any(isinstance(n, ir.All) for n in apart) else ir.Any
        mine, its = (
            n.parts if isinstance(n, kind) and n in apart else (n,) for n in (old, new)
        )  # fmt: skip
        nodes = self._together(mine, its, neutral=kind is ir.All)
        return Join(len(nodes) if kind is ir.All else 1, tuple(nodes))

    def _together(
        self, old: Sequence[ir.Condition], new: Sequence[ir.Condition], *, neutral: bool | None
    ) -> list[Tree]:
        """Put the parts of two lists together; what stays alone stands beside what is neutral.

        `neutral` is true for `all`, false for `any`, None for a count, whose parts stay apart.
        """
        found: list[Tree] = []
        mine, its = _grouped(old, is_all=neutral), _grouped(new, is_all=neutral)
        steps: tuple[Callable[[ir.Condition, ir.Condition], float], ...] = (
            self._same, self._same_question, self._nearness,
        )  # fmt: skip
        for near in steps:
            ranked = sorted(
                ((-float(near(a, b)), i, j) for i, a in enumerate(mine) for j, b in enumerate(its)
                 if near(a, b)),
            )  # fmt: skip
            used: tuple[set[int], set[int]] = (set(), set())
            for _, i, j in ranked:
                if i not in used[0] and j not in used[1]:
                    used[0].add(i)
                    used[1].add(j)
                    found.append(self._merge(mine[i], its[j]))
            mine = [m for i, m in enumerate(mine) if i not in used[0]]
            its = [n for j, n in enumerate(its) if j not in used[1]]
        found += [self._alone(m, None, bool(neutral)) for m in mine]
        return found + [self._alone(None, n, bool(neutral)) for n in its]

    def _alone(self, old: ir.Condition | None, new: ir.Condition | None, neutral: bool) -> Unit:
        kind: PartKind = "added" if old is None else "removed"
        number = self.part(Part(kind, _facts(old, new), old, new))
        return Unit(old, new, neutral, number)

    def _whole(self, old: ir.Condition, new: ir.Condition) -> Unit:
        return Unit(old, new, True, self.part(Part("condition", _facts(old, new), old, new)))

    def _question(self, old: ir.Condition, new: ir.Condition) -> Unit:
        if not self._same_question(old, new):
            return self._whole(old, new)
        up_or_down = {q.asks for q in asked([old])} <= {"up", "down"}
        kind: PartKind = "threshold" if up_or_down else "list"
        return Unit(old, new, True, self.part(Part(kind, _facts(old, new), old, new)))

    def _count(self, old: ir.Condition, new: ir.Condition) -> Tree:
        """Merge two counts of as many; one that has no part of its own is not like the other."""
        if (
            not (isinstance(old, ir.Count) and isinstance(new, ir.Count))
            or old.at_least != new.at_least
            or len(old.parts) != len(new.parts)
        ):
            return self._whole(old, new)
        before = len(self.parts)
        nodes = self._together(old.parts, new.parts, neutral=None)
        if len(nodes) != len(old.parts):
            del self.parts[before:]
            return self._whole(old, new)
        return Join(old.at_least, tuple(nodes))

    def _shared(self, old: ir.Condition, new: ir.Condition) -> Tree:
        """Give what both sides ask; where it rests on what they define otherwise, to the leaves."""
        touched = [leaf.fact for leaf in leaves(old)]
        if not (self.unequal | self.otherwise).intersection(touched):
            return Unit(old, new, True, None)
        if _is_question(old):
            kind: PartKind = "rests_on" if touched[0] in self.unequal else "dictionary"
            return Unit(old, new, True, self.part(Part(kind, (touched[0],))))
        assert isinstance(old, ir.All | ir.Any | ir.Count) and type(new) is type(old)
        least = old.at_least if isinstance(old, ir.Count) else 1
        is_all = None if isinstance(old, ir.Count) else isinstance(old, ir.All)
        nodes = tuple(self._together(old.parts, new.parts, neutral=is_all))
        return Join(len(nodes) if is_all else least, nodes)

    # --- likeness ----------------------------------------------------------------------------

    def _same(self, old: ir.Condition, new: ir.Condition) -> bool:
        return old == normal(new, self.translate)

    def _same_question(self, old: ir.Condition, new: ir.Condition) -> bool:
        """Say whether two questions ask the same of the same fact, but for the values."""
        if not (_is_question(old) and _is_question(new)):
            return False
        return asked([old]).keys() == asked([normal(new, self.translate)]).keys()

    def _nearness(self, old: ir.Condition, new: ir.Condition) -> float:
        """Say which share of the facts is asked by both; two single questions are never near."""
        if _is_question(old) and _is_question(new):
            return 0.0
        mine, its = set(_facts(old)), set(_facts(new))
        return len(mine & its) / len(mine | its) if mine | its else 0.0


def units(tree: Tree) -> Iterable[Unit]:
    """Walk over the leaves of a tree."""
    if isinstance(tree, Unit):
        yield tree
    else:
        for node in tree.nodes:
            yield from units(node)


def _is_question(node: ir.Condition) -> bool:
    """Say whether one thing is asked of one fact: a question, or one about a list of values."""
    if isinstance(node, ir.All | ir.Any):
        return len(asked([node])) == 1 and all(map(_is_leaf, node.parts))
    return _is_leaf(node)


def _is_leaf(node: ir.Condition) -> bool:
    return isinstance(node, ir.Leaf) or (
        isinstance(node, ir.Not) and isinstance(node.part, ir.Leaf)
    )


def _grouped(parts: Sequence[ir.Condition], *, is_all: bool | None) -> list[ir.Condition]:
    """Put questions about values of one fact together, as a guideline's list of them."""
    if is_all is None:
        return list(parts)
    found: dict[object, list[ir.Condition]] = {}
    for i, part in enumerate(parts):
        key: object = next(iter(asked([part]))) if _is_leaf(part) else i
        found.setdefault(key, []).append(part)
    kind = ir.All if is_all else ir.Any
    return [of[0] if len(of) == 1 else kind(tuple(of)) for of in found.values()]


def _facts(*nodes: ir.Condition | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(leaf.fact for n in nodes if n is not None for leaf in leaves(n)))
