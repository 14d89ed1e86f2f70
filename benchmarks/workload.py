"""The synthetic rule set and patients that every engine is timed on.

Seeded, so that every run and every engine sees the same: facts (half numbers, a third booleans,
the rest codes), definitions in two layers, recommendations over both. With the default size: 150
rules, 60 facts, 40 concluded facts, 60 recommendations, conditions up to three operators deep.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from hepatica import ir

P_LEAF, P_ALL = 0.53, 0.8
SOURCE = ir.Source(ref="synthetic", label="page", locator="1", confidence="candidate")


class Workload(NamedTuple):
    knowledge: ir.Knowledge
    guideline: ir.Guideline
    patients: list[dict[str, ir.Value | tuple[str, ...]]]


def make(rules: int = 150, facts: int = 60, patients: int = 1000, seed: int = 7) -> Workload:
    rng = random.Random(seed)
    dictionary = _facts(facts)
    base = list(dictionary)
    concluded_count = rules * 40 // 150
    definition_count = rules * 90 // 150
    layers: list[list[str]] = [[], []]
    for i in range(concluded_count):
        name = f"concluded_{i}"
        dictionary[name] = ir.Fact(name, "synthetic", name, "boolean")
        layers[i * 2 // concluded_count].append(name)
    statements: list[ir.Statement] = []
    for i in range(definition_count):
        name = f"concluded_{i % concluded_count}"
        earlier = layers[0] if name in layers[1] else []
        when = _condition(rng, dictionary, base, earlier, depth=2)
        statements.append(_statement(f"definition_{i}", "definition", when, conclude=(name, True)))
    for i in range(rules - definition_count):
        when = _condition(rng, dictionary, base, layers[0] + layers[1], depth=3)
        recommend = ir.Recommend("start", (("drug",),))
        statements.append(_statement(f"rule_{i}", "recommendation", when, recommend=recommend))
    guideline = ir.Guideline(
        id="synthetic", title="Synthetic", short="Synthetic", publisher="", edition="",
        published="2026", version="0.1.0", status="draft", experimental=True, text="",
        not_sourced="", copyright="", applies=None, includes=(), statements=tuple(statements),
        definitions=(), references={}, digest="",
    )  # fmt: skip
    drug = ir.Intervention("drug", "Drug", "drug")
    knowledge = ir.Knowledge(dictionary, {"drug": drug}, {}, {"synthetic": guideline})
    people = [_patient(rng, dictionary, base) for _ in range(patients)]
    return Workload(knowledge, guideline, people)


def _facts(count: int) -> dict[str, ir.Fact]:
    found: dict[str, ir.Fact] = {}
    for i in range(count):
        if i < count // 2:
            name = f"number_{i}"
            found[name] = ir.Fact(name, "synthetic", name, "quantity", unit="1", range=(0, 100))
        elif i < count * 5 // 6:
            name = f"flag_{i}"
            found[name] = ir.Fact(name, "synthetic", name, "boolean")
        else:
            name = f"code_{i}"
            values = {f"v{j}": "" for j in range(5)}
            found[name] = ir.Fact(name, "synthetic", name, "code", values=values)
    return found


def _statement(name: str, kind: ir.Kind, when: ir.Condition, **fields: object) -> ir.Statement:
    return ir.Statement(
        id=f"synthetic/rules/{name}", guideline="synthetic", title=name, kind=kind,
        status="draft", since="0.1.0", text=name, source=SOURCE, when=when,
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip


def _condition(
    rng: random.Random, facts: dict[str, ir.Fact], base: list[str], concluded: list[str], depth: int
) -> ir.Condition:
    if depth == 0 or (depth < 3 and rng.random() < P_LEAF):
        leaf = _leaf(rng, facts, base, concluded)
        return ir.Not(leaf) if rng.random() < 0.1 else leaf
    parts = tuple(
        _condition(rng, facts, base, concluded, depth - 1) for _ in range(rng.randint(2, 3))
    )
    return ir.All(parts) if rng.random() < P_ALL else ir.Any(parts)


def _leaf(
    rng: random.Random, facts: dict[str, ir.Fact], base: list[str], concluded: list[str]
) -> ir.Leaf:
    if concluded and rng.random() < 0.3:
        return ir.Leaf(rng.choice(concluded), "is", (rng.random() < 0.8,))
    fact = facts[rng.choice(base)]
    if fact.type == "boolean":
        return ir.Leaf(fact.id, "is", (rng.random() < 0.6,))
    if fact.type == "code":
        values = rng.sample(list(fact.values), rng.randint(1, 3))
        return ir.Leaf(fact.id, "in" if len(values) > 1 else "is", tuple(values))
    op: ir.Operator = rng.choice(("above", "at_least", "below", "at_most"))
    return ir.Leaf(fact.id, op, (float(rng.randrange(10, 91, 5)),))


def _patient(
    rng: random.Random, facts: dict[str, ir.Fact], base: list[str]
) -> dict[str, ir.Value | tuple[str, ...]]:
    holes = rng.uniform(0.05, 0.30)
    found: dict[str, ir.Value | tuple[str, ...]] = {}
    for name in base:
        fact = facts[name]
        if rng.random() < holes:
            continue
        if fact.type == "boolean":
            found[name] = rng.random() < 0.5
        elif fact.type == "code":
            found[name] = rng.choice(list(fact.values))
        else:
            found[name] = float(rng.randint(0, 100))
    return found


def fill(
    rng: random.Random, facts: dict[str, ir.Fact], patient: dict[str, ir.Value | tuple[str, ...]]
) -> dict[str, ir.Value | tuple[str, ...]]:
    """Fill the holes of a patient, for engines that know only true and false."""
    found = dict(patient)
    for fact in facts.values():
        if fact.id.startswith("concluded") or fact.id in found:
            continue
        if fact.type == "boolean":
            found[fact.id] = rng.random() < 0.5
        elif fact.type == "code":
            found[fact.id] = rng.choice(list(fact.values))
        else:
            found[fact.id] = float(rng.randint(0, 100))
    return found
