"""Answering batches of patients: the rows of the result, long or wide, and counts to sum up.

Long has a row for each patient and each statement that says something to them:

* a row of the kind `applies` for every patient and guideline, whatever it says: nobody gets lost;
* recommendations, contraindications and cautions, but not those that are `none`;
* definitions that are true; those that are unknown only where nothing else of the guideline asks
  for the conclusion (what waits for it is there itself), and no score that nobody has begun to
  count; neither, where the guideline surely does not apply.

Wide has a row a patient and a column a statement, with every status, and the points of scores.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import polars as pl

from hepatica import ir
from hepatica.cohort.long import Piece, Rows
from hepatica.cohort.points import points
from hepatica.cohort.reading import ID, KEEP
from hepatica.cohort.sums import APPLIES, SAYING, TRUTH, Sums, Tally, added
from hepatica.cohort.wide import Columns
from hepatica.compile.circuit import WORDS
from hepatica.compile.columnar import PLAIN, Columnar, Facts, ask
from hepatica.compile.words import Words
from hepatica.evaluate import definitions_of
from hepatica.walk import active, concludes, conditions_of, leaves

Shape = Literal["long", "wide"]
PATIENT = "patient"
KINDS = (APPLIES, *SAYING)
_CELLS = {"long": 5_000_000, "wide": 15_000_000}
_LEAST = 5_000
"""A batch has so many cells, a patient and a statement each; or this many patients."""


class Batch(NamedTuple):
    """What became of some patients: the rows of the result, and counts (`Answerer.counted`)."""

    patients: int
    rows: pl.DataFrame | None
    tally: Tally


class Questions(NamedTuple):
    """A table with its questions answered, lazily, and what makes nodes of a batch of it."""

    plan: pl.LazyFrame
    words: tuple[Words, ...]


class Answerer:
    """Answers patients by some guidelines; made once, used for every table and batch.

    Frames of patients have the columns `ID`, one a fact, and `KEEP` with each kept column.
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
        Raises `ValueError` for another kind.
        """
        if other := set(kinds) - set(WORDS):
            raise ValueError(f"no kind of statement: {', '.join(sorted(other))}")
        self.guidelines = tuple(guidelines)
        self.compiled = [Columnar(g, knowledge) for g in self.guidelines]
        self.shape = shape
        self.keep = tuple(keep)
        self.by = tuple(by)
        self.sums = sums
        self.brief = brief
        self.kinds = tuple(kinds)
        told = [self._pieces(i) for i in range(len(self.compiled))]
        self.cells = sum(len(pieces) for pieces in told)
        self._result = self._result_of(told)
        self._points = [
            points(guideline, compiled, scores)
            for guideline, compiled, pieces in zip(
                self.guidelines, self.compiled, told, strict=True
            )
            if shape == "wide" and (scores := [p for p in pieces if p.kind == "score"])
        ]  # fmt: skip
        self._counting = Sums(self.compiled if sums else [], by)
        self._kept = {ID: PATIENT, **{KEEP + n: n for n in self.keep}}
        self._words: dict[tuple[Facts, ...], tuple[Words, ...]] = {}

    # --- batches -----------------------------------------------------------------------------

    def ask(self, patients: pl.LazyFrame) -> Questions:
        """Ask a table all questions about facts, as columns of a plan; `made` does the rest."""
        schema = patients.collect_schema()
        has = tuple(compiled.given(schema) for compiled in self.compiled)
        words = self._words.get(has)
        if words is None:
            words = self._words[has] = tuple(
                Words(compiled, self._roots(i), has[i], str(i))
                for i, compiled in enumerate(self.compiled)
            )
        kept = dict.fromkeys([*self._kept, *(KEEP + n for n in self.by)])
        asked = [*(one.asked for one in words), *(one.asked for one in self._points)]
        return Questions(ask(patients, asked, list(kept)), words)

    def made(self, batch: pl.DataFrame, words: Sequence[Words]) -> Batch:
        """Make the rows and counts of a batch of such a plan."""
        bits = [one.work(batch) for one in words]
        rows = None
        if self._result is not None:
            rows = self._result.rows(batch.select(list(self._kept)).rename(self._kept), bits)
            rows = rows.hstack(batch.select(n for one in self._points for n in one.columns))
        if not self.sums:
            return Batch(len(batch), rows, {})
        groups = batch.select(pl.col(KEEP + name).alias(name) for name in self.by)
        return Batch(len(batch), rows, self._counting.tally(groups, bits))

    def counted(self, tally: Tally) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give counts as tables (see `Sums.frames`); without any columns where none were asked."""
        return self._counting.frames(tally) if self.sums else (pl.DataFrame(), pl.DataFrame())

    @property
    def at_once(self) -> int:
        """Say how many patients to ask at once, so that the rows of a batch stay small."""
        return max(_LEAST, _CELLS[self.shape or "long"] // max(self.cells, 1))

    def answer(self, patients: pl.DataFrame) -> Batch:
        """Answer patients that are in memory, however many."""
        asked = self.ask(patients.lazy())
        table = asked.plan.collect(optimizations=PLAIN)
        made = [self.made(some, asked.words) for some in table.iter_slices(self.at_once)]
        if not made:  # no patients: their rows still have columns
            return self.made(table, asked.words)
        rows = [one.rows for one in made if one.rows is not None]
        tally = functools.reduce(added, [one.tally for one in made])
        return Batch(len(table), pl.concat(rows) if rows else None, tally)

    def _roots(self, number: int) -> list[int]:
        """List the nodes of a guideline that are needed for what is asked."""
        found = self._result.roots(number) if self._result else []
        return found + (self._counting.roots(number) if self.sums else [])

    # --- rows --------------------------------------------------------------------------------

    def _result_of(self, told: Sequence[Sequence[Piece]]) -> Rows | Columns | None:
        if self.shape == "wide":
            return Columns(piece for pieces in told for piece in pieces)
        if self.shape is None:
            return None
        names = pl.Enum(sorted({n for c in self.compiled for n in c.reads}))
        statements = pl.Enum(sorted(
            {s for c in self.compiled for s in c.kinds} | {c.guideline for c in self.compiled}
        ))  # fmt: skip
        labels = (pl.Enum([c.guideline for c in self.compiled]), statements, pl.Enum(KINDS))
        some = [piece for pieces in told for piece in pieces if piece.words]
        return Rows(some, names, labels, listed=not self.brief)

    def _pieces(self, number: int) -> list[Piece]:
        """List what is told of a guideline, in order; a long result leaves out some of it."""
        guideline, compiled = self.guidelines[number], self.compiled[number]
        circuit = compiled.circuit
        alone = _alone(guideline)
        listed = self.shape == "long" and not self.brief
        found = [Piece(number, guideline.id, guideline.id, APPLIES, TRUTH, circuit.applying,
                       "unknown", circuit.waiting_to_apply if listed else {}, None)]  # fmt: skip
        for statement, kind in compiled.kinds.items():
            if self.kinds and kind not in self.kinds:
                continue
            words, outside = SAYING.get(kind, ()), None
            if kind == "definition":
                words = words if statement in alone else ("true",)
                outside = circuit.applies.false
            waits = circuit.waiting(statement) if listed else {}
            found.append(Piece(number, guideline.id, statement, kind, words,
                               circuit.statuses[statement], WORDS[kind][-1], waits,
                               outside))  # fmt: skip
        return found


def add_up(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add counts of several batches."""
    together = pl.concat([f for f in frames if f.width], how="vertical")
    labels = [name for name in together.columns if name != "patients"]
    return together.group_by(labels, maintain_order=True).agg(pl.col("patients").sum())


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
