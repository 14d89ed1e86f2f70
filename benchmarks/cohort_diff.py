"""A million patients under two guidelines: who is told something else, and what makes it so.

    python benchmarks/cohort_diff.py [--patients 1000000] [--rounds 3] [--json]

The shipped guidelines EASL 2025 and AASLD 2019 over invented patients (`cohort --synthesize`), from
a Parquet file to the finished comparison; beside it, Polars' own scan of the file, and the statuses
of both guidelines alone, counted as `hepatica cohort --summary` does. Engines take turns; figures
are medians. Processor seconds are those of all threads together.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import polars as pl

from hepatica import ir
from hepatica.cohort.answers import Answerer
from hepatica.cohort.job import Job, told_of
from hepatica.cohort.run import count as count_only
from hepatica.cohort.synthesize import synthesize
from hepatica.cohort.write import Sink
from hepatica.diff import Finder
from hepatica.diff.cohort.run import Population

SIDES = ("easl_2025", "aasld_2019")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    finder = Finder()
    old, new = (finder.find(name) for name in SIDES)
    guidelines: list[ir.Guideline] = [old.guideline, new.guideline]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "patients.parquet")
        with Sink(path) as sink:
            for frame in synthesize(old.knowledge, guidelines, asked.patients, 1, 0.2):
                sink.write(frame)
        population = Population(old, new)
        reading = population.reading([path])
        checked = population.check(reading)
        assert checked.clean
        answerer = Answerer(old.knowledge, guidelines, shape=None)
        job = Job(reading, checked, answerer, told_of(guidelines, reading, None))

        def scan() -> None:
            pl.scan_parquet(path).select(pl.all().is_not_null().sum()).collect(engine="streaming")

        def statuses() -> None:
            assert count_only(job).patients == asked.patients

        def compared() -> None:
            found = population.result(population.count(reading, clean=True))
            assert found.patients == asked.patients and not found.same

        figures = measured({"scan": scan, "statuses": statuses, "compared": compared}, asked.rounds)
    if asked.json:
        print(json.dumps(figures))
        return
    print(f"{asked.patients:,} patients, {len(population.items)} rows compared")
    for name, (seconds, processor) in figures.items():
        print(f"{name:<10} {seconds:8.2f} s {processor:8.2f} processor s")


def measured(engines: dict[str, Callable[[], None]], rounds: int) -> dict[str, tuple[float, float]]:
    """Time all engines in turns; median seconds, and processor seconds."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, engine in engines.items():
            begin, processor = time.perf_counter(), time.process_time()
            engine()
            found[name].append((time.perf_counter() - begin, time.process_time() - processor))
    return {
        name: (statistics.median(s for s, _ in times), statistics.median(p for _, p in times))
        for name, times in found.items()
    }


if __name__ == "__main__":
    main()
