"""From true, false and unknown to what a patient is told: recommended, contingent, blocked.

A recommendation holds when its condition and the guideline's `applies` both do. A contraindication
that is true blocks the options of that guideline which would give the intervention; one that is
unknown makes them contingent on what is missing. Nothing is resolved by priority.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from hepatica import ir
from hepatica.evaluate import Truth, conjunction
from hepatica.walk import active

Status = Literal["recommended", "contingent", "blocked"]

_BEST_FIRST: tuple[Status, ...] = ("recommended", "contingent", "blocked")

GIVES = frozenset({"start", "add", "continue", "increase", "reduce", "switch_to"})
"""Actions after which the patient takes the intervention: those a contraindication blocks."""

CONSIDERS = frozenset({"assess", "refer"})
"""Actions that lead towards the intervention: what speaks against it is shown as a caution."""


class Option(NamedTuple):
    """One way to follow a recommendation, and the avoidances that concern it, by statement."""

    interventions: tuple[str, ...]
    contraindications: tuple[str, ...]
    cautions: tuple[str, ...]


class OptionStatus(NamedTuple):
    """What becomes of an option: blocked by these, or open on these."""

    option: Option
    status: Status
    blocked_by: tuple[str, ...]
    open_on: tuple[str, ...]


class Plan(NamedTuple):
    """A guideline's recommendations with their options, and its avoidances, ready to be judged."""

    recommendations: tuple[tuple[ir.Statement, tuple[Option, ...]], ...]
    avoidances: tuple[tuple[ir.Statement, tuple[str, ...]], ...]
    evidence: tuple[ir.Statement, ...]


def plan(guideline: ir.Guideline, interventions: Mapping[str, ir.Intervention]) -> Plan:
    """Work out, once for all patients, which avoidance concerns which option."""
    statements = active(guideline.statements)
    avoidances = tuple(
        (s, members(s.avoid, interventions)) for s in statements if s.avoid is not None
    )
    recommendations = tuple(
        (
            s,
            tuple(
                _option(s.recommend.action, option, avoidances) for option in s.recommend.options
            ),
        )
        for s in statements
        if s.recommend is not None
    )
    evidence = tuple(s for s in statements if s.figure is not None)
    return Plan(recommendations, avoidances, evidence)


def members(avoid: ir.Avoid, interventions: Mapping[str, ir.Intervention]) -> tuple[str, ...]:
    """List the interventions that an avoidance names, those of its classes too."""
    named = set(avoid.interventions)
    named |= {i.id for i in interventions.values() if not set(i.classes).isdisjoint(avoid.classes)}
    return tuple(sorted(named))


def _option(
    action: str,
    chosen: tuple[str, ...],
    avoidances: tuple[tuple[ir.Statement, tuple[str, ...]], ...],
) -> Option:
    concerned: dict[str, list[str]] = {"contraindication": [], "caution": []}
    for statement, members in avoidances:
        assert statement.avoid is not None
        if set(chosen).isdisjoint(members):
            continue
        if action in (statement.avoid.actions or GIVES):
            concerned[statement.kind].append(statement.id)
        elif action in CONSIDERS and not statement.avoid.actions:
            concerned["caution"].append(statement.id)  # nothing is given yet, but it must be seen
    return Option(chosen, tuple(concerned["contraindication"]), tuple(concerned["caution"]))


def judge(
    when: Truth, applies: Truth, options: tuple[Option, ...], statements: Mapping[str, Truth]
) -> tuple[Status, tuple[OptionStatus, ...]] | None:
    """Judge a recommendation; None when it is not for this patient.

    The whole is recommended when one of its options is, else contingent when one is, else blocked.
    """
    holds = conjunction((applies, when))
    if holds is False:
        return None
    if not any(option.contraindications for option in options):
        simple: Status = "recommended" if holds else "contingent"
        return simple, tuple([OptionStatus(option, simple, (), ()) for option in options])
    judged = []
    for option in options:
        blocked = tuple(s for s in option.contraindications if statements[s])
        open_on = tuple(s for s in option.contraindications if statements[s] is None)
        status: Status = "recommended"
        if blocked:
            status = "blocked"
        elif open_on or holds is None:
            status = "contingent"
        judged.append(OptionStatus(option, status, blocked, open_on))
    found = {option.status for option in judged}
    best: Status = next(s for s in _BEST_FIRST if s in found)
    return best, tuple(judged)
