"""L109: what nobody is ever told by this statement alone: something else stands before it.

An option that is never recommended, since what speaks against it is never ruled out where the
statement holds (L105 tells of one that is always blocked). A definition that changes no conclusion,
since others of the same value decide whatever it decides. A recommendation, contraindication or
caution that says what another one says (action, doses, grade) to some of the same patients only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hepatica import ir
from hepatica.compile.patients import Pair
from hepatica.diagnostics import Diagnostic
from hepatica.evaluate import Given, Referee
from hepatica.lint.logic.ground import Ground, Undecided
from hepatica.outcome import Option
from hepatica.source import KeyPath
from hepatica.witness import Answerer, Status


def check(ground: Ground) -> Iterator[Diagnostic]:
    """Look for a patient whom each option, definition and statement tells something."""
    for s, options in ground.guide.plan.recommendations:
        for option in options:
            if option.contraindications:
                try:
                    yield from _option(ground, s, option)
                except Undecided:
                    yield ground.undecided(s, "one of its options is ever recommended")
    for group, kind in _groups(ground):
        kept = list(group)
        for s in reversed(group):
            others = [o for o in kept if o.id != s.id]
            if s.guideline != ground.guideline.id or not others:
                continue
            try:
                found = list(_shadow(ground, s, others, kind))
            except Undecided:
                yield ground.undecided(s, "it ever adds to what others say")
                continue
            if found:
                kept.remove(s)  # so that of two that say the same one stays
            yield from found


def _option(ground: Ground, s: ir.Statement, option: Option) -> Iterator[Diagnostic]:
    question = Status(s.id, option.interventions)
    status = ground.guide.status(*question)
    if ground.exists(status.formulas["recommended"], status.facts):
        return
    holds = ground.guide.holds(s.id)
    open_ = ground.solver.all_of((holds.true, status.formulas["contingent"]))
    answerer = Answerer(ground.guideline, ground.facts, ground.context.knowledge.interventions)
    patient = ground.smallest(
        open_, status.facts, lambda given: answerer.answer(question, given) == "contingent"
    )
    if patient is not None:  # if not, it is always blocked, or never holds: that has been told
        named = ", ".join(f"`{name}`" for name in option.interventions)
        text = f"{named} is never recommended here, only contingent or blocked"
        by = " and ".join(f"`{name}`" for name in option.contraindications)
        help = f"{by} is never ruled out; so for {ground.told(patient)}"
        yield ground.say(s, ("recommend",), "L109", text, help, "warning")


def _groups(ground: Ground) -> Iterator[tuple[list[ir.Statement], str]]:
    """Group statements that say the same: definitions by value, others by all they say."""
    every = {s.id: s for s in (*ground.guideline.definitions, *ground.guideline.statements)}
    for values in ground.meaning.values.values():
        for ids in values.values():
            yield [every[name] for name in ids], "definition"
    said: dict[object, list[ir.Statement]] = {}
    for s in ground.statements():
        if s.recommend is not None or s.avoid is not None:
            dose = tuple(ir.replace(d, when=None) for d in s.dose if d.when is None)
            own = s.id if len(dose) < len(s.dose) else ""  # a dose for some is its own
            key = (s.kind, s.recommend, s.avoid, s.grade, dose, s.schedule, s.target, s.duration)
            said.setdefault((*key, own), []).append(s)
    for group in said.values():
        yield group, "statement"


def _shadow(
    ground: Ground, s: ir.Statement, others: list[ir.Statement], kind: str
) -> Iterator[Diagnostic]:
    solver, own = ground.solver, ground.guide.statement(s.id)
    pairs = [ground.guide.statement(o.id) for o in others]
    facts = own.facts.union(*(p.facts for p in pairs))
    adds = solver.all_of((own.true, *(solver.no(p.true) for p in pairs)))
    if kind == "definition":  # what is false counts too: it keeps a conclusion from being false
        adds = solver.any_of((adds, _keeps_open(ground, own, pairs)))
    if ground.exists(adds, facts):
        return
    patient = ground.smallest(
        own.true, facts, lambda given: Referee(ground.meaning, given).statement(s.id) is True
    )
    if patient is not None:
        named = _names(o.id for o in others if _says_so(ground, o, patient))
        text = f"whenever this holds, the same is said by {named}"
        help = f"so for {ground.told(patient)}; leave it out, or ask for something else, "
        help += "unless its text or its source is what matters"
        place: KeyPath = ("conclude",) if s.conclude else ("when",)
        yield ground.say(s, place, "L109", text, help, "warning")


def _keeps_open(ground: Ground, own: Pair, pairs: list[Pair]) -> object:
    solver = ground.solver
    return solver.all_of((solver.no(own.false), *(p.false for p in pairs)))


def _says_so(ground: Ground, other: ir.Statement, patient: Given) -> bool:
    return Referee(ground.meaning, patient).statement(other.id) is True


def _names(ids: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in ids)
