"""Writing a table, batch by batch: beside its place, and renamed when it is whole.

Whatever happens on the way, under the name of the result there is either a whole result or what
was there before.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import queue
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import polars as pl
from polars.io.plugins import register_io_source

from hepatica.cohort.inputs import ENDINGS, Form, refused
from hepatica.cohort.mapping import BETWEEN, NO_MEMBER
from hepatica.compile.columnar import PLAIN
from hepatica.diagnostics import Invalid, suggestion


def form_of(path: str) -> Form:
    """Say from the ending in which form a result is written. Raises `Invalid` (D317)."""
    ending = Path(path).suffix.lower()
    form = ENDINGS.get(ending)
    if form is None or form == "arrow" or ending == ".tsv":
        help = suggestion(ending, (".parquet", ".csv", ".ndjson")) or (
            "end it in .parquet, .csv or .ndjson; a folder that exists, or a name that ends in /, "
            "gets a file for each file of the table"
        )
        raise refused("D317", f"`{path}` has not the ending of a result", path, help)
    return form


class Sink:
    """One table being written. Nothing is under its name until `close`; an error leaves nothing.

    `told` goes into the file itself where the form can hold it (Parquet). Raises `Invalid` (D317)
    when the disk is full or refuses.
    """

    def __init__(self, path: str, told: Mapping[str, str] | None = None) -> None:
        """Begin beside the place; the folder must be there."""
        self.path = Path(path)
        self.form = form_of(path)
        self.told = dict(told or {})
        self.scratch = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        self.rows = 0
        self._parquet: _Parquet | None = None
        self._begun = False
        with self._complaints():
            _remove_old(self.path)
            self._stream: BinaryIO = self.scratch.open("xb")

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows."""
        with self._complaints():
            if self.form == "parquet":
                self._write_parquet(frame)
            elif self.form == "csv":
                plain = frame.select(as_text(frame.schema))
                plain.write_csv(self._stream, include_header=not self._begun)
            else:
                frame.write_ndjson(self._stream)
            self._begun = True
        self.rows += len(frame)

    def _write_parquet(self, frame: pl.DataFrame) -> None:
        if self._parquet is None:
            self._parquet = _Parquet(self.scratch, frame.schema, self.told)
        self._parquet.write(frame)

    def close(self) -> None:
        """Finish: what was written gets its name at once and as a whole."""
        with self._complaints():
            if self._parquet is not None:
                self._parquet.close()
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            self.scratch.replace(self.path)

    def drop(self) -> None:
        """Leave nothing behind."""
        if self._parquet is not None:
            self._parquet.drop()
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            self.scratch.unlink()

    def __enter__(self) -> Sink:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Give the result its name, or leave nothing."""
        if kind is not None:
            self.drop()
            return
        try:
            self.close()
        except BaseException:
            self.drop()
            raise

    @contextlib.contextmanager
    def _complaints(self) -> Any:
        try:
            yield
        except (OSError, pl.exceptions.PolarsError) as error:
            raise cannot_write(str(self.path), error) from None


def write_whole(path: str, frames: Iterable[pl.DataFrame]) -> None:
    """Write a table from its frames, all of it or nothing. Raises `Invalid` (D317)."""
    with Sink(path) as sink:
        for frame in frames:
            sink.write(frame)


class _Parquet:
    """A Parquet file that Polars writes in a thread of its own, while the next rows are made.

    Polars writes many columns at once, several times as fast as PyArrow. It pulls frames from a
    source, so they wait in a queue; two of them at most, or a slow disk would fill the memory.
    """

    def __init__(self, path: Path, schema: pl.Schema, told: dict[str, str]) -> None:
        self._queue: queue.Queue[pl.DataFrame | None] = queue.Queue(1)
        self._error: BaseException | None = None
        self._dropped = False
        frames = register_io_source(self._frames, schema=schema, is_pure=True)

        def run() -> None:
            try:
                frames.sink_parquet(path, metadata=told, **_PARQUET)
            except BaseException as error:  # Polars hears Ctrl-C in whichever thread it works
                self._error = error

        self._thread = threading.Thread(target=run, name="parquet", daemon=True)
        self._thread.start()

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows. Raises what went wrong with these or earlier ones."""
        self._put(frame)

    def close(self) -> None:
        """Wait for the end of the file to be written. Raises what went wrong."""
        self._put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def drop(self) -> None:
        """Stop, whatever is not yet written."""
        self._dropped = True
        self._thread.join()

    def _put(self, frame: pl.DataFrame | None) -> None:
        while self._thread.is_alive():
            with contextlib.suppress(queue.Full):
                self._queue.put(frame, timeout=_PATIENCE)
                return
        if self._error is not None:
            raise self._error

    def _frames(
        self, columns: list[str] | None, predicate: object, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        """Give the rows as they come; a sink asks for all columns of all of them."""
        while not self._dropped:
            with contextlib.suppress(queue.Empty):
                frame = self._queue.get(timeout=_PATIENCE)
                if frame is None:
                    return
                yield frame


_PARQUET: dict[str, Any] = {
    "compression": "zstd", "compression_level": 1, "statistics": False, "engine": "streaming",
    "optimizations": PLAIN,
}  # fmt: skip
_PATIENCE = 0.1
"""Seconds until a thread looks whether the other one has given up."""


def as_text(schema: Mapping[str, pl.DataType]) -> list[pl.Expr]:
    """Join lists, which a CSV cannot hold."""
    return [
        _joined(name) if isinstance(dtype, pl.List) else pl.col(name)
        for name, dtype in schema.items()
    ]


def _joined(name: str) -> pl.Expr:
    members = pl.col(name).cast(pl.List(pl.String))
    empty = members.list.len() == 0
    return pl.when(empty).then(pl.lit(NO_MEMBER)).otherwise(members.list.join(BETWEEN)).alias(name)


def _remove_old(path: Path) -> None:
    """Remove what a run that was killed has left beside a result."""
    for old in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        process = old.name.rsplit(".", 2)[1]
        if process.isdigit() and not _is_running(int(process)):
            old.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def cannot_write(path: str, error: Exception) -> Invalid:
    """Tell that a result could not be written, and that nothing half-written was left."""
    number = getattr(error, "errno", None)
    text = str(error)
    if is_full(error):
        help = "make room, or write to another disk; what was there before is unchanged"
        return refused("D317", f"there is no room to write `{path}`", path, help)
    reason = (os.strerror(number) if number else text.strip().splitlines()[0]).lower()
    help = "are you allowed to write there, and is the folder there?"
    return refused("D317", f"`{path}` could not be written: {reason[:160]}", path, help)


def is_full(error: Exception) -> bool:
    """Say whether a disk, or what one may write on it, is full."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    text = str(error).lower()
    return any(word in text for word in ("no space left", "file too large", "quota"))


def has_room(path: str, needed: float) -> None:
    """Refuse a disk that is surely too small. Raises `Invalid` (D317).

    `needed` is a low estimate in bytes of what is going to be written.
    """
    free = free_at(path)
    if needed > free:
        text = (
            f"there is no room for `{path}`: about {_megabytes(needed)} are needed, "
            f"{_megabytes(free)} are free"
        )
        help = "make room, write to another disk, or choose guidelines with -g"
        raise refused("D317", text, path, help)


def free_at(path: str) -> int:
    """Give the bytes that are free where a place is, or will be."""
    folder = Path(path).absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _megabytes(size: float) -> str:
    return f"{size / 1e6:,.0f} MB" if size < 1e10 else f"{size / 1e9:,.1f} GB"
