"""Every engine and peer on the same rules and patients, interleaved in one run.

    python benchmarks/engines.py [--rules 150] [--rounds 5] [--json]

Answers are checked before anything is timed: on patients with holes for what knows three values, on
the same patients with the holes filled for what knows two. Figures are medians over all patients of
all rounds; ratios are within this run.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

import peers
import workload

from hepatica.case import Case
from hepatica.compile.network import Network, NotInstalled, prepare
from hepatica.compile.program import Program
from hepatica.evaluate import Meaning
from hepatica.lower import lower
from hepatica.run import Evaluator

Patient = dict[str, Any]
TURNS = 20


class Contender(NamedTuple):
    name: str
    values: int
    run: Callable[[Patient], Any]
    names: Callable[[Any], Any]
    patients: int
    forget: Callable[[], None] = lambda: None


def contenders(work: workload.Workload) -> list[Contender]:
    facts = work.knowledge.facts
    rails = lower(work.guideline, facts)
    program = Program(rails, facts)
    meaning = Meaning(work.guideline, facts)
    names = [n.split("/")[-1] for n in rails.statements]

    def from_tuple(x: Any) -> list[Any]:
        return list(x[: len(names)])

    evaluators: list[Evaluator] = []

    def forget() -> None:
        """Start anew: what was said to a patient is kept, and no patient may come twice."""
        evaluators[:] = [Evaluator(work.knowledge, [work.guideline], "program")]

    def with_results(p: Patient) -> Any:
        return evaluators[0].evaluate(Case("p", p))

    forget()

    found = [
        Contender("program", 3, program.run, from_tuple, 1000),
        Contender(
            "program, with results, why and missing", 3, with_results, lambda x: None, 300, forget
        ),
        Contender("referee", 3, meaning.answers, lambda x: list(x.statements.values()), 200),
    ]
    try:
        network = Network(prepare(rails))
        found.append(Contender("network (durable-rules, checked encoding)", 3, network.truths,
                               lambda x: list(x[0].values()), 200))  # fmt: skip
    except NotInstalled:
        pass
    code = {1: True, 0: False, 255: None}
    optional: list[tuple[str, int, Callable[[], Any], Callable[[Any], Any], int]] = [
        ("generated C through ctypes (limit)", 3, lambda: peers.generated_c(work, rails),
         lambda x: [code[b] for b in x], 1000),
        ("durable-rules natively", 2, lambda: peers.durable_natively(work), set, 100),
        ("CLIPS (clipspy)", 2, lambda: peers.clips(work), set, 100),
        ("GoRules ZEN", 2, lambda: peers.zen(work), lambda x: {n for n in names if x.get(n)}, 200),
    ]  # fmt: skip
    two = peers.python_two_valued(work)
    order = two.names  # type: ignore[attr-defined]

    def held(x: Any) -> set[str]:
        return {n for n, v in zip(order, x, strict=True) if v}

    found.append(Contender("generated Python, two-valued", 2, two, held, 1000))
    for name, values, make, shown, count in optional:
        try:
            found.append(Contender(name, values, make(), shown, count))
        except (ImportError, FileNotFoundError) as error:
            print(f"left out: {name}: {error}", file=sys.stderr)
    return found


def check(work: workload.Workload, filled: list[Patient], every: list[Contender]) -> None:
    """Compare every answer with the referee's before timing anything."""
    meaning = Meaning(work.guideline, work.knowledge.facts)
    for contender in every:
        people = work.patients if contender.values == 3 else filled
        for patient in people[:100]:
            right = meaning.answers(patient).statements
            given = contender.names(contender.run(patient))
            wanted: Any = list(right.values())
            if contender.values == 2:
                wanted = {n.split("/")[-1] for n, t in right.items() if t}
            if given is not None and given != wanted:
                raise SystemExit(f"{contender.name} does not agree with the referee")


def measure(
    work: workload.Workload, filled: list[Patient], every: list[Contender], rounds: int
) -> Any:
    """Time each patient; contenders take turns every few patients, to share the machine's moods."""
    taken: dict[str, list[int]] = {c.name: [] for c in every}
    clock = time.perf_counter_ns
    for _ in range(rounds):
        for contender in every:
            contender.forget()
        for turn in range(TURNS):
            for contender in every:
                people = work.patients if contender.values == 3 else filled
                size = contender.patients // TURNS
                run, times = contender.run, taken[contender.name]
                run(people[-1 - turn])  # not counted: the caches are another contender's
                for patient in people[turn * size : (turn + 1) * size]:
                    start = clock()
                    run(patient)
                    times.append(clock() - start)
    return {
        name: {
            "p50_us": statistics.median(times) / 1e3,
            "p99_us": sorted(times)[int(len(times) * 0.99)] / 1e3,
        }
        for name, times in taken.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rules", type=int, default=150)
    parser.add_argument("--facts", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    work = workload.make(args.rules, args.facts)
    rng = random.Random(3)
    filled = [workload.fill(rng, work.knowledge.facts, p) for p in work.patients]
    every = contenders(work)
    check(work, filled, every)
    found = measure(work, filled, every, args.rounds)
    if args.json:
        print(json.dumps(found, indent=2))
        return
    base = found["program"]["p50_us"]
    machine = f"Python {platform.python_version()}; {platform.machine()}"
    print(f"{args.rules} rules, {args.facts} facts; {machine}\n")
    print("| engine | values | median µs a patient | p99 µs | patients/s | × program |")
    print("| --- | --- | --- | --- | --- | --- |")
    values = {c.name: c.values for c in every}
    for name, row in sorted(found.items(), key=lambda item: item[1]["p50_us"]):
        p50 = row["p50_us"]
        print(f"| {name} | {values[name]} | {p50:,.1f} | {row['p99_us']:,.0f} "
              f"| {1e6 / p50:,.0f} | {p50 / base:.2f} |")  # fmt: skip


if __name__ == "__main__":
    main()
