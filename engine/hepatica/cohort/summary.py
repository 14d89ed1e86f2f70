"""What a guideline says to a population: how often each statement says what; what is missing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import polars as pl

from hepatica import ir

MOST_MISSING = 3


class Waiting(msgspec.Struct, frozen=True):
    """A fact, and for how many patients the statement waits for it."""

    fact: str
    patients: int


class Line(msgspec.Struct, frozen=True):
    """One statement in one group: patients by status, and what is most often missing.

    `group` has a value for each column of the summary's `by`; null stands for an empty cell.
    """

    group: tuple[str | None, ...]
    guideline: str
    statement: str
    title: str
    kind: str
    patients: dict[str, int]
    missing: tuple[Waiting, ...]


class About(msgspec.Struct, frozen=True):
    """Which guideline, in which version, and to how many patients it applies."""

    id: str
    short: str
    version: str
    digest: str
    status: str
    experimental: bool


class Group(msgspec.Struct, frozen=True):
    """A subgroup, and its patients."""

    group: tuple[str | None, ...]
    patients: int


class Summary(msgspec.Struct, frozen=True):
    """A cohort summed up. `synthetic` patients are invented; `rejected` rows were left out."""

    patients: int
    rejected: int
    synthetic: bool
    by: tuple[str, ...]
    groups: tuple[Group, ...]
    guidelines: tuple[About, ...]
    lines: tuple[Line, ...]


def summary(
    guidelines: Iterable[ir.Guideline],
    counts: pl.DataFrame,
    missing: pl.DataFrame,
    by: Sequence[str],
    *,
    patients: int,
    rejected: int,
    synthetic: bool,
) -> Summary:
    """Sum up counts (see `answers.Answerer`), in the order of guidelines and statements.

    A statement that says nothing to anybody has a line, too: with `none` for everybody.
    """
    guidelines = tuple(guidelines)
    titles = {s.id: s.title for g in guidelines for s in (*g.definitions, *g.statements)}
    waiting: dict[tuple[object, ...], list[Waiting]] = {}
    if missing.width:
        for *key, fact, number in missing.sort("patients", "fact", descending=[True, False]).rows():
            waiting.setdefault(tuple(key), []).append(Waiting(fact, number))
    found: dict[tuple[object, ...], dict[str, int]] = {}
    for *key, status, number in counts.rows() if counts.width else ():
        found.setdefault(tuple(key), {})[status] = number
    lines = []
    size = len(by)
    for name, by_status in found.items():
        group = tuple(None if v is None else str(v) for v in name[:size])
        guideline, statement, kind = (str(part) for part in name[size:])
        most = waiting.get(name[: size + 2], [])[:MOST_MISSING]
        title = titles.get(statement, "the guideline applies")
        lines.append(Line(group, guideline, statement, title, kind, by_status, tuple(most)))
    groups = {
        line.group: sum(line.patients.values()) for line in lines if line.kind == "applies"
    } if by else {}  # fmt: skip
    return Summary(
        patients, rejected, synthetic, tuple(by),
        tuple(Group(g, n) for g, n in sorted(groups.items(), key=lambda x: _sortable(x[0]))),
        tuple(About(g.id, g.short, g.version, g.digest, g.status, g.experimental)
              for g in guidelines),
        tuple(sorted(lines, key=lambda line: (_sortable(line.group),
                     [g.id for g in guidelines].index(line.guideline)))),
    )  # fmt: skip


def _sortable(group: tuple[str | None, ...]) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in group)


def sections(shown: Summary) -> Iterable[tuple[tuple[str | None, ...], str, list[Line]]]:
    """Give the lines by group and guideline."""
    for (group, guideline), lines in itertools.groupby(
        shown.lines, key=lambda line: (line.group, line.guideline)
    ):
        yield group, guideline, list(lines)


def patients_in(shown: Summary) -> Mapping[tuple[str | None, ...], int]:
    """Give the number of patients by group; of all of them, where there are no groups."""
    return {g.group: g.patients for g in shown.groups} if shown.by else {(): shown.patients}
