"""A patient for whom a mutant answers otherwise, or the proof that there is none.

First what the examples already tell is varied: one fact at a time is set to a threshold, a little
beside it, to another value, or left out. That finds nearly everybody, in the words of the examples.
For the rest the solver is asked, over every patient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from hepatica import ir
from hepatica.case import contradictions
from hepatica.diagnostics import Invalid
from hepatica.evaluate import Given, Referee
from hepatica.interval import Interval
from hepatica.mutation.changes import is_counted, step
from hepatica.mutation.mutants import Mutant
from hepatica.mutation.notice import Home
from hepatica.outcome import Plan
from hepatica.prove import Prover
from hepatica.walk import conditions_of, leaves
from hepatica.witness import Holds, Status, read_back

Facts = dict[str, ir.Value | tuple[str, ...]]
"""A patient as facts, each with its value: what is varied and proposed is never bounds."""
Test = Callable[[Given], bool]


class Found(NamedTuple):
    """What became of the search: a patient, a proof that there is none, or neither in the time."""

    verdict: Literal["patient", "equivalent", "not_decided"]
    facts: Facts | None = None


def conditions(home: Home, mutant: Mutant) -> tuple[tuple[ir.Condition, ...], ...]:
    """Give the conditions that were, and those that are now."""
    old, new = mutant.statement, mutant.changed
    if old is None or new is None:
        assert home.guideline.applies is not None
        return (home.guideline.applies,), (mutant.change.condition,)
    return tuple(conditions_of(old)), tuple(conditions_of(new))


def tells_apart(home: Home, mutant: Mutant, *, surely: bool = False) -> Test:
    """Make the question whether a mutant's condition (or score) is another for a patient.

    With `surely`, it has to be true on one side and false on the other.
    """
    old, new = mutant.statement, mutant.changed
    if old is not None and new is not None and new.score is not None:
        return lambda given: _points(home, given, old) != _points(home, given, new)
    [before], [after] = conditions(home, mutant)

    def test(given: Given) -> bool:
        referee = Referee(home.meaning, given)
        found = referee.truth(before), referee.truth(after)
        return found[0] is not found[1] and not (surely and None in found)

    return test


def _points(home: Home, given: Given, statement: ir.Statement) -> tuple[int, int]:
    return Referee(home.meaning, given).points(statement)


def vary(home: Home, mutant: Mutant, test: Test) -> Facts | None:
    """Look among the examples of the statement, with one fact changed, for a patient."""
    s = mutant.statement
    seeds: list[Facts] = [dict(e.facts) for e in s.examples] if s is not None else []
    facts = home.knowledge.facts
    asked = [leaf for side in conditions(home, mutant) for w in side for leaf in leaves(w)]
    first = mutant.change.leaf
    names = dict.fromkeys([*([first.fact] if first else []), *(leaf.fact for leaf in asked)])
    for seed in (*seeds, {}):
        for trial in _variants(seed, names, asked, facts):
            if test(trial) and not contradictions(facts, trial):
                return shrink(trial, test, facts)
    return None


def exact(given: Given) -> Facts:
    """Leave out the facts of which only bounds are given."""
    return {n: v for n, v in given.items() if not isinstance(v, Interval)}


def shrink(given: Facts, test: Test, facts: Mapping[str, ir.Fact]) -> Facts:
    """Leave out what is not needed, one fact after another."""
    for name in list(given):
        fewer = {n: v for n, v in given.items() if n != name}
        if test(fewer) and not contradictions(facts, fewer):
            given = fewer
    return given


def _variants(
    seed: Facts, names: Iterable[str], asked: list[ir.Leaf], facts: Mapping[str, ir.Fact]
) -> Iterator[Facts]:
    yield seed
    for name in names:
        if name in seed:
            yield {n: v for n, v in seed.items() if n != name}
        for value in _values(facts[name], asked, seed.get(name)):
            yield {**seed, name: value}


def _values(
    fact: ir.Fact, asked: list[ir.Leaf], now: ir.Value | tuple[str, ...] | None
) -> Iterator[ir.Value | tuple[str, ...]]:
    if fact.type == "boolean":
        yield from (True, False)
    elif fact.type == "code":
        yield from fact.values
    elif fact.type == "codes":
        there = set(now) if isinstance(now, tuple) else set()
        yield ()
        for value in fact.values:
            yield (value,)
            yield tuple(sorted(there ^ {value}))
    else:
        low, high = fact.range or (-math.inf, math.inf)
        ends = [v for q in asked if q.fact == fact.id and q.op != "known" for v in q.values]
        for end in dict.fromkeys(map(float, ends)):
            little = 1.0 if is_counted(fact) else step(end, fact)
            near = (end, round(end - little, 12), round(end + little, 12))
            yield from (value for value in near if low <= value <= high)


class Searcher:
    """Searches for patients; keeps one prover for each guideline.

    Without the extra `prove`, what no varied example shows is not decided.
    """

    def __init__(self, knowledge: ir.Knowledge, *, seconds: float = 5.0) -> None:
        """Take the dictionaries, and the time for each question to the solver."""
        self.knowledge = knowledge
        self.installed = True
        self._prover: Prover | None = None
        try:
            self._prover = Prover(
                knowledge.facts, knowledge.interventions, seconds=seconds, network=False
            )
        except Invalid:
            self.installed = False

    def search(self, home: Home, mutants: list[Mutant]) -> list[Found]:
        """Search a patient for each of some mutants of a guideline's conditions, in their order."""
        tests = [tells_apart(home, m) for m in mutants]
        varied = [
            vary(home, m, tells_apart(home, m, surely=True)) or vary(home, m, test)
            for m, test in zip(mutants, tests, strict=True)
        ]
        found = [Found("not_decided" if facts is None else "patient", facts) for facts in varied]
        rest = [
            i
            for i, mutant in enumerate(mutants)
            if varied[i] is None and mutant.change.kind != "points"
        ]
        if not rest or self._prover is None:
            return found
        asked = [_sides(home, mutants[i]) for i in rest]
        extra = tuple(
            _bare(home, f"{i}_{side}", pair[side]) for i, pair in zip(rest, asked, strict=True)
            for side in (0, 1)
        )  # fmt: skip
        every = ir.replace(home.guideline, statements=(*home.guideline.statements, *extra))
        for i in rest:
            found[i] = self._ask(every, i, tests[i])
        return found

    def effect(self, home: Home, mutant: Mutant) -> Found:
        """Compare the statuses of all recommendations before and after a changed effect.

        Nothing is said where what is contraindicated itself became another.
        """
        changed = home.with_(mutant)
        if self._prover is None or _avoided(changed.plan) != _avoided(home.plan):
            return Found("not_decided")
        after = {s.id: options for s, options in changed.plan.recommendations}
        for s, options in home.plan.recommendations:
            if options == after[s.id]:
                continue
            status = Status(s.id)
            told = self._prover.differ((home.guideline, status), (changed.guideline, status))
            if told.difference is not None:
                facts = exact(read_back(told.difference.case, self.knowledge.facts).facts)
                return Found("patient", facts)
            if told.verdict != "equal":
                return Found("not_decided")
        return Found("equivalent")

    def _ask(self, guideline: ir.Guideline, i: int, test: Test) -> Found:
        assert self._prover is not None
        one, other = (Holds(_name(guideline.id, f"{i}_{side}")) for side in (0, 1))
        told = self._prover.differ((guideline, one), (guideline, other))
        if told.verdict == "equal":
            return Found("equivalent")
        if told.difference is not None:
            facts = exact(read_back(told.difference.case, self.knowledge.facts).facts)
            if test(facts):  # of a score the option may be another, and the points the same
                return Found("patient", facts)
        return Found("not_decided")


def _avoided(plan: Plan) -> list[tuple[str, tuple[str, ...]]]:
    return [(s.id, members) for s, members in plan.avoidances]


def _sides(home: Home, mutant: Mutant) -> tuple[ir.Condition, ir.Condition]:
    """Give the one condition that was changed, before and after."""
    old, new = conditions(home, mutant)
    changed = [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]
    return changed[0] if changed else (old[0], new[0])


def _name(guideline: str, name: str) -> str:
    return f"{guideline}/mutants/m{name}"


def _bare(home: Home, name: str, when: ir.Condition) -> ir.Statement:
    """Make a statement that has a condition and does nothing."""
    like = home.guideline.statements[0]
    return ir.Statement(
        id=_name(home.guideline.id, name), guideline=home.guideline.id, title=name,
        kind="evidence", status="draft", since="0.1.0", text=name, source=like.source, when=when,
    )  # fmt: skip
