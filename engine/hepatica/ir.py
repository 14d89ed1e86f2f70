"""The typed form of guideline knowledge: what every engine reads. Data only, no behaviour.

Every class is frozen and compares by value. A quantity is held as a float in the unit of its fact;
`line` is the 1-based line of the file a node was written on.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec.structs import replace as replace

from hepatica.derivation import Derivation
from hepatica.interval import Interval

FactType = Literal["boolean", "quantity", "code", "codes"]
Show = Literal["always", "brief", "on_request"]
Operator = Literal[
    "is", "in", "above", "at_least", "below", "at_most", "between",
    "includes", "includes_any", "known",
]  # fmt: skip
Kind = Literal["definition", "recommendation", "contraindication", "caution", "score", "evidence"]
Value = bool | float | str
Held = Value | tuple[str, ...] | Interval
"""What is known of a fact of a patient: its value, a set, or the bounds of a number."""


class _Frozen(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of all nodes: immutable, compared by value, quick to store."""


# --- conditions ------------------------------------------------------------------------------


class Leaf(_Frozen, frozen=True, tag="leaf"):
    """One question about one fact: `fact`, an operator and its operands.

    `values` holds one operand for most operators, two for `between` (both ends belong to it), one
    or more for `in` and `includes_any`. Operands have the type of the fact.
    """

    fact: str
    op: Operator
    values: tuple[Value, ...]
    line: int = 0


class All(_Frozen, frozen=True, tag="all"):
    """True when every part is true, false when one is false, else unknown."""

    parts: tuple[Condition, ...]
    line: int = 0


class Any(_Frozen, frozen=True, tag="any"):
    """True when one part is true, false when every part is false, else unknown."""

    parts: tuple[Condition, ...]
    line: int = 0


class Not(_Frozen, frozen=True, tag="not"):
    """The opposite of its part; unknown stays unknown."""

    part: Condition
    line: int = 0


class Count(_Frozen, frozen=True, tag="count"):
    """True when at least `at_least` parts are true, false when that has become impossible."""

    at_least: int
    parts: tuple[Condition, ...]
    line: int = 0


Condition = Leaf | All | Any | Not | Count


# --- dictionaries ----------------------------------------------------------------------------


class Implication(_Frozen, frozen=True):
    """What every clinician knows: when `when` holds (about this fact), `then` holds too."""

    when: Condition
    then: Condition


class OtherUnit(_Frozen, frozen=True):
    """Another unit a fact may be written in: value in the fact's unit = value × `factor`.

    `factor` is an exact ratio written as text ("1/10"); `source` names who printed it when the
    factor is not a matter of prefixes (mass to molar), else it is None.
    """

    unit: str
    factor: str
    source: str | None = None


class Fact(_Frozen, frozen=True):
    """One entry of the fact dictionary.

    `values` maps each allowed value of a code to what it means; `range` is what is plausible, in
    `unit`; `ask_unit` means that a bare number is refused because two units are in common use;
    `derive` says how it follows from a dated record.
    """

    id: str
    domain: str
    title: str
    type: FactType
    text: str = ""
    unit: str | None = None
    range: tuple[float, float] | None = None
    ask_unit: bool = False
    values: dict[str, str] = {}
    other_units: tuple[OtherUnit, ...] = ()
    implies: tuple[Implication, ...] = ()
    burden: Literal["record", "blood_test", "imaging", "biopsy"] = "record"
    derive: Derivation | None = None


class Intervention(_Frozen, frozen=True):
    """Something a recommendation can be about: a drug, a test, a procedure, a referral.

    `done_by` names facts any of which, once observed, shows that a test was done.
    """

    id: str
    title: str
    type: Literal["drug", "test", "procedure", "referral", "counselling"]
    classes: tuple[str, ...] = ()
    abbreviation: str | None = None
    done_by: tuple[str, ...] = ()


class Reference(_Frozen, frozen=True):
    """One entry of a guideline's references.json, as a reader wants to see it."""

    id: str
    citation: str
    short: str
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None


# --- statements ------------------------------------------------------------------------------


class Source(_Frozen, frozen=True):
    """Where a statement was read, and what that page cites for it."""

    ref: str
    label: str
    locator: str
    confidence: str
    attributed_to: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    anchor: str | None = None
    checked_by: str | None = None
    checked_date: str | None = None


