"""What a condition means: the plainest code there is, and the referee of every engine.

Three values: True, False, and None for unknown (strong Kleene). A fact that is not given is
unknown, never false and never a default. `known` is the only question that unknown answers. A fact
of which only bounds are given answers what they decide, and nothing else: not even `known`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from hepatica import ir
from hepatica.interval import Interval
from hepatica.walk import active, concludes

Truth = bool | None
Given = Mapping[str, ir.Held]

WORDS: dict[Truth, str] = {True: "true", False: "false", None: "unknown"}


class Concluded(NamedTuple):
    """What the definitions of one fact say together.

    `values` holds, for each value some definition concludes, whether the fact has it (for a set:
    whether it is a member); any other value is false. `score` is the interval of a score, both
    ends possible. `conflict` names the definitions that conclude different values for one patient;
    the fact is then unknown.
    """

    values: Mapping[ir.Value, Truth] = MappingProxyType({})
    score: tuple[int, int] | None = None
    conflict: tuple[str, ...] = ()


class Answers(NamedTuple):
    """What one guideline says of one patient, statement by statement.

    `statements` gives the truth of every statement's own condition, those of included packs too
    (a score has none, so it is not here); `concluded` is by fact.
    """

    applies: Truth
    statements: dict[str, Truth]
    concluded: dict[str, Concluded]


def definitions_of(guideline: ir.Guideline) -> tuple[ir.Statement, ...]:
    """List the definitions and scores that count for a guideline: its packs' and its own."""
    every = (*guideline.definitions, *guideline.statements)
    return tuple(s for s in active(every) if concludes(s))


class Meaning:
    """A guideline as the referee reads it: its statements, and its definitions by fact."""

    def __init__(self, guideline: ir.Guideline, facts: Mapping[str, ir.Fact]) -> None:
        """Take a guideline and the fact dictionary."""
        self.facts = facts
        self.applies = guideline.applies
        self.by_fact: dict[str, list[ir.Statement]] = {}
        definitions = definitions_of(guideline)
        for statement in definitions:
            self.by_fact.setdefault(str(concludes(statement)), []).append(statement)
        self.values: dict[str, dict[ir.Value, list[str]]] = {}
        for statement in definitions:
            if statement.conclude is not None:
                name, value = statement.conclude
                self.values.setdefault(name, {}).setdefault(value, []).append(statement.id)
        every = (*definitions, *active(guideline.statements))
        self.statements = {s.id: s.when for s in every if s.when is not None}

    def answers(self, given: Given) -> Answers:
        """Answer every statement for the given facts (see `evaluate`)."""
        return Referee(self, given).answers()


def nothing() -> ir.Guideline:
    """Make a guideline without statements, to ask conditions about given facts only."""
    return ir.Guideline(
        *("",) * 7, status="draft", experimental=True, text="", not_sourced="", copyright="",
        applies=None, includes=(), statements=(), definitions=(), references={}, digest="",
    )  # fmt: skip


def bare_meaning(facts: Mapping[str, ir.Fact]) -> Meaning:
    """Make a meaning without statements (see `nothing`)."""
    return Meaning(nothing(), facts)


def evaluate(guideline: ir.Guideline, facts: Mapping[str, ir.Fact], given: Given) -> Answers:
    """Answer every statement of a guideline for the given facts.

    `given` holds checked values by fact: a quantity as a float in the fact's unit (an `Interval`
    where only bounds are known), a set as a tuple. A fact that a definition concludes may be given
    too; the given value then holds.
    """
    return Meaning(guideline, facts).answers(given)


