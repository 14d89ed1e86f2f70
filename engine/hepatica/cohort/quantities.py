"""From the cells of a column to numbers, in the unit of their fact.

A unit is said once for a column, or stands in every cell. Numbers in another unit are converted by
the same exact code as those of a case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from hepatica import ir
from hepatica.cohort.mapping import AS_WRITTEN, Column
from hepatica.cohort.trouble import Trouble, Unsuitable, is_text, numbers, stripped
from hepatica.parse.conditions import plain, ratio_to
from hepatica.units import convert, exact

_PLAIN = r"^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?$"
_SPLIT = r"^([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?)(?:\s+(\S+)|([^\s\d.,+\-:][^\s]*))$"
_COMMA = r"^[-+]?\d[\d.\s]*,\d+\b"
_COMMA_IN_BOUNDS = r"^(?:[<>]=?|[≤≥])?\s*[-+]?\d[\d.\s]*,\d+\b"
_DATE = (
    r"^(?:\d{4}-\d{1,2}(?:-\d{1,2})?(?:[T ].*)?|\d{4}/\d{1,2}(?:/\d{1,2})?"
    r"|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})$"
)
NO_NUMBER, NO_UNIT, OTHER_UNIT, OUT_OF_RANGE = "number", "no unit", "unit", "range"
"""What can be wrong with bounds in a text cell."""
_NOT_FINITE = r"(?i)^[-+]?(?:nan|inf|infinity)$"


def units_of(fact: ir.Fact, column: Column, seen: tuple[str, ...]) -> dict[str, Fraction]:
    """List the units that cells may name: the one that was said, or all that were seen and suit."""
    if column.unit != AS_WRITTEN:
        unit = column.unit or fact.unit or "1"
        return {unit: ratio_to(fact, unit) or Fraction(1)}
    ratios = {unit: ratio_to(fact, unit) for unit in seen}
    return {unit: ratio for unit, ratio in ratios.items() if ratio is not None}


def named_unit(raw: pl.Expr) -> pl.Expr:
    """Give the unit that a text cell names; null where it names none."""
    text = raw.cast(pl.String).str.strip_chars().str.replace(",", ".", literal=True)
    return pl.coalesce(text.str.extract(_SPLIT, 2), text.str.extract(_SPLIT, 3))


def number_cells(
    fact: ir.Fact,
    name: str,
    column: Column,
    raw: pl.Expr,
    dtype: Any,
    decimal: str,
    units: Mapping[str, Fraction],
    bounds: pl.Expr | None = None,
) -> tuple[pl.Expr, list[Trouble]]:
    """Give the numbers of a column, and its troubles but for the plausible range.

    The numbers are going to be the column `name`. `bounds` are what was read of text cells that
    hold bounds (see `cohort.bounds`). Raises `Unsuitable`.
    """
    unit = fact.unit or "1"
    if dtype == pl.Null:
        return pl.lit(None, pl.Float64), []
    if dtype.is_numeric():
        if column.unit == AS_WRITTEN:
            needed = "to be text that names the unit in each cell, as `unit: as_written` says"
            raise Unsuitable(needed, f"say the unit of the numbers: `unit: {unit}`")
        value, troubles = _from_numbers(column, raw, dtype, next(iter(units.values())))
    elif is_text(dtype):
        value, troubles = _from_text(fact, column, raw, decimal, units, bounds)
    elif dtype.is_temporal():
        raise Unsuitable(
            f"a number in {unit}, not a date", f"work the number out in {unit}, or name its column"
        )
    else:
        raise Unsuitable(f"a number in {unit}", "name the column of the numbers")
    if any(ratio != 1 for ratio in units.values()):
        beyond = "too large a number in the unit of the fact"
        troubles.append(Trouble("D309", beyond, "check the number and its unit",
                                pl.col(name).is_infinite()))  # fmt: skip
    return value, troubles


def limits(fact: ir.Fact) -> tuple[float, float]:
    """Give the plausible range of a fact."""
    return fact.range or (float("-inf"), float("inf"))


def implausible(
    fact: ir.Fact, where: pl.Expr, hint: pl.Expr | None = None, column: str = ""
) -> Trouble:
    """Make the trouble of numbers outside the plausible range."""
    low, high = limits(fact)
    plausible = f"plausible: {plain(low)} to {plain(high)} {fact.unit or '1'}"
    what = f"outside the plausible range of `{fact.id}`"
    return Trouble("D307", what, f"{plausible}; check the numbers and their unit", where, hint,
                   column)  # fmt: skip


def outside(
    fact: ir.Fact, column: Column, raw: pl.Expr, dtype: Any, units: Mapping[str, Fraction]
) -> Trouble:
    """Find numbers (in the column of the fact) outside the plausible range."""
    low, high = limits(fact)
    found = pl.col(fact.id)
    hint = None
    if _is_as_it_stands(column, dtype, units):
        hint = (raw.min() < low) | (raw.max() > high)
    return implausible(fact, (found < low) | (found > high), hint)


def _is_as_it_stands(column: Column, dtype: Any, units: Mapping[str, Fraction]) -> bool:
    """Say whether the cells are the values: numbers in the fact's unit, none with a meaning."""
    plain_type = dtype == pl.Float64 or dtype.is_integer()
    return plain_type and not column.missing and all(ratio == 1 for ratio in units.values())


