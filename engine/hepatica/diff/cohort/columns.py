"""The status of every row on both sides, and what makes it move, as Polars expressions.

Conditions are answered by each side's own compiled guideline (`compile.columnar`), as Booleans that
are null for unknown; Polars joins those as the three values are joined. A patient who moves is
tried with one part of the old side changed to the new one, part by part: those that alone give
what the new side says are the bits of `mask`. Where no part does so alone, `mask` has the parts
without which the new side would say something else, and `together` is true. So every patient who
moves is counted once, whatever the order of the parts.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl

from hepatica import ir
from hepatica.cohort.reading import ID, KEEP
from hepatica.compile.bounds import columns_of
from hepatica.compile.columnar import Columnar
from hepatica.diff.answers import NOT_SOURCED, SILENT
from hepatica.diff.cohort.codes import (
    GROUP,
    UNSOUND,
    WIDTH,
    bits,
    code_at,
    counted_at,
    moves_at,
    status_at,
    status_in,
)
from hepatica.diff.cohort.facts import Dictionary
from hepatica.diff.cohort.items import Half, Item, conditions
from hepatica.diff.cohort.merge import Join, Tree
from hepatica.diff.cohort.statuses import Inputs, concluded_status, joined, told_status
from hepatica.diff.data import Compared

SIDES = ("old", "new")
_IN_FORCE = ("recommended", "blocked", "contraindicated", "caution")


class Tally(NamedTuple):
    """Counts of some patients.

    `moves` has the columns item, the group's columns, code, together, mask, besides and patients:
    patients who do not move stand there once for each code. `patients` has the group's columns and
    how many patients there are and move, by kind (see `data.Movers`). `unheard` has a column for
    each side and given fact that the side has not, or not all values of.
    """

    moves: pl.DataFrame
    patients: pl.DataFrame
    unheard: pl.DataFrame


class Comparer:
    """Compares two sides for tables of patients; made once."""

    def __init__(
        self, sides: tuple[Compared, Compared], items: Sequence[Item], dictionary: Dictionary,
        by: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Compile both sides. `by` are kept columns to count by."""
        self.items = tuple(items)
        self.dictionary = dictionary
        self.by = tuple(KEEP + name for name in by)
        self.compiled = tuple(Columnar(c.guideline, c.knowledge) for c in sides)
        self.facts = tuple(c.knowledge.facts for c in sides)
        self.asked: tuple[dict[ir.Condition, str], ...] = ({}, {})
        for side in (0, 1):
            applies = sides[side].guideline.applies
            self.applies = (
                *getattr(self, "applies", ()),
                ir.All(()) if applies is None else applies,
            )
            wanted = [self.applies[side], *(c for i in items for c in conditions(i, side))]
            for condition in dict.fromkeys(wanted):
                self.asked[side][condition] = f"{SIDES[side]} {len(self.asked[side])}"

    def tally(self, patients: pl.DataFrame) -> Tally:
        """Count a batch: the columns `ID`, one a fact of the dictionary, and `KEEP` columns."""
        groups = patients.select(self.by).unique(maintain_order=True).with_row_index(GROUP)
        if not self.by:
            groups = pl.DataFrame({GROUP: [0]}, schema={GROUP: pl.UInt32})
        frame = self._answered(patients, groups)
        frame = frame.with_columns(
            self._status(item, half, side, self._plain(half, side)).alias(status_at(i, side))
            for i, item in enumerate(self.items)
            for side, half in enumerate((item.old, item.new))
        )
        moved = [moves_at(item, i).alias(f"moves {i}") for i, item in enumerate(self.items)]
        frame = frame.with_columns(moved)
        besides = [
            self._besides(i, item).alias(f"besides {i}") for i, item in enumerate(self.items)
        ]
        frame = frame.with_columns(besides)
        found: list[pl.LazyFrame] = []
        for i, item in enumerate(self.items):
            labels = [pl.lit(i, pl.UInt32).alias("item"), pl.col(GROUP), code_at(i).alias("code")]
            every = frame.lazy().select(*labels, f"besides {i}", f"moves {i}")
            if item.tree is None:  # nothing to try: only one side has it, or it is read otherwise
                mask = pl.col(f"moves {i}").cast(pl.UInt64)
                found.append(counted_at(every.with_columns(together=pl.lit(False), mask=mask), i))
                continue
            stays = every.filter(~pl.col(f"moves {i}"))
            stays = stays.with_columns(together=pl.lit(False), mask=pl.lit(0, pl.UInt64))
            moves = self._tried(frame.lazy().filter(pl.col(f"moves {i}")), item, i, labels)
            found += [counted_at(stays, i), counted_at(moves, i)]
        counted = pl.concat(pl.collect_all(found)).join(groups, on=GROUP, how="left")
        columns = ["item", *self.by, "code", "together", "mask", "besides", "patients"]
        return Tally(counted.select(columns), self._patients(frame, groups), pl.DataFrame())

    # --- answers -----------------------------------------------------------------------------

    def _answered(self, patients: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
        """Answer every condition of both sides; with the number of each patient's subgroup."""
        frames = []
        for side in (0, 1):
            frame = self.side_of(patients.lazy(), side)
            wanted = {name: c for c, name in self.asked[side].items()}
            found = self.compiled[side].conditions(frame, wanted)
            given = {i.row.fact for i in self.items if i.kind == "conclusion"}
            has = frame.collect_schema().names()
            known = frame.select(
                (pl.col(f).is_not_null() if f in has else pl.lit(False)).alias(
                    f"given {SIDES[side]} {f}"
                )
                for f in sorted(given)
            )
            frames += [found, known]
        size = len(patients)
        own = pl.DataFrame({GROUP: pl.repeat(0, size, dtype=pl.UInt32, eager=True)})
        if self.by:
            own = patients.select(self.by).join(
                groups, on=self.by, how="left", nulls_equal=True, maintain_order="left"
            ).select(GROUP)  # fmt: skip
        answered = (_long_as(f, size) for f in pl.collect_all(frames))
        return pl.concat([own, *answered], how="horizontal")

    def side_of(self, patients: pl.LazyFrame, side: int) -> pl.LazyFrame:
        """Give the facts as one side's dictionary has them, under its names."""
        schema = patients.collect_schema()
        has = {f: column for f, column in self.dictionary.names[side].items() if column in schema}
        narrower = self.dictionary.narrower(side, has.values())
        found = []
        for fact, column in has.items():
            expr = pl.col(column)
            if fact in narrower:
                expr = pl.when(heard(expr, schema[column], narrower[fact])).then(expr)
                is_list = isinstance(schema[column], pl.List)
                expr = expr.cast(pl.List(pl.String) if is_list else pl.String)
            found.append(expr.alias(fact))
            for own, end in zip(columns_of(column), columns_of(fact), strict=True):
                if own in schema:
                    found.append(pl.col(own).alias(end))
        return patients.select(pl.col(ID), *found)

    # --- statuses ----------------------------------------------------------------------------

    def _plain(self, half: Half | None, side: int) -> Inputs:
        """Give what a side's status is worked out from, as that side has it."""
        if half is None:
            return Inputs(
                pl.lit(False), pl.lit(False), pl.lit(False), pl.lit(False), pl.lit(False), ""
            )

        def column(c: ir.Condition | None) -> pl.Expr:
            return pl.lit(None, pl.Boolean) if c is None else pl.col(self.asked[side][c])

        return Inputs(
            column(half.when), column(self.applies[side]),
            pl.lit(True) if half.free is None else column(half.free),
            pl.lit(False) if half.one_other is None else column(half.one_other),
            pl.lit(False) if half.more_others is None else column(half.more_others),
            half.word,
        )  # fmt: skip

    def _status(self, item: Item, half: Half | None, side: int, given: Inputs) -> pl.Expr:
        """Work out the place of a side's status in the item's statuses, by its own condition."""
        places = {word: i for i, word in enumerate(item.statuses)}
        if item.kind == "conclusion":
            said = (
                pl.lit(places[NOT_SOURCED])
                if half is None
                else concluded_status(places, given.when)
            )
            is_given = pl.col(f"given {SIDES[side]} {item.row.fact}")
            return pl.when(is_given).then(pl.lit(places["given"])).otherwise(said).cast(pl.UInt8)
        if half is None:
            return pl.lit(places[NOT_SOURCED], pl.UInt8)
        return told_status(item.kind, places, given)

    # --- what moves a patient ----------------------------------------------------------------

    def _tried(
        self, frame: pl.LazyFrame, item: Item, i: int, labels: list[pl.Expr]
    ) -> pl.LazyFrame:
        """Label those who move by the parts that do it."""
        size = len(item.parts)
        if not size:  # who moves without a part is a mistake of ours
            mask = pl.lit(UNSOUND, pl.UInt64).alias("mask")
            return frame.select(*labels, f"besides {i}", pl.lit(False).alias("together"), mask)
        tries: dict[str, pl.Expr] = {
            "begin": self._hybrid(item, ()),
            "end": self._hybrid(item, range(size)),
        }
        for part in range(size):
            tries[f"+{part}"] = self._hybrid(item, (part,))
            tries[f"-{part}"] = self._hybrid(item, [p for p in range(size) if p != part])
        results = [expr.cast(pl.UInt8).alias(name) for name, expr in tries.items()]
        tried = frame.select(*labels, f"besides {i}", *results)
        new = pl.col("code") % WIDTH
        enough = bits(pl.col(f"+{part}") == new for part in range(size))
        needed = bits(pl.col(f"-{part}") != new for part in range(size))
        sound = (pl.col("begin") == pl.col("code") // WIDTH) & (pl.col("end") == new)
        own = ["item", GROUP, "code", f"besides {i}"]
        labelled = tried.select(
            *own, enough.alias("enough"), needed.alias("needed"), sound.alias("sound")
        )
        return labelled.select(
            *own, (pl.col("enough") == 0).alias("together"),
            # Both trees mean what the statements say, or nothing is said at all (`run` refuses it).
            pl.when(~pl.col("sound")).then(pl.lit(UNSOUND, pl.UInt64))
            .when(pl.col("enough") == 0).then(pl.col("needed")).otherwise(pl.col("enough"))
            .alias("mask"),
        )  # fmt: skip

    def _hybrid(self, item: Item, new: Iterable[int]) -> pl.Expr:
        """Work out the status with these parts as the new side has them, all others as the old."""
        assert item.old is not None and item.new is not None and item.tree is not None
        chosen = frozenset(new)
        sides = tuple(self._plain(half, side) for side, half in enumerate((item.old, item.new)))

        def of(part: int | None) -> Inputs:
            return sides[part in chosen]

        places = {word: i for i, word in enumerate(item.statuses)}
        when = self._tree(item.tree, chosen)
        if item.kind == "conclusion":
            others = of(item.others)
            more = others.more_others.fill_null(False)
            one = others.one_other.fill_null(False)
            sure = when.fill_null(False)
            conflict = more | (one & sure)
            when = pl.when(conflict).then(None).when(one).then(False).otherwise(when)
            return concluded_status(places, when)
        inputs = Inputs(when, of(item.applies).applies, of(item.free).free, pl.lit(False),
                         pl.lit(False), of(item.told).word)  # fmt: skip
        return told_status(item.kind, places, inputs)

    def _tree(self, tree: Tree, new: frozenset[int]) -> pl.Expr:
        if isinstance(tree, Join):
            return joined(tree.at_least, [self._tree(node, new) for node in tree.nodes])
        side = 1 if tree.part is not None and tree.part in new else 0
        condition = tree.new if side else tree.old
        return pl.lit(tree.neutral) if condition is None else pl.col(self.asked[side][condition])

    def _besides(self, i: int, item: Item) -> pl.Expr:
        """Say whether the side that says nothing tells the like by another statement."""
        found = pl.lit(False)
        for side, others in enumerate(item.besides):
            told = [status_in(pl.col(status_at(n, side)), item, _IN_FORCE) for n in others]
            if told:
                silent = status_in(pl.col(status_at(i, side)), item, SILENT)
                found = found | (silent & functools.reduce(operator.or_, told))
        return found & pl.col(f"moves {i}")

    def _patients(self, frame: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
        """Count patients, and those who move, by kind (see `data.Movers`)."""
        sums: list[pl.Expr] = [pl.len().cast(pl.UInt64).alias("patients")]
        for kind in ("any", "recommendation", "avoid", "conclusion"):
            of = [(i, item) for i, item in enumerate(self.items) if kind in ("any", item.kind)]
            every = {
                "moved": [pl.col(f"moves {i}") for i, _ in of],
                "apart": [pl.col(f"moves {i}") & ~pl.col(f"besides {i}") for i, _ in of],
                "paired": [pl.col(f"moves {i}") for i, item in of if item.tree is not None],
            }
            for name, exprs in every.items():
                either = pl.any_horizontal(exprs) if exprs else pl.lit(False)
                sums.append(either.cast(pl.UInt64).sum().alias(f"{name}_{kind}"))
        counted = frame.lazy().group_by(GROUP).agg(sums).collect()
        found = counted.join(groups, on=GROUP, how="left")
        return found.select(*self.by, pl.exclude(GROUP, *self.by))


def heard(column: pl.Expr, dtype: pl.DataType, values: Sequence[str]) -> pl.Expr:
    """Say where a dictionary has the given code, or all given codes."""
    if isinstance(dtype, pl.List):
        texts = column.cast(pl.List(pl.String))
        return texts.list.set_difference(pl.lit(list(values), pl.List(pl.String))).list.len() == 0
    return column.cast(pl.String).is_in(list(values))


def _long_as(frame: pl.DataFrame, rows: int) -> pl.DataFrame:
    """Make a frame of constants, which has one row, as long as the table."""
    if len(frame) == rows:
        return frame
    return frame.select(pl.all().gather(pl.repeat(0, rows, dtype=pl.UInt32)))
