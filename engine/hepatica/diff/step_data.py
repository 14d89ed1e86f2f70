"""How much a version changes, as data: `schemas/version.schema.json` in Python."""

from __future__ import annotations

import msgspec

from hepatica.diff.data import Side, Witness
from hepatica.diff.versions import Level, Step, said


class CauseData(msgspec.Struct, frozen=True):
    """One change: how much it is, what it is in words, where, and a patient who meets it."""

    level: Level
    what: str
    statements: tuple[str, ...]
    witness: Witness | None


class StepData(msgspec.Struct, frozen=True):
    """From one version to the next.

    `needed` is how much has changed, and `said` how much the two numbers say; `least` is the lowest
    number that suffices. `undecided` counts questions that the solver did not answer within
    `seconds` each (None: as long as it takes); each of them counts as major.
    """

    old: Side
    new: Side
    needed: Level
    said: Level
    least: str
    suffices: bool
    seconds: float | None
    undecided: int
    causes: tuple[CauseData, ...]


def step_data(step: Step, seconds: float | None) -> StepData:
    """Take what was found as data; the largest changes first."""
    return StepData(
        old=step.old.side,
        new=step.new.side,
        needed=step.needed,
        said=said(step.old.guideline.version, step.new.guideline.version),
        least=step.least,
        suffices=step.suffices,
        seconds=seconds,
        undecided=step.undecided,
        causes=tuple(CauseData(c.level, c.what, c.statements, c.witness) for c in step.causes),
    )


def to_json(step: Step, seconds: float | None) -> bytes:
    """Write it as one line of JSON."""
    return msgspec.json.encode(step_data(step, seconds))
