"""What one side says of one patient, statement by statement, and why."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from hepatica import finding as f
from hepatica import ir
from hepatica.case import Case
from hepatica.compose import Composer
from hepatica.diff.align import share_a_way
from hepatica.diff.data import Compared, Names, Reason
from hepatica.evaluate import WORDS, Answers, Referee, Truth
from hepatica.outcome import members
from hepatica.trace import Tracer
from hepatica.words import Words

NOT_SOURCED = "not sourced"
SILENT = ("silent", "not concluded", NOT_SOURCED)
"""Statuses in which nothing is said of a patient."""

CERTAIN = ("recommended", "blocked", "contraindicated", "caution", "concluded")
"""Statuses in which something is said with certainty."""

STATUSES: dict[str, Names] = {
    "recommendation": ("recommended", "contingent", "blocked", "silent", NOT_SOURCED),
    "avoid": ("contraindicated", "caution", "not excluded", "silent", NOT_SOURCED),
    "conclusion": ("concluded", "unknown", "not concluded", "given", NOT_SOURCED),
}

_ANSWERS: dict[Truth, str] = {True: "yes", False: "no", None: "not known"}
_MOST_NAMED = 4

_NOTHING = Reason(NOT_SOURCED, (), (), ())


class Answerer:
    """Answers cases for one side; made once."""

    def __init__(self, of: Compared) -> None:
        """Prepare the guideline of a side."""
        self.composer = Composer(of.guideline, of.knowledge)
        self.words = Words(of.knowledge)
        self.guideline = of.guideline
        self.statements = {s.id: s for s in of.guideline.statements}
        self.interventions = of.knowledge.interventions
        self.avoided = {s.id: names for s, names in self.composer.plan.avoidances}

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
        self.as_of = case.as_of

    @functools.cached_property
    def answers(self) -> Answers:
        """Ask for every statement; not every question needs it."""
        return self.referee.answers()

    @property
    def applies(self) -> Truth:
        """Say whether the guideline is for this patient."""
        return self.answers.applies

    @property
    def truths(self) -> dict[str, Truth]:
        """Give the truth of every statement's condition."""
        return self.answers.statements

    @functools.cached_property
    def finding(self) -> f.Finding:
        """Compose what the patient is told."""
        return self.by.composer.finding(self.applies, self.truths, self.referee, self.as_of)

    @functools.cached_property
    def recommendations(self) -> dict[str, f.Recommendation]:
        """Give the recommendations that are told, by statement."""
        return {r.statement: r for r in self.finding.recommendations}

    @functools.cached_property
    def avoid(self) -> dict[str, f.Avoidance]:
        """Give the avoidances that are told, by statement."""
        return {a.statement: a for a in reversed(self.finding.avoid)}

    def condition(self, when: ir.Condition | None) -> Reason:
        """Say whether a condition holds, and why; of an unknown one, what is missing."""
        truth = True if when is None else self.referee.truth(when)
        if when is None:
            return Reason(WORDS[truth], (), (), ())
        if truth is None:
            return Reason(WORDS[truth], (), self._facts(self.tracer.missing(when)), ())
        return Reason(WORDS[truth], self._questions(when, truth), (), ())

    def recommendation(self, name: str | None, like: ir.Statement) -> Reason:
        """Say what becomes of a recommendation, and why; `like` is it, or the other side's."""
        found = None if name is None else self.recommendations.get(name)
        if name is None or found is None:
            reason = _NOTHING if name is None else self._silent(name)
            return ir.replace(reason, besides=self._recommended_besides(like))
        because = self._because(name) if found.because else ()
        return Reason(found.status, because, self._facts(found.missing), found.blocked_by)

    def option(self, like: ir.Statement, option: frozenset[str]) -> Reason:
        """Say what becomes of one option of a recommendation, and why."""
        reason = self.recommendation(like.id, like)
        found = self.recommendations.get(like.id)
        for o in found.options if found else ():
            if frozenset(o.interventions) == option:
                missing = self._facts(o.missing) or reason.missing
                reason = ir.replace(
                    reason,
                    status=o.status,
                    missing=missing if o.status == "contingent" else (),
                    blocked_by=o.blocked_by,
                )
        return ir.replace(reason, besides=())

    def avoidance(self, name: str | None, like: ir.Statement) -> Reason:
        """Say what becomes of a contraindication or caution, and why; `like` as above."""
        found = None if name is None else self.avoid.get(name)
        if name is None or found is None:
            reason = _NOTHING if name is None else self._silent(name)
            return ir.replace(reason, besides=self._avoided_besides(like))
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

    def _recommended_besides(self, like: ir.Statement) -> Names:
        """Name recommendations in force of the same action on one of the same options."""
        assert like.recommend is not None
        wanted = {frozenset(option) for option in like.recommend.options}
        return tuple(
            name for name, r in self.recommendations.items()
            if r.status != "contingent" and r.action == like.recommend.action
            and not wanted.isdisjoint(frozenset(o.interventions) for o in r.options)
        )  # fmt: skip

    def _avoided_besides(self, like: ir.Statement) -> Names:
        """Name contraindications and cautions in force for one of the same interventions."""
        assert like.avoid is not None
        wanted = set(members(like.avoid, self.by.interventions))
        return tuple(
            name for name, a in self.avoid.items()
            if a.status != "contingent" and not wanted.isdisjoint(self.by.avoided[name])
            and share_a_way(like, self.by.statements[name])
        )  # fmt: skip

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
        if leaf.op == "is" and isinstance(leaf.values[0], bool):
            held = self.referee.leaf(ir.Leaf(leaf.fact, "is", (True,)))
            return f"{self.by.words.fact(leaf.fact)}: {_ANSWERS[held]}"
        question = self.by.words.question(leaf)
        if len(leaf.values) > _MOST_NAMED:
            verb = "include" if leaf.op == "includes_any" else "is"
            question = f"{self.by.words.fact(leaf.fact)} {verb} one of {len(leaf.values)} asked for"
        answer = _ANSWERS[self.referee.leaf(leaf)]
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
