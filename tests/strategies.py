"""Random knowledge and patients, for properties.

Facts of every type; definitions in layers (a layer asks only about facts and earlier conclusions):
booleans, codes that can conflict, sets, scores with negative points and best-of items; conditions
up to depth 4 with negation, counts, sets and `known`; patients with holes, whose numbers lie at and
next to the thresholds, and who sometimes come with a conclusion ready made.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from hypothesis import strategies as st

from hepatica import ir

SOURCE = ir.Source(ref="s", label="page", locator="1", confidence="candidate")
THRESHOLDS = (0.0, 1.5, 5.0, 450.0)
Given = dict[str, ir.Value | tuple[str, ...]]


class Drawn(NamedTuple):
    knowledge: ir.Knowledge
    guideline: ir.Guideline
    patients: list[Given]


def near(threshold: float) -> tuple[float, float, float]:
    return (math.nextafter(threshold, -math.inf), threshold, math.nextafter(threshold, math.inf))


BASE: dict[str, ir.Fact] = {
    **{f"flag_{i}": ir.Fact(f"flag_{i}", "t", f"flag {i}", "boolean") for i in range(3)},
    **{
        f"number_{i}": ir.Fact(f"number_{i}", "t", "n", "quantity", unit="1", range=(-1e3, 1e3))
        for i in range(3)
    },
    "code": ir.Fact("code", "t", "code", "code", values={"a": "", "b": "", "c": ""}),
    "pair": ir.Fact("pair", "t", "pair", "code", values={"x": "", "y": ""}),
    "drugs": ir.Fact("drugs", "t", "drugs", "codes", values={"p": "", "q": "", "r": ""}),
}
CONCLUDED: dict[str, ir.Fact] = {
    "verdict_1": ir.Fact("verdict_1", "t", "v", "boolean"),
    "verdict_2": ir.Fact("verdict_2", "t", "v", "boolean"),
    "stage": ir.Fact("stage", "t", "stage", "code", values={"s1": "", "s2": "", "s3": ""}),
    "solo": ir.Fact("solo", "t", "solo", "code", values={"only": "", "never": ""}),
    "traits": ir.Fact("traits", "t", "traits", "codes", values={"t1": "", "t2": "", "t3": ""}),
    "points": ir.Fact("points", "t", "points", "quantity", unit="1", range=(-20, 20)),
    "late": ir.Fact("late", "t", "late", "boolean"),
}
FACTS = BASE | CONCLUDED


def leaf(names: list[str], known: bool = True) -> st.SearchStrategy[ir.Condition]:
    @st.composite
    def draw_leaf(draw: st.DrawFn) -> ir.Condition:
        fact = FACTS[draw(st.sampled_from(names))]
        if known and draw(st.integers(0, 7)) == 0:
            return ir.Leaf(fact.id, "known", (draw(st.booleans()),))
        if fact.type == "boolean":
            return ir.Leaf(fact.id, "is", (draw(st.booleans()),))
        if fact.type in ("code", "codes"):
            values = st.lists(st.sampled_from(list(fact.values)), min_size=1, unique=True)
            chosen = tuple(draw(values))
            one: ir.Operator = "is" if fact.type == "code" else "includes"
            many: ir.Operator = "in" if fact.type == "code" else "includes_any"
            return ir.Leaf(fact.id, many if len(chosen) > 1 else one, chosen)
        limits = [2.0, 0.0, 1.5, -1.0, 4.0] if fact.id == "points" else list(THRESHOLDS)
        first = draw(st.sampled_from(limits))
        op: ir.Operator = draw(
            st.sampled_from(("above", "at_least", "below", "at_most", "between"))
        )
        if op == "between":
            second = draw(st.sampled_from(limits))
            return ir.Leaf(fact.id, op, (min(first, second), max(first, second)))
        return ir.Leaf(fact.id, op, (first,))

    return draw_leaf()


def conditions(
    names: list[str], depth: int = 4, known: bool = True
) -> st.SearchStrategy[ir.Condition]:
    strategy = leaf(names, known)
    for _ in range(depth):
        inner = strategy
        parts = st.lists(inner, min_size=1, max_size=3).map(tuple)
        strategy = st.one_of(
            leaf(names, known),
            parts.map(ir.All),
            parts.map(ir.Any),
            inner.map(ir.Not),
            st.lists(inner, min_size=2, max_size=4).flatmap(
                lambda ps: st.integers(1, len(ps)).map(lambda n: ir.Count(n, tuple(ps)))
            ),
        )
    return strategy


def statement(name: str, kind: ir.Kind, **fields: object) -> ir.Statement:
    return ir.Statement(
        id=f"g/t/{name}", guideline="g", title=name, kind=kind, status="draft", since="0.1.0",
        text=name, source=SOURCE, **fields,  # type: ignore[arg-type]
    )  # fmt: skip


def guideline(statements: list[ir.Statement], applies: ir.Condition | None = None) -> ir.Guideline:
    return ir.Guideline(
        id="g", title="G", short="G", publisher="", edition="", published="2025",
        version="0.1.0", status="draft", experimental=True, text="", not_sourced="", copyright="",
        applies=applies, includes=(), statements=tuple(statements), definitions=(),
        references={}, digest="",
    )  # fmt: skip


def knowledge(of: ir.Guideline, facts: dict[str, ir.Fact] | None = None) -> ir.Knowledge:
    drugs = {n: ir.Intervention(n, n, "drug", ("cls",)) for n in ("drug_a", "drug_b")}
    return ir.Knowledge(facts or FACTS, drugs, {"cls": "a class"}, {of.id: of})


@st.composite
def scores(draw: st.DrawFn, names: list[str], known: bool) -> ir.Statement:
    items = []
    for i in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            points = draw(st.integers(-3, 3))
            when = draw(conditions(names, 1, known))
            options: tuple[ir.ScoreOption, ...] = (ir.ScoreOption(points, when),)
        else:
            rungs = sorted(draw(st.lists(st.integers(0, 4), min_size=2, max_size=3)))
            options = tuple(ir.ScoreOption(p, draw(conditions(names, 1, known))) for p in rungs)
        items.append(ir.ScoreItem(f"item {i}", options))
    return statement("points", "score", score="points", items=tuple(items))


@st.composite
def rule_sets(draw: st.DrawFn, known: bool = True) -> ir.Guideline:
    base = list(BASE)
    layers: list[list[tuple[str, ir.Value]]] = [
        [("verdict_1", True), ("stage", "s1"), ("stage", "s2"), ("traits", "t1")],
        [("verdict_2", True), ("stage", "s1"), ("stage", "s3"), ("traits", "t2"), ("solo", "only")],
        [("late", True)],
    ]
    # A fact is asked about after all its definitions: later layers ask about earlier ones.
    askable = [base, [*base, "verdict_1"], [*base, "verdict_1", "verdict_2", "stage", "solo"]]
    statements: list[ir.Statement] = []
    concluded: list[str] = []
    number = 0
    for layer, names in zip(layers, askable, strict=True):
        for fact, value in layer:
            if draw(st.integers(0, 3)) == 0:
                continue
            asked = [n for n in names if n in base or n in concluded or n == "stage"]
            when = draw(conditions(asked, 2, known))
            statements.append(
                statement(f"d{number}", "definition", when=when, conclude=(fact, value))
            )
            concluded.append(fact)
            number += 1
    if draw(st.booleans()):
        statements.append(draw(scores([*base, "verdict_1", "stage"], known)))
    every = list(FACTS)
    for i in range(draw(st.integers(1, 4))):
        when = draw(conditions(every, 4, known))
        statements.append(
            statement(f"r{i}", "recommendation", when=when,
                      recommend=ir.Recommend("start", (("drug_a",), ("drug_b",))))
        )  # fmt: skip
    if draw(st.booleans()):
        when = draw(conditions(every, 2, known))
        avoid = ir.Avoid(interventions=("drug_a",))
        statements.append(statement("c0", "contraindication", when=when, avoid=avoid))
    applies = draw(st.none() | conditions(base, 1, known))
    return guideline(statements, applies)


@st.composite
def patients(draw: st.DrawFn) -> Given:
    found: Given = {}
    for fact in FACTS.values():
        hole = draw(st.integers(0, 9))
        if hole < (8 if fact.id in CONCLUDED else 3):
            continue
        if fact.type == "boolean":
            found[fact.id] = draw(st.booleans())
        elif fact.type == "code":
            found[fact.id] = draw(st.sampled_from(list(fact.values)))
        elif fact.type == "codes":
            chosen = draw(st.lists(st.sampled_from(list(fact.values)), unique=True))
            found[fact.id] = tuple(sorted(chosen))
        else:
            found[fact.id] = draw(st.sampled_from([v for t in THRESHOLDS for v in near(t)]))
    return found


@st.composite
def drawn(draw: st.DrawFn, known: bool = True) -> Drawn:
    of = draw(rule_sets(known))
    return Drawn(knowledge(of), of, draw(st.lists(patients(), min_size=1, max_size=4)))
