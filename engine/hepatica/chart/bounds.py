"""Bounds among the facts of a case: `alt: "<5 U/L"`, read as in an entry of a chart."""

from __future__ import annotations

from collections.abc import Mapping

from hepatica.chart.numbers import Refused, bounds
from hepatica.derivation import Given
from hepatica.interval import Interval
from hepatica.parse.conditions import Vocabulary
from hepatica.source import Document


def read_bounds(
    vocabulary: Vocabulary, document: Document, written: Mapping[str, str]
) -> dict[str, float | Interval | None]:
    """Read those of some quantities that give bounds; None for one that is wrong, and reported.

    Bounds of what is counted, or concluded otherwise, are refused: they follow from other facts.
    """
    found: dict[str, float | Interval | None] = {}
    for name, raw in written.items():
        fact = vocabulary.facts[name]
        try:
            value = bounds(fact, raw)
            if value is None:
                continue
            if isinstance(fact.derive, Given):
                text = f"`{name}` is worked out from other facts, so bounds are not given for it"
                raise Refused("D102", text, "give what it follows from, or the number")
            found[name] = value
        except Refused as refused:
            found[name] = None
            place = ("facts", name)
            vocabulary.report(document, place, refused.code, refused.text, refused.help)
    return found
