"""Which answers and which questions of the rules the examples and cases have seen.

A statement is covered when it was seen true, false and unknown. A question (a leaf of its
condition) is covered when it was shown to matter on its own, both ways: for some patient it is
true, and had it not been, the statement would have come out otherwise; for another it is false, and
likewise (masking MC/DC, under three values). Every value of an `in` and both ends of a `between`
count separately. What cannot be seen is named in the statement, with a reason.
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

TRUTHS: tuple[Truth, ...] = (True, False, None)
Place = tuple[int, ...]


class Question(NamedTuple):
    """One question of a condition: where it stands, and in which answers it was seen to matter."""

    place: Place
    leaf: ir.Leaf
    mattered: frozenset[str]

    @property
    def covered(self) -> bool:
        """Say whether it was seen to matter when true and when false."""
        return {"true", "false"} <= self.mattered


class Coverage(NamedTuple):
    """What was seen of one statement. `excused` names outcomes that no patient can have."""

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
        if statement.when is None or statement.status == "retired":
            continue
        own = [Referee(meaning, example.facts) for example in statement.examples]
        when = split(statement.when)
        seen = {WORDS[referee.truth(when)] for referee in (*own, *referees)}
        mattered = _mattered(when, (*own, *referees))
        questions = tuple(
            Question(place, leaf, frozenset(mattered.get(place, ())))
            for place, leaf in places(when)
        )
        excused = statement.no_example
        found.append(Coverage(statement, when, frozenset(seen), excused, questions))
    return found


def split(node: ir.Condition) -> ir.Condition:
    """Write every union as its branches: `in` as values, `between` as its two ends."""
    if isinstance(node, ir.Leaf):
        if node.op == "between":
            low, high = node.values
            ends = (
                ir.Leaf(node.fact, "at_least", (low,), node.line),
                ir.Leaf(node.fact, "at_most", (high,), node.line),
            )
            return ir.All(ends, node.line)
        single = {"in": "is", "includes_any": "includes"}.get(node.op)
        if single is None or len(node.values) == 1:
            return node
        branches = (ir.Leaf(node.fact, single, (v,), node.line) for v in node.values)  # type: ignore[arg-type]
        return ir.Any(tuple(branches), node.line)
    if isinstance(node, ir.Not):
        return ir.replace(node, part=split(node.part))
    return ir.replace(node, parts=tuple(map(split, node.parts)))


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