def _from_numbers(
    column: Column, raw: pl.Expr, dtype: Any, ratio: Fraction
) -> tuple[pl.Expr, list[Trouble]]:
    # 0.57 in single precision is 0.5699999928; what was written is what it prints as.
    single = dtype in (pl.Float32, getattr(pl, "Float16", pl.Float32))
    number = (raw.cast(pl.String) if single else raw).cast(pl.Float64)
    if dtype.is_integer() and not column.missing:
        return _converted(number, ratio), []
    absent = numbers(column.missing)
    may_be_nan = any(value != value for value in absent)
    finite = number.is_finite()
    held = [v for v in absent if v == v]
    value = pl.when(finite & ~number.is_in(held) if held else finite).then(number)
    wrong = number.is_infinite() if may_be_nan else ~finite
    hint = None if column.missing or single else ~number.sum().is_finite()
    help = "leave the cell empty where nothing is known; `missing: [NaN]` if that is what it means"
    return _converted(value, ratio), [Trouble("D309", "not a finite number", help, wrong, hint)]


def _from_text(
    fact: ir.Fact,
    column: Column,
    raw: pl.Expr,
    decimal: str,
    units: Mapping[str, Fraction],
    bounds: pl.Expr | None,
) -> tuple[pl.Expr, list[Trouble]]:
    unit = fact.unit or "1"
    text = stripped(raw, column)
    odd = pl.lit(False)
    if decimal == "comma":
        odd = text.str.contains(".", literal=True)
        text = text.str.replace(",", ".", literal=True)
    bare = text.str.contains(_PLAIN)
    parsed = (
        pl.when(bare)
        .then(text)
        .otherwise(text.str.extract(_SPLIT, 1))
        .cast(pl.Float64, strict=False)
    )
    absent = [value for value in numbers(column.missing) if value == value]
    number = pl.when(parsed.is_finite() & ~parsed.is_in(absent)).then(parsed)
    named = pl.when(~bare).then(
        pl.coalesce(text.str.extract(_SPLIT, 2), text.str.extract(_SPLIT, 3))
    )
    each = column.unit == AS_WRITTEN
    branches = [
        pl.when((named == name) if each else bare | (named == name)).then(_converted(number, ratio))
        for name, ratio in units.items()
    ]
    value = pl.coalesce(*branches) if branches else pl.lit(None, pl.Float64)
    comma = text.str.contains(_COMMA if bounds is None else _COMMA_IN_BOUNDS)
    date = text.str.contains(_DATE)
    lost = text.str.contains(_NOT_FINITE) | parsed.is_infinite().fill_null(False)  # 1e400
    foreign = named.is_not_null() & ~named.is_in(list(units))
    said = column.unit if column.unit and not each else unit
    without = "without a unit" if said == "1" else f"in {said}"
    unit_help = (
        f"write them {without}, or say in the mapping file in which unit they are (`unit: "
        f"{AS_WRITTEN}` where each cell names its own)"
    )
    if each:
        unit_help = f"write them in a unit of `{fact.id}`, which is held in {unit}"
    help = "give a number" if unit == "1" else f"give a number in {unit}"
    no_number = ~(bare | comma | date | lost | named.is_not_null()) | odd | (
        bare & parsed.is_null()
    )  # fmt: skip
    no_unit = bare & number.is_not_null()
    foreign = foreign & ~date & ~comma
    help_bounds = "`bounds: true` in the mapping file reads `<5` and `5-10`; "
    if bounds is not None:
        wrong = bounds.struct.field("wrong")
        is_other = ~bounds.struct.field("is_bounds").fill_null(False)
        value = pl.coalesce(pl.when(is_other).then(value), bounds.struct.field("number"))
        no_number = (is_other & no_number) | (wrong == NO_NUMBER).fill_null(False)
        no_unit = (is_other & no_unit) | (wrong == NO_UNIT).fill_null(False)
        foreign = (is_other & foreign) | (wrong == OTHER_UNIT).fill_null(False)
        comma, date, lost = is_other & comma, is_other & date, is_other & lost
        help_bounds = ""
    troubles = [
        Trouble("D311", "a date, where a number is needed", help, date),
        Trouble("D309", "not a finite number", "leave the cell empty where nothing is known; or "
                "name it under `missing`", lost),
        Trouble("D310", "a number with a comma", "write a point; or say `csv: {decimal: comma}` in "
                "the mapping file", comma & ~date),
        Trouble("D312", "in another unit than the column", unit_help, foreign),
        Trouble("D313", "not a number", f"{help}; {help_bounds}name what means that nothing is "
                "known under `missing`", no_number),
    ]  # fmt: skip
    if each:
        help = "write the unit behind each number"
        troubles.append(Trouble("D312", "a number without its unit", help, no_unit))
    return value, troubles


def _converted(number: pl.Expr, ratio: Fraction) -> pl.Expr:
    """Multiply exactly, as for a case: 0.57 g/dL is 5.7 g/L, not 5.699999999999999."""
    if ratio == 1:
        return number
    return number.map_batches(_times(ratio), return_dtype=pl.Float64, is_elementwise=True)


def _times(ratio: Fraction) -> Callable[[pl.Series], pl.Series]:
    def run(cells: pl.Series) -> pl.Series:
        distinct = cells.drop_nulls().unique()
        new = pl.Series([convert(exact(v), ratio) for v in distinct.to_list()], dtype=pl.Float64)
        return cells.replace_strict(distinct, new, default=None, return_dtype=pl.Float64)

    return run
