"""L106: an answer that turns from true to false when one more fact becomes known.

More knowledge settles what was unknown and changes nothing else, but for `known`: "test it, if it
is not known" is over once it is known. That is right for a test, and a trap elsewhere. So it is a
note, one for each fact of a guideline, with the statements and a patient for the first of them.
Often one definition that asks what is known turns many statements that rest on it. Facts that
definitions conclude are left to them here: that a given value overrides one is as it should be.
"""

from __future__ import annotations

from collections.abc import Iterator

from hepatica import ir
from hepatica.compile.outcomes import Guide
from hepatica.compile.patients import Patients
from hepatica.compile.solver import Deadline, Formula
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.evaluate import Given, Referee
from hepatica.lint.logic.ground import Ground, Undecided
from hepatica.nodes import Given as IsGiven
from hepatica.nodes import Without, children
from hepatica.witness import case_of, defect, read_back


def check(ground: Ground) -> Iterator[Diagnostic]:
    """Look, for each statement that asks what is known, for two patients, one fact apart."""
    later: Guide | None = None
    turned: dict[str, list[tuple[ir.Statement, Given]]] = {}
    for s in ground.statements():
        if s.when is None or not _can_turn(ground, s.when):
            continue
        if later is None:
            patients = Patients(ground.solver, ground.facts, "+")
            later = Guide(patients, ground.guideline, ground.context.knowledge.interventions)
        try:
            found = _find(ground, later, s)
        except Undecided:
            yield ground.undecided(s, "more knowledge can make it false")
            continue
        if found is not None:
            before, fact = found
            turned.setdefault(fact, []).append((s, before))
    for fact, every in turned.items():
        first, before = every[0]
        text = f"true can turn to false when `{fact}` becomes known"
        if len(every) > 1:
            others = [f"`{s.id.removeprefix(ground.guideline.id + '/')}`" for s, _ in every[1:]]
            text += f", here and in {', '.join(others)}"
        help = f"so here for {ground.told(before)}; right for a test of it, a trap elsewhere"
        yield ground.say(first, ("when",), "L106", text, help, "note")


def _can_turn(ground: Ground, when: ir.Condition) -> bool:
    """Say whether a condition asks for what is absent, other than a fact that is concluded."""
    lowering = ground.guide.formulas.lowering
    waiting = list(lowering.condition(when))
    seen: set[int] = set()
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        node = lowering.nodes[number]
        if isinstance(node, Without):
            return True
        if isinstance(node, IsGiven) and not node.want and node.fact not in ground.meaning.by_fact:
            return True
        waiting += children(node)
    return False


def _find(ground: Ground, later: Guide, s: ir.Statement) -> tuple[Given, str] | None:
    """Find the smallest patient for whom one more fact turns true to false, and that fact."""
    pair = ground.guide.statement(s.id)
    names = ground.patients.around(pair.facts)
    more = later.formulas.patients
    added: dict[str, Formula] = {name: ground.solver.boolean(f"{name} added") for name in names}
    demands = [
        *ground.patients.possible(names),
        *more.possible(names),
        pair.true,
        later.statement(s.id).false,
        ground.solver.at_most(list(added.values()), 1),
    ]
    for name in names:
        if name in ground.meaning.by_fact:
            demands.append(ground.patients.is_(name, None))
        demands += _step(ground, more, name, added[name])
    counted = [more.given(name) for name in names]
    model, _ = ground.solver.fewest(demands, counted, Deadline(ground.seconds))
    if model is None:
        return None
    before = ground.patients.patient(model, names)
    after = {**more.patient(model, names), **before}
    [fact] = after.keys() - before.keys()
    truths = [
        Referee(ground.meaning, read_back(case_of("witness", p, ground.facts), ground.facts).facts)
        .statement(s.id)
        for p in (before, after)
    ]  # fmt: skip
    if truths != [True, False]:
        raise Invalid([defect(f"`{s.id}` for {ground.told(before)} and `{fact}`")])
    return before, fact


def _step(ground: Ground, more: Patients, name: str, added: Formula) -> Iterator[Formula]:
    """What is given stays as it was; something new is given only where a fact is added."""
    s, old, new = ground.solver, ground.patients.slot(name), more.slot(name)
    yield s.any_of((s.no(old.given), new.given))
    yield s.any_of((s.no(new.given), old.given, added))
    yield s.any_of((s.no(old.given), s.no(added)))
    same = [s.same(f, new.choices[value]) for value, f in old.choices.items()]
    if old.number is not None:
        same.append(s.same_number(old.number, new.number))
    yield s.any_of((s.no(old.given), s.all_of(same)))
    if name in ground.meaning.by_fact:
        yield s.no(new.given)
