"""Two guidelines, or two versions of one, compared: by statement, by case, and by proof.

What is said of conditions rests on their structure: `same` and `reworded` are so, `stricter` and
`looser` are so, `different` is what is left. A proof says more (`data.Condition.basis`): it looks
at every patient, with the definitions that a condition rests on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hepatica import ir
from hepatica.diff.align import Match, Ready, align, ready, tells_the_like
from hepatica.diff.cases import CaseInput, compare_cases
from hepatica.diff.compare import Teller, changes, compare_conditions, compare_ready
from hepatica.diff.data import (
    VERDICTS,
    Applies,
    Change,
    Compared,
    Condition,
    Diff,
    Pair,
    Proof,
    Verdict,
    Witness,
    to_json,
)
from hepatica.diff.decided import by_cases, proved
from hepatica.diff.definitions import Definitions
from hepatica.diff.dictionary import fact_changes
from hepatica.diff.normal import Asked, Translate, as_written, asked, normal, pushed, translator
from hepatica.diff.proof_data import SECONDS
from hepatica.diff.sides import Finder

if TYPE_CHECKING:
    from hepatica.diff.proof import Proofs

__all__ = ["SECONDS", "CaseInput", "Diff", "Finder", "compare", "diff", "to_json"]

_READ_FIRST: tuple[Verdict, ...] = ("changed", "reworded", "same", "removed", "added")
_FAMILIES = ("definition", "score", "recommendation", "avoid", "evidence")


def diff(
    old: str,
    new: str,
    knowledge: ir.Knowledge | None = None,
    cases: Iterable[CaseInput] = (),
    root: Path | None = None,
    *,
    prove: bool = False,
    seconds: float | None = SECONDS,
) -> Diff:
    """Find two guidelines and compare them.

    Each is the name of a guideline of `knowledge` (or of the folder `root`; by default the shipped
    one), `name@revision` of the git repository here, or the path of a guideline's folder. With
    `prove` the solver is asked, for at most `seconds` a question (None: as long as it takes).
    Raises `Invalid` when one of them, or a case, cannot be read, and as `proof.Proofs` does.
    """
    finder = Finder(root, knowledge)
    return compare(finder.find(old), finder.find(new), cases, prove=prove, seconds=seconds)


def compare(
    old: Compared,
    new: Compared,
    cases: Iterable[CaseInput] = (),
    *,
    prove: bool = False,
    seconds: float | None = SECONDS,
) -> Diff:
    """Compare two guidelines. Raises `Invalid` when a case fits neither fact dictionary."""
    proofs = None
    if prove:
        from hepatica.diff.proof import Proofs  # the solver is an extra

        proofs = Proofs(old, new, seconds)
    return _Comparison(old, new, proofs).diff(cases)


class _Comparison:
    def __init__(self, old: Compared, new: Compared, proofs: Proofs | None) -> None:
        self.old, self.new = old, new
        self.proofs = proofs
        translate = translator(new.knowledge.facts, old.knowledge.facts)
        self.versions = old.guideline.id == new.guideline.id
        self.one, self.other = Teller(old), Teller(new, translate)
        self.mine = ready(old.guideline, old.knowledge)
        self.its = ready(new.guideline, new.knowledge, translate)
        self.definitions = Definitions(self.mine, self.its)
        self.proof: Proof | None = None if proofs is None else proofs.proof()

    def diff(self, cases: Iterable[CaseInput]) -> Diff:
        matches = align(self.mine, self.its, versions=self.versions)
        pairs = tuple(sorted(self._pairs(matches), key=self._order))
        counts: dict[Verdict, int] = {v: sum(p.verdict == v for p in pairs) for v in VERDICTS}
        applies = self._applies()
        facts = self.old.knowledge.facts, self.new.knowledge.facts
        described = tuple(fact_changes(*facts, (*self.mine, *self.its)))
        alike = counts["same"] == len(pairs) and applies.condition.relation == "equal"
        through = any(p.through for p in pairs) or bool(applies.through)
        found = compare_cases(self.old, self.new, pairs, cases)
        pairs = tuple(by_cases(pairs, found.cases))
        return Diff(
            old=self.old.side,
            new=self.new.side,
            same=alike and not through and not described,
            versions=self.versions,
            counts=counts,
            applies=applies,
            facts=described,
            pairs=pairs,
            cases=found.cases,
            matrices=found.matrices,
            by_pair=found.by_pair,
            proof=self.proof,
        )

    def _pairs(self, matches: Iterable[Match]) -> Iterator[Pair]:
        for old, new in matches:
            if old is None or new is None:
                yield self._alone(old, new)
            else:
                yield self._pair(old, new)

    def _pair(self, old: Ready, new: Ready) -> Pair:
        a, b = old.statement, new.statement
        condition = compare_ready(old, new, self.one.words)
        witnesses: tuple[Witness, ...] = ()
        through = self.definitions.through(a, b)
        if self.proofs is not None:
            relation, witnesses = self.proofs.condition(a, b)
            condition = proved(condition, relation, witnesses, through)
        found = tuple(changes(old, new, self.one, self.other, condition))
        if condition.basis == "proved" and condition.relation == "equal":
            through = ()  # it was looked at with what it rests on
        return Pair(
            verdict=_verdict(condition, found),
            topic=a.topic,
            old=self.one.told(a, new.asks),
            new=self.other.told(b, old.asks),
            condition=condition,
            changes=found,
            through=through,
            together=self._together(a),
            renamed=a.id.split("/", 1)[1] != b.id.split("/", 1)[1],
            elsewhere=(),
            witnesses=witnesses,
        )

    def _alone(self, old: Ready | None, new: Ready | None) -> Pair:
        """Give a statement that only one side has, with where the other tells the same."""
        mine = old or new
        assert mine is not None
        s = mine.statement
        others = self.its if old else self.mine
        witnesses: tuple[Witness, ...] = ()
        if self.proofs is not None and self.versions:  # else the other side may only not be sourced
            witnesses = self.proofs.alone(s, is_old=old is not None)
        return Pair(
            verdict="removed" if old else "added",
            topic=s.topic,
            old=self.one.told(s, mine.asks) if old else None,
            new=self.other.told(s, mine.asks) if new else None,
            condition=None,
            changes=(),
            through=(),
            together=self._together(s, old is not None),
            renamed=False,
            elsewhere=tuple(r.statement.id for r in others if tells_the_like(mine, r)),
            witnesses=witnesses,
        )

    def _together(self, s: ir.Statement, is_old: bool = True) -> bool:
        """Say whether both sides tell all that a statement tells to the same patients."""
        if self.proofs is not None:
            return self.proofs.equal_together(s, self.old if is_old else self.new)
        return s.conclude is not None and self.definitions.together(*s.conclude)

    def _applies(self) -> Applies:
        mine, its = self.old.guideline.applies, self.new.guideline.applies
        one, other = _prepared(mine, as_written), _prepared(its, self.other.translate)
        condition = compare_conditions(one, other, self.one.words)
        through = self.definitions.through_conditions(mine, its)
        witnesses: tuple[Witness, ...] = ()
        if self.proofs is not None:
            relation, witnesses = self.proofs.applies()
            condition = proved(condition, relation, witnesses, through)
            through = () if relation == "equal" else through
        return Applies(
            None if mine is None else self.one.node(mine, other[1]),
            None if its is None else self.other.node(its, one[1]),
            condition,
            through,
            witnesses,
        )

    def _order(self, pair: Pair) -> tuple[object, ...]:
        """Order by topic, as a clinician reads: what both have comes first, then by kind."""
        told = pair.old or pair.new
        assert told is not None
        kind = {"contraindication": "avoid", "caution": "avoid"}.get(told.kind, told.kind)
        return (
            pair.topic, _READ_FIRST.index(pair.verdict), _FAMILIES.index(kind), told.statement,
            pair.new.statement if pair.new else "",
        )  # fmt: skip


def _prepared(when: ir.Condition | None, translate: Translate) -> tuple[ir.Condition, Asked]:
    """Give the normal form of a condition and its questions."""
    asks = {} if when is None else asked([pushed(when, True, translate)])
    return normal(when, translate), asks


def _verdict(condition: Condition, found: tuple[Change, ...]) -> Verdict:
    """Say how a pair differs: in whom or what it tells, in words and citation only, or not."""
    if condition.relation != "equal" or any(c.aspect in ("told", "grade") for c in found):
        return "changed"
    return "reworded" if found else "same"