class Referee:
    """Answers conditions for one patient, concluding facts as they are asked for."""

    def __init__(
        self, meaning: Meaning, given: Given, said: Mapping[str, Truth] | None = None
    ) -> None:
        """Take a guideline's meaning and what is given.

        `said` are truths of statements that an engine has found already; they are believed.
        """
        self.meaning = meaning
        self.given = given
        self.by_fact = meaning.by_fact
        self.done: dict[str, Concluded] = {}
        self.said: dict[str, Truth] = dict(said or {})

    def answers(self) -> Answers:
        """Answer every statement, and conclude every fact that has definitions."""
        statements = {name: self.statement(name) for name in self.meaning.statements}
        applies = self.meaning.applies
        whole = True if applies is None else self.truth(applies)
        return Answers(whole, statements, {fact: self.concluded(fact) for fact in self.by_fact})

    def statement(self, name: str) -> Truth:
        """Answer the condition of a statement, once."""
        if name not in self.said:
            self.said[name] = self.truth(self.meaning.statements[name])
        return self.said[name]

    def truth(self, node: ir.Condition) -> Truth:
        """Say whether a condition is true, false or unknown."""
        if isinstance(node, ir.Leaf):
            return self.leaf(node)
        if isinstance(node, ir.Not):
            return negation(self.truth(node.part))
        if isinstance(node, ir.All):
            return conjunction(map(self.truth, node.parts))
        if isinstance(node, ir.Any):
            return disjunction(map(self.truth, node.parts))
        return at_least(node.at_least, map(self.truth, node.parts))

    def leaf(self, leaf: ir.Leaf) -> Truth:
        """Answer one question about one fact: from what is given, else from its definitions."""
        if leaf.fact in self.given:
            return holds(leaf, self.given[leaf.fact])
        if leaf.fact in self.by_fact:
            return self._holds_concluded(leaf, self.concluded(leaf.fact))
        return (False is leaf.values[0]) if leaf.op == "known" else None

    def concluded(self, fact: str) -> Concluded:
        """Conclude a fact from all its definitions."""
        if fact not in self.done:
            self.done[fact] = self._conclude(fact)
        return self.done[fact]

    def _conclude(self, fact: str) -> Concluded:
        first = self.by_fact[fact][0]
        if first.score:
            return Concluded(score=self.points(first))
        said = self.meaning.values[fact]
        values = {value: disjunction(map(self.statement, ids)) for value, ids in said.items()}
        if self.meaning.facts[fact].type == "code":
            true = [value for value, truth in values.items() if truth]
            if len(true) > 1:
                ids = tuple(i for value in true for i in said[value] if self.statement(i))
                return Concluded(dict.fromkeys(values), conflict=ids)
            if true:
                values = {value: value in true for value in values}
        return Concluded(values)

    def points(self, statement: ir.Statement) -> tuple[int, int]:
        """Add a score up: the lowest and the highest sum that are possible."""
        low = high = 0
        for item in statement.items:
            counts = [0, 0]
            if len(item.best_of) == 1:
                option = item.best_of[0]
                truth = self.truth(option.when)
                possible = {0} if truth is False else {option.points}
                if truth is None:
                    possible = {0, option.points}
                counts = [min(possible), max(possible)]
            else:
                for option in item.best_of:
                    truth = self.truth(option.when)
                    if truth:
                        counts[0] = max(counts[0], option.points)
                    if truth is not False:
                        counts[1] = max(counts[1], option.points)
            low, high = low + counts[0], high + counts[1]
        return low, high

    def _holds_concluded(self, leaf: ir.Leaf, concluded: Concluded) -> Truth:
        if concluded.score is not None:
            return _interval(leaf, *concluded.score)
        if concluded.conflict:
            return (False is leaf.values[0]) if leaf.op == "known" else None
        truths = concluded.values
        if leaf.op == "known":
            return _is_settled(self.meaning.facts[leaf.fact], truths) is leaf.values[0]
        if leaf.values == (False,):  # only `is: false` of a boolean; it is concluded true or not
            return negation(truths.get(True, False))
        return disjunction([truths.get(value, False) for value in leaf.values])


def _is_settled(fact: ir.Fact, truths: Mapping[ir.Value, Truth]) -> bool:
    """Say whether a concluded fact is known: one value holds, or every value is decided."""
    if fact.type == "code" and any(truths.values()):
        return True
    return None not in truths.values()


def _interval(leaf: ir.Leaf, low: int, high: int) -> Truth:
    """Compare a score that lies somewhere from `low` to `high`."""
    if leaf.op == "known":
        return (low == high) is leaf.values[0]
    at_low, at_high = holds(leaf, float(low)), holds(leaf, float(high))
    if leaf.op == "between":
        first, last = leaf.values
        if high < float(first) or low > float(last):
            return False
        return True if at_low and at_high else None
    return at_low if at_low == at_high else None


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}


_OPPOSITE: dict[str, Callable[[Any, Any], bool]] = {
    "above": operator.le,
    "at_least": operator.lt,
    "below": operator.ge,
    "at_most": operator.gt,
}


def holds(leaf: ir.Leaf, value: ir.Held) -> Truth:
    """Compare a given value with the operands of a question; None where bounds leave it open."""
    if type(value) is Interval:
        return _holds_bounds(leaf, value)
    op = leaf.op
    if op == "is" or op == "in":
        return value in leaf.values
    compare = _COMPARE.get(op)
    if compare is not None:
        return compare(value, leaf.values[0])
    if op == "known":
        return leaf.values[0] is True
    if op == "between":
        low, high = leaf.values
        return low <= value <= high  # type: ignore[operator]
    return not set(leaf.values).isdisjoint(value)  # type: ignore[arg-type]


def _holds_bounds(leaf: ir.Leaf, value: Interval) -> Truth:
    """Answer a question where every number within the bounds gives the same answer."""
    if leaf.op == "known":  # a number is there, but not which: neither known nor not
        return None
    first = leaf.values[0]
    if leaf.op == "between":
        last = leaf.values[1]
        if value < first or value > last:
            return False
        return True if value >= first and value <= last else None
    if _COMPARE[leaf.op](value, first):
        return True
    return False if _OPPOSITE[leaf.op](value, first) else None


def negation(truth: Truth) -> Truth:
    """Not."""
    return None if truth is None else not truth


def conjunction(truths: Iterable[Truth]) -> Truth:
    """And: false when one is false, unknown when one is unknown, else true."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def disjunction(truths: Iterable[Truth]) -> Truth:
    """Or: true when one is true, unknown when one is unknown, else false."""
    result: Truth = False
    for truth in truths:
        if truth is True:
            return True
        if truth is None:
            result = None
    return result


def at_least(number: int, truths: Iterable[Truth]) -> Truth:
    """So many at least: true when enough are true, false when too few can become true."""
    found = list(truths)
    if found.count(True) >= number:
        return True
    return None if found.count(True) + found.count(None) >= number else False
