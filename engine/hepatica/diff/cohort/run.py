"""A table compared: read in batches, counted, and put together as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl

from hepatica.cohort.answers import asked_of
from hepatica.cohort.check import Check, check
from hepatica.cohort.frames import Given, table_of
from hepatica.cohort.mapping import plain_mapping, read_mapping
from hepatica.cohort.reading import KEEP, MARK, Reading
from hepatica.cohort.stream import batches
from hepatica.compile.bounds import ends_of, has_bounds
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.diff import compare
from hepatica.diff.align import ready
from hepatica.diff.answers import STATUSES
from hepatica.diff.cohort.codes import UNSOUND, WIDTH, is_same
from hepatica.diff.cohort.columns import Comparer, Tally, heard
from hepatica.diff.cohort.data import (
    KINDS,
    OPEN,
    Attribution,
    CohortDiff,
    Count,
    Group,
    How,
    InGroup,
    Kind,
    Matrix,
    Movers,
    Part,
    Row,
    Subgroup,
    Transition,
    Unheard,
)
from hepatica.diff.cohort.facts import Dictionary
from hepatica.diff.cohort.hide import hide
from hepatica.diff.cohort.items import Item, Items
from hepatica.diff.cohort.wording import part_in_words
from hepatica.diff.data import Compared
from hepatica.diff.definitions import Definitions
from hepatica.diff.normal import translator
from hepatica.words import Words

AT_ONCE = 200_000
Tick = Callable[[int], None]


class Population:
    """Two sides ready to be compared over tables."""

    def __init__(self, old: Compared, new: Compared, by: Sequence[str] = ()) -> None:
        """Align two sides; `by` are columns of the table to count by."""
        self.sides = old, new
        self.by = tuple(dict.fromkeys(by))
        found = compare(old, new)
        self.versions = found.versions
        self.dictionary = Dictionary(old.knowledge.facts, new.knowledge.facts)
        translate = translator(new.knowledge.facts, old.knowledge.facts)
        definitions = Definitions(
            ready(old.guideline, old.knowledge), ready(new.guideline, new.knowledge, translate)
        )
        make = Items(old, new, definitions, translate, self.dictionary.otherwise)
        self.items = make.items(found.pairs)
        self.comparer = Comparer(self.sides, self.items, self.dictionary, self.by)

    # --- the table ---------------------------------------------------------------------------

    def reading(self, given: Given, mapping: Path | None = None) -> Reading:
        """Open a table, each fact as both dictionaries read it. Raises `Invalid`."""
        facts = self.dictionary.facts
        if mapping is not None:
            columns = read_mapping(mapping, facts)
            table = table_of(given, columns.csv_separator)
            return Reading(table, self.dictionary.mapped(columns), facts, self.by)
        table = table_of(given)
        columns = self.dictionary.mapped(plain_mapping(table.columns, facts, self.by))
        return Reading(table, columns, facts)

    def check(self, reading: Reading) -> Check:
        """Look at a table before the work starts."""
        names = {self.dictionary.names[side][n] for side in (0, 1)
                 for n in asked_of([self.sides[side].guideline])}  # fmt: skip
        return check(reading, tuple(sorted(names)))

    def count(self, reading: Reading, *, clean: bool, tick: Tick | None = None) -> Tally:
        """Count all patients that can be used. Raises `Invalid` for a file that breaks off."""
        tallies: list[Tally] = []
        for batch in batches(reading, reading.usable(clean=clean), AT_ONCE):
            tallies = [_added([*tallies, self.tally(batch)])]
            if tick is not None:
                tick(len(batch))
        return _added(tallies)

    def tally(self, batch: pl.DataFrame) -> Tally:
        """Count some patients, and what of them a side has not heard of."""
        found = self.comparer.tally(batch)
        exprs: list[pl.Expr] = []
        given = [name for name in batch.columns if name in self.dictionary.facts]
        for side in (0, 1):
            for fact, column in self.dictionary.left_out(side, given).items():
                told = pl.col(column).is_not_null()
                if has_bounds(self.dictionary.facts[column], batch.columns):
                    told = told | ends_of(column).given()
                exprs.append(told.sum().alias(f"unheard {side} {fact}"))
            for fact, values in self.dictionary.narrower(side, given).items():
                column = self.dictionary.names[side][fact]
                unheard = ~heard(pl.col(column), batch.schema[column], values)
                exprs.append(unheard.fill_null(False).sum().alias(f"unheard {side} {fact}"))
        if not exprs:
            return found
        sums = batch.select(e.cast(pl.UInt64) for e in exprs)
        return found._replace(unheard=sums)

    # --- the result --------------------------------------------------------------------------

    def result(
        self, tally: Tally, *, rejected: int = 0, synthetic: bool = False, least: int = 0
    ) -> CohortDiff:
        """Put counts together. Raises `Invalid` (E101) where the two ways of counting differ."""
        moves, patients = tally.moves, tally.patients
        if len(moves.filter(pl.col("mask") == UNSOUND)):
            text = "what makes patients move could not be worked out: two ways of asking differ"
            help = "this is a mistake in the program; please report it with the two guidelines"
            raise Invalid([Diagnostic("E101", "error", text, help=help)])
        by_item = {key[0]: frame for key, frame in moves.partition_by("item", as_dict=True).items()}
        groups = sorted(map(_group, patients.select(self.comparer.by).rows()), key=_sortable)
        rows = [
            self._row(item, by_item.get(i), groups) for i, item in enumerate(self.items)
        ]  # fmt: skip
        total = int(patients["patients"].sum()) if len(patients) else 0
        found = CohortDiff(
            old=self.sides[0].side,
            new=self.sides[1].side,
            versions=self.versions,
            same=not any(row.moved for row in rows),
            patients=total,
            rejected=rejected,
            synthetic=synthetic,
            hidden_below=0,
            by=self.by,
            movers=_movers(patients),
            groups=tuple(
                Subgroup(_group(key), int(frame["patients"].sum()), _movers(frame))
                for key, frame in sorted(
                    patients.partition_by(self.comparer.by, as_dict=True).items(),
                    key=lambda found: _sortable(_group(found[0])),
                )
            ) if self.by and len(patients) else (),
            matrices=_matrices(rows),
            rows=tuple(sorted(rows, key=lambda r: (KINDS.index(r.kind), -(r.moved or 0)))),
            unheard=tuple(_unheard(tally)),
        )  # fmt: skip
        return hide(found, least)

    def _row(self, item: Item, counts: pl.DataFrame | None, groups: list[Group]) -> Row:
        transitions: dict[tuple[str, str], list[int]] = {}
        attribution: dict[tuple[How, tuple[int, ...], str, str], int] = {}
        moved_in: dict[Group, int] = dict.fromkeys(groups, 0) if self.by else {}
        size = len(self.by)
        for _, *found in counts.rows() if counts is not None else ():
            group, (code, together, mask, besides, number) = _group(found[:size]), found[size:]
            old, new = item.statuses[code // WIDTH], item.statuses[code % WIDTH]
            sums = transitions.setdefault((old, new), [0, 0])
            sums[0] += number
            sums[1] += number if besides else 0
            if is_same(old, new):
                continue
            parts = tuple(i for i in range(len(item.parts)) if mask >> i & 1)
            how: How = "together" if together else "alone" if len(parts) == 1 else "each"
            key = (how, parts, old, new)
            attribution[key] = attribution.get(key, 0) + number
            if self.by:
                moved_in[group] += number
        order = item.statuses.index
        moves = {pair: n for pair, n in transitions.items() if not is_same(*pair)}
        return Row(
            kind=item.row.kind,  # type: ignore[arg-type]
            title=item.row.title,
            old_statement=item.row.old,
            new_statement=item.row.new,
            moved=sum(n for n, _ in moves.values()),
            missing=sum(n for pair, (n, _) in moves.items() if not set(OPEN).isdisjoint(pair)),
            besides=sum(n for _, n in moves.values()),
            transitions=tuple(
                Transition(old, new, *transitions[old, new])
                for old, new in sorted(transitions, key=lambda p: (order(p[0]), order(p[1])))
            ),
            parts=tuple(
                Part(part.kind, part.facts, *part_in_words(part, item, *self._words), patients=sum(
                    n for (how, of, *_), n in attribution.items() if how == "alone" and of == (i,)
                )) for i, part in enumerate(item.parts)
            ),
            attribution=tuple(
                Attribution(*key, number) for key, number in sorted(
                    attribution.items(),
                    key=lambda a: (order(a[0][2]), order(a[0][3]), -a[1], a[0][0], a[0][1]),
                )
            ),
            groups=tuple(InGroup(group, number) for group, number in moved_in.items()),
        )  # fmt: skip

    @property
    def _words(self) -> tuple[Words, Words]:
        return Words(self.sides[0].knowledge), Words(self.sides[1].knowledge)


def is_synthetic(reading: Reading) -> bool:
    """Say whether the table says that its patients are invented."""
    return MARK in reading.table.columns


def _movers(patients: pl.DataFrame) -> tuple[Movers, ...]:
    def number(name: str) -> int:
        return int(patients[name].sum()) if len(patients) else 0

    kinds: tuple[Kind | Literal["any"], ...] = ("any", *KINDS)
    return tuple(
        Movers(kind, number(f"moved_{kind}"), number(f"paired_{kind}"), number(f"apart_{kind}"))
        for kind in kinds
    )


def _matrices(rows: Iterable[Row]) -> tuple[Matrix, ...]:
    found = []
    every = list(rows)
    for kind in KINDS:
        counts: dict[tuple[str, str], int] = {}
        for row in every:
            for t in row.transitions if row.kind == kind else ():
                counts[t.old, t.new] = counts.get((t.old, t.new), 0) + (t.patients or 0)
        statuses = tuple(dict.fromkeys(STATUSES[kind]))
        order = sorted(counts, key=lambda p: (statuses.index(p[0]), statuses.index(p[1])))
        if counts:
            found.append(Matrix(kind, statuses, tuple(Count(*p, counts[p]) for p in order)))
    return tuple(found)


def _unheard(tally: Tally) -> Iterable[Unheard]:
    for name, number in (tally.unheard.rows(named=True) or [{}])[0].items():
        _, side, fact = name.split(" ", 2)
        if number:
            yield Unheard("new" if side == "1" else "old", fact, number)


def _added(tallies: list[Tally]) -> Tally:
    if len(tallies) == 1:
        return tallies[0]
    if not tallies:
        return Tally(pl.DataFrame(schema={"item": pl.UInt32, "mask": pl.UInt64}),
                     pl.DataFrame(), pl.DataFrame())  # fmt: skip
    frames = []
    for of, sums in ((0, ["patients"]), (1, None), (2, None)):
        together = pl.concat([t[of] for t in tallies])
        numbers = sums or [c for c in together.columns if not c.startswith(KEEP)]
        labels = [c for c in together.columns if c not in numbers]
        added = [pl.col(n).sum() for n in numbers]
        frames.append(together.group_by(labels).agg(added) if labels else together.select(added))
    return Tally(*frames)


def _group(values: Sequence[Any]) -> Group:
    return tuple(None if v is None else str(v) for v in values)


def _sortable(group: Group) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in group)
