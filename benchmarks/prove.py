"""Proofs over every patient: two versions of a rule set, and two shipped guidelines.

    python benchmarks/prove.py          # the solver that is used
    python benchmarks/prove.py smt      # z3

For each size a tenth of the rules is mutated (a threshold, a comparison, a clause, a negation), and
every change of outcome of every rule is looked for, each with its smallest patient; then the same
rules are proved equal to themselves written the other way round (De Morgan). Of the shipped pair,
every two statements that speak of the same thing are compared. Seconds of one processor (the time
that was worked, whatever else the machine does); the median of the rounds.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import workload

from hepatica import ir
from hepatica.compile.solvers import Which
from hepatica.load import load
from hepatica.prove import Prover
from hepatica.witness import Holds, Question, Said

SIZES = (150, 300, 1000)
ROUNDS = 3
PAIR = ("easl_2025", "aasld_2019")


def mutated(guideline: ir.Guideline, rng: random.Random) -> tuple[ir.Guideline, int]:
    """Change a tenth of the rules, each in one place."""
    chosen = set(rng.sample(range(len(guideline.statements)), len(guideline.statements) // 10))
    statements = tuple(
        ir.replace(s, when=_mutate(s.when, rng)) if i in chosen and s.when is not None else s
        for i, s in enumerate(guideline.statements)
    )
    return ir.replace(guideline, statements=statements), len(chosen)


def _mutate(node: ir.Condition, rng: random.Random) -> ir.Condition:
    if isinstance(node, ir.Not):
        return ir.Not(_mutate(node.part, rng))
    if isinstance(node, ir.All | ir.Any):
        i = rng.randrange(len(node.parts))
        rest = (*node.parts[:i], *node.parts[i + 1 :])
        if len(rest) > 1 and rng.random() < 0.3:
            return type(node)(rest)
        return type(node)((*node.parts[:i], _mutate(node.parts[i], rng), *node.parts[i + 1 :]))
    assert isinstance(node, ir.Leaf)
    flipped: dict[str, ir.Operator] = {
        "above": "at_least", "at_least": "above", "below": "at_most", "at_most": "below",
    }  # fmt: skip
    if node.op in flipped:
        if rng.random() < 0.5:
            return ir.replace(node, op=flipped[node.op])
        return ir.replace(node, values=(float(node.values[0]) + 0.1,))
    return ir.Not(node)


def reversed_(node: ir.Condition) -> ir.Condition:
    """Write a condition the other way round, by De Morgan."""
    if isinstance(node, ir.Not):
        return ir.Not(reversed_(node.part))
    if isinstance(node, ir.All | ir.Any):
        parts = tuple(ir.Not(reversed_(part)) for part in reversed(node.parts))
        return ir.Not(ir.Any(parts) if isinstance(node, ir.All) else ir.All(parts))
    return node


def synthetic(rules: int, which: Which) -> None:
    work = workload.make(rules, max(20, rules * 60 // 150), patients=0)
    facts, drugs = work.knowledge.facts, work.knowledge.interventions
    old = work.guideline
    rows: dict[str, list[float]] = {}
    notes: dict[str, str] = {}
    for seed in range(ROUNDS):
        new, changed = mutated(old, random.Random(seed))
        other = ir.replace(
            old,
            statements=tuple(
                ir.replace(s, when=reversed_(s.when)) for s in old.statements if s.when is not None
            ),
        )
        for label, of, network in (
            ("all transitions, each with a patient", new, False),
            ("all transitions, each with its smallest patient", new, False),
            ("the same, replayed by the network too", new, True),
            ("verdicts with witnesses", new, False),
            ("proved equal to its opposite form", other, False),
        ):
            start = time.process_time()
            prover = Prover(facts, drugs, seconds=None, network=network, solver=which)
            smallest = not label.endswith("with a patient")
            found, differing, sizes = 0, 0, []
            for s in old.statements:
                sides = (old, Holds(s.id)), (of, Holds(s.id))
                if label.startswith("verdicts"):
                    differing += prover.differ(*sides).verdict != "equal"
                    continue
                witnesses = prover.transitions(*sides, smallest=smallest).found.values()
                found += len(witnesses)
                differing += bool(witnesses)
                sizes += [len(w.case["facts"]) for w in witnesses]
            rows.setdefault(label, []).append(time.process_time() - start)
            notes[label] = f"{differing} rules differ" + (
                f" ({changed} mutated)" if of is new else ""
            )
            if sizes:
                notes[label] += f"; {found} transitions, {statistics.mean(sizes):.1f} facts each"
    for label, taken in rows.items():
        print(f"| {rules} | {label} | {statistics.median(taken):.2f} | {notes[label]} |")


def together(old: ir.Guideline, new: ir.Guideline) -> Iterator[tuple[str, Question, Question]]:
    """Pair the statements of two guidelines that conclude, recommend or avoid the same."""
    for a in old.statements:
        for b in new.statements:
            if a.when is None or b.when is None or a.kind != b.kind:
                continue
            if a.conclude is not None and a.conclude == b.conclude:
                yield "definitions", Holds(a.id), Holds(b.id)
            if a.recommend is not None and b.recommend is not None:
                one, other = ({n for o in r.options for n in o} for r in (a.recommend, b.recommend))
                if a.recommend.action == b.recommend.action and one & other:
                    yield "recommendations", Holds(a.id), Holds(b.id)
            shared = [set(s.avoid.interventions) for s in (a, b) if s.avoid is not None]
            if len(shared) == 2 and shared[0] & shared[1]:
                yield "avoidances", Holds(a.id), Holds(b.id)
    said = {
        Said(s.recommend.action, name): None
        for g in (old, new)
        for s in g.statements
        if s.recommend is not None
        for option in s.recommend.options
        for name in option
    }
    for question in said:
        yield "what is said of an action", question, question


def shipped(which: Which) -> None:
    knowledge = load()
    old, new = (knowledge.guidelines[name] for name in PAIR)
    rows: dict[str, list[float]] = {}
    verdicts: dict[str, Counter[str]] = {}
    for _ in range(ROUNDS):
        prover = Prover(knowledge.facts, knowledge.interventions, seconds=10, solver=which)
        taken: Counter[str] = Counter()
        verdicts.clear()
        for label, a, b in together(old, new):
            start = time.process_time()
            found = prover.differ((old, a), (new, b))
            taken[label] += time.process_time() - start  # type: ignore[assignment]
            verdicts.setdefault(label, Counter())[found.verdict] += 1
        for label, seconds in taken.items():
            rows.setdefault(label, []).append(seconds)
    for label, seconds_ in rows.items():
        found_ = ", ".join(f"{n} {v}" for v, n in verdicts[label].most_common())
        print(f"| {' / '.join(PAIR)} | {label} | {statistics.median(seconds_):.2f} | {found_} |")


def main() -> None:
    which: Which = "smt" if "smt" in sys.argv else "sat"
    print("| rules | what | s | found |\n| --- | --- | --- | --- |")
    for rules in SIZES:
        synthetic(rules, which)
    shipped(which)


if __name__ == "__main__":
    main()
