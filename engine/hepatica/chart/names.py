"""The names that a chart may use: which drugs, events and tests the dictionaries know."""

from __future__ import annotations

from collections.abc import Mapping

from hepatica import ir
from hepatica.chart.model import When
from hepatica.chart.numbers import Measured
from hepatica.derivation import (
    DATED,
    ONE_BY_ONE,
    Count,
    Dose,
    Drugs,
    Line,
    Reactions,
    Since,
    Started,
    TimeOn,
)
from hepatica.kept import Kept

OTHER_DRUG = "other_drug"
FAILURE = "failure"
_MOST_KEPT = 50_000


class Names:
    """The drugs, events, facts and tests that entries may name; made once for a knowledge."""

    def __init__(
        self, facts: Mapping[str, ir.Fact], interventions: Mapping[str, ir.Intervention]
    ) -> None:
        """Collect them from the ways in which facts are derived; what can be done, from its own."""
        self.facts = facts
        self.interventions = interventions
        self.performed = [i.id for i in interventions.values() if i.type != "drug"]
        drugs: dict[str, None] = {}
        events: dict[str, None] = {}
        self.reactions: set[str] = set()
        for fact in facts.values():
            way = fact.derive
            if isinstance(way, TimeOn | Started):
                drugs |= dict.fromkeys(way.drugs)
            elif isinstance(way, Drugs):
                drugs |= dict.fromkeys(fact.values)
                if way.which == "failed":
                    events[FAILURE] = None
            elif isinstance(way, Dose):
                drugs[way.of] = None
            elif isinstance(way, Reactions):
                drugs[way.drug] = None
                events |= dict.fromkeys(fact.values)
                self.reactions |= set(fact.values)
            elif isinstance(way, Count):
                events[way.of] = None
            elif isinstance(way, Since):
                events[way.event] = None
            elif isinstance(way, Line):
                drugs |= dict.fromkeys(drug for group in way.lines for drug in group)
        self.drugs = (*drugs, OTHER_DRUG)
        self.events = tuple(events)
        self.treatment = next(
            (f.derive.drugs for f in facts.values() if isinstance(f.derive, Started)), ()
        )
        # Whether charts in bulk have to be worked out one by one.
        self.one_by_one = any(isinstance(f.derive, ONE_BY_ONE) for f in facts.values())
        # What was read before, by what was written: a stream repeats itself.
        self.measured: Kept[Measured] = Kept(_MOST_KEPT)
        self.times: Kept[When] = Kept(_MOST_KEPT)
        self.dated = {f.id for f in facts.values() if isinstance(f.derive, DATED)}
