"""Patients whom a case could show: what the engine answers for them now, to accept or refuse.

A case speaks of statuses and conclusions, so a patient of a statement becomes one of the guideline:
the facts by which it applies are added, and it is tried whether the case would notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hepatica import ir
from hepatica.case import contradictions
from hepatica.cases import concluded
from hepatica.evaluate import Given, Referee
from hepatica.mutation.mutants import Mutant
from hepatica.mutation.notice import Changed, Home
from hepatica.mutation.separate import Facts, Test, exact, shrink, tells_apart
from hepatica.mutation.statuses import statuses
from hepatica.outcome import members
from hepatica.walk import concludes, leaves


def expected(home: Home, facts: Facts, mutant: Mutant) -> dict[str, Any]:
    """Write what a guideline says of a patient, as far as it concerns a mutant, as a case does."""
    referee = Referee(home.meaning, facts)
    told = statuses(home.guideline, home.plan, referee)
    s = mutant.statement
    found: dict[str, Any] = {"applies": {"true": True, "false": False}.get(told.applies, "unknown")}
    fact = None if s is None else concludes(s)
    if fact is not None:
        found["conclude"] = {
            name: _conclusion(home.knowledge.facts[name], concluded(referee, name))
            for name in dict.fromkeys((fact, *_also(mutant)))
        }
    own = None if s is None or s.recommend is None else s.id
    found["recommend"] = {
        r.statement.split("/", 1)[1]: r.status
        for r in told.recommendations
        if r.status != "contingent" or r.statement == own
    }
    if own is not None:
        found["recommend"].setdefault(own.split("/", 1)[1], "silent")
    concerned = _concerned(home, mutant)
    gravest: dict[str, str] = {}
    for a in told.avoid:
        gravest.setdefault(a.intervention, a.status)
    found["avoid"] = {
        name: status
        for name, status in sorted(gravest.items())
        if status == "contraindicated" or name in concerned
    }
    for name in sorted(concerned):
        found["avoid"].setdefault(name, "silent")
    return found


def _also(mutant: Mutant) -> Iterator[str]:
    if mutant.changed is not None and mutant.changed.conclude is not None:
        yield mutant.changed.conclude[0]


def _conclusion(fact: ir.Fact, words: list[str]) -> Any:
    """Write what is concluded as a case writes it."""
    if fact.type == "codes":
        return words
    if fact.type == "quantity":
        numbers = [int(w) for w in words if w.lstrip("-").isdigit()]
        return numbers[0] if len(numbers) == 1 else numbers
    return {"true": True, "false": False}.get(words[0], words[0])


def _concerned(home: Home, mutant: Mutant) -> set[str]:
    interventions = home.knowledge.interventions
    return {
        name
        for s in (mutant.statement, mutant.changed)
        if s is not None and s.avoid is not None
        for name in members(s.avoid, interventions)
    }


def would_notice(home: Home, mutant: Mutant, facts: Facts, changed: Changed | None = None) -> bool:
    """Say whether a case of this patient, with what the engine answers now, notices a mutant."""
    if contradictions(home.knowledge.facts, facts):
        return False
    return (changed or home.with_(mutant)).fails(facts, expected(home, facts, mutant))


def case_patient(home: Home, mutant: Mutant, facts: Facts | None) -> Facts | None:
    """Make a patient of a guideline out of one of a statement; None where no case can tell."""
    changed = home.with_(mutant)
    for seed in (*([facts] if facts is not None else []), *_seeds(home, mutant)):
        for more in (*_to_whom(home), {}):
            trial = {**more, **seed}
            if would_notice(home, mutant, trial, changed):
                return _plain(home, mutant, trial, changed)
    return None


def _plain(home: Home, mutant: Mutant, facts: Facts, changed: Changed) -> Facts:
    """Make a patient small who shows a mutant, and leave plain what is plain."""
    kept = [wish for wish in _wishes(home, mutant) if wish(facts)]

    def test(given: Given) -> bool:
        return all(wish(given) for wish in kept) and would_notice(
            home, mutant, exact(given), changed
        )

    return shrink(facts, test, home.knowledge.facts)


def _wishes(home: Home, mutant: Mutant) -> list[Test]:
    """List what makes a patient plain: the guideline applies, and the two answers are decided."""
    wishes: list[Test] = []
    applies = home.guideline.applies
    if applies is not None and mutant.statement is not None:
        wishes.append(lambda given: Referee(home.meaning, given).truth(applies) is True)
    if mutant.change.kind not in ("conclusion", "avoidance", "option"):
        wishes.append(tells_apart(home, mutant, surely=True))
    return wishes


def effect_patient(home: Home, mutant: Mutant) -> Facts | None:
    """Find a patient who shows that the effect of a statement was changed."""
    return case_patient(home, mutant, None)


def _seeds(home: Home, mutant: Mutant) -> Iterator[Facts]:
    """Give patients for whom a statement holds, then such with what speaks against its options."""
    s = mutant.statement
    if s is None:
        return
    own = [dict(e.facts) for e in s.examples if e.expect == "true"]
    yield from own
    if mutant.change.kind in ("option", "avoidance"):
        against = {
            c
            for r, options in home.plan.recommendations
            for o in options
            for c in o.contraindications
            if r.id == s.id or s.id in o.contraindications
        }
        beside = [o for o, _ in home.plan.avoidances if o.id != s.id and o.id in against]
        for other in (e for o in beside for e in o.examples if e.expect == "true"):
            yield from ({**other.facts, **facts} for facts in own[:2])
        yield from (exact(p.case.facts) for p in home.cases if p.referee.statement(s.id))


def _to_whom(home: Home) -> list[Facts]:
    """Give the smallest patients to whom a guideline applies, of those there are."""
    applies = home.guideline.applies
    if applies is None:
        return []
    if home.to_whom is None:
        reached = frozenset[str]().union(*(home.reach(leaf.fact) for leaf in leaves(applies)))
        home.to_whom = list(_smallest(home, applies, reached))
    return home.to_whom


def _smallest(home: Home, applies: ir.Condition, reached: Iterable[str]) -> Iterator[Facts]:
    def test(given: Any) -> bool:
        return Referee(home.meaning, given).truth(applies) is True

    told: list[Facts] = []
    for patient in home.cases:
        facts = {n: v for n, v in exact(patient.case.facts).items() if n in reached}
        if test(facts):
            small = shrink(facts, test, home.knowledge.facts)
            if small not in told:
                told.append(small)
    yield from sorted(told, key=lambda f: (len(f), sorted(f)))[:3]
