"""`hepatica cohort` end to end: a million patients, 60 facts, 150 rules, from Parquet to a result.

    python benchmarks/cohort.py [--patients 1000000] [--rounds 3]
    python benchmarks/cohort.py --patients 10000000 --memory [--only wide]

Each shape and the check, beside Polars' own scan of the file; all take turns, the figures
are medians, two threads. On a machine that others use, believe the processor seconds. In the end
the counts of the summary have to be those of the long and the wide result. With `--memory`, each is
run once, in a process of its own, and the peak of its memory is told, the check included.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import polars as pl
import workload
from columnar import patients, polars_scan

from hepatica.cohort.answers import Answerer, Shape
from hepatica.cohort.check import check
from hepatica.cohort.inputs import open_table
from hepatica.cohort.job import Job, told_of
from hepatica.cohort.mapping import plain_mapping
from hepatica.cohort.reading import Reading
from hepatica.cohort.run import count, to_file

AT_ONCE = 1_000_000
_BEGUN = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--only", help="one of the rows, or all (default)")
    parser.add_argument("--table", help="a Parquet file that was made before")
    args = parser.parse_args()
    work = workload.make(150, 60, 1)
    folder = tempfile.TemporaryDirectory()
    path = args.table or f"{folder.name}/facts.parquet"
    if args.table is None:
        make_table(work, args.patients, path)
    if args.memory:
        memory(path, args.only)
    elif args.table:
        Runs(work, path, folder.name).run[args.only]()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {args.only} | {time.perf_counter() - _BEGUN:.1f} | {peak:,.0f} |")
    else:
        compare(Runs(work, path, folder.name), args.patients, args.rounds, args.only)


def make_table(work: workload.Workload, number: int, path: str) -> None:
    """Write patients; more than a million are the same million again, with ids of their own."""
    million = patients(work, min(number, AT_ONCE)).with_row_index("patient").lazy()
    parts = [
        million.head(number - start).with_columns(pl.col("patient") + start)
        for start in range(0, number, AT_ONCE)
    ]
    pl.concat(parts).sink_parquet(path, engine="streaming")


class Runs:
    """What is timed, by name."""

    def __init__(self, work: workload.Workload, path: str, folder: str) -> None:
        self.work, self.path = work, path
        self.out = {shape: f"{folder}/{shape}.parquet" for shape in ("long", "wide")}
        few = ("recommendation",)
        other = f"{folder}/other.parquet"
        self.run: dict[str, Callable[[], object]] = {
            "Polars' own scan": lambda: polars_scan(path),
            "check": lambda: self.job(None, sums=True),
            "summary only": lambda: count(self.job(None, sums=True)),
            "long": lambda: to_file(self.job("long"), self.out["long"]),
            "long, brief": lambda: to_file(self.job("long", brief=True), other),
            "wide": lambda: to_file(self.job("wide"), self.out["wide"]),
            "long, recommendations": lambda: to_file(self.job("long", kinds=few), other),
            "long, brief, recommendations": lambda: to_file(
                self.job("long", brief=True, kinds=few), other
            ),
            "wide, recommendations": lambda: to_file(self.job("wide", kinds=few), other),
        }
        self.kept: dict[str, Job] = {}

    def job(self, shape: Shape | None, **options: Any) -> Job:
        """Give a job, whose table is checked when it is asked for the first time."""
        key = f"{shape} {options}"
        if key not in self.kept:
            table = open_table([self.path])
            facts = self.work.knowledge.facts
            reading = Reading(table, plain_mapping(table.columns, facts), facts)
            options = {"sums": False, **options}
            guidelines = [self.work.guideline]
            answerer = Answerer(self.work.knowledge, guidelines, shape=shape, **options)
            told = told_of(guidelines, reading, shape)
            self.kept[key] = Job(reading, check(reading), answerer, told)
        return self.kept[key]


def memory(path: str, only: str | None) -> None:
    """Run each in a process of its own."""
    print("| | s, with start and check | peak memory, MB |\n| --- | --- | --- |", flush=True)
    names = Runs(workload.make(150, 60, 1), path, "").run
    for name in [only] if only else names:
        subprocess.run([sys.executable, __file__, "--table", path, "--only", name], check=True)


def compare(runs: Runs, number: int, rounds: int, only: str | None) -> None:
    """Time all of them, side by side."""
    names = ["Polars' own scan", only] if only else list(runs.run)
    for name in names:
        runs.run[name]()  # compiled, checked, warm
    sums = runs.job(None, sums=True)
    every: dict[str, Callable[[], object]] = {**runs.run, "check": lambda: check(sums.reading)}
    taken: dict[str, list[float]] = {name: [] for name in names}
    worked: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            start, before = time.perf_counter(), time.process_time()
            every[name]()
            worked[name].append(time.process_time() - before)
            taken[name].append(time.perf_counter() - start)
    if not only:
        _agree(sums, runs.out)
    print(f"{number:,} patients; Polars {pl.__version__}; Python "
          f"{platform.python_version()}; {platform.machine()}\n")  # fmt: skip
    print("| | s | processor s | × scan | × scan, processor |\n| --- | --- | --- | --- | --- |")
    scan, scan_worked = (statistics.median(d["Polars' own scan"]) for d in (taken, worked))
    for name, times in taken.items():
        s, w = statistics.median(times), statistics.median(worked[name])
        print(f"| {name} | {s:.2f} | {w:.2f} | {s / scan:.1f} | {w / scan_worked:.1f} |")


def _agree(sums: Job, out: dict[str, str]) -> None:
    """Compare the counts of recommendations in the three."""
    counts = count(sums).counts.filter(
        (pl.col("kind") == "recommendation") & (pl.col("status") != "none")
    )
    right = {
        (s, status): n for s, status, n in counts.select("statement", "status", "patients").rows()
    }
    long = (
        pl.scan_parquet(out["long"])
        .filter(pl.col("kind") == "recommendation")
        .group_by(pl.col("statement", "status").cast(pl.String))
        .len()
        .collect()
    )
    wide = pl.read_parquet(out["wide"], columns=sorted({s for s, _ in right}))
    found = {(s, str(status)): n for s in wide.columns
             for status, n in wide[s].value_counts().rows() if str(status) != "none"}  # fmt: skip
    if right != {(s, status): n for s, status, n in long.rows()} or right != found:
        raise SystemExit("long, wide and summary do not agree")


if __name__ == "__main__":
    main()
