"""A comparison in words: what text, markdown and HTML show of it, in the order of reading.

First how much differs, then topic by topic the statements of both sides beside each other, then the
cases. What only one side was sourced for is *not sourced* on the other: never silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hepatica.diff.data import Change, Condition, Diff, Node, Pair, Side, Told
from hepatica.report import phrases, proofs
from hepatica.report.answers import answers_view
from hepatica.report.comparison_data import (
    ComparisonView,
    PairView,
    Row,
    SideHead,
    SideItem,
    Step,
    Topic,
)
from hepatica.report.view import CAVEAT, FOOTER
from hepatica.words import Words, spaced

Lines = tuple[tuple[str, str], ...]

MARKS = {"same": "=", "reworded": "≈", "changed": "≠", "added": "+", "removed": "−"}


def side_head(label: str, of: Side) -> SideHead:
    """Say what a side of a comparison is: its edition, its encoding, and what was not at hand."""
    parts = [of.short, of.edition, f"encoding {of.version}", of.digest[:14]]
    if of.revision:
        parts.append(f"commit {of.revision[:10]}")
    caveat = CAVEAT if of.experimental else ""
    return SideHead(label, " · ".join(parts), of.title, caveat, of.not_sourced)


def comparison_view(diff: Diff, old: Words, new: Words) -> ComparisonView:
    """Put a comparison into words; `old` and `new` are the names of either side's knowledge."""
    return _View(diff, old, new).view()


