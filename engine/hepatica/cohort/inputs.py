"""The files of a table: found, known for what they are by their first bytes, and read lazily.

All files of one table must have the same columns. The names of folders of the form `key=value` are
columns too.
"""

from __future__ import annotations

import csv
import glob
import itertools
import os
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl

from hepatica.diagnostics import Diagnostic, Invalid, suggestion

Form = Literal["parquet", "arrow", "csv", "ndjson"]

ENDINGS: dict[str, Form] = {
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow",
    ".ipc": "arrow", ".csv": "csv", ".tsv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson",
}  # fmt: skip
NAMES: dict[Form, str] = {
    "parquet": "Parquet", "arrow": "Arrow", "csv": "CSV", "ndjson": "NDJSON (an object a line)",
}  # fmt: skip
_HEAD = 4096
ROW = "row:"
"""The row of its file, from 1, the head of a CSV not counted; no table has a column named so."""
FILE = "file:"


class Part(NamedTuple):
    """One file of a table: its path, form, the keys of its folders, size in bytes and age in ns."""

    path: str
    form: Form
    keys: tuple[tuple[str, str], ...]
    size: int
    modified: int


class Table(NamedTuple):
    """The files of one table, and the columns that all of them have, with their types.

    Text files have text columns only: what a cell holds is decided by what it must mean.
    """

    parts: tuple[Part, ...]
    columns: dict[str, Any]
    separator: str

    def scan(self, parts: Iterable[Part] | None = None, *, places: bool = False) -> pl.LazyFrame:
        """Read files (default: all) lazily; with `places`, `FILE` and `ROW` are columns too."""
        frames = [self._one(part, places) for part in (self.parts if parts is None else parts)]
        return frames[0] if len(frames) == 1 else pl.concat(frames, how="vertical")

    def _one(self, part: Part, places: bool) -> pl.LazyFrame:
        keys = dict(part.keys)
        inner = {n: t for n, t in self.columns.items() if n not in keys}
        frame = _scan(part, self.separator, inner)
        if places:
            frame = frame.with_row_index(ROW, offset=1).with_columns(pl.lit(part.path).alias(FILE))
        if keys:
            frame = frame.with_columns(pl.lit(v).alias(k) for k, v in part.keys)
        extra = [FILE, ROW] if places else []
        return frame.select([*self.columns, *extra])


def open_table(paths: Iterable[str], separator: str | None = None) -> Table:
    """Find the files and their columns.

    A path is a file, a pattern with `*`, or a folder. Raises `Invalid` (Y111, D301, D302) with
    what is wrong with every file.
    """
    found: list[Diagnostic] = []
    parts: list[Part] = []
    for path in dict.fromkeys(paths):
        try:
            parts += _parts(path)
        except Invalid as error:
            found += error.diagnostics
    if found:
        raise Invalid(found)
    unique = tuple({os.path.realpath(part.path): part for part in parts}.values())
    schemas = []
    separators = set()
    for part in unique:
        try:
            between = _separator(part, separator) if part.form == "csv" else ","
            separators.add(between)
            schemas.append(_schema(part, between))
        except Invalid as error:
            found += error.diagnostics
    if found:
        raise Invalid(found)
    _compare(unique, schemas)
    return Table(unique, schemas[0], separators.pop() if len(separators) == 1 else ",")


def _parts(path: str) -> Iterator[Part]:
    where = Path(path)
    if where.is_dir():
        files = sorted(p for p in where.rglob("*") if p.is_file() and not _is_hidden(p, where))
        if not files:
            raise refused("Y111", f"the folder `{path}` holds no table", path,
                          f"a table ends in {', '.join(ENDINGS)}")  # fmt: skip
    elif where.exists():
        files = [where]
    elif glob.has_magic(path):
        files = sorted(Path(p) for p in glob.glob(path, recursive=True) if os.path.isfile(p))
        if not files:
            raise refused("Y111", f"no file is named like `{path}`", path, "check the pattern")
    else:
        raise refused("Y111", f"there is no file `{path}`", path, "check the path")
    for file in files:
        yield _part(file, _root(where))


