"""z3, as far as it is used here: formulas, and the search for the smallest patient that fits them.

The only module that imports z3. Formulas are opaque to everybody else. Every solver has a context
of its own, so that two of them never share a name.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

Formula = Any
Term = Any


class NotInstalled(Exception):
    """z3 is not there, or does not work here."""


class Undecided(Exception):
    """The time was over before an answer was found."""


@functools.cache
def engine() -> Any:
    """Import z3. Raises `NotInstalled`."""
    try:
        import z3
    except Exception as error:  # not installed, or its library does not load
        raise NotInstalled(str(error)) from None
    return z3


class Deadline:
    """A moment after which nothing is decided any more; `seconds` None means never."""

    def __init__(self, seconds: float | None) -> None:
        """Start the clock."""
        self.end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> int | None:
        """Give the milliseconds that are left. Raises `Undecided` when there are none."""
        if self.end is None:
            return None
        left = int((self.end - time.monotonic()) * 1000)
        if left <= 0:
            raise Undecided
        return left


class Model(NamedTuple):
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


class Solver:
    """Makes formulas and finds models. Raises `NotInstalled` without z3."""

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

    def number(self, name: str) -> Term:
        """Make a variable that is a number."""
        return self.z3.Real(name, self.context)

    def exact(self, value: float) -> Term:
        """Write a float as the exact ratio that it is."""
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

    def find(self, formulas: Iterable[Formula], deadline: Deadline) -> Model | None:
        """Find a model; None when there is none. Raises `Undecided` when the time is over."""
        with self.within(formulas):
            return self._check(deadline)

    def fewest(
        self,
        formulas: Iterable[Formula],
        counted: Sequence[Formula],
        deadline: Deadline,
        then: Sequence[Formula] = (),
    ) -> tuple[Model | None, bool]:
        """Find a model in which as few as possible of `counted` are true, and then of `then`.

        Gives None when there is no model, and whether it is proved that no fewer of `counted` will
        do. Raises `Undecided` when the time is over before any model was found.
        """
        with self.within(formulas):
            best = self._check(deadline)
            if best is None:
                return None, True
            best, number = self._fewer(best, counted, deadline)
            if number is None:
                return best, False
            if any(map(best.holds, then)):
                with self.within([self.at_most(counted, number)]):
                    best, _ = self._fewer(best, then, deadline)
            return best, True

    def _fewer(
        self, best: Model, counted: Sequence[Formula], deadline: Deadline
    ) -> tuple[Model, int | None]:
        """Go down from a model to one with the fewest; give their number if it is proved."""
        with self.within(()):
            try:
                while number := sum(map(best.holds, counted)):
                    self._solver.add(self.at_most(counted, number - 1))
                    better = self._check(deadline)
                    if better is None:
                        break
                    best = better
            except Undecided:
                return best, None
            return best, number

    def _check(self, deadline: Deadline) -> Model | None:
        left = deadline.left()
        self._solver.set("timeout", 4294967295 if left is None else left)
        answer = self._solver.check()
        if answer == self.z3.unknown:
            raise Undecided
        return Model(self._solver.model(), self.z3) if answer == self.z3.sat else None
