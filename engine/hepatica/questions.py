"""The answers to all questions of a guideline as one number: patients with the same number are told
the same.

What a guideline says of a patient depends on the facts only through the answers to its questions
(is this fact known? is it above 5?), but for a few numbers that are shown as they are: doses for a
weight, dates of a schedule. So what has been worked out for one pattern of answers is kept, and
given again to the next patient who has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hepatica import ir
from hepatica.evaluate import Given, Meaning, holds
from hepatica.kept import Kept
from hepatica.walk import conditions_of, leaves

_MOST_VALUES = 20_000
_Question = tuple[str, str, tuple[ir.Value, ...]]


class Questions:
    """Every question that some guidelines ask, each with its two bits: true, and false."""

    def __init__(self) -> None:
        """Start without questions."""
        self._next = 0
        self._known: dict[str, int] = {}
        self._asked: dict[str, list[tuple[ir.Leaf, int]]] = {}
        self._numbers: dict[_Question, int] = {}
        self._kept: dict[str, Kept[int]] = {}

    def pattern(self, given: Given) -> int:
        """Answer every question from what is given; a question about anything else has no bit."""
        found = 0
        for name, value in given.items():
            kept = self._kept.get(name)
            if kept is not None:
                bits = kept.get(value)
                found |= kept.keep(value, self._answers(name, value)) if bits is None else bits
        return found

    def _answers(self, name: str, value: ir.Held) -> int:
        bits = self._known[name]
        for leaf, number in self._asked[name]:
            truth = holds(leaf, value)
            if truth is not None:
                bits |= (1 if truth else 2) << number
        return bits

    def fact(self, name: str) -> int:
        """Give the bit that says whether a fact is given."""
        if name not in self._known:
            self._known[name] = 1 << self._next
            self._next += 1
            self._asked[name] = []
            self._kept[name] = Kept(_MOST_VALUES)
        return self._known[name]

    def leaf(self, leaf: ir.Leaf) -> int:
        """Give the bits of a question, and that of its fact."""
        known = self.fact(leaf.fact)
        question = (leaf.fact, leaf.op, leaf.values)
        number = self._numbers.get(question)
        if number is None:
            number = self._numbers[question] = self._next
            self._next += 2
            self._asked[leaf.fact].append((leaf, number))
            self._kept[leaf.fact].clear()
        return known | 3 << number


class Below:
    """Which bits the truth of a condition can depend on, in one guideline, and why it is so."""

    def __init__(self, questions: Questions, meaning: Meaning) -> None:
        """Take the questions, to which those of this guideline are added when they are met."""
        self.questions = questions
        self.by_fact: Mapping[str, list[ir.Statement]] = meaning.by_fact
        self._facts: dict[str, int] = {}

    def of(self, conditions: Iterable[ir.Condition | None]) -> int:
        """Give the bits below some conditions, through definitions down to what can be given."""
        bits = 0
        for condition in conditions:
            for leaf in () if condition is None else leaves(condition):
                bits |= self.questions.leaf(leaf) | self.fact(leaf.fact)
        return bits

    def fact(self, name: str) -> int:
        """Give the bits below a fact."""
        if name not in self._facts:
            bits = self.questions.fact(name)
            for statement in self.by_fact.get(name, ()):
                bits |= self.of(conditions_of(statement))
            self._facts[name] = bits
        return self._facts[name]
