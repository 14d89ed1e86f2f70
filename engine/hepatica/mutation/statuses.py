"""The statuses of a finding and nothing else: what thousands of mutants are asked for."""

from __future__ import annotations

from typing import Any, NamedTuple

from hepatica import ir
from hepatica.evaluate import WORDS, Referee
from hepatica.outcome import Plan, judge


class Told(NamedTuple):
    """What a case can expect of a finding, without its reasons."""

    applies: str
    recommendations: list[Status]
    avoid: list[Status]
    missing: tuple[Any, ...] = ()


class Status(NamedTuple):
    """The status of a recommendation, or of an intervention to avoid."""

    statement: str
    status: str
    intervention: str = ""


def statuses(guideline: ir.Guideline, planned: Plan, referee: Referee) -> Told:
    """Work out the statuses of a finding and nothing else, as `Composer.finding` has them."""
    applies = True if guideline.applies is None else referee.truth(guideline.applies)
    recommendations: list[Status] = []
    avoid: list[Status] = []
    if applies is not False:
        for s, options in planned.recommendations:
            when = referee.statement(s.id)
            against = {c: referee.statement(c) for o in options for c in o.contraindications}
            judged = judge(when, applies, options, against)
            if judged is not None:
                recommendations.append(Status(s.id, judged[0]))
        for s, members in planned.avoidances:
            truth = referee.statement(s.id)
            settled = "contraindicated" if s.kind == "contraindication" else "caution"
            for name in members if truth is not False else ():
                avoid.append(Status(s.id, settled if truth else "contingent", name))
    avoid.sort(key=lambda a: _GRAVEST.index(a.status))
    return Told(WORDS[applies], recommendations, avoid)


_GRAVEST = ("contraindicated", "caution", "contingent")
