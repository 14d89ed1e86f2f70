"""A SAT solver, through python-sat: numbers are thresholds in order, and all else is true or false.

The only module that imports pysat. Floats are discrete: "above x" is "the next float or more". So
there is one kind of threshold, and no patient is found between two neighbouring floats.

A search takes only the variables that its formulas rest on, in a small solver of its own. So what
is found hardly depends on what was asked before, and a thousand other rules cost a search nothing.
"""

from __future__ import annotations

import bisect
import contextlib
import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from hepatica.compile.gates import ALWAYS, NEVER, Cut, Gates, Order
from hepatica.compile.solver import Deadline, NotInstalled, Solver

ENGINE = "cadical153"
SLICE = 1000
"""Conflicts between two looks at the clock: CaDiCaL cannot be interrupted, but limited it can."""


@functools.cache
def engine() -> Any:
    """Import pysat. Raises `NotInstalled`."""
    try:
        import pysat.card
        import pysat.solvers
    except Exception as error:  # not installed, or its library does not load
        raise NotInstalled(str(error)) from None
    return pysat


class Sat(Solver):
    """A SAT solver. Raises `NotInstalled` without python-sat."""

    always, never = ALWAYS, NEVER

    def __init__(self) -> None:
        """Start with no formulas."""
        engine()
        self.gates = Gates()
        self._search: _Search | None = None

    # --- formulas ----------------------------------------------------------------------------

    def boolean(self, name: str) -> int:
        """Make a variable that is true or false."""
        return self.gates.variable()

    def number(self, name: str, low: float, high: float) -> Order:
        """Make a number, as yet without a threshold."""
        return Order(low, high)

    def at_least(self, term: Order, value: float) -> int:
        """Is the number this or more?"""
        return self.gates.at_least(term, value)

    def above(self, term: Order, value: float) -> int:
        """Is the number the next float or more?"""
        return self.gates.at_least(term, math.nextafter(value, math.inf))

    def same_number(self, one: Order, other: Order) -> int:
        """Are two numbers on the same side of every threshold that either has by now?"""
        cuts = sorted(one.cuts.keys() | other.cuts.keys())
        return self.all_of(self.same(self.at_least(one, c), self.at_least(other, c)) for c in cuts)

    def all_of(self, parts: Iterable[int]) -> int:
        """And; of none: true."""
        return self.gates.all_of(parts)

    def any_of(self, parts: Iterable[int]) -> int:
        """Or; of none: false."""
        return self.gates.any_of(parts)

    def no(self, part: int) -> int:
        """Not."""
        return -part

    def same(self, one: int, other: int) -> int:
        """Both or neither."""
        if one == other:
            return ALWAYS
        return self.all_of((self.any_of((-one, other)), self.any_of((one, -other))))

    def identical(self, one: int, other: int) -> bool:
        """Say whether two formulas are the same variable."""
        return one == other

    def weigh(self, parts: Iterable[tuple[int, int]], at_least: int) -> int:
        """The weights of the parts that are true add up to at least so much."""
        return self.gates.weigh(list(parts), at_least)

    def at_most(self, parts: Sequence[int], number: int) -> int:
        """At most so many of the parts are true."""
        return -self.gates.weigh([(part, 1) for part in parts], number + 1)

    def axiom(self, formula: int) -> int:
        """Hold a formula true wherever one of its variables is used: nothing is left to demand."""
        self.gates.demand(formula)
        return ALWAYS

    # --- search ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def within(self, formulas: Iterable[int]) -> Iterator[None]:
        """Demand formulas for every search inside: for good of a new search, else for a while."""
        if self._search is None:
            self._search = _Search(self.gates)
            try:
                for formula in formulas:
                    self._search.require(formula)
                yield
            finally:
                self._search.close()
                self._search = None
        else:
            demanded = self._search.demanded
            before = len(demanded)
            demanded += map(self._search.literal, formulas)
            try:
                yield
            finally:
                del demanded[before:]

    def _check(self, deadline: Deadline) -> _Model | None:
        deadline.left()
        assert self._search is not None
        return self._search.check(deadline)

    def _demand_fewer(self, counted: Sequence[int], number: int) -> None:
        assert self._search is not None
        self._search.demanded.append(self._search.fewer(counted, number))


