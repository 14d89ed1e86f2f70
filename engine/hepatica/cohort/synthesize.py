"""Invented patients, clearly marked: within plausible ranges, and near the limits of the rules.

They are for trying things out at any size. Nothing about them is like a population: every value is
drawn by itself, but for what the dictionary says that facts imply.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator

import polars as pl
import pyarrow

from hepatica import ir
from hepatica.cohort.answers import asked_of, leaves_of
from hepatica.cohort.bare import denials
from hepatica.compile.expressions import dtype_of
from hepatica.parse.conditions import plain

AT_ONCE = 100_000
_TRIES = 20
_SETS = 300
_NEAR = 0.6
"""How many of the numbers are drawn within a stretch around a limit of a rule."""


def synthesize(
    knowledge: ir.Knowledge,
    guidelines: Iterable[ir.Guideline],
    number: int,
    seed: int,
    missing: float = 0.2,
) -> Iterator[pl.DataFrame]:
    """Draw patients, in frames of `AT_ONCE`; the same for the same seed and knowledge.

    Columns: `patient` (`synthetic-000001`…), `synthetic` (always true), and one a fact, named with
    its unit where it must be said. `missing` is the share of cells that are not given, 0 to 1.
    """
    guidelines = tuple(guidelines)
    drawn = asked_of(guidelines)
    limits = _limits(guidelines)
    for start in range(0, number, AT_ONCE):
        size = min(AT_ONCE, number - start)
        # A generator of its own for each frame: so frame 7 is the same however many come before.
        frame = _frame(knowledge.facts, drawn, limits, size, f"{seed} {start // AT_ONCE}", missing)
        ids = pl.int_range(start + 1, start + size + 1, eager=True).cast(pl.String)
        names = (pl.lit("synthetic-") + ids.str.zfill(6)).alias("patient")
        shown = [pl.col(n).alias(column_name(knowledge.facts[n])) for n in drawn]
        yield frame.select(names, pl.lit(True).alias("synthetic"), *shown)


def column_name(fact: ir.Fact) -> str:
    """Name the column of a fact, as it is read without a mapping file."""
    return f"{fact.id} [{fact.unit}]" if fact.ask_unit else fact.id


def _limits(guidelines: Iterable[ir.Guideline]) -> dict[str, list[float]]:
    """Collect the numbers that rules compare each fact with."""
    found: dict[str, set[float]] = {}
    for guideline in guidelines:
        for leaf in leaves_of(guideline):
            numbers = [v for v in leaf.values if isinstance(v, float)]
            found.setdefault(leaf.fact, set()).update(numbers)
    return {name: sorted(numbers) for name, numbers in found.items()}


def _frame(
    facts: dict[str, ir.Fact],
    drawn: tuple[str, ...],
    limits: dict[str, list[float]],
    size: int,
    seed: str,
    missing: float,
) -> pl.DataFrame:
    chance = _Chance(seed)
    columns = {n: _draw(facts[n], limits.get(n, []), size, chance, missing) for n in drawn}
    frame = pl.DataFrame(columns)
    excluded = list(denials(facts, drawn))
    for _ in range(_TRIES):
        wrong: dict[str, pl.Series] = {}
        rows = frame.select(d.where.alias(str(i)) for i, d in enumerate(excluded))
        for i, denied in enumerate(excluded):
            for name in denied.others if rows[str(i)].any() else ():
                where = rows[str(i)]
                wrong[name] = wrong[name] | where if name in wrong else where
        if not wrong:
            return frame
        for name, where in wrong.items():
            if name in columns:
                again = _draw(facts[name], limits.get(name, []), int(where.sum()), chance, missing)
                frame = frame.with_columns(_mended(frame[name], where, again))
    # The few that no draw has mended: what denies the other is not known of them.
    for _ in excluded:
        for denied in excluded:
            for name in (n for n in denied.others if n in columns):
                frame = frame.with_columns(pl.when(~denied.where).then(pl.col(name)).alias(name))
    return frame


def _mended(column: pl.Series, where: pl.Series, again: pl.Series) -> pl.Series:
    """Put newly drawn values, in order, where the old ones excluded each other."""
    number = (where.cum_sum() - 1).cast(pl.UInt32)
    spread = again.gather(number.zip_with(where, pl.Series([0], dtype=pl.UInt32)))
    return spread.zip_with(where, column).alias(column.name)


class _Chance:
    """Uniform numbers from the Mersenne Twister: the same on every machine, for one seed."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def uniform(self, size: int) -> pl.Series:
        """Draw `size` numbers from 0 up to, not including, 1."""
        bits = pyarrow.py_buffer(self.random.randbytes(8 * size))
        whole = pyarrow.Array.from_buffers(pyarrow.uint64(), size, [None, bits])
        drawn = pl.Series(pl.from_arrow(whole))
        return (drawn // 2048).cast(pl.Float64) * 2.0**-53  # the 53 bits a float can hold

    def below(self, most: int, size: int) -> pl.Series:
        """Draw whole numbers from 0 up to, not including, `most`."""
        return (self.uniform(size) * most).cast(pl.UInt32)


def _draw(
    fact: ir.Fact, limits: list[float], size: int, chance: _Chance, missing: float
) -> pl.Series:
    given = chance.uniform(size) >= missing
    if fact.type == "quantity":
        drawn = _numbers(fact, limits, size, chance)
    elif fact.type == "boolean":
        drawn = chance.uniform(size) < 0.3
    elif fact.type == "code":
        drawn = _enum(fact).gather(chance.below(len(fact.values), size))
    else:
        drawn = _sets(fact, size, chance)
    nothing = pl.Series([None], dtype=dtype_of(fact)).new_from_index(0, size)
    return drawn.cast(dtype_of(fact)).zip_with(given, nothing).alias(fact.id)


def _enum(fact: ir.Fact) -> pl.Series:
    return pl.Series(list(fact.values), dtype=pl.Enum(list(fact.values)))


def _numbers(fact: ir.Fact, limits: list[float], size: int, chance: _Chance) -> pl.Series:
    """Draw numbers of the range, many of them around the limits and some exactly on one."""
    low, high = fact.range or (0.0, 100.0)
    top = high
    if limits:  # what lies far beyond every limit is plausible, but tells nothing
        top = min(high, max(2 * limits[-1], limits[-1] + (limits[-1] - low) / 2, low + 1))
    numbers = chance.uniform(size) * (top - low) + low
    inside = [v for v in limits if low <= v <= high]
    if inside:
        chosen = chance.below(len(inside), size)
        around = pl.Series(inside).gather(chosen)
        width = pl.Series([_gap(inside, v, low, top) for v in inside]).gather(chosen)
        kind = chance.uniform(size)
        near = around + width * (chance.uniform(size) - 0.5)
        numbers = near.zip_with(kind < _NEAR, numbers)
        numbers = around.zip_with(kind < _NEAR / 6, numbers)
    digits = max(0, 2 - math.floor(math.log10(max(top - low, 1e-9))))
    return numbers.round(min(digits, 6)).clip(low, high)


def _gap(limits: list[float], value: float, low: float, high: float) -> float:
    """Say how wide the stretch around a limit is: as far as to the next limit."""
    others = [abs(value - other) for other in (*limits, low, high) if other != value]
    return min(others, default=1.0)


def _sets(fact: ir.Fact, size: int, chance: _Chance) -> pl.Series:
    """Draw sets of mostly none, one or two members, out of a few hundred different ones."""
    values = list(fact.values)
    often = min(0.5, 1.0 / len(values))
    pool = [[v for v in values if chance.random.random() < often] for _ in range(_SETS)]
    sets = pl.Series(pool, dtype=dtype_of(fact))
    return sets.gather(chance.below(_SETS, size))


def describe(number: int, seed: int, missing: float) -> str:
    """Say in one line what a synthetic cohort is."""
    return (
        f"{number:,} invented patients, drawn at random with seed {seed}, "
        f"{plain(round(missing * 100, 1))} % of the values missing: not a population"
    )
