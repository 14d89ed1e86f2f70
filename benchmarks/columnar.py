"""A million patients, 60 facts, 150 rules: Polars, generated C, and SQL on DuckDB, side by side.

    python benchmarks/columnar.py [--patients 1000000] [--rounds 5] [--json]

Two questions. *Counts*: from a Parquet file, of how many patients each recommendation is true, and
of how many it is unknown, beside Polars' own scan of the file. *Evaluation*: the truths of all
recommendations, from columns in memory into columns in memory. Engines take turns in every round;
figures are medians; processor seconds are those of all threads together, and less disturbed by what
else the machine does. Before anything is timed, all counts have to be the same, and those of the
first patients the referee's. Every engine has two threads.
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("POLARS_MAX_THREADS", "2")

import duckdb
import numpy
import peers
import polars as pl
import workload

from hepatica import ir
from hepatica.cohort.job import AT_ONCE
from hepatica.compile.columnar import PLAIN, Columnar, ask
from hepatica.compile.sql import Sql
from hepatica.compile.strata import Strata
from hepatica.compile.words import Words
from hepatica.evaluate import Meaning
from hepatica.nodes import And, Ask, Weigh, Without
from hepatica.nodes import Given as IsGiven

Counts = list[tuple[int, int]]
THREADS = 2
OFF = pl.QueryOptFlags(comm_subexpr_elim=False)  # nothing is written twice: looking takes time


def patients(work: workload.Workload, count: int, seed: int = 11) -> pl.DataFrame:
    """Draw patients as the workload does: 5 to 30 % of each fact missing."""
    rng = random.Random(seed)
    columns = []
    for fact in base(work):
        drawn = pl.int_range(count).shuffle(seed=rng.randrange(1 << 30))
        holes = pl.int_range(count).shuffle(seed=rng.randrange(1 << 30))
        if fact.type == "quantity":
            value = (drawn % 1001) / 10
        elif fact.type == "boolean":
            value = drawn < int(count * rng.uniform(0.2, 0.8))
        else:
            words = list(fact.values)
            value = (drawn % len(words)).replace_strict(
                list(range(len(words))), words, return_dtype=pl.Enum(words)
            )
        known = holes >= int(count * rng.uniform(0.05, 0.3))
        columns.append(pl.when(known).then(value).alias(fact.id))
    return pl.select(columns)


def base(work: workload.Workload) -> list[ir.Fact]:
    return [f for f in work.knowledge.facts.values() if not f.id.startswith("concluded")]


def recommendations(work: workload.Workload) -> list[str]:
    return [s.id for s in work.guideline.statements if s.kind == "recommendation"]


# --- Polars ----------------------------------------------------------------------------------


def polars_truths(columnar: Columnar, names: list[str], frame: pl.LazyFrame) -> pl.DataFrame:
    asked = columnar.truths(frame).select(names)
    return asked.collect(engine="streaming", optimizations=OFF)


def polars_counts(columnar: Columnar, names: list[str], frame: pl.LazyFrame) -> Counts:
    asked = columnar.truths(frame).select(
        *[pl.col(name).sum() for name in names],
        *[pl.col(name).null_count().alias(f"{name}?") for name in names],
    )
    row = asked.collect(engine="streaming", optimizations=OFF).row(0)
    return list(zip(row[: len(names)], row[len(names) :], strict=True))


def words_counts(columnar: Columnar, names: list[str], frame: pl.LazyFrame) -> Counts:
    """Count as `hepatica cohort --summary` does: Polars asks, nodes are 64 patients a word."""
    rails = [columnar.circuit.statements[name] for name in names]
    given = columnar.given(frame.collect_schema())
    words = Words(columnar, [node for rail in rails for node in rail], given, "0")
    asked = ask(frame, [words.asked])
    roots = [[rail.true for rail in rails], [rail.false for rail in rails]]

    def work(batch: pl.DataFrame) -> Any:
        bits = words.work(batch)
        return numpy.stack([*map(bits.counts, roots), numpy.full(len(names), len(batch))])

    with ThreadPoolExecutor(THREADS) as pool:
        total = sum(pool.map(work, asked.collect_batches(
            chunk_size=AT_ONCE, engine="streaming", optimizations=PLAIN
        )))  # fmt: skip
    true, false, every = total.tolist()
    return list(zip(true, (e - t - f for t, f, e in zip(true, false, every, strict=True)),
                    strict=True))  # fmt: skip


def polars_scan(path: str) -> None:
    pl.scan_parquet(path).select(pl.all().is_not_null().sum()).collect(engine="streaming")


# --- SQL on DuckDB ---------------------------------------------------------------------------


def ordinary_sql(work: workload.Workload) -> str:
    """Write the rules as most people would: AND, OR, NOT, and what SQL makes of NULL."""

    def leaf(node: ir.Leaf) -> str:
        first = node.values[0]
        if isinstance(first, bool):
            return f'"{node.fact}"' if first else f'(NOT "{node.fact}")'
        if isinstance(first, str):
            return f'"{node.fact}" IN ({", ".join(repr(v) for v in node.values)})'
        return f'"{node.fact}" {peers._WORDS[node.op]} {first!r}'

    write = peers.two_valued_source(work, leaf, {"and": "AND", "or": "OR", "not": "NOT "})
    source = "FROM facts"
    for layer in peers.layers(work)[:2]:
        by_fact: dict[str, list[str]] = {}
        for s in layer:
            assert s.conclude is not None
            by_fact.setdefault(s.conclude[0], []).append(write(s.when))
        columns = [f'({" OR ".join(parts)}) AS "{fact}"' for fact, parts in by_fact.items()]
        source = f"FROM (SELECT *, {', '.join(columns)} {source})"
    last = [f'{write(s.when)} AS "{s.id}"' for s in peers.layers(work)[2]]
    return f"SELECT {', '.join(last)} {source}"


def duckdb_counts(connection: duckdb.DuckDBPyConnection, query: str, names: list[str]) -> Counts:
    counts = [f'count(*) FILTER (WHERE "{name}")' for name in names]
    counts += [f'count(*) FILTER (WHERE "{name}" IS NULL)' for name in names]
    row = connection.execute(f"SELECT {', '.join(counts)} FROM ({query})").fetchone()
    assert row is not None
    return list(zip(row[: len(names)], row[len(names) :], strict=True))


# --- generated C -----------------------------------------------------------------------------


class C:
    """Both rails as generated C over columns, patient by patient; each thread has half of them."""

    def __init__(self, work: workload.Workload, columnar: Columnar) -> None:
        facts = base(work)
        self.index = {fact.id: i for i, fact in enumerate(facts)}
        self.facts = work.knowledge.facts
        rails = [columnar.circuit.statements[name] for name in recommendations(work)]
        roots = [number for rail in rails for number in rail]
        strata = Strata(columnar.circuit.nodes, roots, frozenset(self.index))
        lines = [
            "#include <math.h>",
            "void run(const void **c, long start, long end, long all, signed char *out) {",
        ]
        for i, fact in enumerate(facts):
            kind = "double" if fact.type == "quantity" else "unsigned char"
            lines.append(f"  const {kind} *c{i} = c[{i}];")
        lines.append("  for (long r = start; r < end; r++) {")
        for i, node in sorted(strata.nodes.items()):
            lines.append(f"    char n{i} = {self._expr(node)};")
        for i, rail in enumerate(rails):
            true, false = (strata.answer(n) for n in rail)
            assert not isinstance(true, bool) and not isinstance(false, bool)
            lines.append(f"    out[{i} * all + r] = n{true} ? 1 : n{false} ? 0 : -1;")
        folder = Path(tempfile.mkdtemp())
        source, library = folder / "rules.c", folder / "rules.so"
        source.write_text("\n".join([*lines, "  }", "}"]))
        command = ["gcc", "-O2", "-march=native", "-shared", "-fPIC", "-o", str(library)]
        subprocess.run([*command, str(source), "-lm"], check=True)
        self.run_c = ctypes.CDLL(str(library)).run
        self.count = len(rails)

    def _expr(self, node: Any) -> str:
        if isinstance(node, Ask):
            column, fact = f"c{self.index[node.leaf.fact]}[r]", self.facts[node.leaf.fact]
            first = node.leaf.values[0]
            if fact.type == "boolean":
                return f"({column} == {int(bool(first) is node.want)})"
            if fact.type == "code":
                codes = enumerate(fact.values)
                wanted = [i for i, v in codes if (v in node.leaf.values) is node.want]
                return "(" + (" || ".join(f"{column} == {i}" for i in wanted) or "0") + ")"
            flip = {"above": "<=", "at_least": "<", "below": ">=", "at_most": ">"}
            word = peers._WORDS[node.leaf.op] if node.want else flip[node.leaf.op]
            return f"({column} {word} {first!r})"
        if isinstance(node, IsGiven):
            column = f"c{self.index[node.fact]}[r]"
            number = self.facts[node.fact].type == "quantity"
            given = f"!isnan({column})" if number else f"({column} != 255)"
            return given if node.want else f"!({given})"
        if isinstance(node, Without):
            return f"!n{node.part}"
        if isinstance(node, Weigh):
            return f"(({' + '.join(f'{w} * n{p}' for p, w in node.parts)}) >= {node.at_least})"
        word = " && " if isinstance(node, And) else " || "
        return "(" + word.join(f"n{part}" for part in node.parts) + ")"

    def load(self, frame: pl.DataFrame) -> None:
        """Lay the columns out for C: NaN for a missing number, 255 for another missing value."""
        self.columns = []
        for name in self.index:
            column = frame[name]
            if column.dtype == pl.Float64:
                plain = column.fill_null(float("nan"))
            else:
                code = column if column.dtype == pl.Boolean else column.to_physical()
                plain = code.cast(pl.UInt8).fill_null(255)
            self.columns.append(plain.rechunk())
        starts = [column.to_arrow().buffers()[1].address for column in self.columns]
        self.pointers = (ctypes.c_void_p * len(starts))(*starts)
        self.height = frame.height
        self.out = ctypes.create_string_buffer(self.count * frame.height)

    def run(self) -> None:
        edges = [self.height * i // THREADS for i in range(THREADS + 1)]
        threads = [
            threading.Thread(
                target=self.run_c,
                args=(self.pointers, ctypes.c_long(start), ctypes.c_long(end),
                      ctypes.c_long(self.height), self.out),
            )
            for start, end in itertools.pairwise(edges)
        ]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def counts(self) -> Counts:
        view = memoryview(self.out)
        parts = [bytes(view[i * self.height : (i + 1) * self.height]) for i in range(self.count)]
        return [(part.count(b"\x01"), part.count(b"\xff")) for part in parts]


# --- all of them -----------------------------------------------------------------------------


def referee_counts(work: workload.Workload, frame: pl.DataFrame, names: list[str]) -> Counts:
    meaning = Meaning(work.guideline, work.knowledge.facts)
    rows = frame.to_dicts()
    answers = [
        meaning.answers({k: v for k, v in row.items() if v is not None}).statements for row in rows
    ]
    return [
        (sum(a[name] is True for a in answers), sum(a[name] is None for a in answers))
        for name in names
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    work = workload.make(150, 60, 1)
    names = recommendations(work)
    columnar, sql = Columnar(work.guideline, work.knowledge), Sql(work.guideline, work.knowledge)
    frame = patients(work, args.patients)
    head = frame.head(500)
    if polars_counts(columnar, names, head.lazy()) != referee_counts(work, head, names):
        raise SystemExit("Polars does not agree with the referee")
    folder = tempfile.TemporaryDirectory()
    path = f"{folder.name}/facts.parquet"
    frame.write_parquet(path)
    connection = duckdb.connect(config={"threads": THREADS})
    connection.execute(f"CREATE VIEW facts AS SELECT 0 AS patient, * FROM read_parquet('{path}')")
    two_rails = sql.query(columns=[fact.id for fact in base(work)])
    ordinary = ordinary_sql(work)
    generated = C(work, columnar)
    generated.load(frame)
    generated.run()

    counts: dict[str, Callable[[], Counts | None]] = {
        "Polars' own scan": lambda: polars_scan(path),
        "Polars and words": lambda: words_counts(columnar, names, pl.scan_parquet(path)),
        "Polars alone": lambda: polars_counts(columnar, names, pl.scan_parquet(path)),
        "DuckDB, two-rail SQL": lambda: duckdb_counts(connection, two_rails, names),
        "DuckDB, ordinary SQL with NULLs": lambda: duckdb_counts(connection, ordinary, names),
    }
    right = generated.counts()
    for name, run in counts.items():
        if (found := run()) is not None and found != right:
            raise SystemExit(f"{name} has other counts")
    evaluation: dict[str, Callable[[], Any]] = {
        "generated C": generated.run,
        "Polars and words (memory)": lambda: words_counts(columnar, names, frame.lazy()),
        "Polars alone (memory)": lambda: polars_truths(columnar, names, frame.lazy()),
    }
    taken: dict[str, list[float]] = {name: [] for name in (*counts, *evaluation)}
    spent: dict[str, list[float]] = {name: [] for name in taken}
    for _ in range(args.rounds):
        for name, run in (counts | evaluation).items():
            start, cpu = time.perf_counter(), time.process_time()
            run()
            taken[name].append(time.perf_counter() - start)
            spent[name].append(time.process_time() - cpu)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    work_done = {name: statistics.median(times) for name, times in spent.items()}
    if args.json:
        print(json.dumps({"seconds": medians, "processor_seconds": work_done}, indent=2))
        return
    print(f"{args.patients:,} patients; Polars {pl.__version__}, DuckDB {duckdb.__version__}; "
          f"Python {platform.python_version()}; {platform.machine()}\n")  # fmt: skip
    tables = (
        ("counts from Parquet", counts, "Polars' own scan"),
        ("evaluation", evaluation, "generated C"),
    )
    for title, part, unit in tables:
        print(f"| {title} | s | million patients/s | × {unit} | processor s | × |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name in part:
            s, cpu = medians[name], work_done[name]
            print(f"| {name} | {s:.3f} | {args.patients / s / 1e6:.2f} | {s / medians[unit]:.2f} "
                  f"| {cpu:.3f} | {cpu / work_done[unit]:.2f} |")  # fmt: skip
        print()
    sql_name, our_name = "DuckDB, ordinary SQL with NULLs", "Polars and words"
    slower, more = (found[sql_name] / found[our_name] for found in (medians, work_done))
    print(f"ordinary SQL takes {slower:.1f} times as long as Polars and words, {more:.1f} times as "
          "much work")  # fmt: skip


if __name__ == "__main__":
    main()