class Grade(_Frozen, frozen=True):
    """The grade as the source prints it; None where it prints none."""

    direction: Literal["for", "against"] | None = None
    strength: Literal["strong", "conditional", "weak"] | None = None
    certainty: Literal["high", "moderate", "low", "very-low"] | None = None
    as_printed: str | None = None


class Amount(_Frozen, frozen=True):
    """A range `low`-`high` in `unit`; the two are equal for a single number."""

    low: float
    high: float
    unit: str


class Dose(_Frozen, frozen=True):
    """One dose of one intervention; shown only to patients for whom `when` is not false."""

    intervention: str
    amount: Amount
    at_most: Amount | None = None
    form: str | None = None
    when: Condition | None = None


class Phase(_Frozen, frozen=True):
    """One stretch of a schedule: every `every`, for `lasts` or `times` (else from then on)."""

    every: Amount
    lasts: Amount | None = None
    at_least: bool = False
    times: int | None = None
    text: str | None = None


class Target(_Frozen, frozen=True):
    """A value of a fact to aim for, both ends included, in the unit of the fact."""

    fact: str
    low: float
    high: float


class Recommend(_Frozen, frozen=True):
    """An action on alternatives; each option is the interventions given together."""

    action: str
    options: tuple[tuple[str, ...], ...]


class Avoid(_Frozen, frozen=True):
    """What a contraindication or caution is about: interventions, or classes of them.

    With `actions`, only recommendations with one of those actions are concerned.
    """

    interventions: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()


class ScoreOption(_Frozen, frozen=True):
    """Points that count when `when` is true."""

    points: int
    when: Condition


class ScoreItem(_Frozen, frozen=True):
    """One item of a score: the highest points among its options that hold, else none."""

    name: str
    best_of: tuple[ScoreOption, ...]


class Figure(_Frozen, frozen=True):
    """A number the source reports about an intervention: evidence, never a rule."""

    interventions: tuple[str, ...]
    measure: str
    amount: Amount
    population: str | None = None


class Interpretation(_Frozen, frozen=True):
    """A choice of ours where the page is silent."""

    term: str
    reads: str


class Example(_Frozen, frozen=True):
    """Facts and what the statement's condition must give for them; for a score, its points."""

    name: str
    facts: dict[str, Value | tuple[str, ...]]
    expect: Literal["true", "false", "unknown"]
    missing: tuple[str, ...] | None = None
    points: tuple[int, int] | None = None
    line: int = 0


class Statement(_Frozen, frozen=True):
    """One guideline statement: one file. Which of the last fields is set follows from `kind`."""

    id: str
    guideline: str
    title: str
    kind: Kind
    status: Literal["draft", "active", "retired"]
    since: str
    text: str
    source: Source
    when: Condition | None = None
    grade: Grade | None = None
    interpretation: tuple[Interpretation, ...] = ()
    examples: tuple[Example, ...] = ()
    no_example: dict[str, str] = {}
    related: tuple[tuple[str, str], ...] = ()
    conclude: tuple[str, Value] | None = None
    recommend: Recommend | None = None
    avoid: Avoid | None = None
    score: str | None = None
    items: tuple[ScoreItem, ...] = ()
    figure: Figure | None = None
    dose: tuple[Dose, ...] = ()
    schedule: tuple[Phase, ...] = ()
    schedule_from: str | None = None
    target: Target | None = None
    duration: str | None = None
    file: str = ""

    @property
    def topic(self) -> str:
        """The folder the statement lies in."""
        return self.id.split("/")[1]


class Guideline(_Frozen, frozen=True):
    """A guideline's manifest and statements; `definitions` are those of the packs it includes.

    `answers` names the facts and topics that have an answer for everybody to whom it applies.
    """

    id: str
    title: str
    short: str
    publisher: str
    edition: str
    published: str
    version: str
    status: str
    experimental: bool
    text: str
    not_sourced: str
    copyright: str
    applies: Condition | None
    includes: tuple[str, ...]
    statements: tuple[Statement, ...]
    definitions: tuple[Statement, ...]
    references: dict[str, Reference]
    digest: str
    show: Show = "always"
    answers: tuple[str, ...] = ()


class Knowledge(_Frozen, frozen=True):
    """Everything one run reads: the two dictionaries and the guidelines, by id.

    `taken` names the fact that lists the interventions a patient has now, `weight` the body weight
    in kg.
    """

    facts: dict[str, Fact]
    interventions: dict[str, Intervention]
    classes: dict[str, str]
    guidelines: dict[str, Guideline]
    taken: str | None = None
    weight: str | None = None
