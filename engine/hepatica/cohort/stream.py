"""Running the plan of a table batch by batch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import polars as pl

from hepatica.cohort.check import broken
from hepatica.cohort.inputs import Part
from hepatica.cohort.reading import Reading
from hepatica.compile.columnar import PLAIN

Tick = Callable[[int], None]
_AT_ONCE = 25_000
"""Polars works on so many rows at once: of more, too many megabytes are on their way."""


def batches(
    reading: Reading, plan: pl.LazyFrame, size: int, parts: Sequence[Part] | None = None
) -> Iterator[pl.DataFrame]:
    """Run a plan over a table, and give what comes out, without empty batches.

    Raises `Invalid` (D301) for a file that breaks off.
    """
    with pl.Config(streaming_chunk_size=min(size, _AT_ONCE)), about_files(reading, parts):
        found = plan.collect_batches(chunk_size=size, engine="streaming", optimizations=PLAIN)
        batch = next(found, None)  # the plan begins in another thread: now it has read the setting
    while batch is not None:
        if len(batch):
            yield batch
        with about_files(reading, parts):
            batch = next(found, None)


@contextlib.contextmanager
def about_files(reading: Reading, parts: Sequence[Part] | None = None) -> Iterator[None]:
    """Tell what Polars says of a file that breaks off after all. Raises `Invalid` (D301)."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise broken(reading, error, parts) from None
