"""Formulas as gates over true and false: the numbers by which a SAT solver knows them.

A formula is a whole number: a variable, or the opposite of one. Variable 1 is always true. A
variable is a fact's own, or a threshold ("the number is this or more"), or a gate: true exactly
when all its parts are. "Or" is a gate the other way round. Equal gates are one variable, so that
what two guidelines share is searched once.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

ALWAYS, NEVER = 1, -1


class Order:
    """A number within a range: its thresholds, each with its variable."""

    def __init__(self, low: float, high: float) -> None:
        """Start without a threshold."""
        self.low, self.high = low, high
        self.cuts: dict[float, int] = {}


class Cut:
    """A threshold: is the number this or more?"""

    def __init__(self, order: Order, value: float) -> None:
        """Take the number and the threshold."""
        self.order, self.value = order, value


Gate = tuple[int, ...]
Meaning = Cut | Gate | None
"""What a variable is; None: a fact's own."""


class Gates:
    """All variables with their meaning, and what holds of them whoever asks (`axioms`)."""

    def __init__(self) -> None:
        """Start with what is always true (there is no variable 0)."""
        self.meaning: list[Meaning] = [None, None]
        self.axioms: dict[int, list[int]] = {}
        self._numbers: dict[frozenset[int], int] = {}

    def variable(self, meaning: Meaning = None) -> int:
        """Make a variable."""
        self.meaning.append(meaning)
        return len(self.meaning) - 1

    def at_least(self, order: Order, value: float) -> int:
        """Give the formula of a threshold; beyond the range it is a constant."""
        if value <= order.low:
            return ALWAYS
        if value > order.high:
            return NEVER
        if value not in order.cuts:
            order.cuts[value] = self.variable(Cut(order, value))
        return order.cuts[value]

    def all_of(self, parts: Iterable[int]) -> int:
        """Give the gate over parts, without what changes nothing; of none: always."""
        seen = dict.fromkeys(parts)
        seen.pop(ALWAYS, None)
        if not seen:
            return ALWAYS
        if NEVER in seen or any(-part in seen for part in seen):
            return NEVER
        if len(seen) == 1:
            [only] = seen
            return only
        key = frozenset(seen)
        if key not in self._numbers:
            self._numbers[key] = self.variable(tuple(seen))
        return self._numbers[key]

    def any_of(self, parts: Iterable[int]) -> int:
        """Or; of none: never."""
        return -self.all_of([-part for part in parts])

    def weigh(self, parts: list[tuple[int, int]], at_least: int) -> int:
        """Weights that add up to so much, as a decision diagram: with this part, or without."""
        left = [0] * (len(parts) + 1)  # what the parts from here on can still add
        for i in range(len(parts) - 1, -1, -1):
            left[i] = left[i + 1] + parts[i][1]
        made: dict[tuple[int, int], int] = {}

        def reach(i: int, need: int) -> int:
            if need <= 0:
                return ALWAYS
            if left[i] < need:
                return NEVER
            if (i, need) not in made:
                part, weight = parts[i]
                with_it = self.all_of((part, reach(i + 1, need - weight)))
                made[i, need] = self.any_of((with_it, reach(i + 1, need)))
            return made[i, need]

        return reach(0, at_least)

    def demand(self, formula: int) -> None:
        """Hold a formula true in every search that uses one of its variables."""
        for variable in self.below([formula], ()):
            if not isinstance(self.meaning[variable], tuple):
                self.axioms.setdefault(variable, []).append(formula)

    def below(self, formulas: Iterable[int], done: Container[int]) -> list[int]:
        """List the variables that formulas rest on, but for those that are done, parts first."""
        needed: set[int] = set()
        waiting = [abs(formula) for formula in formulas]
        while waiting:
            variable = waiting.pop()
            if variable not in needed and variable not in done:
                needed.add(variable)
                meaning = self.meaning[variable]
                if isinstance(meaning, tuple):
                    waiting += [abs(part) for part in meaning]
        return sorted(needed)  # a gate is made after its parts
