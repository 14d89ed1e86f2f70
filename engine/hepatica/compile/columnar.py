"""A guideline as Polars expressions: every patient of a table at once.

Inside there are only Boolean columns without nulls: a question about a fact becomes two of them,
*surely true?* and *surely false?*, and a missing value is off in both. What is used more than once
is a column of its own, made in one `with_columns` a step; the rest is written where it is used, so
that the plan grows with the guideline and not with the ways through it.

A value that is missing may be null or, for a number, NaN: Polars finds NaN greater than every
number, so it is made null first. A set with a null in it is not complete, and is missing as a
whole. Infinite numbers have to be refused before. Of a number there may be bounds in its place
(`compile.bounds`): what they decide is answered, and they are neither *known* nor *not known*.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from hepatica import ir
from hepatica.compile.bounds import has_bounds, inner_names, prepare_ends
from hepatica.compile.circuit import WORDS, Circuit
from hepatica.compile.expressions import Expressions, dtype_of, prepare
from hepatica.nodes import Ask, Given
from hepatica.walk import leaves

PLAIN = pl.QueryOptFlags(comm_subexpr_elim=False, comm_subplan_elim=False)
"""The compiled plans say nothing twice, and looking for that takes longer than answering."""

Plan = tuple[list[list[pl.Expr]], dict[str, pl.Expr]]
Make = Callable[[Expressions], dict[str, pl.Expr]]


class Facts(NamedTuple):
    """The facts that a table has, and those of which it has bounds, which are among them."""

    given: frozenset[str]
    bounded: frozenset[str]


class Asked(NamedTuple):
    """What is asked of a guideline: the nodes that are needed, and the columns made of them.

    `what` names the question: its plan is kept for every set of facts that tables have. With
    `nullable`, questions may be null where a fact is missing (see `Expressions`).
    """

    of: Columnar
    what: str
    roots: tuple[int, ...]
    make: Make
    nullable: bool = False


class Columnar:
    """A guideline compiled for tables.

    A table has a row a patient and a column a fact, named by the fact's id, in the types that
    `columns` gives: text and categories are cast to them, whole numbers to floats. Facts without a
    column are missing for everybody. Beside a quantity may stand its bounds (`FACT.low` and so on,
    see `compile.bounds`). Every method takes a lazy frame and gives a lazy frame, of the
    same rows in the same order; nothing is read before that is collected. A column of a type that a
    fact cannot have, and a kept column named like an answer, raise `ValueError` at once; a code
    that is none of the fact's values raises Polars' `InvalidOperationError` when collected.
    """

    def __init__(self, guideline: ir.Guideline, knowledge: ir.Knowledge) -> None:
        """Lower a guideline of this knowledge; expressions are made for each table's columns."""
        self.circuit = Circuit(guideline, knowledge)
        self.guideline = guideline.id
        self.statements = tuple(self.circuit.statements)
        self.kinds = self.circuit.kinds
        asked = [n for n in self.circuit.nodes if isinstance(n, Ask | Given)]
        self.reads = tuple(sorted({n.leaf.fact if isinstance(n, Ask) else n.fact for n in asked}))
        self._plans: dict[tuple[str, Facts], Plan] = {}

    def columns(self) -> dict[str, pl.DataType]:
        """Give the type of each fact's column."""
        return {name: dtype_of(self.circuit.facts[name]) for name in self.reads}

    def truths(self, frame: pl.LazyFrame, keep: Sequence[str] = ()) -> pl.LazyFrame:
        """Answer every statement's own condition: a nullable Boolean each, null for unknown.

        Columns: those kept, one a statement (without scores, which have no condition of their own),
        and `applies`.
        """
        rails = {**self.circuit.statements, "applies": self.circuit.applies}

        def make(e: Expressions) -> dict[str, pl.Expr]:
            return {name: e.truth(rail) for name, rail in rails.items()}

        roots = [number for rail in rails.values() for number in rail]
        return self._select(frame, keep, "truths", roots, make)

    def outcomes(self, frame: pl.LazyFrame, keep: Sequence[str] = ()) -> pl.LazyFrame:
        """Give the status of every statement, as an Enum of those of its kind (`circuit.WORDS`).

        A recommendation and an avoidance are `none` where they do not hold or the guideline does
        not apply; definitions and evidence are true, false or unknown by themselves. Columns: those
        kept, one a statement, and `applies` (a nullable Boolean).
        """
        return self._select(frame, keep, "outcomes", self._outcome_nodes, self._outcomes)

    def conditions(
        self, frame: pl.LazyFrame, wanted: Mapping[str, ir.Condition], keep: Sequence[str] = ()
    ) -> pl.LazyFrame:
        """Answer conditions that need not be of any statement: a nullable Boolean each, by name.

        They may ask all that the guideline's own conditions could. Facts that only they ask about
        are added to `reads`.
        """
        rails = {name: self.circuit.lowering.condition(c) for name, c in wanted.items()}
        asked = {leaf.fact for c in wanted.values() for leaf in leaves(c)}
        self.reads = tuple(sorted({*self.reads, *asked}))

        names = {f"a {i}": name for i, name in enumerate(rails)}  # no name that a step could have

        def make(e: Expressions) -> dict[str, pl.Expr]:
            return {inner: e.truth(rails[name]) for inner, name in names.items()}

        roots = [number for rail in rails.values() for number in rail]
        found = self._select(frame, keep, f"conditions {rails}", roots, make)
        return found.rename(names)

    def concluded(self, frame: pl.LazyFrame, keep: Sequence[str] = ()) -> pl.LazyFrame:
        """Give what is concluded; a value that is given holds.

        Columns, after those kept: a boolean is a nullable Boolean; a code is its value (null where
        none is sure), and both it and a set have a nullable Boolean for each value, named
        `fact=value`; a score is two floats, `fact.low` and `fact.high`, equal where it is known.
        Where bounds of it are given it is those, null for no bound; a table with such has also
        `fact.low_open` and `fact.high_open`, true where the end does not belong to it.
        """
        rails = [rail for values in self.circuit.values.values() for rail in values.values()]
        rails += [rail for s in self.circuit.scores.values() for rail, _ in s.terms]
        return self._select(frame, keep, "concluded", [n for rail in rails for n in rail],
                            self._concluded)  # fmt: skip

    def missing(self, frame: pl.LazyFrame, keep: Sequence[str] = ()) -> pl.LazyFrame:
        """List, for every statement that is open, the facts that could settle it, by name.

        Columns: those kept, and for each statement a list of an Enum of `reads`; empty where it is
        not open.
        """
        names = pl.Enum(self.reads)

        def make(e: Expressions) -> dict[str, pl.Expr]:
            return {s: e.listed(sorted(by.items()), names) for s, by in self.waiting.items()}

        return self._select(frame, keep, "missing", self._waiting_nodes, make)

    def missing_pairs(self, frame: pl.LazyFrame, keep: Sequence[str] = ()) -> pl.LazyFrame:
        """Say of every statement and fact whether the fact is missing for it: cheap to count.

        Columns: those kept, and a Boolean without nulls for each of `pairs`, named
        `statement fact` with one space.
        """

        def make(e: Expressions) -> dict[str, pl.Expr]:
            return {f"{s} {fact}": e.use(self.waiting[s][fact]) for s, fact in self.pairs}

        return self._select(frame, keep, "pairs", self._waiting_nodes, make)

    @functools.cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """List every statement with every fact that can be missing for it."""
        return tuple((s, fact) for s, by in self.waiting.items() for fact in sorted(by))

    @functools.cached_property
    def waiting(self) -> dict[str, dict[str, int]]:
        """Give, for every statement, the node of each fact that can be missing for it."""
        return {s: self.circuit.missing(s) for s in self.kinds}

    @property
    def _waiting_nodes(self) -> list[int]:
        return [number for by in self.waiting.values() for number in by.values()]

    @property
    def _outcome_nodes(self) -> list[int]:
        by_statement = self.circuit.statuses.values()
        return [*(n for by_word in by_statement for n in by_word.values()), *self.circuit.applies]

    def _outcomes(self, e: Expressions) -> dict[str, pl.Expr]:
        statuses = self.circuit.statuses
        kinds = {kind: pl.Enum(words) for kind, words in WORDS.items()}
        found = {
            s: e.chosen(by, kinds[self.kinds[s]], WORDS[self.kinds[s]][-1])
            for s, by in statuses.items()
        }
        return {**found, "applies": e.truth(self.circuit.applies)}

    def _concluded(self, e: Expressions) -> dict[str, pl.Expr]:
        found: dict[str, pl.Expr] = {}
        for name, values in self.circuit.values.items():
            fact = self.circuit.facts[name]
            if fact.type == "boolean":
                found[name] = e.truth(values[True])
                continue
            if fact.type == "code":
                by_value = {str(value): rail.true for value, rail in values.items()}
                found[name] = e.chosen(by_value, pl.Enum(list(fact.values)))
            found |= {f"{name}={value}": e.truth(rail) for value, rail in values.items()}
        for name, score in self.circuit.scores.items():
            for end, expr in zip(("low", "high"), e.interval(score), strict=True):
                found[f"{name}.{end}"] = e.given_or(name, end, expr)
            for end in ("low_open", "high_open") if name in e.bounded else ():
                found[f"{name}.{end}"] = e.is_open(name, end)
        return found

    # --- plans -------------------------------------------------------------------------------

    def _select(
        self, frame: pl.LazyFrame, keep: Sequence[str], what: str, roots: Iterable[int], make: Make
    ) -> pl.LazyFrame:
        return ask(frame, [Asked(self, what, tuple(roots), make)], keep)

    def given(self, columns: Container[str]) -> Facts:
        """Say which facts a table with these columns has, and of which it has bounds."""
        bounded = frozenset(
            name for name in self.reads if has_bounds(self.circuit.facts[name], columns)
        )
        return Facts(frozenset(name for name in self.reads if name in columns) | bounded, bounded)

    def plan(self, asked: Asked, facts: Facts) -> Plan:
        """Give the steps to make, and then the answers, over the facts that a table has."""
        plan = self._plans.get((asked.what, facts))
        if plan is None:
            expressions = Expressions(self.circuit, asked.roots, *facts, nullable=asked.nullable)
            answers = asked.make(expressions)
            plan = self._plans[asked.what, facts] = (expressions.steps, answers)
        return plan


