"""L105: a recommendation that is contraindicated for every patient for whom it holds.

Nobody is ever told to follow it. Where only one of its options is always blocked, that is a
warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica import ir
from hepatica.diagnostics import Diagnostic
from hepatica.evaluate import Given
from hepatica.lint.logic.ground import Ground, Undecided
from hepatica.outcome import Option
from hepatica.witness import Answerer, Status


def check(ground: Ground) -> Iterator[Diagnostic]:
    """Look, for each option with a contraindication, for a patient who may have it."""
    for s, options in ground.guide.plan.recommendations:
        if not any(option.contraindications for option in options):
            continue
        try:
            holds = ground.guide.holds(s.id)
            if ground.exists(holds.true, holds.facts):  # if not, L101 has told
                yield from _check(ground, s, options)
        except Undecided:
            yield ground.undecided(s, "it is contraindicated for everybody")


def _check(ground: Ground, s: ir.Statement, options: tuple[Option, ...]) -> Iterator[Diagnostic]:
    shut = [option for option in options if _is_always_blocked(ground, s, option)]
    for option in shut:
        named = ", ".join(f"`{name}`" for name in option.interventions)
        text = f"{named} is contraindicated for every patient for whom this holds"
        severity = "error" if len(shut) == len(options) else "warning"
        patient = _example(ground, s, option)
        by = " and ".join(f"`{name}`" for name in option.contraindications)
        help = f"see {by}" + (f"; for example {ground.told(patient)}" if patient else "")
        yield ground.say(s, ("recommend",), "L105", text, help, severity)


def _is_always_blocked(ground: Ground, s: ir.Statement, option: Option) -> bool:
    holds = ground.guide.holds(s.id)
    status = ground.guide.status(s.id, option.interventions)
    free = ground.solver.all_of((holds.true, ground.solver.no(status.formulas["blocked"])))
    return not ground.exists(free, status.facts)


def _example(ground: Ground, s: ir.Statement, option: Option) -> Given | None:
    status = ground.guide.status(s.id, option.interventions)
    question = Status(s.id, option.interventions)
    interventions = ground.context.knowledge.interventions
    answerer = Answerer(ground.guideline, ground.facts, interventions)
    holds = ground.guide.holds(s.id)
    blocked = ground.solver.all_of((holds.true, status.formulas["blocked"]))
    return ground.smallest(
        blocked, status.facts, lambda given: answerer.answer(question, given) == "blocked"
    )