def _root(where: Path) -> Path:
    """Give the folder below which the names of folders may be columns."""
    if where.is_dir():
        return where
    plain = list(itertools.takewhile(lambda name: not glob.has_magic(name), where.parts[:-1]))
    return Path(*plain) if plain else Path()


def _is_hidden(file: Path, root: Path) -> bool:
    """Say whether a name says that a file is no part of the table, as `_SUCCESS` does."""
    return any(name.startswith(("_", ".")) for name in file.relative_to(root).parts)


def _part(file: Path, root: Path) -> Part:
    form = ENDINGS.get(file.suffix.lower())
    name = str(file)
    if form is None:
        raise refused("D301", f"`{name}` has not the ending of a table", name,
                      f"a table ends in {', '.join(ENDINGS)}")  # fmt: skip
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
            stream.seek(max(0, file.stat().st_size - 8))
            tail = stream.read()
        status = file.stat()
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise refused("Y111", f"cannot read `{name}`: {reason}", name, "check the file") from None
    _is_what_it_says(name, form, head, tail)
    keys = []
    for folder in file.relative_to(root).parts[:-1]:
        key, equals, value = folder.partition("=")
        if equals and key:
            keys.append((key, urllib.parse.unquote(value)))
    return Part(name, form, tuple(keys), status.st_size, status.st_mtime_ns)


def _is_what_it_says(name: str, form: Form, head: bytes, tail: bytes) -> None:
    """Compare the ending of a file with its first and last bytes. Raises `Invalid` (D301)."""
    if not head.strip():
        raise refused("D301", f"`{name}` is empty", name, "export it again")
    kind = _kind(head)
    if kind == form:
        if form == "parquet" and not tail.endswith(b"PAR1"):
            text = f"`{name}` is cut off: it begins as Parquet but does not end so"
            raise refused("D301", text, name, "copy or export it again")
        return
    told = NAMES.get(kind, kind)  # type: ignore[call-overload]
    text = f"`{name}` is not {NAMES[form]}: it begins like {told}"
    ending = next((e for e, f in ENDINGS.items() if f == kind), None)
    help = f"rename it to end in {ending}, or export it again" if ending else "export it again"
    if told.startswith("something compressed"):
        help = "unpack it first"
    raise refused("D301", text, name, help)


def _kind(head: bytes) -> str:
    """Say what a file is by its first bytes."""
    starts = {
        b"PAR1": "parquet", b"ARROW1": "arrow", b"PK\x03\x04": "a workbook or a zip archive",
        b"\x1f\x8b": "something compressed (gzip)",
        b"\x28\xb5\x2f\xfd": "something compressed (zstd)",
        b"BZh": "something compressed (bzip2)", b"FEA1": "Feather of the first version",
        b"\xff\xff\xff\xff": "an Arrow stream, not an Arrow file",
        b"\xd0\xcf\x11\xe0": "a workbook",
        b"\xff\xfe": "text in UTF-16", b"\xfe\xff": "text in UTF-16", b"SQLite": "a database",
    }  # fmt: skip
    for start, kind in starts.items():
        if head.startswith(start):
            return kind
    if b"\0" in head:
        return "no table that is known here"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    first = text[:1]
    if first == b"{":
        return "ndjson"
    if first == b"[":
        return "a JSON list, not an object a line"
    return "a web page or XML" if first == b"<" else "csv"


def _separator(part: Part, wanted: str | None) -> str:
    """Say what stands between the cells: as asked, a tab in .tsv, else a comma."""
    if wanted:
        return wanted
    return "\t" if part.path.lower().endswith(".tsv") else ","


def _schema(part: Part, separator: str) -> dict[str, Any]:
    try:
        if part.form == "csv":
            columns: dict[str, Any] = dict.fromkeys(_header(part, separator), pl.String())
        elif part.form == "ndjson":
            frame = pl.scan_ndjson(part.path, infer_schema_length=None)
            columns = dict(frame.collect_schema())
        else:
            columns = dict(_scan(part, separator, None).collect_schema())
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise unreadable(part, error) from None
    keys = dict(part.keys)
    inside = [key for key in keys if key in columns]
    if inside:
        text = f"`{inside[0]}` is a column of `{part.path}` and a folder of its path"
        raise refused("D302", text, part.path, "rename one of them")
    return {**columns, **dict.fromkeys(keys, pl.String())}


