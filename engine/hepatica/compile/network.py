"""A durable-rules forward-chaining network: clauses as rules, propositions as facts.

durable-rules is driven in the one way that was found to be right (docs/decisions/0003): no clinical
value ever enters the engine, only numbered propositions that were asked in Python; every rule is a
plain conjunction of equality tests; each proposition is asserted once, under an id of its own, in
one state that is deleted after each patient. Its C module is called directly: no host, no threads,
no timers. Whether the engine can take a rule set is checked when it is compiled, since the engine
itself would fail later, and per patient.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterable
from typing import Any

import msgspec

from hepatica import ir
from hepatica.compile.clauses import Clauses, Stage, to_clauses
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.evaluate import Given, Truth, holds
from hepatica.interval import Interval
from hepatica.nodes import Ask, Rails

MOST_CLAUSES = 30  # a ruleset; more become further rulesets, run one after the other: the engine's
# time grows faster than its rulesets, so that many small ones are twice as fast as one large one
MOST_LISTENERS = 250  # clauses that test one proposition; the engine links 256
MOST_IN_GROUP = 500  # propositions in one of the engine's tables of 512
MOST_STAGES = 400
"""Limits that are compiled into durable-rules, with some room."""


class NotInstalled(Exception):
    """durable-rules is not there, or does not work with this Python."""


@functools.cache
def engine() -> Any:
    """Import the engine's C module. Raises `NotInstalled`."""
    try:
        import durable_rules_engine
    except ImportError as error:  # not installed, or a symbol that Python 3.13 no longer has
        raise NotInstalled(str(error)) from None
    return durable_rules_engine


Asks = tuple[list[int], list[int], list[tuple[ir.Leaf, list[int], list[int]]]]
"""Of one fact: what holds when it is given, when not, and when a comparison is true or false."""


class Ruleset(msgspec.Struct, frozen=True):
    """One stage as the engine wants it: rules as JSON, facts by proposition, heads by rule."""

    absent: tuple[tuple[int, int], ...]
    json: str
    fact: dict[int, str]
    heads: tuple[int, ...]


class Prepared(msgspec.Struct, frozen=True):
    """A guideline made ready for the engine: data only, so that it can be kept between runs."""

    guideline: str
    statements: dict[str, tuple[int, int]]
    applies: tuple[int, int]
    always: tuple[int, ...]
    follows: dict[int, tuple[int, ...]]
    questions: dict[str, Asks]
    rulesets: tuple[Ruleset, ...]


def prepare(rails: Rails) -> Prepared:
    """Write the rails of a guideline for the engine.

    Raises `Invalid` (E102) for a rule set beyond the engine's limits.
    """
    clauses = to_clauses(rails, MOST_CLAUSES)
    _check(rails.guideline, clauses)
    return Prepared(
        guideline=rails.guideline,
        statements={name: (rail.true, rail.false) for name, rail in rails.statements.items()},
        applies=(rails.applies.true, rails.applies.false),
        always=clauses.always,
        follows=clauses.follows,
        questions=_by_fact(clauses),
        rulesets=tuple(_ruleset(stage) for stage in clauses.stages),
    )


class Network:
    """A guideline as a network.

    Raises `NotInstalled` without durable-rules. Each thread has handles of its own; one patient is
    evaluated at a time on each.
    """

    def __init__(self, prepared: Prepared) -> None:
        """Take a guideline that was made ready."""
        self._engine = engine()
        self._ready = prepared
        self._local = threading.local()

    def truths(self, given: Given) -> tuple[dict[str, Truth], Truth]:
        """Answer one patient: the truth of each statement by id, and of `applies`."""
        on = self.propositions(given)
        found = {
            name: True if true in on else False if false in on else None
            for name, (true, false) in self._ready.statements.items()
        }
        true, false = self._ready.applies
        return found, True if true in on else False if false in on else None

    def propositions(self, given: Given) -> set[int]:
        """Run the network to rest and give every proposition that was reached."""
        on: set[int] = set()
        self._add(on, self._ready.always)
        self._add(on, self._asked(given))
        for handle, ruleset in zip(self._handles(), self._ready.rulesets, strict=True):
            self._add(on, [new for new, absent in ruleset.absent if absent not in on])
            if ruleset.heads:
                self._run(handle, ruleset, on)
        return on

    def _add(self, on: set[int], new: Iterable[int]) -> list[int]:
        """Put propositions among those that hold, with what follows from each by itself."""
        follows = self._ready.follows
        added: list[int] = []
        for number in new:
            for each in (number, *follows.get(number, ())):
                if each not in on:
                    on.add(each)
                    added.append(each)
        return added

    def _asked(self, given: Given) -> list[int]:
        """Answer every question about the given facts, with exact types, outside the engine."""
        found: list[int] = []
        for fact, (present, absent, asks) in self._ready.questions.items():
            if fact not in given:
                found += absent
                continue
            value = given[fact]
            if type(value) is not Interval:  # of bounds it is not said that the fact is known
                found += present
            for leaf, when_true, when_false in asks:
                truth = holds(leaf, value)
                if truth is not None:
                    found += when_true if truth else when_false
        return found

    def _handles(self) -> list[Any]:
        if not hasattr(self._local, "handles"):
            self._local.handles = [
                self._engine.create_ruleset(f"{self._ready.guideline}_{i}", ruleset.json)
                for i, ruleset in enumerate(self._ready.rulesets)
            ]
        handles: list[Any] = self._local.handles
        return handles

    def _run(self, handle: Any, ruleset: Ruleset, on: set[int]) -> None:
        """Run one ruleset on what holds, adding what its rules make, until nothing is left."""
        d = self._engine
        fact = ruleset.fact
        try:
            # The rule `c0` always fires first: deleting a state in which none has is not safe.
            _, state = d.assert_fact(handle, '{"id":"s","g":0,"k":0}')
            d.start_action_for_state(handle, state)
            d.complete_and_start_action(handle, state)
            start = [fact[number] for number in fact.keys() & on]
            if start:
                code, same = d.assert_facts(handle, f"[{','.join(start)}]")
                if code != 0 or same != state:
                    raise RuntimeError(f"durable-rules answered {code}")
            message = d.start_action_for_state(handle, state)
            fired = message[1] if message else None
            while fired:
                head = ruleset.heads[int(fired[3 : fired.index('"', 3)]) - 1]
                for number in self._add(on, (head,)):
                    if number in fact and d.assert_fact(handle, fact[number])[0] != 0:
                        raise RuntimeError("durable-rules refused a fact")
                fired = d.complete_and_start_action(handle, state)
            d.delete_state(handle, "0")
        except BaseException:
            del self._local.handles  # the state of the engine is not known: start afresh
            raise


