"""What a proof, or a case, decides about a condition that was compared by its structure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hepatica import ir
from hepatica.diff.data import CaseDiff, Condition, Pair, Relation, Witness


def proved(
    condition: Condition,
    relation: Relation | None,
    witnesses: tuple[Witness, ...],
    through: tuple[str, ...],
) -> Condition:
    """Put a proved relation in the place of that of the structure; None: it was not decided.

    A search that did not end leaves what the structure shows. Equal by structure is equal, unless
    it rests on conclusions that are defined otherwise (`through`): that is not known to be equal.
    """
    patient = dict(witnesses[0].facts) if witnesses else None
    if relation is None:
        if condition.relation == "equal":
            if not through:
                return condition
            condition = ir.replace(condition, relation="different")
        return ir.replace(condition, basis="not_decided", patient=patient)
    if relation == "equal":
        return Condition("equal", "proved", (), False)
    return ir.replace(condition, relation=relation, basis="proved", patient=patient)


def by_cases(pairs: Iterable[Pair], cases: Iterable[CaseDiff]) -> Iterator[Pair]:
    """Name the cases that show a difference where the solver did not decide."""
    differing: dict[tuple[str | None, str | None], list[str]] = {}
    for case in cases:
        for answer in case.answers:
            names = answer.old_statement, answer.new_statement
            differing.setdefault(names, []).append(case.case)
    for pair in pairs:
        found = tuple(dict.fromkeys(differing.get(pair.names, ())))
        if pair.condition is not None and pair.condition.basis == "not_decided" and found:
            decided = ir.replace(pair.condition, basis="cases", cases=found)
            pair = ir.replace(pair, condition=decided)
        yield pair
