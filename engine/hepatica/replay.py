"""The course of a patient: what each guideline would have said on every day something changed.

Every day is answered by itself, with that day as its `as_of`, so that nothing from its future can
be seen. The facts are worked out for every day; the guidelines are asked again only when a fact
became known or unknown, changed, or crossed a number that some condition compares it with. Between
two such days no condition can have another answer, so no change is missed.
"""

from __future__ import annotations

import datetime
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from hepatica import finding as f
from hepatica import ir
from hepatica.case import Case
from hepatica.diagnostics import Diagnostic, Invalid
from hepatica.evaluate import Given, Meaning, Referee
from hepatica.interval import Interval
from hepatica.run import Evaluator
from hepatica.turns import (
    Asked,
    Course,
    DueTurn,
    FactTurn,
    GuidelineTurn,
    Moment,
    Replay,
    Said,
    Why,
)
from hepatica.units import CALENDAR
from hepatica.walk import conditions_of, leaves


def replay(
    evaluator: Evaluator,
    at: Callable[[str], Case],
    begin: datetime.date,
    end: datetime.date,
    *,
    tick: Callable[[], object] = lambda: None,
) -> Course:
    """Replay a chart from one day to another.

    `at` gives the case as it is on a day, and raises `Invalid` where the facts of that day exclude
    each other: this is told, and the day has no answer. `tick` is called once a day. Raises
    `Invalid` when no day has one.
    """
    player = _Player(evaluator)
    day = begin
    while day <= end:
        player.day(at, day.isoformat())
        tick()
        day += datetime.timedelta(days=1)
    return player.course(begin, end)


class _State(NamedTuple):
    """What is true on a day: the facts, what is said, and what is told beside it."""

    inputs: dict[str, f.Input]
    withheld: dict[str, str]
    said: dict[str, dict[tuple[Any, ...], Said]]
    notes: tuple[Diagnostic, ...]


