"""Conditions with one thing changed: what a slip of the pen would have made of them.

A change is worth asking about only if it could have been written: thresholds stay within the
plausible range of their fact, counts can be reached. The same change is never made twice, and one
that is another way to write the same question is not made at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from hepatica import ir
from hepatica.derivation import Count
from hepatica.parse.conditions import plain
from hepatica.walk import unplaced

Kind = Literal[
    "threshold", "operator", "connective", "count", "negation", "part", "value", "answer",
    "points", "conclusion", "avoidance", "option", "applies",
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "threshold", "operator", "connective", "count", "negation", "part", "value", "answer",
    "points", "conclusion", "avoidance", "option", "applies",
)  # fmt: skip

_STRICT: dict[ir.Operator, ir.Operator] = {
    "above": "at_least", "at_least": "above", "below": "at_most", "at_most": "below",
}  # fmt: skip


class Change(NamedTuple):
    """A condition with one thing changed: what kind of thing, in which line, from what to what.

    `leaf` is the question that was changed, None where it was a connective or a whole part. `pool`
    is what a value taken out of a list has in common wherever the guideline asks the same list.
    """

    condition: ir.Condition
    kind: Kind
    line: int
    was: str
    now: str
    leaf: ir.Leaf | None = None
    pool: tuple[object, ...] | None = None


def changes(condition: ir.Condition, facts: Mapping[str, ir.Fact]) -> Iterator[Change]:
    """Make every change of one thing in a condition, each different one once."""
    seen = {unplaced(condition)}
    for change in _changes(condition, facts, negate=True):
        shape = unplaced(change.condition)
        if shape not in seen:
            seen.add(shape)
            yield change


def _changes(node: ir.Condition, facts: Mapping[str, ir.Fact], *, negate: bool) -> Iterator[Change]:
    if isinstance(node, ir.Leaf):
        yield from _of_leaf(node, facts[node.fact], negate)
        return
    if isinstance(node, ir.Not):
        was = f"not: {shown(node.part)}"
        yield Change(node.part, "negation", node.line, was, shown(node.part))
        for inner in _changes(node.part, facts, negate=False):  # the same as taking it away
            yield inner._replace(condition=ir.replace(node, part=inner.condition))
        return
    if negate:
        yield Change(ir.Not(node, node.line), "negation", node.line, shown(node), "the opposite")
    yield from _of_connective(node)
    for i, part in enumerate(node.parts):
        for inner in _changes(part, facts, negate=True):
            parts = (*node.parts[:i], inner.condition, *node.parts[i + 1 :])
            yield inner._replace(condition=ir.replace(node, parts=parts))


def _of_connective(node: ir.All | ir.Any | ir.Count) -> Iterator[Change]:
    parts, line = node.parts, node.line
    if isinstance(node, ir.Count):
        for number in (node.at_least - 1, node.at_least + 1):
            if 1 <= number <= len(parts):
                was, now = f"at least {node.at_least} of {len(parts)}", f"at least {number}"
                yield Change(ir.replace(node, at_least=number), "count", line, was, now)
    elif len(parts) > 1:
        other: ir.Condition = ir.Any(parts, line) if isinstance(node, ir.All) else ir.All(parts)
        words = ("all", "any") if isinstance(node, ir.All) else ("any", "all")
        was = f"{words[0]} of {len(parts)}"
        yield Change(other, "connective", line, was, f"{words[1]} of {len(parts)}")
    least = node.at_least if isinstance(node, ir.Count) else 1
    for i, part in enumerate(parts):
        rest = (*parts[:i], *parts[i + 1 :])
        if len(rest) < least or not rest:
            continue
        fewer = rest[0] if len(rest) == 1 else ir.replace(node, parts=rest)
        leaf = part if isinstance(part, ir.Leaf) else None
        yield Change(fewer, "part", part.line or line, shown(part), "left out", leaf)


# --- one question ----------------------------------------------------------------------------


def _of_leaf(leaf: ir.Leaf, fact: ir.Fact, negate: bool) -> Iterator[Change]:
    def change(kind: Kind, new: ir.Condition, now: str) -> Change:
        return Change(new, kind, leaf.line, shown(leaf), now, leaf)

    if isinstance(leaf.values[0], bool):  # `is` of a boolean, or `known`
        turned = ir.replace(leaf, values=(not leaf.values[0],))
        if negate:
            yield change("answer", turned, shown(turned, fact=False))
        return
    if negate:
        yield change("negation", ir.Not(leaf, leaf.line), "the opposite")
    if fact.type == "quantity":
        for kind, new, now in _of_number(leaf, fact):
            yield change(kind, new, now)
        return
    single: ir.Operator = "includes" if fact.type == "codes" else "is"
    if len(leaf.values) == 1:
        values = list(fact.values)
        if len(values) > 1:
            after = values[(values.index(str(leaf.values[0])) + 1) % len(values)]
            new = ir.replace(leaf, op=single, values=(after,))
            yield change("value", new, shown(new, fact=False))
        return
    for value in leaf.values:
        rest = tuple(v for v in leaf.values if v != value)
        new = ir.replace(leaf, op=single if len(rest) == 1 else leaf.op, values=rest)
        pool = (leaf.fact, leaf.op, frozenset(leaf.values), value)
        yield change("value", new, f"without {value}")._replace(pool=pool)


def _of_number(leaf: ir.Leaf, fact: ir.Fact) -> Iterator[tuple[Kind, ir.Condition, str]]:
    if leaf.op == "between":
        low, high = map(float, leaf.values)
        for ends in ((moved, high) for moved in _near(low, fact)):
            if ends[0] <= high:
                yield "threshold", ir.replace(leaf, values=ends), _between(*ends)
        for ends in ((low, moved) for moved in _near(high, fact)):
            if low <= ends[1]:
                yield "threshold", ir.replace(leaf, values=ends), _between(*ends)
        lower = ir.replace(leaf, op="at_least", values=(low,))
        upper = ir.replace(leaf, op="at_most", values=(high,))
        above, below = ir.replace(lower, op="above"), ir.replace(upper, op="below")
        if low < high:
            now = _between(low, high)
            yield "operator", ir.All((above, upper), leaf.line), f"{now}, without {plain(low)}"
            yield "operator", ir.All((lower, below), leaf.line), f"{now}, without {plain(high)}"
        return
    threshold = float(leaf.values[0])
    turned = ir.replace(leaf, op=_STRICT[leaf.op])
    yield "operator", turned, shown(turned, fact=False)
    for moved in _near(threshold, fact):
        new = ir.replace(leaf, values=(moved,))
        yield "threshold", new, shown(new, fact=False)


def _near(threshold: float, fact: ir.Fact) -> list[float]:
    """Give the threshold a little lower and a little higher, where that is plausible."""
    low, high = fact.range or (-math.inf, math.inf)
    size = step(threshold, fact)
    near = (round(threshold - size, 12), round(threshold + size, 12))
    return [n for n in near if low <= n <= high]


def step(threshold: float, fact: ir.Fact) -> float:
    """Say what "a little" is: one in the second digit of a threshold, and at least 1 of a count."""
    if not threshold:
        return 1.0
    size = 10.0 ** (math.floor(math.log10(abs(threshold))) - 1)
    return max(size, 1.0) if is_counted(fact) else size


def is_counted(fact: ir.Fact) -> bool:
    """Say whether a quantity comes in whole numbers: points, days, how often something was."""
    return fact.unit in ("{score}", "d") or isinstance(fact.derive, Count)


# --- words -----------------------------------------------------------------------------------


def shown(node: ir.Condition, *, fact: bool = True) -> str:
    """Write a condition in short, as in the file; a long one by its connective only."""
    if isinstance(node, ir.Leaf):
        values = [plain(v) if isinstance(v, float) else str(v).lower() for v in node.values]
        listed = node.op in ("in", "includes_any", "between")
        said = f"{node.op} {'[' + ', '.join(values) + ']' if listed else values[0]}"
        return f"{node.fact} {said}" if fact else said
    if isinstance(node, ir.Not):
        return f"not: {shown(node.part)}"
    if isinstance(node, ir.Count):
        return f"at least {node.at_least} of {len(node.parts)}"
    return f"{'all' if isinstance(node, ir.All) else 'any'} of {len(node.parts)}"


def _between(low: float, high: float) -> str:
    return f"between [{plain(low)}, {plain(high)}]"
