"""Cases answered by two guidelines, in words: where they do not say the same, and what decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from hepatica.diff.answers import NOT_SOURCED, SILENT
from hepatica.diff.data import Answer, CaseDiff, Diff, Matrix, PairCount, Reason

_OPEN = ("contingent", "not excluded", "unknown")
_NAMES = {
    "recommendation": "Recommendations",
    "avoid": "Contraindications and cautions",
    "conclusion": "Conclusions",
}


class AnswerView(NamedTuple):
    """A pair that does not say the same of a case: each side's status, and what decided it."""

    title: str
    old: str
    new: str
    why_old: tuple[str, ...]
    why_new: tuple[str, ...]
    statements: str


class CaseView(NamedTuple):
    """One case: what both sides were asked, what only one of them was sourced for."""

    title: str
    name: str
    both: tuple[AnswerView, ...]
    only_old: tuple[AnswerView, ...]
    only_new: tuple[AnswerView, ...]
    agreed: tuple[str, ...]
    said: tuple[str, str]
    note: str
    unheard: str

    @property
    def differs(self) -> bool:
        """Say whether there is anything to show."""
        return bool(self.both or self.only_old or self.only_new)


class Table(NamedTuple):
    """Old status (rows) to new status (columns), counted over all cases."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


class Moved(NamedTuple):
    """A pair, and how often it went from one status to another."""

    title: str
    statements: str
    counts: tuple[str, ...]


class AnswersView(NamedTuple):
    """All cases in words; of those in `alike` both sides say the same, or wait for facts.

    `unheard` tells of given facts that one of the two dictionaries does not have.
    """

    cases: tuple[CaseView, ...]
    alike: tuple[str, ...]
    unheard: tuple[str, ...]
    tables: tuple[Table, ...]
    moved: tuple[Moved, ...]


def answers_view(diff: Diff, labels: tuple[str, str]) -> AnswersView:
    """Put the cases of a comparison into words."""
    every = [_case(case, labels) for case in diff.cases]
    return AnswersView(
        cases=tuple(case for case in every if case.differs),
        alike=tuple(case.name for case in every if not case.differs),
        unheard=tuple(_unheard(diff, labels)),
        tables=tuple(map(_table, diff.matrices)),
        moved=tuple(sorted(_moved(diff.by_pair), key=lambda m: m.title.lower())),
    )


def _unheard(diff: Diff, labels: tuple[str, str]) -> Iterator[str]:
    for label, found in zip(
        labels,
        ([case.unheard_old for case in diff.cases], [case.unheard_new for case in diff.cases]),
        strict=True,
    ):
        counts = Counter(name for names in found for name in names)
        if counts:
            said = ", ".join(f"{name} ({n})" for name, n in sorted(counts.items()))
            yield f"left out for {label}, whose dictionary does not have them: {said}"


def _case(case: CaseDiff, labels: tuple[str, str]) -> CaseView:
    both: list[AnswerView] = []
    only_old: list[AnswerView] = []
    only_new: list[AnswerView] = []
    waiting = 0
    for answer in case.answers:
        if NOT_SOURCED not in (answer.old.status, answer.new.status):
            both.append(_answer(answer))
        elif {answer.old.status, answer.new.status} & set(_OPEN):
            waiting += 1  # what one side alone asks about is not an answer yet
        else:
            (only_old if answer.new.status == NOT_SOURCED else only_new).append(_answer(answer))
    rest = case.alike - len(case.agreed)
    parts = [f"{rest} more say nothing, or wait for facts, on both sides"]
    if waiting:
        parts.append(f"{waiting} that only one side was sourced for wait for what is not known")
    unheard = [
        f"{label} does not know of {', '.join(names)}"
        for label, names in zip(labels, (case.unheard_old, case.unheard_new), strict=True)
        if names
    ]
    title = case.title or case.case
    agreed: dict[str, list[str]] = {}
    for found in case.agreed:
        agreed.setdefault(found.status, []).append(found.title)
    return CaseView(
        title, case.case, tuple(both), tuple(only_old), tuple(only_new),
        tuple(f"{status}: {'; '.join(titles)}" for status, titles in agreed.items()),
        (_said(case.said_old), _said(case.said_new)), "; ".join(parts), "; ".join(unheard),
    )  # fmt: skip


def _said(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {status}" for status, n in counts.items()) or "nothing"


def _answer(answer: Answer) -> AnswerView:
    names = dict.fromkeys(n for n in (answer.old_statement, answer.new_statement) if n)
    return AnswerView(
        answer.title, answer.old.status, answer.new.status, _why(answer.old), _why(answer.new),
        ", ".join(names),
    )  # fmt: skip


def _why(reason: Reason) -> tuple[str, ...]:
    found = list(reason.because)
    if reason.blocked_by:
        found.append(f"blocked by {', '.join(reason.blocked_by)}")
    if reason.missing:
        found.append(f"not known: {', '.join(reason.missing)}")
    if reason.besides:
        found.append(f"in force on the same besides: {', '.join(reason.besides)}")
    return tuple(found)


def _table(matrix: Matrix) -> Table:
    counts = {(c.old, c.new): c.cases for c in matrix.counts}
    used = [s for s in matrix.statuses if any(s in pair for pair in counts)]
    rows = tuple((old, tuple(counts.get((old, new), 0) for new in used)) for old in used)
    return Table(_NAMES[matrix.kind], tuple(used), rows)


def _moved(found: tuple[PairCount, ...]) -> Iterator[Moved]:
    """List the pairs that say something else on the two sides for at least one case."""
    for pair in found:
        counts = tuple(
            f"{c.old} → {c.new}: {c.cases}" for c in pair.counts
            if c.old != c.new and not {c.old, c.new} <= set(SILENT)
        )  # fmt: skip
        if counts and pair.old_statement and pair.new_statement:
            names = dict.fromkeys((pair.old_statement, pair.new_statement))
            yield Moved(pair.title, ", ".join(names), counts)
