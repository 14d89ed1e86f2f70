"""The verdict on every mutant of some guidelines, and the score."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from hepatica import ir
from hepatica.mutation.mutants import Mutant, mutants
from hepatica.mutation.notice import Noticer
from hepatica.mutation.propose import effect_patient
from hepatica.mutation.separate import Facts, Found, Searcher

State = Literal["noticed", "equivalent", "unnoticed", "not_decided"]
STATES: tuple[State, ...] = ("noticed", "equivalent", "unnoticed", "not_decided")
_EFFECTS = ("conclusion", "avoidance", "option")


class Verdict(NamedTuple):
    """What became of a mutant: who noticed it, or a patient who would.

    `facts` is a patient for whom the changed statement answers otherwise, of an unnoticed mutant;
    None where none was found.
    """

    mutant: Mutant
    state: State
    by: str | None = None
    facts: Facts | None = None


def judge(
    guidelines: Iterable[ir.Guideline],
    noticer: Noticer,
    searcher: Searcher,
    tick: Callable[[], None] = lambda: None,
) -> list[Verdict]:
    """Judge every mutant of some guidelines; `tick` is called for each guideline that is done.

    A value taken out of a list counts once for all places where the guideline asks the same list:
    it is noticed where one of them is (docs/decisions/0016). A mutant is unnoticed only if a
    patient is known for whom it matters.
    """
    found: list[Verdict] = []
    for guideline in guidelines:
        asked = [(m, noticer.by(m)) for m in _once(guideline, noticer)]
        found += [Verdict(m, "noticed", by) for m, by in asked if by is not None]
        found += _unnoticed([m for m, by in asked if by is None], noticer, searcher)
        tick()
    return found


def _once(guideline: ir.Guideline, noticer: Noticer) -> list[Mutant]:
    """List the mutants of a guideline, of a list's value the one that is noticed, if any is."""
    found: list[Mutant] = []
    pools: dict[tuple[object, ...], list[Mutant]] = {}
    for mutant in mutants(guideline, noticer.knowledge):
        if mutant.change.pool is None:
            found.append(mutant)
        else:
            pools.setdefault(mutant.change.pool, []).append(mutant)
    for pool in pools.values():
        found.append(next((m for m in pool if noticer.by(m) is not None), pool[0]))
    return found


def _unnoticed(live: list[Mutant], noticer: Noticer, searcher: Searcher) -> list[Verdict]:
    if not live:
        return []
    home = noticer.home(live[0].guideline)
    asked = [m for m in live if m.change.kind not in _EFFECTS]
    told = dict(zip(map(id, asked), searcher.search(home, asked), strict=True))
    found = []
    for mutant in live:
        if id(mutant) not in told:
            facts = effect_patient(home, mutant)
            told[id(mutant)] = (
                searcher.effect(home, mutant) if facts is None else Found("patient", facts)
            )
        verdict, facts = told[id(mutant)]
        state: State = "unnoticed" if verdict == "patient" else verdict
        found.append(Verdict(mutant, state, None, facts))
    return found


class Score(NamedTuple):
    """How many mutants of a guideline there are in each state."""

    guideline: str
    counts: dict[State, int]

    @property
    def share(self) -> float:
        """Give the share of mutants that are noticed, of all but the equivalent ones."""
        asked = sum(self.counts.values()) - self.counts["equivalent"]
        return self.counts["noticed"] / asked if asked else 1.0


def scores(verdicts: Iterable[Verdict]) -> list[Score]:
    """Count the verdicts by guideline."""
    found: dict[str, dict[State, int]] = {}
    for verdict in verdicts:
        counts = found.setdefault(verdict.mutant.guideline, dict.fromkeys(STATES, 0))
        counts[verdict.state] += 1
    return [Score(name, counts) for name, counts in found.items()]
