"""Tables that Spark reads, and results that it writes: whole, or not at all.

Spark commits the files of a result task by task, so that a task which runs twice counts once. Here
that happens in a folder beside the result, which gets the result's name only when the rows in it
have been counted and are those of every patient, once.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
import urllib.parse
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hepatica.cohort.inputs import ENDINGS, Part, open_table, refused
from hepatica.cohort.run import MANIFEST
from hepatica.cohort.spark.errors import told_by_spark
from hepatica.diagnostics import Diagnostic, Invalid

_LOOKS = 5
_ENDING = 10.0
"""Seconds in which executors that are ending may write a last file."""
_REMOTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_HELP = "write the table as Parquet; one machine reads the other forms, too"


class Source(NamedTuple):
    """A table as Spark reads it, and what messages call it."""

    frame: Any
    name: str


def read(session: Any, paths: Sequence[str], separator: str | None = None) -> Source:
    """Read Parquet or CSV: files, patterns, folders; or, as they are, addresses such as hdfs://.

    Files of this machine must be where all machines see them; their endings, first bytes and
    columns are checked here. Raises `Invalid` (Y111, D301, D302).
    """
    frames = []
    for path in paths:
        if _REMOTE.match(path) and not path.startswith("file:"):
            form = ENDINGS.get(Path(path.rstrip("/")).suffix.lower(), "parquet")
            frames.append(_scan(session, form, [path], path, None, separator))
            continue
        table = open_table([path], separator)
        wrong = [part for part in table.parts if part.form not in ("parquet", "csv")]
        if wrong:
            text = f"`{wrong[0].path}` is of a form that is not read on many machines"
            raise refused("D301", text, wrong[0].path, _HELP)
        forms = {part.form for part in table.parts}
        if len(forms) > 1:
            text = f"`{path}` holds Parquet and CSV"
            raise refused("D302", text, path, "read one of them on many machines")
        columns = [n for n in table.columns if n not in dict(table.parts[0].keys)]
        for keys, files in _by_keys(table.parts).items():
            frame = _scan(session, forms.copy().pop(), files, path, columns, table.separator)
            frames.append(_with_keys(frame, keys))
    if len(frames) > 1 and not any(_REMOTE.match(path) for path in paths):
        open_table(paths, separator)  # all have the same columns
    whole = frames[0]
    for frame in frames[1:]:
        whole = whole.unionByName(frame)
    return Source(whole, paths[0])


def _by_keys(parts: Iterable[Part]) -> dict[tuple[tuple[str, str], ...], list[str]]:
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for part in parts:
        found.setdefault(part.keys, []).append(Path(part.path).absolute().as_uri())
    return found


def _with_keys(frame: Any, keys: Iterable[tuple[str, str]]) -> Any:
    from pyspark.sql import functions

    for key, value in keys:
        frame = frame.withColumn(key, functions.lit(value))
    return frame


def _scan(
    session: Any, form: str, files: list[str], name: str, columns: Sequence[str] | None,
    separator: str | None,
) -> Any:  # fmt: skip
    try:
        if form == "parquet":
            # Every file by its name: Spark must not look for keys in the folders above it.
            reader = session.read.option("recursiveFileLookup", "true" if columns else "false")
            return reader.parquet(*map(_literal, files) if columns else files)
        if form != "csv":
            raise refused("D301", f"`{name}` is of a form that is not read on many machines",
                          name, _HELP)  # fmt: skip
        reader = session.read
        if columns:
            from pyspark.sql.types import StringType, StructType

            schema = StructType()
            for column in columns:
                schema = schema.add(column, StringType())
            reader = reader.schema(schema)
        # As RFC 4180 says: a quote within quotes is doubled, and a cell may hold a line's end.
        return reader.csv(
            [_literal(f) for f in files] if columns else files, header=True, inferSchema=False,
            sep=separator or ",", escape='"', multiLine=True, mode="FAILFAST", enforceSchema=False,
        )  # fmt: skip
    except Invalid:
        raise
    except Exception as error:
        told = told_by_spark(error)
        if told is None:
            raise
        raise told from None


def _literal(uri: str) -> str:
    """Give an address of one file that Spark takes as it is: it would unfold `*` and `[`."""
    return re.sub(r"([*?\[\]{}\\])", r"\\\1", urllib.parse.unquote(uri))


class Output:
    """A folder that is going to hold a result, or what was there before. Raises `Invalid`.

    (D317) when the address is that of a file, (D318) when the folder holds the table, or anything
    that is no result.
    """

    def __init__(self, session: Any, out: str, source: Any) -> None:
        """Look at the place; nothing is written yet."""
        if Path(out.rstrip("/")).suffix.lower() in ENDINGS:
            text = f"many machines write a folder, and `{out}` is the name of a file"
            help = f"a name without ending: `{out.rstrip('/').rpartition('.')[0]}/`"
            raise refused("D317", text, out, help)
        self.session = session
        self.out = out
        hadoop = session._jvm.org.apache.hadoop.fs
        address = out if _REMOTE.match(out) else Path(out).absolute().as_uri()
        place = hadoop.Path(address.rstrip("/"))
        self.system = place.getFileSystem(session._jsparkSession.sessionState().newHadoopConf())
        self.place = self.system.makeQualified(place)
        self.hadoop = hadoop
        self._under_way: tuple[_Here | _There, ...] | None = None
        mine = _plain(self.place.toString())
        for file in source.inputFiles():
            if _plain(file).startswith(f"{mine}/"):
                text = f"`{out}` is where the table itself lies"
                raise refused("D318", text, out, "choose another place for the result")
        if self.system.exists(self.place):
            names = [status.getPath().getName() for status in self.system.listStatus(self.place)]
            if names and MANIFEST not in names:
                text = f"`{out}` is there, and is no result of this command"
                raise refused("D318", text, out, "choose another place for the result")

    def write(
        self, rows: Any, told: Mapping[str, str], expected: int, each: str | None = None
    ) -> int:
        """Write the rows as Parquet with a manifest, then give them their name; how many.

        `told` goes into the manifest and into every file; there must be `expected` rows, or, with
        `each`, as many for which that SQL condition holds. Raises `Invalid` (E108) where not: an
        executor that writes to a disk of its own, or a table that has changed meanwhile.
        """
        scratch, old = self._beside("part"), self._beside("old")
        # Looked up now: when they are needed, Java may be gone.
        self._under_way = tuple(_folder(self.system, x) for x in (scratch, old, self.place))
        try:
            first = rows.columns[0]
            marked = rows.withMetadata(first, {"hepatica": json.dumps(dict(told))})
            marked.write.mode("errorifexists").option("compression", "zstd").option(
                "mapreduce.fileoutputcommitter.algorithm.version", "1"
            ).parquet(scratch.toString())
            back = self.session.read.schema(rows.schema).parquet(scratch.toString())
            number = int(back.count())
            found = number if each is None else int(back.where(each).count())
            if found != expected:
                text = f"of {expected:,} patients {found:,} are in the result, which was given up"
                help = "do all machines write to the same disk, and did the table stay the same?"
                raise Invalid([Diagnostic("E108", "error", text, file=self.out, help=help)])
            manifest = {**told, "patients": expected, "rows": number}
            stream = self.system.create(self.hadoop.Path(scratch, MANIFEST))
            stream.write(bytearray(json.dumps(manifest, indent=1).encode() + b"\n"))
            stream.close()
            self._rename(scratch, old)
            self._under_way = None
            return number
        except Exception as error:
            said = told_by_spark(error)
            with contextlib.suppress(Invalid):
                self.clear()
            if said is None:
                raise
            raise said from None

    def _rename(self, scratch: Any, old: Any) -> None:
        """Put a result in its place, and what was there before aside; `clear` puts it back."""
        had = self.system.exists(self.place) and self.system.rename(self.place, old)
        if not self.system.rename(scratch, self.place):
            raise refused("D317", f"`{self.out}` could not be written: it could not be named",
                          self.out, "are you allowed to write there?")  # fmt: skip
        if had:
            self.system.delete(old, True)

    def clear(self) -> None:
        """Leave nothing half-written; to be called when the session has ended, however it did.

        Executors may still be ending, and write a last file: it is looked for again and again.
        Raises `Invalid` (D317) when something is left.
        """
        if self._under_way is None:
            return
        scratch, old, place = self._under_way
        try:
            if old.exists():  # interrupted between two names
                old.delete() if place.exists() else old.rename(place)
            end = time.monotonic() + _ENDING
            gone = 0
            while gone < _LOOKS and time.monotonic() < end:
                gone += 1
                if scratch.exists():
                    gone = 0
                    scratch.delete()
                time.sleep(0.1)
        except Exception as error:
            if not isinstance(error, OSError) and told_by_spark(error) is None:
                raise
            text = f"what was half-written could not be cleared away: `{scratch.address}`"
            raise refused("D317", text, self.out, "delete it; it is nobody's answer") from None
        self._under_way = None

    def _beside(self, ending: str) -> Any:
        name = f".{self.place.getName()}.{uuid.uuid4().hex[:8]}.{ending}"
        return self.hadoop.Path(self.place.getParent(), name)


class _Here:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.address = str(path)

    def exists(self) -> bool:
        return self.path.exists()

    def delete(self) -> None:
        try:
            shutil.rmtree(self.path)
        except FileNotFoundError:  # another process deletes it, too
            return

    def rename(self, other: Any) -> None:
        self.path.rename(other.path)


class _There:
    """A folder of another system, which only Java reaches."""

    def __init__(self, system: Any, place: Any) -> None:
        self.system = system
        self.place = place
        self.address = str(place.toString())

    def exists(self) -> bool:
        return bool(self.system.exists(self.place))

    def delete(self) -> None:
        self.system.delete(self.place, True)

    def rename(self, other: Any) -> None:
        self.system.rename(self.place, other.place)


def _folder(system: Any, place: Any) -> _Here | _There:
    uri = place.toUri()
    return _Here(Path(uri.getPath())) if uri.getScheme() == "file" else _There(system, place)


def _plain(address: str) -> str:
    """Write an address in one way: Spark says file:/// and Hadoop file:/."""
    return urllib.parse.unquote(re.sub(r"^file:/+", "file:/", address)).rstrip("/")
