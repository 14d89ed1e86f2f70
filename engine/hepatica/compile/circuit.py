"""All that a cohort is asked of a guideline, as nodes: truths, statuses, what is missing.

A status is a yes or no for each of its words, and so is whether a fact is missing for a statement.
So all of it becomes `And`, `Or` and `Without` over the rails, in the same list of nodes, and an
engine for cohorts has nothing to know but nodes. Unlike the rails themselves, statuses may turn
off again when more is known; each node is worked out after all below it, so that is no matter.

`outcome.judge` is what the statuses have to agree with, `trace.Tracer.missing` and `compose` what
is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hepatica import ir
from hepatica.lower import Lowering
from hepatica.nodes import And, Given, Node, Or, Rail, Without
from hepatica.outcome import Option, Plan, plan
from hepatica.walk import active, concludes, conditions_of

WORDS: dict[ir.Kind, tuple[str, ...]] = {
    "recommendation": ("recommended", "contingent", "blocked", "none"),
    "contraindication": ("contraindicated", "contingent", "none"),
    "caution": ("caution", "contingent", "none"),
    "definition": ("true", "false", "unknown"),
    "evidence": ("true", "false", "unknown"),
    "score": ("known", "unknown"),
}
"""The statuses of a statement, by its kind. The last is what is so when none of the others is."""

STATUSES = (
    "recommended", "contingent", "blocked", "contraindicated", "caution",
    "true", "false", "known", "unknown", "none",
)  # fmt: skip
"""Every status that any statement can have."""


class Score(NamedTuple):
    """A concluded number: its base, and for each step its rail and points (see `lower`)."""

    base: int
    total: int
    terms: tuple[tuple[Rail, int], ...]


class Circuit:
    """A guideline as nodes, with the numbers of all its answers.

    `statements` are the rails of each statement's own condition and `applies` that of the
    guideline; `statuses` gives, for each statement, the node of every status but the last of its
    kind; `missing` the node of each fact that a statement can wait for; `values` the rails of each
    value of a concluded fact, asked as a condition would (what is given holds); `scores` the
    concluded numbers.
    """

    def __init__(self, guideline: ir.Guideline, knowledge: ir.Knowledge) -> None:
        """Lower a guideline of this knowledge, and everything asked of it."""
        self.guideline = guideline
        self.facts = knowledge.facts
        self.lowering = Lowering(guideline, knowledge.facts)
        rails = self.lowering.rails()
        self.statements = rails.statements
        self.applies = rails.applies
        self.values = {fact: self._values(knowledge.facts[fact]) for fact in rails.concluded}
        self.scores = {f: Score(s.base, s.total, s.terms) for f, s in self.lowering.scores.items()}
        every = {s.id: s for s in (*active(guideline.definitions), *active(guideline.statements))}
        found: Plan = plan(guideline, knowledge.interventions)
        self._options = {s.id: options for s, options in found.recommendations}
        answered = [
            s for s in every.values()
            if s.id in self.statements or (s.kind == "score" and concludes(s))
        ]  # fmt: skip
        self.kinds: dict[str, ir.Kind] = {s.id: s.kind for s in answered}
        self._when = {s.id: tuple(conditions_of(s)) for s in answered}
        self.statuses = {s.id: self._status(s) for s in answered}
        self._waiting: dict[int, tuple[ir.Condition, dict[str, int]]] = {}
        self._waiting_of: dict[tuple[str, tuple[ir.Value, ...]], dict[str, int]] = {}
        self._missing: dict[str, dict[str, int]] = {}
        self._waiting_for_all: dict[str, dict[str, int]] = {}

    @property
    def applying(self) -> dict[str, int]:
        """Give whether the guideline applies as statuses: the nodes of all but `unknown`."""
        return {"true": self.applies.true, "false": self.applies.false}

    @property
    def nodes(self) -> list[Node]:
        """All nodes so far, children first."""
        return self.lowering.nodes

    def missing(self, statement: str) -> dict[str, int]:
        """Give the node of each fact that can be missing for a statement, made when first asked.

        It is on where the statement is open (contingent, or unknown) and the fact could settle it.
        """
        if statement not in self._missing:
            only = self.statuses[statement].get("contingent")
            self._missing[statement] = self._union((self.waiting(statement),), only)
        return self._missing[statement]

    def waiting(self, statement: str) -> dict[str, int]:
        """Give the same, but it may be on, too, where the statement is not open: fewer nodes."""
        if statement not in self._waiting_for_all:
            self._waiting_for_all[statement] = self._union(self._parts_of(statement))
        return self._waiting_for_all[statement]

    @property
    def waiting_to_apply(self) -> dict[str, int]:
        """Give the same of whether the guideline applies."""
        return {} if self.guideline.applies is None else self._open(self.guideline.applies)

    # --- nodes -------------------------------------------------------------------------------

    def _all(self, parts: Iterable[int]) -> int:
        """Make an `And` as it stands: flattening shared parts would copy them."""
        found = tuple(dict.fromkeys(parts))
        return found[0] if len(found) == 1 else self.lowering.node(And(found))

    def _any(self, parts: Iterable[int]) -> int:
        found = tuple(dict.fromkeys(parts))
        return found[0] if len(found) == 1 else self.lowering.node(Or(found))

    def _no(self, part: int) -> int:
        return self.lowering.node(Without(part))

    def _unknown(self, rail: Rail) -> int:
        return self._no(self._any(rail))

    def _without_bounds(self, fact: str) -> int:
        """Give the node that is off where a fact has bounds: it is given, or surely not given.

        Always on in a table that has no bounds of the fact, and then left out (`Strata`).
        """
        return self._any(self.lowering.node(Given(fact, want)) for want in (True, False))

    def _values(self, fact: ir.Fact) -> dict[ir.Value, Rail]:
        """Ask a concluded fact about every value it can have; a number about none."""
        if fact.type == "boolean":
            return {True: self.lowering.condition(ir.Leaf(fact.id, "is", (True,)))}
        op: ir.Operator = "includes" if fact.type == "codes" else "is"
        return {v: self.lowering.condition(ir.Leaf(fact.id, op, (v,))) for v in fact.values}

    # --- statuses ----------------------------------------------------------------------------

    def _status(self, s: ir.Statement) -> dict[str, int]:
        if s.kind == "score":
            assert s.score is not None
            settled = [self._any(rail) for rail, _ in self.scores[s.score].terms]
            given = self.lowering.node(Given(s.score, True))
            # Where bounds are given, they hold: what the items settle counts for nothing.
            counted = self._all((self._without_bounds(s.score), self._all(settled)))
            return {"known": self._any((given, counted))}
        when = self.statements[s.id]
        if s.kind == "recommendation":
            return self._recommendation(when, self._options[s.id])
        if s.avoid is None:
            return {"true": when.true, "false": when.false}
        applies = self._no(self.applies.false)
        settled_word = WORDS[s.kind][0]
        return {
            settled_word: self._all((when.true, applies)),
            "contingent": self._all((self._unknown(when), applies)),
        }

    def _recommendation(self, when: Rail, options: tuple[Option, ...]) -> dict[str, int]:
        holds = self._all((when.true, self.applies.true))
        speaks = self._no(self._any((when.false, self.applies.false)))
        if not any(option.contraindications for option in options):
            never = self._any(())
            contingent = self._all((speaks, self._no(holds)))
            return {"recommended": holds, "contingent": contingent, "blocked": never}
        blocked = [self._blocked(option) for option in options]
        clear = [
            self._all(self.statements[c].false for c in option.contraindications)
            for option in options
        ]
        recommended = self._all((holds, self._any(clear)))
        return {
            "recommended": recommended,
            "contingent": self._all(
                (speaks, self._no(recommended), self._any(self._no(b) for b in blocked))
            ),
            "blocked": self._all((speaks, *blocked)),
        }

    def _blocked(self, option: Option) -> int:
        return self._any(self.statements[c].true for c in option.contraindications)

    # --- what is missing ---------------------------------------------------------------------

    def _parts_of(self, name: str) -> list[dict[str, int]]:
        """Give what each part of a statement waits for."""
        parts = [self._open(when) for when in self._when[name]]
        if self.kinds[name] == "recommendation":
            if self.guideline.applies is not None:
                parts.append(self._open(self.guideline.applies))
            for option in self._options[name]:
                against = [self._open(self._when[c][0]) for c in option.contraindications]
                parts.append(self._union(against, self._no(self._blocked(option))))
        return parts

    def _union(self, parts: Iterable[dict[str, int]], only: int | None = None) -> dict[str, int]:
        """Put together what several parts wait for; with `only`, where that node is on."""
        found: dict[str, list[int]] = {}
        for part in parts:
            for fact, number in part.items():
                found.setdefault(fact, []).append(number)
        together = {fact: self._any(numbers) for fact, numbers in found.items()}
        if only is None:
            return together
        return {fact: self._all((only, number)) for fact, number in together.items()}

    def _open(self, node: ir.Condition) -> dict[str, int]:
        """Give, for each fact, the node that is on where a condition waits for it."""
        done = self._waiting.get(id(node))
        if done is None:
            done = self._waiting[id(node)] = (node, self._open_parts(node))  # keeps the id taken
        return done[1]

    def _open_parts(self, node: ir.Condition) -> dict[str, int]:
        if isinstance(node, ir.Leaf):
            return self._open_leaf(node)
        if isinstance(node, ir.Not):
            return self._open(node.part)
        waiting = self._union(self._open(part) for part in node.parts)
        if not waiting or len(node.parts) == 1:
            return waiting
        return self._union((waiting,), self._unknown(self.lowering.condition(node)))

    def _open_leaf(self, leaf: ir.Leaf) -> dict[str, int]:
        fact = leaf.fact
        may_be_bounds = self.facts[fact].type == "quantity"
        if leaf.op == "known":  # always answered, but of bounds
            return {fact: self._no(self._without_bounds(fact))} if may_be_bounds else {}
        is_concluded = fact in self.lowering.by_fact
        absent = self.lowering.node(Given(fact, False))
        if not (is_concluded or may_be_bounds):
            return {fact: absent}
        unknown = self._unknown(self.lowering.condition(leaf))
        if not is_concluded:
            undecided = self._all((self._no(self._without_bounds(fact)), unknown))
            return {fact: self._any((absent, undecided))}
        if not may_be_bounds:
            return self._open_concluded(leaf, unknown)
        # No definition can narrow bounds that are given: only the fact itself is waited for.
        exact = self._without_bounds(fact)
        waiting = self._union((self._open_concluded(leaf, unknown),), exact)
        return self._union((waiting, {fact: self._all((self._no(exact), unknown))}))

    def _open_concluded(self, leaf: ir.Leaf, unknown: int) -> dict[str, int]:
        """Do the same for a fact that definitions conclude, where it has no bounds."""
        fact, statements = leaf.fact, self.lowering.by_fact[leaf.fact]
        wanted = leaf.values
        if self.facts[fact].type != "codes":  # another value would exclude these
            wanted = tuple(s.conclude[1] for s in statements if s.conclude is not None)
        waiting = self._waiting_for(fact, wanted)
        free = self.lowering.conflict_free.get(fact)
        if free is None:
            return self._union((waiting,), unknown)
        conflict = {fact: self._no(free)}
        return self._union((conflict, self._union((waiting,), free)), unknown)

    def _waiting_for(self, fact: str, wanted: tuple[ir.Value, ...]) -> dict[str, int]:
        key = (fact, wanted)
        if key not in self._waiting_of:
            self._waiting_of[key] = self._union(
                self._open(when)
                for s in self.lowering.by_fact[fact]
                if s.conclude is None or s.conclude[1] in wanted
                for when in conditions_of(s)
            )
        return self._waiting_of[key]