def _by_fact(clauses: Clauses) -> dict[str, Asks]:
    """Group the questions by fact: what holds when it is given, when not, and each comparison."""
    found: dict[str, Asks] = {}
    leaves: dict[str, dict[ir.Leaf, tuple[list[int], list[int]]]] = {}
    for number, question in clauses.questions.items():
        if isinstance(question, Ask):
            fact = question.leaf.fact
            found.setdefault(fact, ([], [], []))
            pair = leaves.setdefault(fact, {}).setdefault(question.leaf, ([], []))
            pair[0 if question.want else 1].append(number)
        else:
            present, absent, _ = found.setdefault(question.fact, ([], [], []))
            (present if question.want else absent).append(number)
    for fact, by_leaf in leaves.items():
        found[fact][2].extend((leaf, true, false) for leaf, (true, false) in by_leaf.items())
    return found


def _ruleset(stage: Stage) -> Ruleset:
    """Write a stage as durable-rules JSON, over two-part keys so that no table grows large."""
    used = sorted({number for clause in stage.clauses for number in clause.body})
    group = max(1, round(len(used) ** 0.5))
    key = {number: (1 + i // group, i % group) for i, number in enumerate(used)}
    rules = {"c0": {"all": [{"a0": {"$and": [{"g": 0}, {"k": 0}]}}]}}
    for i, clause in enumerate(stage.clauses, start=1):
        tests = [{"$and": [{"g": key[n][0]}, {"k": key[n][1]}]} for n in clause.body]
        rules[f"c{i}"] = {"all": [{f"a{j}": test} for j, test in enumerate(tests)]}
    fact = {n: f'{{"id":"p{n}","g":{g},"k":{k}}}' for n, (g, k) in key.items()}
    heads = tuple(clause.head for clause in stage.clauses)
    return Ruleset(stage.absent, json.dumps(rules), fact, heads)


def _check(guideline: str, clauses: Clauses) -> None:
    """Refuse, before any patient, what durable-rules could not take."""
    trouble: list[str] = []
    if len(clauses.stages) > MOST_STAGES:
        trouble.append(f"{len(clauses.stages)} rulesets of {MOST_CLAUSES} clauses are needed")
    for stage in clauses.stages:
        heard: dict[int, int] = {}
        for clause in stage.clauses:
            for number in clause.body:
                heard[number] = heard.get(number, 0) + 1
        loudest = max(heard.values(), default=0)
        if loudest > MOST_LISTENERS:
            trouble.append(f"one question is asked by {loudest} clauses of a ruleset")
        if len(heard) > MOST_IN_GROUP**2:
            trouble.append(f"a ruleset has {len(heard)} propositions")
        ids = [f"p{n}" for n in heard] + ["s"]
        if len({_hash(text) for text in ids}) < len(ids):
            trouble.append("two propositions have one hash")
    if trouble:
        text = f"`{guideline}` is beyond the limits of the network engine: {'; '.join(trouble)}"
        help = "evaluate it with `--engine program` or `--engine referee`"
        raise Invalid([Diagnostic("E102", "error", text, help=help)])


def _hash(text: str) -> int:
    """FNV-1a, 32 bits: all that durable-rules compares of an id."""
    value = 2166136261
    for byte in text.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value
