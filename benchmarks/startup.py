"""The command line as a whole process, over what bare Python takes.

    python benchmarks/startup.py [CASE]

Commands take turns, so that a slow minute of the machine is shared; medians, in milliseconds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CASE = "tests/fixtures/cases/preferential_methylation.yaml"
ROUNDS = 15


def main() -> None:
    case = sys.argv[1] if len(sys.argv) > 1 else CASE
    hepatica = [sys.executable, "-m", "hepatica"]
    with tempfile.TemporaryDirectory() as folder:
        warm = {"HEPATICA_CACHE": folder}
        cold = {"HEPATICA_CACHE": "off"}
        commands: dict[str, tuple[list[str], dict[str, str]]] = {
            "bare Python": ([sys.executable, "-c", "pass"], {}),
            "hepatica --help": ([*hepatica, "--help"], {}),
            "one case, cache warm": ([*hepatica, "eval", case], warm),
            "one case, referee, cache warm": (
                [*hepatica, "eval", "--engine", "referee", case],
                warm,
            ),
            "one case, no cache": ([*hepatica, "eval", case], cold),
        }
        os.chmod(folder, 0o700)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for round_ in range(ROUNDS + 1):
            for name, (command, environment) in commands.items():
                start = time.perf_counter()
                subprocess.run(
                    command, check=True, cwd=ROOT, env=os.environ | environment,
                    stdout=subprocess.DEVNULL,
                )  # fmt: skip
                if round_:  # the first fills caches
                    times[name].append((time.perf_counter() - start) * 1e3)
    bare = statistics.median(times["bare Python"])
    print("| command | median ms | over bare Python | least over least |")
    print("| --- | --- | --- | --- |")
    least = min(times["bare Python"])
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"| {name} | {middle:.0f} | {middle - bare:.0f} | {min(taken) - least:.0f} |")


if __name__ == "__main__":
    main()
