"""Bounds of numbers in SQL: they answer as `Interval` does.

Inside, an end that is not there is infinite, so that no question finds it and nothing is null.
"""

from __future__ import annotations

from hepatica import ir
from hepatica.compile.sql_text import Column, identifier, line, literal
from hepatica.interval import ENDS

_SAID = (
    "the lowest number possible, where only bounds are known",
    "the highest number possible, where only bounds are known",
    "TRUE where the lowest number itself is not possible",
    "TRUE where the highest number itself is not possible",
)


def declared(fact: ir.Fact) -> list[tuple[str, str]]:
    """Declare the columns of a fact's bounds, each with a comment."""
    low, high, *opens = _names(fact.id)
    order = f" CHECK (isnan({low}) OR {low} <= {high})"  # NaN is missing, and the greatest
    found = [f"{end} DOUBLE CHECK (NOT isinf({end}))" for end in (low, high)]
    types = [found[0], found[1] + order, *(f"{name} BOOLEAN" for name in opens)]
    return [
        (column, f"{line(fact.title)}: {said}") for column, said in zip(types, _SAID, strict=True)
    ]


def columns(fact: ir.Fact, given: str) -> list[Column]:
    """Give the ends as columns without nulls, and `u FACT`, where the fact is surely not given.

    `given` says whether the number itself is given: then there are no bounds.
    """
    low, high, low_open, high_open = _names(fact.id)
    opens = [f"coalesce({name}, FALSE)" for name in (low_open, high_open)]
    wrong = literal(f"the columns {fact.id}.low and {fact.id}.high hold what no bounds can be: ")
    shown = " || ' to ' || ".join(f"coalesce({end}::VARCHAR, '')" for end in (low, high))
    cannot = f"error({wrong} || {shown})::DOUBLE"
    upside_down = f"({low} > {high} OR ({low} = {high} AND ({' OR '.join(opens)})))"
    empty = f"(NOT {_absent(low)} AND NOT {_absent(high)} AND {upside_down})"
    ends = [
        f"CASE WHEN {_absent(low)} OR {given} THEN '-Infinity'::DOUBLE"
        f" WHEN isinf({low}) OR {empty} THEN {cannot} ELSE {low} END",
        f"CASE WHEN {_absent(high)} OR {given} THEN 'Infinity'::DOUBLE"
        f" WHEN isinf({high}) OR {empty} THEN {cannot} ELSE {high} END",
        *opens,
    ]
    found = [Column(f"{end} {fact.id}", sql) for end, sql in zip(ENDS, ends, strict=True)]
    unknown = f"(NOT {given}) AND {_absent(low)} AND {_absent(high)}"
    return [*found, Column(f"u {fact.id}", unknown)]


def surely(leaf: ir.Leaf, want: bool) -> str:
    """Ask whether every number within the bounds gives this answer to a comparison."""
    low, high, low_open, high_open = (identifier(f"{end} {leaf.fact}") for end in ENDS)
    first, last = (f"{float(v)!r}::DOUBLE" for v in (leaf.values[0], leaf.values[-1]))

    def above(number: str) -> str:
        return f"({low} > {number} OR ({low_open} AND {low} >= {number}))"

    def below(number: str) -> str:
        return f"({high} < {number} OR ({high_open} AND {high} <= {number}))"

    if leaf.op == "between":
        inside = f"({low} >= {first} AND {high} <= {last})"
        return inside if want else f"({below(first)} OR {above(last)})"
    at_least, at_most = f"{low} >= {first}", f"{high} <= {first}"
    answers = {
        "above": (above(first), at_most), "at_least": (at_least, below(first)),
        "below": (below(first), at_least), "at_most": (at_most, above(first)),
    }  # fmt: skip
    return answers[leaf.op][0 if want else 1]


def _absent(name: str) -> str:
    return f"({name} IS NULL OR isnan({name}))"


def _names(fact: str) -> list[str]:
    return [identifier(f"{fact}.{end}") for end in ENDS]
