"""A Spark DataFrame of patients: checked, answered, and summed up on its executors."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import polars as pl

from hepatica import ir
from hepatica.cache import without_examples
from hepatica.cohort.answers import Shape, asked_of
from hepatica.cohort.check import MOST_VALUES, Cell, Check, Problem, seen_of
from hepatica.cohort.job import Done, told_of
from hepatica.cohort.mapping import AS_WRITTEN, Mapping, plain_mapping
from hepatica.cohort.spark.errors import told_by_spark
from hepatica.cohort.spark.session import wait_for_executors
from hepatica.cohort.spark.task import HandedReading, Shipped, Task, Worker, ship
from hepatica.diagnostics import Diagnostic, Invalid

PATIENCE = 60.0
_WORDS = ("recommended", "contraindicated", "caution", "true", "contingent", "blocked", "unknown",
          "false", "none")  # fmt: skip
_RANKS = {word: str(rank) for rank, word in enumerate(_WORDS)}
MOST_TWICE = 1_000_000
"""Ids that stand more than once are sent to every worker, so there must not be too many."""


class Patients:
    """Patients in a DataFrame, and what is asked of them.

    Raises `Invalid` as `Reading` does (D303 to D305), (E106) when the cluster gives no executor,
    (E107) when executors lack something. `check` comes first; everything else calls it if need be.
    """

    def __init__(
        self,
        session: Any,
        frame: Any,
        knowledge: ir.Knowledge,
        guidelines: Iterable[ir.Guideline],
        *,
        mapping: Mapping | None = None,
        by: Sequence[str] = (),
        shape: Shape | None = "long",
        brief: bool = False,
        kinds: Sequence[str] = (),
        name: str = "the DataFrame",
    ) -> None:
        """Match the columns with facts; `name` is what messages call the table."""
        if ".connect." in type(session).__module__:
            text = "a session of Spark Connect cannot ship the knowledge"
            help = "hand over a session of the cluster itself (spark://, yarn, k8s://)"
            raise Invalid([Diagnostic("E106", "error", text, help=help)])
        wait_for_executors(session, PATIENCE)
        self.session = session
        self.frame = frame
        self.guidelines = tuple(guidelines)
        self.mapping = mapping or plain_mapping(frame.columns, knowledge.facts, by)
        wanted = {g.id: g for g in self.guidelines}
        shipped = ir.replace(without_examples(knowledge), guidelines={
            name: g for name, g in without_examples(knowledge).guidelines.items() if name in wanted
        })  # fmt: skip
        task = Task(
            msgspec.msgpack.encode(shipped), tuple(wanted), self.mapping,
            _schema(frame, frame.columns), name, {}, tuple(by), shape, brief, tuple(kinds),
        )  # fmt: skip
        self.whole = HandedReading(task, knowledge.facts)  # tells what is absent, of all columns
        columns = [name for c in self.mapping.facts.values() for name in c.columns]
        needed = dict.fromkeys((self.mapping.patient, *columns, *self.whole.keep))
        self.columns = list(needed)
        self.task = msgspec.structs.replace(task, schema=_schema(frame, self.columns))
        if any(c.unit == AS_WRITTEN for c in self.mapping.facts.values()):
            found = self._collected("units")
            named = {c: tuple(sorted(f["unit"])) for (c,), f in found.group_by("column")}
            self.task = msgspec.structs.replace(self.task, units=named)
        self.reading = HandedReading(self.task, knowledge.facts)
        self._checked: Check | None = None

    # --- what is asked -----------------------------------------------------------------------

    def check(self) -> Check:
        """Look at every row (see `cohort.check`); rows of a DataFrame have no numbers to tell."""
        if self._checked is None:
            twice = self._twice()
            found = self._collected("look")
            sums = dict(found.filter(pl.col("cell").is_null() & ~pl.col("key").str.starts_with(
                "cell ")).select("key", "rows").iter_rows())  # fmt: skip
            if not sums.get("rows"):
                text, help = "the table has no patient", "was it exported with the right filter?"
                raise Invalid([Diagnostic("D316", "error", text, file=self.task.name, help=help)])
            problems = [*twice, *(self._problem(k, sums[k], found) for k in self.reading.troubles
                                  if sums.get(k))]  # fmt: skip
            rows = sums["rows"]
            absent = sorted(set(asked_of(self.guidelines)) - set(self.reading.cells))
            self._checked = Check(
                len(self.frame.inputFiles()), rows, sums.get("unusable", 0),
                tuple(seen_of(name, cells.column, sums)
                      for name, cells in self.reading.cells.items()),
                tuple(absent), self.reading.unused, tuple(problems),
            )  # fmt: skip
            self.task = msgspec.structs.replace(self.task, clean=self._checked.clean)
        return self._checked

    def answers(self) -> Any:
        """Give the rows of the result, long or wide, as a DataFrame: lazily, without a shuffle."""
        self.check()
        return self._mapped("rows")

    def rejects(self) -> Any:
        """Give the rows that cannot be used, as they are, with reasons, as a DataFrame."""
        self.check()
        return self._mapped("rejects")

    def count(self) -> Done:
        """Sum up (see `answers.Answerer`), over one more reading of the table."""
        self.check()
        found = self._collected("counts")
        names = {f"by {i}": name for i, name in enumerate(self.task.by)}
        sums: dict[str, pl.DataFrame] = {}
        for what, columns in (("counts", ("kind", "status")), ("missing", ("fact",))):
            labels = [*names, "guideline", "statement", *columns]
            some = found.filter(pl.col("what") == what)
            added = some.group_by(labels).agg(pl.col("patients").sum().cast(pl.UInt64))
            sums[what] = (
                self._in_order(added, columns[-1]).select(*labels, "patients").rename(names)
            )
        first = self.guidelines[0].id
        applies = (pl.col("kind") == "applies") & (pl.col("guideline") == first)
        patients = int(sums["counts"].filter(applies)["patients"].sum())
        return Done(0, patients, sums["counts"], sums["missing"], 0)

    def told(self) -> dict[str, str]:
        """Give what every result says about itself."""
        from pyspark import __version__

        told = told_of(self.guidelines, self.whole, self.task.shape)
        return {**told, "hepatica.spark": __version__, "hepatica.table": self.task.name}

    # --- jobs --------------------------------------------------------------------------------

    def _mapped(self, method: str) -> Any:
        """Map every batch on the executors; the task travels once, as a broadcast."""
        from pyspark.sql.pandas.types import from_arrow_schema

        shipped = ship(self.task)
        schema = from_arrow_schema(_compiled(shipped).schema_of(method))
        source = {f.name: f.dataType for f in self.frame.schema.fields}
        same = {*self.reading.keep} if method == "rows" else set()
        if method == "rejects":
            same = {name for c in self.reading.cells.values() for name in c.columns}
        for field in schema.fields:
            field.dataType = source[field.name] if field.name in same else field.dataType
        run = _runner(self.session.sparkContext.broadcast(tuple(shipped)), method)
        # By position: names may hold dots, or differ from each other by capitals only.
        every = self.frame.toDF(*[f"c{i}" for i in range(len(self.frame.columns))])
        places = [f"c{self.frame.columns.index(name)}" for name in self.columns]
        return every.select(*places).mapInArrow(run, schema)

    def _collected(self, method: str) -> pl.DataFrame:
        """Map, add up what is the same, and bring the little that comes of it here."""
        return self._taken(lambda: _AFTER.get(method, _as_it_is)(self._mapped(method)))

    def _taken(self, make: Callable[[], Any]) -> pl.DataFrame:
        try:
            found = pl.from_arrow(make().toArrow())
        except Exception as error:
            told = told_by_spark(error)
            if told is None:
                raise
            raise told from None
        assert isinstance(found, pl.DataFrame)
        return found

    def _twice(self) -> list[Problem]:
        """Find patients with more than one row; only their ids are brought here."""
        again = self._taken(
            lambda: self._mapped("ids").groupBy("id").count().where("count > 1").limit(MOST_TWICE)
        )
        if not len(again):
            return []
        what = "a patient who stands more than once"
        help = "one row a patient: which of them is meant has to be decided before"
        if len(again) == MOST_TWICE:
            text = f"column `{self.mapping.patient}`: a million patients stand more than once"
            raise Invalid([Diagnostic("D306", "error", text, file=self.task.name, help=help)])
        rows = int(again["count"].sum())
        texts = again.with_columns(pl.col("id").cast(pl.String))
        top = texts.sort(["count", "id"], descending=[True, False]).head(MOST_VALUES)
        cells = tuple(Cell(value, number) for value, number in top.iter_rows())
        self.task = msgspec.structs.replace(self.task, twice=tuple(again["id"].to_list()))
        return [Problem("D306", None, self.mapping.patient, what, help, rows, cells, ())]

    def _problem(self, key: str, rows: int, found: pl.DataFrame) -> Problem:
        fact, column, trouble = self.reading.troubles[key]
        cells = found.filter(pl.col("key") == f"cell {key}")
        top = cells.sort(["rows", "cell"], descending=[True, False]).select("cell", "rows")
        return Problem(
            trouble.code, fact, column, trouble.what, trouble.help, rows,
            tuple(Cell(str(value), number) for value, number in top.iter_rows()), (),
        )  # fmt: skip

    def _in_order(self, sums: pl.DataFrame, last: str) -> pl.DataFrame:
        """Sort as on one machine: by group, guideline and statement, in their order."""
        compiled = _compiled(ship(self.task)).answerer(True).compiled
        pairs = [(c.guideline, s) for c in compiled for s in (c.guideline, *c.kinds)]
        places = pl.DataFrame(pairs, schema=["guideline", "statement"], orient="row")
        groups = [f"by {i}" for i in range(len(self.task.by))]
        numbered = places.with_row_index("place")
        return sums.join(numbered, on=["guideline", "statement"], how="left").sort(
            *groups, "place", pl.col(last).replace(_RANKS), last, nulls_last=True
        )


@functools.lru_cache(maxsize=4)
def _compiled(shipped: Shipped) -> Worker:
    return Worker(msgspec.msgpack.decode(shipped.data, type=Task))


def _runner(held: Any, method: str) -> Any:
    """Make what runs on an executor: a function that travels whole, and imports only there."""

    def run(batches: Any) -> Any:
        import os

        os.environ.setdefault("POLARS_MAX_THREADS", "1")  # Spark runs a worker a core
        from hepatica.cohort.spark.task import Shipped, ready

        yield from getattr(ready(Shipped(*held.value)), method)(batches)

    return run


def _most_frequent(frame: Any) -> Any:
    """Add up a check; of what stands in cells keep the most frequent."""
    from pyspark.sql import Window, functions

    frame = frame.groupBy("key", "cell").agg(functions.sum("rows").alias("rows"))
    order = Window.partitionBy("key").orderBy(functions.desc("rows"), "cell")
    numbered = frame.withColumn("place", functions.row_number().over(order))
    return numbered.where(functions.col("place") <= MOST_VALUES).drop("place")


def _as_it_is(frame: Any) -> Any:
    return frame


_AFTER: dict[str, Callable[[Any], Any]] = {
    "look": _most_frequent,
    "units": lambda frame: frame.distinct(),
}


def _schema(frame: Any, columns: Sequence[str]) -> bytes:
    """Write the Arrow schema of some columns."""
    from pyspark.sql.pandas.types import to_arrow_schema
    from pyspark.sql.types import StructType

    fields = {f.name: f for f in frame.schema.fields}
    schema = to_arrow_schema(StructType([fields[n] for n in columns if n in fields]))
    return bytes(schema.serialize())
