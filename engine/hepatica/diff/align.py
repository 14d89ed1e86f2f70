"""Which statement of one guideline answers to which of another.

Statements are put together by what the patient is told, never by the names of their files: the
action on the same interventions, the concluded fact and value, the intervention that is avoided.
Among several that tell the same, the nearest condition wins. What is nowhere near stays alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from hepatica import ir
from hepatica.diff.normal import Asked, Question, Translate, as_written, asked, normal, pushed
from hepatica.evaluate import definitions_of
from hepatica.outcome import GIVES, members
from hepatica.walk import active, conditions_of

NEAR = 0.5
"""How near, of 1, two conditions must be; more alike than not."""

NEAR_IN_VERSIONS = 0.25
"""The same for two versions of one guideline, of which one was made from the other."""

ALIKE = 0.5
"""How much, of 1, two tellings must share that are not the same."""


class Ready(NamedTuple):
    """A statement with what it is compared by.

    `family` is what it can be compared with at all, `telling` what the patient is told, `about`
    the interventions; `form` is the normal form of its condition and `asks` its questions; `items`
    are those of a score, as points and normal forms, in an order that is not that of the file.
    """

    statement: ir.Statement
    family: str
    telling: Hashable
    about: frozenset[str]
    form: ir.Condition
    asks: Asked
    items: list[list[tuple[int, str]]]


Match = tuple[Ready | None, Ready | None]


def ready(
    guideline: ir.Guideline, knowledge: ir.Knowledge, translate: Translate = as_written
) -> list[Ready]:
    """Prepare the statements that count for a guideline: its own, and its packs' definitions."""
    every = {s.id: s for s in (*active(guideline.statements), *definitions_of(guideline))}
    return [_ready(s, knowledge, translate) for s in every.values()]


def _ready(s: ir.Statement, knowledge: ir.Knowledge, translate: Translate) -> Ready:
    family, telling, about = _telling(s, knowledge)
    conditions = [pushed(when, True, translate) for when in conditions_of(s)]
    form = normal(s.when, translate)
    items = sorted(
        [(option.points, repr(normal(option.when, translate))) for option in item.best_of]
        for item in s.items
    )
    return Ready(s, family, telling, about, form, asked(conditions), items)


def _telling(s: ir.Statement, knowledge: ir.Knowledge) -> tuple[str, Hashable, frozenset[str]]:
    if s.recommend is not None:
        options = frozenset(map(frozenset, s.recommend.options))
        about = frozenset(name for option in options for name in option)
        return "recommendation", (s.recommend.action, options), about
    if s.avoid is not None:
        about = frozenset(members(s.avoid, knowledge.interventions))
        return "avoid", about, about
    if s.conclude is not None:
        return "definition", s.conclude, frozenset((s.conclude[0],))
    if s.score is not None:
        return "score", s.score, frozenset((s.score,))
    assert s.figure is not None
    about = frozenset(s.figure.interventions)
    return "evidence", (about, s.figure.measure), about


def align(old: Sequence[Ready], new: Sequence[Ready], *, versions: bool = False) -> list[Match]:
    """Put statements together, each at most once; what stays alone stands beside None.

    `versions` of one guideline: the last of a telling on either side belong together even if their
    conditions have nothing in common. So do always the only definitions of a conclusion.
    """
    weights = _weights((*old, *new))
    left_old, left_new = list(old), list(new)
    matches: list[Match] = []
    near = NEAR_IN_VERSIONS if versions else NEAR
    ranked = []
    for i, one in enumerate(left_old):
        for j, other in enumerate(left_new):
            rank = _rank(one, other, weights, near)
            if rank is not None:
                ranked.append((rank, i, j))
    used_old: set[int] = set()
    used_new: set[int] = set()
    for _, i, j in sorted(ranked, key=lambda found: (*(-x for x in found[0]), *found[1:])):
        if i not in used_old and j not in used_new:
            used_old.add(i)
            used_new.add(j)
            matches.append((left_old[i], left_new[j]))
    rest_old = [r for i, r in enumerate(left_old) if i not in used_old]
    rest_new = [r for j, r in enumerate(left_new) if j not in used_new]
    for one, other in list(_last(rest_old, rest_new)):
        if versions or one.family in ("definition", "score"):
            matches.append((one, other))
            rest_old.remove(one)
            rest_new.remove(other)
    return [*matches, *((r, None) for r in rest_old), *((None, r) for r in rest_new)]


