"""What is the same for every patient of a guideline, in the form of a finding; made once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hepatica import finding as f
from hepatica import ir
from hepatica.conclusions import Conclusions
from hepatica.evaluate import Truth
from hepatica.monitoring import REPEATS
from hepatica.outcome import GIVES, Option, Plan
from hepatica.regimen import without_kilogram
from hepatica.trace import Facts, fixed_reasons
from hepatica.written import Part

# What ends a danger is read first, what goes on as before last.
_ACTIONS = (
    "stop", "avoid", "refer", "reduce", "switch_to", "start", "add", "increase", "taper", "caution",
    "assess", "test", "monitor", "counsel", "continue",
)  # fmt: skip
_URGENCY = {action: i for i, action in enumerate(_ACTIONS)}


class Evidence(NamedTuple):
    """A reported number: its statement, what it is about, and how it is shown."""

    statement: ir.Statement
    interventions: frozenset[str]
    part: Part[f.Evidence]

    def shown(self, truths: Mapping[str, Truth]) -> bool:
        """Say whether it may be about this patient."""
        return self.statement.when is None or truths[self.statement.id] is not False


class Ready(NamedTuple):
    """A recommendation.

    `free` means that nothing is contraindicated or cautioned against, whoever the patient is;
    `evidence` is what is reported about its options. It `repeats` when its schedule says that
    something is to be done again, and has `weighs` when a dose is to be worked out for a weight.
    """

    number: int
    statement: ir.Statement
    when: ir.Condition
    action: str
    options: tuple[Option, ...]
    evidence: tuple[Evidence, ...]
    free: bool
    options_free: tuple[f.OptionFinding, ...]
    schedule: tuple[f.Phase, ...]
    repeats: bool
    weighs: bool
    target: f.Target | None
    grade: f.Grade | None
    source: f.Citation
    readings: tuple[f.Reading, ...]
    conditions: tuple[ir.Condition, ...]

    @property
    def unfinished(self) -> bool:
        """Say whether it tells something that is worked out for the day or the weight."""
        return self.repeats or self.weighs or self.statement.schedule_from is not None


class Avoided(NamedTuple):
    """A contraindication or caution; each intervention has its `places` in the order of reading."""

    number: int
    statement: ir.Statement
    when: ir.Condition
    interventions: tuple[str, ...]
    places: tuple[int, ...]


class Prepared:
    """The statements of a guideline as they are shown."""

    def __init__(
        self,
        guideline: ir.Guideline,
        knowledge: ir.Knowledge,
        plan: Plan,
        conclusions: Conclusions,
    ) -> None:
        """Prepare every active statement, and the definitions of packs."""
        self._knowledge = knowledge
        references = {g.id: g.references for g in knowledge.guidelines.values()}
        statements = (*conclusions.definitions, *guideline.statements)
        self.statements = {s.id: s for s in statements}
        self.sources = {
            s.id: f.citation(s, references.get(s.guideline, guideline.references))
            for s in statements
        }
        self.readings = {
            s.id: tuple(f.Reading(i.term, i.reads) for i in s.interpretation) for s in statements
        }
        self.grades = {s.id: _grade(s.grade) for s in statements}
        self.fixed: dict[str, Facts | None] = {
            s.id: fixed_reasons(s.when, True) for s in statements if s.when is not None
        }
        self.evidence = tuple(self._evidence(s) for s in plan.evidence)
        self._whens = {s.id: s.when for s, _ in plan.avoidances}
        self.avoided = _avoided(plan)
        urgent = sorted(plan.recommendations, key=lambda r: _urgency(r[0]))
        self.ready = tuple(self._ready(i, s, options) for i, (s, options) in enumerate(urgent))

    def _ready(self, number: int, s: ir.Statement, options: tuple[Option, ...]) -> Ready:
        assert s.when is not None and s.recommend is not None
        phases = (f.Phase(f.amount(p.every), f.maybe(p.lasts), p.at_least, p.times, p.text)
                  for p in s.schedule)  # fmt: skip
        names = {name for option in options for name in option.interventions}
        shown = s.recommend.action in (GIVES | {"assess", "refer"})
        evidence = [e for e in self.evidence if shown and not names.isdisjoint(e.interventions)]
        free = not any(option.contraindications or option.cautions for option in options)
        fine = tuple(f.OptionFinding(o.interventions, "recommended", (), ()) for o in options)
        against = [n for o in options for n in (*o.contraindications, *o.cautions)]
        conditions = [self._whens[n] for n in against]
        conditions += [d.when for d in s.dose] + [e.statement.when for e in evidence]
        return Ready(
            number, s, s.when, s.recommend.action, options, tuple(evidence), free, fine,
            tuple(phases), bool(s.schedule) and s.recommend.action in REPEATS,
            any(without_kilogram(d.amount.unit) is not None for d in s.dose),
            self._target(s.target), self.grades[s.id], self.sources[s.id], self.readings[s.id],
            (s.when, *[when for when in conditions if when is not None]),
        )  # fmt: skip

    def _target(self, target: ir.Target | None) -> f.Target | None:
        if target is None:
            return None
        unit = self._knowledge.facts[target.fact].unit
        return f.Target(target.fact, target.low, target.high, unit)

    def _evidence(self, s: ir.Statement) -> Evidence:
        figure = s.figure
        assert figure is not None
        shown = f.Evidence(
            s.id, figure.interventions, figure.measure, f.amount(figure.amount),
            figure.population, self.sources[s.id],
        )  # fmt: skip
        return Evidence(s, frozenset(figure.interventions), Part(shown))


def _avoided(plan: Plan) -> tuple[Avoided, ...]:
    order = sorted((name, s.id) for s, names in plan.avoidances for name in names)
    places = {pair: place for place, pair in enumerate(order)}
    found = []
    for number, (s, names) in enumerate(plan.avoidances):
        assert s.when is not None
        ranks = tuple(places[name, s.id] for name in names)
        found.append(Avoided(number, s, s.when, names, ranks))
    return tuple(found)


def _urgency(s: ir.Statement) -> tuple[int, str]:
    assert s.recommend is not None
    return _URGENCY[s.recommend.action], s.id


def _grade(grade: ir.Grade | None) -> f.Grade | None:
    if grade is None:
        return None
    return f.Grade(grade.direction, grade.strength, grade.certainty, grade.as_printed)
