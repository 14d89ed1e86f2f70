"""The result of an evaluation, as data: `schemas/result.schema.json` in Python.

Field names and their order are those of the JSON, which `written.to_json` writes.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hepatica import ir
from hepatica.diagnostics import Diagnostic
from hepatica.outcome import Status

Names = tuple[str, ...]
TruthWord = Literal["true", "false", "unknown"]


class _Data(msgspec.Struct, frozen=True, gc=False):
    """Base of all result nodes: a tree, which needs no search for cycles."""


class Input(_Data, frozen=True, rename={"origin": "from"}):
    """A fact as it went in: value, UCUM unit, where from, and on which date.

    `written` is what stood in the file, where that was in another unit; `how` is how it came out of
    a chart.
    """

    value: Any
    unit: str | None
    origin: Literal["given", "chart"] = "given"
    date: str | None = None
    written: str | None = None
    how: str | None = None


class Citation(_Data, frozen=True):
    """Where a statement was read."""

    ref: str
    citation: str
    doi: str | None
    label: str
    locator: str
    confidence: str
    attributed_to: Names
    checked_by: str | None


class Grade(_Data, frozen=True):
    """A grade as printed."""

    direction: str | None
    strength: str | None
    certainty: str | None
    as_printed: str | None


class Amount(_Data, frozen=True):
    """A range in a unit."""

    low: float
    high: float
    unit: str


class Dose(_Data, frozen=True):
    """A dose; `missing` names the facts that would say whether it is meant for this patient.

    A dose per kilogram has `for_weight`, worked out and capped for the patient's weight, or names
    the fact it `needs` for that.
    """

    intervention: str
    amount: Amount
    at_most: Amount | None
    form: str | None
    missing: Names
    for_weight: Amount | None
    needs: Names


class Course(_Data, frozen=True):
    """A schedule on the calendar, each range taken at its longer end.

    `start` is the day from which the fact `counts_from` counts, `phase` the stretch (from 0) in
    which the patient is, `next_by` the latest day for the next time; None, with `missing` (and
    `dated` False when the answer has no date), while it cannot be worked out, or once it is over.
    """

    counts_from: str
    start: str | None
    phase: int | None
    next_by: str | None
    missing: Names
    dated: bool


DueStatus = Literal["later", "due", "overdue", "unknown"]


class Due(_Data, frozen=True):
    """When a test of a schedule is due, by the days on which a chart shows it.

    `last` is the last of these days, `earliest` to `latest` the days on which it is due next (one
    day, where the schedule prints no range). They are None, with the status `unknown`, while it is
    not known from which day to count.
    """

    intervention: str
    last: str | None
    earliest: str | None
    latest: str | None
    status: DueStatus


class Phase(_Data, frozen=True):
    """A stretch of a schedule."""

    every: Amount
    lasts: Amount | None
    at_least: bool
    times: int | None
    text: str | None


class Target(_Data, frozen=True):
    """A value to aim for."""

    fact: str
    low: float
    high: float
    unit: str | None


class Reading(_Data, frozen=True):
    """A choice of ours where the page is silent."""

    term: str
    reads: str


class Conclusion(_Data, frozen=True):
    """A fact that a definition concludes."""

    fact: str
    value: Any
    statement: str
    because: Names
    source: Citation
    interpretation: tuple[Reading, ...]


class OptionFinding(_Data, frozen=True):
    """One alternative of a recommendation."""

    interventions: Names
    status: Status
    blocked_by: Names
    missing: Names


class Recommendation(_Data, frozen=True):
    """A recommendation for this patient."""

    statement: str
    title: str
    status: Status
    action: str
    options: tuple[OptionFinding, ...]
    text: str
    dose: tuple[Dose, ...]
    schedule: tuple[Phase, ...]
    course: Course | None
    due: tuple[Due, ...]
    target: Target | None
    duration: str | None
    grade: Grade | None
    source: Citation
    interpretation: tuple[Reading, ...]
    because: Names
    missing: Names
    blocked_by: Names
    cautions: Names
    evidence: Names


class Avoidance(_Data, frozen=True):
    """An intervention not to give, or to give with care, or of which that cannot be excluded."""

    intervention: str
    kind: Literal["contraindication", "caution"]
    status: Literal["contraindicated", "contingent", "caution"]
    statement: str
    title: str
    text: str
    actions: Names
    grade: Grade | None
    source: Citation
    interpretation: tuple[Reading, ...]
    because: Names
    missing: Names


class Evidence(_Data, frozen=True):
    """A number reported about an intervention that is recommended or open."""

    statement: str
    interventions: Names
    measure: str
    amount: Amount
    population: str | None
    source: Citation


class Missing(_Data, frozen=True):
    """A missing fact and the statements it could settle."""

    fact: str
    would_settle: Names


class Finding(_Data, frozen=True):
    """What one guideline says of one patient."""

    id: str
    title: str
    short: str
    version: str
    digest: str
    status: str
    experimental: bool
    not_sourced: str
    applies: TruthWord
    conclusions: tuple[Conclusion, ...]
    recommendations: tuple[Recommendation, ...]
    avoid: tuple[Avoidance, ...]
    evidence: tuple[Evidence, ...]
    missing: tuple[Missing, ...]


class Result(_Data, frozen=True):
    """What every asked guideline says of one patient.

    `withheld` names the facts of which a chart holds something that cannot be used, and why.
    """

    case: str
    title: str | None
    as_of: str | None
    engine: Literal["network", "program", "referee"]
    inputs: dict[str, Input]
    withheld: dict[str, str]
    guidelines: tuple[Finding, ...]
    diagnostics: tuple[Diagnostic, ...]


def citation(statement: ir.Statement, references: dict[str, ir.Reference]) -> Citation:
    """Say where a statement was read."""
    source = statement.source
    reference = references.get(source.ref)
    return Citation(
        ref=source.ref,
        citation=reference.citation if reference else source.ref,
        doi=reference.doi if reference else None,
        label=source.label,
        locator=source.locator,
        confidence=source.confidence,
        attributed_to=source.attributed_to,
        checked_by=source.checked_by,
    )


def amount(value: ir.Amount) -> Amount:
    """Copy an amount."""
    return Amount(value.low, value.high, value.unit)


def maybe(value: ir.Amount | None) -> Amount | None:
    """Copy an amount that may be absent."""
    return None if value is None else amount(value)
