"""Which answers and which questions of the rules the examples and cases have seen.

A statement is covered when it was seen true, false and unknown. A question (a leaf of its
condition) is covered when it was shown to matter on its own, both ways: for some patient it is
true, and had it not been, the statement would have come out otherwise; for another it is false, and
likewise (masking MC/DC, under three values). Both ends of a `between` count separately, and so does
every value of an `in` or `includes_any`: the list as a whole has to matter in each statement, and
each of its values somewhere in the guideline where the same list is asked. What cannot be seen is
named in the statement, with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from hepatica import ir
from hepatica.evaluate import (
    WORDS,
    Given,
    Meaning,
    Referee,
    Truth,
    at_least,
    conjunction,
    disjunction,
    negation,
)
from hepatica.walk import conditions_of

TRUTHS: tuple[Truth, ...] = (True, False, None)
Place = tuple[int, ...]
_SINGLE: dict[ir.Operator, ir.Operator] = {"in": "is", "includes_any": "includes"}


class Question(NamedTuple):
    """One question of a condition: where it stands, and in which answers it was seen to matter.

    A value of a list is a question of its own, with the whole list as `of`; it was seen to matter
    where that was seen in any statement of the guideline that asks the same list.
    """

    place: Place
    leaf: ir.Leaf
    mattered: frozenset[str]
    of: ir.Leaf | None = None

    @property
    def covered(self) -> bool:
        """Say whether it was seen to matter when true and when false."""
        return {"true", "false"} <= self.mattered


class Coverage(NamedTuple):
    """What was seen of one statement. `excused` names outcomes that no patient can have.

    Of a score, `true` is a patient whose points are all known; `when` are all its conditions.
    """

    statement: ir.Statement
    when: ir.Condition
    seen: frozenset[str]
    excused: Mapping[str, str]
    questions: tuple[Question, ...]

    @property
    def complete(self) -> bool:
        """Say whether it was seen in every value that it can have."""
        return {"true", "false", "unknown"} <= self.seen | set(self.excused)


def cover(
    guideline: ir.Guideline, facts: Mapping[str, ir.Fact], patients: Iterable[Given]
) -> list[Coverage]:
    """Cover a guideline's statements with their own examples and with some patients."""
    meaning = Meaning(guideline, facts)
    referees = [Referee(meaning, patient) for patient in patients]
    found = []
    for statement in guideline.statements:
        if statement.status == "retired" or (statement.when is None and not statement.items):
            continue
        every = [*(Referee(meaning, example.facts) for example in statement.examples), *referees]
        excused = statement.no_example
        if statement.when is not None:
            when = split(statement.when)
            seen = {WORDS[referee.truth(when)] for referee in every}
            questions = tuple(_asked(statement.when, every, ()))
        else:  # a score: each of its conditions earns points on its own
            parts = tuple(conditions_of(statement))
            when = ir.All(tuple(map(split, parts)))
            seen = {_counted(referee, statement) for referee in every}
            questions = tuple(q for i, part in enumerate(parts) for q in _asked(part, every, (i,)))
            excused = {**excused, "false": "a score is a number"}
        found.append(Coverage(statement, when, frozenset(seen), excused, questions))
    return _pooled(found)


def _counted(referee: Referee, statement: ir.Statement) -> str:
    interval = referee.concluded(statement.score or "").score
    return "true" if interval is not None and interval[0] == interval[1] else "unknown"


def _asked(when: ir.Condition, referees: Iterable[Referee], at: Place) -> Iterator[Question]:
    """Ask every question of a condition that stands at a place, then every value of its lists."""
    referees = tuple(referees)
    whole, values, lists = split(when, lists=False), split(when), dict(_lists(when))
    mattered = _mattered(whole, referees)
    for place, leaf in places(whole):
        yield Question((*at, *place), leaf, frozenset(mattered.get(place, ())))
    mattered = _mattered(values, referees) if lists else {}
    for place, leaf in places(values) if lists else ():
        if place[:-1] in lists:
            seen = frozenset(mattered.get(place, ()))
            yield Question((*at, *place), leaf, seen, lists[place[:-1]])


