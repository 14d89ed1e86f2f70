"""Tables larger than memory, split into buckets of whole patients.

All entries of a patient are in one bucket, by a hash of the patient's id, so each bucket is worked
by itself as if it were the cohort. The rows keep their numbers and their order.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from hepatica.cohort.charts.tables import Loaded, Opened
from hepatica.cohort.write import cannot_write, is_full
from hepatica.diagnostics import Diagnostic, Invalid

AT_ONCE = 2_000_000
"""Rows of all tables that are worked at once. They take about 1 GB, which most machines have."""
IN_A_BUCKET = 1_000_000
"""Rows aimed at in a bucket: a hash does not make equal shares, and no share is to be too large."""
MOST = 24
"""Buckets of one split. Each is a file that is being written, with some MB in memory."""
DEEPEST = 3
"""How often a bucket that is still too large is split again; more than a patient's may not be."""
_ROWS_WRITTEN = 16_384
_BUCKET = "bucket"


def is_large(tables: Mapping[str, Opened]) -> bool:
    """Say whether the tables are to be split."""
    return sum(table.rows for table in tables.values()) > AT_ONCE


def buckets(tables: Mapping[str, Opened], scratch: Path) -> Iterator[dict[str, Loaded]]:
    """Read the tables: whole where they are small, or else in buckets of whole patients.

    The buckets are files below `scratch`, each removed when the next one is asked for. Raises
    `Invalid` (D301) when a file cannot be read to its end, (D317) when scratch has no room.
    """
    frames = {name: table.scan for name, table in tables.items()}
    rows = sum(table.rows for table in tables.values())
    for read in _split(_Split(tables, scratch), frames, rows, 0):
        yield {name: table.loaded(read[name]) for name, table in tables.items()}


class _Split:
    """What a split needs at every depth."""

    def __init__(self, tables: Mapping[str, Opened], scratch: Path) -> None:
        self.tables = tables
        self.scratch = scratch
        self.schemas = {name: table.scan.collect_schema() for name, table in tables.items()}

    def failed(self, error: Exception) -> Invalid:
        """Tell whether a table or scratch is at fault."""
        if not is_full(error):
            for table in self.tables.values():
                broken = table.broken(error)
                if broken is not None:
                    return broken
        return no_room(self.scratch, error)


def _split(
    split: _Split, frames: Mapping[str, pl.LazyFrame], rows: int, depth: int
) -> Iterator[dict[str, pl.DataFrame]]:
    if rows <= AT_ONCE or depth == DEEPEST:
        yield {name: _collect(split, frame).sort("row") for name, frame in frames.items()}
        return
    number = min(MOST, math.ceil(rows / IN_A_BUCKET))
    where = split.scratch / f"depth{depth}"
    for name, frame in frames.items():
        _write(split, frame, where / name, number, depth)
    for i in range(number):
        files = {name: sorted((where / name / f"{_BUCKET}={i}").glob("*")) for name in frames}
        parts = {
            name: pl.scan_parquet(files[name], glob=False, hive_partitioning=False)
            if files[name]
            else pl.LazyFrame(schema=split.schemas[name])
            for name in frames
        }
        size = sum(_collect(split, part.select(pl.len())).item() for part in parts.values())
        if size:
            yield from _split(split, parts, size, depth + 1)
        for name in frames:
            shutil.rmtree(where / name / f"{_BUCKET}={i}", ignore_errors=True)
    shutil.rmtree(where, ignore_errors=True)


def _write(split: _Split, frame: pl.LazyFrame, where: Path, number: int, depth: int) -> None:
    """Write a table into the files of its buckets, without holding it."""
    # Rows without an id tell of nobody, so they need not lie together: they might be all rows.
    # Every depth has a hash of its own; by the same one a bucket would not be split again.
    patient = pl.col("patient").hash(seed=depth)
    key = pl.when(pl.col("patient").is_null()).then(pl.col("row").cast(pl.UInt64))
    place = (key.otherwise(patient) % number).cast(pl.UInt16).alias(_BUCKET)
    target = pl.PartitionBy(
        where, key=place, include_key=False, approximate_bytes_per_file=2**62
    )  # fmt: skip
    try:
        frame.sink_parquet(
            target, compression="zstd", compression_level=1, statistics=False, mkdir=True,
            row_group_size=_ROWS_WRITTEN, maintain_order=True, engine="streaming",
        )  # fmt: skip
    except (pl.exceptions.PolarsError, OSError) as error:
        raise split.failed(error) from None


def _collect(split: _Split, frame: pl.LazyFrame) -> pl.DataFrame:
    try:
        return frame.collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise split.failed(error) from None


def no_room(scratch: Path, error: Exception) -> Invalid:
    """Tell that scratch files could not be written (D317)."""
    if not is_full(error):
        return cannot_write(str(scratch), error)
    text = f"there is no room for scratch files in `{scratch.parent}`"
    help = "make room there, or set TMPDIR to a folder on a larger disk; no result was written"
    return Invalid([Diagnostic("D317", "error", text, file=str(scratch.parent), help=help)])
