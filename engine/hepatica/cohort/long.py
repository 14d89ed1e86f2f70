"""The rows of a long result, made of columns of small numbers: one a statement, patient by patient.

The plan gives, for each statement, a number that says what is told of it (0: nothing), and the
facts it waits for as bits. Here they are laid out as one grid, a line a patient; what is not 0 in
it, read line by line, are the rows of the result in their order, so nothing has to be sorted but
what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy
import polars as pl
import pyarrow

from hepatica.compile.columnar import Asked, Columnar
from hepatica.compile.expressions import STATUS, Expressions
from hepatica.lower import Rail

Array = numpy.ndarray[Any, numpy.dtype[Any]]
APPLIES = "applies"
_WORDS = {word: number for number, word in enumerate(STATUS.categories, 1)}
_OPEN = ("contingent", "unknown")


class Piece(NamedTuple):
    """A statement, or whether its guideline applies: its labels, and the statuses that are told.

    `status` gives the node of each status but `last`, which is so when none of the others is;
    `waiting` the node of each fact that it waits for where it is open. With `within`, only rows are told to which
    the guideline may apply.
    """

    guideline: str
    statement: str
    kind: str
    words: tuple[str, ...]
    status: dict[str, int]
    last: str
    waiting: dict[str, int]
    within: Rail | None

    @property
    def open(self) -> str | None:
        """The status that waits for facts, if it is told."""
        return next((word for word in self.words if word in _OPEN), None)

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts whose bits are asked for."""
        return tuple(sorted(self.waiting)) if self.open else ()


