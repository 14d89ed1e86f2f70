"""What every executor does with its share of the patients: the same Polars plan as on one machine.

Nothing here knows Spark. The driver writes down once what is to be done (a `Task`), and ships its
bytes with their digest; a worker checks both, compiles once, and then turns batches into batches.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl
import pyarrow

from hepatica import ir
from hepatica.cohort.answers import Answerer, Shape
from hepatica.cohort.cells import RAW, named_unit
from hepatica.cohort.inputs import Part, Table
from hepatica.cohort.mapping import AS_WRITTEN, Mapping
from hepatica.cohort.reading import ID, Reading
from hepatica.cohort.spark.arrow import arrow_of, frame_of
from hepatica.cohort.sums import Tally, added

AT_ONCE = 50_000
"""Patients that are answered at once, whatever Spark hands over: planning has its cost a batch."""
REFUSED = "hepatica-refused:"
"""What a worker's refusal begins with; a JSON object with `text` and `help` follows."""
_KEPT = 4


class Task(msgspec.Struct, frozen=True):
    """What executors have to know.

    `knowledge` is msgpack of `ir.Knowledge`, `schema` an Arrow schema of the columns that are
    handed over; `units` those that cells name, by column; `clean` says that a check found every
    row fit, `twice` lists the ids of patients with more than one row.
    """

    knowledge: bytes
    guidelines: tuple[str, ...]
    mapping: Mapping
    schema: bytes
    name: str
    units: dict[str, tuple[str, ...]]
    by: tuple[str, ...]
    shape: Shape | None
    brief: bool = False
    kinds: tuple[str, ...] = ()
    clean: bool = False
    twice: tuple[int | str, ...] = ()


class Shipped(NamedTuple):
    """A task as bytes, their SHA-256, and that of the code which has to read them."""

    data: bytes
    digest: str
    engine: str


class Refused(Exception):
    """A worker that cannot do its task, and must not try."""

    def __init__(self, text: str, help: str) -> None:
        """Say what is wrong and what to do."""
        super().__init__(REFUSED + json.dumps({"text": text, "help": help}))


def ship(task: Task) -> Shipped:
    """Write a task down."""
    data = msgspec.msgpack.encode(task)
    return Shipped(data, hashlib.sha256(data).hexdigest(), engine_digest())


