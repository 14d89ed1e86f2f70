"""Every patient at once: for each fact a variable that says whether it is given, and its value.

A boolean has one more variable, a code one for each value, a set one for each member, a quantity an
exact number within its plausible range. What the dictionary says that facts imply is demanded as
`case.contradictions` refuses it, so that no impossible patient is ever found.

Facts that nothing asks about can always be left out, and so can the implications of facts that are
left out. So a search needs only the facts of its formulas and what these imply (`around`).
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hepatica import ir
from hepatica.compile.simple import Stretch, place, simplest
from hepatica.compile.solver import Formula, Model, Solver, Term
from hepatica.evaluate import nothing
from hepatica.lower import Lowering
from hepatica.nodes import And, Ask, Node, Or, Weigh, Without, children
from hepatica.nodes import Given as IsGiven
from hepatica.walk import leaves

Value = ir.Value | tuple[str, ...]


class Slot(NamedTuple):
    """The variables of one fact: is it given, its number, and a boolean for each value of it."""

    fact: ir.Fact
    given: Formula
    number: Term
    choices: dict[ir.Value, Formula]


class Patients:
    """The variables of all patients over one fact dictionary.

    `tag` keeps the variables of a second patient apart from those of the first.
    """

    def __init__(self, solver: Solver, facts: Mapping[str, ir.Fact], tag: str = "") -> None:
        """Start without any variable; they are made when they are asked for."""
        self.solver = solver
        self.facts = facts
        self.tag = tag
        self.slots: dict[str, Slot] = {}
        self.cuts: dict[str, list[float]] = {}
        self._rules: dict[str, list[Formula]] = {}
        self._implied: dict[str, list[Formula]] = {}
        self._around: dict[str, frozenset[str]] = {}
        self._bare = Formulas(self, Lowering(nothing(), facts))

    # --- questions ---------------------------------------------------------------------------

    def given(self, name: str) -> Formula:
        """Is the fact given?"""
        return self.slot(name).given

    def ask(self, leaf: ir.Leaf, want: bool) -> Formula:
        """Is the fact given, and does the comparison come out as `want`?"""
        solver, slot = self.solver, self.slot(leaf.fact)
        if leaf.op == "known":
            return slot.given if leaf.values[0] is want else solver.no(slot.given)
        if slot.fact.type == "quantity":
            holds = self._compare(slot, leaf)
            return solver.all_of((slot.given, holds if want else solver.no(holds)))
        if slot.fact.type == "codes":
            held = solver.any_of(slot.choices[v] for v in leaf.values if v in slot.choices)
            return held if want else solver.all_of((slot.given, solver.no(held)))
        return solver.any_of(f for v, f in slot.choices.items() if (v in leaf.values) is want)

    def _compare(self, slot: Slot, leaf: ir.Leaf) -> Formula:
        solver, ends = self.solver, [float(value) for value in leaf.values]
        for value in ends:
            self._cut(slot, value)
        if leaf.op == "between":
            low, high = ends
            inside = solver.at_least(slot.number, low), solver.no(solver.above(slot.number, high))
            return solver.all_of(inside)
        if leaf.op in ("above", "at_most"):
            above = solver.above(slot.number, ends[0])
            return above if leaf.op == "above" else solver.no(above)
        at_least = solver.at_least(slot.number, ends[0])
        return at_least if leaf.op == "at_least" else solver.no(at_least)

    def _cut(self, slot: Slot, value: float) -> None:
        """Note a threshold; where no float lies between two of them, no patient does either."""
        name = slot.fact.id
        cuts = self.cuts.setdefault(name, [])
        place = bisect.bisect_left(cuts, value)
        if place == len(cuts) or cuts[place] != value:
            cuts.insert(place, value)
            for low, high in ((place - 1, place), (place, place + 1)):
                if low >= 0 and high < len(cuts):
                    self._close_gap(slot, cuts[low], cuts[high])

    def _close_gap(self, slot: Slot, low: float, high: float) -> None:
        if math.nextafter(low, math.inf) == high:
            s, number = self.solver, slot.number
            inside = s.above(number, low), s.no(s.at_least(number, high))
            self._rules[slot.fact.id].append(s.axiom(s.no(s.all_of(inside))))

    # --- variables ---------------------------------------------------------------------------

    def slot(self, name: str) -> Slot:
        """Give the variables of a fact, made when it is first asked for."""
        if name not in self.slots:
            self.slots[name], self._rules[name] = self._make(self.facts[name])
        return self.slots[name]

    def _make(self, fact: ir.Fact) -> tuple[Slot, list[Formula]]:
        s = self.solver
        name = f"{fact.id}{self.tag}"
        if fact.type == "quantity":
            low, high = fact.range or (-math.inf, math.inf)
            given, number = s.boolean(f"{name}?"), s.number(name, low, high)
            rules = [s.at_least(number, low), s.no(s.above(number, high))]
            return Slot(fact, given, number, {}), [s.axiom(rule) for rule in rules]
        values = (True, False) if fact.type == "boolean" else tuple(fact.values)
        choices: dict[ir.Value, Formula] = {v: s.boolean(f"{name}={v}") for v in values}
        some = s.any_of(choices.values())
        if fact.type == "codes":
            given = s.boolean(f"{name}?")
            return Slot(fact, given, None, choices), [s.axiom(s.any_of((given, s.no(some))))]
        return Slot(fact, some, None, choices), [s.axiom(s.at_most(list(choices.values()), 1))]

    # --- what every patient has to fulfil ----------------------------------------------------

    def around(self, names: Iterable[str]) -> list[str]:
        """List facts with all that their implications lead to, in alphabetical order."""
        found: set[str] = set()
        for name in names:
            if name not in self._around:
                self._around[name] = self._reach(name)
            found |= self._around[name]
        return sorted(found)

    def _reach(self, name: str) -> frozenset[str]:
        found = {name}
        waiting = [name]
        while waiting:
            for implication in self.facts[waiting.pop()].implies:
                for condition in (implication.when, implication.then):
                    new = {leaf.fact for leaf in leaves(condition)} - found
                    found |= new
                    waiting += sorted(new)
        return frozenset(found)

    def possible(self, names: Iterable[str]) -> list[Formula]:
        """List what is demanded of a patient over these facts (all of `around` something)."""
        every = list(names)
        for name in every:
            self.slot(name)
        implied = [formula for name in every for formula in self._implications(name)]
        return [*(rule for name in every for rule in self._rules[name]), *implied]

    def _implications(self, name: str) -> list[Formula]:
        if name not in self._implied:
            found = []
            for implication in self.facts[name].implies:
                when = self._bare.rail(implication.when).true
                denied = self._bare.rail(implication.then).false
                found.append(self.solver.no(self.solver.all_of((self.given(name), when, denied))))
            self._implied[name] = found
        return self._implied[name]

    # --- one patient -------------------------------------------------------------------------

    def is_(self, name: str, value: Value | None) -> Formula:
        """Does the patient have exactly this value of the fact? None: is it not given?"""
        s, slot = self.solver, self.slot(name)
        if value is None:
            return s.no(slot.given)
        if slot.fact.type == "quantity":
            assert isinstance(value, int | float)
            number = s.at_least(slot.number, value), s.no(s.above(slot.number, value))
            return s.all_of((slot.given, *number))
        if slot.fact.type == "codes":
            assert isinstance(value, tuple)
            members = (f if v in value else s.no(f) for v, f in slot.choices.items())
            return s.all_of((slot.given, *members))
        assert not isinstance(value, tuple)
        return slot.choices[value]

    def patient(self, model: Model, names: Iterable[str]) -> dict[str, Value]:
        """Read the patient of a model: the given facts among `names`, numbers made simple."""
        found: dict[str, Value] = {}
        for name in names:
            slot = self.slot(name)
            if model.holds(slot.given):
                held = [v for v, formula in slot.choices.items() if model.holds(formula)]
                if slot.fact.type == "quantity":
                    found[name] = self._simple(slot, model)
                elif slot.fact.type == "codes":
                    found[name] = tuple(sorted(map(str, held)))
                else:
                    found[name] = held[0]
        return found

    def _simple(self, slot: Slot, model: Model) -> float:
        low, high = slot.fact.range or (-math.inf, math.inf)
        cuts = self.cuts.get(slot.fact.id, [])
        found = place(model.number(slot.number), cuts, low, high)
        return simplest(found) if isinstance(found, Stretch) else found


class Pair(NamedTuple):
    """The two formulas of a condition: surely true, surely false; and the facts they ask about."""

    true: Formula
    false: Formula
    facts: frozenset[str]


class Formulas:
    """The rails of one guideline as formulas over all patients, made when they are asked for."""

    def __init__(self, patients: Patients, lowering: Lowering) -> None:
        """Take the patients and what makes the rails."""
        self.patients = patients
        self.lowering = lowering
        self._made: dict[int, tuple[Formula, frozenset[str]]] = {}

    def rail(self, condition: ir.Condition) -> Pair:
        """Give the formulas of a condition, lowered over the guideline's definitions."""
        rail = self.lowering.condition(condition)
        true, below = self._node(rail.true)
        false, also = self._node(rail.false)
        return Pair(true, false, below | also)

    def _node(self, number: int) -> tuple[Formula, frozenset[str]]:
        """Make the formula of a node and of all below it, the lowest first."""
        needed: set[int] = set()
        waiting = [number]
        while waiting:
            top = waiting.pop()
            if top not in self._made and top not in needed:
                needed.add(top)
                waiting += children(self.lowering.nodes[top])
        for low in sorted(needed):
            node = self.lowering.nodes[low]
            parts = [self._made[part] for part in children(node)]
            facts = frozenset[str]().union(*(below for _, below in parts))
            if isinstance(node, Ask):
                facts = frozenset((node.leaf.fact,))
            elif isinstance(node, IsGiven):
                facts = frozenset((node.fact,))
            self._made[low] = (self._formula(node, [formula for formula, _ in parts]), facts)
        return self._made[number]

    def _formula(self, node: Node, parts: list[Any]) -> Formula:
        solver = self.patients.solver
        if isinstance(node, Ask):
            return self.patients.ask(node.leaf, node.want)
        if isinstance(node, IsGiven):
            given = self.patients.given(node.fact)
            return given if node.want else solver.no(given)
        if isinstance(node, And):
            return solver.all_of(parts)
        if isinstance(node, Or):
            return solver.any_of(parts)
        if isinstance(node, Without):
            return solver.no(parts[0])
        assert isinstance(node, Weigh)
        weights = zip(parts, (weight for _, weight in node.parts), strict=True)
        return solver.weigh(weights, node.at_least)
