"""A domain small enough to try every patient there can be, and rule sets over it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hypothesis import strategies as st
from strategies import Given, conditions, guideline, statement

from hepatica import ir
from hepatica.case import contradictions
from hepatica.witness import Concludes, Holds, Question, Said, Status

CUTS = (0.0, 5.0)
SMALL: dict[str, ir.Fact] = {
    "flag_0": ir.Fact("flag_0", "t", "f", "boolean"),
    "pair": ir.Fact("pair", "t", "p", "code", values={"x": "", "y": ""}),
    "drugs": ir.Fact("drugs", "t", "d", "codes", values={"p": "", "q": ""}),
    "number_0": ir.Fact("number_0", "t", "n", "quantity", unit="1", range=(-10, 10)),
    "verdict_1": ir.Fact("verdict_1", "t", "v", "boolean"),
    "stage": ir.Fact(
        "stage", "t", "s", "code", values={"s1": "", "s2": ""},
        implies=(
            ir.Implication(ir.Leaf("stage", "is", ("s2",)), ir.Leaf("flag_0", "is", (True,))),
        ),
    ),
}  # fmt: skip
VALUES: dict[str, tuple[ir.Value | tuple[str, ...] | None, ...]] = {
    "flag_0": (None, True, False),
    "pair": (None, "x", "y"),
    "drugs": (None, (), ("p",), ("q",), ("p", "q")),
    "number_0": (None, -1.0, 0.0, 1.0, 5.0, 6.0),
    "verdict_1": (None, True, False),
    "stage": (None, "s1", "s2"),
}


def everyone() -> Iterator[Given]:
    """Every patient there can be, up to numbers that no question tells apart."""
    for values in itertools.product(*VALUES.values()):
        patient = {n: v for n, v in zip(VALUES, values, strict=True) if v is not None}
        if not contradictions(SMALL, patient):
            yield patient


def small_leaf(node: ir.Condition) -> ir.Condition:
    """Keep a drawn condition within the small domain's values and thresholds."""
    if isinstance(node, ir.Leaf):
        fact = SMALL[node.fact]
        if node.op == "known" or fact.type == "boolean":
            return node
        if fact.type == "quantity":
            ends = sorted(CUTS[int(abs(float(v))) % 2] for v in node.values)
            return ir.Leaf(node.fact, node.op, tuple(ends))
        wanted = {"c": "x", "r": "p", "s3": "s2", "a": "x", "b": "y"}
        values = tuple(dict.fromkeys(wanted.get(str(v), str(v)) for v in node.values))
        return ir.Leaf(node.fact, node.op, values)
    if isinstance(node, ir.Not):
        return ir.Not(small_leaf(node.part))
    parts = tuple(map(small_leaf, node.parts))
    return ir.Count(node.at_least, parts) if isinstance(node, ir.Count) else type(node)(parts)


def small(names: list[str], depth: int) -> st.SearchStrategy[ir.Condition]:
    return conditions(names, depth).map(small_leaf)


BASE = ["flag_0", "pair", "drugs", "number_0"]


@st.composite
def small_guidelines(draw: st.DrawFn) -> ir.Guideline:
    every = [*BASE, "verdict_1", "stage"]
    statements = [
        statement("d0", "definition", when=draw(small(BASE, 1)), conclude=("verdict_1", True)),
        statement("d1", "definition", when=draw(small(BASE, 1)), conclude=("stage", "s1")),
        statement("d2", "definition", when=draw(small(BASE, 1)), conclude=("stage", "s2")),
        statement("r0", "recommendation", when=draw(small(every, 2)),
                  recommend=ir.Recommend("start", (("drug_a",), ("drug_b",)))),
        statement("r1", "recommendation", when=draw(small(BASE, 1)),
                  recommend=ir.Recommend("start", (("drug_a", "drug_b"),))),
        statement("c0", "contraindication", when=draw(small(BASE, 1)),
                  avoid=ir.Avoid(interventions=("drug_a",))),
    ]  # fmt: skip
    return guideline(statements, draw(st.none() | small(BASE, 0)))


QUESTIONS: tuple[Question, ...] = (
    Holds("g/t/r0"),
    Concludes("stage", "s1"),
    Concludes("verdict_1", True),
    Status("g/t/r0"),
    Status("g/t/r0", ("drug_a",)),
    Said("start", "drug_a"),
)
EVERYONE = list(everyone())


def pigeons(number: int) -> tuple[ir.Condition, dict[str, ir.Fact]]:
    """Pigeons that each have one of too few holes to themselves: never true, hard to prove."""
    facts = {
        f"p{i}_{j}": ir.Fact(f"p{i}_{j}", "t", "p", "boolean")
        for i in range(number)
        for j in range(number - 1)
    }
    sits = {name: ir.Leaf(name, "is", (True,)) for name in facts}
    parts: list[ir.Condition] = [
        ir.Any(tuple(sits[f"p{i}_{j}"] for j in range(number - 1))) for i in range(number)
    ]
    for j in range(number - 1):
        for i, k in itertools.combinations(range(number), 2):
            parts.append(ir.Any((ir.Not(sits[f"p{i}_{j}"]), ir.Not(sits[f"p{k}_{j}"]))))
    return ir.All(tuple(parts)), facts
