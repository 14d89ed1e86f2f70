"""Small walks over the typed form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hepatica import ir


def leaves(node: ir.Condition) -> Iterator[ir.Leaf]:
    """Walk over every leaf of a condition, from left to right."""
    if isinstance(node, ir.Leaf):
        yield node
    elif isinstance(node, ir.Not):
        yield from leaves(node.part)
    else:
        for part in node.parts:
            yield from leaves(part)


def unplaced(node: ir.Condition) -> ir.Condition:
    """Leave the lines out, so that a condition that only moved is the same one."""
    if isinstance(node, ir.Leaf):
        return ir.replace(node, line=0)
    if isinstance(node, ir.Not):
        return ir.Not(unplaced(node.part))
    return ir.replace(node, line=0, parts=tuple(map(unplaced, node.parts)))


def conditions_of(statement: ir.Statement) -> Iterator[ir.Condition]:
    """Walk over the conditions that decide a statement (not those of its doses)."""
    if statement.when is not None:
        yield statement.when
    for item in statement.items:
        for option in item.best_of:
            yield option.when


def concludes(statement: ir.Statement) -> str | None:
    """Name the fact a definition or score concludes; None for other kinds."""
    return statement.conclude[0] if statement.conclude else statement.score


def active(statements: Iterable[ir.Statement]) -> tuple[ir.Statement, ...]:
    """Leave out retired statements."""
    return tuple(s for s in statements if s.status != "retired")
