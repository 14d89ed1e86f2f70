"""The rows of a long result, laid out as a grid: a line a patient, a column a statement.

What is told of a statement is a small number (0: nothing), and what it waits for are bits, eight
facts a byte. What is not 0 in such a grid, read line by line, stands in the order of the result, so
nothing has to be sorted. Nothing is looked up by its place either: beside the grid lie others that
hold the patient, the statement and so on in every cell, and Polars drops from all of them what is
not told, 64 bytes of the grid in one step of the processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy
import polars as pl
import pyarrow

from hepatica.compile.circuit import STATUSES
from hepatica.compile.words import Array, Bits, booleans

_WORDS = {word: number for number, word in enumerate(STATUSES, 1)}
_STATUS = pl.Enum(STATUSES)
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


class _Beside(NamedTuple):
    """What lies beside a grid of so many patients: its lines, and the labels of each cell."""

    patients: int
    lines: pl.Series
    labels: tuple[pl.Series, ...]


class Rows:
    """Makes the rows of batches: `pieces` in the order they are told."""

    def __init__(
        self, pieces: Sequence[Piece], names: pl.Enum, labels: Sequence[pl.Enum], *, listed: bool
    ) -> None:
        """Take the types of missing facts, and of guidelines, statements and kinds.

        Without `listed`, what is missing is left out.
        """
        self.pieces = list(pieces)
        self._listed = listed
        self._names = names
        self._labels = [
            pl.Series(label, [getattr(piece, label) for piece in self.pieces], dtype=dtype)
            for label, dtype in zip(("guideline", "statement", "kind"), labels, strict=True)
        ]
        self._beside: _Beside | None = None
        numbers = {name: number for number, name in enumerate(names.categories)}
        facts: list[int] = []
        for piece in self.pieces:
            facts += [numbers[fact] for fact in piece.facts]
            facts += [0] * (-len(piece.facts) % 8)
        self._bytes = len(facts) // 8
        self._at_once = max(1, _FACTS // max(len(facts), 1))
        self._facts = pl.Series(numpy.tile(numpy.array(facts, _of(len(numbers))), self._at_once))
        self._waits = _of(max((len(piece.facts) for piece in self.pieces), default=0))

    def roots(self, number: int) -> list[int]:
        """List the nodes of a guideline that are needed."""
        found: list[int] = []
        for piece in self.pieces:
            if piece.of == number:
                found += piece.status.values()
                found += [] if piece.outside is None else [piece.outside]
                found += [piece.waiting[fact] for fact in piece.facts]
        return found

    def rows(self, batch: pl.DataFrame, bits: Sequence[Bits]) -> pl.DataFrame:
        """Give the rows of a batch, those of a patient together.

        `batch` are the columns of the patients that are kept; `bits` are of each guideline.
        """
        size, patients = len(self.pieces), len(batch)
        grid = numpy.empty((size, patients), numpy.uint8)
        for number, piece in enumerate(self.pieces):
            grid[number] = _told(piece, bits[piece.of])
        told = _line_by_line(grid)
        on = told != 0
        beside = self._grids(max(patients, 1))
        line = beside.lines.head(len(told)).filter(on)
        columns = [column.gather(line) for column in batch]
        columns += [label.head(len(told)).filter(on) for label in beside.labels]
        columns.append((told.filter(on) - 1).cat.to(_STATUS).alias("status"))
        if self._listed:
            columns.append(self._missing(bits, patients, on))
        return pl.DataFrame(columns)

    def _grids(self, patients: int) -> _Beside:
        """Give what lies beside a grid of so many patients, or of more."""
        beside = self._beside
        if beside is None or beside.patients < patients:
            lines = numpy.repeat(numpy.arange(patients, dtype=numpy.uint32), len(self.pieces))
            labels = tuple(pl.concat([label] * patients, rechunk=True) for label in self._labels)
            beside = self._beside = _Beside(patients, pl.Series(lines), labels)
        return beside

    def _missing(self, bits: Sequence[Bits], patients: int, on: pl.Series) -> pl.Series:
        """List what each row waits for."""
        grid = numpy.empty((self._bytes, patients), numpy.uint8)
        lengths = numpy.zeros((len(self.pieces), patients), self._waits)
        at = 0
        for number, piece in enumerate(self.pieces):
            if piece.facts:
                nodes = [piece.waiting[fact] for fact in piece.facts]
                for byte in bits[piece.of].packed(nodes, _open(piece, bits[piece.of])):
                    grid[at] = byte
                    lengths[number] += numpy.bitwise_count(byte)
                    at += 1
        lines = numpy.ascontiguousarray(grid.T)
        members = [self._facts.clear()]
        for start in range(0, patients, self._at_once):
            some = lines[start : start + self._at_once]
            waiting = booleans(some, some.size * 8)
            members.append(self._facts.head(len(waiting)).filter(waiting))
        each = _line_by_line(lengths).filter(on).to_numpy()
        offsets = numpy.zeros(len(each) + 1, numpy.int64)
        numpy.cumsum(each, out=offsets[1:])
        lists = pyarrow.LargeListArray.from_arrays(offsets, pl.concat(members).to_arrow())
        return pl.Series("missing", lists).list.eval(pl.element().cat.to(self._names))


_FACTS = 1 << 23
"""What lies beside the bits of what is missing has at most so many cells, if it can."""


def _line_by_line(grid: Array) -> pl.Series:
    """Turn a grid of a row a statement into all its cells, patient by patient."""
    return pl.Series(numpy.ascontiguousarray(grid.T).reshape(-1))


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


def _of(values: int) -> type[numpy.unsignedinteger[Any]]:
    """Give the type that Polars holds so many words in."""
    return numpy.uint8 if values < 1 << 8 else numpy.uint16 if values < 1 << 16 else numpy.uint32
