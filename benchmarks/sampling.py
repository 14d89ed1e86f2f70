"""Random patients against the proof: how many differences do samples find, and does it miss one?

    python benchmarks/sampling.py

Two versions of 150 rules, a tenth of them mutated. A class is a rule with a change of outcome (from
unknown to false, say). The proof lists every class that some patient meets. Random patients, and
patients whose numbers lie at and next to the thresholds, are answered by the rails, 8,000 at a
time; every class they meet has to be on the list.
"""

from __future__ import annotations

import itertools
import math
import random
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import prove
import workload

from hepatica import ir
from hepatica.evaluate import holds
from hepatica.lower import lower
from hepatica.nodes import And, Ask, Given, Or, Rails
from hepatica.prove import Prover
from hepatica.witness import Holds

RULES, FACTS = 150, 60
SHOWN = (8_000, 16_000, 104_000, 1_000_000)
CHUNK = 8_000
ALL = (1 << CHUNK) - 1
Class = tuple[str, str, str]
Bits = int
"""One bit a patient: a condition is answered for a chunk of them by one operation of the machine's
on long whole numbers, which needs no library and keeps up with those that there are."""


class Drawn(NamedTuple):
    """Who has the fact, and who has each value of it."""

    given: Bits
    values: list[tuple[ir.Value, Bits]]


def draw(
    facts: Mapping[str, ir.Fact], cuts: Mapping[str, list[float]], biased: bool, rng: random.Random
) -> dict[str, Drawn]:
    """Draw a chunk; a few patients come with conclusions ready made, as patients may."""
    found = {}
    often = rng.choice((2, 3, 4))  # facts are missing in a quarter, an eighth, a sixteenth
    for name, fact in facts.items():
        given = 0
        for _ in range(often):
            given |= rng.getrandbits(CHUNK)
        if name.startswith("concluded"):
            given = ALL
            for _ in range(5):
                given &= rng.getrandbits(CHUNK)
        values: list[ir.Value] = [False, True] if fact.type == "boolean" else list(fact.values)
        if fact.type == "quantity":
            values = [float(n) for n in range(101)]
            if biased:
                near = [n for c in cuts.get(name, ()) for n in _near(c)]
                values = [*near, *rng.sample(values, 3)]
        found[name] = Drawn(given, _spread(values, rng))
    return found


def _near(cut: float) -> tuple[float, float, float]:
    return math.nextafter(cut, -math.inf), cut, math.nextafter(cut, math.inf)


def _spread(values: list[ir.Value], rng: random.Random) -> list[tuple[ir.Value, Bits]]:
    """Give each patient one of the values: a coin at each fork of a tree with them as leaves."""
    waiting = [(values, ALL)]
    found = []
    while waiting:
        some, who = waiting.pop()
        if len(some) == 1:
            found.append((some[0], who))
        else:
            coin = rng.getrandbits(CHUNK)
            half = len(some) // 2
            waiting += [(some[:half], who & coin), (some[half:], who & ~coin)]
    return found


def answer(rails: Rails, people: Mapping[str, Drawn]) -> list[Bits]:
    """Answer every node for a chunk of patients."""
    on: list[Bits] = []
    for node in rails.nodes:
        if isinstance(node, Ask):
            given, values = people[node.leaf.fact]
            who = 0
            for value, bits in values:
                if holds(node.leaf, value) is node.want:
                    who |= bits
            on.append(given & who)
        elif isinstance(node, Given):
            given = people[node.fact].given
            on.append(given if node.want else ALL & ~given)
        elif isinstance(node, And):
            who = ALL
            for part in node.parts:
                who &= on[part]
            on.append(who)
        elif isinstance(node, Or):
            who = 0
            for part in node.parts:
                who |= on[part]
            on.append(who)
        else:  # the synthetic rules count nothing and conclude no codes
            raise NotImplementedError(node)
    return on


def classes(old: Rails, new: Rails, one: list[Bits], other: list[Bits]) -> Iterator[Class]:
    """List the classes that some patient of a chunk meets."""
    for name, rail in old.statements.items():
        again = new.statements[name]
        before, after = (
            {"true": on[r.true], "false": on[r.false], "unknown": ALL & ~(on[r.true] | on[r.false])}
            for on, r in ((one, rail), (other, again))
        )
        for was, now in itertools.permutations(before, 2):
            if before[was] & after[now]:
                yield name, was, now


def main() -> None:
    work = workload.make(RULES, FACTS, patients=0)
    facts, old = work.knowledge.facts, work.guideline
    new, _ = prove.mutated(old, random.Random(0))
    start = time.perf_counter()
    prover = Prover(facts, work.knowledge.interventions, seconds=None, network=False)
    proved: set[Class] = {
        (s.id, *pair)
        for s in old.statements
        for pair in prover.transitions((old, Holds(s.id)), (new, Holds(s.id))).found
    }
    taken = time.perf_counter() - start
    print("| patients | drawn | classes found | of | not on the list | s |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(f"| every one | proof | {len(proved)} | {len(proved)} | 0 | {taken:.2f} |")
    one, other = lower(old, facts), lower(new, facts)
    cuts: dict[str, list[float]] = {}
    for node in (*one.nodes, *other.nodes):
        if isinstance(node, Ask) and facts[node.leaf.fact].type == "quantity":
            cuts.setdefault(node.leaf.fact, []).extend(map(float, node.leaf.values))
    for biased in (False, True):
        rng = random.Random(1)
        met: set[Class] = set()
        start, number = time.perf_counter(), 0
        while number < SHOWN[-1]:
            people = draw(facts, cuts, biased, rng)
            met |= set(classes(one, other, answer(one, people), answer(other, people)))
            before, number = number, number + CHUNK
            for shown in SHOWN:
                if before < shown <= number:
                    word = "at thresholds" if biased else "at random"
                    seconds = time.perf_counter() - start
                    row = f"{shown} | {word} | {len(met & proved)} | {len(proved)}"
                    print(f"| {row} | {len(met - proved)} | {seconds:.1f} |", flush=True)
        if met - proved:
            sys.exit(f"the proof missed {sorted(met - proved)}")


if __name__ == "__main__":
    main()
