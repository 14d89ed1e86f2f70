"""What one side says of one patient, statement by statement, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hepatica import ir
from hepatica.case import Case
from hepatica.compose import Composer
from hepatica.diff.data import Compared, Names, Reason
from hepatica.evaluate import Referee
from hepatica.trace import Tracer
from hepatica.words import Words

NOT_SOURCED = "not sourced"
SILENT = ("silent", "not concluded", NOT_SOURCED)
"""Statuses in which nothing is said of a patient."""

STATUSES: dict[str, Names] = {
    "recommendation": ("recommended", "contingent", "blocked", "silent", NOT_SOURCED),
    "avoid": ("contraindicated", "caution", "not excluded", "silent", NOT_SOURCED),
    "conclusion": ("concluded", "unknown", "not concluded", "given", NOT_SOURCED),
}

_NOTHING = Reason(NOT_SOURCED, (), (), ())


class Answerer:
    """Answers cases for one side; made once."""

    def __init__(self, of: Compared) -> None:
        """Prepare the guideline of a side."""
        self.composer = Composer(of.guideline, of.knowledge)
        self.words = Words(of.knowledge)
        self.guideline = of.guideline
        self.statements = {s.id: s for s in of.guideline.statements}

    def answer(self, case: Case) -> Answered:
        """Answer one case."""
        return Answered(self, case)


class Answered:
    """What one side says of one case."""

    def __init__(self, by: Answerer, case: Case) -> None:
        """Evaluate a case by the referee."""
        self.by = by
        self.referee: Referee = by.composer.referee(case.facts)
        self.tracer = Tracer(self.referee)
        answers = self.referee.answers()
        self.applies, self.truths = answers.applies, answers.statements
        finding = by.composer.finding(self.applies, self.truths, self.referee, case.as_of)
        self.recommendations = {r.statement: r for r in finding.recommendations}
        self.avoid = {a.statement: a for a in reversed(finding.avoid)}

    def recommendation(self, name: str | None) -> Reason:
        """Say what becomes of a recommendation, and why."""
        if name is None:
            return _NOTHING
        found = self.recommendations.get(name)
        if found is None:
            return self._silent(name)
        because = self._because(name) if found.because else ()
        return Reason(found.status, because, self._facts(found.missing), found.blocked_by)

    def avoidance(self, name: str | None) -> Reason:
        """Say what becomes of a contraindication or caution, and why."""
        if name is None:
            return _NOTHING
        found = self.avoid.get(name)
        if found is None:
            return self._silent(name)
        status = "not excluded" if found.status == "contingent" else found.status
        because = self._because(name) if found.because else ()
        return Reason(status, because, self._facts(found.missing), ())

    def conclusion(self, fact: str, value: Any) -> Reason:
        """Say whether a value of a fact is concluded; of a score (no value), how many points."""
        if fact in self.referee.given:
            return Reason("given", (self._known(fact),), (), ())
        if fact not in self.referee.by_fact:
            return _NOTHING
        if value is None:
            return self._score(fact)
        names = self.referee.meaning.values.get(fact, {}).get(value, [])
        if not names:
            return _NOTHING
        truth = self.referee.concluded(fact).values[value]
        if truth:
            held = next((name for name in names if self.truths[name]), None)
            return Reason("concluded", self._because(held) if held else (), (), ())
        if truth is None:
            leaf = ir.Leaf(fact, "is", (value,))
            return Reason("unknown", (), self._facts(self.tracer.missing(leaf)), ())
        because = dict.fromkeys(
            said for name in names if self.truths[name] is False for said in self._because(name)
        )
        return Reason("not concluded", tuple(because), (), ())

    def _score(self, fact: str) -> Reason:
        low, high = self.referee.concluded(fact).score or (0, 0)
        missing = self.tracer.missing(ir.Leaf(fact, "known", (True,)))
        if low == high:
            return Reason(f"{low}", (), (), ())
        return Reason(f"{low} to {high}", (), self._facts(missing), ())

    def _silent(self, name: str) -> Reason:
        """Say why a statement says nothing: the guideline is not for this patient, or it is not."""
        applies = self.by.guideline.applies
        if self.applies is False and applies is not None:
            return Reason("silent", self._questions(applies, False), (), ())
        return Reason("silent", self._because(name), (), ())

    def _because(self, name: str) -> Names:
        """Give the questions that made a statement true or false, with the patient's values."""
        when, truth = self.referee.meaning.statements.get(name), self.truths.get(name)
        return () if when is None or truth is None else self._questions(when, truth)

    def _questions(self, when: ir.Condition, want: bool) -> Names:
        asked = self.tracer.questions(when, want)
        return tuple(dict.fromkeys(self._asked(leaf) for leaf in asked))

    def _asked(self, leaf: ir.Leaf) -> str:
        """Write a question with its answer: `INR is above 1.5: no (1.4)`."""
        question = self.by.words.question(leaf)
        answer = {True: "yes", False: "no", None: "not known"}[self.referee.leaf(leaf)]
        said = self._value(leaf.fact)
        return f"{question}: {answer}" + (f" ({said})" if said not in ("", "yes", "no") else "")

    def _value(self, fact: str) -> str:
        given = self.referee.given
        if fact in given:
            return self.by.words.value(fact, given[fact])
        if fact not in self.referee.by_fact:
            return ""
        concluded = self.referee.concluded(fact)
        if concluded.score is not None:
            low, high = concluded.score
            return str(low) if low == high else f"{low} to {high}"
        held = [self.by.words.value(fact, v) for v, truth in concluded.values.items() if truth]
        return ", ".join(held)

    def _known(self, fact: str) -> str:
        return self.by.words.stated(fact, self.referee.given[fact])

    def _facts(self, names: Iterable[str]) -> Names:
        return tuple(map(self.by.words.fact, names))
