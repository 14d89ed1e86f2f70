"""A result in words, as data: what every kind of report shows."""

from __future__ import annotations

from typing import NamedTuple

from hepatica.diagnostics import Diagnostic

Lines = tuple[tuple[str, str], ...]


class Item(NamedTuple):
    """One entry: a headline, a sentence, labelled details, and the statement it comes from."""

    mark: str
    headline: str
    text: str
    details: Lines
    statement: str


class Group(NamedTuple):
    """Entries that wait for one missing fact."""

    fact: str
    name: str
    items: tuple[Item, ...]


class Side(NamedTuple):
    """What one guideline says."""

    id: str
    heading: str
    caveat: str
    silent: str
    concluded: tuple[Item, ...]
    recommended: tuple[Item, ...]
    contingent: tuple[Group, ...]
    blocked: tuple[Item, ...]
    blocked_anyway: str
    avoid: tuple[Item, ...]
    cautions: tuple[Item, ...]
    cautions_elsewhere: str
    not_excluded: tuple[Item, ...]
    elsewhere: str
    missing: tuple[str, ...]
    sources: Lines
    not_sourced: str
    counts: tuple[int, int, int]


class View(NamedTuple):
    """A whole result in words."""

    title: str
    subtitle: str
    inputs: Lines
    charted: Lines
    withheld: Lines
    notes: tuple[Diagnostic, ...]
    sides: tuple[Side, ...]
    briefly: Lines
    footer: str
