"""Questions about a guideline, answered for one patient by the engines: a proof must agree.

A patient that a solver found is written as a case, read back as any case is, and asked again here.
Only then is it shown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from hepatica import ir
from hepatica.case import Case, CaseReader
from hepatica.case_files import document_of
from hepatica.compile.network import Network, NotInstalled, prepare
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.evaluate import WORDS, Given, Meaning, Referee
from hepatica.lower import lower
from hepatica.nodes import Rails
from hepatica.outcome import GIVES, Option, judge, plan
from hepatica.parse.conditions import plain
from hepatica.walk import unplaced


class Holds(NamedTuple):
    """Is the condition of this statement true, false or unknown?"""

    statement: str


class Concludes(NamedTuple):
    """Has this fact this value (a set: this member): given, or by the definitions?"""

    fact: str
    value: ir.Value


class Status(NamedTuple):
    """What becomes of this recommendation, or of one of its options?"""

    statement: str
    option: tuple[str, ...] | None = None


class Said(NamedTuple):
    """What is said of this action on this intervention, by all recommendations together?"""

    action: str
    intervention: str


Question = Holds | Concludes | Status | Said


def question_of(fact: ir.Fact, value: ir.Value) -> ir.Leaf:
    """Write `Concludes` as a question about a fact."""
    if fact.type == "quantity":
        return ir.Leaf(fact.id, "between", (value, value))
    return ir.Leaf(fact.id, "includes" if fact.type == "codes" else "is", (value,))


class Answerer:
    """One guideline with the engines that are there: the referee, and the network."""

    def __init__(
        self,
        guideline: ir.Guideline,
        facts: Mapping[str, ir.Fact],
        interventions: Mapping[str, ir.Intervention],
    ) -> None:
        """Take a guideline; the network is made when it is first asked."""
        self.guideline = guideline
        self.facts = facts
        self.meaning = Meaning(guideline, facts)
        self.plan = plan(guideline, interventions)
        self._networks: dict[frozenset[str], Network | None] = {}
        self._rails: Rails | None = None

    def answer(self, question: Question, given: Given) -> str:
        """Give the outcome of a question for a patient, as the referee has it."""
        return self._outcome(question, Referee(self.meaning, given))

    def by_network(self, question: Question, given: Given) -> str | None:
        """Give the outcome as the network has it; None where there is no network for it."""
        network = self._network(self._decides(question))
        if network is None:
            return None
        statements, applies = network.truths(given)
        referee = Referee(self.meaning, given, statements)
        if self.meaning.applies is not None and referee.truth(self.meaning.applies) != applies:
            return f"applies: {WORDS[applies]}"
        return self._outcome(question, referee)

    def _network(self, names: frozenset[str]) -> Network | None:
        """Make a network of some statements and all that they rest on: a small one is a fast one.

        None where it is not installed, or they are beyond its limits.
        """
        if names not in self._networks:
            self._networks[names] = None
            if self._rails is None:
                self._rails = lower(self.guideline, self.facts)
            asked = {n: rail for n, rail in self._rails.statements.items() if n in names}
            with contextlib.suppress(NotInstalled, Invalid):
                self._networks[names] = Network(prepare(self._rails._replace(statements=asked)))
        return self._networks[names]

    def _decides(self, question: Question) -> frozenset[str]:
        """Name the statements whose truth answers a question."""
        if isinstance(question, Holds):
            return frozenset({question.statement})
        if isinstance(question, Concludes):
            said = self.meaning.values.get(question.fact, {})
            return frozenset(name for names in said.values() for name in names)
        found: set[str] = set()
        for s, options in self.plan.recommendations:
            if isinstance(question, Status):
                chosen = options if s.id == question.statement else ()
            else:
                chosen = tuple(o for o in options if question.intervention in o.interventions)
            if chosen:
                found |= {s.id, *(c for o in chosen for c in o.contraindications)}
        if isinstance(question, Said):
            found |= {
                s.id for s, members in self.plan.avoidances if question.intervention in members
            }
        return frozenset(found)

    def _outcome(self, question: Question, referee: Referee) -> str:
        if isinstance(question, Holds):
            return WORDS[referee.statement(question.statement)]
        if isinstance(question, Concludes):
            leaf = question_of(self.facts[question.fact], question.value)
            return WORDS[referee.truth(leaf)]
        if isinstance(question, Status):
            options = next(o for s, o in self.plan.recommendations if s.id == question.statement)
            if question.option is None:
                return self._best(question.statement, options, referee)
            chosen = tuple(o for o in options if set(o.interventions) == set(question.option))
            return self._best(question.statement, chosen, referee)
        return self._said(question, referee)

    def _best(self, name: str, options: tuple[Option, ...], referee: Referee) -> str:
        applies = self.meaning.applies
        whole = True if applies is None else referee.truth(applies)
        against = {c: referee.statement(c) for o in options for c in o.contraindications}
        judged = judge(referee.statement(name), whole, options, against)
        return "silent" if judged is None else judged[0]

    def _said(self, question: Said, referee: Referee) -> str:
        found = set()
        for s, options in self.plan.recommendations:
            chosen = tuple(o for o in options if question.intervention in o.interventions)
            if s.recommend is not None and s.recommend.action == question.action and chosen:
                found.add(self._best(s.id, chosen, referee))
        for word in ("recommended", "contingent", "blocked"):
            if word in found:
                return word
        return "contraindicated" if self._is_contraindicated(question, referee) else "silent"

    def _is_contraindicated(self, question: Said, referee: Referee) -> bool:
        applies = self.meaning.applies
        if applies is not None and referee.truth(applies) is False:
            return False
        return any(
            referee.statement(s.id) is True
            for s, members in self.plan.avoidances
            if s.avoid is not None
            and s.kind == "contraindication"
            and question.intervention in members
            and question.action in (s.avoid.actions or GIVES)
        )


def together(old: Mapping[str, ir.Fact], new: Mapping[str, ir.Fact]) -> dict[str, ir.Fact]:
    """Make one dictionary of two versions: every patient who is possible in one of them.

    Values are those of both, ranges reach over both, and only what both imply is implied. Raises
    `Invalid` (N117) for a fact whose type or unit is not the same: then no patient has it in both.
    """
    wrong = [
        Diagnostic(
            "N117", "error", f"`{name}` is not the same kind of fact in both dictionaries",
            help="type and unit have to be the same; compare by cases instead",
        )
        for name in old.keys() & new.keys()
        if (old[name].type, old[name].unit) != (new[name].type, new[name].unit)
    ]  # fmt: skip
    if wrong:
        raise Invalid(sorted(wrong, key=lambda d: d.message))
    found = dict(old) | dict(new)
    for name in old.keys() & new.keys():
        one, two = old[name], new[name]
        ranges = None
        if one.range is not None and two.range is not None:
            ranges = min(one.range[0], two.range[0]), max(one.range[1], two.range[1])
        found[name] = ir.replace(
            two,
            values=one.values | two.values,
            range=ranges,
            implies=tuple(i for i in two.implies if _plain(i) in map(_plain, one.implies)),
        )
    return found


def _plain(implication: ir.Implication) -> ir.Implication:
    """Leave the lines out, so that a moved line is no change."""
    return ir.Implication(unplaced(implication.when), unplaced(implication.then))


def case_of(name: str, given: Given, facts: Mapping[str, ir.Fact]) -> dict[str, Any]:
    """Write a patient in the form of a case file, quantities with a unit where one is asked for."""
    written: dict[str, Any] = {}
    for fact, value in sorted(given.items()):
        if isinstance(value, tuple):
            written[fact] = list(value)
        elif isinstance(value, float):
            whole = value == int(value) and abs(value) < 1e15
            number: Any = int(value) if whole else value
            if facts[fact].ask_unit:
                number = f"{plain(value)} {facts[fact].unit}"
            written[fact] = number
        else:
            written[fact] = value
    return {"id": name, "synthetic": True, "facts": written}


def read_back(case: Mapping[str, Any], facts: dict[str, ir.Fact]) -> Case:
    """Read a case that was found as any case is read.

    Raises `Invalid` (E105) when it is refused: a proof has shown an impossible patient.
    """
    try:
        return CaseReader(facts).read(document_of(case))
    except Invalid as error:
        told = "; ".join(d.message for d in error.diagnostics)
        raise Invalid([defect(f"the case is refused: {told}")]) from None


def defect(what: str) -> Diagnostic:
    """Tell that a witness did not replay."""
    help = "nothing is claimed; please report this with the two guidelines"
    text = f"a patient found by the solver does not replay: {what}"
    return Diagnostic("E105", "error", text, help=help)
