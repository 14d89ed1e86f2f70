"""Text files and places in them: where something stands, and what is wrong with it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

MAX_BYTES = 4_000_000
ROOT: tuple[str | int, ...] = ()


class Place(NamedTuple):
    """Where something stands in a file: 1-based line and column, and where it ends."""

    line: int
    column: int
    end_line: int
    end_column: int


KeyPath = tuple[str | int, ...]
START = Place(1, 1, 1, 1)


class Problem(NamedTuple):
    """What the reader found: a stable code, a sentence, a place and a remedy."""

    code: str
    message: str
    place: Place | None
    help: str


class Source(NamedTuple):
    """A file's name as shown and its text.

    `private` text (patients) is never quoted whole. `first` is the number of the text's first line
    in the file, for one line of many.
    """

    name: str
    text: str
    private: bool = False
    first: int = 1

    def line(self, number: int) -> str:
        """Give one line of the text, 1-based, without its end; empty when there is none."""
        lines = _lines(self.text)
        return lines[number - 1] if 0 < number <= len(lines) else ""


@functools.lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    return text.splitlines()


Places = tuple[dict[KeyPath, Place], dict[KeyPath, Place]]
"""The places of values and of keys, by path."""


class Document:
    """Data read from a source. The places of its keys and values are found when first asked for."""

    def __init__(
        self,
        source: Source,
        data: Any,
        places: Places | Callable[[], Places],
        lines: dict[int, int] | None = None,
    ) -> None:
        """Take the data and its places, or a way to find them.

        `lines` gives, by identity, the line on which each mapping of the data begins.
        """
        self.source = source
        self.data = data
        self._places = places
        self._lines = lines or {}

    def line(self, path: KeyPath) -> int:
        """Find the line on which the mapping at `path` begins."""
        found: Any = self.data
        for step in path:
            found = found[step]
        return self._lines.get(id(found)) or self.place(path).line

    def place(self, path: KeyPath, *, key: bool = False) -> Place:
        """Find where the value (or key) at `path` stands, or its nearest parent."""
        if not isinstance(self._places, tuple):
            self._places = self._places()
        values, keys = self._places
        while True:
            found = (keys.get(path) if key else None) or values.get(path)
            if found is not None or not path:
                return found or START
            path = path[:-1]


class Unreadable(Exception):
    """A file could not be read as data at all. Carries every `Problem` found."""

    def __init__(self, source: Source, problems: list[Problem]) -> None:
        """Keep the source and what is wrong with it."""
        super().__init__(problems[0].message)
        self.source = source
        self.problems = problems


def read_source(path: Path, *, private: bool = False) -> Source:
    """Read a UTF-8 text file of at most 4 MB.

    Raises `Unreadable` (Y101, Y110, Y111) when it is missing, a directory, too large, not UTF-8.
    """
    name = str(path)
    bare = Source(name, "", private)

    def refuse(code: str, message: str, help: str) -> Unreadable:
        return Unreadable(bare, [Problem(code, message, None, help)])

    try:
        if path.is_dir():
            raise refuse("Y111", f"`{name}` is a directory", "name a file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise refuse(
                "Y110",
                f"the file has {size:,} bytes, more than {MAX_BYTES:,}",
                "split it, or write many cases as one JSON object a line in a .jsonl file",
            )
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise refuse("Y111", f"there is no file `{name}`", "check the path") from None
    except (OSError, ValueError) as error:
        reason = (
            os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "bad name"
        )
        raise refuse("Y111", f"cannot read `{name}`: {reason.lower()}", "check the path") from None
    return decode(name, data, private=private)


def decode(name: str, data: bytes, *, private: bool = False) -> Source:
    """Turn bytes into a `Source`. Raises `Unreadable` (Y101, Y110) if not UTF-8 or too large."""
    if len(data) > MAX_BYTES:
        problem = Problem("Y110", f"more than {MAX_BYTES:,} bytes of text", None, "split the text")
        raise Unreadable(Source(name, "", private), [problem])
    try:
        return Source(name, data.decode("utf-8-sig"), private)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        problem = Problem(
            "Y101", "the text is not UTF-8", Place(line, column, line, column), "save it as UTF-8"
        )
        raise Unreadable(Source(name, "", private), [problem]) from None
