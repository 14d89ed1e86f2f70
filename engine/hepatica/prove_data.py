"""What a proof finds: patients, and how two questions relate."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Shows = Literal["difference", "only_a", "only_b", "both"]


Verdict = Literal[
    "equal",  # the same outcome for every patient
    "same_when_true",  # they hold for the same patients; what is false and unknown differs
    "a_implies_b",  # whoever a holds for, b holds for too, and for others
    "b_implies_a",
    "overlapping",  # some patients have both, some only a, some only b
    "disjoint",  # no patient has both
    "not_decided",
]


class Witness(msgspec.Struct, frozen=True):
    """A patient who shows something: a case, the outcomes of a and b, and who confirmed them.

    `minimal` says whether it is proved that no patient with fewer known facts shows the same.
    """

    shows: Shows
    case: dict[str, Any]
    a: str
    b: str
    minimal: bool
    engines: tuple[str, ...]


class Difference(msgspec.Struct, frozen=True):
    """How two questions differ. `difference` is the smallest patient for whom they do at all.

    `only_a` holds for a and not for b, and so on; None where there is no such patient, or, when
    nothing was decided, where none was found.
    """

    verdict: Verdict
    difference: Witness | None = None
    only_a: Witness | None = None
    only_b: Witness | None = None
    both: Witness | None = None


class Transitions(msgspec.Struct, frozen=True):
    """Every change of outcome that some patient meets, and those that were not decided."""

    found: dict[tuple[str, str], Witness]
    undecided: tuple[tuple[str, str], ...] = ()
