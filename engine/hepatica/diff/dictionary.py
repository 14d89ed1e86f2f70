"""Facts that two dictionaries describe otherwise: the same question may then mean another thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hepatica import ir
from hepatica.diff.align import Ready
from hepatica.diff.data import FactChange


def fact_changes(
    old: Mapping[str, ir.Fact], new: Mapping[str, ir.Fact], asked: Iterable[Ready]
) -> Iterator[FactChange]:
    """List what differs in the entries of facts that statements ask about, where both have them."""
    for name in sorted({question.fact for r in asked for question in r.asks}):
        one, other = old.get(name), new.get(name)
        if one is None or other is None or one == other:
            continue
        before, after = _entry(one), _entry(other)
        for what, said in before.items():
            if said != after[what]:
                yield FactChange(name, what, said, after[what])


def _entry(fact: ir.Fact) -> dict[str, str]:
    low, high = fact.range or (None, None)
    return {
        "title": fact.title,
        "text": fact.text,
        "type": fact.type,
        "unit": fact.unit or "",
        "range": "" if low is None else f"{low:g} to {high:g}",
        "values": "; ".join(f"{value}: {means}" for value, means in fact.values.items()),
    }
