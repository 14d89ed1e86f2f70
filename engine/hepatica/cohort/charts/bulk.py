"""All charts of a cohort, bucket by bucket: the facts, what is wrong, and what is told of them.

Nothing that is said or written depends on the number of buckets: counts are added up, and rows come
in the order of the tables.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from hepatica import ir
from hepatica.chart.names import Names
from hepatica.cohort.charts.buckets import buckets, is_large, no_room
from hepatica.cohort.charts.derive import derive
from hepatica.cohort.charts.parts import KEY, Parts
from hepatica.cohort.charts.read import WRONG, read_charts
from hepatica.cohort.charts.tables import COLUMNS, Opened
from hepatica.cohort.charts.trouble import kinds_of, merged_kinds
from hepatica.cohort.charts.wide import bounded, columns_in_order, kept, only_bounds, wide
from hepatica.cohort.mapping import PATIENT, ChartTable

_USABLE = "usable:"
_TABLES = {name: i for i, name in enumerate((*sorted(COLUMNS), "facts"))}
"""The order in which the trouble of the tables is told: by their names, and then of the facts."""
_PER_TABLE = 2**40
"""More than there are rows of a table, or places in the order of patients."""


class Bulk:
    """The facts of a cohort and what is wrong with its tables.

    `codes` counts for each table the rows whose code is not used, `exact` the patients who were
    worked out one by one, `excluded` the facts that exclude others, `bounds` of each fact the
    patients of whom only bounds are known. `usable` counts those who can be answered, `bad` those
    cannot be used, and `kinds` holds each kind of trouble once (`trouble.merged_kinds`).
    """

    def __init__(self, facts: Mapping[str, ir.Fact], scratch: Path | None) -> None:
        """Begin with nobody; with `scratch` the results of the buckets are files below it."""
        self.facts = facts
        refuse = functools.partial(no_room, scratch or Path())
        self._found = Parts(scratch and scratch / "facts", refuse)
        self._wrong = Parts(scratch and scratch / "wrong", refuse)
        self._kinds: list[pl.DataFrame] = []
        self._nameless = False
        self.codes: dict[str, Counter[str]] = {}
        self.exact = self.excluded = self.bad = self.usable = 0
        self.bounds: Counter[str] = Counter()

    @property
    def patients(self) -> int:
        """Count the patients whose charts were read."""
        return self._found.rows

    @property
    def kinds(self) -> pl.DataFrame:
        """List each kind of trouble once, in the order of the rows where it is first met."""
        return merged_kinds(self._kinds)

    def table(self, *, usable: bool = False) -> Iterator[pl.DataFrame]:
        """Give the facts in the order of the patients; all, or of those who can be answered."""
        for frame, answered in self.tables():
            yield answered if usable else frame

    def tables(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Give the facts of all patients, and beside them of those who can be answered."""
        names = [name for name in self._found.schema if name not in (KEY, _USABLE)]
        for frame in self._found.merged([*columns_in_order(names, self.facts), _USABLE]):
            yield frame.drop(_USABLE), frame.filter(_USABLE).drop(_USABLE)

    def rejects(self) -> Iterator[pl.DataFrame]:
        """Give the rows that are wrong, as `WRONG` says, in the order of the tables."""
        return self._wrong.merged(list(WRONG))

    def add_wrong(self, wrong: pl.DataFrame) -> None:
        """Keep the rows of a bucket that are wrong, `KEY` beside them."""
        wrong = wrong.sort(KEY, maintain_order=True)
        self._wrong.add(wrong)
        self._kinds.append(kinds_of(wrong))
        self.bad += wrong["patient"].drop_nulls().n_unique()
        if wrong["patient"].null_count() and not self._nameless:
            self._nameless = True
            self.bad += 1

    def add_facts(self, frame: pl.DataFrame, usable: pl.Series) -> None:
        """Keep the facts of a bucket, `KEY` beside them, and who can be answered."""
        self._found.add(frame.with_columns(usable.alias(_USABLE)))
        self.usable += int(usable.sum())
        self.bounds.update(bounded(frame))


def work(
    tables: Mapping[str, Opened], mapping: Mapping[str, ChartTable], names: Names,
    facts: Mapping[str, ir.Fact], scratch: Path, as_of: str | None = None,
    keep: Sequence[str] = (), asked: Iterable[str] = (),
    tick: Callable[[int], None] = lambda rows: None,
) -> Bulk:  # fmt: skip
    """Work out the facts of all charts, in as many buckets as their size asks for.

    `keep` are columns of `patients` to keep, `asked` the facts of which a rule asks whether they
    are known. `tick` is told how many rows are done. Raises `Invalid` (D301, D317).
    """
    asked = tuple(asked)
    bulk = Bulk(facts, scratch if is_large(tables) else None)
    for loaded in buckets(tables, scratch):
        found = read_charts(loaded, mapping, names, as_of)
        result = derive(found.charts, names)
        frame = kept(wide(found.charts, result, facts), loaded.get("patients"), keep)
        frame = frame.with_columns(found.charts.people["place"].alias(KEY))
        open_ = only_bounds(frame, asked)
        places = frame.select(PATIENT, KEY)
        of_facts = open_.join(places, on=PATIENT, how="left", maintain_order="left")
        number = pl.col("table").replace_strict(_TABLES, return_dtype=pl.Int64) * _PER_TABLE
        wrong = found.wrong.with_columns(pl.col("row").cast(pl.Int64).alias(KEY)).vstack(of_facts)
        bulk.add_wrong(wrong.with_columns(pl.col(KEY) + number))
        bulk.add_facts(frame, ~frame[PATIENT].is_in(open_[PATIENT].implode()))
        bulk.exact += result.exact
        bulk.excluded += result.excluded
        for name, (_, codes) in found.unused.items():
            bulk.codes.setdefault(name, Counter()).update(codes)
        tick(sum(found.rows.values()))
    return bulk
