"""What a proof adds to a comparison, as data; part of `schemas/diff.schema.json`."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Names = tuple[str, ...]
Relation = Literal[
    "equal", "stricter", "looser", "different", "overlapping", "disjoint", "same_when_true"
]
Basis = Literal["structure", "proved", "cases", "not_decided"]
Shows = Literal["only_old", "only_new", "difference"]
SECONDS = 10.0
"""The time for each question to the solver, unless another is named."""


class Data(msgspec.Struct, frozen=True):
    """Base of all nodes."""


class Reason(Data, frozen=True):
    """What one side says of a case in one statement, and why.

    `status` is that of its kind, or `not sourced`; `because` are the questions that decided it,
    with the value the patient has; `missing` the facts that could still settle it. Where the
    statement itself says nothing, `besides` names others of this side that tell the like of it to
    this patient.
    """

    status: str
    because: Names
    missing: Names
    blocked_by: Names
    besides: Names = ()


class Witness(Data, frozen=True):
    """A patient for whom the two sides differ: the fewest known facts that show it.

    `shows`: it holds for the old side and not for the new one (`only_old`), the other way round
    (`only_new`), or for neither or both alike and something else differs (`difference`). `name` is
    the id of its case, `facts` are as in a case file, `patient` is the same in words. `minimal`
    when it is proved that no patient with fewer known facts shows the same; `engines` gave both
    answers again before it was shown.
    """

    shows: Shows
    name: str
    facts: dict[str, Any]
    patient: Names
    old: Reason
    new: Reason
    minimal: bool
    engines: Names


class Telling(Data, frozen=True):
    """One thing that both sides tell, by all statements together, over every patient.

    For a recommendation it is an action on one option, and what is compared is what the patient
    reads: recommended, contingent, blocked or nothing, with whom the guideline is for and what is
    contraindicated. For a contraindication or caution it is one intervention, for a conclusion one
    value of a fact. `old` and `new` name the statements.
    """

    kind: Literal["recommendation", "avoid", "conclusion"]
    says: str
    old: Names
    new: Names
    relation: Relation
    basis: Basis
    witnesses: tuple[Witness, ...]

    @property
    def split(self) -> bool:
        """Say whether one side tells in several statements what the other tells in fewer."""
        return len(self.old) != len(self.new)


class Proof(Data, frozen=True):
    """What was asked of the solver: `seconds` for each question (None: as long as it took).

    `tellings` are all things that both sides tell, those proved the same too.
    """

    seconds: float | None
    engines: Names
    tellings: tuple[Telling, ...]
