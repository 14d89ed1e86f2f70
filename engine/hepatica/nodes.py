"""What conditions are lowered to: nodes without negation, two of them a question."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from hepatica import ir


class Ask(msgspec.Struct, frozen=True):
    """Is this fact given, and does the comparison come out as `want`?"""

    leaf: ir.Leaf
    want: bool


class Given(msgspec.Struct, frozen=True):
    """Is this fact given (`want` true), or not given (`want` false)? With bounds alone: neither."""

    fact: str
    want: bool


class And(msgspec.Struct, frozen=True):
    """All of these nodes. Of none: always on."""

    parts: tuple[int, ...]


class Or(msgspec.Struct, frozen=True):
    """One of these nodes. Of none: never on."""

    parts: tuple[int, ...]


class Weigh(msgspec.Struct, frozen=True):
    """The weights of the nodes that are on add up to at least so much."""

    parts: tuple[tuple[int, int], ...]
    at_least: int


class Without(msgspec.Struct, frozen=True):
    """This node stays off, everything below it being finished."""

    part: int


Node = Ask | Given | And | Or | Weigh | Without


class Rail(NamedTuple):
    """The two nodes of a condition."""

    true: int
    false: int


class Rails(NamedTuple):
    """A guideline as rails.

    `nodes` are in order, children first; `levels` counts, for each, the `Without` below it;
    `statements` and `applies` say where the answers are; `concluded` where each value of a
    concluded fact is settled by the definitions alone.
    """

    guideline: str
    nodes: tuple[Node, ...]
    levels: tuple[int, ...]
    statements: dict[str, Rail]
    applies: Rail
    concluded: dict[str, dict[ir.Value, Rail]]


def children(node: Node) -> tuple[int, ...]:
    """List the nodes a node is made of."""
    if isinstance(node, And | Or):
        return node.parts
    if isinstance(node, Weigh):
        return tuple(number for number, _ in node.parts)
    return (node.part,) if isinstance(node, Without) else ()
