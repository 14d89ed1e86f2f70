"""Statements with one thing changed: their conditions, what they conclude, avoid and recommend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hepatica import ir
from hepatica.mutation.changes import Change, Kind, changes
from hepatica.outcome import Plan, plan
from hepatica.walk import active


class Mutant(NamedTuple):
    """One changed thing of a guideline.

    `statement` is the statement it is in, None for the guideline's `applies`; `changed` is what it
    became; `change` says what was changed (its condition is the statement's whole condition, of a
    score the condition of one option, of anything else an empty `all`).
    """

    guideline: str
    statement: ir.Statement | None
    changed: ir.Statement | None
    change: Change

    @property
    def file(self) -> str:
        """Name the file; empty for `applies`, which stands in the manifest."""
        return self.statement.file if self.statement else ""


_NOTHING = ir.All(())


def mutants(guideline: ir.Guideline, knowledge: ir.Knowledge) -> Iterator[Mutant]:
    """Make every mutant of a guideline: of its own statements, then of its `applies`.

    What changes no status of any patient is not made: an alternative beside an equal one, an
    action that no recommendation has. A case has no words for these.
    """
    facts = knowledge.facts
    before = _effects(plan(guideline, knowledge.interventions))
    for s in active(guideline.statements):
        for changed, change in _of_statement(s, facts):
            if change.kind in ("avoidance", "option"):
                own = tuple(changed if o.id == s.id else o for o in guideline.statements)
                after = plan(ir.replace(guideline, statements=own), knowledge.interventions)
                if _effects(after) == before:
                    continue
            yield Mutant(guideline.id, s, changed, change)
    if guideline.applies is not None:
        for change in changes(guideline.applies, facts):
            yield Mutant(guideline.id, None, None, change._replace(kind="applies"))


def _of_statement(
    s: ir.Statement, facts: Mapping[str, ir.Fact]
) -> Iterator[tuple[ir.Statement, Change]]:
    if s.when is not None:
        for change in changes(s.when, facts):
            yield ir.replace(s, when=change.condition), change
    for i, item in enumerate(s.items):
        for j, option in enumerate(item.best_of):
            for new, change in _of_option(item, option, facts):
                best_of = (*item.best_of[:j], new, *item.best_of[j + 1 :])
                mended = (*s.items[:i], ir.replace(item, best_of=best_of), *s.items[i + 1 :])
                yield ir.replace(s, items=mended), change
    for changed, kind, was, now in _of_effect(s, facts):
        yield changed, Change(_NOTHING, kind, 1, was, now)


def _of_option(
    item: ir.ScoreItem, option: ir.ScoreOption, facts: Mapping[str, ir.Fact]
) -> Iterator[tuple[ir.ScoreOption, Change]]:
    for change in changes(option.when, facts):
        yield ir.replace(option, when=change.condition), change
    for points in (option.points - 1, option.points + 1):
        was, now = f"{item.name}: {option.points} points", f"{points} points"
        line = getattr(option.when, "line", 0)
        yield ir.replace(option, points=points), Change(option.when, "points", line, was, now)


def _of_effect(
    s: ir.Statement, facts: Mapping[str, ir.Fact]
) -> Iterator[tuple[ir.Statement, Kind, str, str]]:
    if s.conclude is not None and isinstance(s.conclude[1], str):  # a boolean is only ever true
        name, value = s.conclude
        values = list(facts[name].values)
        other = values[(values.index(s.conclude[1]) + 1) % len(values)]
        if other != value:
            yield ir.replace(s, conclude=(name, other)), "conclusion", f"{name}: {value}", other
    if s.avoid is not None:
        yield from _of_avoid(s, s.avoid)
    if s.recommend is not None and len(s.recommend.options) > 1:
        for option in s.recommend.options:
            rest = tuple(o for o in s.recommend.options if o != option)
            fewer = ir.replace(s.recommend, options=rest)
            was = f"option {' + '.join(option)}"
            yield ir.replace(s, recommend=fewer), "option", was, "left out"


def _of_avoid(s: ir.Statement, avoid: ir.Avoid) -> Iterator[tuple[ir.Statement, Kind, str, str]]:
    for field in ("classes", "interventions", "actions"):
        names: tuple[str, ...] = getattr(avoid, field)
        for name in names:
            rest = tuple(n for n in names if n != name)
            fewer = ir.replace(avoid, **{field: rest})
            if fewer.classes or fewer.interventions:
                was = f"avoid {field}: {name}"
                yield ir.replace(s, avoid=fewer), "avoidance", was, "left out"


def _effects(plan: Plan) -> object:
    """Write down what decides statuses: of each recommendation the sets that speak against it.

    An option is of no account beside one against which nothing more speaks.
    """
    recommendations = {}
    for s, options in plan.recommendations:
        against = {frozenset(o.contraindications) for o in options}
        least = frozenset(a for a in against if not any(b < a for b in against))
        recommendations[s.id] = least
    return recommendations, {s.id: members for s, members in plan.avoidances}
