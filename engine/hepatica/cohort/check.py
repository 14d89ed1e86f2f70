"""A table looked at before the work starts: how much is missing, and every cell that is trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from hepatica.cohort.inputs import FILE, ROW, Part, unreadable
from hepatica.cohort.lines import lines
from hepatica.cohort.reading import ID, Reading
from hepatica.cohort.trouble import RAW
from hepatica.diagnostics import Diagnostic, Invalid

MOST_VALUES = 10
MOST_ROWS = 3


class Place(msgspec.Struct, frozen=True):
    """A row: its file, and its number there, from 1 (the first line of a CSV not counted)."""

    file: str
    row: int


class Cell(msgspec.Struct, frozen=True):
    """What stands in cells, and in how many."""

    value: str
    rows: int


class Problem(msgspec.Struct, frozen=True):
    """One kind of trouble: in how many rows, with the cells it is made of and the first rows.

    `fact` is None for trouble with the patient's id; `cells` are at most ten, most frequent first.
    """

    code: str
    fact: str | None
    column: str
    what: str
    help: str
    rows: int
    cells: tuple[Cell, ...]
    first: tuple[Place, ...]


class Seen(msgspec.Struct, frozen=True):
    """How often a fact is given, how often only bounds of it are, and how often nothing is."""

    fact: str
    column: str
    given: int
    missing: int
    bounds: int = 0


class Check(msgspec.Struct, frozen=True):
    """What a check found. `absent` are facts that the guidelines ask and the table has not.

    `unusable` counts rows with any trouble.
    """

    files: int
    rows: int
    unusable: int
    facts: tuple[Seen, ...]
    absent: tuple[str, ...]
    unused: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def clean(self) -> bool:
        """Say whether every row can be used."""
        return not self.problems

    def diagnostics(self) -> list[Diagnostic]:
        """Tell every problem as an error about the first file that has it."""
        return [
            Diagnostic(p.code, "error", _said(p), file=_where(p.first), help=p.help)
            for p in self.problems
        ]


def check(
    reading: Reading, asked: Iterable[str] = (), tick: Callable[[int], None] | None = None
) -> Check:
    """Look at every row of a table once, and again at those with trouble.

    `asked` are the facts that the guidelines can use. Raises `Invalid` (D301) when a file breaks
    off, (D315) for lines of a CSV that have too many or too few cells, (D316) without any row.
    """
    lines(reading.table)
    sums = _sums(reading)
    rows = sums["rows"]
    if not rows:
        text = "the table has no patient"
        help = "was it exported with the right filter?"
        raise Invalid([Diagnostic("D316", "error", text, file=_name(reading), help=help)])
    reading.twice = _twice(reading)
    problems = _twice_problem(reading)
    for key, (fact, column, trouble) in reading.troubles.items():
        if sums[key]:
            where = trouble.where
            told = fact is not None and trouble.is_of_cells
            cells = _cells(reading, column, where) if told else ()
            problems.append(
                Problem(trouble.code, fact, column, trouble.what, trouble.help, sums[key], cells,
                        _first(reading, where))
            )  # fmt: skip
    unusable = 0
    if problems:
        bad = reading.patients().select(reading.is_trouble().sum())
        unusable = int(_collect(reading, bad).item())
    seen = [seen_of(name, cells.column, sums) for name, cells in reading.cells.items()]
    absent = sorted(set(asked) - set(reading.cells))
    return Check(
        len(reading.table.parts), rows, unusable, tuple(seen), tuple(absent), reading.unused,
        tuple(problems),
    )  # fmt: skip


def seen_of(fact: str, column: str, sums: Mapping[str, int]) -> Seen:
    """Say how often a fact is given, from the counts of a check."""
    given, bounds = sums.get(f"given {fact}", 0), sums.get(f"bounds {fact}", 0)
    return Seen(fact, column, given, sums["rows"] - given - bounds, bounds)


def givens(reading: Reading) -> list[pl.Expr]:
    """Count, for each fact, the rows that give it, and those that give only bounds."""
    given = [pl.col(name).is_not_null().sum().alias(f"given {name}") for name in reading.cells]
    some = {name: reading.cells[name].has_bounds() for name in sorted(reading.bounded)}
    return given + [where.sum().alias(f"bounds {name}") for name, where in some.items()]


def _sums(reading: Reading) -> dict[str, int]:
    """Count rows, cells that are given (`given FACT`, `bounds FACT`) and each kind of trouble.

    Mostly there is none: whether there is any at all is asked first, and costs less.
    """
    troubles = {key: t for key, (_, _, t) in reading.troubles.items()}
    any_ = [(t.where.any() if t.hint is None else t.hint).alias(k) for k, t in troubles.items()]
    sums = _counted(reading, [pl.len().alias("rows"), *givens(reading), *any_])
    some = [key for key in troubles if sums[key]]
    if some:
        sums |= _counted(reading, [troubles[key].where.sum().alias(key) for key in some])
    return sums


def _counted(reading: Reading, exprs: list[pl.Expr]) -> dict[str, int]:
    row = _collect(reading, reading.patients().select(exprs)).row(0, named=True)
    return {name: int(n or 0) for name, n in row.items()}


def _collect(reading: Reading, frame: pl.LazyFrame) -> pl.DataFrame:
    try:
        return frame.collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise broken(reading, error) from None


def broken(reading: Reading, error: Exception, parts: Sequence[Part] | None = None) -> Invalid:
    """Tell what Polars says of the file that breaks off; of the first where none can be found."""
    some = reading.table.parts if parts is None else parts
    for part in some:
        try:
            reading.table.scan([part]).select(pl.all().len()).collect(engine="streaming")
            reading.patients([part]).select(pl.all().null_count()).collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as own:
            return unreadable(part, own)
    return unreadable(some[0], error)


def _first(reading: Reading, where: pl.Expr) -> tuple[Place, ...]:
    frame = reading.patients(places=True).filter(where).select(FILE, ROW).head(MOST_ROWS)
    return tuple(Place(file, row) for file, row in _collect(reading, frame).iter_rows())


def _cells(reading: Reading, column: str, where: pl.Expr) -> tuple[Cell, ...]:
    """Count what stands in the cells that are trouble."""
    dtype = reading.table.columns[column]
    raw = pl.col(RAW + column)
    text = raw.cast(pl.List(pl.String)).list.join(", ") if _is_list(dtype) else raw.cast(pl.String)
    frame = reading.patients().filter(where).group_by(text.alias("cell")).len()
    top = frame.sort(["len", "cell"], descending=[True, False]).head(MOST_VALUES)
    return tuple(Cell(str(v), n) for v, n in _collect(reading, top).iter_rows())


def _is_list(dtype: Any) -> bool:
    return isinstance(dtype, pl.List | pl.Array)


def _twice(reading: Reading) -> pl.Series:
    """Find the ids that stand twice or more.

    First by their hashes, eight bytes a patient and sorted in place: ten million take 80 MB.
    """
    ids = reading.raw().select(pl.col(ID))
    hashes = _collect(reading, ids.drop_nulls().select(pl.col(ID).hash()))[ID].sort()
    again = hashes.filter(hashes == hashes.shift(1)).unique()
    if not len(again):
        return pl.Series(ID, [], dtype=ids.collect_schema()[ID])
    same = ids.filter(pl.col(ID).hash().is_in(again.implode()))
    return _collect(reading, same.group_by(ID).len().filter(pl.col("len") > 1))[ID]


def _twice_problem(reading: Reading) -> list[Problem]:
    if reading.twice is None or not len(reading.twice):
        return []
    frame = reading.raw().filter(reading.is_twice()).group_by(pl.col(ID).cast(pl.String)).len()
    top = _collect(reading, frame.sort(["len", ID], descending=[True, False]).head(MOST_VALUES))
    rows = int(_collect(reading, reading.raw().select(reading.is_twice().sum())).item())
    return [
        Problem(
            "D306", None, reading.columns.patient, "a patient who stands more than once",
            "one row a patient: which of them is meant has to be decided before", rows,
            tuple(Cell(str(v), n) for v, n in top.iter_rows()),
            _first(reading, reading.is_twice()),
        )
    ]  # fmt: skip


def _name(reading: Reading) -> str:
    return reading.table.parts[0].path


def _where(first: tuple[Place, ...]) -> str:
    return first[0].file if first else ""


def _said(p: Problem) -> str:
    rows = f"{p.rows:,} row{'' if p.rows == 1 else 's'}"
    text = f"column `{p.column}`, {rows}: {p.what}"
    if p.cells:
        shown = ", ".join(f"`{c.value[:60]}` ({c.rows:,})" for c in p.cells)
        text += f": {shown}"
    if p.first:
        text += f"; first in row {' and '.join(f'{place.row:,}' for place in p.first)}"
    return text