class _View:
    def __init__(self, diff: Diff, old: Words, new: Words) -> None:
        self.diff = diff
        self.words = (old, new)
        self.labels = ("old", "new") if diff.versions else (diff.old.short, diff.new.short)
        self.cited: tuple[dict[str, str], dict[str, str]] = ({}, {})

    def view(self) -> ComparisonView:
        diff = self.diff
        topics: dict[str, list[PairView]] = {}
        for pair in diff.pairs:
            topics.setdefault(spaced(pair.topic), []).append(self._pair(pair))
        title = f"{diff.old.short} and {diff.new.short}, compared"
        if diff.versions:
            title = f"{diff.old.short}: {diff.old.asked} and {diff.new.asked}, compared"
        applies = None
        if diff.applies.condition.relation != "equal":
            sides = (diff.applies.old, diff.applies.new)
            applies = Step("for whom", *("; ".join(_flat(node)) for node in sides))
        return ComparisonView(
            title=title,
            sides=(side_head(self.labels[0], diff.old), side_head(self.labels[1], diff.new)),
            short=tuple(self._short()),
            versions=diff.versions,
            unread="" if diff.versions else proofs.UNREAD,
            applies=applies,
            proof=proofs.proof_view(diff, self.labels),
            facts=tuple(
                Step(f"{self._fact(c.fact)}, {c.what}", c.old or "–", c.new or "–")
                for c in diff.facts
            ),
            topics=tuple(Topic(name, tuple(pairs)) for name, pairs in topics.items()),
            sources=tuple(tuple(cited.items()) for cited in self.cited),  # type: ignore[arg-type]
            answers=answers_view(diff, self.labels) if diff.cases else None,
            footer=f"{proofs.how_compared(diff)} {FOOTER}",
        )

    def _short(self) -> Iterator[str]:
        counts, (old, new) = self.diff.counts, self.labels
        if self.diff.same:
            yield f"The two are the same in all {len(self.diff.pairs)} statements."
            return
        both = counts["changed"] + counts["reworded"] + counts["same"]
        through = sum(bool(p.through) and p.verdict != "changed" for p in self.diff.pairs)
        yield (
            f"told by both: {both}. To other patients, in another way or with another grade:"
            f" {counts['changed']}; in other words only: {counts['reworded']}; without any"
            f" difference: {counts['same']}"
        )
        if through:
            yield (
                "not different in themselves, but resting on a conclusion that the two sides define"
                f" otherwise: {through}"
            )
        if self.diff.applies.through:
            facts = ", ".join(map(self._fact, self.diff.applies.through))
            yield f"for whom the two are rests on a conclusion that they define otherwise: {facts}"
        if self.diff.proof is not None:
            yield from proofs.short(self.diff.proof, self.diff)
        if self.diff.facts:
            yield f"facts that the two dictionaries describe otherwise: {len(self.diff.facts)}"
        if self.diff.versions:
            yield f"removed: {counts['removed']}; added: {counts['added']}"
            return
        yield f"only in {old}, not sourced for {new}: {counts['removed']}"
        yield f"only in {new}, not sourced for {old}: {counts['added']}"

    def _pair(self, pair: Pair) -> PairView:
        told = pair.old or pair.new
        assert told is not None
        absent = ""
        if pair.old is None or pair.new is None:
            side = self.labels[0 if pair.old is None else 1]
            absent = f"not in the {side} version" if self.diff.versions else "not sourced"
        elsewhere = ""
        if pair.elsewhere:
            other = self.labels[0 if pair.old is None else 1]
            shown = ", ".join(pair.elsewhere[:_MOST_ELSEWHERE])
            more = len(pair.elsewhere) - _MOST_ELSEWHERE
            also = f" and {more} more" if more > 0 else ""
            elsewhere = f"{other} tells the like under another condition: {shown}{also}"
        changes = [c for c in pair.changes if c.what != "condition"]
        return PairView(
            verdict=pair.verdict,
            mark=MARKS[pair.verdict],
            headline=told.title,
            said=self._said(pair),
            questions=tuple(
                Step(_KINDS[q.kind], q.old or "", q.new or "")
                for q in (pair.condition.questions if pair.condition else ())
            ),
            through=", ".join(map(self._fact, pair.through)),
            told=tuple(_steps(changes, ("told", "grade"))),
            words=tuple(_steps(changes, ("words", "source"))),
            old=self._side(0, pair.old) if pair.old else None,
            new=self._side(1, pair.new) if pair.new else None,
            absent=absent,
            elsewhere=elsewhere,
            witnesses=proofs.witnesses(pair.witnesses, self.labels),
        )

    def _fact(self, name: str) -> str:
        return self._words_for(name).fact(name)

    def _stated(self, name: str, value: Any) -> str:
        said = self._words_for(name).value(name, value)
        return f"{self._fact(name)}: {said}"

    def _words_for(self, name: str) -> Words:
        """Find the side whose dictionary has a fact."""
        return self.words[0 if name in self.words[0].knowledge.facts else 1]

    def _said(self, pair: Pair) -> str:
        """Say in a sentence how the new condition stands to the old one, and on what basis."""
        if pair.condition is None:
            return proofs.together(pair, self.diff.proof) if self.diff.proof else ""
        text = self._relation(pair.condition)
        if any(c.what == "condition" for c in pair.changes):
            text += ", written in another way"
        text = proofs.said(pair.condition, text, self.diff.proof)
        if pair.condition.patient and not pair.witnesses:
            stated = (self._stated(*given) for given in pair.condition.patient.items())
            text += f"; they differ for a patient with {'; '.join(stated)}"
        if also := proofs.together(pair, self.diff.proof):
            text += f"; {also}"
        return text

    def _relation(self, c: Condition) -> str:
        old, new = self.labels
        if c.relation == "equal":
            return "the same condition"
        if c.relation == "stricter":
            return f"{new} asks more (stricter): whoever fits it fits {old} too"
        if c.relation == "looser":
            return f"{new} asks less (looser): whoever fits {old} fits it too"
        if found := proofs.relation(c.relation, self.labels):
            return found
        if c.joined:
            return "the same questions, joined in another way"
        return "another condition"

    def _side(self, side: int, told: Told) -> SideItem:
        words = self.words[side]
        details = [*told.details.items()]
        if grade := phrases.grade(told.grade):
            details.append(("grade", grade))
        elif told.kind == "recommendation":
            details.append(("grade", "none printed in what was read"))
        guideline = told.statement.split("/")[0]
        short, full = phrases.citation(guideline, told.source, words)
        self.cited[side][short] = full
        details.append(("source", phrases.brief(guideline, short, told.source, words)))
        details += [("we read", f"{r.term}: {r.reads}") for r in told.interpretation]
        rows = tuple(_rows(told.condition, 0)) if told.condition else ()
        return SideItem(told.title, told.says, told.text, rows, tuple(details), told.statement)


_MOST_ELSEWHERE = 2

_KINDS = {
    "added": "only asked by the new side",
    "removed": "only asked by the old side",
    "threshold": "threshold",
    "list": "value",
}


def _rows(node: Node, depth: int) -> Iterator[Row]:
    yield Row(depth, node.question, node.differs and not node.parts)
    for part in node.parts:
        yield from _rows(part, depth + 1)


def _flat(node: Node | None) -> Iterable[str]:
    if node is None:
        return ["every patient"]
    return [row.text for row in _rows(node, 0)]


def _steps(found: Iterable[Change], aspects: tuple[str, ...]) -> Iterator[Step]:
    for change in found:
        if change.aspect in aspects:
            what = "we read" if change.what == "interpretation" else change.what
            yield Step(what, change.old or "–", change.new or "–")
