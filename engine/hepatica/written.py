"""Results written as JSON, each part that many patients share only once.

A `Section` is a tuple of a finding that remembers how its parts are written; everything that reads
a finding sees a tuple.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import msgspec

from hepatica.finding import Finding, Result

Item = TypeVar("Item")
_encode = msgspec.json.Encoder().encode
_Piece = bytes | memoryview


class Part(Generic[Item]):
    """One item of a finding that may be told to many patients; written when first asked for."""

    __slots__ = ("_json", "item")

    def __init__(self, item: Item) -> None:
        """Take the item."""
        self.item = item
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """Give the item as JSON, with the comma that stands before it in a list."""
        if self._json is None:
            self._json = b"," + _encode(self.item)
        return self._json


class Section(tuple[Item, ...]):
    """Items of a finding that many patients share; `own` are those of one patient, by place."""

    _parts: tuple[Part[Item], ...] | None = None
    _pieces: tuple[_Piece, ...] | None = None
    _shared: Section[Item] | None = None
    _own: Mapping[int, Item] = MappingProxyType({})

    @classmethod
    def of(cls, parts: Iterable[Part[Item]]) -> Section[Item]:
        """Make a section of parts, which other sections share too."""
        every = tuple(parts)
        made = cls([part.item for part in every])
        made._parts = every
        return made

    def with_own(self, own: Mapping[int, Item]) -> Section[Item]:
        """Replace some items, by their place, by the patient's own."""
        items = list(self)
        for place, item in own.items():
            items[place] = item
        made = Section(items)
        made._shared, made._own = self, own
        return made

    def pieces(self) -> Iterable[_Piece]:
        """Give the whole section as JSON, in pieces to be put together."""
        if self._shared is not None:
            found = list(self._shared.pieces())
            for place, item in self._own.items():
                written = _encode(item)
                found[place + 1] = b"," + written if place else written
            return found
        if self._pieces is None:
            if self._parts:
                first, *others = [part.json for part in self._parts]
                self._pieces = (b"[", memoryview(first)[1:], *others, b"]")
            else:
                self._pieces = (_encode(tuple(self)),)
        return self._pieces


_SECTIONS = ("conclusions", "recommendations", "avoid", "evidence", "missing")
_EMPTY = "".join(f',"{name}":[]' for name in _SECTIONS).encode() + b"}"
_KEYS = [f',"{name}":'.encode() for name in _SECTIONS]
_END = b'[],"diagnostics":[]}'


def to_json(result: Result) -> bytes:
    """Write a result as one line of JSON, deterministic to the byte."""
    bare = msgspec.structs.replace(result, guidelines=(), diagnostics=())
    pieces: list[_Piece] = [_encode(bare).removesuffix(_END)]
    before = b"["
    for finding in result.guidelines:
        pieces += before, *_pieces(finding)
        before = b","
    pieces.append(b'],"diagnostics":' if result.guidelines else b'[],"diagnostics":')
    pieces += _encode(result.diagnostics), b"}"
    return b"".join(pieces)


def _pieces(finding: Finding) -> list[_Piece]:
    """Give a finding as JSON: its own fields first, then its sections."""
    bare = Finding(
        finding.id, finding.title, finding.short, finding.version, finding.digest, finding.status,
        finding.experimental, finding.not_sourced, finding.applies, (), (), (), (), (),
    )  # fmt: skip
    found: list[_Piece] = [_encode(bare).removesuffix(_EMPTY)]
    sections: tuple[tuple[Any, ...], ...] = (
        finding.conclusions, finding.recommendations, finding.avoid, finding.evidence,
        finding.missing,
    )  # fmt: skip
    for key, section in zip(_KEYS, sections, strict=True):
        found.append(key)
        found += section.pieces() if isinstance(section, Section) else [_encode(section)]
    found.append(b"}")
    return found