class _Search:
    """The clauses of some formulas in a solver; its own literals are numbered as they come."""

    def __init__(self, gates: Gates) -> None:
        self.gates = gates
        self.solver = engine().solvers.Solver(name=ENGINE)
        # Unknown and false come first, so that the first patient found is small already.
        self.solver.configure({"phase": 0, "forcephase": 1})
        self.top = 1
        self.solver.add_clause([1])
        self.own: dict[int, int] = {ALWAYS: 1}
        self.cuts: dict[Order, list[float]] = {}
        self.demanded: list[int] = []
        self._held: set[int] = set()
        self._totals: dict[tuple[int, ...], Any] = {}

    def close(self) -> None:
        """Give the memory back."""
        for total in self._totals.values():
            total.delete()
        self.solver.delete()

    def require(self, formula: int) -> None:
        """Demand a formula in this search for good, in as few clauses as it takes."""
        meaning = self.gates.meaning[abs(formula)]
        if not isinstance(meaning, tuple):
            self.solver.add_clause([self.literal(formula)])
        elif formula > 0:
            for part in meaning:
                self.require(part)
        else:
            self.solver.add_clause([self.literal(-part) for part in meaning])

    def literal(self, formula: int) -> int:
        """Give the solver's literal of a formula; the clauses of all it rests on are added."""
        variable = abs(formula)
        if variable not in self.own:
            self._add(variable)
        return self.own[variable] if formula > 0 else -self.own[variable]

    def _add(self, variable: int) -> None:
        own, clause = self.own, self.solver.add_clause
        axioms: list[int] = []
        for new in self.gates.below([variable], own):
            self.top += 1
            literal = own[new] = self.top
            meaning = self.gates.meaning[new]
            if isinstance(meaning, Cut):
                self._add_cut(meaning)
            elif meaning is not None:
                if all(part < 0 for part in meaning):  # an "or": it too is tried as false first
                    literal = own[new] = -literal
                parts = [own[part] if part > 0 else -own[-part] for part in meaning]
                for part in parts:
                    clause([-literal, part])
                clause([literal, *(-part for part in parts)])
            axioms += self.gates.axioms.get(new, ())
        for axiom in axioms:
            if axiom not in self._held:
                self._held.add(axiom)
                self.require(axiom)

    def _add_cut(self, cut: Cut) -> None:
        """Say where a threshold stands between its neighbours: above one is above those below."""
        cuts, variables = self.cuts.setdefault(cut.order, []), cut.order.cuts
        at = bisect.bisect_left(cuts, cut.value)
        cuts.insert(at, cut.value)
        for low, high in itertools.pairwise(cuts[max(at - 1, 0) : at + 2]):
            self.solver.add_clause([-self.own[variables[high]], self.own[variables[low]]])

    def fewer(self, counted: Sequence[int], number: int) -> int:
        """Give the literal that says that fewer than so many are true."""
        number -= sum(formula == ALWAYS for formula in counted)
        literals = tuple(self.literal(f) for f in counted if abs(f) != ALWAYS)
        if number <= 0:
            return NEVER
        if len(literals) < number:
            return ALWAYS
        total = self._totals.get(literals)
        if total is None or total.ubound < number - 1:
            total = engine().card.ITotalizer(literals, ubound=number - 1, top_id=self.top)
            self.top = max(self.top, total.top_id)
            self.solver.append_formula(total.cnf.clauses)
            self._totals[literals] = total
        return -int(total.rhs[number - 1])

    def check(self, deadline: Deadline) -> _Model | None:
        """Find a model of all that is required and demanded. Raises `Undecided`."""
        answer = None
        while answer is None:
            if deadline.left() is not None:
                self.solver.conf_budget(SLICE)
            answer = self.solver.solve_limited(assumptions=self.demanded)
        return _Model(self, self.solver.get_model()) if answer else None


class _Model:
    """What a search found; variables that it did not use are false, or follow from the others."""

    def __init__(self, search: _Search, found: list[int]) -> None:
        self.gates, self.own, self.found = search.gates, search.own, found
        self.cuts = search.cuts
        self.values: dict[int, bool] = {}

    def holds(self, formula: int) -> bool:
        """Say whether a formula is true in it."""
        variable = abs(formula)
        value = self._known(variable)
        if value is None:
            value = self._worked_out(variable)
        return value is (formula > 0)

    def _known(self, variable: int) -> bool | None:
        own = self.own.get(variable)
        if own is None or abs(own) > len(self.found):
            return self.values.get(variable)
        return (self.found[abs(own) - 1] > 0) is (own > 0)

    def _worked_out(self, top: int) -> bool:
        values = self.values
        for variable in self.gates.below([top], values):
            value, meaning = self._known(variable), self.gates.meaning[variable]
            if value is None and isinstance(meaning, Cut):
                value = self.number(meaning.order) >= meaning.value
            elif value is None:
                parts = meaning if isinstance(meaning, tuple) else ()
                value = parts != () and all(values[abs(p)] is (p > 0) for p in parts)
            values[variable] = value
        return values[top]

    def number(self, term: Order) -> Fraction:
        """Give a number between the thresholds that it reaches and those that it does not."""
        low, high = term.low, math.inf
        for cut in self.cuts.get(term, ()):
            known = self._known(term.cuts[cut])
            if known:
                low = cut
            elif known is False:  # None: it came after this model was found
                high = cut
                break
        if math.isfinite(low):
            return Fraction(low)
        return Fraction(math.nextafter(high, -math.inf) if math.isfinite(high) else 0)
