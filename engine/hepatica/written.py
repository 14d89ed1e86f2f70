"""Results written as JSON, each part that many patients share only once.

A `Section` is a tuple of a finding that remembers how its parts are written; everything that reads
a finding sees a tuple.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar, cast

import msgspec

from hepatica.finding import Finding, Result

Item = TypeVar("Item")
_encode = msgspec.json.Encoder().encode


class Part(Generic[Item]):
    """One item of a finding that may be told to many patients; written when first asked for."""

    __slots__ = ("_json", "item")

    def __init__(self, item: Item) -> None:
        """Take the item."""
        self.item = item
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """Give the item as JSON."""
        if self._json is None:
            self._json = _encode(self.item)
        return self._json


class Section(tuple[Item, ...]):
    """Items of a finding, with the parts they come from: None for what is this patient's own.

    Without parts, the section is one for many patients and kept as a whole.
    """

    parts: tuple[Part[Item] | None, ...] | None = None
    _json: bytes | None = None

    @classmethod
    def of(cls, parts: Iterable[Part[Item]]) -> Section[Item]:
        """Make a section of parts."""
        every = tuple(parts)
        made = cls(part.item for part in every)
        made.parts = every
        return made

    def with_own(self, own: dict[int, Item]) -> Section[Item]:
        """Replace some items, by their place, by the patient's own."""
        items, parts = list(self), list(self.parts or (None,) * len(self))
        for place, item in own.items():
            items[place], parts[place] = item, None
        made = Section(items)
        made.parts = tuple(parts)
        return made

    @property
    def json(self) -> bytes:
        """Give the whole section as JSON."""
        if self.parts is None:
            if self._json is None:
                self._json = _encode(tuple(self))
            return self._json
        written = [
            _encode(item) if part is None else part.json
            for part, item in zip(self.parts, self, strict=True)
        ]
        return b"[" + b",".join(written) + b"]"


def to_json(result: Result) -> bytes:
    """Write a result as one line of JSON, deterministic to the byte."""
    guidelines = tuple([_written(finding) for finding in result.guidelines])
    return _encode(msgspec.structs.replace(result, guidelines=guidelines))


def _written(finding: Finding) -> Finding:
    """Put what is written already in the place of the sections of a finding."""
    return Finding(
        finding.id, finding.title, finding.short, finding.version, finding.digest, finding.status,
        finding.experimental, finding.not_sourced, finding.applies, _raw(finding.conclusions),
        _raw(finding.recommendations), _raw(finding.avoid), _raw(finding.evidence),
        _raw(finding.missing),
    )  # fmt: skip


def _raw(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if isinstance(items, Section):
        return cast("tuple[Any, ...]", msgspec.Raw(items.json))
    return items
