"""A comparison in words, as data: what text, markdown and HTML show."""

from __future__ import annotations

from typing import NamedTuple

from hepatica.report import proofs
from hepatica.report.answers import AnswersView
from hepatica.report.view_data import Lines


class Row(NamedTuple):
    """One line of a condition; `differs` when the other side does not ask this."""

    depth: int
    text: str
    differs: bool


class SideItem(NamedTuple):
    """A statement as one side has it."""

    title: str
    says: str
    text: str
    condition: tuple[Row, ...]
    details: Lines
    statement: str


class Step(NamedTuple):
    """Something that differs, on both sides; `what` names it."""

    what: str
    old: str
    new: str


class PairView(NamedTuple):
    """A pair in words: `said` tells in a sentence how the new side stands to the old one."""

    verdict: str
    mark: str
    headline: str
    said: str
    questions: tuple[Step, ...]
    through: str
    told: tuple[Step, ...]
    words: tuple[Step, ...]
    old: SideItem | None
    new: SideItem | None
    absent: str
    elsewhere: str
    witnesses: tuple[proofs.WitnessView, ...]

    @property
    def statements(self) -> tuple[str, ...]:
        """Name the statements of the pair; once where both sides call it alike."""
        return tuple(dict.fromkeys(i.statement for i in (self.old, self.new) if i is not None))

    @property
    def plainly_same(self) -> bool:
        """Say whether nothing differs, not even what it rests on."""
        return self.verdict == "same" and not self.through

    @property
    def differs(self) -> frozenset[str]:
        """Name what differs in what is told, beside the condition."""
        return frozenset(step.what for step in self.told)


class Topic(NamedTuple):
    """The pairs of one topic."""

    name: str
    pairs: tuple[PairView, ...]


class SideHead(NamedTuple):
    """One of the two guidelines, at the head of the page."""

    label: str
    heading: str
    title: str
    caveat: str
    not_sourced: str


class ComparisonView(NamedTuple):
    """A whole comparison in words."""

    title: str
    sides: tuple[SideHead, SideHead]
    short: tuple[str, ...]
    versions: bool
    unread: str
    applies: Step | None
    proof: proofs.ProofView | None
    facts: tuple[Step, ...]
    topics: tuple[Topic, ...]
    sources: tuple[Lines, Lines]
    answers: AnswersView | None
    footer: str

    @property
    def plainly_same(self) -> dict[str, int]:
        """Count, by topic, the statements without any difference."""
        counts = {t.name: sum(pair.plainly_same for pair in t.pairs) for t in self.topics}
        return {name: n for name, n in counts.items() if n}

    @property
    def labels(self) -> tuple[str, str]:
        """Name the two sides."""
        return self.sides[0].label, self.sides[1].label
