"""Answering batches of patients: the rows of the result, long or wide, and counts to sum up.

Long has a row for each patient and each statement that says something to them:

* a row of the kind `applies` for every patient and guideline, whatever it says: nobody gets lost;
* recommendations, contraindications and cautions, but not those that are `none`;
* definitions that are true; those that are unknown only where nothing else of the guideline asks
  for the conclusion (what waits for it is there itself), and no score that nobody has begun to
  count; neither, where the guideline surely does not apply.

Wide has a row a patient and a column a statement, with every status.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import polars as pl

from hepatica import ir
from hepatica.cohort.long import Piece, Rows
from hepatica.cohort.reading import ID, KEEP
from hepatica.compile.circuit import WORDS
from hepatica.compile.columnar import Asked, Columnar, ask
from hepatica.compile.expressions import Expressions
from hepatica.evaluate import definitions_of
from hepatica.walk import active, concludes, conditions_of, leaves

Shape = Literal["long", "wide"]
PATIENT = "patient"
APPLIES = "applies"
KINDS = (APPLIES, "recommendation", "contraindication", "caution", "definition")
_SAYING = {
    "recommendation": ("recommended", "contingent", "blocked"),
    "contraindication": ("contraindicated", "contingent"),
    "caution": ("caution", "contingent"),
    "definition": ("true", "unknown"),
}
PLAIN = pl.QueryOptFlags(comm_subexpr_elim=False, comm_subplan_elim=False)
"""The compiled plans say nothing twice, and looking for that takes longer than answering."""
_TRUTH = ("true", "false", "unknown")


class Batch(NamedTuple):
    """What became of some patients: the rows of the result, and counts (see `Answerer`)."""

    rows: pl.DataFrame | None
    counts: pl.DataFrame
    missing: pl.DataFrame


class Answerer:
    """Answers patients by some guidelines; made once, used for every table and batch.

    Frames of patients have the columns `ID`, one a fact, and `KEEP` with each kept column.
    `counts` have the columns of `by`, then guideline, statement, kind, status and patients;
    `missing` those of `by`, then guideline, statement, fact and patients.
    """

    def __init__(
        self,
        knowledge: ir.Knowledge,
        guidelines: Iterable[ir.Guideline],
        *,
        shape: Shape | None,
        keep: Sequence[str] = (),
        by: Sequence[str] = (),
        sums: bool = True,
        brief: bool = False,
        kinds: Sequence[str] = (),
    ) -> None:
        """Compile the guidelines; `shape` None means counts only, without `sums` none of them.

        `brief` leaves out the column `missing` of a long result, which takes most of its time.
        `kinds` are those that a result tells of (default: all), beside whether guidelines apply.
        """
        self.guidelines = tuple(guidelines)
        self.compiled = [Columnar(g, knowledge) for g in self.guidelines]
        self.shape = shape
        self.keep = tuple(keep)
        self.by = tuple(by)
        self.sums = sums
        self.brief = brief
        self.kinds = tuple(kinds)
        self._kept = [KEEP + name for name in self.keep]
        self._groups = [KEEP + name for name in self.by]

    # --- rows --------------------------------------------------------------------------------

    def plan(self, patients: pl.LazyFrame) -> pl.LazyFrame:
        """Give, lazily, the rows of a wide result, or what `rows` makes long ones of."""
        if self.shape == "wide":
            found = ask(patients, [self._wide(c) for c in self.compiled], [ID, *self._kept])
            return found.rename({ID: PATIENT, **{KEEP + n: n for n in self.keep}})
        asked = self._long.asked(self.compiled, listed=not self.brief)
        return ask(patients, asked, [ID, *self._kept])

    def rows(self, found: pl.DataFrame) -> pl.DataFrame:
        """Make the rows of the result of a batch of `plan`."""
        if self.shape == "wide":
            return found
        rows = self._long.rows(found, [ID, *self._kept], listed=not self.brief)
        return rows.rename({ID: PATIENT, **{KEEP + n: n for n in self.keep}})

    def answer(self, patients: pl.DataFrame) -> Batch:
        """Answer a batch that is in memory."""
        rows = counts = missing = None
        if self.shape is not None:
            rows = self.rows(self.plan(patients.lazy()).collect(optimizations=PLAIN))
        if self.sums:
            sums = self.summed(patients.lazy()).collect(optimizations=PLAIN)
            counts, missing = self.labelled(sums)
        return Batch(
            rows,
            pl.DataFrame() if counts is None else counts,
            pl.DataFrame() if missing is None else missing,
        )

    def _told(self, kind: str) -> bool:
        return not self.kinds or kind in self.kinds

    def _wide(self, compiled: Columnar) -> Asked:
        told = {s: wide_name(compiled.guideline, s) for s, kind in compiled.kinds.items()
                if self._told(kind)}  # fmt: skip
        applies = compiled.circuit.applies
        words = {"true": applies.true, "false": applies.false}
        statuses = compiled.circuit.statuses

        def make(e: Expressions) -> dict[str, pl.Expr]:
            first = {f"{compiled.guideline}:{APPLIES}": e.status(words, "unknown")}
            return first | {
                name: e.status(statuses[s], WORDS[compiled.kinds[s]][-1])
                for s, name in told.items()
            }

        roots = [*applies, *(node for s in told for node in statuses[s].values())]
        return Asked(compiled, "wide", tuple(roots), make)

    @functools.cached_property
    def _long(self) -> Rows:
        names = pl.Enum(sorted({n for c in self.compiled for n in c.reads}))
        statements = pl.Enum(sorted(
            {s for c in self.compiled for s in c.kinds} | {c.guideline for c in self.compiled}
        ))  # fmt: skip
        return Rows(
            [self._pieces(g, c) for g, c in zip(self.guidelines, self.compiled, strict=True)],
            names,
            (pl.Enum([c.guideline for c in self.compiled]), statements, pl.Enum(KINDS)),
        )

    def _pieces(self, guideline: ir.Guideline, compiled: Columnar) -> list[Piece]:
        """List what is told of a guideline, in order."""
        alone = _alone(guideline)
        circuit = compiled.circuit
        applies = {"true": circuit.applies.true, "false": circuit.applies.false}
        first = Piece(guideline.id, guideline.id, APPLIES, _TRUTH, applies, "unknown", {}, None)
        found = [first]
        for statement, kind in compiled.kinds.items():
            if kind not in _SAYING or not self._told(kind):
                continue
            words, within = _SAYING[kind], None
            if kind == "definition":
                words = words if statement in alone else ("true",)
                within = circuit.applies
            waits = {} if self.brief else circuit.waiting(statement)
            status = circuit.statuses[statement]
            found.append(Piece(guideline.id, statement, kind, words, status, WORDS[kind][-1],
                               waits, within))  # fmt: skip
        return found

    # --- counts ------------------------------------------------------------------------------

    def summed(self, patients: pl.LazyFrame) -> pl.LazyFrame:
        """Count, lazily: a row a group of `by` (one without), a column a sum (see `labelled`)."""
        asked = [self._counted(i, c) for i, c in enumerate(self.compiled)]
        found = ask(patients, asked, [ID, *self._groups])
        sums = [pl.len().alias("rows"), pl.exclude(ID, *self._groups).sum()]
        if self._groups:
            return found.group_by(self._groups).agg(sums)
        return found.select(sums)

    def _counted(self, number: int, compiled: Columnar) -> Asked:
        """Ask for every status but the last of its kind, and for what is missing."""
        nodes = {
            f"s {number} {i} {word}": node
            for i, (_, _, status, _) in enumerate(self._counts(compiled))
            for word, node in status.items()
        }
        waiting = compiled.waiting
        nodes |= {f"m {number} {i}": waiting[s][fact]
                  for i, (s, fact) in enumerate(_pairs(compiled))}  # fmt: skip

        def make(e: Expressions) -> dict[str, pl.Expr]:
            return {name: e.use(node) for name, node in nodes.items()}

        return Asked(compiled, "counts", tuple(nodes.values()), make)

    def _counts(self, compiled: Columnar) -> list[tuple[str, str, dict[str, int], str]]:
        """List what is counted of a guideline: its label, kind, nodes of statuses, and the last."""
        circuit = compiled.circuit
        applies = {"true": circuit.applies.true, "false": circuit.applies.false}
        return [
            (compiled.guideline, APPLIES, applies, "unknown"),
            *[(s, kind, circuit.statuses[s], WORDS[kind][-1])
              for s, kind in compiled.kinds.items() if kind in _SAYING],
        ]  # fmt: skip

    def labelled(self, sums: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give `counts` and `missing` of the frame of `summed`; what is 0 is left out."""
        counts: dict[str, tuple[str, ...]] = {}
        missing: dict[str, tuple[str, ...]] = {}
        rest: list[pl.Expr] = []
        for number, compiled in enumerate(self.compiled):
            for i, (statement, kind, status, last) in enumerate(self._counts(compiled)):
                names = {f"s {number} {i} {word}": word for word in status}
                others = pl.sum_horizontal(pl.col(name).cast(pl.Int64) for name in names)
                left = f"s {number} {i} {last}"
                rest.append((pl.col("rows").cast(pl.Int64) - others).alias(left))
                for name, word in (names | {left: last}).items():
                    counts[name] = (compiled.guideline, statement, kind, word)
            for i, (statement, fact) in enumerate(_pairs(compiled)):
                missing[f"m {number} {i}"] = (compiled.guideline, statement, fact)
        whole = sums.with_columns(rest)
        kinds = ("guideline", "statement", "kind", "status")
        return (
            self._long_sums(whole, counts, kinds),
            self._long_sums(whole, missing, ("guideline", "statement", "fact")),
        )

    def _long_sums(
        self, sums: pl.DataFrame, labels: dict[str, tuple[str, ...]], names: Sequence[str]
    ) -> pl.DataFrame:
        """Turn a column a sum into a row a sum, with its labels."""
        long = sums.select(*self._groups, *labels).unpivot(
            index=self._groups or None, on=list(labels), value_name="patients"
        )
        long = long.cast({"variable": pl.String, "patients": pl.UInt64})
        long = long.filter(pl.col("patients") > 0)
        table = pl.DataFrame(
            [(name, *label) for name, label in labels.items()],
            schema=dict.fromkeys(("variable", *names), pl.String), orient="row",
        )  # fmt: skip
        together = long.join(table, on="variable", how="left", maintain_order="left")
        groups = [pl.col(inner).cast(pl.String).alias(name)
                  for inner, name in zip(self._groups, self.by, strict=True)]  # fmt: skip
        return together.select(*groups, *names, "patients")


