"""The smallest sets of changes of a patient's facts that would make a statement fire.

A change gives a fact another value, makes it known, or leaves it out; each counts as one. The
patient who results is one whom a case could hold, and was asked of the referee. Facts that
definitions conclude are changed only where nothing else would do: what they rest on says more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hepatica import ir
from hepatica.case import Case, contradictions
from hepatica.compile.outcomes import Guide, Outcomes
from hepatica.compile.patients import Patients, Value
from hepatica.compile.simple import scale
from hepatica.compile.solver import Deadline, Formula, Model, NotInstalled, Undecided
from hepatica.compile.solvers import start
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.evaluate import Given
from hepatica.interval import Interval
from hepatica.prove import not_installed
from hepatica.witness import Answerer, Holds, Question, Status, case_of, defect, read_back
from hepatica.words import Words

MOST = 5
SECONDS = 10.0


class Change(msgspec.Struct, frozen=True):
    """One fact that would have to be otherwise.

    `needed` says how, every value that would do together; `now` how it is (None: not known);
    `value` is one that would do (None: not known).
    """

    fact: str
    title: str
    needed: str
    now: str | None
    value: Any


class WhyNot(msgspec.Struct, frozen=True):
    """Sets of changes that would each make the statement fire, the smallest first.

    No set holds another one. `complete` is false when there are more, or the time was over.
    """

    fires: bool
    sets: tuple[tuple[Change, ...], ...] = ()
    complete: bool = True


def why_not(
    knowledge: ir.Knowledge,
    case: Case,
    guideline: ir.Guideline,
    statement: ir.Statement,
    *,
    most: int = MOST,
    seconds: float | None = SECONDS,
) -> WhyNot:
    """Find up to `most` smallest sets of changes that would make a statement fire for a case.

    A recommendation fires when it is recommended, anything else when it is true. Raises `Invalid`
    for a score (N116), without the solver (E103), and for a set that does not replay (E105).
    """
    if statement.score is not None:
        text = f"`{statement.id}` is a score: it has points, and nothing that could fire"
        raise Invalid([Diagnostic("N116", "error", text, help="ask for a statement that uses it")])
    if statement.when is None:
        return WhyNot(True)
    try:
        return _Search(knowledge, case, guideline, statement).search(most, Deadline(seconds))
    except NotInstalled:
        raise Invalid([not_installed()]) from None


class _Search:
    def __init__(
        self, knowledge: ir.Knowledge, case: Case, guideline: ir.Guideline, statement: ir.Statement
    ) -> None:
        self.facts = knowledge.facts
        # The solver knows exact patients: a fact of which only bounds are given may be anything.
        self.given = {n: v for n, v in case.facts.items() if not isinstance(v, Interval)}
        self.bounds = {n: v for n, v in case.facts.items() if isinstance(v, Interval)}
        self.words = Words(knowledge)
        self.answerer = Answerer(guideline, knowledge.facts, knowledge.interventions)
        self.solver = start()
        self.patients = Patients(self.solver, knowledge.facts)
        guide = Guide(self.patients, guideline, knowledge.interventions)
        self.question: Question
        outcomes: Outcomes
        if statement.recommend is not None:
            self.question, self.wanted = Status(statement.id), "recommended"
            outcomes = guide.status(statement.id)
        else:
            self.question, self.wanted = Holds(statement.id), "true"
            outcomes = guide.truth(guide.statement(statement.id))
        self.fires = outcomes.formulas[self.wanted]
        self.names = self.patients.around(outcomes.facts | set(case.facts))

    def search(self, most: int, deadline: Deadline) -> WhyNot:
        if self._does(self.given):
            return WhyNot(True)
        concluded = [n for n in self.names if n in self.answerer.meaning.by_fact]
        closed = [self.patients.is_(n, None) for n in concluded if n not in self.given]
        for also in (closed, []):
            found = self._sets([*self.patients.possible(self.names), *also], most, deadline)
            if found.sets or not found.complete:
                return found
        return WhyNot(False)

    def _sets(self, demands: list[Formula], most: int, deadline: Deadline) -> WhyNot:
        """Search the sets one after the other, each time without those that hold one found."""
        solver = self.solver
        changed = {n: solver.no(self.patients.is_(n, self.given.get(n))) for n in self.names}
        left_out = [solver.no(self.patients.given(n)) for n in self.names if n in self.given]
        demands = [*demands, self.fires]
        found: list[tuple[Change, ...]] = []
        while True:
            try:
                model, minimal = solver.fewest(demands, list(changed.values()), deadline, left_out)
            except Undecided:
                return WhyNot(False, tuple(found), complete=False)
            if model is None or not minimal:
                return WhyNot(False, tuple(found), complete=minimal)
            if len(found) == most:
                return WhyNot(False, tuple(found), complete=False)
            names = [n for n, formula in changed.items() if model.holds(formula)]
            found.append(self._changes(model, names))
            demands.append(solver.no(solver.all_of(changed[n] for n in names)))

    def _does(self, given: Given) -> bool:
        """Ask the referee whether it fires for a patient whom a case could hold."""
        whole: dict[str, ir.Held] = {**self.bounds, **given}
        if contradictions(self.facts, whole):
            return False
        return self.answerer.answer(self.question, whole) == self.wanted

    def _changes(self, model: Model, names: Iterable[str]) -> tuple[Change, ...]:
        new = self.patients.patient(model, self.names)
        kept = {n: v for n, v in self.given.items() if n not in names}
        new = kept | {n: new[n] for n in names if n in new}
        for name in [n for n in names if n in self.bounds and n in new]:
            without = {n: v for n, v in new.items() if n != name}
            if self._does(without):  # its bounds are enough
                new, names = without, [n for n in names if n != name]
        for name in names:
            value = new.get(name)
            if isinstance(value, tuple):
                new[name] = self._plainest(name, value, new)
        read = read_back(case_of("changed", new, self.facts), self.facts).facts
        if not self._does(read):
            raise Invalid([defect(f"a set of {len(new)} facts does not make it fire")])
        return tuple(self._change(name, new) for name in names)

    def _plainest(
        self, name: str, value: tuple[str, ...], new: dict[str, Value]
    ) -> tuple[str, ...]:
        """Take back every change of a set that is not needed."""
        now = self.given.get(name)
        before = set(now) if isinstance(now, tuple) else set()
        held = set(value)
        for member in sorted(before ^ held):
            tried = held ^ {member}
            if tuple(sorted(tried)) != now and self._does(_with(new, name, tried)):
                held = tried
        return tuple(sorted(held))

    # --- words -------------------------------------------------------------------------------

    def _change(self, name: str, new: dict[str, Value]) -> Change:
        now = self.given.get(name, self.bounds.get(name))
        value = new.get(name)
        shown = None if now is None else self.words.value(name, now)
        written = list(value) if isinstance(value, tuple) else value
        return Change(name, self.words.fact(name), self._needed(name, new), shown, written)

    def _needed(self, name: str, new: dict[str, Value]) -> str:
        """Say which values would do, the other changes being made."""
        fact, value = self.facts[name], new.get(name)
        if value is None:
            return "not known"
        if isinstance(value, tuple):
            return self._members(name, value, new)
        if isinstance(value, float):
            return self._stretch(fact, value, new)
        options: list[ir.Value] = [True, False] if fact.type == "boolean" else list(fact.values)
        doing = [v for v in options if self._does(new | {name: v})]
        if len(doing) == len(options):
            return "known"
        return " or ".join(self.words.value(name, v) for v in doing)

    def _members(self, name: str, value: tuple[str, ...], new: dict[str, Value]) -> str:
        """Say what a set would need, and, where nothing is known of it, what it must not hold."""
        now = self.given.get(name)
        before = set(now) if isinstance(now, tuple) else set()
        more = [m for m in value if m not in before]
        less = sorted(before - set(value))
        parts = [f"with {self._either(name, more, value, new)}"] if more else []
        if now is None:
            others = [m for m in self.facts[name].values if m not in value]
            less = [m for m in others if not self._does(_with(new, name, {*value, m}))]
            if less == others:
                parts.append("nothing else" if more else "none")
                less = []
        if less:
            parts.append(f"without {self.words.value(name, less)}")
        return " and ".join(parts) or "known"

    def _either(
        self, name: str, more: list[str], value: tuple[str, ...], new: dict[str, Value]
    ) -> str:
        """Name what is added; of a single member also those that would do in its place."""
        if len(more) > 1:
            return self.words.value(name, more)
        rest = set(value) - set(more)
        doing = [
            m
            for m in self.facts[name].values
            if m in more or (m not in value and self._does(_with(new, name, {*rest, m})))
        ]
        return " or ".join(self.words.value(name, [m]) for m in doing)

    def _stretch(self, fact: ir.Fact, value: float, new: dict[str, Value]) -> str:
        """Say from where to where a number may be, around the one that was found."""
        points = scale(self.patients.cuts.get(fact.id, []), fact.range)
        at = min(range(len(points)), key=lambda i: abs(points[i].value - value))
        first = last = at
        while first > 0 and self._does(new | {fact.id: points[first - 1].value}):
            first -= 1
        while last + 1 < len(points) and self._does(new | {fact.id: points[last + 1].value}):
            last += 1
        parts = []
        if first == last and points[first].is_cut:
            return self.words.value(fact.id, value)
        if first > 0:
            low = points[first] if points[first].is_cut else points[first - 1]
            said = "at least" if points[first].is_cut else "above"
            parts.append(f"{said} {self.words.value(fact.id, low.value)}")
        if last + 1 < len(points):
            high = points[last] if points[last].is_cut else points[last + 1]
            said = "at most" if points[last].is_cut else "below"
            parts.append(f"{said} {self.words.value(fact.id, high.value)}")
        return " and ".join(parts) or "known"


def _with(given: dict[str, Value], name: str, members: set[str]) -> dict[str, Value]:
    return given | {name: tuple(sorted(members))}
