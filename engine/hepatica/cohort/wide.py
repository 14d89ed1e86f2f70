"""The rows of a wide result: a row a patient, a column a statement; then the points of scores.

The bits of each status are a Boolean column for Polars as they stand; it chooses the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from hepatica.cohort.long import Piece
from hepatica.cohort.sums import APPLIES
from hepatica.compile.columnar import PLAIN
from hepatica.compile.expressions import chosen
from hepatica.compile.words import Bits


class Columns:
    """Makes the rows of batches, with a column for each of `pieces`, in their order."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        """Write down what to choose a status by.

        The type of a column has only the words of its kind: of a type with all statuses, a file
        would hold twice as many bits.
        """
        self._nodes: dict[str, tuple[int, int]] = {}
        self._chosen = []
        for piece in pieces:
            names = {word: f"{piece.of} {root}" for word, root in piece.status.items()}
            self._nodes |= {names[w]: (piece.of, root) for w, root in piece.status.items()}
            on = {word: pl.col(name) for word, name in names.items()}
            status = chosen(on, pl.Enum([*on, piece.last]), piece.last)
            self._chosen.append(status.alias(column_of(piece)))

    def roots(self, number: int) -> list[int]:
        """List the nodes of a guideline that are needed."""
        return [root for of, root in self._nodes.values() if of == number]

    def rows(self, batch: pl.DataFrame, bits: Sequence[Bits]) -> pl.DataFrame:
        """Give the rows of a batch: what is kept of the patients (`batch`), and the statuses.

        `bits` are of each guideline.
        """
        nodes = [bits[of].column(name, root) for name, (of, root) in self._nodes.items()]
        statuses = pl.DataFrame(nodes).lazy().select(self._chosen).collect(optimizations=PLAIN)
        return batch.hstack(statuses)


def column_of(piece: Piece) -> str:
    """Name the column of a piece."""
    if piece.kind == APPLIES:
        return f"{piece.guideline}:{APPLIES}"
    return wide_name(piece.guideline, piece.statement)


def wide_name(guideline: str, statement: str) -> str:
    """Name the column of a statement: a pack's stands in several guidelines, and says which."""
    own = statement.partition("/")[0] == guideline
    return statement if own else f"{guideline}:{statement}"
