"""What a guideline says of every patient, as formulas: truths, conclusions, statuses.

A question about a guideline has a few outcomes, of which each patient has exactly one; the first
means that it holds. `outcome.judge` is what the statuses have to agree with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hepatica import ir
from hepatica.compile.patients import Formulas, Pair, Patients
from hepatica.compile.solver import Formula
from hepatica.lower import Lowering
from hepatica.outcome import GIVES, Option, Plan, plan
from hepatica.walk import active

TRUTHS = ("true", "false", "unknown")
STATUSES = ("recommended", "contingent", "blocked", "silent")
SAID = ("recommended", "contingent", "blocked", "contraindicated", "silent")


class Outcomes(NamedTuple):
    """The formula of each outcome, the one that holds first; and the facts they ask about."""

    formulas: dict[str, Formula]
    facts: frozenset[str]


class Guide:
    """One guideline over all patients."""

    def __init__(
        self,
        patients: Patients,
        guideline: ir.Guideline,
        interventions: Mapping[str, ir.Intervention],
    ) -> None:
        """Take the patients, the guideline and what it can recommend."""
        self.solver = patients.solver
        self.guideline = guideline
        self.formulas = Formulas(patients, Lowering(guideline, patients.facts))
        self.plan: Plan = plan(guideline, interventions)
        every = (*guideline.definitions, *guideline.statements)
        self.when = {s.id: s.when for s in active(every) if s.when is not None}
        self.options = {s.id: options for s, options in self.plan.recommendations}

    def statement(self, name: str) -> Pair:
        """Give the formulas of a statement's own condition."""
        return self.formulas.rail(self.when[name])

    def applies(self) -> Pair:
        """Give the formulas of the guideline's `applies`."""
        applies = self.guideline.applies
        if applies is None:
            return Pair(self.solver.always, self.solver.never, frozenset())
        return self.formulas.rail(applies)

    def holds(self, name: str) -> Pair:
        """Give the formulas of a recommendation's condition and `applies` together."""
        s, when, applies = self.solver, self.statement(name), self.applies()
        return Pair(
            s.all_of((when.true, applies.true)),
            s.any_of((when.false, applies.false)),
            when.facts | applies.facts,
        )

    def truth(self, pair: Pair) -> Outcomes:
        """Give the outcomes true, false and unknown of a condition."""
        s = self.solver
        unknown = s.all_of((s.no(pair.true), s.no(pair.false)))
        formulas = dict(zip(TRUTHS, (pair.true, pair.false, unknown), strict=True))
        return Outcomes(formulas, pair.facts)

    def status(self, name: str, option: Iterable[str] | None = None) -> Outcomes:
        """Give the statuses of a recommendation, or of one of its options."""
        options = self.options[name]
        if option is not None:
            options = tuple(o for o in options if set(o.interventions) == set(option))
        ranked = [self._option(name, o) for o in options]
        return self._best(ranked, STATUSES)

    def said(self, action: str, intervention: str) -> Outcomes:
        """Give what is said of an action on an intervention: the best status of all options.

        `contraindicated` is said where a contraindication is true and nothing is recommended that
        it could block.
        """
        ranked = [
            self._option(s.id, o)
            for s, options in self.plan.recommendations
            if s.recommend is not None and s.recommend.action == action
            for o in options
            if intervention in o.interventions
        ]
        ranked.append(self._contraindicated(action, intervention))
        return self._best(ranked, SAID)

    def _option(self, name: str, option: Option) -> Outcomes:
        """Give the formulas of the first three statuses of an option."""
        s, holds = self.solver, self.holds(name)
        against = [self.statement(c) for c in option.contraindications]
        speaks = s.no(holds.false)
        blocked = s.all_of((speaks, s.any_of(c.true for c in against)))
        recommended = s.all_of((holds.true, *(c.false for c in against)))
        contingent = s.all_of((speaks, s.no(blocked), s.no(recommended)))
        facts = holds.facts.union(*(c.facts for c in against))
        formulas = {"recommended": recommended, "contingent": contingent, "blocked": blocked}
        return Outcomes(formulas, facts)

    def _contraindicated(self, action: str, intervention: str) -> Outcomes:
        against = [
            self.statement(s.id)
            for s, members in self.plan.avoidances
            if s.avoid is not None
            and s.kind == "contraindication"
            and intervention in members
            and action in (s.avoid.actions or GIVES)
        ]
        applies = self.applies()
        truth = self.solver.any_of(c.true for c in against)
        formula = self.solver.all_of((truth, self.solver.no(applies.false)))
        facts = frozenset[str]().union(*(c.facts for c in against))
        return Outcomes({"contraindicated": formula}, facts | applies.facts if against else facts)

    def _best(self, ranked: list[Outcomes], words: tuple[str, ...]) -> Outcomes:
        """Give the best of several: an outcome needs that none of a better one is there."""
        s = self.solver
        formulas: dict[str, Formula] = {}
        better: list[Formula] = []
        for word in words[:-1]:
            one = s.any_of(o.formulas[word] for o in ranked if word in o.formulas)
            formulas[word] = s.all_of((one, *map(s.no, better)))
            better.append(one)
        formulas[words[-1]] = s.no(s.any_of(better))
        return Outcomes(formulas, frozenset[str]().union(*(o.facts for o in ranked)))
