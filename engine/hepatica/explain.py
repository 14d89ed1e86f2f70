"""Why a statement holds for a patient, why it does not, and what would settle it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from hepatica import ir
from hepatica.case import Case
from hepatica.compose import Composer
from hepatica.diagnostics import Diagnostic, Invalid, suggestion
from hepatica.evaluate import WORDS, Given, Referee, Truth
from hepatica.finding import Citation, citation
from hepatica.outcome import judge
from hepatica.trace import Tracer
from hepatica.walk import conditions_of, leaves
from hepatica.words import Words

TruthWord = Literal["true", "false", "unknown"]


class Node(msgspec.Struct, frozen=True):
    """One node of a condition and how it came out for this patient."""

    question: str
    truth: TruthWord
    line: int
    value: str | None = None
    origin: Literal["given", "chart", "concluded", "missing"] | None = None
    how: str | None = None
    by: tuple[str, ...] = ()
    parts: tuple[Node, ...] = ()


class Settles(msgspec.Struct, frozen=True):
    """What the statement would say if one missing fact were known: outcomes by value."""

    fact: str
    title: str
    outcomes: dict[str, tuple[str, ...]]
    settled: bool


class Explanation(msgspec.Struct, frozen=True):
    """The answer of one statement for one patient, with its reasons."""

    case: str
    statement: str
    title: str
    text: str
    outcome: str
    truth: TruthWord
    condition: Node | None
    applies: Node | None
    because: tuple[str, ...]
    missing: tuple[str, ...]
    blocked_by: tuple[str, ...]
    open_on: tuple[str, ...]
    settles: tuple[Settles, ...]
    source: Citation
    covers: tuple[str, ...]
    file: str


class _Seen(NamedTuple):
    outcome: str
    truth: Truth
    blocked_by: tuple[str, ...]
    open_on: tuple[str, ...]


def find_statement(knowledge: ir.Knowledge, name: str) -> tuple[ir.Guideline, ir.Statement]:
    """Find a statement by id. Raises `Invalid` (N106)."""
    every = {s.id: (g, s) for g in knowledge.guidelines.values() for s in g.statements}
    if name not in every:
        help = suggestion(name, every) or "its id is its path under knowledge/, without .yaml"
        raise Invalid([Diagnostic("N106", "error", f"unknown statement `{name}`", help=help)])
    return every[name]


def explain(knowledge: ir.Knowledge, case: Case, name: str) -> Explanation:
    """Explain what a statement says of a case. Raises `Invalid` (N106) for an unknown statement."""
    guideline, statement = find_statement(knowledge, name)
    return _Explainer(knowledge, guideline, statement).explain(case)


class _Explainer:
    def __init__(
        self, knowledge: ir.Knowledge, guideline: ir.Guideline, statement: ir.Statement
    ) -> None:
        self.knowledge = knowledge
        self.guideline = guideline
        self.statement = statement
        self.words = Words(knowledge)
        self.composer = Composer(guideline, knowledge)
        self.case = Case("", {})

    def explain(self, case: Case) -> Explanation:
        statement, guideline = self.statement, self.guideline
        referee = self.composer.referee(case.facts)
        self.case = case
        tracer = Tracer(referee)
        seen = self._seen(case.facts)
        when = statement.when
        missing = list(tracer.missing(when))
        if statement.recommend is not None:
            missing += tracer.missing(guideline.applies)
            blockers = {s.id: s.when for s, _ in self.composer.plan.avoidances}
            for blocker in seen.open_on:
                missing += tracer.missing(blockers[blocker])
        for condition in conditions_of(statement) if statement.score else ():
            missing += tracer.missing(condition)
        missing = list(dict.fromkeys(missing))
        because: tuple[str, ...] = ()
        if when is not None and seen.truth is not None:
            because = tracer.because(when, seen.truth)
        applies = guideline.applies if statement.recommend is not None else None
        return Explanation(
            case=case.id,
            statement=statement.id,
            title=statement.title,
            text=statement.text,
            outcome=seen.outcome,
            truth=WORDS[seen.truth],  # type: ignore[arg-type]
            condition=None if when is None else self._node(when, referee),
            applies=None if applies is None else self._node(applies, referee),
            because=because,
            missing=tuple(missing),
            blocked_by=seen.blocked_by,
            open_on=seen.open_on,
            settles=tuple(self._settles(name, case.facts, seen) for name in missing),
            source=citation(statement, guideline.references),
            covers=statement.source.covers,
            file=statement.file,
        )

    def _seen(self, given: Given) -> _Seen:
        """Evaluate the statement for some facts."""
        referee = self.composer.referee(given)
        answers = referee.answers()
        truth = answers.statements.get(self.statement.id)
        if self.statement.score is not None:
            low, high = referee.concluded(self.statement.score).score or (0, 0)
            return _Seen(f"{low}" if low == high else f"{low} to {high}", None, (), ())
        if self.statement.recommend is not None:
            options = next(o for s, o in self.composer.plan.recommendations if s is self.statement)
            judged = judge(truth, answers.applies, options, answers.statements)
            if judged is None:
                return _Seen("not recommended", truth, (), ())
            blocked = dict.fromkeys(b for part in judged[1] for b in part.blocked_by)
            open_on = dict.fromkeys(b for part in judged[1] for b in part.open_on)
            return _Seen(judged[0], truth, tuple(blocked), tuple(open_on))
        if self.statement.when is None:
            return _Seen("always shown", True, (), ())
        return _Seen(_SAID[self.statement.kind][WORDS[truth]], truth, (), ())

    def _node(self, node: ir.Condition, referee: Referee) -> Node:
        truth: Any = WORDS[referee.truth(node)]
        if isinstance(node, ir.Leaf):
            return self._leaf(node, referee, truth)
        if isinstance(node, ir.Not):
            return Node("not", truth, node.line, parts=(self._node(node.part, referee),))
        word = {ir.All: "all of", ir.Any: "any of"}.get(type(node), "")
        if isinstance(node, ir.Count):
            word = f"at least {node.at_least} of"
        parts = tuple(self._node(part, referee) for part in node.parts)
        return Node(word, truth, node.line, parts=parts)

    def _leaf(self, leaf: ir.Leaf, referee: Referee, truth: Any) -> Node:
        question = self.words.question(leaf)
        if leaf.fact in referee.given:
            value = self.words.value(leaf.fact, referee.given[leaf.fact])
            told = self.case.origins.get(leaf.fact)
            if told is not None:
                return Node(question, truth, leaf.line, value, "chart", told.how)
            return Node(question, truth, leaf.line, value, "given")
        if leaf.fact not in referee.by_fact:
            how = self.case.withheld.get(leaf.fact)
            return Node(question, truth, leaf.line, None, "missing", how)
        concluded = referee.concluded(leaf.fact)
        if concluded.score is not None:
            low, high = concluded.score
            shown = str(low) if low == high else f"{low} to {high}"
        else:
            said = [self.words.value(leaf.fact, v) for v, t in concluded.values.items() if t]
            shown = ", ".join(said) if said else WORDS[_decided(concluded.values)]
        by = tuple(s.id for s in referee.by_fact[leaf.fact])
        return Node(question, truth, leaf.line, shown, "concluded", by=by)

    def _settles(self, name: str, given: Given, now: _Seen) -> Settles:
        """Try every value (or each side of every threshold) of one missing fact."""
        outcomes: dict[str, list[str]] = {}
        open_ones = ("contingent", "unknown")
        settled = True
        for shown, value in self._candidates(name):
            outcome = self._seen({**given, name: value}).outcome
            outcomes.setdefault(outcome, []).append(shown)
            settled = settled and not outcome.endswith(open_ones) and " to " not in outcome
        found = {outcome: tuple(values) for outcome, values in outcomes.items()}
        return Settles(name, self.words.fact(name), found, settled)

    def _candidates(self, name: str) -> Iterator[tuple[str, ir.Value | tuple[str, ...]]]:
        fact = self.knowledge.facts[name]
        if fact.type == "boolean":
            yield from (("yes", True), ("no", False))
        elif fact.type == "code":
            yield from ((self.words.value(name, v), v) for v in fact.values)
        elif fact.type == "codes":
            yield "none of them", ()
            yield from ((self.words.value(name, v), (v,)) for v in self._asked_members(name))
        else:
            yield from self._numbers(fact)

    def _asked_members(self, name: str) -> list[str]:
        found = (str(v) for leaf in self._questions(name) for v in leaf.values)
        return list(dict.fromkeys(v for v in found if v in self.knowledge.facts[name].values))

    def _numbers(self, fact: ir.Fact) -> Iterator[tuple[str, float]]:
        """Take the ends of the range, and each threshold with a point on either side."""
        low, high = fact.range or (0.0, 0.0)
        asked = {float(v) for leaf in self._questions(fact.id) for v in leaf.values
                 if leaf.op != "known"}  # fmt: skip
        cuts = sorted({low, high} | {v for v in asked if low <= v <= high})
        points = {*cuts, *((a + b) / 2 for a, b in itertools.pairwise(cuts))}
        for point in sorted(points):
            yield self.words.value(fact.id, point), point

    def _questions(self, name: str) -> Iterator[ir.Leaf]:
        for statement in (*self.composer.conclusions.definitions, *self.guideline.statements):
            for condition in conditions_of(statement):
                yield from (leaf for leaf in leaves(condition) if leaf.fact == name)


_SAID: Mapping[str, Mapping[str, str]] = {
    "definition": {"true": "concluded", "false": "not concluded", "unknown": "unknown"},
    "contraindication": {
        "true": "contraindicated", "false": "not contraindicated", "unknown": "unknown",
    },
    "caution": {"true": "caution", "false": "no caution", "unknown": "unknown"},
    "evidence": {"true": "shown", "false": "not shown", "unknown": "shown"},
}  # fmt: skip


def _decided(values: Mapping[ir.Value, Truth]) -> Truth:
    return None if None in values.values() else False