class _Player:
    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.cuts = thresholds(evaluator.guidelines)
        self.meanings = [Meaning(g, evaluator.knowledge.facts) for g in evaluator.guidelines]
        self.state = _State({}, {}, {}, ())
        self.result: f.Result | None = None
        self.signature: tuple[Any, ...] | None = None
        self.told: dict[tuple[str, str, str], tuple[str, str]] = {}
        self.moments: list[Moment] = []
        self.results: dict[str, f.Result] = {}
        self.first_error: Invalid | None = None
        self.case: Case | None = None

    def day(self, at: Callable[[str], Case], date: str) -> None:
        """Answer one day, and keep what changed."""
        try:
            case = at(date)
        except Invalid as error:
            self.first_error = self.first_error or error
            self._step(date, _State({}, {}, {}, tuple(error.diagnostics)), None, None)
            self.signature = None
            return
        self.case = case
        signature = tuple(self._signature(case.facts))
        if signature != self.signature:
            self.signature = signature
            self.result = self.evaluator.evaluate(case)
            self._step(date, self._state(self.result), case, self.result)
        else:
            self._step(date, self.state, case, self.result)

    def course(self, begin: datetime.date, end: datetime.date) -> Course:
        """Put everything together."""
        if self.case is None:
            raise self.first_error or AssertionError("a span has at least one day")
        asked = tuple(
            Asked(g.id, g.short, g.version, g.digest, g.experimental)
            for g in self.evaluator.guidelines
        )
        found = Replay(
            self.case.id, self.case.title, begin.isoformat(), end.isoformat(),
            self.evaluator.engine, asked, tuple(self.moments),
        )  # fmt: skip
        return Course(found, self.results)

    def _signature(self, facts: Given) -> Iterator[tuple[Any, ...]]:
        """Tell facts apart: times, which grow every day, by the thresholds between them."""
        for name, value in sorted(facts.items()):
            yield name, self._place(name, value) if self._is_time(name) else value

    def _place(self, name: str, value: Any) -> tuple[Any, ...]:
        cuts = self.cuts.get(name, ())
        if isinstance(value, Interval):  # which end lies where decides every question about it
            ends = (
                None if end is None else self._place(name, end) for end in (value.low, value.high)
            )
            return (*ends, value.low_open, value.high_open)
        return bisect_left(cuts, value), bisect_right(cuts, value)

    def _is_time(self, name: str) -> bool:
        return self.evaluator.knowledge.facts[name].unit in CALENDAR

    def _state(self, result: f.Result) -> _State:
        said = {finding.id: dict(said_by(finding)) for finding in result.guidelines}
        return _State(result.inputs, result.withheld, said, result.diagnostics)

    def _step(self, date: str, now: _State, case: Case | None, result: f.Result | None) -> None:
        before, self.state = self.state, now
        due = self._dues(date, case, result)
        turns = []
        for g, meaning in zip(self.evaluator.guidelines, self.meanings, strict=True):
            old, new = before.said.get(g.id, {}), now.said.get(g.id, {})
            began = tuple(s for key, s in new.items() if key not in old)
            ended = tuple(s for key, s in old.items() if key not in new)
            if ended:
                ended = tuple(_ended(s, meaning, case, result, g.id) for s in ended)
            if began or ended or due.get(g.id):
                turns.append(GuidelineTurn(g.id, began, ended, tuple(due.get(g.id, ()))))
        facts = () if now is before else tuple(self._facts(before.inputs, now))
        known = {note.message for note in before.notes}
        notes = tuple(note for note in now.notes if note.message not in known)
        if turns or notes or any(not self._ticks(turn) for turn in facts):
            self.moments.append(Moment(date, facts, tuple(turns), notes))
            if result is not None:
                self.results[date] = result

    def _facts(self, before: dict[str, f.Input], now: _State) -> Iterator[FactTurn]:
        """List the facts that changed; a time only where a condition could notice."""
        for name in sorted(before.keys() | now.inputs.keys()):
            if self._is_time(name) and name not in self.cuts:
                continue
            old, new = before.get(name), now.inputs.get(name)
            if new is None:
                yield FactTurn(name, old, None, now.withheld.get(name))
            elif old is None or old.value != new.value:
                turn = FactTurn(name, old, new)
                if old is None or not self._ticks(turn) or self._crossed(turn):
                    yield turn

    def _crossed(self, turn: FactTurn) -> bool:
        assert turn.before is not None and turn.after is not None
        one, other = turn.before.value, turn.after.value
        return self._place(turn.fact, one) != self._place(turn.fact, other)

    def _ticks(self, turn: FactTurn) -> bool:
        """Say whether a fact only grew older: a time up to now that went on."""
        return (
            self._is_time(turn.fact)
            and turn.before is not None
            and turn.after is not None
            and _grew(turn.before.value, turn.after.value)
        )

    def _dues(
        self, date: str, case: Case | None, result: f.Result | None
    ) -> dict[str, list[DueTurn]]:
        """Find what became due or overdue since the day before."""
        found: dict[str, list[DueTurn]] = {}
        told: dict[tuple[str, str, str], tuple[str, str]] = {}
        done = None if case is None else case.last_seen()
        if case is None or done is None or result is None:
            self.told = told
            return found
        for composer, finding in zip(self.evaluator.composers, result.guidelines, strict=True):
            for r in finding.recommendations:
                if r.status != "recommended" or not r.schedule:
                    continue
                statement = composer.statements[r.statement]
                for due in composer.dues(statement, case.facts, date, done):
                    if due.status in ("due", "overdue") and due.latest is not None:
                        key = (finding.id, r.statement, due.intervention)
                        told[key] = (due.latest, due.status)
                        if self._is_news(key, due):
                            found.setdefault(finding.id, []).append(DueTurn(r.statement, due))
        self.told = told
        return found

    def _is_news(self, key: tuple[str, str, str], due: f.Due) -> bool:
        latest, status = self.told.get(key, ("", ""))
        if latest != due.latest:
            return True
        # Of a single day, being due and being overdue the day after is one piece of news.
        return status != due.status and due.earliest != due.latest