def _header(part: Part, separator: str) -> list[str]:
    """Read the first line of a CSV file. Raises `Invalid` (D301) when it cannot name columns."""
    with open(part.path, encoding="utf-8-sig", newline="") as stream:
        names = next(csv.reader(stream, delimiter=separator), [])
    if len(names) == 1:
        other = max(";\t|,", key=names[0].count)
        if other != separator and other in names[0]:
            shown = "a tab" if other == "\t" else f"`{other}`"
            text = f"`{part.path}` has one column only; its cells seem to be separated by {shown}"
            help = f"say it in the mapping file: `csv: {{separator: {other!r}}}`"
            raise refused("D301", text, part.path, help)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        text = f"the column `{twice[0]}` stands twice"
        raise refused("D301", text, part.path, "rename one of the two")
    if "" in names:
        text = f"column {names.index('') + 1} has no name"
        raise refused("D301", text, part.path, "give every column a name in the first line")
    return names


def _scan(part: Part, separator: str, columns: dict[str, Any] | None) -> pl.LazyFrame:
    # A glob or a folder was resolved before: here a `*` or `[` in a name is that character.
    if part.form == "parquet":
        return pl.scan_parquet(part.path, glob=False, hive_partitioning=False)
    if part.form == "arrow":
        return pl.scan_ipc(part.path, glob=False, hive_partitioning=False)
    if part.form == "csv":
        return pl.scan_csv(
            part.path, separator=separator, infer_schema=False, glob=False, schema=columns
        )
    return pl.scan_ndjson(part.path, schema=columns, infer_schema_length=None)


def _compare(parts: tuple[Part, ...], schemas: list[dict[str, Any]]) -> None:
    """Compare the columns of every file with those of the first. Raises `Invalid` (D302)."""
    first = schemas[0]
    found = []
    for part, schema in zip(parts[1:], schemas[1:], strict=True):
        lacking = [name for name in first if name not in schema]
        more = [name for name in schema if name not in first]
        other = [n for n in first if n in schema and schema[n] != first[n]]
        if lacking:
            text = f"`{part.path}` has no column `{lacking[0]}`, which `{parts[0].path}` has"
            help = suggestion(lacking[0], schema) or "all files of one table have the same columns"
        elif more:
            text = f"`{part.path}` has a column `{more[0]}`, which `{parts[0].path}` has not"
            help = suggestion(more[0], first) or "all files of one table have the same columns"
        elif other:
            text = (
                f"`{other[0]}` is {type_name(schema[other[0]])} in `{part.path}`, but "
                f"{type_name(first[other[0]])} in `{parts[0].path}`"
            )
            help = "write all files of one table with the same types"
        else:
            continue
        found.append(Diagnostic("D302", "error", text, file=part.path, help=help))
    if found:
        raise Invalid(found)


def type_name(dtype: Any) -> str:
    """Name the type of a column in plain words."""
    if dtype.is_integer():
        return "whole numbers"
    if dtype.is_numeric():
        return "numbers"
    if dtype == pl.Boolean:
        return "true or false"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    if isinstance(dtype, pl.List | pl.Array):
        return f"lists of {type_name(dtype.inner)}"
    if dtype.is_temporal():
        return "durations" if dtype == pl.Duration else "times" if dtype == pl.Time else "dates"
    return "nothing at all" if dtype == pl.Null else "something that is no cell"


def refused(code: str, text: str, file: str, help: str) -> Invalid:
    """Make one error about a file."""
    return Invalid([Diagnostic(code, "error", text, file=file, help=help)])


def unreadable(part: Part, error: Exception) -> Invalid:
    """Tell that a file cannot be read as what it seems to be."""
    reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "no reason"
    if isinstance(error, UnicodeDecodeError) or "utf-8" in reason.lower():
        return refused("D301", f"`{part.path}` is not UTF-8 text", part.path, "save it as UTF-8")
    text = f"`{part.path}` cannot be read as {NAMES[part.form]}: {reason[:160]}"
    return refused("D301", text, part.path, "export it again")
