"""Compiling and evaluating as the rule set grows.

    python benchmarks/scaling.py

For each size: lowering and compiling the program, making the network ready and creating it, and a
patient through each. Medians of several rounds, sizes in turn. Compile time over the number of
rules should stay level.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import workload

from hepatica.compile.network import Network, NotInstalled, prepare
from hepatica.compile.program import Program
from hepatica.diagnostics import Invalid
from hepatica.lower import lower

SIZES = (50, 150, 300, 600, 1000)
ROUNDS = 5


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - start) / 1e3


def main() -> None:
    works = {n: workload.make(n, max(20, n * 60 // 150), patients=60) for n in SIZES}
    columns = ("compile ms", "per rule µs", "program µs", "network ready ms", "network µs")
    rows: dict[int, list[list[float]]] = {n: [[] for _ in columns] for n in SIZES}
    for _ in range(ROUNDS):
        for n, work in works.items():
            facts = work.knowledge.facts

            def compiled(work: workload.Workload = work) -> Program:
                return Program(lower(work.guideline, work.knowledge.facts), work.knowledge.facts)

            taken = timed(compiled) / 1e3
            program = compiled()
            found = [taken, taken * 1e3 / n]
            found.append(statistics.median(timed(lambda: program.run(p)) for p in work.patients))
            try:
                found.append(timed(lambda: prepare(lower(work.guideline, facts))) / 1e3)
                network = Network(prepare(lower(work.guideline, facts)))
                network.truths(work.patients[0])
                some = work.patients[:20]
                found.append(statistics.median(timed(lambda: network.truths(p)) for p in some))
            except (NotInstalled, Invalid) as error:
                print(f"{n} rules: {error}", file=sys.stderr)
                found += [float("nan")] * (len(columns) - len(found))
            for column, value in zip(rows[n], found, strict=True):
                column.append(value)
    print("| rules | " + " | ".join(columns) + " |")
    print("| --- |" + " --- |" * len(columns))
    for n, found_ in rows.items():
        print(f"| {n} | " + " | ".join(f"{statistics.median(v):,.1f}" for v in found_) + " |")


if __name__ == "__main__":
    main()
