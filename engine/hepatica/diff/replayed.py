"""Patients that a solver found, asked again of both sides before anyone sees them.

The solver works on guidelines that were made ready for it (`proof.Prepared`). Here the guidelines
themselves are asked, as they were read: by the network, or by the program where the network is not
there. So a mistake in the making ready does not reach the page either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hepatica import ir
from hepatica.case import Case
from hepatica.compile.network import Network, NotInstalled, prepare
from hepatica.compile.program import Program
from hepatica.diagnostics import Invalid
from hepatica.diff.answers import Answered, Answerer
from hepatica.diff.data import Compared, Reason
from hepatica.diff.tellings import Key, Told
from hepatica.evaluate import WORDS, Meaning, Referee, Truth, disjunction
from hepatica.lower import lower
from hepatica.outcome import Option, Plan, judge, plan
from hepatica.witness import question_of

APPLIES = "applies"
_NOT_ASKED: Any = object()
_BEST_FIRST = ("recommended", "contingent", "blocked", "silent")


class Condition(NamedTuple):
    """A condition is asked: true, false or unknown. None is always true.

    `of` names the statement it is of, or is "applies": then the engine's own answer is taken.
    """

    when: ir.Condition | None
    of: str | None = None


class AskedTold(NamedTuple):
    """What is told is asked: its status, or for conclusions and avoidances a truth."""

    key: Key


Asked = Condition | AskedTold


class Replayed:
    """One side, ready to be asked about patients."""

    def __init__(
        self,
        of: Compared,
        facts: Mapping[str, ir.Fact],
        told: Told,
    ) -> None:
        """Take a side, the dictionary of both sides, and what this side tells."""
        self.told = told
        every = {**of.knowledge.facts, **facts}  # words need those that nothing asks about, too
        self.of = ir.replace(of, knowledge=ir.replace(of.knowledge, facts=every))
        self.meaning = Meaning(of.guideline, facts)
        self.plan: Plan = plan(of.guideline, of.knowledge.interventions)
        self.options = dict((s.id, options) for s, options in self.plan.recommendations)
        rails = lower(of.guideline, facts)
        self.engine = "network"
        self.compiled: Network | Program
        try:
            self.compiled = Network(prepare(rails))
        except (NotInstalled, Invalid):  # not there, or the guideline is beyond its limits
            self.engine = "program"
            self.compiled = Program(rails, facts)
        self._answerer: Answerer | None = None
        self._answered: tuple[Case, Answered] | None = None

    def outcome(self, asked: Asked, case: Case) -> str:
        """Give the outcome of a question for a patient, as the compiled guideline has it."""
        statements, applies = self.compiled.truths(case.facts)
        referee = Referee(self.meaning, case.facts, statements)
        if isinstance(asked, Condition):
            if asked.when is None:
                return WORDS[True]
            own = applies if asked.of == APPLIES else statements.get(asked.of or "", _NOT_ASKED)
            return WORDS[referee.truth(asked.when) if own is _NOT_ASKED else own]
        key = asked.key
        told = self.told.get(key, ())
        if key.kind == "recommendation":
            statuses = {self._status(s, key.subject, referee, applies) for s in told}
            return next((word for word in _BEST_FIRST if word in statuses), "silent")
        if key.kind == "conclusion":
            [fact] = key.subject
            assert key.value is not None
            return WORDS[referee.truth(question_of(self.meaning.facts[fact], key.value))]
        return WORDS[disjunction(referee.statement(s.id) for s in told)]

    def _status(
        self, s: ir.Statement, option: frozenset[str], referee: Referee, applies: Truth
    ) -> str:
        options: tuple[Option, ...] = tuple(
            o for o in self.options[s.id] if frozenset(o.interventions) == option
        )
        against = {c: referee.statement(c) for o in options for c in o.contraindications}
        judged = judge(referee.statement(s.id), applies, options, against)
        return "silent" if judged is None else judged[0]

    def reason(self, asked: Asked, case: Case) -> Reason:
        """Say what this side says of a patient, and why, in words."""
        answered = self._answers(case)
        if isinstance(asked, Condition):
            return answered.condition(asked.when)
        key = asked.key
        told = self.told.get(key, ())
        if key.kind == "conclusion":
            [fact] = key.subject
            return answered.conclusion(fact, key.value)
        if not told:
            return Reason("silent", (), (), ())
        if key.kind == "recommendation":
            found = [answered.option(s, key.subject) for s in told]
            return min(found, key=lambda reason: _BEST_FIRST.index(reason.status))
        whens = tuple(s.when for s in told if s.when is not None)
        return answered.condition(whens[0] if len(whens) == 1 else ir.Any(whens))

    def _answers(self, case: Case) -> Answered:
        if self._answerer is None:
            self._answerer = Answerer(self.of)
        if self._answered is None or self._answered[0] is not case:
            self._answered = case, self._answerer.answer(case)
        return self._answered[1]
