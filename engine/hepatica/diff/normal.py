"""One form for conditions that mean the same, and what surely follows from what.

The three values are ordered false < unknown < true; then `all` is the least of its parts and `any`
the greatest. So De Morgan, order, nesting, duplicates and absorption hold for unknown too, and a
condition *implies* another when it is never greater, whatever is known of the patient. Everything
here looks at structure only: what it says is so, but it does not see everything that is so.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from hepatica import ir
from hepatica.units import exact, factor

Translate = Callable[[ir.Leaf], ir.Leaf]

ALWAYS = ir.All(())
NEVER = ir.Any(())

_OPPOSITE: dict[ir.Operator, ir.Operator] = {
    "above": "at_most", "at_most": "above", "below": "at_least", "at_least": "below",
}  # fmt: skip
_UPWARDS = ("above", "at_least")
_ONE: dict[ir.Operator, ir.Operator] = {
    "is": "is", "in": "is", "includes": "includes", "includes_any": "includes",
}  # fmt: skip


def as_written(leaf: ir.Leaf) -> ir.Leaf:
    """Leave a question as it is."""
    return leaf


def translator(of: Mapping[str, ir.Fact], to: Mapping[str, ir.Fact]) -> Translate:
    """Give what turns a question in one fact dictionary into the same question in another.

    Numbers are turned into the other's unit. A fact whose type differs, or whose unit cannot be
    turned, is another fact there, even under one name.
    """
    if of == to:
        return as_written

    def translate(leaf: ir.Leaf) -> ir.Leaf:
        one, other = of.get(leaf.fact), to.get(leaf.fact)
        if one is None or other is None or leaf.op == "known":
            return leaf
        if one.type == other.type and one.unit == other.unit:
            return leaf
        ratio = _ratio(one, other) if one.type == other.type == "quantity" else None
        if ratio is None:
            return ir.Leaf(f"{leaf.fact} ({one.unit or one.type})", leaf.op, leaf.values, leaf.line)
        values = tuple(float(exact(float(v)) * ratio) for v in leaf.values)
        return ir.Leaf(leaf.fact, leaf.op, values, leaf.line)

    return translate


def _ratio(one: ir.Fact, other: ir.Fact) -> Fraction | None:
    """Give the ratio from one fact's unit to the other's: UCUM's, or one that either prints."""
    if one.unit is None or other.unit is None:
        return None
    for written in other.other_units:
        if written.unit == one.unit:
            return Fraction(written.factor)
    for written in one.other_units:
        if written.unit == other.unit:
            return 1 / Fraction(written.factor)
    return factor(one.unit, other.unit)


def normal(node: ir.Condition | None, translate: Translate = as_written) -> ir.Condition:
    """Give the normal form of a condition; none at all is one that always holds."""
    return ALWAYS if node is None else _simple(pushed(node, True, translate))


def pushed(node: ir.Condition, want: bool, translate: Translate = as_written) -> ir.Condition:
    """Push negation down to the questions, and take every question with values apart."""
    if isinstance(node, ir.Leaf):
        return _leaf(translate(node), want)
    if isinstance(node, ir.Not):
        return pushed(node.part, not want, translate)
    parts = tuple(pushed(part, want, translate) for part in node.parts)
    if isinstance(node, ir.Count):
        return _count(node.at_least if want else len(parts) - node.at_least + 1, parts)
    return ir.All(parts) if isinstance(node, ir.All) is want else ir.Any(parts)


def _leaf(leaf: ir.Leaf, want: bool) -> ir.Condition:
    fact, op, values = leaf.fact, leaf.op, leaf.values
    if op == "known" or isinstance(values[0], bool):
        return ir.Leaf(fact, op, (bool(values[0]) is want,))
    if op in _ONE:
        asked = [ir.Leaf(fact, _ONE[op], (value,)) for value in values]
        return ir.Any(tuple(asked)) if want else ir.All(tuple(map(ir.Not, asked)))
    # Twelve digits: what was turned from another unit is not another threshold for its rounding.
    numbers = tuple(float(f"{float(value):.12g}") for value in values)
    if op == "between":
        ends = (ir.Leaf(fact, "at_least", numbers[:1]), ir.Leaf(fact, "at_most", numbers[1:]))
        return ir.All(ends) if want else ir.Any(tuple(_leaf(end, False) for end in ends))
    return ir.Leaf(fact, op if want else _OPPOSITE[op], numbers)


def _count(at_least: int, parts: tuple[ir.Condition, ...]) -> ir.Condition:
    if at_least <= 0:
        return ALWAYS
    if at_least > len(parts):
        return NEVER
    if at_least == 1:
        return ir.Any(parts)
    return ir.All(parts) if at_least == len(parts) else ir.Count(at_least, parts)


def _simple(node: ir.Condition) -> ir.Condition:
    """Flatten, drop what adds nothing, and put in order; negation stands at questions only."""
    if isinstance(node, ir.Leaf | ir.Not):
        return node
    parts = [_simple(part) for part in node.parts]
    if isinstance(node, ir.Count):
        needed = node.at_least - parts.count(ALWAYS)
        left = tuple(sorted((p for p in parts if p not in (ALWAYS, NEVER)), key=_key))
        counted = _count(needed, left)
        return counted if isinstance(counted, ir.Count) else _simple(counted)
    kind, absorbing = (ir.All, NEVER) if isinstance(node, ir.All) else (ir.Any, ALWAYS)
    flat: list[ir.Condition] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else (part,)
    if absorbing in flat:
        return absorbing
    unique = sorted(dict.fromkeys(flat), key=_key)
    kept = _needed(unique, isinstance(node, ir.All))
    return kept[0] if len(kept) == 1 else kind(tuple(kept))


