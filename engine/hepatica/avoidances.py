"""What speaks against an intervention: contraindicated, to be done with care, or not excluded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from hepatica import finding as f
from hepatica import ir
from hepatica.evaluate import Truth
from hepatica.kept import Kept
from hepatica.prepared import Avoided, Prepared
from hepatica.trace import Facts, Tracer
from hepatica.written import Part, Section

MOST_KEPT = 2_000
"""Patterns of answers whose entries are kept for the next patient who has them."""


class Asked(NamedTuple):
    """One patient's answers; `pattern` None means that nothing is kept."""

    truths: Mapping[str, Truth]
    applies: Truth
    tracer: Tracer
    pattern: int | None


Because = Callable[[str, ir.Condition, Tracer], Facts]
Missing = Callable[[str, ir.Condition, Asked], Facts]


class Avoidances:
    """Writes the avoidances of one guideline; made once, used for every patient."""

    def __init__(self, prepared: Prepared, because: Because, missing_of: Missing) -> None:
        """Take what is the same for all patients, and who says why, and what is missing."""
        self.prepared = prepared
        self.because = because
        self.missing_of = missing_of
        self.masks: tuple[int, ...] = ()
        self._kept: Kept[tuple[Part[f.Avoidance], ...]] = Kept(MOST_KEPT)

    def found(self, asked: Asked) -> Section[f.Avoidance]:
        """Give what is contraindicated, to be done with care, or not excluded, in this order."""
        found: dict[str, list[tuple[int, Part[f.Avoidance]]]] = {
            "contraindicated": [], "caution": [], "contingent": [],
        }  # fmt: skip
        for avoided in self.prepared.avoided:
            if asked.truths[avoided.statement.id] is False:
                continue
            key, parts = None, None
            if asked.pattern is not None:
                key = (avoided.number, asked.pattern & self.masks[avoided.number])
                parts = self._kept.get(key)
            if parts is None:
                parts = tuple(map(Part, self._of(avoided, asked)))
                if key is not None:
                    self._kept.keep(key, parts)
            if parts:
                found[parts[0].item.status] += zip(avoided.places, parts, strict=True)
        return Section.of(part for group in found.values() for _, part in sorted(group, key=_place))

    def _of(self, avoided: Avoided, asked: Asked) -> Iterable[f.Avoidance]:
        s, p = avoided.statement, self.prepared
        assert s.avoid is not None
        truth = asked.truths[s.id]
        settled: Any = "contraindicated" if s.kind == "contraindication" else "caution"
        because = self.because(s.id, avoided.when, asked.tracer) if truth else ()
        open_ = () if truth else self.missing_of(s.id, avoided.when, asked)
        for name in avoided.interventions:
            yield f.Avoidance(
                intervention=name,
                kind=s.kind,  # type: ignore[arg-type]
                status=settled if truth else "contingent",
                statement=s.id,
                title=s.title,
                text=s.text,
                actions=s.avoid.actions,
                grade=p.grades[s.id],
                source=p.sources[s.id],
                interpretation=p.readings[s.id],
                because=because,
                missing=open_,
            )


def _place(pair: tuple[int, Part[f.Avoidance]]) -> int:
    return pair[0]
