"""L104: two definitions that give one patient different values of a code.

For such a patient the fact counts as unknown (D107), and whatever asks it stays silent.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hepatica import ir
from hepatica.diagnostics import Diagnostic
from hepatica.evaluate import Given, Referee
from hepatica.lint.logic.ground import Ground, Undecided


def check(ground: Ground) -> Iterator[Diagnostic]:
    """Look, for each pair of definitions with different values, for a patient who has both."""
    own = {s.id: s for s in ground.statements()}
    for fact, said in ground.meaning.values.items():
        if ground.facts[fact].type != "code":
            continue
        for (value, ids), (other, others) in itertools.combinations(said.items(), 2):
            for one, two in itertools.product(ids, others):
                mine = own.get(two) or own.get(one)
                if mine is not None:  # two of one pack are told with the pack
                    yield from _check(ground, mine, fact, (one, value), (two, other))


def _check(
    ground: Ground,
    mine: ir.Statement,
    fact: str,
    one: tuple[str, ir.Value],
    two: tuple[str, ir.Value],
) -> Iterator[Diagnostic]:
    pairs = [ground.guide.statement(name) for name, _ in (one, two)]
    facts = frozenset({fact}).union(*(p.facts for p in pairs))
    both = ground.solver.all_of((*(p.true for p in pairs), ground.patients.is_(fact, None)))

    def confirms(given: Given) -> bool:
        return bool(Referee(ground.meaning, given).concluded(fact).conflict)

    try:
        patient = ground.smallest(both, facts, confirms)
    except Undecided:
        yield ground.undecided(mine, f"`{one[0]}` and `{two[0]}` can both be true")
        return
    if patient is not None:
        text = f"`{fact}` can be `{one[1]}` by `{one[0]}` and `{two[1]}` by `{two[0]}`"
        help = f"so for {ground.told(patient)}; let one of them exclude the other"
        yield ground.say(mine, ("conclude",), "L104", text, help)
