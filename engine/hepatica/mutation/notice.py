"""Who notices a mutant: an example of its statement, an example of another, or a case.

The statement's own examples are asked first: a condition costs microseconds. Only what they let
pass is asked of the examples that depend on it, and of the cases. There the changed condition alone
is tried first, on facts that are worked out once; a whole answer is put together only where it
could come out otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from hepatica import ir
from hepatica.case import Case
from hepatica.cases import differences
from hepatica.compose import Composer
from hepatica.evaluate import WORDS, Given, Meaning, Referee, Truth
from hepatica.finding import Finding
from hepatica.mutation.mutants import Mutant
from hepatica.mutation.statuses import statuses
from hepatica.outcome import Plan, plan
from hepatica.trace import Tracer
from hepatica.walk import active, concludes, conditions_of, leaves


class Tried(NamedTuple):
    """A case on one day, and what it expects by guideline."""

    case: Case
    wanted: Mapping[str, dict[str, Any]]


class Patient(NamedTuple):
    """A case, what it expects of one guideline, and what answers that guideline for it."""

    case: Case
    wanted: dict[str, Any]
    referee: Referee


class Home:
    """A guideline in which a statement counts: its own, or one that includes its pack."""

    def __init__(
        self, guideline: ir.Guideline, knowledge: ir.Knowledge, tried: Iterable[Tried]
    ) -> None:
        """Take the guideline, and the cases that expect something of it."""
        self.guideline = guideline
        self.knowledge = knowledge
        self.meaning = Meaning(guideline, knowledge.facts)
        self.cases = [
            Patient(t.case, t.wanted[guideline.id], Referee(self.meaning, t.case.facts))
            for t in tried
            if guideline.id in t.wanted
        ]
        self.plan = plan(guideline, knowledge.interventions)
        self.statements = {s.id: s for s in active((*guideline.definitions, *guideline.statements))}
        self._own: dict[str, list[tuple[ir.Example, Referee]]] = {}
        self._reached: dict[str, frozenset[str]] = {}
        self.to_whom: list[dict[str, Any]] | None = None  # kept by `propose`
        self._composer: Composer | None = None

    @property
    def composer(self) -> Composer:
        """What writes the unchanged answers."""
        if self._composer is None:
            self._composer = Composer(self.guideline, self.knowledge)
        return self._composer

    def examples(self, s: ir.Statement) -> list[tuple[ir.Example, Referee]]:
        """Give a statement's examples, each with its referee."""
        if s.id not in self._own:
            self._own[s.id] = [(e, Referee(self.meaning, e.facts)) for e in s.examples]
        return self._own[s.id]

    def depends(self, s: ir.Statement, fact: str) -> bool:
        """Say whether a statement asks for a fact, through definitions too."""
        return any(fact in self.reach(leaf.fact) for w in conditions_of(s) for leaf in leaves(w))

    def reach(self, fact: str) -> frozenset[str]:
        """List what a fact depends on, through its definitions: itself too."""
        if fact not in self._reached:
            below = (
                self.reach(leaf.fact)
                for s in self.meaning.by_fact.get(fact, ())
                for when in conditions_of(s)
                for leaf in leaves(when)
            )
            self._reached[fact] = frozenset((fact,)).union(*below)
        return self._reached[fact]

    def is_apart(self, name: str, mutant: Mutant) -> bool:
        """Say whether a mutant surely leaves the truth of a statement (of these) as it was."""
        s = mutant.statement
        if s is None or (s.when is not None and mutant.change.kind in ("avoidance", "option")):
            return True
        fact = concludes(s)
        return name != s.id and (fact is None or not self.depends(self.statements[name], fact))

    def with_(self, mutant: Mutant) -> Changed:
        """Put a mutant in its place."""
        old, new, g = mutant.statement, mutant.changed, self.guideline
        if old is None or new is None:
            return Changed(self, ir.replace(g, applies=mutant.change.condition), self.plan)
        own, packs = (
            tuple(new if s.id == old.id else s for s in statements)
            for statements in (g.statements, g.definitions)
        )
        planned = None if mutant.change.kind in ("avoidance", "option") else self.plan
        return Changed(self, ir.replace(g, statements=own, definitions=packs), planned)


class Changed:
    """A guideline with a mutant in it."""

    def __init__(self, home: Home, guideline: ir.Guideline, planned: Plan | None = None) -> None:
        """Take the guideline as it is, and as it became; `planned` where its plan is the same."""
        self.home = home
        self.guideline = guideline
        self.meaning = Meaning(guideline, home.knowledge.facts)
        self.plan = planned or plan(guideline, home.knowledge.interventions)
        self._composer: Composer | None = None

    def fails(
        self, given: Given, wanted: Mapping[str, Any], said: Mapping[str, Truth] | None = None
    ) -> bool:
        """Say whether a patient has another status or conclusion than a case expects.

        `said` are the truths of statements that cannot have changed.
        """
        referee = Referee(self.meaning, given, said)
        told = statuses(self.guideline, self.plan, referee)
        brief = {section: w for section, w in wanted.items() if section != "missing"}
        return next(differences(told, brief, referee), None) is not None  # type: ignore[arg-type]

    def misses(self, given: Given, wanted: dict[str, Any]) -> bool:
        """Say whether the whole answer, with what is missing, is another than a case expects."""
        finding, referee = self.finding(given)
        return next(differences(finding, wanted, referee), None) is not None

    def finding(self, given: Given) -> tuple[Finding, Referee]:
        """Answer a patient in full."""
        if self._composer is None:
            self._composer = Composer(self.guideline, self.home.knowledge)
        return answer(self._composer, given)


