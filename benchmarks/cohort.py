"""`hepatica cohort` end to end: a million patients, 60 facts, 150 rules, from Parquet to a result.

    python benchmarks/cohort.py [--patients 1000000] [--rounds 3]

Each shape and the check, beside Polars' own scan of the file; all take turns, the figures
are medians, two threads. On a machine that others use, believe the processor seconds. In the end
the counts of the summary have to be those of the long and the wide result. Peak memory is of the
whole process.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import polars as pl
import workload
from columnar import patients, polars_scan

from hepatica.cohort.answers import Answerer, Shape
from hepatica.cohort.check import check
from hepatica.cohort.inputs import open_table
from hepatica.cohort.mapping import plain_mapping
from hepatica.cohort.reading import Reading
from hepatica.cohort.run import Job, count, to_file, told_of


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    work = workload.make(150, 60, 1)
    folder = tempfile.TemporaryDirectory()
    path = f"{folder.name}/facts.parquet"
    patients(work, args.patients).with_row_index("patient").write_parquet(path)

    def job(
        shape: Shape | None, *, sums: bool = False, brief: bool = False, kinds: tuple[str, ...] = ()
    ) -> Job:
        table = open_table([path])
        facts = work.knowledge.facts
        reading = Reading(table, plain_mapping(table.columns, facts), facts)
        answerer = Answerer(work.knowledge, [work.guideline], shape=shape, sums=sums,
                            brief=brief, kinds=kinds)  # fmt: skip
        return Job(reading, check(reading), answerer, told_of([work.guideline], reading, shape))

    jobs = {shape: job(shape) for shape in ("long", "wide")}
    sums, brief = job(None, sums=True), job("long", brief=True)
    only = ("recommendation",)
    few = {
        "long": job("long", kinds=only), "wide": job("wide", kinds=only),
        "brief": job("long", brief=True, kinds=only),
    }  # fmt: skip
    out = {shape: f"{folder.name}/{shape}.parquet" for shape in jobs}
    runs: dict[str, Callable[[], object]] = {
        "Polars' own scan": lambda: polars_scan(path),
        "check": lambda: check(sums.reading),
        "summary only": lambda: count(sums),
        "long": lambda: to_file(jobs["long"], out["long"]),
        "long, brief": lambda: to_file(brief, f"{folder.name}/brief.parquet"),
        "wide": lambda: to_file(jobs["wide"], out["wide"]),
        "long, recommendations": lambda: to_file(few["long"], f"{folder.name}/few.parquet"),
        "long, brief, recommendations": lambda: to_file(few["brief"], f"{folder.name}/few.parquet"),
        "wide, recommendations": lambda: to_file(few["wide"], f"{folder.name}/few.parquet"),
    }
    taken: dict[str, list[float]] = {name: [] for name in runs}
    worked: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(args.rounds):
        for name, run in runs.items():
            start, before = time.perf_counter(), time.process_time()
            run()
            worked[name].append(time.process_time() - before)
            taken[name].append(time.perf_counter() - start)
    _agree(sums, out)
    print(f"{args.patients:,} patients; Polars {pl.__version__}; Python "
          f"{platform.python_version()}; {platform.machine()}\n")  # fmt: skip
    print("| | s | processor s | × scan | × scan, processor |\n| --- | --- | --- | --- | --- |")
    scan, scan_worked = (statistics.median(d["Polars' own scan"]) for d in (taken, worked))
    for name, times in taken.items():
        s, w = statistics.median(times), statistics.median(worked[name])
        print(f"| {name} | {s:.2f} | {w:.2f} | {s / scan:.1f} | {w / scan_worked:.1f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of all of it: {peak:,.0f} MB")


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
