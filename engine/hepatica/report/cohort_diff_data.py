"""A comparison over a cohort in words, as data: what text, markdown and HTML show."""

from __future__ import annotations

from typing import NamedTuple

from hepatica.report.comparison_data import SideHead


class PartView(NamedTuple):
    """A part in which the sides differ: what it is, and what each side prints (or nothing)."""

    what: str
    old: str
    new: str


class Cause(NamedTuple):
    """What makes patients move, and how many; `how` is empty for one part by itself."""

    how: str
    parts: tuple[PartView, ...]
    patients: str
    number: int
    share: float

    @property
    def text(self) -> str:
        """Name the parts in one line."""
        names = "; ".join(dict.fromkeys(part.what for part in self.parts))
        return f"{self.how}: {names}" if self.how and names else self.how or names


class Move(NamedTuple):
    """From one status to another: how many."""

    old: str
    new: str
    number: int | None
    patients: str
    share: float
    moves: bool


class RowView(NamedTuple):
    """One row in words; `share` of the cohort moves."""

    kind: str
    title: str
    statements: tuple[str, ...]
    moved: str
    number: int | None
    share: float
    notes: tuple[str, ...]
    statuses: tuple[str, ...]
    moves: tuple[Move, ...]
    causes: tuple[Cause, ...]
    groups: tuple[tuple[str, str, float], ...]
    paired: bool


class MatrixView(NamedTuple):
    """A table of statuses: old down, new across."""

    kind: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    counts: tuple[tuple[str, str, int | None], ...]


class Flow(NamedTuple):
    """From old statuses to new ones, as a picture shows it: `statuses` in order."""

    title: str
    statuses: tuple[str, ...]
    counts: tuple[tuple[str, str, int], ...]
    total: int


class GroupView(NamedTuple):
    """A subgroup: its patients, and who moves by what both sides have."""

    name: str
    patients: str
    movers: tuple[tuple[str, str, float], ...]


class CohortDiffView(NamedTuple):
    """A whole comparison in words."""

    title: str
    labels: tuple[str, str]
    sides: tuple[SideHead, SideHead]
    warnings: tuple[str, ...]
    short: tuple[str, ...]
    movers: tuple[tuple[str, str, str, str], ...]
    matrices: tuple[MatrixView, ...]
    flows: tuple[Flow, ...]
    rows: tuple[RowView, ...]
    one_sided: tuple[RowView, ...]
    groups: tuple[GroupView, ...]
    by: str
    notes: tuple[str, ...]
    footer: str
    total: int
