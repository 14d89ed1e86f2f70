"""Memory over ten thousand cases in one process, for each engine.

    python benchmarks/memory.py [CASES]

Each engine runs in a process of its own; resident memory is read as it goes. Flat means that the
last reading is that of the first thousand.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import workload

from hepatica.case import Case
from hepatica.diagnostics import Invalid
from hepatica.run import Evaluator
from hepatica.written import to_json

ENGINES = ("program", "referee", "network")


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(engine: str, cases: int) -> None:
    work = workload.make(patients=500)
    try:
        evaluator = Evaluator(work.knowledge, [work.guideline], engine)  # type: ignore[arg-type]
    except Invalid as error:
        print(f"| {engine} | {error.diagnostics[0].message} |")
        return
    readings = []
    for i in range(cases + 1):
        to_json(evaluator.evaluate(Case(f"c{i}", work.patients[i % 500])))
        if i in (cases // 10, cases // 2, cases):
            readings.append(resident_mb())
    print(f"| {engine} | " + " | ".join(f"{mb:.1f}" for mb in readings) + " |", flush=True)


def main() -> None:
    if len(sys.argv) > 2:
        run(sys.argv[1], int(sys.argv[2]))
        return
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(f"| engine | MB after {cases // 10:,} | {cases // 2:,} | {cases:,} cases |")
    print("| --- | --- | --- | --- |", flush=True)
    for engine in ENGINES:
        subprocess.run([sys.executable, __file__, engine, str(cases)], check=True)


if __name__ == "__main__":
    main()
