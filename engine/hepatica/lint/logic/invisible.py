"""L108: a recommendation of something that the same guideline speaks against, unseen by it.

A contraindication that names only some actions ("do not start") does not block others ("reduce");
and "stop" or "avoid", where it is a recommendation, blocks nothing at all. Where one patient is
told both, neither statement sees the other. Perhaps it is meant so; perhaps the two are meant for
different patients, and one of them has to ask for more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hepatica import ir
from hepatica.compile.solver import Formula
from hepatica.diagnostics import Diagnostic
from hepatica.evaluate import Given, Referee
from hepatica.lint.logic.ground import Ground, Undecided
from hepatica.outcome import GIVES, Option
from hepatica.witness import Answerer, Status

ENDS = frozenset({"stop", "avoid"})
"""Actions after which the patient does not take the intervention."""

Plan = tuple[tuple[ir.Statement, tuple[Option, ...]], ...]


class _Clash(NamedTuple):
    s: ir.Statement
    other: ir.Statement
    shared: tuple[str, ...]
    patient: Given


def check(ground: Ground) -> Iterator[Diagnostic]:
    """Look, for each option that gives something, for a patient who is told the opposite too."""
    recommendations = ground.guide.plan.recommendations
    unseen: dict[str, list[_Clash]] = {}
    for s, options in recommendations:
        if s.recommend is None or s.recommend.action not in GIVES:
            continue
        for option in options:
            for other, shared in _opposed(ground, recommendations, option):
                try:
                    patient = _both(ground, s, option, other)
                except Undecided:
                    yield ground.undecided(s, f"one patient is told this and `{other.id}`")
                    continue
                if patient is not None:
                    unseen.setdefault(other.id, []).append(_Clash(s, other, shared, patient))
    for clashes in unseen.values():
        yield _told(ground, clashes)


def _told(ground: Ground, clashes: list[_Clash]) -> Diagnostic:
    """Tell, of one statement, all that gives what it speaks against, with the smallest patient."""
    other = clashes[0].other
    first = min(clashes, key=lambda c: len(c.patient))
    given: dict[str, None] = {}
    for clash in (first, *clashes):
        assert clash.s.recommend is not None
        name = clash.s.id.removeprefix(f"{ground.guideline.id}/")
        given[f"`{name}` ({clash.s.recommend.action})"] = None
    named = " and ".join(f"`{name}`" for name in first.shared)
    text = f"{named} is recommended all the same, to one and the same patient, by "
    text += ", ".join(given)
    help = f"so by the first for {ground.told(first.patient)}; let one of the two ask for more"
    if other.avoid is None:
        return ground.say(other, ("recommend",), "L108", text, help, "warning")
    help += ", or name more `actions` here"
    return ground.say(other, ("avoid",), "L108", text, help, "warning")


def _opposed(
    ground: Ground, recommendations: Plan, option: Option
) -> Iterator[tuple[ir.Statement, tuple[str, ...]]]:
    """List what speaks against an option without being seen by it, and against which of it."""
    for other, members in ground.guide.plan.avoidances:
        shared = tuple(name for name in option.interventions if name in members)
        if shared and other.kind == "contraindication" and other.id not in option.contraindications:
            yield other, shared
    for other, options in recommendations:
        if other.recommend is not None and other.recommend.action in ENDS:
            ended = set.intersection(*(set(o.interventions) for o in options))
            shared = tuple(name for name in option.interventions if name in ended)
            if shared:
                yield other, shared


def _both(ground: Ground, s: ir.Statement, option: Option, other: ir.Statement) -> Given | None:
    question = Status(s.id, option.interventions)
    told = ground.guide.status(*question)
    against, facts = _said(ground, other)
    both = ground.solver.all_of((told.formulas["recommended"], against))
    answerer = Answerer(ground.guideline, ground.facts, ground.context.knowledge.interventions)

    def confirms(given: Given) -> bool:
        if answerer.answer(question, given) != "recommended":
            return False
        if other.recommend is not None:
            return answerer.answer(Status(other.id), given) == "recommended"
        return Referee(ground.meaning, given).statement(other.id) is True

    return ground.smallest(both, told.facts | facts, confirms)


def _said(ground: Ground, other: ir.Statement) -> tuple[Formula, frozenset[str]]:
    if other.recommend is not None:
        status = ground.guide.status(other.id)
        return status.formulas["recommended"], status.facts
    pair = ground.guide.statement(other.id)
    return pair.true, pair.facts