def _lists(when: ir.Condition) -> Iterator[tuple[Place, ir.Leaf]]:
    for place, leaf in places(when):
        if leaf.op in _SINGLE and len(leaf.values) > 1:
            yield place, leaf


def _pooled(coverages: list[Coverage]) -> list[Coverage]:
    """Let a value of a list have mattered where the same list was asked in any statement."""
    pool: dict[tuple[object, ...], frozenset[str]] = {}
    for question in (q for c in coverages for q in c.questions):
        key = _key(question)
        pool[key] = pool.get(key, frozenset()) | question.mattered
    return [
        c._replace(
            questions=tuple(q._replace(mattered=pool[_key(q)]) if q.of else q for q in c.questions)
        )
        for c in coverages
    ]


def _key(q: Question) -> tuple[object, ...]:
    of = q.of
    return () if of is None else (of.fact, of.op, frozenset(of.values), q.leaf.values)


def distinct(coverages: Iterable[Coverage]) -> Iterator[tuple[Coverage, Question]]:
    """List every question with its statement; a value of a list only where it is asked first."""
    told = set()
    for c in coverages:
        for question in c.questions:
            if question.of is not None:
                if _key(question) in told:
                    continue
                told.add(_key(question))
            yield c, question


def split(node: ir.Condition, *, lists: bool = True) -> ir.Condition:
    """Write a `between` as its two ends, and with `lists` a list as its values."""
    if isinstance(node, ir.Leaf):
        if node.op == "between":
            low, high = node.values
            ends = (
                ir.Leaf(node.fact, "at_least", (low,), node.line),
                ir.Leaf(node.fact, "at_most", (high,), node.line),
            )
            return ir.All(ends, node.line)
        single = _SINGLE.get(node.op)
        if single is None or len(node.values) == 1 or not lists:
            return node
        branches = (ir.Leaf(node.fact, single, (v,), node.line) for v in node.values)
        return ir.Any(tuple(branches), node.line)
    if isinstance(node, ir.Not):
        return ir.replace(node, part=split(node.part, lists=lists))
    return ir.replace(node, parts=tuple(split(part, lists=lists) for part in node.parts))


def places(node: ir.Condition, at: Place = ()) -> Iterator[tuple[Place, ir.Leaf]]:
    """Walk over the questions of a condition with their places in it."""
    if isinstance(node, ir.Leaf):
        yield at, node
        return
    parts = (node.part,) if isinstance(node, ir.Not) else node.parts
    for i, part in enumerate(parts):
        yield from places(part, (*at, i))


def _mattered(when: ir.Condition, referees: Iterable[Referee]) -> dict[Place, set[str]]:
    """Find, for each question, the answers in which another answer would have changed the whole."""
    found: dict[Place, set[str]] = {}
    every = list(places(when))
    for referee in referees:
        answers = {place: referee.leaf(leaf) for place, leaf in every}
        whole = _truth(when, answers, ())
        for place, answer in answers.items():
            if WORDS[answer] in found.get(place, ()):
                continue
            for other in TRUTHS:
                if other is not answer and _truth(when, {**answers, place: other}, ()) is not whole:
                    found.setdefault(place, set()).add(WORDS[answer])
                    break
    return found


def _truth(node: ir.Condition, answers: Mapping[Place, Truth], at: Place) -> Truth:
    """Work a condition out from given answers to its questions."""
    if isinstance(node, ir.Leaf):
        return answers[at]
    if isinstance(node, ir.Not):
        return negation(_truth(node.part, answers, (*at, 0)))
    parts = (_truth(part, answers, (*at, i)) for i, part in enumerate(node.parts))
    if isinstance(node, ir.All):
        return conjunction(parts)
    if isinstance(node, ir.Any):
        return disjunction(parts)
    return at_least(node.at_least, parts)
