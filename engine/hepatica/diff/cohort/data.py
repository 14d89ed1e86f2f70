"""A comparison over a cohort as data: `schemas/cohort_diff.schema.json` in Python.

Numbers are of patients. None stands for a number that is not shown because it is small, or because
a small one could be worked out from it (`hide`).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from hepatica.diff.cohort.merge import PartKind
from hepatica.diff.data import Side

Group = tuple[str | None, ...]
Kind = Literal["recommendation", "avoid", "conclusion"]
How = Literal["alone", "each", "together"]
KINDS: tuple[Kind, ...] = ("recommendation", "avoid", "conclusion")
OPEN = ("contingent", "not excluded", "unknown")
"""Statuses that wait for facts."""


class _Data(msgspec.Struct, frozen=True):
    """Base of all parts."""


class Movers(_Data, frozen=True):
    """How many patients are told something else, of a kind or of `any` kind.

    `patients` counts those for whom any row of the kind differs; `paired` those for whom a row
    differs that both sides have; `apart` those for whom one differs and no other statement of the
    side that says nothing tells the like.
    """

    kind: Kind | Literal["any"]
    patients: int | None
    paired: int | None
    apart: int | None


class Part(_Data, frozen=True):
    """A part in which the two sides of a row differ, in words; `patients` move by it alone."""

    kind: PartKind
    facts: tuple[str, ...]
    old: str | None
    new: str | None
    patients: int | None


class Attribution(_Data, frozen=True):
    """Who goes from one status to another, by what makes it so.

    `alone`: this part by itself, and no other by itself; `each`: each of these parts by itself;
    `together`: none by itself, and not without these (which may be none: then one of several).
    Every patient who moves stands in one of them.
    """

    how: How
    parts: tuple[int, ...]
    old: str
    new: str
    patients: int | None


class Transition(_Data, frozen=True):
    """How many go from one status to another; `besides`: another statement tells them the like."""

    old: str
    new: str
    patients: int | None
    besides: int | None


class InGroup(_Data, frozen=True):
    """How many of a subgroup move."""

    group: Group
    moved: int | None


class Row(_Data, frozen=True):
    """A pair of statements, or a value that is concluded, over the whole cohort.

    `missing` counts those who move to or from a status that waits for facts. The numbers of
    `transitions` add up to the cohort; those of `attribution` to `moved`.
    """

    kind: Kind
    title: str
    old_statement: str | None
    new_statement: str | None
    moved: int | None
    missing: int | None
    besides: int | None
    transitions: tuple[Transition, ...]
    parts: tuple[Part, ...]
    attribution: tuple[Attribution, ...]
    groups: tuple[InGroup, ...]

    @property
    def both(self) -> bool:
        """Say whether both sides were sourced for it."""
        return self.old_statement is not None and self.new_statement is not None


class Count(_Data, frozen=True):
    """Patients and rows of a kind that go from one status to another."""

    old: str
    new: str
    patients: int | None


class Matrix(_Data, frozen=True):
    """Old status to new status over all rows of a kind: a patient counts once for each row."""

    kind: Kind
    statuses: tuple[str, ...]
    counts: tuple[Count, ...]


class Subgroup(_Data, frozen=True):
    """A subgroup, with who moves in it."""

    group: Group
    patients: int | None
    movers: tuple[Movers, ...]


class Unheard(_Data, frozen=True):
    """A given fact that a side's dictionary has not, or not that value of it: left out there."""

    side: Literal["old", "new"]
    fact: str
    patients: int | None


class CohortDiff(_Data, frozen=True):
    """Two guidelines, or two versions of one, over a cohort.

    `same` when nobody is told anything else; `rejected` rows were left out; `synthetic` patients
    are invented. `hidden_below`: numbers below it are not shown.
    """

    old: Side
    new: Side
    versions: bool
    same: bool
    patients: int
    rejected: int
    synthetic: bool
    hidden_below: int
    by: tuple[str, ...]
    movers: tuple[Movers, ...]
    groups: tuple[Subgroup, ...]
    matrices: tuple[Matrix, ...]
    rows: tuple[Row, ...]
    unheard: tuple[Unheard, ...]


def to_json(found: CohortDiff) -> bytes:
    """Write a comparison as one line of JSON."""
    return msgspec.json.encode(found)
