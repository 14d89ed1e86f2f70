"""The nodes of a guideline over many patients, 64 of them in a machine word.

Polars answers the questions about facts, which is most of the reading; what is made of the answers
is *and*, *or* and *not*, and needs a bit a patient. Polars holds these bits, too, but has some
microseconds of its own for every operation and writes ten times slower than the processor can; with
words it is a hundred patients a nanosecond. Nothing here has a meaning of its own: the nodes are
those of every other engine.
"""

from __future__ import annotations

import functools
import operator
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy
import polars as pl
import pyarrow

from hepatica import ir
from hepatica.compile.columnar import Asked, Columnar, Facts
from hepatica.compile.expressions import Expressions
from hepatica.compile.strata import Strata
from hepatica.nodes import And, Ask, Given, Node, Or, Weigh, Without

Array = numpy.ndarray[Any, numpy.dtype[Any]]
BITS = 64


class Words:
    """Some nodes of a guideline, for tables that give these facts.

    `asked` are the columns that `work` needs: a Boolean for each question, false or null where it
    is not surely true.
    """

    def __init__(self, compiled: Columnar, roots: Iterable[int], facts: Facts, name: str) -> None:
        """Leave out what cannot be; `name` tells the columns of several guidelines apart."""
        roots = list(dict.fromkeys(roots))
        strata = Strata(compiled.circuit.nodes, roots, *facts)
        self._bounded = facts.bounded
        leaves = {n: node for n, node in strata.nodes.items() if isinstance(node, Ask | Given)}
        asked = {base: f"q {name} {i}" for i, base in enumerate(self._bases(leaves))}
        self._columns = list(asked.values())
        self._base = {base: row for row, base in enumerate(asked)}
        self._row: dict[int, int] = {}
        self._steps: list[_Step] = []
        rows = len(asked)
        for number in sorted(strata.nodes):
            node = strata.nodes[number]
            base = self._base.get(number, self._base.get(_itself(node)))
            self._row[number] = rows if base is None else base
            if base is None:
                self._steps += self._step(node, rows)
                rows += 1
        self._rows = rows
        answers = {root: strata.answer(root) for root in roots}
        self._always = {r: answer for r, answer in answers.items() if isinstance(answer, bool)}
        self._roots = [(r, self._row[n]) for r, n in answers.items() if not isinstance(n, bool)]
        self._rooms = threading.local()

        def make(e: Expressions) -> dict[str, pl.Expr]:
            return {column: _asked(e, base) for base, column in asked.items()}

        what = f"words {name} {list(leaves)}"
        self.asked = Asked(compiled, what, tuple(leaves), make, nullable=True)

    def _bases(self, leaves: dict[int, Ask | Given]) -> dict[_Base, None]:
        """List what has to be asked: of a fact without bounds no question is asked twice."""
        found: dict[_Base, None] = {}
        for number, node in leaves.items():
            fact = node.leaf.fact if isinstance(node, Ask) else node.fact
            if fact in self._bounded:
                found[number] = None
                continue
            if isinstance(node, Ask):
                found[node.leaf] = None
            if isinstance(node, Given) or not node.want:
                found[fact] = None
        return found

    def _step(self, node: Node, out: int) -> list[_Step]:
        if isinstance(node, Ask):  # given, and not true
            given, true = self._base[node.leaf.fact], self._base[node.leaf]
            return [(numpy.bitwise_xor, given, true, out)]
        if isinstance(node, Given):
            given = self._base[node.fact]
            return [(_not, given, given, out)]
        if isinstance(node, Without):
            return [(_not, self._row[node.part], out, out)]
        if isinstance(node, Weigh):
            parts = tuple((self._row[part], weight) for part, weight in node.parts)
            return [(None, parts, node.at_least, out)]
        assert isinstance(node, And | Or)
        join = numpy.bitwise_and if isinstance(node, And) else numpy.bitwise_or
        first, second, *others = (self._row[part] for part in node.parts)
        return [(join, first, second, out), *[(join, out, part, out) for part in others]]

    def work(self, batch: pl.DataFrame) -> Bits:
        """Work out all nodes for a batch that has the columns of `asked`."""
        size = len(batch)
        shape = (self._rows, -(-size // BITS))
        room: Array | None = getattr(self._rooms, "room", None)  # a thread uses its own again
        if room is None or room.shape != shape:
            room = self._rooms.room = numpy.zeros(shape, numpy.uint64)
        rows = list(room)
        table = batch.select(self._columns).rechunk().to_arrow()
        for row, column in zip(rows, table.columns if size else (), strict=False):
            _fill(row, column.chunk(0), size)
        for join, first, second, out in self._steps:
            if join is None:
                _weigh(rows, first, second, rows[out], size)
            else:
                join(rows[first], rows[second], rows[out])
        every = words_of(numpy.ones(size, bool))
        matrix = room[[row for _, row in self._roots]]
        if size % BITS:
            matrix[:, -1] &= every[-1]  # the bits behind the last patient mean nothing
        return Bits(dict(zip([r for r, _ in self._roots], matrix, strict=True)),
                    self._always, every, size)  # fmt: skip


_Step = tuple[Any, Any, int, int]
_Base = int | str | ir.Leaf
"""What is asked of the table: a node, whether a fact is given, or whether a leaf is true."""


class Bits:
    """What became of the asked nodes: a bit a patient, off behind the last."""

    def __init__(
        self, rows: dict[int, Array], always: dict[int, bool], every: Array, size: int
    ) -> None:
        """Take the words of each node, the nodes that are always on or off, and `every` bit."""
        none = numpy.zeros_like(every)
        self._rows = {**rows, **{root: every if on else none for root, on in always.items()}}
        self._every, self._none = every, none
        self.size = size

    @classmethod
    def given(cls, rows: Mapping[int, Array], size: int) -> Bits:
        """Give Booleans, one a patient, as the bits of nodes."""
        every = words_of(numpy.ones(size, bool))
        return cls({node: words_of(on) for node, on in rows.items()}, {}, every, size)

    def of(self, root: int) -> Array:
        """Give the words of a node."""
        return self._rows[root]

    def counts(self, roots: Sequence[int], among: Array | None = None) -> Array:
        """Say for how many patients each node is on, of those whose bits `among` has."""
        if not roots:
            return numpy.zeros(0, numpy.int64)
        rows = numpy.stack([self._rows[root] for root in roots])
        counted = numpy.bitwise_count(rows if among is None else rows & among)
        total: Array = counted.sum(axis=1, dtype=numpy.int64)
        return total

    def column(self, name: str, root: int) -> pl.Series:
        """Give a node as a Boolean column, which is its bits as they stand."""
        return booleans(self.of(root), self.size).alias(name)

    def each(self, root: int) -> Array:
        """Give 0 or 1 (UInt8) a patient."""
        return spread(self.of(root), self.size)

    def coded(self, codes: Sequence[tuple[int, int]], last: int) -> Array:
        """Give the number (UInt8) whose node is on, of which no two ever are; else the last one.

        Each bit of the numbers is worked out by words, and only then spread to patients.
        """
        found = numpy.full(self.size, last, numpy.uint8)
        used = functools.reduce(operator.or_, [code ^ last for code, _ in codes], 0)
        for bit in range(used.bit_length()):
            plane = self.any(node for code, node in codes if (code ^ last) >> bit & 1)
            if plane is not self._none:
                found ^= spread(plane, self.size) << numpy.uint8(bit)
        return found

    def any(self, roots: Iterable[int]) -> Array:
        """Give the words of where one of some nodes is on."""
        found = self._none
        for root in roots:
            row = self._rows[root]
            if row is not self._none:
                found = row if found is self._none else found | row
        return found

    def not_any(self, roots: Iterable[int]) -> Array:
        """Give the words of where none of some nodes is on."""
        return self._every & ~self.any(roots)

    def packed(self, roots: Sequence[int], within: Array) -> list[Array]:
        """Give nodes as the bits of bytes (UInt8 a patient), eight a column, lowest bit first.

        They are off where the words of `within` are.
        """
        return [
            _eight([self.of(root) & within for root in roots[start : start + 8]], self.size)
            for start in range(0, len(roots), 8)
        ]


def booleans(packed: Array, size: int) -> pl.Series:
    """Take the first bits as Booleans, without touching them."""
    found = pyarrow.BooleanArray.from_buffers(
        pyarrow.bool_(), size, [None, pyarrow.py_buffer(packed)]
    )
    return pl.Series(found)


def spread(words: Array, size: int) -> Array:
    """Give each bit as 0 or 1 (UInt8)."""
    return numpy.unpackbits(words.view(numpy.uint8), count=size, bitorder="little")


def _itself(node: Node) -> _Base:
    """Name what a node asks as it stands; nothing that is asked, where it does not."""
    if isinstance(node, Ask) and node.want:
        return node.leaf
    return node.fact if isinstance(node, Given) and node.want else -1


def _asked(e: Expressions, base: _Base) -> pl.Expr:
    if isinstance(base, int):
        return e.use(base)
    return e.is_given(base) if isinstance(base, str) else e.questions[base]


def words_of(on: Array) -> Array:
    """Give Booleans, one a patient, as words."""
    words = numpy.zeros(-(-len(on) // BITS), numpy.uint64)
    bits = numpy.packbits(on, bitorder="little")
    words.view(numpy.uint8)[: len(bits)] = bits
    return words


_SWAPS = [(7, 0x00AA00AA00AA00AA), (14, 0x0000CCCC0000CCCC), (28, 0x00000000F0F0F0F0)]


def _eight(rows: Sequence[Array], size: int) -> Array:
    """Turn up to eight rows of bits into bytes: eight by eight bits are one word, turned about.

    This is the transposition of Warren's *Hacker's Delight* (section 7-3), of all words at once.
    """
    turned = numpy.zeros((len(rows[0]) * 8, 8), numpy.uint8)
    for i, row in enumerate(rows):
        turned[:, i] = row.view(numpy.uint8)
    words = turned.reshape(-1).view(numpy.uint64)
    for shift, mask in _SWAPS:
        by = numpy.uint64(shift)
        other = (words ^ (words >> by)) & numpy.uint64(mask)
        words = words ^ other ^ (other << by)
    return words.view(numpy.uint8)[:size]


def _fill(row: Array, column: pyarrow.BooleanArray, size: int) -> None:
    """Copy the bits of a Boolean column; those of nulls are off."""
    validity, values = column.buffers()
    bits = _from(values, column.offset, size)
    own = row.view(numpy.uint8)[: len(bits)]
    if validity is None:
        own[:] = bits
    else:
        numpy.bitwise_and(bits, _from(validity, column.offset, size), out=own)


def _from(buffer: pyarrow.Buffer, offset: int, size: int) -> Array:
    """Give the bits from an offset on as bytes; the bits behind the last mean nothing."""
    found = numpy.frombuffer(buffer, numpy.uint8)[offset // 8 : -(-(offset + size) // 8)]
    by = offset % 8
    if not by:
        return found
    moved = found >> numpy.uint8(by)
    moved[:-1] |= found[1:] << numpy.uint8(8 - by)
    return moved[: -(-size // 8)]


def _not(row: Array, _: Array, out: Array) -> None:
    numpy.bitwise_not(row, out)


def _weigh(rows: list[Array], parts: Any, at_least: int, out: Array, size: int) -> None:
    total = numpy.zeros(size, numpy.int32)
    for part, weight in parts:
        total += spread(rows[part], size).astype(numpy.int32) * numpy.int32(weight)
    bits = numpy.packbits(total >= at_least, bitorder="little")
    out.view(numpy.uint8)[: len(bits)] = bits
