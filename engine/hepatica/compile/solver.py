"""What a proof asks of a solver: formulas over all patients, and the smallest patient who fits.

Two solvers do it: `cnf` (SAT, over thresholds) and `smt` (z3, over exact numbers); `solvers` says
which is used. Formulas and numbers are opaque to everybody else, and belong to the solver that
made them.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any, Protocol

Formula = Any
Term = Any


class NotInstalled(Exception):
    """The solver is not there, or does not work here."""


class Undecided(Exception):
    """The time was over before an answer was found."""


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


class Model(Protocol):
    """One way to make formulas true; what they leave open is filled in."""

    def holds(self, formula: Formula) -> bool:
        """Say whether a formula is true in it."""
        ...

    def number(self, term: Term) -> Fraction:
        """Give the value of a number, exactly."""
        ...


class Solver(ABC):
    """Makes formulas and finds models. To make one raises `NotInstalled` where it is not there."""

    always: Formula
    never: Formula

    # --- formulas ----------------------------------------------------------------------------

    @abstractmethod
    def boolean(self, name: str) -> Formula:
        """Make a variable that is true or false."""

    @abstractmethod
    def number(self, name: str, low: float, high: float) -> Term:
        """Make a variable that is a number within a range (infinite ends: none), ends included."""

    @abstractmethod
    def at_least(self, term: Term, value: float) -> Formula:
        """Is the number this or more? The value is taken as the exact ratio that it is."""

    @abstractmethod
    def above(self, term: Term, value: float) -> Formula:
        """Is the number more than this?"""

    @abstractmethod
    def same_number(self, one: Term, other: Term) -> Formula:
        """Are two numbers the same, as far as what was asked of either can tell?"""

    @abstractmethod
    def all_of(self, parts: Iterable[Formula]) -> Formula:
        """And; of none: true."""

    @abstractmethod
    def any_of(self, parts: Iterable[Formula]) -> Formula:
        """Or; of none: false."""

    @abstractmethod
    def no(self, part: Formula) -> Formula:
        """Not."""

    @abstractmethod
    def same(self, one: Formula, other: Formula) -> Formula:
        """Both or neither."""

    @abstractmethod
    def identical(self, one: Formula, other: Formula) -> bool:
        """Say whether two formulas are written the same, so that no search is needed."""

    @abstractmethod
    def weigh(self, parts: Iterable[tuple[Formula, int]], at_least: int) -> Formula:
        """The weights (all above zero) of the parts that are true add up to at least so much."""

    @abstractmethod
    def at_most(self, parts: Sequence[Formula], number: int) -> Formula:
        """At most so many of the parts are true."""

    @abstractmethod
    def axiom(self, formula: Formula) -> Formula:
        """Take a formula that holds for whatever its variables mean.

        Gives what is still to be demanded of a search that uses them.
        """

    # --- search ------------------------------------------------------------------------------

    @abstractmethod
    def within(self, formulas: Iterable[Formula]) -> AbstractContextManager[None]:
        """Demand formulas for every search inside."""

    @abstractmethod
    def _check(self, deadline: Deadline) -> Model | None:
        """Find a model of all that is demanded. Raises `Undecided` when the time is over."""

    @abstractmethod
    def _demand_fewer(self, counted: Sequence[Formula], number: int) -> None:
        """Demand, until the innermost `within` ends, that fewer than so many are true."""

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
                with self.within(()):
                    self._demand_fewer(counted, number + 1)
                    best, _ = self._fewer(best, then, deadline)
            return best, True

    def _fewer(
        self, best: Model, counted: Sequence[Formula], deadline: Deadline
    ) -> tuple[Model, int | None]:
        """Go down from a model to one with the fewest; give their number if it is proved."""
        with self.within(()):
            try:
                while number := sum(map(best.holds, counted)):
                    self._demand_fewer(counted, number)
                    better = self._check(deadline)
                    if better is None:
                        break
                    best = better
            except Undecided:
                return best, None
            return best, number