def _last(old: list[Ready], new: list[Ready]) -> Iterator[tuple[Ready, Ready]]:
    for one in old:
        mine = [r for r in old if tells_the_like(one, r)]
        its = [r for r in new if tells_the_like(one, r)]
        if len(mine) == len(its) == 1:
            yield one, its[0]


def _rank(
    one: Ready, other: Ready, weights: dict[str, float], least: float
) -> tuple[float, ...] | None:
    """Say how well two statements go together; the greater the better, None for not at all."""
    if one.family != other.family:
        return None
    alike = _likeness(one, other)
    if alike < ALIKE:
        return None
    near = nearness(one.asks, other.asks, weights)
    if near < (least if alike == 1 else NEAR):
        return None
    near = round(near + _manner(one.statement, other.statement), 6)
    return alike == 1, one.form == other.form, round(alike, 6), near, _words(one, other)


def tells_the_like(one: Ready, other: Ready) -> bool:
    """Say whether two statements tell the same thing, whoever they tell it to."""
    return one.family == other.family and _likeness(one, other) == 1


def _likeness(one: Ready, other: Ready) -> float:
    """Say how much two tellings of a family share, from 0 to 1."""
    a, b = one.statement, other.statement
    if not share_a_way(a, b):
        return 0.0
    if one.telling == other.telling:
        return 1.0
    if a.recommend is not None and b.recommend is not None:
        mine, its = (frozenset(map(frozenset, r.options)) for r in (a.recommend, b.recommend))
        shared = len(mine & its) / len(mine | its)
        return shared * (1.0 if a.recommend.action == b.recommend.action else 0.75)
    shared = len(one.about & other.about) / len(one.about | other.about)
    if a.figure is not None and b.figure is not None:
        return shared * SequenceMatcher(None, a.figure.measure, b.figure.measure).ratio()
    return shared * 0.75 if a.conclude is not None else shared


def _manner(a: ir.Statement, b: ir.Statement) -> float:
    """Prefer a contraindication to a caution, and the same ways of giving, for the like of it."""
    if a.avoid is None or b.avoid is None:
        return 0.0
    mine, its = ways(a.avoid), ways(b.avoid)
    return 0.2 * (a.kind == b.kind) + 0.2 * len(mine & its) / len(mine | its)


def ways(avoid: ir.Avoid) -> frozenset[str]:
    """List the actions that an avoidance is about."""
    return frozenset(avoid.actions or GIVES)


def share_a_way(a: ir.Statement, b: ir.Statement) -> bool:
    """Say whether two statements, if they avoid something, do so for one action in common."""
    if a.avoid is None or b.avoid is None:
        return True
    return not ways(a.avoid).isdisjoint(ways(b.avoid))


def _words(one: Ready, other: Ready) -> float:
    """Break ties by what else is alike; the name of the file comes last."""
    a, b = one.statement, other.statement
    parts = (
        a.kind == b.kind, a.avoid == b.avoid, a.title == b.title, a.text == b.text,
        a.source == b.source, a.dose == b.dose, a.when == b.when,
    )  # fmt: skip
    return sum(parts) + (0.5 if a.id == b.id else 0.0)


def _weights(every: Iterable[Ready]) -> dict[str, float]:
    """Weigh a fact the less, the more statements ask about it: all ask about few of them."""
    counted: Counter[str] = Counter()
    total = 0
    for r in every:
        total += 1
        counted.update({question.fact for question in r.asks})
    return {fact: math.log(1 + total / n) for fact, n in counted.items()}


def nearness(one: Asked, other: Asked, weights: dict[str, float]) -> float:
    """Say how near the questions of two conditions are: 1 when they are the same, 0 when apart."""
    whole = sum(weights[q.fact] for q in (*one, *other))
    if not whole:
        return 1.0
    shared = sum(weights[q.fact] * _answering(q, leaves, other) for q, leaves in one.items())
    shared += sum(weights[q.fact] * _answering(q, leaves, one) for q, leaves in other.items())
    return shared / whole


def _answering(question: Question, leaves: frozenset[ir.Leaf], other: Asked) -> float:
    """Say how far a question is asked on the other side."""
    its = other.get(question)
    if its is None:
        return 0.25 if any(q.fact == question.fact for q in other) else 0.0
    if leaves == its:
        return 1.0
    return 0.5 + 0.5 * len(leaves & its) / len(leaves | its)
