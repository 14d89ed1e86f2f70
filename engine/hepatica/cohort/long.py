"""The rows of a long result: each is a number first, and gets its words when all are in order.

A row is one whole number of 64 bits: the patient's place in the batch, the statement, the status,
and which facts it waits for. So the rows of all statements are put in order by sorting numbers.
Few patients wait for different facts: each list is made once and then pointed to.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl
import pyarrow

from hepatica.compile.columnar import STATUS

BITS = 64
_STATUS_BITS = 4
_MOST_LISTS = 500_000
_PLAIN = pl.QueryOptFlags.none()
ORDER = "order:"


class Piece(NamedTuple):
    """A statement, or whether its guideline applies: its labels, and the statuses that are told.

    `status` is the column of the outcomes, `waiting` the facts of its bits (`Columnar.waiting`);
    with `within`, only rows are told to which the guideline may apply.
    """

    guideline: str
    statement: str
    kind: str
    status: str
    words: tuple[str, ...]
    waiting: tuple[str, ...]
    within: bool


class Rows:
    """Makes the rows of batches: `pieces` of each guideline, in the order they are told."""

    def __init__(
        self, pieces: Sequence[Sequence[Piece]], names: pl.Enum, labels: Sequence[pl.Enum]
    ) -> None:
        """Take the types of missing facts, and of guidelines, statements and kinds."""
        self.by_guideline = [list(some) for some in pieces]
        self.pieces = [piece for some in pieces for piece in some]
        self.labels = {
            label: pl.Series(label, [getattr(piece, label) for piece in self.pieces], dtype=dtype)
            for label, dtype in zip(("guideline", "statement", "kind"), labels, strict=True)
        }
        self.lists = _Lists([piece.waiting for piece in self.pieces], names)

    def rows(
        self, outcomes: Sequence[pl.DataFrame], keep: list[str], *, listed: bool
    ) -> pl.DataFrame:
        """Give the rows of a batch, those of a patient together; `keep` are columns of the patient.

        A frame of `outcomes` a guideline; `listed` with those of `Columnar.waiting`, of which the
        column `missing` is made.
        """
        at = _Places.of(len(outcomes[0]), len(self.pieces))
        rows: list[pl.Series] = []
        opened: list[tuple[pl.Series, dict[str, pl.Series]]] = []
        first = 0
        for i, pieces in enumerate(self.by_guideline):
            order = pl.int_range(pl.len(), dtype=pl.UInt64) * pl.lit(1 << at.order, pl.UInt64)
            frame = outcomes[i].lazy().with_columns(order.alias(ORDER))
            numbered = list(enumerate(pieces, first))
            steps: list[pl.Expr] = []
            asked: list[pl.Expr] = []
            for number, piece in numbered:
                steps += _told(number, piece, listed)
                asked += _numbers(number, piece, at, listed)
            found = frame.with_columns(steps).select(asked).collect(optimizations=_PLAIN)
            for number, piece in numbered:
                rows.append(found[f"rows {number}"][0])
                if listed and piece.waiting:
                    bits = {f"{w}": found[f"bits {number} {w}"][0] for w in _words(piece)}
                    opened.append((found[f"open {number}"][0], bits))
            first += len(pieces)
        if opened:
            rows.append(self.lists.numbered(opened, at))
        return self._said(pl.concat(rows).sort(), outcomes[0], keep, at, listed)

    def _said(
        self, rows: pl.Series, patients: pl.DataFrame, keep: list[str], at: _Places, listed: bool
    ) -> pl.DataFrame:
        """Turn the numbers of rows, in order, into words."""
        row = pl.col("row:")
        patient = row // pl.lit(1 << at.order, pl.UInt64)
        piece, status = at.piece_of(row), at.status_of(row)
        statuses = pl.Series(list(STATUS.categories), dtype=STATUS)
        frame = rows.alias("row:").to_frame().lazy().select(
            *[pl.lit(patients[name]).gather(patient).alias(name) for name in keep],
            *[pl.lit(s).gather(piece).alias(label) for label, s in self.labels.items()],
            pl.lit(statuses).gather(status).alias("status"),
            *([at.list_of(row).alias("missing")] if listed else []),
        ).collect(optimizations=_PLAIN)  # fmt: skip
        if listed:
            frame = frame.with_columns(self.lists.of(frame["missing"]))
        return frame


class _Places(NamedTuple):
    """Where in the number of a row, from which bit on, is what; the list is in the lowest."""

    status: int
    piece: int
    order: int

    @classmethod
    def of(cls, patients: int, pieces: int) -> _Places:
        order = BITS - max(patients - 1, 1).bit_length()
        piece = order - max(pieces - 1, 1).bit_length()
        return cls(piece - _STATUS_BITS, piece, order)

    def piece_of(self, row: pl.Expr) -> pl.Expr:
        return _cut(row, self.piece, self.order)

    def status_of(self, row: pl.Expr) -> pl.Expr:
        return _cut(row, self.status, self.piece)

    def list_of(self, row: pl.Expr) -> pl.Expr:
        return _cut(row, 0, self.status)


def _cut(row: pl.Expr, low: int, high: int) -> pl.Expr:
    """Give the bits of a number from one to, not including, another."""
    bits = row & pl.lit((1 << high) - (1 << low), pl.UInt64)
    return bits // pl.lit(1 << low, pl.UInt64) if low else bits


def _told(number: int, piece: Piece, listed: bool) -> list[pl.Expr]:
    """Say which patients get a row, and which of those wait for facts."""
    status = pl.col(piece.status)
    told = functools.reduce(operator.or_, [status == pl.lit(word, STATUS) for word in piece.words])
    if piece.within:
        told = told & pl.col("applies").fill_null(True)
    if not (listed and piece.waiting):
        return [told.alias(f"told {number}")]
    waits = functools.reduce(operator.or_, [pl.col(b) != 0 for b in _bytes(piece)])
    return [(told & ~waits).alias(f"told {number}"), (told & waits).alias(f"waits {number}")]


def _numbers(number: int, piece: Piece, at: _Places, listed: bool) -> list[pl.Expr]:
    """Give the numbers of the rows of a statement, as one list; those that wait by themselves."""

    def rows(which: pl.Expr) -> pl.Expr:
        status = pl.col(piece.status).to_physical().filter(which).cast(pl.UInt64)
        label = pl.lit(number << at.piece, pl.UInt64)
        order = pl.col(ORDER).filter(which)
        return (order + status * pl.lit(1 << at.status, pl.UInt64) + label).implode()

    found = [rows(pl.col(f"told {number}")).alias(f"rows {number}")]
    if not (listed and piece.waiting):
        return found
    waits = pl.col(f"waits {number}")
    found.append(rows(waits).alias(f"open {number}"))
    names = _bytes(piece)
    for word in _words(piece):
        some = [
            pl.col(name).filter(waits).cast(pl.UInt64) * pl.lit(1 << 8 * i, pl.UInt64)
            for i, name in enumerate(names[8 * word : 8 * word + 8])
        ]
        bits = functools.reduce(operator.add, some)
        found.append(bits.implode().alias(f"bits {number} {word}"))
    return found


def _bytes(piece: Piece) -> list[str]:
    return [f"? {piece.statement} {i}" for i in range(-(-len(piece.waiting) // 8))]


def _words(piece: Piece) -> range:
    return range(-(-len(piece.waiting) // BITS))


class _Lists:
    """The lists of facts that anybody waits for: `every` of them, the first one empty."""

    def __init__(self, waiting: Sequence[tuple[str, ...]], names: pl.Enum) -> None:
        self.waiting = waiting
        self.dtype = pl.List(names)
        self.words = [str(i) for i in range(max((-(-len(w) // BITS) for w in waiting), default=0))]
        self._forget()

    def _forget(self) -> None:
        self.every = pl.Series("missing", [[]], dtype=self.dtype)
        self.known = pl.DataFrame(
            schema={"piece": pl.UInt64, **dict.fromkeys(self.words, pl.UInt64), "list": pl.UInt64}
        )

    def of(self, numbers: pl.Series) -> pl.Series:
        """Give the lists of these numbers, most of which are 0.

        Only what is in them is fetched; where each begins is a sum. (Polars' own `gather` of lists
        takes some ten times as long.)
        """
        lengths = self.every.list.len().gather(numbers)
        ends = lengths.cast(pl.Int64).cum_sum()
        offsets = pl.concat([pl.Series([0], dtype=pl.Int64), ends]).to_arrow()
        members = self.every.gather(numbers.filter(numbers != 0)).explode(empty_as_null=False)
        kind = pl.Series("", [], dtype=self.dtype).to_arrow().type
        lists = pyarrow.LargeListArray.from_arrays(offsets, members.to_arrow(), type=kind)
        schema = pl.DataFrame({"missing": self.every.head(0)}).to_arrow().schema
        return pl.DataFrame(pyarrow.table([lists], schema=schema))["missing"]

    def numbered(
        self, opened: Sequence[tuple[pl.Series, dict[str, pl.Series]]], at: _Places
    ) -> pl.Series:
        """Add to the numbers of rows the number of their list, of which the bits are given."""
        if len(self.every) > _MOST_LISTS:
            self._forget()
        frames = [
            pl.DataFrame({"row": rows, **bits}).with_columns(
                pl.lit(0, pl.UInt64).alias(w) for w in self.words if w not in bits
            )
            for rows, bits in opened
        ]
        together = pl.concat(frames).with_columns(at.piece_of(pl.col("row")).alias("piece"))
        key = ["piece", *self.words]
        self._learn(together.select(key).unique().join(self.known, on=key, how="anti"))
        listed = together.join(self.known, on=key, how="left", maintain_order="left")
        return listed.select(pl.col("row") + pl.col("list")).to_series()

    def _learn(self, new: pl.DataFrame) -> None:
        lists = [
            [fact for i, fact in enumerate(self.waiting[piece]) if bits[i // BITS] >> i % BITS & 1]
            for piece, *bits in new.sort(pl.all()).rows()
        ]
        numbers = pl.int_range(len(self.every), len(self.every) + len(new), eager=True)
        known = new.sort(pl.all()).with_columns(numbers.cast(pl.UInt64).alias("list"))
        self.known = pl.concat([self.known, known])
        self.every = pl.concat([self.every, pl.Series("missing", lists, dtype=self.dtype)])