def answer(composer: Composer, given: Given) -> tuple[Finding, Referee]:
    """Put the finding of a guideline together, as the referee has it."""
    referee = composer.referee(given)
    answers = referee.answers()
    return composer.finding(answers.applies, answers.statements, referee), referee


class Noticer:
    """Asks every example and case of some knowledge about mutants."""

    def __init__(self, knowledge: ir.Knowledge, tried: Iterable[Tried]) -> None:
        """Take the knowledge with its examples, and the cases."""
        self.knowledge = knowledge
        self.tried = tuple(tried)
        self._homes: dict[str, Home] = {}
        self._of: dict[str, list[Home]] = {}

    def home(self, guideline: str) -> Home:
        """Give a guideline, made ready when it is first asked for."""
        if guideline not in self._homes:
            found = self.knowledge.guidelines[guideline]
            self._homes[guideline] = Home(found, self.knowledge, self.tried)
        return self._homes[guideline]

    def homes(self, mutant: Mutant) -> list[Home]:
        """List the guidelines that a mutant is in, its own first."""
        own, s = self.home(mutant.guideline), mutant.statement
        if s is None or concludes(s) is None:
            return [own]
        if mutant.guideline not in self._of:
            names = [
                g.id
                for g in self.knowledge.guidelines.values()
                if mutant.guideline in g.includes and g.id != mutant.guideline
            ]
            self._of[mutant.guideline] = [own, *map(self.home, names)]
        return [h for h in self._of[mutant.guideline] if s.id in h.statements]

    def by(self, mutant: Mutant) -> str | None:
        """Name an example or a case that is no longer answered as it expects; None if none is."""
        s = mutant.statement
        if s is not None:
            own = self._by_own(mutant, s)
            if own is not None:
                return own
        for home in self.homes(mutant):
            found = next(self._by_others(home, mutant), None)
            if found is not None:
                return found
        return None

    def _by_own(self, mutant: Mutant, s: ir.Statement) -> str | None:
        new = mutant.changed
        assert new is not None
        for example, referee in self.home(mutant.guideline).examples(s):
            if differs(example, referee, new):
                return f"example `{example.name}`"
        return None

    def _by_others(self, home: Home, mutant: Mutant) -> Iterator[str]:
        """Ask the examples of other statements, then the cases."""
        s, new = mutant.statement, mutant.changed
        changed: Changed | None = None
        fact = None if s is None else concludes(s)
        if s is not None and new is not None and fact is not None:
            for other in home.statements.values():
                if other.id == s.id or not other.examples or not home.depends(other, fact):
                    continue
                for example, referee in home.examples(other):
                    if fact in example.facts or _is_same(referee, s, new):
                        continue
                    changed = changed or home.with_(mutant)
                    if differs(example, Referee(changed.meaning, example.facts), other):
                        yield f"example `{example.name}` of {other.id}"
        touched = [p for p in home.cases if not _is_untouched(p.referee, mutant)]
        if not touched:
            return
        changed = changed or home.with_(mutant)
        untouched = [name for name in home.meaning.statements if home.is_apart(name, mutant)]
        touched.sort(key=lambda p: not _names(p.wanted, mutant))
        for patient in touched:
            said = {name: patient.referee.statement(name) for name in untouched}
            if changed.fails(patient.case.facts, patient.wanted, said):
                yield f"case `{patient.case.id}`"
        for patient in touched:  # the whole answer takes long: only where it could miss a fact
            facts = patient.wanted.get("missing", ())
            asked = s is None or any(home.depends(s, fact) for fact in facts)
            if facts and asked and changed.misses(patient.case.facts, patient.wanted):
                yield f"case `{patient.case.id}`"


def _names(wanted: dict[str, Any], mutant: Mutant) -> bool:
    """Say whether a case speaks of the statement that was changed: those are asked first."""
    s = mutant.statement
    if s is None:
        return "applies" in wanted
    fact = concludes(s)
    return s.id.split("/", 1)[1] in wanted.get("recommend", ()) or fact in wanted.get(
        "conclude", ()
    )


def differs(example: ir.Example, referee: Referee, statement: ir.Statement) -> bool:
    """Say whether a statement does not give what an example expects."""
    if statement.score is not None:
        return referee.points(statement) != example.points
    if statement.when is None:
        return False
    if WORDS[referee.truth(statement.when)] != example.expect:
        return True
    if example.missing is None or example.expect != "unknown":
        return False
    return set(Tracer(referee).missing(statement.when)) != set(example.missing)


def _is_same(referee: Referee, old: ir.Statement, new: ir.Statement) -> bool:
    """Say whether two forms of a statement surely conclude the same for a patient."""
    if new.score is not None:
        return referee.points(old) == referee.points(new)
    assert old.when is not None and new.when is not None
    if old.conclude != new.conclude:
        return referee.truth(old.when) is False
    return referee.truth(old.when) is referee.truth(new.when)


def _is_untouched(referee: Referee, mutant: Mutant) -> bool:
    """Say whether a mutant surely changes nothing for a patient."""
    old, new = mutant.statement, mutant.changed
    if old is None or new is None:
        applies = referee.meaning.applies
        assert applies is not None
        return referee.truth(applies) is referee.truth(mutant.change.condition)
    if concludes(old) is not None:
        return _is_same(referee, old, new)
    if new.when is None:
        return True
    assert old.when is not None
    if new.when is old.when:  # its effect changed: nothing to see where it does not hold
        return referee.truth(old.when) is False
    return referee.truth(old.when) is referee.truth(new.when) is not None
