"""Bounds among the facts of a case: `alt: "<5 U/L"`, read as in an entry of a chart."""

from __future__ import annotations

from collections.abc import Mapping

from hepatica.chart.numbers import Refused, bounds
from hepatica.interval import Interval
from hepatica.parse.conditions import Vocabulary
from hepatica.source import Document


def read_bounds(
    vocabulary: Vocabulary, document: Document, written: Mapping[str, str]
) -> dict[str, float | Interval | None]:
    """Read those of some quantities that give bounds; None for one that is wrong, and reported."""
    found: dict[str, float | Interval | None] = {}
    for name, raw in written.items():
        fact = vocabulary.facts[name]
        try:
            value = bounds(fact, raw)
            if value is not None:
                found[name] = value
        except Refused as refused:
            found[name] = None
            place = ("facts", name)
            vocabulary.report(document, place, refused.code, refused.text, refused.help)
    return found
