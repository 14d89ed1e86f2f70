"""What a guideline concludes about a patient, with reasons, and what conclusions still wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hepatica import finding as f
from hepatica import ir
from hepatica.evaluate import Meaning, Truth, definitions_of
from hepatica.trace import Facts, Tracer, union
from hepatica.walk import active, concludes, conditions_of, leaves

Because = Callable[[str, ir.Condition, Tracer], Facts]
Write = Callable[[ir.Statement, tuple[str, ir.Value], Facts], f.Conclusion]


class Conclusions:
    """The definitions and scores of one guideline; made once, used for every patient."""

    def __init__(self, guideline: ir.Guideline, meaning: Meaning) -> None:
        """Prepare what is the same for all patients."""
        facts = meaning.facts
        self.definitions = definitions_of(guideline)
        self.can_conflict = {
            name for name, said in meaning.values.items()
            if len(said) > 1 and facts[name].type == "code"
        }  # fmt: skip
        self.scores = {s.score: s for s in self.definitions if s.score is not None}
        self.said = [
            (s.id, s.conclude[0], s.conclude, s.when, s)
            for s in self.definitions
            if s.conclude is not None and s.when is not None
        ]
        self.ranges = {s.id: _range(s) for s in self.definitions if s.score is not None}
        every = (*active(guideline.statements), *self.definitions)
        asked = {leaf.fact for s in every for when in conditions_of(s) for leaf in leaves(when)}
        if guideline.applies is not None:
            asked |= {leaf.fact for leaf in leaves(guideline.applies)}
        self.final = [
            (
                s,
                {leaf.fact for when in conditions_of(s) for leaf in leaves(when)}
                & set(self.scores),
            )
            for s in self.definitions
            if concludes(s) not in asked
        ]

    def found(
        self, truths: Mapping[str, Truth], tracer: Tracer, because: Because, write: Write
    ) -> tuple[f.Conclusion, ...]:
        """Give what is concluded: what holds, and every score of which something is known."""
        found = []
        given = tracer.referee.given
        for name, fact, said, when, s in self.said:
            if truths[name] and fact not in given:
                if fact in self.can_conflict and tracer.referee.concluded(fact).conflict:
                    continue
                found.append(write(s, said, because(name, when, tracer)))
        for fact, s in self.scores.items():
            if fact not in given and self._is_begun(s, tracer):
                found.append(write(s, (fact, _points(s, tracer)), _earned(s, tracer)))
        return tuple(sorted(found, key=lambda c: (c.fact, str(c.value), c.statement)))

    def waiting(self, truths: Mapping[str, Truth], tracer: Tracer) -> Iterator[tuple[str, Facts]]:
        """Name what could settle each conclusion that nothing else asks: an answer by itself.

        What a recommendation or another definition asks is told with that. A score of which
        nothing is known waits for nothing, nor does what asks it: nobody has begun to count.
        """
        for s, scores in self.final:
            if s.score is None and truths[s.id] is not None:
                continue
            fact = concludes(s)
            if fact is None or fact in tracer.referee.given:
                continue
            if s.score is not None:
                if self._is_begun(s, tracer):
                    open_ = (w for w in conditions_of(s) if tracer.referee.truth(w) is None)
                    yield s.id, union(tracer.missing(when) for when in open_)
                continue
            assert s.conclude is not None  # it concludes something, and is no score
            concluded = tracer.referee.concluded(fact).values.get(s.conclude[1])
            begun = all(self._is_begun(self.scores[n], tracer) for n in scores)
            if not concluded and begun:
                yield s.id, tracer.missing(s.when)

    def _is_begun(self, s: ir.Statement, tracer: Tracer) -> bool:
        return tracer.referee.concluded(s.score or "").score != self.ranges[s.id]


def _range(s: ir.Statement) -> tuple[int, int]:
    """Give the lowest and the highest sum that a score can have."""
    points = [[option.points for option in item.best_of] for item in s.items]
    return sum(min(0, *p) for p in points), sum(max(0, *p) for p in points)


def _points(s: ir.Statement, tracer: Tracer) -> ir.Value:
    low, high = tracer.referee.concluded(s.score or "").score or (0, 0)
    return low if low == high else f"{low} to {high}"


def _earned(s: ir.Statement, tracer: Tracer) -> Facts:
    holding = [when for when in conditions_of(s) if tracer.referee.truth(when)]
    return union(tracer.because(when, True) for when in holding)
