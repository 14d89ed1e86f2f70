"""How two statements that belong together differ: in whom they are for, and in what they tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from hepatica import finding as f
from hepatica import ir, said
from hepatica.diff.align import Ready
from hepatica.diff.data import Aspect, Change, Compared, Condition, Node, Question, Relation, Told
from hepatica.diff.normal import Asked, Translate, as_written, asked, implies, normal, pushed
from hepatica.outcome import members
from hepatica.walk import unplaced
from hepatica.words import ACTIONS, Words


class Teller:
    """Puts the statements of one side into words."""

    def __init__(self, compared: Compared, translate: Translate = as_written) -> None:
        """Take a side; `translate` turns its questions into the other's dictionary."""
        self.knowledge = compared.knowledge
        self.words = Words(compared.knowledge)
        self.translate = translate
        self.references = {g.id: g.references for g in compared.knowledge.guidelines.values()}
        self.own = compared.guideline.references

    def told(self, s: ir.Statement, other: Asked) -> Told:
        """Tell a statement; what `other` does not ask is marked in its condition."""
        return Told(
            statement=s.id,
            title=s.title,
            kind=s.kind,
            topic=s.topic,
            says=said.says(s, self.words),
            text=s.text,
            condition=self.condition(s, other),
            details=said.details(s, self.words),
            grade=_grade(s.grade),
            source=f.citation(s, self.references.get(s.guideline, self.own)),
            interpretation=tuple(f.Reading(i.term, i.reads) for i in s.interpretation),
        )

    def condition(self, s: ir.Statement, other: Asked) -> Node | None:
        """Write the condition of a statement; of a score, its items."""
        if s.score is None:
            return None if s.when is None else self.node(s.when, other)
        items = tuple(
            Node(f"{item.name}: {option.points}", option.when.line, False,
                 parts=(self.node(option.when, other),))
            for item in s.items for option in item.best_of
        )  # fmt: skip
        return Node("sum of", 0, False, parts=items)

    def node(self, node: ir.Condition, other: Asked, want: bool = True) -> Node:
        """Write a condition in words, marking the questions that the other side does not ask."""
        if isinstance(node, ir.Leaf):
            mine = asked([pushed(node, want, self.translate)])
            differs = any(not leaves <= other.get(q, frozenset()) for q, leaves in mine.items())
            return Node(self.words.question(node), node.line, differs, node.fact)
        if isinstance(node, ir.Not):
            part = self.node(node.part, other, not want)
            return Node("not", node.line, part.differs, parts=(part,))
        parts = tuple(self.node(part, other, want) for part in node.parts)
        word = "all of" if isinstance(node, ir.All) else "any of"
        if isinstance(node, ir.Count):
            word = f"at least {node.at_least} of"
        return Node(word, node.line, any(part.differs for part in parts), parts=parts)


def compare_conditions(
    old: tuple[ir.Condition, Asked], new: tuple[ir.Condition, Asked], words: Words
) -> Condition:
    """Compare two normal forms, each with its questions, put into the words of the old side."""
    relation = related(old[0], new[0])
    if relation == "equal":
        return Condition("equal", "structure", (), False)
    questions = tuple(_questions(old[1], new[1], words))
    return Condition(relation, "structure", questions, not questions)


def related(old: ir.Condition, new: ir.Condition) -> Relation:
    """Say how a new normal form stands to an old one, as far as the structure shows."""
    down, up = implies(new, old), implies(old, new)
    if down and up:
        return "equal"
    return "stricter" if down else "looser" if up else "different"


def compare_ready(old: Ready, new: Ready, words: Words) -> Condition:
    """Compare the conditions of two statements; of scores, which points are given for what."""
    if old.statement.score is None:
        return compare_conditions((old.form, old.asks), (new.form, new.asks), words)
    if old.items == new.items:
        return Condition("equal", "structure", (), False)
    return Condition("different", "structure", tuple(_questions(old.asks, new.asks, words)), False)


def _questions(old: Asked, new: Asked, words: Words) -> Iterator[Question]:
    for question in dict.fromkeys((*old, *new)):
        mine, its = old.get(question, frozenset()), new.get(question, frozenset())
        if mine == its:
            continue
        negated = question.asks.endswith(" not")
        before, after = _said(mine, negated, words), _said(its, negated, words)
        if not mine:
            yield Question("added", question.fact, None, after)
        elif not its:
            yield Question("removed", question.fact, before, None)
        else:
            numeric = question.asks in ("up", "down")
            yield Question("threshold" if numeric else "list", question.fact, before, after)


def _said(asked_: Iterable[ir.Leaf], negated: bool, words: Words) -> str | None:
    """Put the values asked of one fact in one direction into words."""
    ordered = sorted(asked_, key=lambda leaf: (leaf.op, str(leaf.values)))
    if not ordered:
        return None
    if ordered[0].op in ("is", "includes") and not isinstance(ordered[0].values[0], bool):
        values = tuple(value for leaf in ordered for value in leaf.values)
        text = words.question(ir.Leaf(ordered[0].fact, ordered[0].op, values))
    else:
        text = " and ".join(map(words.question, ordered))
    return f"not: {text}" if negated else text