@functools.cache
def engine_digest() -> str:
    """Hash the code of this engine: answers of two versions must never be mixed in one result."""
    root = Path(__file__).resolve().parents[2]
    total = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        total.update(f"{path.relative_to(root).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Handed(Table):
    """A table whose rows are handed over, batch by batch, instead of being read from files."""

    frame: pl.LazyFrame

    def scan(self, parts: Iterable[Part] | None = None, *, places: bool = False) -> pl.LazyFrame:
        """Give the batch; rows of a Spark table have no places."""
        return self.frame


class HandedReading(Reading):
    """A reading of such a table; the units that its cells name are known before."""

    def __init__(self, task: Task, facts: dict[str, ir.Fact]) -> None:
        """Match the columns. Raises `Invalid` as `Reading` does."""
        schema = pyarrow.ipc.read_schema(pyarrow.py_buffer(task.schema))
        empty = frame_of([], schema)
        self.seen = task.units
        self.handed = Handed((Part(task.name, "parquet", (), 0, 0),), dict(empty.schema), ",")
        self.handed.frame = empty.lazy()
        super().__init__(self.handed, task.mapping, facts, task.by)
        if task.twice:
            dtype = self.raw().collect_schema()[ID]
            self.twice = pl.Series(ID, list(task.twice), dtype=dtype)

    def _units(self, column: str) -> tuple[str, ...]:
        return self.seen.get(column, ())


class Worker:
    """A task made ready: each method turns Arrow batches of patients into Arrow batches."""

    def __init__(self, task: Task) -> None:
        """Compile; nothing is read yet."""
        knowledge = msgspec.msgpack.decode(task.knowledge, type=ir.Knowledge)
        self.task = task
        self.schema = pyarrow.ipc.read_schema(pyarrow.py_buffer(task.schema))
        self.guidelines = [knowledge.guidelines[name] for name in task.guidelines]
        self.reading = HandedReading(task, knowledge.facts)
        make = functools.partial(
            Answerer, knowledge, self.guidelines, keep=self.reading.keep, by=task.by
        )
        self.answerer = functools.cache(
            lambda sums: make(
                shape=None if sums else task.shape, sums=sums, brief=task.brief, kinds=task.kinds
            )
        )

    def rows(self, batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        """Answer: the rows of the result, long or wide (see `answers`)."""
        for frame in self._frames(batches):
            found = self.answerer(False).answer(self._usable(frame)).rows
            if found is not None:
                yield from arrow_of(found, self._given(self.reading.keep))

    def counts(self, batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        """Sum up: a row a sum, with `what` (counts, missing), `by 0`…, and the labels of both."""
        tally: Tally = {}
        for frame in self._frames(batches):
            tally = added(tally, self.answerer(True).answer(self._usable(frame)).tally)
        names = {name: f"by {i}" for i, name in enumerate(self.task.by)}
        both = [
            frame.rename(names).with_columns(pl.lit(what).alias("what"))
            for what, frame in zip(
                ("counts", "missing"), self.answerer(True).counted(tally), strict=True
            )
        ]  # fmt: skip
        columns = ["what", *names.values(), "guideline", "statement", "kind", "status", "fact"]
        schema = {**dict.fromkeys(columns, pl.String), "patients": pl.UInt64}
        empty = pl.DataFrame(schema=schema)
        yield from arrow_of(pl.concat([empty, *both], how="diagonal"))

    def look(self, batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        """Check: `key`, `cell`, `rows`.

        The keys are `rows`, `unusable`, `given FACT`, those of `Reading.troubles`, and `cell`
        before one of these for what stands in the cells that are that trouble.
        """
        reading = self.reading
        sums = [
            pl.len().alias("rows"), reading.is_trouble().sum().alias("unusable"),
            *[pl.col(name).is_not_null().sum().alias(f"given {name}") for name in reading.cells],
            *[t.where.sum().alias(key) for key, (_, _, t) in reading.troubles.items()],
        ]  # fmt: skip
        found = pl.DataFrame(schema={"key": pl.String, "cell": pl.String, "rows": pl.Int64})
        for frame in self._frames(batches):
            patients = self._patients(frame).collect()
            total = patients.select(sums).cast(pl.Int64).unpivot(
                variable_name="key", value_name="total"
            ).filter(pl.col("total") > 0)  # fmt: skip
            cell = pl.lit(None, pl.String).alias("cell")
            new = [total.select("key", cell, pl.col("total").alias("rows"))]
            new += [self._cells(patients, key) for key in total["key"] if key in reading.troubles]
            found = pl.concat([found, *new]).group_by("key", "cell").agg(pl.col("rows").sum())
        yield from arrow_of(found)

    def ids(self, batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        """Give the ids of the patients, `id`, as they are compared."""
        for frame in self._frames(batches):
            yield from arrow_of(self._patients(frame, raw=True).select(pl.col(ID).alias("id"))
                                .drop_nulls().collect())  # fmt: skip

    def units(self, batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        """Give each `column` whose cells name their units, with every `unit` that is named."""
        columns = {c.column for c in self.task.mapping.facts.values() if c.unit == AS_WRITTEN}
        found = pl.DataFrame(schema={"column": pl.String, "unit": pl.String})
        for frame in self._frames(batches):
            new = [
                frame.select(pl.lit(name).alias("column"), named_unit(pl.col(name)).alias("unit"))
                for name in sorted(columns)
            ]
            found = pl.concat([found, *new]).drop_nulls().unique()
        yield from arrow_of(found)

    def rejects(self, batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
        """Give the rows that cannot be used, as they are, and why."""
        for frame in self._frames(batches):
            patients = self._patients(frame).filter(self.reading.is_trouble())
            found = patients.select(self.reading.rejected()).collect()
            yield from arrow_of(found, self._given(c.column for c in self.reading.cells.values()))

    def _given(self, names: Iterable[str]) -> dict[str, Any]:
        """Give the types of columns that go out as they came in."""
        wanted = set(names)
        return {field.name: field.type for field in self.schema if field.name in wanted}

    def schema_of(self, method: str) -> pyarrow.Schema:
        """Give the columns that a method yields."""
        return next(iter(getattr(self, method)([]))).schema

    # --- batches -----------------------------------------------------------------------------

    def _frames(self, batches: Iterable[pyarrow.RecordBatch]) -> Iterator[pl.DataFrame]:
        """Gather small batches, and cut large ones; an empty share is one empty batch."""
        schema = self.schema
        held: list[pyarrow.RecordBatch] = []
        begun = False
        for batch in batches:
            held.append(batch)
            if sum(b.num_rows for b in held) >= AT_ONCE:
                yield from frame_of(held, schema).iter_slices(AT_ONCE)
                held, begun = [], True
        if held or not begun:
            yield frame_of(held, schema)

    def _patients(self, frame: pl.DataFrame, *, raw: bool = False) -> pl.LazyFrame:
        self.reading.handed.frame = frame.lazy()
        return self.reading.raw() if raw else self.reading.patients()

    def _usable(self, frame: pl.DataFrame) -> pl.DataFrame:
        self.reading.handed.frame = frame.lazy()
        return self.reading.usable(clean=self.task.clean).collect()

    def _cells(self, patients: pl.DataFrame, key: str) -> pl.DataFrame:
        fact, column, trouble = self.reading.troubles[key]
        if fact is None or trouble.code == "D314":
            return pl.DataFrame(schema={"key": pl.String, "cell": pl.String, "rows": pl.Int64})
        raw = pl.col(RAW + column)
        if isinstance(patients.schema[RAW + column], pl.List | pl.Array):
            raw = raw.cast(pl.List(pl.String)).list.join(", ")
        cells = patients.filter(trouble.where).group_by(raw.cast(pl.String).alias("cell"))
        return cells.agg(pl.len().cast(pl.Int64).alias("rows")).select(
            pl.lit(f"cell {key}").alias("key"), "cell", "rows"
        )


_ready: dict[str, Worker] = {}


def ready(shipped: Shipped) -> Worker:
    """Give the worker for a task, compiled once a process. Raises `Refused`."""
    worker = _ready.get(shipped.digest)
    if worker is None:
        if engine_digest() != shipped.engine:
            text = "an executor has another build of Hepatica than this machine"
            raise Refused(text, "install the same one everywhere; answers must not be mixed")
        if hashlib.sha256(shipped.data).hexdigest() != shipped.digest:
            text = "the knowledge that reached an executor is not what was sent"
            raise Refused(text, "run it again; if it stays so, the network or a disk is broken")
        task = msgspec.msgpack.decode(shipped.data, type=Task)
        while len(_ready) >= _KEPT:
            _ready.pop(next(iter(_ready)))
        worker = _ready[shipped.digest] = Worker(task)
    return worker
