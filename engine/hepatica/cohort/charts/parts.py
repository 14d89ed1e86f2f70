"""A table that is made bucket by bucket, and read again in the order of its rows.

Each bucket gives a part that is in order. They are merged a stretch of the order at a time, so
that never more than a stretch is held.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

KEY = "key:"
"""The place of a row in the order of the whole table; no table has a column named so."""
_STRETCH = 50_000
_SAMPLED = 500
_ROWS_WRITTEN = 10_000


class Parts:
    """Frames with a column `KEY`, each in its order; in files below a folder, or held."""

    def __init__(self, folder: Path | None, refuse: Callable[[Exception], Exception]) -> None:
        """Begin with none; `refuse` says what is raised where a file cannot be written."""
        self.folder = folder
        self.refuse = refuse
        self.rows = 0
        self.schema: dict[str, pl.DataType] = {}
        self._frames: list[pl.LazyFrame] = []
        self._sample: list[pl.Series] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Keep a part; its columns may be others than those of the parts before."""
        for name, dtype in frame.schema.items():
            self.schema.setdefault(name, dtype)
        self.rows += len(frame)
        if not len(frame):
            return
        if self.folder is None:
            self._frames.append(frame.lazy())
            return
        file = self.folder / f"{len(self._frames)}.parquet"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(
                file, compression="zstd", compression_level=1, row_group_size=_ROWS_WRITTEN
            )
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self.refuse(error) from None
        self._frames.append(pl.scan_parquet(file, glob=False, hive_partitioning=False))
        self._sample.append(frame[KEY].gather_every(_SAMPLED))

    def merged(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Give all rows in the order of `KEY`, with these columns; one frame at least.

        Rows of one key are in one part, and stay in its order.
        """
        missing = {n: pl.lit(None, dtype).alias(n) for n, dtype in self.schema.items()}
        given = [
            frame.select(KEY, *[n if n in there else missing[n] for n in columns])
            for frame in self._frames
            for there in [set(frame.collect_schema())]
        ]
        if not given:
            yield pl.DataFrame(schema={name: self.schema[name] for name in columns})
            return
        edges = [None, *self._edges(), None]
        for low, high in itertools.pairwise(edges):
            rows = [_between(frame, low, high).collect() for frame in given]
            yield pl.concat(rows).sort(KEY, maintain_order=True).drop(KEY)

    def _edges(self) -> list[int]:
        """Choose keys between which a stretch lies, by a sample of the keys of every part."""
        if not self._sample:
            return []
        keys = pl.concat(self._sample).sort()
        step = max(1, _STRETCH // _SAMPLED)
        return list(dict.fromkeys(keys.gather_every(step, offset=step).to_list()))


def _between(frame: pl.LazyFrame, low: int | None, high: int | None) -> pl.LazyFrame:
    if low is not None:
        frame = frame.filter(pl.col(KEY) >= low)
    return frame if high is None else frame.filter(pl.col(KEY) < high)