def changes(
    old: Ready, new: Ready, one: Teller, other: Teller, condition: Condition
) -> Iterator[Change]:
    """List what differs beside the condition: what is told, the grade, the words, the source."""
    a, b = old.statement, new.statement
    yield from _told(a, b, one, other)
    if a.score is not None and b.score is not None:
        before, after = said.points(a, one.words), said.points(b, other.words)
        if condition.relation != "equal" or before != after:
            aspect: Aspect = "words" if condition.relation == "equal" else "told"
            yield Change(aspect, "items", "; ".join(before), "; ".join(after))
    mine, its = said.details(a, one.words), said.details(b, other.words)
    unequal = {
        "dose": _doses(a, one.translate) != _doses(b, other.translate),
        "schedule": (a.schedule, a.schedule_from) != (b.schedule, b.schedule_from),
        "target": a.target != b.target,
        "duration": a.duration != b.duration,
    }
    for what in (what for what, differs in unequal.items() if differs):
        yield Change("told", what, mine.get(what, ""), its.get(what, ""))
    if a.grade != b.grade:
        yield Change("grade", "grade", said.grade(_grade(a.grade)), said.grade(_grade(b.grade)))
    for what in ("title", "text"):
        if getattr(a, what) != getattr(b, what):
            yield Change("words", what, getattr(a, what), getattr(b, what))
    if a.interpretation != b.interpretation:
        yield Change("words", "interpretation", _readings(a), _readings(b))
    if condition.relation == "equal" and not _written_alike(a, b):
        yield Change("words", "condition", "written in one way", "written in another way")
    yield from _sources(a, b)


def _told(a: ir.Statement, b: ir.Statement, one: Teller, other: Teller) -> Iterator[Change]:
    if a.recommend is not None and b.recommend is not None:
        yield from _unequal("told", "action", a.recommend.action, b.recommend.action, ACTIONS.get)
        if _options(a.recommend) != _options(b.recommend):
            before = said.recommended(a.recommend.action, a.recommend.options, one.words)
            after = said.recommended(b.recommend.action, b.recommend.options, other.words)
            yield Change("told", "options", before, after)
    if a.avoid is not None and b.avoid is not None:
        yield from _unequal("told", "kind", a.kind, b.kind)
        mine = members(a.avoid, one.knowledge.interventions)
        its = members(b.avoid, other.knowledge.interventions)
        if mine != its:
            before = ", ".join(map(one.words.intervention, mine))
            yield Change("told", "about", before, ", ".join(map(other.words.intervention, its)))
        if set(a.avoid.actions) != set(b.avoid.actions):
            yield Change("told", "actions", _actions(a.avoid), _actions(b.avoid))
    if a.conclude != b.conclude and a.conclude is not None and b.conclude is not None:
        before = one.words.stated(*a.conclude)
        yield Change("told", "conclusion", before, other.words.stated(*b.conclude))
    if a.figure != b.figure and a.figure is not None and b.figure is not None:
        before = said.reported(a.figure, one.words)
        yield Change("told", "figure", before, said.reported(b.figure, other.words))


def _sources(a: ir.Statement, b: ir.Statement) -> Iterator[Change]:
    """List what differs in where it was read, and in who has checked it."""
    one, other = a.source, b.source
    before, after = (f"{s.ref}, {s.label} {s.locator}" for s in (one, other))
    yield from _unequal("source", "source", before, after)
    yield from _unequal("source", "confidence", one.confidence, other.confidence)
    before, after = (", ".join(sorted(s.attributed_to)) for s in (one, other))
    yield from _unequal("source", "attributed to", before, after)
    yield from _unequal("source", "checked by", one.checked_by or "", other.checked_by or "")
    yield from _unequal("source", "status", a.status, b.status)


def _unequal(
    aspect: Aspect, what: str, old: str, new: str, word: Callable[[str], str | None] = lambda x: x
) -> Iterator[Change]:
    if old != new:
        yield Change(aspect, what, word(old) or old, word(new) or new)


def _doses(s: ir.Statement, translate: Translate) -> list[Any]:
    return [(d.intervention, d.amount, d.at_most, d.form, normal(d.when, translate))
            for d in s.dose]  # fmt: skip


def _options(recommend: ir.Recommend) -> frozenset[frozenset[str]]:
    return frozenset(map(frozenset, recommend.options))


def _actions(avoid: ir.Avoid) -> str:
    return ", ".join(ACTIONS[action] for action in avoid.actions) or "every way of giving it"


def _readings(s: ir.Statement) -> str:
    return "; ".join(f"{i.term}: {i.reads}" for i in s.interpretation)


def _grade(grade: ir.Grade | None) -> f.Grade | None:
    if grade is None:
        return None
    return f.Grade(grade.direction, grade.strength, grade.certainty, grade.as_printed)


def _written_alike(a: ir.Statement, b: ir.Statement) -> bool:
    return (a.when and unplaced(a.when)) == (b.when and unplaced(b.when))
