"""A comparison of two guidelines as data: `schemas/diff.schema.json` in Python.

Field names and their order are those of the JSON; `to_json` is deterministic to the byte for the
same knowledge and cases.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hepatica import finding as f
from hepatica import ir
from hepatica.diff.proof_data import Basis as Basis
from hepatica.diff.proof_data import Data as _Data
from hepatica.diff.proof_data import Names as Names
from hepatica.diff.proof_data import Proof as Proof
from hepatica.diff.proof_data import Reason as Reason
from hepatica.diff.proof_data import Relation as Relation
from hepatica.diff.proof_data import Shows as Shows
from hepatica.diff.proof_data import Telling as Telling
from hepatica.diff.proof_data import Witness as Witness

Verdict = Literal["same", "reworded", "changed", "added", "removed"]
VERDICTS: tuple[Verdict, ...] = ("changed", "added", "removed", "reworded", "same")
Aspect = Literal["told", "grade", "words", "source"]
ASPECTS: tuple[Aspect, ...] = ("told", "grade", "words", "source")


class Side(_Data, frozen=True):
    """One of the two guidelines; `revision` is the commit it was read from, if it was."""

    asked: str
    id: str
    title: str
    short: str
    publisher: str
    edition: str
    version: str
    digest: str
    experimental: bool
    not_sourced: str
    revision: str | None


class Node(_Data, frozen=True):
    """One node of a condition, in words; `differs` when the other side does not ask this."""

    question: str
    line: int
    differs: bool
    fact: str | None = None
    parts: tuple[Node, ...] = ()


class Told(_Data, frozen=True):
    """A statement as one side holds it.

    `says` is in words what it tells: the action with its options, what is avoided, concluded,
    counted or reported. `details` are dose, schedule, target, duration, in words, by name.
    """

    statement: str
    title: str
    kind: str
    topic: str
    says: str
    text: str
    condition: Node | None
    details: dict[str, str]
    grade: f.Grade | None
    source: f.Citation
    interpretation: tuple[f.Reading, ...]


class Question(_Data, frozen=True):
    """A question that the two conditions do not share, or ask with another value.

    `kind`: added and removed are questions of one side only; `threshold` is a number or its
    strictness that moved; `list` is a list of values that grew or shrank, or a value that changed.
    """

    kind: Literal["added", "removed", "threshold", "list"]
    fact: str
    old: str | None
    new: str | None


class Condition(_Data, frozen=True):
    """How the new condition stands to the old one.

    `stricter`: whoever fits the new one fits the old one; `looser` the other way round; both by
    `basis`. On the basis of `structure`, `different` means only that neither was seen. `proved` is
    what a solver found over every patient, each side with its own definitions: then it may also be
    `overlapping`, `disjoint`, or `same_when_true` (the same patients fit; what is false and what is
    unknown differs), and `patient` is one for whom they differ. `not_decided` in time: the relation
    is that of the structure; on the basis of `cases` these differ, too. `joined` when both ask the
    same questions, joined in another way.
    """

    relation: Relation
    basis: Basis
    questions: tuple[Question, ...]
    joined: bool
    patient: dict[str, Any] | None = None
    cases: Names = ()


class Change(_Data, frozen=True):
    """Something else that differs; `aspect` says whether what is told, a grade, words, a source."""

    aspect: Aspect
    what: str
    old: str
    new: str


class Pair(_Data, frozen=True):
    """A statement of the old side and the one of the new side that tells the same.

    One of the two is None for what only one side was sourced for; `elsewhere` then names
    statements of the other side that tell the same in another situation. `through` are concluded
    facts that its condition asks about and that the two sides define otherwise; `together` means
    that all that tell this, taken together, are equal: the definitions of a conclusion by their
    structure, and anything by proof. `witnesses` show the relation of the conditions.
    """

    verdict: Verdict
    topic: str
    old: Told | None
    new: Told | None
    condition: Condition | None
    changes: tuple[Change, ...]
    through: Names
    together: bool
    renamed: bool
    elsewhere: Names
    witnesses: tuple[Witness, ...] = ()

    @property
    def names(self) -> tuple[str | None, str | None]:
        """Name the two statements."""
        return (
            self.old.statement if self.old else None,
            self.new.statement if self.new else None,
        )


class Applies(_Data, frozen=True):
    """For whom the recommendations of the two are at all; `through` as for a pair."""

    old: Node | None
    new: Node | None
    condition: Condition
    through: Names
    witnesses: tuple[Witness, ...] = ()


class FactChange(_Data, frozen=True):
    """Something that the two dictionaries say otherwise of a fact that is asked about."""

    fact: str
    what: str
    old: str
    new: str


class Answer(_Data, frozen=True):
    """A pair of statements that does not say the same of a case."""

    kind: Literal["recommendation", "avoid", "conclusion"]
    title: str
    old_statement: str | None
    new_statement: str | None
    old: Reason
    new: Reason


class Agreed(_Data, frozen=True):
    """A pair that says the same of a case, and says something."""

    kind: Literal["recommendation", "avoid", "conclusion"]
    title: str
    status: str
    old_statement: str | None
    new_statement: str | None


class CaseDiff(_Data, frozen=True):
    """One case: what each side says where they differ, and where they agree.

    `agreed` lists what both say with certainty, `alike` counts that and all else that does not
    differ (both wait for facts, or say nothing). `said_old` and `said_new` count what each side
    says, by status. `unheard` names, by side, given facts that its dictionary does not have.
    """

    case: str
    title: str | None
    answers: tuple[Answer, ...]
    agreed: tuple[Agreed, ...]
    alike: int
    said_old: dict[str, int]
    said_new: dict[str, int]
    unheard_old: Names
    unheard_new: Names


class Count(_Data, frozen=True):
    """How often a pair went from one status to another."""

    old: str
    new: str
    cases: int


class PairCount(_Data, frozen=True):
    """The statuses of one pair over all cases."""

    kind: str
    title: str
    old_statement: str | None
    new_statement: str | None
    counts: tuple[Count, ...]


class Matrix(_Data, frozen=True):
    """Old status to new status over all cases and pairs of a kind."""

    kind: str
    statuses: Names
    counts: tuple[Count, ...]


class Diff(_Data, frozen=True):
    """Two guidelines, or two versions of one, compared.

    `same` when every pair is the same, the guidelines are for the same patients, and the facts
    that they ask about are described alike. `versions` when the two are versions of one guideline.
    `proof` when a solver was asked.
    """

    old: Side
    new: Side
    same: bool
    versions: bool
    counts: dict[Verdict, int]
    applies: Applies
    facts: tuple[FactChange, ...]
    pairs: tuple[Pair, ...]
    cases: tuple[CaseDiff, ...]
    matrices: tuple[Matrix, ...]
    by_pair: tuple[PairCount, ...]
    proof: Proof | None = None


class Compared(msgspec.Struct, frozen=True):
    """One side as it is compared: its guideline, and the dictionaries it was read with."""

    side: Side
    knowledge: ir.Knowledge
    guideline: ir.Guideline


def to_json(diff: Diff) -> bytes:
    """Write a comparison as one line of JSON."""
    return msgspec.json.encode(diff)
