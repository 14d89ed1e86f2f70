"""From answers to a finding: statuses, reasons, missing facts and citations, put together.

Any engine may have answered; the reasons come from the referee's structure, which every engine
agrees with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hepatica import finding as f
from hepatica import ir
from hepatica.evaluate import WORDS, Given, Meaning, Referee, Truth, definitions_of
from hepatica.outcome import OptionStatus, judge, plan
from hepatica.trace import Facts, Tracer, union

BURDEN = ("record", "blood_test", "imaging", "biopsy")


class Composer:
    """Writes the findings of one guideline; made once, used for every patient."""

    def __init__(self, guideline: ir.Guideline, knowledge: ir.Knowledge) -> None:
        """Prepare what is the same for all patients."""
        self.guideline = guideline
        self.knowledge = knowledge
        self.meaning = Meaning(guideline, knowledge.facts)
        self.plan = plan(guideline, knowledge.interventions)
        self.definitions = definitions_of(guideline)
        packs = [knowledge.guidelines[p] for p in knowledge.guidelines]
        references = {p.id: p.references for p in packs}
        statements = (*self.definitions, *guideline.statements)
        self.sources = {
            s.id: f.citation(s, references.get(s.guideline, guideline.references))
            for s in statements
        }
        self.readings = {
            s.id: tuple(f.Reading(i.term, i.reads) for i in s.interpretation) for s in statements
        }
        self.grades = {s.id: _grade(s.grade) for s in statements}

    def referee(self, given: Given) -> Referee:
        """Make the referee whose structure explains this guideline's answers for one patient."""
        return Referee(self.meaning, given)

    def finding(self, applies: Truth, truths: Mapping[str, Truth], referee: Referee) -> f.Finding:
        """Put the finding together from the truth of every statement."""
        tracer = Tracer(referee)
        g = self.guideline
        waiting = tracer.missing(g.applies)
        recommendations = self._recommendations(applies, truths, tracer, waiting)
        avoid = self._avoid(applies, truths, tracer)
        live = {
            name for r in recommendations for option in r.options for name in option.interventions
        }
        return f.Finding(
            id=g.id,
            title=g.title,
            short=g.short,
            version=g.version,
            digest=g.digest,
            status=g.status,
            experimental=g.experimental,
            not_sourced=g.not_sourced,
            applies=WORDS[applies],  # type: ignore[arg-type]
            conclusions=self._conclusions(truths, tracer),
            recommendations=recommendations,
            avoid=avoid,
            evidence=self._evidence(truths, live),
            missing=self._missing(recommendations, avoid, live | self._taken(referee.given)),
        )

    def _conclusions(self, truths: Mapping[str, Truth], tracer: Tracer) -> tuple[f.Conclusion, ...]:
        given = tracer.referee.given
        found = []
        for s in self.definitions:
            if s.conclude is None or s.when is None or not truths[s.id]:
                continue
            if s.conclude[0] in given or tracer.referee.concluded(s.conclude[0]).conflict:
                continue
            found.append(self._conclusion(s, s.conclude, tracer.because(s.when, True)))
        for s in self.definitions:
            if s.score is not None and s.score not in given:
                low, high = tracer.referee.concluded(s.score).score or (0, 0)
                value: Any = low if low == high else f"{low} to {high}"
                asked = [tracer.because(o.when, True) for i in s.items for o in i.best_of
                         if tracer.referee.truth(o.when)]  # fmt: skip
                found.append(self._conclusion(s, (s.score, value), union(asked)))
        return tuple(sorted(found, key=lambda c: (c.fact, str(c.value), c.statement)))

    def _conclusion(
        self, s: ir.Statement, said: tuple[str, ir.Value], because: Facts
    ) -> f.Conclusion:
        return f.Conclusion(
            said[0], said[1], s.id, because, self.sources[s.id], self.readings[s.id]
        )

    def _recommendations(
        self, applies: Truth, truths: Mapping[str, Truth], tracer: Tracer, waiting: Facts
    ) -> tuple[f.Recommendation, ...]:
        found = []
        for s, options in self.plan.recommendations:
            assert s.when is not None and s.recommend is not None
            judged = judge(truths[s.id], applies, options, truths)
            if judged is None:
                continue
            status, parts = judged
            base = union((tracer.missing(s.when), waiting))
            shown = tuple(self._option(part, base, tracer) for part in parts)
            missing: Facts = ()
            if status == "contingent":
                missing = union(o.missing for o in shown if o.status == "contingent")
            found.append(
                f.Recommendation(
                    statement=s.id,
                    title=s.title,
                    status=status,
                    action=s.recommend.action,
                    options=shown,
                    text=s.text,
                    dose=self._doses(s, tracer),
                    schedule=tuple(
                        f.Phase(f.Amount(p.every.low, p.every.high, p.every.unit),
                                f.amount(p.lasts), p.at_least, p.text)
                        for p in s.schedule
                    ),
                    target=self._target(s.target),
                    duration=s.duration,
                    grade=self.grades[s.id],
                    source=self.sources[s.id],
                    interpretation=self.readings[s.id],
                    because=tracer.because(s.when, True) if truths[s.id] else (),
                    missing=missing,
                    blocked_by=union(p.blocked_by for p in parts),
                    cautions=union(
                        tuple(c for c in p.option.cautions if truths[c]) for p in parts
                    ),
                    evidence=self._evidence_for(shown, truths),
                )
            )  # fmt: skip
        order = {"recommended": 0, "contingent": 1, "blocked": 2}
        return tuple(sorted(found, key=lambda r: (order[r.status], r.statement)))

    def _option(self, part: OptionStatus, base: Facts, tracer: Tracer) -> f.OptionFinding:
        missing: Facts = ()
        if part.status == "contingent":
            blockers = (tracer.missing(self._when(s)) for s in part.open_on)
            missing = union((base, *blockers))
        return f.OptionFinding(part.option.interventions, part.status, part.blocked_by, missing)

    def _when(self, statement: str) -> ir.Condition | None:
        return next(s.when for s, _ in self.plan.avoidances if s.id == statement)

    def _doses(self, s: ir.Statement, tracer: Tracer) -> tuple[f.Dose, ...]:
        found = []
        for dose in s.dose:
            truth = True if dose.when is None else tracer.referee.truth(dose.when)
            if truth is not False:
                amount = f.Amount(dose.amount.low, dose.amount.high, dose.amount.unit)
                cap = f.amount(dose.at_most)
                missing = tracer.missing(dose.when)
                found.append(f.Dose(dose.intervention, amount, cap, dose.form, missing))
        return tuple(found)

    def _target(self, target: ir.Target | None) -> f.Target | None:
        if target is None:
            return None
        unit = self.knowledge.facts[target.fact].unit
        return f.Target(target.fact, target.low, target.high, unit)

    def _avoid(
        self, applies: Truth, truths: Mapping[str, Truth], tracer: Tracer
    ) -> tuple[f.Avoidance, ...]:
        found = []
        for s, members in self.plan.avoidances:
            assert s.when is not None and s.avoid is not None
            truth = truths[s.id]
            if applies is False or truth is False:
                continue
            settled: Any = "contraindicated" if s.kind == "contraindication" else "caution"
            for name in members:
                found.append(
                    f.Avoidance(
                        intervention=name,
                        kind=s.kind,  # type: ignore[arg-type]
                        status=settled if truth else "contingent",
                        statement=s.id,
                        title=s.title,
                        text=s.text,
                        actions=s.avoid.actions,
                        grade=self.grades[s.id],
                        source=self.sources[s.id],
                        interpretation=self.readings[s.id],
                        because=tracer.because(s.when, True) if truth else (),
                        missing=tracer.missing(s.when),
                    )
                )
        order = {"contraindicated": 0, "caution": 1, "contingent": 2}
        return tuple(sorted(found, key=lambda a: (order[a.status], a.intervention, a.statement)))

    def _evidence_for(
        self, options: tuple[f.OptionFinding, ...], truths: Mapping[str, Truth]
    ) -> tuple[str, ...]:
        names = {name for option in options for name in option.interventions}
        return tuple(e.statement for e in self._evidence(truths, names))

    def _evidence(self, truths: Mapping[str, Truth], live: set[str]) -> tuple[f.Evidence, ...]:
        found = []
        for s in self.plan.evidence:
            figure = s.figure
            assert figure is not None
            shown = s.when is None or truths[s.id] is not False
            if shown and not live.isdisjoint(figure.interventions):
                amount = f.Amount(figure.amount.low, figure.amount.high, figure.amount.unit)
                found.append(
                    f.Evidence(
                        s.id,
                        figure.interventions,
                        figure.measure,
                        amount,
                        figure.population,
                        self.sources[s.id],
                    )
                )
        return tuple(found)

    def _taken(self, given: Given) -> set[str]:
        """List what the patient has now; everything, while that is not known."""
        taken = given.get(self.knowledge.taken or "")
        return set(taken) if isinstance(taken, tuple) else set(self.knowledge.interventions)

    def _missing(
        self,
        recommendations: tuple[f.Recommendation, ...],
        avoid: tuple[f.Avoidance, ...],
        concerned: set[str],
    ) -> tuple[f.Missing, ...]:
        """List the facts that could change what is recommended, or what of it is not to be given."""
        settles: dict[str, dict[str, None]] = {}
        weight: dict[str, int] = {}
        for r in recommendations:
            for fact in r.missing:
                settles.setdefault(fact, {})[r.statement] = None
                weight[fact] = weight.get(fact, 0) + 1
        for a in avoid:
            for fact in a.missing if a.intervention in concerned else ():
                settles.setdefault(fact, {})[a.statement] = None
        order = sorted(
            settles,
            key=lambda n: (-weight.get(n, 0), self._burden(n), -len(settles[n]), n),
        )
        return tuple(f.Missing(name, tuple(settles[name])) for name in order)

    def _burden(self, fact: str) -> int:
        return BURDEN.index(self.knowledge.facts[fact].burden)


def _grade(grade: ir.Grade | None) -> f.Grade | None:
    if grade is None:
        return None
    return f.Grade(grade.direction, grade.strength, grade.certainty, grade.as_printed)
