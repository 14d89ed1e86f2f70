"""Counting who is told what, and which facts are missing, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy
import polars as pl

from hepatica.compile.circuit import WORDS
from hepatica.compile.columnar import Columnar
from hepatica.compile.words import Array, Bits, words_of

APPLIES = "applies"
SAYING = {
    "recommendation": ("recommended", "contingent", "blocked"),
    "contraindication": ("contraindicated", "contingent"),
    "caution": ("caution", "contingent"),
    "definition": ("true", "unknown"),
}
"""The statuses of each kind that are told."""
TRUTH = ("true", "false", "unknown")
_WAITING = ("recommendation", "contraindication", "caution")


class Counted(NamedTuple):
    """A statement that is counted: its nodes by status, the last status, and those by fact."""

    statement: str
    kind: str
    status: dict[str, int]
    last: str
    missing: dict[str, int]


Tally = dict[tuple[str | None, ...], Array]
"""By group: how many patients it has, and then for how many each node is on."""


class Sums:
    """Counts the patients of batches by some of their columns, `by`."""

    def __init__(self, compiled: Sequence[Columnar], by: Sequence[str]) -> None:
        """List what is counted of each guideline."""
        self.by = tuple(by)
        self.guidelines = [c.guideline for c in compiled]
        self.counted = [_counted(c) for c in compiled]

    def roots(self, number: int) -> list[int]:
        """List the nodes of a guideline that are needed."""
        return [
            node for one in self.counted[number]
            for node in (*one.status.values(), *one.missing.values())
        ]  # fmt: skip

    def tally(self, groups: pl.DataFrame, bits: Sequence[Bits]) -> Tally:
        """Count a batch; `groups` are the columns by which, `bits` are of each guideline."""
        size = bits[0].size if bits else len(groups)
        roots = [self.roots(number) for number in range(len(bits))]
        if not groups.width:
            found = [one.counts(some) for one, some in zip(bits, roots, strict=True)]
            return {(): numpy.concatenate([[size], *found])}
        keys, group = _grouped(groups)
        sizes = numpy.bincount(group, minlength=len(keys))
        if len(keys) > _MANY:
            spread = [
                numpy.bincount(group[one.each(root) != 0], minlength=len(keys))
                for one, some in zip(bits, roots, strict=True) for root in some
            ]  # fmt: skip
            return dict(zip(keys, numpy.stack([sizes, *spread], axis=1), strict=True))
        tally = {}
        for number, key in enumerate(keys):
            among = words_of(group == number)
            found = [one.counts(some, among) for one, some in zip(bits, roots, strict=True)]
            tally[key] = numpy.concatenate([[sizes[number]], *found])
        return tally

    def frames(self, tally: Tally) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give the counts by status and by missing fact; what is 0 is left out.

        Columns: those of `by`, then guideline, statement, kind, status and patients; and those of
        `by`, then guideline, statement, fact and patients.
        """
        counts: list[tuple[object, ...]] = []
        missing: list[tuple[object, ...]] = []
        for group, found in tally.items():
            whole, *numbers = (int(number) for number in found)
            rest = iter(numbers)
            for guideline, counted in zip(self.guidelines, self.counted, strict=True):
                for one in counted:
                    label = (*group, guideline, one.statement)
                    by_status = {word: next(rest) for word in one.status}
                    by_status[one.last] = whole - sum(by_status.values())
                    counts += [(*label, one.kind, w, n) for w, n in by_status.items() if n]
                    by_fact = {fact: next(rest) for fact in one.missing}
                    missing += [(*label, fact, n) for fact, n in by_fact.items() if n]
        kinds = (*self.by, "guideline", "statement", "kind", "status")
        return (
            _frame(counts, kinds),
            _frame(missing, (*self.by, "guideline", "statement", "fact")),
        )


_MANY = 16
"""So many groups are counted one by one; with more of them, patient by patient is faster."""


def added(one: Tally, other: Tally) -> Tally:
    """Add the counts of two batches."""
    return one | {k: one[k] + numbers if k in one else numbers for k, numbers in other.items()}


def _counted(compiled: Columnar) -> list[Counted]:
    circuit = compiled.circuit
    found = [Counted(compiled.guideline, APPLIES, circuit.applying, "unknown", {})]
    for statement, kind in compiled.kinds.items():
        if kind in SAYING:
            missing = circuit.missing(statement) if kind in _WAITING else {}
            found.append(Counted(statement, kind, circuit.statuses[statement], WORDS[kind][-1],
                                 dict(sorted(missing.items()))))  # fmt: skip
    return found


def _grouped(groups: pl.DataFrame) -> tuple[list[tuple[str | None, ...]], Array]:
    """Number the groups of a batch: their values, and the number of each patient's."""
    texts = groups.select(pl.all().cast(pl.String))
    keys = texts.unique(maintain_order=True).with_row_index("number:")
    number = texts.join(keys, on=texts.columns, how="left", nulls_equal=True,
                        maintain_order="left")["number:"]  # fmt: skip
    return keys.drop("number:").rows(), number.to_numpy()


def _frame(rows: list[tuple[object, ...]], labels: Sequence[str]) -> pl.DataFrame:
    schema = {**dict.fromkeys(labels, pl.String), "patients": pl.UInt64}
    return pl.DataFrame(rows, schema=schema, orient="row")
