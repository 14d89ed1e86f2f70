"""From answers to a finding: statuses, reasons, missing facts and citations, put together.

Any engine may have answered; the reasons come from the referee's structure, which every engine
agrees with. What one pattern of answers leads to is kept for the next patient who has it
(`questions`); only dates, and doses for a weight, are worked out for each patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from hepatica import finding as f
from hepatica import ir
from hepatica.avoidances import MOST_KEPT, Asked, Avoidances
from hepatica.conclusions import Conclusions
from hepatica.evaluate import WORDS, Given, Meaning, Referee, Truth
from hepatica.kept import Kept
from hepatica.missing import BURDEN, missing
from hepatica.monitoring import Done, dues
from hepatica.outcome import OptionStatus, Status, judge, plan
from hepatica.prepared import Prepared, Ready
from hepatica.questions import Below, Questions
from hepatica.regimen import begun, course, doses, weighed
from hepatica.trace import Facts, Tracer, union
from hepatica.written import Part, Section

_ORDER: tuple[Status, ...] = ("recommended", "contingent", "blocked")


class Answered(NamedTuple):
    """A finding but for the day and the weight; `unfinished` are the places that wait for them."""

    finding: f.Finding
    unfinished: tuple[tuple[int, Ready], ...]


class Composer:
    """Writes the findings of one guideline; made once, used for every patient."""

    def __init__(self, guideline: ir.Guideline, knowledge: ir.Knowledge) -> None:
        """Prepare what is the same for all patients."""
        self.guideline = guideline
        self.knowledge = knowledge
        self.meaning = Meaning(guideline, knowledge.facts)
        self.plan = plan(guideline, knowledge.interventions)
        self.conclusions = Conclusions(guideline, self.meaning)
        self.prepared = Prepared(guideline, knowledge, self.plan, self.conclusions)
        self.statements = self.prepared.statements
        self.blockers = {a.statement.id: a.when for a in self.prepared.avoided}
        self.concluded = frozenset(self.meaning.by_fact)
        self.mask = 0
        self._masks: tuple[int, ...] = ()
        self._own_masks: dict[str, int] = {}
        self._open: Kept[Facts] = Kept(MOST_KEPT)
        self._burdens = {n: BURDEN.index(fact.burden) for n, fact in knowledge.facts.items()}
        self._recommended: Kept[Part[f.Recommendation]] = Kept(MOST_KEPT)
        self._avoidances = Avoidances(self.prepared, self._because, self._missing_of)

    def ask(self, questions: Questions) -> None:
        """Add the questions of this guideline; `mask` are then the bits it depends on."""
        below = Below(questions, self.meaning)
        applies = self.guideline.applies
        self._masks = tuple(below.of((applies, *r.conditions)) for r in self.prepared.ready)
        self._avoidances.masks = tuple(below.of((a.when,)) for a in self.prepared.avoided)
        self._own_masks = {n: below.of((when,)) for n, when in self.meaning.statements.items()}
        self.mask = below.of((applies, *(e.statement.when for e in self.prepared.evidence)))
        for bits in (*self._masks, *self._avoidances.masks, *map(below.fact, self.meaning.by_fact)):
            self.mask |= bits

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
        return self.finish(self.answered(applies, truths, referee), referee.given, as_of, done)

    def answered(
        self,
        applies: Truth,
        truths: Mapping[str, Truth],
        referee: Referee,
        pattern: int | None = None,
    ) -> Answered:
        """Put together what does not depend on the day or on the weight.

        With the `pattern` of the patient's answers, statements that were met before are not worked
        out again.
        """
        tracer = Tracer(referee)
        asked = Asked(truths, applies, tracer, pattern)
        g = self.guideline
        no = applies is False
        recommendations, unfinished = ((), ()) if no else self._recommendations(asked)
        avoid = () if no else self._avoidances.found(asked)
        live = {n for r in recommendations for option in r.options for n in option.interventions}
        reported = {name for r in recommendations for name in r.evidence}
        evidence = (
            e.part.item for e in self.prepared.evidence
            if e.statement.id in reported
            and e.shown(truths) and not live.isdisjoint(e.interventions)
        )  # fmt: skip
        write = self._conclusion
        waiting = () if no else self.conclusions.waiting(truths, tracer)
        concerned = live | self._taken(referee.given)
        open_ = missing(recommendations, avoid, concerned, waiting, self._burdens)
        finding = f.Finding(
            g.id, g.title, g.short, g.version, g.digest, g.status, g.experimental, g.not_sourced,
            WORDS[applies],  # type: ignore[arg-type]
            Section(() if no else self.conclusions.found(truths, tracer, self._because, write)),
            recommendations, avoid, Section(evidence), open_,
        )  # fmt: skip
        return Answered(finding, unfinished)

    def finish(
        self, answered: Answered, given: Given, as_of: str | None, done: Done | None
    ) -> f.Finding:
        """Add the dates of schedules, and the doses for a weight."""
        if not answered.unfinished:
            return answered.finding
        told = answered.finding.recommendations
        own = {}
        for place, ready in answered.unfinished:
            r = self._finished(ready, told[place], given, as_of, done)
            if r is not told[place]:
                own[place] = r
        if not own:
            return answered.finding
        assert isinstance(told, Section)
        return msgspec.structs.replace(answered.finding, recommendations=told.with_own(own))

    def _finished(
        self,
        ready: Ready,
        r: f.Recommendation,
        given: Given,
        as_of: str | None,
        done: Done | None,
    ) -> f.Recommendation:
        s = ready.statement
        new: dict[str, Any] = {}
        if s.schedule_from is not None:
            fact = self.knowledge.facts[s.schedule_from]
            new["course"] = course(fact, given.get(fact.id), as_of, s.schedule)
        if ready.repeats and as_of is not None and done is not None:
            new["due"] = self.dues(s, given, as_of, done)
        if ready.weighs:
            dose = weighed(r.dose, given.get(self.knowledge.weight or ""))
            if dose is not r.dose:
                new["dose"] = dose
        return msgspec.structs.replace(r, **new) if new else r

    def dues(self, s: ir.Statement, given: Given, as_of: str, done: Done) -> tuple[f.Due, ...]:
        """Say when the tests of a scheduled recommendation are due for a patient."""
        start = None
        if s.schedule_from is not None:
            fact = self.knowledge.facts[s.schedule_from]
            start = begun(fact, given.get(fact.id), as_of)
        return dues(s, self.knowledge.interventions, done, as_of, start)

    def _because(self, statement: str, when: ir.Condition, tracer: Tracer) -> Facts:
        """Say why a true condition is true."""
        fixed = self.prepared.fixed[statement]
        return tracer.because(when, True) if fixed is None else fixed

    def _conclusion(
        self, s: ir.Statement, said: tuple[str, ir.Value], because: Facts
    ) -> f.Conclusion:
        p = self.prepared
        return f.Conclusion(said[0], said[1], s.id, because, p.sources[s.id], p.readings[s.id])

    def _recommendations(
        self, asked: Asked
    ) -> tuple[Section[f.Recommendation], tuple[tuple[int, Ready], ...]]:
        """Give what is recommended, open or blocked, in this order, the most urgent first."""
        found: dict[Status, list[tuple[Part[f.Recommendation], Ready]]] = {s: [] for s in _ORDER}
        waiting: Facts | None = None
        truths, pattern = asked.truths, asked.pattern
        for ready in self.prepared.ready:
            if truths[ready.statement.id] is False:
                continue
            key, part = None, None
            if pattern is not None:
                key = (ready.number, pattern & self._masks[ready.number])
                part = self._recommended.get(key)
            if part is None:
                if waiting is None:
                    unknown = asked.applies is None
                    waiting = asked.tracer.missing(self.guideline.applies) if unknown else ()
                part = Part(self._recommendation(ready, waiting, asked))
                if key is not None:
                    self._recommended.keep(key, part)
            found[part.item.status].append((part, ready))
        order = [pair for group in found.values() for pair in group]
        unfinished = [(i, ready) for i, (_, ready) in enumerate(order) if ready.unfinished]
        return Section.of(part for part, _ in order), tuple(unfinished)

    def _recommendation(self, ready: Ready, waiting: Facts, asked: Asked) -> f.Recommendation:
        s, tracer, truths = ready.statement, asked.tracer, asked.truths
        when = truths[s.id]
        judged = judge(when, asked.applies, ready.options, truths)
        assert judged is not None  # neither is false
        status, parts = judged
        base = waiting if when else union((self._missing_of(s.id, ready.when, asked), waiting))
        open_: Facts = ()
        cautions: Facts = ()
        blocked_by: Facts = ()
        if ready.free:
            options = ready.options_free
            if status == "contingent":
                open_ = base
                options = tuple([f.OptionFinding(o[0], status, (), base) for o in ready.options])
        else:
            options = tuple([self._option(part, base, asked) for part in parts])
            if status == "contingent":
                open_ = union(o.missing for o in options if o.status == "contingent")
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
            missing=open_,
            blocked_by=blocked_by,
            cautions=cautions,
            evidence=tuple([e.statement.id for e in ready.evidence if e.shown(truths)]),
        )

    def _option(self, part: OptionStatus, base: Facts, asked: Asked) -> f.OptionFinding:
        open_: Facts = ()
        if part.status == "contingent":
            blockers = [self._missing_of(s, self.blockers[s], asked) for s in part.open_on]
            open_ = union([base, *blockers])
        return f.OptionFinding(part.option.interventions, part.status, part.blocked_by, open_)

    def _missing_of(self, statement: str, when: ir.Condition, asked: Asked) -> Facts:
        """Name what could settle the condition of a statement, which is unknown."""
        if asked.pattern is None:
            return asked.tracer.missing_of_unknown(when)
        key = (statement, asked.pattern & self._own_masks[statement])
        found = self._open.get(key)
        if found is None:
            found = self._open.keep(key, asked.tracer.missing_of_unknown(when))
        return found

    def _taken(self, given: Given) -> set[str]:
        """List what the patient has now; everything, while that is not known."""
        taken = given.get(self.knowledge.taken or "")
        return set(taken) if isinstance(taken, tuple) else set(self.knowledge.interventions)
