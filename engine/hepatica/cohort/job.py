"""A checked table, and what becomes of it: answered batch by batch."""

from __future__ import annotations

import collections
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Protocol

import polars as pl

from hepatica import ir
from hepatica.cohort.answers import Answerer, Batch, Questions, Shape
from hepatica.cohort.check import Check
from hepatica.cohort.inputs import Part
from hepatica.cohort.reading import Reading
from hepatica.cohort.stream import Tick, batches
from hepatica.cohort.sums import Tally, added
from hepatica.version import VERSION

AT_ONCE = 100_000
"""Patients that are asked at once: more of them take more memory, and no less time."""
_AT_A_TIME = 2


class Done(NamedTuple):
    """What a run has done: rows written, counts (see `Answerer`), and files done before."""

    rows: int
    patients: int
    counts: pl.DataFrame
    missing: pl.DataFrame
    skipped: int


class Target(Protocol):
    """Where a result goes (`write.Sink` is one)."""

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""


class Job(NamedTuple):
    """A table that has been checked, and what is to be asked of it."""

    reading: Reading
    check: Check
    answerer: Answerer
    told: Mapping[str, str]


def told_of(
    guidelines: Iterable[ir.Guideline], reading: Reading, shape: Shape | None
) -> dict[str, str]:
    """Give what every result says about itself: versions, digests, and that it is a draft."""
    return {
        "hepatica": VERSION,
        "hepatica.status": "experimental: no named clinician has checked these encodings",
        "hepatica.guidelines": json.dumps(
            {g.id: {"version": g.version, "digest": g.digest, "status": g.status,
                    "experimental": g.experimental} for g in guidelines}
        ),
        "hepatica.mapping": reading.columns.digest,
        "hepatica.shape": shape or "",
        "hepatica.synthetic": str("synthetic" in reading.table.columns).lower(),
    }  # fmt: skip


def answer(job: Job, parts: Sequence[Part] | None, sink: Target | None, tick: Tick | None) -> Done:
    """Make the result, if there is a place for it, and count."""
    answerer = job.answerer
    tally: Tally = {}
    patients = rows = 0
    asked = answerer.ask(job.reading.usable(parts, clean=job.check.clean))
    plan = asked.plan
    size = AT_ONCE if sink is None else min(AT_ONCE, answerer.at_once)
    read = batches(job.reading, plan, size, parts)
    for found in _in_order(read, asked, answerer):
        patients += found.patients
        tally = added(tally, found.tally)
        if found.rows is not None and sink is not None:
            sink.write(found.rows)
            rows += len(found.rows)
        if tick is not None:
            tick(found.patients)
    if sink is not None and not patients:  # a file without rows still gets its columns
        empty = answerer.made(plan.head(0).collect(), asked.words).rows
        if empty is not None:
            sink.write(empty)
    return Done(rows, patients, *answerer.counted(tally), 0)


def _in_order(
    batches: Iterable[pl.DataFrame], asked: Questions, answerer: Answerer
) -> Iterator[Batch]:
    """Work on two batches at a time, and give what becomes of them in their order."""
    waiting: collections.deque[Future[Batch]] = collections.deque()
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        try:
            for batch in batches:
                waiting.append(pool.submit(answerer.made, batch, asked.words))
                if len(waiting) > _AT_A_TIME:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