def _grew(before: Any, after: Any) -> bool:
    """Say whether a time, or every bound that is known of it, only became longer."""
    if not (isinstance(before, Interval) and isinstance(after, Interval)):
        return isinstance(before, float) and isinstance(after, float) and before < after
    ends = ((before.low, after.low), (before.high, after.high))
    both = [(a, b) for a, b in ends if a is not None and b is not None]
    return len(both) == sum(a is not None or b is not None for a, b in ends) and all(
        a < b for a, b in both
    )


def said_by(finding: f.Finding) -> Iterator[tuple[tuple[Any, ...], Said]]:
    """List what a finding says for sure, each under a key that stays while it is said."""
    for c in finding.conclusions:
        value = tuple(c.value) if isinstance(c.value, list | tuple) else c.value
        yield (
            ("concluded", c.fact, value),
            Said("concluded", c.statement, "", c.fact, c.value, c.because),
        )
    for r in finding.recommendations:
        if r.status == "recommended":
            yield (
                ("recommended", r.statement),
                Said("recommended", r.statement, r.title, None, None, r.because),
            )
        elif r.status == "blocked" and r.because:
            yield (
                ("blocked", r.statement),
                Said("blocked", r.statement, r.title, None, None, r.because),
            )
    for a in finding.avoid:
        if a.status == "contraindicated":
            yield (
                ("contraindicated", a.intervention, a.statement),
                Said("contraindicated", a.statement, a.title, a.intervention, None, a.because),
            )


def _ended(
    said: Said, meaning: Meaning, case: Case | None, result: f.Result | None, guideline: str
) -> Said:
    """Say why something is not said any more: false, blocked, or only not known."""
    why: Why = "no_longer"
    missing: f.Names = ()
    if case is None or result is None:
        why = "not_known"
    else:
        finding = next(found for found in result.guidelines if found.id == guideline)
        if said.kind == "concluded":
            referee = Referee(meaning, case.facts)
            if _is_open(referee, str(said.subject), said.value):
                why = "not_known"
        elif said.kind == "contraindicated":
            for a in finding.avoid:
                if (a.statement, a.intervention) == (said.statement, said.subject):
                    why, missing = "not_known", a.missing
        else:
            for r in finding.recommendations:
                if r.statement == said.statement and r.status != "recommended":
                    blocked = r.status == "blocked"
                    why, missing = ("blocked" if blocked else "not_known"), r.missing
    return msgspec.structs.replace(said, because=(), why=why, missing=missing)


def _is_open(referee: Referee, name: str, value: Any) -> bool:
    """Say whether a conclusion has become unknown, rather than false."""
    kind = referee.meaning.facts[name].type
    if kind == "quantity":  # points
        return name not in referee.by_fact or referee.concluded(name).score is None
    op: ir.Operator = "includes" if kind == "codes" else "is"
    return referee.leaf(ir.Leaf(name, op, (value,))) is None


def thresholds(guidelines: Iterable[ir.Guideline]) -> dict[str, list[float]]:
    """List, in order, every number that some condition compares a fact with."""
    found: dict[str, set[float]] = {}
    for g in guidelines:
        whens = [
            when for s in (*g.statements, *g.definitions)
            for when in (*conditions_of(s), *(d.when for d in s.dose if d.when is not None))
        ]  # fmt: skip
        whens += [g.applies] if g.applies is not None else []
        for when in whens:
            for leaf in leaves(when):
                numbers = {
                    float(v) for v in leaf.values
                    if isinstance(v, float | int) and not isinstance(v, bool)
                }  # fmt: skip
                found.setdefault(leaf.fact, set()).update(numbers)
    return {name: sorted(numbers) for name, numbers in found.items()}
