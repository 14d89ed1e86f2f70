"""From answers to a finding: statuses, reasons, missing facts and citations, put together.

Any engine may have answered; the reasons come from the referee's structure, which every engine
agrees with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from hepatica import finding as f
from hepatica import ir
from hepatica.conclusions import Conclusions
from hepatica.evaluate import WORDS, Given, Meaning, Referee, Truth
from hepatica.monitoring import Done, dues
from hepatica.outcome import GIVES, Option, OptionStatus, Status, judge, plan
from hepatica.regimen import begun, course, doses
from hepatica.trace import Facts, Tracer, fixed_reasons, union

_ORDER = {"recommended": 0, "contingent": 1, "blocked": 2}
# What ends a danger is read first, what goes on as before last.
_ACTIONS = (
    "stop", "avoid", "refer", "reduce", "switch_to", "start", "add", "increase", "taper", "caution",
    "assess", "test", "monitor", "counsel", "continue",
)  # fmt: skip
_URGENCY = {action: i for i, action in enumerate(_ACTIONS)}
BURDEN = ("record", "blood_test", "imaging", "biopsy")


class _Ready(NamedTuple):
    """What is the same for every patient of a recommendation, in the form of a finding."""

    statement: ir.Statement
    when: ir.Condition
    action: str
    options: tuple[Option, ...]
    shows_evidence: bool
    free: bool  # nothing is contraindicated or cautioned against, whoever the patient is
    options_free: tuple[f.OptionFinding, ...]
    schedule: tuple[f.Phase, ...]
    target: f.Target | None
    grade: f.Grade | None
    source: f.Citation
    readings: tuple[f.Reading, ...]


class Composer:
    """Writes the findings of one guideline; made once, used for every patient."""

    def __init__(self, guideline: ir.Guideline, knowledge: ir.Knowledge) -> None:
        """Prepare what is the same for all patients."""
        self.guideline = guideline
        self.knowledge = knowledge
        self.meaning = Meaning(guideline, knowledge.facts)
        self.plan = plan(guideline, knowledge.interventions)
        self.conclusions = Conclusions(guideline, self.meaning)
        references = {g.id: g.references for g in knowledge.guidelines.values()}
        statements = (*self.conclusions.definitions, *guideline.statements)
        self.statements = {s.id: s for s in statements}
        self.sources = {
            s.id: f.citation(s, references.get(s.guideline, guideline.references))
            for s in statements
        }
        self.readings = {
            s.id: tuple(f.Reading(i.term, i.reads) for i in s.interpretation) for s in statements
        }
        self.grades = {s.id: _grade(s.grade) for s in statements}
        self.fixed = {s.id: fixed_reasons(s.when, True) for s in statements if s.when is not None}
        self.blockers = {s.id: s.when for s, _ in self.plan.avoidances}
        self.ready = tuple(self._ready(s, options) for s, options in self.plan.recommendations)

    def _ready(self, s: ir.Statement, options: tuple[Option, ...]) -> _Ready:
        assert s.when is not None and s.recommend is not None
        phases = (f.Phase(f.amount(p.every), f.maybe(p.lasts), p.at_least, p.times, p.text)
                  for p in s.schedule)  # fmt: skip
        shows_evidence = bool(self.plan.evidence) and s.recommend.action in (
            GIVES | {"assess", "refer"}
        )
        free = not any(option.contraindications or option.cautions for option in options)
        fine = tuple(f.OptionFinding(o.interventions, "recommended", (), ()) for o in options)
        return _Ready(
            s, s.when, s.recommend.action, options, shows_evidence, free, fine, tuple(phases),
            self._target(s.target), self.grades[s.id], self.sources[s.id], self.readings[s.id],
        )  # fmt: skip

    def referee(self, given: Given, said: Mapping[str, Truth] | None = None) -> Referee:
        """Make the referee whose structure explains this guideline's answers for one patient."""
        return Referee(self.meaning, given, said)

    def finding(
        self,
        applies: Truth,
        truths: Mapping[str, Truth],
        referee: Referee,
        as_of: str | None = None,
        done: Done | None = None,
    ) -> f.Finding:
        """Put the finding together from the truth of every statement, for a date.

        `done` tells when a chart shows a fact last; None when the case has no chart.
        """
        tracer = Tracer(referee)
        g = self.guideline
        recommendations = self._recommendations(applies, truths, tracer, as_of, done)
        avoid = self._avoid(applies, truths, tracer)
        live = {n for r in recommendations for option in r.options for n in option.interventions}
        reported = {name for r in recommendations for name in r.evidence}
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
            conclusions=self.conclusions.found(truths, tracer, self._because, self._conclusion)
            if applies is not False
            else (),
            recommendations=recommendations,
            avoid=avoid,
            evidence=tuple(e for e in self._evidence(truths, live) if e.statement in reported),
            missing=self._missing(
                recommendations,
                avoid,
                live | self._taken(referee.given),
                self.conclusions.waiting(truths, tracer) if applies is not False else (),
            ),
        )

    def _because(self, statement: str, when: ir.Condition, tracer: Tracer) -> Facts:
        """Say why a true condition is true."""
        fixed = self.fixed[statement]
        return tracer.because(when, True) if fixed is None else fixed

    def _conclusion(
        self, s: ir.Statement, said: tuple[str, ir.Value], because: Facts
    ) -> f.Conclusion:
        return f.Conclusion(
            said[0], said[1], s.id, because, self.sources[s.id], self.readings[s.id]
        )

    def _recommendations(
        self,
        applies: Truth,
        truths: Mapping[str, Truth],
        tracer: Tracer,
        as_of: str | None,
        done: Done | None,
    ) -> tuple[f.Recommendation, ...]:
        if applies is False:
            return ()
        waiting = tracer.missing(self.guideline.applies) if applies is None else ()
        found = []
        for ready in self.ready:
            s = ready.statement
            when = truths[s.id]
            if when is not False:
                judged = judge(when, applies, ready.options, truths)
                assert judged is not None  # neither is false
                r = self._recommendation(ready, when, judged, waiting, truths, tracer)
                if s.schedule_from is not None:
                    fact = self.knowledge.facts[s.schedule_from]
                    value = tracer.referee.given.get(fact.id)
                    r = msgspec.structs.replace(r, course=course(fact, value, as_of, s.schedule))
                if r.schedule and as_of is not None and done is not None:
                    due = self.dues(s, tracer.referee.given, as_of, done)
                    r = msgspec.structs.replace(r, due=due)
                found.append(r)
        order = sorted(found, key=lambda r: (_ORDER[r.status], _URGENCY[r.action], r.statement))
        return tuple(order)

    def dues(self, s: ir.Statement, given: Given, as_of: str, done: Done) -> tuple[f.Due, ...]:
        """Say when the tests of a scheduled recommendation are due for a patient."""
        start = None
        if s.schedule_from is not None:
            fact = self.knowledge.facts[s.schedule_from]
            start = begun(fact, given.get(fact.id), as_of)
        return dues(s, self.knowledge.interventions, done, as_of, start)

    def _recommendation(
        self,
        ready: _Ready,
        when: Truth,
        judged: tuple[Status, tuple[OptionStatus, ...]],
        waiting: Facts,
        truths: Mapping[str, Truth],
        tracer: Tracer,
    ) -> f.Recommendation:
        s = ready.statement
        status, parts = judged
        base = waiting if when else union((tracer.missing_of_unknown(ready.when), waiting))
        missing: Facts = ()
        cautions: Facts = ()
        blocked_by: Facts = ()
        if ready.free:
            options = ready.options_free
            if status == "contingent":
                missing = base
                options = tuple([f.OptionFinding(o[0], status, (), base) for o in ready.options])
        else:
            options = tuple([self._option(part, base, tracer) for part in parts])
            if status == "contingent":
                missing = union(o.missing for o in options if o.status == "contingent")
            cautions = union(tuple(c for c in p.option.cautions if truths[c]) for p in parts)
            blocked_by = union(p.blocked_by for p in parts)
        return f.Recommendation(
            statement=s.id,
            title=s.title,
            status=status,
            action=ready.action,
            options=options,
            text=s.text,
            dose=doses(s, options, tracer, self.knowledge.weight) if s.dose else (),
            schedule=ready.schedule,
            course=None,
            due=(),
            target=ready.target,
            duration=s.duration,
            grade=ready.grade,
            source=ready.source,
            interpretation=ready.readings,
            because=self._because(s.id, ready.when, tracer) if when else (),
            missing=missing,
            blocked_by=blocked_by,
            cautions=cautions,
            evidence=self._evidence_for(options, truths) if ready.shows_evidence else (),
        )

    def _option(self, part: OptionStatus, base: Facts, tracer: Tracer) -> f.OptionFinding:
        missing: Facts = ()
        if part.status == "contingent":
            blockers = [tracer.missing(self.blockers[s]) for s in part.open_on]
            missing = union([base, *blockers])
        return f.OptionFinding(part.option.interventions, part.status, part.blocked_by, missing)

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
                        because=self._because(s.id, s.when, tracer) if truth else (),
                        missing=() if truth else tracer.missing_of_unknown(s.when),
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
                found.append(
                    f.Evidence(
                        s.id,
                        figure.interventions,
                        figure.measure,
                        f.amount(figure.amount),
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
        waiting: Iterable[tuple[str, Facts]],
    ) -> tuple[f.Missing, ...]:
        """List the facts that could change what is recommended, not to be given, or concluded."""
        settles: dict[str, dict[str, None]] = {}
        weight: dict[str, int] = {}
        for r in recommendations:
            for fact in r.missing:
                settles.setdefault(fact, {})[r.statement] = None
                weight[fact] = weight.get(fact, 0) + 1
        for a in avoid:
            for fact in a.missing if a.intervention in concerned else ():
                settles.setdefault(fact, {})[a.statement] = None
        for statement, facts in waiting:
            for fact in facts:
                settles.setdefault(fact, {})[statement] = None
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
