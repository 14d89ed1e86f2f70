"""Running one plan over a whole table: it can be watched on its way, and stopped.

A plan that Polars runs from the file to the result says nothing until it is done, and does not hear
an interruption. So it runs in a thread of its own, and the patients' ids pass through a function
that counts them, and that stops the plan when it should not go on.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import polars as pl

from hepatica.cohort.check import broken
from hepatica.cohort.inputs import Part
from hepatica.cohort.reading import ID, Reading
from hepatica.compile.columnar import PLAIN

T = TypeVar("T")
Tick = Callable[[int], None]
_PATIENCE = 0.1
"""Seconds until the thread that waits looks how far the plan is."""


def batches(
    reading: Reading, plan: pl.LazyFrame, size: int, parts: Sequence[Part] | None = None
) -> Iterator[pl.DataFrame]:
    """Run a plan over a table, and give what comes out, without empty batches.

    Raises `Invalid` (D301) for a file that breaks off.
    """
    found = iter(plan.collect_batches(chunk_size=size, engine="streaming", optimizations=PLAIN))
    while True:
        with about_files(reading, parts):
            batch = next(found, None)
        if batch is None:
            return
        if len(batch):
            yield batch


@contextlib.contextmanager
def about_files(reading: Reading, parts: Sequence[Part] | None = None) -> Iterator[None]:
    """Tell what Polars says of a file that breaks off after all. Raises `Invalid` (D301)."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise broken(reading, error, parts) from None


class Watched(Generic[T]):
    """A piece of work in a thread of its own; `patients` counts how many have gone through it."""

    def __init__(self, tick: Tick | None = None) -> None:
        """Take what is told how many more patients have been seen."""
        self.patients = 0
        self._tick = tick
        self._told = 0
        self._stopped = False
        self._lock = threading.Lock()

    def counting(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Give the same frame, whose patients are counted when it is run."""
        dtype = frame.collect_schema()[ID]
        seen = pl.col(ID).map_batches(self._seen, return_dtype=dtype, is_elementwise=True)
        return frame.with_columns(seen)

    def run(self, work: Callable[[], T]) -> T:
        """Do the work, which runs the frame. Raises what it raises; an interruption stops it."""
        found: list[T] = []
        errors: list[BaseException] = []

        def do() -> None:
            try:
                found.append(work())
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=do, name="plan", daemon=True)
        thread.start()
        try:
            while thread.is_alive():
                thread.join(_PATIENCE)
                self._tell()
        except BaseException:
            self._stopped = True
            thread.join()
            raise
        self._tell()
        if errors:
            raise errors[0]
        return found[0]

    def _tell(self) -> None:
        with self._lock:
            new, self._told = self.patients - self._told, self.patients
        if new and self._tick is not None:
            self._tick(new)

    def _seen(self, ids: pl.Series) -> pl.Series:
        if self._stopped:
            raise InterruptedError
        with self._lock:
            self.patients += len(ids)
        return ids
