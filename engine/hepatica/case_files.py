"""The files of cases: a document a case, from files, folders, streams, or a mapping."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from hepatica.diagnostics import Diagnostic, Invalid, from_unreadable
from hepatica.json_reader import read_json
from hepatica.reader import read_yaml
from hepatica.source import Document, Source, Unreadable, decode, read_source

STREAMS = (".jsonl", ".ndjson")


SINGLES = (".yaml", ".yml", ".json")


def documents(path: str, stdin: BinaryIO | None = None) -> Iterator[Document | Invalid]:
    """Read every case document that a path names.

    The path is a file (.yaml, .yml, .json; .jsonl or .ndjson: a case a line), a folder of such
    files, or `-` for standard input. What cannot be read is given as `Invalid`, in its place.
    """
    if path == "-":
        assert stdin is not None
        yield from _from_stdin(stdin)
        return
    where = Path(path)
    if where.is_dir():
        files = sorted(p for p in where.rglob("*") if p.suffix in (*SINGLES, *STREAMS))
        if not files:
            help = f"a case ends in {', '.join((*SINGLES, *STREAMS))}"
            yield Invalid([Diagnostic("Y111", "error", f"`{path}` holds no cases", help=help)])
        for file in files:
            yield from documents(str(file))
    elif where.suffix in STREAMS:
        try:
            with where.open("rb") as stream:
                yield from _lines(stream, path)
        except OSError:
            source = Source(path, "", private=True)
            try:
                read_source(where)
            except Unreadable as error:
                yield Invalid(from_unreadable(error))
            else:
                text = f"cannot read `{path}`"
                yield Invalid([Diagnostic("Y111", "error", text, file=source.name)])
    else:
        yield _document(lambda: read_source(where, private=True))


def document_of(case: Mapping[str, Any] | Path | str) -> Document:
    """Make a document of one case: a mapping as in a case file, or the path of such a file.

    Raises `Invalid` when it cannot be read, or holds more than one case.
    """
    if isinstance(case, Mapping):
        try:
            written = msgspec.json.encode(case)
        except (TypeError, ValueError):
            help = "use text, numbers, true, false, dates, lists and mappings"
            text = "the case holds a value that no case file can hold"
            raise Invalid([Diagnostic("Y102", "error", text, help=help)]) from None
        found = _line(written, "<case>", 1)
    else:
        first = list(itertools.islice(documents(str(case)), 2))
        if len(first) != 1:
            text = f"`{case}` holds {'more than one case' if first else 'no case'}"
            raise Invalid([Diagnostic("Y111", "error", text, help="give the file of one case")])
        [found] = first
    if isinstance(found, Invalid):
        raise found
    return found


def _document(source: Any) -> Document | Invalid:
    try:
        read = source()
        return read_json(read) if read.name.endswith((".json", *STREAMS)) else read_yaml(read)
    except Unreadable as error:
        return Invalid(from_unreadable(error))


def _lines(stream: BinaryIO, name: str) -> Iterator[Document | Invalid]:
    for number, line in enumerate(stream, start=1):
        if line.strip():
            yield _line(line, name, number)


def _line(line: bytes, name: str, number: int) -> Document | Invalid:
    try:
        source = decode(name, line, private=True)._replace(first=number)
        return read_json(source)
    except Unreadable as error:
        return Invalid(from_unreadable(error))


def _from_stdin(stream: BinaryIO) -> Iterator[Document | Invalid]:
    """Read standard input: a case a line when its first line is a whole JSON object."""
    first = stream.readline()
    if first.lstrip()[:1] == b"{":
        try:
            whole = isinstance(msgspec.json.decode(first), dict)
        except (msgspec.DecodeError, UnicodeDecodeError):
            whole = False
        if whole:
            yield _line(first, "<stdin>", 1)
            for number, line in enumerate(stream, start=2):
                if line.strip():
                    yield _line(line, "<stdin>", number)
            return
    rest = first + stream.read(5_000_000)
    reader = read_json if rest.lstrip()[:1] == b"{" else read_yaml
    try:
        yield reader(decode("<stdin>", rest, private=True))
    except Unreadable as error:
        yield Invalid(from_unreadable(error))
