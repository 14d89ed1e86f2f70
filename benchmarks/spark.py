"""Spark three ways: the rules as SQL with NULLs, the plan in `mapInArrow`, and the command.

    python benchmarks/spark.py [--patients 1000000] [--rounds 3] [--master local[2]] [--no-line]

60 facts, 150 rules, from Parquet to Parquet. *SQL* are the rules as most people would write them,
with Spark's defaults; *mapInArrow* gives the same columns by `compile.columnar`; *long* is what
`hepatica cohort --on` writes. The first two are compared in every cell before anything is timed.
The first two take turns in a JVM that is warm, then the others; figures are medians. Then the time
against the number of patients, with the straight line through it.
"""

from __future__ import annotations

import argparse
import functools
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import msgspec
import polars as pl
import workload
from columnar import ordinary_sql, patients, recommendations

from hepatica import ir
from hepatica.cohort.spark.patients import Patients
from hepatica.cohort.spark.session import session

SHARES = (0.25, 0.5, 1.0, 2.0)
AT_ONCE = 50_000


def truths(spark: Any, work: workload.Workload, frame: Any, names: list[str]) -> Any:
    """Map the plan over batches: a nullable Boolean a recommendation."""
    shipped = spark.sparkContext.broadcast(
        (msgspec.msgpack.encode(work.knowledge), work.guideline.id, names)
    )

    def run(batches: Any) -> Any:
        import itertools
        import os

        os.environ.setdefault("POLARS_MAX_THREADS", "1")
        import msgspec
        import polars as pl
        import pyarrow

        from hepatica import ir
        from hepatica.compile.columnar import Columnar

        data, guideline, names = shipped.value
        knowledge = msgspec.msgpack.decode(data, type=ir.Knowledge)
        columnar = Columnar(knowledge.guidelines[guideline], knowledge)
        held = []
        for batch in itertools.chain(
            batches, [None]
        ):  # gathered, as the command does: a plan has its cost a batch
            held += [] if batch is None else [batch]
            if held and (batch is None or sum(b.num_rows for b in held) >= AT_ONCE):
                facts = pl.DataFrame(pyarrow.Table.from_batches(held)).lazy()
                yield from columnar.truths(facts).select(names).collect().to_arrow().to_batches()
                held = []

    return frame.mapInArrow(run, ", ".join(f"`{name}` boolean" for name in names))


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def line(xs: list[float], ys: list[float]) -> tuple[float, float, float]:
    """Fit a straight line: seconds at none, seconds a million, and r²."""
    slope, start = statistics.linear_regression(xs, ys)
    return start, slope, statistics.correlation(xs, ys) ** 2


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--no-line", action="store_true", help="one number of patients only")
    args = parser.parse_args()
    work = workload.make(150, 60, 1)
    names = recommendations(work)
    folder = tempfile.TemporaryDirectory()
    place = Path(folder.name)
    whole = patients(work, int(args.patients * max(SHARES))).with_row_index("patient")
    paths = {}
    for share in SHARES:
        paths[share] = str(place / f"{share}.parquet")
        whole.head(int(args.patients * share)).write_parquet(paths[share], row_group_size=50_000)
    del whole
    with session(args.master, place, {"spark.driver.memory": "4g"}) as spark:
        measure(spark, work, names, paths, place, args)


def measure(
    spark: Any, work: workload.Workload, names: list[str], paths: dict[float, str], place: Path,
    args: argparse.Namespace,
) -> None:  # fmt: skip
    sql = ordinary_sql(work).replace('"', "`")

    def by_sql(share: float) -> Any:
        spark.read.parquet(paths[share]).createOrReplaceTempView("facts")
        return spark.sql(sql)

    def by_map(share: float) -> Any:
        return truths(spark, work, spark.read.parquet(paths[share]).drop("patient"), names)

    def written(frame: Any) -> None:
        frame.write.mode("overwrite").parquet(str(place / "out"))

    def long(share: float) -> None:
        asked = asked_of(spark, work, paths[share])
        asked.check()
        written(asked.answers())

    def answers_only(share: float) -> None:
        written(checked[share].answers())

    checked = {share: asked_of(spark, work, path) for share, path in paths.items()}
    for asked in checked.values():
        asked.check()  # and the JVM gets warm
    cells = [pl.DataFrame(make(SHARES[0]).toArrow()) for make in (by_sql, by_map)]
    for name in names:
        assert cells[0][name].equals(cells[1][name]), name
    del cells
    print(f"{platform.machine()}, {args.master}, {args.patients:,} patients, 60 facts, 150 rules")
    runs: dict[str, Callable[[], object]] = {
        "SQL with NULLs": lambda: written(by_sql(1.0)),
        "mapInArrow": lambda: written(by_map(1.0)),
        "long, checked before": lambda: answers_only(1.0),
        "check and long": lambda: long(1.0),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for some in (list(runs)[:2], list(runs)[2:]):  # long results leave the JVM much to clear away
        for name in some if args.rounds > 1 else ():
            runs[name]()  # the first run of a kind takes up to three times as long
        for _ in range(args.rounds):
            for name in some:
                times[name].append(timed(runs[name]))
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, seconds in medians.items():
        ratio = seconds / medians["SQL with NULLs"]
        print(f"{name:22} {seconds:8.2f} s   {ratio:5.2f} of SQL   (least {min(times[name]):.2f})",
              flush=True)  # fmt: skip
    if args.no_line:
        return
    xs = [args.patients * share / 1e6 for share in SHARES]
    curves: dict[str, Callable[[float], None]] = {
        "mapInArrow": lambda share: written(by_map(share)), "long": answers_only,
    }  # fmt: skip
    for name, curve in curves.items():
        rounds = [[timed(functools.partial(curve, s)) for s in SHARES] for _ in range(args.rounds)]
        ys = [min(column) for column in zip(*rounds, strict=True)]
        start, slope, r2 = line(xs, ys)
        told = ", ".join(f"{x:g} M {y:.2f} s" for x, y in zip(xs, ys, strict=True))
        print(f"{name}: {told}\n  {start:.2f} s + {slope:.2f} s a million; r² {r2:.4f}", flush=True)


def asked_of(spark: Any, work: workload.Workload, path: str) -> Patients:
    guidelines: list[ir.Guideline] = [work.guideline]
    return Patients(spark, spark.read.parquet(path), work.knowledge, guidelines)


if __name__ == "__main__":
    main()
