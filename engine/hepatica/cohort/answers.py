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

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import polars as pl

from hepatica import ir
from hepatica.cohort.long import Piece, Rows
from hepatica.cohort.points import with_points
from hepatica.cohort.reading import ID, KEEP
from hepatica.compile.columnar import STATUS, Columnar
from hepatica.evaluate import definitions_of
from hepatica.walk import active, concludes, conditions_of, leaves

Shape = Literal["long", "wide"]
PATIENT = "patient"
KINDS = ("applies", "recommendation", "contraindication", "caution", "definition")
_SAYING = {
    "recommendation": ("recommended", "contingent", "blocked"),
    "contraindication": ("contraindicated", "contingent"),
    "caution": ("caution", "contingent"),
    "definition": ("true", "unknown"),
}
_PLAIN = pl.QueryOptFlags.none()
"""The compiled plans say nothing twice, and looking for that takes longer than answering."""
_APPLIES = ("true", "false", "unknown")
APPLIES = "applies:"
"""A column of the outcomes that says as a status whether the guideline applies."""


class Batch(NamedTuple):
    """What became of some patients: the rows of the result, and counts (see `Answerer`)."""

    rows: pl.DataFrame | None
    counts: pl.DataFrame
    missing: pl.DataFrame


class Answerer:
    """Answers patients by some guidelines; made once, used for every batch.

    `counts` of a batch have the columns of `by`, then guideline, statement, kind, status and
    patients; its `missing` those of `by`, then guideline, statement, fact and patients.
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
    ) -> None:
        """Compile the guidelines; `shape` None means counts only, without `sums` none of them.

        `brief` leaves out the column `missing` of a long result, which takes most of its time.
        """
        self.guidelines = tuple(guidelines)
        self.compiled = [Columnar(g, knowledge) for g in self.guidelines]
        self.shape = shape
        self.keep = tuple(keep)
        self.by = tuple(by)
        self.sums = sums
        self.brief = brief
        self.names = pl.Enum(sorted({n for c in self.compiled for n in c.reads}))
        self.statements = pl.Enum(sorted(
            {s for c in self.compiled for s in c.kinds} | {c.guideline for c in self.compiled}
        ))  # fmt: skip
        self.ids = pl.Enum([c.guideline for c in self.compiled])
        self.rows = Rows(
            [self._pieces(g, c) for g, c in zip(self.guidelines, self.compiled, strict=True)],
            self.names,
            (self.ids, self.statements, pl.Enum(KINDS)),
        )

    def answer(self, patients: pl.DataFrame) -> Batch:
        """Answer a batch: the columns `ID`, one a fact, and `KEEP` with each kept column."""
        found = patients.lazy()
        kept = [KEEP + name for name in self.keep]
        groups = [KEEP + name for name in self.by]
        waits = self.shape == "long" and not self.brief
        asked = [c.waiting if waits else c.outcomes for c in self.compiled]
        outcomes = pl.collect_all([a(found, [ID, *kept]) for a in asked], optimizations=_PLAIN)
        rows = None
        if self.shape == "wide":
            both = zip(self.guidelines, self.compiled, strict=True)
            rows = with_points(self._wide(outcomes), found, both, wide_name)
        elif self.shape == "long":
            rows = self._long(outcomes)
        if not self.sums:
            return Batch(rows, pl.DataFrame(), pl.DataFrame())
        counts = pl.concat([
            self._counts(c, o, groups) for c, o in zip(self.compiled, outcomes, strict=True)
        ])  # fmt: skip
        missing = pl.concat([self._missing(c, found, groups) for c in self.compiled])
        return Batch(rows, counts, missing)

    # --- rows --------------------------------------------------------------------------------

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.rename({ID: PATIENT, **{KEEP + n: n for n in self.keep}})

    def _wide(self, outcomes: Sequence[pl.DataFrame]) -> pl.DataFrame:
        frames = []
        for compiled, outcome in zip(self.compiled, outcomes, strict=True):
            names = {s: wide_name(compiled.guideline, s) for s in compiled.kinds}
            applies = _applies().alias(f"{compiled.guideline}:applies")
            frames.append(outcome.select(applies, *[pl.col(s).alias(n) for s, n in names.items()]))
        base = self._named(outcomes[0].select(ID, *[KEEP + n for n in self.keep]))
        return pl.concat([base, *frames], how="horizontal")

    def _long(self, outcomes: Sequence[pl.DataFrame]) -> pl.DataFrame:
        applies = [o.with_columns(_applies().alias(APPLIES)) for o in outcomes]
        keep = [ID, *[KEEP + n for n in self.keep]]
        return self._named(self.rows.rows(applies, keep, listed=not self.brief))

    def _pieces(self, guideline: ir.Guideline, compiled: Columnar) -> list[Piece]:
        """List what is told of a guideline, in order."""
        alone = _alone(guideline)
        applies = Piece(guideline.id, guideline.id, "applies", APPLIES, _APPLIES, (), False)
        found = [applies]
        for statement, kind in compiled.kinds.items():
            if kind in _SAYING:
                is_definition = kind == "definition"
                words = _SAYING[kind]
                if is_definition and statement not in alone:
                    words = ("true",)
                waits = () if self.brief else compiled.waits[statement]
                found.append(Piece(guideline.id, statement, kind, statement, words, waits,
                                   is_definition))  # fmt: skip
        return found

    # --- counts ------------------------------------------------------------------------------

    def _counts(self, compiled: Columnar, outcome: pl.DataFrame, by: list[str]) -> pl.DataFrame:
        sums: dict[str, tuple[str, str, str]] = {}
        exprs = []
        for word in _APPLIES:
            name = f"{compiled.guideline} {word}"
            sums[name] = (compiled.guideline, "applies", word)
            exprs.append((_applies() == pl.lit(word, STATUS)).sum().alias(name))
        for statement, kind in compiled.kinds.items():
            words = (*_SAYING[kind], *(("none",) if kind != "definition" else ("false",))) if (
                kind in _SAYING
            ) else ()  # fmt: skip
            for word in words:
                name = f"{statement} {word}"
                sums[name] = (statement, kind, word)
                exprs.append((pl.col(statement) == pl.lit(word, STATUS)).sum().alias(name))
        frame = _summed(outcome.lazy(), exprs, by)
        labels = pl.DataFrame(
            [(name, compiled.guideline, *label) for name, label in sums.items()],
            schema=dict.fromkeys(("variable", "guideline", "statement", "kind", "status"),
                                 pl.String), orient="row",
        )  # fmt: skip
        return _labelled(frame, labels, by, self.by)

    def _missing(self, compiled: Columnar, patients: pl.LazyFrame, by: list[str]) -> pl.DataFrame:
        pairs = [
            (s, fact) for s, fact in compiled.pairs
            if compiled.kinds[s] in ("recommendation", "contraindication", "caution")
        ]  # fmt: skip
        names = [f"{s} {fact}" for s, fact in pairs]
        frame = _summed(compiled.missing_pairs(patients, by), [pl.col(n).sum() for n in names], by)
        labels = pl.DataFrame(
            [(n, compiled.guideline, *pair) for n, pair in zip(names, pairs, strict=True)],
            schema=dict.fromkeys(("variable", "guideline", "statement", "fact"), pl.String),
            orient="row",
        )  # fmt: skip
        return _labelled(frame, labels, by, self.by)


def _summed(frame: pl.LazyFrame, sums: list[pl.Expr], by: list[str]) -> pl.DataFrame:
    if by:
        return frame.group_by(by).agg(sums).collect(optimizations=_PLAIN)
    return frame.select(sums).collect(optimizations=_PLAIN)


def _labelled(
    frame: pl.DataFrame, labels: pl.DataFrame, by: list[str], names: Sequence[str]
) -> pl.DataFrame:
    """Turn a column a sum into a row a sum, with its labels; sums of 0 are left out."""
    long = frame.unpivot(index=by or None, value_name="patients")
    long = long.cast({"variable": pl.String, "patients": pl.UInt64})
    long = long.filter(pl.col("patients") > 0)
    together = long.join(labels, on="variable", how="left", maintain_order="left")
    groups = [pl.col(inner).cast(pl.String).alias(n) for inner, n in zip(by, names, strict=True)]
    return together.select(*groups, *labels.columns[1:], "patients")


def add_up(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add counts of several batches."""
    together = pl.concat([f for f in frames if f.width], how="vertical")
    labels = [name for name in together.columns if name != "patients"]
    return together.group_by(labels, maintain_order=True).agg(pl.col("patients").sum())


def wide_name(guideline: str, statement: str) -> str:
    """Name the column of a statement: a pack's stands in several guidelines, and says which."""
    own = statement.partition("/")[0] == guideline
    return statement if own else f"{guideline}:{statement}"


def _applies() -> pl.Expr:
    true, false, unknown = (pl.lit(word, STATUS) for word in _APPLIES)
    applies = pl.col("applies")
    return pl.when(applies).then(true).when(applies.is_null()).then(unknown).otherwise(false)


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
