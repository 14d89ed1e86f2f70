"""A replay as data: what changed on which day, as `hepatica replay --format json` writes it."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec

from hepatica import finding as f
from hepatica.diagnostics import Diagnostic

Kind = Literal["concluded", "recommended", "blocked", "contraindicated"]
Why = Literal["no_longer", "not_known", "blocked"]


class _Data(msgspec.Struct, frozen=True):
    """Base of all parts of a replay: field names and their order are those of the JSON."""


class FactTurn(_Data, frozen=True):
    """A fact that became known, changed, or is not known any more (`after` None), and then why."""

    fact: str
    before: f.Input | None
    after: f.Input | None
    why: str | None = None


class Said(_Data, frozen=True):
    """Something a guideline began or ceased to say.

    `subject` is the fact concluded or the intervention contraindicated, `value` what is concluded.
    For what ended, `why` tells whether it no longer holds, is blocked now, or only is not known any
    more, for want of the facts `missing`.
    """

    kind: Kind
    statement: str
    title: str
    subject: str | None
    value: Any
    because: f.Names
    why: Why | None = None
    missing: f.Names = ()


class DueTurn(_Data, frozen=True):
    """A test that became due, or overdue, by the schedule of a recommendation."""

    statement: str
    due: f.Due


class GuidelineTurn(_Data, frozen=True):
    """What changed in the answer of one guideline."""

    id: str
    began: tuple[Said, ...]
    ended: tuple[Said, ...]
    due: tuple[DueTurn, ...]


class Moment(_Data, frozen=True):
    """A day on which something changed; `notes` are what was not to be told the day before."""

    date: str
    facts: tuple[FactTurn, ...]
    guidelines: tuple[GuidelineTurn, ...]
    notes: tuple[Diagnostic, ...]


class Asked(_Data, frozen=True):
    """A guideline that was asked."""

    id: str
    short: str
    version: str
    digest: str
    experimental: bool


class Replay(_Data, frozen=True, rename={"begin": "from", "end": "to"}):
    """The course of a patient from one day to another, both included."""

    case: str
    title: str | None
    begin: str
    end: str
    engine: str
    guidelines: tuple[Asked, ...]
    moments: tuple[Moment, ...]


class Course(NamedTuple):
    """A replay, and the whole answer of every day on which something changed."""

    replay: Replay
    results: dict[str, f.Result]


def to_json(replay: Replay) -> bytes:
    """Write a replay as one line of JSON."""
    return msgspec.json.encode(replay)