def ask(frame: pl.LazyFrame, asked: Sequence[Asked], keep: Sequence[str] = ()) -> pl.LazyFrame:
    """Ask several guidelines at once, in one plan: the table is read once.

    Columns: those kept, and all answers, whose names have to differ.
    """
    schema = frame.collect_schema()
    facts = {name: a.of.circuit.facts[name] for a in asked for name in a.of.reads}
    has = [a.of.given(schema) for a in asked]
    given = {name for one in has for name in one.given}
    bounded = {name for one in has for name in one.bounded}
    values = {name: prepare(facts[name], schema.get(name)) for name in sorted(given)}
    # Renamed first, so that no column of the table can have the name of one of ours.
    kept = {f"k {i}": name for i, name in enumerate(keep)}
    found = frame.select(
        *[pl.col(name).alias(inner) for inner, name in kept.items()],
        *[expr.alias(f"f {name}") for name, expr in values.items()],
        *[end for n in sorted(bounded) for end in prepare_ends(facts[n], schema, values[n])],
        *([] if kept or given else [pl.nth(0).alias("k 0")]),  # as many rows as there were
    )
    names = dict(kept)
    for i, (one, its) in enumerate(zip(asked, has, strict=True)):
        steps, answers = one.of.plan(one, its)
        if taken := sorted(set(names.values()) & set(answers)):
            raise ValueError(f"two columns would have the same name: {', '.join(taken)}")
        for step in steps:  # a later guideline's columns take the place of an earlier one's
            found = found.with_columns(step)
        own = {f"a {i} {j}": name for j, name in enumerate(answers)}
        exprs = [expr.alias(name) for name, expr in zip(own, answers.values(), strict=True)]
        found = found.with_columns(exprs).select(*names, *_columns(has[i + 1 :]), *own)
        names |= own
    return found.select(pl.col(inner).alias(name) for inner, name in names.items())


def _columns(has: Iterable[Facts]) -> list[str]:
    """Name the columns of facts that later guidelines need."""
    left = list(has)
    given = sorted({name for one in left for name in one.given})
    bounded = sorted({name for one in left for name in one.bounded})
    return [*[f"f {name}" for name in given], *[n for b in bounded for n in inner_names(b)]]
