"""z3 as a solver: numbers are exact ratios, so that a comparison of two facts could be written too.

The only module that imports z3. Every solver has a context of its own, so that two of them never
share a name.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from hepatica.compile.solver import Deadline, Formula, NotInstalled, Solver, Term, Undecided


@functools.cache
def engine() -> Any:
    """Import z3. Raises `NotInstalled`."""
    try:
        import z3
    except Exception as error:  # not installed, or its library does not load
        raise NotInstalled(str(error)) from None
    return z3


class _Model(NamedTuple):
    """One way to make formulas true; what they leave open is filled in."""

    found: Any
    z3: Any

    def holds(self, formula: Formula) -> bool:
        """Say whether a formula is true in it."""
        z3, context = self.z3, self.found.ctx.ref()
        value = (z3.Ast * 1)()  # by the plain functions: this is asked thousands of times
        if not z3.Z3_model_eval(context, self.found.model, formula.ast, True, value):
            raise Undecided
        return bool(z3.Z3_get_bool_value(context, value[0]) == z3.Z3_L_TRUE)

    def number(self, term: Term) -> Fraction:
        """Give the exact value of a number."""
        value: Fraction = self.found.eval(term, model_completion=True).as_fraction()
        return value


class Smt(Solver):
    """z3. Raises `NotInstalled` without it."""

    def __init__(self) -> None:
        """Start with no formulas."""
        self.z3 = engine()
        self.context = self.z3.Context()
        self.always: Formula = self.z3.BoolVal(True, self.context)
        self.never: Formula = self.z3.BoolVal(False, self.context)
        self._solver = self.z3.SimpleSolver(ctx=self.context)

    # --- formulas ----------------------------------------------------------------------------

    def boolean(self, name: str) -> Formula:
        """Make a variable that is true or false."""
        return self.z3.Bool(name, self.context)

    def number(self, name: str, low: float, high: float) -> Term:
        """Make a variable that is a number; its range is an axiom of its own."""
        return self.z3.Real(name, self.context)

    def at_least(self, term: Term, value: float) -> Formula:
        """Is the number this or more?"""
        return term >= self._exact(value) if math.isfinite(value) else self._ends(value < 0)

    def above(self, term: Term, value: float) -> Formula:
        """Is the number more than this?"""
        return term > self._exact(value) if math.isfinite(value) else self._ends(value < 0)

    def same_number(self, one: Term, other: Term) -> Formula:
        """Are two numbers the same?"""
        return one == other

    def _ends(self, holds: bool) -> Formula:
        return self.always if holds else self.never

    def _exact(self, value: float) -> Term:
        ratio = Fraction(value)
        return self.z3.RealVal(f"{ratio.numerator}/{ratio.denominator}", self.context)

    def all_of(self, parts: Iterable[Formula]) -> Formula:
        """And; of none: true."""
        return self._joined(parts, self.always, self.never, self.z3.Z3_mk_and)

    def any_of(self, parts: Iterable[Formula]) -> Formula:
        """Or; of none: false."""
        return self._joined(parts, self.never, self.always, self.z3.Z3_mk_or)

    def _joined(
        self, parts: Iterable[Formula], neutral: Formula, absorbing: Formula, make: Any
    ) -> Formula:
        """Join parts, leaving out what changes nothing and what stands twice.

        z3's own `And` looks at the sort of every part again, which takes longer than all the rest.
        """
        seen = {part.ast.value: part for part in parts}
        if absorbing.ast.value in seen:
            return absorbing
        seen.pop(neutral.ast.value, None)
        if len(seen) < 2:
            return next(iter(seen.values()), neutral)
        asts = (self.z3.Ast * len(seen))(*[part.ast for part in seen.values()])
        return self.z3.BoolRef(make(self.context.ref(), len(seen), asts), self.context)

    def no(self, part: Formula) -> Formula:
        """Not."""
        if part.ast.value == self.always.ast.value:
            return self.never
        if part.ast.value == self.never.ast.value:
            return self.always
        return self.z3.BoolRef(self.z3.Z3_mk_not(self.context.ref(), part.ast), self.context)

    def same(self, one: Formula, other: Formula) -> Formula:
        """Both or neither."""
        return one == other

    def identical(self, one: Formula, other: Formula) -> bool:
        """Say whether two formulas are the same term."""
        return bool(one.eq(other))

    def weigh(self, parts: Iterable[tuple[Formula, int]], at_least: int) -> Formula:
        """The weights of the parts that are true add up to at least so much."""
        weights = list(parts)
        return self.z3.PbGe(weights, at_least) if weights else self.never

    def at_most(self, parts: Sequence[Formula], number: int) -> Formula:
        """At most so many of the parts are true."""
        if len(parts) <= number:
            return self.always
        if number == 0:
            return self.all_of(map(self.no, parts))
        asts = (self.z3.Ast * len(parts))(*[part.ast for part in parts])
        formula = self.z3.Z3_mk_atmost(self.context.ref(), len(parts), asts, number)
        return self.z3.BoolRef(formula, self.context)

    # --- search ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def within(self, formulas: Iterable[Formula]) -> Iterator[None]:
        """Demand formulas for every search inside."""
        self._solver.push()
        try:
            self._solver.add(self.all_of(formulas))
            yield
        finally:
            self._solver.pop()

    def axiom(self, formula: Formula) -> Formula:
        """Leave it to be demanded: what stands in the solver for good slows every search."""
        return formula

    def _demand_fewer(self, counted: Sequence[Formula], number: int) -> None:
        self._solver.add(self.at_most(counted, number - 1))

    def _check(self, deadline: Deadline) -> _Model | None:
        left = deadline.left()
        self._solver.set("timeout", 4294967295 if left is None else left)
        answer = self._solver.check()
        if answer == self.z3.unknown:
            raise Undecided
        return _Model(self._solver.model(), self.z3) if answer == self.z3.sat else None
