"""Which missing facts could change an answer, those first that would settle most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hepatica import finding as f
from hepatica.trace import Facts
from hepatica.written import Section

BURDEN = ("record", "blood_test", "imaging", "biopsy")


def missing(
    recommendations: Iterable[f.Recommendation],
    avoid: Iterable[f.Avoidance],
    concerned: set[str],
    waiting: Iterable[tuple[str, Facts]],
    burdens: Mapping[str, int],
) -> Section[f.Missing]:
    """List the facts that could change what is recommended, not to be given, or concluded.

    Of what is not to be given only the `concerned` interventions count; `waiting` are conclusions
    with what they wait for; `burdens` the place of each fact in `BURDEN`.
    """
    settles: dict[str, dict[str, None]] = {}
    weight: dict[str, int] = {}
    for r in recommendations:
        for fact in r.missing:
            settles.setdefault(fact, {})[r.statement] = None
            weight[fact] = weight.get(fact, 0) + 1
    for a in avoid:
        for fact in a.missing if a.intervention in concerned else ():
            settles.setdefault(fact, {})[a.statement] = None
    for statement, facts in waiting:
        for fact in facts:
            settles.setdefault(fact, {})[statement] = None
    order = sorted(
        settles, key=lambda n: (-weight.get(n, 0), burdens[n], -len(settles[n]), n)
    )  # fmt: skip
    return Section(f.Missing(name, tuple(settles[name])) for name in order)
