"""A table read as patients: which column is which fact, and which rows cannot be used and why."""

from __future__ import annotations

import functools
import operator
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from hepatica import ir
from hepatica.case import exclusion
from hepatica.cohort.bare import denials
from hepatica.cohort.cells import Cells, cells_of
from hepatica.cohort.inputs import FILE, ROW, Part, Table
from hepatica.cohort.mapping import AS_WRITTEN, PATIENT
from hepatica.cohort.mapping import Mapping as Columns
from hepatica.cohort.quantities import named_unit, units_of
from hepatica.cohort.trouble import RAW, Trouble
from hepatica.compile.bounds import columns_of
from hepatica.diagnostics import Diagnostic, Invalid, suggestion
from hepatica.interval import ENDS

ID = "patient:"
KEEP = "keep:"
MARK = "synthetic"
"""A column of that name says that the patients are invented."""
_STRANGE = 4
"""Columns that are absent: fewer are told one by one; so many, with hardly one there, at once."""
_NO_ID = "leave no patient without an id; invent one where the source has none"


class Reading:
    """A table of patients. Raises `Invalid` (D303 to D305) when its columns do not fit.

    Frames have the columns `ID`, one a fact (by its id), and `KEEP` with each kept column; of a
    number that may be bounds also those of `compile.bounds`.
    """

    def __init__(
        self,
        table: Table,
        columns: Columns,
        facts: Mapping[str, ir.Fact],
        by: Sequence[str] = (),
        *,
        may_be_empty: bool = False,
    ) -> None:
        """Match the columns of a table with facts; `by` are further columns to keep.

        `may_be_empty` allows a table without any fact, in which everything is unknown: one that was
        worked out, and not one whose columns may have other names.
        """
        self._may_be_empty = may_be_empty
        self.table = table
        self.columns = columns
        self.facts = facts
        self.keep = tuple(dict.fromkeys((*columns.keep, *by)))
        self.twice: pl.Series | None = None
        found = self._absent()
        if found:
            raise Invalid(found)
        self.cells: dict[str, Cells] = {}
        for name, column in columns.facts.items():
            fact = facts[name]
            dtype = table.columns[column.column]
            seen = self._units(column.column) if column.unit == AS_WRITTEN else ()
            if not columns.file and fact.ask_unit and column.unit is None and _is_bare(dtype):
                found.append(self._needs_unit(fact))
                continue
            units = units_of(fact, column, seen) if fact.type == "quantity" else {}
            cells = cells_of(fact, column, table.columns, columns.csv_decimal, units)
            if isinstance(cells, Diagnostic):
                found.append(self._about_table(cells))
            else:
                self.cells[name] = cells
        if found:
            raise Invalid(found)
        self.bounded = frozenset(name for name, cells in self.cells.items() if cells.ends)
        self.denials = tuple(denials(facts, self.cells, self.bounded))

    # --- frames ------------------------------------------------------------------------------

    def raw(self, parts: Iterable[Part] | None = None, *, places: bool = False) -> pl.LazyFrame:
        """Give the rows with raw columns only (`RAW` before their names)."""
        names = dict.fromkeys(name for cells in self.cells.values() for name in cells.columns)
        extra = [pl.col(FILE), pl.col(ROW)] if places else []
        return self.table.scan(parts, places=places).select(
            self._id().alias(ID),
            *[pl.col(name).alias(RAW + name) for name in names],
            *[pl.col(name).alias(KEEP + name) for name in self.keep],
            *extra,
        )

    def patients(
        self, parts: Iterable[Part] | None = None, *, places: bool = False
    ) -> pl.LazyFrame:
        """Give every row, also what cannot be used, with a column a fact beside the raw ones."""
        frame = self.raw(parts, places=places)
        first = [expr for cells in self.cells.values() for expr in cells.first]
        if first:
            frame = frame.with_columns(first)
        values = [expr for cells in self.cells.values() for expr in (cells.value, *cells.ends)]
        return frame.with_columns(values)

    def usable(self, parts: Iterable[Part] | None = None, *, clean: bool) -> pl.LazyFrame:
        """Give the rows that can be used; all of them, when a check has found the table `clean`."""
        frame = self.patients(parts)
        if not clean:
            frame = frame.filter(~self.is_trouble())
        kept = [pl.col(KEEP + name) for name in self.keep]
        ends = [name for fact in sorted(self.bounded) for name in columns_of(fact)]
        return frame.select(pl.col(ID), *self.cells, *ends, *kept)

    def _id(self) -> pl.Expr:
        column = pl.col(self.columns.patient)
        dtype = self.table.columns[self.columns.patient]
        if dtype.is_integer():
            return column
        text = column.cast(pl.String)
        return pl.when(text.str.strip_chars() != "").then(text)

    # --- what is wrong with rows -------------------------------------------------------------

    @functools.cached_property
    def troubles(self) -> dict[str, tuple[str | None, str, Trouble]]:
        """Give every kind of trouble a row can have: by number, its fact, column and what it is."""
        found: list[tuple[str | None, str, Trouble]] = []
        no_id = Trouble("D305", "a row without a patient's id", _NO_ID, pl.col(ID).is_null())
        found.append((None, self.columns.patient, no_id))
        for name, cells in self.cells.items():
            found += [(name, t.column or cells.column, t) for t in cells.troubles]
        for denied in self.denials:
            what, help = exclusion(denied.fact, denied.others)
            column = self.cells[denied.fact].column
            found.append((denied.fact, column, Trouble("D314", what, help, denied.where)))
        return {f"trouble {i}": one for i, one in enumerate(found)}

    def is_twice(self) -> pl.Expr:
        """Say which rows are of a patient with more than one row (known after a check)."""
        if self.twice is None or not len(self.twice):
            return pl.lit(False)
        return pl.col(ID).is_in(self.twice.implode()).fill_null(False)

    def is_trouble(self) -> pl.Expr:
        """Say which rows cannot be used."""
        every = [trouble.where for _, _, trouble in self.troubles.values()]
        return functools.reduce(operator.or_, every, self.is_twice())

    def rejected(self) -> list[pl.Expr]:
        """Give what is told of a row that cannot be used: why, the id, its cells as they are."""
        reasons = [
            pl.when(t.where).then(pl.lit(f"{column}: {t.what}"))
            for _, column, t in self.troubles.values()
        ]
        twice = "a patient who stands more than once"
        reasons.append(pl.when(self.is_twice()).then(pl.lit(f"{self.columns.patient}: {twice}")))
        raw = dict.fromkeys(name for cells in self.cells.values() for name in cells.columns)
        return [
            pl.concat_str(reasons, separator="; ", ignore_nulls=True).alias("reason"),
            pl.col(ID).alias(self.columns.patient),
            *[pl.col(RAW + column).alias(column) for column in raw],
        ]

    # --- columns -----------------------------------------------------------------------------

    def _absent(self) -> list[Diagnostic]:
        """Name columns that are asked for and not there."""
        names = self.table.columns
        found = []
        wanted = {name: f"the column `{name}` of `{fact}`"
                  for fact, c in self.columns.facts.items() for name in c.columns}  # fmt: skip
        wanted |= {name: f"the column `{name}`" for name in self.keep}
        asked = [*dict.fromkeys((self.columns.patient, *wanted))]
        missing = [name for name in asked if name not in names]
        if len(missing) >= _STRANGE and len(asked) - len(missing) < len(asked) / 4:
            return [self._another_table(asked, missing)]
        for name, shown in wanted.items():
            if name not in names:
                help = suggestion(name, names) or f"its columns: {', '.join(list(names)[:20])}"
                found.append(self._about_table(
                    Diagnostic("D303", "error", f"{shown} is not in the table", help=help)
                ))  # fmt: skip
        for fact, ends in self._unnamed_ends(names).items():
            # As `--facts` writes them: left out in silence, such a fact would be not known.
            if any(end.endswith("_open") for end in ends):
                text = f"the table has bounds of `{fact}`, which the mapping file does not name"
                help = f"add {_as_named(ends)}"
                told = Diagnostic("D303", "error", text, help=help)
                found.append(self._about_table(told))
        if self.columns.patient not in names:
            text = f"the table has no column `{self.columns.patient}` with the patients' ids"
            help = suggestion(self.columns.patient, names) or (
                "name the column of the ids in the mapping file: `patient: NAME`"
            )
            found.append(self._about_table(Diagnostic("D305", "error", text, help=help)))
        if not (self.columns.facts or found or self._may_be_empty):
            text = "no column of the table is a fact"
            help = "name the columns by facts of the dictionary, or give a mapping file (--map)"
            found.append(self._about_table(Diagnostic("D303", "error", text, help=help)))
        return found

    def _another_table(self, asked: Sequence[str], missing: Sequence[str]) -> Diagnostic:
        """Say once that hardly a column is there: a list of all of them would hide why."""
        none = len(missing) == len(asked)
        text = (
            f"{'none' if none else f'only {len(asked) - len(missing)}'} of the {len(asked)} columns"
            f" that are asked for {'is' if len(asked) - len(missing) < 2 else 'are'} in the table:"
            f" not {_some(missing)}; it has {_some(list(self.table.columns))}"
        )
        help = "is this the table that was meant?"
        if any(part.form == "csv" for part in self.table.parts):
            help = (
                f"is this the table that was meant, and is `{self.table.separator}` what stands "
                "between its cells? the mapping file says otherwise with `csv: {separator: …}`"
            )
        return self._about_table(Diagnostic("D303", "error", text, help=help))

    def _about_table(self, diagnostic: Diagnostic) -> Diagnostic:
        import msgspec

        return msgspec.structs.replace(diagnostic, file=self.table.parts[0].path)

    def _needs_unit(self, fact: ir.Fact) -> Diagnostic:
        text = f"`{fact.id}` needs its unit: more than one is in use"
        help = f"name the column `{fact.id} [{fact.unit}]` if that is its unit, or use --map"
        return self._about_table(Diagnostic("D104", "error", text, help=help))

    def _units(self, column: str) -> tuple[str, ...]:
        """Find the units that the cells of a text column name."""
        frame = self.table.scan().select(named_unit(pl.col(column)).alias("unit"))
        units = frame.unique().drop_nulls().collect(engine="streaming")["unit"]
        return tuple(sorted(units.to_list()))

    def _unnamed_ends(self, among: Container[str]) -> dict[str, dict[str, str]]:
        """Give, by fact, the columns called like ends of its bounds that a mapping leaves out."""
        found = {
            fact: {end: f"{fact}.{end}" for end in ENDS if f"{fact}.{end}" in among}
            for fact, column in self.columns.facts.items()
            if not column.ends
        }
        return {fact: ends for fact, ends in found.items() if ends}

    @property
    def doubts(self) -> list[Diagnostic]:
        """Warn of columns that may be bounds and may as well be the limits of a laboratory."""
        found: list[Diagnostic] = []
        for fact, ends in self._unnamed_ends(self.unused).items():
            if not self.columns.file or self.facts[fact].type != "quantity":
                continue
            names = " and ".join(f"`{name}`" for name in ends.values())
            text = f"{names} are not used: the mapping file does not name them"
            if len(ends) == 1:
                text = f"{names} is not used: the mapping file does not name it"
            help = (
                f"if these are bounds of `{fact}` where its number is not known, add "
                f"{_as_named(ends)}; if they are limits of the laboratory, nothing is to be done"
            )
            found.append(self._about_table(Diagnostic("D303", "warning", text, help=help)))
        return found

    @property
    def unused(self) -> tuple[str, ...]:
        """Name the columns that are no facts, or that the mapping file does not name."""
        every = self.columns.unused
        if self.columns.file:
            named = {name for c in self.columns.facts.values() for name in c.columns}
            named.add(self.columns.patient)
            every = tuple(name for name in self.table.columns if name not in named)
        return tuple(n for n in every if n not in (*self.keep, PATIENT, MARK))


def _as_named(ends: Mapping[str, str]) -> str:
    return ", ".join(f"`{end}: {name}`" for end, name in ends.items())


def _some(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _is_bare(dtype: Any) -> bool:
    return bool(dtype.is_numeric()) or dtype == pl.String