class Rows:
    """Makes the rows of batches: `pieces` of each guideline, in the order they are told."""

    def __init__(
        self, pieces: Sequence[Sequence[Piece]], names: pl.Enum, labels: Sequence[pl.Enum]
    ) -> None:
        """Take the types of missing facts, and of guidelines, statements and kinds."""
        self.by_guideline = [list(some) for some in pieces]
        self.pieces = [piece for some in pieces for piece in some]
        self.names = names
        self.labels = {
            label: _codes([getattr(piece, label) for piece in self.pieces], dtype)
            for label, dtype in zip(("guideline", "statement", "kind"), labels, strict=True)
        }
        self.dtypes = dict(zip(self.labels, labels, strict=True))
        numbers = {name: number for number, name in enumerate(names.categories)}
        self._open = [_WORDS[piece.open] if piece.open else 0 for piece in self.pieces]
        self._bytes: list[tuple[int, int]] = []
        facts: list[int] = []
        for number, piece in enumerate(self.pieces):
            bytes_ = -(-len(piece.facts) // 8)
            self._bytes += [(number, byte) for byte in range(bytes_)]
            facts += [numbers[fact] for fact in piece.facts]
            facts += [0] * (bytes_ * 8 - len(piece.facts))
        self._piece_of = numpy.array([number for number, _ in self._bytes], numpy.int64)
        self._fact_of = numpy.array(facts, _smallest(len(numbers)))

    def asked(self, compiled: Sequence[Columnar], *, listed: bool) -> list[Asked]:
        """Ask each guideline for the columns that `rows` takes; `listed` with what is missing."""
        found = []
        first = 0
        for one, pieces in zip(compiled, self.by_guideline, strict=True):
            found.append(_asked(one, pieces, first, listed))
            first += len(pieces)
        return found

    def rows(self, batch: pl.DataFrame, keep: Sequence[str], *, listed: bool) -> pl.DataFrame:
        """Give the rows of a batch, those of a patient together; `keep` are columns of the patient.

        The batch has the columns of `asked`.
        """
        size = len(self.pieces)
        grid = numpy.empty((size, len(batch)), numpy.uint8)
        for number in range(size):
            grid[number] = batch[f"c {number}"].to_numpy()
        told = numpy.ascontiguousarray(grid.T).reshape(-1)
        cells = numpy.flatnonzero(told != 0)
        each = numpy.count_nonzero(grid, axis=0)
        line = numpy.repeat(numpy.arange(len(batch), dtype=numpy.uint32), each)
        piece = cells - line.astype(numpy.int64) * size
        patient = pl.Series(line)
        columns = [batch[name].gather(patient) for name in keep]
        for label, codes in self.labels.items():
            columns.append(_words(label, codes[piece], self.dtypes[label]))
        columns.append(_words("status", told[cells] - numpy.uint8(1), STATUS))
        if listed:
            columns.append(self._missing(batch, grid, cells))
        return pl.DataFrame(columns)

    def _missing(self, batch: pl.DataFrame, grid: Array, cells: Array) -> pl.Series:
        """List what each row waits for, from its bits: eight facts a byte, where it is open."""
        size, patients = grid.shape
        bits = numpy.empty((len(self._bytes), patients), numpy.uint8)
        for i, (number, byte) in enumerate(self._bytes):
            open_ = grid[number] == self._open[number]
            numpy.multiply(batch[f"w {number} {byte}"].to_numpy(), open_, out=bits[i])
        lines = numpy.ascontiguousarray(bits.T).reshape(-1)
        place = numpy.flatnonzero(lines != 0)
        on = numpy.flatnonzero(numpy.unpackbits(lines[place], bitorder="little"))
        place = place[on >> 3]
        line = place // max(len(self._bytes), 1)
        column = place - line * len(self._bytes)
        cell = line * size + self._piece_of[column]
        first = numpy.flatnonzero(numpy.diff(cell, prepend=-1))
        waits = numpy.zeros(size * patients, numpy.uint8)
        waits[cell[first]] = 1
        lengths = numpy.zeros(len(cells), numpy.int64)
        lengths[waits[cells] != 0] = numpy.diff(first, append=len(cell))
        return _lists("missing", lengths, self._fact_of[column * 8 + (on & 7)], self.names)


def _asked(compiled: Columnar, pieces: list[Piece], first: int, listed: bool) -> Asked:
    def make(e: Expressions) -> dict[str, pl.Expr]:
        found: dict[str, pl.Expr] = {}
        for number, piece in enumerate(pieces, first):
            told = {word: _WORDS[word] for word in piece.words}
            last = told.get(piece.last, 0)
            codes = [(told.get(word, 0), root) for word, root in piece.status.items()]
            codes = [(code, root) for code, root in codes if code != last]
            if piece.within is not None:
                codes.insert(0, (0, piece.within.false))
            found[f"c {number}"] = e.coded(codes, last)
            if listed:
                bits = e.packed([piece.waiting[fact] for fact in piece.facts])
                found |= {f"w {number} {i}": byte for i, byte in enumerate(bits)}
        return found

    roots = [root for piece in pieces for root in piece.status.values()]
    roots += [piece.within.false for piece in pieces if piece.within is not None]
    if listed:
        roots += [piece.waiting[fact] for piece in pieces for fact in piece.facts]
    return Asked(compiled, f"long {first} {listed}", tuple(roots), make)


def _smallest(values: int) -> type[numpy.unsignedinteger[Any]]:
    """Give the type that Polars holds so many words in."""
    return numpy.uint8 if values < 1 << 8 else numpy.uint16 if values < 1 << 16 else numpy.uint32


def _codes(words: Sequence[str], dtype: pl.Enum) -> Array:
    return pl.Series(words, dtype=dtype).to_physical().to_numpy()


def _words(name: str, codes: Array, dtype: pl.Enum) -> pl.Series:
    return pl.Series(name, codes).cat.to(dtype)


def _lists(name: str, lengths: Array, members: Array, dtype: pl.Enum) -> pl.Series:
    """Make lists of words of their lengths and all members."""
    offsets = numpy.zeros(len(lengths) + 1, numpy.int64)
    numpy.cumsum(lengths, out=offsets[1:])
    schema = pl.DataFrame(schema={name: pl.List(dtype)}).to_arrow().schema
    words = _words(name, members, dtype).to_arrow()
    lists = pyarrow.LargeListArray.from_arrays(offsets, words, type=schema.field(0).type)
    return pl.DataFrame(pyarrow.table([lists], schema=schema))[name]
