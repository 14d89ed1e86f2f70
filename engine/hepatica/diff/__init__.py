"""Two guidelines, or two versions of one, compared: by statement, and by case.

What is said of conditions rests on their structure: `same` and `reworded` are so, `stricter` and
`looser` are so, `different` is what is left. A proof can say more (`data.Condition.basis`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

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
    Verdict,
    to_json,
)
from hepatica.diff.definitions import Definitions
from hepatica.diff.dictionary import fact_changes
from hepatica.diff.normal import Asked, Translate, as_written, asked, normal, pushed, translator
from hepatica.diff.sides import Finder

__all__ = ["CaseInput", "Diff", "Finder", "compare", "diff", "to_json"]

_READ_FIRST: tuple[Verdict, ...] = ("changed", "reworded", "same", "removed", "added")
_FAMILIES = ("definition", "score", "recommendation", "avoid", "evidence")


def diff(
    old: str,
    new: str,
    knowledge: ir.Knowledge | None = None,
    cases: Iterable[CaseInput] = (),
    root: Path | None = None,
) -> Diff:
    """Find two guidelines and compare them.

    Each is the name of a guideline of `knowledge` (or of the folder `root`; by default the shipped
    one), `name@revision` of the git repository here, or the path of a guideline's folder. Raises
    `Invalid` when one of them, or a case, cannot be read.
    """
    finder = Finder(root, knowledge)
    return compare(finder.find(old), finder.find(new), cases)


def compare(old: Compared, new: Compared, cases: Iterable[CaseInput] = ()) -> Diff:
    """Compare two guidelines. Raises `Invalid` when a case fits neither fact dictionary."""
    return _Comparison(old, new).diff(cases)


class _Comparison:
    def __init__(self, old: Compared, new: Compared) -> None:
        self.old, self.new = old, new
        translate = translator(new.knowledge.facts, old.knowledge.facts)
        self.versions = old.guideline.id == new.guideline.id
        self.one, self.other = Teller(old), Teller(new, translate)
        self.mine = ready(old.guideline, old.knowledge)
        self.its = ready(new.guideline, new.knowledge, translate)
        self.definitions = Definitions(self.mine, self.its)

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
        )

    def _pairs(self, matches: Iterable[Match]) -> Iterator[Pair]:
        for old, new in matches:
            if old is None or new is None:
                yield self._alone(old, new)
            else:
                yield self._pair(old, new)

    def _pair(self, old: Ready, new: Ready) -> Pair:
        condition = compare_ready(old, new, self.one.words)
        found = tuple(changes(old, new, self.one, self.other, condition))
        a, b = old.statement, new.statement
        return Pair(
            verdict=_verdict(condition, found),
            topic=a.topic,
            old=self.one.told(a, new.asks),
            new=self.other.told(b, old.asks),
            condition=condition,
            changes=found,
            through=self.definitions.through(a, b),
            together=self._together(a),
            renamed=a.id.split("/", 1)[1] != b.id.split("/", 1)[1],
            elsewhere=(),
        )

    def _alone(self, old: Ready | None, new: Ready | None) -> Pair:
        """Give a statement that only one side has, with where the other tells the same."""
        mine = old or new
        assert mine is not None
        s = mine.statement
        others = self.its if old else self.mine
        return Pair(
            verdict="removed" if old else "added",
            topic=s.topic,
            old=self.one.told(s, mine.asks) if old else None,
            new=self.other.told(s, mine.asks) if new else None,
            condition=None,
            changes=(),
            through=(),
            together=self._together(s),
            renamed=False,
            elsewhere=tuple(r.statement.id for r in others if tells_the_like(mine, r)),
        )

    def _together(self, s: ir.Statement) -> bool:
        return s.conclude is not None and self.definitions.together(*s.conclude)

    def _applies(self) -> Applies:
        mine, its = self.old.guideline.applies, self.new.guideline.applies
        one, other = _prepared(mine, as_written), _prepared(its, self.other.translate)
        return Applies(
            None if mine is None else self.one.node(mine, other[1]),
            None if its is None else self.other.node(its, one[1]),
            compare_conditions(one, other, self.one.words),
            self.definitions.through_conditions(mine, its),
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
