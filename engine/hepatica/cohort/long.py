"""The rows of a long result, laid out as a grid: a line a patient, a column a statement.

What is told of a statement is a small number (0: nothing), and what it waits for are bits, eight
facts a byte. What is not 0 in such a grid, read line by line, stands in the order of the result, so
nothing has to be sorted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy
import polars as pl
import pyarrow

from hepatica.compile.columnar import STATUS
from hepatica.compile.words import Array, Bits

_WORDS = {word: number for number, word in enumerate(STATUS.categories, 1)}
_OPEN = ("contingent", "unknown")


class Piece(NamedTuple):
    """A statement, or whether its guideline applies: its labels, and the statuses that are told.

    `of` is the number of the guideline. `status` gives the node of each status but `last`, which is
    so when none of the others is; `waiting` the node of each fact that it waits for where it is
    open. `outside` is a node: where it is on, nothing is told.
    """

    of: int
    guideline: str
    statement: str
    kind: str
    words: tuple[str, ...]
    status: dict[str, int]
    last: str
    waiting: dict[str, int]
    outside: int | None

    @property
    def open(self) -> str | None:
        """The status that waits for facts, if it is told."""
        return next((word for word in self.words if word in _OPEN), None)

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts whose bits are asked for."""
        return tuple(sorted(self.waiting)) if self.open else ()


class Rows:
    """Makes the rows of batches: `pieces` in the order they are told."""

    def __init__(self, pieces: Sequence[Piece], names: pl.Enum, labels: Sequence[pl.Enum]) -> None:
        """Take the types of missing facts, and of guidelines, statements and kinds."""
        self.pieces = list(pieces)
        self.names = names
        self.labels = {
            label: _codes([getattr(piece, label) for piece in self.pieces], dtype)
            for label, dtype in zip(("guideline", "statement", "kind"), labels, strict=True)
        }
        self.dtypes = dict(zip(self.labels, labels, strict=True))
        numbers = {name: number for number, name in enumerate(names.categories)}
        facts: list[int] = []
        of: list[int] = []
        for number, piece in enumerate(self.pieces):
            bytes_ = -(-len(piece.facts) // 8)
            of += [number] * bytes_
            facts += [numbers[fact] for fact in piece.facts]
            facts += [0] * (bytes_ * 8 - len(piece.facts))
        self._piece_of = numpy.array(of, numpy.int64)
        self._fact_of = numpy.array(facts, _smallest(len(numbers)))

    def roots(self, number: int, *, listed: bool) -> list[int]:
        """List the nodes of a guideline that are needed; `listed` with what is missing."""
        found: list[int] = []
        for piece in self.pieces:
            if piece.of == number:
                found += piece.status.values()
                found += [] if piece.outside is None else [piece.outside]
                found += [piece.waiting[fact] for fact in piece.facts] if listed else []
        return found

    def rows(self, batch: pl.DataFrame, bits: Sequence[Bits], *, listed: bool) -> pl.DataFrame:
        """Give the rows of a batch, those of a patient together.

        `batch` are the columns of the patients that are kept; `bits` are of each guideline.
        """
        size = len(self.pieces)
        grid = numpy.empty((size, len(batch)), numpy.uint8)
        for number, piece in enumerate(self.pieces):
            grid[number] = _told(piece, bits[piece.of])
        told = numpy.ascontiguousarray(grid.T).reshape(-1)
        cells = numpy.flatnonzero(told != 0)
        each = numpy.count_nonzero(grid, axis=0)
        line = numpy.repeat(numpy.arange(len(batch), dtype=numpy.uint32), each)
        column = cells - line.astype(numpy.int64) * size
        patient = pl.Series(line)
        columns = [column.gather(patient) for column in batch]
        for label, codes in self.labels.items():
            columns.append(_words(label, codes[column], self.dtypes[label]))
        columns.append(_words("status", told[cells] - numpy.uint8(1), STATUS))
        if listed:
            columns.append(self._missing(bits, len(batch), cells))
        return pl.DataFrame(columns)

    def _missing(self, bits: Sequence[Bits], patients: int, cells: Array) -> pl.Series:
        """List what each row waits for."""
        size = len(self.pieces)
        grid = numpy.empty((len(self._piece_of), patients), numpy.uint8)
        at = 0
        for piece in self.pieces:
            if piece.facts:
                nodes = [piece.waiting[fact] for fact in piece.facts]
                for byte in bits[piece.of].packed(nodes, _open(piece, bits[piece.of])):
                    grid[at] = byte
                    at += 1
        lines = numpy.ascontiguousarray(grid.T).reshape(-1)
        place = numpy.flatnonzero(lines != 0)
        on = numpy.flatnonzero(numpy.unpackbits(lines[place], bitorder="little"))
        place = place[on >> 3]
        line = place // max(len(grid), 1)
        column = place - line * len(grid)
        cell = line * size + self._piece_of[column]
        first = numpy.flatnonzero(numpy.diff(cell, prepend=-1))
        waits = numpy.zeros(size * patients, numpy.uint8)
        waits[cell[first]] = 1
        lengths = numpy.zeros(len(cells), numpy.int64)
        lengths[waits[cells] != 0] = numpy.diff(first, append=len(cell))
        return _lists("missing", lengths, self._fact_of[column * 8 + (on & 7)], self.names)


def _told(piece: Piece, bits: Bits) -> Array:
    """Say what is told of a piece, as a number a patient."""
    told = {word: _WORDS[word] for word in piece.words}
    codes = [(told.get(word, 0), node) for word, node in piece.status.items()]
    found = bits.coded(codes, told.get(piece.last, 0))
    if piece.outside is not None:
        found *= numpy.uint8(1) - bits.each(piece.outside)
    return found


def _open(piece: Piece, bits: Bits) -> Array:
    """Say in words for whom a piece is open, and told to be."""
    assert piece.open is not None
    if piece.open in piece.status:
        found = bits.of(piece.status[piece.open])
    else:
        found = bits.not_any(piece.status.values())
    return found if piece.outside is None else found & bits.not_any([piece.outside])


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
