"""Cases answered by both sides: where the two do not say the same, and what decided each."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hepatica import ir
from hepatica.case import Case, CaseReader
from hepatica.case_files import document_of
from hepatica.diff.answers import CERTAIN, NOT_SOURCED, SILENT, STATUSES, Answered, Answerer
from hepatica.diff.data import (
    Agreed,
    Answer,
    CaseDiff,
    Compared,
    Count,
    Matrix,
    Names,
    Pair,
    PairCount,
    Reason,
)
from hepatica.evaluate import definitions_of
from hepatica.source import Document
from hepatica.words import Words

CaseInput = Document | Mapping[str, Any] | Path | str


class Found(NamedTuple):
    """What is said of cases, and how often each pair went from one status to another."""

    cases: tuple[CaseDiff, ...]
    matrices: tuple[Matrix, ...]
    by_pair: tuple[PairCount, ...]


class Row(NamedTuple):
    """What is asked of both sides: a pair of statements, or a conclusion (fact and value)."""

    kind: str
    title: str
    old: str | None
    new: str | None
    fact: str = ""
    value: Any = None


def compare_cases(
    old: Compared, new: Compared, pairs: Iterable[Pair], cases: Iterable[CaseInput]
) -> Found:
    """Answer cases by both sides. Raises `Invalid` when a case fits neither dictionary."""
    asked = rows(old, new, pairs)
    one, other = Answerer(old), Answerer(new)
    readers = [
        CaseReader(side.knowledge.facts, side.knowledge.interventions) for side in (old, new)
    ]
    found: list[CaseDiff] = []
    counted: dict[Row, Counter[tuple[str, str]]] = {row: Counter() for row in asked}
    for case in cases:
        document = case if isinstance(case, Document) else document_of(case)
        mine, unheard_old = _read(document, readers[0], new.knowledge)
        its, unheard_new = _read(document, readers[1], old.knowledge)
        answered = one.answer(mine), other.answer(its)
        found.append(
            CaseDiff(
                mine.id, mine.title, *_compare(*answered, asked, counted), unheard_old, unheard_new
            )
        )
    if not found:
        return Found((), (), ())
    return Found(tuple(found), tuple(_matrices(counted)), tuple(_by_pair(counted)))


def rows(old: Compared, new: Compared, pairs: Iterable[Pair]) -> list[Row]:
    """List what is asked of both sides: every pair that tells something, every conclusion."""
    return [*_statement_rows(pairs), *_conclusion_rows(old, new)]


def _statement_rows(pairs: Iterable[Pair]) -> Iterable[Row]:
    for pair in pairs:
        told = pair.old or pair.new
        assert told is not None
        if told.kind in ("recommendation", "contraindication", "caution"):
            kind = "recommendation" if told.kind == "recommendation" else "avoid"
            yield Row(kind, told.title, *pair.names)


def _conclusion_rows(old: Compared, new: Compared) -> Iterable[Row]:
    """Ask for every value that is concluded, by however many definitions."""
    found: dict[tuple[str, Any], tuple[list[str], list[str]]] = {}
    for side, compared in enumerate((old, new)):
        for s in definitions_of(compared.guideline):
            key = s.conclude or (s.score or "", None)
            found.setdefault(key, ([], []))[side].append(s.id)
    words = Words(new.knowledge), Words(old.knowledge)
    for (fact, value), (mine, its) in found.items():
        said = words[0] if fact in new.knowledge.facts else words[1]
        title = said.fact(fact) if value is None else said.stated(fact, value)
        yield Row("conclusion", title, _names(mine), _names(its), fact, value)


def _names(statements: list[str]) -> str | None:
    return ", ".join(statements) or None


def _read(document: Document, reader: CaseReader, other: ir.Knowledge) -> tuple[Case, Names]:
    """Read a case for one side; given facts that only the other side has are left out, and told."""
    facts = document.data.get("facts") if isinstance(document.data, dict) else None
    if not isinstance(facts, dict) or reader.facts == other.facts:
        return reader.read(document), ()
    unheard = tuple(
        name for name, value in facts.items()
        if not _has(reader.facts, name, value) and _has(other.facts, name, value)
    )  # fmt: skip
    if not unheard:
        return reader.read(document), ()
    cut = copy.copy(document)
    left = {name: value for name, value in facts.items() if name not in unheard}
    cut.data = {**document.data, "facts": left}
    return reader.read(cut), unheard


def _has(facts: Mapping[str, ir.Fact], name: str, value: Any) -> bool:
    """Say whether a dictionary has a fact, and the values of it that are given."""
    fact = facts.get(name)
    if fact is None or fact.type not in ("code", "codes"):
        return fact is not None
    given = value if isinstance(value, list) else [value]
    return all(isinstance(v, str) and v in fact.values for v in given)


def _compare(
    one: Answered, other: Answered, rows: list[Row], counted: dict[Row, Counter[tuple[str, str]]]
) -> tuple[tuple[Answer, ...], tuple[Agreed, ...], int, dict[str, int], dict[str, int]]:
    answers: list[Answer] = []
    agreed: list[Agreed] = []
    said: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    alike = 0
    for row in rows:
        mine, its = one.by.statements.get(row.old or ""), other.by.statements.get(row.new or "")
        old = _reason(one, row, row.old, mine or its)
        new = _reason(other, row, row.new, its or mine)
        counted[row][old.status, new.status] += 1
        said[0][old.status] += 1
        said[1][new.status] += 1
        kind: Any = row.kind
        if old.status == new.status:
            alike += 1
            if old.status in CERTAIN:
                agreed.append(Agreed(kind, row.title, old.status, row.old, row.new))
        elif not (old.status in SILENT and new.status in SILENT):
            answers.append(Answer(kind, row.title, row.old, row.new, old, new))
    return tuple(answers), tuple(agreed), alike, _said(said[0]), _said(said[1])


def _said(statuses: Counter[str]) -> dict[str, int]:
    """Count what a side says, by status; what it says nothing of is left out."""
    order = [s for names in STATUSES.values() for s in names if s not in SILENT and s != "given"]
    return {status: statuses[status] for status in order if statuses[status]}


def _reason(
    answered: Answered, row: Row, statement: str | None, like: ir.Statement | None
) -> Reason:
    if row.kind == "conclusion":
        return answered.conclusion(row.fact, row.value)
    assert like is not None
    if row.kind == "recommendation":
        return answered.recommendation(statement, like)
    return answered.avoidance(statement, like)


def _matrices(counted: Mapping[Row, Counter[tuple[str, str]]]) -> Iterable[Matrix]:
    for kind, statuses in STATUSES.items():
        total: Counter[tuple[str, str]] = Counter()
        for row, counts in counted.items():
            if row.kind == kind and not (kind == "conclusion" and row.value is None):  # no score
                total.update(counts)
        if total:
            yield Matrix(kind, statuses, _counts(total, statuses))


def _by_pair(counted: Mapping[Row, Counter[tuple[str, str]]]) -> Iterable[PairCount]:
    """Count pair by pair; those of which nothing is ever said are left out."""
    for row, counts in counted.items():
        if any(not {old, new} <= set(SILENT) for old, new in counts):
            statuses = (*STATUSES[row.kind], NOT_SOURCED)
            yield PairCount(row.kind, row.title, row.old, row.new, _counts(counts, statuses))


def _counts(counts: Counter[tuple[str, str]], statuses: Names) -> tuple[Count, ...]:
    def order(pair: tuple[str, str]) -> tuple[int | str, ...]:
        return tuple(statuses.index(s) if s in statuses else len(statuses) for s in pair) + pair

    return tuple(Count(*pair, counts[pair]) for pair in sorted(counts, key=order))