def _needed(parts: list[ir.Condition], is_all: bool) -> list[ir.Condition]:
    """Drop what another part makes superfluous."""
    kept = list(parts)
    for part in parts:
        others = [other for other in kept if other is not part]
        if any(implies(o, part) if is_all else implies(part, o) for o in others):
            kept = others
    return kept


def _key(node: ir.Condition) -> str:
    if isinstance(node, ir.Leaf):
        return f"{node.fact} {node.op} {node.values}"
    if isinstance(node, ir.Not):
        return f"{_key(node.part)} not"
    head = f"~{node.at_least}" if isinstance(node, ir.Count) else f"~{type(node).__name__}"
    return f"{head}({', '.join(map(_key, node.parts))})"


def implies(one: ir.Condition, other: ir.Condition) -> bool:
    """Say whether one normal form is surely never greater than another.

    Then whoever fits the one fits the other. False only means that the structure does not show it.
    """
    return _implies(one, other, {})


def _implies(
    one: ir.Condition, other: ir.Condition, seen: dict[tuple[ir.Condition, ir.Condition], bool]
) -> bool:
    if one == other:
        return True
    pair = (one, other)
    if pair not in seen:
        seen[pair] = _follows(one, other, seen)
    return seen[pair]


def _follows(
    one: ir.Condition, other: ir.Condition, seen: dict[tuple[ir.Condition, ir.Condition], bool]
) -> bool:
    if isinstance(one, ir.Any):
        return all(_implies(part, other, seen) for part in one.parts)
    if isinstance(other, ir.All):
        return all(_implies(one, part, seen) for part in other.parts)
    if isinstance(one, ir.All) and any(_implies(part, other, seen) for part in one.parts):
        return True
    if isinstance(other, ir.Any) and any(_implies(one, part, seen) for part in other.parts):
        return True
    if isinstance(other, ir.Any | ir.Count) and isinstance(one, ir.All | ir.Count):
        have = one.at_least if isinstance(one, ir.Count) else len(one.parts)
        needed = other.at_least if isinstance(other, ir.Count) else 1
        return have - len(_unmatched(one.parts, other.parts)) >= needed
    if isinstance(one, ir.Leaf) and isinstance(other, ir.Leaf):
        return _leaf_implies(one, other)
    if isinstance(one, ir.Leaf) and isinstance(other, ir.Not):  # a code has one value
        asked = other.part
        assert isinstance(asked, ir.Leaf)
        return one.fact == asked.fact and one.op == asked.op == "is" and one.values != asked.values
    return False


def _unmatched(
    parts: tuple[ir.Condition, ...], among: tuple[ir.Condition, ...]
) -> list[ir.Condition]:
    """List the parts that have no equal of their own among others."""
    left = list(among)
    found = []
    for part in parts:
        if part in left:
            left.remove(part)
        else:
            found.append(part)
    return found


def _leaf_implies(one: ir.Leaf, other: ir.Leaf) -> bool:
    if one.fact != other.fact or one.op not in _OPPOSITE or other.op not in _OPPOSITE:
        return False
    mine, its = float(one.values[0]), float(other.values[0])
    if one.op in _UPWARDS:
        return other.op in _UPWARDS and (mine > its or (mine == its and one.op == "above"))
    return other.op not in _UPWARDS and (mine < its or (mine == its and one.op == "below"))


# --- questions, for comparing them one by one ------------------------------------------------


class Question(NamedTuple):
    """What a condition asks of a fact, in one direction.

    `asks` is one of `is`, `is not`, `includes`, `includes not`, `up`, `down`, `known`.
    """

    fact: str
    asks: str


Asked = dict[Question, frozenset[ir.Leaf]]


def asked(nodes: Iterable[ir.Condition]) -> Asked:
    """Collect the questions of conditions whose negation was pushed down, with their values.

    Of a list every value is a question of its own (`is` or `includes` one value).
    """
    found: dict[Question, set[ir.Leaf]] = {}
    for node in nodes:
        for leaf, want in literals(node):
            found.setdefault(_question(leaf, want), set()).add(leaf)
    return {question: frozenset(leaves) for question, leaves in found.items()}


def literals(node: ir.Condition) -> Iterable[tuple[ir.Leaf, bool]]:
    """List the questions of a condition whose negation was pushed down, and whether not negated."""
    if isinstance(node, ir.Leaf):
        return [(node, True)]
    if isinstance(node, ir.Not):
        assert isinstance(node.part, ir.Leaf)
        return [(node.part, False)]
    return itertools.chain.from_iterable(map(literals, node.parts))


def _question(leaf: ir.Leaf, want: bool) -> Question:
    if leaf.op in _OPPOSITE:
        return Question(leaf.fact, "up" if leaf.op in _UPWARDS else "down")
    return Question(leaf.fact, leaf.op if want else f"{leaf.op} not")