def _pairs(compiled: Columnar) -> list[tuple[str, str]]:
    """List every statement that tells somebody something, with every fact it can wait for."""
    kinds = ("recommendation", "contraindication", "caution")
    return [(s, fact) for s, fact in compiled.pairs if compiled.kinds[s] in kinds]


def add_up(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add counts of several batches."""
    together = pl.concat([f for f in frames if f.width], how="vertical")
    labels = [name for name in together.columns if name != "patients"]
    return together.group_by(labels, maintain_order=True).agg(pl.col("patients").sum())


def wide_name(guideline: str, statement: str) -> str:
    """Name the column of a statement: a pack's stands in several guidelines, and says which."""
    own = statement.partition("/")[0] == guideline
    return statement if own else f"{guideline}:{statement}"


def asked_of(guidelines: Iterable[ir.Guideline]) -> tuple[str, ...]:
    """List the facts that a guideline asks and does not conclude itself, in order."""
    found: set[str] = set()
    for guideline in guidelines:
        concluded = {concludes(s) for s in definitions_of(guideline)}
        found |= {leaf.fact for leaf in leaves_of(guideline)} - concluded
    return tuple(sorted(found))


def leaves_of(guideline: ir.Guideline) -> Iterator[ir.Leaf]:
    """Walk over every question of a guideline, those of its packs' definitions too."""
    every = {s.id: s for s in (*active(guideline.statements), *definitions_of(guideline))}
    for statement in every.values():
        for when in conditions_of(statement):
            yield from leaves(when)
    if guideline.applies is not None:
        yield from leaves(guideline.applies)


def _alone(guideline: ir.Guideline) -> frozenset[str]:
    """Name the definitions whose conclusion nothing else asks for, and that count no score."""
    definitions = definitions_of(guideline)
    scores = {s.score for s in definitions if s.score}
    asked = {leaf.fact for leaf in leaves_of(guideline)}
    return frozenset(
        s.id
        for s in definitions
        if concludes(s) not in asked
        and scores.isdisjoint(leaf.fact for when in conditions_of(s) for leaf in leaves(when))
    )
