"""What a guideline tells, whoever of its statements tells it: the same thing counts once.

A recommendation tells an action on each of its options, an avoidance something of each
intervention it is about, a definition a value of a fact, a score its points. Several statements may
tell one thing, to different patients; another guideline may tell it in one statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from hepatica import ir
from hepatica.diff.align import ways
from hepatica.diff.data import Compared
from hepatica.evaluate import definitions_of
from hepatica.outcome import GIVES, members
from hepatica.walk import active, concludes
from hepatica.words import ACTIONS, Words

TellingKind = Literal["recommendation", "contraindication", "caution", "conclusion", "score"]


class Key(NamedTuple):
    """One thing that can be told.

    `subject` is an option, the one intervention that is avoided, or the one fact; `manner` the
    action, or the actions that are avoided; `value` what is concluded.
    """

    kind: TellingKind
    subject: frozenset[str]
    manner: frozenset[str] = frozenset()
    value: ir.Value | None = None

    @property
    def name(self) -> str:
        """Name it in snake_case, for the name of a file."""
        parts: list[str] = [self.kind if not self.manner or self.kind != "recommendation" else ""]
        parts += sorted(self.manner) if self.kind == "recommendation" else []
        parts += sorted(self.subject)
        if self.value is not None and self.value is not True:
            parts.append(str(self.value))
        return "_".join(part for part in parts if part)


Told = dict[Key, tuple[ir.Statement, ...]]


def tellings(of: Compared, *, per_action: bool = False) -> Told:
    """List what a guideline tells, each with the statements that tell it, in their order.

    What is avoided for several actions is one thing, or with `per_action` one for each of them.
    """
    found: dict[Key, list[ir.Statement]] = {}
    every = {s.id: s for s in (*active(of.guideline.statements), *definitions_of(of.guideline))}
    for s in every.values():
        for key in dict.fromkeys(keys(s, of.knowledge)):
            apart = [key]
            if per_action and key.kind in ("contraindication", "caution"):
                apart = [for_action(key, action) for action in sorted(key.manner)]
            for one in apart:
                found.setdefault(one, []).append(s)
    return {key: tuple(statements) for key, statements in found.items()}


def for_action(key: Key, action: str) -> Key:
    """Give the part of an avoidance that is about one action."""
    return key._replace(manner=frozenset((action,)))


def keys(s: ir.Statement, knowledge: ir.Knowledge) -> Iterator[Key]:
    """List what one statement tells; evidence tells nothing to do."""
    if s.recommend is not None:
        for option in s.recommend.options:
            yield Key("recommendation", frozenset(option), frozenset((s.recommend.action,)))
    elif s.avoid is not None:
        kind: TellingKind = "contraindication" if s.kind == "contraindication" else "caution"
        for name in members(s.avoid, knowledge.interventions):
            yield Key(kind, frozenset((name,)), ways(s.avoid))
    elif s.conclude is not None:
        yield Key("conclusion", frozenset((s.conclude[0],)), value=s.conclude[1])
    elif (score := concludes(s)) is not None:
        yield Key("score", frozenset((score,)))


def says(key: Key, words: Words) -> str:
    """Say what is told, in words."""
    if key.kind == "recommendation":
        return f"{ACTIONS[next(iter(key.manner))]} {words.together(sorted(key.subject))}"
    [subject] = key.subject
    if key.kind in ("contraindication", "caution"):
        what = "contraindicated" if key.kind == "contraindication" else "with caution"
        ways_ = "" if key.manner == GIVES else " or ".join(sorted(ACTIONS[a] for a in key.manner))
        return f"{words.intervention(subject)} {what}" + (f" (to {ways_})" if ways_ else "")
    if key.kind == "score":
        return f"points of {words.fact(subject)}"
    return f"conclusion: {words.stated(subject, key.value)}"
